"""Files with wrong bytes, in every format: a named error in Chinese or an output, never anything else, and nothing left over."""

from __future__ import annotations

import gzip
import json
import random
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.batch.test_other_workbooks import HTML, TEXT, XML, binary, open_document, zipped
from tests.support import COMPLAINTS
from tousu.batch.folder import is_folder, tag_folder
from tousu.batch.options import TagOptions
from tousu.batch.tag import tag_file
from tousu.errors import TousuError
from tousu_training.corpus import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

ROWS = [{"编号": number, "投诉内容": COMPLAINTS[number % 6], "label": "甲乙"[number % 2]} for number in range(30)]
DRAWS = 12
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def seeds(place: Path) -> dict[str, bytes]:
    """Return a sound file of each format by its name."""
    frame = pl.DataFrame(ROWS)
    frame.write_parquet(place / "a.parquet")
    frame.write_excel(place / "a.xlsx")
    table = frame.write_csv().encode()
    made = {
        "a.csv": table, "gbk.csv": table.decode().encode("gb18030"), "wide.csv": table.decode().encode("utf-16"),
        "a.csv.gz": gzip.compress(table), "a.tsv": frame.write_csv(separator="\t").encode(), "a.jsonl": frame.write_ndjson().encode(),
        "a.json": json.dumps(ROWS, ensure_ascii=False, indent=1).encode(), "page.xls": HTML.encode("gbk"),
        "old.xls": XML.encode("gbk"), "text.xls": TEXT.encode(), "binary.xls": binary(place / "b.xls").read_bytes(),
        "a.ods": open_document(place / "c.ods").read_bytes(),
        "a.zip": zipped(place / "d.zip", {"a.csv": table, "b.xls": (place / "b.xls").read_bytes()}).read_bytes(),
    }  # fmt: skip
    return made | {name: (place / name).read_bytes() for name in ("a.parquet", "a.xlsx")}


def spoilt(data: bytes, draw: random.Random) -> bytes:
    """Return bytes with some changed, some taken out, some put in, or the end cut off."""
    wrong = bytearray(data)
    how, at = draw.randrange(10), draw.randrange(len(wrong))
    if how == 0:
        del wrong[at:]
    elif how == 1:
        del wrong[at : at + draw.randrange(1, 50)]
    elif how == 2:
        wrong[at:at] = draw.randbytes(draw.randrange(1, 30))
    else:
        for _ in range(draw.choice((1, 2, 5, 20, 100))):
            wrong[draw.randrange(len(wrong))] = draw.randrange(256)
    return bytes(wrong)


@pytest.mark.parametrize("use", ["tag", "train"])
def test_wrong_bytes_end_in_a_named_error_or_an_output(tmp_path: Path, shipped: Classifier, use: str) -> None:
    (tmp_path / "seeds").mkdir()
    place = tmp_path / "tried"
    place.mkdir()
    ended = {"well": 0, "named": 0}
    for name, data in seeds(tmp_path / "seeds").items():
        draw = random.Random(name + use)
        source = place / name
        output = place / ("out" if name == "a.zip" else f"out-{name}" + ".xlsx" * name.endswith((".xls", ".ods")))
        for _ in range(DRAWS):
            source.write_bytes(spoilt(data, draw))
            try:
                if use == "train":
                    read_rows([source])
                elif is_folder(str(source)):
                    tag_folder(str(source), str(output), shipped, TagOptions())
                else:
                    tag_file(str(source), str(output), shipped, TagOptions(evidence=False))
                ended["well"] += 1
            except TousuError as error:
                ended["named"] += 1
                named = str(error)
                assert CHINESE.search(named), named
            assert not list(place.glob(".*")), name
    assert min(ended.values()) > DRAWS
