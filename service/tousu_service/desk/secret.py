"""The station's own secret: it keys the hashes of complainants and signs the cookies of logins."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from tousu.errors import SettingsError
from tousu.messages import system_reason

if TYPE_CHECKING:
    from tousu_service.settings import Settings

FILE = "desk.key"


def secret_of(settings: Settings) -> str:
    """Return the secret in the state directory, made at the first call and readable by its owner alone.

    Raises:
        SettingsError: It can neither be read nor made.
    """
    path = settings.state_dir / FILE
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{FILE}.{os.getpid()}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(fresh, path)  # of two that start at once, the first one's stays
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = system_reason(error) if isinstance(error, OSError) else "不是文本"
        raise SettingsError(f"密钥文件读不出：{path}（{why}）", fix="检查 state_dir 的权限") from error
