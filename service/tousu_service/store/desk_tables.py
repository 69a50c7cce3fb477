"""The tables of the desk: its users, what they hand in, the cases in it, and what people answer.

What the model said stands in ``case_texts.tagging`` and is never written over; what people said are rows of
``answers``. The columns of ``cases`` hold what counts now (the last answer, else the model's), for lists and facets.
"""

from __future__ import annotations

import sqlalchemy as sa

from tousu_service.store.column_types import Moment, Number, metadata

DAY = sa.String(10)  # 2026-11-30

desk_users = sa.Table(
    "desk_users", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(40), nullable=False, unique=True),
    sa.Column("role", sa.String(12), nullable=False),  # officer, reviewer, admin
    sa.Column("password", sa.String(200)),  # an argon2 hash; none until the first link was used
    sa.Column("link_sha256", sa.String(64), unique=True),
    sa.Column("link_until", Moment),
    sa.Column("keys_off", sa.Boolean, nullable=False),  # single-key shortcuts switched off by this person
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(120), nullable=False),
    sa.Column("disabled_at", Moment),
)  # fmt: skip

desk_sessions = sa.Table(
    "desk_sessions", metadata,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("user_id", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Index(None, "user_id"),
)  # fmt: skip

desk_attempts = sa.Table(  # failed logins, by what was tried: they make the next one wait
    "desk_attempts", metadata,
    sa.Column("what", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("wait_until", Moment, nullable=False),
)  # fmt: skip

uploads = sa.Table(
    "uploads", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(200), nullable=False),  # as the person's machine calls it
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", Number, nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),  # role -> header: text, number, …; file: the original's name
    sa.Column("state", sa.String(12), nullable=False),  # looking, tagging, ready, failed, void
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sa.Column("problem", sa.Text),  # why it failed, in Chinese
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(120), nullable=False),  # "desk:张某"
    sa.Column("job_id", sa.String(40)),
    sa.Column("purged_at", Moment),
    sa.Column("vectors_of", sa.String(16)),  # the encoder whose vectors its cases have, as many as are to have one
    sa.Index(None, "sha256"),
)  # fmt: skip

cases = sa.Table(
    "cases", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("upload_id", Number, sa.ForeignKey("uploads.id"), nullable=False),
    sa.Column("row", sa.Integer, nullable=False),  # in the upload, from 1, the header not counted
    sa.Column("number", sa.String(80)),  # the station's own
    sa.Column("state", sa.String(10), nullable=False),  # open, auto, answered, asked, same, void
    sa.Column("version", sa.Integer, nullable=False),  # 0 until somebody answers; grows with each answer
    # what counts now
    sa.Column("domain", sa.String(40), nullable=False),
    sa.Column("codes", sa.String(200), nullable=False),  # comma between, the primary first
    sa.Column("online", sa.Boolean, nullable=False),
    sa.Column("kind", sa.String(20)),
    sa.Column("route", sa.String(40)),
    sa.Column("attention", sa.String(10), nullable=False),
    sa.Column("signals", sa.Integer, nullable=False),  # bits in the order of case_codes.SIGNALS
    # what the model said
    sa.Column("predicted", sa.String(40), nullable=False),
    sa.Column("decision", sa.String(10), nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),  # probability of ``predicted``
    sa.Column("priority", sa.Float, nullable=False),  # the review queue's order, highest first
    # facts of the row
    sa.Column("received", DAY),
    sa.Column("month", sa.String(7)),
    sa.Column("respondent", sa.String(120)),
    sa.Column("complainant", sa.String(32)),  # keyed hash of name and number
    # who
    sa.Column("answer_id", Number),  # the answer in force
    sa.Column("answered_by", sa.String(40)),
    sa.Column("answered_at", Moment),
    sa.Column("assignee_id", Number),
    sa.Column("due_on", DAY),
    # others like it
    sa.Column("group_row", sa.Integer),  # row of the first of its near-duplicates in this upload; none when alone
    sa.Column("earlier_id", Number),  # the case that came with this number before
    sa.UniqueConstraint("upload_id", "row"),
    sa.Index(None, "state", "priority", "id"),
    sa.Index(None, "upload_id", "group_row"),
    sa.Index(None, "number"),
    sa.Index(None, "respondent"),
    sa.Index(None, "complainant"),
    sa.Index(None, "assignee_id", "due_on"),
    sa.Index(None, "received", "id"),
    sa.Index(None, "confidence", "id"),
    sa.Index("ix_cases_facets", "domain", "kind", "route", "attention", "decision", "state", "month", "upload_id"),
)  # fmt: skip

