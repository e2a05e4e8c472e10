"""Cells of the tables that people open: a spreadsheet must not take what somebody typed as their name for a formula."""

from __future__ import annotations

import unicodedata

FORMULA = frozenset("=+-@|%\t\r\n")


def cell(value: object) -> str:
    """What a person typed somewhere is text, whatever it begins with. A lone sign is no formula, and stays as it is."""
    text = "" if value is None else str(value)
    begins = unicodedata.normalize("NFKC", text.lstrip(" \u00a0\u200b\ufeff"))[:1]
    return f"'{text}" if len(text) > 1 and (text[0] in FORMULA or begins in FORMULA) else text
