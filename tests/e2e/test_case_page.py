"""案件 over HTTP: the case's clock and how it was counted, worked examples like it, letters of it, as the commands have them."""

from __future__ import annotations

import datetime
import io
import re
from html import unescape
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from docx import Document

from tests.e2e.conftest import running
from tests.e2e.test_desk import PASSWORD, Browser
from tousu.examples.read import load_examples
from tousu.examples.search import ExampleIndex
from tousu.letters.table import load_letters
from tousu.letters.wording import chinese_day
from tousu.timezone import today
from tousu_service.desk import passwords
from tousu_service.desk.store import people, uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store, audit
from tousu_service.store.desk_tables import answers, desk_examples, sample

PEOPLE = {"审核员": "reviewer", "张": "officer"}
GYM = "健身房一夜关门，老板电话打不通，年卡还剩三千元，要求退钱，我的电话13912345678"
DAY = today() - datetime.timedelta(20)
CASES = (
    ("A1", GYM, {"办理状态": "待受理", "类型": "投诉", "承办人": "张", "登记渠道": "12345热线"}),
    ("A2", "电梯困人两次，物业不管", {"办理状态": "调解中", "类型": "投诉", "受理时间": DAY.isoformat()}),
    ("A3", "请问营业执照怎样变更", {"类型": "咨询"}),
    ("A4", "卖三无食品，举报", {"类型": "举报", "办理状态": "待核查"}),
    ("A5", "电梯困人三次，物业不管", {"类型": "投诉"}),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, shipped):
    """A server with some cases of twenty days ago, and an officer and a reviewer."""
    home = tmp_path_factory.mktemp("case")
    own = home / "tables" / "examples"
    own.mkdir(parents=True)
    shipped_one = next(one for one in load_examples() if one.id == "gym-closed")
    (own / "line-taken.md").write_text(shipped_one.source.replace("健身房闭店失联", "本所口径"), "utf-8")
    with running(home, state_dir=str(home), tables_dir=str(home / "tables")) as server:
        store = Store.open(server.env["TOUSU_DATABASE_URL"])
        known = passwords.hashed(PASSWORD)
        columns = {"text": "内容", "number": "编号", "received": "登记时间", "respondent": "企业"}
        with store.writing() as connection:
            for name, role in PEOPLE.items():
                user, _ = people.add(connection, name, role, by="test")
                people.set_password(connection, user.id, known, by="test")
            upload = uploads.add(connection, name="一.xlsx", sha256="0" * 64, size=1, columns=columns, actor="test").id
            new = [
                NewCase(
                    n,
                    text,
                    shipped.tag(text),
                    number=number,
                    received=DAY.isoformat(),
                    respondent="某健身",
                    facts=facts,
                )
                for n, (number, text, facts) in enumerate(CASES, 1)
            ]
            add_cases(connection, upload, new, secret="s")
        server.store = store
        yield server
        store.close()
        for client in Browser.opened:
            client.close()


@pytest.fixture(scope="module")
def reviewer(desk):
    made = Browser(desk.port)
    made.log_in("审核员")
    return made


@pytest.fixture(scope="module")
def officer(desk):
    made = Browser(desk.port)
    made.log_in("张")
    return made


def section(browser, case, title):
    """Return the words of a part of a case's page."""
    answer = browser.get(f"/cases/{case}")
    assert answer.status_code == 200
    return unescape(answer.text).partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]


def test_a_case_has_the_clock_of_the_page_of_all(reviewer):
    clocks = unescape(reviewer.get("/clocks").text)
    for case in (1, 2, 4):
        row = next(row for row in clocks.split("<tr>") if f'/cases/{case}"' in row)
        due = re.search(rf'/cases/{case}#clock"[^>]*>([\d-]+)</a>', row)[1]
        own = section(reviewer, case, "时限")
        assert f"<dt>到期</dt><dd>{due}" in own
        assert re.search(r"<span class=\"[^\"]+\">[^<]+天</span>|今天到期", row)[0] in own
        last = re.findall(r"<li[^>]*>(.+?)</li>", own)[-1]
        assert last.endswith("到期")
        assert due in last
        assert f"{DAY.isoformat()}（周" in own
        assert "当天不计" in own
    assert "第15条" in section(reviewer, 1, "时限")
    assert "没有期限" in section(reviewer, 3, "时限")


