"""The one door for every wish (button, program, clock), and the queue's two ends: the hint and what a worker runs.

    request → row committed → hint → worker: work → claim of the best due run → pull

Redis carries hints only; losing it, or a worker, loses nothing: the dispatcher hints again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any

import redis
from flask import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import and_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sync_jobs import (
    approvals,
    cadence,
    editions,
    ledger,
    processes,
    pruning,
    publish,
    pull,
    push,
    schedules,
    secrets,
    start_lists,
    stopping,
    telling,
    times,
)
from sync_jobs.ledger import Requested
from sync_jobs.models import (
    Connection,
    Edition,
    EditionLink,
    PartnerSettings,
    Publication,
    Run,
    Schedule,
    db,
    write,
)
from sync_jobs.providers import ADAPTERS, label
from sync_jobs.pull import checking
from sync_jobs.settings import settings

log = logging.getLogger(__name__)
SYNC_QUEUE, CLOCK_QUEUE = "sync", "clock"
JOB_TIMEOUT, RESULT_TTL, FAILURE_TTL = 3600, 300, 86_400  # seconds
NEEDED: Mapping[str, frozenset[str]] = {
    "events": frozenset({"discover"}), "participants": frozenset({"registrations", "entries"}), "counts": frozenset({"counts"}),
    "results": frozenset({"results"}), "start_list": frozenset({"push_entries", "import_file"}), "test": frozenset({"test"}),
    "publish": frozenset({"publish_results", "results_file"}),
}  # fmt: skip
"""Operation → the abilities of which a provider needs one."""
REMOVED = "This connection was removed."
AT_ONE_PRESS = 50  # events of one connection


class WorkFailed(Exception):
    """A bug of ours ended a run. All that the queue is told: the rest stands in this process' log, secrets blanked."""


class CannotSync(Exception):
    """The wish cannot be granted now; the text is the sentence that a person reads."""


# Asking


def request(
    connection: Connection, operation: str, *, edition: Edition | None = None, trigger: str, by: str, now: datetime
) -> Requested:
    """Write the wish, commit it, and tell the workers. A second wish joins the run that waits or runs. Raises CannotSync."""
    _may_sync(connection, operation, edition)
    with _in_time():
        requested = ledger.request(connection, operation, edition=edition, trigger=trigger, by=by, now=now)
    hint(requested.run_id)
    return requested


def request_current(connection: Connection, *, trigger: str, by: str, now: datetime) -> list[Requested]:
    """One press for a whole connection: its event list, and the participants of every event that is not over.

    Nearest start first; one transaction and one hint, since the dispatcher tells of the rest. Raises CannotSync.
    """
    _may_sync(connection, "events", None)
    found = _current_editions(connection, now) if not why_not(connection, "participants") else []
    with _in_time(), write() as session:
        ask = partial(ledger.request, connection, trigger=trigger, by=by, now=now, session=session)
        requested = [ask("participants", edition=edition) for edition in found]
        requested.append(ask("events", edition=None))
    hint(requested[0].run_id)
    return requested


def _current_editions(connection: Connection, now: datetime) -> list[Edition]:
    mine = select(EditionLink.edition_id).where(
        EditionLink.connection_id == connection.connection_id, ~schedules.is_gone(EditionLink)
    )
    listed = select(Edition).where(Edition.edition_id.in_(mine), Edition.joined_into.is_(None)).order_by(Edition.starts_at)
    wanted = [edition for edition in db.session.scalars(listed) if cadence.still_wanted(edition.starts_at, edition.ends_at, now)]
    return wanted[:AT_ONE_PRESS]


def cancel(run_id: int, by: str, now: datetime) -> bool:
    """Stop a waiting run at once and a running one at its next page. False when it has ended."""
    return ledger.cancel(run_id, by, now)


def retry(run_id: int, by: str, now: datetime, *, believe: bool = False) -> bool:
    """Open a failed or cancelled run again. False when it is neither any more. Raises CannotSync.

    `believe` answers the question of a run that found far too few people: yes, they are gone.
    """
    run = db.session.get(Run, run_id)
    if run is not None and run.connection_id is not None:
        connection = db.session.get_one(Connection, run.connection_id)
        _may_sync(connection, str(run.operation_type), db.session.get(Edition, run.edition_id) if run.edition_id else None)
    with _in_time():
        reopened = ledger.retry(run_id, by, now, believe=believe)
    if reopened:
        hint(run_id)
    return reopened


