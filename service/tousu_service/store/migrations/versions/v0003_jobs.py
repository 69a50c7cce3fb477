"""Background jobs, and models in the shadow.

The tables as they were at this step are written out; they do not follow ``tables.py`` when it changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(20), nullable=False),
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
        sa.Column("heartbeat_at", MOMENT),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("cancelled_by", sa.String(120)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("error_code", sa.String(40)),
        sa.Column("error", sa.Text),
        sa.Column("result", sa.JSON),
        sa.Column("webhook", sa.String(2000)),
        sa.Column("webhook_state", sa.String(12), nullable=False),
        sa.Column("webhook_tries", sa.Integer, nullable=False),
        sa.Column("webhook_at", MOMENT),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
        sa.UniqueConstraint("client", "idempotency_key", name="uq_jobs_client_idempotency_key"),
    )
    op.create_index("ix_jobs_state_seq", "jobs", ["state", "seq"])
    op.create_index("ix_jobs_webhook_state_webhook_at", "jobs", ["webhook_state", "webhook_at"])
    op.create_table(
        "shadows",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("version", sa.String(120), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("last_case", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("differ", sa.BigInteger, nullable=False),
        sa.Column("auto_differ", sa.BigInteger, nullable=False),
        sa.Column("pairs", sa.JSON, nullable=False),
    )
