"""Vectors of the desk's cases: made a few at a time while no file is tagged, by a process of the lowest priority.

What is made is in the store after every piece, so whoever goes on after an end of any kind makes none twice. The process
that reads the texts touches neither the store nor this one's lock: the less it gets of a core, the less it holds up.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import orjson

from tousu.classifier.reader.files import vectors_name
from tousu.errors import ModelError
from tousu_service.registry import activation
from tousu_service.store import ledger, vectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tousu_service.settings import Settings
    from tousu_service.store import Store

PIECE = 32  # cases whose vectors are stored at once: some one and a half seconds of a core


def has_work(store: Store, settings: Settings) -> bool:
    """Return whether cases of the desk are to get vectors, and the live model can make them; cheap, to be asked often.

    Raises:
        StoreError: The store cannot be asked.
    """
    found = _encoder(store) if settings.vectors_per_upload else None
    if found is None:
        return False
    with store.reading() as connection:
        return vectors.next_upload(connection, found[1]) is not None


class VectorMaker:
    """Makes vectors of cases by the live model's encoder, in a process that it starts when there are some to make.

    Args:
        store: The store.
        settings: The settings.

    Attributes:
        busy: Set while texts are read, which may take long where others want the cores.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.busy = threading.Event()
        self._store, self._most = store, settings.vectors_per_upload
        self._child: tuple[tuple[Path, str], subprocess.Popen[bytes]] | None = None

    def go_on(self) -> bool:
        """Make some more vectors, of the newest cases that have none; return whether there was anything to do.

        Raises:
            ModelError: The live model's encoder cannot be used, or the process came to an early end.
            StoreError: The store fails.
        """
        found = _encoder(self._store) if self._most else None
        with self._store.reading() as turn:
            if found is None or not vectors.alone(turn):
                self.close()
                return False
            with self._store.reading() as connection:
                upload = vectors.next_upload(connection, found[1])
                if upload is not None:
                    rows = vectors.missing(connection, upload, found[1], most=self._most, limit=PIECE)
            if upload is None:
                self.close()
                return False
            if rows:
                self.busy.set()
                try:
                    made = self._made(found, [text for _, text in rows])
                finally:
                    self.busy.clear()
            with self._store.writing() as connection:
                if rows:
                    vectors.keep(connection, upload, found[1], [number for number, _ in rows], made)
                else:
                    vectors.finish(connection, upload, found[1])
        return True

    def close(self) -> None:
        """End the process, if there is one; a piece that it has in hand is made again later."""
        child, self._child = self._child, None
        if child is not None:
            child[1].kill()
            child[1].wait()
            for pipe in (child[1].stdin, child[1].stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # what a process that ended early never read
                        pipe.close()

    def _made(self, encoder: tuple[Path, str], texts: Sequence[str]) -> NDArray[np.float16]:
        """Return the texts' vectors, shape (texts, width); each text is read once.

        Raises:
            ModelError: The encoder cannot be used, or the process came to an early end.
        """
        once = list(dict.fromkeys(texts))
        if self._child is None or self._child[0] != encoder or self._child[1].poll() is not None:
            self.close()
            self._child = encoder, _started(encoder[0])
        process = self._child[1]
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(orjson.dumps(once) + b"\n")
            process.stdin.flush()
            told = orjson.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise ModelError("做向量的进程中途结束了", fix="检查内存；之后会接着做") from error
        if "error" in told:
            raise ModelError(f"做不了向量：{told['error']}", fix="检查模型目录里的 reader/")
        found = np.frombuffer(base64.b64decode(told["vectors"]), dtype=vectors.KIND).reshape(len(once), -1)
        place = {text: row for row, text in enumerate(once)}
        return found[[place[text] for text in texts]]


def _encoder(store: Store) -> tuple[Path, str] | None:
    """Return the live model's directory and the name of its encoder; None where it has none that fits it."""
    entry = ledger.current(store)
    if entry is None:
        return None
    path = activation.path_of(entry)
    try:
        return path, vectors_name(path)
    except ModelError:
        return None


def _started(model: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tousu_service.jobs.vectors_child", str(model)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
