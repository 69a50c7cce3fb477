"""How a file is read when nobody says so: carefully where the model can and the file is small enough to wait for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tousu.batch.folder import is_folder
from tousu.classifier import Classifier
from tousu.classifier.reader import files
from tousu.errors import ModelError
from tousu.files.formats import ending_of, is_read_as_xlsx
from tousu.files.source import packing_of
from tousu.resources import shipped_path

if TYPE_CHECKING:
    from tousu.classifier.model import Reading

MOST_BYTES = 100_000  # some three hundred texts, in short ones a thousand: a quarter of a minute to one
MOST_BYTES_PACKED = 25_000  # of a workbook or a Parquet file, whose texts take a quarter of their room
FAST = "用快读；精读更准，每条约几十毫秒：--reading careful"


def load_for(source: str, model: Path | None, reading: Reading | None) -> tuple[Classifier, str]:
    """Load the model that a file is to be tagged with; return it and, where nobody chose, what to say of its reading.

    What is chosen depends on the file's size alone, never on how busy the machine is: the same file gets the same tags.

    Args:
        source: The file; a folder, a pipe, an archive and a packed file, whose size does not tell, are read fast.
        model: The model's directory; the shipped one by default.
        reading: How to read, if somebody said.

    Raises:
        ModelError: The model cannot be used, or not so as was said.
    """
    if reading is not None:
        return Classifier.load(model, reading=reading), ""
    if not files.folder_of(shipped_path() if model is None else model).is_dir():
        return Classifier.load(model), ""
    if not _is_small(source):
        return Classifier.load(model), FAST
    try:
        found = Classifier.load(model, reading="careful")
    except ModelError as error:
        return Classifier.load(model), f"用快读：{error}"
    return found, "文件不大，用精读，每条约几十毫秒；只看词语、快得多：--reading fast"


def _is_small(source: str) -> bool:
    """Return whether a file's size tells that its texts can be waited for."""
    place = Path(source)
    if not place.is_file() or is_folder(source) or packing_of(source):
        return False
    packed = ending_of(source) in (".xlsx", ".parquet") or is_read_as_xlsx(source)
    return place.stat().st_size <= (MOST_BYTES_PACKED if packed else MOST_BYTES)
