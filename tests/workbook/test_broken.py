"""Workbooks whose parts are broken: a named error in Chinese or an output that opens, never anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import python_calamine

from tests.batch.wrong_bytes import try_parts
from tests.support import run
from tests.workbook.books import styled
from tests.workbook.untouched import parts_of, write_parts
from tousu.errors import TousuError

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier


def test_broken_parts(tmp_path: Path, shipped: Classifier) -> None:
    ended = try_parts(tmp_path, shipped, 40, "short")
    assert set(ended) == {"well", "named"}
    assert min(ended.values()) > 5


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


@pytest.mark.parametrize(
    ("wrong", "right"), [('sheetId="4.5"', 'sheetId="1"'), ('localSheetId="x"', 'localSheetId="0"')]
)
def test_numbers_of_sheets_that_are_none_are_named(tmp_path: Path, shipped: Classifier, wrong: str, right: str) -> None:
    sound = parts_of(styled(tmp_path / "sound.xlsx"))
    book = sound["xl/workbook.xml"].decode()
    assert right in book
    source = write_parts(tmp_path / "a.xlsx", sound | {"xl/workbook.xml": book.replace(right, wrong).encode()})
    with pytest.raises(TousuError, match="workbook.xml.*已损坏"):
        run(shipped, source, tmp_path / "b.xlsx")
    assert not (tmp_path / "b.xlsx").exists()


@pytest.mark.timeout(60)
def test_styles_nothing_refers_to_are_left_alone(tmp_path: Path, shipped: Classifier) -> None:
    parts = parts_of(styled(tmp_path / "sound.xlsx"))
    links = "xl/_rels/workbook.xml.rels"
    parts[links] = re.sub(rb"<Relationship [^>]*/styles\"[^>]*>", b"", parts[links])
    assert b"styles" not in parts[links]
    summary = run(shipped, write_parts(tmp_path / "a.xlsx", parts), tmp_path / "b.xlsx")
    assert summary.tally.rows == 6
    after = parts_of(tmp_path / "b.xlsx")
    assert after["xl/styles.xml"] == parts["xl/styles.xml"]
    assert b"styles2.xml" in after[links]


def test_what_comes_out_of_a_sound_one_opens(tmp_path: Path, shipped: Classifier) -> None:
    run(shipped, styled(tmp_path / "a.xlsx", table=True), tmp_path / "b.xlsx")
    assert python_calamine.load_workbook(str(tmp_path / "b.xlsx")).sheet_names == ["工单", "统计", "字典", "标注汇总"]
