"""What a publication is made of, read in one go, and each step of it committed before the next begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from sync_jobs import ledger, receipts, times
from sync_jobs.errors import PublishingRefused
from sync_jobs.ledger import Counts
from sync_jobs.models import (
    Approval,
    Contest,
    Edition,
    HiddenName,
    Hold,
    Publication,
    PublicationPayload,
    ResultDestination,
    Run,
    db,
    write,
)
from sync_jobs.pull.pages import Attempt, between_pages
from sync_jobs.receipts import Execution, Proof
from sync_jobs.results import ANONYMOUS, PublishedSet, ResultTarget, SetFlags
from sync_jobs.review.fingerprints import base_hash
from sync_jobs.review.packed import Payload, pack_set, unpack

OPEN = ("waiting", "publishing")
ENDED_EARLY = ("failed", "partial")
EMPTIED = "Its rows were deleted for privacy. Approve the results again."
ELSEWHERE = "The map of distances leads elsewhere now. Approve the results again."
WITHHELD = "A name in it was hidden, or a row of it held, since it began. Approve the results again."
NOT_ITS_OWN = "What was kept to be sent is not what was approved. Nothing was sent."


class Superseded(Exception):
    """Somebody ended this publication, or took its results down, while it was going out."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One publication as it goes out. What is committed is written back here."""

    publication_id: int
    act: str
    state: str
    step: str
    begun: bool
    chunks: int
    chunks_done: int
    payload: Payload
    body: bytes
    destination_id: int
    contest_id: int
    version_id: int
    set_id: str | None
    set_name: str
    visibility: str  # before
    expected: str  # the hash of what the approver saw there
    tells_many: int
    base: bytes | None
    base_at: datetime | None
    name: str  # of the edition and the distance, for a file
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> ResultTarget:
        """Where to, with the set that it is now."""
        where = self.payload.target
        return ResultTarget(
            happening_id=where.happening_id,
            contest_id=where.contest_id,
            also_for=where.also_for,
            set_id=self.set_id,
            zone=where.zone,
        )

    @property
    def is_retraction(self) -> bool:
        """Whether the results are taken down."""
        return self.payload.visibility == "retracted"

    def flags(self, there: SetFlags | None, *, is_public: bool, is_preliminary: bool, notifies: bool = False) -> SetFlags:
        """All flags of the set, the name as somebody gave it there."""
        name = there.name if there is not None and there.name else self.set_name
        also = self.payload.target.also_for
        return SetFlags(name=name, is_public=is_public, is_preliminary=is_preliminary, notifies=notifies, also_for=also)


def to_do(attempt: Attempt) -> list[int]:
    """The publications of this edition at this connection that are open, and those that this very run left undone."""
    later, connection = aliased(Publication), attempt.claim.connection_id
    newer = exists().where(later.destination_id == Publication.destination_id, later.publication_id > Publication.publication_id)
    mine = and_(
        Publication.run_id == attempt.claim.run_id, Publication.state.in_(ENDED_EARLY), Publication.started_at.is_not(None), ~newer
    )
    found = db.session.scalars(
        select(Publication.publication_id)
        .join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .where(
            Publication.edition_id == attempt.claim.edition_id, ResultDestination.connection_id == connection,
            or_(Publication.state.in_(OPEN), mine),
        )
        .order_by(Publication.publication_id)
    ).all()  # fmt: skip
    db.session.rollback()
    return list(found)


def forgotten() -> list[tuple[int, int]]:
    """Connection and edition of open publications that no run waits for: approved while the last one was ending."""
    now_at_it = exists().where(
        Run.operation_type == "publish", Run.connection_id == ResultDestination.connection_id,
        Run.edition_id == Publication.edition_id, Run.status.in_(("pending", "running")),
    )  # fmt: skip
    ended_well = exists().where(Run.run_id == Publication.run_id, Run.status == "completed")
    found = db.session.execute(
        select(ResultDestination.connection_id, Publication.edition_id)
        .join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .where(Publication.state.in_(OPEN), ~now_at_it, or_(Publication.run_id.is_(None), ended_well))
        .distinct()
    ).all()
    db.session.rollback()
    return [(row.connection_id, row.edition_id) for row in found]


def load(publication_id: int) -> Job:
    """Everything of one publication. Raises PublishingRefused where what was approved is not what would go out."""
    row = db.session.execute(
        select(Publication, Approval, ResultDestination, PublicationPayload.body, Contest, Edition.name)
        .join(Approval, Approval.approval_id == Publication.approval_id)
        .join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .join(Contest, Contest.contest_id == ResultDestination.registration_contest_id)
        .join(Edition, Edition.edition_id == Publication.edition_id)
        .join(PublicationPayload, PublicationPayload.publication_id == Publication.publication_id, isouter=True)
        .where(Publication.publication_id == publication_id)
    ).one()
    db.session.rollback()
    publication, approval, destination, body, contest, edition = row
    if body is None:
        raise PublishingRefused("payload", EMPTIED)
    payload = unpack(body)
    if {payload.hash} != {publication.payload_hash, approval.payload_hash}:
        raise PublishingRefused("payload", NOT_ITS_OWN)
    there = (destination.happening_id, contest.provider_contest_id.rpartition("/")[2])
    if payload.visibility != "retracted" and (there != _aim(payload) or destination.ended_at):
        raise PublishingRefused("destination", ELSEWHERE)
    return Job(
        publication_id=publication_id, act=publication.act, state=publication.state, step=publication.step,
        begun=publication.started_at is not None and publication.step != "begin", chunks=publication.chunks,
        chunks_done=publication.chunks_done, payload=payload, body=body, destination_id=destination.destination_id,
        contest_id=destination.contest_id, version_id=publication.version_id, set_id=destination.set_id,
        set_name=contest.name or "Results",
        visibility=destination.visibility, expected=approval.base_hash, tells_many=approval.tells_many,
        base=destination.base,
        base_at=destination.base_at,
        name=f"{edition} {contest.name}", notes=dict(publication.notes or {}),
    )  # fmt: skip


