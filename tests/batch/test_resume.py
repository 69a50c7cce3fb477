"""A run that was cut off goes on where it stopped and ends in the same bytes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import COMPLAINTS, run
from tousu.batch.journal import journal_path, write_checkpoint
from tousu.errors import FileError, ResumeRefused
from tousu.files.sink import part_path

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

ROWS = 60_000


def backlog(path: Path, rows: int = ROWS) -> Path:
    """Write a file of many rows, some of them odd."""
    lines = []
    for number in range(rows):
        text = COMPLAINTS[number % 6] + "，多次反映无果" * (number % 9)
        if path.suffixes[0] == ".jsonl":
            lines.append("{坏" if number % 997 == 5 else json.dumps({"id": number, "text": text}, ensure_ascii=False))
        else:
            lines.append(f"{number}," if number % 997 == 5 else f'{number},"{text}\n第二行"')
    head = "" if path.suffixes[0] == ".jsonl" else "id,text\n"
    path.write_text(head + "\n".join(lines) + "\n", "utf-8")
    return path


def command(root: Path, source: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "tousu", "tag", str(source), str(output), "--checkpoint", "0.02", *more]
    return subprocess.Popen(arguments, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_progress(process: subprocess.Popen[str], output: Path) -> None:
    """Wait until the run has kept its place once, or ended."""
    journal = journal_path(output)
    before = journal.stat().st_mtime_ns if journal.exists() else 0
    while process.poll() is None and (not journal.exists() or journal.stat().st_mtime_ns == before):
        time.sleep(0.005)


@pytest.mark.parametrize(("name", "kills"), [("a.jsonl", 10), ("a.csv", 4), ("a.jsonl.zst", 4)])
def test_kill_at_random_moments_and_resume(
    root: Path, tmp_path: Path, shipped: Classifier, name: str, kills: int
) -> None:
    source = backlog(tmp_path / name.removesuffix(".zst"))
    ending = "".join(tmp_path.joinpath(name).suffixes)
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"cut{ending}"
    run(shipped, source, whole)
    chance = random.Random(20261123)
    resumed = 0
    for _ in range(kills):
        process = command(root, source, output, "--resume", "--quiet")
        wait_for_progress(process, output)
        time.sleep(chance.uniform(0, 0.12))
        process.kill()
        said, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL or "行续写" in said or not output.exists()
        if process.returncode != -signal.SIGKILL:
            break  # it was faster than the kill
        resumed += 1
    assert resumed
    process = command(root, source, output, "--resume", "--json")
    summary = json.loads(process.communicate()[0])
    assert process.returncode == 3
    assert output.read_bytes() == whole.read_bytes()
    listed = [path.with_name(f"{path.name}.rejects.jsonl").read_bytes() for path in (output, whole)]
    assert listed[0] == listed[1]
    assert summary["rows"] == ROWS
    assert sum(summary["domains"].values()) == ROWS - summary["rejects"]
    assert not part_path(output).exists()
    assert not journal_path(output).exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_to_go_on(root: Path, tmp_path: Path, shipped: Classifier, stop: signal.Signals) -> None:
    source, output = backlog(tmp_path / "a.jsonl"), tmp_path / "b.jsonl"
    process = command(root, source, output)
    wait_for_progress(process, output)
    process.send_signal(stop)
    said, error = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "--resume" in error
    assert not output.exists()
    summary = run(shipped, source, output, resume=True)
    assert any("行续写" in note for note in summary.notes)
    assert summary.tally.rows == ROWS


def test_another_input_or_option_is_refused(tmp_path: Path, shipped: Classifier) -> None:
    source, output = backlog(tmp_path / "a.jsonl", 10), tmp_path / "b.jsonl"

    from tousu.batch.journal import Checkpoint, run_mark
    from tousu.batch.options import TagOptions

    checkpoint = Checkpoint(0, 0, 0, {"rows": 0, "lines": 0, "rejects": 0, "online": 0, "domains": {}, "decisions": {}})
    write_checkpoint(output, run_mark(str(source), shipped.version, TagOptions(text_columns=("x",))), checkpoint)
    with pytest.raises(ResumeRefused, match="text_columns"):
        run(shipped, source, output, resume=True)
    journal_path(output).write_bytes(b"{")
    with pytest.raises(ResumeRefused, match="损坏"):
        run(shipped, source, output, resume=True)
    run(shipped, source, output)
    assert not journal_path(output).exists()


def test_a_journal_without_its_part_file_starts_anew(tmp_path: Path, shipped: Classifier) -> None:
    source, output = backlog(tmp_path / "a.jsonl", 10), tmp_path / "b.jsonl"

    from tousu.batch.journal import Checkpoint, run_mark
    from tousu.batch.options import TagOptions

    checkpoint = Checkpoint(
        99, 999, 0, {"rows": 3, "lines": 3, "rejects": 0, "online": 0, "domains": {}, "decisions": {}}
    )
    write_checkpoint(output, run_mark(str(source), shipped.version, TagOptions()), checkpoint)
    assert run(shipped, source, output, resume=True).tally.rows == 10


def test_two_runs_on_one_output_are_refused(tmp_path: Path, shipped: Classifier) -> None:
    from tousu.files.sink import PartFile

    source, output = backlog(tmp_path / "a.jsonl", 10), tmp_path / "b.jsonl"
    held = PartFile(output)
    try:
        with pytest.raises(FileError, match="另一个"):
            run(shipped, source, output)
    finally:
        held.drop()


def test_a_failed_write_leaves_nothing_under_the_final_name(tmp_path: Path, shipped: Classifier) -> None:
    source = backlog(tmp_path / "a.jsonl", 10)
    with pytest.raises(FileError, match="写不了"):
        run(shipped, source, tmp_path / "no" / "b.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
