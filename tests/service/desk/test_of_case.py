"""What stands beside a case: letters of what the desk keeps, personal numbers only for who may see them."""

from __future__ import annotations

import io

import pytest
from docx import Document

from tests.service.desk.people import tagged, upload_of
from tousu.errors import Conflict, RequestError
from tousu_service.desk.of_case import letter_of_case
from tousu_service.desk.store.as_ledger import case_ledger
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store


@pytest.fixture
def ledgers(tmp_path):
    """Return the first case, whose text is kept as it is, and a second of the same words, as ledgers."""
    store = Store.open(f"sqlite:///{tmp_path / 'tousu.db'}")
    store.migrate()
    with store.writing() as connection:
        new = [
            NewCase(n, "健身房关门，我的电话13912345678", tagged("prepaid", 0.95), number="A1", complainant="赵明远", received="2026-05-06")
            for n in (1, 2)
        ]  # fmt: skip
        add_cases(connection, upload_of(connection), new, secret="s", raw=True)
    yield lambda case: _ledger(store, case)
    store.close()


def _ledger(store, case):
    with store.reading() as connection:
        return case_ledger(connection, case)


def text_of(made):
    return "\n".join(part.text for part in Document(io.BytesIO(made.data)).paragraphs)


@pytest.mark.parametrize(("whole", "number"), [(True, "13912345678"), (False, "00000000000")])
def test_a_letter_has_no_name_and_numbers_only_for_who_may_see_them(ledgers, whole, number):
    made = letter_of_case(ledgers(1), "accept", None, whole=whole)
    assert number in text_of(made)
    assert "来件人" in made.blanks
    assert "赵明远" not in text_of(made)
    assert "2026年5月6日" in text_of(made)


def test_there_is_no_letter_of_what_stands_elsewhere_and_none_that_nobody_knows(ledgers):
    with pytest.raises(Conflict, match="不单独出文书"):
        letter_of_case(ledgers(2), "accept", None, whole=True)
    with pytest.raises(RequestError, match="没有这种文书"):
        letter_of_case(ledgers(1), "letter", None, whole=True)
    with pytest.raises(RequestError, match="没有第 9 项"):
        letter_of_case(ledgers(1), "refuse", 9, whole=True)
