"""All chaos runs, one after the other; a line of figures each."""

from __future__ import annotations

import subprocess
import sys

RUNS = ("kill", "database", "switch", "memory", "malformed", "desk_kill", "desk_posts")

if __name__ == "__main__":
    failed = [
        run for run in RUNS if subprocess.run([sys.executable, "-m", f"tests.chaos.{run}"], check=False).returncode
    ]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
