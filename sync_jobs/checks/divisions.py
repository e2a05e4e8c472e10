"""Which ages an age group takes, from its name: `F 40-44`, `80+`, `14 and under`. Whose group it is, is left to the checks."""

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


def ages(division: str | None) -> tuple[int, int] | None:
    """The youngest and the oldest who belong there, or None where the name does not say (`Masters`, `M40`)."""
    text = (division or "").casefold()
    for form, bounds in FORMS:
        if found := form.search(text):
            low, high = bounds(*map(int, found.groups()))
            return (low, high) if low <= high else None
    return None
