"""How far a run has come, for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from tousu.batch.progress import Silent
from tousu.messages import printable

if TYPE_CHECKING:
    from rich.console import Console

    from tousu.batch.progress import Reporter

LINE_EVERY = 5.0


class Pace:
    """Rate and time left, from units and rows done since the start."""

    def __init__(self, total: int | None) -> None:
        self._total, self._began = total, time.monotonic()
        self._before: tuple[int, int] | None = None

    def say(self, done: int, rows: int) -> str:
        """Return rows, rate, share and time left in Chinese."""
        if self._before is None:
            self._before, self._began = (done, rows), time.monotonic()
        seconds = max(1e-6, time.monotonic() - self._began)
        units = done - self._before[0]
        said = f"已处理 {rows:,} 行，每秒 {(rows - self._before[1]) / seconds:,.0f} 行"
        if self._total and units:
            left = seconds * max(0, self._total - done) / units
            said += f"，{min(1.0, done / self._total):.0%}，约剩 {duration(left)}"
        return said


def duration(seconds: float) -> str:
    """Return a length of time in Chinese."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} 秒"
    if whole < 3600:
        return f"{whole // 60} 分 {whole % 60} 秒"
    return f"{whole // 3600} 小时 {whole % 3600 // 60} 分"


class Lines:
    """A plain line every few seconds."""

    def __init__(self, console: Console, every: float = LINE_EVERY) -> None:
        self._console, self._every = console, every
        self._pace, self._name, self._last = Pace(None), "", 0.0

    def start(self, name: str, total: int | None) -> None:
        """Begin a file."""
        self._pace, self._name, self._last = Pace(total), name, time.monotonic()

    def advance(self, done: int, rows: int) -> None:
        """Write a line if the last one is long enough ago."""
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._console.print(f"{printable(self._name)}：{self._pace.say(done, rows)}", markup=False)

    def stop(self) -> None:
        """End the file."""


class Bar:
    """A bar that moves, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._pace = Pace(None)

    def start(self, name: str, total: int | None) -> None:
        """Draw the bar of a file."""
        self._pace = Pace(total)
        said = TextColumn("{task.fields[said]}", markup=False)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), said)
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._bar.add_task(printable(name), total=total, said="")
        self._bar.start()

    def advance(self, done: int, rows: int) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=done, said=self._pace.say(done, rows))

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def reporter_for(console: Console, *, quiet: bool = False) -> Reporter:
    """Return the reporter that fits a console."""
    if quiet:
        return Silent()
    return Bar(console) if console.is_terminal else Lines(console)
