"""The command line run in this process: quick, and with what it prints at hand."""

from __future__ import annotations

import gc
from typing import NamedTuple

import pytest

from tousu.cli.main import main


class Ran(NamedTuple):
    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TOUSU_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TOUSU_CONFIG", "")  # serve sets it for its workers; undone afterwards
    monkeypatch.delenv("COLUMNS", raising=False)
    threshold = gc.get_threshold()

    def ran(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    yield ran
    gc.set_threshold(*threshold)
    gc.unfreeze()
