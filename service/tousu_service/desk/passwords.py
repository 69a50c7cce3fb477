"""Passwords: argon2id in RFC 9106's low-memory profile, two at a time, for each takes 64 MiB."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

from tousu.errors import Conflict

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE = threading.BoundedSemaphore(2)
SHORTEST, LONGEST = 10, 200


def hashed(password: str) -> str:
    """Return the hash of a new password.

    Raises:
        Conflict: It is too short, too long or one character over and over.
    """
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < 4:
        raise Conflict("口令太短或太简单", expected=f"至少 {SHORTEST} 个字符，不能只是几个字符的重复")
    with AT_ONCE:
        return _hasher().hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Return whether a password is the one of a hash; takes as long when there is none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with AT_ONCE:
        try:
            return _hasher().verify(stored or _nobodys(), password[:LONGEST]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


@functools.cache
def _hasher() -> PasswordHasher:
    """Return the hasher, its library imported when somebody first logs in."""
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@functools.cache
def _nobodys() -> str:
    """Return a hash to compare with where there is no user."""
    return _hasher().hash("nobody's password")
