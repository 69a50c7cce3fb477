"""The classifier at run time: load a model, tag texts, explain a tagging."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tousu.classifier import artifact, kernels
from tousu.classifier.acceptance import Acceptance
from tousu.classifier.amounts import largest_amounts
from tousu.classifier.attention import Attention
from tousu.classifier.cases import HEADS, CaseCalibration, Cases
from tousu.classifier.citations import order_numbers_of, statutes_of
from tousu.classifier.decisions import Calibration
from tousu.classifier.emptiness import nothing_said
from tousu.classifier.evidence import evidence_of
from tousu.classifier.familiarity import known_shares
from tousu.classifier.features import TermIndex, weights_of
from tousu.classifier.reader.careful import CarefulReader
from tousu.classifier.rounding import PLACES
from tousu.classifier.signal_words import SignalWords
from tousu.classifier.tagging import Tagging, Taggings
from tousu.classifier.text import CharTable, PlainText, join_texts
from tousu.errors import ModelMismatch, TextError
from tousu.resources import shipped_path
from tousu.timezone import today

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.attention import AttentionRules
    from tousu.classifier.acceptance import AcceptanceHint
    from tousu.classifier.tagging import Evidence
    from tousu.taxonomy import Taxonomy

Reading = Literal["fast", "careful"]
BLOCK = 1024
ONLINE = "online"


class Classifier:
    """A loaded model. Thread-safe: no answer changes after it is built.

    Build one with ``Classifier.load``.
    """

    def __init__(
        self,
        checked: artifact.Artifact,
        path: Path,
        reader: CarefulReader | None = None,
        attention: AttentionRules | None = None,
    ) -> None:
        arrays = checked.arrays
        self.manifest: dict[str, Any] = checked.manifest
        self.model_version, self.domains = checked.version, checked.domains
        self.version = checked.version if reader is None else f"{checked.version}+{reader.version}"
        self._path, self._reader = path, reader
        self._for_vectors: CarefulReader | None = None
        self._reading_vectors = threading.Lock()
        self._chars = CharTable(*(arrays[k] for k in ("char_table", "expand_from", "expand_at", "expand_codes")))
        self._terms = TermIndex.build(arrays["keys"])
        self._calibration = Calibration.of_arrays(arrays)
        self._case_calibration = CaseCalibration.of_arrays(arrays)
        self._fallback = str(checked.manifest["fallback"])
        outside = checked.manifest.get("heads", {}).get("outside")
        outside = self.domains.index(outside) if outside in self.domains else -1
        self._linear, self._routes = weights_of(arrays, self._calibration, outside)
        if reader is not None:  # whether a text is outside is not the n-grams' alone to say: score the routes of all
            nothing = np.zeros_like(self._routes.slope)
            self._routes = self._routes._replace(slope=nothing, offset=nothing)
            self._case_calibration = self._case_calibration and (reader.case_calibration or self._case_calibration)
        self._mean_weights = self._linear.weights[:, : len(self.domains)].mean(axis=1)
        self._attention = Attention(self.domains, attention)
        self._plain = PlainText(self._chars)
        self._signal_words = SignalWords(self._plain)
        self._acceptance: Acceptance | None = None  # read when first asked for

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        *,
        taxonomy: Taxonomy | None = None,
        reading: Reading = "fast",
        attention: AttentionRules | None = None,
    ) -> Classifier:
        """Load a model directory, the shipped one by default, and make it ready for its first text.

        Args:
            path: The model directory.
            taxonomy: When given, the model must have been trained for just this taxonomy.
            reading: ``fast``: by n-grams alone; ``careful``: by the model's encoder too, some 40 ms a text.
            attention: The rules of attention; the shipped ones by default.

        Raises:
            ModelMissing: There is none, or it has no encoder and is to read carefully.
            ModelProtocol: It was written under another protocol.
            ModelCorrupt: A byte of it is not the recorded one.
            ModelMismatch: It was made for another taxonomy, or its encoder for another model.
        """
        path = shipped_path() if path is None else Path(path)
        checked = artifact.load(path)
        if taxonomy is not None and checked.manifest.get("taxonomy") != taxonomy.sha256:
            raise ModelMismatch(
                f"模型 {checked.version} 是按另一份领域表训练的",
                expected=f"领域表 {taxonomy.version}（{taxonomy.sha256[:12]}…）",
                fix="用现行领域表重新训练，或换回当时的 taxonomy.toml",
            )
        reader = None
        if reading == "careful":
            reader = CarefulReader.load(path, version=checked.version, domains=checked.domains)
        classifier = cls(checked, path, reader, attention)
        classifier.tag("预热")
        return classifier

    @property
    def reading(self) -> Reading:
        """How it reads: ``fast`` or ``careful``."""
        return "fast" if self._reader is None else "careful"

    def tag(self, text: str) -> Tagging:
        """Tag one text. A text without any known term gets the fallback domain and ``review``.

        Raises:
            TextError: ``text`` is no string.
        """
        return self.tag_many([text])[0]

    def tag_many(self, texts: Sequence[str], *, threads: int = 1) -> Taggings:
        """Tag texts; each gets exactly what ``tag`` alone would give it.

        Args:
            texts: The texts.
            threads: How many threads to spread them over.

        Raises:
            TextError: One of them is no string; the message names which. Nothing is tagged then.
        """
        if isinstance(texts, str):
            raise TextError("需要多段文字，却只给了一段", expected="文字的列表", fix="单条请用 tag()")
        scores, route_scores, found, amounts = self._scores(texts, threads)
        heads, first, calibration = scores, len(self.domains) + 1, self._calibration
        if self._reader is not None:
            scores, heads, route_scores = self._reader.scores(texts, scores, route_scores, threads)
            first, calibration = 0, self._reader.calibration
        taggings = Taggings.judged(
            scores, found, calibration, domains=self.domains, fallback=self._fallback, model=self.version
        )
        taggings.auto[nothing_said(texts, np.flatnonzero(taggings.auto).tolist())] = False
        if self._case_calibration is None:
            cases = Cases.unknown(amounts)
        else:
            outside = taggings.primary == self._routes.outside
            cases = Cases.judged(heads, first, route_scores, found, outside, amounts, self._case_calibration)
            self._signal_words.keep(cases.signals, texts)
        return taggings.with_cases(cases, self._attention)

    def vectors(self, texts: Sequence[str], *, threads: int = 1) -> NDArray[np.float32]:
        """Return what the model's encoder makes of texts, float32, shape (texts, width), rows of unit length.

        The product of two rows tells how alike two matters are, in whatever words they are told.

        Args:
            texts: The texts.
            threads: How many threads to spread them over.

        Raises:
            TextError: One of them is no string.
            ModelError: The model has no encoder, or one that cannot be used.
        """
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise TextError(f"第 {place + 1} 段不是文字", expected="字符串", fix="检查输入")
        with self._reading_vectors:
            if self._reader is None and self._for_vectors is None:
                self._for_vectors = CarefulReader.load(self._path, version=self.model_version, domains=self.domains)
        reader = self._reader or self._for_vectors
        assert reader is not None
        return reader.encoder.vectors(texts, threads)

    @property
    def simplified(self) -> dict[int, int]:
        """The plain letter of each traditional Chinese one, as ``str.translate`` takes them."""
        return self._plain.simplified

    def term_vectors(self, texts: Sequence[str]) -> list[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        """Return each text's known terms as the n-grams see them; the products of two texts' tell how alike their words are.

        Args:
            texts: The texts.

        Returns:
            For each text the ids of its terms, ascending, and their weights (sublinear TF-IDF), a vector of unit length.

        Raises:
            TextError: One of them is no string.
        """
        joined = join_texts(texts)
        vectors = []
        for place in range(len(texts)):
            found, _ = self._terms.find(self._chars.codes_of(joined, place, np.empty(0, dtype=np.int32)))
            ids, counts = np.unique(found, return_counts=True)
            frequency = self._linear.term_frequency[np.minimum(counts, self._linear.term_frequency.size - 1)]
            weights = frequency * np.sqrt(self._linear.squared_idf[ids])
            vectors.append((ids, weights / max(float(np.linalg.norm(weights)), 1e-12)))
        return vectors

    def known_shares(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return of each text which share of its characters stands within words the model knows, shape (texts,).

        Raises:
            TextError: One of the texts is no string.
        """
        shares: NDArray[np.float64] = known_shares(texts, self._chars, self._terms)
        return shares

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the raw linear scores, shape (texts, domains + 1), the facet's in the last column."""
        return self._scores(texts, 1)[0][:, : len(self.domains) + 1]

    def _scores(
        self, texts: Sequence[str], threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
        """Return the scores, those of the routes, whether each text holds any known term, and the sums of money."""
        count = len(texts)
        scores, route_scores = np.empty((count, self._linear.bias.size)), np.empty((count, self._routes.bias.size))
        found, amounts = np.zeros(count, dtype=np.bool_), np.empty(count)
        blocks = [slice(at, at + BLOCK) for at in range(0, count, BLOCK)]

        def score(block: slice) -> None:
            joined = join_texts(texts[block])
            kernels.score_texts(
                joined.raw, joined.starts, self._chars, self._terms, self._linear, self._routes,
                scores[block], route_scores[block], found[block],
            )  # fmt: skip
            amounts[block] = largest_amounts(joined)

        if threads > 1 and len(blocks) > 1:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(score, blocks))
        else:
            for block in blocks:
                score(block)
        return scores, route_scores, found, amounts

    def explain(self, text: str, *, code: str | None = None, most: int = 10) -> list[Evidence]:
        """Return the spans of ``text`` that spoke most for (or against) a code, heaviest first.

        Args:
            text: The raw text.
            code: A domain, ``online``, or a kind or signal of a model that has them; the primary by default.
            most: Most spans returned.

        Raises:
            TextError: ``text`` is no string, or ``code`` is no code of this model.
        """
        codes = [self.tag(text).primary if code is None else code]
        return self.explain_many([text], codes, most=min(most, len(text)), against=True)[0]

    def explain_many(
        self, texts: Sequence[str], codes: Sequence[str], *, most: int, against: bool = False
    ) -> list[list[Evidence]]:
        """Return for each text the spans that spoke most for its code, heaviest first.

        Args:
            texts: The raw texts.
            codes: What ``explain`` takes, for each text.
            most: Most spans of a text.
            against: Whether to return also what spoke against the code.

        Raises:
            TextError: One of the texts is no string, or one of the codes is no code of this model.
        """
        heads = HEADS if self._case_calibration is not None else ()
        known = {name: column for column, name in reversed([*enumerate((*self.domains, ONLINE, *heads))])}
        unknown = next((code for code in codes if code not in known), None)
        if unknown is not None:
            raise TextError(f"模型没有领域 {unknown}", expected="、".join(known), fix="检查领域代码")
        columns = np.array([known[code] for code in codes], dtype=np.int32)
        return evidence_of(
            texts, columns, self._chars, self._terms, self._linear, self._mean_weights, len(self.domains),
            most=most, against=against,
        )  # fmt: skip

    def acceptance(
        self, texts: Sequence[str], taggings: Sequence[Tagging], received: Sequence[datetime.date | None]
    ) -> list[list[AcceptanceHint]]:
        """Return for each text what speaks against accepting it as a complaint, or is missing in it: hints, no decision.

        Args:
            texts: The raw texts.
            taggings: What ``tag_many`` says of them.
            received: The day each came in, against which the dates it tells are held; today in China where None.

        Raises:
            TextError: One of the texts is no string.
            RulesError: The rules in ``data/acceptance.toml`` will not do.
        """
        if self._acceptance is None:
            self._acceptance = Acceptance(self._plain, self._fallback)
        now = today()
        return [
            self._acceptance.hints(text, tagging, day or now)
            for text, tagging, day in zip(texts, taggings, received, strict=True)
        ]

    def case_evidence(
        self, text: str, *, most: int = 3, received: datetime.date | None = None, taggings: Taggings | None = None
    ) -> dict[str, Any]:
        """Return why a text is the kind of case it is, and what else stands in it, as the JSON contract names it.

        Args:
            text: The raw text.
            most: Most spans of a signal.
            received: The day the text came in; today in China by default.
            taggings: What ``tag_many`` says of the text alone, where that is known already.

        Returns:
            What ``case_reasons`` returns, ``statutes`` and ``order_numbers`` (spans), and ``acceptance``, the hints of
            ``acceptance``.

        Raises:
            TextError: ``text`` is no string.
        """
        taggings = self.tag_many([text]) if taggings is None else taggings
        return self.case_reasons(text, most=most, taggings=taggings) | {
            "statutes": _spans(text, statutes_of(text)),
            "order_numbers": _spans(text, order_numbers_of(text)),
            "acceptance": [hint.to_dict() for hint in self.acceptance([text], taggings, [received])[0]],
        }

    def case_reasons(self, text: str, *, most: int = 3, taggings: Taggings | None = None) -> dict[str, Any]:
        """Return why a text is the kind of case it is, as the JSON contract names it.

        Args:
            text: The raw text.
            most: Most spans of a signal.
            taggings: What ``tag_many`` says of the text alone, where that is known already.

        Returns:
            ``signal_evidence`` (spans by signal said), ``probabilities_kind``, ``probabilities_route`` (empty within the
            remit or without heads), highest first, and ``attention_reasons``.

        Raises:
            TextError: ``text`` is no string.
        """
        taggings = self.tag_many([text]) if taggings is None else taggings
        cases, said = taggings.cases, taggings[0].signals
        spans = self.explain_many([text] * len(said), said, most=most)
        shares: list[dict[str, float]] = [{}, {}]
        if self._case_calibration is not None:
            shares = [
                cases.kind_probabilities(0, self._case_calibration),
                cases.route_probabilities(0, self._case_calibration),
            ]
        kinds, routes = ({code: round(value, PLACES) for code, value in part.items()} for part in shares)
        return {
            "signal_evidence": {
                code: [{"start": span.start, "end": span.end, "text": span.text} for span in own]
                for code, own in zip(said, spans, strict=True)
            },
            "probabilities_kind": kinds,
            "probabilities_route": routes,
            "attention_reasons": taggings.attention_reasons()[0],
        }


def _spans(text: str, places: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return spans of a text as the JSON contract names them."""
    return [{"start": begin, "end": end, "text": text[begin:end]} for begin, end in places]
