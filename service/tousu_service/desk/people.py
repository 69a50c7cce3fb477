"""Who works at the desk, and what each role may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["officer", "reviewer", "admin"]
ROLES: dict[str, str] = {"officer": "受理员", "reviewer": "审核", "admin": "管理员"}
RANK = {"officer": 1, "reviewer": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the desk."""

    id: int
    name: str
    role: str

    def may(self, role: Role) -> bool:
        """Return whether the person has a role, or one above it."""
        return RANK[self.role] >= RANK[role]

    @property
    def actor(self) -> str:
        """How the audit calls the person."""
        return f"desk:{self.name}"

    @property
    def title(self) -> str:
        """The role in Chinese."""
        return ROLES[self.role]
