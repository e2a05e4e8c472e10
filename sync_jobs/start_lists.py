"""Start lists in the database: what a plan is made from, what was told, what waits for a person, and the files.

What to tell is decided in `start_list`; the telling is `push`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from sync_jobs import people, start_list
from sync_jobs.ledger.live import bump
from sync_jobs.models import (
    Connection,
    Contest,
    ContestPair,
    EntryLink,
    EntryQuestion,
    StartListFile,
    StartListLine,
    db,
    insert_or,
    write,
)
from sync_jobs.providers import ADAPTERS, of_side
from sync_jobs.records import ImportFile, Told
from sync_jobs.start_list import Line, Person, Plan, Step

MAY_BE_THERE = ("two_answers", "taken", "ambiguous", "hint", "other_contest")  # kinds of questions
NOT_BY_PERSON = "pushed"  # how a link came about that scoring itself confirmed


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
    links, lines, doubtful = _links(ids), _lines(ids), _doubtful(ids)
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


def _lines(contest_ids: list[int]) -> dict[int, dict[Person, Line]]:
    found: dict[int, dict[Person, Line]] = defaultdict(dict)
    for row in db.session.scalars(select(StartListLine).where(StartListLine.contest_id.in_(contest_ids))):
        found[row.contest_id][row.registration_provider, row.registration_key] = Line(
            state=row.state, external_id=row.external_id, told=row.told, wanted=row.wanted, entry_key=row.entry_key
        )
    db.session.rollback()
    return found


# Writing: each in the caller's transaction


def note_plan(session: Session, target: Target, plan: Plan, run_id: int, now: datetime) -> None:
    """Keep who stands there as wanted, and what waits for a person; what waited and needs nobody any more is closed."""
    there = [
        _row(target, person, external_id, "there", "update", run_id, now) | {"entry_key": key, "told": told}
        for person, external_id, key, told in plan.there
    ]
    waiting = [
        _row(target, step.person, step.external_id, "waiting", step.kind, run_id, now)
        | {"entry_key": step.entry_key, "wanted": step.wanted, "why": step.why}
        for step in plan.waiting
    ]
    _put(session, there, ("state", "entry_key", "told", "wanted", "why"), unless=None)
    asked = StartListLine.state.in_(("waiting", "approved", "declined"))  # somebody may have said so since the plan was made
    _put(session, waiting, ("state", "step", "entry_key", "wanted", "why", "run_id", "at"), unless=asked)
    _close(session, target, {step.person for step in plan.steps}, now)


def _row(target: Target, person: Person, external_id: str, state: str, step: str, run_id: int, now: datetime) -> dict[str, Any]:
    return {
        "timing_partner_id": target.timing_partner_id, "edition_id": target.edition_id, "connection_id": target.connection_id,
        "contest_id": target.contest_id, "registration_provider": person[0], "registration_key": person[1],
        "external_id": external_id, "state": state, "step": step, "run_id": run_id, "at": now, "entry_key": None, "told": None,
        "wanted": None, "why": None, "file_id": None,
    }  # fmt: skip


def _put(session: Session, rows: list[dict[str, Any]], changed: Iterable[str], *, unless: Any) -> None:
    if not rows:
        return
    made = insert_or(session)(StartListLine)
    columns = StartListLine.__table__.c
    new = {name: getattr(made.excluded, name) for name in changed}
    beside = {"at", "run_id"} if unless is None else {"at", "run_id", "state"}
    differs = [columns[name].is_distinct_from(value) for name, value in new.items() if name not in beside]
    keep = or_(*differs) if unless is None else or_(~unless, *differs)
    put = made.on_conflict_do_update(
        index_elements=["connection_id", "contest_id", "registration_provider", "registration_key"], set_=new, where=keep
    )
    session.connection().execute(put, rows)


def _close(session: Session, target: Target, steps: set[Person], now: datetime) -> None:
    """What waited, or was approved, and is no question any more is as it was before: told, or never told."""
    open_ones = session.execute(
        select(
            StartListLine.line_id, StartListLine.registration_provider, StartListLine.registration_key, StartListLine.told
        ).where(
            StartListLine.contest_id == target.contest_id,
            StartListLine.connection_id == target.connection_id,
            StartListLine.state.in_(("waiting", "approved")),
        )
    ).all()
    over = [row for row in open_ones if (row.registration_provider, row.registration_key) not in steps]
    told, never = ([row.line_id for row in over if bool(row.told) is known] for known in (True, False))
    if never:
        session.execute(delete(StartListLine).where(StartListLine.line_id.in_(never)))
    if told:
        session.execute(
            update(StartListLine).where(StartListLine.line_id.in_(told)).values(state="there", wanted=None, why=None, at=now)
        )


Answered = tuple[Target, Step, Told]


def note_told(session: Session, answered: Iterable[Answered], run_id: int, now: datetime) -> None:
    """Keep what scoring answered to these lines, and link the two people of each where it named the entry."""
    told, links = list(answered), []
    changed = ["state", "step", "entry_key", "why", "wanted", "run_id", "at", "external_id"]
    accepted, refused = ([_told_row(one, run_id, now) for one in told if one[2].accepted is yes] for yes in (True, False))
    _put(session, accepted, [*changed, "told"], unless=None)
    _put(session, refused, changed, unless=None)
    for target, step, answer in told:
        if answer.accepted and step.kind == "withdraw":
            session.execute(update(EntryLink).where(*_of_person(target, step.person)).values(ended_at=now))
        elif answer.accepted and answer.entry_key:
            links.append(_link(target, step.person, answer.entry_key, now))
    if links:
        session.connection().execute(insert_or(session)(EntryLink).on_conflict_do_nothing(), links)


def _told_row(answered: Answered, run_id: int, now: datetime) -> dict[str, Any]:
    target, step, answer = answered
    state = "refused" if not answer.accepted else "withdrawn" if step.kind == "withdraw" else "sent"
    return _row(target, step.person, step.external_id, state, step.kind, run_id, now) | {
        "entry_key": answer.entry_key or step.entry_key, "why": answer.why,
        "told": step.wanted if answer.accepted else None, "wanted": None if answer.accepted else step.wanted,
    }  # fmt: skip


def _link(target: Target, person: Person, entry_key: str, now: datetime) -> dict[str, Any]:
    return {
        "timing_partner_id": target.timing_partner_id, "edition_id": target.edition_id, "contest_id": target.contest_id,
        "entry_key": entry_key, "registration_provider": person[0], "registration_key": person[1], "method": NOT_BY_PERSON,
        "confidence": 100, "made_at": now,
    }  # fmt: skip


def _of_person(target: Target, person: Person) -> tuple[Any, ...]:
    return (
        EntryLink.contest_id == target.contest_id,
        EntryLink.registration_provider == person[0],
        EntryLink.registration_key == person[1],
        EntryLink.ended_at.is_(None),
    )


def keep_file(
    session: Session, connection_id: int, made: ImportFile, steps: list[tuple[Target, Step]], run_id: int, now: datetime
) -> None:
    """Keep an import file, and of everybody in it that they are."""
    target = steps[0][0]
    fresh = sum(step.entry_key is None for _, step in steps)
    kept = StartListFile(
        timing_partner_id=target.timing_partner_id, edition_id=target.edition_id, connection_id=connection_id, run_id=run_id,
        name=made.name, media_type=made.media_type, content=made.content, people=len(steps), fresh=fresh,
        changed=len(steps) - fresh, made_at=now,
    )  # fmt: skip
    session.add(kept)
    session.flush()
    rows = [
        _row(into, step.person, step.external_id, "withdrawn" if step.kind == "withdraw" else "in_file", step.kind, run_id, now)
        | {"entry_key": step.entry_key, "told": step.wanted, "file_id": kept.file_id}
        for into, step in steps
    ]
    _put(session, rows, ("state", "step", "entry_key", "told", "wanted", "why", "run_id", "at", "file_id"), unless=None)


# What a person decides


def decide(
    line_id: int, partner: int | None, answer: str, by: str, now: datetime, *, seen: str | None = None
) -> StartListLine | None:
    """`approved` or `declined`: what waits may go out, or is left as it is. None where nothing waits there (any more), or
    where it is not as they saw it: `seen` is when it was asked.
    """
    with write() as session:
        line = session.get(StartListLine, line_id)
        if line is None or (partner is not None and line.timing_partner_id != partner) or line.state != "waiting":
            return None
        if line.step == "twice" or (seen is not None and line.at.isoformat() != seen):  # `twice` is put in order at scoring
            return None
        line.state, line.decided_by, line.decided_at = answer, by, now
        bump(session, "all", f"partner:{line.timing_partner_id}")
        return line


def ask_again(line_id: int, partner: int | None, by: str, now: datetime) -> StartListLine | None:
    """Take a decision back that nothing was done of yet."""
    with write() as session:
        line = session.get(StartListLine, line_id)
        if (
            line is None
            or (partner is not None and line.timing_partner_id != partner)
            or line.state not in {"approved", "declined"}
        ):
            return None
        line.state, line.decided_by, line.decided_at = "waiting", by, now
        bump(session, "all", f"partner:{line.timing_partner_id}")
        return line


def set_writes(connection_id: int, *, on: bool, by: str, now: datetime) -> None:
    """Switch a scoring connection between sending by itself and making import files."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        connection.writes, connection.writes_by, connection.writes_at = "on" if on else "off", by, now
        bump(session, "all", f"partner:{connection.timing_partner_id}")


def states(edition_id: int) -> Mapping[tuple[int, str], int]:
    """How many lines of each scoring contest are in which state."""
    rows = db.session.execute(
        select(StartListLine.contest_id, StartListLine.state, func.count())
        .where(and_(StartListLine.edition_id == edition_id))
        .group_by(StartListLine.contest_id, StartListLine.state)
    ).all()
    return {(contest, state): many for contest, state, many in rows}
