"""The service's settings: one table of name, default and one line of help, which the command's help and the docs read."""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tousu.errors import SettingsError
from tousu.messages import system_reason, toml_reason
from tousu.resources import TABLES_DIR, data_root
from tousu_service.validation import SUB_PATH, reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

    from pydantic.fields import FieldInfo

PREFIX = "TOUSU_"
CONFIG = "TOUSU_CONFIG"
PAGE = """# 设置

这一页由 `service/tousu_service/settings.py` 里的表生成，不要手改；改了那张表之后：

    .venv/bin/python -c "import sys; from tousu_service.settings import page; sys.stdout.write(page())" > docs/settings.md

每一项可以写在三处，前面的优先：

1. 命令行：`tousu serve` 的 `--host`、`--port`、`--workers`、`--model`；`make serve` 的 `HOST=`、`PORT=` 即前两项；
2. 环境变量：`TOUSU_` 加大写的名称，如 `TOUSU_PORT=9000`；
3. TOML 文件：小写的名称，如 `port = 9000`；文件由 `--config` 或环境变量 `TOUSU_CONFIG` 指明。

名称写错、值不对，服务不启动，并说出是哪一项、写在哪里。`tousu keys`、`tousu models`、`tousu doctor` 读同样的设置，
所以要在同样的环境里运行。数据库地址里有口令时，用环境变量或只有服务用户可读的文件，不要写在命令行上。

| 名称 | 默认 | 说明 |
|---|---|---|
"""
LEAST_SECRET = 16
DayTime = Annotated[str, StringConstraints(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$")]
SubPath = Annotated[str, StringConstraints(pattern=SUB_PATH)]


class Settings(BaseSettings):
    """What can be set, by the environment (``TOUSU_`` before the name in capitals) or a TOML file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    host: str = Field("127.0.0.1", description="监听的地址；不是本机回环时必须先有密钥")
    port: int = Field(8000, ge=0, le=65535, description="监听的端口；0 为任取一个空闲的")
    workers: int = Field(1, ge=1, le=64, description="工作进程数，每个约占 200 MB 内存")
    root_path: SubPath = Field("", description="反向代理之下的子路径，如 /tousu")
    allowed_hosts: str = Field(
        "", description="未设密钥时，除本机外还可以用哪些主机名来访问，逗号分隔；防网页借域名绕进本机（DNS 重绑定）"
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="相信哪些反向代理报来的客户端地址：地址或网段，逗号分隔；* 为全部"
    )
    state_dir: Path = Field(Path(), description="存放数据的目录；空为 tousu 所在目录的 var/，或 ~/.local/state/tousu")
    database_url: str = Field("", description="数据库地址；空为 state_dir 下的 SQLite 文件 tousu.db")
    models_dir: Path = Field(Path(), description="自己训练的模型放在哪个目录；空为 state_dir 下的 models/")
    tables_dir: Path = Field(
        Path(),
        description="本站自己的表放在哪个目录：signals.toml、authorities.toml、attention.toml、acceptance.toml、clocks.toml、calendar/days.csv、letters/（文书）、examples/（典型案例，加在随附的之外），没有的用随附的",
    )
    model: Path | None = Field(None, description="启动时改用这个模型目录；空则用台账所记的，没有台账用随附的")
    reading: Literal["fast", "careful"] = Field(
        "fast", description="怎么读：fast 只看词语；careful 再用编码器读一遍，模型须有精读部分，否则不启动"
    )
    reading_threads: int = Field(1, ge=1, le=64, description="一个工作进程用几个线程精读")
    store_raw_text: bool = Field(False, description="更正所带的原文不遮盖个人号码，原样保存")
    max_text_chars: int = Field(20_000, ge=1, le=1_000_000, description="一条投诉最长多少字，超过的报错")
    max_body_bytes: int = Field(
        4 * 1024 * 1024, ge=1024, description="请求体最大多少字节，超过的回 413；流式接口不限总量"
    )
    max_file_bytes: int = Field(
        256 * 1024 * 1024, ge=1024, description="交给 /v1/files 的一个文件最大多少字节，超过的回 413"
    )
    max_open_jobs: int = Field(20, ge=1, description="每把密钥同时至多多少个没有做完的任务，再多的回 429")
    job_worker: bool = Field(
        True, description="有后台任务时由 tousu serve 开一个工作进程（低优先级）来做；false 则这台机器不做"
    )
    corpus: Path | None = Field(None, description="训练时连同答复一起学哪个标注文件或目录；空为随附的语料")
    gate_rows: Path | None = Field(
        None, description='验收文件：本所自己的标注行，训练后的闸门用它来评；写了 "must": true 的行标错一条就不通过'
    )
    spot_check_share: float = Field(
        0.03, ge=0, le=1, description="抽检：模型自己决定的案件里，随机抽多大一份请人不看结果重新定，0 为不抽"
    )
    auto_promise: float = Field(0.95, gt=0, lt=1, description="抽检的目标线：自动分派中应有多少是对的")
    file_days: int = Field(400, ge=0, description="交来的文件和标好的结果保留多少天；0 为一直保留")
    webhook_hosts: str = Field(
        "", description="任务结束时可以通知哪些主机：主机名或 主机名:端口，逗号分隔；空为都不通知"
    )
    webhook_secret: str = Field(
        "", description="通知的签名密钥（HMAC-SHA256），至少 16 个字符；设了 webhook_hosts 就必须有；不要写在命令行上"
    )
    body_seconds: float = Field(15.0, gt=0, description="请求体须在多少秒内收完，超过的回 408；流式接口为每一行")
    header_seconds: float = Field(10.0, gt=0, description="连接建立后须在多少秒内发完请求头，否则断开")
    write_seconds: float = Field(15.0, gt=0, description="回答发出后对方多少秒不收，就断开")
    keep_alive_seconds: int = Field(75, ge=1, description="空闲连接保留多少秒")
    shutdown_seconds: int = Field(15, ge=1, description="停止时最多等多少秒，让已收到的请求答完")
    max_in_flight: int = Field(512, ge=1, description="一个工作进程同时处理多少请求，再多的回 503")
    max_connections_per_address: int = Field(
        1024, ge=0, description="一个工作进程里同一地址至多开多少连接；0 为不限；不算 trusted_proxies 里的反向代理"
    )
    max_streams_per_key: int = Field(
        64, ge=1, description="一个工作进程里每把密钥（未设密钥时每个地址）同时至多多少个流式请求和导出，再多的回 429"
    )
    rate_per_second: float = Field(1000.0, ge=0, description="每把密钥每秒多少请求，超过的回 429；0 为不限")
    rate_burst: int = Field(2000, ge=1, description="每把密钥一时可以多发多少请求")
    requests_per_day: int = Field(0, ge=0, description="每把密钥每天（北京时间）至多多少请求，超过的回 429；0 为不限")
    texts_per_day: int = Field(
        0, ge=0, description="每把密钥每天至多打多少条标签，超过的回 429；0 为不限；重启后重新计"
    )
    audit_days: int = Field(0, ge=0, description="审计保留多少天，更早的每天清一次，清理本身记一行；0 为一直保留")
    audit_refusals_per_day: int = Field(
        5000, ge=1, description="每个工作进程一天至多为被拒的请求记多少行审计；再多的只计入次数"
    )
    cors_origins: str = Field(
        "", description="允许哪些网站的网页跨域调用接口，如 https://a.example，逗号分隔；空为都不允许"
    )
    key_grace_seconds: float = Field(300.0, ge=0, description="数据库连不上时，多久之内验证过的密钥仍可打标签")
    poll_seconds: float = Field(0.5, gt=0, le=60, description="每隔多少秒看一次模型台账与密钥")
    public_metrics: bool = Field(False, description="/metrics 不要密钥也能看")
    traces_endpoint: str = Field(
        "",
        description="OpenTelemetry 收集器的地址，如 http://127.0.0.1:4318/v1/traces；空为不发（需安装 tousu[traces]）",
    )
    desk_days: int = Field(400, ge=0, description="办案台的投诉原文保留多少天，到期清空，件数与答复留下；0 为一直保留")
    vectors_per_upload: int = Field(
        10_000,
        ge=0,
        description="一份收件至多给多少件（从最后一行起）做向量，用来找说法不同的旧案；低优先级在后台做，每件约占一个核 45 毫秒；0 为不做",
    )
    desk_idle_minutes: int = Field(60, ge=1, description="办案台多少分钟不用就要重新登录")
    desk_login_hours: int = Field(12, ge=1, description="办案台一次登录至多多少小时")
    remind_settings: Path | None = Field(
        None,
        description="办案台的期限提醒：tousu remind 的设置文件，每天由后台的工作进程发一次；空为不发。只在一台机器上设",
    )
    remind_at: DayTime = Field("08:30", description="期限提醒每天几点起发（北京时间），如 08:30")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志记到哪一级")
    log_requests: bool = Field(True, description="每个请求记一行日志（从不记投诉原文）")
    run_dir: Path | None = Field(None, description="工作进程之间共用的临时目录，由 tousu serve 自己设定")

    @model_validator(mode="before")
    @classmethod
    def _fill_places(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Fill in the places that were left open, so that every command finds the same ones from any directory."""
        filled = {name: value for name, value in given.items() if value != ""}
        state = Path(filled.get("state_dir") or default_state_dir()).absolute()
        filled["state_dir"] = state
        filled.setdefault("database_url", f"sqlite:///{state / 'tousu.db'}")
        filled.setdefault("models_dir", state / "models")
        return filled

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, given: str) -> str:
        """Refuse what is no address: the server would take it for a name, which no client ever has."""
        for part in (part.strip() for part in given.split(",")):
            try:
                if given.strip() != "*":
                    ipaddress.ip_network(part)
            except ValueError:
                raise ValueError(f"“{part[:60]}”不是地址或网段（网段如 10.0.0.0/8）") from None
        return given.strip()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_text_chars > self.max_body_bytes:
            raise ValueError("max_text_chars 大于 max_body_bytes，这样长的文字永远收不进来")
        if self.webhook_hosts.strip() and len(self.webhook_secret) < LEAST_SECRET:
            raise ValueError(f"设了 webhook_hosts，webhook_secret 却不足 {LEAST_SECRET} 个字符，收信的一方无法验明")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what ``load_settings`` hands over, which has put the sources in order."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the reverse proxies that are believed."""
        if self.trusted_proxies == "*":
            return ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")
        return tuple(ipaddress.ip_network(part.strip()) for part in self.trusted_proxies.split(","))

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load_settings(environment: Mapping[str, str] | None = None, **options: Any) -> Settings:
    """Return the settings: options of the command before the environment, the environment before the file.

    Args:
        environment: The environment, that of the process by default.
        options: Given on the command line; ``None`` counts as not given.

    Raises:
        SettingsError: A name is unknown or a value wrong; the message names it and where it stands.
    """
    variables = os.environ if environment is None else environment
    file = variables.get(CONFIG, "")
    layers: dict[str, dict[str, Any]] = {
        f"文件 {file} 的设置": _of_file(Path(file)) if file else {},
        "环境变量": {
            name.removeprefix(PREFIX).lower(): value
            for name, value in variables.items()
            if name.startswith(PREFIX) and name != CONFIG
        },
        "命令行的": {name: value for name, value in options.items() if value is not None},
    }
    whole: dict[str, Any] = {}
    for where, layer in layers.items():
        for name in layer:
            if name not in Settings.model_fields:
                raise _unknown(where, name)
        whole |= layer
    try:
        return Settings(**whole)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        where = next((w for w, layer in reversed(layers.items()) if name in layer), "设置")
        help_line = Settings.model_fields[name].description if name else None
        raise SettingsError(
            f"{where} {_shown(where, name)} 不对：{reason(first)}", expected=help_line or "", fix="改正后再启动"
        ) from error


def use_tables(settings: Settings) -> None:
    """Let this process, and those it starts, look for every table of the library in the station's own directory first."""
    if settings.tables_dir != Path():
        os.environ[TABLES_DIR] = str(settings.tables_dir)


def default_state_dir() -> Path:
    """Return where data are kept unless told otherwise: beside a checkout, else in the user's state directory."""
    root = data_root()
    if (root / "pyproject.toml").is_file():
        return root / "var"
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "tousu"


def table() -> list[tuple[str, str, str]]:
    """Return (name, default, help) of every setting, in order."""
    return [(name, _default(field), field.description or "") for name, field in Settings.model_fields.items()]


def page() -> str:
    """Return docs/settings.md; a test holds the file to it."""
    rows = [f"| `{name}` | {f'`{default}`' if default else ''} | {words} |" for name, default, words in table()]
    return PAGE + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    """Return a default as it would be written."""
    value = field.default
    if value is None or value == Path():
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_file(file: Path) -> dict[str, Any]:
    """Return the settings of a TOML file.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = system_reason(error) if isinstance(error, OSError) else toml_reason(error)
        raise SettingsError(
            f"设置文件读不出：{file}（{why}）", expected="UTF-8 的 TOML 文件", fix=f"检查 {CONFIG} 与文件内容"
        ) from error


def _unknown(where: str, name: str) -> SettingsError:
    """Return the error for a name that is no setting, with the nearest one that is."""
    near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.5)
    hint = f"是不是要写 {_shown(where, near[0])}？" if near else "全部设置见 tousu serve --help"
    return SettingsError(f"不认识{where} {_shown(where, name)}", fix=hint)


def _shown(where: str, name: str) -> str:
    """Return a setting's name as its source spells it."""
    return PREFIX + name.upper() if where == "环境变量" else name
