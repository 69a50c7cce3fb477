"""Ten thousand hostile forms to every address of the desk that takes one: never a 5xx, nothing leaks, the desk is well after."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa

from tests.harness.desk import PEOPLE, Desk, addresses, filled
from tests.harness.postgres import Postgres
from tests.harness.server import ChaosError, Server, told
from tousu.classifier import Classifier
from tousu.taxonomy import load_taxonomy
from tousu_service.desk import pages
from tousu_service.store.desk_tables import answers, case_texts, desk_users, uploads

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.desk import Seat

SEED, COUNT, AT_ONCE, TOGETHER = 20261130, 10_000, 8, 500
SECRET = "泄露标记9173"  # stands in every value; it may come back as words, and never reach the log
HOSTILE = (
    "", " ", "0", "-1", "1", "2", "9" * 15, "9" * 16, "9" * 400, "1e3", "１２", "NaN", "1.5", "true", "null", "None", "[]",
    "\0", "a\0b", "\x1b[31m", "\r\nSet-Cookie: a=b", "\u202e\u200b\ufeff", "😀" * 300, "é", "' OR 1=1 --", "%00%ff",
    "'; DROP TABLE cases; --", "<script>leak()</script>", "<img src=x onerror=leak()>", "{{ 7*7 }}", "${7*7}", "\\", "/", "//evil.example",
    "https://evil.example", "../../../../etc/passwd", "=HYPERLINK(1)", "x" * 5000, "龘" * 3000, "elevator", "elevator,pricing",
    "nope", "admin", "2026-13-45", "0000-00-00", "9999-12-31", "-9999-1-1", "2026-11-30", "save", "ask", "skip", "undo",
)  # fmt: skip
SOUND = {
    "primary": "elevator", "version": "0", "step": "save", "case": "3", "domain": "pricing", "queue": "all", "to": "1",
    "what": "role", "role": "officer", "answer": "1", "text": "投诉内容", "also": "pricing", "kind": "complaint",
    "online": "1", "name": "新人", "back": "/mine", "due_on": "2026-12-01", "days": "7",
}  # fmt: skip
PLACES = ("0", "1", "2", "3", "7", "99", "-1", "x", "%00", "9" * 15, "9" * 40, "１", "1%2F2", "..%2F..", "%ff", "a'b")
LEAKS = re.compile(
    r"Traceback|sqlalchemy|sqlite3|psycopg|site-packages|tousu_service|SELECT |INSERT |jinja2|<script>leak|<img src=x onerror|\$argon2"
)
SCRIPTS = re.compile(r"<script(?! src=\"/desk/static/)")


def field_names() -> list[str]:
    """Return the names of all fields that the pages ask their forms for, as their code has them, and some of none."""
    source = "".join(path.read_text("utf-8") for place in pages.__path__ for path in _python(place))
    found = set(re.findall(r"""(?:said|limited|number|getlist|form\.get)\(\s*"(\w+)\"""", source))
    assert {"primary", "note", "what", "back", "why"} <= found
    return sorted(found | set(SOUND) | {"csrf", "case[]", "__proto__", "upload", "q", "state", "月"})


def _python(place: str) -> list[Path]:
    from pathlib import Path

    return sorted(Path(place).glob("*.py"))


def body_of(chance: Random, names: list[str], token: str) -> tuple[bytes, str]:
    """Return a hostile form and what it says it is."""
    fields = [("csrf", token)] if chance.random() < 0.8 else [("csrf", chance.choice(HOSTILE))] * chance.randrange(3)
    if chance.random() < 0.5:  # nearly sound: one or two fields are not
        fields += SOUND.items()
    for _ in range(chance.randrange(1, 6)):
        fields.append((chance.choice(names), chance.choice(HOSTILE) + SECRET * (chance.random() < 0.5)))
    if chance.random() < 0.02:
        fields += [("case", str(n)) for n in range(chance.choice([50, 1000]))]
    fields = [(name, value) for name, value in fields if name != "csrf" or value == token] + [
        (name, value) for name, value in fields if name == "csrf" and value != token
    ]
    how = chance.random()
    if how < 0.65:
        return "&".join(f"{quote(name)}={quote(value)}" for name, value in fields).encode(), FORM
    if how < 0.85:
        return parts_of(chance, fields), "multipart/form-data; boundary=b"
    raw = chance.choice([
        b"", b"%", b"csrf=%zz&=&&&==", b"\xff\xfe" * 50, f"csrf={token}&note=\xb5\xe7".encode("latin-1"), b"{}", b"a=" + b"b" * 300_000,
        f"csrf={token}&".encode() + b"&".join(b"f%d=1" % n for n in range(400)), b"--b\r\n", parts_of(chance, fields)[:-9],
    ])  # fmt: skip
    kinds = (
        FORM,
        "multipart/form-data",
        "multipart/form-data; boundary=b",
        "application/json",
        "text/plain",
        f"{FORM}; charset=nope",
    )
    return raw, chance.choice(kinds)


