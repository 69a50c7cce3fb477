"""``tousu letter``: from a ledger as stations keep it to a Word file that can be opened."""

from __future__ import annotations

import shutil

import docx
import pytest

from tousu.letters.table import default_folder

LEDGER = """工单编号,登记时间,受理时间,诉求类型,投诉人,联系电话,被投诉人,承办人,投诉内容
SJ-1,2026-05-19,2026-05-22,投诉,王某,,某某食品店,李某,买的无糖蛋黄酥配料表里有麦芽糖浆，要求退款
SJ-2,2026-05-20,,举报,,,某某烧烤,李某,楼下烧烤店油烟直排，半夜还很吵，要求城管环保来管
SJ-3,26-5-20,2026-05-21,投诉,张某,13800000000,,,健身房关门了，卡里还有三千元不退
"""


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "台账.csv"
    path.write_text(LEDGER, "utf-8")
    return path


def text_of(path):
    return "\n".join(paragraph.text for paragraph in docx.Document(path).paragraphs)


def test_a_row_becomes_a_letter(run, ledger, tmp_path):
    ran = run(
        "letter", ledger, "--row", 1, "--kind", "accept", "--date", "2026-05-25", "--set", "文号=市监投受〔2026〕7号"
    )
    assert ran.code == 0, ran.stderr
    text = text_of(tmp_path / "投诉受理告知书-1.docx")
    for words in (
        "王某：",
        "某某食品店",
        "SJ-1",
        "2026年5月22日决定予以受理",
        "至2026年7月21日止",
        "市监投受〔2026〕7号",
        "李某",
        "2026年5月25日",
    ):
        assert words in text
    assert "待填：单位" in ran.stdout
    assert "文号" not in ran.stdout


def test_the_kind_may_be_called_by_its_name_and_the_file_is_not_overwritten(run, ledger, tmp_path):
    arguments = ("letter", ledger, "--row", 2, "--kind", "不属本部门职责告知书", "-o", tmp_path / "x.docx")
    assert run(*arguments).code == 0
    assert "由生态环境部门负责" in text_of(tmp_path / "x.docx")
    (tmp_path / "x.docx").write_bytes(b"signed")
    ran = run(*arguments)
    assert (ran.code, "已经存在" in ran.stderr) == (1, True)
    assert (tmp_path / "x.docx").read_bytes() == b"signed"
    assert run(*arguments, "--force").code == 0
    assert (tmp_path / "x.docx").read_bytes() != b"signed"


def test_what_the_ledger_lacks_is_asked_for_and_a_wrong_day_is_left_blank(run, ledger, tmp_path):
    ran = run("letter", ledger, "--row", 3, "--kind", "supplement", "-o", tmp_path / "x.docx")
    assert ran.code == 0
    assert "年份只有两位" in ran.stderr
    text = text_of(tmp_path / "x.docx")
    assert "被投诉人的名称（姓名）、地址" in text
    assert "【待填：收到日期】" in text
    assert "13800000000" not in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--row", 9, "--kind", "accept"), "没有第 9 行"),
        (("--row", 1, "--kind", "apology"), "没有这种文书：apology"),
        (("--row", 1, "--kind", "refuse", "--ground", 12), "没有第 12 项"),
        (("--row", 1, "--kind", "accept", "--set", "文号"), "写得不对"),
        (("--row", 1, "--kind", "accept", "--set", "文件号=3"), "没有字段 文件号"),
        (("--row", 1), "缺少台账、行号或文书种类"),
        (("--row", 1, "--kind", "accept", "--column", "承办人=谁"), "谁"),
        (("--row", 1, "--kind", "accept", "--templates", "nowhere"), "告知文书表读不出"),
    ],
)
def test_what_is_asked_wrongly_is_said(run, ledger, tmp_path, arguments, says):
    ran = run("letter", ledger, *arguments)
    assert ran.code == 1
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not list(tmp_path.glob("*.docx"))


def test_check_says_which_templates_may_be_used(run, tmp_path):
    ran = run("letter", "--check", default_folder(), "--date", "2026-04-15")
    assert (ran.code, ran.stdout.count("2026-04-15 可用")) == (0, 7)
    folder = shutil.copytree(default_folder(), tmp_path / "own")
    document = docx.Document(folder / "移送函.docx")
    document.add_paragraph("依照《市场监督管理投诉举报处理暂行办法》")
    document.save(folder / "移送函.docx")
    assert run("letter", "--check", folder, "--date", "2026-04-14").code == 0
    ran = run("letter", "--check", folder, "--date", "2026-04-15")
    assert ran.code == 1
    assert "不生效" in ran.stderr


def test_fields_lists_what_a_template_may_name(run):
    ran = run("letter", "--fields")
    assert ran.code == 0
    assert "{{ 来件人 }}" in ran.stdout
    assert "{{ 依据.受理 }}" in ran.stdout
