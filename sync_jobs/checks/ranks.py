"""Checks of places and divisions (R, D): whether places follow the times that count, and whether people are in their group.

Scoring's places are verified, never made again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import nsmallest
from itertools import groupby, pairwise
from typing import NamedTuple

from sync_jobs.checks import divisions
from sync_jobs.checks.amounts import counted, listed, more, opening, share, span
from sync_jobs.checks.base import TOP_OVERALL, Check, Field, Finding, of_row, said, who
from sync_jobs.checks.cases import Case, findings
from sync_jobs.pairing.same import age_on
from sync_jobs.results import ResultRow
from sync_jobs.review.words import ordinal

KINDS: Mapping[str, str] = {"overall": "overall", "gender": "by gender", "division": "in the divisions"}
GENDERS: Mapping[str, str] = {"M": "men", "F": "women", "X": "non-binary"}
GENDER_WORDS: Mapping[str, str] = {"M": "a man", "F": "a woman", "X": "non-binary"}


class Ranking(NamedTuple):
    """The rows of one ranking, in the order of their places."""

    kind: str  # overall, gender, division
    name: str  # women
    basis: str
    depth: int  # how many places have an award
    placed: Sequence[tuple[int, ResultRow]]


class Timed(NamedTuple):
    """A row, its place and its time on one basis."""

    place: int
    row: ResultRow
    ms: int


Pair = tuple[Ranking, Timed, Timed]


def rankings(field: Field) -> list[Ranking]:
    """All rankings in which scoring placed finishers."""
    placed: defaultdict[tuple[str, str], list[tuple[int, ResultRow]]] = defaultdict(list)
    for row in field.finishers:
        for kind, name, place in _places(row):
            if place is not None:
                placed[kind, name].append((place, row))
    return [_ranking(field, kind, name, found) for (kind, name), found in placed.items()]


def _places(row: ResultRow) -> tuple[tuple[str, str, int | None], ...]:
    gender = GENDERS.get(row.gender or "", "those without a gender")
    return (
        ("overall", "overall", row.place), ("gender", gender, row.gender_place),
        ("division", row.division or "no division", row.division_place),
    )  # fmt: skip


def _ranking(field: Field, kind: str, name: str, placed: list[tuple[int, ResultRow]]) -> Ranking:
    facts = field.facts
    basis = facts.division_basis if kind == "division" else facts.basis
    depth = {"overall": facts.overall_awards, "gender": TOP_OVERALL, "division": facts.division_awards}[kind]
    return Ranking(kind, name, basis, depth, sorted(placed, key=lambda one: (one[0], one[1].time(basis) or 0)))


def rank_sequence(field: Field) -> Iterable[Finding]:
    """R01: places are not 1, 2, 2, 4. One finding for each kind of ranking."""
    wrong: dict[str, list[tuple[Ranking, int, int]]] = {}
    for ranking in field.once(rankings):
        if found := _break(ranking.placed):
            wrong.setdefault(ranking.kind, []).append((ranking, *found))
    for kind, those in wrong.items():
        ranking, expected, came = those[0]
        where = f" in {ranking.name}" if kind != "overall" else ""
        further = f", and {counted(len(those) - 1, 'further ranking')} likewise" if len(those) > 1 else ""
        sentence = f"Places {KINDS[kind]} are not 1, 2, 3 and so on: place {expected} should come{where}, and {came} does{further}."
        yield said("R01", "block", sentence, kind=kind, rankings=len(those), name=ranking.name, expected=expected, came=came)


def _break(placed: Sequence[tuple[int, ResultRow]]) -> tuple[int, int] | None:
    """The first place that should have come, and the one that did."""
    before = 0
    for number, (place, _) in enumerate(placed, start=1):
        if place not in {number, before or number}:
            return number, place
        before = place
    return None


def rank_vs_time(field: Field) -> Iterable[Finding]:
    """R02: a better place has a worse time on the basis. One finding for each kind of ranking."""
    slack, everyone = field.limit("R02", "ms"), field.once(rankings)
    for kind in KINDS:
        timed = [(ranking, _timed(ranking)) for ranking in everyone if ranking.kind == kind]
        pairs = [(ranking, *pair) for ranking, rows in timed for pair in _inversions(rows, slack)]
        beaten = [(ranking, *pair) for ranking, rows in timed for pair in _beaten(ranking, rows, slack)]
        of = sum(len(rows) for _, rows in timed)
        beaten.sort(key=lambda pair: pair[1].place)
        if beaten or more(len(pairs), of, field.limit("R02", "percent")):
            yield _out_of_order(kind, [*beaten, *pairs], len(pairs), of)


def _out_of_order(kind: str, pairs: Sequence[Pair], count: int, of: int) -> Finding:
    ranking, one, other = pairs[0]
    where = f" of {ranking.name}" if kind != "overall" else ""
    sentence = (
        f"Places {KINDS[kind]} do not follow the {ranking.basis} times, {counted(count, 'time')} among {of:,}: {who(one.row)}, is "
        f"{ordinal(one.place)}{where} in {span(one.ms)}, before {who(other.row)}, in {span(other.ms)}."
    )
    rows = {timed.row.entry_key: timed.row for _, *pair in pairs for timed in pair}
    return said("R02", "block", sentence, rows=rows.values(), kind=kind, inversions=count, of=of)


def _timed(ranking: Ranking, basis: str | None = None) -> list[Timed]:
    basis = basis or ranking.basis
    return [Timed(place, row, ms) for place, row in ranking.placed if (ms := row.time(basis)) is not None]


def _inversions(rows: Sequence[Timed], slack: float = 0) -> list[tuple[Timed, Timed]]:
    """Neighbours of which the better placed was slower."""
    return [(one, other) for one, other in pairwise(rows) if one.place < other.place and one.ms > other.ms + slack]


def _beaten(ranking: Ranking, rows: Sequence[Timed], slack: float) -> Iterator[tuple[Timed, Timed]]:
    """Whoever has an award, and the fastest of those placed behind them, where that one was faster."""
    fastest: Timed | None = None
    for place, those in groupby(reversed(rows), key=lambda one: one.place):
        equals = list(those)
        if fastest and place <= ranking.depth:
            yield from ((one, fastest) for one in equals if one.ms > fastest.ms + slack)
        fastest = min([fastest, *equals] if fastest else equals, key=lambda one: one.ms)


def basis(field: Field) -> Iterable[Finding]:
    """R03: the overall places follow the other time than the one that counts, or neither."""
    overall = next((ranking for ranking in field.once(rankings) if ranking.kind == "overall"), None)
    if overall is None:
        return
    counts, other = field.facts.basis, "chip" if field.facts.basis == "gun" else "gun"
    inversions = {name: _disorder(overall, name) for name in (counts, other)}
    wrong = {name: _is_wrong(field, *found) for name, found in inversions.items() if found[1] > 1}
    if not wrong.get(counts):
        return
    gun, chip = inversions["gun"][0], inversions["chip"][0]
    if wrong.get(other) is False:
        yield said(
            "R03", "block", f"The overall places follow the {other} times, but here {counts} times count.", gun=gun, chip=chip
        )
    else:
        yield said(
            "R03", "block", f"The overall places follow neither gun nor chip times: {_shares(inversions)}.", gun=gun, chip=chip
        )


def _disorder(ranking: Ranking, name: str) -> tuple[int, int]:
    """Neighbours in the wrong order, and how many rows have that time."""
    rows = _timed(ranking, name)
    return len(_inversions(rows)), len(rows)


def _is_wrong(field: Field, inversions: int, rows: int) -> bool:
    return more(inversions, rows, field.limit("R03", "percent"), field.limit("R03", "rows"))


def _shares(inversions: Mapping[str, tuple[int, int]]) -> str:
    parts = [
        f"{share(count, of)} of neighbours are the wrong way round by {name}" for name, (count, of) in inversions.items() if of
    ]
    return listed(parts)


def podium_flip(field: Field) -> Iterable[Finding]:
    """R04: who gets an award depends on which time counts."""
    groups: defaultdict[tuple[str, str], list[ResultRow]] = defaultdict(list)
    for row in field.finishers:
        if row.gun_ms is not None and row.chip_ms is not None:
            for kind, name in _groups(row):
                groups[kind, name].append(row)
    flips = {key: pairs for key, found in groups.items() if (pairs := _flipped(found, _depth(field, key[0])))}
    if not flips:
        return
    names = [name for _, name in flips]
    by_gun, by_chip = next(iter(flips.values()))[0]
    further = f", and so in {counted(len(flips) - 1, 'further ranking')}" if len(flips) > 1 else ""
    sentence = (
        f"Gun and chip times order the awards differently: {names[0]}, {who(by_gun)}, comes first by gun where {who(by_chip)}, "
        f"does by chip{further}. Which time counts for these awards?"
    )
    rows = {row.entry_key: row for pairs in flips.values() for pair in pairs for row in pair}
    yield said("R04", "warn", sentence, rows=rows.values(), rankings=names)


def _groups(row: ResultRow) -> Iterator[tuple[str, str]]:
    yield "overall", "overall"
    if row.gender:
        yield "gender", GENDERS.get(row.gender, row.gender)
    if row.division:
        yield "division", row.division


def _depth(field: Field, kind: str) -> int:
    facts = field.facts
    return {"overall": facts.overall_awards, "gender": TOP_OVERALL, "division": facts.division_awards}[kind]


def _flipped(rows: Sequence[ResultRow], depth: int) -> list[tuple[ResultRow, ResultRow]]:
    """Each award place that goes to another by chip than by gun. Who is equal on one is told apart by the other."""
    by_gun = nsmallest(depth, rows, key=lambda row: (row.gun_ms or 0, row.chip_ms or 0))
    by_chip = nsmallest(depth, rows, key=lambda row: (row.chip_ms or 0, row.gun_ms or 0))
    return [(one, other) for one, other in zip(by_gun, by_chip, strict=True) if one.entry_key != other.entry_key]


def division_age(field: Field) -> Iterable[Finding]:
    """D01: somebody's age or gender is not their division's."""
    cases = []
    for row in field.finishers:
        gender, ages = _division(row.division)
        age = _age(field, row)
        if gender and row.gender and gender != row.gender:
            sentence = f"{opening(row)} is in {row.division}, and scoring has them as {GENDER_WORDS.get(row.gender, row.gender)}."
            cases.append(Case(row=row, sentence=sentence, numbers={"division": row.division, "gender": row.gender}))
        elif ages and age is not None and not ages[0] <= age <= ages[1]:
            sentence = f"{opening(row)} is {age} and in {row.division}."
            cases.append(Case(row=row, sentence=sentence, numbers={"division": row.division, "age": age}))
    together = f"{counted(len(cases), 'finisher is', 'finishers are')} in a division of another age or gender."
    return findings(field, "D01", "warn", cases, together, lifts=True)


@lru_cache(maxsize=1000)
def _division(name: str | None) -> tuple[str | None, tuple[int, int] | None]:
    return divisions.gender(name), divisions.ages(name)


def _age(field: Field, row: ResultRow) -> int | None:
    """Scoring's; where it has none, by the registration."""
    if row.age is not None:
        return row.age
    registered, day = field.registered.get(row.entry_key), field.facts.age_reference or field.facts.day
    return age_on(registered.born, day) if registered and registered.born and day else None


