"""Many rows into a table at once, the quickest way each database has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def put_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns.

    PostgreSQL gets them by COPY: as single statements, which is how psycopg sends many, storing cases takes twice as long.

    Args:
        connection: A writing transaction.
        table: The table.
        rows: Column to value.

    Raises:
        SQLAlchemyError: The database refuses them, or is gone.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(sa.insert(table), list(rows))
        return
    columns = [table.c[name] for name in rows[0]]
    spelt = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns]
    names = ", ".join(connection.dialect.identifier_preparer.quote(column.name) for column in columns)
    statement = f"COPY {table.name} ({names}) FROM STDIN"
    try:
        _copy(connection, statement, spelt, rows)
    except (
        connection.dialect.loaded_dbapi.Error
    ) as error:  # SQLAlchemy did not run it, so it does not wrap what goes wrong
        raise DBAPIError.instance(statement, None, error, connection.dialect.loaded_dbapi.Error) from error


def _copy(
    connection: sa.Connection,
    statement: str,
    spelt: Sequence[Callable[[Any], Any] | None],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Hand rows to a COPY, each value as its column's type spells it."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [
                    value if spell is None or value is None else spell(value)
                    for spell, value in zip(spelt, row.values(), strict=True)
                ]
            )
