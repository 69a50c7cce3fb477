"""Ledgers as stations keep them: columns by name, days strictly, tags beside them, in every format."""

from __future__ import annotations

import datetime
import json

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from tousu.errors import ColumnMissing
from tousu.ledger.days import read_day
from tousu.ledger.fields import find_fields
from tousu.ledger.read import read_ledger, wrong_said
from tousu.ledger.tags import shipped_classifier

day = datetime.date
HEADER = [
    "工单编号",
    "登记时间",
    "受理时间",
    "办结时间",
    "办理状态",
    "投诉人",
    "联系电话",
    "被投诉企业",
    "承办人",
    "投诉内容",
    "涉案金额",
]
ROWS = [
    ["A1", "2026-05-06 09:12:00", "2026/5/8", "", "办理中", "张某", "13800000001", "望屿美食城(总店)", "李平", "买的面包发霉，商家不退。",
     "1,200元"],
    ["A2", "2026年5月7日", "26-5-8", "未办结", "待受理", "王某", "13800000002", "不详", "李平", "电梯坏了三天没有人来修理。", ""],
]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2026-05-03", day(2026, 5, 3)),
        ("2026-5-3 8:05", day(2026, 5, 3)),
        ("2026/5/3 上午 9:30:15", day(2026, 5, 3)),
        ("2026.05.03", day(2026, 5, 3)),
        ("2026年5月3日 星期日 9时5分", day(2026, 5, 3)),
        ("２０２６－０５－０３", day(2026, 5, 3)),
        ("20260503", day(2026, 5, 3)),
        (20260503, day(2026, 5, 3)),
        ("2026-05-02T23:30:00Z", day(2026, 5, 3)),
        (46145, day(2026, 5, 3)),
        (46145.6, day(2026, 5, 3)),
        ("46145", day(2026, 5, 3)),
        (datetime.datetime(2026, 5, 3, 23, 59), day(2026, 5, 3)),  # noqa: DTZ001 - sheets have no zones
        ("2062-05-03", day(2062, 5, 3)),  # whether it can be true is for the clocks to judge
        ("", None),
        ("未办结", None),
        ("--", None),
        (None, None),
        ("26-5-3", "年份只有两位，分不清是哪一年"),
        ("03/05/2026", "年份写在后面，分不清月和日"),
        ("2026-05", "日期不全"),
        ("5月3日", "日期不全"),
        ("2026-02-30", "日历上没有这一天"),
        ("2026-05-03 25:00", "认不出日期"),
        ("2026-05-03 已电话联系", "认不出日期"),
        ("昨天", "认不出日期"),
        (12, "这个数不是日期"),
        (True, "不是日期"),
    ],
)
def test_days_are_read_strictly(cell, told):
    assert read_day(cell) == told


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.none()))
def test_no_cell_breaks_the_reading_of_days(cell):
    assert read_day(cell) is None or isinstance(read_day(cell), (datetime.date, str))


@given(st.dates(day(1970, 1, 1), day(2099, 12, 31)))
def test_every_way_of_writing_a_day_is_that_day(when):
    serial = (when - day(1899, 12, 30)).days
    written = (
        when,
        f"{when:%Y-%m-%d}",
        f"{when.year}/{when.month}/{when.day}",
        f"{when.year}年{when.month}月{when.day}日",
        serial,
        str(serial),
    )
    assert {read_day(cell) for cell in written} == {when}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["登记日期", "受理日期", "立案日期", "办结日期", "终止日期"],
         {"received": "登记日期", "accepted": "受理日期", "filed": "立案日期", "closed": "办结日期", "ended": "终止日期"}),
        (["投诉时间", "登记时间"], {"received": "登记时间"}),
        (["决定受理时间", "不予受理时间"], {"accepted": "决定受理时间", "refused": "不予受理时间"}),
        (["被投诉人", "投诉人", "投诉人电话", "被投诉人电话"], {"complainant": "投诉人",
          "telephone": "投诉人电话", "respondent": "被投诉人"}),
        (["联系电话（必填）", "承办人：", "*办理状态"], {"telephone": "联系电话（必填）", "officer": "承办人：", "state": "*办理状态"}),
        (["序号", "工单编号"], {"case": "工单编号"}),
        (["回访满意度", "登记渠道"], {"satisfaction": "回访满意度", "source": "登记渠道"}),
        (["办理意见", "处理结果", "备注"], {}),
    ],
)  # fmt: skip
def test_columns_are_found_by_name(names, found):
    assert find_fields(names) == found


def test_a_named_column_goes_before_the_found_one_and_a_wrong_one_is_told():
    assert find_fields(["登记时间", "来件"], wanted={"登记时间": "来件"})["received"] == "来件"
    with pytest.raises(ColumnMissing, match="没有名为 来信 的列"):
        find_fields(["登记时间"], wanted={"received": "来信"})
    with pytest.raises(ColumnMissing, match="不认识的栏目：何时"):
        find_fields(["登记时间"], wanted={"何时": "登记时间"})


