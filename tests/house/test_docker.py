"""No Docker engine is needed: the image's steps must be the Makefile's, which every test run has just taken."""

from __future__ import annotations

import re


def steps(text: str) -> list[str]:
    """Return the install commands of a text, paths and variables made plain."""
    plain = text.replace("$(ROOT)/", "").replace("$(ROOT)", ".").replace("$(BIN)", ".venv/bin")
    plain = plain.replace("$(VENV)", ".venv").replace("$(PYTHON)", "python3")
    plain = re.sub(r"test -x \S+ \|\| ", "", plain)
    return [re.sub(r"\s+", " ", line).strip() for line in re.findall(r"(?:python3?|tousu)(?: -m|\s+doctor).*", plain)]


def test_image_takes_the_steps_of_make_install(root):
    make = (root / "Makefile").read_text("utf-8").split("$(STAMP):", 1)[1].split("\n\n", 1)[0]
    docker = "\n".join(line for line in (root / "Dockerfile").read_text("utf-8").splitlines() if line.startswith("RUN"))
    assert steps(make) == steps(docker)
    assert len(steps(make)) == 4


def test_image_is_unprivileged_read_only_and_checked(root):
    docker = (root / "Dockerfile").read_text("utf-8")
    assert re.search(r"^USER tousu$", docker, re.MULTILINE)
    assert "HEALTHCHECK" in docker
    assert "readyz" in docker
    assert not re.search(r"curl|wget|apt-get|https?://(?!127\.0\.0\.1)", docker)


def test_image_holds_every_room_the_command_needs(root):
    docker = (root / "Dockerfile").read_text("utf-8")
    project = (root / "pyproject.toml").read_text("utf-8")
    packages = re.search(r"packages = \[(.*)\]", project)
    assert packages
    for room in re.findall(r'"(\w+)[/"]', packages.group(1)):
        assert f"COPY {room} {room}" in docker
    assert "COPY data data" in docker
    assert "COPY models models" in docker


def test_the_commands_shown_make_a_key_before_they_serve(root):
    docker = (root / "Dockerfile").read_text("utf-8")
    shown = re.findall(r"^#   (docker run .*)", docker, re.MULTILINE)
    assert "tousu keys add" in shown[0]
    assert shown[1].endswith(" tousu")  # the image's own command, which listens on 0.0.0.0
    volumes = [re.findall(r"-v (\S+)", line) for line in shown]
    assert volumes[0] == volumes[1] == ["tousu-var:/app/var"]
