"""What went out: a small SQLite file that lets each case be told of once a day, whoever runs and whatever ends them.

A notice is claimed before it is sent. Its states:

    claimed   nothing has left this machine; whoever ends here has sent nothing, the next run sends it
    sending   written just before the first byte of the notice itself leaves; whoever ends here may have sent it
    sent      the other side has taken it
    failed    the other side has refused it, or could not be reached; the next run tries again
    unclear   it was ``sending`` when the run ended or the line broke, or a gateway gave up: told in the log and not sent again that day

So nothing goes out twice. One run at a time works: a lock of the system's, gone with its process, sees to that.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from tousu.errors import FileError
from tousu.timezone import now, today

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tousu.remind.notices import Item, Notice

SCHEMA = """
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, day TEXT NOT NULL, officer TEXT NOT NULL, channel TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL,
    cases INTEGER NOT NULL, claimed_at TEXT NOT NULL, ended_at TEXT, reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS items (
    day TEXT NOT NULL, case_key TEXT NOT NULL, clock TEXT NOT NULL, stage TEXT NOT NULL, officer TEXT NOT NULL, channel TEXT NOT NULL,
    target TEXT NOT NULL, notice TEXT NOT NULL REFERENCES notices (id),
    PRIMARY KEY (day, case_key, clock, stage, officer, channel, target)
) STRICT;
CREATE INDEX IF NOT EXISTS items_notice ON items (notice);
"""
KEPT = datetime.timedelta(400)
CUT_OFF = "发送中断，可能已送达，当天不再发"
PAUSE = 0.1  # seconds between two tries for the lock


class Logged(NamedTuple):
    """A notice in the log."""

    id: str
    day: str
    officer: str
    channel: str
    target: str
    state: str
    cases: int
    claimed_at: str
    ended_at: str | None
    reason: str


class SentLog:
    """The file of what went out, locked for one run.

    Args:
        path: The file; made where it is not there.
        wait: Seconds to wait for another run to end.

    Raises:
        FileError: It cannot be opened, or another run goes on for longer.
    """

    def __init__(self, path: Path, *, wait: float = 600.0) -> None:
        self._path = path
        try:
            self._lock = path.with_name(f"{path.name}.lock").open("a")
        except OSError as error:
            raise FileError(f"提醒记录打不开：{path}", fix="检查路径与权限") from error
        self._wait_for_turn(wait)
        try:
            self._db = opened(path)
        except BaseException:
            self._lock.close()
            raise
        self._settle()

    def _wait_for_turn(self, wait: float) -> None:
        """Take the lock.

        Raises:
            FileError: Another run holds it for longer than ``wait`` seconds.
        """
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= until:
                    self._lock.close()
                    raise FileError(f"另一个 tousu remind 正用着 {self._path}", fix="等它结束再试") from error
                time.sleep(PAUSE)
            else:
                return

    def _settle(self) -> None:
        """Settle what a run that was ended left: what had not left this machine is free again, the rest is unclear."""
        with self._db:
            self._db.execute(
                "UPDATE notices SET state = 'unclear', reason = ?, ended_at = ? WHERE state = 'sending'",
                (CUT_OFF, _now()),
            )
            self._db.execute(
                "DELETE FROM items WHERE notice IN (SELECT id FROM notices WHERE state IN ('claimed', 'failed'))"
            )
            self._db.execute("DELETE FROM notices WHERE state = 'claimed'")
            oldest = (today() - KEPT).isoformat()
            self._db.execute("DELETE FROM items WHERE day < ?", (oldest,))
            self._db.execute("DELETE FROM notices WHERE day < ?", (oldest,))

    def is_new(self, notice: Notice, item: Item) -> bool:
        """Return whether a case has not been told of that day at that stage and address."""
        found = self._db.execute(
            "SELECT 1 FROM items WHERE (day, case_key, clock, stage, officer, channel, target) = (?, ?, ?, ?, ?, ?, ?)",
            _key(notice, item),
        ).fetchone()
        return found is None

    def claim(self, notice: Notice) -> str:
        """Write down that a notice is about to be sent; return its id."""
        made = uuid.uuid4().hex
        with self._db:
            self._db.execute(
                "INSERT INTO notices (id, day, officer, channel, target, state, cases, claimed_at) VALUES (?, ?, ?, ?, ?, 'claimed', ?, ?)",
                (
                    made,
                    notice.day.isoformat(),
                    notice.officer,
                    notice.channel,
                    notice.target,
                    len(notice.items),
                    _now(),
                ),
            )
            self._db.executemany(
                "INSERT INTO items (day, case_key, clock, stage, officer, channel, target, notice) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(*_key(notice, item), made) for item in notice.items],
            )
        return made

    def sending(self, notice: str) -> None:
        """Write down that a notice leaves now."""
        with self._db:
            self._db.execute("UPDATE notices SET state = 'sending' WHERE id = ?", (notice,))

    def ended(self, notice: str, state: str, reason: str = "") -> None:
        """Write down how sending a notice ended: sent, failed or unclear."""
        with self._db:
            self._db.execute(
                "UPDATE notices SET state = ?, reason = ?, ended_at = ? WHERE id = ?", (state, reason, _now(), notice)
            )

    def close(self) -> None:
        """Close the file and let the next run go."""
        self._db.close()
        self._lock.close()


def opened(path: Path) -> sqlite3.Connection:
    """Open the file; every commit is on the disk before it returns.

    Raises:
        FileError: It is no such file, or cannot be read or written.
    """
    try:
        db = sqlite3.connect(path, timeout=30)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(SCHEMA)
    except sqlite3.Error as error:
        raise FileError(
            f"提醒记录打不开：{path}", expected="tousu remind 自己建的文件", fix="换一个 log 路径，或检查权限"
        ) from error
    return db


def logged(path: Path, most: int = 200) -> list[Logged]:
    """Return the last notices of the log, the newest first; none where there is no file.

    Raises:
        FileError: The file cannot be read.
    """
    if not path.exists():
        return []
    with contextlib.closing(opened(path)) as db:
        rows = db.execute(f"SELECT {', '.join(Logged._fields)} FROM notices ORDER BY claimed_at DESC LIMIT ?", (most,))  # noqa: S608 - our own names
        return [Logged(*row) for row in rows]


@contextlib.contextmanager
def sent_log(path: Path, *, wait: float = 600.0) -> Iterator[SentLog]:
    """Open the log for one run.

    Raises:
        FileError: It cannot be opened, or another run goes on for longer than ``wait`` seconds.
    """
    log = SentLog(path, wait=wait)
    try:
        yield log
    finally:
        log.close()


def _key(notice: Notice, item: Item) -> tuple[Any, ...]:
    return (notice.day.isoformat(), *item.claim, notice.officer, notice.channel, notice.target)


def _now() -> str:
    return now().isoformat(timespec="milliseconds")