def write(path):
    """Write the same ledger in the format of a file's name."""
    dicts = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    if path.suffix == ".xlsx":
        book = xlsxwriter.Workbook(str(path))
        sheet = book.add_worksheet("台账")
        for number, row in enumerate([["九亭所投诉台账"], HEADER, *ROWS, ["合计", "2 件"]]):
            sheet.write_row(number, 0, row)
        sheet.write_datetime(2, 1, datetime.datetime(2026, 5, 6, 9, 12), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        book.close()
    elif path.suffix == ".csv":
        pl.DataFrame(dicts).write_csv(path)
    elif path.suffix == ".parquet":
        pl.DataFrame(dicts).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in dicts), "utf-8")
    return path


@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".jsonl", ".parquet"])
def test_a_ledger_reads_the_same_in_every_format(tmp_path, ending):
    ledger = read_ledger(write(tmp_path / f"台账{ending}"))
    first, second = ledger.rows.to_dicts()
    assert (first["row"], first["case"], first["received"], first["accepted"]) == (
        1,
        "A1",
        day(2026, 5, 6),
        day(2026, 5, 8),
    )
    assert (first["state"], first["respondent"], first["officer"], first["amount"]) == (
        "办理中",
        "望屿美食城（总店）",
        "李平",
        1200.0,
    )
    assert (first["telephone"], first["text"][:5]) == ("13800000001", "买的面包发")
    assert (second["accepted"], second["closed"], second["respondent"]) == (None, None, None)
    assert [tuple(cell) for cell in ledger.wrong] == [(2, "accepted", "26-5-8", "年份只有两位，分不清是哪一年")]
    assert wrong_said(ledger.wrong) == ["受理时间：年份只有两位，分不清是哪一年：第 2 行（26-5-8）"]
    assert "登记时间：登记时间" in ledger.said
    assert ledger.columns["text"] == "投诉内容"
    assert ledger.rows["tousu_primary"].null_count() == len(ledger.rows)


def test_rows_that_are_tagged_keep_their_tags_and_the_others_get_some(tmp_path, shipped):
    path = tmp_path / "a.csv"
    zh = ["领域代码", "领域", "处理意见", "线上交易", "诉求类型", "风险提示", "涉及金额", "关注程度"]
    pl.DataFrame(
        [[*ROWS[0], "elevator", "电梯", "需复核", "是", "举报", "群体性", "30", "紧急：多人受害"], [*ROWS[1], *[""] * len(zh)]],
        schema=[*HEADER, *zh], orient="row",
    ).write_csv(path)  # fmt: skip
    ledger = read_ledger(path)
    assert ledger.rows["tousu_primary"].to_list() == ["elevator", None]
    assert "kind" not in ledger.columns
    first, second = ledger.with_tags().to_dicts()
    assert shipped_classifier() is shipped_classifier()  # loaded once, however many ask
    assert (first["tousu_primary"], first["tousu_kind"], first["tousu_signals"], first["tousu_attention"]) == (
        "elevator", "report", ["group"], "urgent",
    )  # fmt: skip
    assert (first["tousu_decision"], first["tousu_online"], first["tousu_amount"]) == ("review", True, 30.0)
    made = shipped.tag(ROWS[1][9])
    assert (second["tousu_primary"], second["tousu_kind"], second["tousu_signals"]) == (
        made.primary,
        made.kind,
        list(made.signals),
    )


def test_tags_of_json_rows_and_lines_that_are_no_rows(tmp_path):
    path = tmp_path / "a.jsonl"
    tagging = {
        "primary": "food",
        "decision": "auto",
        "online": False,
        "kind": "both",
        "route": None,
        "signals": [],
        "amount": 5,
        "attention": "watch",
    }
    first = {"编号": "A1", "登记时间": "2026-05-06", "投诉内容": "面包发霉", "tagging": tagging}
    path.write_text(json.dumps(first) + "\n[1]\n", "utf-8")
    ledger = read_ledger(path)
    assert ledger.rows["tousu_kind"].to_list() == ["both"]
    assert ledger.columns == {"text": "投诉内容", "received": "登记时间", "case": "编号"}
    assert [(cell.row, cell.reason) for cell in ledger.wrong] == [(2, "这一行不是 JSON 对象")]


def test_a_file_that_is_no_ledger_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("品名,数量\n苹果,3\n梨,4\n", "utf-8")
    with pytest.raises(ColumnMissing, match="看不出是台账.*品名、数量"):
        read_ledger(path)
    with pytest.raises(ColumnMissing, match="没有认出这些列：立案时间"):
        read_ledger(write(tmp_path / "b.jsonl"), {"办理状态": "办理状态"}).needs("filed", "officer")
