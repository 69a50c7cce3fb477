"""Jobs of kind ``train``: the answers written out, ``tousu loop`` run on them as a process of its own, its verdict kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tousu.errors import CorpusError, ModelError
from tousu_service.jobs import places
from tousu_service.jobs.answers import write_answers
from tousu_service.jobs.processes import end_process
from tousu_service.jobs.trained import model_name
from tousu_service.registry import activation
from tousu_service.store import ledger
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from tousu_service.jobs.held import HeldJob
    from tousu_service.settings import Settings
    from tousu_service.store import Store

REFUSED = 3
MOST_CHANGES = 300
MOST_TOLD = 500
END_SECONDS = 10.0
ERROR = re.compile(r"错误 \(\w+\) (.+)")  # how the command says to people what went wrong
# How a traceback's last line begins.
EXCEPTION = re.compile(r"([\w.]*(?:Error|Exception|Exit|Interrupt))(?::|$)", re.ASCII)


def train_model(held: HeldJob, store: Store, settings: Settings) -> dict[str, Any]:
    """Train on corpus and answers and judge the new model; return the verdict.

    Raises:
        TousuError: There are no answers, or training failed; no model is left.
        JobStopped: The job is to stop; no model is left.
        KeyboardInterrupt: The worker is to end; the job begins anew later.
    """
    held.step = "取答复"
    place = places.root(settings) / held.job.id
    place.mkdir(places.PRIVATE, exist_ok=True)
    answers = place / "answers.jsonl"
    if not write_answers(store, answers, actor=held.job.actor):
        raise CorpusError("还没有人工答复可以学", fix="先复核一些案件，或用 POST /v1/corrections 交回更正")
    out = settings.models_dir / model_name(held.job.id)
    entry = ledger.current(store)
    command = [sys.executable, "-m", "tousu", "loop", "--answers", str(answers), "--out", str(out), "--lines"]
    if entry is not None and entry.path != ledger.SHIPPED:
        command += ["--against", str(activation.path_of(entry))]
    if settings.corpus is not None:
        command += ["--corpus", str(settings.corpus)]
    if settings.gate_rows is not None:
        command += ["--gate", str(settings.gate_rows)]
    whole = False
    try:
        verdict = _followed(held, command)
        whole = True
    finally:
        answers.unlink(missing_ok=True)
        if not whole:
            shutil.rmtree(out, ignore_errors=True)
    changes = verdict.pop("changes")
    with suppress(OSError):
        place.rmdir()
    return verdict | {
        "changes": changes[:MOST_CHANGES], "changed": len(changes), "name": out.name, "version": verdict["new"]
    }  # fmt: skip


def _followed(held: HeldJob, command: list[str]) -> dict[str, Any]:
    """Run the loop, tell the job how far it is, stop it when the job is to stop; return the verdict.

    Raises:
        ModelError: It failed.
        JobStopped: The job is to stop.
    """
    env = {name: value for name, value in os.environ.items() if name != "TOUSU_MODEL"}
    # In a group of its own, which is ended whole: fitting has processes of its own.
    process = subprocess.Popen(
        command, env=env, process_group=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    complaints: list[bytes] = []
    assert process.stdout is not None
    assert process.stderr is not None
    errors = process.stderr
    reader = threading.Thread(target=lambda: complaints.append(errors.read()), daemon=True)
    reader.start()
    over = threading.Event()
    watcher = threading.Thread(target=_ends_with_job, args=(held, process, over), daemon=True)
    watcher.start()
    verdict: dict[str, Any] | None = None
    try:
        for line in process.stdout:
            told = json.loads(line)
            if "verdict" in told:
                verdict = told["verdict"]
            else:
                held.step, held.progress, held.total = told["step"], told["done"], told["total"]
        code = process.wait()
    finally:
        over.set()
        _end(process)
        reader.join(END_SECONDS)
        watcher.join(END_SECONDS)
        process.stdout.close()
        errors.close()
    held.check()
    if code not in (0, REFUSED) or verdict is None:
        lines = b"".join(complaints).decode("utf-8", "replace").strip().splitlines()
        raised = [found[1] for line in lines if (found := EXCEPTION.match(line))]
        logs.logger().error("training_failed", job=held.job.id, exit=code, exception=raised[-1] if raised else None)
        # Any other line is not meant for people, and may quote what was answered.
        told = [found[1] for line in lines if (found := ERROR.match(line))]
        raise ModelError(
            f"训练没有做成：{told[-1][:MOST_TOLD]}" if told else f"训练没有做成（退出码 {code}）",
            fix="看服务日志，或在命令行上用 tousu loop 重试",
        )
    return verdict


def _ends_with_job(held: HeldJob, process: subprocess.Popen[bytes], over: threading.Event) -> None:
    """End the training when its job is to stop."""
    while not over.wait(0.3):
        try:
            held.check()
        except BaseException:  # noqa: BLE001 -- whichever way it is to stop, the thread that waits is told next
            _end(process)
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it started, kindly first; one that came to its own end has ended them itself."""
    if process.poll() in (0, REFUSED):
        return
    end_process(process, lambda how: os.killpg(process.pid, how), seconds=END_SECONDS)
