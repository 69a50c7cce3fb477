"""Reminders really arrive: by mail and at addresses, once a day for each case and stage, without a complaint's text."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import signal
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.conftest import run  # noqa: F401 - a fixture
from tests.conftest import ROOT
from tests.remind.receivers import http_server, mail_server
from tousu.errors import SettingsError
from tousu.remind.notices import Item, Notice, parts_of
from tousu.remind.settings import load_settings

SECRET = "面包发霉是投诉内容"
LEDGER = f"""工单编号,登记时间,受理时间,办理状态,类型,承办人,投诉内容
A1,2026-05-06,,待受理,投诉,李平,{SECRET}
A2,2026-04-14,,待受理,投诉,李平,{SECRET}
A3,2026-05-06,,待受理,投诉,王芳,{SECRET}
A4,2026-05-06,2026-05-12,调解中,投诉,王芳,{SECRET}
A5,2026-05-06,,待受理,投诉,赵静,{SECRET}
"""
MAIL = '[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "plain"\nsender = "tousu@station.test"\n'
OFFICERS = (
    '[[officer]]\nname = "李平"\nmail = "li@station.test"\n[[officer]]\nname = "王芳"\nmail = "wang@station.test"\n'
)
DAY = ["--today", "2026-05-13"]


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "台账.csv"
    path.write_text(LEDGER, "utf-8")
    return path


def settings(tmp_path, text):
    path = tmp_path / "remind.toml"
    path.write_text(f"schema = 1\n{text}", "utf-8")
    return path


def test_mail_arrives_once_a_day_without_the_text(run, ledger, tmp_path):  # noqa: F811
    with mail_server() as (box, port):
        file = settings(tmp_path, f'link = "http://desk.test/cases/{{id}}"\n{MAIL.format(port=port)}{OFFICERS}')
        planned = run("remind", ledger, "--settings", file, "--dry-run", *DAY)
        assert planned.code == 0, planned.stderr
        assert not box.mails
        first = run("remind", ledger, "--settings", file, *DAY)
        assert first.code == 0, first.stderr
        assert "赵静 1 件" in first.stderr  # nobody is told of an address that stands nowhere
        assert "发出 2 份" in first.stdout
        again = run("remind", ledger, "--settings", file, *DAY)
        assert "发出 0 份" in again.stdout
        assert "今天早先已提醒 3 件次" in again.stdout
        assert [mail["To"] for mail in box.mails] == ["li@station.test", "wang@station.test"]
        li, wang = box.texts()
        assert box.mails[0]["Subject"] == "期限提醒 2026-05-13　李平：已超期 1 件，临期 1 件"
        assert li in planned.stdout
        assert "A2" in li
        assert "受理决定　2026-04-23 到期（超期 20 天）　http://desk.test/cases/A2" in li
        assert "A1" in li
        assert "还剩 1 天" in li
        assert "A3" in wang
        assert "A4" not in wang  # its clock has time
        assert not any(SECRET in text for text in (li, wang, planned.said, first.said))
        tomorrow = run("remind", ledger, "--settings", file, "--today", "2026-05-14")
        assert "发出 2 份" in tomorrow.stdout
        log = run("remind", ledger, "--settings", file, "--sent").stdout
        assert log.count("li@station.test") == 2
        assert SECRET not in log


def test_a_case_that_becomes_due_later_that_day_is_told_of_alone(run, ledger, tmp_path):  # noqa: F811
    with mail_server() as (box, port):
        file = settings(tmp_path, MAIL.format(port=port) + OFFICERS)
        run("remind", ledger, "--settings", file, *DAY)
        ledger.write_text(LEDGER + f"A6,2026-05-06,,待受理,投诉,李平,{SECRET}\n", "utf-8")
        run("remind", ledger, "--settings", file, *DAY)
        assert len(box.mails) == 3
        assert "A6" in box.texts()[2]
        assert "A2" not in box.texts()[2]


def test_what_a_server_refuses_is_told_and_tried_again(run, ledger, tmp_path):  # noqa: F811
    with mail_server() as (box, port):
        file = settings(tmp_path, MAIL.format(port=port) + OFFICERS.replace("li@", "no@"))
        ran = run("remind", ledger, "--settings", file, *DAY)
        assert ran.code == 1
        assert "没有发出 李平" in ran.stderr
        assert "550 no such box" in ran.stderr
        assert [mail["To"] for mail in box.mails] == ["wang@station.test"]
        settings(tmp_path, MAIL.format(port=port) + OFFICERS)
        assert run("remind", ledger, "--settings", file, *DAY).code == 0
        assert [mail["To"] for mail in box.mails] == ["wang@station.test", "li@station.test"]
    assert run("remind", ledger, "--settings", file, "--today", "2026-05-14").code == 1  # nobody listens now


def channel(kind, base, more=""):
    return f'[[channel]]\nname = "值班群"\nkind = "{kind}"\nbase = "{base}"\n{more}\n[default]\nchannels = ["值班群"]\n'


def test_robots_get_what_their_services_take(run, ledger, tmp_path):  # noqa: F811
    seen = {}
    for kind in ("wecom", "dingtalk", "feishu", "webhook"):
        with http_server() as (received, base):
            more = (
                ""
                if kind == "webhook"
                else 'key = "K1"\n' + ('secret = "S1"\n' if kind in ("dingtalk", "feishu") else "")
            )
            file = settings(tmp_path, f'log = "{kind}.sqlite"\n' + channel(kind, base, more))
            ran = run("remind", ledger, "--settings", file, *DAY)
            assert ran.code == 0, ran.stderr
            assert len(received) == 3  # a notice for each officer
            assert not any(SECRET in str(body) for _, _, body in received)
            seen[kind] = received[0]
    path, _, body = seen["wecom"]
    assert path == "/cgi-bin/webhook/send?key=K1"
    assert body["msgtype"] == "text"
    assert "期限提醒 2026-05-13" in body["text"]["content"]
    path, _, body = seen["dingtalk"]
    asked = {name: value for name, (value,) in parse_qs(urlsplit(path).query).items()}
    signed = hmac.new(b"S1", f"{asked['timestamp']}\nS1".encode(), hashlib.sha256).digest()
    assert asked == {"access_token": "K1", "timestamp": asked["timestamp"], "sign": base64.b64encode(signed).decode()}
    assert "A2" in body["text"]["content"]
    path, _, body = seen["feishu"]
    assert path == "/open-apis/bot/v2/hook/K1"
    signed = hmac.new(f"{body['timestamp']}\nS1".encode(), b"", hashlib.sha256).digest()
    assert body["sign"] == base64.b64encode(signed).decode()
    _, headers, body = seen["webhook"]
    assert len(headers["Idempotency-Key"]) == 32
    assert body["officer"] == "李平"
    assert [(case["case"], case["stage"], case["due"], case["days_left"]) for case in body["cases"]] == [
        ("A2", "overdue", "2026-04-23", -20), ("A1", "due_soon", "2026-05-14", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, {"errcode": 93000, "errmsg": "invalid webhook url"}), "93000 invalid webhook url"),
        ((404, {}), "回答 404"),
        ((302, {}), "回答 302"),
    ],
)
def test_a_robots_refusal_is_told(run, ledger, tmp_path, answer, why):  # noqa: F811
    with http_server(answer) as (received, base):
        file = settings(tmp_path, channel("wecom", base, 'key = "K1"'))
        ran = run("remind", ledger, "--settings", file, *DAY)
        assert ran.code == 1
        assert why in ran.stderr
        assert "失败 3 份" in ran.stdout
        run("remind", ledger, "--settings", file, *DAY)
        assert len(received) == 6  # what was refused is tried again


def test_an_answer_that_never_comes_is_unclear_and_not_sent_again(run, ledger, tmp_path):  # noqa: F811
    with http_server(slow=1.5) as (received, base):
        file = settings(tmp_path, "timeout_seconds = 0.3\n" + channel("webhook", base))
        ran = run("remind", ledger, "--settings", file, *DAY)
        assert ran.code == 1
        assert "不明 3 份" in ran.stdout
        assert "不知是否送到" in ran.stderr
        assert "发出 0 份" in run("remind", ledger, "--settings", file, *DAY).stdout
        assert len(received) == 3


def test_a_gateways_answer_is_unclear_and_not_sent_again(run, ledger, tmp_path):  # noqa: F811
    for status in (502, 504):
        with http_server((status, {})) as (received, base):
            file = settings(tmp_path, f'log = "{status}.sqlite"\n' + channel("wecom", base, 'key = "K1"'))
            ran = run("remind", ledger, "--settings", file, *DAY)
            assert "失败 0 份，不明 3 份" in ran.stdout
            assert f"网关回答 {status}" in ran.stderr
            assert "发出 0 份" in run("remind", ledger, "--settings", file, *DAY).stdout
            assert len(received) == 3


def test_a_notice_that_is_sent_again_has_the_same_key(run, ledger, tmp_path):  # noqa: F811
    with http_server((500, {})) as (received, base):
        file = settings(tmp_path, channel("webhook", base))
        for _ in range(2):
            assert "失败 3 份" in run("remind", ledger, "--settings", file, *DAY).stdout
        keys = [headers["Idempotency-Key"] for _, headers, _ in received]
    assert keys[:3] == keys[3:]
    assert len(set(keys)) == 3


def test_each_case_stands_once_in_a_notice(run, tmp_path):  # noqa: F811
    path = tmp_path / "a.csv"
    rows = ("A 1,{},李平、李平", "A1,{},李平", "A1,{},李平、", "SH:7 b,{},王芳/赵静", "C1,{},王芳、王芳")
    head = "工单编号,登记时间,类型,承办人\n"
    path.write_text(head + "".join(row.format("2026-05-06,投诉") + "\n" for row in rows), "utf-8")
    with http_server() as (received, base):
        group = channel("webhook", base).replace('["值班群"]', '["值班群", "值班群"]')
        both = '[[officer]]\nname = "王芳/赵静"\nchannels = ["值班群"]\n'
        file = settings(tmp_path, 'link = "http://desk.test/{id}"\n' + group + both)
        ran = run("remind", path, "--settings", file, *DAY)
        assert ran.code == 0, ran.stderr
        told = {body["officer"]: [(case["case"], case["link"]) for case in body["cases"]] for _, _, body in received}
    assert told == {
        "李平": [("A1", "http://desk.test/A%201"), ("A1", "http://desk.test/A1"), ("A1", "http://desk.test/A1")],
        "王芳/赵静": [("SH7b", "http://desk.test/SH%3A7%20b")],
        "王芳": [("C1", "http://desk.test/C1")],
    }
    assert len(received) == 3


def test_what_cannot_be_told_is_said(run, ledger, tmp_path):  # noqa: F811
    ledger.write_text(LEDGER + "A9,26-5-6,,待受理,投诉,李平,\n", "utf-8")
    file = settings(tmp_path, channel("wecom", "http://127.0.0.1:9", 'key = "K1"'))
    ran = run("remind", ledger, "--settings", file, "--dry-run", *DAY)
    assert "日期读不出　登记时间：年份只有两位" in ran.stderr
    assert "A9" in ran.stdout.split("2026-05-13：")[0]  # in the table of what cannot be told
    assert "算不出 1 项" in ran.stdout


def test_parts_are_cut_in_the_time_of_their_length():
    day = datetime.date(2026, 5, 13)
    items = [
        Item(f"{n}", f"T{n}", "accept_decision", "受理决定", "电梯", day, 0, "due_soon", "") for n in range(20_000)
    ]
    notice = Notice("李平", "mail", "li@station.test", day, tuple(items))
    start = time.process_time()
    (whole,) = parts_of(notice, 10**7)
    assert time.process_time() - start < 5
    assert whole == notice
    exact = len(notice._replace(items=notice.items[:3]).text.encode())
    parts = list(parts_of(notice._replace(items=notice.items[:9]), exact + 20))
    assert [len(part.items) for part in parts] == [3, 3, 3]
    assert all(len(part.text.encode()) <= exact + 20 for part in parts)


def test_a_long_list_goes_in_parts(run, tmp_path):  # noqa: F811
    path = tmp_path / "a.csv"
    path.write_text(
        "工单编号,登记时间,类型,承办人\n" + "".join(f"T{n:04},2026-05-06,投诉,李平\n" for n in range(120)), "utf-8"
    )
    with http_server() as (received, base):
        file = settings(tmp_path, channel("wecom", base, 'key = "K1"'))
        assert run("remind", path, "--settings", file, *DAY).code == 0
        texts = [body["text"]["content"] for _, _, body in received]
    assert len(texts) > 1
    assert all(len(text.encode()) <= 2048 for text in texts)
    assert [sum(text.count(f"T{n:04}") for text in texts) for n in range(120)] == [1] * 120


def test_on_a_free_day_it_may_rest(run, ledger, tmp_path):  # noqa: F811
    with mail_server() as (box, port):
        file = settings(tmp_path, "workdays_only = true\n" + MAIL.format(port=port) + OFFICERS)
        assert "不是工作日" in run("remind", ledger, "--settings", file, "--today", "2026-05-16").stdout
        assert not box.mails


def started(ledger, file):
    command = [sys.executable, "-m", "tousu", "remind", str(ledger), "--settings", str(file), *DAY]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_each_exactly_once_under_kill_9_and_two_at_once(tmp_path):
    """Whoever is killed while the other side takes a notice, and whoever runs beside, nothing comes twice or not at all."""
    officers = [f"承办{n}" for n in range(8)]
    path = tmp_path / "a.csv"
    rows = [f"K{n:02},2026-05-06,投诉,{officers[n % 8]}\n" for n in range(24)]
    path.write_text("工单编号,登记时间,类型,承办人\n" + "".join(rows), "utf-8")
    people = "".join(f'[[officer]]\nname = "{name}"\nmail = "o{n}@station.test"\n' for n, name in enumerate(officers))
    with mail_server(slow=0.15) as (box, port):
        file = settings(tmp_path, MAIL.format(port=port) + people)
        for wanted in (2, 5):
            both = [started(path, file) for _ in range(2)]
            until = time.monotonic() + 60
            while len(box.mails) < wanted and time.monotonic() < until:
                time.sleep(0.005)
            for process in both:
                process.send_signal(signal.SIGKILL)
                process.communicate()
        last = [started(path, file) for _ in range(2)]
        assert [process.wait(60) for process in last] == [0, 0]
        for process in last:
            process.communicate()
        texts = box.texts()
    assert sorted(mail["To"] for mail in box.mails) == sorted(f"o{n}@station.test" for n in range(8))
    assert [sum(text.count(f"K{n:02}") for text in texts) for n in range(24)] == [1] * 24


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "没有写任何收件人"),
        ('[[officer]]\nname = "李平"\n', "至少写一样"),
        ('[[officer]]\nname = "李平"\nmail = "li"\n', "officer.0.mail"),
        ('[[officer]]\nname = "李平"\nmail = "li@a.test"\n', "没有写 .mail. 发件服务器"),
        ('[default]\nchannels = ["群"]\n', "没有对应的"),
        (channel("wecom", "http://a.test"), "缺少 key"),
        (channel("webhook", "ftp://a.test"), "http"),
        (channel("sms", "http://a.test"), "channel.0.kind"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, why):
    with pytest.raises(SettingsError, match=why):
        load_settings(settings(tmp_path, text))


def test_a_ledger_without_officers_and_a_secret_that_is_missing_are_told(run, ledger, tmp_path):  # noqa: F811
    file = settings(tmp_path, channel("wecom", "http://127.0.0.1:9", 'key_file = "没有"'))
    assert "密钥文件读不出" in run("remind", ledger, "--settings", file, *DAY).stderr
    file = settings(tmp_path, MAIL.format(port=9) + OFFICERS)
    ledger.write_text("编号,登记时间\n1,2026-05-06\n", "utf-8")
    assert "没有认出这些列：承办人" in run("remind", ledger, "--settings", file, *DAY).stderr
