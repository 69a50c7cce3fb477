"""Which formulas can be written into a new workbook, where they find all they speak of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from tousu.batch.workbook.scan import Formula

STRING = re.compile(r'"[^"]*"')
QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')
FUNCTION = re.compile(r"([^\W\d][\w.]*)\(")
WORD = re.compile(r"[^\W\d][\w.]*")
# Another file or a table's column; a program's data.
OUTSIDE = re.compile(r"[\[|]")


class FormulaRules:
    """Tells which formulas still hold once the workbook is written anew.

    Args:
        lost: Defined names that are not written.
        macros: Whether the workbook brings functions of its own.
    """

    def __init__(self, lost: Collection[str], *, macros: bool) -> None:
        self._lost, self._macros = {name.casefold() for name in lost}, macros

    def allow(self, formula: Formula) -> bool:
        """Return whether a formula can be written as such."""
        text = formula.text
        if not formula.whole or OUTSIDE.search(STRING.sub("", text)):
            return False
        plain = QUOTED.sub("", text)
        if self._lost and any(word.casefold() in self._lost for word in WORD.findall(plain)):
            return False
        return not self._macros or all(map(_is_built_in, FUNCTION.findall(plain)))


def _is_built_in(function: str) -> bool:
    """Return whether Excel has a function of this name."""
    from openpyxl.utils import FORMULAE

    return function.upper() in FORMULAE or function.startswith(("_xlfn.", "_xlws."))
