"""Vectors of the desk's cases, by which earlier ones are found that tell the same in other words.

The tables as they were at this step are written out; they do not follow ``desk_tables.py`` when it changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and let uploads tell whose vectors their cases have."""
    op.create_table(
        "case_vectors",
        sa.Column("case_id", NUMBER, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
        sa.Column("encoder", sa.String(16), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.add_column("uploads", sa.Column("vectors_of", sa.String(16)))
