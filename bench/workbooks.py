"""`tousu tag` of a workbook of 100,000 rows and ten columns, against reading, tagging and writing it anew.

    python bench/workbooks.py [ROWS]

The peer reads the cells with python-calamine, tags the texts with the same model, and writes all cells and the same
added columns with xlsxwriter: fonts, widths, filters, formulas and every other part are lost on that way. Both run as
programs of their own, in turn, on whatever cores there are. Their seconds by the clock and by the processors are told;
where other programs share the machine, the processors' are the ones to compare. Memory is read from /proc.
"""

from __future__ import annotations

import datetime
import os
import sys
import tempfile
from pathlib import Path

import harness
import xlsxwriter

ROWS = 100_000
ROUNDS = 3
HEADER = ("工单编号", "登记时间", "来源", "投诉人", "电话", "被投诉方", "投诉内容", "金额", "区域", "备注")


def write_workbook(path: Path, rows: int) -> None:
    """Write a ledger as stations have it: numbers as text, dates, amounts, texts of the usual length."""
    texts = harness.texts_of(harness.LENGTH, min(rows, 50_000))
    book = xlsxwriter.Workbook(path, {"constant_memory": rows > ROWS})
    sheet = book.add_worksheet("工单")
    day, money = (book.add_format({"num_format": code}) for code in ("yyyy-mm-dd hh:mm", "#,##0.00"))
    begun = datetime.datetime(2026, 1, 1)  # noqa: DTZ001
    sheet.write_row(0, 0, HEADER)
    for number in range(1, rows + 1):
        sheet.write_string(number, 0, f"4403002026{number:09d}")
        sheet.write_datetime(number, 1, begun + datetime.timedelta(minutes=number % 400_000), day)
        told = (
            ("12315平台", "12345热线", "来信")[number % 3], "张李王赵"[number % 4] + "先生", f"1380000{number % 10_000:04d}",
            ("望屿美食城", "渔灯路生鲜超市", "石螺健身")[number % 3], texts[number % len(texts)],
        )  # fmt: skip
        sheet.write_row(number, 2, told)
        sheet.write_number(number, 7, number % 100_000 / 100, money)
        sheet.write_row(number, 8, (("南山区", "福田区", "罗湖区")[number % 3], "无"))
    book.close()


def rewrite(source: str, output: str) -> None:
    """Read, tag and write anew: the peer."""
    import python_calamine

    from tousu.batch.added import FlatColumns, words_of
    from tousu.classifier import Classifier

    classifier = Classifier.load(harness.model_path())
    rows = python_calamine.load_workbook(source).get_sheet_by_index(0).to_python()
    header, rows = rows[0], rows[1:]
    texts = [row[header.index("投诉内容")] for row in rows]
    taggings = classifier.tag_many(texts)
    columns = FlatColumns("zh").values(taggings, words_of(classifier, texts, taggings))
    book = xlsxwriter.Workbook(
        output, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, [*header, *columns])
    for number, (row, added) in enumerate(zip(rows, zip(*columns.values(), strict=True), strict=True), 1):
        for column, cell in enumerate((*row, *added)):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif isinstance(cell, datetime.date):
                sheet.write_datetime(number, column, cell, day)
            else:
                sheet.write_number(number, column, cell)
    book.close()


def main() -> None:
    if sys.argv[1:2] == ["--rewrite"]:
        rewrite(*sys.argv[2:4])
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    runs: dict[str, list[dict[str, float]]] = {"tousu tag": [], "read, tag, write anew": []}
    with tempfile.TemporaryDirectory() as home:
        source, output, anew = (str(Path(home) / name) for name in ("in.xlsx", "out.xlsx", "anew.xlsx"))
        write_workbook(Path(source), rows)
        model = ["--model", str(harness.model_path())]
        commands = {
            "tousu tag": [sys.executable, "-m", "tousu", "tag", source, output, "--quiet", *model],
            "read, tag, write anew": [sys.executable, __file__, "--rewrite", source, anew],
        }
        contenders = {
            name: lambda name=name, command=command: (
                runs[name].append(harness.spent(command)) or runs[name][-1]["processor_seconds"]
            )
            for name, command in commands.items()
        }
        measured = harness.alternate(contenders, ROUNDS if rows <= ROWS else 1)
        sizes = {"in": os.path.getsize(source), "out": os.path.getsize(output), "anew": os.path.getsize(anew)}
    spent = harness.medians(measured)
    clock = harness.medians({name: [one["seconds"] for one in some[1:]] for name, some in runs.items()})
    ours, peer = spent["tousu tag"], spent["read, tag, write anew"]
    figures = [
        harness.Figure("processors' time : reading, tagging and writing anew", ours / peer, "×", 0.4, at_most=True),
        harness.Figure("by the clock", clock["tousu tag"] / clock["read, tag, write anew"], "×"),
        harness.Figure(f"tousu tag, {rows:,} rows", clock["tousu tag"], "s", 7 * rows / ROWS, at_most=True),
        harness.Figure("its processors' time", ours, "s"),
        harness.Figure("the other way", clock["read, tag, write anew"], "s"),
        harness.Figure("its processors' time", peer, "s"),
        harness.Figure(
            "resident memory, highest", max(one["peak_mb"] for one in runs["tousu tag"]), "MB", 400, at_most=True
        ),
        harness.Figure("the other way's", max(one["peak_mb"] for one in runs["read, tag, write anew"]), "MB"),
        harness.Figure("output over input", sizes["out"] / sizes["in"], "×"),
    ]
    harness.report("workbooks", "A workbook tagged in place", figures, runs=runs)


if __name__ == "__main__":
    main()