case_texts = sa.Table(  # apart from ``cases``, so that lists and facets read little
    "case_texts", metadata,
    sa.Column("id", Number, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),  # personal numbers as zeros unless TOUSU_STORE_RAW_TEXT; "" when purged
    sa.Column("facts", sa.JSON, nullable=False),  # the row's other cells by header
    sa.Column("tagging", sa.JSON, nullable=False),  # what the model said, as the JSON contract names it
    sa.Index(None, "id", "text").ddl_if(dialect="sqlite"),  # a search by words reads the texts alone
)  # fmt: skip

case_vectors = sa.Table(
    "case_vectors", metadata,
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("encoder", sa.String(16), nullable=False),  # which made it: those of two are never compared
    sa.Column("vector", sa.LargeBinary, nullable=False),  # float16, of unit length
)  # fmt: skip

answers = sa.Table(
    "answers", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("user_id", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("action", sa.String(10), nullable=False),  # confirm, correct, ask, undo
    sa.Column("source", sa.String(10), nullable=False),  # review, sample, bulk, group
    sa.Column("codes", sa.String(200)),  # none of an ``ask`` or an ``undo`` back to the model's
    sa.Column("online", sa.Boolean),
    sa.Column("kind", sa.String(20)),
    sa.Column("route", sa.String(40)),
    sa.Column("note", sa.Text),
    sa.Column("undoes", Number),
    sa.Column("batch_id", Number),
    sa.Column("model", sa.String(120), nullable=False),
    sa.Column("seconds", sa.Float),
    sa.UniqueConstraint("case_id", "version"),
    sa.Index(None, "user_id", "id"),
    sa.Index(None, "batch_id"),
    sa.Index(None, "at"),
)  # fmt: skip

batches = sa.Table(
    "batches", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("user_id", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("filter", sa.Text, nullable=False),  # the list's address, for people
    sa.Column("change", sa.JSON, nullable=False),
    sa.Column("frozen", sa.JSON, nullable=False),  # [case, version] of what was previewed
    sa.Column("state", sa.String(10), nullable=False),  # preview, done, undone
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("skipped", sa.JSON, nullable=False),  # cases that were left as they are
)  # fmt: skip

assignments = sa.Table(
    "assignments", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by_id", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("to_id", Number, sa.ForeignKey("desk_users.id")),  # none: taken back
    sa.Column("due_on", DAY),
    sa.Column("note", sa.Text),
    sa.Index(None, "case_id"),
)  # fmt: skip

sample = sa.Table(  # cases the model decided alone, drawn at random to be answered without seeing its answer
    "sample", metadata,
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("drawn_at", Moment, nullable=False),
    sa.Column("answer_id", Number),
    sa.Column("agreed", sa.Boolean),
    sa.Index(None, "answer_id"),
)  # fmt: skip

leases = sa.Table(  # a case on somebody's screen is not handed to others; saving is never forbidden
    "leases", metadata,
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("user_id", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Index(None, "user_id"),
)  # fmt: skip

desk_examples = sa.Table(  # cases that people marked as worked examples
    "desk_examples", metadata,
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(60), nullable=False, unique=True),  # that of its file when it is carried elsewhere
    sa.Column("source", sa.Text, nullable=False),  # the file's text
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("changed_by", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("withdrawn_at", Moment),
)  # fmt: skip

consultations = sa.Table(  # meetings on cases, and the line that was taken
    "consultations", metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("matter", sa.Text, nullable=False),
    sa.Column("entry", sa.String(100), nullable=False),  # at which point of the cases' way it is held
    sa.Column("people", sa.Text, nullable=False),  # who took part
    sa.Column("held_on", DAY),
    sa.Column("line", sa.Text, nullable=False),  # empty until one is taken
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("changed_by", Number, sa.ForeignKey("desk_users.id"), nullable=False),
    sa.Column("withdrawn_at", Moment),
)  # fmt: skip

consultation_cases = sa.Table(
    "consultation_cases", metadata,
    sa.Column("consultation_id", Number, sa.ForeignKey("consultations.id"), primary_key=True, autoincrement=False),
    sa.Column("case_id", Number, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Index(None, "case_id"),
)  # fmt: skip

# Rows of these are written once: the database itself refuses to change or delete them.
APPEND_ONLY = ("answers", "assignments")
