"""`results`: everybody's results of each scoring provider read for the first time, and again when nothing has changed."""

from __future__ import annotations

import gc
import math
import time
from pathlib import Path
from typing import Any

from sqlalchemy import column, func, select, table, text

from sync_jobs.models import Edition, Run, db, write
from sync_jobs.providers import ADAPTERS
from tests.bench import ours, side
from tests.bench.around import Found, Table, measure
from tests.bench.sides import Served, served

EVENTS, CONTESTS, MANY = 5, 2, 10_000
HOURS_AGO = 14.0  # everybody is in
READINGS = 3  # at ChronoTrack: overall, within the sex, within the age group
WATCH = "CREATE TRIGGER bench_results_{what} AFTER {what} ON {table} BEGIN INSERT INTO bench_writes VALUES ('{what}'); END"


def part(table: Table, folder: Path, redis: str) -> None:
    for provider in ("chronotrack", "copernico"):
        with served(at=["runsignup"] * EVENTS, each=MANY // EVENTS // CONTESTS, contests=CONTESTS, scored_at=provider,
                    hours=-HOURS_AGO) as world:  # fmt: skip
            found = measure("results", folder / provider, world=world, redis=redis, provider=provider)
        table.head(f"results at {provider}: {EVENTS} events, {MANY:,} people, the simulation's own time included")
        for what, words in (("first", "first"), ("same", "again, nothing changed")):
            one, people = found[what], sum(found["finishers"])
            may = least(provider, found["finishers"])
            rate, cpu = people / one["seconds"], one["cpu"] / people * 1000
            told = f"{rate:,.0f} ({one['seconds']:.1f} s; {cpu:.3f} ms of processor a person)"
            table.line(f"{words}: people with a result/s", told)
            table.line("  requests", f"{one['asked']:,}", f"least possible {may:,}", met=one["asked"] <= may)
            table.line("  result rows written", f"{one['writes']:,}", "" if what == "first" else "0",
                       met=None if what == "first" else one["writes"] == 0)  # fmt: skip
        table.line("people with a result; runs that failed", f"{sum(found['finishers']):,}; {found['failed']}", "0",
                   met=not found["failed"])  # fmt: skip
        table.line("memory at its peak: MB", f"{found['peak']:.0f}", "at most 180", met=found["peak"] <= 180)


def least(provider: str, finishers: list[int]) -> int:
    """Calls without which nobody could know that much: an export for each distance; at ChronoTrack pages of each ranking."""
    if provider == "copernico":
        return EVENTS * CONTESTS
    return READINGS * sum(math.ceil(many / side.PAGES[provider]) for many in finishers)


def run(world: Found, folder: Path, redis: str, provider: str) -> Found:
    """In a process of its own."""
    there, found = Served(**world), {}
    app = ours.make_app(folder, there.urls, redis)
    with app.app_context():
        ours.settle(there.secrets[f"1/{provider}"], provider)
        ours.discover()
        with write() as session:
            session.execute(text("CREATE TABLE bench_writes (what TEXT)"))
            for what in ("INSERT", "UPDATE", "DELETE"):
                session.execute(text(WATCH.format(what=what, table=ADAPTERS[provider].results_table)))
        gc.collect()
        gc.freeze()
        found["first"] = _reading(there)
        found["same"] = _reading(there)
        finishes = table("unified_finishes", column("edition_id"), column("results_time"))
        each = select(func.count()).where(finishes.c.results_time.is_not(None)).group_by(finishes.c.edition_id)
        found["finishers"] = list(db.session.scalars(each))
        found["failed"] = db.session.scalar(select(func.count()).select_from(Run).where(Run.status != "completed"))
        db.session.remove()
    return found


def _reading(there: Served) -> dict[str, Any]:
    before = ours.participant_writes()
    there.forget()
    editions = db.session.scalars(select(Edition).order_by(Edition.edition_id)).all()
    cpu, began = time.process_time(), time.monotonic()
    for edition in editions:
        ours.ask("results", edition)
    ours.drain()
    took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    return {**took, "asked": sum(there.asked()["counts"].values()), "writes": ours.participant_writes() - before}
