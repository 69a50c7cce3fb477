"""Meetings on cases: opened, changed, taken back; the line beside alike cases, in letters, on the sheet."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from docx import Document

from tests.service.desk.people import officer_of, tagged, upload_of
from tousu.errors import Conflict, NotFound
from tousu.taxonomy import load_taxonomy
from tousu_service.desk import beside
from tousu_service.desk.of_case import letter_of_case, meeting_sheet
from tousu_service.desk.store import answers, consultations, named, uploads
from tousu_service.desk.store.as_ledger import case_ledger
from tousu_service.desk.store.card import card
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.desk.store.consultations import Said
from tousu_service.store import audit

TEXTS = (
    "跃界健身一夜关门，年卡不退，电话13912345678", "跃界健身跑路了，办的卡还剩两千元要求退款", "电梯困人两次，物业不管",
    "健身房关门跑路，老板联系不上，会员卡余额不退", "跃界健身的跑步机坏了", "奶茶里喝出一只苍蝇",
)  # fmt: skip
DOMAINS = ("prepaid", "prepaid", "elevator", "prepaid", "prepaid", "food_safety")
FIRMS = ("跃界健身", "跃界健身", "物业", None, "跃界健身", None)
LINE = "先登记权利人，统一答复进度；\n不承诺退款比例。"


@pytest.fixture
def chief(store):
    """A reviewer of a desk with six cases."""
    with store.writing() as connection:
        new = [
            NewCase(n, text, tagged(code, 0.95), number=f"A{n}" if n < 6 else None, received="2026-05-06", respondent=firm)
            for n, (text, code, firm) in enumerate(zip(TEXTS, DOMAINS, FIRMS, strict=True), 1)
        ]  # fmt: skip
        add_cases(connection, upload_of(connection), new, secret="s", raw=True)
        return officer_of(connection, "主任", "admin")


def said(**others):
    words = Said("跃界健身闭店退费", "答复前", "甲、乙", "2026-05-20", LINE, (1, 2))
    return words._replace(**others)


def opened(store, chief, **others) -> int:
    with store.writing() as connection:
        return consultations.add(connection, said(**others), by=chief)


def lines(store, shipped, case, viewer=1):
    with store.reading() as connection:
        row = card(connection, case, viewer=viewer).row
        return beside.lines_like(row, shipped, beside.meetings(connection))


def test_opened_changed_taken_back_and_saved_again(store, chief):
    number = opened(store, chief, line="", held_on=None, people="")
    with store.writing() as connection:
        consultations.change(connection, number, said(cases=(2, 3)), by=chief, version=1)
        with pytest.raises(Conflict, match="主任 刚刚改过"):
            consultations.change(connection, number, said(), by=chief, version=1)
        told = consultations.find(connection, number)
        assert (told.line, told.cases, told.day, told.counts) == (LINE, (2, 3), "2026-05-20", True)
        with pytest.raises(Conflict, match="没有收回"):
            consultations.withdraw(connection, number, by=chief, version=1)
        consultations.withdraw(connection, number, by=chief, version=2)
        with pytest.raises(Conflict, match="已经收回"):
            consultations.withdraw(connection, number, by=chief, version=3)
        assert beside.meetings(connection) == []
        consultations.change(connection, number, said(), by=chief, version=3)
        assert consultations.find(connection, number).counts
        with pytest.raises(NotFound):
            consultations.find(connection, 99)
    told = [line for line in audit.lines(store) if line.action.startswith("consultation")]
    assert [line.action.removeprefix("consultation_") for line in told] == ["opened", "changed", "withdrawn", "changed"]
    assert told[1].detail == {"consultation": number, "cases": [2, 3], "line": True}


def test_the_last_meeting_stands_first(store, chief):
    first, _, last = (opened(store, chief, held_on=day, line="") for day in ("2026-05-20", "2026-04-30", None))
    with store.reading() as connection:
        held = consultations.listed(connection)
    assert [each.id for each in held][:2] == [last, first]
    assert [each.day for each in held][1:] == ["2026-05-20", "2026-04-30"]


def test_a_line_stands_beside_its_cases_and_those_alike(store, chief, shipped):
    number = opened(store, chief)
    found = {case: lines(store, shipped, case) for case in range(1, 7)}
    assert [[(each.told.id, each.own) for each in found[case]] for case in (1, 2)] == [[(number, True)]] * 2
    (alike,) = found[4]
    assert (alike.own, alike.same_firm) == (False, False)
    assert alike.likeness >= beside.LEAST
    assert [each.same_firm for each in found[5]] == [True]
    assert found[3] == found[6] == []
    with store.writing() as connection:
        consultations.withdraw(connection, number, by=chief, version=1)
    assert lines(store, shipped, 1) == []


def test_a_meeting_without_a_line_stands_beside_its_own_cases_alone(store, chief, shipped):
    opened(store, chief, line="")
    assert [each.told.line for each in lines(store, shipped, 1)] == [""]
    assert lines(store, shipped, 4) == []


@pytest.fixture
def later(store, chief):
    """A case of a later upload, of the firm of a meeting's."""
    with store.writing() as connection:
        new = NewCase(1, "跑步机坏了没人修", tagged("prepaid", 0.95), respondent="跃界健身")
        add_cases(connection, upload_of(connection), [new], secret="s")
    return 7


