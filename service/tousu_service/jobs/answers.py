"""What people answered, written as labelled rows for ``tousu loop``: the desk's answers and the API's corrections."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson

from tousu.errors import FileError
from tousu.messages import system_reason
from tousu_service.desk.store.answers import answers_as_rows
from tousu_service.jobs.shown import shown_moment
from tousu_service.store import audit, corrections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tousu_service.store import Store

PAGE = 1000


def write_answers(store: Store, path: Path, *, actor: str) -> int:
    """Write all answers to a file only its owner can read; return how many. That they were exported is audited.

    Args:
        store: The store.
        path: The file, replaced if it is there.
        actor: Who wants them.

    Raises:
        FileError: It cannot be written.
        StoreError: The store cannot be read.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    count = 0
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for row in _rows(store):
                file.write(orjson.dumps(row) + b"\n")
                count += 1
        audit.append(store, "answers_exported", actor=actor, detail={"rows": count})
        fresh.replace(path)
    except OSError as error:
        raise FileError(f"写不了 {path}（{system_reason(error)}）", fix="检查路径、权限与磁盘空间") from error
    finally:
        fresh.unlink(missing_ok=True)
    return count


def _rows(store: Store) -> Iterator[dict[str, Any]]:
    """Yield every answer with who gave it and when."""
    after = 0
    while page := corrections.listed(store, after=after, limit=PAGE):
        for each in page:
            online = {} if each.online is None else {"online": each.online}
            yield {
                "text": each.text, "codes": list(each.codes), **online, "by": each.by, "at": shown_moment(each.at),
                "source": "correction",
            }  # fmt: skip
        after = page[-1].seq
    with store.reading() as connection:
        for held_out in (False, True):
            for row in answers_as_rows(connection, held_out=held_out):
                yield row | {"at": shown_moment(row["at"])}
