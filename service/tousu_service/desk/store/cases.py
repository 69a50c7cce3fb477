"""Cases: tagged rows of uploads, put into the store many at a time, each row once."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.case_codes import SIGNALS
from tousu.masking import mask
from tousu_service.store.copying import put_rows
from tousu_service.store.desk_tables import case_texts, cases, uploads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tousu.classifier.tagging import Tagging

BIT_OF = {code: 1 << bit for bit, code in enumerate(SIGNALS)}
AHEAD = {"urgent": 2.0, "watch": 1.0, "normal": 0.0}
SAME = -1.0  # priority of a row that came before, letter by letter
MOST_FACTS, LONGEST_FACT = 40, 300
BETWEEN = "\x1f"  # of cells; no number has it inside


@dataclass(frozen=True, slots=True)
class NewCase:
    """A tagged row of an upload.

    Attributes:
        row: Its place in the upload, from 1, the header not counted; the same row is stored once.
        text: The complaint.
        tagging: What the model says of it.
        number: The station's number of the case.
        received: The day it came in, ``2026-11-30``.
        respondent: Whom it is about.
        complainant: Who complains, name and telephone as they stand; only a keyed hash is kept.
        facts: The row's other cells by header.
        group: Row of the first of its near-duplicates in the upload, None when it is alone or that is not known.
    """

    row: int
    text: str
    tagging: Tagging
    number: str | None = None
    received: str | None = None
    respondent: str | None = None
    complainant: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    group: int | None = None


def add_cases(
    connection: sa.Connection, upload_id: int, rows: Sequence[NewCase], *, secret: str, raw: bool = False
) -> int:
    """Store tagged rows within the caller's writing transaction; hand over some thousand at a time.

    A row that is there already is left as it is, so a job that was killed may hand in its last piece again. A row
    whose number and text came before, with another upload, becomes a case in the state ``same``, which is in no
    queue and answered by the earlier one; one whose number came with another text names the earlier case.

    Args:
        connection: A writing transaction.
        upload_id: The upload.
        rows: The rows, their taggings all of one model.
        secret: Key of the complainants' hashes.
        raw: Keep texts as they are instead of masking personal numbers.

    Returns:
        How many rows were new.
    """
    if not rows:
        return 0
    span = cases.c.row.between(min(new.row for new in rows), max(new.row for new in rows))
    there = set(connection.execute(sa.select(cases.c.row).where(cases.c.upload_id == upload_id, span)).scalars())
    fresh = list({new.row: new for new in rows if new.row not in there}.values())
    if not fresh:
        return 0
    kept_rows = [_kept_row(new, raw=raw) for new in fresh]
    earlier = _earlier(connection, fresh)
    first = _reserve(connection, len(fresh))
    heads, bodies = [], []
    for place, (new, (text, names, cells)) in enumerate(zip(fresh, kept_rows, strict=True)):
        name, number = _number(new), first + place
        before, same = earlier.get(name, (None, "")) if name else (None, "")
        if name and not (before and same == text):
            earlier[name] = (number, text)
        heads.append(
            {"id": number, "upload_id": upload_id, "earlier_id": before}
            | _columns(new, secret, same=before is not None and same == text)
        )
        facts = dict(zip(names, cells, strict=True))
        bodies.append({"id": number, "text": text, "facts": facts, "tagging": new.tagging.to_dict()})
    put_rows(connection, cases, heads)
    put_rows(connection, case_texts, bodies)
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(rows=uploads.c.rows + len(fresh)))
    return len(fresh)


def set_groups(connection: sa.Connection, upload_id: int, groups: Mapping[int, int]) -> None:
    """Note which rows of an upload are near-duplicates: row to the row of the first of them."""
    change = (
        sa.update(cases)
        .where(cases.c.upload_id == upload_id, cases.c.row == sa.bindparam("at"))
        .values(group_row=sa.bindparam("leader"))
    )
    pairs = [{"at": row, "leader": leader} for row, leader in groups.items()]
    if pairs:
        connection.execute(change, pairs)


def priority(tagging: Tagging) -> float:
    """Return a case's place in the review queue: what is to be watched first, then what is least sure."""
    return AHEAD[tagging.attention] + 1 - tagging.probabilities.get(tagging.primary, 0.0)


