"""The journal beside a part file: how far a run has come, so that another can go on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tousu.batch.options import TagOptions, Tally
from tousu.errors import ResumeRefused
from tousu.files.sink import sync_directory
from tousu.files.source import PIPE

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a run has come. Whatever lies behind these offsets in the part files counts for nothing.

    Attributes:
        read: Bytes of the input's text (unpacked, without mark) behind which nothing was dealt with.
        written: Bytes of the output.
        rejected: Bytes of the rejects file.
        tally: The counts up to there.
    """

    read: int
    written: int
    rejected: int
    tally: dict[str, Any]


def journal_path(final: Path) -> Path:
    """Return where the journal of an output is kept while the run goes on."""
    return final.with_name(f".{final.name}.tousu-journal")


def run_mark(source: str, model: str, options: TagOptions) -> dict[str, Any]:
    """Return what must be the same for a run to go on: the input, the model, the options."""
    stat = Path(source).stat() if source != PIPE else None
    return {
        "protocol": PROTOCOL,
        "input": str(Path(source).resolve()),
        "size": stat.st_size if stat else None,
        "changed": stat.st_mtime_ns if stat else None,
        "model": model,
        **options.fingerprint(),
    }


def write_checkpoint(final: Path, mark: dict[str, Any], checkpoint: Checkpoint) -> None:
    """Write the journal so that it is either the old or the new one, whatever happens."""
    path = journal_path(final)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(orjson.dumps({"mark": mark, "place": checkpoint}))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def read_checkpoint(final: Path, mark: dict[str, Any]) -> Checkpoint | None:
    """Return how far the run before has come, or None if it left nothing.

    Raises:
        ResumeRefused: It was a run on another input, or with another model or other options.
    """
    try:
        kept = orjson.loads(journal_path(final).read_bytes())
        before, checkpoint = kept["mark"], Checkpoint(**kept["place"])
        Tally.from_dict(checkpoint.tally)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResumeRefused(f"{final} 的续写记录已损坏", fix="不带 --resume 重新开始") from error
    other = [key for key, value in mark.items() if before.get(key) != value]
    if other:
        names = {
            "size": "输入文件的大小",
            "changed": "输入文件的修改时间",
            "input": "输入文件",
            "model": "模型版本",
            "history": "历史台账",
        }
        raise ResumeRefused(
            f"{final} 上次是用别的条件标的：{'、'.join(names.get(key, key) for key in other)} 不同",
            expected="与上次相同的输入、模型和选项",
            fix="用上次的条件再试，或不带 --resume 重新开始",
        )
    return checkpoint


def remove_journal(final: Path) -> None:
    """Remove the journal of a run that has ended."""
    path = journal_path(final)
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.new").unlink(missing_ok=True)
