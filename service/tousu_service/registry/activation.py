"""Which model is to be live: found, fully checked, and only then entered into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.classifier.artifact import MANIFEST, read_manifest
from tousu.classifier.model import Classifier, Reading
from tousu.errors import ModelCorrupt, ModelError, ModelMissing, NotFound
from tousu.resources import shipped_path
from tousu_service.store import ledger
from tousu_service.validation import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.taxonomy import Taxonomy
    from tousu_service.store import Store
    from tousu_service.store.ledger import Activation

SERVICE = "service"
LONGEST_WAY_BACK = 20
LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Live:
    """A model ready to serve.

    Attributes:
        classifier: The loaded model.
        activation: The ledger's entry it is live by.
        problem: Why it is not the one that should be, in Chinese; empty when it is.
    """

    classifier: Classifier
    activation: Activation
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Available:
    """A model directory; ``problem`` says why its manifest cannot be read, else it is empty."""

    name: str
    path: Path
    version: str
    problem: str


def path_of(entry: Activation) -> Path:
    """Return the directory of an entry's model."""
    return shipped_path() if entry.path == ledger.SHIPPED else Path(entry.path)


def load(entry: Activation, *, taxonomy: Taxonomy, reading: Reading) -> Classifier:
    """Load an entry's model and check that it still is the one that was activated.

    Raises:
        ModelError: It is gone, broken, for another taxonomy, or replaced by another.
    """
    classifier = Classifier.load(path_of(entry), taxonomy=taxonomy, reading=reading)
    if entry.path != ledger.SHIPPED and classifier.model_version != entry.version:
        raise ModelCorrupt(
            f"模型目录 {entry.path} 里现在是 {classifier.model_version}", expected=f"启用时的 {entry.version}",
            fix="恢复原来的文件，或用 tousu models activate 重新启用",
        )  # fmt: skip
    return classifier


def start(store: Store, *, taxonomy: Taxonomy, reading: Reading) -> Live:
    """Return the model to start with: the ledger's, else the last good one before it, else the shipped one.

    The choice is entered into the ledger when it differs from what is there, so that the ledger tells
    what was live even where a model was broken or tousu itself was upgraded.

    Raises:
        ModelError: Not even the shipped model can be loaded.
        StoreError: The store cannot be used.
    """
    entries = ledger.history(store, limit=LONGEST_WAY_BACK)
    classifier, entry, problem = last_good(entries, taxonomy=taxonomy, reading=reading)
    if entry is not None and not problem and classifier.model_version == entry.version:
        return Live(classifier, entry, _standing_problem(entry))
    path = ledger.SHIPPED if entry is None else entry.path
    return _entered(store, entries[0].seq if entries else 0, classifier, path, problem, taxonomy)


def last_good(
    entries: Sequence[Activation], *, taxonomy: Taxonomy, reading: Reading
) -> tuple[Classifier, Activation | None, str]:
    """Return the newest model of the ledger that can be used, else the shipped one.

    Args:
        entries: The ledger's entries, the newest first.
        taxonomy: What the model must have been trained for.
        reading: How it is to read.

    Returns:
        The model, its entry (None for the shipped one in want of any), and why it is not the newest entry's, in Chinese;
        empty when it is.

    Raises:
        ModelError: Not even the shipped model can be loaded.
    """
    problem, tried = "", set[tuple[str, str]]()
    for entry in entries:
        if (entry.path, entry.version) in tried:
            continue
        tried.add((entry.path, entry.version))
        try:
            return load(entry, taxonomy=taxonomy, reading=reading), entry, problem
        except ModelError as error:
            problem = problem or f"应当使用的模型 {entry.version} 不能用，已退回上一个好的模型：{error}"
    return Classifier.load(taxonomy=taxonomy, reading=reading), None, problem


