"""The report's figures beside the domains: counted by hand, the same from JSON and from a workbook, gone without kinds."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

import openpyxl
import pytest

from tests.support import run
from tousu.report.build import ReportOptions, build_report, write_report

if TYPE_CHECKING:
    from pathlib import Path

HEAD = ["工单编号", "登记时间", "办理状态", "被投诉企业", "投诉内容"]
ROWS = [
    ["G1", "2026-04-03", "已办结", "甲电梯公司", "电梯突然下坠困住三个人，老人摔伤住院，要求马上停用检修"],
    ["G2", "2026-05-04", "办理中", "甲电梯公司", "电梯突然下坠困住三个人，老人摔伤住院，要求物业赔医药费"],
    [
        "G3",
        "2026-05-05",
        "办理中",
        "乙食品公司",
        "依据《食品安全法》第148条要求退一赔十，附证据清单，请书面告知立案结果并发举报奖励",
    ],
    ["G4", "2026-05-06", "待办结", "丙健身", "我们三十多个会员的卡都退不了，老板跑路，群里大家都很着急，要求退钱"],
    ["G5", "2026-05-07", "办理中", "丁公司", "公司拖欠我三个月工资，老板不接电话"],
    ["G6", "2026-05-08", "办理中", "戊饭店", "请问开一家小饭店要办哪些手续"],
]


@pytest.fixture(scope="module")
def tagged(shipped, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cases")
    book = openpyxl.Workbook()
    for row in [HEAD, *ROWS]:
        book.active.append(row)
    book.save(place / "in.xlsx")
    lines = [json.dumps(dict(zip(HEAD, row, strict=True)), ensure_ascii=False) for row in ROWS]
    (place / "in.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    for name in ("xlsx", "jsonl"):
        run(shipped, place / f"in.{name}", place / f"out.{name}")
    return place


def test_the_workbook_tells_what_the_json_tells(tagged):
    options = ReportOptions()
    one, two = (build_report(tagged / name, options)["cases"] for name in ("out.jsonl", "out.xlsx"))
    assert one == two


def test_the_figures_are_those_of_the_taggings(tagged):
    taggings = [json.loads(line)["tagging"] for line in (tagged / "out.jsonl").read_text("utf-8").splitlines()]
    cases = build_report(tagged / "out.jsonl", ReportOptions())["cases"]
    assert {row["kind"]: row["count"] for row in cases["kinds"] if row["count"]} == {
        kind: sum(tag["kind"] == kind for tag in taggings) for kind in {tag["kind"] for tag in taggings}
    }
    assert sum(row["count"] for row in cases["routes"]) == sum(tag["route"] is not None for tag in taggings)
    for row in cases["signals"]:
        assert row["count"] == sum(row["signal"] in tag["signals"] for tag in taggings)
    assert cases["claimants"]["count"] + cases["claimants"]["without"] == len(ROWS)
    months = {month["label"]: sum(month["counts"]) for month in cases["signal_months"]}
    assert sum(months.values()) == sum(len(tag["signals"]) for tag in taggings)


def test_open_cases_come_first_by_urgency_and_closed_ones_not_at_all(tagged):
    delicate = build_report(tagged / "out.jsonl", ReportOptions())["cases"]["delicate"]
    assert delicate["knows_open"]
    shown = [line["case"] for line in delicate["lines"]]
    assert shown[0] == "G2"
    assert "G1" not in shown
    assert "G4" in shown
    levels = [line["attention"] for line in delicate["lines"]]
    assert levels == sorted(levels)  # urgent before watch


def test_what_is_closed_is_told_by_the_words_of_the_clocks_and_by_days(tagged, tmp_path):
    rows = [json.loads(line) for line in (tagged / "out.jsonl").read_text("utf-8").splitlines()]
    told = {"G2": ("", "26/5/9"), "G4": ("调解成功", ""), "G1": ("", "46151")}  # the day Excel counts so
    for row in rows:
        row["办理状态"], row["办结时间"] = told.get(row["工单编号"], ("办理中", ""))
    path = tmp_path / "told.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    lines = build_report(path, ReportOptions())["cases"]["delicate"]["lines"]
    shown = {line["case"] for line in lines}
    assert "G2" in shown
    assert not shown & {"G1", "G4"}


def test_the_page_says_so_and_shows_no_text(tagged, tmp_path):
    write_report(tagged / "out.jsonl", tmp_path / "r.html", ReportOptions())
    page = (tmp_path / "r.html").read_text("utf-8")
    for title in ("先看的件", "诉求类型与转办", "风险提示", "职业索赔参考因素"):
        assert f"<h2>{title}</h2>" in page
    assert "G2" in page
    assert not any(row[4][:12] in page for row in ROWS)


def test_taggings_without_kinds_have_no_such_parts(tmp_path):
    tag = {"primary": "elevator", "codes": ["elevator"], "decision": "auto", "online": False, "model": "x"}
    (tmp_path / "old.jsonl").write_text(json.dumps({"text": "电梯困人", "tagging": tag}) + "\n", "utf-8")
    write_report(tmp_path / "old.jsonl", tmp_path / "r.html", ReportOptions())
    assert "先看的件" not in (tmp_path / "r.html").read_text("utf-8")


def test_without_a_state_all_are_listed_and_that_is_said(tagged, tmp_path):
    rows = [json.loads(line) for line in (tagged / "out.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        del row["办理状态"]
    path = tmp_path / "stateless.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    since = ReportOptions(since=datetime.date(2026, 4, 1), until=datetime.date(2026, 5, 31))
    delicate = write_report(path, tmp_path / "r.html", since)["cases"]["delicate"]
    assert not delicate["knows_open"]
    assert {"G1", "G2"} <= {line["case"] for line in delicate["lines"]}
    assert "不知道哪些已办结" in (tmp_path / "r.html").read_text("utf-8")
