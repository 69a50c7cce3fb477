"""``python -m tousu`` is ``tousu``."""

import sys

from tousu.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