FORM = "application/x-www-form-urlencoded"


def parts_of(chance: Random, fields: list[tuple[str, str]]) -> bytes:
    """Return fields as parts, often with a file among them."""
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields
    )
    if chance.random() < 0.7:
        name = chance.choice(
            [
                "a.csv",
                "",
                "../../x.csv",
                "a\0.csv",
                "<script>leak()</script>.csv",
                "a" * 300 + ".csv",
                "x.exe",
                "=1.xlsx",
            ]
        )
        content = chance.choice([b"", b"a,b\n1,2\n", b"PK\x03\x04", b"\xff" * 2000, "投诉内容\n电梯坏了\n".encode()])
        body += (
            f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    return body + b"--b--\r\n"


class Lane:
    """One kept-alive connection: little more than a socket, so that the server is what is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, message: bytes) -> tuple[int, str, str]:
        """Send a request; return status, head and body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(message)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode("latin-1")
        length = re.search(r"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if "connection: close" in head:
            self.close()
        return int(head.split(" ", 2)[1]), head, body.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def judge(where: str, status: int, head: str, text: str, home: str) -> None:
    """See whether an answer is one that may be given.

    Raises:
        ChaosError: It is a 5xx, leaks, leads elsewhere, or takes over a header.
    """
    if status >= 500:
        raise ChaosError(f"{where}: {status} {text[-300:]!r}")
    leak = LEAKS.search(text) or SCRIPTS.search(text)
    if leak or home in text:
        raise ChaosError(
            f"{where}: {status} leaks {text[max(0, leak.start() - 100) : leak.end() + 100] if leak else home!r}"
        )
    location = re.search(r"\r\nlocation: ([^\r]*)", head)
    if location and not location[1].startswith("/desk"):
        raise ChaosError(f"{where}: {status} leads to {location[1]!r}")
    if "set-cookie: a=b" in head.lower() or ("text/html" in head and "content-security-policy" not in head):
        raise ChaosError(f"{where}: {status} has odd headers {head!r}")


def mended(desk: Desk) -> list[Seat]:
    """Let everybody in again in the old role; return a login of each, and of nobody."""
    with desk.store.writing() as connection:
        for name, role in PEOPLE.items():
            change = sa.update(desk_users).where(desk_users.c.name == name)
            connection.execute(change.values(role=role, disabled_at=None, password="none"))
    return [*(desk.seat(name) for name in PEOPLE), desk.seat()]


async def bombard(desk: Desk, count: int) -> Counter[int]:
    """Send hostile forms, some at once; return how often each status came back.

    Raises:
        ChaosError: An answer is none that may be given.
    """
    chance, names, statuses = Random(SEED), field_names(), Counter[int]()
    paths = [path for method, path in addresses() if method == "POST"]
    lanes, home = [Lane(desk.server.port) for _ in range(AT_ONCE)], str(desk.server.home)

    async def send(lane: Lane, made: list[tuple[str, bytes]]) -> None:
        while made:
            where, message = made.pop()
            try:
                status, head, text = await lane.send(message)
            except (OSError, EOFError) as error:
                raise ChaosError(f"{where}: no answer: {error!r}") from error
            judge(where, status, head, text, home)
            statuses[status] += 1

    try:
        for begin in range(0, count, TOGETHER):
            seats = mended(desk)
            made = [one(desk, chance, names, seats, paths) for _ in range(min(TOGETHER, count - begin))]
            await asyncio.gather(*(send(lane, made) for lane in lanes))
    finally:
        for lane in lanes:
            lane.close()
    return statuses


def one(desk: Desk, chance: Random, names: list[str], seats: list[Seat], paths: list[str]) -> tuple[str, bytes]:
    """Return where a request goes, and its bytes."""
    path, seat = chance.choice(paths), chance.choice(seats)
    if path == "/logout" and seat.cookie:
        seat = desk.seat("甲")  # the others stay
    where = f"/desk{filled(path, dict.fromkeys(('case', 'upload', 'batch', 'consultation', 'user', 'token'), chance.choice(PLACES)))}"
    if chance.random() < 0.1:
        where += f"?upload={quote(chance.choice(HOSTILE))}&after={quote(chance.choice(HOSTILE))}&next=//evil.example"
    body, kind = body_of(chance, names, seat.csrf)
    where = quote(where, safe="/%?&=")
    head = [f"POST {where} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", f"Content-Type: {kind}"]
    head += [f"Cookie: tousu_desk={seat.cookie}"] if seat.cookie else []
    head += ["HX-Request: true"] if chance.random() < 0.2 else []
    return where, "\r\n".join(head).encode() + b"\r\n\r\n" + body


def run(home: Path, *, count: int = COUNT, **settings: str) -> str:
    """Bombard a desk of its own; return the figures.

    Args:
        home: An empty directory.
        count: How many forms.
        settings: Settings of the server beside its own.

    Raises:
        ChaosError: Something came out, got in, or is broken.
    """
    server = Server(home, state_dir=str(home), models_dir=str(home / "models"), job_worker="false", **settings)
    server.start()
    desk = Desk(server)
    try:
        desk.seat().get("/login")
        desk.add_people()
        desk.add_cases(Classifier.load(), [f"电梯坏了第{n}次" for n in range(40)])
        with desk.store.reading() as connection:
            before = connection.execute(sa.select(case_texts).order_by(case_texts.c.id)).all()
        begun = time.monotonic()
        statuses = asyncio.run(bombard(desk, count))
        seconds = time.monotonic() - begun
        well_after(desk, before)
    finally:
        desk.close()
        server.stop()
    shares = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    return f"desk posts: {count} hostile forms in {seconds:.0f} s, 0 of 5xx ({shares}), nothing leaked; well after"


def well_after(desk: Desk, before: list[Any]) -> None:
    """See whether what was there is there, what came in is sound, the log is clean, and an officer can go on.

    Raises:
        ChaosError: Something is not.
    """
    known = set(load_taxonomy().codes)
    with desk.store.reading() as connection:
        if connection.execute(sa.select(case_texts).order_by(case_texts.c.id)).all() != before:
            raise ChaosError("a case has changed")
        said = connection.execute(sa.select(answers.c.codes).where(answers.c.codes != "")).scalars()
        odd = {code for codes in said if codes for code in codes.split(",")} - known
        names = connection.execute(sa.select(uploads.c.name)).scalars().all()
    if odd or any("/" in name or not name.isprintable() for name in names[1:]):
        raise ChaosError(f"what is none was stored: {odd} {names}")
    log = desk.server.log.read_text("utf-8")
    if SECRET in log or "Traceback" in log:
        place = log.find("Traceback") if "Traceback" in log else log.find(SECRET)
        raise ChaosError(f"the log holds {log[max(0, place - 200) : place + 1500]!r}")
    officer = mended(desk)[2]
    page = officer.get("/review?queue=order").text
    case = re.search(r'name="case" value="(\d+)"', page)
    version = re.search(r'name="version" value="(\d+)"', page)
    form = {"case": case[1], "version": version[1], "primary": "elevator", "step": "save"} if case and version else {}
    if case and officer.post("/review", **form).status_code != 303:
        raise ChaosError("nobody can review any more")
    if officer.get("/cases").status_code != 200:
        raise ChaosError("the list is no longer there")


def main() -> int:
    """Run it as a command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=COUNT)
    options.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    given = options.parse_args()
    if not given.postgres:
        return told(lambda home: run(home, count=given.count))

    def on_postgres(home: Path) -> str:
        postgres = Postgres(home / "data")
        try:
            return run(home, count=given.count, database_url=postgres.database("tousu_posts"))
        finally:
            postgres.stop()

    return told(on_postgres)


if __name__ == "__main__":
    sys.exit(main())
