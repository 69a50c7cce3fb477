"""Run tests with the lowest versions that pyproject.toml allows: ``python -m tests.packaging.lowest TEST…``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What the tests themselves need, in any version.
TOOLS = ("pytest", "pytest-timeout", "hypothesis", "openpyxl", "hatchling", "editables")


def main(tests: list[str]) -> int:
    """Resolve, install and run; return the tests' exit code."""
    with tempfile.TemporaryDirectory(prefix="tousu-lowest-") as home:
        place = Path(home)
        place.chmod(0o755)  # one test runs this interpreter as another user
        lowest = place / "lowest.txt"
        resolve = [
            sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct", "--no-header",
            "--no-annotate", "--extra", "all", "pyproject.toml", "-o", str(lowest),
        ]  # fmt: skip
        subprocess.run(resolve, cwd=ROOT, check=True)
        venv.create(place / "venv", with_pip=True)
        python = place / "venv" / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(lowest), *TOOLS], cwd=ROOT, check=True)
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], cwd=ROOT, check=True)
        print(lowest.read_text("utf-8"))
        command = [str(python), "-m", "pytest", "-q", "-m", "not slow", "-W", "default", *tests]
        return subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": ""}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
