"""抽检: some of what the model decided alone goes to a person who has not seen its answer; so its promise is measured."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict
from tousu.timezone import local
from tousu_service.desk.store.filters import in_sample
from tousu_service.store.clock import present
from tousu_service.store.desk_tables import cases, sample, uploads
from tousu_service.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

Z = 1.959963984540054  # of a two-sided interval of 95 %
ENOUGH = 30  # answers below which nothing is said of the promise


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its Wilson interval of 95 % (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Attributes:
        hits: How many.
        count: Of how many.
        value: The share, None of nothing.
        low: Lower end.
        high: Upper end.
    """

    hits: int
    count: int
    value: float | None
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, count: int) -> Rate:
        """Return the share of ``hits`` among ``count``."""
        if not count:
            return cls(0, 0, None, 0.0, 1.0)
        share = hits / count
        middle = share + Z * Z / (2 * count)
        spread = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
        scale = 1 + Z * Z / count
        return cls(hits, count, share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


@dataclass(frozen=True, slots=True)
class Week:
    """What is known of the cases that came in a week.

    Attributes:
        week: Its Monday, ``2026-11-30``.
        right: How often what the model decided alone was right, by the answers of 抽检.
        auto: How much it decided alone.
        few_known: How many texts have few words it knows.
    """

    week: str
    right: Rate
    auto: Rate
    few_known: Rate


def drawn(case_id: int, share: float) -> bool:
    """Return whether a case is drawn: its number alone decides, not when or by which process it was stored."""
    number = int.from_bytes(hashlib.sha256(b"tousu spot check %d" % case_id).digest()[:8])
    return number < share * (1 << 64)


def draw(connection: sa.Connection, upload_id: int, first: int, last: int, *, share: float) -> int:
    """Draw among the cases of some rows that the model decided alone; those drawn before stay. Return how many are new."""
    if share <= 0:
        return 0
    there = sa.exists().where(sample.c.case_id == cases.c.id)
    query = sa.select(cases.c.id).where(
        cases.c.upload_id == upload_id, cases.c.row.between(first, last), cases.c.state == "auto", ~there
    )
    chosen = [number for number in connection.execute(query).scalars() if drawn(number, share)]
    if chosen:
        moment = present(connection)
        connection.execute(sa.insert(sample), [{"case_id": number, "drawn_at": moment} for number in chosen])
    return len(chosen)


def by_week(connection: sa.Connection, *, weeks: int = 12) -> list[Week]:
    """Return the figures of the last weeks, the oldest first; weeks without cases are left out."""
    since = present(connection) - timedelta(weeks=weeks)
    checks: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    answered = sa.select(sample.c.drawn_at, sample.c.agreed).where(
        sample.c.agreed.is_not(None), sample.c.drawn_at >= since
    )
    for row in connection.execute(answered):
        own = checks[_monday(row.drawn_at)]
        own[0] += bool(row.agreed)
        own[1] += 1
    auto: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    counted = (
        sa.select(
            uploads.c.created_at,
            sa.func.count().label("cases"),
            sa.func.sum(sa.case((cases.c.decision == "auto", 1), else_=0)).label("auto"),
        )
        .join(cases, cases.c.upload_id == uploads.c.id)
        .where(uploads.c.created_at >= since, uploads.c.state != "void")
        .group_by(uploads.c.id, uploads.c.created_at)
    )
    for row in connection.execute(counted):
        own = auto[_monday(row.created_at)]
        own[0] += int(row.auto)
        own[1] += int(row.cases)
    known: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    ended = sa.select(jobs.c.finished_at, jobs.c.result).where(
        jobs.c.kind == "tag", jobs.c.state == "done", jobs.c.finished_at >= since
    )
    for row in connection.execute(ended):
        if row.result and "looked_at" in row.result:
            own = known[_monday(row.finished_at)]
            own[0] += int(row.result["few_known"])
            own[1] += int(row.result["looked_at"])
    mondays = sorted({*checks, *auto, *known})
    return [Week(week, Rate.of(*checks[week]), Rate.of(*auto[week]), Rate.of(*known[week])) for week in mondays]


def by_domain(connection: sa.Connection, *, weeks: int = 12) -> list[tuple[str, Rate]]:
    """Return how often what the model decided alone was right, by the domain it said, most checked first."""
    since = present(connection) - timedelta(weeks=weeks)
    query = (
        sa.select(
            cases.c.predicted, sa.func.count().label("checked"),
            sa.func.sum(sa.case((sample.c.agreed, 1), else_=0)).label("hits"),
        )
        .join(sample, sample.c.case_id == cases.c.id)
        .where(sample.c.agreed.is_not(None), sample.c.drawn_at >= since)
        .group_by(cases.c.predicted)
    )  # fmt: skip
    found = [(row.predicted, Rate.of(int(row.hits), int(row.checked))) for row in connection.execute(query)]
    return sorted(found, key=lambda pair: (-pair[1].count, pair[0]))


def is_unchecked(connection: sa.Connection, case_id: int) -> bool:
    """Return whether a case was drawn and no person has said yet what is right: who does must not see the model's answer."""
    return bool(unchecked_among(connection, [case_id]))


def unchecked_among(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of some cases were drawn and not answered yet."""
    query = sa.select(cases.c.id).where(cases.c.id.in_(numbers), in_sample())
    return set(connection.execute(query).scalars())


def refuse_unchecked(connection: sa.Connection, case_id: int, *, then: str) -> None:
    """Refuse what would show a person the model's answer to a case that is to be judged without it.

    Args:
        connection: A transaction.
        case_id: The case.
        then: What the person may do once the case has been answered, in Chinese.

    Raises:
        Conflict: The case was drawn and nobody has answered it yet.
    """
    if is_unchecked(connection, case_id):
        raise Conflict("这一件在抽检，还没有答复", fix=f"先在案件页上答复，再{then}")


def waiting(connection: sa.Connection) -> int:
    """Return how many drawn cases nobody has answered."""
    return _unchecked(connection, "auto")


def in_consultation(connection: sa.Connection) -> int:
    """Return how many drawn cases somebody could not decide; they are missing among the right and the wrong ones."""
    return _unchecked(connection, "asked")


def _unchecked(connection: sa.Connection, state: str) -> int:
    """Return how many drawn cases in a state no person has said what is right of."""
    drawn_cases = sa.select(sa.func.count()).select_from(sample).join(cases, cases.c.id == sample.c.case_id)
    query = drawn_cases.where(sample.c.answer_id.is_(None), cases.c.state == state)
    return int(connection.execute(query).scalar_one())


def stricter_than(connection: sa.Connection, *, target: float, weeks: int = 12) -> float | None:
    """Return the lowest probability from which on at least ``target`` of the checked cases were right; None if none helps.

    Args:
        connection: A transaction.
        target: The promised share.
        weeks: How far back to look.
    """
    since = present(connection) - timedelta(weeks=weeks)
    query = (
        sa.select(cases.c.confidence, sample.c.agreed)
        .join(sample, sample.c.case_id == cases.c.id)
        .where(sample.c.agreed.is_not(None), sample.c.drawn_at >= since)
        .order_by(cases.c.confidence.desc())
    )
    return lowest_floor([(row.confidence, bool(row.agreed)) for row in connection.execute(query)], target=target)


def lowest_floor(checked: Sequence[tuple[float, bool]], *, target: float) -> float | None:
    """Return the lowest probability from which on ``target`` of at least ``ENOUGH`` were right; None if there is none.

    Args:
        checked: Probability and whether right, the highest probability first.
        target: The share wanted.
    """
    best, hits = None, 0
    for count, (confidence, right) in enumerate(checked, 1):
        hits += right
        last_of_its_kind = count == len(checked) or checked[count][0] < confidence
        if last_of_its_kind and count >= ENOUGH and hits / count >= target:
            best = confidence
    return best


def is_below(rate: Rate, target: float) -> bool:
    """Return whether a share is below what was promised, as far as enough answers tell."""
    return rate.count >= ENOUGH and rate.value is not None and rate.value < target


def total(weeks: Sequence[Week]) -> Rate:
    """Return the share of right ones over some weeks."""
    return Rate.of(sum(week.right.hits for week in weeks), sum(week.right.count for week in weeks))


def _monday(moment: Any) -> str:
    """Return the Monday of a moment's week, Beijing time."""
    day = local(moment).date()
    return str(day - timedelta(days=day.weekday()))
