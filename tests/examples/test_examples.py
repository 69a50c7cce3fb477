"""The worked examples are sound, found by likeness, refused by line when wrong, and carried whole."""

from __future__ import annotations

import datetime
import json
import zipfile

import pytest

from tousu.errors import ExampleError
from tousu.examples import exchange
from tousu.examples.exchange import export_examples, import_examples
from tousu.examples.pages import example_lines, unsure_laws
from tousu.examples.read import OWN, default_folder, load_examples, own_examples, parse_example
from tousu.examples.search import ExampleIndex
from tousu.resources import TABLES_DIR
from tousu.taxonomy import load_taxonomy

D = datetime.date


@pytest.fixture(scope="module")
def index(shipped):
    return ExampleIndex(load_examples(), shipped)


def test_there_are_forty_in_every_domain():
    held = load_examples()
    assert len(held) == 40
    assert {code for example in held for code in example.head.domains} == set(load_taxonomy().codes)
    assert len({example.situation for example in held}) == 40
    for example in held:
        assert len(example.steps) >= 4, example.id
        assert all((example.evidence, example.answers, example.not_ours)), example.id


@pytest.mark.parametrize("day", [D(2026, 4, 15), D(2026, 11, 30), D(2027, 3, 16)])
def test_every_example_rests_on_a_law_of_the_day_and_never_on_two_versions(day):
    for example in load_examples():
        laws = [law for law, _ in example.basis_on(day)]
        assert laws, example.id
        assert len({law.title for law in laws}) == len(laws), example.id


def test_the_law_changes_with_the_day():
    example = next(one for one in load_examples() if one.id == "paid-reviews")
    said = {day: "\n".join(example_lines(example, day)) for day in (D(2025, 10, 14), D(2025, 10, 15))}
    assert "2019年修正）第8、20条" in said[D(2025, 10, 14)]
    assert "2025年修订）第9、25条" in said[D(2025, 10, 15)]


def test_laws_nobody_verified_are_marked():
    unsure = unsure_laws(load_examples())
    assert "网络购买商品七日无理由退货暂行办法" in unsure
    example = next(one for one in load_examples() if one.id == "seven-day-return")
    assert any("暂行办法》全文（未核实，引用前查原文）" in line for line in example_lines(example, D(2026, 5, 1)))


@pytest.mark.parametrize(
    ("text", "likest"),
    [
        ("电梯把我妈关了半个多小时，物业不管", "lift-trapping"),
        ("奶茶加盟总部骗了我们加盟费，要求退钱", "milk-tea-franchise"),
        ("饭店没有冷菜许可，卖凉拌黄瓜", "cold-dish-beyond-licence"),
        ("健身房跑路了钱不退", "gym-closed"),
        ("会员自动扣费，找不到取消的地方", "auto-renewal"),
        ("菜市场的秤不准，少了半斤", "short-weight-market"),
    ],
)
def test_the_likest_example_is_of_the_same_matter(index, text, likest):
    alike = index.alike(text)
    assert alike[0].example.id == likest
    assert [one.likeness for one in alike] == sorted((one.likeness for one in alike), reverse=True)


def test_hard_texts_find_an_example_of_their_domain(index, root):
    rows = [json.loads(line) for line in (root / "data" / "hard.jsonl").read_text("utf-8").splitlines()[::4]]
    right = sum(row["codes"][0] in index.alike(row["text"], 1)[0].example.head.domains for row in rows)
    assert right / len(rows) > 0.8  # 690 of all 780 when this was written


def test_a_text_without_words_is_like_nothing(index):
    assert index.alike("") == index.alike("\u2603 \u2603") == []


def test_an_example_is_most_like_itself(index):
    for example in load_examples()[::5]:
        assert index.alike(example.situation, 1)[0].example is example


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"prepaid"', '"prepayed"', "第 3 行：没有领域 prepayed"),
        ('"consumer_reg"', '"consumer_rex"', r"第 10 行：没有法规 consumer_rex"),
        ('"crime"', '"crimes"', "第 5 行：没有风险提示 crimes"),
        ('"police"', '"polizei"', "第 6 行：没有部门 polizei"),
        ('kind = "complaint"', 'kind = "rant"', "第 4 行 kind"),
        ("title = ", "titel = ", "第 1 行 title|第 2 行 titel"),
        ("+++\ntitle", "title", "没有用 .* 围起来"),
        ("## 证据", "## 证词", r"第 \d+ 行：这里应是 “## 证据”"),
        ("1. 查经营者", "查经营者", r"第 \d+ 行：不是一条"),
        ("domains = [", "domains = ", "不是合法的 TOML：第 3 行"),
    ],
)
def test_what_is_wrong_is_said_by_file_and_line(tmp_path, old, new, says):
    source = next(one.source for one in load_examples() if one.id == "gym-closed")
    assert old in source
    path = tmp_path / "gym-closed.md"
    path.write_text(source.replace(old, new, 1), "utf-8")
    with pytest.raises(ExampleError, match=rf"gym-closed\.md.*({says})"):
        load_examples(tmp_path)


