"""Files with wrong bytes in every format, and workbooks with a wrong part: what becomes of them.

    python -m tests.batch.wrong_bytes [FILES] [SEED]

tries so many; the tests try a few of each kind.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tests.batch.other_books import HTML, TEXT, XML, binary, binary_parts, open_document, zipped
from tests.support import COMPLAINTS
from tests.workbook.books import styled
from tests.workbook.untouched import parts_of, write_parts
from tousu.batch.folder import is_folder, tag_folder
from tousu.batch.options import TagOptions
from tousu.batch.tag import tag_file
from tousu.classifier import Classifier
from tousu.errors import TousuError
from tousu_training.corpus import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = [{"编号": number, "投诉内容": COMPLAINTS[number % 6], "label": "甲乙"[number % 2]} for number in range(30)]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TAG = re.compile(rb"<[^<>]+>")
NUMBERS = (b"", b"-1", b"99999999", b"x", b"0", b"1e99", b"4.5")


def seeds(place: Path) -> dict[str, bytes]:
    """Return a sound file of each format by its name."""
    frame = pl.DataFrame(ROWS)
    frame.write_parquet(place / "a.parquet")
    frame.write_excel(place / "a.xlsx")
    table = frame.write_csv().encode()
    rows = (tuple(ROWS[0]), *(tuple(row.values()) for row in ROWS))
    made = {
        "a.csv": table, "gbk.csv": table.decode().encode("gb18030"), "wide.csv": table.decode().encode("utf-16"),
        "a.csv.gz": gzip.compress(table), "a.tsv": frame.write_csv(separator="\t").encode(), "a.jsonl": frame.write_ndjson().encode(),
        "a.json": json.dumps(ROWS, ensure_ascii=False, indent=1).encode(), "page.xls": HTML.encode("gbk"),
        "old.xls": XML.encode("gbk"), "text.xls": TEXT.encode(), "binary.xls": binary(place / "b.xls").read_bytes(),
        "a.ods": open_document(place / "c.ods").read_bytes(), "a.xlsb": binary_parts(place / "e.xlsb", rows).read_bytes(),
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


def spoilt_part(data: bytes, draw: random.Random) -> bytes:
    """Return a part with bytes changed, tags taken out or doubled, numbers made wrong, or its end cut off."""
    how, tags = draw.randrange(6), list(TAG.finditer(data))
    if how == 0 or not tags:
        return spoilt(data, draw) if data else b"\0"
    at = draw.choice(tags)
    if how == 1:
        return data[: at.start()] + data[at.end() :]
    if how == 2:
        return data[: at.end()] + at[0] + data[at.end() :]
    if how == 3:
        return data[: at.start()]
    numbers = list(re.finditer(rb"\d+", data))
    found = draw.choice(numbers) if numbers else at
    return data[: found.start()] + draw.choice(NUMBERS) + data[found.end() :]


def outcome(use: Callable[[], object], name: str) -> str:
    """Return how the use of a file ended, ``well`` or ``named``; any other end is raised."""
    try:
        use()
    except TousuError as error:
        named = str(error)
        assert CHINESE.search(named), (name, named)
        return "named"
    return "well"


def try_formats(folder: Path, shipped: Classifier, use: str, draws: int, seed: str = "") -> Counter[str]:
    """Tag files with wrong bytes, so many of each format, or read their labels; return how often each end was seen."""
    (folder / "seeds").mkdir()
    place = folder / "tried"
    place.mkdir()
    ended: Counter[str] = Counter()
    for name, data in seeds(folder / "seeds").items():
        draw, source = random.Random(seed + name + use), place / name
        output = place / (
            "out" if name == "a.zip" else f"out-{name}" + ".xlsx" * name.endswith((".xls", ".ods", ".xlsb"))
        )
        uses: dict[str, Callable[[], object]] = {
            "train": lambda source=source: read_rows([source]),
            "folder": lambda source=source, output=output: tag_folder(str(source), str(output), shipped, TagOptions()),
            "tag": lambda source=source, output=output: tag_file(
                str(source), str(output), shipped, TagOptions(evidence=False)
            ),
        }
        for _ in range(draws):
            source.write_bytes(spoilt(data, draw))
            ended[outcome(uses["folder" if use == "tag" and is_folder(str(source)) else use], name)] += 1
            assert not list(place.glob(".*")), name
    return ended


def try_parts(folder: Path, shipped: Classifier, draws: int, seed: str = "") -> Counter[str]:
    """Tag workbooks with one wrong part each; return how often each end was seen."""
    sound = parts_of(styled(folder / "sound.xlsx", table=True))
    names = [name for name in sound if name.endswith((".xml", ".rels"))]
    draw, source, output = random.Random(seed), folder / "a.xlsx", folder / "b.xlsx"
    ended: Counter[str] = Counter()
    for _ in range(draws):
        name = draw.choice(names)
        write_parts(source, sound | {name: spoilt_part(sound[name], draw)})
        output.unlink(missing_ok=True)
        how = outcome(lambda: tag_file(str(source), str(output), shipped, TagOptions(evidence=False)), name)
        assert parts_of(output) if how == "well" else not output.exists()  # every sum is right
        ended[how] += 1
        assert not list(folder.glob(".*"))
    return ended


def main(files: int, seed: str) -> None:
    """Try so many files: half of them whole files of every format, half workbooks with one wrong part."""
    from tousu.resources import shipped_path
    from tousu.taxonomy import load_taxonomy

    shipped = Classifier.load(shipped_path(), taxonomy=load_taxonomy())
    with tempfile.TemporaryDirectory() as home:
        for name in ("parts", "tag", "train"):
            place = Path(home) / name
            place.mkdir()
            each = max(1, files // 4 // len(seeds(place)))
            ended = (
                try_parts(place, shipped, files // 2, seed)
                if name == "parts"
                else try_formats(place, shipped, name, each, seed)
            )
            print(f"{name}: {ended['well']} ended well, {ended['named']} in a named error", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, sys.argv[2] if len(sys.argv) > 2 else "")
