"""Cells of the tables that people open: a spreadsheet must not take what somebody typed as their name for a formula."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """The same text, as text also to a spreadsheet."""
    return f"'{text}" if len(text) > 1 and text.startswith(FORMULA) else text
