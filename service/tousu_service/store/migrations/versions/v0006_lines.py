"""Cases marked as worked examples, and meetings on cases with the line taken.

The tables as they were at this step are written out; they do not follow ``desk_tables.py`` when it changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = sa.String(10)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "desk_examples",
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.UniqueConstraint("name", name="uq_desk_examples_name"),
    )
    op.create_table(
        "consultations",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("matter", sa.Text, nullable=False),
        sa.Column("entry", sa.String(100), nullable=False),
        sa.Column("people", sa.Text, nullable=False),
        sa.Column("held_on", DAY),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", NUMBER, sa.ForeignKey("desk_users.id"), nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_table(
        "consultation_cases",
        sa.Column("consultation_id", NUMBER, sa.ForeignKey("consultations.id"), primary_key=True, autoincrement=False),
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    )
    op.create_index("ix_consultation_cases_case_id", "consultation_cases", ["case_id"])
