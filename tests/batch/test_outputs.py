"""Where a result may go: a file's name, nothing else; what stood there is replaced at once or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from tests.support import COMPLAINTS, cells, run
from tousu.batch.tag import tag_file
from tousu.errors import FileError
from tousu.files.sink import PartFile
from tousu.report.build import ReportOptions, write_report

if TYPE_CHECKING:
    from tousu.classifier import Classifier

ROWS = "id,text\n" + "".join(f"{number},{text}\n" for number, text in enumerate(COMPLAINTS))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(ROWS, "utf-8")
    return path


@pytest.fixture
def tagged(tmp_path: Path, source: Path, shipped: Classifier) -> Path:
    run(shipped, source, tmp_path / "tagged.csv")
    return tmp_path / "tagged.csv"


@pytest.mark.parametrize("form", ["csv", "xlsx", None])
def test_a_directory_or_a_pipe_is_no_output(
    tmp_path: Path, source: Path, shipped: Classifier, form: str | None
) -> None:
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    before = sorted(tmp_path.iterdir())
    for name, said in (("dir", "是一个目录"), ("pipe", "不是普通文件"), ("link", "不是普通文件")):
        with pytest.raises(FileError, match=said):
            run(shipped, source, tmp_path / name, form=form)
    assert sorted(tmp_path.iterdir()) == before
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_report_goes_to_no_directory_and_never_over_what_it_is_about(tmp_path: Path, tagged: Path) -> None:
    before = tagged.read_bytes()
    folder = tmp_path / "dir"
    folder.mkdir()
    (folder / "t.csv").write_bytes(before)
    (tmp_path / "link.html").symlink_to(tagged)
    for given, output in ((tagged, tagged), (tagged, tmp_path / "link.html"), (folder, folder / "t.csv")):
        with pytest.raises(FileError, match="同一个文件"):
            write_report(given, output, ReportOptions())
    with pytest.raises(FileError, match="是一个目录"):
        write_report(tagged, folder, ReportOptions())
    with pytest.raises(FileError, match="没有这个文件或目录"):
        write_report(tagged, tmp_path / "none" / "r.html", ReportOptions())
    assert tagged.read_bytes() == (folder / "t.csv").read_bytes() == before
    write_report(folder, folder / "r.html", ReportOptions())
    assert sorted(path.name for path in folder.iterdir()) == ["r.html", "t.csv"]


@pytest.mark.parametrize("name", ["real.csv", "absent.csv"])
def test_a_link_stays_and_its_file_is_written(tmp_path: Path, source: Path, shipped: Classifier, name: str) -> None:
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / name, tmp_path / "b.csv"
    if name == "real.csv":
        real.write_text("old", "utf-8")
    link.symlink_to(real)
    run(shipped, source, link, resume=True)
    assert link.is_symlink()
    assert len(cells(real)) == 7
    assert [path.name for path in real.parent.iterdir()] == [name]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_permissions_stay(tmp_path: Path, source: Path, shipped: Classifier, mode: int) -> None:
    output = tmp_path / "b.csv"
    output.write_text("old", "utf-8")
    output.chmod(mode)
    run(shipped, source, output)
    assert stat.S_IMODE(output.stat().st_mode) == mode
    assert len(cells(output)) == 7


def test_the_lock_is_held_until_the_file_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = PartFile(tmp_path / "b")
    first.write(b"first")
    replace, seen = Path.replace, []

    def other_run_comes(self: Path, target: Path) -> Any:
        with pytest.raises(FileError, match="另一个"):
            PartFile(tmp_path / "b")
        seen.append(self)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", other_run_comes)
    first.commit()
    assert seen
    assert (tmp_path / "b").read_bytes() == b"first"


@pytest.mark.parametrize("keep", [False, True])
def test_a_late_opener_leaves_the_finished_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    first = PartFile(tmp_path / "b")
    first.write(b"first")
    flock = fcntl.flock

    def first_ends_just_then(*arguments: Any) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        first.commit()
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", first_ends_just_then)
    if keep:
        with pytest.raises(FileError, match="没有这个文件"):
            PartFile(tmp_path / "b", keep=True)
    else:
        second = PartFile(tmp_path / "b")
        assert (tmp_path / "b").read_bytes() == b"first"
        first.drop()
        assert second.part.exists()
        second.write(b"second")
        second.commit()
        assert (tmp_path / "b").read_bytes() == b"second"


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_a_named_pipe_is_read_like_standard_input(
    tmp_path: Path, source: Path, shipped: Classifier, packing: str
) -> None:
    import gzip

    data = source.read_bytes()
    data = {"": data, ".gz": gzip.compress(data), ".zst": zstandard.ZstdCompressor().compress(data)}[packing]
    pipe, output = tmp_path / f"pipe.csv{packing}", tmp_path / "b.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert run(shipped, pipe, output, form="csv").tally.rows == 6
    writer.join()
    for asked, said in (({"resume": True, "form": "csv"}, "不能续跑"), ({"form": "xlsx"}, "不能走管道|不能再套")):
        with pytest.raises(FileError, match=said):
            run(shipped, pipe, tmp_path / "c", **asked)


def test_what_a_shell_hands_over_is_read(root: Path, source: Path, tmp_path: Path) -> None:
    line = f"{sys.executable} -m tousu tag <(cat {source}) {tmp_path}/b.csv --format csv --quiet"
    done = subprocess.run(["bash", "-c", line], cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(cells(tmp_path / "b.csv")) == 7


@pytest.mark.parametrize(
    ("name", "spoil", "why"),
    [
        ("a.csv.gz", lambda data: data[:-12], "没有结尾"),
        ("a.csv.gz", lambda data: data[:-8] + b"12345678", "校验不符"),
        ("a.csv.gz", lambda _: b"no gzip", "不是 .gz"),
        ("a.csv.gz", lambda data: data[:10] + b"\xff" * 40 + data[50:], "已损坏"),
        ("a.csv.zst", lambda data: data[:-2], "没有结尾"),
        ("a.csv.zst", lambda _: b"no zstd at all", "不是 .zst"),
    ],
)
def test_a_broken_package_is_named_in_chinese(tmp_path: Path, shipped: Classifier, name: str, spoil, why: str) -> None:
    import gzip

    pack = gzip.compress if name.endswith(".gz") else zstandard.ZstdCompressor().compress
    (tmp_path / name).write_bytes(spoil(pack((ROWS * 200).encode())))
    with pytest.raises(FileError, match=f"解压到一半失败（.*{why}"):
        run(shipped, tmp_path / name, tmp_path / f"b{name[1:]}")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_systems_words_are_chinese(tmp_path: Path, source: Path, shipped: Classifier) -> None:
    with pytest.raises(FileError, match="写不了 .*（没有这个文件或目录）"):
        run(shipped, source, tmp_path / "no" / "b.csv")
    with pytest.raises(FileError, match="写不了 .*（路径中有一段不是目录）"):
        run(shipped, source, source / "b.csv")
    with pytest.raises(FileError, match="写不了 .*（名称过长）"):
        run(shipped, source, tmp_path / f"{'b' * 300}.csv")
    with pytest.raises(FileError, match="没有这个文件"):
        tag_file(str(tmp_path / "none.csv"), "b.csv", shipped, None)  # type: ignore[arg-type]
