"""Letters are read back from real Word files: what is known stands there, what is not is a yellow blank, the law is the day's."""

from __future__ import annotations

import dataclasses
import datetime
import io
import shutil
import subprocess

import docx
import pytest
from docx.enum.text import WD_COLOR_INDEX

from tousu.errors import RulesError, UsageError
from tousu.letters.facts import CaseFacts, Wording, shortened
from tousu.letters.table import default_folder, load_letters
from tousu.letters.wording import chinese_articles, chinese_number
from tousu.letters.write import make_letter

D = datetime.date
CASE = CaseFacts(
    kind="complaint", domain="nutrition_claim", number="2026-0519", sender="王某", respondent="某某食品店",
    text="买的无糖蛋黄酥配料表里有麦芽糖浆，要求退款。", officer="李某", received=D(2026, 5, 19), accepted=D(2026, 5, 22),
    due={"mediation_end": D(2026, 7, 21)},
)  # fmt: skip
REPORT = dataclasses.replace(CASE, kind="report", accepted=None, due={})
ON = Wording(date=D(2026, 5, 25))


def text_of(made):
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(made.data)).paragraphs)


def highlighted(made):
    runs = [run for paragraph in docx.Document(io.BytesIO(made.data)).paragraphs for run in paragraph.runs]
    return {run.text for run in runs if run.font.highlight_color == WD_COLOR_INDEX.YELLOW}


def test_what_is_known_stands_in_the_letter_and_what_is_not_is_a_yellow_blank():
    made = make_letter("accept", CASE, ON)
    text = text_of(made)
    for words in (
        "王某：",
        "2026年5月19日",
        "某某食品店",
        "2026-0519",
        "2026年5月22日",
        "六十日内（至2026年7月21日止）",
    ):
        assert words in text
    assert text.endswith("【待填：单位】\n2026年5月25日")
    assert highlighted(made) == {f"【待填：{name}】" for name in made.blanks}
    assert {"单位", "文号", "联系电话"} <= set(made.blanks)
    assert "{" not in text


def test_a_letter_knows_nothing_but_its_date_of_an_unknown_case():
    made = make_letter("accept", CaseFacts(), ON)
    assert {"来件人", "收到日期", "反映事项", "受理日期", "调解期限"} <= set(made.blanks)


@pytest.mark.parametrize("letter", load_letters().letters, ids=lambda letter: letter.kind)
def test_every_letter_is_made_for_every_kind_of_case_it_is_for(letter):
    for kind in letter.cases:
        made = make_letter(letter.name, dataclasses.replace(CASE, kind=kind, route="police"), ON)
        assert letter.name.removesuffix("函") in text_of(made)
        assert not any("的依据" in blank for blank in made.blanks), made.blanks
        assert docx.Document(io.BytesIO(made.data)).core_properties.title == letter.name


@pytest.mark.parametrize(
    ("received", "order", "article", "period"),
    [
        (
            D(2026, 4, 14),
            "《市场监督管理投诉举报处理暂行办法》（国家市场监督管理总局令第20号）",
            "第十四条",
            "四十五个工作日",
        ),
        (D(2026, 4, 15), "《市场监督管理投诉举报处理办法》（国家市场监督管理总局令第121号）", "第十五条", "六十日"),
    ],
)
def test_the_law_is_that_of_the_day_of_receipt(received, order, article, period):
    made = make_letter("accept", dataclasses.replace(CASE, received=received), ON)
    assert f"{order}{article}" in text_of(made)
    assert f"自受理之日起{period}内" in text_of(made)
    assert any("请法制人员定" in remark for remark in made.remarks) == (received < D(2026, 4, 15))


def test_a_law_s_number_is_cited_once():
    assert text_of(make_letter("accept", CASE, ON)).count("令第121号") == 1


@pytest.mark.parametrize("item", range(1, 8))
def test_a_refusal_names_its_ground_and_the_other_ways(item):
    text = text_of(make_letter("refuse", CASE, dataclasses.replace(ON, ground=item, own={"理由": "经查明的情况"})))
    assert f"第十六条第{chinese_number(item)}项" in text
    assert "经查明的情况" in text
    assert "《中华人民共和国消费者权益保护法》第三十九条" in text


