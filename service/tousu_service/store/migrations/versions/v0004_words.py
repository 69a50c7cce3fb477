"""Complaints found by words: in SQLite an index holds all texts by themselves.

A search reads every text; beside their facts and taggings they fill three times as many pages. PostgreSQL keeps long
texts apart anyway, and takes no row of over 2,700 bytes into such an index.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_case_texts_id_text", "case_texts", ["id", "text"])
