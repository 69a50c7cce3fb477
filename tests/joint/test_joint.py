"""Joint groups, hand-over sheets and the meeting's sheet, from a ledger to Word files that are read back."""

from __future__ import annotations

import dataclasses
import datetime
import io

import docx
import polars as pl
import pytest

from tousu.errors import UsageError
from tousu.examples.read import load_examples
from tousu.examples.search import ExampleIndex
from tousu.joint.consult import RECORD, consult_sheet, write_consult
from tousu.joint.groups import OURS, joint_groups
from tousu.joint.handover import handover_sheets, unplaced, write_handover
from tousu.joint.of_ledger import clocks_on
from tousu.ledger.read import read_ledger
from tousu.ledger.respondents import firms_of
from tousu.letters.of_ledger import cases_of

D = datetime.date
DAY = D(2026, 5, 25)
LEDGER = """工单编号,登记时间,受理时间,诉求类型,投诉人,联系电话,被投诉人,承办人,办理状态,投诉内容
A-1,2026-05-04,2026-05-06,投诉,王小甲,13900000001,甜甜奶茶有限公司,李某,办理中,交了加盟费十二万，总部说三个月回本，换了牌子，要求退加盟费
A-2,2026-05-05,,投诉,赵小乙,13900000002,甜甜奶茶有限公司,李某,待受理,奶茶加盟被骗，样板店是假的，我们三十多个加盟商要求退钱，不退就去上访
A-3,2026-05-06,,举报,孙小丙,13900000003,甜甜奶茶（有限公司）,李某,办理中,这个奶茶品牌招商广告承诺收益，虚假宣传骗加盟费
B-1,2026-05-07,,举报,钱小丁,13900000004,旺旺烧烤店,周某,办理中,楼下烧烤店油烟直排，噪声大到半夜，要求环保来管
B-2,2026-05-08,,举报,吴小戊,13900000005,旺旺烧烤店,周某,办理中,烧烤店没有食品经营许可证，卖凉菜和生蚝，无证经营
C-1,2026-04-10,2026-04-14,投诉,,,健身中心,周某,办理中,健身房关门跑路，我们会员卡里的钱不退
D-1,2026-05-09,,其他,,,,周某,办结,谢谢你们，问题已经解决了
"""


@pytest.fixture(scope="module")
def ledger_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("joint") / "台账.csv"
    path.write_text(LEDGER, "utf-8")
    return path


@pytest.fixture(scope="module")
def rows(ledger_file):
    return read_ledger(ledger_file).with_tags()


@pytest.fixture(scope="module")
def index(shipped):
    return ExampleIndex(load_examples(), shipped)


def words_of(data):
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def test_many_against_one_and_one_of_several_authorities(rows):
    tea, grill = joint_groups(rows, firms_of(rows))
    assert (tea.rows, tea.complainants, tea.many, tea.several) == ((1, 2, 3), 3, True, False)
    assert tea.spellings[0] == tea.firm == "甜甜奶茶有限公司"
    assert (tea.first, tea.last) == (D(2026, 5, 4), D(2026, 5, 6))
    assert sum(tea.kinds.values()) == sum(tea.domains.values()) == 3
    assert (grill.rows, grill.many, grill.several) == ((4, 5), False, True)
    assert grill.authorities == (OURS, "environment")


def test_without_firms_each_spelling_is_its_own(rows):
    apart = {name: name for name in rows["respondent"].to_list() if name}
    assert joint_groups(rows, apart) == joint_groups(rows)


def test_one_complainant_is_counted_once(rows):
    same = rows.with_columns(pl.lit("王小甲").alias("complainant"))
    assert [group.rows for group in joint_groups(same, firms_of(rows))] == [(4, 5)]


