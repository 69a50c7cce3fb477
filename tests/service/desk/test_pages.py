"""What the desk's templates write, without a server."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from tests.service.desk.people import upload_of
from tousu.errors import NotFound, RequestError
from tousu_service.desk import initials, reading
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.pages import month
from tousu_service.desk.reading import Piece
from tousu_service.desk.render import environment
from tousu_service.desk.store import uploads
from tousu_service.desk.visit import Visit
from tousu_service.http.attachment import attachment


def test_marks_of_signals_look_otherwise_than_those_of_domains():
    parts = environment().get_template("parts.html").make_module({})
    shown = str(
        parts.text(
            [Piece("老板", "", sign=False), Piece("跑路", "runaway", sign=True), Piece("<b>", "prepaid", sign=False)]
        )
    )
    assert '<mark class="sign" title=' in shown
    assert shown.count('class="sign"') == 1
    assert "&lt;b&gt;" in shown
    assert "已清空" in str(parts.text(reading.whole("")))


@pytest.mark.parametrize(("state", "asks"), [("tagging", True), ("ready", False), ("failed", False), ("void", False)])
def test_a_page_asks_how_far_a_file_is_until_it_is_done(store, state, asks):
    with store.writing() as connection:
        upload = uploads.find(connection, upload_of(connection))
    shown = environment().get_template("upload_state.html").render(
        upload=dataclasses.replace(upload, state=state, rows=3), job=None, progress={}, base="/desk", csrf="x"
    )  # fmt: skip
    assert ("hx-trigger" in shown) is asks
    assert ("接着处理" in shown) is (state == "failed")


@pytest.mark.parametrize(
    ("words", "number"),
    [("0", 0), ("17", 17), ("9" * 15, 10**15 - 1), ("9" * 16, None), ("", None), ("-1", None), ("１", None), ("1.0", None)],
)  # fmt: skip
def test_whole_numbers(words, number):
    assert whole_number(words) == number


@pytest.mark.parametrize("what", ["case", "upload", "batch", "user"])
def test_an_address_without_a_number_names_nothing(what):
    def named(number):
        request = SimpleNamespace(path_params={what: number})
        return Visit(request, None, None, "", None).named(what)

    assert named("17") == 17
    with pytest.raises(NotFound, match="没有这"):
        named("x")


def test_a_file_may_have_any_name():
    assert attachment('回执-"甲"/1.docx') == {
        "Content-Disposition": "attachment; filename*=UTF-8''%E5%9B%9E%E6%89%A7-%22%E7%94%B2%22%2F1.docx"
    }


@pytest.mark.parametrize("name", ["2026-13", "x", "1800-01"])
def test_a_month_that_is_none_is_told_before_any_case_is_read(name):
    with pytest.raises(RequestError, match=name):
        month._made(SimpleNamespace(asked=lambda *_, **__: name))


def test_every_domain_has_initials_of_its_own_name():
    found = initials.of_domains()
    assert all(letters.isascii() and letters.islower() for letters in found.values())
    assert (found["elevator"][:2], initials.initials("重庆，小面", "x"), initials.initials("ＡＢ", "a_b")) == (
        "dt",
        "cq",
        "ab",
    )
