"""The pages in a real browser: what a person clicks works, and nothing is asked of anybody else."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.harness.chromium import chromium, errors, needs_chromium
from tests.support import COMPLAINTS

WAIT_SECONDS = 20

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile"), requests=True) as driver:
        yield driver


@pytest.fixture(autouse=True)
def heard(browser) -> None:
    """Forget what earlier pages asked for and complained of."""
    asked(browser)
    errors(browser)


def asked(browser) -> set[str]:
    """Return the addresses the page asked for since last time."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    return {params["request"]["url"] for params in sent}


def test_a_person_tries_a_request_on_the_page(browser, service):
    base = f"http://127.0.0.1:{service.port}/"
    browser.get(f"{base}docs")
    form = browser.find_element(By.CSS_SELECTOR, 'form[data-path="/v1/classify"]')
    field = form.find_element(By.TAG_NAME, "textarea")
    field.clear()
    field.send_keys(json.dumps({"text": COMPLAINTS[0]}, ensure_ascii=False))
    form.find_element(By.TAG_NAME, "button").click()
    shown = form.find_element(By.CLASS_NAME, "reply")
    WebDriverWait(browser, WAIT_SECONDS).until(lambda _: shown.text.startswith("200"))
    assert '"primary": "elevator"' in shown.text
    assert errors(browser) == []
    assert all(address.startswith((base, "data:", "chrome:")) for address in asked(browser))


def test_a_wrong_request_is_answered_on_the_page(browser, service):
    browser.get(f"http://127.0.0.1:{service.port}/docs")
    form = browser.find_element(By.CSS_SELECTOR, 'form[data-path="/v1/classify"]')
    field = form.find_element(By.TAG_NAME, "textarea")
    field.clear()
    field.send_keys('{"text": 5}')
    form.find_element(By.TAG_NAME, "button").click()
    shown = form.find_element(By.CLASS_NAME, "reply")
    WebDriverWait(browser, WAIT_SECONDS).until(lambda _: shown.text.startswith("422"))
    assert "text" in shown.text


def test_the_report_of_a_backlog_needs_no_network(browser, tousu, tmp_path):
    rows = tmp_path / "rows.jsonl"
    lines = [
        json.dumps({"日期": f"2026-0{1 + n % 6}-11", "投诉内容": COMPLAINTS[n % 6] + str(n)}, ensure_ascii=False)
        for n in range(120)
    ]
    rows.write_text("\n".join(lines) + "\n", "utf-8")
    tagged, report = tmp_path / "tagged.jsonl", tmp_path / "report.html"
    for words in (("tag", rows, tagged), ("report", tagged, "-o", report)):
        done = tousu(*words)
        assert done.returncode == 0, done.stderr
    browser.get(report.as_uri())
    charts = browser.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(charts) >= 2
    assert all(chart.size["width"] > 200 and chart.size["height"] > 40 for chart in charts)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert errors(browser) == []
    assert all(address.startswith(("file:", "data:", "chrome:")) for address in asked(browser))
