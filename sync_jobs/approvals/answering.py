"""What a reviewer says of findings and rows: it is right, leave it out, ask the timer, send it back. Never does a time change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_jobs import destinations
from sync_jobs.approvals import guarding, looking
from sync_jobs.approvals.base import APPROVERS, Actor, NotAllowed
from sync_jobs.approvals.checking import check
from sync_jobs.ledger.live import bump
from sync_jobs.models import (
    Approval,
    AwardGiven,
    Contest,
    Hold,
    KeptRow,
    ResultDestination,
    ResultFinding,
    ResultVersion,
    TimerTask,
    Waiver,
    write,
)
from sync_jobs.review.reasons import NEEDS_WORDS, REASONS

KINDS = ("ask", "missing_runner", "correction")
SAY_WHAT = "Say what the timer has to look at."
MOST_BIBS = 200


def waive(version_id: int, finding_id: int, reason: str, words: str, by: Actor, now: datetime) -> Waiver:
    """It is right as it is: `reason` is of `review.REASONS`, `other` needs words. Holds while the finding's rows are the same."""
    with write() as session:
        kept = _version(session, version_id, by)
        finding = session.get(ResultFinding, finding_id)
        if finding is None or finding.version_id != version_id:
            raise NotAllowed("That finding is not there any more. Look again.")
        if finding.severity == "hard":
            raise NotAllowed("Nobody can waive this: something is broken, and has to be put right first.")
        said = _reason(reason, words)
        held = looking.waivers_of(session, kept.contest_id).get(finding.fingerprint)
        if held is None:
            held = Waiver(
                contest_id=kept.contest_id, fingerprint=finding.fingerprint, check_id=finding.check_id, reason=reason, words=said,
                by_account=by.account_id, by_name=by.name, at=now,
            )  # fmt: skip
            session.add(held)
            _changed(session, kept.timing_partner_id)
    check(version_id, now)
    return held


def _reason(reason: str, words: str) -> str:
    if reason not in REASONS:
        raise NotAllowed("Choose a reason.")
    return guarding.words_of(words, needed="Say it in words." if reason in NEEDS_WORDS else None)


def unwaive(waiver_id: int, by: Actor, now: datetime) -> None:
    """Take that back."""
    with write() as session:
        held = session.get(Waiver, waiver_id)
        if held is None:
            raise NotAllowed(looking.NOT_THERE)
        contest = _contest(session, held.contest_id, by)
        held.ended_at = held.ended_at or now
        _changed(session, contest.timing_partner_id)
        newest = looking.newest_id(session, contest.contest_id)
    _again(newest, now)


def hold(contest_id: int, entry_key: str, reason: str, words: str, by: Actor, now: datetime) -> Hold:
    """Leave a row out of what goes out, until somebody lets it go. Approvals that wait are void."""
    with write() as session:
        contest = _contest(session, contest_id, by)
        must_be_there(session, contest_id, entry_key)
        said = _reason(reason, words)
        held = _held(session, contest_id, entry_key)
        if held is None:
            held = Hold(
                contest_id=contest_id, entry_key=entry_key, reason=reason, words=said, by_account=by.account_id, by_name=by.name,
                at=now,
            )  # fmt: skip
            session.add(held)
            payload_changes(session, contest, f"{by.name} held a row.", now)
        newest = looking.newest_id(session, contest_id)
    _again(newest, now)
    return held


def release(contest_id: int, entry_key: str, by: Actor, now: datetime) -> None:
    """Let a held row go out again."""
    with write() as session:
        contest = _contest(session, contest_id, by)
        held = _held(session, contest_id, entry_key)
        if held is not None:
            held.ended_at, held.ended_by = now, by.name
            payload_changes(session, contest, f"{by.name} let a held row go.", now)
        newest = looking.newest_id(session, contest_id)
    _again(newest, now)


def _held(session: Session, contest_id: int, entry_key: str) -> Hold | None:
    mine = select(Hold).where(Hold.contest_id == contest_id, Hold.entry_key == entry_key, Hold.ended_at.is_(None))
    found: Hold | None = session.scalar(mine)
    return found


def payload_changes(session: Session, contest: Contest, why: str, now: datetime) -> None:
    """What would be sent is another from now on: what was approved and not begun is void."""
    mine = select(ResultDestination.destination_id).where(ResultDestination.contest_id == contest.contest_id)
    destinations.void(session, session.scalars(mine).all(), why, now)
    _changed(session, contest.timing_partner_id)


def must_be_there(session: Session, contest_id: int, entry_key: str) -> None:
    """Raise NotAllowed for an entry that scoring never named in that contest."""
    known = select(KeptRow.row_id).where(KeptRow.contest_id == contest_id, KeptRow.entry_key == entry_key)
    if session.scalar(known.limit(1)) is None:
        raise NotAllowed("That row is not in these results.")


def ask_timer(
    contest_id: int, words: str, by: Actor, now: datetime, *, bibs: Iterable[str] = (), kind: str = "ask",
    version_id: int | None = None,
) -> TimerTask:  # fmt: skip
    """A task for the timer; `kind` is ask, missing_runner or correction."""
    if kind not in KINDS:
        raise NotAllowed("Choose what the timer has to do.")
    with write() as session:
        contest = _contest(session, contest_id, by)
        return _task(session, contest, kind, words, bibs, version_id, by, now)


