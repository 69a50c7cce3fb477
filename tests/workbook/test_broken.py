"""Workbooks whose parts are broken: a named error in Chinese or an output that opens, never anything else."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
import python_calamine

from tests.support import run
from tests.workbook.books import styled
from tests.workbook.untouched import parts_of, write_parts
from tousu.errors import TousuError

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

CHINESE = re.compile(r"[\u4e00-\u9fff]")
TAG = re.compile(rb"<[^<>]+>")


def spoilt(data: bytes, draw: random.Random) -> bytes:
    """Return a part with bytes changed, tags taken out or doubled, numbers made wrong, or its end cut off."""
    how, tags = draw.randrange(6), list(TAG.finditer(data))
    if how == 0 or not tags:
        wrong = bytearray(data)
        for _ in range(draw.choice((1, 3, 20))):
            wrong[draw.randrange(len(wrong))] = draw.randrange(256)
        return bytes(wrong)
    at = draw.choice(tags)
    if how == 1:
        return data[: at.start()] + data[at.end() :]
    if how == 2:
        return data[: at.end()] + at[0] + data[at.end() :]
    if how == 3:
        return data[: at.start()]
    numbers = list(re.finditer(rb"\d+", data))
    found = draw.choice(numbers) if numbers else at
    wrong = draw.choice((b"", b"-1", b"99999999", b"x", b"0", b"1e99", b"4.5"))
    return data[: found.start()] + wrong + data[found.end() :]


def tried(folder: Path, shipped: Classifier, seed: str, draws: int) -> dict[str, int]:
    """Tag workbooks with one broken part each; return how they ended."""
    sound = parts_of(styled(folder / "sound.xlsx", table=True))
    names = [name for name in sound if name.endswith((".xml", ".rels"))]
    draw, source, output = random.Random(seed), folder / "a.xlsx", folder / "b.xlsx"
    ended = {"well": 0, "named": 0}
    for _ in range(draws):
        name = draw.choice(names)
        write_parts(source, sound | {name: spoilt(sound[name], draw)})
        output.unlink(missing_ok=True)
        try:
            run(shipped, source, output, evidence=False)
            assert parts_of(output)  # every sum is right
            ended["well"] += 1
        except TousuError as error:
            named = str(error)
            assert CHINESE.search(named)
            assert not output.exists()
            ended["named"] += 1
        assert not list(folder.glob(".*"))
    return ended


def test_broken_parts(tmp_path: Path, shipped: Classifier) -> None:
    ended = tried(tmp_path, shipped, "short", 200)
    assert min(ended.values()) > 20


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", ["a", "b"])
def test_two_thousand_broken_parts(tmp_path: Path, shipped: Classifier, seed: str) -> None:
    ended = tried(tmp_path, shipped, seed, 1000)
    assert min(ended.values()) > 100


def test_a_part_that_is_cut_off_in_the_archive(tmp_path: Path, shipped: Classifier) -> None:
    whole = styled(tmp_path / "a.xlsx").read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        (tmp_path / "cut.xlsx").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(TousuError, match="不是完好的|已损坏"):
            run(shipped, tmp_path / "cut.xlsx", tmp_path / "b.xlsx")


def test_a_document_type_is_refused(tmp_path: Path, shipped: Classifier) -> None:
    sound = parts_of(styled(tmp_path / "sound.xlsx"))
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"):
        data = re.sub(rb"^(<\?xml.*?\?>)?", b'<!DOCTYPE x [<!ENTITY a "aaaa">]>', sound[name], count=1)
        with pytest.raises(TousuError, match="已损坏"):
            run(shipped, write_parts(tmp_path / "a.xlsx", sound | {name: data}), tmp_path / "b.xlsx")


def test_what_comes_out_of_a_sound_one_opens(tmp_path: Path, shipped: Classifier) -> None:
    run(shipped, styled(tmp_path / "a.xlsx", table=True), tmp_path / "b.xlsx")
    assert python_calamine.load_workbook(str(tmp_path / "b.xlsx")).sheet_names == ["工单", "统计", "字典", "标注汇总"]
