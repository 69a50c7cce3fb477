"""The refusal to stand open: no start on a reachable address without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tousu.errors import SettingsError

if TYPE_CHECKING:
    from tousu_service.settings import Settings
    from tousu_service.store import Store


def check_door(settings: Settings, store: Store) -> None:
    """Refuse an address other machines can reach while no key is in force.

    Raises:
        SettingsError: It is so.
        StoreError: The store cannot be asked.
    """
    if settings.on_loopback or store.any_key():
        return
    raise SettingsError(
        f"拒绝启动：要监听 {settings.host}，别的机器都能访问，而现在没有任何有效的密钥",
        expected="先有密钥，或只监听本机 127.0.0.1",
        fix="用 tousu keys add 名称 新增密钥后再启动",
    )
