"""Charts as inline SVG that need no script: bars, columns, changes, small trends.

Each has a title and a description for those who listen, prints in grey, and says its numbers in words;
the page has the table underneath.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 900
LINE = 26
LABEL = 248
DARK, LIGHT, GREY, UP, DOWN = "#1f5f8b", "#a9cbe3", "#c3ccd5", "#b4432f", "#2f7d5b"


class Bar(NamedTuple):
    """A bar: its name, its length, the part of it drawn light at the end, the words behind it."""

    label: str
    value: float
    light: float
    said: str


class Column(NamedTuple):
    """A column: its name, its height, whether it belongs to the period, whether it is not complete."""

    label: str
    value: int
    chosen: bool
    partial: bool


class Change(NamedTuple):
    """A change: its name, the figure before and now, and the words behind it; ``sure`` if beyond chance."""

    label: str
    before: int
    now: int
    said: str
    sure: bool


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """Return a chart of horizontal bars, one a row."""
    most = max([row.value for row in rows], default=1) or 1
    room = WIDTH - LABEL - 150
    parts = []
    for number, row in enumerate(rows):
        top, length = number * LINE, room * row.value / most
        light = length * row.light / row.value if row.value else 0
        parts += [
            _text(LABEL - 10, top + 18, _cut(row.label, LABEL - 14), anchor="end"),
            _box(LABEL, top + 5, length - light, LINE - 9, DARK),
            _box(LABEL + length - light, top + 5, light, LINE - 9, LIGHT),
            _text(LABEL + length + 7, top + 18, row.said, kind="figure"),
        ]
    return _svg(title, "；".join(f"{row.label} {row.said}" for row in rows), len(rows) * LINE + 4, parts)


def columns(title: str, rows: Sequence[Column]) -> Markup:
    """Return a chart of upright columns, one a month; those outside the period are grey, partial ones hatched."""
    height, base = 200, 226
    most = max([row.value for row in rows], default=1) or 1
    step = WIDTH / max(len(rows), 6)
    parts = [_HATCH, f'<line x1="0" x2="{WIDTH}" y1="{base}" y2="{base}" stroke="#8a97a5"/>']
    for number, row in enumerate(rows):
        middle, tall = (number + 0.5) * step, height * row.value / most
        colour = DARK if row.chosen else GREY
        parts.append(_box(middle - step * 0.34, base - tall, step * 0.68, tall, colour))
        if row.partial:
            parts.append(_box(middle - step * 0.34, base - tall, step * 0.68, tall, "url(#hatch)"))
        parts += [
            _text(middle, base - tall - 6, f"{row.value:,}", anchor="middle", kind="figure"),
            _text(middle, base + 18, row.label + ("*" if row.partial else ""), anchor="middle"),
        ]
    return _svg(title, "；".join(f"{row.label} {row.value} 件" for row in rows), base + 26, parts)


def dumbbells(title: str, rows: Sequence[Change]) -> Markup:
    """Return a chart of changes: a hollow dot for before, a full one for now, one row each."""
    most = max([max(row.before, row.now) for row in rows], default=1) or 1
    room = WIDTH - LABEL - 240
    parts = []
    for number, row in enumerate(rows):
        middle = number * LINE + LINE / 2
        left, right = (LABEL + 8 + room * value / most for value in (row.before, row.now))
        colour = GREY if row.now == row.before else (UP if row.now > row.before else DOWN)
        parts += [
            _text(LABEL - 10, middle + 5, _cut(row.label, LABEL - 14), anchor="end"),
            f'<line x1="{LABEL}" x2="{LABEL + 16 + room}" y1="{middle:g}" y2="{middle:g}" stroke="#e6eaee"/>',
            f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{middle:g}" y2="{middle:g}" stroke="{colour}" '
            f'stroke-width="{4 if row.sure else 2}"/>',
            f'<circle cx="{left:.1f}" cy="{middle:g}" r="5" fill="#fff" stroke="{colour}" stroke-width="2"/>',
            f'<circle cx="{right:.1f}" cy="{middle:g}" r="5.5" fill="{colour}"/>',
            _text(LABEL + room + 26, middle + 5, row.said, kind="figure", bold=row.sure),
        ]
    said = "；".join(f"{row.label} 由 {row.before} 件到 {row.now} 件" for row in rows)
    return _svg(title, said, len(rows) * LINE + 4, parts)


def trend(values: Sequence[int], name: str, step: str = "逐月") -> Markup:
    """Return a line as high as a row of text, its last point marked; all from zero up."""
    width, height, most = 120, 24, max([*values, 1])
    apart = (width - 8) / max(len(values) - 1, 1)
    points = [(4 + number * apart, height - 3 - (height - 7) * value / most) for number, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last = f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.6" fill="{DARK}"/>' if points else ""
    said = escape(f"{name}{step}：{'、'.join(map(str, values))}")
    return Markup(  # noqa: S704 - numbers, and one escaped description
        f'<svg class="trend" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{said}"><polyline points="{line}" fill="none" stroke="{DARK}" stroke-width="1.6"/>{last}</svg>'
    )


_HATCH = (
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="3" height="7" fill="#fff" fill-opacity=".55"/></pattern></defs>'
)


def _svg(title: str, said: str, height: float, parts: Sequence[str]) -> Markup:
    """Return the chart's frame around its parts."""
    return Markup(  # noqa: S704 - every text in it is escaped where it is made
        f'<svg viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title><desc>{escape(said)}</desc>{"".join(parts)}</svg>'
    )


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a filled rectangle, nothing if it has no size."""
    if width <= 0 or height <= 0:
        return ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "label", bold: bool = False) -> str:
    """Return a text at a place."""
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"{weight}>{escape(text)}</text>'


def _cut(text: str, room: float) -> str:
    """Return as much of ``text`` as fits ``room`` pixels at 14 pixels a Chinese character."""
    used = 0.0
    for place, character in enumerate(text):
        used += 14 if unicodedata.east_asian_width(character) in "WF" else 8
        if used > room:
            return text[: max(1, place - 1)] + "…"
    return text
