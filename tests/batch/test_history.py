"""What earlier ledgers hold about a case: counted in its twelve months, told in every format, people many share not counted."""

from __future__ import annotations

import csv
import datetime
import json
from typing import TYPE_CHECKING

import openpyxl
import pytest

from tousu.batch.facts import NO_FACTS, FactColumns, Facts, telephone_of
from tousu.batch.history import Earlier
from tousu.batch.options import TagOptions
from tousu.batch.tag import tag_file
from tousu.errors import ColumnMissing
from tousu.ledger.tags import flat_values, tag_places
from tousu.near_duplicates import TextIndex

if TYPE_CHECKING:
    from pathlib import Path

HEAD = ["工单编号", "登记时间", "投诉人", "联系电话", "被投诉企业", "投诉内容"]
SAUCE = "在好又多超市买的酱油瓶身没有标注生产日期，依据食品安全法要求退一赔十，请立案查处并书面答复"
EARLIER = [
    ["A1", "2025-05-01", "赵甲乙", "13800000001", "好又多超市", "电梯困人"],  # more than a year before
    ["A2", "2025-09-01", "赵甲乙", "13800000001", "好又多超市", SAUCE],
    ["A3", "2026-01-10", "钱丙丁", "13800000001", "好又多超市", SAUCE.replace("酱油", "陈醋")],
    ["A4", "2026-02-10", "张女士", "021-55550000", "大牛面馆", "面里有头发，老板不认"],
    ["A5", "2026-05-20", "赵甲乙", "13800000001", "好又多超市", "同一天的同一件"],
    ["A6", "", "赵甲乙", "13800000001", "好又多超市", "没有日期"],
    ["A7", "2026-06-10", "赵甲乙", "13800000001", "好又多超市", "以后的"],
]
NEW = [
    ["A5", "2026-05-20", "赵甲乙", "138 0000 0001", "好又多超市", SAUCE],
    ["B2", "2026-05-21", "张女士", "+86 021-55550001", "大牛面馆", "汤是凉的，换了一碗还是凉的，要求退钱"],
]


