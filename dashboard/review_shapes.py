"""Small pictures of the review page as plain numbers: a runner's way along the course, waves. Each is said in words beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync_jobs.approvals import Screen
from sync_jobs.results import ContestFacts, Point, ResultRow
from sync_jobs.review.words import clock

WIDE, HIGH = 1000, 24
SLOWEST, FASTEST = 0.25, 1.0  # heights of a piece at half and at double the runner's own mean
POINTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """From one reading point to the next: where it is drawn, how high, and whether its end was read."""

    x: int
    width: int
    y: int
    height: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The way of one runner: pieces for the eye, and the same in words."""

    pieces: tuple[Piece, ...]
    said: str


def course(row: ResultRow, facts: ContestFacts) -> Course | None:
    """How fast each piece was, and which points did not see them; None where the course has no points."""
    points = tuple(point for point in facts.points if point.metres)[:POINTS]
    if not points:
        return None
    seen = {split.point: _of(split, facts.basis) for split in row.splits}
    end = facts.metres or max(point.metres or 0 for point in points) or 1
    total = row.time(facts.basis)
    stops = [*points, Point(name="finish", metres=end)] if points[-1].metres != end else list(points)
    times = {**seen, "finish": total}
    pieces = _pieces(stops, times, end, total)
    said = ", ".join(
        f"{stop.name} {clock(times[stop.name]) if times.get(stop.name) is not None else 'not read'}" for stop in points
    )
    return Course(pieces=tuple(pieces), said=said)


def _of(split: Any, basis: str) -> int | None:
    first, second = (split.gun_ms, split.chip_ms) if basis == "gun" else (split.chip_ms, split.gun_ms)
    found: int | None = second if first is None else first
    return found


def _pieces(stops: list[Point], times: dict[str, int | None], end: int, total: int | None) -> list[Piece]:
    """A piece whose end was not read is low and in the colour of what is late; the next one covers both by its mean."""
    found, at, before_m, before_ms = [], 0, 0, 0
    for stop in stops:
        metres, ms = stop.metres or 0, times.get(stop.name)
        right = max(at + 1, WIDE * metres // end)
        high = 5 if ms is None else _height((metres - before_m) / max(ms - before_ms, 1), end / max(total or ms, 1))
        found.append(Piece(x=at, width=max(right - at - 6, 1), y=HIGH - high, height=high, state="late" if ms is None else "calm"))
        at = right
        if ms is not None:
            before_m, before_ms = metres, ms
    return found


def _height(speed: float, mean: float) -> int:
    share = min(max(speed / mean / 2, SLOWEST), FASTEST) if mean > 0 else SLOWEST
    return round(HIGH * share)


def waves(screen: Screen) -> list[dict[str, Any]]:
    """Each wave with how much of it finished, at most so many."""
    if screen.tally is None:
        return []
    return [
        {"name": wave.name, "people": wave.people, "finished": wave.finished, "width": WIDE * wave.finished // max(wave.people, 1)}
        for wave in screen.tally.waves
    ]


def names(screen: Screen) -> Callable[[str], str]:
    """How an entry is called in a line."""

    def person_of(entry_key: str) -> str:
        row = screen.by_entry.get(entry_key)
        if row is None:
            return f"entry {entry_key}"
        return f"{row.name or 'Without a name'}, bib {row.bib}" if row.bib else row.name or f"entry {entry_key}"

    return person_of
