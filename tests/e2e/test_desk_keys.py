"""Sixty reviews by keys alone in a real browser, as an input method sends them, too."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.conftest import running
from tests.harness.chromium import chromium, errors, log_in, needs_chromium, show_as
from tests.service.desk.people import tagged
from tousu_service.desk import passwords
from tousu_service.desk.store import people, uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store
from tousu_service.store.desk_tables import answers, cases

PASSWORD = "sixty reviews by keys"
COUNT = 66
IME = """
for (const type of ["keydown", "keyup"]) document.activeElement.dispatchEvent(new KeyboardEvent(type, {
  key: "Process", keyCode: 229, code: arguments[0], bubbles: true, cancelable: true, shiftKey: arguments[1] || false}));
"""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    home = tmp_path_factory.mktemp("desk-keys")
    with running(home, state_dir=str(home)) as server:
        store = Store.open(server.env["TOUSU_DATABASE_URL"])
        with store.writing() as connection:
            for name in ("甲", "乙"):
                user, _ = people.add(connection, name, "officer", by="test")
                people.set_password(connection, user.id, passwords.hashed(PASSWORD), by="test")
            upload = uploads.add(connection, name="一.xlsx", sha256="0" * 64, size=1, columns={}, actor="test").id
            chances = {"elevator": 0.5, "pricing": 0.3, "prepaid": 0.1, "metrology": 0.05, "franchise": 0.02}
            rows = [
                NewCase(
                    n,
                    f"第{n}件：电梯坏了还收钱",
                    tagged("elevator", 0.5 - n / 1000, probabilities=chances, attention="watch"),
                    number=f"3301002026112300{n:04}",
                    received="2026-11-30",
                    respondent="某某健身服务管理有限公司分公司",
                )
                for n in range(1, COUNT + 1)
            ]
            add_cases(connection, upload, rows, secret="s")
            uploads.change(connection, upload, actor="test", state="ready")
        yield server, store
        store.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory, desk):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        log_in(driver, desk[0].port, "甲", PASSWORD)
        yield driver


def shown(browser) -> str:
    return browser.find_element(By.NAME, "case").get_attribute("value")


def press(browser, *keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def moved(browser, before: str) -> str:
    """Wait until another case is shown; return it."""
    wait = WebDriverWait(browser, 20, poll_frequency=0.02, ignored_exceptions=[Exception])
    wait.until(lambda page: shown(page) != before)
    return shown(browser)


def test_sixty_reviews_by_keys(browser, desk):
    browser.get(f"http://127.0.0.1:{desk[0].port}/desk/review")
    scripts = {
        "confirm": ([Keys.ENTER], "elevator"),
        "second": (["2", Keys.ENTER], "pricing"),
        "also": ([Keys.SHIFT + "2" + Keys.NULL, Keys.ENTER], "elevator,pricing"),
        "letters": (["j", "l", Keys.ENTER], "metrology"),
        "three letters": (["s", "p", "a", Keys.ENTER], "food_safety"),
    }
    wanted: dict[int, str] = {}
    begun = time.monotonic()
    for number in range(60):
        before = shown(browser)
        keys, codes = list(scripts.values())[number % len(scripts)]
        press(browser, *keys)
        wanted[int(before)] = codes
        moved(browser, before)
        assert browser.execute_script("return document.activeElement !== document.body")
    seconds = (time.monotonic() - begun) / 60
    with desk[1].reading() as connection:
        stored = dict(connection.execute(sa.select(answers.c.case_id, answers.c.codes)).all())
    assert stored == wanted
    assert seconds < 10, seconds
    assert errors(browser) == []


def test_skip_ask_undo(browser, desk):
    browser.get(f"http://127.0.0.1:{desk[0].port}/desk/review")
    first = shown(browser)
    press(browser, "s")
    second = moved(browser, first)
    press(browser, "?")
    press(browser, *"找谁", Keys.ENTER)
    third = moved(browser, second)
    with desk[1].reading() as connection:
        assert connection.execute(sa.select(cases.c.state).where(cases.c.id == int(second))).scalar() == "asked"
    press(browser, "u")
    assert moved(browser, third) == second
    with desk[1].reading() as connection:
        assert connection.execute(sa.select(cases.c.state).where(cases.c.id == int(second))).scalar() == "open"


def test_an_input_method_and_a_held_key(browser, desk):
    browser.get(f"http://127.0.0.1:{desk[0].port}/desk/review")
    before = shown(browser)
    browser.execute_script(IME, "Digit2")
    assert browser.find_element(By.CSS_SELECTOR, '[data-digit="2"] input').is_selected()
    browser.execute_script(
        'document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {code: "Enter", repeat: true, bubbles: true}))'
    )
    time.sleep(0.3)
    assert shown(browser) == before
    browser.execute_script(IME, "Enter")
    moved(browser, before)


@pytest.mark.parametrize("width", [1280, 1024])
def test_a_list_shows_all_its_columns(browser, desk, width):
    show_as(browser, width, height=800)
    browser.get(f"http://127.0.0.1:{desk[0].port}/desk/cases")
    hidden = "const table = document.querySelector('.scroll'); return table.scrollWidth - table.clientWidth"
    assert browser.execute_script(hidden) <= 0
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_keys_can_be_switched_off(browser, desk):
    browser.get(f"http://127.0.0.1:{desk[0].port}/desk/review")
    before = shown(browser)
    browser.find_element(By.XPATH, "//button[text()='关掉单键']").click()
    WebDriverWait(browser, 20, ignored_exceptions=[Exception]).until(
        lambda page: page.find_element(By.XPATH, "//button[text()='打开单键']")
    )
    press(browser, "2")
    browser.find_element(By.TAG_NAME, "body").send_keys("2")
    assert not browser.find_element(By.CSS_SELECTOR, '[data-digit="2"] input').is_selected()
    assert shown(browser) == before
