"""The desk over HTTP: who may come in and do what, forms that are not one's own, two people on one case."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING, ClassVar

import httpx
import pytest
import sqlalchemy as sa

from tests.e2e.conftest import ask, command, running
from tests.service.desk.people import tagged
from tousu_service.desk.store import uploads
from tousu_service.desk.store.cases import NewCase, add_cases, set_groups
from tousu_service.store import Store
from tousu_service.store.desk_tables import answers, cases, sample

if TYPE_CHECKING:
    from tousu.classifier import Classifier

PASSWORD = "一个很长很长的口令123"
SCRIPT = "<script>alert(1)</script>"
TEXTS = (
    f"{SCRIPT}电梯困人两次，物业不管，电话13912345678", "=HYPERLINK(\"http://x\")餐馆的菜里有虫子", "健身房关门跑路，年卡不退钱",
    "超市价签和结账价格不一样", "买的手机三天就坏了不给退",
)  # fmt: skip


class Browser:
    """A person's browser: keeps cookies, reads the token out of forms."""

    opened: ClassVar[list[httpx.Client]] = []

    def __init__(self, port: int) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False)
        self.opened.append(self.client)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(f"/desk{path}", follow_redirects=True)

    def post(self, path: str, *, at: str | None = None, **fields) -> httpx.Response:
        """Hand in a form with the token of the page it stands on."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(at or path).text)
        data = {"csrf": token[1] if token else ""} | fields
        return self.client.post(f"/desk{path}", data=data, follow_redirects=True)

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return self.post("/login", name=name, password=password)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, shipped: Classifier):
    """A server with five cases, and a user of each role."""
    home = tmp_path_factory.mktemp("desk")
    with running(home, state_dir=str(home)) as server:
        first = Browser(server.port)
        done = first.post("/first", at="/login", name="主任", password=PASSWORD, again=PASSWORD)
        assert done.status_code in (200, 404), done.text
        for name, role in (("审核员", "审核"), ("甲", "受理员"), ("乙", "受理员")):
            link = command(server, "users", "add", name, "--role", role).stdout.strip()
            path = link.partition("/desk")[2]
            assert Browser(server.port).post(path, password=PASSWORD, again=PASSWORD).status_code in (200, 404)
        store = Store.open(server.env["TOUSU_DATABASE_URL"])
        with store.writing() as connection:
            upload = uploads.add(connection, name="一.xlsx", sha256="0" * 64, size=1, columns={}, actor="test").id
            rows = [NewCase(n + 1, text, shipped.tag(text), number=f"A{n}") for n, text in enumerate(TEXTS)]
            add_cases(connection, upload, rows, secret="s")
        yield server
        store.close()
        for client in Browser.opened:
            client.close()


def person(desk, name: str) -> Browser:
    made = Browser(desk.port)
    made.log_in(name)
    return made


def test_nothing_is_open_before_a_login(desk):
    stranger = Browser(desk.port)
    for path in ("/inbox", "/cases", "/cases/1", "/review", "/mine", "/users", "/audit", "/bulk/1"):
        answer = stranger.client.get(f"/desk{path}")
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/desk/login"), path
    part = stranger.client.get("/desk/review", headers={"HX-Request": "true"})
    assert part.status_code == 401
    assert part.headers["hx-redirect"].startswith("/desk/login")
    key = stranger.client.get("/desk/cases", headers={"Authorization": "Bearer tousu_a_b"})
    assert key.status_code == 303


def test_only_one_first_administrator(desk):
    answer = Browser(desk.port).post("/first", at="/login", name="别人", password=PASSWORD, again=PASSWORD)
    assert answer.status_code == 409
    assert "已经有用户" in answer.text


def test_headers_let_forms_work_and_nothing_else(desk):
    headers = Browser(desk.port).get("/login").headers
    assert headers["referrer-policy"] == "same-origin"
    assert "form-action 'self'" in headers["content-security-policy"]
    assert "'unsafe" not in headers["content-security-policy"]
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize("path", ["/users", "/audit"])
def test_pages_of_administrators(desk, path):
    assert person(desk, "甲").get(path).status_code == 403
    assert person(desk, "审核员").get(path).status_code == 403
    assert person(desk, "主任").get(path).status_code == 200


def test_what_officers_may_not_do(desk):
    officer = person(desk, "甲")
    for path in ("/bulk", "/bulk/1/run", "/assign", "/users", "/users/1", "/sessions/end"):
        assert officer.post(path, at="/review").status_code == 403, path


def test_a_form_without_the_token_of_this_login(desk):
    one, other = person(desk, "甲"), person(desk, "乙")
    theirs = re.search(r'name="csrf" value="([^"]+)"', other.get("/review").text)[1]
    for fields in ({}, {"csrf": "x"}, {"csrf": theirs}):
        answer = one.client.post("/desk/cases/1", data={"primary": "elevator", "version": "0", **fields})
        assert answer.status_code == 403
        assert "不是本次登录的" in answer.text
    mine = re.search(r'name="csrf" value="([^"]+)"', one.get("/review").text)[1]
    foreign = one.client.post(
        "/desk/cases/1", data={"csrf": mine, "primary": "elevator"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    assert one.client.post("/desk/cases/1", json={"csrf": mine}).status_code == 415


def test_wrong_passwords_make_the_next_one_wait(desk):
    guesser = Browser(desk.port)
    answers = [guesser.log_in("乙不在", "wrong password").status_code for _ in range(7)]
    assert answers[:4] == [403] * 4
    assert answers[-1] == 429
    assert person(desk, "乙").get("/review").status_code == 200


def test_a_login_ends_for_every_copy_of_its_cookie(desk):
    one = person(desk, "乙")
    copy = Browser(desk.port)
    copy.client.cookies.update(one.client.cookies)
    assert copy.get("/review").url.path == "/desk/review"
    one.post("/logout", at="/review")
    assert copy.get("/review").url.path == "/desk/login"


def test_a_link_is_good_once(desk):
    link = command(desk, "users", "link", "乙").stdout.strip().partition("/desk")[2]
    assert Browser(desk.port).post(link, password="short", again="short").status_code == 409
    assert Browser(desk.port).post(link, password=PASSWORD, again=PASSWORD).url.path != "/desk/link"
    assert Browser(desk.port).get(link).status_code == 404


def test_somebody_shut_out_is_out_at_once(desk):
    command(desk, "users", "add", "丙")
    link = command(desk, "users", "link", "丙").stdout.strip().partition("/desk")[2]
    third = Browser(desk.port)
    third.post(link, password=PASSWORD, again=PASSWORD)
    assert third.get("/review").url.path == "/desk/review"
    assert command(desk, "users", "disable", "丙").returncode == 0
    assert third.get("/review").url.path == "/desk/login"
    assert third.log_in("丙").status_code == 403


def test_a_stored_script_is_words(desk):
    officer = person(desk, "甲")
    for path in ("/cases", "/cases/1", "/cases?q=alert"):
        page = officer.get(path).text
        assert SCRIPT not in page
        assert "alert(1)" in unescape(re.sub(r"</?mark[^>]*>", "", page))
    assert "139123" not in officer.get("/cases/1").text


def test_two_people_on_one_case(desk):
    one, other = person(desk, "甲"), person(desk, "乙")
    assert one.post("/cases/2", primary="food_safety", version="0", step="save").status_code == 200
    answer = other.post("/cases/2", primary="pricing", version="0", step="save", note="我看不是")
    assert answer.status_code == 409
    assert "甲 刚刚已答复" in answer.text
    late = other.post("/review", case="2", primary="pricing", version="0", step="save", queue="all")
    assert late.status_code == 409
    assert other.post("/cases/2", primary="pricing", version="1", step="save").status_code == 409  # without a reason
    assert other.post("/cases/2", primary="pricing", version="1", step="save", note="我看不是").status_code == 200
    page = one.get("/cases/2").text
    assert "更正" in page
    number = re.findall(r'name="answer" value="(\d+)"', person(desk, "审核员").get("/cases/2").text)[-1]
    assert one.post("/cases/2/undo", at="/cases/3", answer=number).status_code == 403  # another's
    assert person(desk, "审核员").post("/cases/2/undo", at="/cases/3", answer=number).status_code == 200


def test_bulk_is_previewed_run_and_undone(desk):
    lead = person(desk, "审核员")
    preview = lead.post("/bulk", at="/review", q="手机")
    assert "批量更正：1 件" in preview.text
    path = re.search(r'action="/desk(/bulk/\d+)/run"', preview.text)[1]
    done = lead.post(f"{path}/run", at=path, domain="service_contract", note="一类")
    assert "已更正 1 件" in done.text
    assert "没有可撤销" not in lead.post(f"{path}/undo", at=path).text
    assert lead.post(f"{path}/undo", at="/review").status_code == 409


def test_views_are_in_the_audit_without_texts(desk):
    person(desk, "甲").get("/cases/3?q=健身房")
    person(desk, "甲").get("/cases?q=健身房")
    page = person(desk, "主任").get("/audit").text
    assert "case_viewed" in page
    assert "cases_listed" in page
    assert "健身房" not in page
    assert "健身房" not in desk.log.read_text("utf-8")


def test_hostile_addresses_and_forms_are_answered(desk):
    officer = person(desk, "主任")
    for path in (
        "/cases?upload=x&month=%00&after=~&order=nope", "/cases?after=a~9&order=unsure", "/cases/999999999999999999", "/cases/x",
        "/bulk/x", "/review?after=nan~x", "/audit?before=x&since=x", "/cases?q=" + "'%22;--" * 20, "/link/%00",
    ):  # fmt: skip
        assert officer.get(path).status_code < 500, path
    for path in ("/review", "/cases/1", "/bulk", "/bulk/1/run", "/assign", "/users", "/users/9", "/review/undo"):
        odd = {
            "case": "\x00",
            "version": "-1",
            "primary": "nope",
            "note": "\ud800".encode("utf-8", "replace"),
            "to": "9" * 40,
        }
        assert officer.post(path, at="/review", **odd).status_code < 500, path


def hand_in(browser: Browser, name: str, content: bytes) -> httpx.Response:
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/inbox").text)[1]
    files = {"file": (name, content, "application/octet-stream")}
    return browser.client.post("/desk/inbox", data={"csrf": token}, files=files, follow_redirects=True)


def test_a_file_is_looked_at_then_becomes_cases(desk):
    officer = person(desk, "甲")
    lines = "工单编号,登记日期,投诉内容,被投诉方,联系电话\n" + "".join(
        f"B{n},2026-11-{n + 1:02d},{text},某店,13912345678\n" for n, text in enumerate(TEXTS[2:])
    )
    looked = hand_in(officer, "一周.csv", lines.encode())
    assert 'value="投诉内容" selected' in looked.text
    assert 'value="工单编号" selected' in looked.text
    assert "139123" not in looked.text
    assert "共 5 件" in officer.get("/cases").text  # nothing is kept yet
    path = looked.url.path.removeprefix("/desk")
    columns = {"text": "投诉内容", "number": "工单编号", "received": "登记日期", "respondent": "被投诉方"}
    assert officer.post(path, **columns).status_code == 200
    until = time.monotonic() + 90
    while "处理完了" not in (page := officer.get(path).text) and time.monotonic() < until:
        time.sleep(0.5)
    assert "3 行入库" in page
    assert ask(desk, "GET", "/v1/jobs").json()["items"] == []  # the desk's jobs are no API client's
    listed = officer.get(f"/cases?upload={path.rsplit('/', 1)[1]}").text
    assert ">B0<" in listed
    assert "2026-11-01" in listed
    number = re.search(r'/desk/cases/(\d+)">B1<', listed)[1]
    officer.post(f"/cases/{number}", primary="metrology", version="0", step="save")
    rows = officer.get(f"{path}/file").content.decode().splitlines()
    assert [row.partition(",2026")[0] for row in rows[1:]] == ["B0", "B1", "B2"]
    place = (
        rows[0].split(",").index("更正领域") if "更正领域" in rows[0] else rows[0].split(",").index("tousu_corrected")
    )
    assert [row.split(",")[place] for row in rows[1:]] in (["", "计量", ""], ["", "metrology", ""])
    again = hand_in(person(desk, "乙"), "又一次.csv", lines.encode())
    assert "先前已经上传过" in again.text
    assert again.url.path.removeprefix("/desk") == path


@pytest.mark.parametrize(("name", "content"), [("空.csv", b""), ("坏.xlsx", b"no workbook"), ("图.png", b"\x89PNG")])
def test_what_is_no_table_is_refused_in_words(desk, name, content):
    answer = hand_in(person(desk, "甲"), name, content)
    assert answer.status_code < 500
    assert re.search('class="bad"', answer.text)


@pytest.fixture
def put(desk):
    """Put rows into the running desk's store; give the upload's number, the cases' numbers, and the store."""
    store = Store.open(desk.env["TOUSU_DATABASE_URL"])

    def stored(*rows: NewCase, raw: bool = False, **held) -> tuple[int, list[int], Store]:
        with store.writing() as connection:
            upload = uploads.add(connection, name="二.xlsx", sha256="1" * 64, size=1, columns={}, actor="test").id
            add_cases(connection, upload, rows, secret="s", raw=raw)
            uploads.change(connection, upload, actor="test", **{"state": "ready"} | held)
            numbers = connection.execute(sa.select(cases.c.id).where(cases.c.upload_id == upload).order_by(cases.c.row))
            return upload, list(numbers.scalars()), store

    yield stored
    store.close()


