"""Who is told what: the open clocks of a ledger as one notice for each person, address and stage of urgency, without any text."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import polars as pl

from tousu.ledger.tags import with_tags
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime

    from tousu.clock.case import Line
    from tousu.clock.due import Due
    from tousu.ledger.read import Ledger
    from tousu.remind.settings import Person, RemindSettings

BETWEEN = re.compile(r"[、,，;；/|\s]+")
NUMBER = re.compile(r"[\w.\-—–/（）()〔〕\[\]【】#号字第]+")
LONGEST = 40  # characters of a case's number
NOBODY = "未写承办人"
STAGES = {"overdue": "已超期", "due_soon": "临期"}


class Item(NamedTuple):
    """One clock of one case, as an officer is told of it.

    Attributes:
        key: What tells the case apart, for the log.
        case: Its number.
        clock: Code of the period.
        name: What people call the period.
        domain: Name of the case's domain; nothing where it is not known.
        due: The last day.
        days_left: Days from today, negative when past.
        stage: due_soon or overdue.
        link: Where the case can be opened; nothing where no address is set.
    """

    key: str
    case: str
    clock: str
    name: str
    domain: str
    due: datetime.date
    days_left: int
    stage: str
    link: str


class Notice(NamedTuple):
    """What one person is to be told at one address.

    Attributes:
        officer: Who handles the cases, as the ledger says.
        channel: ``mail``, or the name of a channel.
        target: The address of mail, or again the channel's name.
        day: The day it is for.
        items: The cases, the most urgent first.
    """

    officer: str
    channel: str
    target: str
    day: datetime.date
    items: tuple[Item, ...]

    @property
    def subject(self) -> str:
        """One line that tells how many there are."""
        counts = Counter(item.stage for item in self.items)
        told = "，".join(f"{name} {counts[stage]} 件" for stage, name in STAGES.items() if counts[stage])
        return f"期限提醒 {self.day}　{self.officer}：{told}"

    @property
    def text(self) -> str:
        """The whole notice in plain words."""
        lines = [self.subject]
        for stage, name in STAGES.items():
            told = [item for item in self.items if item.stage == stage]
            lines += [f"【{name}】"] * bool(told) + [_line(item) for item in told]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return what another system is told."""
        return {
            "day": self.day.isoformat(),
            "officer": self.officer,
            "cases": [
                {"case": item.case, "clock": item.clock, "name": item.name, "domain": item.domain, "due": item.due.isoformat(),
                 "days_left": item.days_left, "stage": item.stage, "link": item.link}
                for item in self.items
            ],
        }  # fmt: skip


class Notices(NamedTuple):
    """What is to be told.

    Attributes:
        notices: The notices.
        homeless: How many clocks nobody can be told of, by officer: the settings have no address for them.
    """

    notices: list[Notice]
    homeless: dict[str, int]


def notices_of(ledger: Ledger, due: Due, settings: RemindSettings) -> Notices:
    """Return the notices for the clocks that are due soon or overdue.

    Args:
        ledger: The ledger.
        due: Its clocks.
        settings: Who is told, and of which stages.
    """
    lines = [line for line in due.urgent() if line.state in settings.stages and line.due is not None]
    wanted = {line.row for line in lines}
    rows = ledger.rows.filter(pl.col("row").is_in(list(wanted)))
    told = with_tags(rows).select("row", "case", "officer", "tousu_primary", "tousu_name")
    known = {row["row"]: row for row in told.iter_rows(named=True)}
    numbers = Counter(ledger.rows["case"].drop_nulls().to_list())
    people = {officer.name: officer for officer in settings.officers}
    found: dict[tuple[str, str, str], list[Item]] = defaultdict(list)
    homeless: Counter[str] = Counter()
    for line in lines:
        row = known[line.row]
        item = _item(ledger, line, row, settings, unique=numbers[row["case"]] == 1)
        for name in BETWEEN.split(row["officer"] or "") if (row["officer"] or "").strip() else [NOBODY]:
            person: Person | None = people.get(name) or settings.default
            if person is None:
                homeless[name] += 1
                continue
            for channel, target in _addresses(person):
                found[name, channel, target].append(item)
    notices = [
        Notice(name, channel, target, due.today, tuple(items)) for (name, channel, target), items in found.items()
    ]
    return Notices(notices, dict(homeless))


def _addresses(person: Person) -> list[tuple[str, str]]:
    """Return the channels and addresses of a person."""
    named = [(name, name) for name in person.channels]
    return named if person.mail is None else [("mail", person.mail), *named]


def _item(ledger: Ledger, line: Line, row: dict[str, Any], settings: RemindSettings, *, unique: bool) -> Item:
    """Return what is told of a clock."""
    assert line.due is not None
    assert line.days_left is not None
    names = load_taxonomy().names
    number = "".join(NUMBER.findall(row["case"] or ""))[:LONGEST]
    case = number or f"第 {line.row} 行"
    key = number if number and unique else f"{ledger.name} {line.row} {number}".strip()
    domain = row["tousu_name"] or names.get(row["tousu_primary"] or "", "")
    link = (
        settings.link.replace("{id}", quote(number, safe="")).replace("{row}", str(line.row)) if settings.link else ""
    )
    return Item(key, case, line.clock, line.name, domain, line.due, line.days_left, line.state, link)


def _line(item: Item) -> str:
    """Return the line of one case."""
    left = (
        f"超期 {-item.days_left} 天"
        if item.days_left < 0
        else "今天到期"
        if item.days_left == 0
        else f"还剩 {item.days_left} 天"
    )
    told = [item.case, item.domain, item.name, f"{item.due} 到期（{left}）", item.link]
    return "　".join(part for part in told if part)
