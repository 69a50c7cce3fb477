"""An upload of the desk: its rows tagged and stored as cases, some hundred at a time, each once."""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from tousu.batch.rejects import text_of
from tousu.classifier.familiarity import FEW
from tousu.errors import ColumnMissing, Conflict
from tousu.files.tables import Unreadable, read_file
from tousu.ledger.days import read_day
from tousu.ledger.fields import DAYS, find_fields
from tousu.near_duplicates import leaders_of
from tousu_service.desk.preview import plain
from tousu_service.desk.secret import secret_of
from tousu_service.desk.store import spot_checks, uploads
from tousu_service.desk.store.cases import NewCase, add_cases, set_groups
from tousu_service.desk.store.headers import LEDGER
from tousu_service.jobs.desk_cells import day_kept, whose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu.files.tables import Table
    from tousu_service.jobs.held import HeldJob
    from tousu_service.settings import Settings
    from tousu_service.store import Store

FIRST, PIECE = 200, 1000  # rows in a piece: the first is small, to be reviewed at once
EVERY = 10  # of how many rows one is looked at for known words
MOST_GROUPED = 200_000


class _Piece(NamedTuple):
    """Some rows of an upload, tagged, and what is counted of them."""

    cases: list[NewCase]
    counts: dict[str, int]


def store_rows(
    held: HeldJob, store: Store, settings: Settings, classifier: Classifier, upload_id: int, path: Path
) -> dict[str, Any]:
    """Tag an upload's rows and store them as cases; return the counts.

    Rows that an earlier attempt stored are left as they are. Every piece is written in one transaction with the proof
    that the job is still ours.

    Args:
        held: The job.
        store: The store.
        settings: The settings.
        classifier: The model.
        upload_id: The upload.
        path: Its file.

    Raises:
        Conflict: The upload was taken back.
        TousuError: The file cannot be read, or no column holds the texts.
        JobStopped: The job is to stop.
    """
    secret = secret_of(settings)
    with store.writing() as connection:
        held.renew(connection)
        upload = uploads.find(connection, upload_id)
        if upload.state == "void":
            raise Conflict("这份收件已作废", fix="先恢复，再处理")
        values = {"state": "tagging", "job_id": held.job.id, "rejected": 0, "problem": None}
        uploads.change(connection, upload_id, actor="service", **values)
    counts = {"rows": 0, "rejects": 0, "stored": 0, "auto": 0, "looked_at": 0, "few_known": 0}
    texts: list[str] = []
    numbers: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        pieces = _pieces(classifier, _rows(path, upload.columns))
        coming = pool.submit(next, pieces, None)
        while piece := coming.result():
            coming = pool.submit(next, pieces, None)  # read and tagged while this one is written
            cases = piece.cases
            with store.writing() as connection:
                held.renew(connection)
                counts["stored"] += add_cases(connection, upload_id, cases, secret=secret, raw=settings.store_raw_text)
                if cases:
                    share = settings.spot_check_share
                    spot_checks.draw(connection, upload_id, cases[0].row, cases[-1].row, share=share)
            for name, more in piece.counts.items():
                counts[name] += more
            if len(texts) < MOST_GROUPED:
                texts += [case.text for case in cases]
                numbers += [case.row for case in cases]
            # An earlier attempt may have come further.
            held.rows, held.step = max(held.rows, counts["rows"]), "标注并入库"
            held.check()
    held.step = "归组"
    groups = _groups(texts, numbers)
    with store.writing() as connection:
        held.renew(connection)
        set_groups(connection, upload_id, groups)
        uploads.change(connection, upload_id, actor="service", state="ready", rejected=counts["rejects"])
    return counts


def _pieces(classifier: Classifier, rows: Iterator[dict[str, Any]]) -> Iterator[_Piece]:
    """Yield rows tagged, some hundred at a time."""
    size = FIRST
    while piece := list(itertools.islice(rows, size)):
        size = PIECE
        sound = [new for new in piece if new["text"]]
        taggings = classifier.tag_many([new["text"] for new in sound])
        shares = classifier.known_shares([new["text"] for new in sound[::EVERY]])
        counts = {
            "rows": len(piece),
            "rejects": len(piece) - len(sound),
            "auto": int(taggings.auto.sum()),
            "looked_at": shares.size,
            "few_known": int((shares < FEW).sum()),
        }
        yield _Piece([NewCase(tagging=tagging, **new) for new, tagging in zip(sound, taggings, strict=True)], counts)


def _groups(texts: Sequence[str], numbers: Sequence[int]) -> dict[int, int]:
    """Return of the rows that have near-duplicates the row of the first of them."""
    leaders = leaders_of(texts)
    sizes = Counter(leaders)
    return {
        number: numbers[leader]
        for number, leader in zip(numbers, leaders, strict=True)
        if leader is not None and sizes[leader] > 1
    }


def _rows(path: Path, columns: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is known of each row of a file, sheets without the text column passed over.

    Raises:
        ColumnMissing: No table has it.
    """
    wanted = columns.get("text")
    names = [wanted] if isinstance(wanted, str) else list(wanted or ())
    number, used = 0, False
    for table in read_file(path):
        if not names or not all(name in table.names for name in names):
            continue
        used = True
        for new in _of_table(table, names, columns):
            number += 1
            yield {"row": number, **new}
    if not used:
        raise ColumnMissing(f"没有内容列 {'、'.join(map(str, names)) or '（未指定）'}", fix="重新选内容所在的列")


def _of_table(table: Table, names: list[str], columns: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is known of each row of a table."""
    found = find_fields(table.names, taken=names)
    roles = {role: columns.get(role) or found.get(field) for role, field in LEDGER.items()}
    roles["complainant"] = columns.get("complainant")
    readers = {role: table.column(name) for role, name in roles.items() if name in table.names}
    telephone = table.column(found["telephone"]) if "telephone" in found else None
    days = {found[field] for field in DAYS if field in found}
    text_readers = [table.column(name) for name in names]
    shown = [name for name in table.names if name not in (*names, *roles.values())]
    others = [(name, table.column(name)) for name in shown]
    for _, cells in table.rows:
        if table.nested and isinstance(cells[0], Unreadable):
            yield {"text": ""}
            continue
        text, fault = text_of([reader(cells) for reader in text_readers])
        told = {role: plain(reader(cells)) or None for role, reader in readers.items() if role != "received"}
        facts = {name: words for name, reader in others if (words := plain(reader(cells)))}
        if "received" in readers:
            day = read_day(readers["received"](cells))
            told["received"] = day.isoformat() if isinstance(day, date) else None
            if isinstance(day, str):  # it cannot be read, and who looks at the case may want to know
                facts[str(roles["received"])] = plain(readers["received"](cells))
        facts |= {name: day_kept(facts[name]) for name in days & facts.keys()}
        if told.get("complainant"):
            number = plain(telephone(cells)) or None if telephone is not None else None
            told["complainant"], said = whose(told["complainant"], number)
            facts |= {str(roles["complainant"]): said} if said else {}
        yield {"text": "" if fault else text, "facts": facts, **told}
