"""The tables. A change here needs a migration beside it; a test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

from tousu_service.store import desk_tables
from tousu_service.store.column_types import Moment, Number, metadata

__all__ = ["APPEND_ONLY", "activations", "api_keys", "audit", "corrections", "jobs", "metadata", "shadows"]

api_keys = sa.Table(
    "api_keys", metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("secret_sha256", sa.String(64), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(80), nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("revoked_by", sa.String(80)),
)  # fmt: skip

corrections = sa.Table(
    "corrections", metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("client", sa.String(20), nullable=False),
    sa.Column("idempotency_key", sa.String(200)),
    sa.Column("body_sha256", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(100), nullable=False),
    sa.Column("text_id", sa.String(200)),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("masked", sa.Boolean, nullable=False),
    sa.Column("codes", sa.JSON, nullable=False),
    sa.Column("online", sa.Boolean),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("why", sa.Text),
    sa.Column("model", sa.String(120)),
    sa.UniqueConstraint("client", "idempotency_key"),
    sa.Index(None, "at"),
    sa.Index(None, "subject", "seq"),
    sa.Index(None, "client", "text_id"),
)  # fmt: skip

activations = sa.Table(
    "activations", metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("version", sa.String(120), nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
)  # fmt: skip

audit = sa.Table(
    "audit", metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index(None, "at"),
)  # fmt: skip

jobs = sa.Table(
    "jobs", metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(20), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("args", sa.JSON, nullable=False),
    sa.Column("client", sa.String(20), nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("idempotency_key", sa.String(200)),
    sa.Column("body_sha256", sa.String(64), nullable=False),
    sa.Column("step", sa.String(80), nullable=False),
    sa.Column("progress", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.String(200)),
    sa.Column("heartbeat_at", Moment),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("cancelled_by", sa.String(120)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("error_code", sa.String(40)),
    sa.Column("error", sa.Text),
    sa.Column("result", sa.JSON),
    sa.Column("webhook", sa.String(2000)),
    sa.Column("webhook_state", sa.String(12), nullable=False),
    sa.Column("webhook_tries", sa.Integer, nullable=False),
    sa.Column("webhook_at", Moment),
    sa.UniqueConstraint("client", "idempotency_key"),
    sa.Index(None, "state", "seq"),
    sa.Index(None, "webhook_state", "webhook_at"),
)  # fmt: skip

shadows = sa.Table(
    "shadows", metadata,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("version", sa.String(120), nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("last_case", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("differ", sa.BigInteger, nullable=False),
    sa.Column("auto_differ", sa.BigInteger, nullable=False),
    sa.Column("pairs", sa.JSON, nullable=False),
)  # fmt: skip

# Rows of these are written once: the database itself refuses to change or delete them.
APPEND_ONLY = ("activations", "audit", *desk_tables.APPEND_ONLY)