def test_a_line_goes_by_what_its_cases_are_now(store, chief, shipped, later):
    opened(store, chief)
    assert [each.same_firm for each in lines(store, shipped, later)] == [True]
    with store.writing() as connection:
        given = [answers.answer(connection, n, answers.Said(("sports",)), by=chief, version=0).id for n in (1, 2)]
    assert [each for each in lines(store, shipped, later) if each.same_firm] == []
    with store.writing() as connection:
        answers.undo(connection, given[0], by=chief)
    assert [each.same_firm for each in lines(store, shipped, later)] == [True]


def test_a_line_does_not_go_by_cases_of_an_upload_that_was_taken_back(store, chief, shipped, later):
    number = opened(store, chief, matter="二")
    before = lines(store, shipped, later)
    with store.reading() as connection:
        likeness = beside._likeness(TEXTS[0], shipped, beside.meetings(connection))[number]
    assert ([each.same_firm for each in before], likeness > 1) == ([True], True)
    uploads.take_back(store, 1, actor="x")
    assert lines(store, shipped, later) == []
    with store.reading() as connection:
        assert beside._likeness(TEXTS[0], shipped, beside.meetings(connection))[number] == 0
    assert [each.own for each in lines(store, shipped, 1)] == [True]  # it is still the meeting's own
    uploads.bring_back(store, 1, actor="x")
    assert lines(store, shipped, later) == before


class Slowly:
    """Lets indexes be made as slowly as a test wants."""

    def __init__(self, monkeypatch):
        self.begun, self.go_on, self.count = threading.Event(), threading.Event(), 0
        real = beside.LikenessIndex

        def made(*args):
            self.count += 1
            self.begun.set()
            assert self.go_on.wait(20)
            return real(*args)

        monkeypatch.setattr(beside, "LikenessIndex", made)


def test_pages_show_lines_while_another_makes_them_anew(store, chief, shipped, monkeypatch):
    old = opened(store, chief)
    alike = lines(store, shipped, 4)
    slowly = Slowly(monkeypatch)
    new = opened(store, chief, matter="健身房关门", cases=(4,))
    with ThreadPoolExecutor(9) as pool:
        maker = pool.submit(lines, store, shipped, 4)
        assert slowly.begun.wait(20)
        others = [pool.submit(lines, store, shipped, 4) for _ in range(8)]
        try:
            shown = [each.result(10) for each in others]
        finally:
            slowly.go_on.set()
        told = maker.result(20)
    assert shown == [[shown[0][0], *alike]] * 8
    assert (shown[0][0].told.id, shown[0][0].own, shown[0][0].likeness, alike[0].told.id) == (new, True, 0.0, old)
    assert told[0].likeness > 1
    assert (lines(store, shipped, 4), slowly.count) == (told, 1)


def test_lines_are_made_once_however_many_ask_first(store, chief, shipped, monkeypatch):
    opened(store, chief)
    slowly = Slowly(monkeypatch)
    monkeypatch.setattr(beside, "_lines", beside._Kept(consultations.stamp, consultations.compared, beside._line_index))
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(lines, store, shipped, 4) for _ in range(8)]
        assert slowly.begun.wait(20)
        slowly.go_on.set()
        found = [each.result(20) for each in asked]
    assert slowly.count == 1
    assert found == [found[0]] * 8
    assert found[0]


