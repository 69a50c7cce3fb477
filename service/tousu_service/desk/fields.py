"""Fields of forms: as much as anybody writes is read, and what is too long is refused, never cut.

Cut off, half a telephone number could stay that nobody masks any more.
"""

from __future__ import annotations

from tousu.errors import Conflict

READ = 100_000  # characters of a field that are read: far more than any may have


def refuse_long(what: str, words: str, *, most: int) -> None:
    """Refuse words that are longer than a field may be.

    Args:
        what: What the form calls the field.
        words: What stands in it.
        most: Most characters.

    Raises:
        Conflict: They are longer.
    """
    if len(words) > most:
        raise Conflict(f"{what}有 {len(words)} 字，太长", expected=f"至多 {most} 字", fix="删短再保存")
