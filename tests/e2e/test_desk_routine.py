"""本周、督查、时限 over HTTP and in a real browser: the figures of the commands, who sees what, every view in the audit."""

from __future__ import annotations

import datetime
import io
import re
from html import unescape

import openpyxl
import pytest

from tests.e2e.conftest import running
from tests.e2e.test_desk import PASSWORD, Browser, person
from tests.harness.chromium import chromium, errors, log_in, needs_chromium, show_as
from tests.weekly.outbreaks import ledger as hidden
from tousu.timezone import today
from tousu.weekly.weeks import Week
from tousu_service.desk import passwords
from tousu_service.desk.store import people, uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store, audit

PEOPLE = {"主任": "admin", "审核员": "reviewer", "张": "officer", "李": "officer"}
NARROW = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth];"


def rows():
    """Return eleven weeks of cases; in the last week two matters pile up. Those of the last three weeks are open."""
    last = Week.of(today()).first
    for row in sorted(hidden({10: [1, 6]}, seed=3, rows=500, weeks=11), key=lambda row: (row.week, row.text)):
        day = min(last - datetime.timedelta(7 * (10 - row.week)), today())
        yield row.text, day, row.firm, "已办结" if row.week < 8 else "办理中"


@pytest.fixture(scope="module")
def desk(tmp_path_factory, shipped):
    home = tmp_path_factory.mktemp("routine")
    with running(home, state_dir=str(home)) as server:
        store = Store.open(server.env["TOUSU_DATABASE_URL"])
        known = passwords.hashed(PASSWORD)
        with store.writing() as connection:
            for name, role in PEOPLE.items():
                user, _ = people.add(connection, name, role, by="test")
                people.set_password(connection, user.id, known, by="test")
        server.store = store
        yield server
        store.close()
        for client in Browser.opened:
            client.close()


@pytest.fixture(scope="module")
def filled(desk, shipped):
    """The server, its cases there; the pages were looked at before."""
    chief = person(desk, "主任")
    for path in ("/week", "/month", "/clocks"):
        answer = chief.get(path)
        assert (answer.status_code, "还没有案件" in answer.text) == (200, True), path
    told = list(rows())
    taggings = shipped.tag_many([text for text, *_ in told])
    columns = {"text": "内容", "number": "编号", "received": "登记时间", "respondent": "企业"}
    with desk.store.writing() as connection:
        upload = uploads.add(connection, name="一.xlsx", sha256="0" * 64, size=1, columns=columns, actor="test").id
        new = [
            NewCase(
                n, text, tagging, number=f"GD{n:04}", received=day.isoformat(), respondent=firm,
                facts={"承办人": "张李"[n % 2], "办理状态": state},
            )
            for n, ((text, day, firm, state), tagging) in enumerate(zip(told, taggings, strict=True), 1)
        ]  # fmt: skip
        add_cases(connection, upload, new, secret="s")
    return desk


def test_the_week_names_what_piles_up_and_links_its_cases(filled):
    officer = person(filled, "张")
    text = unescape(officer.get("/week").text)
    assert Week.of(today()).label in text
    topics = text.partition("<h2>热点事项</h2>")[2].partition("<h2>被投诉企业</h2>")[0].split("</section>")[:-1]
    assert len(topics) == 2
    for topic in topics:
        assert '<span class="tag urgent">新</span>' in topic
        count = int(re.search(r"本周 <b>(\d+)</b> 件", topic)[1])
        assert count >= 28
        assert len(re.findall(r"/desk/cases/\d+", topic.partition("<summary>")[2])) == count
    case = re.search(r'举例：<a href="(/desk/cases/\d+)">', text)[1]
    assert officer.client.get(case).status_code == 200
    page = officer.get(f"/week/page?week={Week.of(today()).name}")
    assert page.headers["content-disposition"].startswith("attachment")
    assert "约谈提纲" in page.text
    assert "/consultations/new" not in text
    chief = person(filled, "主任")
    link = re.search(r'href="/desk(/consultations/new\?[^"]+)"', unescape(chief.get("/week").text))[1]
    cases = re.search(r'name="cases"[^>]*>([^<]+)<', chief.get(link).text)[1].split("、")
    assert len(cases) >= 28
    assert all(name.startswith("GD") for name in cases)
    firms = unescape(chief.get("/week").text).partition("<h2>被投诉企业</h2>")[2]
    link = re.search(r'href="/desk(/consultations/new\?[^"]+)"', firms)[1]
    begun = unescape(chief.get(link).text)
    assert 2 <= len(re.search(r'name="cases"[^>]*>([^<]+)<', begun)[1].split("、")) <= 200
    assert re.search(r'name="matter" value="[^"]+被多次投诉"', begun)
    none = officer.get("/week?week=2026-W99")
    assert (none.status_code, "没有 2026-W99" in unescape(none.text)) == (400, True)


def test_a_month_is_for_reviewers_and_comes_as_a_workbook(filled):
    assert person(filled, "张").get("/month").status_code == 403
    assert person(filled, "张").get("/month/file").status_code == 403
    reviewer = person(filled, "审核员")
    text = unescape(reviewer.get("/month").text)
    counts = {title: int(count) for title, count in re.findall(r'<a href="#\w+">(.+?)</a></dt><dd>(\d+)</dd>', text)}
    assert list(counts) == ["重复", "疑难", "不满意", "超期"]
    book = openpyxl.load_workbook(io.BytesIO(reviewer.get("/month/file").content))
    summary = {row[0]: row[1] for row in book["汇总"].iter_rows(values_only=True) if row[0] in counts}
    assert summary == counts
    assert "没有" in unescape(reviewer.get("/month?month=2026-13").text)


def test_an_officer_sees_the_clocks_of_his_own_cases(filled):
    everybody, own = (unescape(person(filled, name).get("/clocks").text) for name in ("审核员", "张"))
    total, mine = (int(re.search(r"(\d+) 项，按", text)[1]) for text in (everybody, own))
    assert 0 < mine < total
    of_zhang = unescape(person(filled, "审核员").get("/clocks?officer=张").text)
    assert int(re.search(r"(\d+) 项，按", of_zhang)[1]) == mine
    assert "李" not in set(re.findall(r"<td>([张李、]+)</td>", own))
    assert unescape(person(filled, "张").get("/clocks?officer=李").text).count("<tr>") == own.count("<tr>")
    left = [int(number) for number in re.findall(r"还剩 (\d+) 天</", everybody)]
    assert left == sorted(left)
    assert "没有这样的" in unescape(person(filled, "审核员").get("/clocks?state=overdue&officer=没有这人").text)


def test_every_view_is_in_the_audit(filled):
    for path in ("/week", "/week/page", "/clocks", "/month", "/month/file"):
        assert person(filled, "审核员").get(path).status_code == 200, path
    told = {line.action for line in audit.latest(filled.store, actor="desk:审核员")}
    assert {"week_viewed", "week_exported", "month_viewed", "month_exported", "clocks_viewed"} <= told


@needs_chromium
def test_pages_fit_a_narrow_screen_and_ask_nobody(filled, tmp_path):
    with chromium(tmp_path) as driver:
        log_in(driver, filled.port, "主任", PASSWORD)
        for width in (1280, 390):
            show_as(driver, width)
            for path in ("week", "month", "clocks"):
                driver.get(f"http://127.0.0.1:{filled.port}/desk/{path}")
                wide, there = driver.execute_script(NARROW)
                assert wide <= there, (path, width)
        assert errors(driver) == []
