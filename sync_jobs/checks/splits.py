"""Checks of splits and legs (L): whether somebody's way fits together, and whether a point read at all. Times are `timing`'s.

Missing reads are said as missing reads: a failed point looks just like many cheats.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

from sync_jobs.checks.amounts import counted, listed, opening, share, span
from sync_jobs.checks.base import Check, Field, Finding, said
from sync_jobs.checks.cases import Case, findings
from sync_jobs.checks.course import FINISH, START, Course, Leg, Read, points
from sync_jobs.checks.timing import floor_ms
from sync_jobs.results import ResultRow, Version

ON_COURSE = frozenset({"FINISHED", "RUNNING", "DNF", "OTL", "NC", "HELD"})
NOT_ALONE = frozenset({"kids", "relay"})  # nobody's own pace: played, or run by several


class Outage(NamedTuple):
    """A point that did not read for many."""

    point: str
    missing: int
    finishers: int
    elsewhere: float  # rows that another point usually misses


def split_order(field: Field) -> Iterable[Finding]:
    """L01: somebody is at a later point at an earlier time."""
    course, cases = Course(field.facts), defaultdict(list)
    for row in field.version.rows:
        if row.splits and row.status in ON_COURSE and (pair := _disorder(*course.way(row))):
            before, after = pair
            words = "comes earlier on the course" if after.point != FINISH else "comes before it"
            sentence = (
                f"{opening(row)} has {after.point} at {span(after.ms)}, and {before.point}, which {words}, at {span(before.ms)}."
            )
            point = before.point if after.point == FINISH else after.point
            cases[point].append(Case(row=row, sentence=sentence, numbers={"point": point, "ms": after.ms, "before_ms": before.ms}))
    yield from _by_point(field, "L01", "block", cases, "times out of order")


def _disorder(reads: list[Read], finish: int | None) -> tuple[Read, Read] | None:
    """The first two reads of which the later is not later."""
    ends = [Read(0, FINISH, finish)] if finish is not None else []
    way = [Read(0, START, 0), *reads, *ends]
    return next((pair for pair in pairwise(way) if pair[1].ms <= pair[0].ms), None)


def legs(field: Field) -> list[tuple[ResultRow, list[Leg]]]:
    """Every finisher's way in pieces, of those whose way is known."""
    course = Course(field.facts)
    return [(row, found) for row in field.finishers if row.splits and (found := list(course.legs(row)))]


def surge(field: Field) -> Iterable[Finding]:
    """L02: a piece of the way much faster than the whole."""
    cases, metres, least = defaultdict(list), field.facts.metres or 0, _least(field)
    allowed = 1 + Fraction(str(field.limit("L02", "percent"))) / 100
    for row, way in field.once(legs):
        whole = sum(leg.ms for leg in way)
        leg = max((leg for leg in way if leg.metres >= least and leg.ms > 0), key=lambda leg: leg.metres / leg.ms, default=None)
        if leg and leg.metres * whole * allowed.denominator > allowed.numerator * metres * leg.ms:
            more = round((leg.metres * whole / (leg.ms * metres) - 1) * 100)
            sentence = (
                f"{opening(row)} took {span(leg.ms)} from {leg.begins} to {leg.ends}, {more} % faster than over the whole distance."
            )
            cases[_between(leg)].append(Case(row=row, sentence=sentence, numbers=_numbers(leg, percent=more)))
    yield from _by_point(field, "L02", "warn", cases, "a piece of the way much faster than the whole", lifts=True)


def _least(field: Field) -> float:
    """The metres from which a piece of the way says something."""
    return min(field.limit("L02", "metres"), field.limit("L02", "percent_of_distance") * (field.facts.metres or 0) / 100)


def segment_floor(field: Field) -> Iterable[Finding]:
    """L03: a piece of the way faster than anybody runs one of that length."""
    cases, floors, least = defaultdict(list), dict[int, float](), field.limit("L03", "metres")
    for row, way in field.once(legs):
        for leg in way:
            if leg.metres < least or leg.ms <= 0:
                continue
            if leg.metres not in floors:
                floors[leg.metres] = float(floor_ms(replace(field, facts=replace(field.facts, metres=leg.metres))) or 0)
            if leg.ms < floors[leg.metres]:
                sentence = (
                    f"{opening(row)} took {span(leg.ms)} from {leg.begins} to {leg.ends}: nobody runs {leg.metres:,} m so fast."
                )
                cases[_between(leg)].append(Case(row=row, sentence=sentence, numbers=_numbers(leg)))
                break
    yield from _by_point(field, "L03", "warn", cases, "a piece of the way faster than anybody can run", lifts=True)


def missing_two(field: Field) -> Iterable[Finding]:
    """L04: two points in a row, or more, did not read somebody. Points that did not read for many do not count."""
    silent = {outage.point for outage in field.once(outages)}
    required = [point.name for point in points(field.facts) if point.is_required and point.name not in silent]
    read_at = field.once(_read_at)
    if len(required) < 2 or not any(read_at.values()):
        return
    cases = [
        Case(row=row, sentence=f"{opening(row)} has no read at {listed(gone)}.", numbers={"points": gone})
        for row in field.finishers
        if (gone := _gone(required, read_at[row.entry_key]))
    ]
    together = f"{counted(len(cases), 'finisher has', 'finishers have')} no read at two points in a row, or more."
    yield from findings(field, "L04", "warn", cases, together, lifts=True)


def _gone(required: list[str], read: frozenset[str]) -> list[str]:
    """All points that are missing with a neighbour."""
    if read.issuperset(required):
        return []
    runs = [list(run) for is_read, run in groupby(required, key=read.__contains__) if not is_read]
    return [point for run in runs if len(run) > 1 for point in run]