def test_numbers_are_masked_in_the_text_and_in_all_it_comes_with(desk, put):
    row = NewCase(1, "电梯13912345678困人，电话13912345678", tagged("elevator", 0.6), facts={"联系电话": "13912345678"})
    upload, (number,), _ = put(row, raw=True)
    for path in (f"/review?queue=order&upload={upload}", f"/cases/{number}"):
        shown = re.sub(r"</?mark[^>]*>", "", person(desk, "甲").get(path).text)
        assert shown.count("00000000000") >= 3, path
        assert "139123" not in shown, path


def test_who_judges_a_drawn_case_sees_nothing_of_the_models_answer(desk, put):
    upload, (number,), store = put(NewCase(1, "电梯坏了还收钱", tagged("elevator", 0.99)))
    with store.writing() as connection:
        connection.execute(sa.insert(sample).values(case_id=number, drawn_at=datetime.now(UTC)))
    one, lead = person(desk, "甲"), person(desk, "审核员")
    asked = {"case": str(number), "version": "0", "queue": "sample", "step": "ask", "note": "是哪一类"}
    assert one.post("/review", at="/review", **asked).status_code == 200
    shown = lead.get(f"/review?queue=asked&upload={upload}").text
    assert "是哪一类" in shown
    assert "2026.11-test" not in shown
    assert " checked" not in shown
    said = {"case": str(number), "version": "1", "queue": "asked", "step": "save", "primary": "elevator"}
    assert lead.post("/review", at="/review", **said).status_code == 200
    with store.reading() as connection:
        assert connection.execute(sa.select(sample.c.agreed).where(sample.c.case_id == number)).scalar() is True
        sources = connection.execute(sa.select(answers.c.source).where(answers.c.case_id == number)).scalars()
        assert list(sources) == ["sample", "sample"]


