"""The state of the tables: bring it up to date, and tell whether it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

HEAD = "0006"  # the latest migration; asking Alembic for it would cost each start a tenth of a second
MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def upgrade(connection: sa.Connection) -> None:
    """Run the migrations that are still missing, within the connection's transaction.

    Raises:
        StoreError: A newer tousu has migrated this database.
    """
    state = revision(connection)
    if state == HEAD:
        return
    from alembic import command

    _refuse_newer(state)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def check(connection: sa.Connection) -> None:
    """Refuse a database that is not in this version's state, or takes no writes.

    Raises:
        StoreError: It is so; the message says what to do.
    """
    state = revision(connection)
    if state != HEAD:
        _refuse_newer(state)
        raise StoreError(f"数据库尚未迁移（现为 {state or '空库'}）", expected=HEAD, fix="重新启动服务，它会自动迁移")
    if (
        connection.dialect.name != "sqlite"
        and connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    ):
        raise StoreError("数据库只读", expected="可写的主库", fix="检查 database_url 是否指向了备库")


def revision(connection: sa.Connection) -> str | None:
    """Return the migration the database is at, None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    state: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return state


def _refuse_newer(state: str | None) -> None:
    """Refuse a database state this version does not know.

    Raises:
        StoreError: It is not one of this version's migrations.
    """
    if state is not None and state not in {script.revision for script in _scripts().walk_revisions()}:
        raise StoreError(
            f"数据库由更新版本的 tousu 迁移过（{state}）",
            expected=f"不晚于 {HEAD}",
            fix="升级 tousu，或用升级前的备份恢复",
        )


def _config() -> Config:
    """Return Alembic's configuration; there is no ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    """Return the migrations shipped in this package."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())