def test_a_directory_of_own_examples_without_any_counts_as_none(tmp_path, monkeypatch):
    (tmp_path / OWN).mkdir()
    monkeypatch.setenv(TABLES_DIR, str(tmp_path))
    assert own_examples() == ()
    assert load_examples.__wrapped__() == load_examples(default_folder())


def test_a_name_that_could_leave_the_directory_is_refused(tmp_path):
    with pytest.raises(ExampleError, match="不合规定"):
        parse_example("../x", "", tmp_path)


@pytest.mark.parametrize("ending", [".json", ".zip"])
def test_examples_are_carried_whole(tmp_path, ending):
    held = load_examples()
    packed, folder = tmp_path / f"all{ending}", tmp_path / "own"
    export_examples(held, packed)
    assert import_examples(packed, folder) == [one.id for one in held]
    assert load_examples(folder) == held
    assert import_examples(packed, folder) == []
    (folder / "gym-closed.md").write_text("mine", "utf-8")
    with pytest.raises(ExampleError, match="内容不同"):
        import_examples(packed, folder)
    assert (folder / "gym-closed.md").read_text("utf-8") == "mine"
    assert import_examples(packed, folder, replace=True) == ["gym-closed"]


def test_one_unsound_example_keeps_all_out(tmp_path):
    held = load_examples()
    packed = tmp_path / "some.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gym-closed.md", held[0].source)
        archive.writestr("wrong.md", held[0].source.replace("## 步骤", "## 走法"))
    with pytest.raises(ExampleError, match=r"wrong\.md"):
        import_examples(packed, tmp_path / "own")
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"{"), ("x.json", b"[]"), ("x.json", b'{"format": "other", "examples": []}'),
        ("x.json", b'{"format": "tousu-examples", "examples": [3]}'), ("x.zip", b"PK"), ("x.txt", b"hello"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExampleError, match="不是典型案例的导出文件"):
        import_examples(tmp_path / name, tmp_path / "own")


def packed_json(path, *pairs):
    held = [{"id": name, "source": source} for name, source in pairs]
    path.write_text(json.dumps({"format": "tousu-examples", "examples": held}), "utf-8")
    return path


def test_halves_of_characters_are_none_of_ours(tmp_path):
    source = load_examples()[0].source
    for pair in (("gym-closed", source + "\ud800"), ("gym\udfff", source)):
        with pytest.raises(ExampleError, match="不是典型案例的导出文件"):
            import_examples(packed_json(tmp_path / "x.json", pair), tmp_path / "own")


@pytest.mark.parametrize("how", ["broken", "cut"])
def test_a_broken_archive_is_none_of_ours(tmp_path, how):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if how == "broken" else zipfile.ZIP_STORED) as archive:
        archive.writestr("gym-closed.md", load_examples()[0].source)
        size = archive.infolist()[0].compress_size
    data = bytearray(path.read_bytes())
    if how == "broken":
        begin = 30 + len("gym-closed.md")
        data[begin : begin + size] = b"\xff" * size
    else:  # the entry claims more bytes than the file has
        at = data.index(b"PK\x01\x02") + 20
        data[at : at + 8] = (500_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(ExampleError, match="不是典型案例的导出文件"):
        import_examples(path, tmp_path / "own")


def test_too_much_is_told_and_nothing_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "MOST", 2)
    held = load_examples()[:3]
    listed = packed_json(tmp_path / "x.json", *((one.id, one.source) for one in held))
    export_examples(held, tmp_path / "x.zip")
    for path in (listed, tmp_path / "x.zip"):
        with pytest.raises(ExampleError, match="超过 2 个案例"):
            import_examples(path, tmp_path / "own")
    monkeypatch.setattr(exchange, "WHOLE", 1000)
    for path in (listed, tmp_path / "x.zip"):
        with pytest.raises(ExampleError, match="超过 1,000 字节"):
            import_examples(path, tmp_path / "own")
    assert not (tmp_path / "own").exists()


def test_an_example_told_twice_is_refused(tmp_path):
    pair = ("gym-closed", load_examples()[0].source)
    with pytest.raises(ExampleError, match="gym-closed 出现了两次"):
        import_examples(packed_json(tmp_path / "x.json", pair, pair), tmp_path / "own")


def test_a_stations_own_stand_beside_the_shipped_ones_and_take_their_place(tmp_path, monkeypatch):
    shipped_ones = load_examples()
    own = tmp_path / "examples"
    own.mkdir()
    source = next(one for one in shipped_ones if one.id == "gym-closed").source
    for name in ("gym-closed", "line-taken"):
        (own / f"{name}.md").write_text(source.replace("健身房闭店失联", "本所口径"), "utf-8")
    load_examples.cache_clear()
    monkeypatch.setenv("TOUSU_TABLES_DIR", str(tmp_path))
    try:
        held = {one.id: one.head.title for one in load_examples()}
    finally:
        load_examples.cache_clear()
    assert set(held) == {"line-taken", *(one.id for one in shipped_ones)}
    assert held["line-taken"] == held["gym-closed"] == "本所口径，卡内余额不退"
