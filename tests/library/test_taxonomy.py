from __future__ import annotations

import datetime
import re

import pytest

from tousu.errors import TaxonomyError
from tousu.taxonomy import default_path, load_taxonomy


def test_the_shipped_taxonomy_is_whole():
    taxonomy = load_taxonomy()
    assert len(taxonomy.domains) == 18
    assert taxonomy.fallback == "out_of_scope"
    assert len(taxonomy.rules) == 15
    assert {nature for domain in taxonomy.domains for nature in domain.cca} <= {
        "售后服务", "合同", "质量", "虚假宣传", "安全", "价格", "假冒", "人格权益", "计量", "其他",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "day"),
    [("order20", "order121", "2026-04-15"), ("gb7718_2011", "gb7718_2025", "2027-03-16"),
     ("gb28050_2011", "gb28050_2025", "2027-03-16")],
)  # fmt: skip
def test_law_changes_on_its_day(first, second, day):
    laws = {law.id: law for law in load_taxonomy().laws}
    change = datetime.date.fromisoformat(day)
    before = change - datetime.timedelta(days=1)
    assert laws[first].holds_on(before)
    assert not laws[first].holds_on(change)
    assert laws[second].holds_on(change)
    assert not laws[second].holds_on(before)


def test_the_laws_by_id_are_made_once():
    assert load_taxonomy().laws_by_id is load_taxonomy().laws_by_id


def test_basis_depends_on_the_day():
    taxonomy = load_taxonomy()
    now = {law.id for law, _ in taxonomy.basis_on("food_label", datetime.date(2026, 11, 23))}
    later = {law.id for law, _ in taxonomy.basis_on("food_label", datetime.date(2027, 4, 1))}
    assert "gb7718_2011" in now
    assert "gb7718_2025" in later
    assert "gb7718_2011" not in later
    with pytest.raises(TaxonomyError, match="nowhere"):
        taxonomy.basis_on("nowhere", datetime.date(2026, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('code = "elevator"', 'code = "Elevator"', "code"),
        ('code = "elevator"', 'code = "prepaid"', "两次"),
        ('name = "电梯维修与安全"', 'nom = "电梯维修与安全"', "nom"),
        ('goes_to = "food_safety"', 'goes_to = "nowhere"', "nowhere"),
        ('law = "tsg_t5002"', 'law = "tsg"', "tsg"),
        ('fallback = "out_of_scope"', 'fallback = "none"', "fallback"),
        ("schema = 1", "schema = 2", "schema"),
        ('title = "市场监管投诉领域"', "title = ", "TOML"),
        ("valid_to = 2026-04-14", "valid_to = 2019-04-14", "valid_to"),
        ('name = "电梯维修与安全"', "name = 1", "应为字符串"),
    ],
)
def test_a_wrong_file_names_line_and_key(tmp_path, old, new, named):
    source = default_path().read_text("utf-8")
    assert old in source
    file = tmp_path / "taxonomy.toml"
    file.write_text(source.replace(old, new, 1), "utf-8")
    with pytest.raises(TaxonomyError, match=named) as caught:
        load_taxonomy(file)
    if named not in ("两次",):
        line = next(n for n, text in enumerate(file.read_text("utf-8").splitlines(), 1) if new in text)
        told = str(caught.value).replace(str(file), "")
        assert not re.search(r"Input|should|Invalid|line \d|Value error", told), told
        numbers = {int(word) for word in "".join(c if c.isdigit() else " " for c in str(caught.value)).split()}
        assert any(abs(line - number) <= 12 for number in numbers)


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(TaxonomyError, match="读不出"):
        load_taxonomy(tmp_path / "none.toml")