def why_not(connection: Connection, operation: str = "events") -> str | None:
    """The sentence that says why this connection cannot sync now, or None. Needs no look at its secrets."""
    name, adapter = label(connection.provider_name), ADAPTERS.get(connection.provider_name)
    if connection.state == "unsupported" or adapter is None:
        return f"{name} comes with a later version. Nothing is read there yet."
    if not NEEDED.get(operation, frozenset()) & adapter.abilities():
        return f"{name} has nothing to read of that kind."
    reason = f": {connection.paused_reason}" if connection.paused_reason else ""
    sentences = {
        "removed": REMOVED,
        "incomplete": f"{name} still needs a credential that nobody has entered. Open the connection to complete it.",
        "paused": f"{connection.name} is paused{reason}. Resume it first.",
    }
    return None if operation == "test" and connection.state != "removed" else sentences.get(connection.state)


def _may_sync(connection: Connection, operation: str, edition: Edition | None) -> None:
    if sentence := why_not(connection, operation):
        raise CannotSync(sentence)
    if operation != "test":
        _must_be_started(connection.timing_partner_id)
    if (edition is None) != (operation in {"events", "test"}):
        raise CannotSync("This needs an event." if edition is None else "This is done for all events at once.")
    if edition is not None:
        _must_be_listed(connection, edition)


def _must_be_listed(connection: Connection, edition: Edition) -> None:
    mine = (EditionLink.edition_id == edition.edition_id, EditionLink.connection_id == connection.connection_id)
    link = db.session.execute(select(schedules.is_gone(EditionLink).label("gone")).where(*mine).limit(1)).first()
    if link is None:
        raise CannotSync(f"{connection.name} does not know this event.")
    if link.gone:
        raise CannotSync(f"{label(connection.provider_name)} does not list this event any more.")


@contextmanager
def _in_time() -> Iterator[None]:
    """Somebody may pause, remove or join between our look and the ledger's, which is the one that counts."""
    try:
        yield
    except ledger.NotAllowed:
        raise CannotSync("Somebody paused, removed or joined this a moment ago. Look again.") from None


def _must_be_there(connection: Connection) -> None:
    if connection.state == "removed":
        raise CannotSync(REMOVED)


def _must_be_started(partner_id: int) -> None:
    started = db.session.scalar(select(PartnerSettings.started_at).where(PartnerSettings.timing_partner_id == partner_id))
    if started is None:
        raise CannotSync("This timing partner has not been started yet. An administrator starts it on the partner's page.")


# A partner and its connections begin and stop


def start_partner(partner_id: int, by: str, now: datetime) -> list[int]:
    """An administrator starts a taken-over partner: its complete connections become active and look for events.

    Returns the runs that were requested; [] when the partner was started before.
    """
    with write() as session:
        kept = session.get(PartnerSettings, partner_id) or PartnerSettings(timing_partner_id=partner_id)
        if kept.started_at is not None:
            return []
        kept.started_at, kept.started_by = now, by
        session.add(kept)
        ledger.bump(session, "all", f"partner:{partner_id}")
    mine = select(Connection).where(
        Connection.timing_partner_id == partner_id, Connection.state == "paused", Connection.paused_by.is_(None)
    )
    connections = list(db.session.scalars(mine))
    return [run for connection in connections if (run := _begun(connection, by, now)) is not None]


def _begun(connection: Connection, by: str, now: datetime) -> int | None:
    """One that still needs a credential says so on its page, and keeps no other from beginning."""
    try:
        return resume(connection.connection_id, by, now)
    except CannotSync as why:
        log.info("connection %s does not begin: %s", connection.connection_id, why)
        return None


