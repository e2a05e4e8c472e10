"""Lists of registrations as a provider would have them at an instant, already written as JSON and kept until something changes.

What a row looks like is the provider's module's; a page is a slice of ready bytes, so that serving costs next to nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_jobs.sandbox.things import Contest, Moment, Registration, State, state_at
from sync_jobs.sandbox.world import World

Write = Callable[[Registration, State], bytes]
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Line:
    """One registration at an instant, and its JSON."""

    key: int
    state: State
    registration: Registration
    row: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everybody on a board, in order of their numbers, true from one instant until just before another."""

    since: float
    until: float
    revision: int
    lines: tuple[Line, ...]
    keys: tuple[int, ...]
    bodies: dict[Any, bytes] = field(default_factory=dict)  # whole answers that were already put together

    def after(self, key: int) -> Sequence[Line]:
        """Those with a higher number."""
        return self.lines[bisect_right(self.keys, key) :]


class Board:
    """Some contests' registrations in one form. `wanted` says which states belong on it."""

    def __init__(self, world: World, contests: Sequence[Contest], write: Write, wanted: Callable[[State], bool]) -> None:
        self.world, self.contests, self.write, self.wanted = world, contests, write, wanted
        self._written: dict[int, Line] = {}
        self._snapshot: Snapshot | None = None

    def at(self, now: Moment) -> Snapshot:
        """The board at that instant."""
        held = self._snapshot
        if held is None or held.revision != self.world.revision or not held.since <= now < held.until:
            with self.world.lock:
                held = self._snapshot = self._look(now)
        return held

    def _look(self, now: Moment) -> Snapshot:
        since, until, lines = 0.0, FOREVER, []
        everybody = sorted((one for contest in self.contests for one in contest.registrations), key=lambda one: one.key)
        for registration in everybody:
            before, after = _window(registration, now)
            since, until = max(since, before), min(until, after)
            state = state_at(registration, now)
            if state is not None and self.wanted(state):
                lines.append(self._line(registration, state))
        return Snapshot(since, until, self.world.revision, tuple(lines), tuple(line.key for line in lines))

    def _line(self, registration: Registration, state: State) -> Line:
        known = self._written.get(registration.key)
        if known is None or known.state != state:
            known = self._written[registration.key] = Line(registration.key, state, registration, self.write(registration, state))
        return known


def _window(registration: Registration, now: Moment) -> tuple[float, float]:
    """The latest thing that has happened to a registration by now, and the next that will."""
    before, after = 0.0, FOREVER
    if registration.registered_at > now:
        return before, registration.registered_at
    before = registration.registered_at
    for change in registration.changes:
        if change.at > now:
            return before, change.at
        before = change.at
    return before, after
