"""Whether the service's own account can read a model that somebody else, often root, is about to activate."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.errors import ModelMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = 0


def refuse_unreadable(model: Path, *, state_dir: Path) -> None:
    """Refuse a model that the account which owns the service's data cannot read.

    Args:
        model: The model directory.
        state_dir: The service's data; who owns it is who the service runs as.

    Raises:
        ModelMissing: A directory on the way to it, or one of its files, is closed to that account.
    """
    if not hasattr(os, "getgrouplist") or not state_dir.exists():
        return
    owner = state_dir.stat()
    if owner.st_uid in (ROOT, os.geteuid()):
        return  # reading it here has shown it
    name, groups = _account(owner.st_uid, owner.st_gid)
    for place, needed in _needed(model):
        if not _allows(place.stat(), owner.st_uid, groups, needed):
            raise ModelMissing(
                f"服务的账号 {name} 读不了 {place}", expected=f"{name} 对模型目录及其上各级目录有读取权限",
                fix=f"chmod -R a+rX {model}，或把模型放到 models_dir 之下再启用",
            )  # fmt: skip


def _account(uid: int, gid: int) -> tuple[str, set[int]]:
    """Return an account's name and groups; one without a name has the group of its directory alone."""
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return str(uid), {gid}
    return entry.pw_name, set(os.getgrouplist(entry.pw_name, entry.pw_gid))


def _needed(model: Path) -> Iterator[tuple[Path, int]]:
    """Yield each directory and file of a model, and those above it, with the permission bits that reading it takes."""
    whole = model.resolve()
    for above in reversed(whole.parents):
        yield above, stat.S_IXOTH
    yield whole, stat.S_IROTH | stat.S_IXOTH
    for file in sorted(whole.iterdir()):
        if file.is_file():
            yield file, stat.S_IROTH


def _allows(found: os.stat_result, uid: int, groups: set[int], needed: int) -> bool:
    """Return whether an account has the permissions, which are given as the bits for others."""
    shift = 6 if found.st_uid == uid else 3 if found.st_gid in groups else 0
    return (found.st_mode >> shift) & needed == needed
