"""The desk as the proofs need it: people of each role with logins at hand, its addresses as the application has them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tousu_service.desk import cookies, routes
from tousu_service.desk.store import people, sessions, uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.harness.server import Server
    from tousu.classifier import Classifier

PEOPLE = {"主任": "admin", "审核员": "reviewer", "甲": "officer", "乙": "officer"}
DAY = timedelta(days=1)
# What a browser would run if it were not told to show it. A formula for Excel stands before it.
SCRIPT = "<script>window.pwned=1</script>"
IMAGE = "<img src=x onerror=window.pwned=1>"
TEXTS = (
    f"{SCRIPT}电梯困人两次，物业不管，电话13912345678", f"=HYPERLINK(\"http://x\")餐馆的菜里有虫子{IMAGE}",
    "健身房关门跑路，年卡不退钱", "超市价签和结账价格不一样，称也不准", "买的手机三天就坏了不给退",
    "小区电梯上个月起一直停运，老人上下楼很不方便，物业说没有钱修", "A" * 180 + "这个网址打不开，买的东西没有发货",
)  # fmt: skip


def addresses() -> list[tuple[str, str]]:
    """Return method and path below /desk of everything the desk answers, as the application has it."""
    found = set()
    for router in routes.routers:
        for route in router.routes:
            for method in route.methods - {"HEAD"}:  # type: ignore[attr-defined]
                found.add((method, route.path.removeprefix("/desk")))  # type: ignore[attr-defined]
    return sorted(found)


def filled(path: str, values: dict[str, Any]) -> str:
    """Return a path with its parts in braces replaced."""
    return re.sub(r"{(\w+)}", lambda part: str(values[part[1]]), path)


@dataclass
class Seat:
    """Somebody at the desk, or nobody in particular."""

    client: httpx.Client
    csrf: str = ""
    cookie: str = ""

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask for a page."""
        return self.client.get(f"/desk{path}", **options)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """Hand in a form with the token of this login."""
        return self.client.post(f"/desk{path}", data={"csrf": self.csrf} | fields)

    def upload(self, name: str, content: bytes) -> httpx.Response:
        """Hand in a file."""
        files = {"file": (name, content, "application/octet-stream")}
        return self.client.post("/desk/inbox", data={"csrf": self.csrf}, files=files)


class Desk:
    """A running server's desk, its store beside."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.store = Store.open(server.env["TOUSU_DATABASE_URL"])
        self._clients: list[httpx.Client] = []

    def add_people(self) -> None:
        """Make a user of each role, as if each had chosen a password."""
        with self.store.writing() as connection:
            for name, role in PEOPLE.items():
                user, _ = people.add(connection, name, role, by="test")
                people.set_password(connection, user.id, "nobody logs in by this", by="test")

    def add_cases(self, classifier: Classifier, texts: Sequence[str] = TEXTS, **held: Any) -> int:
        """Put cases into the store as an upload whose name, numbers, headers and cells are hostile; return its number."""
        rows = [
            NewCase(
                place, text, classifier.tag(text), number=f"{place}{IMAGE}", received=f"2026-11-{place % 28 + 1:02d}",
                respondent=f"{IMAGE}{place % 3}公司", complainant=f"张{place}", facts={SCRIPT: SCRIPT, "=1+1": "=1+1"},
            )
            for place, text in enumerate(texts, 1)
        ]  # fmt: skip
        with self.store.writing() as connection:
            number = uploads.add(
                connection, name=f"{IMAGE}.xlsx", sha256="0" * 64, size=1, columns={}, actor="desk:主任"
            ).id
            add_cases(connection, number, rows, secret="s")
            values = {"state": "ready", "rows": len(rows)} | held
            uploads.change(connection, number, actor="test", **values)
        return number

    def seat(self, name: str | None = None) -> Seat:
        """Return a login of a person, as a browser that just logged in has it; of nobody without a name."""
        address = f"http://127.0.0.1:{self.server.port}"
        client = httpx.Client(base_url=address, timeout=60, trust_env=False)
        self._clients.append(client)
        if name is None:
            return Seat(client)
        with self.store.writing() as connection:
            user = people.by_name(connection, name)
            assert user is not None
            token = sessions.begin(connection, user.person, address="127.0.0.1")
            session = sessions.find(connection, token, idle=DAY, total=DAY)
            assert session is not None
        secret = (Path(self.server.env["TOUSU_STATE_DIR"]) / "desk.key").read_text("ascii")
        cookie = cookies.signed(token, secret)
        client.cookies.set(cookies.LOGIN, cookie, domain="127.0.0.1", path="/desk")
        return Seat(client, session.csrf, cookie)

    def close(self) -> None:
        """Close what was opened."""
        self.store.close()
        for client in self._clients:
            client.close()


@contextmanager
def opened(server: Server, *, people: bool = True) -> Iterator[Desk]:
    """Give the desk of a running server, once it has its key and, unless they are there already, its people."""
    desk = Desk(server)
    try:
        desk.seat().get("/login")  # by which the key is made
        if people:
            desk.add_people()
        yield desk
    finally:
        desk.close()
