"""A model in the shadow: it tags what comes in beside the live one, is seen by nobody, and its disagreements are counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu.classifier.model import Classifier, Reading
from tousu.errors import SettingsError
from tousu_service.registry.activation import LONGEST_WHY
from tousu_service.store import shadows
from tousu_service.store.desk_tables import case_texts, cases
from tousu_service.validation import one_line

if TYPE_CHECKING:
    from tousu.taxonomy import Taxonomy
    from tousu_service.store import Store
    from tousu_service.store.shadows import Shadow

PIECE = 500
MOST_DAYS = 60


def start(store: Store, path: Path, *, days: int, by: str, why: str, taxonomy: Taxonomy, reading: Reading) -> Shadow:
    """Check a model fully and put it into the shadow, in place of one that is there.

    Raises:
        SettingsError: The reason or the days are none.
        ModelError: It cannot be used.
        StoreError: It could not be entered.
    """
    why = one_line("理由", why, most=LONGEST_WHY)
    if not 1 <= days <= MOST_DAYS:
        raise SettingsError(f"试跑 {days} 天", expected=f"1 到 {MOST_DAYS} 天", fix="改天数")
    classifier = Classifier.load(path.resolve(), taxonomy=taxonomy, reading=reading)
    return shadows.enter(store, str(path.resolve()), classifier.model_version, days=days, by=by, why=why)


def go_on(store: Store, classifiers: dict[str, Classifier], *, taxonomy: Taxonomy, reading: Reading) -> int:
    """Tag some more cases with the model in the shadow and count; return how many.

    The count of a piece is entered only if nobody has counted on from the same place, so no case counts twice.

    Args:
        store: The store.
        classifiers: Keeps the model between calls, by version.
        taxonomy: What it must have been trained for.
        reading: How the live model reads, and so it.

    Raises:
        ModelError: The model cannot be used any more.
        StoreError: The store fails.
    """
    with store.reading() as connection:
        shadow = shadows.current(connection)
        if shadow is None:
            classifiers.clear()
            return 0
        query = (
            sa.select(cases.c.id, cases.c.predicted, cases.c.decision, case_texts.c.text)
            .join(case_texts, case_texts.c.id == cases.c.id)
            .where(cases.c.id > shadow.last_case)
            .order_by(cases.c.id)
            .limit(PIECE)
        )
        rows = connection.execute(query).all()
    if not rows:
        return 0
    if shadow.version not in classifiers:
        classifiers.clear()
        classifiers[shadow.version] = Classifier.load(Path(shadow.path), taxonomy=taxonomy, reading=reading)
    known = [row for row in rows if row.text]
    taggings = classifiers[shadow.version].tag_many([row.text for row in known])
    said = [taggings.domains[place] for place in taggings.primary.tolist()]
    other = [(row, new) for row, new in zip(known, said, strict=True) if row.predicted != new]
    pairs = Counter(shadow.pairs)
    pairs.update(f"{row.predicted} → {new}" for row, new in other)
    values = {
        "last_case": rows[-1].id, "rows": shadow.rows + len(known), "differ": shadow.differ + len(other),
        "auto_differ": shadow.auto_differ + sum(row.decision == "auto" for row, _ in other), "pairs": dict(pairs),
    }  # fmt: skip
    shadows.count_on(store, shadow, values)
    return len(known)
