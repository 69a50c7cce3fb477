"""``tousu examples``: list, search, show, check, export, import."""

from __future__ import annotations

import json

import pytest


def test_listed_and_shown(run):
    ran = run("examples")
    assert (ran.code, ran.stdout.count("\n")) == (0, 41)
    ran = run("examples", "list", "--domain", "电梯维修与安全", "--json")
    assert {row["domains"][0] for row in json.loads(ran.stdout)} == {"elevator"}
    ran = run("examples", "show", "gym-closed", "--date", "2026-05-20")
    assert "市场监督管理投诉举报处理办法》（国家市场监督管理总局令第121号）第12、15、23条" in ran.stdout
    shown = json.loads(run("examples", "show", "gym-closed", "--date", "2026-04-14", "--json").stdout)
    assert "order121" not in [basis["law"] for basis in shown["basis"]]
    assert shown["steps"]


def test_searched(run):
    ran = run("examples", "search", "健身房关门了，卡里的钱不退", "--json")
    assert json.loads(ran.stdout)[0]["id"] == "gym-closed"
    assert "gym-closed" in run("examples", "search", "健身房关门了，卡里的钱不退", "--most", 1).stdout
    assert "没有相近的案例" in run("examples", "search", "☃").stdout


def test_carried_and_checked(run, tmp_path):
    packed, own = tmp_path / "x.zip", tmp_path / "own"
    assert run("examples", "export", "gym-closed", "seven-day-return", "-o", packed).code == 0
    assert "新增或更新 2 个案例" in run("examples", "import", packed, "--folder", own).stdout
    ran = run("examples", "check", own)
    assert "2 个案例都合格" in ran.stdout
    assert "未经核实" in ran.stderr
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "gym-closed.md").write_text("nothing", "utf-8")
    ran = run("examples", "check", tmp_path / "bad")
    assert (ran.code, "gym-closed.md 第 1 行" in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "no-such"), "没有案例 no-such"),
        (("list", "--domain", "电梯们"), "没有领域 电梯们"),
        (("list", "--folder", "nowhere"), "没有典型案例"),
        (("export", "-o", "x.txt"), "不认识的文件类型"),
    ],
)
def test_what_is_asked_wrongly_is_said(run, arguments, says):
    ran = run("examples", *arguments)
    assert (ran.code, says in ran.stderr) == (1, True), ran.said
