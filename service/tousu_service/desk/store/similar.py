"""Earlier cases like one: those that share its rarer pairs of characters, or tell the same in other words."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tousu_service.desk import likeness
from tousu_service.desk.store.filters import unseen
from tousu_service.desk.store.lists import beginning
from tousu_service.store import vectors
from tousu_service.store.desk_tables import case_texts, cases

MOST = 5
LOOKED_AT = 3000  # the latest cases of the same domain, and the latest of any that have vectors
SHORTLIST = 100  # of those of any domain: as many, by vectors, have their pairs looked at too
COPY = 0.95
LEAST, LEAST_SUM = 0.12, 0.4  # what less is alike by is chance: of pairs, of both
FEWEST = 20  # vectors: the mean of fewer tells nothing of what all have in common


def like(connection: sa.Connection, case_id: int, text: str) -> list[dict[str, Any]]:
    """Return up to ``MOST`` earlier cases most like a text, the most alike first, near-duplicates left out.

    Only the latest cases that were put under the same domain are looked at, and the latest of any domain whose vectors
    can be compared with the case's own, where it has one. The share of pairs and the product of the centred vectors are
    added up: that of a case without a vector counts as 0, which is what two cases have that have nothing to do with each
    other.

    Args:
        connection: A transaction.
        case_id: The case the text is of.
        text: The text.

    Returns:
        Columns of the cases, ``text`` (its beginning), ``share`` of the pairs (0 to 1) and ``product`` of the vectors (-1 to
        1, None without).
    """
    same = _of_same_domain(connection, case_id)
    alike = _products(connection, case_id)
    nearest = sorted(alike, key=lambda number: -alike[number])[:SHORTLIST]
    texts = same | _texts(connection, [number for number in nearest if number not in same])
    shares = likeness.shared_pairs(text, list(texts.values())).tolist()
    found = []
    for number, share in zip(texts, shares, strict=True):
        both = share + alike.get(number, 0.0)
        if share < COPY and (share >= LEAST or both >= LEAST_SUM):
            found.append((both, number, share))
    found.sort(reverse=True)
    chosen = {number: {"share": share, "product": alike.get(number)} for _, number, share in found[:MOST]}
    return _shown(connection, chosen, texts)


def _candidates(case_id: int) -> sa.Select[Any]:
    """Return the query for the latest cases that may be shown beside one."""
    query = sa.select(cases.c.id).where(cases.c.id != case_id, cases.c.state.not_in(("void", "same")))
    return query.order_by(cases.c.id.desc()).limit(LOOKED_AT)


def _of_same_domain(connection: sa.Connection, case_id: int) -> dict[int, str]:
    """Return the texts of the latest cases of the same domain, by number."""
    domain = sa.select(cases.c.domain).where(cases.c.id == case_id).scalar_subquery()
    # SQLite would sort all cases of the domain by an index of it; the latest of all, looked through, are there sooner.
    own = cases.c.domain.concat("") if connection.dialect.name == "sqlite" else cases.c.domain
    chosen = _candidates(case_id).where(own == domain).subquery()  # first, so that no other text is read
    query = sa.select(chosen.c.id, case_texts.c.text).join(case_texts, case_texts.c.id == chosen.c.id)
    return {number: told for number, told in connection.execute(query)}  # noqa: C416 -- rows are no tuples to ``dict``


def _products(connection: sa.Connection, case_id: int) -> dict[int, float]:
    """Return the products of the latest cases' vectors with the case's own, by number; none where it has none."""
    own = vectors.of_case(connection, case_id)
    if own is None:
        return {}
    found = vectors.latest(connection, _candidates(case_id), own.encoder)
    if len(found.numbers) < FEWEST:
        return {}
    return dict(zip(found.numbers, likeness.products(own.vector, found.vectors).tolist(), strict=True))


def _texts(connection: sa.Connection, numbers: list[int]) -> dict[int, str]:
    query = sa.select(case_texts.c.id, case_texts.c.text).where(case_texts.c.id.in_(numbers))
    return {row.id: row.text for row in connection.execute(query)}


def _shown(connection: sa.Connection, chosen: dict[int, dict[str, Any]], texts: dict[int, str]) -> list[dict[str, Any]]:
    """Return what is shown of the chosen cases, in their order."""
    columns = (
        cases.c.id,
        cases.c.number,
        cases.c.domain,
        cases.c.state,
        cases.c.answered_by,
        cases.c.received,
        unseen(),
    )
    rows = connection.execute(sa.select(*columns).where(cases.c.id.in_(chosen))).mappings()
    told = {row["id"]: dict(row) for row in rows}
    return [told[number] | {"text": beginning(texts[number])} | how for number, how in chosen.items()]
