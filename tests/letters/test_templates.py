"""A template is refused where it names what there is not, or a law that does not hold that day."""

from __future__ import annotations

import datetime
import shutil

import docx
import pytest

from tousu.errors import RulesError, TemplateError
from tousu.letters.table import default_folder, load_letters
from tousu.letters.template import check_folder, check_template

D = datetime.date
TODAY = D(2026, 11, 30)


@pytest.fixture
def template(tmp_path):
    """Return what makes a template of a text, in the body or elsewhere."""

    def made(text, *, where="body", split=False):
        document = docx.Document()
        paragraph = document.sections[0].header.paragraphs[0] if where == "header" else document.add_paragraph()
        if where == "table":
            paragraph = document.add_table(1, 1).cell(0, 0).paragraphs[0]
        for piece in text if split else [text]:
            paragraph.add_run(piece)
        path = tmp_path / "模板.docx"
        document.save(path)
        return path

    return made


@pytest.mark.parametrize("day", [D(2026, 4, 14), D(2026, 4, 15), TODAY, D(2027, 3, 16)])
def test_the_shipped_letters_hold_on_every_day(day):
    checked = check_folder(default_folder(), day)
    assert len(checked) == len(load_letters().letters) == 7
    assert all(one.fields and not one.notes for one in checked)


@pytest.mark.parametrize("where", ["body", "header", "table"])
@pytest.mark.parametrize("split", [False, True])
def test_an_unknown_field_is_named(template, where, split):
    with pytest.raises(TemplateError, match=r"模板\.docx 用了没有的字段：投诉者.*应为：来件人"):
        check_template(template("致 {{ 投诉者 }}：", where=where, split=split), TODAY, load_letters())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ 依据.受里 }}", "依据.受里"),
        ("{{ 法规.order122 }}", "法规.order122"),
        ("{%p if 转办部们 %}", "写错的标记|转办部们"),
        ("{% if 转办部们 %}有{% endif %}", "转办部们"),
        ("{{ 来件人 ", "写错的标记"),
        ("{{ 来件 人 }}", r"写错的标记：\{\{ 来件 人 \}\}"),
    ],
)
def test_what_is_wrong_is_said(template, text, says):
    with pytest.raises(TemplateError, match=says):
        check_template(template(text), TODAY, load_letters())


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("依照{{ 法规.order20 }}第十四条", D(2026, 4, 14), D(2026, 4, 15)),
        ("依照{{ 法规.order121 }}第十五条", D(2026, 4, 15), D(2026, 4, 14)),
        ("依照《市场监督管理投诉举报处理暂行办法》第十四条", D(2026, 4, 14), D(2026, 4, 15)),
        ("依照{{ 法规.fsl2021 }}", D(2025, 11, 30), D(2025, 12, 1)),
    ],
)
def test_a_law_must_hold_on_the_day(template, text, good, bad):
    path = template(text)
    check_template(path, good, load_letters())
    with pytest.raises(TemplateError, match=f"在 {bad} 不生效"):
        check_template(path, bad, load_letters())


def test_a_law_that_is_not_recorded_is_noted(template):
    checked = check_template(template("依照《某某市投诉办理规定》和《食品安全法》"), TODAY, load_letters())
    assert checked.notes == ("《某某市投诉办理规定》不在法规表里，请自行核对是否有效",)


def test_a_template_reaches_nothing_of_the_program(template):
    with pytest.raises(TemplateError):
        check_template(template("{{ cycler.__init__.__globals__ }}"), TODAY, load_letters())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_file_that_is_no_word_file_is_refused(tmp_path, content):
    path = tmp_path / "x.docx"
    path.write_bytes(content)
    with pytest.raises(TemplateError, match="打不开"):
        check_template(path, TODAY, load_letters())


def test_a_missing_template_is_refused(tmp_path):
    folder = shutil.copytree(default_folder(), tmp_path / "own")
    (folder / "移送函.docx").unlink()
    with pytest.raises(TemplateError, match=r"移送函\.docx 打不开"):
        check_folder(folder, TODAY)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('law = "consumer_law"', 'law = "consumer_lex"', "第 .* 行 .*领域表里没有法规 consumer_lex"),
        ('"waste_recycling"', '"waste"', "waste"),
        ('authorities = ["police"]', 'authorities = ["polizei"]', "第 .* 行 .*没有部门 polizei"),
        ('kind = "refuse"', 'kind = "accept"', "accept 出现了两次"),
        ('name = "调解"', 'name = "受理"', "受理 出现了两次"),
        ('phone = ""', 'telephone = ""', "第 .* 行 station.telephone"),
    ],
)
def test_a_wrong_table_is_refused_by_line(tmp_path, old, new, says):
    text = (default_folder() / "letters.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "letters.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(RulesError, match=says):
        load_letters(tmp_path)


def test_a_stations_own_letters_take_the_place_of_the_shipped_ones(tmp_path, monkeypatch):
    shutil.copytree(default_folder(), tmp_path / "letters")
    monkeypatch.setenv("TOUSU_TABLES_DIR", str(tmp_path))
    assert default_folder() == tmp_path / "letters"
    monkeypatch.setenv("TOUSU_TABLES_DIR", str(tmp_path / "letters"))
    assert default_folder() != tmp_path / "letters"
