"""Start lists that a timer imported from the registrations long before our time, with the slips that such lists have."""

from __future__ import annotations

from typing import Any

from sync_jobs.records import PREFIXES
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening, dice
from sync_jobs.sandbox.things import Registration, State, hub_key, state_at
from sync_jobs.sandbox.world import World

FIRST = 7_000_001
BEFORE = {"past": 3600, "last_week": 3600, "today": 14 * 3600}
"""Seconds before the first start at which the list was imported, by the edition's phase; others begin empty."""
GENDERS = {"F": "F", "M": "M", "X": "X"}


def imported(world: World, happening: ScoringHappening) -> list[dict[str, Any]]:
    """The fields of everybody on the list, in order of registration."""
    at = _imported_at(world, happening)
    if at is None:
        return []
    scored = {id(source): contest for contest in happening.contests for source in contest.sources}
    found = [
        _fields(scored[id(state.contest)], registration, state, at)
        for known in happening.edition.happenings
        for source in known.contests
        for registration in source.registrations
        if (state := state_at(registration, at)) is not None and state.removed is None and id(state.contest) in scored
    ]
    found.sort(key=lambda one: one["number"])
    if happening.edition.phase != "even":
        _slips(world, happening, found)
    return found


def _imported_at(world: World, happening: ScoringHappening) -> int | None:
    if happening.edition.phase == "even":
        return int(world.anchor.timestamp()) - 86_400 if world.scored_at else None
    before = BEFORE.get(happening.edition.phase)
    return None if before is None else happening.starts_at - before


def _fields(contest: ScoringContest, registration: Registration, state: State, at: int) -> dict[str, Any]:
    person, provider = state.person, registration.contest.happening.provider
    return {
        "number": FIRST + registration.ordinal, "contest": contest, "created_at": float(at),
        "external_id": f"{PREFIXES.get(provider, provider)}:{hub_key(registration, state.contest)}",
        "first_name": person.first_name, "last_name": person.last_name, "gender": GENDERS.get(person.gender), "born": person.born,
        "bib": None if state.bib is None else str(state.bib), "email": person.email, "phone": person.phone, "city": person.city,
        "state": person.state, "country": person.country, "team": registration.team,
        "wave": contest.waves[registration.ordinal % len(contest.waves)].name,
    }  # fmt: skip


def _slips(world: World, happening: ScoringHappening, found: list[dict[str, Any]]) -> None:
    """A name that was typed, an id that got lost, a bib of another person: a few of each; and once, two with the same bib."""
    for one in found:
        rolled = dice(world.seed, "slip", one["number"])
        if rolled[0] < 0.012:
            one["first_name"], one["external_id"] = one["first_name"][:1] + ".", None
        elif rolled[0] < 0.024:
            one["last_name"] = _typed_wrong(one["last_name"])
        elif rolled[0] < 0.05:
            one["external_id"] = None
        elif rolled[0] < 0.06 and one["bib"]:
            one["bib"] = str(60_000 + int(rolled[1] * 9000))
    with_bib = [one for one in found if one["bib"] and one["contest"] is happening.contests[0]]
    if len(with_bib) > 20:
        with_bib[11]["bib"] = with_bib[7]["bib"]


def _typed_wrong(name: str) -> str:
    """Two letters in the wrong order, or one missing."""
    return name[:1] + name[2:3] + name[1:2] + name[3:] if len(name) > 3 else name[:-1] or name