def test_each_authority_gets_its_cases_with_a_basis_of_the_day(rows):
    sheets = handover_sheets(rows, DAY, joint_groups(rows, firms_of(rows)))
    assert [(sheet.code, [case.row for case in sheet.cases]) for sheet in sheets] == [("environment", [4])]
    (sheet,) = sheets
    assert "《中华人民共和国噪声污染防治法》" in sheet.basis
    assert "第四十一条" in sheet.duty
    assert "令第20号）第三十七条" in handover_sheets(rows, D(2026, 4, 14))[0].duty
    assert "涉及市场监管部门、生态环境部门" in sheet.cases[0].joint
    words = words_of(write_handover(sheet, DAY, "某某区市场监督管理局"))
    assert all(
        word in words
        for word in ("生态环境部门", "B-1", "旺旺烧烤店", "油烟直排", "2026-05-07", "某某区市场监督管理局")
    )
    assert not any(word in words for word in ("钱小丁", "13900000004", "A-1", "D-1"))


def test_an_authority_nobody_knows_is_no_authority_and_its_cases_are_named(rows):
    own = rows.with_columns(tousu_route=pl.when(pl.col("row") == 4).then(pl.lit("环保大队")).otherwise("tousu_route"))
    groups = joint_groups(own, firms_of(own))
    assert [group.rows for group in groups] == [(1, 2, 3)]
    assert handover_sheets(own, DAY, groups) == []
    outside = rows.filter(pl.col("tousu_primary") == "out_of_scope")["row"].to_list()
    assert unplaced(own) == outside
    assert unplaced(rows) == [row for row in outside if row != 4]


def test_a_sheet_does_not_tell_who_complained(rows):
    told = rows.with_columns(text=pl.lit("我叫钱小丁，电话13900000004，烧烤店油烟直排"))
    (sheet,) = handover_sheets(told, DAY)
    assert sheet.cases[0].matter == "我叫来件人，电话00000000000，烧烤店油烟直排"


def test_the_meeting_s_sheet_holds_what_the_meeting_needs(ledger_file, index):
    ledger = read_ledger(ledger_file)
    cases = cases_of(ledger, [1, 2, 3])
    clocks = clocks_on(ledger, DAY)
    sheet = consult_sheet(cases, DAY, clocks=clocks, index=index)
    assert {clock.row for clock in clocks} == {1, 2, 3}
    assert {"milk-tea-franchise", "franchise-many-franchisees"} <= {example.id for example in sheet.examples}
    assert any("商业特许经营管理条例" in law for law in sheet.laws)
    assert any("2025年修订）第9、25条" in law for law in sheet.laws)
    assert not any("2019年修正" in law for law in sheet.laws)
    assert any("第 2 行已超期" in question for question in sheet.questions)
    words = words_of(write_consult(sheet, "奶茶加盟会商单"))
    assert all(
        word in words for word in ("A-1", "A-2", "A-3", "奶茶加盟会商单", "三十多个加盟商", "已超期", "2026-05-13")
    )
    assert all(f"【待填：{name}】" in words for name in RECORD)
    assert "B-1" not in words


def test_a_case_from_before_the_new_order_is_a_question(ledger_file, index):
    sheet = consult_sheet(cases_of(read_ledger(ledger_file), [6]), DAY, index=index)
    assert any("新办法施行前收到" in question for question in sheet.questions)
    same_law = consult_sheet(cases_of(read_ledger(ledger_file), [6]), D(2026, 4, 12), index=index)
    assert not any("新办法施行前收到" in question for question in same_law.questions)
    assert "【待填：期限】" in words_of(write_consult(sheet))


def test_rows_that_are_not_there_are_named(ledger_file):
    with pytest.raises(UsageError, match="没有第 0、8 行"):
        cases_of(read_ledger(ledger_file), [0, 1, 8])


def test_odd_signs_and_many_cases_stand_on_a_sheet(rows):
    (sheet,) = handover_sheets(rows, DAY)
    odd = dataclasses.replace(sheet.cases[0], matter="<w:t>&amp; \x00\"'【", respondent="甲&乙<店>")
    words = words_of(write_handover(dataclasses.replace(sheet, cases=(odd,) * 300), DAY))
    assert words.count("<w:t>&amp; \"'【") == words.count("甲&乙<店>") == 300
