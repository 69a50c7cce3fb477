"""Who is told what: the open clocks of a ledger as one notice for each person, address and stage of urgency, without any text."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import polars as pl

from tousu.ledger.tags import with_tags
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Iterator

    from tousu.clock.case import Line
    from tousu.clock.due import Due
    from tousu.ledger.read import Ledger
    from tousu.remind.settings import Person, RemindSettings

BETWEEN = re.compile(r"[、,，;；/|\s]+")
NUMBER = re.compile(r"[\w.\-—–/（）()〔〕\[\]【】#号字第]+")
LONGEST = 40  # characters of a case's number; a longer cell is none
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

    @property
    def claim(self) -> tuple[str, str, str]:
        """What is told of once a day to one person at one address: the case, the clock and its stage."""
        return self.key, self.clock, self.stage


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
    def key(self) -> str:
        """What another system can tell by that it has this very notice already: the same each time it is sent."""
        told = "\n".join(
            map(str, (self.day, self.officer, self.channel, self.target, *(item.claim for item in self.items)))
        )
        return hashlib.sha256(told.encode()).hexdigest()[:32]

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
    numbers = Counter(map(_number, ledger.rows["case"].to_list()))
    people = {officer.name: officer for officer in settings.officers}
    found: dict[tuple[str, str, str], dict[tuple[str, str, str], Item]] = defaultdict(dict)
    homeless: Counter[str] = Counter()
    for line in lines:
        row = known[line.row]
        item = _item(ledger, line, row, settings, unique=numbers[_number(row["case"])] == 1)
        for name in officers_of(row["officer"], people):
            person: Person | None = people.get(name) or settings.default
            if person is None:
                homeless[name] += 1
                continue
            for channel, target in _addresses(person):
                found[name, channel, target].setdefault(item.claim, item)
    notices = [
        Notice(name, channel, target, due.today, tuple(items.values()))
        for (name, channel, target), items in found.items()
    ]
    return Notices(notices, dict(homeless))


def parts_of(notice: Notice, most: int) -> Iterator[Notice]:
    """Yield a notice in parts whose text has at most ``most`` bytes, or one case; none where it has no cases."""
    # A part's first line is no longer than that of the whole, and it has no other headings.
    head = sum(len(line.encode()) + 1 for line in (notice.subject, *(f"【{name}】" for name in STAGES.values())))
    items: list[Item] = []
    size = head
    for item in notice.items:
        more = len(_line(item).encode()) + 1
        if items and size + more > most:
            yield notice._replace(items=tuple(items))
            items, size = [], head
        items.append(item)
        size += more
    if items:
        yield notice._replace(items=tuple(items))


def officers_of(cell: str | None, people: Collection[str]) -> list[str]:
    """Return who handles a case, each once; a cell that is one of the names of ``people`` is one name, whatever stands in it."""
    cell = (cell or "").strip()
    if cell in people:
        return [cell]
    return list(dict.fromkeys(filter(None, BETWEEN.split(cell)))) or [NOBODY]


def _addresses(person: Person) -> list[tuple[str, str]]:
    """Return the channels and addresses of a person, each once."""
    named = [(name, name) for name in dict.fromkeys(person.channels)]
    return named if person.mail is None else [("mail", person.mail), *named]


def _item(ledger: Ledger, line: Line, row: dict[str, Any], settings: RemindSettings, *, unique: bool) -> Item:
    """Return what is told of a clock."""
    assert line.due is not None
    assert line.days_left is not None
    names = load_taxonomy().names
    number = _number(row["case"])
    case = number or f"第 {line.row} 行"
    key = number if number and unique else f"{ledger.name} {line.row} {number}".strip()
    domain = row["tousu_name"] or names.get(row["tousu_primary"] or "", "")
    link = _link(settings.link or "", row["case"] or "", line.row)
    return Item(key, case, line.clock, line.name, domain, line.due, line.days_left, line.state, link)


def _number(cell: str | None) -> str:
    """Return a case's number as it is shown: without marks and white space that belong to none, cut where it is too long."""
    return "".join(NUMBER.findall(cell or ""))[:LONGEST]


def _link(link: str, cell: str, row: int) -> str:
    """Return where a case can be opened, by its number as the ledger has it; nothing where that is none."""
    if "{id}" in link and not 0 < len(cell) <= LONGEST:
        return ""
    return link.replace("{row}", str(row)).replace("{id}", quote(cell, safe=""))


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
