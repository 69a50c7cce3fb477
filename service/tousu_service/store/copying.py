"""Many rows into a table at once, the quickest way each database has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    dialect = connection.dialect
    columns = [table.c[name] for name in rows[0]]
    names = ", ".join(dialect.identifier_preparer.quote(column.name) for column in columns)
    statement = f"COPY {table.name} ({names}) FROM STDIN"
    spell = [column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is for column in columns]
    driver_error = dialect.loaded_dbapi.Error
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([spelt(value) for spelt, value in zip(spell, row.values(), strict=True)])
    except driver_error as error:  # SQLAlchemy did not run it, so it does not wrap what goes wrong
        raise DBAPIError.instance(statement, None, error, driver_error) from error


def _as_it_is(value: Any) -> Any:
    return value
