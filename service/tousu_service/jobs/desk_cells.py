"""What is kept of cells that masking would spoil: who complains, and days written without signs between."""

from __future__ import annotations

from datetime import date

from tousu.ledger.days import read_day
from tousu.masking import mask
from tousu.monthly.repeated import person_of

UNNAMED = "未留全名"  # of whom nobody can be told by what is written


def whose(name: str | None, telephone: str | None) -> tuple[str | None, str | None]:
    """Return by what a complainant is known, as ``tousu monthly`` knows people, and what is said of one who is not known.

    The first is hashed and never stored as it stands; 王先生 and 匿名 are nobody, so their cases are not one person's.
    """
    person = person_of(name, telephone)
    return person, UNNAMED if person is None and (name or telephone) else None


def day_kept(words: str) -> str:
    """Return a day's cell as it stands, the day alone where its digits in a row would be taken for a personal number."""
    if mask(words) == words:
        return words
    day = read_day(words)
    return day.isoformat() if isinstance(day, date) else words
