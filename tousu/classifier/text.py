"""Raw text → normalised codes, and back from a place among the codes to a span of the raw text.

What normalisation does, character by character: compatibility forms (NFKC) and traditional characters
become their plain simplified ones, letters lower case, every run of digits one ``0``, every run of
punctuation one break, but a question mark stays; white space, control and combining characters go; HTML entities are resolved.
The table that says so is built once, when a model is trained, and kept with the model.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tousu.classifier import kernels
from tousu.errors import TextError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
PLANE = 65536


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts as the compiled loops want them.

    Attributes:
        raw: Code points of all texts, one behind the other, uint32.
        starts: Where each text begins, int64, shape (texts + 1,).
    """

    raw: NDArray[np.uint32]
    starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Normalised:
    """One text's codes and the raw spans they came from.

    Attributes:
        codes: 16-bit codes, shape (n,).
        begins: Index in the raw text of the first character behind each code, int64, shape (n,).
        ends: Index behind the last one.
    """

    codes: NDArray[np.uint16]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    def span(self, position: int, length: int) -> tuple[int, int]:
        """Return the raw span (begin, end) of ``length`` codes from ``position`` on."""
        return int(self.begins[position]), int(self.ends[position + length - 1])

    def __str__(self) -> str:
        """Return the codes as readable text, breaks as spaces, rare characters as 〓."""
        return "".join({kernels.BREAK: " ", kernels.RARE: "〓"}.get(int(c), chr(c)) for c in self.codes)


class CharTable(NamedTuple):
    """What becomes of each character of the basic plane; the compiled loops take it whole.

    Attributes:
        table: uint16, shape (65536,): code, or 0 dropped, 1 break, 2 several codes.
        expand_from: Code points that become several codes, ascending, uint32.
        expand_at: Where each one's codes begin, int64, one entry more.
        expand_codes: Their codes, uint16.
    """

    table: NDArray[np.uint16]
    expand_from: NDArray[np.uint32]
    expand_at: NDArray[np.int64]
    expand_codes: NDArray[np.uint16]

    def codes_of(self, joined: Joined, index: int, origins: NDArray[np.int32]) -> NDArray[np.uint16]:
        """Return the codes of text ``index``; ``origins`` (int32, long enough, or empty) is filled alongside."""
        start, stop = joined.starts[index], joined.starts[index + 1]
        codes = np.empty((stop - start) * self.widest() + 1, dtype=np.uint16)
        return codes[: kernels.normalise_codes(joined.raw, start, stop, self, codes, origins)]

    def widest(self) -> int:
        """Return how many codes one character can give at most."""
        return int(np.diff(self.expand_at).max(initial=1))

    def normalise(self, text: str) -> Normalised:
        """Return the codes of ``text`` with the raw spans behind them.

        Raises:
            TextError: ``text`` is no string.
        """
        plain, begins, ends = resolve_entities(text)
        joined = join_texts([plain], resolve=False)
        origins = np.zeros(len(plain) * self.widest() + 1, dtype=np.int32)
        codes = self.codes_of(joined, 0, origins)
        places = origins[: codes.size]
        return Normalised(codes, begins[places], ends[places])


class PlainText:
    """Texts as patterns read them: entities resolved, half-width signs, simplified characters; signs and digits stay.

    Args:
        chars: A model's table of characters.

    Attributes:
        simplified: The plain letter of each traditional Chinese one, as ``str.translate`` takes them.
    """

    def __init__(self, chars: CharTable) -> None:
        table = chars.table[0x3400:PLANE].astype(np.int64)
        points = np.arange(0x3400, PLANE)
        changed = (table != points) & (table >= 0x3400)
        self._traditional = re.compile(f"[{''.join(map(chr, points[changed].tolist()))}]")
        self.simplified = dict(zip(points[changed].tolist(), table[changed].tolist(), strict=True))

    def __call__(self, text: str) -> str:
        """Return ``text`` so.

        Raises:
            TextError: It is no string.
        """
        check_text(text)
        if "&" in text:
            text = ENTITY.sub(lambda match: html.unescape(match.group()), text)
        return unicodedata.normalize("NFKC", text).translate(self.simplified)

    def simplify(self, text: str) -> str:
        """Return ``text`` with simplified characters alone, signs as they are: a fifth of the time."""
        return text.translate(self.simplified) if self._traditional.search(text) else text


