"""Cost against work: texts/s over the length of texts and over the number of domains, as a plot.

    python bench/curves.py

Lengths 20 to 20,000 characters with the shipped model; 18 to 500 domains at 114 characters, the shipped model's
terms with random weights. "Near linear, no cliff" is measured: the cost of a character (or domain) at each point,
against the lowest at any point before.
"""

from __future__ import annotations

import harness

harness.one_thread()

import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

import matplotlib as mpl  # noqa: E402
import numpy as np  # noqa: E402

from tousu.classifier import Classifier, artifact  # noqa: E402
from tousu.classifier.json_rows import json_rows  # noqa: E402

mpl.use("agg")

from matplotlib import pyplot as plt  # noqa: E402

LENGTHS = (20, 50, 114, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
DOMAINS = (18, 36, 72, 125, 250, 500)
CHARACTERS = 1_000_000
COUNT = 5_000
CLIFF = 1.25
ROUNDS = 5


def widened(base: artifact.Artifact, domains: int, path: Path) -> Classifier:
    """Return a classifier with the terms of ``base`` and random weights for ``domains`` domains."""
    rng = np.random.default_rng(domains)
    names = [f"domain_{number}" for number in range(domains)]
    arrays = dict(base.arrays)
    arrays["weights"] = rng.normal(0, 0.5, (arrays["keys"].size, domains + 1)).astype(np.float16)
    arrays["bias"] = rng.normal(0, 0.5, domains + 1)
    each = {"slope": 5.0, "offset": 0.0, "thresholds": 0.25, "accept": 0.7}
    arrays |= {name: np.full(domains, value) for name, value in each.items()}
    manifest = {name: base.manifest[name] for name in ("taxonomy", "features", "corpus")}
    artifact.save(
        path, manifest | {"release": "bench", "domains": names, "fallback": names[0], "metrics": {}}, arrays, {}
    )
    return Classifier.load(path)


def worst_rise(work: list[int], cost: list[float]) -> float:
    """Return the highest cost per unit of work at any point, over the lowest at a point before it; 1 or less is no rise.

    The first points hold what every text costs however small; from there on the cost per unit must not rise.
    """
    each = [one / units for one, units in zip(cost, work, strict=True)]
    return max(each[at] / min(each[:at]) for at in range(1, len(each)))


def draw(curves: dict[str, dict[str, tuple[list[int], list[float]]]], file: Path) -> None:
    """Draw texts/s of each way over each kind of work."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    for axis, (label, ways) in zip(axes, curves.items(), strict=True):
        for way, (work, speed) in ways.items():
            axis.loglog(work, speed, "o-", markersize=4, label=way)
        work, speed = next(iter(ways.values()))
        for at in (0, -1):
            note = f"{speed[at]:,.0f}"
            axis.annotate(
                note, (work[at], speed[at]), textcoords="offset points", xytext=(0, 7), ha="center", fontsize=8
            )
        axis.loglog(work, [speed[-1] * work[-1] / units for units in work], ":", color="grey", label="proportional")
        axis.set_xticks(work, [f"{units:,}" for units in work], rotation=45, fontsize=8)
        axis.set_xticks([], minor=True)
        axis.set_xlabel(label)
        axis.set_ylabel("texts per second, one core")
        axis.set_ylim(bottom=min(min(s) for _, s in ways.values()) / 2, top=max(max(s) for _, s in ways.values()) * 2)
        axis.grid(visible=True, which="major", alpha=0.3)
        axis.legend(fontsize=8)
    figure.savefig(file.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(file.with_suffix(".png"), dpi=110)


def main() -> None:
    harness.single_core()
    rows = harness.corpus_rows()
    base = artifact.load(harness.model_path())
    shipped = Classifier.load(harness.model_path())
    by_length = {
        length: harness.texts_of(length, max(20, min(COUNT, CHARACTERS // length)), rows=rows) for length in LENGTHS
    }
    usual = by_length[harness.LENGTH]
    with tempfile.TemporaryDirectory() as home:
        wide = {domains: widened(base, domains, Path(home) / str(domains)) for domains in DOMAINS}
    ways = {
        "tag_many, columns": lambda model, texts: model.tag_many(texts),
        "tag_many, every object": lambda model, texts: list(model.tag_many(texts)),
        "JSON rows": lambda model, texts: json_rows(model.tag_many(texts)),
    }
    contenders = {}
    for way, run in ways.items():
        for length, texts in by_length.items():
            contenders[way, "length", length] = harness.rate(
                lambda run=run, texts=texts: run(shipped, texts), len(texts)
            )
        for domains, model in wide.items():
            contenders[way, "domains", domains] = harness.rate(
                lambda run=run, model=model: run(model, usual), len(usual)
            )
    speed = harness.medians(harness.alternate(contenders, ROUNDS))
    curves, figures = {}, []
    for kind, label, points in (
        ("length", "characters of a text", LENGTHS),
        ("domains", "domains of the model", DOMAINS),
    ):
        curves[label] = {way: (list(points), [speed[way, kind, point] for point in points]) for way in ways}
        for way, (work, rates) in curves[label].items():
            worst = worst_rise(work, [1 / value for value in rates])
            figures.append(
                harness.Figure(f"{way}: cost per unit over {kind}, worst rise", worst, "×", CLIFF, at_most=True)
            )
    harness.RESULTS.mkdir(exist_ok=True)
    draw(curves, harness.RESULTS / "curves")
    harness.report("curves", "Cost against work", figures, curves=curves)


if __name__ == "__main__":
    main()