def test_cases_are_named_by_the_station_s_number_or_the_desk_s(store, chief):
    with store.writing() as connection:
        assert named.cases_named(connection, "A2，A1、第6号;A1 3") == (1, 2, 3, 6)
        assert named.names_of(connection, (6, 1, 99)) == "A1、第6号"
        add_cases(
            connection, upload_of(connection), [NewCase(1, "新", tagged("prepaid", 0.9), number="A1")], secret="s"
        )
        assert named.names_of(connection, (1, 7)) == "第1号、A1"
        assert named.cases_named(connection, named.names_of(connection, (1, 2, 6, 7))) == (1, 2, 6, 7)
        for words, told in (
            ("", "写了 0 件"),
            (" ".join(map(str, range(201))), "写了 201 件"),
            ("A1 B9 第99号", "B9、第99号"),
        ):
            with pytest.raises(Conflict, match=told):
                named.cases_named(connection, words)
        assert named.names_of(connection, ()) == ""


def test_a_number_that_may_be_either_is_asked_back(store, chief):
    with store.writing() as connection:
        new = [
            NewCase(n, f"新{n}", tagged("prepaid", 0.9), number=name) for n, name in enumerate(("2", "8", "第1号"), 1)
        ]
        add_cases(connection, upload_of(connection), new, secret="s")
        with pytest.raises(Conflict, match="“2”可以是编号为 2 的一件，也可以是办案台的第 2 号") as told:
            named.cases_named(connection, "A1、2")
        assert "“第7号”（编号为 2 的）或“第2号”" in str(told.value)
        assert named.cases_named(connection, "第7号 第2号 8 第1号") == (1, 2, 7, 8)
        names = named.names_of(connection, range(1, 10))
        assert names == "A1、A2、A3、A4、A5、第6号、第7号、8、第9号"
        assert named.cases_named(connection, names) == tuple(range(1, 10))


def words_of(data):
    document = Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def test_the_sheet_holds_the_cases_and_the_record(store, chief, shipped):
    number = opened(store, chief)
    with store.reading() as connection:
        told = consultations.find(connection, number)
        ledger, desk = case_ledger(connection, *told.cases), beside.desk_examples(connection)
        nothing = case_ledger(connection)
    index = beside.example_index(desk, shipped)
    words = words_of(meeting_sheet(ledger, told, index, whole=False))
    for part in (
        "共 2 件",
        "A1",
        "A2",
        "00000000000",
        "事由：跃界健身闭店退费",
        "甲、乙",
        "答复前",
        "2026-05-20",
        "不承诺退款比例",
    ):
        assert part in words
    assert "13912345678" not in words
    assert "13912345678" in words_of(meeting_sheet(case_ledger_of(store, told), told, index, whole=True))
    with pytest.raises(Conflict, match="都已作废"):
        meeting_sheet(nothing, told, index, whole=False)
    ledger_of = case_ledger_of(store, told)
    words = words_of(meeting_sheet(ledger_of, told, index, whole=False, unseen={2}))
    assert "第2号在抽检，还没有答复，领域、风险提示和期限先不列" in words
    assert "跃界健身跑路了" in words
    name, whole = load_taxonomy().names["prepaid"], words_of(meeting_sheet(ledger_of, told, index, whole=False))
    assert words.count(name) == whole.count(name) - 1


def case_ledger_of(store, told):
    with store.reading() as connection:
        return case_ledger(connection, *told.cases)


def test_a_line_stands_in_a_letter_that_has_a_place_for_it(store, chief):
    refused = letter_of_case(one(store), "refuse", None, whole=False, line=LINE)
    assert "统一答复进度； 不承诺退款比例。" in words_of(refused.data)
    assert not any("没有用上" in remark for remark in refused.remarks)
    without = letter_of_case(one(store), "refuse", None, whole=False)
    assert "口径" not in words_of(without.data)
    accepted = letter_of_case(one(store), "accept", None, whole=False, line=LINE)
    assert [remark for remark in accepted.remarks if "没有用上" in remark] == [
        "投诉受理告知书的模板里没有 {{ 口径 }}，写明的口径没有用上"
    ]


def one(store):
    with store.reading() as connection:
        return case_ledger(connection, 1)
