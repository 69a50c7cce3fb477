"""Hand-over sheets: for each other authority which cases, what matter, on what basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.joint.groups import OURS, OUTSIDE, authority_of
from tousu.letters.facts import Blank, authority_basis, impersonal, kind_names, shortened, step_basis
from tousu.letters.of_ledger import kind_of
from tousu.letters.table import load_letters
from tousu.letters.wording import chinese_day
from tousu.signals import load_authorities, load_signals

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from pathlib import Path

    from tousu.joint.groups import JointGroup

MATTER = 80  # characters of a complaint on a sheet


@dataclass(frozen=True, slots=True)
class HandedCase:
    """One case on a sheet; who complained is not told (order 121, art. 37)."""

    row: int
    number: str | None
    received: datetime.date | None
    kind: str
    respondent: str | None
    matter: str
    signals: tuple[str, ...]
    joint: str


@dataclass(frozen=True, slots=True)
class HandoverSheet:
    """What goes to one authority.

    Attributes:
        code: The authority's code.
        name: What it is called here.
        handles: What it handles.
        basis: What says that such matters are its own; None where nothing in force is recorded.
        duty: On what the station hands over, or feeds back to the unified intake.
        station: What the station does with such a matter.
        cases: The cases, in the order of the ledger.
    """

    code: str
    name: str
    handles: str
    basis: str | None
    duty: str
    station: str
    cases: tuple[HandedCase, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the sheet as JSON has it."""
        return {
            "authority": self.code, "name": self.name, "basis": self.basis, "duty": self.duty,
            "rows": [case.row for case in self.cases],
            "cases": [
                {"row": case.row, "number": case.number, "received": case.received.isoformat() if case.received else None,
                 "kind": case.kind, "respondent": case.respondent, "signals": list(case.signals), "joint": case.joint}
                for case in self.cases
            ],
        }  # fmt: skip


def handover_sheets(
    rows: pl.DataFrame, day: datetime.date, groups: list[JointGroup] | None = None, letters: Path | None = None
) -> list[HandoverSheet]:
    """Return a sheet for each authority that cases of a ledger belong to, in the order of data/authorities.toml.

    Args:
        rows: A ledger's rows, tagged.
        day: The day of the sheets; their laws hold on it.
        groups: Joint groups; a case in one says so on the sheet.
        letters: The directory of letters, for what hand-overs rest on; the shipped one by default.
    """
    step = load_letters(letters).point("移送")
    kinds, signals = kind_names(), load_signals().signal_names
    joint = {row: _joint(group) for group in groups or [] for row in group.rows}
    cases: dict[str, list[HandedCase]] = {}
    outside = rows.filter(pl.col("tousu_primary") == OUTSIDE)
    for row in outside.iter_rows(named=True):
        code = authority_of(row)
        if code is None:
            continue
        cases.setdefault(code, []).append(
            HandedCase(
                row["row"], row["case"], row["received"], kinds.get(kind_of(row), ""), row["respondent"],
                shortened(impersonal(row["text"] or "", row["complainant"]), MATTER),
                tuple(signals[signal] for signal in row["tousu_signals"] or () if signal in signals),
                joint.get(row["row"], ""),
            )
        )  # fmt: skip
    sheets = []
    for authority in load_authorities().authorities:
        if authority.code in cases:
            duty = step_basis(step, day, kind=None, domain=OUTSIDE, route=authority.code)
            sheets.append(
                HandoverSheet(
                    authority.code, authority.shown, authority.handles, authority_basis(authority, day),
                    duty or str(Blank("移送的依据")), authority.station, tuple(cases[authority.code]),
                )
            )  # fmt: skip
    return sheets


def unplaced(rows: pl.DataFrame) -> list[int]:
    """Return the rows outside the remit that are on no sheet: nobody has to act, or the name of the authority is not known."""
    outside = rows.filter(pl.col("tousu_primary") == OUTSIDE)
    return [row["row"] for row in outside.iter_rows(named=True) if authority_of(row) is None]


def _joint(group: JointGroup) -> str:
    """Return in a few words what a case is part of."""
    said = f"同一被反映方共 {len(group.rows)} 件"
    if group.several:
        names: Mapping[str, str] = {OURS: "市场监管部门"} | load_authorities().names
        said += f"，涉及{'、'.join(names[code] for code in group.authorities)}"
    return said


def write_handover(sheet: HandoverSheet, day: datetime.date, station: str = "") -> bytes:
    """Return a sheet as a Word file."""
    from tousu.joint.word import Paper

    paper = Paper(landscape=True)
    paper.title(f"移送事项清单（{sheet.name}）")
    paper.line(f"{station or '【待填：单位】'}　{chinese_day(day)}　共 {len(sheet.cases)} 件", centred=True)
    paper.line(f"对方职责：{sheet.handles}。依据：{sheet.basis or '【待填：职责依据】'}")
    paper.line(f"移送依据：{sheet.duty}。本单位处理：{sheet.station}")
    heads = ("序号", "编号", "收到日期", "类型", "被反映方", "反映事项", "提示", "关联")
    paper.table(
        heads,
        [
            (str(place), case.number or f"台账第 {case.row} 行", case.received.isoformat() if case.received else "【待填】",
             case.kind, case.respondent or "", case.matter, "、".join(case.signals), case.joint)
            for place, case in enumerate(sheet.cases, 1)
        ],
        widths=(12, 28, 26, 16, 38, 80, 22, 30),
    )  # fmt: skip
    paper.line("来件人的身份信息由本单位依法保密，确需联系的与承办人接洽。")
    paper.line("移交人：【待填：移交人】　　　接收人：【待填：接收人】　　　接收日期：【待填：接收日期】")
    return paper.data()
