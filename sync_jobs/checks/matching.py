"""Checks of who is whose (M): each result beside the registration that it is linked with. Linking is `pairing`'s business.

Whoever was never seen has no result, and nothing is asked of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from sync_jobs import times
from sync_jobs.checks.amounts import counted, listed, more, opening
from sync_jobs.checks.base import Check, Field, Finding, of_row, said, who
from sync_jobs.checks.cases import Case, findings
from sync_jobs.checks.divisions import ages
from sync_jobs.pairing import names
from sync_jobs.pairing.same import age_on
from sync_jobs.results import Registered, ResultRow

GENDERS: Mapping[str, str] = {"F": "a woman", "M": "a man", "X": "non-binary"}
RUNGS: Mapping[str, str] = {
    "external_id": "the external id", "transferred": "the external id of a transferred registration",
    "bib_and_name": "bib and name", "bib_only": "the bib", "name_and_birth": "name and birth date",
    "by_hand": "a person's decision",
}  # fmt: skip
Pair = tuple[ResultRow, Registered]


def _pairs(field: Field) -> Iterator[Pair]:
    """Each result with its registration."""
    for row in field.version.rows:
        if row.status != "NOT_SEEN" and (registered := field.registered.get(row.entry_key)):
            yield row, registered


def unmatched_finishers(field: Field) -> Iterable[Finding]:
    """M01: finishers who belong to no registration."""
    without, all_of_them = field.unlinked(), len(field.finishers)
    if not without:
        return
    top = [row for row in without if _is_within(row, field.limit("M01", "top"))]
    many = more(len(without), all_of_them, field.limit("M01", "percent"), field.limit("M01", "rows"))
    sentence = f"{len(without):,} of {counted(all_of_them, 'finisher')} {_have(len(without))} no registration."
    if top:
        sentence += f" In the top {field.limit('M01', 'top'):.0f}: {listed([who(row) for row in top])}."
    yield said("M01", "block" if top or many else "warn", sentence, rows=without, count=len(without), finishers=all_of_them,
               top=[row.entry_key for row in top])  # fmt: skip


def _is_within(row: ResultRow, top: float) -> bool:
    """Whether somebody is among the first, of all or of their gender."""
    return any(place is not None and place <= top for place in (row.place, row.gender_place))


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def conflicting_link(field: Field) -> Iterable[Finding]:
    """M02: two rungs of the ladder point at different registrations. Always a row's own: one of the two has to be chosen."""
    for row, registered in _pairs(field):
        other = field.other_rungs.get(row.entry_key)
        if other and _key(other) != _key(registered):
            sentence = (
                f"{opening(row)} is two people: by {_rung(registered)} {_name(registered)}, by {_rung(other)} {_name(other)}."
            )
            yield of_row("M02", "block", sentence, row, linked=list(_key(registered)), other=list(_key(other)))


def _key(registered: Registered) -> tuple[str, str]:
    return registered.provider_name, registered.key


def _rung(registered: Registered) -> str:
    return RUNGS.get(registered.confidence, registered.confidence.replace("_", " "))


def _name(registered: Registered) -> str:
    name = f"{registered.first_name} {registered.last_name}".strip()
    return name or f"registration {registered.key}"


def name_mismatch(field: Field) -> Iterable[Finding]:
    """M03: no word of the name in common, and not alike either. A link made by a person is looked at again as well."""
    least = field.limit("M03", "likeness")
    cases = [_case(pair, f"is {_name(pair[1])} at registration") for pair in _pairs(field) if _are_strangers(*pair, least)]
    return _together(field, "M03", cases, "carry another name at registration", lifts=True)


def _are_strangers(row: ResultRow, registered: Registered, least: float) -> bool:
    shared = set(row.name.casefold().split()).intersection(f"{registered.first_name} {registered.last_name}".casefold().split())
    if any(word.isalpha() and word not in names.SUFFIXES for word in shared):
        return False  # the usual case, without taking names apart
    one, other = names.spellings(row.first_name, row.last_name), names.spellings(registered.first_name, registered.last_name)
    return bool(one and other) and not names.share_a_word(one, other) and names.likeness(one, other) < least


def gender_mismatch(field: Field) -> Iterable[Finding]:
    """M04: both say a gender, and not the same."""
    cases = []
    for row, registered in _pairs(field):
        mine, theirs = GENDERS.get(row.gender or ""), GENDERS.get(registered.gender or "")
        if mine and theirs and mine != theirs:
            cases.append(_case((row, registered), f"is {mine} in scoring and {theirs} at registration"))
    return _together(field, "M04", cases, "have another gender at registration", lifts=True)


