"""Templates of letters: Word files with names in double braces, checked before anything is written."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import jinja2
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from tousu.errors import TemplateError
from tousu.letters.facts import FIELDS, LAWS, POINTS
from tousu.letters.table import load_letters
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator
    from pathlib import Path

    from tousu.letters.table import LetterTable

TITLES = re.compile(r"《([^《》]{4,60})》")
HEADER = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/header"
FOOTER = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer"


class Checked(NamedTuple):
    """A template that may be used.

    Attributes:
        path: The file.
        fields: Names of fields it uses.
        points: Names of steps whose basis it cites.
        notes: What the legal officer should look at, in Chinese.
    """

    path: Path
    fields: frozenset[str]
    points: frozenset[str]
    notes: tuple[str, ...]


def environment() -> SandboxedEnvironment:
    """Return what templates are rendered in: no name goes unknown, nothing but the values is reached."""
    return SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=True)


def open_template(path: Path) -> DocxTemplate:
    """Open a template.

    Raises:
        TemplateError: It is not there or no Word file.
    """
    try:
        template = DocxTemplate(path)
        template.init_docx()
    except (OSError, PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise TemplateError(
            f"模板 {path} 打不开", expected="Word 的 .docx 文件", fix="检查路径，或用 Word 另存为 .docx"
        ) from error
    return template


def check_template(path: Path, day: datetime.date, table: LetterTable) -> Checked:
    """Check that a template names only fields, steps and laws there are, and no law that is not in force.

    Args:
        path: The Word file.
        day: On which its laws must hold.
        table: The letters' table, for the steps.

    Raises:
        TemplateError: It does not; the message names file and name.
    """
    template = open_template(path)
    fields: set[str] = set()
    inner: dict[str, set[str]] = {POINTS: set(), LAWS: set()}
    texts = []
    for xml in _parts(template):
        texts.append(re.sub(r"<[^>]+>", "", xml))
        tree = _parsed(path, xml)
        used = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "load"}
        for attribute in tree.find_all(nodes.Getattr):
            if isinstance(attribute.node, nodes.Name) and attribute.node.name in inner:
                inner[attribute.node.name].add(attribute.attr)
        fields |= used - inner.keys()
    _check_names(path, fields, FIELDS, "字段")
    _check_names(path, inner[POINTS], {point.name: "" for point in table.points}, f"{POINTS}.")
    laws = load_taxonomy().laws_by_id
    _check_names(path, inner[LAWS], dict.fromkeys(laws, ""), f"{LAWS}.")
    for name in sorted(inner[LAWS]):
        if not laws[name].holds_on(day):
            raise _not_in_force(path, laws[name].title, day, f"{{{{ {LAWS}.{name} }}}}")
    notes = _check_titles(path, "".join(texts), day)
    return Checked(path, frozenset(fields), frozenset(inner[POINTS]), notes)


def check_folder(folder: Path, day: datetime.date) -> list[Checked]:
    """Check the table of letters in a directory and every template beside it.

    Raises:
        RulesError: The table breaks a rule.
        TemplateError: A template is missing or wrong.
    """
    table = load_letters(folder)
    wanted = [folder / letter.template for letter in table.letters]
    others = sorted(path for path in folder.glob("*.docx") if path not in wanted and not path.name.startswith("~$"))
    return [check_template(path, day, table) for path in (*wanted, *others)]


def _parts(template: DocxTemplate) -> Iterator[str]:
    """Yield the body's, headers' and footers' XML with each mark in one piece, as they are rendered."""
    yield template.patch_xml(template.get_xml())
    for uri in (HEADER, FOOTER):
        for _, part in template.get_headers_footers(uri):
            yield template.patch_xml(template.get_part_xml(part))


def _parsed(path: Path, xml: str) -> nodes.Template:
    """Return a part's marks, read.

    Raises:
        TemplateError: One is not written as it should be.
    """
    try:
        return environment().parse(xml)
    except jinja2.TemplateSyntaxError as error:
        raise bad_mark(path, xml, error) from error


def bad_mark(path: Path, xml: str, error: jinja2.TemplateError) -> TemplateError:
    """Return the error for a mark that cannot be read: it shows the words around it."""
    line = getattr(error, "lineno", None)
    lines = xml.splitlines()
    near = lines[line - 1] if line and line <= len(lines) else ""
    marks = [re.sub(r"<[^>]+>", "", mark) for mark in re.findall(r"\{[{%].{0,200}?[%}]\}|\{[{%].{0,60}", near)]
    where = next((mark for mark in marks if not re.fullmatch(r"\{\{\s*[\w.]+\s*\}\}", mark)), "")
    return TemplateError(
        f"模板 {path} 里有写错的标记{'：' + where[:80] if where else ''}",
        expected="{{ 字段名 }}，两边各两个花括号，字段名不加引号和空格", fix="在 Word 里改正该标记",
    )  # fmt: skip


def _check_names(path: Path, used: set[str], known: dict[str, str], what: str) -> None:
    """Refuse names that are not known.

    Raises:
        TemplateError: One is not; the message lists those there are.
    """
    for name in sorted(used):
        if name not in known:
            raise TemplateError(
                f"模板 {path} 用了没有的名字：{what}{name}" if what.endswith(".") else f"模板 {path} 用了没有的{what}：{name}",
                expected="、".join(known), fix="在 Word 里改正该标记",
            )  # fmt: skip


def _check_titles(path: Path, text: str, day: datetime.date) -> tuple[str, ...]:
    """Refuse titles of laws written out in the text that are not in force; return notes on those that are not recorded.

    Raises:
        TemplateError: One is not in force.
    """
    laws, notes = load_taxonomy().laws, []
    for title in sorted(set(TITLES.findall(text))):
        named = [law for law in laws if title in (law.title, law.title.removeprefix("中华人民共和国"))]
        if named and not any(law.holds_on(day) for law in named):
            raise _not_in_force(path, title, day, f"《{title}》")
        if not named:
            notes.append(f"《{title}》不在法规表里，请自行核对是否有效")
    return tuple(notes)


def _not_in_force(path: Path, title: str, day: datetime.date, mark: str) -> TemplateError:
    """Return the error for a law that does not hold on a day."""
    versions = [law for law in load_taxonomy().laws if law.title == title or law.title.endswith(title)]
    until = "、".join(
        f"{law.id} {law.valid_from or '…'} 至 {law.valid_to or '今'}" for law in versions if not law.holds_on(day)
    )
    return TemplateError(
        f"模板 {path} 引用的 {mark} 在 {day} 不生效（{until}）",
        expected=f"当日有效的法规，或 {{{{ {POINTS}.… }}}}（自动取当日有效的一版）", fix="在 Word 里改正所引法规",
    )  # fmt: skip
