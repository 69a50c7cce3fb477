"""When every period of a case ends, whether it still runs or not."""

from __future__ import annotations

import datetime

import pytest

from tousu.clock.ends import ends_of
from tousu.ledger.fields import DAYS

D = datetime.date


def case(**days):
    return {**dict.fromkeys(DAYS), "extended": None, **days}


@pytest.mark.parametrize(
    ("kind", "days", "ends"),
    [
        # Received on a Tuesday: seven working days are to Thursday of the week after.
        ("complaint", {"received": D(2026, 5, 19)}, {"accept_decision": D(2026, 5, 28)}),
        (
            "complaint",
            {"received": D(2026, 5, 19), "accepted": D(2026, 5, 22)},
            {"accept_decision": D(2026, 5, 28), "mediation_end": D(2026, 7, 21)},
        ),
        ("report", {"received": D(2026, 5, 19)}, {"verify_lead": D(2026, 6, 9)}),
        ("report", {"received": D(2026, 5, 19), "extended": "是"}, {"verify_lead": D(2026, 7, 1)}),
        ("consult", {"received": D(2026, 5, 19)}, {}),
        ("complaint", {}, {}),
        ("report", {"received": D(2026, 5, 19), "pause_from": D(2026, 5, 25)}, {}),
    ],
)
def test_ends(kind, days, ends):
    assert {code: end.due for code, end in ends_of(case(**days), kind).items()} == ends
