"""What was told, and what waits for a person, kept for each line. Each function writes in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.orm import Session

from sync_jobs import start_list
from sync_jobs.models import EntryLink, StartListFile, StartListLine, insert_or
from sync_jobs.records import ImportFile, Told
from sync_jobs.start_list import MOST_TRIES, Person, Plan, Step
from sync_jobs.start_lists.planning import Target

NOT_BY_PERSON = "pushed"  # how a link came about that scoring itself confirmed


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
    _put(session, there, ("state", "entry_key", "told", "wanted", "why", "tries"), unless=None)
    open_states = ("waiting", "approved", "declined")  # somebody may have said so since the plan was made
    asked = or_(*(StartListLine.state == state for state in open_states))  # a list of values cannot go with many rows
    _put(session, waiting, ("state", "step", "entry_key", "wanted", "why", "tries", "run_id", "at"), unless=asked)
    _close(session, target, {step.person for step in plan.steps}, now)


def _row(target: Target, person: Person, external_id: str, state: str, step: str, run_id: int, now: datetime) -> dict[str, Any]:
    return {
        "timing_partner_id": target.timing_partner_id, "edition_id": target.edition_id, "connection_id": target.connection_id,
        "contest_id": target.contest_id, "registration_provider": person[0], "registration_key": person[1],
        "external_id": external_id, "state": state, "step": step, "run_id": run_id, "at": now, "entry_key": None, "told": None,
        "wanted": None, "why": None, "file_id": None, "tries": 0, "taken_off": 0,
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
        before = case((StartListLine.taken_off == 1, "withdrawn"), else_="there")
        session.execute(
            update(StartListLine).where(StartListLine.line_id.in_(told)).values(state=before, wanted=None, why=None, at=now)
        )


Answered = tuple[Target, Step, Told]


def note_told(session: Session, answered: Iterable[Answered], run_id: int, now: datetime) -> None:
    """Keep what scoring answered to these lines, and link the two people of each where it named the entry."""
    told, links = list(answered), []
    changed = ["state", "step", "entry_key", "why", "wanted", "run_id", "at", "external_id", "tries"]
    accepted, refused = ([_told_row(one, run_id, now) for one in told if one[2].accepted is yes] for yes in (True, False))
    _put(session, accepted, [*changed, "told", "taken_off"], unless=None)
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
    is_off, tries = step.kind == "withdraw", 0
    state, why = "withdrawn" if is_off else "sent", answer.why
    if answer.failure is not None:
        tries = step.tries + 1
        state = "approved" if step.is_decided and tries < MOST_TRIES else "refused"
        why = f"{answer.why} {start_list.tried(tries)}"
    elif not answer.accepted:
        state = "refused"
    return _row(target, step.person, step.external_id, state, step.kind, run_id, now) | {
        "entry_key": answer.entry_key or step.entry_key, "why": why, "tries": tries, "taken_off": int(is_off),
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
        | {"entry_key": step.entry_key, "told": step.wanted, "file_id": kept.file_id, "taken_off": int(step.kind == "withdraw")}
        for into, step in steps
    ]
    _put(
        session,
        rows,
        ("state", "step", "entry_key", "told", "wanted", "why", "run_id", "at", "file_id", "tries", "taken_off"),
        unless=None,
    )