def _task(
    session: Session, contest: Contest, kind: str, words: str, bibs: Iterable[str], version_id: int | None, by: Actor, now: datetime
) -> TimerTask:
    said = guarding.words_of(words, needed=SAY_WHAT)
    about = list(dict.fromkeys(bib.strip() for bib in bibs if bib.strip()))[:MOST_BIBS]
    same = select(TimerTask).where(
        TimerTask.contest_id == contest.contest_id, TimerTask.kind == kind, TimerTask.words == said,
        TimerTask.by_account == by.account_id, TimerTask.done_at.is_(None), TimerTask.version_id.is_not_distinct_from(version_id),
    )  # fmt: skip
    for before in session.scalars(same):
        if before.bibs == about:  # a second press is the first one
            return before
    task = TimerTask(
        timing_partner_id=contest.timing_partner_id, edition_id=contest.edition_id, contest_id=contest.contest_id,
        version_id=version_id, kind=kind, bibs=about, words=said, by_account=by.account_id, by_name=by.name, at=now,
    )  # fmt: skip
    session.add(task)
    session.flush()
    _changed(session, contest.timing_partner_id)
    return task


def send_back(version_id: int, words: str, by: Actor, now: datetime, *, bibs: Iterable[str] = ()) -> TimerTask:
    """The timer has to do something first: the version waits for a newer one."""
    with write() as session:
        kept = _undecided(session, version_id, by)
        task = _task(session, session.get_one(Contest, kept.contest_id), "sent_back", words, bibs, version_id, by, now)
        if kept.state != "sent_back":
            _decide(session, kept, "sent_back", f"Sent back by {by.name}: {task.words}", now)
        return task


def reject(version_id: int, words: str, by: Actor, now: datetime) -> None:
    """This version is never published."""
    with write() as session:
        kept = _undecided(session, version_id, by)
        said = guarding.words_of(words, needed="Say why it is never to be published.")
        if kept.state != "rejected":
            _decide(session, kept, "rejected", f"Rejected by {by.name}: {said}", now)


def _undecided(session: Session, version_id: int, by: Actor) -> ResultVersion:
    kept = _version(session, version_id, by)
    if kept.state == "rejected":
        raise NotAllowed("This version was rejected already.")
    public = select(ResultDestination.destination_id).where(
        ResultDestination.live_version_id == version_id, ResultDestination.visibility.in_(("preliminary", "official"))
    )
    if session.scalar(public.limit(1)) is not None:
        raise NotAllowed("This version is public. Take it down, or publish a newer one.")
    return kept


def _decide(session: Session, kept: ResultVersion, state: str, why: str, now: datetime) -> None:
    kept.state, kept.why = state, why
    waiting = select(Approval.destination_id).where(
        Approval.version_id == kept.version_id, Approval.state.in_(("waiting", "approved")), Approval.act != "retraction"
    )
    destinations.void(session, session.scalars(waiting).all(), why, now)
    _changed(session, kept.timing_partner_id)


def task_done(task_id: int, by: Actor, now: datetime) -> None:
    """The timer did it."""
    with write() as session:
        task = session.get(TimerTask, task_id)
        if task is None:
            raise NotAllowed(looking.NOT_THERE)
        guarding.allow(session, by, APPROVERS, task.timing_partner_id, task.edition_id)
        if task.done_at is None:
            task.done_at, task.done_by = now, by.name
            _changed(session, task.timing_partner_id)


def hand_out(contest_id: int, entry_keys: Iterable[str], by: Actor, now: datetime) -> list[AwardGiven]:
    """These awards were given on the stage."""
    with write() as session:
        contest = _contest(session, contest_id, by)
        given = []
        for entry_key in dict.fromkeys(entry_keys):
            must_be_there(session, contest_id, entry_key)
            held = session.get(AwardGiven, (contest_id, entry_key))
            if held is None:
                held = AwardGiven(contest_id=contest_id, entry_key=entry_key, by_name=by.name, at=now)
                session.add(held)
            given.append(held)
        _changed(session, contest.timing_partner_id)
        newest = looking.newest_id(session, contest_id)
    _again(newest, now)
    return given


def take_hand_out_back(contest_id: int, entry_key: str, by: Actor, now: datetime) -> None:
    """No, it was not."""
    with write() as session:
        contest = _contest(session, contest_id, by)
        held = session.get(AwardGiven, (contest_id, entry_key))
        if held is not None:
            session.delete(held)
            _changed(session, contest.timing_partner_id)
        newest = looking.newest_id(session, contest_id)
    _again(newest, now)


def _contest(session: Session, contest_id: int, by: Actor) -> Contest:
    contest = session.get(Contest, contest_id)
    if contest is None:
        raise NotAllowed(looking.NOT_THERE)
    guarding.allow(session, by, APPROVERS, contest.timing_partner_id, contest.edition_id)
    return contest


def _version(session: Session, version_id: int, by: Actor) -> ResultVersion:
    kept = looking.version_of(session, version_id)
    guarding.allow(session, by, APPROVERS, kept.timing_partner_id, kept.edition_id)
    return kept


def _changed(session: Session, timing_partner_id: int) -> None:
    bump(session, "all", f"partner:{timing_partner_id}")


def _again(version_id: int | None, now: datetime) -> None:
    """What the checks look at is another now."""
    if version_id is not None:
        check(version_id, now)
