"""One text of a batch or stream: read, tagged or refused, and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from tousu_service.http.error_handlers import item_error
from tousu_service.schemas import BatchItem
from tousu_service.validation import MOST_NAMED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier.model import Classifier
    from tousu.classifier.tagging import Tagging


@dataclass(slots=True)
class Item:
    """A text with its id, or why there is none.

    Attributes:
        id: The client's id.
        text: The text, empty when there is an error.
        error: Code, message and field; ``None`` for a sound item.
        tagging: What the classifier said.
    """

    id: str | None
    text: str = ""
    error: dict[str, str] | None = None
    tagging: Tagging | None = None

    @classmethod
    def read(cls, given: Any, most: int, *, id_needed: bool = True) -> Self:
        """Return what a client gave as an item; texts over ``most`` characters are refused."""
        found_id = given.id if isinstance(given, BatchItem) else _id_of(given)
        if not isinstance(given, BatchItem):
            if isinstance(given, dict) and len(given) > len(BatchItem.model_fields) + MOST_NAMED:
                return cls(found_id, error=_odd_fields(given))
            shape = given
            if not id_needed and isinstance(given, dict) and given.get("id") is None:
                shape = given | {"id": ""}
            try:
                given = BatchItem.model_validate(shape)
            except ValidationError as error:
                return cls(found_id, error=item_error(list(error.errors(include_url=False, include_input=False))))
        if len(given.text) > most:
            message = f"text：最长 {most} 字，收到 {len(given.text)} 字"
            return cls(found_id, error={"code": "validation_failed", "message": message, "field": "text"})
        return cls(found_id, given.text)

    def to_dict(self) -> dict[str, Any]:
        """Return the item's answer."""
        if self.tagging is not None:
            return {"id": self.id} | self.tagging.to_dict()
        return {"id": self.id, "error": self.error}


def tag_items(model: Classifier, items: Sequence[Item]) -> Sequence[Item]:
    """Tag the sound ones of the items; return them all."""
    sound = [item for item in items if item.error is None]
    for item, tagging in zip(sound, model.tag_many([item.text for item in sound]), strict=True):
        item.tagging = tagging
    return items


def _odd_fields(given: dict[str, Any]) -> dict[str, str]:
    """Return the refusal of an item with many fields it has not, without an error for each being built."""
    odd = [name for name in given if name not in BatchItem.model_fields]
    return item_error([{"type": "extra_forbidden", "loc": (name[:40],), "ctx": {}} for name in odd])


def _id_of(given: Any) -> str | None:
    """Return the id of an unsound item, if it can be told."""
    found = given.get("id") if isinstance(given, dict) else None
    if not isinstance(found, str) or len(found) > 200:
        return None
    return found if found.isascii() or not any("\ud800" <= char <= "\udfff" for char in found) else None
