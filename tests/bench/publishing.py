"""`publish`: 5,000 rows approved and sent for the first time, made official, corrected a little, and with somebody taken off."""

from __future__ import annotations

import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sync_jobs import approvals, jobs, receipts, times
from sync_jobs.models import Publication, Run, db
from sync_jobs.providers.runsignup import publishing
from tests.bench import ours, scored
from tests.bench.around import Found, Table, measure
from tests.bench.scored import Scored
from tests.bench.sides import Served, served

PEOPLE = 5_500  # of whom about 5,000 have a result
STATEMENTS = 120  # of a publication, however many rows it has, beside those of each chunk
A_CHUNK = 4


def part(table: Table, folder: Path, redis: str) -> None:
    with served(**scored.spec(PEOPLE)) as world:
        found = measure("publish", folder, world=world, redis=redis)
    table.head(
        f"publishing {found['first']['rows']:,} rows at RunSignUp, {publishing.AT_ONCE} a post, the simulation's own time included"
    )
    for what, one in ((what, found[what]) for what in ("first", "one taken off")):
        may, statements = least(what, one), STATEMENTS + A_CHUNK * one["chunks"]
        table.line(f"{what}: s", f"{one['seconds']:.1f} ({one['cpu']:.1f} of our processor)")
        table.line("  requests", f"{one['requests']} ({one['calls']})", f"least possible {may}", met=one["requests"] <= may + 2)
        table.line(
            "  statements", f"{one['statements']} ({one['most']})", f"at most {statements}", met=one["statements"] <= statements
        )
        table.line("  rows stored", f"{one['stored']:,} of {one['rows']:,}, {one['state']}", "all", met=one["is_right"])
    table.line("chain of receipts", found["chain"], "holds", met=found["chain"] == "holds")
    table.line("memory at its peak: MB", f"{found['peak']:.0f}", "at most 300", met=found["peak"] <= 300)


def least(what: str, one: dict[str, Any]) -> int:
    """Calls without which it cannot be: posts, every row read back after them, and a set made, or hidden and emptied, and shown.

    Who publishes on top of what is there reads it first. What may come to it: a look for sets of our name before one is made,
    and a look at the flags after they were set.
    """
    posts, pages = math.ceil(one["rows"] / publishing.AT_ONCE), one["rows"] // publishing.AT_ONCE + 1
    return (2 if what == "first" else 3) + posts + pages + (0 if what == "first" else pages)


def run(world: Found, folder: Path, redis: str) -> Found:
    """In a process of its own."""
    there = Served(**world)
    app = ours.make_app(folder, there.urls, redis)
    with app.app_context():
        (day,) = scored.settle(there)
        found = {"first": _published(there, day)}
        row = [one for one in day.screen().by_entry.values() if one.is_finisher][-1]
        approvals.hold(day.contest_id, row.entry_key, "runner", "", day.director, times.now())
        day.explain()
        found["one taken off"] = _published(there, day)
        found["chain"] = "holds" if receipts.verify(day.contest_id) is None else "is broken"
        db.session.remove()
    return found


def _published(there: Served, day: Scored) -> dict[str, Any]:
    number = day.approve("preliminary")
    there.forget()
    with ours.statements() as seen:
        cpu, began = time.process_time(), time.monotonic()
        jobs.work(0)
        took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    calls, rows = there.asked(), day.screen().rows
    db.session.rollback()
    made = db.session.get_one(Publication, number)
    (stands,) = there.ask("results")["sets"]
    ended = db.session.scalars(select(Run.status).where(Run.run_id == made.run_id)).one()
    names = Counter(path.rpartition("/")[2] for path, many in calls["counts"].items() for _ in range(many))
    return {
        **took, "requests": calls["total"], "calls": ", ".join(f"{name} {many}" for name, many in names.most_common()),
        "statements": sum(seen.values()), "most": ", ".join(f"{words} {many}" for words, many in seen.most_common(2)),
        "chunks": made.chunks, "rows": rows, "stored": stands["rows"], "state": made.state,
        "is_right": (made.state, ended, stands["rows"], stands["public_results"]) == ("published", "completed", rows, "T"),
    }  # fmt: skip