def follow(store: Store, live: Live, *, taxonomy: Taxonomy) -> Live:
    """Return the model the ledger now names, loaded and checked; ``live`` itself if nothing changed.

    Raises:
        ModelError: The new one cannot be used; keep the old one.
        StoreError: The store cannot be asked.
    """
    entry = ledger.current(store)
    if entry is None or entry.seq == live.activation.seq:
        return live
    reading = live.classifier.reading
    if (entry.path, entry.version) == (live.activation.path, live.classifier.model_version):
        return Live(live.classifier, entry, _standing_problem(entry))
    return Live(load(entry, taxonomy=taxonomy, reading=reading), entry, _standing_problem(entry))


def activate(store: Store, path: Path, *, by: str, why: str, taxonomy: Taxonomy, reading: Reading) -> Activation:
    """Check a model fully, for the reading it is to serve, and make it the live one; the workers follow within a second.

    Raises:
        SettingsError: The reason is too long or holds control characters.
        ModelError: It cannot be used; the live one stays.
        StoreError: It could not be entered.
    """
    why = one_line("理由", why, most=LONGEST_WHY)
    resolved = path.resolve()
    classifier = Classifier.load(resolved, taxonomy=taxonomy, reading=reading)
    name = ledger.SHIPPED if resolved == shipped_path().resolve() else str(resolved)
    return ledger.append(store, "activate", path=name, version=classifier.model_version, by=by, why=why)


def rollback(store: Store, *, by: str, why: str, taxonomy: Taxonomy, reading: Reading) -> Activation:
    """Go back to the model that was live before the present one, after checking it fully.

    A rollback is an entry like any other: a second one undoes the first.

    Raises:
        SettingsError: The reason is too long or holds control characters.
        NotFound: No other model was live before.
        ModelError: That one cannot be used any more; the live one stays.
        StoreError: It could not be entered.
    """
    why = one_line("理由", why, most=LONGEST_WHY)
    entries = ledger.history(store, limit=LONGEST_WAY_BACK)
    before = next((entry for entry in entries if entry.version != entries[0].version), None)
    if before is None:
        raise NotFound("台账里没有更早的模型", fix="用 tousu models activate 指定要启用的模型目录")
    classifier = load(before, taxonomy=taxonomy, reading=reading)
    return ledger.append(store, "rollback", path=before.path, version=classifier.model_version, by=by, why=why)


def available(models_dir: Path) -> list[Available]:
    """Return the shipped model and those in the models directory, by name; contents are not checked here."""
    found = [_described(ledger.SHIPPED, shipped_path())]
    if models_dir.is_dir():
        places = sorted(entry.parent for entry in models_dir.glob(f"[!.]*/{MANIFEST}"))
        found += [_described(place.name, place) for place in places if place.resolve() != shipped_path().resolve()]
    return found


def _described(name: str, path: Path) -> Available:
    """Return what a model's manifest says of it."""
    try:
        manifest = read_manifest(path)
    except ModelError as error:
        return Available(name, path, "", str(error))
    return Available(name, path, str(manifest["version"]), "")


def within(models_dir: Path, name: str) -> Path:
    """Return the model directory of that name in the models directory.

    Raises:
        ModelMissing: It is no plain name, or there is no such model.
    """
    if name == ledger.SHIPPED:
        return shipped_path()
    path = models_dir / name
    if not name or Path(name).name != name or name.startswith(".") or not (path / MANIFEST).is_file():
        raise ModelMissing(
            f"模型目录 {models_dir} 里没有 {name!r}", expected="该目录下一个模型的目录名", fix="用 GET /v1/models 查看"
        )
    return path


def _entered(store: Store, seen: int, classifier: Classifier, path: str, problem: str, taxonomy: Taxonomy) -> Live:
    """Enter a start-up's choice; if another worker was quicker, take what it entered."""
    kind: ledger.Kind = "fallback" if problem else "start"
    entry = ledger.append_if_current(
        store, seen, kind, path=path, version=classifier.model_version, by=SERVICE, why=problem or "服务启动"
    )
    return (
        start(store, taxonomy=taxonomy, reading=classifier.reading)
        if entry is None
        else Live(classifier, entry, problem)
    )


def _standing_problem(entry: Activation) -> str:
    """Return what is wrong as long as the live model is a fallback."""
    return entry.why if entry.kind == "fallback" else ""
