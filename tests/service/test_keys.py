"""Keys: made once, shown once, compared, revoked at once."""

from __future__ import annotations

import time

import pytest

from tousu.errors import NotFound, SettingsError
from tousu_service.store import Store, audit, keys


def test_a_new_key_lets_in_with_its_scopes(store):
    assert not store.any_key()
    key, secret = keys.add(store, "受理系统", ["classify", "correct"], by="root")
    assert store.any_key()
    assert keys.verify(store, secret) == key == store.find_key(key.id)
    assert key.scopes == {"classify", "correct"}
    assert [line.action for line in audit.lines(store)] == ["key_added"]


def test_only_the_hash_is_stored(store):
    _, secret = keys.add(store, "a", ["classify"], by="root")
    with store.reading() as connection:
        rows = [
            str(row) for table in ("api_keys", "audit") for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert not [row for row in rows if secret.rsplit("_", 1)[1] in row]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda key: "", "missing"),
        (lambda key: key[:-1], "wrong_secret"),
        (lambda key: key + "0", "wrong_secret"),
        (lambda key: "tousu_0000000000_" + key.rsplit("_", 1)[1], "unknown"),
        (lambda key: key.replace("tousu_", "other_"), "malformed"),
        (lambda key: key + "钥", "malformed"),
        (lambda key: "tousu_" + "9" * 5000 + "_x", "malformed"),
        (lambda key: "tousu__", "malformed"),
    ],
)
def test_anything_else_is_kept_out(store, change, reason):
    _, secret = keys.add(store, "a", ["classify"], by="root")
    assert keys.verify(store, secret)
    assert keys.verify(store, change(secret)) is None
    assert keys.examine(store, change(secret)) == reason


def test_a_revoked_key_is_out_at_once_here_and_soon_elsewhere(store, url):
    key, secret = keys.add(store, "a", ["classify"], by="root")
    other = Store.open(url)
    assert keys.verify(store, secret)
    assert keys.verify(other, secret)
    keys.revoke(store, key.id, by="root")
    assert keys.examine(store, secret) == "revoked"
    assert keys.examine(other, secret, fresh=True) == "revoked"
    deadline = time.monotonic() + 2
    while keys.verify(other, secret) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert keys.verify(other, secret) is None
    assert not store.any_key()
    other.close()


def test_revoking_twice_is_one_audit_line(store):
    key, _ = keys.add(store, "a", ["admin"], by="root")
    first, before = keys.revoke(store, key.id, by="root")
    assert not before
    assert keys.revoke(store, key.id, by="other") == (first, True)
    assert first.revoked_by == "root"
    assert [line.action for line in audit.lines(store)] == ["key_added", "key_revoked"]
    with pytest.raises(NotFound):
        keys.revoke(store, "nobody", by="root")


def test_a_revocation_is_not_undone_by_a_lookup_that_began_before(store):
    key, secret = keys.add(store, "a", ["classify"], by="root")
    mark = store.key_cache.mark()
    stale = store.find_key(key.id)
    keys.revoke(store, key.id, by="root")
    store.key_cache.put(stale, mark)
    assert keys.verify(store, secret) is None


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("", ["classify"]), ("x" * 81, ["classify"]), ("a", []), ("a", ["root"]), ("a\nb", ["classify"]),
        ("\x1b[31m红", ["classify"]), ("a\x9b31m", ["classify"]), ("a\u2028b", ["classify"]), ("a\0b", ["classify"]),
    ],
)  # fmt: skip
def test_wrong_names_and_scopes_are_refused(store, name, scopes):
    with pytest.raises(SettingsError):
        keys.add(store, name, scopes, by="root")
    assert keys.listed(store) == []


def test_refusals_leave_a_line_a_minute_not_one_each(store):
    for _ in range(50):
        audit.refused(store, reason="unknown", presented="abc", host="10.0.0.9", path="/v1/classify")
    audit.refused(store, reason="revoked", presented="abc", host="10.0.0.9", path="/v1/classify")
    lines = audit.lines(store)
    assert [(line.action, line.actor, line.detail["reason"]) for line in lines] == [
        ("key_refused", "10.0.0.9", "unknown"),
        ("key_refused", "10.0.0.9", "revoked"),
    ]


def test_refusals_by_ever_new_callers_do_not_fill_memory_or_disk():
    refusals = audit.Refusals()
    told = sum(refusals.count("unknown", f"key{n}", "10.0.0.9") is not None for n in range(5000))
    assert told == audit.MOST_KNOWN + 1