def resume(connection_id: int, by: str, now: datetime) -> int | None:
    """Make a connection active and let it look for events at once. Returns that run. Raises CannotSync."""
    connection = db.session.get_one(Connection, connection_id)
    adapter = ADAPTERS.get(connection.provider_name)
    if adapter is None:
        return None
    _must_be_there(connection)
    _must_be_started(connection.timing_partner_id)
    if lacking := secrets.missing(connection):
        with write() as session:
            there = (Connection.connection_id == connection_id, Connection.state != "removed")
            session.execute(update(Connection).where(*there).values(state="incomplete"))
            ledger.bump(session, "all", f"partner:{connection.timing_partner_id}")
        raise CannotSync(f"{connection.name} still needs {' and '.join(lacking)}.")
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        _must_be_there(connection)
        connection.state, connection.paused_by, connection.paused_reason, connection.paused_at = "active", None, None, None
        session.flush()
        schedules.ensure(
            session, connection, adapter.abilities(), editions.partner_zone(session, connection.timing_partner_id), now
        )
        ledger.bump(session, "all", f"partner:{connection.timing_partner_id}")
    asked = request(connection, "events", trigger="manual", by=by, now=now).run_id
    if why_not(connection, "start_list") is None:  # people registered meanwhile
        for edition in _current_editions(connection, now):
            send_start_lists(edition, by, now, connection_id)
    return asked


def pause(connection_id: int, reason: str, by: str, now: datetime) -> None:
    """Nothing of this connection begins until somebody resumes it; what runs stops at its next page."""
    with write() as session:
        connection = session.get_one(Connection, connection_id)
        if connection.state == "removed":
            return
        connection.state, connection.paused_by, connection.paused_reason, connection.paused_at = "paused", by, reason, now
        ledger.bump(session, "all", f"partner:{connection.timing_partner_id}")
        ledger.stop(session, and_(Run.connection_id == connection_id, Run.operation_type != "test"), by, now)


def send_start_lists(edition: Edition, by: str, now: datetime, connection_id: int | None = None) -> list[int]:
    """Ask for the start lists of an event wherever somebody matched its distances, or at one connection; what may not run now
    is left out.
    """
    wanted = {target.connection_id for target in start_lists.targets(edition.edition_id, connection_id)}
    connections = db.session.scalars(select(Connection).where(Connection.connection_id.in_(wanted))).all()
    able = [connection for connection in connections if why_not(connection, "start_list") is None]
    asked = []
    for one in able:
        with suppress(CannotSync):
            asked.append(request(one, "start_list", edition=edition, trigger="change", by=by, now=now).run_id)
    return asked


# The clock


def tick(now: datetime | None = None) -> list[int]:
    """One beat of the metronome: take back dead runs, request what is due, drop what is old. Harmless at any frequency."""
    now = now or times.now()
    ledger.reap(now)
    requested = [run_id for schedule_id in schedules.due(now) if (run_id := _request_slot(schedule_id, now)) is not None]
    requested += _publications(now)
    approvals.expire(now)
    checking.check_left_behind(now)
    with suppress(redis.RedisError):  # the dispatcher hints when Redis is back
        hint_due(now)
    pruning.prune(now)
    telling.tell(now)
    return requested


def _publications(now: datetime) -> list[int]:
    """Ask for what was approved while a publishing run was just ending: it may have looked before."""
    asked = []
    for connection_id, edition_id in publish.forgotten():
        connection, edition = db.session.get_one(Connection, connection_id), db.session.get_one(Edition, edition_id)
        with suppress(ledger.NotAllowed):
            asked.append(ledger.request(connection, "publish", edition=edition, trigger="change", by="clock", now=now).run_id)
    return asked


def _request_slot(schedule_id: int, now: datetime) -> int | None:
    """Request a schedule's latest due slot and move it on, in one transaction; None when another tick was faster, or when
    somebody paused or removed its connection meanwhile: the slot then stays as it is.
    """
    try:
        with write() as session:
            return _slot_requested(session, schedule_id, now)
    except ledger.NotAllowed:
        return None
    except OperationalError:
        raise
    except ledger.BAD_ROW:
        log.exception("schedule %s cannot be requested; the others can", schedule_id)
        return None


