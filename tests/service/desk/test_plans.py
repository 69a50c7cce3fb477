"""What is asked for one case goes by the indexes, however many cases there are."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.service.desk.people import tagged, upload_of
from tousu_service.desk.store.as_ledger import case_ledger
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store.desk_tables import case_texts, cases

MANY = 20_000


@pytest.fixture
def store(store):
    """A store with so many cases that reading them all does not pay, and three that belong together."""
    rows = [NewCase(n, "电梯困人", tagged("elevator", 0.6), number="A1" if n < 4 else "B4") for n in range(1, 5)]
    with store.writing() as connection:
        add_cases(connection, upload_of(connection), rows, secret="s")
        for table, own in ((cases, {"id", "row", "number"}), (case_texts, {"id"})):
            names = ", ".join(f'"{column.name}"' for column in table.c if column.name not in own)
            mine = ", ".join(f'"{name}"' for name in ("id", "row", "number") if name in own)
            made = "n, n, 'C' || n" if table is cases else "n"
            numbers = f"WITH RECURSIVE many(n) AS (SELECT 5 UNION ALL SELECT n + 1 FROM many WHERE n < {MANY})"
            connection.execute(
                sa.text(
                    f"INSERT INTO {table.name} ({mine}, {names}) {numbers} SELECT {made}, {names} "
                    f"FROM many, {table.name} WHERE {table.name}.id = 4"
                )
            )
        connection.execute(sa.text("ANALYZE"))
    return store


@contextmanager
def plans(connection):
    """Gather how the database goes about each query of cases."""
    found, asked = [], []

    def note(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith("SELECT") and "cases" in statement:
            asked.append((statement, parameters))

    sa.event.listen(connection, "before_cursor_execute", note)
    yield found
    sa.event.remove(connection, "before_cursor_execute", note)
    how = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN (ANALYZE)"
    for statement, parameters in asked:
        lines = connection.exec_driver_sql(f"{how} {statement}", parameters).all()
        found.append("\n".join(str(line[-1]) for line in lines))


def reads_all(plan):
    """Whether a plan goes over all cases: a scan, or rows by the hundred that are thrown away."""
    return re.search(r"(SCAN|Seq Scan on) (cases|case_texts)|Removed by Filter: \d{3}", plan) is not None


def test_one_case_as_a_ledger_is_found_by_the_indexes(store):
    with store.reading() as connection, plans(connection) as found:
        ledger = case_ledger(connection, 1)
    assert ledger.rows["case"].to_list() == ["A1"]
    assert len(found) > 2
    assert [plan for plan in found if reads_all(plan)] == []
