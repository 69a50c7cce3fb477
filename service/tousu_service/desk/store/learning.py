"""What people have said since a model last learnt from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu_service.store.desk_tables import answers, cases
from tousu_service.store.tables import corrections, jobs

if TYPE_CHECKING:
    from datetime import datetime

FEW = 50  # answers below which a training is hardly worth it


@dataclass(frozen=True, slots=True)
class NewAnswers:
    """Answers since the last training that came to its end.

    Attributes:
        since: When that began; None before the first.
        by_domain: How many by the domain people said, most first.
        corrections: How many corrections came over the API.
        blind: How many answers of 抽检, which measure and never train.
    """

    since: datetime | None
    by_domain: list[tuple[str, int]]
    corrections: int
    blind: int

    @property
    def count(self) -> int:
        """How many there are to learn from."""
        return sum(count for _, count in self.by_domain) + self.corrections


def since_training(connection: sa.Connection) -> NewAnswers:
    """Return how many answers came since the last training that came to its end."""
    last = sa.select(sa.func.max(jobs.c.created_at)).where(jobs.c.kind == "train", jobs.c.state == "done")
    since: datetime | None = connection.execute(last).scalar()
    fresh = [] if since is None else [answers.c.at > since]
    query = (
        sa.select(cases.c.domain, _blind().label("blind"), sa.func.count().label("count"))
        .join(answers, answers.c.id == cases.c.answer_id)
        .where(cases.c.state == "answered", *fresh)
        .group_by(cases.c.domain, _blind())
    )
    found: dict[str, int] = {}
    blind = 0
    for row in connection.execute(query):
        if row.blind:
            blind += int(row._mapping["count"])
        else:
            found[row.domain] = int(row._mapping["count"])
    newer = [] if since is None else [corrections.c.at > since]
    corrected: int = connection.execute(sa.select(sa.func.count()).select_from(corrections).where(*newer)).scalar_one()
    return NewAnswers(since, sorted(found.items(), key=lambda pair: (-pair[1], pair[0])), corrected, blind)


def _blind() -> sa.ColumnElement[bool]:
    """Return the condition for answers of 抽检, written out: PostgreSQL takes two parameters for two conditions."""
    return answers.c.source == sa.bindparam(None, "sample", sa.String, literal_execute=True)
