"""A worker: RQ's own, on one queue, that shows in SQL that it lives and asks its child to yield when it has to stop.

What a job does is `jobs`'. Nothing of a run's state is decided here: a worker may die at any line.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Flask
from redis import Redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import OperationalError

from sync_jobs import processes, stopping, times
from sync_jobs.jobs import CLOCK_QUEUE, RESULT_TTL, SYNC_QUEUE
from sync_jobs.models import db

log = logging.getLogger(__name__)
BEAT_EVERY = 15  # seconds
KINDS: Mapping[str, str] = {SYNC_QUEUE: "worker", CLOCK_QUEUE: "clock"}
SETTINGS: Mapping[str, Any] = {
    "worker_ttl": 60,
    "maintenance_interval": 30,
    "job_monitoring_interval": 10,
    "default_result_ttl": RESULT_TTL,
    "serializer": JSONSerializer,
    "log_job_description": False,
}
"""Why these: `reference/reliability.md` of the plan, 1.3 (rows 2 and 15) and 6.6."""


class HubWorker(Worker):
    """One worker process. Its child (RQ calls it the horse) does one job and ends."""

    def __init__(self, app: Flask, connection: Redis, queue: str = SYNC_QUEUE) -> None:
        self.app = app
        self.presence = processes.become(KINDS[queue])
        super().__init__([Queue(queue, connection=connection, serializer=JSONSerializer)], connection=connection, **SETTINGS)

    @property
    def dequeue_timeout(self) -> int:
        """An idle worker wakes this often, to show that it lives; it also bounds how long a silent network holds it."""
        return BEAT_EVERY

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Work until told to stop."""
        stopping.listen()
        gc.collect()
        gc.freeze()  # what is here now stays: no child has to search it, nor copy its pages to do so
        with self.app.app_context():
            self._show(self.presence.arrive)
            try:
                return super().work(*args, **{**kwargs, "logging_level": "WARNING"})
            finally:
                self._show(self.presence.leave)

    def subscribe(self) -> None:
        """RQ's remote commands need a thread, and a process that forks had better have none. Runs are cancelled in SQL."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ's sign of life in Redis, and ours in SQL: on each waking, and at most ten seconds apart in a job."""
        super().heartbeat(timeout, pipeline)
        if not self.is_horse:
            self._show(self.presence.beat)

    def _show(self, sign: Callable[[datetime], None]) -> None:
        try:
            sign(times.now())
        except OperationalError as error:  # a busy database must not end a worker
            log.warning("no sign of life could be written: %s", error.orig)
        finally:
            db.session.remove()

    # The child

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """A wish to stop that came between the decision to work and the fork would be lost to the child: repeat it."""
        super().fork_work_horse(job, queue)
        if self._shutdown_requested_date is not None:
            self._ask_child()

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """The child's beginning: dies with its worker, shares no connection with it, has a context of its own."""
        stopping.die_with_parent(int(self.pid or 0))
        with self.app.app_context():
            db.engine.dispose(close=False)
            super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        """Called in the handler of the first SIGTERM: the child stops at its next page."""
        log.info("asked to stop")
        self._ask_child()

    def _ask_child(self) -> None:
        if self.horse_pid:
            try:
                os.kill(self.horse_pid, stopping.SIGNAL)
            except ProcessLookupError:  # it has just ended
                log.debug("nobody to ask")

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Any) -> None:
        """RQ waits for the child; afterwards no run is in hand."""
        super().monitor_work_horse(job, queue, execution)
        self._show(self.presence.rest)

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """A traceback can quote anything, so Redis gets none: it stands, without secrets, in the worker's log."""
        super().handle_job_failure(job, queue, *args, **{**kwargs, "exc_string": "See the log of the worker."})
