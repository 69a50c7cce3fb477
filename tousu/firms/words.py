"""The words by which names of firms are taken apart: ``data/firms.toml``."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tousu.errors import RulesError
from tousu.resources import data_root
from tousu.taxonomy import Words
from tousu.toml_tables import Entry, parse_table, read_source

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE = "企业名称用词表"


class FirmWords(Entry):
    """The whole file; what each list is for stands at its head there."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    legal: tuple[Words, ...]
    own_shop: tuple[Words, ...]
    shop_kinds: tuple[Words, ...]
    branch_ends: tuple[Words, ...]
    fronts: tuple[Words, ...]
    fillers: tuple[Words, ...]
    tails: tuple[Words, ...]
    trades: tuple[tuple[Words, ...], ...]
    food: tuple[Words, ...]
    telling: Words
    common: Words
    alike: tuple[Words, ...]
    provinces: tuple[Words, ...]
    cities: tuple[Words, ...]

    @functools.cached_property
    def trade_of(self) -> dict[str, str]:
        """The trade each word of a trade means."""
        return {word: line[0] for line in reversed(self.trades) for word in line}

    @functools.cached_property
    def look_alikes(self) -> frozenset[tuple[str, str]]:
        """Every ordered pair of letters that look the same."""
        return frozenset((one, other) for group in self.alike for one in group for other in group if one != other)

    @functools.cached_property
    def place(self) -> re.Pattern[str]:
        """What matches the place a name begins with."""
        # A district's own name must not end in what makes another word of it: 小区, 园区, 超市, 菜市, 古镇.
        part = r"[\u4e00-\u9fff]{1,3}(?<![小园社景校库专商住城街])(?:自治县|新区|区|县)"
        town = r"[\u4e00-\u9fff]{1,3}(?<![超菜夜集门花城早])(?<!古)(?:市|镇|乡)"
        known = f"(?:(?:{any_of(self.provinces)})(?:维吾尔|壮族|回族)?(?:省|市|自治区|特别行政区)?)?(?:(?:{any_of(self.cities)})市?)?"
        return re.compile(f"^(?:{known})(?:{town})?(?:{part})?(?:{town})?")


def any_of(words: Iterable[str]) -> str:
    """Return a pattern of any of ``words``, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def ending(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern of any of ``words`` at the end of a name, the longest first."""
    return re.compile(f"(?:{any_of(words)})$")


@functools.cache
def load_firm_words(path: Path | None = None) -> FirmWords:
    """Read and check the words, the shipped ones by default; the same path is read once.

    Raises:
        RulesError: The file cannot be read or breaks a rule; the message names line and key.
    """
    file = data_root() / "data" / "firms.toml" if path is None else path
    return parse_table(read_source(file, TITLE, RulesError), file, FirmWords, TITLE, RulesError)