def test_a_ground_of_the_old_order_is_left_blank_and_one_that_is_none_refused():
    old = dataclasses.replace(CASE, received=D(2026, 4, 1))
    assert "不予受理情形" in make_letter("refuse", old, dataclasses.replace(ON, ground=3)).blanks
    with pytest.raises(RulesError, match="没有第 9 项"):
        make_letter("refuse", CASE, dataclasses.replace(ON, ground=9))


def test_a_matter_of_others_is_sent_to_the_authority_of_its_route():
    outside = dataclasses.replace(REPORT, domain="out_of_scope", route="environment")
    text = text_of(make_letter("no_jurisdiction", outside, ON))
    assert "由生态环境部门负责" in text
    assert "《中华人民共和国噪声污染防治法》第八条、第六十三条" in text
    assert "第三十四条" in text
    unknown = make_letter("no_jurisdiction", dataclasses.replace(outside, route="none"), ON)
    assert "转办部门" in unknown.blanks
    assert any("--set 转办部门" in remark for remark in unknown.remarks)


@pytest.mark.parametrize(
    ("domain", "received", "basis"),
    [
        ("waste_recycling", D(2026, 5, 19), "《无证无照经营查处办法》（国务院令第684号）第九条"),
        ("food_safety", D(2026, 5, 19), "《中华人民共和国食品安全法》第一百一十五条"),
        ("pricing", D(2026, 4, 1), "第三十一条第二款"),
        ("pricing", D(2026, 5, 19), None),
    ],
)
def test_a_reporter_is_told_the_result_where_a_law_asks_for_it(domain, received, basis):
    made = make_letter("report_result", dataclasses.replace(REPORT, domain=domain, received=received), ON)
    if basis:
        assert basis in text_of(made)
    else:
        assert "告知结果的依据" in made.blanks
    assert any("第36条" in remark for remark in made.remarks) == (basis is None)


def test_a_hand_over_does_not_name_the_reporter():
    text = text_of(make_letter("handover", dataclasses.replace(REPORT, route="police"), ON))
    assert "王某" not in text
    assert text.splitlines()[3] == "公安机关："
    assert "第四十二条" in text


def test_a_hand_over_tells_the_matter_without_the_reporter_s_name_and_numbers():
    told = dataclasses.replace(REPORT, route="police", text="我叫王某，电话13900000004，店里卖假药。")
    text = text_of(make_letter("handover", told, ON))
    assert "我叫来件人，电话00000000000，店里卖假药" in text
    assert "电话13900000004" in text_of(make_letter("report_result", told, ON))


def test_mediation_ended_by_the_calendar_says_so():
    late = dataclasses.replace(CASE, terminated=D(2026, 7, 22))
    assert "因自投诉受理之日起六十日内未能达成调解协议，" in text_of(make_letter("end_mediation", late, ON))
    early = dataclasses.replace(CASE, terminated=D(2026, 7, 21))
    assert "终止事由" in make_letter("end_mediation", early, ON).blanks


def test_a_case_of_another_kind_is_remarked_upon():
    assert any("判为举报" in remark for remark in make_letter("accept", REPORT, ON).remarks)


def test_a_decision_too_late_and_a_ground_to_weigh_are_remarked_upon():
    due = {"accept_decision": D(2026, 5, 28)}
    late = dataclasses.replace(CASE, accepted=None, due=due)
    assert any(
        "2026-05-28，已经过了" in said for said in make_letter("refuse", late, Wording(date=D(2026, 5, 29))).remarks
    )
    weighed = make_letter("refuse", late, Wording(date=D(2026, 5, 28), ground=3)).remarks
    assert not any("已经过了" in said for said in weighed)
    assert any("第17条" in said for said in weighed)


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="没有字段 价格"):
        make_letter("accept", CASE, dataclasses.replace(ON, own={"价格": "3"}))


@pytest.mark.parametrize(
    "text", ["<w:t>&lt;b&gt; {{ 7*7 }} {% for %}", "甲\x00乙\x0b丙\ud800", "第一行\n第二行\t尾", "𠀀𠮷 &amp; ]]>"]
)
def test_odd_texts_stand_in_the_letter_as_they_are(text):
    made = make_letter("accept", dataclasses.replace(CASE, text=text), ON)
    shown = " ".join("".join(char for char in text if char not in "\x00\x0b\ud800").split())
    assert shown in text_of(made)


