"""我的: what has been given to a person, the soonest due first, and who has how much."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tousu.timezone import local
from tousu_service.desk.store import mine, people
from tousu_service.desk.web import new_router, page
from tousu_service.store.clock import present

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)


@page("/mine")
def show_mine(visit: Visit) -> Response:
    """Show what the person has to handle; who may assign sees what everybody has."""
    everybody = visit.person.may("reviewer")
    with visit.reading() as connection:
        rows = mine.of_person(connection, visit.person.id)
        loads = mine.loads(connection) if everybody else []
        free = mine.unassigned(connection) if everybody else []
        users = [user for user in people.listed(connection) if user.disabled_at is None]
        today = local(present(connection)).date().isoformat()
    visit.viewed("mine_listed", found=len(rows), free=len(free))
    return visit.show("mine.html", rows=rows, loads=loads, free=free, users=users, today=today)
