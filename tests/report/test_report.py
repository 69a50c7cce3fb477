"""``tousu report``: right figures whatever the format, a page that needs nothing and shows no text."""

from __future__ import annotations

import csv
import datetime
import gzip
import html.parser
import json
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.backlog import COPIES, SHOPS, make_backlog, write_jsonl
from tests.support import COMPLAINTS, run
from tousu.batch.arrow import tag_rows
from tousu.classifier import Classifier
from tousu.errors import ColumnMissing, FileError, FormatUnknown
from tousu.files.added_columns import ADDED
from tousu.report.build import ReportOptions, build_report, write_report
from tousu.report.tagged import Wanted

if TYPE_CHECKING:
    from pathlib import Path

NOVEMBER = ReportOptions(since=datetime.date(2026, 11, 1), until=datetime.date(2026, 11, 30))
FILES = ["t.jsonl", "t.csv", "t.tsv", "t.xlsx", "t.parquet"]


@pytest.fixture(scope="module")
def folder(root: Path, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one tagged backlog in every format, the flat ones with the columns' Chinese or English names."""
    place = tmp_path_factory.mktemp("tagged")
    rows = make_backlog(root, 1500)
    model = Classifier.load(small_model)
    taggings = model.tag_many([row["投诉内容"] for row in rows])
    write_jsonl(place / "t.jsonl", [row | {"tagging": tag.to_dict()} for row, tag in zip(rows, taggings, strict=True)])
    for name, language in (("t.csv", "zh"), ("t.tsv", "en"), ("t.xlsx", "zh"), ("t.parquet", "en")):
        columns = tag_rows(model, [[row["投诉内容"] for row in rows]], language, evidence=False).columns
        added = {ADDED[language][key]: values for key, values in columns.items()}
        kinds = {ADDED[language]["error"]: pl.String, ADDED[language]["amount"]: pl.Float64}
        frame = pl.DataFrame(rows).hstack(pl.DataFrame(added, schema_overrides=kinds))
        if name == "t.csv":
            with (place / name).open("w", encoding="gb18030", newline="") as file:
                csv.writer(file).writerows([["市场监管所工单导出"], frame.columns, *frame.rows()])
        elif name == "t.tsv":
            frame.write_csv(place / name, separator="\t")
        elif name == "t.parquet":
            frame.write_parquet(place / name)
        else:
            write_workbook(place / name, frame)
    return place


def write_workbook(path: Path, frame: pl.DataFrame) -> None:
    """Write a workbook with a title above the header, real dates, and a sheet that is not tagged."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["市场监管所工单导出"])
    sheet.append(frame.columns)
    moment = frame.columns.index("登记时间")
    for row in frame.rows():
        cells = list(row)
        cells[moment] = datetime.datetime.fromisoformat(cells[moment])
        sheet.append(cells)
    book.create_sheet("说明").append(["不是数据"])
    book.save(path)


def plain(report: dict) -> dict:
    """Return a report's figures without what differs by format."""
    return {key: value for key, value in report.items() if key not in ("file", "columns")}


@pytest.mark.parametrize("name", FILES[1:])
def test_every_format_tells_the_same(folder, name):
    assert plain(build_report(folder / name, NOVEMBER)) == plain(build_report(folder / "t.jsonl", NOVEMBER))


@pytest.mark.parametrize(
    ("name", "kept"),
    [("t.jsonl", "a.json"), ("t.jsonl", "a.ndjson"), ("t.tsv", "a.txt"), ("t.parquet", "a.pq"), ("t.xlsx", "a.xlsm")],
)
def test_every_ending_that_is_tagged_is_read(folder, tmp_path, name, kept):
    (tmp_path / kept).write_bytes((folder / name).read_bytes())
    assert build_report(tmp_path / kept, NOVEMBER)["overview"] == build_report(folder / name, NOVEMBER)["overview"]


def test_other_json_in_a_directory_is_no_complaint(folder, tmp_path):
    (tmp_path / "t.jsonl").write_bytes((folder / "t.jsonl").read_bytes())
    (tmp_path / "settings.json").write_text('{\n  "colour": "blue"\n}\n', "utf-8")
    assert build_report(tmp_path, NOVEMBER)["overview"] == build_report(folder / "t.jsonl", NOVEMBER)["overview"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_delimiter_of_the_input_is_read_again(tmp_path, shipped, delimiter):
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        rows = [(number, f"{text}；a,b", "2026-03-01") for number, text in enumerate(COMPLAINTS)]
        csv.writer(file, delimiter=delimiter).writerows([["台账；三月"], ["号", "投诉内容", "登记时间"], *rows])
    run(shipped, source, output)
    seen = build_report(output, ReportOptions())
    assert (seen["overview"]["tagged"], seen["columns"]["date"]) == (6, "登记时间")


def test_the_figures_are_those_counted_by_hand(folder):
    rows = [json.loads(line) for line in (folder / "t.jsonl").read_text("utf-8").splitlines()]
    chosen = [row for row in rows if row["登记时间"].startswith("2026-11")]
    report = build_report(folder / "t.jsonl", NOVEMBER)
    seen = report["overview"]
    assert seen["rows"] == len(chosen)
    assert seen["online"] == sum(row["tagging"]["online"] for row in chosen)
    assert seen["review"] == sum(row["tagging"]["decision"] == "review" for row in chosen)
    assert {row["primary"]: row["count"] for row in report["domains"]} == {
        code: sum(row["tagging"]["primary"] == code for row in chosen)
        for code in {row["tagging"]["primary"] for row in chosen}
    }
    assert sum(row["count"] for row in report["domains"]) == seen["tagged"]
    months = {month["label"]: month["count"] for month in report["months"]}
    assert months["2026-10"] == sum(row["登记时间"].startswith("2026-10") for row in rows)
    assert len(months) == 13
    named = {line["respondent"]: line["count"] for line in report["respondents"]["lines"]}
    assert named[SHOPS[0]] == sum(row["被投诉方"] == SHOPS[0] for row in chosen)
    assert "不详" not in named


def test_copies_are_found_and_not_taken_for_growth(folder):
    report = build_report(folder / "t.jsonl", NOVEMBER)
    assert report["repeats"]["lines"][0]["count"] == COPIES
    lines = {line["code"]: line for line in report["changes"]["lines"]}
    copied = report["repeats"]["lines"][0]["domain"]
    assert lines[copied]["verdict"] == "copies"
    assert lines["prepaid"]["verdict"] == "up"
    market = next(line for line in report["respondents"]["lines"] if line["respondent"] == SHOPS[1])
    assert market["once"] <= market["count"] - COPIES + 1


def test_without_a_period_the_whole_file_counts(folder):
    report = build_report(folder / "t.jsonl", ReportOptions())
    assert report["overview"]["rows"] == 1500
    assert report["period"] is None
    assert report["changes"]["now"].label == "2026 年 11 月"


def test_the_page_needs_nothing_from_outside_and_shows_no_text(folder, tmp_path):
    write_report(folder / "t.jsonl", tmp_path / "r.html", NOVEMBER)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert not re.search(r"<script|<link|<img|<iframe|https?://|src=|@import|url\((?!#)", page)
    rows = [json.loads(line) for line in (folder / "t.jsonl").read_text("utf-8").splitlines()]
    assert not any(row["投诉内容"][:14] in page for row in rows if len(row["投诉内容"]) > 14)
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    reader = Tags()
    reader.feed(page)
    assert reader.open == []
    assert reader.charts == reader.titles == 3
    assert all(
        f"<h2>{title}</h2>" in page for title in ("各领域", "逐月", "与上期比较", "被投诉方", "重复来件", "说明")
    )


class Tags(html.parser.HTMLParser):
    """Checks that every tag is closed; counts charts."""

    EMPTY = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.charts = self.titles = 0

    def handle_starttag(self, tag, attrs):
        if tag not in self.EMPTY:
            self.open.append(tag)
        self.charts += tag == "svg" and ("class", "trend") not in attrs
        self.titles += tag == "desc"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_markup_in_a_respondent_is_shown_not_run(folder, tmp_path):
    rows = [json.loads(line) for line in (folder / "t.jsonl").read_text("utf-8").splitlines()[:40]]
    for row in rows:
        row["被投诉方"] = "<b onclick=x>张三</b>13800138000"
    page = page_of(rows, tmp_path)
    assert "<b onclick" not in page
    assert "&lt;bonclick=x&gt;张三&lt;/b&gt;00000000000" in page
    assert "张三" not in page_of(rows, tmp_path, ReportOptions(name_respondents=False))


def page_of(rows: list[dict], place: Path, options: ReportOptions | None = None) -> str:
    """Return the page of some tagged rows."""
    write_report(write_jsonl(place / "some.jsonl", rows), place / "some.html", options or ReportOptions())
    return (place / "some.html").read_text("utf-8")


def test_a_file_with_tags_alone_gets_its_page(folder, tmp_path):
    rows = [json.loads(line) for line in (folder / "t.jsonl").read_text("utf-8").splitlines()[:5]]
    page = page_of([{"tagging": row["tagging"]} for row in rows], tmp_path)
    for words in ("没有找到日期列", "没有找到被投诉方一列", "没有找到投诉内容一列"):
        assert words in page


def test_a_directory_counts_as_one_file(folder, tmp_path):
    lines = (folder / "t.jsonl").read_text("utf-8").splitlines(keepends=True)
    whole = tmp_path / "whole"
    (whole / "二月").mkdir(parents=True)
    (whole / "a.jsonl").write_text("".join(lines[:700]), "utf-8")
    (whole / "二月" / "b.jsonl.gz").write_bytes(gzip.compress("".join(lines[700:]).encode()))
    (whole / "a.jsonl.rejects.jsonl").write_text(lines[0], "utf-8")
    (whole / "_SUCCESS").touch()
    assert plain(build_report(whole, NOVEMBER)) == plain(build_report(folder / "t.jsonl", NOVEMBER))


def test_rows_without_a_tag_are_counted_apart(folder, tmp_path):
    lines = (folder / "t.jsonl").read_text("utf-8").splitlines()[:20]
    (tmp_path / "odd.jsonl").write_text(
        "\n".join([*lines, '{"tousu_error": "没有投诉内容"}', "[1]", "{broken"]), "utf-8"
    )
    seen = build_report(tmp_path / "odd.jsonl", ReportOptions())["overview"]
    assert (seen["rows"], seen["tagged"], seen["untagged"]) == (23, 20, 3)


def test_labels_of_another_taxonomy_stand_for_themselves(tmp_path):
    tag = {"primary": "城管", "codes": ["城管"], "decision": "auto", "online": False, "model": "x"}
    page = page_of([{"text": f"占道经营{n}" * 5, "tagging": tag} for n in range(3)], tmp_path)
    assert "城管" in page
    assert "职责内" not in page


def test_what_cannot_be_reported_is_named(folder, tmp_path):
    (tmp_path / "raw.csv").write_text("text,when\nabc,2026-01-01\n", "utf-8")
    (tmp_path / "raw.jsonl").write_text('{"text": "abc"}\n', "utf-8")
    for name in ("raw.csv", "raw.jsonl"):
        with pytest.raises(ColumnMissing, match="没有标注结果"):
            build_report(tmp_path / name, ReportOptions())
    with pytest.raises(FileError, match="没有这个文件"):
        build_report(tmp_path / "none.csv", ReportOptions())
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(FormatUnknown):
        build_report(tmp_path / "a.doc", ReportOptions())
    (tmp_path / "a.xlsx").write_text("x")
    with pytest.raises(FileError, match="Excel"):
        build_report(tmp_path / "a.xlsx", ReportOptions())
    with pytest.raises(FileError, match="早于|晚于"):
        build_report(
            folder / "t.jsonl", ReportOptions(since=datetime.date(2026, 5, 2), until=datetime.date(2026, 5, 1))
        )
    with pytest.raises(ColumnMissing, match="无此列"):
        build_report(folder / "t.jsonl", ReportOptions(wanted=Wanted(date="无此列")))


def test_an_empty_period_says_so(folder, tmp_path):
    options = ReportOptions(since=datetime.date(2020, 1, 1), until=datetime.date(2020, 1, 31))
    write_report(folder / "t.jsonl", tmp_path / "e.html", options)
    assert "所选时段内没有已标注的投诉" in (tmp_path / "e.html").read_text("utf-8")


def test_the_command_writes_the_page_and_says_the_points(tousu, folder, tmp_path):
    page = tmp_path / "r.html"
    done = tousu("report", folder / "t.csv", "-o", page, "--since", "2026-11-01", "--until", "2026-11-30")
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 10_000
    assert "2026 年 11 月：共" in done.stdout
    as_json = tousu("report", folder / "t.csv", "-o", page, "--since", "2026-11-01", "--json")
    assert json.loads(as_json.stdout)["period"] == {"since": "2026-11-01", "until": "2026-11-30"}
    wrong = tousu("report", folder / "none.csv", "-o", tmp_path / "no.html")
    assert wrong.returncode == 1
    assert "没有这个文件" in wrong.stderr
    assert not (tmp_path / "no.html").exists()
