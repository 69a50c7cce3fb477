"""Keys: made once, shown once, compared, revoked at once."""

from __future__ import annotations

import time

import pytest

from tousu.errors import NotFound, SettingsError
from tousu_service.auth.keyring import Keyring
from tousu_service.auth.refusals import MOST_KNOWN, Refusals, write_refusal
from tousu_service.store import Store, audit, keys


def test_a_new_key_lets_in_with_its_scopes(store):
    assert not keys.any_in_force(store)
    key, secret = keys.add(store, "受理系统", ["classify", "correct"], by="root")
    assert keys.any_in_force(store)
    assert Keyring(store).verify(secret) == key == keys.find(store, key.id)
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
    assert Keyring(store).verify(secret)
    assert Keyring(store).verify(change(secret)) is None
    assert Keyring(store).examine(change(secret)) == reason


def test_a_revoked_key_is_out_within_a_second_and_at_once_for_what_writes(store, url):
    key, secret = keys.add(store, "a", ["classify"], by="root")
    other = Store.open(url)
    here, there = Keyring(store), Keyring(other)
    assert here.verify(secret)
    assert there.verify(secret)
    keys.revoke(store, key.id, by="root")
    for keyring in (here, there):
        assert keyring.examine(secret, fresh=True) == "revoked"
        deadline = time.monotonic() + 2
        while keyring.verify(secret) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert keyring.verify(secret) is None
    assert not keys.any_in_force(store)
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


def test_refusals_leave_a_line_a_minute_not_one_each():
    refusals = Refusals()
    assert [refusals.count("unknown", "abc", "10.0.0.9") for _ in range(50)] == [1] + [None] * 49
    assert refusals.count("revoked", "abc", "10.0.0.9") == 1


def test_a_refusal_is_written_with_its_cause(store):
    write_refusal(store, reason="unknown", times=3, presented="abc", host="10.0.0.9", path="/v1/classify")
    (line,) = audit.lines(store)
    assert (line.action, line.actor) == ("key_refused", "10.0.0.9")
    assert line.detail == {"reason": "unknown", "key": "abc", "path": "/v1/classify", "times": 3}


def test_refusals_by_ever_new_callers_do_not_fill_memory_or_disk():
    refusals = Refusals()
    told = sum(refusals.count("unknown", f"key{n}", "10.0.0.9") is not None for n in range(5000))
    assert told == MOST_KNOWN + 1