def _slot_requested(session: Session, schedule_id: int, now: datetime) -> int | None:
    schedule = session.get(Schedule, schedule_id)
    if schedule is None or not schedules.is_due(schedule, now):
        return None
    edition = session.get(Edition, schedule.edition_id) if schedule.edition_id else None
    gone = select(Schedule.schedule_id).where(Schedule.schedule_id == schedule_id, schedules.is_gone(Schedule))
    if schedule.edition_id and (edition is None or edition.joined_into or session.scalar(gone)):
        schedule.next_run_at = None
        return None
    found = schedules.advance(session, schedule, edition, now)
    if found is None:
        return None
    slot, skipped = found
    asked = ledger.request(
        session.get_one(Connection, schedule.connection_id), schedule.operation_type, edition=edition, trigger="schedule",
        by="clock", now=now, request_key=f"sched:{schedule.target}:{times.customer_form(slot)}", slot=slot, skipped=skipped,
        session=session,
    )  # fmt: skip
    return asked.run_id


# The queue's two ends


def hint(run_id: int) -> bool:
    """Tell a worker that something is due. False when Redis is away: the dispatcher tells it later."""
    try:
        queue(SYNC_QUEUE).enqueue_call(
            "sync_jobs.jobs.work", args=(run_id,), timeout=JOB_TIMEOUT, result_ttl=RESULT_TTL, failure_ttl=FAILURE_TTL
        )
    except redis.RedisError:
        log.warning("run %s: Redis is away, the dispatcher hints it later", run_id)
        return False
    ledger.mark_hinted([run_id], times.now())
    return True


def hint_publication(approval_id: int) -> bool:
    """Tell a worker of what somebody just approved. False where nothing goes out yet, or Redis is away."""
    run_id = db.session.scalar(select(Publication.run_id).where(Publication.approval_id == approval_id))
    return run_id is not None and hint(run_id)


def hint_due(now: datetime) -> int:
    """Hint due runs that nobody was told of, keeping the queue as short as the workers are many. Raises RedisError."""
    room = 2 * settings().workers - queue(SYNC_QUEUE).count
    waiting = ledger.due_unhinted(now, room) if room > 0 else []
    return sum(hint(run_id) for run_id in waiting)


def _hint_next(now: datetime) -> None:
    """Whoever ends a run tells of the next one, told before or not: its hint may have come while its connection was busy."""
    if queue(SYNC_QUEUE).count < 2 * settings().workers:
        for run_id in ledger.startable(now, 1):
            hint(run_id)


def work(run_id: int) -> None:
    """What a worker runs for a hint: the best due run, which need not be the hinted one."""
    stopping.listen()
    claim = ledger.claim(times.now())
    if claim is None:
        return
    processes.works_on(claim.run_id, times.now())
    log.info("run %s (hinted: %s): %s begins, attempt %s", claim.run_id, run_id, claim.target, claim.attempt_no)
    try:
        with ledger.Lease(claim) as lease:
            pull.run(claim, lease, redis_client(), {"start_list": push.start_list_of, "publish": publish.results_of})
        if claim.operation == "results":
            checking.check_new(claim.edition_id, times.now())
        if claim.operation in {"participants", "publish"}:
            checking.check_again(claim.edition_id, times.now())  # a director who looks now is not to wait for the next beat
        if claim.operation == "events":
            tick()  # what was just discovered is due at once, not at the next beat
    except Exception as bug:
        log.exception("run %s: a bug of ours", claim.run_id)
        raise WorkFailed(f"run {claim.run_id}: {type(bug).__name__}") from None
    finally:
        db.session.remove()
        with suppress(redis.RedisError):
            _hint_next(times.now())


def queue(name: str) -> Queue:
    """An RQ queue that speaks JSON, over a client that gives up after one second."""
    return Queue(name, connection=redis_client(), serializer=JSONSerializer)


def redis_client() -> Any:
    """This application's Redis client: one second, one try, so that a press never hangs on Redis."""
    client = current_app.extensions.get("hub_redis")
    if client is None:
        client = redis.Redis.from_url(settings().redis_url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
        current_app.extensions["hub_redis"] = client
    return client