def age_mismatch(field: Field) -> Iterable[Finding]:
    """M05: two years apart, or one where it changes the age group. One year alone is mostly another reference date: counted."""
    day, years = _reference(field), field.limit("M05", "years")
    apart: list[Case] = []
    counting_otherwise: list[ResultRow] = []
    for row, registered in _pairs(field):
        age = _age(registered, day)
        if row.age is None or age is None or row.age == age:
            continue
        if abs(row.age - age) >= years or _changes_division(row, age):
            apart.append(_case((row, registered), f"is {row.age} in scoring and {age} at registration", ages=[row.age, age]))
        else:
            counting_otherwise.append(row)
    yield from _together(field, "M05", apart, "have another age at registration", lifts=True)
    if counting_otherwise:
        count = len(counting_otherwise)
        sentence = f"{_of(count, field)} {_have(count)} an age one year off the registration's, in the same age group."
        yield said("M05", "info", sentence, rows=counting_otherwise, count=count)


def _reference(field: Field) -> date | None:
    """The day on which ages count."""
    start = field.facts.planned_start or field.version.started_at
    by_start = start.astimezone(times.zone(field.facts.zone)).date() if start else None
    return field.facts.age_reference or by_start or field.facts.day


def _age(registered: Registered, day: date | None) -> int | None:
    return age_on(registered.born, day) if registered.born and day else registered.age


def _changes_division(row: ResultRow, age: int) -> bool:
    """Whether somebody who is in their age group would not be at that age."""
    bounds = ages(row.division)
    return bounds is not None and row.age is not None and bounds[0] <= row.age <= bounds[1] and not bounds[0] <= age <= bounds[1]


def contest_mismatch(field: Field) -> Iterable[Finding]:
    """M06: the registration is for another distance; one finding for each such distance where it is common."""
    elsewhere: dict[int, list[Case]] = defaultdict(list)
    for row, registered in _pairs(field):
        if registered.contest_id is not None and field.mapped and registered.contest_id not in field.mapped:
            where = field.contest_names.get(registered.contest_id, "another distance")
            elsewhere[registered.contest_id].append(_case((row, registered), f"is registered for {where}", contest=where))
    for contest_id, cases in elsewhere.items():
        words = f"are registered for {field.contest_names.get(contest_id, 'another distance')}"
        yield from _together(field, "M06", cases, words, lifts=True)


def inactive_registration(field: Field) -> Iterable[Finding]:
    """M07: the registration does not stand any more. Whoever did not start is no surprise there."""
    cases = [
        _case((row, registered), "has a registration that was removed, refunded, deferred or transferred")
        for row, registered in _pairs(field)
        if not registered.is_active and row.status != "DNS"
    ]
    return _together(field, "M07", cases, "have a registration that was removed, refunded, deferred or transferred")


def one_to_many(field: Field) -> Iterable[Finding]:
    """M08: one registration has several results."""
    results: dict[tuple[str, str], dict[str, Pair]] = defaultdict(dict)
    for row, registered in _pairs(field):
        results[_key(registered)].setdefault(row.entry_key, (row, registered))
    cases = [_doubled([*pairs.values()]) for pairs in results.values() if len(pairs) > 1]
    together = f"{counted(len(cases), 'registration has', 'registrations have')} more than one result."
    return findings(field, "M08", "block", cases, together)


def _doubled(pairs: list[Pair]) -> Case:
    rows, registered = [row for row, _ in pairs], pairs[0][1]
    sentence = f"The registration of {_name(registered)} has {len(rows)} results: {listed([who(row) for row in rows])}."
    return Case(row=rows[0], others=tuple(rows[1:]), sentence=sentence, numbers={"registration": list(_key(registered))})


def _case(pair: Pair, words: str, **numbers: object) -> Case:
    row, registered = pair
    return Case(row=row, sentence=f"{opening(row)} {words}.", numbers={"registration": list(_key(registered)), **numbers})


def _together(field: Field, check_id: str, cases: list[Case], words: str, *, lifts: bool = False) -> list[Finding]:
    return findings(field, check_id, "warn", cases, f"{_of(len(cases), field)} {words}.", lifts=lifts)


def _of(count: int, field: Field) -> str:
    return f"{count:,} of {counted(len(field.version.rows), 'result')}"


CHECKS: tuple[Check, ...] = (
    Check(check_id="M01", name="unmatched-finishers", rule=unmatched_finishers),
    Check(check_id="M02", name="conflicting-link", rule=conflicting_link),
    Check(check_id="M03", name="name-mismatch", rule=name_mismatch, escalates=True),
    Check(check_id="M04", name="gender-mismatch", rule=gender_mismatch, escalates=True),
    Check(check_id="M05", name="age-mismatch", rule=age_mismatch, escalates=True),
    Check(check_id="M06", name="contest-mismatch", rule=contest_mismatch, escalates=True),
    Check(check_id="M07", name="inactive-registration", rule=inactive_registration),
    Check(check_id="M08", name="one-to-many", rule=one_to_many),
)
