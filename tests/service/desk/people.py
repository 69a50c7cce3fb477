"""People, uploads and taggings to test the desk's store with."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from tousu.classifier.tagging import Tagging
from tousu_service.desk.people import Person
from tousu_service.desk.store import uploads
from tousu_service.store.desk_tables import desk_users


def tagged(code: str, probability: float, **other) -> Tagging:
    fields = {
        "primary": code, "codes": (code,), "probabilities": {code: probability, "price": 0.01},
        "decision": "auto" if probability > 0.9 else "review", "online": False, "kind": "complaint", "route": None,
        "signals": (), "amount": None, "attention": "normal", "model": "2026.11-test",
    }  # fmt: skip
    return Tagging(**fields | other)


def officer_of(connection: sa.Connection, name: str, role: str = "officer") -> Person:
    values = {"name": name, "role": role, "keys_off": False, "created_at": datetime.now(UTC), "created_by": "test"}
    number = connection.execute(sa.insert(desk_users).values(values).returning(desk_users.c.id)).scalar_one()
    return Person(number, name, role)


def upload_of(connection: sa.Connection) -> int:
    return uploads.add(
        connection, name="一周.xlsx", sha256="0" * 64, size=1, columns={"text": "内容"}, actor="desk:甲"
    ).id
