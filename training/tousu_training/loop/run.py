"""The loop whole: corpus and answers → a new model → the gate."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tousu.classifier import Classifier
from tousu.errors import FileError
from tousu.messages import system_reason
from tousu.resources import data_root
from tousu.taxonomy import load_taxonomy
from tousu_training.corpus import LabelledRow, read_rows
from tousu_training.fit import settings_for
from tousu_training.labels import labels_from_data, labels_of_taxonomy
from tousu_training.loop.answers import HOLD_OUT, Answers, Parts, part, read_answers, told_beside
from tousu_training.loop.gate import GateSet, judge
from tousu_training.save import save_model
from tousu_training.train import train
from tousu_training.vocabulary import default_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tousu.taxonomy import Taxonomy

GATE = "gate.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOptions:
    """What a round of the loop works on.

    Attributes:
        answers: Files of answers.
        corpus: What is learnt from beside them; the shipped corpus when empty.
        gate_rows: Files of the station's own rows to judge by; a row with ``"must": true`` refuses by itself.
        hard: The shipped hard rows; None leaves them out.
        against: The model to be replaced; None for the shipped one.
        candidate: A model that is there already, to be judged instead of training one.
        out: Where the new model goes.
        hold_out: Share of the answers' groups held out.
        own_labels: Whether labels are taken from the data instead of the taxonomy.
        taxonomy: The file of the taxonomy; None for the shipped one.
    """

    answers: Sequence[Path]
    corpus: Sequence[Path] = ()
    gate_rows: Sequence[Path] = ()
    hard: Path | None = None
    against: Path | None = None
    candidate: Path | None = None
    out: Path
    hold_out: float = HOLD_OUT
    own_labels: bool = False
    taxonomy: Path | None = None


def run_loop(options: LoopOptions, *, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Train on corpus and answers and judge the new model against the old one; write the verdict beside the model.

    Args:
        options: What to work on.
        progress: Called with a step's name, how much of it is done, and its size.

    Returns:
        The gate's verdict (``gate.judge``), and ``answers``: how many were read, learnt from, held out, left out, blind,
        and the conflicts.

    Raises:
        TousuError: A file or model cannot be used; the old model is as it was.
    """
    progress("读取答复", 0, 1)
    taxonomy = None if options.own_labels else load_taxonomy(options.taxonomy)
    codes = None if taxonomy is None else taxonomy.codes
    old = Classifier.load(options.against, taxonomy=taxonomy)
    answers = read_answers(options.answers, codes=codes)
    own = own_set(options.gate_rows, codes=codes)
    hard = [] if options.hard is None else read_rows([options.hard], codes=codes)
    parts = part(answers, [*(row.text for row in hard), *(row.text for row in own.rows)], hold_out=options.hold_out)
    place = options.candidate or options.out
    if options.candidate is None:
        _train(options, parts, taxonomy, progress)
    progress("闸门", 0, 1)
    new = Classifier.load(place, taxonomy=taxonomy)
    sets = [GateSet("answers", "本所答复（留出）", parts.held_out), GateSet("hard", "难例", hard), own]
    verdict = judge(old, new, sets) | {"answers": _counts(answers, parts), "model": str(place)}
    _write(place / GATE, verdict)
    return verdict


def _train(
    options: LoopOptions, parts: Parts, taxonomy: Taxonomy | None, progress: Callable[[str, int, int], None]
) -> None:
    """Train on corpus and answers and write the model."""
    codes = None if taxonomy is None else taxonomy.codes
    corpus = options.corpus or ([] if options.own_labels else [data_root() / "data" / "corpus"])
    rows = [*(read_rows(corpus, codes=codes) if corpus else []), *parts.train]
    labels = labels_from_data(rows) if taxonomy is None else labels_of_taxonomy(taxonomy)
    encoder, settings = default_encoder(None), settings_for(labels)
    trained = train(rows, labels, encoder=encoder, settings=settings, progress=progress)
    progress("写模型", 0, 1)
    save_model(options.out, rows, labels, trained, encoder, trained.settings)


def own_set(paths: Sequence[Path], *, codes: Sequence[str] | None) -> GateSet:
    """Return the station's own rows to judge by, of files or directories.

    Raises:
        CorpusError: A file is missing or a row is wrong.
    """
    rows: list[LabelledRow] = read_rows(paths, codes=codes) if paths else []
    told = told_beside(paths)
    return GateSet("acceptance", "验收", rows, [told.get(row.place, {}).get("must") is True for row in rows])


def _counts(answers: Answers, parts: Parts) -> dict[str, Any]:
    return {
        "read": answers.read, "texts": len(answers.found), "learnt": len(parts.train), "held_out": len(parts.held_out),
        "blind": parts.blind, "left_out": parts.left_out,
        "conflicts": [{"place": each.place, "said": each.said} for each in answers.conflicts],
    }  # fmt: skip


def _write(path: Path, verdict: dict[str, Any]) -> None:
    """Write the verdict in one step.

    Raises:
        FileError: The disk refuses.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps(verdict, ensure_ascii=False, indent=1) + "\n", "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise FileError(f"写不了 {path}（{system_reason(error)}）", fix="检查权限与磁盘") from error
