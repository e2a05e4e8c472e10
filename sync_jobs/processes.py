"""Signs of life: one row for each process of ours, which pages read. Nothing is decided by them; leases do that."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from sync_jobs import ledger
from sync_jobs.models import Process, insert_or, write

SILENT_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Presence:
    """A process of ours, by the name that its row has."""

    kind: str  # worker, dispatcher, clock, scheduler
    host: str
    pid: int

    @property
    def name(self) -> str:
        """The row's key."""
        return f"{self.kind}:{self.host}:{self.pid}"

    def arrive(self, now: datetime) -> None:
        """The process is there."""
        row = {"kind": self.kind, "host": self.host, "pid": self.pid, "started_at": now, "beat_at": now}
        fresh = {**row, "stopped_at": None, "run_id": None, "note": None}  # a number that an earlier process had
        with write() as session:
            session.execute(
                insert_or(session)(Process).values(name=self.name, **fresh)
                .on_conflict_do_update(index_elements=[Process.name], set_=fresh)
            )  # fmt: skip
            ledger.bump(session, "all")

    def beat(self, now: datetime, note: str | None = None) -> None:
        """It still is; `note` is what a person should know of it."""
        self._change(beat_at=now, note=note, stopped_at=None)

    def works_on(self, run_id: int, now: datetime) -> None:
        """It began a run."""
        self._change(beat_at=now, run_id=run_id)

    def rest(self, now: datetime) -> None:
        """It has no run in hand any more."""
        self._change(beat_at=now, run_id=None)

    def leave(self, now: datetime) -> None:
        """It ends, as it was told to."""
        with write() as session:
            session.execute(update(Process).where(Process.name == self.name).values(beat_at=now, stopped_at=now, run_id=None))
            ledger.bump(session, "all")

    def _change(self, **values: object) -> None:
        with write() as session:
            session.execute(update(Process).where(Process.name == self.name).values(**values))


_mine: Presence | None = None


def become(kind: str) -> Presence:
    """What this process (and the children that it forks) is known as."""
    global _mine  # noqa: PLW0603  a process is one thing
    _mine = Presence(kind, socket.gethostname(), os.getpid())
    return _mine


def works_on(run_id: int, now: datetime) -> None:
    """The worker whose child we are does that run now; outside a worker this says nothing."""
    if _mine is not None:
        _mine.works_on(run_id, now)


def sweep(now: datetime) -> None:
    """Mark those that fell silent as stopped."""
    silent = (Process.stopped_at.is_(None), Process.beat_at < now - SILENT_AFTER)
    with write() as session:
        gone = session.execute(update(Process).where(*silent).values(stopped_at=Process.beat_at, run_id=None))
        if gone.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
            ledger.bump(session, "all")
