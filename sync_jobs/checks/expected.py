"""Checks of times against what was expected (T): last year's winners and the time limit. Impossible times are `timing`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nsmallest

from sync_jobs.checks.amounts import counted, span
from sync_jobs.checks.base import Check, Field, Finding, said

GENDERS: Mapping[str, str] = {"M": "men", "F": "women", "X": "non-binary runners"}


def faster_than_history(field: Field) -> Iterable[Finding]:
    """T09: many of the first beat the last winner: more often the clock than the legs."""
    places, faster = int(field.limit("T09", "places")), field.limit("T09", "faster")
    for gender, winner in field.last_winners.items():
        timed = [(ms, row) for row in field.finishers if row.gender == gender and (ms := row.time(field.facts.basis)) is not None]
        first = nsmallest(places, timed, key=lambda one: one[0])
        beating = [row for ms, row in first if ms < winner]
        if len(beating) >= faster:
            sentence = (
                f"{len(beating)} of the top {places} {GENDERS.get(gender, gender)} beat last year's winner, who had "
                f"{span(winner)}. Did the clock start late?"
            )
            yield said("T09", "warn", sentence, rows=beating, gender=gender, winner_ms=winner)


def over_cut_off(field: Field) -> Iterable[Finding]:
    """T11: people finished after the limit. What becomes of them is the director's decision."""
    limit, grace = field.facts.cutoff_ms, field.limit("T11", "grace_seconds") * 1000
    if limit is None:
        return
    late = [(row.gun_ms - limit, row) for row in field.finishers if row.gun_ms is not None and row.gun_ms > limit + grace]
    if late:
        first = min(ms for ms, _ in late)
        sentence = (
            f"{counted(len(late), 'person', 'people')} finished after the limit of {span(limit)}, the first {span(first)} late."
        )
        yield said("T11", "warn", sentence, rows=[row for _, row in late], limit_ms=limit, first_ms=first)


CHECKS = (
    Check(check_id="T09", name="faster-than-history", rule=faster_than_history),
    Check(check_id="T11", name="over-cut-off", rule=over_cut_off),
)