def bits_of(signals: Iterable[str]) -> int:
    """Return signals as the bits of the column."""
    return sum(BIT_OF.get(code, 0) for code in signals)


def signals_of(bits: int) -> tuple[str, ...]:
    """Return the signals of a column's bits, in their order."""
    return tuple(code for code in SIGNALS if bits & BIT_OF[code])


def hash_of_person(words: str, secret: str) -> str:
    """Return the keyed hash by which two complaints of one person can be told, without who it is."""
    return hmac.new(secret.encode(), words.strip().encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _columns(new: NewCase, secret: str, *, same: bool) -> dict[str, Any]:
    """Return the columns of ``cases`` that a row decides."""
    tagging = new.tagging
    return {
        "row": new.row,
        "number": _number(new),
        "state": "same" if same else "auto" if tagging.decision == "auto" else "open",
        "version": 0,
        "domain": tagging.primary,
        "codes": ",".join(tagging.codes),
        "online": tagging.online,
        "kind": tagging.kind,
        "route": tagging.route,
        "attention": tagging.attention,
        "signals": bits_of(tagging.signals),
        "predicted": tagging.primary,
        "decision": tagging.decision,
        "confidence": tagging.probabilities.get(tagging.primary, 0.0),
        "priority": SAME if same else priority(tagging),
        "received": new.received or "",
        "month": new.received[:7] if new.received else None,
        "respondent": (mask(new.respondent.strip())[:120] or None) if new.respondent else None,
        "complainant": hash_of_person(new.complainant, secret) if new.complainant else None,
        "group_row": new.group,
    }


def kept(text: str, *, raw: bool) -> str:
    """Return a text as it is stored: without what no database takes, personal numbers as zeros unless ``raw``."""
    clean = text.replace("\0", " ").encode("utf-8", "replace").decode()
    return clean if raw else mask(clean)


def _kept_row(new: NewCase, *, raw: bool) -> tuple[str, list[str], list[str]]:
    """Return a row's text, the headers of its other cells and these, as they are stored; masked all in one go."""
    facts = list(new.facts.items())[:MOST_FACTS]
    whole = kept(
        BETWEEN.join([new.text.replace(BETWEEN, " "), *(str(v).replace(BETWEEN, " ") for _, v in facts)]), raw=raw
    )
    text, *cells = whole.split(BETWEEN)
    return text, [name[:80] for name, _ in facts], [cell[:LONGEST_FACT] for cell in cells]


def _number(new: NewCase) -> str | None:
    """Return the station's number as it is stored: whole, since it is no personal one however many digits it has."""
    return (new.number or "").replace("\0", "").strip()[:80] or None


def _earlier(connection: sa.Connection, fresh: Sequence[NewCase]) -> dict[str, tuple[int, str]]:
    """Return the last case and its text by number, of those numbers that came before."""
    numbers = sorted({number for new in fresh if (number := _number(new))})
    last: dict[str, int] = {}
    texts: dict[int, str] = {}
    for at in range(0, len(numbers), 500):
        named = cases.c.number.in_(numbers[at : at + 500])
        query = sa.select(cases.c.number, cases.c.id).where(named, cases.c.state.not_in(("void", "same")))
        last |= {str(row.number): row.id for row in connection.execute(query.order_by(cases.c.id))}
    # Apart: joined, PostgreSQL read all texts there are, until it had counted them.
    found = sorted(last.values())
    for at in range(0, len(found), 500):
        query = sa.select(case_texts.c.id, case_texts.c.text).where(case_texts.c.id.in_(found[at : at + 500]))
        texts |= {row.id: row.text for row in connection.execute(query)}
    return {number: (case_id, texts[case_id]) for number, case_id in last.items()}


def _reserve(connection: sa.Connection, count: int) -> int:
    """Return the first of ``count`` numbers for new cases; writers take turns, so nobody else takes them."""
    if connection.dialect.name == "sqlite":
        last: int | None = connection.execute(sa.select(sa.func.max(cases.c.id))).scalar()
        return (last or 0) + 1
    step = sa.text("SELECT nextval(pg_get_serial_sequence('cases', 'id')) FROM generate_series(1, :count)")
    return int(min(connection.execute(step, {"count": count}).scalars()))
