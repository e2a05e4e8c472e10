"""Approved results as a file, where no call takes them: made with a receipt, and live once somebody says that they loaded it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session, aliased

from sync_jobs.errors import PublishingRefused
from sync_jobs.ledger import bump
from sync_jobs.models import Publication, PublicationPayload, ResultDestination, ResultFile, write
from sync_jobs.publish import keeping
from sync_jobs.publish.keeping import Job
from sync_jobs.pull.pages import Attempt
from sync_jobs.receipts import Proof
from sync_jobs.records import ImportFile
from sync_jobs.review.packed import unpack

NO_WAY = "{} takes results neither by a call nor as a file."
BY_HAND = "{} is told nothing by the hub: whoever asked for this says that they took the results down there by hand."


def make(attempt: Attempt, job: Job) -> None:
    """The file, its receipt, and the end of the publication, in one transaction. Nothing was published by it yet."""
    adapter = attempt.adapter
    if "results_file" not in adapter.abilities():
        raise PublishingRefused("file", NO_WAY.format(adapter.label))
    if job.is_retraction:
        _taken_down(attempt, job)
        return
    made = adapter.results_file(job.target, job.payload.rows, job.name)

    def keep(session: Session, now: datetime) -> None:
        session.add(_row(session, job, made, now))

    proof = Proof(visibility_before=job.visibility, visibility_after=job.visibility)
    keeping.end(attempt, job, "published", "file", step="done", proof=proof, accepted=len(job.payload.rows), also=keep)


def _taken_down(attempt: Attempt, job: Job) -> None:
    """Where no call reaches, a person's word is all there is: the page asks for it before. Nothing is read back."""
    keeping.end(
        attempt, job, "published", "retracted", step="done", why=BY_HAND.format(attempt.adapter.label),
        proof=Proof(visibility_before=job.visibility, visibility_after="retracted"),
        destination={"visibility": "retracted", "drift": None},
    )  # fmt: skip


def _is_followed() -> ColumnElement[bool]:
    """Whether a newer publication of the same destination ended well: a newer file, or taking down."""
    mine, later = aliased(Publication), aliased(Publication)
    return exists().where(
        mine.publication_id == ResultFile.publication_id, later.destination_id == mine.destination_id,
        later.publication_id > mine.publication_id, later.state == "published",
    )  # fmt: skip


def _row(session: Session, job: Job, made: ImportFile, now: datetime) -> ResultFile:
    publication = session.get_one(Publication, job.publication_id)
    return ResultFile(
        timing_partner_id=publication.timing_partner_id, edition_id=publication.edition_id, publication_id=job.publication_id,
        name=made.name, media_type=made.media_type, content=made.content, people=len(job.payload.rows), made_at=now,
    )  # fmt: skip


def loaded(file_id: int, by: str, now: datetime) -> bool:
    """Somebody says that they loaded a file: from now on it counts as what the public sees. False where that was said before,
    or where another publication came after it.
    """
    with write() as session:
        said = (ResultFile.file_id == file_id, ResultFile.loaded_at.is_(None), ~_is_followed())
        first = session.execute(
            update(ResultFile).where(*said).values(loaded_at=now, loaded_by=by).returning(ResultFile.publication_id)
        )
        publication_id = first.scalar()
        if publication_id is None:
            return False
        found = session.execute(
            select(Publication.destination_id, Publication.version_id, Publication.timing_partner_id, PublicationPayload.body)
            .join(PublicationPayload, PublicationPayload.publication_id == Publication.publication_id)
            .where(Publication.publication_id == publication_id)
        ).one()
        live = {"live_version_id": found.version_id, "sent": found.body}
        if found.body is not None:
            live["visibility"] = unpack(found.body).visibility
        session.execute(update(ResultDestination).where(ResultDestination.destination_id == found.destination_id).values(**live))
        bump(session, "all", f"partner:{found.timing_partner_id}")
        return True