def mat_outage(field: Field) -> Iterable[Finding]:
    """L05: a point missed far more people than the others did."""
    for one in field.once(outages):
        elsewhere = share(round(one.elsewhere), one.finishers)
        sentence = (
            f"{one.point} did not read for {counted(one.missing, 'runner')}: {share(one.missing, one.finishers)} of the finishers, "
            f"where another point misses {elsewhere}. That says nothing against them."
        )
        yield said("L05", "warn", sentence, point=one.point, missing=one.missing, finishers=one.finishers)


def outages(field: Field) -> list[Outage]:
    """The points that did not read. Where no point read anybody, there are no splits rather than outages."""
    names = [point.name for point in points(field.facts) if point.is_required]
    reads = Counter(point for read in field.once(_read_at).values() for point in read)
    finishers = len(field.finishers)
    if not any(reads[name] for name in names):
        return []
    missing = {name: finishers - reads[name] for name in names}
    found = []
    for name in names:
        elsewhere = float(median([count for other, count in missing.items() if other != name] or [0]))
        if missing[name] > _bearable(field, finishers, elsewhere):
            found.append(Outage(name, missing[name], finishers, elsewhere))
    return found


def _bearable(field: Field, finishers: int, elsewhere: float) -> Fraction:
    """How many a point may miss. Never most of them, however bad the others are."""

    def limit(name: str) -> Fraction:
        return Fraction(str(field.limit("L05", name)))

    usual = max(limit("percent") * finishers / 100, limit("times_median") * Fraction(str(elsewhere)))
    return max(min(usual, limit("most_percent") * finishers / 100), limit("rows"))


def _read_at(field: Field) -> dict[str, frozenset[str]]:
    return {row.entry_key: frozenset(split.point for split in row.splits) for row in field.finishers}


def foreign_point(field: Field) -> Iterable[Finding]:
    """L08: somebody was read where only another distance passes."""
    cases = []
    for row in field.version.rows:
        there = [split.point for split in row.splits if split.point in field.foreign_points]
        if there:
            sentence = f"{opening(row)} was read at {listed(there)}, where only another distance passes."
            cases.append(Case(row=row, sentence=sentence, numbers={"points": there}))
    together = f"{counted(len(cases), 'runner was', 'runners were')} read at points that only another distance passes."
    yield from findings(field, "L08", "warn", cases, together, lifts=True)


def second_crossing(field: Field) -> Iterable[Finding]:
    """L09: the last piece took so long that somebody may have crossed the line a second time."""
    slow = {row.entry_key: case for row, way in field.once(legs) if (case := _slow_end(field, row, way))}
    before = field.live or field.newest
    later = [
        case for row in field.finishers if before and row.entry_key not in slow and (case := _later_finish(field, before, row))
    ]
    cases = [*slow.values(), *later]
    yield from findings(field, "L09", "warn", cases, f"{counted(len(cases), 'finisher')} may have crossed the line twice.")


def _slow_end(field: Field, row: ResultRow, way: list[Leg]) -> Case | None:
    """Against the pace up to the last point before the finish."""
    last = way[-1]
    if last.ms <= _patience(field):
        return None
    metres, ms = sum(leg.metres for leg in way[:-1]), sum(leg.ms for leg in way[:-1])
    if last.ms * metres <= Fraction(str(field.limit("L09", "times_pace"))) * ms * last.metres:
        return None
    sentence = f"{opening(row)} took {span(last.ms)} from {last.begins} to the finish, far slower than before: a second crossing?"
    return Case(row=row, sentence=sentence, numbers=_numbers(last))


def _later_finish(field: Field, version: Version, row: ResultRow) -> Case | None:
    """Against the finish that scoring had for them before."""
    before = version.by_entry.get(row.entry_key)
    old, new = (before.time(field.facts.basis) if before and before.is_finisher else None), row.time(field.facts.basis)
    if old is None or new is None or new - old <= _patience(field):
        return None
    sentence = f"{opening(row)} had finished in {span(old)} and has {span(new)} now: a second crossing?"
    return Case(row=row, sentence=sentence, numbers={"before_ms": old, "ms": new})


def _patience(field: Field) -> float:
    return field.limit("L09", "seconds") * 1000


def _between(leg: Leg) -> str:
    """The point to blame if many are odd there."""
    return leg.begins if leg.ends == FINISH else leg.ends


def _numbers(leg: Leg, **more: int) -> dict[str, int | str]:
    return {"begins": leg.begins, "ends": leg.ends, "metres": leg.metres, "ms": leg.ms, **more}


def _by_point(
    field: Field, check_id: str, severity: str, cases: dict[str, list[Case]], what: str, *, lifts: bool = False
) -> Iterator[Finding]:
    """Many at one point are that point's fault."""
    for point, those in cases.items():
        together = (
            f"{counted(len(those), 'runner has', 'runners have')} {what} at {point}: the point is more likely wrong than they are."
        )
        yield from findings(field, check_id, severity, those, together, lifts=lifts)


CHECKS = (
    Check(check_id="L01", name="split-order", rule=split_order),
    Check(check_id="L02", name="surge", rule=surge, escalates=True, skips=NOT_ALONE),
    Check(check_id="L03", name="segment-floor", rule=segment_floor, escalates=True, skips=NOT_ALONE | {"wheel"}),
    Check(check_id="L04", name="missing-two", rule=missing_two, escalates=True),
    Check(check_id="L05", name="mat-outage", rule=mat_outage),
    Check(check_id="L08", name="foreign-point", rule=foreign_point, escalates=True),
    Check(check_id="L09", name="second-crossing", rule=second_crossing),
)