def test_a_form_that_comes_twice_changes_nobody_elses_answer(desk, put):
    upload, numbers, store = put(*(NewCase(n, f"电梯第{n}次停在半路", tagged("elevator", 0.6)) for n in (1, 2)))
    with store.writing() as connection:
        set_groups(connection, upload, {1: 1, 2: 1})
    one, other = person(desk, "甲"), person(desk, "乙")
    said = {"version": "0", "queue": "all", "step": "save"}
    assert other.post("/review", at="/review", case=str(numbers[1]), primary="metrology", **said).status_code == 200
    twice = {"case": str(numbers[0]), "primary": "pricing", "group": "1"} | said
    for _ in range(2):
        assert one.post("/review", at="/review", **twice).status_code == 200
    with store.reading() as connection:
        found = connection.execute(sa.select(cases.c.domain).where(cases.c.id.in_(numbers)).order_by(cases.c.id))
        assert list(found.scalars()) == ["pricing", "metrology"]


def test_an_undo_takes_back_the_last_answer_and_no_bulk(desk, put):
    rows = [NewCase(n, f"电梯第{n}次停在半路", tagged("elevator", 0.6)) for n in (1, 2, 3)]
    upload, numbers, store = put(*rows)
    lead = person(desk, "审核员")
    preview = lead.post("/bulk", at="/review", upload=str(upload), q="第3次")
    path = re.search(r'action="/desk(/bulk/\d+)/run"', preview.text)[1]
    lead.post(f"{path}/run", at=path, domain="pricing")
    said = {"case": str(numbers[0]), "version": "0", "queue": "all", "step": "save", "primary": "pricing"}
    assert lead.post("/review", at="/review", **said).status_code == 200
    assert lead.post("/review/undo", at="/review").status_code == 200
    refused = lead.post("/review/undo", at="/review")
    assert (refused.status_code, "整批撤销" in refused.text) == (409, True)
    with store.reading() as connection:
        found = connection.execute(sa.select(cases.c.domain).where(cases.c.id.in_(numbers)).order_by(cases.c.id))
        assert list(found.scalars()) == ["elevator", "elevator", "pricing"]


