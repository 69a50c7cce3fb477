"""A worked example as the fields of a form, and back: codes, laws and points checked, personal numbers as zeros."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from tousu.errors import Conflict, ExampleError
from tousu.examples.read import SECTIONS, Head, parse_example
from tousu.examples.write import example_text, one_line, points_of
from tousu.masking import kept_line, kept_lines
from tousu.taxonomy import Basis, load_taxonomy
from tousu.timezone import today
from tousu_service.desk import reading
from tousu_service.desk.fields import refuse_long
from tousu_service.desk.render import names

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection

    from tousu.examples.read import WorkedExample
    from tousu.taxonomy import Law, Taxonomy
    from tousu_service.desk.store.card import Card
    from tousu_service.desk.store.worked_examples import Marked

DRAFT = "draft"  # the example's name while it is checked
PLACE = Path("办案台")
NAMES = dict(zip(("situation", "steps", "evidence", "answers", "not_ours"), SECTIONS, strict=True)) | {
    "title": "标题", "department": "归口", "basis": "依据",
}  # fmt: skip
LONGEST = dict.fromkeys(NAMES, 8000) | {"title": 200, "department": 200}  # characters


class Written(NamedTuple):
    """What stands in the form: codes, and words as somebody wrote them, points one a line."""

    title: str
    domains: tuple[str, ...]
    kind: str
    online: bool
    signals: tuple[str, ...]
    authorities: tuple[str, ...]
    department: str
    basis: str
    situation: str
    steps: str
    evidence: str
    answers: str
    not_ours: str


def begun(held: Card, taxonomy: Taxonomy, day: datetime.date) -> Written:
    """Return the form of a case that is no example yet: what is known of it, personal numbers as zeros."""
    row = held.row
    advice = reading.advice(taxonomy, row["domain"], day)
    return Written(
        title="", domains=tuple(row["codes"].split(",")), kind=row["kind"] or "complaint", online=row["online"],
        signals=held.signals, authorities=(row["route"],) if row["route"] in names()["authorities"] else (),
        department=advice.domain.department if advice else "",
        basis="\n".join(f"{law.id} {articles}" for law, articles in advice.laws) if advice else "",
        situation=kept_line(row["text"]), steps="", evidence="", answers="", not_ours="",
    )  # fmt: skip


def written_in(marked: Marked) -> tuple[Written | None, ExampleError | None]:
    """Return the form of an example as it stands, and why it cannot be used: what it names may have left the tables since.

    Returns:
        No form where its text cannot be read at all; no error where there is nothing wrong.
    """
    place = PLACE / marked.name
    try:
        return _written(parse_example(marked.name, marked.source, place)), None
    except ExampleError as error:
        fix = "在下面改好再保存" if marked.withdrawn_at else "在下面改好再保存，或者收回"
        wrong = ExampleError(f"这个案例现在用不了：{error.found}", expected=error.expected, fix=fix)
    try:
        return _written(parse_example(marked.name, marked.source, place, known=False)), wrong
    except ExampleError:
        return None, wrong


def _written(example: WorkedExample) -> Written:
    """Return the form of an example; its points with marks, so that what looks like one in them stays."""
    head = example.head
    return Written(
        head.title, head.domains, head.kind, head.online, head.signals, head.authorities, head.department,
        "\n".join(f"{part.law} {part.articles}" for part in head.basis), example.situation,
        "\n".join(f"{number}. {step}" for number, step in enumerate(example.steps, 1)),
        *("\n".join(f"- {point}" for point in points) for points in (example.evidence, example.answers, example.not_ours)),
    )  # fmt: skip


def laws_on(day: datetime.date) -> list[Law]:
    """Return the laws an example may rest on: those that hold on a day or today."""
    return [law for law in load_taxonomy().laws if _holds(law, day)]


def _holds(law: Law, day: datetime.date) -> bool:
    """Return whether an example of a case of a day may rest on a law: it holds on that day or today."""
    return law.holds_on(day) or law.holds_on(today())


def source_of(written: Written, day: datetime.date) -> str:
    """Return the text of the example's file.

    Args:
        written: What stands in the form.
        day: When the case came in.

    Raises:
        Conflict: Something is missing or too long, or a code or law is none, or a law holds neither on the day nor today.
        ExampleError: The example breaks a rule all the same.
    """
    for field, most in LONGEST.items():
        refuse_long(NAMES[field], getattr(written, field), most=most)
    kept: dict[str, Any] = {
        name: kept_lines(value) for name, value in written._asdict().items() if isinstance(value, str)
    }
    written = written._replace(**kept)
    for field in ("title", "department", "situation"):
        if not one_line(getattr(written, field)):
            raise Conflict(f"{NAMES[field]}没有写", fix="补上再保存")
    parts = [points_of(text) for text in (written.steps, written.evidence, written.answers, written.not_ours)]
    for title, points in zip(SECTIONS[1:], parts, strict=True):
        if not points:
            raise Conflict(f"{title}没有写", expected="每行一条，至少一条", fix="补上再保存")
    source = example_text(_head(written, day), written.situation, *parts)
    parse_example(DRAFT, source, PLACE / DRAFT)
    return source


def _head(written: Written, day: datetime.date) -> Head:
    """Return the head of the example.

    Raises:
        Conflict: A code or law is none, or a law does not hold.
    """
    known = names()
    _refuse_unknown("领域", written.domains, known["domains"])
    _refuse_unknown("类型", (written.kind,), get_args(Head.model_fields["kind"].annotation))
    _refuse_unknown("风险提示", written.signals, known["signals"])
    _refuse_unknown("部门", written.authorities, known["authorities"])
    fields = written._asdict() | {"title": one_line(written.title), "department": one_line(written.department)}
    fields["basis"] = tuple(_basis(written.basis, day))
    return Head.model_validate({name: fields[name] for name in Head.model_fields})


def _basis(text: str, day: datetime.date) -> list[Basis]:
    """Return the laws somebody wrote, one a line: its id, then the articles.

    Raises:
        Conflict: There is none, one is not known, says no articles, or holds neither on the day nor today.
    """
    laws, found = load_taxonomy().laws_by_id, []
    for line in filter(None, map(one_line, text.splitlines())):
        code, _, articles = line.partition(" ")
        if code not in laws:
            raise Conflict(f"没有法规 {code[:60]}", expected="下面所列的法规代码，空一格，再写条款", fix="改正依据一栏")
        if not articles:
            raise Conflict(f"{code} 没有写条款", expected=f"{code} 第9条", fix="补上条款")
        law = laws[code]
        if not _holds(law, day):
            held = f"{law.valid_from or '…'} 至 {law.valid_to or '今'}"
            raise Conflict(f"《{law.title}》（{code}，{held}）在 {day} 和今天都不生效", fix="改引当日有效的一版")
        found.append(Basis(law=code, articles=articles))
    if not found:
        raise Conflict("依据没有写", expected="每行一部：法规代码，空一格，再写条款", fix="补上再保存")
    return found


def _refuse_unknown(what: str, codes: Collection[str], known: Collection[str]) -> None:
    """Refuse codes that there are not.

    Raises:
        Conflict: One is not there.
    """
    wrong = next((code for code in codes if code not in known), None)
    if wrong is not None:
        raise Conflict(f"没有选{what}" if not wrong else f"没有{what} {wrong[:40]}", fix="在表单里选一个")
