"""Labelled files of every tool and format, and what ``tousu tag`` writes once a person has corrected it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import openpyxl
import polars as pl
import pytest

from tests.support import COMPLAINTS, run
from tousu.errors import ColumnMissing, CorpusError
from tousu.taxonomy import load_taxonomy
from tousu_training.corpus import Reading, read_rows, read_texts
from tousu_training.label_columns import LabelOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

TEXTS = COMPLAINTS[:4]
LABELS = ("电梯", "食品", "预付卡", "珠宝")
PAIRS = list(zip(TEXTS, LABELS, strict=True))
LONG = (*PAIRS, *((f"{text}，第二回了", label) for text, label in PAIRS))


CHOICES = '"{""choices"": [""?""]}"'


def jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def table(names: list[str], rows: list[tuple[Any, ...]], delimiter: str = ",") -> bytes:
    return "\n".join(delimiter.join(map(str, row)) for row in (names, *rows)).encode() + b"\n"


def annotated(number: int, text: str, label: str) -> dict[str, Any]:
    given = {"result": [{"value": {"choices": [label]}, "from_name": "类", "to_name": "文"}]}
    return {"id": number, "data": {"text": text}, "annotations": [{"was_cancelled": True, "result": []}, given]}


FILES = {
    "doccano.jsonl": jsonl(*({"id": 1, "text": text, "label": [label], "Comments": []} for text, label in PAIRS)),
    "one.jsonl": jsonl(*({"投诉内容": text, "标签": label} for text, label in PAIRS)),
    "argilla.jsonl": jsonl(
        *(
            {"id": "a", "fields": {"text": text}, "responses": {"q": [{"value": label, "status": "submitted"}]}}
            for text, label in PAIRS
        )
    ),
    "argilla-old.jsonl": jsonl(
        *(
            {"inputs": {"text": text}, "prediction": [["错", 0.9]], "annotation": label, "status": "Validated"}
            for text, label in PAIRS
        )
    ),
    "argilla-flat.jsonl": jsonl(
        *({"text": text, "q.responses": [label], "q.suggestion": "错"} for text, label in PAIRS)
    ),
    "label-studio.json": json.dumps([annotated(1, *pair) for pair in PAIRS]).encode(),
    "label-studio-min.json": json.dumps(
        [{"id": 1, "text": text, "来文种类": label, "annotator": 1, "lead_time": 2.5} for text, label in PAIRS],
        indent=1,
    ).encode(),
    "label-studio.csv": table(
        ["id", "text", "来文种类", "annotator", "lead_time"], [(1, text, label, 1, 2.5) for text, label in PAIRS]
    ),
    "choices.csv": table(["text", "codes"], [(text, CHOICES.replace("?", label)) for text, label in PAIRS]),
    "fasttext.txt": "".join(f"__label__{label} {text}\n" for text, label in PAIRS).encode(),
    "bare.txt": "".join(f"{text}\t{label}\n" for text, label in LONG).encode(),
    "names.csv": table(["问题描述", "类别"], PAIRS),
    "Capitals.csv": table(["Text", "Label"], PAIRS),
    "semicolon.csv": table(["text", "label"], PAIRS, ";"),
    "titled.csv": "2026年标注,\n".encode() + table(["投诉内容", "标签"], PAIRS),
    "mark.csv": b"\xef\xbb\xbf" + table(["text", "label"], PAIRS),
    "gbk.csv": table(["内容", "标签"], PAIRS).decode().encode("gb18030"),
    "one-hot.csv": table(
        ["text", *LABELS], [(text, *(int(label == other) for other in LABELS)) for text, label in PAIRS]
    ),
    "wrapped.json": json.dumps({"code": 0, "data": [{"text": text, "label": label} for text, label in PAIRS]}).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_label_tools_files_are_read_as_they_are(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    rows = read_rows([path])
    assert [(row.text, row.codes) for row in rows][:4] == [(text, (label,)) for text, label in PAIRS]


def test_sheets_and_parquet_are_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"投诉内容": TEXTS, "标签": LABELS, "编号": range(4)})
    frame.write_parquet(tmp_path / "a.parquet")
    book = openpyxl.Workbook()
    book.active.append(["说明"])
    sheet = book.create_sheet("标注")
    for row in (["一季度"], ["编号", "投诉内容", "标签"], *([number, *pair] for number, pair in enumerate(PAIRS))):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    for name in ("a.parquet", "a.xlsx"):
        assert [(row.text, row.codes) for row in read_rows([tmp_path / name])] == [
            (text, (label,)) for text, label in PAIRS
        ]


def test_whole_numbers_are_labels(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl(*({"text": text, "codes": [number]} for number, text in enumerate(TEXTS))))
    pl.DataFrame({"text": TEXTS, "label": [0.0, 1.0, 2.0, 3.0]}).write_parquet(tmp_path / "b.parquet")
    for name in ("a.jsonl", "b.parquet"):
        assert [row.codes for row in read_rows([tmp_path / name])] == [("0",), ("1",), ("2",), ("3",)]


def test_cells_are_cut_at_the_separator_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [(TEXTS[0], "食品、保健品"), (TEXTS[1], "安全|电梯"), (TEXTS[2], "甲；乙"), (TEXTS[3], "甲;乙")]
    path.write_bytes(table(["text", "label"], rows))
    met = Reading()
    assert [row.codes for row in read_rows([path], met=met)] == [
        ("食品、保健品",),
        ("安全|电梯",),
        ("甲；乙",),
        ("甲", "乙"),
    ]
    assert met.cut == 1
    assert any("1 格里有几个标签" in note for note in met.notes())
    assert met.labels["甲"] == 1
    assert read_rows([path], options=LabelOptions(separator="|"))[1].codes == ("安全", "电梯")


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(table(["一", "二", "三"], [(label, "x", text) for text, label in PAIRS]))
    with pytest.raises(CorpusError, match="--label-column"):
        read_rows([path])
    for options in (LabelOptions(text="三", label="一"), LabelOptions(text="#3", label="#1")):
        assert read_rows([path], options=options)[0].codes == ("电梯",)
    with pytest.raises(ColumnMissing, match="没有名为 四"):
        read_rows([path], options=LabelOptions(label="四"))


def test_rows_without_label_or_text_are_passed_over_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(table(["text", "label"], [PAIRS[0], (TEXTS[1], ""), ("", "食品"), PAIRS[3]]))
    met = Reading()
    assert len(read_rows([path], met=met)) == 2
    assert met.notes() == [f"1 行没有标签，未用：{path}:3", f"1 行没有文字内容，未用：{path}:4"]
    with pytest.raises(CorpusError, match=r"a\.csv:3 没有标签"):
        read_rows([path], options=LabelOptions(strict=True))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.json", "a.txt"])
def test_unlabelled_files_need_no_labels(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        pl.DataFrame({"编号": [1, 2, 3, 4], "投诉内容": TEXTS}).write_parquet(path)
    elif name.endswith(".csv"):
        path.write_bytes(table(["编号", "投诉内容"], list(enumerate(TEXTS))))
    elif name == "a.txt":
        path.write_bytes(table(["投诉内容"], [(text,) for text in TEXTS]))
    else:
        rows = [{"投诉内容": text} for text in TEXTS]
        path.write_bytes(jsonl(*rows) if name == "a.jsonl" else json.dumps(rows).encode())
    assert read_texts(path) == list(TEXTS)


@pytest.mark.parametrize(
    ("form", "language"), [("csv", "zh"), ("csv", "en"), ("jsonl", None), ("parquet", "en"), ("xlsx", "zh")]
)
def test_a_corrected_output_is_a_labelled_file(
    tmp_path: Path, shipped: Classifier, form: str, language: str | None
) -> None:
    source, output = tmp_path / f"in.{form}", tmp_path / f"out.{form}"
    frame = pl.DataFrame({"编号": range(4), "投诉内容": TEXTS})
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet, "xlsx": frame.write_excel}[
        form
    ](source)
    run(shipped, source, output, language=language)
    codes = load_taxonomy().codes
    before = read_rows([output], codes=codes)
    tags = [tag.primary for tag in shipped.tag_many(TEXTS)]
    assert [(row.text, row.primary) for row in before] == list(zip(TEXTS, tags, strict=True))
    if form == "csv":
        correct_csv(output, language or "en")
    elif form == "jsonl":
        rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
        rows[0]["tagging"]["primary"] = "pricing"
        rows[1]["更正领域"] = "价格与收费;elevator"
        output.write_bytes(jsonl(*rows))
    elif form == "parquet":
        frame = pl.read_parquet(output)
        given = pl.Series("更正领域", [None, "价格与收费；elevator", "", None])
        first = pl.Series("tousu_primary", ["pricing", *frame["tousu_primary"][1:]], frame.schema["tousu_primary"])
        frame.with_columns(first, given).write_parquet(output)
    else:
        correct_workbook(output)
    after = read_rows([output], codes=codes)
    assert after[0].primary == "pricing"
    assert after[1].codes == ("pricing", "elevator")
    assert after[2].codes == before[2].codes


def correct_workbook(path: Path) -> None:
    """Correct the first row by its domain's name, the second in a column of its own, as a person does in Excel."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    names = [cell.value for cell in sheet[1]]
    sheet.cell(2, names.index("领域") + 1).value = "价格与收费"
    sheet.cell(1, len(names) + 1).value = "更正领域"
    sheet.cell(3, len(names) + 1).value = "价格与收费；elevator"
    book.save(path)


def correct_csv(path: Path, language: str) -> None:
    """Correct the first row by its code or name, the second in a column of its own."""
    with path.open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    if language == "zh":
        rows[0][names.index("领域")] = "价格与收费"
    else:
        rows[0][names.index("tousu_primary")] = "pricing"
    rows = [[*row, "价格与收费、elevator" if number == 1 else ""] for number, row in enumerate(rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*names, "更正领域"], *rows])


def test_names_of_domains_stand_for_their_codes_but_not_among_own_labels(tmp_path: Path) -> None:
    taxonomy = load_taxonomy()
    name = taxonomy.names["drug_device"] if "drug_device" in taxonomy.names else next(iter(taxonomy.names.values()))
    code = next(code for code, there in taxonomy.names.items() if there == name)
    (tmp_path / "a.csv").write_bytes(table(["text", "label"], [(TEXTS[0], name)]))
    assert read_rows([tmp_path / "a.csv"], codes=taxonomy.codes)[0].codes == (code,)
    assert read_rows([tmp_path / "a.csv"])[0].codes == (name,)
