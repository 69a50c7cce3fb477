"""Build the wheel, look into it, and install it into bare environments: the client alone, and everything."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOPS = {"tousu", "tousu_service", "tousu_training"}
MOST_PACKAGES = 25
MOST_SECONDS = 0.3
BUSY = 3  # a machine that does other things meanwhile may take so many times as long
CLIENT = "import time; at = time.process_time(); from tousu import Client; print(time.process_time() - at)"
TAG = """import json, sys
from importlib.resources import files
from tousu import Classifier
assert (files("tousu") / "models" / "tousu-zh" / "manifest.json").is_file()
print(Classifier.load().tag("小区电梯困人，物业一直不修").primary)"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command and return what it prints; end the whole run where it fails."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # what is installed, nothing else
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def build(place: Path) -> Path:
    """Build the wheel and check its top-level names."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", place, ROOT, cwd=place)
    wheel = next(place.glob("tousu-*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == TOPS, tops
    for needed in ("tousu/py.typed", "tousu/data/taxonomy.toml", "tousu/models/tousu-zh/arrays.npz"):
        assert needed in names, needed
    print(f"wheel: {wheel.stat().st_size / 1e6:.1f} MB, {len(names)} files, top-level names {', '.join(sorted(tops))}")
    return wheel


def environment(place: Path, *requirements: str) -> Path:
    """Make a bare environment with what is asked for; return its Python."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements, cwd=place)
    return python


def try_client(place: Path, wheel: Path) -> None:
    """The client alone: few packages, imported at once, and a word on what is not there."""
    python = environment(place / "client", str(wheel))
    packages = run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check", cwd=place).split()
    assert len(packages) <= MOST_PACKAGES, packages
    run(python, "-c", CLIENT, cwd=place)  # compiles
    seconds = min(float(run(python, "-c", CLIENT, cwd=place)) for _ in range(5))
    print(f"client: imported in {seconds:.2f} s (wanted: {MOST_SECONDS})")
    assert seconds < BUSY * MOST_SECONDS, seconds
    for asked, extra in (("tag", "files"), ("train", "training"), ("serve", "service"), ("--help", "classify")):
        said = subprocess.run(
            [place / "client/bin/tousu", asked], cwd=place, capture_output=True, text=True, check=False
        )
        assert said.returncode == 1, said
        assert f"tousu[{extra}]" in said.stderr, said
    said = subprocess.run(
        [python, "-c", "from tousu import Classifier"], cwd=place, capture_output=True, text=True, check=False
    )
    assert "tousu[classify]" in said.stderr, said
    print(f"client alone: {len(packages)} packages, imported in {seconds:.2f} s of processor time")


def try_all(place: Path, wheel: Path) -> None:
    """Everything, away from the checkout: it tags in Python and on the command line, and is whole."""
    begun = time.monotonic()
    python = environment(place / "all", "-c", str(pins(place)), f"tousu[all] @ {wheel.as_uri()}")
    taken = time.monotonic() - begun
    assert run(python, "-c", TAG, cwd=place).strip() == "elevator"
    (place / "in.csv").write_text("投诉内容\n小区电梯困人，物业一直不修\n", "utf-8")
    run(python.parent / "tousu", "tag", place / "in.csv", place / "out.csv", "--quiet", cwd=place)
    assert "elevator" in (place / "out.csv").read_text("utf-8-sig")
    for arguments in (("report", "out.csv", "-o", "page.html"), ("train", "--help"), ("models", "--help")):
        run(python.parent / "tousu", *arguments, cwd=place)
    print(f"tousu[all]: installed in {taken:.0f} s, tags a file away from the checkout")


def pins(place: Path) -> Path:
    """Return the lock as constraints, without hashes."""
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    file = place / "constraints.txt"
    file.write_text(
        "\n".join(line.rstrip(" \\") for line in lines if "==" in line and not line.startswith(" ")), "utf-8"
    )
    return file


def main() -> int:
    """Run all of it."""
    with tempfile.TemporaryDirectory(prefix="tousu-wheel-") as home:
        place = Path(home)
        wheel = build(place)
        try_client(place, wheel)
        try_all(place, wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
