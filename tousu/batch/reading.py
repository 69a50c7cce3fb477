"""How a file is read when nobody says so: carefully where the model can and the file is small enough to wait for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tousu.classifier import Classifier
from tousu.classifier.reader import files
from tousu.errors import ModelError
from tousu.resources import shipped_path

if TYPE_CHECKING:
    from tousu.classifier.model import Reading

MOST_BYTES = 100_000  # some three hundred texts: a quarter of a minute


def load_for(source: str, model: Path | None, reading: Reading | None) -> tuple[Classifier, str]:
    """Load the model that a file is to be tagged with; return it and, where nobody chose, what to say of its reading.

    What is chosen depends on the file's size alone, never on how busy the machine is: the same file gets the same tags.

    Args:
        source: The file; a directory or a pipe is read fast.
        model: The model's directory; the shipped one by default.
        reading: How to read, if somebody said.

    Raises:
        ModelError: The model cannot be used, or not so as was said.
    """
    if reading is not None:
        return Classifier.load(model, reading=reading), ""
    if not files.folder_of(shipped_path() if model is None else model).is_dir():
        return Classifier.load(model), ""
    place = Path(source)
    if not place.is_file() or place.stat().st_size > MOST_BYTES:
        return Classifier.load(model), "用快读；精读更准，每条约几十毫秒：--reading careful"
    try:
        found = Classifier.load(model, reading="careful")
    except ModelError as error:
        return Classifier.load(model), f"用快读：{error}"
    return found, "文件不大，用精读，约需几秒到半分钟；只看词语、快得多：--reading fast"
