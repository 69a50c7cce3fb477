"""Corrections: persons' answers to taggings, taken once, listed, and given back as labelled rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict, TextError
from tousu.masking import mask
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.tables import corrections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tousu_service.store.base import Store

PAGE = 500


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """What a client sends.

    Attributes:
        text: The complaint's text; None only when ``text_id`` names one this client sent before.
        text_id: The client's own id of the text, as it was sent to be tagged.
        codes: The right codes, the primary first; checked by the caller.
        online: The right answer to the facet, None if not said.
        by: Who corrected.
        why: Reason, in the person's words.
        model: Version of the model whose tagging was corrected.
    """

    text: str | None
    text_id: str | None
    codes: tuple[str, ...]
    online: bool | None
    by: str
    why: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    """A stored correction; the text is masked unless ``masked`` is false."""

    seq: int
    at: datetime
    client: str
    text_id: str | None
    text: str
    masked: bool
    codes: tuple[str, ...]
    online: bool | None
    by: str
    why: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was granted and audited: the rows are fixed, whatever is added meanwhile.

    Attributes:
        rows: How many labelled rows it gives.
        until: The moment it reaches up to; the next export starts ``since`` there.
    """

    rows: int
    until: datetime
    _filter: sa.ColumnElement[bool]


_SHOWN = [column for column in corrections.c if column.name not in {"idempotency_key", "body_sha256", "subject"}]


