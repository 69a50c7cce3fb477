"""What the service is measured against answers as the service does."""

from __future__ import annotations

import asyncio

from bench.noop_app import classify
from tousu_service.schemas import ClassifyReply, ClassifyRequest


def test_the_least_service_answers_with_all_keys():
    reply = asyncio.run(classify(ClassifyRequest(text="电梯停了", id="7")))
    given = reply.model_dump(exclude_unset=True)
    optional = {name for name, field in ClassifyReply.model_fields.items() if not field.is_required()}
    assert given["id"] == "7"
    assert set(ClassifyReply.model_fields) - optional <= set(given)
    assert {"kind", "route", "signals", "amount", "attention"} <= set(given)
