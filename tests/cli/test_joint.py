"""``tousu handover`` and ``tousu consult``."""

from __future__ import annotations

import json

import docx
import pytest

from tests.joint.test_joint import LEDGER


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "台账.csv"
    path.write_text(LEDGER, "utf-8")
    return path


def test_sheets_are_written_once(run, ledger, tmp_path):
    arguments = ("handover", ledger, "-o", tmp_path / "out", "--date", "2026-05-25")
    ran = run(*arguments)
    assert ran.code == 0, ran.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["移送清单-environment-20260525.docx"]
    assert "甜甜奶茶有限公司：3 人反映，台账第 1、2、3 行" in ran.stdout
    assert "旺旺烧烤店：涉及多个部门，台账第 4、5 行" in ran.stdout
    assert run(*arguments).code == 1
    told = json.loads(run(*arguments, "--force", "--json").stdout)
    assert [sheet["rows"] for sheet in told["sheets"]] == [[4]]
    assert [group["rows"] for group in told["groups"]] == [[1, 2, 3], [4, 5]]
    assert "钱小丁" not in json.dumps(told, ensure_ascii=False)


def test_cases_on_no_sheet_are_named(run, tmp_path):
    (tmp_path / "a.csv").write_text(
        "工单编号,投诉内容,领域代码,诉求类型,转办建议\nA-1,楼下烧烤店油烟直排,out_of_scope,举报,环保大队\n", "utf-8"
    )
    ran = run("handover", tmp_path / "a.csv")
    assert (ran.code, "移送清单 0 份" in ran.stdout) == (0, True), ran.said
    assert "没有列入清单的 1 件" in ran.stderr
    assert "台账第 1 行" in ran.stderr
    assert json.loads(run("handover", tmp_path / "a.csv", "--json").stdout)["unplaced"] == [1]


def test_a_meeting_s_sheet(run, ledger, tmp_path):
    ran = run("consult", ledger, "--rows", "1-3", "-o", tmp_path / "x.docx", "--date", "2026-05-25")
    assert ran.code == 0, ran.stderr
    assert "相近案例：" in ran.stdout
    assert docx.Document(tmp_path / "x.docx").core_properties.title == "会商单"
    ran = run("consult", ledger, "--rows", "1", "-o", tmp_path / "x.docx")
    assert (ran.code, "已经存在" in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("0", "没有第 0 行"),
        ("99", "没有第 99 行"),
        ("a", "写法不对"),
        ("3-1", "3-1 不成范围"),
        ("1,9-3", "9-3 不成范围"),
        ("1" * 5000, "写法不对"),
        ("1-99999999", "太多"),
    ],
)
def test_rows_asked_wrongly_are_said(run, ledger, tmp_path, rows, says):
    ran = run("consult", ledger, "--rows", rows, "-o", tmp_path / "y.docx")
    assert (ran.code, says in ran.stderr) == (1, True), ran.said
    assert not (tmp_path / "y.docx").exists()


@pytest.mark.parametrize(
    ("output", "says"),
    [("台账.csv", "同一个文件"), ("/dev/null", "管道或设备"), (".", "是一个目录"), ("to-ledger", "同一个文件")],
)
def test_an_output_that_must_not_be_written_is_refused(run, ledger, tmp_path, output, says):
    (tmp_path / "to-ledger").symlink_to(ledger)
    for arguments in (("consult", ledger, "--rows", "1"), ("letter", ledger, "--row", 1, "--kind", "accept")):
        ran = run(*arguments, "-o", output, "--force")
        assert (ran.code, says in ran.stderr) == (1, True), ran.said
    assert ledger.read_text("utf-8") == LEDGER


def test_a_sheet_never_replaces_the_ledger(run, ledger, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "移送清单-environment-20260525.docx").symlink_to(ledger)
    ran = run("handover", ledger, "-o", tmp_path / "out", "--date", "2026-05-25", "--force")
    assert (ran.code, "同一个文件" in ran.stderr) == (1, True), ran.said
    assert ledger.read_text("utf-8") == LEDGER
