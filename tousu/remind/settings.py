"""The settings of reminders: the only place addresses come from."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tousu.errors import SettingsError
from tousu.toml_tables import Entry, parse_table, read_source

TITLE = "提醒设置"
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Mail = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:\"]+@[^\s@<>,;:\"]+$", max_length=254)]
Stage = Literal["due_soon", "overdue"]
# Where the public services are; a private installation has its own.
BASES = {
    "wecom": "https://qyapi.weixin.qq.com",
    "dingtalk": "https://oapi.dingtalk.com",
    "feishu": "https://open.feishu.cn",
}


class MailServer(Entry):
    """How mail is sent."""

    host: Words
    port: int = Field(gt=0, le=65535)
    security: Literal["tls", "starttls", "plain"] = "tls"
    sender: Mail
    user: Words | None = None
    password: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class Channel(Entry):
    """A group's robot, or an address of another system."""

    name: Words
    kind: Literal["wecom", "dingtalk", "feishu", "webhook"]
    base: Words | None = None
    key: str | None = None
    key_file: Path | None = None
    secret: str | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "webhook" and self.base is None:
            raise ValueError("webhook 要写 base，即完整的网址")
        if self.kind != "webhook" and self.key is None and self.key_file is None:
            raise ValueError("缺少 key 或 key_file（机器人地址里的密钥）")
        parts = urllib.parse.urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("base 应为 http:// 或 https:// 开头的网址")
        return self

    @property
    def address(self) -> str:
        """The base address, without a slash at its end."""
        return (self.base or BASES[self.kind]).rstrip("/")


class Person(Entry):
    """Where somebody's reminders go."""

    mail: Mail | None = None
    channels: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.mail is None and not self.channels:
            raise ValueError("mail 与 channels 至少写一样")
        return self


class Officer(Person):
    """An officer, by the name the ledger has."""

    name: Words


class RemindSettings(Entry):
    """The settings file."""

    schema_: Literal[1] = Field(alias="schema")
    link: Words | None = None
    stages: tuple[Stage, ...] = Field(default=("due_soon", "overdue"), min_length=1)
    workdays_only: bool = False
    timeout_seconds: float = Field(default=20.0, gt=0, le=300)
    log: Path | None = None
    mail: MailServer | None = None
    channels: tuple[Channel, ...] = Field(alias="channel", default=())
    officers: tuple[Officer, ...] = Field(alias="officer", default=())
    default: Person | None = None

    @model_validator(mode="after")
    def _joined(self) -> Self:
        names = [channel.name for channel in self.channels]
        people: list[Person] = [*self.officers, *([self.default] if self.default else [])]
        if not people:
            raise ValueError("没有写任何收件人：写 [[officer]] 或 [default]")
        missing = next((name for person in people for name in person.channels if name not in names), None)
        if missing:
            raise ValueError(f"channels 中的 {missing} 没有对应的 [[channel]]")
        if self.mail is None and any(person.mail for person in people):
            raise ValueError("有人用邮件，却没有写 [mail] 发件服务器")
        twice = next((one for one in names if names.count(one) > 1), None)
        people_names = [officer.name for officer in self.officers]
        twice = twice or next((one for one in people_names if people_names.count(one) > 1), None)
        if twice:
            raise ValueError(f"{twice} 写了两次")
        return self


def load_settings(file: Path) -> RemindSettings:
    """Read and check a settings file; paths in it are taken from where it lies.

    Raises:
        SettingsError: It cannot be read or breaks a rule; the message names line and key.
    """
    return parse_table(read_source(file, TITLE, SettingsError), file, RemindSettings, TITLE, SettingsError)


def secret_of(plain: str | None, named: Path | None, settings: Path) -> str | None:
    """Return a secret that stands in the settings or in a file of its own.

    Args:
        plain: What stands in the settings.
        named: The file; from where the settings lie, if it is no whole path.
        settings: The settings file.

    Raises:
        SettingsError: The file cannot be read.
    """
    if named is None:
        return plain
    file = settings.parent / named
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{TITLE} {settings} 所说的密钥文件读不出：{file}", fix="检查路径与权限") from error
