"""What the pages 本周, 督查 and 时限 have in common: figures of all cases, or why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.errors import FileError
from tousu.timezone import today
from tousu_service.desk.figures import figures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Response

    from tousu.ledger.read import Ledger
    from tousu_service.desk.figures import Made
    from tousu_service.desk.visit import Visit


def made_today(visit: Visit, what: tuple[Any, ...], make: Callable[[Ledger], Any]) -> Made:
    """Return the figures as of today, computed anew where the address asks for that; see ``figures_of``."""
    return figures_of(visit.parts.store, (*what, today()), make, afresh=visit.asked("fresh") == "1")


def show_figures(
    visit: Visit, template: str, made: Callable[[], Made], context: Callable[[Any], dict[str, Any]]
) -> Response:  # fmt: skip
    """Return a page of figures; where there are none, what it says then.

    Args:
        visit: The request.
        template: The page; it is given ``made`` and ``problem``, both None without cases.
        made: Gives the figures; a FileError tells why there are none.
        context: What else the template is given, of the figures.
    """
    try:
        found = made()
    except FileError as error:
        return visit.show(template, made=None, problem=error)
    if found.value is None:
        return visit.show(template, made=None, problem=None)
    return visit.show(template, made=found, problem=None, **context(found.value))
