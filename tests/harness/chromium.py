"""Chromium, as a person's browser: with a profile of its own, its console listened to."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1280,1600",
)  # fmt: skip
LOGIN_SECONDS = 30

needs_chromium = pytest.mark.skipif(not (BROWSER and DRIVER), reason="Chromium and its driver are not installed here")


@contextmanager
def chromium(profile: Path, *, requests: bool = False) -> Iterator[webdriver.Chrome]:
    """Give a browser that is ended with the block.

    Args:
        profile: An empty directory for what it keeps.
        requests: Whether it also logs what its pages ask for, under ``performance``.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    heard = {"browser": "ALL"} | ({"performance": "ALL"} if requests else {})
    options.set_capability("goog:loggingPrefs", heard)
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def errors(driver: webdriver.Chrome) -> list[str]:
    """Return what the pages complained of in the console since last time."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def log_in(driver: webdriver.Chrome, port: int, name: str, password: str) -> None:
    """Log a person in at the desk, by the form."""
    driver.get(f"http://127.0.0.1:{port}/desk/login")
    driver.find_element(By.NAME, "name").send_keys(name)
    driver.find_element(By.NAME, "password").send_keys(password + Keys.ENTER)
    WebDriverWait(driver, LOGIN_SECONDS).until(lambda page: page.current_url.endswith("/inbox"))


def show_as(driver: webdriver.Chrome, width: int, *, height: int = 900, dots: float = 1.0) -> None:
    """Show pages as on a screen of so many CSS pixels, with so many dots to one of them."""
    size = {"width": width, "height": height, "deviceScaleFactor": dots, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
