"""One JSON array of objects, and keys within keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import COMPLAINTS, json_lines, rejects, run
from tousu.batch import lines
from tousu.errors import ColumnMissing, FileError

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

ROWS: list[Any] = [{"id": number, "text": text} for number, text in enumerate(COMPLAINTS)]


def spelled(rows: list[Any], **how: Any) -> str:
    return json.dumps(rows, ensure_ascii=False, **how)


@pytest.mark.parametrize(
    "content",
    [
        spelled(ROWS), spelled(ROWS, indent=2), "[\n" + ",\n".join(map(spelled, ROWS)) + "\n]\n",
        " [ " + " , ".join(map(spelled, ROWS)) + " ] ", "\ufeff" + spelled(ROWS, indent="\t").replace("\n", "\r\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1 << 20, 300])
def test_an_array_comes_back_as_it_was_with_tags(
    tmp_path: Path, shipped: Classifier, monkeypatch: pytest.MonkeyPatch, content: str, size: int
) -> None:
    monkeypatch.setattr(lines, "BLOCK", size)
    source, output = tmp_path / "a.json", tmp_path / "b.json"
    source.write_bytes(content.encode())
    assert run(shipped, source, output).tally.rows == len(ROWS)
    made = json.loads(output.read_text("utf-8-sig"))
    tags = [row["tagging"] for row in made]
    assert [tag["primary"] for tag in tags] == [tag.primary for tag in shipped.tag_many(COMPLAINTS)]
    assert [{key: row[key] for key in row if key != "tagging"} for row in made] == ROWS
    left = output.read_bytes().decode()
    for tag in tags:
        left = left.replace(',"tagging":' + json.dumps(tag, ensure_ascii=False, separators=(",", ":")), "", 1)
    assert left == content


def test_elements_without_a_text_are_rejects(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.json", tmp_path / "b.json"
    source.write_text(spelled([ROWS[0], {}, {"text": 1}, 7, None, [1], {"text": " "}, ROWS[1]], indent=1), "utf-8")
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (8, 6)
    made = json.loads(output.read_text("utf-8"))
    assert [row["tagging"] is None for row in made] == [False, *[True] * 6, False]
    assert made[3]["_raw"] == "7"
    assert [row["row"] for row in rejects(output)] == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "content", [spelled(ROWS)[:-1], spelled(ROWS)[:-9], spelled(ROWS).replace('"id": 3', '"id": 3,,')]
)
def test_a_broken_array_is_named_and_nothing_is_written(tmp_path: Path, shipped: Classifier, content: str) -> None:
    (tmp_path / "a.json").write_text(content, "utf-8")
    with pytest.raises(FileError, match="JSON"):
        run(shipped, tmp_path / "a.json", tmp_path / "b.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_empty_arrays_stay_empty(tmp_path: Path, shipped: Classifier) -> None:
    (tmp_path / "a.json").write_text("[ ]\n", "utf-8")
    assert run(shipped, tmp_path / "a.json", tmp_path / "b.json").tally.rows == 0
    assert (tmp_path / "b.json").read_text("utf-8") == "[ ]\n"


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_keys_within_keys(tmp_path: Path, shipped: Classifier, name: str) -> None:
    rows = [{"id": 1, "data": {"meta": "x", "content": text}} for text in COMPLAINTS]
    source, output = tmp_path / name, tmp_path / f"out-{name}"
    source.write_text("\n".join(map(spelled, rows)) + "\n" if name == "a.jsonl" else spelled(rows), "utf-8")
    for wanted in ((), ("data.content",)):
        summary = run(shipped, source, output, text_columns=wanted)
        assert (summary.tally.rows, summary.tally.rejects) == (len(rows), 0)
        assert any("内容列：data.content" in note for note in summary.notes)
    made = json_lines(output) if name == "a.jsonl" else json.loads(output.read_text("utf-8"))
    assert made[0]["tagging"]["primary"] == "elevator"
    with pytest.raises(ColumnMissing, match="没有第 9 列"):
        run(shipped, source, output, text_columns=("#9",))


def test_a_key_with_a_dot_is_itself(tmp_path: Path, shipped: Classifier) -> None:
    (tmp_path / "a.jsonl").write_text(spelled({"a.b": COMPLAINTS[0], "a": {"b": COMPLAINTS[1]}}) + "\n", "utf-8")
    run(shipped, tmp_path / "a.jsonl", tmp_path / "b.jsonl", text_columns=("a.b",))
    assert json_lines(tmp_path / "b.jsonl")[0]["tagging"]["primary"] == "elevator"