def test_worked_examples_like_a_case_are_those_of_the_search_and_the_station(reviewer, shipped):
    own = section(reviewer, 1, "典型案例")
    found = re.findall(r"<summary>(.+?) <small>相近 ([\d.]+)</small></summary>", own)
    alike = ExampleIndex(load_examples(), shipped).alike(GYM)
    told = [(one.example.head.title, f"{one.likeness:.2f}") for one in alike]
    assert [each for each in found if "本单位" not in each[0]] == told[:2]
    assert [title for title, _ in found if "本单位" in title] == [
        '本所口径，卡内余额不退 <span class="tag">本单位</span>'
    ]
    assert f"依据（{DAY.isoformat()} 有效）" in own
    assert "统一口径，不承诺退款比例" in own


def test_a_drawn_case_is_judged_without_what_the_model_says(desk, officer):
    with desk.store.writing() as connection:
        connection.execute(sa.insert(sample).values(case_id=5, drawn_at=datetime.datetime.now(datetime.UTC)))
    hints = (
        "<mark",
        " checked",
        "<li>模型 ",
        *(f"{name}</h2>" for name in ("时限", "办理", "典型案例", "相似的旧案", "文书")),
    )
    refused = officer.client.get("/desk/cases/5/letter?kind=accept")
    assert (refused.status_code, "在抽检，还没有答复" in unescape(refused.text)) == (409, True)
    row = next(row for row in unescape(officer.get("/cases").text).split("<tr>") if ">A5</a>" in row)
    assert ("抽检" in row, [each for each in ("电梯", "○", "%") if each in row.replace("电梯困人", "")]) == (True, [])
    assert re.search(r"A5</a> 抽检", section(officer, 2, "相似的旧案"))
    shown = officer.get("/cases/5?kind=accept").text
    assert [hint for hint in hints if hint in shown] == []
    after = officer.post("/cases/5", version="0", step="save", primary="pricing").text
    assert [hint for hint in hints if hint not in after] == []
    with desk.store.reading() as connection:
        counted = sa.select(answers.c.source, sample.c.agreed).join(sample, sample.c.answer_id == answers.c.id)
        assert connection.execute(counted).one() == ("sample", False)
    row = next(row for row in unescape(officer.get("/cases").text).split("<tr>") if ">A5</a>" in row)
    assert ("价格" in row, "抽检" in row) == (True, False)


def letter(browser, case, kind, **others):
    answer = browser.client.get(f"/desk/cases/{case}/letter", params={"kind": kind, **others})
    assert answer.status_code == 200, unescape(answer.text)
    document = Document(io.BytesIO(answer.content))
    return unquote(answer.headers["content-disposition"]), "\n".join(part.text for part in document.paragraphs)


def test_letters_of_a_case_leave_what_is_not_known_to_be_filled_in(desk, officer):
    name, text = letter(officer, 1, "accept")
    assert name == "attachment; filename*=UTF-8''投诉受理告知书-A1.docx"
    assert "【待填：来件人】" in text
    assert chinese_day(DAY) in text
    assert chinese_day(today()) in text
    assert "第121号" in text
    _, text = letter(officer, 1, "refuse", ground="3")
    assert "第十六条第三项" in text
    for each in load_letters().letters:
        assert letter(officer, 4, each.kind)[0].endswith(f"{each.name}-A4.docx")
    lines = [line for line in audit.latest(desk.store, actor="desk:张") if line.action == "letter_exported"]
    assert {"case": 1, "kind": "accept"} in [line.detail for line in lines]
    told = unescape(officer.get("/cases/1?kind=report_result").text)
    assert "用于举报、投诉并举报，请核对" in told
    assert "还要填" in told


