"""Somebody else's labels: `tousu train --labels-from-data` against its peers, all in one run.

    python bench/own_labels.py TRAIN.jsonl TEST.jsonl     a data set with its own split
    python bench/own_labels.py --long-tail                 150 classes with a long tail, from our own corpus

Prints a table (macro-F1 and accuracy on the test part, with 95 % intervals) and saves it in bench/results/.
The long-tailed set is the shipped corpus with "domain/register" as its label, classes of four rows and more,
every third row held out: no label anybody would use, but real texts, 18 to 4 rows a class for most classes.
"""

from __future__ import annotations

import argparse
import collections
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from tousu_training.corpus import LabelledRow, read_rows

ROOT = Path(__file__).resolve().parent.parent
SEED = 20211
MOST_CLASSES = 50


def segmented(rows):
    """Return the texts cut into words by jieba, words separated by blanks."""
    import jieba

    jieba.setLogLevel(60)
    return [" ".join(jieba.lcut(row.text)) for row in rows]


def characters(train, test, answers):
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    machine = LinearSVC(random_state=SEED).fit(vectors.fit_transform([row.text for row in train]), answers)
    return machine.predict(vectors.transform([row.text for row in test]))


def words_svm(train, test, answers):
    vectors = TfidfVectorizer(token_pattern=r"(?u)\S+", sublinear_tf=True)
    machine = LinearSVC(random_state=SEED).fit(vectors.fit_transform(segmented(train)), answers)
    return machine.predict(vectors.transform(segmented(test)))


def words_regression(train, test, answers):
    vectors = TfidfVectorizer(token_pattern=r"(?u)\S+", ngram_range=(1, 2), sublinear_tf=True)
    machine = LogisticRegression(C=10, max_iter=300).fit(vectors.fit_transform(segmented(train)), answers)
    return machine.predict(vectors.transform(segmented(test)))


def fast_text(train, test, answers):
    import fasttext

    number = {label: n for n, label in enumerate(sorted(set(answers)))}
    names = {f"__label__{n}": label for label, n in number.items()}
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(
            f"__label__{number[label]} {text}\n" for label, text in zip(answers, segmented(train), strict=True)
        )
        file.flush()
        model = fasttext.train_supervised(file.name, lr=0.5, epoch=25, wordNgrams=2, dim=100, thread=2, verbose=0)
    return [names[model.f.predict(text + "\n", 1, 0.0, "strict")[0][1]] for text in segmented(test)]


def tousu(train, test, answers):
    from tousu.classifier import Classifier
    from tousu_training.fit import settings_for
    from tousu_training.labels import labels_from_data
    from tousu_training.save import save_model
    from tousu_training.train import train as run
    from tousu_training.vocabulary import default_encoder

    labels, encoder = labels_from_data(train), default_encoder(None)
    settings = settings_for(labels)
    trained = run(train, labels, encoder=encoder, settings=settings, progress=lambda *_: None)
    with tempfile.TemporaryDirectory() as directory:
        save_model(Path(directory) / "model", train, labels, trained, encoder, settings)
        model = Classifier.load(Path(directory) / "model")
    return [tagging.primary for tagging in model.tag_many([row.text for row in test])]


PEERS = {
    "tousu train --labels-from-data": tousu,
    "characters 1-2, TF-IDF, LinearSVC": characters,
    "jieba words, TF-IDF, LinearSVC": words_svm,
    "jieba words 1-2, TF-IDF, logistic regression": words_regression,
    "jieba words, fastText": fast_text,
}


def figure(truth, said):
    """Return macro-F1 and accuracy with bootstrap intervals over the test rows."""
    random = np.random.default_rng(SEED)
    drawn = []
    for _ in range(300):
        at = random.integers(0, truth.size, truth.size)
        drawn.append((f1_score(truth[at], said[at], average="macro", zero_division=0), (truth[at] == said[at]).mean()))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    values = (f1_score(truth, said, average="macro", zero_division=0), float((truth == said).mean()))
    return {
        name: {
            "value": round(float(value), 4),
            "low": round(float(a), 4),
            "high": round(float(b), 4),
            "n": int(truth.size),
        }
        for name, value, a, b in zip(("macro_f1", "accuracy"), values, low, high, strict=True)
    }


def long_tail():
    rows = read_rows([ROOT / "data" / "corpus"])
    rows = [LabelledRow(row.text, (f"{row.primary}/{row.register}",)) for row in rows]
    count = collections.Counter(row.primary for row in rows)
    kept = [row for row in rows if count[row.primary] >= 4]
    return [row for n, row in enumerate(kept) if n % 3], kept[::3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--long-tail", action="store_true")
    chosen = parser.parse_args()
    if chosen.long_tail:
        (train, test), name = long_tail(), "long-tail"
    elif len(chosen.files) == 2:
        (train, test), name = (read_rows([file]) for file in chosen.files), chosen.files[0].stem
    else:
        parser.error("two files, or --long-tail")
    answers, truth = [row.primary for row in train], np.array([row.primary for row in test])
    table = Table("method", "macro-F1", "95 %", "accuracy", "95 %", "seconds")
    results = {}
    for peer, method in PEERS.items():
        if method is words_regression and len(set(answers)) > MOST_CLASSES:
            continue  # five minutes for a quarter of the others' score
        begun = time.perf_counter()
        result = figure(truth, np.array(method(train, test, answers)))
        seconds = time.perf_counter() - begun
        results[peer] = result | {"seconds": round(seconds, 1)}
        cells = [f"{result[key]['value']:.3f}" for key in ("macro_f1", "accuracy")]
        spans = [f"{result[key]['low']:.3f}-{result[key]['high']:.3f}" for key in ("macro_f1", "accuracy")]
        table.add_row(peer, cells[0], spans[0], cells[1], spans[1], f"{seconds:.0f}")
    Console().print(f"{len(train)} training rows, {len(test)} test rows, {len(set(answers))} classes", table)
    out = ROOT / "bench" / "results" / f"own-labels-{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"train": len(train), "test": len(test), "methods": results}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
