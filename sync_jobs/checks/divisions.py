"""Whom an age group takes, from its name: `F 40-44`, `80+`, `14 and under`. Whether somebody belongs there, checks say."""

from __future__ import annotations

import re

OLDEST = 150
FORMS = (
    (re.compile(r"(\d{1,3})\s*(?:-|–|—|to)\s*(\d{1,3})"), lambda low, high: (low, high)),
    (re.compile(r"(\d{1,3})\s*(?:\+|(?:and|&|or)\s+(?:over|up|older|above))"), lambda low: (low, OLDEST)),
    (re.compile(r"(?:over|from)\s+(\d{1,3})"), lambda low: (low, OLDEST)),
    (re.compile(r"(\d{1,3})\s*(?:and|&|or)\s+(?:under|younger|below)"), lambda high: (0, high)),
    (re.compile(r"(?:under|below|\bu)[\s-]*(\d{1,3})"), lambda above: (0, above - 1)),
    (re.compile(r"(?<!\d)(\d{2})(\d{2})(?!\d)"), lambda low, high: (low, high)),
)
"""Forms in which groups are written, and the ages that they hold; both ends belong to it."""
WORDS = (
    ("M", re.compile(r"(?<![a-z])(?:m|men|man|males?|boys?)(?![a-z])")),
    ("F", re.compile(r"(?<![a-z])(?:f|w|women|woman|females?|girls?)(?![a-z])")),
    ("X", re.compile(r"(?<![a-z])(?:x|nb|non-?\s?binary)(?![a-z])")),
)
"""How a group says whose it is. One that says two of them, or none, is everybody's."""


def gender(division: str | None) -> str | None:
    """M, F or X; None where the name does not say, or says more than one."""
    text = (division or "").casefold()
    found = [code for code, word in WORDS if word.search(text)]
    return found[0] if len(found) == 1 else None


def ages(division: str | None) -> tuple[int, int] | None:
    """The youngest and the oldest who belong there, or None where the name does not say (`Masters`, `M40`)."""
    text = (division or "").casefold()
    for form, bounds in FORMS:
        if found := form.search(text):
            low, high = bounds(*map(int, found.groups()))
            return (low, high) if low <= high else None
    return None
