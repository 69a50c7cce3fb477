"""One case's clocks: which one runs, since when, until when, or why that cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tousu.clock.period import Pause, end_of
from tousu.clock.rules import rule_of
from tousu.clock.states import is_yes, status_of
from tousu.errors import CalendarEnds
from tousu.ledger.fields import TITLES
from tousu.taxonomy import UNITS

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from tousu.clock.rules import Clocks, Rule
    from tousu.clock.workdays import WorkCalendar

State = Literal["running", "due_soon", "overdue", "done", "unknown"]
TRACKS = {
    "complaint": ("complaint",),
    "report": ("report",),
    "both": ("complaint", "report"),
    "petition": ("petition",),
}
# Steps of a case in the order in which they can happen; those of one number in any.
STEPS = {"received": 0, "accepted": 1, "refused": 1, "filed": 1, "not_filed": 1, "ended": 2, "closed": 3}


class Line(NamedTuple):
    """What is told of one clock of one case.

    Attributes:
        row: Data row of the ledger, from 1 on.
        id: The case's number, None where the ledger has none.
        clock: Code of the period; where none has begun, of the procedure's first.
        basis: Law and article, or the local rule, in Chinese.
        start: The day the period begins with (``from`` in JSON), None where it cannot be told.
        due: Its last day, None where it cannot be told.
        days_left: Days from today to ``due``, negative when past; None where done or unknown.
        state: How it stands.
        reason: Why it cannot be told, or what else to know, in Chinese; nothing where there is nothing.
        name: What people call the period, in Chinese.
        provisional: Whether ``due`` rests on holidays that are computed, not announced.
        extended: Whether ``due`` holds the days by which the period was prolonged.
        pause: The time off the clock that ``due`` leaves out, None without any.
    """

    row: int
    id: str | None
    clock: str
    basis: str
    start: datetime.date | None
    due: datetime.date | None
    days_left: int | None
    state: State
    reason: str = ""
    name: str = ""
    provisional: bool = False
    extended: bool = False
    pause: Pause | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the line as the JSON contract names it."""
        return {
            "row": self.row,
            "id": self.id,
            "clock": self.clock,
            "basis": self.basis,
            "from": self.start.isoformat() if self.start else None,
            "due": self.due.isoformat() if self.due else None,
            "days_left": self.days_left,
            "state": self.state,
            "reason": self.reason,
        }


