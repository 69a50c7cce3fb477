"""Columns: which one holds the texts.

A name tells by its parts: what a matter is called (投诉, 诉求, 来电 …) and what is told of it (内容, 事项, 描述 …).
The office's own columns (办理结果, 答复意见 …) hold long texts, too, and are never guessed. Where name and content
leave a doubt, the user is asked: the error lists the columns with their first cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tousu.errors import ColumnMissing

if TYPE_CHECKING:
    from collections.abc import Sequence


# What text columns are called in the exports people have, the surest first.
SURE_NAMES = (
    "投诉内容", "投诉举报内容", "举报内容", "诉求内容", "问题描述", "投诉详情", "诉求描述", "诉求详情",
    "反映内容", "工单内容", "来电内容", "来信内容", "事项内容", "内容描述", "投诉描述", "投诉事由", "投诉问题",
    "反映问题", "留言详情", "留言内容", "详细内容", "问题内容", "主要内容", "事件描述",
)  # fmt: skip
LIKELY_NAMES = (
    "诉求", "详情", "描述", "内容", "正文", "文本", "text", "content", "complaint", "complaint_text", "description",
    "narrative", "consumer complaint narrative", "message", "body", "detail", "details", "texts",
)  # fmt: skip
TEXT_NAMES = (*SURE_NAMES, *LIKELY_NAMES)
MATTER = "|".join(
    (
        "投[诉訴]", "[诉訴]求", "[举舉][报報]", "反映", "反应", "[来來][电電信函访訪文]", "[问問][题題]", "信[访訪]",
        "案[情件由]", "工[单單]", "事件", "事[项項情]", "留言", "咨[询詢]", "受理", "登[记記]", "[报報]案", "求助",
        "求[决決]", "[纠糾][纷紛]", "[争爭][议議]", "具[体體]", "[详詳][细細]", "主要", "群[众眾]", "市民", "消[费費]者", "[维維][权權]",
    )
)  # fmt: skip
TOLD = "|".join(
    (
        "[内內]容", "事[项項由]", "描述", "情[况況形]", "摘要", "[详詳]情", "原因", "概[述要况況]", "要[点點]", "[简簡][述要]",
        "[经經][过過]", "[正原]文", "文本", "主[题題体體]", "[诉訴]求", "[问問][题題]", "[陈陳]述", "[说說]明",
    )
)  # fmt: skip
# Words of the whole name that are enough.
ALONE = "|".join(
    (
        "事由", "案[情由]", "案情[简簡]介", "要[点點]", "[简簡]要情[况況]", "(?:具[体體]|主要)?[诉訴]求", "[诉訴]求事[项項]", "[详詳]情",
        "描述", "[内內]容", "[正原]文", "文本", "[经經][过過]", "情[况況](?:[说說]明)?",
    )
)  # fmt: skip
REPLY = re.compile(
    "|".join(
        (
            "[办辦]", "受理(?:情[况況]|[状狀])", "[處处][理置罚罰]", "[答回][复覆復]", "回[访訪应應]", "意[见見]", "[结結][果论論案]",
            "批示", "跟[进進]", "反[馈饋]", "整改", "[调調][查解处處]", "核[查实實]", "措施", "[满滿]意", "[评評][价價]", "退回", "拟",
            "[领領][导導]", "[审審]", "reply", "respon", "resol", "answer", "remark", "handl", "action", "outcome", "feedback", "result",
            "comment", "follow",
        )
    ),
    re.IGNORECASE,
)  # fmt: skip
# Names of matters that are told by a word or a number: kinds, people, places, times.
SHORT = re.compile(
    "|".join(
        (
            "[类類][型别別]", "分[类類]", "性[质質]", "[编編单單][号號]", "[时時][间間]", "日期", "[姓名]名", "名[称稱]", "人$",
            "[电電][话話]", "地[址点點区區]", "[来來]源", "渠道", "[状狀][态態]", "[对對]象", "[单單]位", "部[门門]", "[级級]", "方式",
            "次[数數]", "[数數]量", "金[额額]", "[标標][签簽题題]",
            r"(?:^|[^a-z])(?:id|no|code|type|categor\w*|date|time|name|status|source|phone|label)(?:[^a-z]|$)",
        )
    ),
    re.IGNORECASE,
)  # fmt: skip
ENGLISH = re.compile(
    "complain|narrative|descri|content|detail|issue|problem|message|body|^texts?$|[ _]text$|summary|petition|appeal", re.IGNORECASE
)  # fmt: skip
CHINESE = re.compile(r"[\u3400-\u9fff]")
# How an office's own words begin or what they say: they tell a reply from a complaint in columns of one name.
ANSWERED = re.compile(
    r"^(?:[经經]|已|我[局所]|我[单單]位|[执執]法人|您好|尊敬的|收到|[现現]答)|本局|依法|"
    r"已(?:[责責]令|[联聯]系|告知|[办辦][结結]|[处處]理|[调調]解|[转轉]|立案|整改)"
)
FEWEST = 8  # Chinese characters a cell, for a column of texts without a name
RIVAL = 0.6  # of the best column's weight: too near to choose without asking
SHOWN = 12  # characters of a cell in a message
MOST_SHOWN = 30  # columns in a message


def plain_name(name: object) -> str:
    """Return a column's name without case, white space, and what stands in brackets or behind a star."""
    text = without_brackets(str(name if name is not None else ""))
    return re.sub(r"[*＊:：\s]", "", text).casefold()


