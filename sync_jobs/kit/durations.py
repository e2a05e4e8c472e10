"""Read a duration as timing systems write it: milliseconds, a status word, or nothing. Whether it makes sense is left to checks.

One grammar for every provider. What is not certain is no duration: nothing is guessed by its size, and nothing is rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sync_jobs.errors import UnreadableRow

NOTHING = frozenset({"", "-", "--", "—", "none", "null", "n/a", "nt"})
STATUS_WORDS: Mapping[str, str] = {
    "DNF": "DNF", "RET": "DNF", "DNS": "DNS", "DQ": "DQ", "DSQ": "DQ", "DISQ": "DQ", "DNQ": "NC", "NC": "NC", "OTL": "OTL",
}  # fmt: skip
"""Words that stand where a time should, and our status for each."""
SAME = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " ", "：": ":", "−": "-"})

_DIGIT = "[0-9]"
_FRACTION = rf"(?:[.,](?P<fraction>{_DIGIT}{{1,6}}))?"
_HMS = rf"(?P<hours>{_DIGIT}{{1,3}}):(?P<minutes>[0-5]{_DIGIT}):(?P<seconds>[0-5]{_DIGIT}){_FRACTION}"
_MS = rf"(?P<minutes>{_DIGIT}{{1,4}}):(?P<seconds>[0-5]{_DIGIT}){_FRACTION}"
_ISO = rf"PT(?=[0-9])(?:(?P<hours>{_DIGIT}+)H)?(?:(?P<minutes>{_DIGIT}+)M)?(?:(?P<seconds>{_DIGIT}+){_FRACTION}S)?"
FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"(?P<days>{_DIGIT}{{1,3}})(?: days?,? |\.| ){_HMS}",
        rf"(?P<sign>[+-])?{_HMS}",
        rf"(?P<sign>[+-])?{_MS}",
        rf"(?P<sign>[+-])?{_ISO}",
    )
)
"""Days first, since `1.00:36:02` is a day and not a fraction. Two parts are always minutes and seconds."""
UNITS: Mapping[str, int] = {"ms": 1, "s": 1000, "decimal_minutes": 60_000}
NUMBER = re.compile(r"([+-])?([0-9]{1,15})(?:[.,]([0-9]{1,9}))?", re.ASCII)


class Time(NamedTuple):
    """What stands in a time field: `ms`, or `status` (DNF, DNS, DQ, NC, OTL), or neither. Zero is no time."""

    ms: int | None = None
    status: str | None = None


NO_TIME = Time()


def read(value: Any, field: str, unit: str | None = None) -> Time:
    """A time field. A bare number is one only where the field's `unit` is known: ms, s, decimal_minutes."""
    if value is None:
        return NO_TIME
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnreadableRow(field, "is no time")
    text = str(value).translate(SAME).strip()
    if text.lower() in NOTHING:
        return NO_TIME
    if status := STATUS_WORDS.get(text.upper()):
        return Time(status=status)
    ms = _number(text, unit) if unit else None
    ms = _duration(text) if ms is None else ms
    if ms is None:
        raise UnreadableRow(field, "is no time")
    return Time(ms or None)


def written(ms: int) -> str:
    """`HH:MM:SS`, with milliseconds where there are any; hours are a running number."""
    sign, (whole, rest) = "-" if ms < 0 else "", divmod(abs(ms), 1000)
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}" + (f".{rest:03d}" if rest else "")


def _duration(text: str) -> int | None:
    found = next((match for form in FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    part = {name: value for name, value in found.groupdict().items() if value}
    days, hours = int(part.get("days", 0)), int(part.get("hours", 0))
    if days and hours >= 24:
        return None
    whole = ((days * 24 + hours) * 60 + int(part.get("minutes", 0))) * 60 + int(part.get("seconds", 0))
    ms = whole * 1000 + int(part.get("fraction", "")[:3].ljust(3, "0"))
    return -ms if part.get("sign") == "-" else ms


def _number(text: str, unit: str) -> int | None:
    """A bare number of that unit, cut to milliseconds."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction = found.groups("")
    ms: int = int(whole + fraction) * UNITS[unit] // 10 ** len(fraction)
    return -ms if sign == "-" else ms
