"""The limits of checks as a table: what the profiles say, what the partner says instead, and in which direction it is stricter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from sync_jobs.approvals import limits
from sync_jobs.approvals.limits import Limit
from sync_jobs.checks.running import CHECKS
from sync_jobs.checks.thresholds import THRESHOLDS, VERSION
from sync_jobs.models import CheckThreshold, db

FAMILIES = {
    "P": "What was read", "M": "Who is who", "T": "Times", "L": "Splits", "R": "Places", "D": "Age groups", "G": "The whole field",
    "V": "Against what is public",
}  # fmt: skip
NAMES = {check.check_id: check.name.replace("-", " ") for check in CHECKS}
WORDS = {
    "percent": "% of rows", "rows": "rows", "ms": "milliseconds", "seconds": "seconds", "metres": "metres", "places": "places",
    "finishers": "finishers", "top": "first places", "years": "years", "days": "days", "hours": "hours",
    "likeness": "likeness, 0 to 1",
    "faster": "faster than the year before", "youngest": "youngest, years", "oldest": "oldest, years", "few": "rows, at least",
    "starters": "starters", "times_floor": "times the fastest possible", "times_median": "times the median",
    "times_pace": "times the own pace", "times_usual": "times the usual gap", "400m": "seconds for 400 m",
    "mile": "seconds for a mile", "5k": "seconds for 5 km", "10k": "seconds for 10 km", "half": "seconds for a half marathon",
    "marathon": "seconds for a marathon", "half_percent": "% finish, to the half marathon", "long_percent": "% finish, beyond it",
    "block_percent": "%, from there on it stops", "warn_percent": "%, from there on it warns",
    "fastest_percent": "% of the fastest", "most_percent": "% at most", "quiet_seconds": "seconds without a finisher",
    "early_seconds": "seconds early", "late_seconds": "seconds late", "told_seconds": "seconds off what scoring told",
    "grace_seconds": "seconds of grace", "percent_of_distance": "% of the distance", "central_percent": "% of the middle",
}  # fmt: skip
MANY = "many"  # no check of its own: from where on many cases are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One limit."""

    limit: Limit
    check: str  # T02
    about: str  # what the check is about
    word: str  # what the number counts
    value: float  # the road's
    others: str  # where other profiles differ: "trail 60, ultra 80"
    tighter: str  # lower or higher
    typed: str  # the own one
    wrong: str
    holds_in: str  # where the own one is the stricter, if not everywhere

    @property
    def field(self) -> str:
        """The name of its field."""
        return ".".join(self.limit)


def every() -> Iterator[Limit]:
    """All limits that there are."""
    for check_id, named in THRESHOLDS[VERSION]["road"].items():
        for name in named:
            yield check_id, name


def kept(timing_partner_id: int) -> dict[Limit, CheckThreshold]:
    """What a partner chose."""
    mine = select(CheckThreshold).where(CheckThreshold.timing_partner_id == timing_partner_id, CheckThreshold.value != "")
    return {(row.check_id, row.name): row for row in db.session.scalars(mine)}


def read(typed: Mapping[str, str]) -> tuple[dict[Limit, float | None], dict[Limit, str]]:
    """What was typed, and what is wrong with it, by limit. A limit that was not in the form stays as it is."""
    wanted: dict[Limit, float | None] = {}
    wrong: dict[Limit, str] = {}
    for limit in every():
        text = typed.get(".".join(limit))
        if text is None:
            continue
        own = _number(text)
        wanted[limit] = own
        if own is not None and not math.isfinite(own):
            wrong[limit] = "Type a number, or leave it empty."
        elif own is not None and not limits.stricter_in(limit, own):
            wrong[limit] = _looser(limit)
    return wanted, wrong


def _number(text: str) -> float | None:
    """As typed; NaN where it is no number."""
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return math.nan


def _looser(limit: Limit) -> str:
    one = limits.of_profiles(limit)["road"]
    return f"Only {'below' if one.tighter == 'lower' else 'above'} {one.value:g}: a partner can be stricter, never looser."


def lines(typed: Mapping[Limit, str], wrong: Mapping[Limit, str]) -> list[tuple[str, list[Line]]]:
    """The whole table, by family."""
    by_family: dict[str, list[Line]] = {}
    for limit in every():
        family = "All checks" if limit[0] == MANY else FAMILIES.get(limit[0][0], "Others")
        by_family.setdefault(family, []).append(_line(limit, typed.get(limit, ""), wrong.get(limit, "")))
    return list(by_family.items())


def _line(limit: Limit, typed: str, wrong: str) -> Line:
    profiles = limits.of_profiles(limit)
    road = profiles["road"]
    others = ", ".join(f"{profile} {one.value:g}" for profile, one in profiles.items() if one.value != road.value)
    about = "from there on cases are one cause" if limit[0] == MANY else NAMES.get(limit[0], "")
    return Line(
        limit=limit, check="" if limit[0] == MANY else limit[0], about=about, word=WORDS.get(limit[1], limit[1].replace("_", " ")),
        value=road.value, others=others, tighter=road.tighter, typed=typed, wrong=wrong,
        holds_in=_holds(limit, typed) if typed and not wrong else "",
    )  # fmt: skip


def _holds(limit: Limit, typed: str) -> str:
    own = _number(typed)
    found = () if own is None else limits.stricter_in(limit, own)
    return "" if len(found) == len(limits.of_profiles(limit)) else f"holds for {', '.join(found) or 'nothing any more'}"
