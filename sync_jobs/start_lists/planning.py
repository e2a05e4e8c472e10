"""The plans of an event, made from what the database holds of both sides. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, func, select

from sync_jobs import people, start_list
from sync_jobs.models import Connection, Contest, ContestPair, EntryLink, EntryQuestion, StartListLine, db
from sync_jobs.providers import ADAPTERS, of_side
from sync_jobs.start_list import Line, Person, Plan

MAY_BE_THERE = ("two_answers", "taken", "ambiguous", "hint", "other_contest")  # kinds of questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One scoring contest with people to be sent to it, and the registration contests that they come from."""

    timing_partner_id: int
    edition_id: int
    connection_id: int
    contest_id: int
    happening_id: str
    provider_contest_id: str  # without the happening's prefix
    name: str
    sources: tuple[int, ...]


def targets(edition_id: int, connection_id: int | None = None) -> list[Target]:
    """The scoring contests of an edition that somebody confirmed a pair for, by their order on the list."""
    rows = db.session.execute(
        select(Contest, ContestPair.registration_contest_id)
        .join(ContestPair, ContestPair.scoring_contest_id == Contest.contest_id)
        .where(
            Contest.edition_id == edition_id,
            ContestPair.state == "confirmed",
            Contest.gone_at.is_(None),
            *([Contest.connection_id == connection_id] if connection_id is not None else []),
        )
        .order_by(Contest.starts_at.is_(None), Contest.starts_at, Contest.contest_id)
    ).all()
    sources: dict[int, list[int]] = defaultdict(list)
    contests = {}
    for contest, source in rows:
        contests[contest.contest_id] = contest
        sources[contest.contest_id].append(int(source or 0))
    return [_target(contest, sources[contest_id]) for contest_id, contest in contests.items()]


def _target(contest: Contest, sources: list[int]) -> Target:
    return Target(
        timing_partner_id=contest.timing_partner_id, edition_id=contest.edition_id, connection_id=contest.connection_id,
        contest_id=contest.contest_id, happening_id=contest.happening_id,
        provider_contest_id=contest.provider_contest_id.removeprefix(f"{contest.happening_id}/"), name=contest.name or "",
        sources=tuple(sources),
    )  # fmt: skip


def plans(edition_id: int, connection_id: int) -> list[tuple[Target, Plan]]:
    """What each of these contests has to be told now. Reads only: it is the dry run too."""
    found = targets(edition_id, connection_id)
    if not found:
        return []
    partner, ids = found[0].timing_partner_id, [target.contest_id for target in found]
    holds = _genders(connection_id)
    registered: dict[int, list[Any]] = defaultdict(list)
    everybody: set[Person] = set()
    for registration in people.registrations(partner, _registration_contests(edition_id)):
        everybody.add((registration.provider_name, registration.key))
        told = registration if registration.gender in holds else replace(registration, gender=None)
        registered[registration.contest_id or 0].append(told)
    entries = people.entries(partner, _contests_beside(edition_id, connection_id))
    links, lines, doubtful = _links(ids), _lines(edition_id, ids), _doubtful(ids)
    return [
        (
            target,
            start_list.plan(
                target.contest_id, [one for source in target.sources for one in registered[source]], entries,
                links=links[target.contest_id], lines=lines[target.contest_id], doubtful=doubtful,
                elsewhere=everybody,
            ),
        )
        for target in found
    ]  # fmt: skip


def _genders(connection_id: int) -> frozenset[str]:
    """Which genders scoring can hold: of anything else nothing is said, and no difference is seen."""
    adapter = ADAPTERS.get(db.session.get_one(Connection, connection_id).provider_name)
    return adapter.genders if adapter is not None else frozenset()


def _registration_contests(edition_id: int) -> list[int]:
    """Every distance that people sign up for, matched or not."""
    mine = (Contest.edition_id == edition_id, Contest.provider_name.in_(of_side("registration")))
    return list(db.session.scalars(select(Contest.contest_id).where(*mine)))


def _contests_beside(edition_id: int, connection_id: int) -> list[int]:
    """Every contest of the edition there: somebody may stand in another one than they should."""
    mine = (Contest.edition_id == edition_id, Contest.connection_id == connection_id)
    return list(db.session.scalars(select(Contest.contest_id).where(*mine)))


def _links(contest_ids: list[int]) -> dict[int, dict[Person, str]]:
    found: dict[int, dict[Person, str]] = defaultdict(dict)
    rows = db.session.execute(
        select(EntryLink.contest_id, EntryLink.registration_provider, EntryLink.registration_key, EntryLink.entry_key).where(
            EntryLink.contest_id.in_(contest_ids), EntryLink.ended_at.is_(None)
        )
    )
    for contest_id, provider, key, entry_key in rows:
        found[contest_id][provider, key] = entry_key
    return found


def _doubtful(contest_ids: list[int]) -> set[Person]:
    """Whoever may be somebody on one of the lists at whom a person has yet to look: also on that of another distance."""
    found: set[Person] = set()
    wanted = (EntryQuestion.contest_id.in_(contest_ids), EntryQuestion.kind.in_(MAY_BE_THERE))
    for about in db.session.scalars(select(EntryQuestion.about).where(*wanted)):
        found.update((provider, key) for provider, key in (about or {}).get("registrations", ()))
    return found


def _lines(edition_id: int, contest_ids: list[int]) -> dict[int, dict[Person, Line]]:
    found: dict[int, dict[Person, Line]] = defaultdict(dict)
    mine = (StartListLine.edition_id == edition_id, StartListLine.contest_id.in_(contest_ids))
    for row in db.session.scalars(select(StartListLine).where(*mine)):
        found[row.contest_id][row.registration_provider, row.registration_key] = Line(
            state=row.state,
            external_id=row.external_id,
            told=row.told,
            wanted=row.wanted,
            entry_key=row.entry_key,
            tries=row.tries,
            taken_off=bool(row.taken_off),
        )
    db.session.rollback()
    return found


def states(edition_id: int) -> Mapping[tuple[int, str], int]:
    """How many lines of each scoring contest are in which state."""
    rows = db.session.execute(
        select(StartListLine.contest_id, StartListLine.state, func.count())
        .where(and_(StartListLine.edition_id == edition_id))
        .group_by(StartListLine.contest_id, StartListLine.state)
    ).all()
    return {(contest, state): many for contest, state, many in rows}