def resolve_entities(text: str) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    """Return ``text`` with HTML entities resolved, and for each character its raw begin and end.

    Raises:
        TextError: ``text`` is no string.
    """
    check_text(text)
    pieces: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for match in ENTITY.finditer(text):
        pieces.append(text[at : match.start()])
        begins.extend(range(at, match.start()))
        ends.extend(range(at + 1, match.start() + 1))
        resolved = html.unescape(match.group())
        pieces.append(resolved)
        begins.extend([match.start()] * len(resolved))
        ends.extend([match.end()] * len(resolved))
        at = match.end()
    pieces.append(text[at:])
    begins.extend(range(at, len(text)))
    ends.extend(range(at + 1, len(text) + 1))
    return "".join(pieces), np.array(begins, dtype=np.int64), np.array(ends, dtype=np.int64)


def check_text(text: object) -> None:
    """Refuse anything but a string.

    Raises:
        TextError: ``text`` is no string.
    """
    if not isinstance(text, str):
        kind = "空值" if text is None else type(text).__name__
        raise TextError(f"投诉内容不是文字，而是{kind}", expected="一段文字", fix="检查该行的内容列")


def join_texts(texts: Sequence[str], *, resolve: bool = True) -> Joined:
    """Return ``texts`` joined for the compiled loops, HTML entities resolved unless told otherwise.

    Raises:
        TextError: One of them is no string; the message names which.
    """
    try:
        joined = "".join(texts)
    except TypeError:
        for number, text in enumerate(texts, 1):
            try:
                check_text(text)
            except TextError as error:
                raise TextError(f"第 {number} 条：{error.found}", expected=error.expected, fix=error.fix) from None
        raise
    if resolve and "&" in joined:
        texts = [ENTITY.sub(lambda match: html.unescape(match.group()), text) for text in texts]
        joined = "".join(texts)
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)), out=starts[1:])
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return Joined(raw, starts)


def build_char_table() -> CharTable:
    """Build the table from Unicode's data and OpenCC's traditional-to-simplified one.

    Takes about a tenth of a second. OpenCC (Apache-2.0) is asked character by character, so that a
    text and its other script's twin get the same codes whatever words they form.
    """
    from opencc import OpenCC  # only training needs it

    simplify = OpenCC("t2s")
    table = np.zeros(PLANE, dtype=np.uint16)
    expanding: list[tuple[int, list[int]]] = []
    for point in range(PLANE):
        codes = _codes_of_point(point, simplify.convert)
        if len(codes) > 1:
            expanding.append((point, codes))
            table[point] = kernels.EXPAND
        else:
            table[point] = codes[0] if codes else kernels.DROP
    flat = [code for _, codes in expanding for code in codes]
    sizes = [len(codes) for _, codes in expanding]
    return CharTable(
        table,
        np.array([point for point, _ in expanding], dtype=np.uint32),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.array(flat, dtype=np.uint16),
    )


def _codes_of_point(point: int, simplify: object) -> list[int]:
    """Return the codes one code point of the basic plane becomes."""
    char = chr(point)
    if 0xD800 <= point < 0xE000:
        return []
    plain = unicodedata.normalize("NFKC", char)
    if point >= 0x3400 or len(plain) > 1:
        plain = simplify(plain)  # type: ignore[operator]
    codes: list[int] = []
    for piece in unicodedata.normalize("NFKC", plain).casefold():
        code = _code_of_plain(piece)
        if code != kernels.DROP and not (code == kernels.BREAK and codes and codes[-1] == kernels.BREAK):
            codes.append(code)
    return codes


def _code_of_plain(char: str) -> int:
    """Return the code of one normalised character: itself, a digit's, a break, or nothing."""
    kind = unicodedata.category(char)
    if kind == "Nd":
        return kernels.DIGIT
    if char == "?":
        return ord(char)  # a question is a kind of its own
    if kind[0] in "LN":
        return ord(char) if ord(char) < PLANE else kernels.RARE
    if kind[0] in "MC" or kind == "Zs":
        return kernels.BREAK if char in "\n\r" else kernels.DROP
    return kernels.BREAK
