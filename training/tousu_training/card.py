"""The model card: what a model is, what it was made of, how good it was and where that ends. Written beside every model.

Its headings follow Mitchell et al. 2019, "Model Cards for Model Reporting" (doi:10.1145/3287560.3287596).
"""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from tousu_training.report import figure_rows, signal_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

CARD = "card.md"


def render_card(
    manifest: Mapping[str, Any], metrics: Mapping[str, Any], names: Mapping[str, str], *, release: bool
) -> str:
    """Return the card as Markdown, in Chinese.

    Args:
        manifest: The model's manifest, without what is only known when its files are written.
        metrics: Held-out figures, as ``tousu_training.evaluate.evaluate`` gives them.
        names: Chinese name by code; codes stand for themselves where it has none.
        release: Whether it is the model that comes with the program.
    """
    source = (importlib.resources.files("tousu_training") / "card.md.j2").read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )  # names that others gave are escaped: Markdown may be shown as HTML
    return environment.from_string(source).render(
        manifest=manifest, figures=figure_rows(metrics), signals=signal_rows(metrics), release=release,
        domains=[(row, names.get(row["code"], row["code"])) for row in metrics["domains"]],
    )  # fmt: skip