def without_brackets(text: str) -> str:
    """Return a text without what stands in brackets."""
    return re.sub(r"[（(【\[].*?[）)】\]]", "", text)


def is_reply_name(name: object) -> bool:
    """Return whether a column of this name holds the office's own words, not a complaint's."""
    plain = plain_name(name)
    return plain not in _PLAIN_NAMES and bool(REPLY.search(plain))


def is_text_name(name: object) -> bool:
    """Return whether a column of this name usually holds the texts."""
    return _rank(name) is not None


def _rank(name: object) -> int | None:
    """Return how surely a column of this name holds the texts, the lowest number the surest; None if not."""
    plain = plain_name(name)
    if plain in _PLAIN_NAMES:
        return _PLAIN_NAMES[plain]
    plain = plain.rpartition(".")[2]  # of keys within keys the last one tells
    if plain in _PLAIN_NAMES:
        return _PLAIN_NAMES[plain]
    if not plain or len(plain) > 30 or REPLY.search(plain) or SHORT.search(plain):
        return None
    if _PARTS.search(plain):
        return len(SURE_NAMES)
    return len(TEXT_NAMES) if _ALONE.fullmatch(plain) or ENGLISH.search(plain) else None


# Likely names come behind those made of two parts.
_PLAIN_NAMES = {re.sub(r"\s", "", name): rank + (rank >= len(SURE_NAMES)) for rank, name in enumerate(TEXT_NAMES)}
_PARTS = re.compile(rf"(?:{MATTER})\S{{0,6}}(?:{TOLD})")
_ALONE = re.compile(rf"(?:{ALONE})")


def choose_text_columns(
    names: Sequence[str], sample: Sequence[Sequence[object]], wanted: Sequence[str], *, file: str
) -> tuple[list[int], str]:
    """Return the places of the columns that hold the texts, and how they were chosen, in Chinese.

    Args:
        names: Names of the columns.
        sample: Some rows below them.
        wanted: Names the user gave, or places such as ``#4``; when empty, the column is guessed.
        file: What to call the file in an error.

    Raises:
        ColumnMissing: A wanted column is not there, none looks like text, or several do; the error lists the columns.
    """
    if wanted:
        places = [_wanted(names, sample, name, file) for name in wanted]
        twins = "，同名的有几列，取了内容像投诉的一列" if any(list(names).count(name) > 1 for name in wanted) else ""
        return places, f"内容列：{' + '.join(_shown(names, place) for place in places)}（按指定{twins}）"
    named = named_text_columns(names, sample)
    if not named and not _filled_columns(len(names), sample):
        named = [index for index in range(len(names)) if is_text_name(names[index])]
    if named:
        best = min(named, key=lambda index: (_rank(names[index]) or 0, index))
        rivals = [index for index in named if plain_name(names[index]) == plain_name(names[best])]
        if len(rivals) > 1:
            best = _best_of(names, sample, rivals, file)
            return [best], (
                f"内容列：{_shown(names, best)}（有 {len(rivals)} 列叫 {names[best]}，按内容选了第 {best + 1} 列，"
                f"可用 --text-column '#{best + 1}' 指定）"
            )
        return [best], f"内容列：{names[best]}（按列名判断，可用 --text-column 指定）"
    open_to_guess = [index for index in _filled_columns(len(names), sample) if not is_reply_name(names[index])]
    weights = {index: _weight_of([cell_text(row, index) for row in sample]) for index in open_to_guess}
    likely = [index for index in open_to_guess if weights[index] >= FEWEST]
    if likely:
        best = _best_of(names, sample, likely, file)
        return [best], f"内容列：{_shown(names, best)}（按内容判断，可用 --text-column 指定）"
    raise unsure(names, sample, f"{file} 中看不出哪一列是投诉内容")


