"""台账: the list of all cases, what they can be told apart by, and one change for many of them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tousu.errors import Conflict, ScopeMissing
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.render import ATTENTION, DECISIONS, STATES, names
from tousu_service.desk.store import answers, bulk, lists, named, people
from tousu_service.desk.store.answers import Said
from tousu_service.desk.store.filters import Filter
from tousu_service.desk.web import new_router, page

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
LABELS = {
    "state": "状态", "domain": "领域", "kind": "类型", "route": "去向", "attention": "关注", "decision": "把握",
    "month": "月份", "upload": "收件", "signal": "风险提示", "respondent": "被投诉方", "assignee": "办理人",
    "by": "复核人", "complainant": "同一投诉人", "online": "线上", "changed": "已更正", "predicted": "模型判为", "q": "查找",
}  # fmt: skip
ORDER_LABELS = {
    "new": "最新收件", "old": "最早收件", "latest": "登记时间近的先", "received": "登记时间早的先", "unsure": "最拿不准的先",
    "sure": "最有把握的先",
}  # fmt: skip


@page("/cases")
def show_list(visit: Visit) -> Response:
    """Show a page of the cases that the address asks for."""
    wanted = Filter.of(visit.request.query_params)
    order = visit.asked("order") if visit.asked("order") in lists.ORDERS else "new"
    with visit.reading() as connection:
        chosen = lists.choose(connection, wanted)
        total = chosen.count
        found = lists.page(connection, chosen, order=order, after=visit.asked("after"))
        facets = lists.facets(chosen)
        shown = _shown(wanted, lists.upload_names(connection), {u.id: u.name for u in people.listed(connection)})
        without = [] if total or wanted.is_empty else _relaxed(connection, wanted)
    visit.viewed("cases_listed", filter=_told(wanted), found=total)
    return visit.show(
        "ledger.html", found=found, total=total, facets=facets, wanted=wanted, order=order, shown=shown,
        labels=LABELS, orders=ORDER_LABELS, address=wanted.to_query(), without=without,
        after=visit.asked("after"), most=bulk.MOST, meeting=named.MOST,
    )  # fmt: skip


@page("/bulk", method="POST", role="reviewer")
def preview(visit: Visit) -> Response:
    """Freeze the cases that are to be changed together and show what would become of them."""
    wanted = Filter.of(visit.form)
    with visit.writing() as connection:
        batch = bulk.prepare(connection, wanted, by=visit.person)
        sample = bulk.sample(connection, batch)
    visit.viewed("bulk_viewed", batch=batch.id)
    return visit.show("bulk.html", batch=batch, sample=sample)


@page("/bulk/{batch}", role="reviewer")
def show_batch(visit: Visit) -> Response:
    """Show a bulk action: as a preview, or as what it did."""
    with visit.reading() as connection:
        batch = bulk.find(connection, visit.named("batch"))
        sample = bulk.sample(connection, batch) if batch.state == "preview" else []
    visit.viewed("bulk_viewed", batch=batch.id)
    return visit.show("bulk.html", batch=batch, sample=sample)


@page("/bulk/{batch}/run", method="POST", role="reviewer")
def run(visit: Visit) -> Response:
    """Change the frozen cases that nobody has touched since.

    Raises:
        Conflict: The number typed in is not theirs, or there is no such domain.
    """
    code, batch_id = visit.said("domain"), visit.named("batch")
    if code not in names()["domains"]:
        raise Conflict("没有选领域", fix="返回上一页，选好改成哪个领域")
    with visit.reading() as connection:
        frozen = len(bulk.find(connection, batch_id).frozen)
    if frozen > bulk.ASK_ABOVE and visit.said("typed") != str(frozen):
        raise Conflict(f"要改的超过 {bulk.ASK_ABOVE} 件，须键入件数", expected=str(frozen), fix="返回上一页")
    said = Said((code,), note=visit.limited("note", "理由", most=answers.LONGEST_NOTE) or None)
    bulk.run(visit.parts.store, batch_id, said, by=visit.person)
    return visit.go(f"/bulk/{batch_id}")


@page("/bulk/{batch}/undo", method="POST", role="reviewer")
def undo(visit: Visit) -> Response:
    """Take back what a bulk action changed and nobody has touched since."""
    batch_id = visit.named("batch")
    bulk.undo(visit.parts.store, batch_id, by=visit.person)
    return visit.go(f"/bulk/{batch_id}")


@page("/assign", method="POST", role="reviewer")
def assign(visit: Visit) -> Response:
    """Give one or many cases to somebody.

    Raises:
        ScopeMissing: Somebody shut out is to have them.
    """
    told = [whole_number(value) for value in visit.form.getlist("case") if isinstance(value, str)]
    chosen = [number for number in told if number is not None]
    to = visit.number("to") or None
    with visit.writing() as connection:
        if to is not None and people.find(connection, to).disabled_at is not None:
            raise ScopeMissing("这位已停用，不能再分派给他")
        note = visit.limited("note", "说明", most=200)
        bulk.assign(connection, chosen, to, by=visit.person, note=note, due_on=visit.said("due_on"))
    back = visit.said("back", most=2000)
    return visit.go(back if back.startswith("/") else "/cases")


def _shown(wanted: Filter, uploads: dict[int, str], users: dict[int, str]) -> dict[str, dict[str, str]]:
    """Return the Chinese names of values, by facet."""
    named = names()
    return {
        "state": STATES, "domain": named["domains"], "predicted": named["domains"], "kind": named["kinds"],
        "route": named["authorities"], "attention": ATTENTION, "decision": DECISIONS, "signal": named["signals"],
        "upload": {str(number): name for number, name in uploads.items()},
        "assignee": {str(number): name for number, name in users.items()},
        "online": {"1": "是", "0": "否"}, "changed": {"1": "是"}, "complainant": {wanted.chosen.get("complainant", ""): "是"},
    }  # fmt: skip


def _relaxed(connection: Any, wanted: Filter) -> list[tuple[str, dict[str, str], int]]:
    """Return for each condition of an empty list how many there would be without it."""
    query = wanted.to_query()
    found = []
    for name in query:
        less = {key: value for key, value in query.items() if key != name}
        found.append((name, less, lists.choose(connection, Filter.of(less)).count))
    return found


def _told(wanted: Filter) -> dict[str, str]:
    """Return what a list was asked for, for the audit: not the words looked for, which may be of a complaint."""
    return {name: value for name, value in wanted.to_query().items() if name != "q"} | (
        {"q": "…"} if wanted.words else {}
    )
