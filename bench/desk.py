"""The desk with 200,000 cases: lists, facets, search, review, and a file of 100,000 rows on its way in.

    python bench/desk.py [--cases N] [--upload N] [--postgres]

A real service with one worker process; each page is asked for over HTTP, ``TIMES`` times, other pages between, by one person who
is logged in. The cases are texts of the corpus, the rows of the file as many different texts cut from it, all tagged by the
shipped model. The store is SQLite or a PostgreSQL server of its own; no vectors are made meanwhile.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import random
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import harness

sys.path.insert(0, str(harness.ROOT))

from tests.harness.desk import Seat, opened
from tests.harness.postgres import Postgres
from tests.harness.server import Server
from tousu.classifier import Classifier
from tousu_service.desk.store import uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store

PIECE = 2000
TIMES = 15
FIRMS = 4000
WARM_SECONDS = 5
LIST, NEXT, READY, FIRST = 300.0, 100.0, 30.0, 3.0  # milliseconds of a page; seconds of an upload
PAGES = {
    "list": "/cases", "list, oldest received first": "/cases?order=received", "list, least sure first": "/cases?order=unsure",
    "facet: domain": "/cases?domain=food_safety", "facet: month": "/cases?month=2026-05", "facet: attention": "/cases?attention=urgent",
    "facet: kind": "/cases?kind=report", "facet: signal": "/cases?signal=injury", "facet: respondent": "/cases?respondent=第17号公司",
    "four facets at once": "/cases?domain=prepaid&kind=complaint&state=open&month=2026-05",
    "search: a common word": "/cases?q={common}", "search: a rare word": "/cases?q={rare}",
}  # fmt: skip

# Another word each time: the lists keep what the last searches found.
COMMON = (
    "商家", "要求", "电话", "退款", "公司", "没有", "投诉", "购买", "反映", "服务", "时间", "问题", "处理", "联系", "消费",
)  # fmt: skip
RARE = (
    "废品站", "秤砣", "无糖", "困人", "凉菜", "跑路", "加盟费", "计量器", "假酒", "月饼", "轮椅", "缺斤", "广告牌", "奶茶粉", "氧气",
)  # fmt: skip


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--cases", type=int, default=200_000)
    asked.add_argument("--upload", type=int, default=100_000)
    asked.add_argument("--postgres", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as home, ExitStack() as last:
        settings = {"state_dir": home, "vectors_per_upload": "0"}
        if given.postgres:
            database = Postgres(Path(home) / "pg")
            last.callback(database.stop)
            settings["database_url"] = database.database("bench")
        figures = measured(Server(Path(home), workers=1, **settings), given.cases, given.upload)
    kind = "PostgreSQL" if given.postgres else "SQLite"
    harness.report(f"desk-{kind.lower()}", f"The desk with {given.cases:,} cases, {kind}", figures)
    return 0


def measured(server: Server, count: int, upload: int) -> list[harness.Figure]:
    """Return all figures of a server that is yet to be filled and started."""
    texts = [row["text"] for row in harness.corpus_rows()]
    store = Store.open(server.env["TOUSU_DATABASE_URL"])
    store.migrate()
    fill(store, texts, count)
    store.close()
    server.start()
    try:
        with opened(server) as desk:
            at_once = timed(desk.seat("主任"), "/cases")
        server.stop()
        server.start()
        time.sleep(WARM_SECONDS)
        with opened(server, people=False) as desk:
            first = timed(desk.seat("主任"), "/cases")
            told = [
                harness.Figure("first list, the moment the service is ready", at_once, "ms"),
                harness.Figure(f"first list, {WARM_SECONDS} s later", first, "ms", LIST, at_most=True),
            ]
            return told + pages(desk.seat("主任")) + incoming(desk.seat("主任"), upload)
    finally:
        server.stop()


def fill(store: Store, texts: list[str], count: int) -> None:
    """Put cases into the store, as an upload that is ready."""
    classifier, draw = Classifier.load(), random.Random(1)
    with store.writing() as connection:
        upload = uploads.add(connection, name="一年.xlsx", sha256="0" * 64, size=1, columns={}, actor="bench").id
    for at in range(0, count, PIECE):
        rows = range(at, min(at + PIECE, count))
        chosen = [f"{draw.choice(texts)}（{row}）" for row in rows]
        new = [
            NewCase(
                row + 1, text, tagging, number=f"GD{row:07}", received=f"2026-{row % 12 + 1:02}-{row % 28 + 1:02}",
                respondent=f"第{draw.randrange(FIRMS)}号公司", complainant=str(draw.randrange(50_000)),
            )
            for row, text, tagging in zip(rows, chosen, classifier.tag_many(chosen), strict=True)
        ]  # fmt: skip
        with store.writing() as connection:
            add_cases(connection, upload, new, secret="s")
    with store.writing() as connection:
        uploads.change(connection, upload, actor="bench", state="ready", rows=count)


def pages(seat: Seat) -> list[harness.Figure]:
    """Return what each page takes, median and worst, in milliseconds."""
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    for n, (name, path) in itertools.product(range(TIMES), PAGES.items()):
        taken[name].append(timed(seat, path.format(common=COMMON[n], rare=RARE[n])))
    taken["a case's page"] = [timed(seat, f"/cases/{number}") for number in range(1, TIMES + 1)]
    taken["review, next"] = [timed(seat, "/review") for _ in range(TIMES)]
    found = []
    for name, each in taken.items():
        most = NEXT if name.startswith("review") else LIST
        found.append(harness.Figure(f"{name}, median", statistics.median(each), "ms", most, at_most=True))
        found.append(harness.Figure(f"{name}, worst of {len(each)}", max(each), "ms", None))
    return found


def timed(seat: Seat, path: str) -> float:
    """Return how many milliseconds a page took."""
    begun = time.perf_counter()
    answer = seat.get(path)
    seconds = time.perf_counter() - begun
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return seconds * 1000


def incoming(seat: Seat, count: int) -> list[harness.Figure]:
    """Return how long a file takes until its first rows are there to be reviewed, and all of them, in seconds."""
    lines = io.StringIO()
    write = csv.writer(lines)
    write.writerow(["编号", "登记时间", "投诉内容", "被投诉方"])
    for row, text in enumerate(harness.texts_of(harness.LENGTH, count)):
        write.writerow([f"XX{row:07}", "2026-11-20", text, f"第{row % FIRMS}号公司"])
    answer = seat.upload("新.csv", lines.getvalue().encode())
    path = answer.headers["location"].removeprefix("/desk").partition("?")[0]
    begun = time.perf_counter()
    chosen = {"text": "投诉内容", "number": "编号", "received": "登记时间", "respondent": "被投诉方"}
    seat.post(path, **chosen)
    first = ready = 0.0
    while not ready:
        told = seat.get(path, headers={"HX-Request": "true"}).text
        stored = int((re.search(r"(\d+) 行", told) or [0, 0])[1])
        first = first or (time.perf_counter() - begun if stored else 0.0)
        ready = time.perf_counter() - begun if "hx-trigger" not in told else 0.0
        time.sleep(0.1)
    if stored != count:
        raise SystemExit(f"{stored} of {count} rows: {told}")
    return [
        harness.Figure(f"a file of {count:,} rows: first rows to be reviewed", first, "s", FIRST, at_most=True),
        harness.Figure(f"a file of {count:,} rows: ready", ready, "s", READY, at_most=True),
    ]


if __name__ == "__main__":
    sys.exit(main())