def test_long_texts_are_cut_at_a_sentence():
    text = "店家多收了钱。" * 40
    assert shortened(text) == ("店家多收了钱。" * 22).rstrip("。") + "……"
    assert shortened("甲" * 400) == "甲" * 160 + "……"


def test_a_station_s_own_name_and_wording(tmp_path):
    folder = shutil.copytree(default_folder(), tmp_path / "own")
    table = folder / "letters.toml"
    table.write_text(table.read_text("utf-8").replace('authority = ""', 'authority = "某某区市场监督管理局"'), "utf-8")
    document = docx.Document(folder / "投诉受理告知书.docx")
    document.add_paragraph("（本所另附联系卡，办理 {{ 领域 }} 类投诉）")
    document.save(folder / "投诉受理告知书.docx")
    made = make_letter("accept", CASE, ON, folder)
    assert text_of(made).splitlines()[0] == "某某区市场监督管理局"
    assert "（本所另附联系卡，办理 营养声称（无糖、低盐、低脂等） 类投诉）" in text_of(made)
    assert "单位" not in made.blanks


@pytest.mark.parametrize(
    ("number", "said"),
    [(7, "七"), (10, "十"), (15, "十五"), (20, "二十"), (115, "一百一十五"), (105, "一百〇五"), (121, "一百二十一")],
)
def test_numbers_in_chinese(number, said):
    assert chinese_number(number) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("第14、36条", "第十四条、第三十六条"),
        ("第23条第1款第5项", "第二十三条第一款第五项"),
        ("第28至35条", "第二十八条至第三十五条"),
        ("第10条、第11条", "第十条、第十一条"),
        ("附件A至D", "附件A至D"),
    ],
)
def test_articles_in_chinese(written, said):
    assert chinese_articles(written) == said


def test_blanks_of_first_and_even_pages_are_yellow_and_told(tmp_path):
    folder = shutil.copytree(default_folder(), tmp_path / "own")
    document = docx.Document(folder / "移送函.docx")
    section = document.sections[0]
    section.different_first_page_header_footer = document.settings.odd_and_even_pages_header_footer = True
    section.first_page_header.paragraphs[0].add_run("{{ 理由 }}")
    section.even_page_footer.paragraphs[0].add_run("{{ 补充期限 }}")
    document.save(folder / "移送函.docx")
    made = make_letter("handover", dataclasses.replace(REPORT, route="police"), ON, folder)
    assert {"理由", "补充期限"} <= set(made.blanks)
    section = docx.Document(io.BytesIO(made.data)).sections[0]
    for part in (section.first_page_header, section.even_page_footer):
        (run,) = [run for run in part.paragraphs[0].runs if run.text]
        assert run.font.highlight_color == WD_COLOR_INDEX.YELLOW


def test_a_step_that_the_table_lacks_is_named(tmp_path):
    folder = shutil.copytree(default_folder(), tmp_path / "own")
    table = folder / "letters.toml"
    table.write_text(table.read_text("utf-8").replace('name = "告知结果"', 'name = "告知"'), "utf-8")
    for template in folder.glob("*.docx"):
        docx.Document().save(template)
    with pytest.raises(RulesError, match="没有告知结果的依据"):
        make_letter("report_result", REPORT, ON, folder)


def test_libreoffice_opens_a_letter(tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed here")
    (tmp_path / "letter.docx").write_bytes(make_letter("refuse", CASE, dataclasses.replace(ON, ground=3)).data)
    done = subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to", "txt:Text (encoded):UTF8",
         "--outdir", tmp_path, tmp_path / "letter.docx"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if "could not be loaded" in done.stderr + done.stdout or not (tmp_path / "letter.txt").exists():
        pytest.skip("LibreOffice is here without its Writer")
    text = (tmp_path / "letter.txt").read_text("utf-8-sig")
    assert "投诉不予受理告知书" in text
    assert "第十六条第三项" in text