def write(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return write(tmp_path / "earlier.csv", EARLIER)


def test_each_is_counted_in_the_year_before_it(ledger):
    earlier, notes = Earlier.read([ledger])
    columns = FactColumns(HEAD)
    first, second = earlier.of([columns.facts(row.__getitem__) for row in NEW], [row[5] for row in NEW])
    assert first._asdict() == {
        "complainant": 1, "telephone": 2, "respondent": 2, "same_text": 2, "same_target": 2, "names": 2,
    }  # fmt: skip
    assert (second.complainant, second.telephone, second.respondent, second.names) == (0, 0, 1, 0)
    assert any("1 行没有日期" in note for note in notes)
    assert any("投诉人：投诉人" in note for note in notes)


def test_a_csv_names_counts_and_json_says_them_in_words(shipped, tmp_path, ledger):
    output = tmp_path / "out.csv"
    options = TagOptions(history=(str(ledger),))
    notes = tag_file(str(write(tmp_path / "new.csv", NEW)), str(output), shipped, options).notes
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["tousu_history"] == "complainant=1;telephone=2;respondent=2;same_text=2;same_target=2;names=2"
    assert any("历史台账共 7 件" in note for note in notes)
    lines = tmp_path / "new.jsonl"
    lines.write_text("".join(json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in NEW), "utf-8")
    tag_file(str(lines), str(tmp_path / "out.jsonl"), shipped, options)
    tagging = json.loads((tmp_path / "out.jsonl").read_text("utf-8").splitlines()[0])["tagging"]
    assert tagging["history"]["telephone"] == 2
    assert "第4项：2 个姓名共用这一电话" in tagging["history"]["reasons"]


def test_a_workbook_tells_the_factors_beside_the_signals_and_a_ledger_reads_the_signals_alone(
    shipped, tmp_path, ledger
):
    book = openpyxl.Workbook()
    for row in [HEAD, *NEW]:
        book.active.append(row)
    book.save(tmp_path / "new.xlsx")
    tag_file(str(tmp_path / "new.xlsx"), str(tmp_path / "out.xlsx"), shipped, TagOptions(history=(str(ledger),)))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    names, row = [[cell.value for cell in sheet[number]] for number in (1, 2)]
    signals = row[names.index("风险提示")]
    assert signals.endswith("第17条因素（第2项：同一人对同一被投诉方此前十二个月有 2 件；第4项：2 个姓名共用这一电话）")
    assert "同一电话此前十二个月有 2 件" in row[names.index("历史提示")]
    read = flat_values(row, tag_places(names))
    assert "claimant" in read[6]
    assert all(code.isascii() for code in read[6])


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_without_a_header_is_held_against_texts_alone_and_that_is_said(shipped, tmp_path, ledger, form):
    source, output = tmp_path / f"new.{form}", tmp_path / f"out.{form}"
    if form == "csv":
        source.write_text("".join(",".join(row) + "\n" for row in NEW), "utf-8")
    else:
        book = openpyxl.Workbook()
        for row in NEW:
            book.active.append(row)
        book.save(source)
    options = TagOptions(history=(str(ledger),), no_header=True, text_columns=("#6",))
    assert NO_FACTS in tag_file(str(source), str(output), shipped, options).notes


def test_a_ledger_changed_meanwhile_is_another_condition(ledger):
    options = TagOptions(history=(str(ledger),))
    before = options.fingerprint()
    assert options.fingerprint() == before == json.loads(json.dumps(before))
    write(ledger, EARLIER[1:])
    assert options.fingerprint() != before
    ledger.unlink()
    assert options.fingerprint()["history"] == [[str(ledger), None, None]]


def test_a_second_run_holds_cases_against_the_ledger_as_it_is_then(shipped, tmp_path, ledger):
    source, options = str(write(tmp_path / "new.csv", NEW)), TagOptions(history=(str(ledger),))
    told = []
    for held in (EARLIER, EARLIER[:2]):
        write(ledger, held)
        output = tmp_path / "out.csv"
        tag_file(source, str(output), shipped, options)
        with output.open(encoding="utf-8", newline="") as file:
            told.append(next(csv.DictReader(file))["tousu_history"])
    assert [row.split(";")[1] for row in told] == ["telephone=2", "telephone=1"]


def test_a_run_keeps_to_the_ledger_it_began_with(ledger):
    options = TagOptions(history=(str(ledger),)).settled()
    before = options.fingerprint()
    write(ledger, EARLIER[1:])
    assert options.settled().fingerprint() == before


def test_a_ledger_without_days_is_refused(tmp_path):
    path = tmp_path / "no_days.csv"
    path.write_text("工单编号,办理状态,投诉内容\n1,办结,电梯困人两次没有人来修\n", "utf-8")
    with pytest.raises(ColumnMissing, match="登记时间"):
        Earlier.read([path])


def test_masked_numbers_are_nobody():
    masked = [f"138{mark * 3}10001" for mark in "*＊xX×●"]
    assert [telephone_of(number) for number in (*masked, "110", "0000000", None)] == [""] * 9
    assert telephone_of("+86 138-0000-0001") == telephone_of(13800000001.0) == "13800000001"


def test_a_day_without_a_ledger_counts_nothing():
    assert Earlier([], []).of([Facts(datetime.date(2026, 5, 1), "赵甲乙")], ["电梯"])[0] == (0,) * 6


def test_copies_are_all_found_and_others_are_not():
    held = [SAUCE] * 40 + ["小区电梯三天两头困人，物业说没有钱修，住户都不敢坐", "短"]
    index = TextIndex(held)
    assert index.alike([SAUCE.replace("超市", "商店"), "短", "完全不同的另一件事情，说的是理发店乱收费不给发票"]) == [
        list(range(40)),
        [],
        [],
    ]
