"""`POST /v1/classify` under 16 connections against a no-op endpoint with the same request and reply models.

    python bench/http_load.py

Real servers: `tousu serve` with one worker and with two, and uvicorn with bench/noop_app.py (uvloop, httptools, no
access log: what uvicorn does best). Beside them a peer, LitServe with the same model, its two processes on one core.
The load comes from wrk (Debian's package), each request another text of 114 characters. One worker has core 0 for
itself, wrk has core 1. Two workers have both cores and wrk shares them; the part of the cores wrk took is printed.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import harness

CONNECTIONS = 16
SLICES = 2
SECONDS = 2
ROUNDS = 5
TEXTS = 5_000
READY_SECONDS = 30
BIN = Path(sys.executable).parent


def main() -> int:
    if shutil.which("wrk") is None:
        print("wrk is not here: apt-get install wrk", file=sys.stderr)
        return 2
    os.chdir(harness.ROOT)
    with tempfile.TemporaryDirectory() as home:
        bodies = write_bodies(Path(home))
        served = [str(BIN / "tousu"), "serve", "--port"]
        noop = [
            str(BIN / "python"),
            "-m",
            "uvicorn",
            "--app-dir",
            "bench",
            "noop_app:app",
            "--loop",
            "uvloop",
            "--http",
            "httptools",
        ]
        with (
            server([*noop, "--no-access-log", "--log-level", "warning", "--port"], {0}, Path(home), "/docs") as empty,
            server([str(BIN / "python"), "bench/litserve_app.py"], {0}, Path(home), "/health") as peer,
            server(served, {0}, Path(home)) as one,
            server(served, {0, 1}, Path(home), workers=2) as two,
        ):
            contenders = {
                "no-op": (empty, {1}), "LitServe": (peer, {1}), "one worker": (one, {1}), "two workers": (two, {0, 1}),
            }  # fmt: skip
            rounds = alternate(contenders, bodies)
    show(rounds)
    return 0


def write_bodies(home):
    """Write the requests' bodies, one a line; return the file."""
    texts = harness.texts_of(harness.LENGTH, TEXTS)
    lines = [json.dumps({"text": text, "id": str(number)}, ensure_ascii=False) for number, text in enumerate(texts)]
    bodies = home / "bodies"
    bodies.write_text("\n".join(lines), "utf-8")
    return bodies


@contextmanager
def server(command, cores, home, path="/readyz", workers=1):
    """Run a server on the given cores; yield its port and process id when it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    state = home / str(port)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUSU_")}
    env = kept | {
        "TOUSU_STATE_DIR": str(state),
        "TOUSU_RATE_PER_SECOND": "0",
        "TOUSU_WORKERS": str(workers),
        "PYTHONPATH": ".",
    }
    if "TOUSU_MODEL" in os.environ:
        env["TOUSU_MODEL"] = os.environ["TOUSU_MODEL"]
    log = (home / f"{port}.log").open("wb")
    process = subprocess.Popen(
        [*command, str(port)], env=env, stdout=log, stderr=log, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    try:
        wait_ready(f"http://127.0.0.1:{port}{path}", process)
        time.sleep(1 if workers > 1 else 0)  # the second worker is not asked for
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def wait_ready(url, process):
    """Wait until a GET answers 200."""
    begun = time.monotonic()
    while time.monotonic() - begun < READY_SECONDS and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{url} did not get ready")


def processor_seconds(pid):
    """Return the processor's time a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port, cores, bodies, seconds):
    """Ask for some seconds; return wrk's figures and the share of all cores it took itself."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", "bench/requests.lua"]
    command += [f"http://127.0.0.1:{port}/", "--", str(bodies)]
    before = os.times()
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    after = os.times()
    told = json.loads(ran.stdout.splitlines()[-1])
    if told["failed"]:
        raise SystemExit(f"{told['failed']} of {told['requests']} requests failed")
    took = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "requests": told["requests"],
        "requests_per_second": told["requests"] / told["microseconds"] * 1e6,
        "p50_ms": told["p50"] / 1e3,
        "p99_ms": told["p99"] / 1e3,
        "load_share": took / seconds / 2,
    }


def alternate(contenders, bodies):
    """Load all contenders in turn, ``SLICES`` times ``SECONDS`` seconds a round; a first round is not counted."""
    measured = {name: [] for name in contenders}
    for number in range(ROUNDS + 1):
        slices = {name: [] for name in contenders}
        for _ in range(SLICES if number else 1):
            for name, ((port, pid), cores) in contenders.items():
                before = processor_seconds(pid)
                told = load(port, cores, bodies, SECONDS)
                told["processor_us"] = (processor_seconds(pid) - before) / told["requests"] * 1e6
                slices[name].append(told)
        if number:
            for name, told in slices.items():
                measured[name].append({key: statistics.mean(one[key] for one in told) for key in told[0]})
    return measured


def show(rounds):
    middle = {
        name: {key: statistics.median(told[key] for told in rows) for key in rows[0]} for name, rows in rounds.items()
    }
    noop, one, two = middle["no-op"], middle["one worker"], middle["two workers"]
    figures = [
        harness.Figure(
            "requests/s, one worker : no-op", one["requests_per_second"] / noop["requests_per_second"], "×", 0.8
        ),
        harness.Figure("p99, one worker : no-op", one["p99_ms"] / noop["p99_ms"], "×", 1.5, at_most=True),
        harness.Figure(
            "requests/s, two workers : one", two["requests_per_second"] / one["requests_per_second"], "×", 1.7
        ),
    ]
    # The load itself takes part of the two cores; what two workers make of the rest is told beside the target.
    left = 1 - two["load_share"]
    figures.append(harness.Figure("the same, of the cores the load left", figures[2].measured / left, "×"))
    litserve = middle["LitServe"]["requests_per_second"]
    figures.append(harness.Figure("requests/s, one worker : LitServe", one["requests_per_second"] / litserve, "×"))
    for name, told in middle.items():
        figures.append(harness.Figure(f"{name}", told["requests_per_second"], "requests/s"))
        if name not in ("two workers", "LitServe"):  # one process is looked at
            figures.append(harness.Figure(f"{name}, processor's time a request", told["processor_us"], "µs"))
        figures.append(harness.Figure(f"{name}, p99", told["p99_ms"], "ms"))
        figures.append(harness.Figure(f"{name}, share of the cores wrk took", told["load_share"] * 100, "%"))
    harness.report("http", f"POST /v1/classify, {CONNECTIONS} connections", figures, rounds=rounds)


if __name__ == "__main__":
    sys.exit(main())
