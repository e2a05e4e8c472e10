"""Times and ranks of one person in one event, out of both forms that Copernico has for them.

Three kinds of time stand side by side: elapsed milliseconds, instants as epoch milliseconds, and the gun as ISO text. 0 and
null are "not read"; official is from the gun, net (real) from the own start. Which column they go to is left to `mapping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sync_jobs import times
from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import durations, parse
from sync_jobs.kit.base import Raw

OFFICIAL, REAL = "times.official_", "times.real_"
START, FINISH, WHOLE = ":::start:::", ":::finish:::", ":::full-1:::"
STATUSES: Mapping[str, str] = {
    "finished": "finished", "dsq": "dq", "disqualified": "dq", "dnf": "dnf", "retired": "dnf", "withdrawn": "dnf",
    "abandoned": "dnf", "dns": "dns",
}  # fmt: skip
"""Whole words only: `notstarted` contains `started`. Any other word stays as it came, and is never a finish."""
UNSEEN = "notstarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What is known of one person's race. Durations in milliseconds."""

    status: str | None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    official: int | None = None
    net: int | None = None
    overall: int | None = None
    in_gender: int | None = None
    in_category: int | None = None
    splits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def says_nothing(self) -> bool:
        """Entered and never seen: no result yet."""
        return self.status in {None, UNSEEN} and not self.splits and self.started_at is None

    @property
    def is_finish(self) -> bool:
        """Only then do a time and a place stand: the other states have none, whatever is left over of them."""
        return self.status == "finished"


def status(value: Any) -> str | None:
    """The customer's word where it is certain, else the provider's own."""
    word = parse.text(value, "status")
    return None if word is None else STATUSES.get(word.lower(), word.lower())


def elapsed(value: Any, name: str) -> int | None:
    """Milliseconds; None for what was not read. Exports write them with decimals."""
    found = durations.read(value, name, "ms").ms
    if found is not None and found < 0:
        raise UnreadableRow(name, "is negative")
    return found


def instant(value: Any, name: str) -> datetime | None:
    """An instant out of epoch milliseconds, or out of ISO text that is truly UTC."""
    if isinstance(value, str) and not value.strip().isdecimal():
        return parse.iso_instant(value, name, UTC)
    found = elapsed(value, name)
    try:
        return None if found is None else times.from_ms(found)
    except OverflowError:
        raise UnreadableRow(name, "is no date") from None


def place(value: Any, name: str) -> int | None:
    """A place; 0 means none."""
    found = parse.integer(value, name)
    return found if found and found > 0 else None


def of_event(event: Raw) -> Timed:
    """Out of an athlete's event: a member for each point in `times`, ranks by the name of the point."""
    said = status(event.get("status"))
    started = instant(event.get("startRawTime"), "startRawTime")
    named = parse.mapping(event.get("times"), "times")
    points = sorted(((name, point) for name, point in named.items() if isinstance(point, dict)), key=_order)
    final = _finish(points, event, said)
    last = named.get(final, {}) if final else {}
    ranks = parse.mapping(parse.mapping(event.get("rankings"), "rankings").get(final or ""), "rankings")
    return Timed(
        status=said, started_at=started, finished_at=instant(last.get("rawTime"), "rawTime"),
        official=elapsed(last.get("time"), "time"), net=elapsed(last.get("netTime"), "netTime") if started else None,
        overall=place(ranks.get("pos"), "pos"), in_gender=place(ranks.get("posGen"), "posGen"),
        in_category=place(ranks.get("posCat"), "posCat"),
        splits=[split for name, point in points if (split := _split(name, point))],
    )  # fmt: skip


def _order(named: tuple[str, Raw]) -> int:
    return parse.integer(named[1].get("order"), "order") or 0


def _finish(points: list[tuple[str, Any]], event: Raw, said: str | None) -> str | None:
    """The name under which the finish stands: the point at the whole distance. Without distances, the last point of a finisher."""
    length = event.get("distance")
    measured = [(name, point["distance"]) for name, point in points if length and point.get("distance")]
    whole = [name for name, distance in measured if distance == length]
    return whole[-1] if whole else points[-1][0] if points and said == "finished" and not measured else None


def _split(name: str, point: Raw) -> dict[str, Any] | None:
    found = {
        "official_ms": elapsed(point.get("time"), "time"), "net_ms": elapsed(point.get("netTime"), "netTime"),
        "at_ms": elapsed(point.get("rawTime"), "rawTime"),
    }  # fmt: skip
    if not any(found.values()):
        return None
    label = parse.text(point.get("split"), "split") or name
    return {"split": label, "metres": point.get("distance"), **{what: value for what, value in found.items() if value is not None}}


def of_row(row: Raw, gun: Any) -> Timed:
    """Out of an export's flat row, whose columns are literal names with dots, colons, blanks and commas."""
    gun_at = instant(row.get("gunTime") or gun, "gunTime")
    official, real = _columns(row, OFFICIAL), _columns(row, REAL)
    crossed, total = _crossed(row, official), official.get(FINISH)
    return Timed(
        status=status(row.get("status")), official=total, net=None if crossed is False else real.get(FINISH),
        started_at=instant(row.get("startRawTime"), "startRawTime") or _after(gun_at, official.get(START)),
        finished_at=_after(gun_at, total),
        overall=place(row.get(f"rankings_{WHOLE}"), "rankings"),
        in_gender=place(row.get(f"rankings.gen_{WHOLE}"), "rankings.gen"),
        in_category=place(row.get(f"rankings.cat_{WHOLE}"), "rankings.cat"),
        splits=[split for name in {**official, **real} if (split := _both(name, official, real))],
    )  # fmt: skip


def _columns(row: Raw, measure: str) -> dict[str, int | None]:
    return {name.removeprefix(measure): elapsed(value, name) for name, value in row.items() if name.startswith(measure)}


def _crossed(row: Raw, official: Mapping[str, int | None]) -> bool | None:
    """Whether the own start was read; None where this export has no column that would say so. Without it no net time is true."""
    if "startRawTime" not in row and START not in official:
        return None
    return bool(row.get("startRawTime") or official.get(START))


def _after(gun_at: datetime | None, elapsed_ms: int | None) -> datetime | None:
    return None if gun_at is None or elapsed_ms is None else times.from_ms(times.to_ms(gun_at) + elapsed_ms)


def _both(name: str, official: Mapping[str, int | None], real: Mapping[str, int | None]) -> dict[str, Any] | None:
    found = {"official_ms": official.get(name), "net_ms": real.get(name)}
    if not any(found.values()):
        return None
    return {"split": name.strip(":"), **{what: value for what, value in found.items() if value is not None}}
