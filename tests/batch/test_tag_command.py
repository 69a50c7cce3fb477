"""The command as people run it: pipes, directories, exit codes, JSON, plain progress."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import COMPLAINTS, json_lines
from tousu.batch.folder import DONE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"投诉内容": text}, ensure_ascii=False) + "\n" for text in COMPLAINTS), "utf-8")
    return path


def test_a_good_run_ends_with_zero_and_says_what_it_did(tousu, source: Path, tmp_path: Path) -> None:
    done = tousu("tag", source, tmp_path / "b.jsonl")
    assert done.returncode == 0, done.stderr
    assert "内容列：投诉内容" in done.stdout
    assert "共 6 行，标好 6 行" in done.stdout
    assert not (tmp_path / "b.jsonl.rejects.jsonl").exists()


def test_rejects_end_with_three_and_json_tells(tousu, source: Path, tmp_path: Path) -> None:
    source.write_text(source.read_text("utf-8") + "{坏\n", "utf-8")
    done = tousu("tag", source, tmp_path / "b.jsonl", "--json", "--quiet")
    assert done.returncode == 3
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["tagged"], summary["rejects"]) == (7, 6, 1)
    assert sum(summary["domains"].values()) == sum(summary["decisions"].values()) == 6
    assert summary["rejects_file"] == str(tmp_path / "b.jsonl.rejects.jsonl")


def test_an_error_ends_with_one_and_one_line(tousu, tmp_path: Path) -> None:
    done = tousu("tag", tmp_path / "none.csv", tmp_path / "b.csv")
    assert done.returncode == 1
    assert "没有这个文件" in done.stderr
    assert "Traceback" not in done.stderr


def test_pipes(root: Path, source: Path) -> None:
    command = [sys.executable, "-m", "tousu", "tag", "-", "-", "--format", "jsonl", "--quiet", "--json"]
    done = subprocess.run(command, cwd=root, input=source.read_bytes(), capture_output=True, check=True, timeout=60)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["投诉内容"] for row in rows] == list(COMPLAINTS)
    assert json.loads(done.stderr)["rows"] == 6


def test_a_directory_goes_on_past_a_broken_file(tousu, source: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    (folder / "甲").mkdir(parents=True)
    (folder / "甲" / "a.jsonl").write_bytes(source.read_bytes())
    (folder / "b.csv").write_text(f"text,x\n{COMPLAINTS[0]},1\n", "utf-8")
    (folder / "c.xlsx").write_bytes(b"broken")
    (folder / "notes.doc").write_bytes(b"no data")
    done = tousu("tag", folder, output, "--json", "--quiet")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert summary["rows"] == 7
    assert list(summary["failed"]) == ["c.xlsx"]
    assert len(json_lines(output / "甲" / "a.jsonl")) == 6
    assert sorted(path.name for path in output.rglob("*") if path.is_file()) == [DONE, "a.jsonl", "b.csv"]


def test_a_directory_run_goes_on_with_what_failed(tousu, source: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "in", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.jsonl").write_bytes(source.read_bytes())
    for name in ("b.csv", "z.csv"):
        (folder / name).write_text(f"text,x\n{COMPLAINTS[0]},1\n", "utf-8")
    (folder / "c.xlsx").write_bytes(b"broken")
    output.mkdir()
    (output / "sub").write_text("a file where a directory belongs", "utf-8")
    done = tousu("tag", folder, output, "--json", "--quiet")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert sorted(json.loads(done.stdout)["failed"]) == ["c.xlsx", "sub/a.jsonl"]
    assert "建不了目录" in done.stdout
    (output / "sub").unlink()
    done = tousu("tag", folder, output, "--json", "--quiet", "--resume")
    summary = json.loads(done.stdout)
    assert summary["skipped"] == ["b.csv", "z.csv"]
    assert list(summary["failed"]) == ["c.xlsx"]
    (folder / "c.xlsx").unlink()
    done = tousu("tag", folder, output, "--json", "--quiet", "--resume")
    assert (done.returncode, len(json.loads(done.stdout)["skipped"])) == (0, 3)
    assert not (output / DONE).exists()


def test_a_directory_goes_to_another_directory(tousu, source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(source.read_bytes())
    for output, said in (("-", "目录不能写到标准输出"), (folder, "就是输出目录"), (folder.parent, "就是输出目录")):
        done = tousu("tag", folder, output, cwd=tmp_path)
        assert done.returncode == 1
        assert said in done.stderr
    assert not (tmp_path / "-").exists()
    done = tousu("tag", folder, folder / "out")
    assert done.returncode == 0, done.stderr
    assert len(json_lines(folder / "out" / "a.jsonl")) == 6


def test_other_names_for_the_model_and_columns(tousu, small_model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"text,x\n{COMPLAINTS[0]},1\n", "utf-8")
    done = tousu("tag", tmp_path / "a.csv", tmp_path / "b.csv", "--model", small_model, "--columns", "zh")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.csv").read_text("utf-8").startswith("text,x,领域代码,领域,涉及领域,概率,")
