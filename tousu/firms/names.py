"""A firm's name taken apart: place, brand, trade, branch."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from tousu.firms.words import FirmWords, any_of, ending

if TYPE_CHECKING:
    from collections.abc import Mapping

BRACKETS = str.maketrans("[]{}<>【】〔〕《》〈〉「」『』", "()" * 9)
INSIDE = re.compile(r"\(([^()]*)\)?")
NOISE = re.compile(r"[\s\"'“”‘’·・.,，。、:：;；_*#/|\\~^`\-—–－]+")
NUMBERS = dict(zip("一二三四五六七八九", "123456789", strict=True))
NUMBERED = re.compile(r"第?([一二三四五六七八九])(?=分?店|分?部|号|分公司|门店|校区|院区|$)")
# What stands before 店 and tells where the shop is, not what it sells.
SITE = re.compile(
    r"(?:路|街|巷|道|里|弄|村|广场|中心|天地|百货|大厦|商场|城|镇|乡|区|县|市|桥|站|园|苑|湾|口|港|汇|万达|吾悦|万象|银泰|"
    r"大悦|印象|龙湖|机场|高铁|火车站|大学|学院|医院|东门|西门|南门|北门|东|西|南|北|号|\d|[a-z])$"
)
FORMER = re.compile(r"^(?:原|曾用名|又名|以下简称|简称|下称|注册名|营业执照|执照)")


class Firm(NamedTuple):
    """A name of a firm.

    Attributes:
        place: Province, city, district in front of it or in brackets; empty if it names none.
        brand: What is its own; never empty for a name that has a letter.
        trade: What it does, in one word for all words of a trade; empty if it does not say.
        branch: Which of its shops; empty if it does not say.
        shop: What kind of shop on a platform; empty if it does not say.
        sited: Whether a branch may end the brand, as in 麦禾人民路店, where no trade parts them.
    """

    place: str
    brand: str
    trade: str
    branch: str
    shop: str
    sited: bool = False

    @property
    def core(self) -> str:
        """Brand and trade."""
        return self.brand + self.trade


class NameParser:
    """Takes names apart by a table of words.

    Args:
        words: The table.
        simplified: The plain letter of each traditional one, by code point (``Classifier.simplified``).
    """

    def __init__(self, words: FirmWords, simplified: Mapping[int, int] | None = None) -> None:
        self.words = words
        self._simplified = dict(simplified or {})
        self._legal, self._own = ending(words.legal), ending(words.own_shop)
        self._kind, self._branch = ending(words.shop_kinds), ending(words.branch_ends)
        self._front = re.compile(f"^(?:{any_of(words.fronts)})")
        self._tails = ending(words.tails)
        self._fillers = re.compile(any_of(words.fillers))
        trade = any_of(words.trade_of)
        self._trade_end = re.compile(f"({trade})$")
        self._trade_inside = re.compile(f"^(.+?)({trade})(.{{1,12}})$")
        self._legal_inside = re.compile(r"^(.{2,}?)(?:有限责任公司|股份有限公司|有限公司|公司)(.{1,16})$")
        self.parse = functools.lru_cache(maxsize=None)(self._parse)

    def plain(self, name: str) -> str:
        """Return a name in one width, case and script, without marks and spaces."""
        return unicodedata.normalize("NFKC", name).translate(self._simplified).casefold().translate(BRACKETS)

    def _parse(self, name: str) -> Firm:
        """Return the parts of a name."""
        plain = self.plain(name)
        branch, place, shop = "", "", ""
        for inner in INSIDE.findall(plain):
            inner = NOISE.sub("", inner)
            found = self._bracketed(inner)
            place, branch, shop = place or found.place, branch or found.branch, shop or found.shop
        body = NOISE.sub("", INSIDE.sub("", plain)) or NOISE.sub("", plain.replace("(", "").replace(")", ""))
        cut = self._front.sub("", body)
        body = cut if len(cut) >= 2 else body
        front = self._place(body)
        place, body = front or place, body[len(front) :]
        body, branch, shop, sited = self._tail(body, branch, shop)
        trade = ""
        lean = self._fillers.sub("", body)
        body = lean if len(lean) >= 2 else body
        found_trade = self._trade_end.search(body)
        if found_trade and found_trade.start() >= 1:
            trade = self.words.trade_of[found_trade[1]]
            body = body[: found_trade.start()]
        elif (less := self._tails.sub("", body)) and len(less) >= 3:
            body = less
        return Firm(place.removesuffix("市"), body or plain, trade, branch, shop, sited and not trade)

    def _place(self, body: str) -> str:
        """Return the place a name begins with, as long as two letters remain."""
        found = self.words.place.match(body)
        front = found[0] if found else ""
        rest = body[len(front) :]
        return front if len(rest) >= 2 and not self._own.fullmatch(rest) and rest not in self.words.trade_of else ""

    def _bracketed(self, inner: str) -> Firm:
        """Return what a bracket says."""
        if not inner or FORMER.match(inner) or inner in self.words.legal or inner in self.words.own_shop:
            return Firm("", "", "", "", "")
        if inner in self.words.shop_kinds:
            return Firm("", "", "", "", inner)
        lean = self._fillers.sub("", inner)
        if not lean or lean in self.words.legal or lean in self.words.trade_of:
            return Firm("", "", "", "", "")
        found = self.words.place.match(lean)
        if found and found[0] == lean:
            return Firm(lean, "", "", "", "")
        return Firm("", "", "", self._branch_name(lean), "")

    def _branch_name(self, text: str) -> str:
        """Return a branch's name without what ends it; nothing for 总店 and the like."""
        numbered = NUMBERED.sub(lambda found: NUMBERS[found[1]], text)
        lean = self._branch.sub("", numbered)
        return "" if lean in ("总", "本", "老", "直营", "加盟", "旗舰", "连锁", "体验") else lean

    def _tail(self, body: str, branch: str, shop: str) -> tuple[str, str, str, bool]:
        """Return a name without legal form, branch and words for the shop itself, and whether a site may end it."""
        split = self._legal_inside.match(body)
        if split and not self._legal.fullmatch(split[2]):
            body, branch = split[1], branch or self._branch_name(split[2])
        sited = False
        while True:
            before = body
            for pattern in (self._legal, self._kind):
                found = None if body.endswith("分公司") else pattern.search(body)
                if found and found.start() >= 2:
                    shop = shop or (found[0] if pattern is self._kind else "")
                    body = body[: found.start()]
            parted = self._trade_inside.match(body)
            if parted and not branch and not self._trade_end.search(body) and self._branch.search(parted[3]):
                site = self._branch_name(parted[3])
                if not site or SITE.search(site) or len(site) >= 2:
                    body, branch = parted[1] + parted[2], site
            found = self._own.search(body)
            whole = self._trade_end.search(body)
            if found and found.start() >= 2 and not (whole and whole.start() <= found.start() and whole.start() >= 1):
                body = body[: found.start()]
                sited = sited or bool(SITE.search(body))
            if body == before:
                return body, branch, shop, sited
