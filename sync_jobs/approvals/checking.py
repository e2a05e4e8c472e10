"""Check a version for every destination, keep what was found, and let a rule publish where the policy lets it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from sync_jobs import assembling, destinations, ledger
from sync_jobs.approvals import looking, ruling
from sync_jobs.approvals.proposing import Proposal, is_checked, propose
from sync_jobs.checks import running
from sync_jobs.checks.base import Field, Finding
from sync_jobs.ledger.live import bump
from sync_jobs.models import DeclaredCorrection, Edition, ResultFinding, ResultVersion, db, write
from sync_jobs.review import policy
from sync_jobs.review.difference import difference

log = logging.getLogger(__name__)
TRIES = 3
AS_DECLARED = "V04"  # the check of corrections in bulk
DECIDED = ("sent_back", "rejected")  # a person's word about a version; what is found is kept all the same
WORST = ("blocked", "needs_review", "cleared")
LOOKS_BACK = timedelta(days=30)  # after an event's end nothing is looked at again by itself
KEPT = ("check_version", "severity", "scope", "entries", "sentence", "numbers", "is_award", "folded_into")


@dataclass(frozen=True, slots=True)
class Looked:
    """What the checks said of a version, for each destination; None: there is none yet."""

    inputs: str
    found: dict[int | None, dict[str, Finding]]
    state: str
    why: str
    proposals: list[Proposal]


def check(version_id: int, now: datetime) -> str:
    """Its state from then on: blocked, needs_review or cleared. Harmless at any time and any number of times."""
    session = db.session()
    contest_id = looking.version_of(session, version_id).contest_id
    session.rollback()
    destinations.ensure(contest_id, now)
    for _ in range(TRIES):
        looked = _look(contest_id, version_id, now)
        with write() as writing:
            if looking.inputs(writing, contest_id) != looked.inputs:
                continue
            state = _keep(writing, version_id, looked, now)
        break
    else:
        state = "pulled"  # everything changes at this moment: it is looked at again with the next tick
    if state not in {"pulled", *DECIDED}:
        for one in looked.proposals:
            ruling.follow(replace(one, version_state=state, is_checked=True), now)
    return state


def fresh(destination_id: int, version_id: int | None, now: datetime) -> Proposal:
    """A proposal whose findings are of what is there now: checked anew where anything is different."""
    found = propose(destination_id, version_id, now)
    if found.is_checked:
        return found
    check(found.version_id, now)
    return propose(destination_id, version_id, now)


def _look(contest_id: int, version_id: int, now: datetime) -> Looked:
    session = db.session()
    inputs, places = looking.inputs(session, contest_id), looking.active(session, contest_id)
    session.rollback()
    proposals = [propose(place, version_id, now, anew=_run) for place in places]
    if not proposals:
        return _look_without(contest_id, version_id, inputs)
    judged = sorted((one.judgement for one in proposals), key=lambda one: WORST.index(one.state))
    found: dict[int | None, dict[str, Finding]] = {one.spot.destination_id: dict(one.findings) for one in proposals}
    return Looked(inputs, found, judged[0].state, judged[0].why, proposals)


def _look_without(contest_id: int, version_id: int, inputs: str) -> Looked:
    """The map leads nowhere yet: what is odd about the results is said all the same, and nothing can go out."""
    field = assembling.field(version_id, None)
    found, waived = _run(field), looking.waivers_of(db.session(), contest_id)
    own = assembling.policy_of(field.facts.timing_partner_id, field.facts.edition_id)
    judged = policy.judge(own, found, waived.keys(), difference(None, field.version, field.facts), "none")
    db.session.rollback()
    state = "needs_review" if judged.state == "cleared" else judged.state
    return Looked(inputs, {None: found}, state, judged.why, [])


def _run(field: Field) -> dict[str, Finding]:
    return {running.fingerprint(one, field.version): one for one in running.run(field)}


def _keep(session: Session, version_id: int, looked: Looked, now: datetime) -> str:
    """Make the kept findings these; what is the very same keeps its number."""
    kept = session.get_one(ResultVersion, version_id)
    wanted = _placed(looked.found)
    there = session.scalars(select(ResultFinding).where(ResultFinding.version_id == version_id)).all()
    before = {(row.destination_id, row.fingerprint): row for row in there}
    for place, row in before.items():
        if place not in wanted:
            session.delete(row)
    changed = before.keys() != wanted.keys()
    for place, finding in wanted.items():
        changed |= _put(session, version_id, place, finding, before.get(place))
    _meet(session, kept.number, wanted.values())
    state = kept.state if kept.state in DECIDED else looked.state
    changed |= (kept.state, kept.why) != (state, looked.why)
    if kept.state not in DECIDED:
        kept.state, kept.why = looked.state, looked.why
    kept.check_set, kept.checked_at, kept.checked_for = running.CHECK_SET, now, looked.inputs
    if changed:
        bump(session, "all", f"partner:{kept.timing_partner_id}")
    return state


def _meet(session: Session, number: int, found: Iterable[Finding]) -> None:
    """Declared corrections that this version follows, the first to do so."""
    met = [one.numbers["declared"] for one in found if one.check_id == AS_DECLARED and one.numbers.get("is_met")]
    for declared_id in met:
        declared = session.get(DeclaredCorrection, declared_id)
        if declared is not None and (declared.met_number is None or declared.met_number > number):
            declared.met_number = number


Where = tuple[int | None, str]  # destination (None: all of them), fingerprint


def _placed(found: dict[int | None, dict[str, Finding]]) -> dict[Where, Finding]:
    """What is said the same of every destination is said once, of the version."""
    first = next(iter(found.values()))
    common = {fp for fp, one in first.items() if all(other.get(fp) == one for other in found.values())}
    said: dict[Where, Finding] = {(None, fp): first[fp] for fp in first if fp in common}
    for place, of_place in found.items():
        said |= {(place, fp): one for fp, one in of_place.items() if fp not in common}
    return said


def _put(session: Session, version_id: int, where: Where, finding: Finding, row: ResultFinding | None) -> bool:
    """Write one; whether anything of it is new."""
    values = {name: getattr(finding, name) for name in KEPT}
    values |= {"entries": list(finding.entries), "numbers": dict(finding.numbers), "is_award": int(finding.is_award)}
    if row is None:
        made = ResultFinding(
            version_id=version_id, destination_id=where[0], fingerprint=where[1], check_id=finding.check_id, **values
        )  # fmt: skip
        session.add(made)
        session.flush()  # their numbers keep the order in which they were found
        return True
    differs = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differs.items():
        setattr(row, name, value)
    return bool(differs)


def check_pending(now: datetime, most: int = 20, *, edition_id: int | None = None) -> list[int]:
    """Check whatever was never checked to the end, or not as it is now, of one event or of all. Returns the versions."""
    waiting = _pending(now, edition_id)[:most]
    return [version_id for version_id in waiting if _checked(version_id, now)]


def _pending(now: datetime, edition_id: int | None) -> list[int]:
    session = db.session()
    there = true() if edition_id is None else ResultVersion.edition_id == edition_id
    open_ones = select(ResultVersion.version_id).where(ResultVersion.state == "pulled", there).order_by(ResultVersion.version_id)
    found = list(session.scalars(open_ones))
    newest = [row for row in _newest(session, now) if row.version_id not in found and edition_id in {None, row.edition_id}]
    found += [row.version_id for row in newest if not is_checked(row, looking.inputs(session, row.contest_id))]
    session.rollback()
    return found


def _newest(session: Session, now: datetime) -> Iterable[ResultVersion]:
    """The newest version of each contest whose event is not long over."""
    later = select(ResultVersion.contest_id, ResultVersion.number).subquery()
    newer = select(later.c.number).where(later.c.contest_id == ResultVersion.contest_id, later.c.number > ResultVersion.number)
    current = select(Edition.edition_id).where(Edition.ends_at.is_(None) | (Edition.ends_at > now - LOOKS_BACK))
    return session.scalars(
        select(ResultVersion).where(ResultVersion.edition_id.in_(current), ~newer.exists()).order_by(ResultVersion.version_id)
    ).all()


def _checked(version_id: int, now: datetime) -> bool:
    """False where it cannot be done; the others can."""
    try:
        check(version_id, now)
    except ledger.BAD_ROW:
        log.exception("version %s cannot be checked", version_id)
        return False
    return True
