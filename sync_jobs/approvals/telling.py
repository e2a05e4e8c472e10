"""Who has to be told of a version that waits for a person, once for each that matters. Sending is `sync_jobs.telling`'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sync_jobs.models import (
    Account,
    Approval,
    Contest,
    DirectorEdition,
    Edition,
    ResultDestination,
    ResultFinding,
    ResultVersion,
    db,
    write,
)

WAITING = ("needs_review", "blocked")
STOPPING = ("block", "hard")
LINK = "Look at it here (signing in is asked for; opening the page approves nothing):\n{link}\n"
ACTS = {"preliminary": "as preliminary", "official": "as official", "correction": "as a correction"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail."""

    to: str
    subject: str
    text: str


def to_tell(now: datetime, base_url: str) -> list[Message]:
    """Claim what their reviewers have to be told of, and say what to tell them; [] the next time.

    A version matters where nobody was told since somebody last decided about its contest, or where it is worse than what they
    were told of: not every half hour.
    """
    session = db.session()
    versions = [one for one in _waiting(session) if _matters(session, one)]
    approvals = list(session.scalars(select(Approval).where(Approval.state == "waiting", Approval.told_at.is_(None))))
    session.rollback()
    messages: list[Message] = []
    for version_id in [one.version_id for one in versions]:
        messages += _of_version(version_id, now, base_url)
    for approval_id in [one.approval_id for one in approvals]:
        messages += _of_approval(approval_id, now, base_url)
    return messages


def _waiting(session: Session) -> list[ResultVersion]:
    """The newest of each contest, where it waits and nobody was told."""
    later = select(ResultVersion.contest_id, ResultVersion.number).subquery()
    newer = select(later.c.number).where(later.c.contest_id == ResultVersion.contest_id, later.c.number > ResultVersion.number)
    mine = select(ResultVersion).where(ResultVersion.state.in_(WAITING), ResultVersion.mailed_at.is_(None), ~newer.exists())
    return list(session.scalars(mine))


def _matters(session: Session, version: ResultVersion) -> bool:
    told = session.scalar(
        select(ResultVersion)
        .where(ResultVersion.contest_id == version.contest_id, ResultVersion.mailed_at.is_not(None))
        .order_by(ResultVersion.number.desc())
        .limit(1)
    )
    if told is None or told.mailed_at is None or told.state in {"sent_back", "rejected"}:
        return True
    decided = select(Approval.approval_id).where(
        Approval.requested_at >= told.mailed_at,
        Approval.destination_id.in_(
            select(ResultDestination.destination_id).where(ResultDestination.contest_id == version.contest_id)
        ),
    )
    if session.scalar(decided.limit(1)) is not None or (version.state == "blocked" and told.state != "blocked"):
        return True
    return bool(_stopping(session, version.version_id) - _stopping(session, told.version_id))


def _stopping(session: Session, version_id: int) -> set[str]:
    """The checks that stop a version."""
    mine = (ResultFinding.version_id == version_id, ResultFinding.severity.in_(STOPPING))
    return set(session.scalars(select(ResultFinding.check_id).where(*mine)))


def _of_version(version_id: int, now: datetime, base_url: str) -> list[Message]:
    with write() as session:
        version = session.get_one(ResultVersion, version_id)
        if version.mailed_at is not None or version.state not in WAITING:
            return []
        version.mailed_at = now
        contest, edition = session.get_one(Contest, version.contest_id), session.get_one(Edition, version.edition_id)
        people = _reviewers(session, version.timing_partner_id, version.edition_id)
        what = "cannot go out" if version.state == "blocked" else "wait for your review"
        subject = f"{edition.name}, {contest.name}: results {what}"
        link = f"{base_url.rstrip('/')}/events/{version.edition_id}/results/{version.contest_id}"
        said = f"{edition.name}, {contest.name}: version {version.number} from scoring."
        text = f"{said}\n\n{version.why or ''}\n\n{LINK.format(link=link)}"
        return _to(people, subject, text)


def _of_approval(approval_id: int, now: datetime, base_url: str) -> list[Message]:
    """A second person has to agree; where there is none, support learns that one person corrects alone."""
    with write() as session:
        approval = session.get_one(Approval, approval_id)
        if approval.told_at is not None or approval.state != "waiting":
            return []
        approval.told_at = now
        place = session.get_one(ResultDestination, approval.destination_id)
        contest, edition = session.get_one(Contest, place.contest_id), session.get_one(Edition, place.edition_id)
        act = f"{approval.requested_name} wants to publish {edition.name}, {contest.name} {ACTS.get(approval.act, '')}."
        link = f"{base_url.rstrip('/')}/events/{place.edition_id}/results/{place.contest_id}"
        if approval.needs_second:
            people = [
                one
                for one in _reviewers(session, place.timing_partner_id, place.edition_id)
                if one.account_id != approval.requested_by
            ]
            subject, then = f"{edition.name}, {contest.name}: a second person is needed", "Somebody else has to agree."
        else:
            people = list(session.scalars(select(Account).where(Account.role == "support", Account.state == "active")))
            subject, then = f"{edition.name}, {contest.name}: a correction by one person", "It goes out in half an hour by itself."
        text = f"{act} {then}\n\nReason: {approval.reason}\n\n{LINK.format(link=link)}"
        return _to(people, subject, text)


def _reviewers(session: Session, timing_partner_id: int, edition_id: int) -> list[Account]:
    """Who may decide about that event."""
    editions = select(Edition.edition_id).where(or_(Edition.edition_id == edition_id, Edition.joined_into == edition_id))
    given = select(DirectorEdition.account_id).where(DirectorEdition.edition_id.in_(editions))
    either = or_(Account.role == "partner", (Account.role == "director") & Account.account_id.in_(given))
    mine = (Account.timing_partner_id == timing_partner_id, Account.state == "active")
    return list(session.scalars(select(Account).where(*mine, either).order_by(Account.account_id)))


def _to(people: Iterable[Account], subject: str, text: str) -> list[Message]:
    return [Message(to=one.email, subject=" ".join(subject.split()), text=text) for one in people if one.email]
