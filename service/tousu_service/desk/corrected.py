"""The original of an upload with what people answered in a column of its own, made by the code of ``tousu tag``."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tousu_service.desk.store.cases import kept
from tousu_service.desk.store.uploads import answered
from tousu_service.jobs import places

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu_service.desk.store.uploads import Upload
    from tousu_service.settings import Settings
    from tousu_service.store import Store


def corrected(store: Store, upload: Upload, source: Path, *, model: Classifier, settings: Settings) -> Path:
    """Return a file beside the original, to be deleted by the caller: the original with the columns of tagging.

    The column 更正领域 (``tousu_corrected``) holds what people answered by now. Rows of the same text share an answer.

    Args:
        store: The store.
        upload: The upload.
        source: Its original.
        model: The model whose taggings stand beside.
        settings: The settings.

    Raises:
        TousuError: The original cannot be read any more, or the disk refuses.
    """
    from tousu.batch.options import TagOptions
    from tousu.batch.tag import tag_file

    raw = settings.store_raw_text
    with store.reading() as connection:
        told = answered(connection, upload.id)
    result = source.with_name(f"{secrets.token_hex(8)}-{places.result_name(source.name)}")

    def codes(text: str) -> tuple[str, ...]:
        return told.get(kept(text, raw=raw), ())

    wanted = upload.columns["text"]
    columns = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    try:
        tag_file(str(source), str(result), model, TagOptions(text_columns=columns, corrected=codes))
    finally:
        result.with_name(f"{result.name}.rejects.jsonl").unlink(missing_ok=True)
    return result
