"""A file that is written whole has its name when it is complete, and nothing has changed when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tousu.errors import FileError
from tousu.files.sink import write_whole


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    output = tmp_path / "a"
    output.write_bytes(b"old")

    def broken_off() -> None:
        with write_whole(output) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    with write_whole(output) as file:
        file.write(b"new")
        assert output.read_bytes() == b"old"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_what_cannot_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    worked = []
    for output, says in ((tmp_path / "no" / "a", "写不了"), (tmp_path, "目录"), (Path("/dev/null"), "管道或设备")):
        with pytest.raises(FileError, match=says), write_whole(output):
            worked.append(output)
    assert not worked
