"""What the classifier says of texts: ``Tagging`` for one, ``Taggings`` for many, ``Evidence`` for why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np

from tousu.case_codes import AUTHORITIES, KINDS, LEVELS, SIGNALS
from tousu.classifier import decisions
from tousu.classifier.attention import Attention
from tousu.classifier.cases import Cases
from tousu.classifier.rounding import PLACES, whole_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tousu.classifier.decisions import Calibration

Decision = Literal["auto", "review"]
SHOWN = 5
MOST_CODES = 3
# Index -1 is for what is not said.
_KINDS, _AUTHORITIES = (*KINDS, None), (*AUTHORITIES, None)
SIGNAL_SETS = tuple(
    tuple(code for bit, code in enumerate(SIGNALS) if number >> bit & 1) for number in range(1 << len(SIGNALS))
)


@dataclass(frozen=True, slots=True)
class Tagging:
    """What the classifier says of one text.

    Attributes:
        primary: Code of the domain the work order is opened under.
        codes: Codes above their threshold, the primary first.
        probabilities: Calibrated probability of being the primary, the top five, highest first, 4 decimals.
        decision: ``auto``: good enough to route without a person; ``review``: a person should look.
        online: Whether the purchase or trade took place on the internet.
        kind: What the writer wants, a code of ``case_codes.KINDS``; None from a model that does not say.
        route: The authority a text outside the remit belongs to, a code of ``case_codes.AUTHORITIES``; None within.
        signals: What is delicate about it, codes of ``case_codes.SIGNALS`` in their order.
        amount: The largest sum of money told, in yuan; None where none is.
        attention: ``normal``, ``watch`` or ``urgent``, by the station's rules.
        model: Version of the model that said so.
    """

    primary: str
    codes: tuple[str, ...]
    probabilities: dict[str, float]
    decision: Decision
    online: bool
    kind: str | None
    route: str | None
    signals: tuple[str, ...]
    amount: float | None
    attention: str
    model: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as the JSON contract names them."""
        return {
            "primary": self.primary,
            "codes": list(self.codes),
            "probabilities": self.probabilities,
            "decision": self.decision,
            "online": self.online,
            "kind": self.kind,
            "route": self.route,
            "signals": list(self.signals),
            "amount": self.amount,
            "attention": self.attention,
            "model": self.model,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the raw text that spoke for or against a code.

    Attributes:
        start: Index of its first character in the raw text.
        end: Index behind its last.
        text: The raw characters.
        weight: What it added to the code's score; positive speaks for it.
    """

    start: int
    end: int
    text: str
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON, the weight with 4 decimals."""
        return {"start": self.start, "end": self.end, "text": self.text, "weight": round(self.weight, PLACES)}


class Taggings(Sequence[Tagging]):
    """The taggings of many texts, held as columns; indexing gives each as a ``Tagging``.

    Attributes:
        model: Version of the model.
        domains: Codes of the columns of ``probabilities``.
        probabilities: float64, shape (texts, domains), each row summing to 1.
        primary: Column of each primary, int32, shape (texts,).
        codes: Columns of each text's codes, int32, shape (texts, most), -1 behind the last.
        auto: Whether the decision is ``auto``, bool, shape (texts,).
        facet: Probability of the facet ``online``, float64, shape (texts,).
        online: Whether the facet holds, bool, shape (texts,).
        cases: Kinds, routes, signals and amounts.
    """

    def __init__(
        self,
        *,
        model: str,
        domains: tuple[str, ...],
        probabilities: NDArray[np.float64],
        primary: NDArray[np.int32],
        codes: NDArray[np.int32],
        auto: NDArray[np.bool_],
        facet: NDArray[np.float64],
        online: NDArray[np.bool_],
        cases: Cases | None = None,
        attention: Attention | None = None,
    ) -> None:
        self.model, self.domains = model, domains
        self.probabilities, self.primary, self.codes = probabilities, primary, codes
        self.auto, self.facet, self.online = auto, facet, online
        self.cases = Cases.unknown(np.full(primary.size, np.nan)) if cases is None else cases
        self._attention = Attention(domains) if attention is None else attention

    @classmethod
    def judged(
        cls,
        scores: NDArray[np.float64],
        found: NDArray[np.bool_],
        calibration: Calibration,
        *,
        domains: tuple[str, ...],
        fallback: str,
        model: str,
    ) -> Taggings:
        """Return what scores say: the one way from scores to decisions, for tagging as for held-out rows.

        Args:
            scores: float64, shape (texts, domains + 1) or wider, the facet's behind the domains'.
            found: Whether any known term was found in each text, shape (texts,).
            calibration: How to judge them.
            domains: Codes of the columns.
            fallback: Code of a text without any known term.
            model: Version of the model.
        """
        count, columns = len(scores), len(domains)
        probabilities = np.empty((count, columns))
        primary = np.empty(count, dtype=np.int32)
        codes = np.empty((count, min(MOST_CODES, columns)), dtype=np.int32)
        auto = np.empty(count, dtype=np.bool_)
        facet = np.empty(count)
        facet_slope, facet_offset, facet_threshold = (float(x) for x in calibration.facet)
        decisions.decide(
            scores, found, calibration.slope, calibration.offset, calibration.background_rate, calibration.thresholds,
            calibration.accept, domains.index(fallback), codes.shape[1],
            probabilities, primary, codes, auto, facet_slope, facet_offset, facet,
        )  # fmt: skip
        return cls(
            model=model, domains=domains, probabilities=probabilities, primary=primary, codes=codes,
            auto=auto, facet=facet, online=facet >= facet_threshold,
        )  # fmt: skip

    def with_cases(self, cases: Cases, attention: Attention) -> Self:
        """Return these taggings with what kind of case each text is, and the rules to watch them by."""
        self.cases, self._attention = cases, attention
        return self

    def attention(self) -> NDArray[np.int8]:
        """Return each text's level of attention as an index in ``LEVELS``, int8, shape (texts,)."""
        return self._attention.levels(self.primary, self.cases)

    def attention_reasons(self) -> list[list[str]]:
        """Return for each text why its level is not normal, the reasons of the highest level first."""
        return self._attention.reasons(self.primary, self.cases)

    def __len__(self) -> int:
        return int(self.primary.size)

    @overload
    def __getitem__(self, index: int) -> Tagging: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tagging]: ...
    def __getitem__(self, index: int | slice) -> Tagging | list[Tagging]:
        if isinstance(index, slice):
            return list(self._rows(range(len(self))[index]))
        return next(self._rows(range(len(self))[index : index + 1 or None]))

    def __iter__(self) -> Iterator[Tagging]:
        return self._rows(range(len(self)))

    def _rows(self, rows: range) -> Iterator[Tagging]:
        """Yield the taggings of ``rows``, the columns turned into Python values all at once."""
        part = slice(rows.start, rows.stop, rows.step) if len(rows) else slice(0, 0)
        block = self.probabilities[part]
        order = self.top(block)
        # A whole step over the power of ten is just what round() makes of the value, without five calls a row.
        shares = (whole_steps(np.take_along_axis(block, order, axis=1)) / 10**PLACES).tolist()
        names, model, name_of = self.domains, self.model, self.domains.__getitem__
        cases = self.cases.part(part)
        columns = zip(
            self.codes[part].tolist(), order.tolist(), shares, self.auto[part].tolist(), self.online[part].tolist(),
            cases.kinds.tolist(), cases.routes.tolist(), signal_sets(cases.signals).tolist(),
            map(shown_amount, cases.amounts.tolist()), self._attention.levels(self.primary[part], cases).tolist(),
            strict=True,
        )  # fmt: skip
        for codes, best, values, auto, online, kind, route, signals, amount, level in columns:
            yield Tagging(
                names[codes[0]],
                tuple([names[code] for code in codes if code >= 0]),
                dict(zip(map(name_of, best), values, strict=True)),
                "auto" if auto else "review",
                online,
                _KINDS[kind],
                _AUTHORITIES[route],
                SIGNAL_SETS[signals],
                amount,
                LEVELS[level],
                model,
            )

    @staticmethod
    def top(block: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the columns of the ``SHOWN`` highest values of each row, highest first, ties by column."""
        order = np.empty((block.shape[0], min(SHOWN, block.shape[1])), dtype=np.int64)
        decisions.top_k(np.ascontiguousarray(block), order)
        return order


def signal_sets(signals: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each row of signals, bool, shape (texts, signals), its place in ``SIGNAL_SETS``."""
    return np.asarray(signals @ (1 << np.arange(len(SIGNALS))))


def shown_amount(amount: float) -> float | None:
    """Return a sum as it is shown: whole where it is, None where there is none."""
    if amount != amount:
        return None
    return int(amount) if amount.is_integer() else amount
