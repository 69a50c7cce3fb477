"""What every chaos run uses: a real server as a process, a lean HTTP connection, threads of load."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0


class ChaosError(Exception):
    """The run showed what must not be."""


def told(run: Callable[[Path], str]) -> int:
    """Run in a directory of its own, say the figures in one line, return the exit code."""
    with tempfile.TemporaryDirectory(prefix="tousu-chaos-", ignore_cleanup_errors=True) as home:
        try:
            sys.stdout.write(f"{run(Path(home))}\n")
        except ChaosError as error:
            sys.stdout.write(f"FAILED {error}\n")
            return 1
    return 0


class Server:
    """A server of the checkout on a free port of the loopback, with settings of its own."""

    def __init__(self, home: Path, *, workers: int = 1, **settings: str) -> None:
        self.home, self.workers = home, workers
        self.port = free_port()
        self.log = home / "server.log"
        own = {"TOUSU_DATABASE_URL": f"sqlite:///{home / 'tousu.db'}", "TOUSU_MODELS_DIR": str(home / "models")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUSU_")}
        self.env = kept | own | {f"TOUSU_{name.upper()}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it and wait until it is ready; return the seconds that took."""
        begun = time.monotonic()
        command = [
            str(Path(sys.executable).with_name("tousu")),
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        if self.workers > 1:
            command += ["--workers", str(self.workers)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        while time.monotonic() - begun < START_SECONDS:
            if self._process.poll() is not None:
                break
            if self.status("/readyz") == 200:
                return time.monotonic() - begun
            time.sleep(0.05)
        raise ChaosError(f"the server did not get ready: {self.log.read_text(errors='replace')[-2000:]}")

    def status(self, path: str) -> int | None:
        """Return the status of a GET, None without an answer."""
        try:
            with Wire(self.port, timeout=5) as wire:
                return wire.get(path)[0]
        except OSError:
            return None

    def kill(self) -> None:
        """Kill it and its workers without warning."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it as an operator would."""
        self._end(signal.SIGTERM)

    def pids(self) -> list[int]:
        """Return the process ids of its process group, the server's own first."""
        assert self._process is not None
        group = self._process.pid
        members = [
            int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and in_group(entry, group)
        ]
        return sorted(members, key=lambda pid: (pid != group, pid))

    def job_workers(self) -> list[int]:
        """Return the process ids of its workers of background jobs."""
        found = []
        for pid in self.pids():
            with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
                if b"\0work\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            # SIGTERM goes to the server, which ends its workers; SIGKILL to its whole process group.
            os.killpg(process.pid, how) if how is signal.SIGKILL else process.send_signal(how)
        process.wait(20)
        self._process = None


class Wire:
    """One kept-alive HTTP/1.1 connection: little more than a socket, so that the server is what is measured."""

    def __init__(self, port: int, *, timeout: float = 30.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """GET a path; return status and body."""
        return self.send(request("GET", path, b"", headers or {}))

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """POST a JSON body; return status and body."""
        return self.send(request("POST", path, json.dumps(body).encode(), headers or {}))

    def send(self, message: bytes) -> tuple[int, bytes]:
        """Send a whole request; return status and body.

        Raises:
            OSError: No whole answer came.
        """
        self._socket.sendall(message)
        status = self._file.readline().split(b" ", 2)
        length, chunked = 0, False
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            chunked = chunked or (name.lower() == b"transfer-encoding" and b"chunked" in value.lower())
        body = self._chunks() if chunked else self._exactly(length)
        if len(status) < 2:
            raise ConnectionError("no answer")
        return int(status[1]), body

    def _exactly(self, length: int) -> bytes:
        body = self._file.read(length)
        if len(body) != length:
            raise ConnectionError("the answer broke off")
        return body

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._exactly_line(), 16):
            body += self._exactly(size + 2)[:-2]
        self._exactly(2)
        return body

    def _exactly_line(self) -> bytes:
        line = self._file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the answer broke off")
        return line


def request(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of an HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json"] if body else []
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def in_group(process: Path, group: int) -> bool:
    """Return whether a process (its directory in /proc) belongs to a process group."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[2]) == group
    except (OSError, ValueError, IndexError):
        return False


def resident(pids: list[int]) -> float:
    """Return the resident memory of processes together, in MB."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))
    return total / 1024


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def load(work: Callable[[int, threading.Event], None], threads: int) -> Iterator[threading.Event]:
    """Run ``work(number, over)`` in threads until the block ends; an error in one of them is raised at the end."""
    over, errors = threading.Event(), list[BaseException]()

    def run(number: int) -> None:
        try:
            work(number, over)
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield over
    finally:
        over.set()
        for thread in running:
            thread.join(60)
    if errors:
        raise errors[0]
