"""Every page of the desk in a real browser: axe finds nothing serious, nothing scrolls sideways, no stored script runs."""

from __future__ import annotations

import io
import json
import os
import re
from importlib.resources import files
from pathlib import Path

import openpyxl
import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.conftest import command, running
from tests.e2e.test_desk_model import trained
from tests.harness.chromium import chromium, errors, needs_chromium, show_as
from tests.harness.desk import IMAGE, SCRIPT, TEXTS, Desk, addresses, filled
from tousu_service.desk import cookies

pytestmark = needs_chromium

# Width in CSS pixels, dots to one of them, whether axe looks: a desk's screen, the same at 150 %, a telephone.
SIZES = ((1280, 1.0, True), (853, 1.5, False), (390, 1.0, True))
GRAVE = {"serious", "critical"}
ASK_AXE = """
const done = arguments[arguments.length - 1];
const drawn = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
drawn().then(drawn).then(() => axe.run(document, {resultTypes: ["violations"], preload: false})).then((found) =>
  done(found.violations.map((one) => [one.impact, one.id, one.nodes.map((node) => node.target.join(" ") + " " + node.html.slice(0, 99))])));
"""
MEASURE = """
for (const part of document.querySelectorAll("details")) part.open = true;
const root = document.scrollingElement;
return [root.scrollWidth, root.clientWidth, [...document.querySelectorAll("main *, header *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.right > root.clientWidth + 1 && !one.closest(".scroll, pre, .hidden, .text");
}).slice(0, 3).map((one) => one.outerHTML.slice(0, 100)), window.pwned];
"""
# Pages behind a form, and what the addresses alone do not show.
MORE = (
    "/cases?state=open&order=unsure&q=电梯", "/cases?upload=999", "/cases/999999", "/review?queue=sample",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        driver.set_script_timeout(60)
        source = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        yield driver


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A server whose desk nobody has come to yet."""
    home = tmp_path_factory.mktemp("desk-looks")
    settings = {"state_dir": str(home), "models_dir": str(home / "models"), "job_worker": "false"}
    with running(home, **settings) as server:
        made = Desk(server)
        yield made
        made.close()


@pytest.fixture(scope="module")
def first(browser, empty) -> list[str]:
    """What is wrong with the pages before there is anybody."""
    return wrong_with(browser, empty, "/login") + wrong_with(browser, empty, "/link/none")


@pytest.fixture(scope="module")
def desk(empty, first, browser, shipped, corpus_rows):
    """The same desk with people, hostile cases and files, answers, assignments, a bulk change and a training."""
    empty.add_people()
    with empty.store.writing() as connection:
        from tousu_service.desk.store import people

        people.add(connection, IMAGE, "officer", by="test")
    upload = empty.add_cases(shipped)
    chief, officer = empty.seat("主任"), empty.seat("甲")
    officer.post("/cases/2", primary="food_safety", version="0", step="save", note=SCRIPT)
    officer.post("/cases/3", version="0", step="ask", note=IMAGE)
    for case, person in ((1, 1), (4, 3), (5, 1)):
        chief.post("/assign", case=str(case), to=str(person), due_on="2026-12-01", note=SCRIPT)
    empty.batch = chief.post("/bulk", upload=str(upload), q="手机").text
    empty.files = {name: hand_in(officer, name, content) for name, content in hostile_files().items()}
    done = command(empty.server, "work", "--idle", "0.2")
    assert done.returncode == 0, done.stderr
    assert "处理完了" in officer.get(empty.files["=1+1.csv"]).text
    job, _ = trained(empty.store, empty.server.home / "models", shipped, corpus_rows[::800])
    chief.post("/model/activate", job=job.id, why=SCRIPT)
    words = {
        "title": SCRIPT,
        "department": IMAGE,
        "situation": SCRIPT,
        "steps": IMAGE,
        "evidence": SCRIPT,
        "answers": IMAGE,
    }
    basis = {"not_ours": SCRIPT, "basis": f"consumer_law {IMAGE}", "primary": "elevator", "kind": "complaint"}
    assert chief.post("/cases/2/example", version="0", **words, **basis).status_code == 303
    meeting = {
        "matter": SCRIPT,
        "people": IMAGE,
        "entry": SCRIPT,
        "line": IMAGE * 9,
        "cases": "2、第3号",
        "held_on": "2026-11-30",
    }
    assert chief.post("/consultations", **meeting).status_code == 303
    empty.chief = chief
    log_in(browser, empty, chief)
    return empty


def hostile_files() -> dict[str, bytes]:
    """Return files whose names, sheets, headers and cells are hostile; the first stays looked at."""
    book, made = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    sheet.title = "<b onclick=pwned=1>a"
    sheet.append(["编号", "投诉内容", SCRIPT, "@SUM(1)"])
    for number, text in enumerate(TEXTS):
        sheet.append([f"+{number}", text, IMAGE, "'=1"])
        sheet.cell(sheet.max_row, 2).data_type = "s"  # and no formula
    book.save(made)
    lines = "\n".join(f'-{n},"{text}",{IMAGE}' for n, text in enumerate(TEXTS))
    table = f"编号,投诉内容,{SCRIPT}\n{lines}\n".encode()
    return {
        f"看{IMAGE}.csv": table + b"9,abc,d\n",
        "=1+1.csv": table,
        f"{SCRIPT.replace('/', '')}.xlsx": made.getvalue(),
    }


def hand_in(seat, name: str, content: bytes) -> str:
    """Hand a file in, begin with all but one; return the path of its page."""
    path = seat.upload(name, content).headers["location"].removeprefix("/desk")
    if not name.startswith("看"):
        assert seat.post(path, text="投诉内容", number="编号").status_code == 303
    return path


def log_in(browser, desk, seat) -> None:
    browser.get(f"http://127.0.0.1:{desk.server.port}/desk/static/icon.png")
    browser.add_cookie({"name": cookies.LOGIN, "value": seat.cookie, "path": "/desk", "httpOnly": True})


def wrong_with(browser, desk, path: str) -> list[str]:
    """Return what is wrong with a page."""
    errors(browser)
    show_as(browser, SIZES[0][0], dots=SIZES[0][1])
    browser.get(f"http://127.0.0.1:{desk.server.port}/desk{path}")
    found = []
    for width, dots, by_axe in SIZES:
        show_as(browser, width, dots=dots)
        needed, there, sticking, pwned = browser.execute_script(MEASURE)
        if needed > there or sticking:
            found.append(f"{path} at {width}: {needed} > {there}: {sticking}")
        if pwned:
            found.append(f"{path}: a stored script ran")
        grave = browser.execute_async_script(ASK_AXE) if by_axe else []
        found += [f"{path} at {width}: {impact} {rule} {nodes}" for impact, rule, nodes in grave if impact in GRAVE]
        keep_picture(browser, path, width)
    return found + [f"{path}: {line}" for line in errors(browser) if "responded with a status of 4" not in line]


def keep_picture(browser, path: str, width: int) -> None:
    """Keep a picture of the whole page where the environment says."""
    place = os.environ.get("DESK_PICTURES")
    if not place:
        return
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
    from base64 import b64decode

    name = re.sub(r"\W+", "_", path).strip("_") or "first"
    (Path(place) / f"{name}-{width}.png").write_bytes(b64decode(shot))


def pages(desk) -> list[str]:
    """Return the addresses of all pages: those of the application that answer with one, and some more."""
    batch = re.search(r"/bulk/(\d+)/run", desk.batch)[1]
    found = list(MORE)
    found += desk.files.values()
    values = {"case": 2, "upload": 2, "consultation": 1, "batch": batch, "token": "none", "name": "x"}
    for method, path in addresses():
        where = filled(path, values) if method == "GET" else ""
        if not where or where in found or "<!doctype" not in desk.chief.get(where).text[:40]:
            continue
        found.append(where)
    return found


def test_every_page_looks_right_and_runs_nothing(browser, desk, first):
    found = list(first)
    seen = pages(desk)
    assert {"/inbox", "/cases", "/review", "/cases/2", "/mine", "/model", "/users", "/audit"} <= set(seen)
    for path in seen:
        found += wrong_with(browser, desk, path)
    assert not found, "\n".join(found)


def test_hostile_words_are_shown_as_words(desk):
    """What is hostile stands on the pages, so the browser had something to run."""
    shown = "".join(desk.chief.get(path).text for path in pages(desk))
    for words in (SCRIPT, IMAGE, "<b onclick"):
        assert words not in shown
    assert shown.count("&lt;script&gt;window.pwned") > 10
    assert shown.count("&lt;img src=x onerror=window.pwned=1&gt;") > 10


def test_a_formula_stays_words_in_what_is_downloaded(desk):
    csv_path, book_path = (path for name, path in desk.files.items() if not name.startswith("看"))
    answer = desk.chief.get(f"{csv_path}/file")
    head = answer.headers["content-disposition"]
    assert head.startswith("attachment")
    assert "\n" not in head
    assert "<" not in desk.chief.get(f"{book_path}/file").headers["content-disposition"]
    given = hostile_files()
    lines = answer.content.decode("utf-8-sig").splitlines()
    before = given["=1+1.csv"].decode().splitlines()
    assert all(new.startswith(old.partition(",")[0]) for new, old in zip(lines, before, strict=True))
    book = openpyxl.load_workbook(io.BytesIO(desk.chief.get(f"{book_path}/file").content)).active
    rows = list(book.iter_rows(min_row=2))
    assert [row[1].value for row in rows] == list(TEXTS)
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "b"}  # and no "f"
    original = openpyxl.load_workbook(io.BytesIO(given[f"{SCRIPT.replace('/', '')}.xlsx"])).active.max_column
    assert book.max_column > original


def test_the_second_sees_the_firsts_answer_and_keeps_the_own_one(browser, desk):
    """Two people on one case: the browser's answer is not lost, and not put over the other one's."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(f"http://127.0.0.1:{desk.server.port}/desk/review?queue=order")
    case = browser.find_element(By.NAME, "case").get_attribute("value")
    other = desk.seat("乙")
    done = other.post("/review", case=case, primary="pricing", version="0", step="save", queue="order", note="先到")
    assert done.status_code == 303
    browser.find_element(By.CSS_SELECTOR, 'input[name=primary][value="metrology"]').click()
    browser.find_element(By.ID, "note").send_keys("我看是计量")
    browser.find_element(By.ID, "save").click()
    wait = WebDriverWait(browser, 20, ignored_exceptions=[WebDriverException])  # the card is swapped meanwhile
    conflict = wait.until(lambda page: page.find_element(By.ID, "conflict").text)
    assert "乙" in conflict
    assert "先到" in conflict
    wait.until(lambda page: page.execute_script("return document.activeElement.matches('[data-focus]')"))
    assert browser.find_element(By.NAME, "case").get_attribute("value") == case
    assert browser.find_element(By.CSS_SELECTOR, 'input[name=primary][value="metrology"]').is_selected()
    assert browser.find_element(By.ID, "note").get_attribute("value") == "我看是计量"
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait.until(lambda page: page.find_element(By.NAME, "case").get_attribute("value") != case)
    history = other.get(f"/cases/{case}").text.partition('class="timeline"')[2].partition("</ol>")[0]
    told = re.sub(r"<[^>]+>|\s", "", history)
    assert told.index("先到") < told.index("我看是计量")
    assert json.dumps(told, ensure_ascii=False).count("主任") == 1
