"""The recipe of one publication: set, rows, proof, show, tell. Each step is committed before the next.

Hidden until it is proven; a repeat after any crash reads back first and sends only what is missing. What was asked without an
answer is unknown, and only a reading says what became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync_jobs import times
from sync_jobs.errors import NotShownYet, PublishingRefused, ResultsDiffer, ResultsDrifted
from sync_jobs.kit.base import Adapter
from sync_jobs.publish import keeping
from sync_jobs.publish.comparing import Difference, Standing, compare
from sync_jobs.publish.keeping import Job
from sync_jobs.pull.pages import Attempt
from sync_jobs.receipts import Proof
from sync_jobs.results import Published, PublishedSet, SetFlags
from sync_jobs.review.drift import flag_edits, three_way
from sync_jobs.review.fingerprints import base_hash, digest, rows_hash

log = logging.getLogger(__name__)
NOTHING = PublishedSet(set_id=None, flags=None)
TOLD = 20  # edits of a drift
CHANGED = "Somebody changed something there."
ROUNDS = 1  # how often rows that do not read as sent are sent once more
GONE = "The result set is not there any more. Somebody deleted it."
NOT_VISIBLE = "The rows are there, but the set does not stand as it was asked to. Look there."
EXTRA = "A row carries fields that may not be published: {}. Nothing was sent."


@dataclass(slots=True)
class Work:
    """One publication on its way out in one attempt, and what was last read of its set."""

    attempt: Attempt
    job: Job
    there: PublishedSet | None = None  # read in this attempt, and nothing was sent since
    listed_now: bool = False  # the sets were listed in this attempt, and none was made since

    @property
    def adapter(self) -> Adapter:
        """The way to the provider."""
        return self.attempt.adapter

    def reading(self) -> PublishedSet:
        """The set in full, read now unless it still holds."""
        if self.there is None:
            self.there = (
                self.adapter.published_results(self.job.target) if self.job.set_id else replace(NOTHING, read_at=times.now())
            )
        return self.there

    def standing(self, there: PublishedSet, *, proving: bool = False) -> Standing:
        """How it stands to what was approved."""
        return compare(self.job.payload.rows, there.rows, self.adapter.shown, proving=proving)

    def set_flags(self, flags: SetFlags) -> None:
        """Set all of them."""
        self.adapter.set_result_flags(self.job.target, flags)
        self.answered("flags")

    def answered(self, what: str) -> None:
        """Remember a yes of the provider, for the receipt."""
        self.job.notes.setdefault("answers", []).append({"call": what, "at": times.now().isoformat()})

    def commit(self, step: str, **values: object) -> None:
        """The next step is decided."""
        keeping.commit(self.attempt, self.job, step=step, **values)  # type: ignore[arg-type]  # names of columns


def go_out(work: Work) -> None:
    """All steps that are left, to the end."""
    while work.job.step != "done":
        STEPS[work.job.step](work)


def _begin(work: Work) -> None:
    """Nothing leaves before what is there was read again, and is what the approver saw."""
    job = work.job
    if names := sorted({name for row in job.payload.rows for name in row.extra}):
        log.error("publication %s: refused for the fields %s", job.publication_id, ", ".join(names))
        raise PublishingRefused("payload", EXTRA.format(", ".join(names)))
    if job.is_retraction:  # taking down waits for nobody's edits
        work.commit("show", started_at=times.now())
        return
    there = work.reading()
    if base_hash(there) != (job.expected or base_hash(NOTHING)):
        _wait_for(work, job.base_at)
        raise ResultsDrifted("result set", f"Somebody changed these results at {work.adapter.label} since they were looked at.")
    if there.set_id is None and job.set_id is not None:  # deleted by hand, and the approver saw that
        job.set_id = None
    if job.set_id is None:
        job.notes["sets_before"] = [one.set_id for one in work.adapter.result_sets(job.target)]
        work.listed_now = True
    work.commit("set", started_at=times.now(), destination={"set_id": job.set_id})


def _set(work: Work) -> None:
    """An explicit set of our own: made hidden, or told not to send messages while rows go out."""
    job = work.job
    if job.set_id is None:
        flags = job.flags(None, is_public=False, is_preliminary=True)
        made = (None if work.listed_now else _made_before(work)) or work.adapter.make_result_set(job.target, flags)
        work.answered("new set")
        work.there = None
        work.commit("rows", destination={"set_id": made, "visibility": "hidden"})
        work.there = PublishedSet(set_id=made, flags=flags, read_at=times.now())
        return
    there = work.reading()
    if there.set_id is None or there.flags is None:
        raise ResultsDiffer("result set", GONE)
    if not work.standing(there).is_equal:
        work.set_flags(job.flags(there.flags, is_public=there.flags.is_public, is_preliminary=there.flags.is_preliminary))
    work.commit("rows")


def _made_before(work: Work) -> str | None:
    """The set that an earlier try made without hearing the answer: a new one of our name, still hidden."""
    before = set(work.job.notes.get("sets_before", ()))
    for one in work.adapter.result_sets(work.job.target):
        if one.set_id not in before and one.flags is not None and one.flags.name == work.job.set_name and not one.flags.is_public:
            return one.set_id
    return None


def _rows(work: Work) -> None:
    """Send what is missing or differs. Somebody who should not be there can only go with all: hidden, emptied, filled again."""
    job, there = work.job, work.reading()
    if there.set_id is None or there.flags is None:
        raise ResultsDiffer("result set", GONE)
    standing = work.standing(there)
    sending, size = standing.to_send, work.adapter.results_at_once
    if size is None:
        sending, size = job.payload.rows if not standing.is_equal else (), max(1, len(job.payload.rows))
    elif standing.extra:
        _empty(work, there.flags)
        sending, there = job.payload.rows, PublishedSet(set_id=there.set_id, flags=there.flags)
    chunks = [sending[at : at + size] for at in range(0, len(sending), size)]
    if chunks:
        work.commit("rows", chunks=job.chunks_done + len(chunks))
    by_key = {work.adapter.shown(row).key: row for row in there.rows}
    for chunk in chunks:
        _send(work, chunk, by_key)
    work.commit("proof")


def _empty(work: Work, flags: SetFlags) -> None:
    if flags.is_public:
        work.set_flags(work.job.flags(flags, is_public=False, is_preliminary=flags.is_preliminary))
        work.there = None
        work.commit("rows", destination={"visibility": "hidden"})
    work.there = None
    work.adapter.remove_results(work.job.target)
    work.answered("emptied")


def _send(work: Work, chunk: Sequence[Published], there: Mapping[tuple[str, str], Published]) -> None:
    work.there = None  # from here on it is unknown
    work.adapter.post_results(work.job.target, chunk, there)
    work.job.notes["sent_at"] = times.now().isoformat()
    work.answered("rows")
    work.commit("rows", sent=len(chunk), chunks_done=work.job.chunks_done + 1)


def _proof(work: Work) -> None:
    """Everything is read back, and every field of it is as it was sent."""
    there = work.reading()
    standing = work.standing(there, proving=True)
    if standing.is_equal:
        work.commit("show")
        return
    sent_at = work.job.notes.get("sent_at")
    _wait_for(work, datetime.fromisoformat(sent_at) if sent_at else None)
    if work.job.notes.get("rounds", 0) < ROUNDS:
        work.job.notes["rounds"] = work.job.notes.get("rounds", 0) + 1
        work.commit("rows")
        return
    raise ResultsDiffer("proof", f"What stands there is not what was sent: {standing.sentence}.")


def _wait_for(work: Work, at: datetime | None) -> None:
    """A reading may still be of the time before that instant; then it proves nothing, and we look again later."""
    until = at + work.adapter.results_settle + timedelta(seconds=1) if at else None
    if work.adapter.results_settle and until is not None and times.now() < until:
        raise NotShownYet("results", until=until)


def _show(work: Work) -> None:
    """The flags at last, and a look at them."""
    job = work.job
    there = PublishedSet(set_id=job.set_id, flags=_listed(work)) if job.is_retraction and job.set_id else work.reading()
    if there.flags is None:  # nothing was ever made there, or somebody deleted it
        _done(work, NOTHING)
        return
    is_preliminary = there.flags.is_preliminary if job.is_retraction else job.payload.visibility == "preliminary"
    wanted = job.flags(there.flags, is_public=not job.is_retraction, is_preliminary=is_preliminary)
    if not _stands(work, there.flags, wanted):
        _set_and_look(work, wanted)
    if job.payload.tells and not job.is_retraction:
        work.commit("tell")
    else:
        _done(work, work.reading())


def _set_and_look(work: Work, wanted: SetFlags) -> None:
    if wanted.is_public:
        _may_be_seen(work)
    work.set_flags(wanted)
    found = _listed(work)
    if found is None or not _stands(work, found, wanted):
        _wait_for(work, times.now())
        raise ResultsDiffer("flags", NOT_VISIBLE)
    if work.there is not None:
        work.there = replace(work.there, flags=found)


def _may_be_seen(work: Work) -> None:
    """From here on the public may see it, whether we hear of that or not: so it can be taken down, whatever comes."""
    job = work.job
    job.notes.setdefault("before", job.visibility)
    seen = {"visibility": job.payload.visibility, "live_version_id": job.version_id, "sent": job.body}
    work.commit("show", destination=seen)


def _listed(work: Work) -> SetFlags | None:
    return next((one.flags for one in work.adapter.result_sets(work.job.target) if one.set_id == work.job.set_id), None)


def _stands(work: Work, found: SetFlags, wanted: SetFlags) -> bool:
    if not wanted.is_public or not work.adapter.results_preliminary:
        return found.is_public == wanted.is_public
    return (found.is_public, found.is_preliminary) == (wanted.is_public, wanted.is_preliminary)


def _tell(work: Work) -> None:
    """Messages are turned on, which cannot be taken back; asked twice, nobody is told twice."""
    there = work.reading()
    is_preliminary = work.job.payload.visibility == "preliminary"
    work.set_flags(work.job.flags(there.flags, is_public=True, is_preliminary=is_preliminary, notifies=True))
    _done(work, there)


def _done(work: Work, there: PublishedSet) -> None:
    job = work.job
    standing = work.standing(there, proving=True)
    if not job.is_retraction and not standing.is_equal:  # somebody was there after the proof
        raise ResultsDiffer("proof", f"What stands there is not what was sent: {standing.sentence}.")
    told = {} if job.is_retraction else {"live_version_id": job.version_id, "sent": job.body}
    kind = "retracted" if job.is_retraction else "published"
    keeping.end(
        work.attempt, job, "published", kind, step="done", accepted=len(job.payload.rows),
        proof=proof(job, there, is_equal=True, after=job.payload.visibility, standing=standing),
        destination={**told, **keeping.as_read(there, times.now()), "visibility": job.payload.visibility, "drift": None},
    )  # fmt: skip


def proof(
    job: Job, there: PublishedSet | None, *, is_equal: bool | None, after: str | None, standing: Standing | None = None
) -> Proof:
    """What a receipt says of the reading. Nobody is named: a row is a hash of whose it is."""
    differences = () if standing is None or is_equal else standing.differences
    return Proof(
        read_at=there.read_at if there else None, hash=rows_hash(there.rows) if there else None, is_equal=is_equal,
        differences=tuple(_difference(one) for one in differences), visibility_after=after,
        visibility_before=job.notes.get("before", job.visibility),
        told=job.tells_many if job.payload.tells and is_equal else 0,
    )  # fmt: skip


def _difference(one: Difference) -> dict[str, str]:
    return {"row": digest(["bib", one.bib or ""]), "field": ", ".join(one.what)}


def drift(left: PublishedSet, there: PublishedSet, about: Sequence[Published]) -> str:
    """What somebody changed there behind us, in words: what we left, what is there, what would be sent."""
    edits = [one.sentence for one in three_way(left.rows, there.rows, about)]
    if left.flags is not None:
        edits += [one.sentence for one in flag_edits(left.flags, there.flags, left.flags)]
    more = [f"And {len(edits) - TOLD} more."] if len(edits) > TOLD else []
    return " ".join([*edits[:TOLD], *more]) or CHANGED


STEPS: Mapping[str, Callable[[Work], None]] = {
    "begin": _begin, "set": _set, "rows": _rows, "proof": _proof, "show": _show, "tell": _tell,
}  # fmt: skip
