"""Columns on demand: the same hints in every format, nothing of them unless asked for."""

from __future__ import annotations

import csv
import datetime
import json
from typing import TYPE_CHECKING

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tousu.acceptance import AcceptanceRules
from tousu.batch.asked import COMPLETE, NO_RULE, asked_of
from tousu.batch.facts import Facts
from tousu.batch.options import TagOptions
from tousu.batch.tag import tag_file

if TYPE_CHECKING:
    from pathlib import Path

OLD = "2022年12月在解放街20号“老凤翔银楼”买银手镯1080元，2023年1月发黑，收据在，要求退货退款1080元"
ROWS = [
    {"登记时间": "2023-02-01", "投诉内容": OLD},
    {"登记时间": "2026-05-20", "投诉内容": OLD},
    {"登记时间": "2026-05-20", "投诉内容": "请问开一家奶茶店要办哪些证？"},
    {"登记时间": "2026-05-20", "投诉内容": ""},
]
CODES = ["", "too_old", "", ""]


def tagged(shipped, source: Path, **options) -> tuple[Path, list[str]]:
    output = source.with_name(f"out{source.suffix}")
    summary = tag_file(str(source), str(output), shipped, TagOptions(acceptance=True, **options))
    return output, summary.notes


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["登记时间", "投诉内容"])
        writer.writeheader()
        writer.writerows(ROWS)


def test_csv_has_a_column_of_codes_by_the_day_of_each_row(shipped, tmp_path):
    write_csv(tmp_path / "in.csv")
    output, notes = tagged(shipped, tmp_path / "in.csv")
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["tousu_acceptance"] for row in rows] == CODES
    assert rows[3]["tousu_error"] == "没有投诉内容"
    assert any("登记时间" in note for note in notes)


def test_whether_a_rule_holds_is_judged_once_a_day(shipped, monkeypatch):
    judged = []
    monkeypatch.setattr(AcceptanceRules, "holds_on", lambda rules, day: judged.append(day) or day.year > 2025)
    texts, days = [OLD] * 5, [datetime.date(year, 5, 20) for year in (2025, 2026, 2026, 2025, 2026)]
    taggings, facts = shipped.tag_many(texts), [Facts(day) for day in days]
    asked = asked_of(shipped, texts, taggings, facts, TagOptions(acceptance=True))
    assert asked is not None
    assert asked.without == [NO_RULE, COMPLETE, COMPLETE, NO_RULE, COMPLETE]
    assert sorted(judged) == sorted(set(days))


def test_nothing_is_added_unless_asked_for(shipped, tmp_path):
    write_csv(tmp_path / "in.csv")
    tag_file(str(tmp_path / "in.csv"), str(tmp_path / "plain.csv"), shipped, TagOptions())
    assert "tousu_acceptance" not in (tmp_path / "plain.csv").read_text("utf-8")


@pytest.mark.parametrize("form", ["lines", "array"])
def test_json_has_a_key_in_the_tagging(shipped, tmp_path, form):
    source = tmp_path / "in.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    source.write_text("\n".join(lines) + "\n" if form == "lines" else f"[{','.join(lines)}]", "utf-8")
    output, _ = tagged(shipped, source)
    text = output.read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if form == "lines" else json.loads(text)
    assert [[hint["code"] for hint in row["tagging"]["acceptance"]] for row in rows[:3]] == [[], ["too_old"], []]
    assert rows[3]["tagging"] is None
    assert list(rows[0]["tagging"])[-1] == "acceptance"


def test_parquet_has_the_column(shipped, tmp_path):
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "in.parquet")
    output, _ = tagged(shipped, tmp_path / "in.parquet")
    assert [code or "" for code in pq.read_table(output)["tousu_acceptance"].to_pylist()] == CODES


def test_a_workbook_has_the_hints_in_words(shipped, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(list(ROWS[0]))
    for row in [*ROWS, {"登记时间": "2026-05-20", "投诉内容": OLD.replace("2022", "2025").replace("2023", "2026")}]:
        book.active.append(list(row.values()))
    book.save(tmp_path / "in.xlsx")
    output, _ = tagged(shipped, tmp_path / "in.xlsx")
    sheet = openpyxl.load_workbook(output).worksheets[0]
    place = [cell.value for cell in sheet[1]].index("受理提示")
    told = [row[place] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert told[0] == "登记之日规则所依据的法规不适用，未判断"
    assert "三年（总局令第121号第16条第4项）" in told[1]
    assert told[2] == "不是投诉，不适用"
    assert not told[3]
    assert told[4] == "未见缺项或不予受理的情形"