class Judge:
    """Tells the clocks of cases.

    Args:
        clocks: The clocks in use.
        calendar: The working days.
        today: The day on which it is told.
    """

    def __init__(self, clocks: Clocks, calendar: WorkCalendar, today: datetime.date) -> None:
        self._clocks, self._calendar, self._today = clocks, calendar, today
        self._columns = {
            track: frozenset(name for stage in stages for rule in stage for name in (rule.starts, *rule.until))
            for track, stages in clocks.stages.items()
        }
        self._pausing = {
            track for track, stages in clocks.stages.items() if any(rule.pauses for stage in stages for rule in stage)
        }

    def lines(self, case: Mapping[str, Any], kind: str, wrong: Mapping[str, str]) -> list[Line]:
        """Return a line for each procedure of a case that has clocks; none for one that has none.

        Args:
            case: Its row, with the columns of a ledger.
            kind: complaint, report, both, petition, or another kind that has no clocks but local ones.
            wrong: Why cells of its columns could not be read, by column.
        """
        tracks = [track for track in TRACKS.get(kind, ()) if track in self._clocks.stages]
        told = [self._line(case, track, self._clocks.stages[track], wrong) for track in tracks]
        for stage in self._clocks.stages.get("local", ()):
            source = case.get("source") or ""
            if any(word in source for word in stage[0].source) or not stage[0].source:
                told.append(self._line(case, "local", (stage,), wrong))
        return told

    def _line(
        self, case: Mapping[str, Any], track: str, stages: Sequence[Sequence[Rule]], wrong: Mapping[str, str]
    ) -> Line:
        """Return the line of one procedure."""
        broken, rule = self._broken(case, track, wrong), self._running(case, stages)
        if broken or rule is None:
            return _unknown(case, broken or self._why_none(case, stages), rule or stages[0][0])
        ends = (case[name] for name in rule.until)
        # What came before the clock began has stopped another one.
        stopped = min((day for day in ends if day is not None and day >= case[rule.starts]), default=None)
        status = status_of(case["state"])
        if stopped is None:
            problem = _contradiction(rule, status)
            if problem:
                return _unknown(case, problem, rule)
        elif status in ("open", "accepted") and case["closed"] is not None:
            return _unknown(case, f"有{TITLES['closed']} {case['closed']}，办理状态却是“{case['state']}”", rule)
        try:
            return self._told(case, rule, stopped, status)
        except CalendarEnds as error:
            return _unknown(case, error.found, rule)

    def _broken(self, case: Mapping[str, Any], track: str, wrong: Mapping[str, str]) -> str:
        """Return why the days of a case cannot be trusted; nothing if they can."""
        columns = self._columns[track]
        for name in (*STEPS, "told", *(("pause_from", "pause_until") if track in self._pausing else ())):
            if name in wrong and (name in columns or name.startswith("pause")):
                return f"{TITLES[name]}{wrong[name]}"
        days = [(STEPS[name], name, case[name]) for name in STEPS if name in columns and case[name] is not None]
        for name in (*STEPS, "told"):
            if name in columns and case[name] is not None and case[name] > self._today:
                return f"{TITLES[name]} {case[name]} 在今天（{self._today}）之后"
        for step, name, day in days:
            for earlier, other, other_day in days:
                if earlier < step and day < other_day:
                    return f"{TITLES[name]} {day} 早于{TITLES[other]} {other_day}"
        return ""

    def _running(self, case: Mapping[str, Any], stages: Sequence[Sequence[Rule]]) -> Rule | None:
        """Return the last of the clocks that have begun; None if none has, or none holds on the case's day."""
        rules = (rule_of(stage, case, self._clocks.law_by) for stage in reversed(stages))
        return next((rule for rule in rules if rule is not None), None)

    def _why_none(self, case: Mapping[str, Any], stages: Sequence[Sequence[Rule]]) -> str:
        """Return why no clock has begun."""
        if all(case[stage[0].starts] is None for stage in stages):
            return f"没有{TITLES[stages[0][0].starts]}"
        return f"{case['received'] or ''} 没有适用的期限规定".strip()

    def _told(self, case: Mapping[str, Any], rule: Rule, stopped: datetime.date | None, status: str | None) -> Line:
        """Return the line of a clock that has begun.

        Raises:
            CalendarEnds: The calendar does not reach its end.
        """
        start, notes = case[rule.starts], self._notes(case, rule)
        pause, problem = self._pause(case, rule, stopped, notes)
        if problem:
            return _unknown(case, problem, rule)
        extended = self._extended(case, rule, notes)
        end = end_of(rule, start, self._calendar, extended=extended, pause=pause)
        if end.provisional:
            notes.append(f"暂定：{end.due.year} 年放假安排未公布，按法定节假日推算")
        if stopped is not None or status in rule.until:
            late = (stopped - end.due).days if stopped is not None else 0
            done = f"{stopped} 已完成" if stopped is not None else f"办理状态为“{case['state']}”，没有记日期"
            notes.insert(0, f"{done}，晚于期限 {late} 天" if late > 0 else done)
            left, state = None, "done"
        else:
            left = (end.due - self._today).days
            state = "overdue" if left < 0 else "due_soon" if self._is_soon(end.due) else "running"
        return Line(
            case["row"], case["case"], rule.id, rule.basis, start, end.due, left, state, "；".join(notes),  # type: ignore[arg-type]
            rule.name, end.provisional, extended, pause,
        )  # fmt: skip

    def _is_soon(self, due: datetime.date) -> bool:
        return self._calendar.between(self._today, due) <= self._clocks.soon

    def _notes(self, case: Mapping[str, Any], rule: Rule) -> list[str]:
        """Return what else to know of a clock: law not verified, law that changed between receipt and beginning."""
        notes = [] if rule.sure else ["期限依据未核实"]
        if case["received"] is None and rule.starts != "received":
            notes.append("没有登记时间，按起算日适用规定")
        elif case["received"] is not None and not rule.holds_on(case[rule.starts]):
            notes.append("新旧规定之间：按收到之日适用，请法制人员确认")
        return notes

    def _extended(self, case: Mapping[str, Any], rule: Rule, notes: list[str]) -> bool:
        """Return whether a clock was prolonged; a note says so."""
        if not rule.extend or not is_yes(case["extended"]):
            return False
        notes.append(f"已延长 {rule.extend} {UNITS[rule.unit]}")
        return True

    def _pause(
        self, case: Mapping[str, Any], rule: Rule, stopped: datetime.date | None, notes: list[str]
    ) -> tuple[Pause | None, str]:
        """Return the time off the clock, None without any, and what is wrong with it; a note says how it is counted."""
        first, until = case["pause_from"], case["pause_until"]
        if not rule.pauses or (first is None and until is None):
            return None, ""
        if first is None:
            return None, f"有{TITLES['pause_until']}，没有{TITLES['pause_from']}"
        if first > self._today or (until is not None and (until < first or until > self._today)):
            return None, f"停表日期不对：{first} 至 {until or '今'}"
        if until is None and stopped is not None:
            if stopped <= first:
                return None, ""
            notes.append(f"检测鉴定自 {first} 起停表，未恢复：计到完成之日 {stopped}")
            return Pause(first, stopped), ""
        if until is None:
            notes.append(f"检测鉴定自 {first} 起停表，未恢复：到期日按今天恢复计")
            return Pause(first, self._today), ""
        notes.append(f"扣除检测鉴定 {first} 至 {until}")
        return Pause(first, until), ""


def _contradiction(rule: Rule, status: str | None) -> str:
    """Return why a clock that no day has stopped cannot run on; nothing if it can."""
    if status == "accepted" and "accepted" in rule.until:
        return f"办理状态是已受理，却没有{TITLES['accepted']}"
    if status == "ended" and "ended" in rule.until:
        return f"办理状态是终止，却没有{TITLES['ended']}"
    return ""


def _unknown(case: Mapping[str, Any], reason: str, rule: Rule) -> Line:
    """Return the line of a clock that cannot be told."""
    return Line(case["row"], case["case"], rule.id, rule.basis, None, None, None, "unknown", reason, rule.name)
