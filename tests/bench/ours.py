"""The product's own path, as a worker walks it: request, claim, lease, pull, adapter, comparing, upserts, history, progress."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Table, delete, event, func, select, text

from dashboard import create_app
from sync_jobs import jobs, schema, secrets, times
from sync_jobs.models import Connection, Edition, Partner, PartnerSettings, Run, db, write
from sync_jobs.models.provider_tables import PROVIDER_TABLES
from sync_jobs.providers import ADAPTERS
from sync_jobs.settings import Settings

WATCH = """CREATE TRIGGER IF NOT EXISTS bench_{when} AFTER {what} ON {table}
BEGIN INSERT INTO bench_writes VALUES ('{when}'); END"""


def make_app(folder: Path, urls: str | dict[str, str], redis_url: str) -> Flask:
    """The application over a new database in that folder (or the one that is there)."""
    settings = Settings(
        data_dir=folder, database_url=f"sqlite:///{folder / 'hub.db'}", redis_url=redis_url, mode="test", keep_pace=False,
        provider_urls={"RUNSIGNUP_URL": urls} if isinstance(urls, str) else urls,
    )  # fmt: skip
    is_new = not (folder / "hub.db").exists()
    app = create_app(settings)
    with app.app_context():
        if is_new:
            schema.create(db.engine, stamp="sandbox")
    return app


def settle(given: dict[str, str], provider: str = "runsignup") -> None:
    """One started partner with one active connection."""
    with write() as session:
        session.add(Partner(timing_partner_id=1, company_name="Bench"))
        session.add(PartnerSettings(timing_partner_id=1, timezone="America/New_York", started_at=times.now()))
        session.add(Connection(connection_id=1, timing_partner_id=1, provider_name=provider, name=provider, state="active"))
        secrets.keep(session, 1, "secrets", given)


def discover() -> None:
    """Find races and contests. What follows from that by itself is left out, so that only participants are measured."""
    ask("events", None)
    jobs.work(0)
    with write() as session:
        session.execute(delete(Run).where(Run.status == "pending"))


def ask_for_everybody() -> None:
    for edition in db.session.scalars(select(Edition).order_by(Edition.edition_id)).all():
        ask("participants", edition)


def ask(operation: str, edition: Edition | None, connection_id: int = 1) -> int:
    connection = db.session.get_one(Connection, connection_id)
    return jobs.request(connection, operation, edition=edition, trigger="manual", by="Bench", now=times.now()).run_id


def drain() -> None:
    """Work until nothing waits, as a worker does for each hint."""
    waiting = select(func.count()).select_from(Run).where(Run.status == "pending", Run.due_at <= times.now())
    while db.session.scalar(waiting):
        db.session.rollback()
        jobs.work(0)
    db.session.rollback()


def only(operation: str) -> None:
    """Work until nothing of that kind waits, and leave out what follows from it."""
    waiting = select(func.count()).select_from(Run).where(Run.status == "pending", Run.operation_type == operation)
    while db.session.scalar(waiting):
        db.session.rollback()
        with write() as session:
            session.execute(delete(Run).where(Run.status == "pending", Run.operation_type != operation))
        jobs.work(0)
    with write() as session:
        session.execute(delete(Run).where(Run.status == "pending"))


def people_of(provider: str) -> Table:
    """Where a provider's people are kept."""
    return PROVIDER_TABLES[ADAPTERS[provider].people_table]


def drain_together(app: Flask, workers: int) -> float:
    """The same by several processes that start at one moment; how long it took them all."""
    barrier = multiprocessing.Barrier(workers + 1)
    crew = [multiprocessing.Process(target=_one_of, args=(app, barrier)) for _ in range(workers)]
    for process in crew:
        process.start()
    barrier.wait()
    began = time.monotonic()
    for process in crew:
        process.join()
    return time.monotonic() - began


def _one_of(app: Flask, barrier: Any) -> None:
    with app.app_context():
        app.extensions.pop("hub_redis", None)
        db.engine.dispose(close=False)
        barrier.wait()
        while db.session.scalar(select(func.count()).select_from(Run).where(Run.status.in_(("pending", "running")))):
            db.session.rollback()
            jobs.work(0)


def totals(provider: str = "runsignup") -> dict[str, int]:
    """What the runs say they did, and what stands in the table."""
    sums = db.session.execute(
        select(func.sum(Run.rows_read), func.sum(Run.rows_new), func.sum(Run.rows_changed), func.sum(Run.rows_same),
               func.count()).where(Run.operation_type == "participants")
    ).one()  # fmt: skip
    people = people_of(provider)
    held = db.session.scalar(select(func.count()).select_from(people).where(people.c.gone_at.is_(None)))
    broken = db.session.scalar(select(func.count()).select_from(Run).where(Run.status != "completed"))
    db.session.rollback()
    return dict(zip(("read", "new", "changed", "same", "runs"), (int(value or 0) for value in sums), strict=True)) | {
        "held": int(held or 0), "not completed": int(broken or 0)}  # fmt: skip


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """Count SQL statements by their first two words; an executemany is one."""
    seen: Counter[str] = Counter()

    def note(_conn: Any, _cursor: Any, sql: str, *_: Any) -> None:
        seen[" ".join(sql.split()[:2])] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def watch_participants(provider: str = "runsignup") -> None:
    """From now on every write of a participant row is noted, by the database itself."""
    with write() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS bench_writes (what TEXT)"))
        for what in ("INSERT", "UPDATE", "DELETE"):
            session.execute(text(WATCH.format(when=what.lower(), what=what, table=ADAPTERS[provider].people_table)))


def participant_writes() -> int:
    found = db.session.scalar(text("SELECT count(*) FROM bench_writes"))
    db.session.rollback()
    return int(found or 0)


def later(hours: float) -> None:
    """Move the clock: a whole reading is due again after 20 hours."""
    moved = times.now().timestamp() + hours * 3600
    began = time.time()
    times.set_clock(lambda: datetime.fromtimestamp(moved + time.time() - began, tz=times.EPOCH.tzinfo))
