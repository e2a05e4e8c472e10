"""How long a distance is, however a provider wrote it: `5K`, `13.1 Miles`, `Half Marathon`, `5000`. Knows no contest."""

from __future__ import annotations

import re

from sync_jobs.pairing.names import plain

UNITS = {
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1.0),
    **dict.fromkeys(("k", "km", "kms", "kilometer", "kilometers", "kilometre", "kilometres"), 1000.0),
    **dict.fromkeys(("mi", "mile", "miles", "miler"), 1609.344),
    **dict.fromkeys(("yd", "yard", "yards"), 0.9144),
}
NAMED = {"half": 21_097.5, "marathon": 42_195.0}
WRITTEN = re.compile(rf"(?<![\d.,])(\d+(?:[.,]\d+)?)[\s-]*({'|'.join(sorted(UNITS, key=len, reverse=True))})\b", re.IGNORECASE)
BARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*")
LEAST_BARE = 100.0  # a number without a unit is metres, as scoring systems write it; `5` alone says nothing


def metres(text: str | None) -> float | None:
    """The length that a text names, or None where it names none. Of several the longest: `5K & 10K` is no 5K."""
    if bare := BARE.fullmatch(text or ""):
        return value if (value := float(bare[1])) >= LEAST_BARE else None
    return _in_words(text)


def _in_words(text: str | None) -> float | None:
    written = [float(number.replace(",", ".")) * UNITS[unit.lower()] for number, unit in WRITTEN.findall(text or "")]
    if written:
        return max(written) or None
    words = plain(text).split()
    return next((length for word, length in NAMED.items() if word in words), None)


def of_contest(distance: str | None, name: str | None) -> float | None:
    """A contest's length: what is said of it, else what its name says in words."""
    return metres(distance) or _in_words(name)


def apart(one: float, other: float) -> float:
    """By what share of the longer one two lengths differ."""
    return abs(one - other) / max(one, other)