def implausible_age(field: Field) -> Iterable[Finding]:
    """D05: younger or older than anybody who races, or than this contest allows."""
    youngest, oldest = field.limit("D05", "youngest"), field.limit("D05", "oldest")
    allowed = field.facts.min_age
    cases = []
    for row in field.finishers:
        age = _age(field, row)
        if age is None:
            continue
        if age < youngest or age > oldest:
            cases.append(Case(row=row, sentence=f"{opening(row)} would be {age} years old.", numbers={"age": age}))
        elif allowed is not None and age < allowed:
            sentence = f"{opening(row)} is {age}, and this distance is for {allowed} and older."
            cases.append(Case(row=row, sentence=sentence, numbers={"age": age, "allowed": allowed}))
    together = f"{counted(len(cases), 'finisher has an age', 'finishers have an age')} that cannot be, or that is not allowed here."
    return findings(field, "D05", "warn", cases, together, lifts=True)


def age_outlier(field: Field) -> Iterable[Finding]:
    """D06: a child or an old runner among the first: often another person's bib."""
    if len(field.finishers) < field.limit("D06", "finishers"):
        return
    for row in field.finishers:
        if row.place is None or row.place > field.limit("D06", "places"):
            continue
        age = _age(field, row)
        if age is not None and (age <= field.limit("D06", "youngest") or age >= field.limit("D06", "oldest")):
            sentence = f"{opening(row)} is {age} and finished {ordinal(row.place)} overall. Did somebody else wear the bib?"
            yield of_row("D06", "warn", sentence, row, age=age)


CHECKS = (
    Check(check_id="R01", name="rank-sequence", rule=rank_sequence),
    Check(check_id="R02", name="rank-vs-time", rule=rank_vs_time),
    Check(check_id="R03", name="basis", rule=basis),
    Check(check_id="R04", name="podium-flip", rule=podium_flip, skips=frozenset({"kids"})),
    Check(check_id="D01", name="division-age", rule=division_age, escalates=True, skips=frozenset({"relay"})),
    Check(check_id="D05", name="implausible-age", rule=implausible_age, escalates=True, skips=frozenset({"relay"})),
    Check(check_id="D06", name="age-outlier", rule=age_outlier, skips=frozenset({"kids", "relay"})),
)
