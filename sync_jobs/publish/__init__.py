"""Publish what was approved: take up each open publication of an edition at a connection, and see it to an end with a receipt.

`steps` is the recipe, `comparing` decides what is missing, `keeping` commits, `files` is for providers that take no calls.
"""

from __future__ import annotations

from typing import Any

from sync_jobs import approvals, times
from sync_jobs.errors import ProviderError, ProviderThrottled, PublishingRefused, QuotaUsedUp, ResultsDiffer, ResultsDrifted
from sync_jobs.ledger import LostLease
from sync_jobs.models import Connection, db
from sync_jobs.publish import files, keeping, steps
from sync_jobs.publish.files import loaded
from sync_jobs.publish.keeping import Superseded, forgotten
from sync_jobs.publish.steps import Work
from sync_jobs.pull.pages import Attempt, Cancelled
from sync_jobs.review.packed import unpack_set
from sync_jobs.settings import settings

__all__ = ["forgotten", "loaded", "results_of"]
CANCELLED = "Somebody cancelled it. What was sent stays hidden, or as it is."
ENDED = "{} What was sent before stays hidden, or as it is; a retry goes on from there."


def results_of(attempt: Attempt) -> None:
    """Everything that is open, also what somebody approves meanwhile. What goes wrong with one keeps no other waiting."""
    tried: set[int] = set()
    failure: ProviderError | None = None
    while waiting := [one for one in keeping.to_do(attempt) if one not in tried]:
        for publication_id in waiting:
            tried.add(publication_id)
            failure = _one(attempt, publication_id) or failure
    if failure is not None:
        raise failure


def _one(attempt: Attempt, publication_id: int) -> ProviderError | None:
    """One publication; what stands against it, where that is nothing that passes by itself."""
    try:
        work = _taken_up(attempt, publication_id)
    except PublishingRefused as why:
        keeping.refused(attempt, publication_id, why.sentence)
        return why
    try:
        keeping.must_still_go(work.job)
        if _by_call(attempt):
            steps.go_out(work)
        else:
            files.make(attempt, work.job)
    except Superseded:
        return None
    except Cancelled:
        _ended(work, "failed", CANCELLED)
        raise
    except ProviderError as why:
        why.provider = why.provider or attempt.adapter.label
        if _passes(attempt, why):
            raise
        _stopped(work, why)
        if why.retry:
            raise
        return why
    return None


def _taken_up(attempt: Attempt, publication_id: int) -> Work:
    """The approval is used now, or was when this publication began."""
    job = keeping.load(publication_id)
    if not job.begun:
        if sentence := approvals.take_up(publication_id, times.now()):
            raise PublishingRefused("approval", sentence)
        job = keeping.load(publication_id)
    keeping.begun(job)
    return Work(attempt, job)


def _by_call(attempt: Attempt) -> bool:
    """Whether this provider is told by calls: where they are not confirmed, only once somebody switched them on."""
    connection = db.session.get_one(Connection, attempt.claim.connection_id)
    is_on = connection.writes == "on" or not attempt.adapter.results_switch
    db.session.rollback()
    return is_on and "publish_results" in attempt.adapter.abilities()


def _passes(attempt: Attempt, why: ProviderError) -> bool:
    """Whether it is tried again by itself."""
    if isinstance(why, QuotaUsedUp | ProviderThrottled):
        return True
    return why.retry and attempt.claim.errors + 1 < settings().most_errors


def _stopped(work: Work, why: ProviderError) -> None:
    """Keep how it stands, with a receipt: nothing is left silently."""
    if isinstance(why, ResultsDrifted):
        _drifted(work, why)
    elif isinstance(why, ResultsDiffer):
        _ended(work, "partial", why.sentence)
    elif isinstance(why, PublishingRefused) and work.job.chunks_done:
        _ended(work, "failed", why.sentence)
    elif isinstance(why, PublishingRefused):
        keeping.refused(work.attempt, work.job.publication_id, why.sentence)
    else:
        _ended(work, "failed", ENDED.format(why.sentence))


def _drifted(work: Work, why: ResultsDrifted) -> None:
    job, there = work.job, work.reading()
    left = unpack_set(job.base) if job.base else steps.NOTHING
    kept = {**keeping.as_read(there, times.now()), "drift": steps.drift(left, there, job.payload.rows)}
    keeping.end(
        work.attempt, job, "drifted", "refused", why=why.sentence, destination=kept,
        proof=steps.proof(job, there, is_equal=None, after=job.visibility),
    )  # fmt: skip


def _ended(work: Work, state: str, sentence: str) -> None:
    """Partial where rows went out, with what is there as far as it was read."""
    job, there = work.job, work.there
    state = "partial" if job.chunks_done and job.visibility in {"preliminary", "official"} else state
    kept: dict[str, Any] = {} if there is None else keeping.as_read(there, times.now())
    standing = None if there is None else work.standing(there, proving=True)
    is_equal = None if standing is None else standing.is_equal
    proof = steps.proof(job, there, is_equal=is_equal, after=job.visibility, standing=standing)
    try:
        keeping.end(work.attempt, job, state, state, why=sentence, destination=kept, proof=proof)
    except (Superseded, LostLease):
        return  # whoever holds it now says how it ended