def test_a_letter_that_is_none_or_of_no_case_is_refused(officer):
    for path, status in (
        ("1/letter?kind=x", 400), ("1/letter", 400), ("1/letter?kind=refuse&ground=99", 400), ("99/letter?kind=accept", 404),
    ):  # fmt: skip
        assert officer.client.get(f"/desk/cases/{path}").status_code == status, path
    assert "没有这种文书" in unescape(officer.get("/cases/1?kind=<b>").text)


EXAMPLE = {
    "title": "健身房闭店", "situation": "健身房关门了，卡里的钱不退", "steps": "1. 核对合同", "evidence": "- 合同", "answers": "说明进度",
    "not_ours": "犯罪线索", "department": "预付卡股", "primary": "prepaid", "kind": "complaint", "online": "0",
}  # fmt: skip


def test_a_case_written_up_stands_beside_alike_ones_until_it_is_taken_back(desk, reviewer, officer):
    wrong = reviewer.post("/cases/1/example", version="0", basis="order20 第14条", **EXAMPLE)
    assert wrong.status_code == 409
    assert "不生效" in wrong.text
    assert "核对合同</textarea>" in wrong.text
    assert reviewer.post("/cases/1/example", version="0", basis="consumer_law 第53条", **EXAMPLE).status_code == 200
    assert '健身房闭店 <span class="tag">本台</span>' in section(officer, 1, "典型案例")
    assert "健身房闭店" in officer.get("/examples").text
    assert reviewer.client.get("/desk/examples/file").json()["format"] == "tousu-examples"
    reviewer.post("/cases/1/example/withdraw", at="/cases/1/example", version="1")
    assert "本台</span>" not in section(officer, 1, "典型案例")


def views(desk):
    lines = audit.latest(desk.store, action="case_viewed", actor="desk:审核员")
    return len([line for line in lines if line.detail == {"case": 4, "where": "example"}])


def test_every_view_of_the_form_is_written_into_the_audit(desk, reviewer):
    before = views(desk)
    assert reviewer.get("/cases/4/example").status_code == 200
    assert views(desk) == before + 1
    assert reviewer.post("/cases/4/example", at="/cases", version="0", **EXAMPLE).status_code == 409
    assert views(desk) == before + 2


def test_who_takes_one_back_sees_first_what_somebody_else_changed(desk, reviewer):
    words = EXAMPLE | {"title": "举报食品", "basis": "consumer_law 第53条"}
    reviewer.post("/cases/4/example", version="0", **words)
    reviewer.post("/cases/4/example", version="1", **words | {"steps": "1. 同事补的"})
    refused = reviewer.post("/cases/4/example/withdraw", at="/cases/4/example", version="1")
    assert refused.status_code == 409
    told = unescape(refused.text)
    assert "刚刚改过这个案例，没有收回" in told
    assert "同事补的</textarea>" in told
    assert told.count('name="version" value="2"') == 2
    assert reviewer.post("/cases/4/example/withdraw", at="/cases/4/example", version="2").status_code == 200
    again = reviewer.post("/cases/4/example/withdraw", at="/cases/4/example", version="2")
    assert again.status_code == 409
    assert "已经收回了这个案例" in again.text


def test_the_form_of_one_whose_law_or_domain_has_gone_is_shown_and_can_be_taken_back(desk, reviewer):
    words = EXAMPLE | {"title": "变更执照", "basis": "consumer_law 第53条"}
    assert reviewer.post("/cases/3/example", version="0", **words).status_code == 200
    with desk.store.writing() as connection:
        table = desk_examples
        source = connection.execute(sa.select(table.c.source).where(table.c.case_id == 3)).scalar_one()
        source = source.replace("consumer_law", "gone_law").replace('"prepaid"', '"gone_domain"')
        connection.execute(sa.update(table).where(table.c.case_id == 3).values(source=source))
    shown = reviewer.get("/cases/3/example")
    assert shown.status_code == 200
    told = unescape(shown.text)
    assert "这个案例现在用不了" in told
    assert "改好再保存，或者收回" in told
    assert "gone_law 第53条</textarea>" in told
    assert '<option value="" selected>原来的 gone_domain 已不在领域表里，请重选</option>' in told
    back = reviewer.post("/cases/3/example/withdraw", at="/cases/3/example", version="1")
    assert back.status_code == 200
    with desk.store.reading() as connection:
        withdrawn = sa.select(desk_examples.c.withdrawn_at).where(desk_examples.c.case_id == 3)
        assert connection.execute(withdrawn).scalar_one() is not None


