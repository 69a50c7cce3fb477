"""From the heads' scores to kinds, routes and signals, and from these by the station's rules to attention."""

from __future__ import annotations

import numpy as np
import pytest

from tousu.attention import AttentionRules, load_attention
from tousu.case_codes import AUTHORITIES, KINDS, LEVELS, SIGNALS
from tousu.classifier.attention import Attention
from tousu.classifier.cases import CaseCalibration, Cases

DOMAINS = ("elevator", "prepaid", "out_of_scope")
PLAIN = CaseCalibration(
    slope=np.ones(12), offset=np.zeros(12), thresholds=np.zeros(7), route_slope=np.ones(22), route_offset=np.zeros(22),
    background_rates=np.array([0.02, 0.02]),
)  # fmt: skip


def judged(kind: str, signals: tuple[str, ...], *, route: str | None = None, found: bool = True) -> Cases:
    scores = np.full((1, 12), -1.0)
    scores[0, KINDS.index(kind)] = 1.0
    for signal in signals:
        scores[0, len(KINDS) + SIGNALS.index(signal)] = 1.0
    routes = np.full((1, 22), np.nan if route is None else -1.0)
    if route is not None:
        routes[0, AUTHORITIES.index(route)] = 1.0
    outside = np.array([route is not None])
    return Cases.judged(scores, 0, routes, np.array([found]), outside, np.array([np.nan]), PLAIN)


def said(cases: Cases) -> tuple[str, ...]:
    return tuple(code for code, on in zip(SIGNALS, cases.signals[0], strict=True) if on)


def test_scores_become_codes():
    cases = judged("report", ("group", "crime"), route="police")
    assert KINDS[cases.kinds[0]] == "report"
    assert said(cases) == ("group", "crime")
    assert AUTHORITIES[cases.routes[0]] == "police"
    shares = cases.kind_probabilities(0, PLAIN)
    assert next(iter(shares)) == "report"
    assert sum(shares.values()) == pytest.approx(1)
    assert sum(cases.route_probabilities(0, PLAIN).values()) == pytest.approx(1)


def test_within_the_remit_there_is_no_route():
    cases = judged("complaint", ())
    assert cases.routes[0] == -1
    assert cases.route_probabilities(0, PLAIN) == {}


def test_a_question_is_never_a_claim():
    assert said(judged("consult", ("claimant", "crime"))) == ("crime",)
    assert said(judged("complaint", ("claimant",))) == ("claimant",)


def test_a_text_without_a_known_term_says_nothing():
    cases = judged("complaint", ("injury",), route="fire", found=False)
    assert (KINDS[cases.kinds[0]], said(cases), AUTHORITIES[cases.routes[0]]) == ("other", (), "none")


def level(cases: Cases, domain: str, rules: AttentionRules | None = None) -> tuple[str, list[str]]:
    attention, primary = Attention(DOMAINS, rules), np.array([DOMAINS.index(domain)], dtype=np.int32)
    return LEVELS[attention.levels(primary, cases)[0]], attention.reasons(primary, cases)[0]


def test_injury_is_urgent_and_a_group_s_cards_are_watched():
    assert level(judged("complaint", ("injury",)), "elevator")[0] == "urgent"
    watched, reasons = level(judged("complaint", ("group",)), "prepaid")
    assert watched == "watch"
    assert any("预付费" in reason for reason in reasons)
    assert level(judged("complaint", ()), "elevator") == ("normal", [])


def test_the_highest_level_counts_and_its_reasons_come_first():
    highest, reasons = level(judged("complaint", ("repeat", "injury")), "elevator")
    assert highest == "urgent"
    assert "受伤" in reasons[0]
    assert len(reasons) == 2


def test_every_condition_of_a_rule_is_asked(tmp_path):
    own = tmp_path / "attention.toml"
    own.write_text(
        'schema = 1\nversion = "x"\n[[rule]]\nlevel = "watch"\nreason = "大额"\nkinds = ["complaint"]\n'
        'any_signal = ["group", "repeat"]\namount_from = 1000\n', "utf-8",
    )  # fmt: skip
    rules = load_attention(own)
    cases = judged("complaint", ("repeat",))
    assert level(cases, "prepaid", rules)[0] == "normal"
    assert level(cases._replace(amounts=np.array([1000.0])), "prepaid", rules) == ("watch", ["大额"])
    assert level(judged("complaint", ())._replace(amounts=np.array([1000.0])), "prepaid", rules)[0] == "normal"
    assert level(judged("report", ("repeat",))._replace(amounts=np.array([1000.0])), "prepaid", rules)[0] == "normal"
    unknown = Cases.unknown(np.array([1000.0]))
    assert level(unknown, "prepaid", rules)[0] == "normal"
