"""Pages of figures: one look, whichever room writes them; nothing on them asks another address."""

from __future__ import annotations

from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from tousu.report.sentences import money, percent, signed

HOME = "tousu.report"


def render(package: str, name: str, **values: Any) -> str:
    """Return a page.

    Args:
        package: The package the template lies in; what it includes may lie beside it or in ``tousu.report``.
        name: The template's file.
        values: What it shows.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader(HOME, "")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"percent": percent, "signed": signed, "count": lambda value: f"{value:,}", "money": money}
    return environment.get_template(name).render(**values)
