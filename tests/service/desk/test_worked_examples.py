"""Cases marked as worked examples: what the form takes, what is stored, who changed it, how it stands beside others."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest

from tests.service.desk.people import officer_of, tagged, upload_of
from tousu.errors import Conflict, ExampleError, NotFound
from tousu.examples.exchange import import_examples, listed
from tousu.examples.read import load_examples, own_examples
from tousu.resources import TABLES_DIR
from tousu_service.desk import beside, example_form
from tousu_service.desk.store import worked_examples
from tousu_service.desk.store.card import card
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import audit

DAY = datetime.date(2026, 5, 6)
GYM = "健身房一夜关门，老板电话打不通，年卡还剩三千元，要求退钱，我的电话13912345678"
BASIS = "consumer_law 第53条"


@pytest.fixture
def chief(store):
    """A reviewer of a desk with one case."""
    with store.writing() as connection:
        new = [NewCase(1, GYM, tagged("prepaid", 0.95), number="A1", received=DAY.isoformat())]
        add_cases(connection, upload_of(connection), new, secret="s", raw=True)
        return officer_of(connection, "审核员", "reviewer")


def written(**others):
    form = example_form.Written(
        title="健身房关门13912345678", domains=("prepaid",), kind="complaint", online=False, signals=("group",),
        authorities=(), department="预付卡股", basis=BASIS, situation=GYM, steps="1. 核对合同\n2. 约谈", evidence="- 合同",
        answers="说明进度", not_ours="卖房",
    )  # fmt: skip
    return form._replace(**others)


def save(store, chief, source, version=0):
    with store.writing() as connection:
        worked_examples.save(connection, 1, source, by=chief, version=version)


def test_the_form_begins_with_what_is_known_of_the_case_without_numbers(store, chief, shipped):
    from tousu.taxonomy import load_taxonomy

    with store.reading() as connection:
        begun = example_form.begun(card(connection, 1, viewer=chief.id), load_taxonomy(), DAY)
    assert "00000000000" in begun.situation
    assert "1391234" not in begun.situation
    assert (begun.domains, begun.kind) == (("prepaid",), "complaint")
    example_form.source_of(written(basis=begun.basis, department=begun.department), DAY)  # laws of the day


def test_numbers_of_persons_are_never_stored(store, chief):
    source = example_form.source_of(written(steps="找13912345678", evidence="身份证110101199003078515"), DAY)
    assert "13912345678" not in source
    assert "19900307" not in source


@pytest.mark.parametrize("between", ["\u200b", "\n", "\r\n", "\x7f", "\u2060", "\ue000"])
def test_numbers_of_persons_hide_behind_nothing(store, chief, between):
    phone, card = f"1391234{between}5678", f"110101{between}199003078515"
    fields = dict.fromkeys(
        ("title", "department", "situation", "steps", "evidence", "not_ours"), f"找{phone}，{card}办"
    )
    source = example_form.source_of(written(**fields), DAY)
    assert [part for part in ("1391234", "5678", "110101", "19900307") if part in source] == []
    assert "1391234" not in example_form.kept_line(phone)


def test_a_number_is_not_cut_in_two_before_it_is_masked():
    long = "找" * (example_form.LONGEST["title"] - 5) + "13912345678"
    with pytest.raises(Conflict, match="标题有 .* 字，太长"):
        example_form.source_of(written(title=long), DAY)
    with pytest.raises(Conflict, match="步骤有 .* 字，太长"):
        example_form.source_of(written(steps="1. 查\n" * 2000), DAY)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": " "}, "标题没有写"), ({"situation": "\n"}, "情形没有写"), ({"steps": "-\n1. "}, "步骤没有写"),
        ({"not_ours": ""}, "不归我们没有写"), ({"domains": ("",)}, "没有选领域"), ({"domains": ("nope",)}, "没有领域 nope"),
        ({"kind": "petition"}, "没有类型 petition"), ({"signals": ("x",)}, "没有风险提示 x"),
        ({"authorities": ("x",)}, "没有部门 x"), ({"basis": ""}, "依据没有写"), ({"basis": "no_law 第1条"}, "没有法规 no_law"),
        ({"basis": "consumer_law"}, "没有写条款"), ({"basis": "order20 第1条"}, "在 2026-05-06 和今天都不生效"),
        ({"steps": "查\n" * 100}, "步骤写了 100 条"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_told(wrong, told):
    with pytest.raises((Conflict, ExampleError), match=told):
        example_form.source_of(written(**wrong), DAY)


def test_what_is_shown_again_is_saved_as_it_was(store, chief):
    save(
        store, chief, example_form.source_of(written(steps="1. - 先查\n2. 3、5号楼", evidence="- -5℃\n* 2. 合同"), DAY)
    )
    with store.reading() as connection:
        marked = worked_examples.of_case(connection, 1)
    again, wrong = example_form.written_in(marked)
    assert wrong is None
    assert (again.steps, again.evidence) == ("1. - 先查\n2. 3、5号楼", "- -5℃\n- 2. 合同")
    assert example_form.source_of(again, DAY) == marked.source


def test_what_has_left_the_tables_is_told_beside_the_form(store, chief):
    save(
        store,
        chief,
        example_form.source_of(written(), DAY).replace("consumer_law", "gone_law").replace("prepaid", "gone"),
    )
    with store.reading() as connection:
        marked = worked_examples.of_case(connection, 1)
    again, wrong = example_form.written_in(marked)
    assert again.basis == "gone_law 第53条"
    assert again.domains == ("gone",)
    assert "没有领域 gone" in wrong.found
    assert "收回" in wrong.fix
    with pytest.raises(Conflict, match="没有领域 gone"):
        example_form.source_of(again, DAY)
    nothing, wrong = example_form.written_in(
        dataclasses.replace(marked, source="+++\n", withdrawn_at=marked.changed_at)
    )
    assert nothing is None
    assert "收回" not in wrong.fix


def test_a_law_may_hold_on_the_day_of_the_case_or_today():
    old = example_form.source_of(written(basis=f"order20 第14条\norder121 第14条\n{BASIS}"), datetime.date(2026, 4, 1))
    assert old.count("law = ") == 3
    assert {"order20", "order121"} <= {law.id for law in example_form.laws_on(datetime.date(2026, 4, 1))}


def test_saved_changed_taken_back_and_saved_again(store, chief):
    source = example_form.source_of(written(), DAY)
    save(store, chief, source)
    with pytest.raises(Conflict, match="审核员 刚刚改过"):
        save(store, chief, source)
    save(store, chief, source.replace("约谈", "走访"), version=1)
    with store.writing() as connection:
        held = worked_examples.of_case(connection, 1)
        assert "走访" in held.source
        worked_examples.withdraw(connection, 1, by=chief, version=2)
    with store.reading() as connection:
        assert worked_examples.listed(connection) == []
    with pytest.raises(Conflict, match="审核员 已经收回"), store.writing() as connection:
        worked_examples.withdraw(connection, 1, by=chief, version=2)
    save(store, chief, source, version=3)
    with store.reading() as connection:
        (again,) = worked_examples.listed(connection)
    assert (again.name, again.number) == (held.name, "A1")
    told = [(line.action, line.detail) for line in audit.lines(store) if line.action.startswith("example")]
    assert [action for action, _ in told] == [
        "example_added", "example_changed", "example_withdrawn", "example_restored",
    ]  # fmt: skip
    assert all(detail == {"case": 1, "example": held.name} for _, detail in told)


def test_who_takes_one_back_has_seen_it_as_it_stands(store, chief):
    with pytest.raises(NotFound), store.writing() as connection:
        worked_examples.withdraw(connection, 1, by=chief, version=0)
    source = example_form.source_of(written(), DAY)
    save(store, chief, source)
    save(store, chief, source.replace("约谈", "走访"), version=1)
    with pytest.raises(Conflict, match="审核员 刚刚改过"), store.writing() as connection:
        worked_examples.withdraw(connection, 1, by=chief, version=1)
    with store.reading() as connection:
        assert [one.version for one in worked_examples.listed(connection)] == [2]


def test_it_stands_beside_alike_cases_as_long_as_it_counts(store, chief, shipped):
    def found(text="健身房关门了，会员卡不退钱"):
        with store.reading() as connection:
            desk = beside.desk_examples(connection)
        return [one["title"] for one in beside.examples_like(text, DAY, shipped, desk) if one["case"] == 1]

    assert found() == []
    save(store, chief, example_form.source_of(written(), DAY))
    assert found() == ["健身房关门00000000000"]
    assert found("电梯困人，物业不管") == []
    with store.writing() as connection:
        worked_examples.withdraw(connection, 1, by=chief, version=1)
    assert found() == []


def test_one_whose_law_has_gone_is_told_and_hides_no_other(store, chief):
    save(store, chief, example_form.source_of(written(), DAY).replace("consumer_law", "gone_law"))
    with store.reading() as connection:
        desk = beside.desk_examples(connection)
    assert desk.examples == ()
    assert "gone_law" in next(iter(desk.broken.values()))


def test_the_download_is_what_the_import_takes(store, chief, tmp_path):
    save(store, chief, example_form.source_of(written(), DAY))
    with store.reading() as connection:
        examples = beside.desk_examples(connection).examples
    packed = tmp_path / "典型案例.json"
    packed.write_bytes(listed(examples))
    assert json.loads(packed.read_bytes())["format"] == "tousu-examples"
    import_examples(packed, tmp_path / "own")
    assert [one.source for one in load_examples(tmp_path / "own")] == [one.source for one in examples]


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """A station's own tables, none yet."""
    monkeypatch.setenv(TABLES_DIR, str(tmp_path))
    load_examples.cache_clear()
    yield tmp_path
    load_examples.cache_clear()


def test_one_downloaded_and_imported_again_stands_beside_a_case_once(store, chief, shipped, tables):
    source = example_form.source_of(written(title="旧题"), DAY)
    save(store, chief, source)
    with store.reading() as connection:
        (tables / "典型案例.json").write_bytes(listed(beside.desk_examples(connection).examples))
    (name,) = import_examples(tables / "典型案例.json", tables / "examples")
    assert [one.id for one in own_examples()] == [name]
    save(store, chief, source.replace("旧题", "新题"), version=1)

    def found():
        with store.reading() as connection:
            desk = beside.desk_examples(connection)
        told = beside.examples_like("健身房关门了，会员卡不退钱", DAY, shipped, desk)
        return [(one["title"], one["own"], one["case"]) for one in told if one["title"] in {"旧题", "新题"}]

    assert found() == [("新题", False, 1)]
    with store.writing() as connection:
        worked_examples.withdraw(connection, 1, by=chief, version=2)
    assert found() == [("旧题", True, None)]
