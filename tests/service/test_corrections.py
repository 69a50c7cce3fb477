"""Corrections: taken once, masked, listed, exported as rows to train on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tousu.errors import Conflict, TextError
from tousu_service.store import audit, clock, corrections
from tousu_service.store.corrections import NewCorrection


def new(text: str | None = "电梯困人，没人管", **other: object) -> NewCorrection:
    """A correction with what matters to a test."""
    fields = {"text_id": None, "codes": ("elevator",), "online": None, "by": "科员甲", "why": None, "model": None}
    return NewCorrection(text=text, **(fields | other))


def rows(store, **window):
    """What an export gives."""
    return given(store, corrections.begin_export(store, actor="test", **window))


def given(store, export):
    """The rows of an export."""
    return [row for page in corrections.exported(store, export) for row in page]


def test_what_is_stored_is_listed_as_it_was(store):
    stored, seen = corrections.add(store, new(online=False, why="是电梯", model="1.0-abc"), client="c1")
    assert not seen
    assert corrections.listed(store) == [stored]
    assert (stored.text, stored.codes, stored.online, stored.by) == ("电梯困人，没人管", ("elevator",), False, "科员甲")
    assert stored.at.utcoffset() == timedelta(0)


def test_the_same_key_and_content_is_stored_once(store):
    first, _ = corrections.add(store, new(), client="c1", idempotency_key="k")
    again, seen = corrections.add(store, new(), client="c1", idempotency_key="k")
    assert seen
    assert again == first
    with pytest.raises(Conflict):
        corrections.add(store, new(codes=("price",)), client="c1", idempotency_key="k")
    corrections.add(store, new(), client="c2", idempotency_key="k")
    assert len(corrections.listed(store)) == 2


def test_eight_threads_with_one_key_store_one_row(store):
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(corrections.add, store, new(), client="c1", idempotency_key="k") for _ in range(40)]
        answers = [future.result() for future in futures]
    assert len({answer.seq for answer, _ in answers}) == 1
    assert sum(not seen for _, seen in answers) == 1
    assert len(corrections.listed(store)) == 1


def test_numbers_are_masked_in_all_that_is_stored_unless_told_otherwise(store):
    text = "我电话13812345678，车牌京A12345，超市卖过期牛奶"
    masked, _ = corrections.add(store, new(text, why="已致电13812345678"), client="c1")
    assert masked.masked
    assert masked.text == "我电话00000000000，车牌京A00000，超市卖过期牛奶"
    assert masked.why == "已致电00000000000"
    raw, _ = corrections.add(store, new(text), client="c1", raw=True)
    assert (raw.text, raw.masked) == (text, False)


def test_a_text_id_alone_is_enough_only_for_a_text_already_stored(store):
    with pytest.raises(TextError, match="text"):
        corrections.add(store, new(None, text_id="工单1"), client="c1")
    corrections.add(store, new("商场扶梯夹人", text_id="工单1"), client="c1")
    with pytest.raises(TextError):
        corrections.add(store, new(None, text_id="工单1"), client="c2")
    second, _ = corrections.add(store, new(None, text_id="工单1", codes=("price",)), client="c1")
    assert second.text == "商场扶梯夹人"


def test_the_last_word_on_a_text_is_exported(store):
    corrections.add(store, new("甲", text_id="1", codes=("price",)), client="c1")
    corrections.add(store, new("甲", text_id="1", codes=("elevator",), online=True), client="c1")
    corrections.add(store, new("乙", codes=("price",)), client="c1")
    corrections.add(store, new("乙", codes=("advert", "price")), client="c1")
    assert rows(store) == [
        {"text": "甲", "codes": ["elevator"], "online": True},
        {"text": "乙", "codes": ["advert", "price"]},
    ]


def test_exports_one_after_the_other_give_everything_once(store):
    corrections.add(store, new("一"), client="c1")
    first = corrections.begin_export(store, actor="test")
    corrections.add(store, new("二"), client="c1")
    assert [row["text"] for row in given(store, first)] == ["一"]
    assert [row["text"] for row in rows(store, since=first.until)] == ["二"]
    assert [line.detail["rows"] for line in audit.lines(store) if line.action == "corrections_exported"] == [1, 1]


def test_a_client_exports_its_own(store):
    corrections.add(store, new("一"), client="c1")
    corrections.add(store, new("二"), client="c2")
    assert [row["text"] for row in rows(store, client="c2")] == ["二"]
    assert len(corrections.listed(store, client="c2")) == 1


def test_pages_give_every_row_once(store):
    for n in range(corrections.PAGE // 100 + 7):
        corrections.add(store, new(f"第{n}条"), client="c1")
    pages, after = [], 0
    while page := corrections.listed(store, after=after, limit=3):
        pages += [item.text for item in page]
        after = page[-1].seq
    assert pages == [f"第{n}条" for n in range(corrections.PAGE // 100 + 7)]


@pytest.mark.parametrize("text", ["空\0字符", "孤立\ud800代理", "😀", "x" * 100_000])
def test_any_text_can_be_stored(store, text):
    stored, _ = corrections.add(store, new(text), client="c1")
    assert corrections.listed(store)[0].text == stored.text
    assert len(stored.text) == len(text)


@pytest.mark.parametrize("hours", [1, 24 * 365 * 60])
def test_a_clock_that_is_set_back_loses_no_correction_from_an_incremental_export(store, monkeypatch, hours):
    present = clock.present
    monkeypatch.setattr(clock, "present", lambda connection: present(connection) + timedelta(hours=hours))
    corrections.add(store, new("一"), client="c1")
    first = corrections.begin_export(store, actor="test")
    monkeypatch.setattr(clock, "present", present)  # the clock was wrong, and is set right
    corrections.add(store, new("二"), client="c1")
    second = corrections.begin_export(store, actor="test", since=first.until)
    corrections.add(store, new("三"), client="c1")
    third = corrections.begin_export(store, actor="test", since=second.until)
    assert [[row["text"] for row in given(store, export)] for export in (first, second, third)] == [
        ["一"],
        ["二"],
        ["三"],
    ]
    moments = [line.at for line in audit.lines(store)]
    assert moments == sorted(set(moments))
