"""The peers: what one would build of well-known parts, trained on the same rows as our model, giving one label a text."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def jieba_svm(rows: Sequence[dict]) -> Callable[[Sequence[str]], object]:
    """jieba's words, scikit-learn's TF-IDF, LinearSVC."""
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    jieba.setLogLevel(60)
    vectorizer = TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, sublinear_tf=True)
    model = LinearSVC().fit(vectorizer.fit_transform([row["text"] for row in rows]), [row["codes"][0] for row in rows])
    return lambda texts: model.predict(vectorizer.transform(texts))


def character_svm(rows: Sequence[dict]) -> Callable[[Sequence[str]], object]:
    """scikit-learn's own character 1–2-gram TF-IDF, LinearSVC."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    model = LinearSVC().fit(vectorizer.fit_transform([row["text"] for row in rows]), [row["codes"][0] for row in rows])
    return lambda texts: model.predict(vectorizer.transform(texts))


def rjieba_fasttext(rows: Sequence[dict]) -> Callable[[Sequence[str]], object]:
    """rjieba's words, fastText with word pairs, at its usual settings."""
    import fasttext
    import rjieba

    def cut(text: str) -> str:
        return " ".join(rjieba.cut(text.replace("\n", " ")))

    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "train.txt"
        file.write_text("".join(f"__label__{row['codes'][0]} {cut(row['text'])}\n" for row in rows), "utf-8")
        model = fasttext.train_supervised(str(file), dim=100, epoch=25, lr=0.5, wordNgrams=2, thread=2, verbose=0)
    return lambda texts: model.predict([cut(text) for text in texts])


PEERS = {
    "jieba + TF-IDF + LinearSVC": (jieba_svm, 30.0),
    "rjieba + fastText": (rjieba_fasttext, 5.0),
    "character TF-IDF + LinearSVC": (character_svm, 8.0),
}
