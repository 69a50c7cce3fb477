"""An invented backlog: texts of the corpus with days, respondents and repeats of known number."""

from __future__ import annotations

import datetime
import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FIRST, LAST = datetime.date(2025, 9, 1), datetime.date(2026, 11, 30)
SHOPS = [
    "望屿美食城", "渔灯路生鲜超市", "石螺健身（旗舰店）", "汇潮家居广场", "鲸浦通讯店",
    "云鲤甜品", "北湾汽修厂", "青螺教育", "月汐美容院", "星岬网络科技有限公司",
]  # fmt: skip
COPIES = 60
CLAIM = "本人在该店购买的商品外包装未标注生产日期与配料表，依据食品安全法第一百四十八条要求退一赔十并书面答复处理结果。"


def corpus_texts(root: Path) -> list[tuple[str, str]]:
    """Return (text, primary code) of every row of the corpus, in its order."""
    files = sorted((root / "data" / "corpus").glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return [(row["text"], row["codes"][0]) for row in rows]


def make_backlog(root: Path, count: int, *, seed: int = 5) -> list[dict[str, Any]]:
    """Return ``count`` rows spread over fifteen months; the last month has ``COPIES`` claims of one wording
    and many times its share of prepaid cards."""
    rng = random.Random(seed)
    texts = corpus_texts(root)
    prepaid = [text for text, code in texts if code == "prepaid"]
    days = (LAST - FIRST).days + 1
    rows: list[dict[str, Any]] = []
    for _ in range(count - COPIES):
        day = FIRST + datetime.timedelta(min(int(days * rng.random() ** 0.85), days - 1))
        hot = day.replace(day=1) == LAST.replace(day=1) and rng.random() < 0.25
        text = rng.choice(prepaid) if hot else rng.choice(texts)[0]
        who = rng.choices([*SHOPS, "", "不详"], weights=[30, 20, 15, 12, 10, 8, 6, 5, 4, 3, 60, 10])[0]
        if hot and rng.random() < 0.5:
            who = SHOPS[2]
        rows.append(
            {"登记时间": f"{day} {rng.randrange(8, 20):02}:{rng.randrange(60):02}", "被投诉方": who, "投诉内容": text}
        )
    for number in range(COPIES):
        day = LAST - datetime.timedelta(number % 12)
        text = f"订单号{number:06}，{CLAIM}"
        rows.append({"登记时间": f"{day} 09:00", "被投诉方": SHOPS[1], "投诉内容": text})
    rows.sort(key=lambda row: row["登记时间"])
    return [{"工单编号": f"T{number:07}"} | row for number, row in enumerate(rows, 1)]


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path
