"""Amounts as checks need them: compared exactly with a percentage, and said in a sentence. What is odd stands in the checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from sync_jobs import times
from sync_jobs.checks.base import who
from sync_jobs.results import ResultRow

SHOWN = 3  # people named in one sentence


def more(count: int, of: int, percent: float, rows: float = 0) -> bool:
    """Whether a count is more than that share of all, and than that many rows. Exactly: 2 % of 500 are 10, and 10 are not more."""
    return count > max(Fraction(str(percent)) * of / 100, Fraction(str(rows)))


def less(count: int, of: int, percent: float) -> bool:
    """Whether a count is less than that share of all."""
    return count < Fraction(str(percent)) * of / 100


def counted(count: int, one: str, many: str = "") -> str:
    """`1 result`, `4,871 results`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(count: int, of: int) -> str:
    """`52 %`, `7.5 %`, and never 0 % of somebody."""
    percent = Fraction(100 * count, of) if of else Fraction(0)
    if 0 < percent < Fraction(1, 10):
        return "less than 0.1 %"
    return f"{float(percent):.0f} %" if percent >= 10 or percent.denominator == 1 else f"{float(percent):.1f} %"


def span(ms: int) -> str:
    """A duration as people write it: `4:10`, `1:03:08`, with a fraction where there is one."""
    sign, (whole, rest) = "-" if ms < 0 else "", divmod(abs(ms), 1000)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    fraction = f".{rest:03d}".rstrip("0") if rest else ""
    return f"{sign}{hours}:{minutes:02d}:{seconds:02d}{fraction}" if hours else f"{sign}{minutes}:{seconds:02d}{fraction}"


def clock(instant: datetime, zone: str) -> str:
    """The time of day there, to the second: `09:02:00`."""
    return f"{instant.astimezone(times.zone(zone)):%H:%M:%S}"


def opening(row: ResultRow) -> str:
    """Somebody at the start of a sentence, up to its verb: `Bib 214, Ana Sample,`."""
    words = who(row)
    return words[:1].upper() + words[1:] + ("," if row.name else "")


def listed(words: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; of a long list the first ones and how many more."""
    few = [*words[:SHOWN], f"{len(words) - SHOWN:,} more"] if len(words) > SHOWN + 1 else [*words]
    return f"{', '.join(few[:-1])} and {few[-1]}" if len(few) > 1 else "".join(few)