def _wanted(names: Sequence[str], sample: Sequence[Sequence[object]], name: str, file: str) -> int:
    """Return the place of a column the user named; of several of that name, the one that reads like complaints."""
    found = [index for index, there in enumerate(names) if there == name]
    if len(found) > 1:
        return _best_of(names, sample, found, file)
    if found:
        return found[0]
    place = re.fullmatch(r"#([1-9]\d{0,4})", name)
    if place and int(place[1]) <= len(names):
        return int(place[1]) - 1
    missing = f"{file} 中没有第 {place[1]} 列" if place else f"{file} 中没有名为 {name} 的列"
    raise ColumnMissing(
        missing,
        expected="、".join(str(there) for there in names if there != ""),
        fix="改正 --text-column，或不写由程序判断",
    )


def _best_of(names: Sequence[str], sample: Sequence[Sequence[object]], places: Sequence[int], file: str) -> int:
    """Return the column whose texts read most like complaints.

    Raises:
        ColumnMissing: Another one reads nearly as much so.
    """
    texts = {index: [cell_text(row, index) for row in sample] for index in places}
    weights = {index: _weight_of(texts[index]) * (1 - _answered(texts[index])) for index in places}
    best = max(places, key=lambda index: (weights[index], -index))
    rivals = [index for index in places if index != best and weights[index] > RIVAL * max(weights[best], FEWEST / 2)]
    if rivals:
        both = "、".join(_shown(names, index) for index in (best, *rivals))
        raise unsure(names, sample, f"{file} 中有几列都像投诉内容（{both}），不敢替您选")
    return best


def unsure(names: Sequence[str], sample: Sequence[Sequence[object]], found: str) -> ColumnMissing:
    """Return the error that asks which column holds the texts: it lists them, their first cells beside them."""
    listed = []
    for index, name in enumerate(names[:MOST_SHOWN]):
        cells = (str(row[index]).strip() for row in sample if index < len(row) and row[index] is not None)
        first = next((" ".join(cell.split()) for cell in cells if cell), "")
        cell = first if len(first) <= SHOWN else f"{first[:SHOWN]}…"
        listed.append(f"#{index + 1} {name}".rstrip() + (f"（{cell}）" if cell else ""))
    more = f" 等 {len(names)} 列" if len(names) > MOST_SHOWN else ""
    return ColumnMissing(
        found, expected=f"叫作 投诉内容、问题描述、text 之类的列；现有：{'、'.join(listed)}{more}",
        fix="用 --text-column 列名 或 --text-column '#列号' 指定",
    )  # fmt: skip


def named_text_columns(names: Sequence[str], sample: Sequence[Sequence[object]]) -> list[int]:
    """Return the places of the columns that have a text's usual name and some text in the sample."""
    return [index for index in _filled_columns(len(names), sample) if is_text_name(names[index])]


def _shown(names: Sequence[str], place: int) -> str:
    """Return a column's name, or its place where it has none."""
    return str(names[place]) or f"第 {place + 1} 列"


def _filled_columns(count: int, sample: Sequence[Sequence[object]]) -> list[int]:
    return [index for index in range(count) if any(cell_text(row, index).strip() for row in sample)]


def cell_text(row: Sequence[object], index: int) -> str:
    """Return the text in column ``index`` of a row, nothing if there is none."""
    value = row[index] if index < len(row) else None
    return value if isinstance(value, str) else ""


def _weight_of(texts: Sequence[str]) -> float:
    """Return how much a column looks like complaints: Chinese characters per filled cell, less if repeated."""
    filled = [text for text in texts if text.strip()]
    chinese = sum(len(CHINESE.findall(text)) for text in filled)
    return chinese / len(filled) * len(set(filled)) / len(filled) if filled else 0.0


def _answered(texts: Sequence[str]) -> float:
    """Return the share of texts that read like an office's answer."""
    filled = [text.strip() for text in texts if text.strip()]
    return sum(bool(ANSWERED.search(text)) for text in filled) / len(filled) if filled else 0.0
