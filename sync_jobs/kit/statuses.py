"""How somebody's race stands, in our words, and each scoring provider's word for it. Data; deciding is left to others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Allowed(NamedTuple):
    """What may stand beside a status: `required`, `yes`, `splits` (only those), `no`; and whether a rank may."""

    time: str
    rank: bool


STATUSES: Mapping[str, Allowed] = {
    "FINISHED": Allowed("required", rank=True),
    "RUNNING": Allowed("splits", rank=False),
    "NOT_SEEN": Allowed("no", rank=False),
    "DNS": Allowed("no", rank=False),
    "DNF": Allowed("splits", rank=False),
    "DQ": Allowed("no", rank=False),  # there is one, but nobody sees it
    "NC": Allowed("yes", rank=False),
    "OTL": Allowed("yes", rank=False),
    "HELD": Allowed("yes", rank=False),
}
"""FINISHED crossed the line; RUNNING was seen on the way; NOT_SEEN is entered and was not; NC runs without being ranked; OTL came
in after the limit; HELD is under review. Having no finish time is no DNF."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "chronotrack": {
        "CONF": "NOT_SEEN", "FIN": "NOT_SEEN", "DNS": "DNS", "DNF": "DNF", "DQ": "DQ", "DSQ": "DQ", "DISQ": "DQ", "NC": "NC",
    },
    "copernico": {
        "FINISHED": "FINISHED", "NOTSTARTED": "NOT_SEEN", "RUNNING": "RUNNING", "STARTED": "RUNNING", "ACTIVE": "RUNNING",
        "RETIRED": "DNF", "DNF": "DNF", "DNS": "DNS", "DISQUALIFIED": "DQ", "DSQ": "DQ", "DQ": "DQ", "QUARANTINE": "HELD",
    },
}  # fmt: skip
"""Their word in capitals, and ours. An entry at ChronoTrack is confirmed or finished by its result, not by its word: whoever has a
time finished. A word that is not here is never taken for a finish."""


def status_of(provider: str, word: str | None, *, finished: bool, started: bool = False) -> str | None:
    """Our status of somebody with that word; None for a word that nobody has told us."""
    found = WORDS[provider].get((word or "").strip().upper()) if word else "NOT_SEEN"
    if found in {"NOT_SEEN", "RUNNING"}:
        return "FINISHED" if finished else "RUNNING" if started else found
    return found