def _aim(payload: Payload) -> tuple[str, str]:
    return payload.target.happening_id, payload.target.contest_id


def must_still_go(job: Job) -> None:
    """Raise PublishingRefused for what began before somebody hid a name in it, or held a row; what is shown already is shown."""
    if job.is_retraction or job.step in {"tell", "done"}:
        return
    hidden, held = (_entries(model, job.contest_id) for model in (HiddenName, Hold))
    if any(row.entry_key in held or (row.entry_key in hidden and row.first_name != ANONYMOUS) for row in job.payload.rows):
        raise PublishingRefused("payload", WITHHELD)


def _entries(model: Any, contest_id: int) -> frozenset[str]:
    found = frozenset(db.session.scalars(select(model.entry_key).where(model.contest_id == contest_id, model.ended_at.is_(None))))
    db.session.rollback()
    return found


def commit(attempt: Attempt, job: Job, *, sent: int = 0, destination: dict[str, Any] | None = None, **values: Any) -> None:
    """Keep how far it is, under the run's fence. Raises Superseded, LostLease, Cancelled, Yielded."""
    stop = _commit(attempt, job, Counts(changed=sent), destination or {}, {"state": "publishing", **values}, None, times.now())
    between_pages(stop=stop)


def end(
    attempt: Attempt,
    job: Job,
    state: str,
    kind: str,
    *,
    proof: Proof,
    accepted: int = 0,
    destination: dict[str, Any] | None = None,
    also: Callable[[Session, datetime], None] | None = None,
    **values: Any,
) -> None:
    """The end of a publication: its state, the destination's, and the receipt, in one transaction."""
    now = times.now()
    execution = Execution(
        attempts=int(job.notes.get("attempts", 1)), chunks=job.chunks_done, accepted=accepted,
        answers=tuple(job.notes.get("answers", ())), extra={"rounds": job.notes.get("rounds", 0)},
    )  # fmt: skip

    def receipt(session: Session) -> None:
        publication = session.get_one(Publication, job.publication_id, populate_existing=True)
        if also is not None:
            also(session, now)
        receipts.write(session, publication, kind, proof=proof, execution=execution, now=now)

    values = {"state": state, "ended_at": now, "why": None, **values}
    _commit(attempt, job, Counts(), destination or {}, values, receipt, now)


def _commit(
    attempt: Attempt, job: Job, counts: Counts, destination: dict[str, Any], values: dict[str, Any],
    also: Callable[[Session], None] | None, now: datetime,
) -> bool:  # fmt: skip
    values = {"notes": job.notes, "run_id": attempt.claim.run_id, **values}
    still = (Publication.publication_id == job.publication_id, Publication.state == job.state)
    with write() as session:
        stop = ledger.page_done(session, attempt.claim, counts, attempt.cursor, len(job.payload.rows), now)
        kept = session.execute(update(Publication).where(*still).values(**values).returning(Publication.publication_id)).first()
        if kept is None:
            raise Superseded
        if destination:
            session.execute(
                update(ResultDestination).where(ResultDestination.destination_id == job.destination_id).values(**destination)
            )
        if also is not None:
            also(session)
    attempt.lease.renewed()
    job.state = values["state"]
    for name in ("step", "chunks", "chunks_done"):
        setattr(job, name, values.get(name, getattr(job, name)))
    job.set_id = destination.get("set_id", job.set_id)
    job.visibility = destination.get("visibility", job.visibility)
    return stop


def as_read(there: PublishedSet, now: datetime) -> dict[str, Any]:
    """What a destination keeps of what was read back last."""
    return {"base": pack_set(there), "base_hash": base_hash(there), "base_at": there.read_at or now}


def begun(job: Job) -> None:
    """Count this attempt; in the notes, which are kept with the next step."""
    job.notes["attempts"] = int(job.notes.get("attempts", 0)) + 1


def refused(attempt: Attempt, publication_id: int, sentence: str) -> None:
    """Keep that a publication was not begun, and why, with a receipt. Whoever ended it before stays right."""
    now = times.now()
    open_still = (Publication.publication_id == publication_id, Publication.state.in_((*OPEN, "failed")))
    with write() as session:
        ledger.page_done(session, attempt.claim, Counts(), attempt.cursor, None, now)
        values = {"state": "failed", "why": sentence, "ended_at": now, "run_id": attempt.claim.run_id}
        kept = session.execute(
            update(Publication).where(*open_still).values(**values).returning(Publication.publication_id)
        ).first()
        if kept is not None:
            publication = session.get_one(Publication, publication_id, populate_existing=True)
            receipts.write(session, publication, "refused", proof=None, execution=None, now=now)
    attempt.lease.renewed()