def add(
    store: Store, new: NewCorrection, *, client: str, idempotency_key: str | None = None, raw: bool = False
) -> tuple[Correction, bool]:
    """Store a correction; when this returns, it is on the disk.

    Args:
        store: The store.
        new: What the client sent.
        client: Id of its key.
        idempotency_key: The same key and content again give the stored correction and store nothing.
        raw: Keep the text as it is instead of masking personal numbers.

    Returns:
        The correction, and whether it had been stored before under this idempotency key.

    Raises:
        Conflict: The idempotency key was used for something else.
        TextError: There is no text, and none was stored under ``text_id`` by this client.
        StoreError: It could not be stored; nothing was.
    """
    body = hashlib.sha256(
        json.dumps(asdict(new), ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    ).hexdigest()
    with store.writing() as connection:
        if idempotency_key is not None:
            known = _by_idempotency(connection, client, idempotency_key)
            if known is not None:
                if known["body_sha256"] != body:
                    raise Conflict("这个 Idempotency-Key 已用于另一份内容", fix="内容不同的更正请换一个新的键")
                return _correction(known), True
        text, masked = _text_of(connection, new, client, raw=raw)
        values = {
            "at": now(connection), "client": client, "idempotency_key": idempotency_key, "body_sha256": body,
            "subject": _subject(text, new.text_id, client), "text_id": new.text_id, "text": text, "masked": masked,
            "codes": list(new.codes), "online": new.online, "model": new.model,
            "by": new.by if raw else mask(new.by), "why": new.why if raw or new.why is None else mask(new.why),
        }  # fmt: skip
        seq = connection.execute(sa.insert(corrections).values(values).returning(corrections.c.seq)).scalar_one()
    return _correction(values | {"seq": seq}), False


def listed(
    store: Store, *, client: str | None = None, since: datetime | None = None, until: datetime | None = None,
    after: int = 0, limit: int = 100,
) -> list[Correction]:  # fmt: skip
    """Return corrections in the order they were stored.

    Args:
        store: The store.
        client: Only this client's.
        since: From this moment on.
        until: Before this moment.
        after: Only those numbered higher.
        limit: At most so many.
    """
    query = sa.select(*_SHOWN).where(corrections.c.seq > after, _between(corrections, client, since, until))
    with store.reading() as connection:
        rows = connection.execute(query.order_by(corrections.c.seq).limit(limit)).mappings()
        return [_correction(row) for row in rows]


def begin_export(
    store: Store, *, actor: str, client: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> Export:
    """Fix what an export gives and write who exported what into the audit, both at one moment.

    Of several corrections of one text (same text id of a client, or same text) the last one counts.
    Holding the writers' turn here makes "until now" exact: no correction dated earlier can appear later.
    """
    with store.writing() as connection:
        present = now(connection)
        until = present if until is None else min(until, present)
        later = corrections.alias("later")
        superseded = sa.exists().where(
            later.c.subject == corrections.c.subject,
            later.c.seq > corrections.c.seq,
            _between(later, client, since, until),
        )
        wanted = sa.and_(_between(corrections, client, since, until), ~superseded)
        rows = connection.execute(sa.select(sa.func.count()).select_from(corrections).where(wanted)).scalar_one()
        detail = {"since": since and since.isoformat(), "until": until.isoformat(), "client": client, "rows": rows}
        audit.write(connection, "corrections_exported", actor=actor, detail=detail)
    return Export(rows, until, wanted)


def exported(store: Store, export: Export) -> Iterator[list[dict[str, Any]]]:
    """Yield an export's labelled rows (``text``, ``codes``, ``online`` if said), a page at a time.

    Raises:
        StoreError: The database failed on the way; what was yielded is not all.
    """
    query = sa.select(*_SHOWN).where(export._filter).order_by(corrections.c.seq).limit(PAGE)
    after = 0
    while True:
        with store.reading() as connection:
            rows = [_correction(row) for row in connection.execute(query.where(corrections.c.seq > after)).mappings()]
        yield [_labelled(row) for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def _labelled(row: Correction) -> dict[str, Any]:
    """Return a correction as a row that training takes."""
    return {"text": row.text, "codes": list(row.codes)} | ({} if row.online is None else {"online": row.online})


def _between(
    table: sa.FromClause, client: str | None, since: datetime | None, until: datetime | None
) -> sa.ColumnElement[bool]:
    """Return the condition for a client's (or all) corrections from ``since`` on and before ``until``."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if client is not None:
        conditions.append(table.c.client == client)
    if since is not None:
        conditions.append(table.c.at >= since)
    if until is not None:
        conditions.append(table.c.at < until)
    return sa.and_(*conditions)


def _text_of(connection: sa.Connection, new: NewCorrection, client: str, *, raw: bool) -> tuple[str, bool]:
    """Return the text to store and whether it is masked.

    Raises:
        TextError: None was given, and none is stored under the text id.
    """
    if new.text is not None:
        text = new.text.replace("\0", " ").encode("utf-8", "replace").decode()  # what no database takes
        return (text, False) if raw else (mask(text), True)
    query = sa.select(corrections.c.text, corrections.c.masked).where(
        corrections.c.client == client, corrections.c.text_id == new.text_id
    )
    row = connection.execute(query.order_by(corrections.c.seq.desc()).limit(1)).first()
    if row is None:
        raise TextError(
            "只给了 text_id，但本服务不保存打标签时的原文",
            expected="text 一并给出",
            fix="第一次更正一段投诉时请带上 text",
        )
    return row.text, row.masked


def _by_idempotency(connection: sa.Connection, client: str, key: str) -> Mapping[Any, Any] | None:
    """Return the row stored under an idempotency key."""
    query = sa.select(corrections).where(corrections.c.client == client, corrections.c.idempotency_key == key)
    return connection.execute(query).mappings().one_or_none()


def _subject(text: str, text_id: str | None, client: str) -> str:
    """Return what the correction is about: the client's id of the text, else the text itself, hashed."""
    about = f"text\0{text}" if text_id is None else f"id\0{client}\0{text_id}"
    return hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()


def _correction(row: Mapping[Any, Any]) -> Correction:
    """Return a row of the table as a correction."""
    shown = {column.name: row[column.name] for column in _SHOWN}
    return Correction(**(shown | {"codes": tuple(row["codes"])}))
