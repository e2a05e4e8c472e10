"""From where on a check speaks: its numbers, by profile of the contest, in versions. Data; what they are compared with is theirs.

A partner may only tighten: each number says in which direction it is stricter, and their looser one is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

PROFILES = ("road", "trail", "ultra", "walk", "kids", "wheel", "relay")
VERSION = 1
"""Grows whenever a number changes; the numbers of each version stay, so that old findings can be explained."""


class Threshold(NamedTuple):
    """A number, and whether a `lower` or a `higher` one is stricter."""

    value: float
    tighter: str

    def with_own(self, own: float | None) -> float:
        """The partner's number where it is the stricter one."""
        if own is None or not isfinite(own):
            return self.value
        return min(self.value, own) if self.tighter == "lower" else max(self.value, own)


Named = Mapping[str, Threshold]
Own = Mapping[str, Mapping[str, float]]
"""Numbers by check and name, as a partner wrote them."""


def at_most(value: float) -> Threshold:
    """Above it is odd: a lower one is stricter."""
    return Threshold(value, "lower")


def at_least(value: float) -> Threshold:
    """Below it is odd: a higher one is stricter."""
    return Threshold(value, "higher")


# `percent` goes with `rows`: more than both is odd. Seconds are seconds, `ms` milliseconds.
ROAD: Mapping[str, Named] = {
    "many": {"percent": at_most(1), "rows": at_most(20)},  # more rows with the same oddity are one cause, not many cases
    "P02": {"days": at_most(1)},
    "P03": {"percent": at_least(50)},
    "M01": {"percent": at_most(2), "rows": at_most(10), "top": at_least(10)},
    "M03": {"likeness": at_least(0.80)},
    "M05": {"years": at_most(2)},
    "T02": {"ms": at_most(1000), "percent": at_most(0.5), "rows": at_most(3)},
    "T04": {
        "fastest_percent": at_most(5), "warn_percent": at_most(5), "block_percent": at_most(25), "rows": at_most(3),
    },
    # the least seconds for a length; in between and beyond see `timing`
    "T05": {
        "400m": at_least(43), "mile": at_least(220), "5k": at_least(750), "10k": at_least(1560), "half": at_least(3360),
        "marathon": at_least(7140),
    },
    "T06": {"finishers": at_most(100), "places": at_least(3), "percent": at_most(3), "seconds": at_most(60)},
    "T07": {"times_floor": at_most(4), "hours": at_least(3)},
    "T08": {"early_seconds": at_most(60), "late_seconds": at_most(900), "told_seconds": at_most(10)},
    "T09": {"places": at_least(10), "faster": at_most(5)},
    "T11": {"grace_seconds": at_most(0)},
    "L02": {"percent": at_most(35), "metres": at_most(4000), "percent_of_distance": at_most(15)},
    "L03": {"metres": at_most(4000)},
    "L05": {"percent": at_most(2), "times_median": at_most(5), "most_percent": at_most(50), "rows": at_most(3)},
    "L09": {"times_pace": at_most(2.5), "seconds": at_most(600)},
    "R02": {"percent": at_most(0.1), "ms": at_most(1000)},
    "R03": {"percent": at_most(0.5), "rows": at_most(1)},
    "D05": {"youngest": at_least(5), "oldest": at_most(95)},
    "D06": {"youngest": at_least(10), "oldest": at_most(70), "places": at_least(10), "finishers": at_most(50)},
    # `half_percent` holds up to the half marathon, `long_percent` beyond
    "G01": {
        "starters": at_most(50), "half_percent": at_least(85), "long_percent": at_least(80), "block_percent": at_least(60),
        "quiet_seconds": at_most(1800),
    },
    "G05": {"finishers": at_most(500), "seconds": at_most(60), "times_usual": at_most(10), "central_percent": at_least(80)},
    "G08": {"percent": at_most(1), "few": at_most(2), "rows": at_most(10)},
    "V01": {"percent": at_most(0.2), "rows": at_most(3)},
    "V03": {"percent": at_most(1), "rows": at_most(3)},
    "V04": {"percent": at_most(95), "rows": at_most(5)},
}  # fmt: skip

ELSEWHERE: Mapping[str, Own] = {
    "trail": {"L02": {"percent": 60}, "G01": {"half_percent": 75, "long_percent": 75, "block_percent": 50}},
    "ultra": {"L02": {"percent": 80}, "G01": {"half_percent": 50, "long_percent": 50, "block_percent": 30}},
    "wheel": {"L02": {"percent": 60}},
    "kids": {"D05": {"youngest": 1}},
}
"""By profile: what differs from the road, as plain numbers; the direction stays."""


def _profile(profile: str) -> Mapping[str, Named]:
    differs = ELSEWHERE.get(profile, {})
    return {
        check_id: {name: found._replace(value=differs.get(check_id, {}).get(name, found.value)) for name, found in named.items()}
        for check_id, named in ROAD.items()
    }


THRESHOLDS: Mapping[int, Mapping[str, Mapping[str, Named]]] = {VERSION: {profile: _profile(profile) for profile in PROFILES}}


def of(profile: str, own: Own, version: int = VERSION) -> Mapping[str, Mapping[str, float]]:
    """The numbers that hold for a contest of that profile: a partner's own counts only where it is stricter."""
    table = THRESHOLDS[version]
    return {
        check_id: {name: found.with_own(own.get(check_id, {}).get(name)) for name, found in named.items()}
        for check_id, named in table.get(profile, table["road"]).items()
    }