def test_the_station_itself_can_be_said(desk, put):
    _, (number,), store = put(NewCase(1, "小区门口的路坏了", tagged("elevator", 0.6, route="transport")))
    officer = person(desk, "甲")
    assert '<option value="own">本单位' in officer.get(f"/cases/{number}").text
    officer.post(f"/cases/{number}", primary="elevator", version="0", route="own", step="save")
    assert '<option value="own" selected>本单位' in officer.get(f"/cases/{number}").text
    with store.reading() as connection:
        assert connection.execute(sa.select(cases.c.route).where(cases.c.id == number)).scalar() is None


def test_a_file_that_failed_halfway_goes_on(desk, put):
    columns = {"file": "original.csv", "text": "内容"}
    row = NewCase(1, "电梯困在半路上", tagged("elevator", 0.6))
    upload, _, _ = put(row, state="failed", problem="内存不够", columns=columns)
    officer = person(desk, "甲")
    assert "接着处理" in officer.get(f"/inbox/{upload}").text
    page = officer.post(f"/inbox/{upload}").text
    until = time.monotonic() + 60
    while "没有处理完" not in page and time.monotonic() < until:
        assert "正在处理" in page
        time.sleep(0.5)
        page = officer.get(f"/inbox/{upload}").text
    assert "内存不够" not in page  # there is no such file, but it was begun again
