"""What `tousu doctor` looks at: each check says what it found, and what to do if that is not right."""

from __future__ import annotations

import importlib.resources
import re
import shutil
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.classifier.json_rows import json_rows
from tousu.classifier.model import Classifier
from tousu.errors import ModelError, TousuError
from tousu.messages import system_reason
from tousu.resources import data_root, shipped_path
from tousu.taxonomy import load_taxonomy
from tousu_service.auth.access import refuse_open_access
from tousu_service.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tousu_service.settings import Settings

EMBEDDED = "sqlite:///"
LEAST_FREE_MB = 500
ADDRESS = re.compile(rb"(?:https?:)?//([A-Za-z0-9.-]+\.[A-Za-z]{2,}|\d+\.\d+\.\d+\.\d+)")
OWN_HOSTS = frozenset({b"127.0.0.1"})
PAGES = ("*.html", "*.css", "*.js")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome.

    Attributes:
        name: What was looked at, English, for programs.
        title: The same for people.
        ok: Whether it is as it should be.
        told: What was found; for a failed check also what to do.
    """

    name: str
    title: str
    ok: bool
    told: str

    def to_dict(self) -> dict[str, str | bool]:
        """Return the fields."""
        return asdict(self)


def warm() -> str:
    """Compile the loops, or find them compiled, so that the first start is as quick as any; return what was done."""
    begun = time.monotonic()
    try:
        classifier = Classifier.load()
        json_rows(classifier.tag_many(["预热"]))
        classifier.explain("预热")
    except ModelError as error:
        return f"暂不预热：{error}"  # whoever is about to train one needs no warmth yet
    return f"预热完成（{time.monotonic() - begun:.1f} 秒）"


def run(settings: Settings) -> Iterator[Finding]:
    """Yield what each check found, quick ones first."""
    checks: list[tuple[str, str, Callable[[Settings], str]]] = [
        ("settings", "设置", _settings),
        ("taxonomy", "领域表", _taxonomy),
        ("lexicon", "词典", _lexicon),
        ("model", "模型", _model),
        ("database", "数据库", _database),
        ("door", "密钥", _open_access),
        ("disk", "磁盘", _disk),
        ("port", "端口", _port),
        ("pages", "页面", _pages),
    ]
    for name, title, check in checks:
        try:
            yield Finding(name, title, True, check(settings))
        except TousuError as error:
            yield Finding(name, title, False, str(error))


def _settings(settings: Settings) -> str:
    return f"{settings.host}:{settings.port}，工作进程 {settings.workers} 个，数据在 {settings.state_dir}"


def _taxonomy(settings: Settings) -> str:
    del settings
    taxonomy = load_taxonomy()
    return f"{taxonomy.version}，{len(taxonomy.domains)} 个领域"


def _lexicon(settings: Settings) -> str:
    del settings
    files = sorted((data_root() / "data" / "lexicon").glob("*.txt"))
    if not files:
        raise TousuError("没有找到词典 data/lexicon", fix="重新安装 tousu；打标签不受影响，重新训练则需要它")
    return f"{len(files)} 类词"


def _model(settings: Settings) -> str:
    """Load the shipped model and the one set, byte by byte checked; those of the ledger are the database's matter."""
    taxonomy = load_taxonomy()
    told = []
    for path in (shipped_path(), settings.model):
        if path is not None:
            model = Classifier.load(path, taxonomy=taxonomy)
            told.append(f"{model.version} 完好（{path}）")
    return "；".join(told)


def _database(settings: Settings) -> str:
    if settings.database_url.startswith(EMBEDDED) and not Path(settings.database_url.removeprefix(EMBEDDED)).exists():
        return "还没有，第一次启动时建立"
    store = Store.open(settings.database_url)
    try:
        store.ready()
        return f"连得上，表结构是这一版的（{store.where}）"
    finally:
        store.close()


def _open_access(settings: Settings) -> str:
    if settings.on_loopback:
        return "只监听本机；没有密钥也能用，有了密钥就一律要带"
    store = Store.open(settings.database_url)
    try:
        refuse_open_access(settings, store)
        return "有有效的密钥"
    finally:
        store.close()


def _disk(settings: Settings) -> str:
    place = settings.state_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free // 1024**2
    if free < LEAST_FREE_MB:
        raise TousuError(f"{place} 只剩 {free} MB", expected=f"至少 {LEAST_FREE_MB} MB", fix="清理磁盘或换个 state_dir")
    return f"{place} 还有 {free} MB"


def _port(settings: Settings) -> str:
    """Try to listen, and tell our own service on the port from another program."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if _is_ours(settings):
                return f"{settings.port} 上正在运行 tousu"
            raise TousuError(
                f"不能监听 {settings.host}:{settings.port}（{system_reason(error)}）",
                fix="停掉占用它的程序，或换一个端口",
            ) from error
    return f"{settings.port} 空着"


def _is_ours(settings: Settings) -> bool:
    """Return whether tousu answers on the port already."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1" if settings.host == "0.0.0.0" else settings.host, settings.port, timeout=2)  # noqa: S104
    try:
        connection.request("GET", f"{settings.root_path}/healthz")
        return connection.getresponse().read() == b'{"status":"ok"}'
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _pages(settings: Settings) -> str:
    """Look through every page the service or a command can show for an address elsewhere."""
    del settings
    root = data_root()
    files = [file for place in _places(root) for kind in PAGES for file in sorted(place.rglob(kind))]
    for file in files:
        outside = set(ADDRESS.findall(file.read_bytes())) - OWN_HOSTS
        if outside:
            shown = "、".join(sorted(host.decode() for host in outside))
            raise TousuError(f"页面 {file} 里有外部地址 {shown}", expected="页面只用本机的文件", fix="重新安装 tousu")
    return f"{len(files)} 个文件，没有外部地址"


def _places(root: Path) -> list[Path]:
    """Return the directories that hold pages."""
    rooms = ("tousu.report", "tousu_service", "tousu_training")
    return [*(Path(str(importlib.resources.files(room))) for room in rooms), root / "models"]
