"""Those complained of: what their column is called, one spelling for one name, and the firm behind its spellings."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from tousu.firms.groups import group_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

RESPONDENT_NAMES = (
    "被投诉方", "被投诉方名称", "被投诉人", "被投诉人名称", "被投诉举报方", "被投诉主体", "被举报方", "被举报方名称",
    "被举报人", "被反映单位", "被诉方", "涉事主体", "涉及主体", "商家名称", "商家", "商户名称", "店铺名称", "企业名称",
    "经营者名称", "经营者", "主体名称", "公司名称", "单位名称",
    "respondent", "merchant", "company", "business", "shop", "seller",
)  # fmt: skip
NOBODY = {
    "", "无", "不详", "未知", "不明", "未提供", "暂无", "匿名", "空", "/", "-", "--", "n/a", "na", "null", "none", "nan",
}  # fmt: skip
LONG_NUMBER = re.compile(r"\d{6,}")


def respondent_of(value: object) -> str | None:
    """Return a respondent's name in one spelling, long numbers as zeros; None if nobody is named."""
    name = "".join(unicodedata.normalize("NFKC", str(value if value is not None else "")).split())
    name = LONG_NUMBER.sub(lambda found: "0" * len(found[0]), name.strip("'\"“”《》.,;:"))
    return None if name.casefold() in NOBODY else name.replace("(", "（").replace(")", "）")


def firms_of(rows: pl.DataFrame, simplified: Mapping[int, int] | None = None) -> dict[str, str]:
    """Return the firm each respondent's spelling stands for.

    Args:
        rows: A ledger's rows.
        simplified: The plain letter of each traditional one, by code point, as ``Classifier.simplified`` has it.
    """
    return group_names(Counter(name for name in rows["respondent"].to_list() if name), simplified)