def test_a_meeting_is_begun_on_what_a_list_shows(reviewer):
    shown = reviewer.post("/consultations/chosen", at="/cases", domain="elevator")
    assert re.search(r'name="cases"[^>]*>([^<]+)<', shown.text)[1].startswith("A2")
    none = reviewer.post("/consultations/chosen", at="/cases", domain="metrology")
    assert (none.status_code, "选中了 0 件" in unescape(none.text)) == (409, True)


def test_a_note_is_kept_whole_or_refused(desk, reviewer):
    long = "备" * 490 + "电话13912345678"
    told = reviewer.post("/cases/4", version="0", step="save", primary="food_safety", note=long)
    assert (told.status_code, "备注有 503 字" in unescape(told.text)) == (409, True)
    reviewer.post("/cases/4", version="0", step="save", primary="food_safety", note=long[5:])
    with desk.store.reading() as connection:
        note = connection.execute(sa.select(answers.c.note).where(answers.c.case_id == 4)).scalar_one()
    assert note == long[5:-11] + "0" * 11


def test_what_is_too_long_of_a_meeting_is_told_and_kept(reviewer):
    line, many = "统" * 4000 + "一", "、".join(f"GD2026{n:06}" for n in range(1000))
    meeting = {"matter": "健身退费", "held_on": DAY.isoformat(), "people": "甲", "line": line, "cases": "A1"}
    told = unescape(reviewer.post("/consultations", **meeting).text)
    assert "统一口径有 4001 字" in told
    assert f">{line}</textarea>" in told
    told = unescape(reviewer.post("/consultations", **meeting | {"line": "统一", "cases": many}).text)
    assert "写了 1000 件案件" in told
    assert f">{many}</textarea>" in told


def test_a_line_taken_stands_beside_alike_cases_and_in_their_letters(desk, reviewer, officer):
    assert 'value="健身退费"' in reviewer.get("/consultations/new?case=1&matter=健身退费").text
    hidden = "健身房关门退费，找139\u200b1234\n5678"
    meeting = {"matter": hidden, "cases": "A1", "entry": "答复前", "people": "甲、乙", "line": "统一答复进度"}
    wrong = reviewer.post("/consultations", **meeting)
    assert wrong.status_code == 409
    assert "哪天会商" in wrong.text
    shown = reviewer.post("/consultations", held_on=DAY.isoformat(), **meeting)
    number = str(shown.url).rpartition("/")[2]
    assert "健身房关门退费，找0000000 0000</a>" in section(officer, 1, "统一口径")
    assert "统一答复进度" in section(officer, 1, "统一口径")
    assert "没有相近的会商" in section(officer, 2, "统一口径")
    assert f"month={DAY.isoformat()[:7]}" in officer.get("/consultations").text
    assert "统一答复进度" in letter(officer, 1, "refuse", line=number)[1]
    sheet = officer.client.get(f"/desk/consultations/{number}/sheet")
    assert "统一答复进度" in "".join(cell.text for cell in Document(io.BytesIO(sheet.content)).tables[-1]._cells)
    assert officer.post(f"/consultations/{number}", version="1", **meeting).status_code == 403
    stale = reviewer.post(f"/consultations/{number}/withdraw", at="/consultations", version="0")
    assert (stale.status_code, "没有收回" in stale.text, "健身房关门退费" in stale.text) == (409, True, True)
    reviewer.post(f"/consultations/{number}/withdraw", at="/consultations", version="1")
    assert "没有相近的会商" in section(officer, 1, "统一口径")
    assert officer.client.get(f"/desk/cases/1/letter?kind=refuse&line={number}").status_code == 400
    told = [line.action for line in audit.latest(desk.store)]
    assert any(line.detail.get("line") == int(number) for line in audit.latest(desk.store, action="letter_exported"))
    assert {"consultation_opened", "consultation_exported", "consultation_withdrawn", "letter_exported"} <= set(told)
