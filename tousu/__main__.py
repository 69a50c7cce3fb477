"""The command ``tousu``; ``python -m tousu`` is the same."""

from __future__ import annotations

import sys

from tousu.cli.commands import COMMANDS
from tousu.extras import extra_missing


def main() -> int:
    """Run the command line of this process; return the exit code.

    Where a package is missing, say which extra of the distribution brings what the command needs.
    """
    try:
        from tousu.cli.main import main as run

        return run()
    except ModuleNotFoundError as error:
        asked = next((word for word in sys.argv[1:] if word in COMMANDS), None)
        missing = extra_missing(error, COMMANDS[asked].extra if asked else None)
        if missing is None:
            raise
        sys.stderr.write(f"错误 ({missing.code}) {missing}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
