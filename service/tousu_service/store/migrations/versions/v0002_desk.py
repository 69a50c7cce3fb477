"""The desk: users, uploads, cases, answers.

The tables as they were at this step are written out; they do not follow ``desk_tables.py`` when it changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = sa.String(10)
APPEND_ONLY = ("answers", "assignments")


def upgrade() -> None:
    """Make the tables, and make the database itself keep the append-only ones."""
    _people()
    _cases()
    _answers()
    if op.get_bind().dialect.name == "sqlite":
        _keep_sqlite()
    else:
        _keep_postgres()


def _people() -> None:
    """Make the tables of who may come in."""
    op.create_table(
        "desk_users",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.UniqueConstraint("name", name="uq_desk_users_name"),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("password", sa.String(200)),
        sa.Column("link_sha256", sa.String(64)),
        sa.UniqueConstraint("link_sha256", name="uq_desk_users_link_sha256"),
        sa.Column("link_until", MOMENT),
        sa.Column("keys_off", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("disabled_at", MOMENT),
    )
    op.create_table(
        "desk_sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("user_id", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
    )
    op.create_index("ix_desk_sessions_user_id", "desk_sessions", ["user_id"])
    op.create_table(
        "desk_attempts",
        sa.Column("what", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("wait_until", MOMENT, nullable=False),
    )


def _cases() -> None:
    """Make the tables of what was handed in."""
    op.create_table(
        "uploads",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("purged_at", MOMENT),
    )
    op.create_index("ix_uploads_sha256", "uploads", ["sha256"])
    op.create_table(
        "cases",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("upload_id", NUMBER, sa.ForeignKey("uploads.id"), nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("number", sa.String(80)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("domain", sa.String(40), nullable=False),
        sa.Column("codes", sa.String(200), nullable=False),
        sa.Column("online", sa.Boolean, nullable=False),
        sa.Column("kind", sa.String(20)),
        sa.Column("route", sa.String(40)),
        sa.Column("attention", sa.String(10), nullable=False),
        sa.Column("signals", sa.Integer, nullable=False),
        sa.Column("predicted", sa.String(40), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("priority", sa.Float, nullable=False),
        sa.Column("received", DAY),
        sa.Column("month", sa.String(7)),
        sa.Column("respondent", sa.String(120)),
        sa.Column("complainant", sa.String(32)),
        sa.Column("answer_id", NUMBER),
        sa.Column("answered_by", sa.String(40)),
        sa.Column("answered_at", MOMENT),
        sa.Column("assignee_id", NUMBER),
        sa.Column("due_on", DAY),
        sa.Column("group_row", sa.Integer),
        sa.Column("earlier_id", NUMBER),
        sa.UniqueConstraint("upload_id", "row", name="uq_cases_upload_id_row"),
    )
    op.create_index("ix_cases_state_priority_id", "cases", ["state", "priority", "id"])
    op.create_index("ix_cases_upload_id_group_row", "cases", ["upload_id", "group_row"])
    op.create_index("ix_cases_number", "cases", ["number"])
    op.create_index("ix_cases_respondent", "cases", ["respondent"])
    op.create_index("ix_cases_complainant", "cases", ["complainant"])
    op.create_index("ix_cases_assignee_id_due_on", "cases", ["assignee_id", "due_on"])
    op.create_index("ix_cases_received_id", "cases", ["received", "id"])
    op.create_index("ix_cases_confidence_id", "cases", ["confidence", "id"])
    op.create_index(
        "ix_cases_facets", "cases", ["domain", "kind", "route", "attention", "decision", "state", "month", "upload_id"]
    )
    op.create_table(
        "case_texts",
        sa.Column("id", NUMBER, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("tagging", sa.JSON, nullable=False),
    )


def _answers() -> None:
    """Make the tables of what people say and do."""
    op.create_table(
        "answers",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("user_id", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("codes", sa.String(200)),
        sa.Column("online", sa.Boolean),
        sa.Column("kind", sa.String(20)),
        sa.Column("route", sa.String(40)),
        sa.Column("note", sa.Text),
        sa.Column("undoes", NUMBER),
        sa.Column("batch_id", NUMBER),
        sa.Column("model", sa.String(120), nullable=False),
        sa.Column("seconds", sa.Float),
        sa.UniqueConstraint("case_id", "version", name="uq_answers_case_id_version"),
    )
    op.create_index("ix_answers_user_id_id", "answers", ["user_id", "id"])
    op.create_index("ix_answers_batch_id", "answers", ["batch_id"])
    op.create_index("ix_answers_at", "answers", ["at"])
    op.create_table(
        "batches",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("user_id", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("change", sa.JSON, nullable=False),
        sa.Column("frozen", sa.JSON, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("skipped", sa.JSON, nullable=False),
    )
    op.create_table(
        "assignments",
        sa.Column("id", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_id", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("to_id", NUMBER, sa.ForeignKey("desk_users.id")),
        sa.Column("due_on", DAY),
        sa.Column("note", sa.Text),
    )
    op.create_index("ix_assignments_case_id", "assignments", ["case_id"])
    op.create_table(
        "sample",
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.Column("answer_id", NUMBER),
        sa.Column("agreed", sa.Boolean),
    )
    op.create_index("ix_sample_answer_id", "sample", ["answer_id"])
    op.create_table(
        "leases",
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
        sa.Column("user_id", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
    )
    op.create_index("ix_leases_user_id", "leases", ["user_id"])


def _keep_sqlite() -> None:
    """Refuse UPDATE and DELETE by triggers."""
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _keep_postgres() -> None:
    """Refuse UPDATE, DELETE and TRUNCATE by the function of the first migration."""
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tousu_append_only()"
        )
