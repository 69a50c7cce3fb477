"""kill -9 while officers answer cases and hand in files at the desk: nothing acknowledged is lost, no row is there twice."""

from __future__ import annotations

import argparse
import hashlib
import random
import socket
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import sqlalchemy as sa

from tests.harness.desk import TEXTS, Desk
from tests.harness.server import ChaosError, Server, load, told
from tousu.classifier import Classifier
from tousu.taxonomy import load_taxonomy
from tousu_service.store.desk_tables import answers, cases, uploads

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.desk import Seat

OFFICERS = ("甲", "乙", "审核员")
ENOUGH = 3000  # cases to answer


class Sent:
    """What was acknowledged."""

    def __init__(self) -> None:
        self.answers: dict[int, str] = {}
        self.files: dict[int, str] = {}
        self.last = 0
        self.lock = threading.Lock()

    def next_case(self) -> int:
        """Return a case nobody has been given yet."""
        with self.lock:
            self.last += 1
            return self.last


def run(*, kills: int, seconds: float, rows: int, home: Path, seed: int = 1) -> str:
    """Kill the server ``kills`` times, each after up to ``seconds`` of work; return the figures.

    Meanwhile a file of ``rows`` rows becomes cases.

    Raises:
        ChaosError: Something acknowledged is lost, or something is there twice.
    """
    chance, sent = random.Random(seed), Sent()
    server = Server(home, state_dir=str(home))
    server.start()
    desk = Desk(server)
    try:
        desk.seat().get("/login")
        desk.add_people()
        desk.add_cases(Classifier.load(), [f"{text}，第{n}次" for n in range(ENOUGH // len(TEXTS)) for text in TEXTS])
        seats = [desk.seat(name) for name in OFFICERS]
        large = begin(desk.seat("甲"), rows)
        for kill in range(kills):
            with load(lambda number, over: work(seats, sent, number, over), len(seats) + 1):
                time.sleep(chance.uniform(0.3, 1.0) * seconds)
                half = half_a_file(server, seats[0], kill)
                server.kill()
            half.close()
            leave_a_folder(desk)
            server.start()
            accepted(seats[0].upload("后.csv", f"编号,投诉内容\n1,后来的{kill}\n".encode()), "/desk/inbox/")
        wait_for(desk.seat("甲"), large)
        return judged(desk, sent, large, rows, kills)
    finally:
        desk.close()
        server.stop()


def work(seats: list[Seat], sent: Sent, number: int, over: threading.Event) -> None:
    """Answer cases, or hand in files, until the block is over or the server dead."""
    codes = list(load_taxonomy().codes)
    try:
        while not over.is_set():
            if number == len(seats):
                content = f"编号,投诉内容\n1,电梯困人 {time.monotonic_ns()}\n".encode()
                answer = seats[0].upload("小.csv", content)
                place = accepted(answer, "/desk/inbox/")
                sent.files[int(place)] = hashlib.sha256(content).hexdigest()
                continue
            case = sent.next_case()
            code = codes[case % len(codes)]
            answer = seats[number].post(f"/cases/{case}", primary=code, version="0", step="save")
            accepted(answer, "/desk/cases/")
            sent.answers[case] = code
    except httpx.TransportError:
        over.wait()  # the server is dead, as it should be


def accepted(answer: httpx.Response, path: str) -> str:
    """Return what follows a path in the address an answer leads to.

    Raises:
        ChaosError: It leads nowhere.
    """
    where = answer.headers.get("location", "")
    if answer.status_code != 303 or not where.startswith(path):
        raise ChaosError(f"a form got {answer.status_code}: {answer.text[-500:]!r}")
    return where.removeprefix(path)


def begin(seat: Seat, rows: int) -> int:
    """Hand in a large file and let its rows become cases; return its number."""
    lines = "".join(f"L{n},{TEXTS[n % 5].partition('<')[0] or '电梯'}第{n}件\n" for n in range(rows)).replace('"', "")
    number = accepted(seat.upload("大.csv", f"编号,投诉内容\n{lines}".encode()), "/desk/inbox/")
    accepted(seat.post(f"/inbox/{number}", text="投诉内容", number="编号"), "/desk/inbox/")
    return int(number)


def half_a_file(server: Server, seat: Seat, kill: int) -> socket.socket:
    """Send the first half of a file and keep the connection."""
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{seat.csrf}\r\n--b\r\nContent-Disposition: form-data; '
        f'name="file"; filename="half{kill}.csv"\r\n\r\n投诉内容\r\n'
    ).encode()
    head = (
        f"POST /desk/inbox HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: tousu_desk={seat.cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body) * 2}\r\n\r\n"
    ).encode()
    half = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    half.sendall(head + body)
    return half


def leave_a_folder(desk: Desk) -> None:
    """Leave what a kill between keeping a file and noting it leaves: the next file's folder, noted nowhere."""
    with desk.store.reading() as connection:
        last = connection.execute(sa.select(sa.func.max(uploads.c.id))).scalar() or 0
    place = desk.server.home / "files" / f"upload_{last + 1}"
    place.mkdir(exist_ok=True)
    (place / "original.csv").write_bytes(b"lost")


def wait_for(seat: Seat, upload: int) -> None:
    """Wait until a file's rows are all cases.

    Raises:
        ChaosError: That takes too long.
    """
    until = time.monotonic() + 120
    while "处理完了" not in (page := seat.get(f"/inbox/{upload}").text):
        if "接着处理" in page:  # after five kills it asks whether to go on
            accepted(seat.post(f"/inbox/{upload}"), "/desk/inbox/")
        if time.monotonic() > until:
            raise ChaosError(f"the large file did not get ready: {page[-1500:]}")
        time.sleep(0.2)


def judged(desk: Desk, sent: Sent, large: int, rows: int, kills: int) -> str:
    """Hold the store against what was acknowledged; return the figures.

    Raises:
        ChaosError: They differ.
    """
    with desk.store.reading() as connection:
        said = connection.execute(sa.select(answers.c.case_id, answers.c.codes)).all()
        counts = dict(connection.execute(sa.select(cases.c.id, cases.c.codes)).all())
        places = list(connection.execute(sa.select(cases.c.row).where(cases.c.upload_id == large)).scalars())
        stored = {row.id: row for row in connection.execute(sa.select(uploads.c.id, uploads.c.sha256, uploads.c.name))}
    times = Counter(case for case, _ in said)
    lost = [case for case, code in sent.answers.items() if counts[case] != code or not times[case]]
    doubled = [case for case, count in times.items() if count > 1]
    files = desk.server.home / "files"
    for number, sha256 in sent.files.items():
        path = files / f"upload_{number}" / "original.csv"
        if number not in stored or not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            lost.append(number)
    halves = [row.name for row in stored.values() if row.name.startswith("half")]
    if lost or doubled or halves or sorted(places) != list(range(1, rows + 1)):
        raise ChaosError(
            f"desk: {len(lost)} lost, {len(doubled)} doubled, {len(halves)} half files kept, {len(places)} rows of {rows}"
        )
    return (
        f"desk: {kills} kills, {len(sent.answers)} answers and {len(sent.files)} files acknowledged, 0 lost, 0 doubled; "
        f"{rows} rows of a file each there once, no half file kept"
    )


def main() -> int:
    """Run it as a command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--rows", type=int, default=60_000)
    given = options.parse_args()
    return told(lambda home: run(kills=given.kills, seconds=given.seconds, rows=given.rows, home=home))


if __name__ == "__main__":
    sys.exit(main())
