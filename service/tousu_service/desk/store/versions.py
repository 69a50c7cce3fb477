"""What two people change at once: whoever saw an earlier version is told, and nothing of the other's is lost."""

from __future__ import annotations

from tousu.errors import Conflict


def check_saved(held: int, seen: int, *, by: str, what: str) -> None:
    """Refuse to save over what somebody changed meanwhile.

    Args:
        held: The version in the store; 0 where there is none.
        seen: The version the person saw.
        by: Who changed it last.
        what: What it is, in Chinese.

    Raises:
        Conflict: The versions differ.
    """
    if held != seen:
        raise Conflict(f"{by} 刚刚改过{what}，您的没有保存", fix="另开一页看过对方写的，再决定")


def check_withdrawn(held: int, seen: int, *, by: str, what: str, gone: bool) -> None:
    """Refuse to take back what somebody changed, or took back, meanwhile.

    Args:
        held: The version in the store.
        seen: The version the person saw.
        by: Who changed it last.
        what: What it is, in Chinese.
        gone: Whether it has been taken back.

    Raises:
        Conflict: It has been, or the versions differ.
    """
    if gone:
        raise Conflict(f"{by} 已经收回了{what}", fix="不用再收回；再保存就又有效")
    if held != seen:
        raise Conflict(f"{by} 刚刚改过{what}，没有收回", fix="下面是现在的样子，看过再决定")
