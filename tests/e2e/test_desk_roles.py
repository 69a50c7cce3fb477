"""Who may reach what at the desk: every address the application has, every role, every way to steal a login."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.e2e.conftest import running
from tests.harness.desk import TEXTS, addresses, filled, opened
from tousu_service.desk import cookies
from tousu_service.desk.people import RANK
from tousu_service.desk.store import people
from tousu_service.store.desk_tables import batches, desk_sessions, desk_users
from tousu_service.store.tables import audit as audit_rows

if TYPE_CHECKING:
    import httpx

OPEN = {
    ("GET", ""), ("GET", "/login"), ("POST", "/login"), ("POST", "/first"), ("GET", "/link/{token}"),
    ("POST", "/link/{token}"), ("GET", "/static/{name}"),
}  # fmt: skip
OFFICER = {
    ("POST", "/logout"), ("POST", "/keys"), ("GET", "/inbox"), ("POST", "/inbox"), ("GET", "/inbox/{upload}"),
    ("POST", "/inbox/{upload}"), ("GET", "/inbox/{upload}/file"), ("GET", "/cases"), ("GET", "/cases/{case}"),
    ("GET", "/cases/{case}/letter"), ("POST", "/cases/{case}"), ("POST", "/cases/{case}/undo"), ("GET", "/review"), ("POST", "/review"),
    ("POST", "/review/undo"), ("GET", "/mine"), ("GET", "/week"), ("GET", "/week/page"), ("GET", "/clocks"),
    ("GET", "/examples"), ("GET", "/consultations"), ("GET", "/consultations/{consultation}"),
    ("GET", "/consultations/{consultation}/sheet"),
}  # fmt: skip
REVIEWER = {
    ("POST", "/inbox/{upload}/void"), ("POST", "/bulk"), ("GET", "/bulk/{batch}"), ("POST", "/bulk/{batch}/run"),
    ("POST", "/bulk/{batch}/undo"), ("POST", "/assign"), ("GET", "/model"), ("GET", "/model/progress"),
    ("GET", "/month"), ("GET", "/month/file"), ("GET", "/examples/file"), ("GET", "/cases/{case}/example"),
    ("POST", "/cases/{case}/example"), ("POST", "/cases/{case}/example/withdraw"), ("GET", "/consultations/new"),
    ("POST", "/consultations"), ("POST", "/consultations/chosen"),
    ("POST", "/consultations/{consultation}"), ("POST", "/consultations/{consultation}/withdraw"),
}  # fmt: skip
ADMIN = {
    ("POST", "/model/train"), ("POST", "/model/cancel"), ("POST", "/model/activate"), ("POST", "/model/rollback"),
    ("POST", "/model/shadow"), ("POST", "/model/shadow/end"), ("POST", "/model/stricter"), ("GET", "/users"),
    ("POST", "/users"), ("POST", "/users/{user}"), ("POST", "/sessions/end"), ("GET", "/audit"),
}  # fmt: skip
NEEDS = {1: OFFICER, 2: REVIEWER, 3: ADMIN}
NAMES = {"officer": "甲", "reviewer": "审核员", "admin": "主任"}
VALUES = {"case": 1, "upload": 1, "batch": 9, "consultation": 9, "user": 9, "token": "none", "name": "desk.css"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory, shipped):
    home = tmp_path_factory.mktemp("desk-roles")
    settings = {"state_dir": str(home), "job_worker": "false", "trusted_proxies": "127.0.0.1"}
    with running(home, **settings) as server, opened(server) as made:
        made.add_cases(shipped)
        yield made


def test_every_address_is_in_one_of_the_lists_above():
    known = [*OPEN, *OFFICER, *REVIEWER, *ADMIN]
    assert len(known) == len(set(known))
    new = set(addresses()) - set(known)
    assert not new, f"say above who may: {sorted(new)}"


def asked(seat, method: str, path: str) -> httpx.Response:
    where = filled(path, VALUES)
    return seat.get(where) if method == "GET" else seat.post(where, session="0")


def test_a_stranger_is_sent_to_the_login(desk):
    stranger = desk.seat()
    for method, path in addresses():
        if (method, path) in OPEN:
            continue
        answer = asked(stranger, method, path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/desk/login"), (
            method,
            path,
        )
        assert "电梯" not in answer.text


@pytest.mark.parametrize("role", list(RANK))
def test_forced_browsing(desk, role):
    """Each address refuses whoever is below its role, and nobody else."""
    seat = None
    for method, path in addresses():
        needed = next((rank for rank, paths in NEEDS.items() if (method, path) in paths), 0)
        if not needed:
            continue
        seat = desk.seat(NAMES[role]) if seat is None or path == "/logout" else seat
        answer = asked(seat, method, path)
        assert answer.status_code < 500, (method, path, answer.text)
        if path == "/logout":
            seat = None
        assert (answer.status_code == 403) == (RANK[role] < needed), (method, path, answer.status_code)


def test_every_form_must_be_of_this_login(desk):
    one, other = desk.seat("主任"), desk.seat("主任")
    before = state(desk)
    for method, path in addresses():
        if method == "GET":
            continue
        where = f"/desk{filled(path, VALUES)}"
        for told in ({}, {"csrf": ""}, {"csrf": "x" * 32}, {"csrf": other.csrf}, {"csrf": [one.csrf, other.csrf]}):
            files = {"file": ("a.csv", b"a,b")} if path == "/inbox" else None
            answer = one.client.post(where, data={"primary": "elevator", "version": "0", **told}, files=files)
            assert answer.status_code == 403, (path, told)
        form = {"csrf": one.csrf, "primary": "elevator", "version": "0", "what": "disable", "name": "新人"}
        for site in ("cross-site", "same-site"):
            foreign = one.client.post(where, data=form, files=files, headers={"Sec-Fetch-Site": site})
            assert foreign.status_code == 403, path
        if path != "/inbox":
            assert one.client.post(where, json=form).status_code == 415, path
            assert one.client.post(where, content=b"csrf=x", headers={"Content-Type": "text/plain"}).status_code == 415
        assert one.client.get(where).status_code in {200, 303, 404, 405, 409}, path
    assert state(desk) == before


def test_every_page_that_shows_words_of_a_case_is_in_the_audit(desk):
    chief = desk.seat("主任")
    batch = chief.post("/bulk", state="open")
    assert "批量" in batch.text
    with desk.store.reading() as connection:
        number = connection.execute(sa.select(sa.func.max(batches.c.id))).scalar_one()
    meeting = chief.post("/consultations", matter="试", cases="第1号")
    values = VALUES | {"batch": number, "consultation": int(meeting.headers["location"].rpartition("/")[2])}
    showing = set()
    for method, path in addresses():
        if method != "GET" or (method, path) in OPEN:
            continue
        before = lines(desk)
        page = unescape(chief.get(filled(path, values)).text)
        if any(text[:9] in page for text in TEXTS):
            showing.add(path)
            assert lines(desk) > before, path
    wanted = {"/cases", "/cases/{case}", "/review", "/mine", "/bulk/{batch}", "/consultations/{consultation}"}
    assert wanted <= showing, wanted - showing


def lines(desk) -> int:
    with desk.store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(audit_rows)).scalar_one()


def state(desk) -> list[object]:
    """Return what a form could have changed: who may log in, and every line of the audit that is no view."""
    with desk.store.reading() as connection:
        users = connection.execute(sa.select(desk_users)).all()
        lines = connection.execute(sa.select(audit_rows.c.action)).scalars()
        return [users, sorted(line for line in lines if not line.endswith(("viewed", "listed", "exported")))]


def test_every_form_on_every_page_carries_a_token(desk):
    chief, forms = desk.seat("主任"), 0
    for method, path in addresses():
        if method == "POST" or path.startswith("/static"):
            continue
        page = chief.get(filled(path, VALUES)).text
        for form in re.findall(r"<form[^>]*>.*?</form>", page, re.DOTALL):
            if 'method="post"' in form.partition(">")[0]:
                forms += 1
                assert f'name="csrf" value="{chief.csrf}"' in form, (path, form[:200])
    assert forms > 10


def dead(desk, cookie: str) -> bool:
    """Return whether a copy of a cookie in another browser lets nobody in."""
    thief = desk.seat()
    thief.client.cookies.set(cookies.LOGIN, cookie, domain="127.0.0.1", path="/desk")
    answer = thief.get("/cases")
    return answer.status_code == 303 and answer.headers["location"].startswith("/desk/login")


def test_a_stolen_cookie_dies_with_its_login(desk):
    out, idle, old, thrown = (desk.seat("乙") for _ in range(4))
    assert not any(dead(desk, seat.cookie) for seat in (out, idle, old, thrown))
    out.post("/logout")
    age(desk, idle, "seen_at", timedelta(hours=1, minutes=30))
    age(desk, old, "created_at", timedelta(hours=23))
    chief = desk.seat("主任")
    chief.post("/sessions/end", session=stored_name(thrown))
    assert [dead(desk, seat.cookie) for seat in (out, idle, old, thrown)] == [True] * 4


def stored_name(seat) -> str:
    from hashlib import sha256

    return sha256(seat.cookie.partition(".")[0].encode()).hexdigest()


def age(desk, seat, column: str, by: timedelta) -> None:
    with desk.store.writing() as connection:
        moment = {column: datetime.now(UTC) - by}
        change = sa.update(desk_sessions).where(desk_sessions.c.token_sha256 == stored_name(seat)).values(moment)
        assert connection.execute(change).rowcount == 1


def test_a_login_may_what_its_person_may_now(desk):
    """Another role, a new password and being shut out hold for every copy of a cookie from the next request on."""
    chief = desk.seat("主任")
    with desk.store.writing() as connection:
        number = people.by_name(connection, "审核员").id
    seat = desk.seat("审核员")
    assert seat.get("/model").status_code == 200
    chief.post(f"/users/{number}", what="role", role="officer")
    assert seat.get("/model").status_code == 403
    assert seat.post("/bulk").status_code == 403
    chief.post(f"/users/{number}", what="role", role="reviewer")
    with desk.store.writing() as connection:
        people.set_password(connection, number, "another hash", by="test")
    assert dead(desk, seat.cookie)
    again = desk.seat("审核员")
    chief.post(f"/users/{number}", what="disable")
    assert dead(desk, again.cookie)
    chief.post(f"/users/{number}", what="enable")
    assert dead(desk, again.cookie)


def test_a_cookie_nobody_signed_is_none(desk):
    cookie = desk.seat("甲").cookie
    token, _, mark = cookie.partition(".")
    changed = "A" if token[0] != "A" else "B"
    forged = (token, f"{token}.", f"{token}.{'0' * len(mark)}", f"{changed}{token[1:]}.{mark}", f".{mark}", "x" * 4096)
    assert all(dead(desk, each) for each in forged)
    assert not dead(desk, cookie)


def test_a_login_gets_a_token_of_its_own_and_its_cookie_is_closed_to_scripts(desk):
    with desk.store.writing() as connection:
        user, token = people.add(connection, "丙", "officer", by="test")
    del user
    fixed = desk.seat("甲").cookie  # one that a thief put into the victim's browser
    victim = desk.seat()
    victim.client.cookies.set(cookies.LOGIN, fixed + "0", domain="127.0.0.1", path="/desk")
    before = re.search(r'name="csrf" value="([^"]+)"', victim.get(f"/link/{token}").text)[1]
    words = {"csrf": before, "password": "一个很长很长的口令123", "again": "一个很长很长的口令123"}
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    answer = victim.client.post(f"/desk/link/{token}", data=words, headers=told)
    assert answer.headers["location"] == "/desk/inbox", answer.text
    (line,) = (line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{cookies.LOGIN}="))
    flags = {part.strip().lower() for part in line.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/desk"} <= flags
    assert not any(flag.startswith(("domain", "max-age", "expires")) for flag in flags)
    assert not line.startswith(f"{cookies.LOGIN}={fixed.partition('.')[0]}")
    value = line.partition("=")[2].partition(";")[0].strip('"')
    inside = desk.seat()
    inside.client.cookies.set(cookies.LOGIN, value, domain="127.0.0.1", path="/desk")
    assert inside.get("/review").status_code == 200
    assert inside.client.post("/desk/keys", data={"csrf": before}).status_code == 403


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\r\nSet-Cookie: a=b", "\t//evil"]
)
def test_no_form_leads_to_another_site(desk, back):
    lead = desk.seat("审核员")
    answer = lead.post("/assign", case="1", to="", back=back)
    assert answer.status_code == 303
    assert re.fullmatch(r"/desk(/[\w/%.:=-]*)?", answer.headers["location"]), answer.headers["location"]
    assert "set-cookie" not in answer.headers
