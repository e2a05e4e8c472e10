"""`providers`: everybody of each provider read for the first time, and again when nothing has changed, one call after the other."""

from __future__ import annotations

import gc
import math
import time
from pathlib import Path
from typing import Any

from sync_jobs.models import db
from tests.bench import ours
from tests.bench.around import Found, Table, measure
from tests.bench.sides import Served, served

PAGES = {"runsignup": 2500, "raceroster": 250, "haku": 25, "chronotrack": 500}
EVENTS, CONTESTS = 4, 2
PEOPLE = {"runsignup": 10_000, "raceroster": 10_000, "haku": 1_000, "chronotrack": 10_000, "copernico": 1_000}  # Σ of the events


def part(table: Table, folder: Path, redis: str) -> None:
    for provider, many in PEOPLE.items():
        registered = "runsignup" if provider in {"chronotrack", "copernico"} else provider
        scored = provider if registered != provider else None
        with served(at=[registered] * EVENTS, each=many // EVENTS // CONTESTS, contests=CONTESTS, scored_at=scored) as world:
            found = measure("side", folder / provider, world=world, redis=redis, provider=provider)
        table.head(f"{provider}: {many:,} people in {EVENTS} events, the simulation's own time included")
        _lines(table, found, provider, many)


def least(provider: str, many: int, *, again: bool) -> int:
    """Calls without which nobody could know that much: pages, and where only a call tells of somebody, one for each."""
    each = many // EVENTS
    if provider == "copernico":
        return EVENTS * (1 + each)
    pages = EVENTS * math.ceil(each / PAGES[provider])
    if provider == "haku":
        return pages + (0 if again else many)
    return pages + (EVENTS if provider == "runsignup" and again else 0)  # who was removed is another list


def _lines(table: Table, found: Found, provider: str, many: int) -> None:
    for what, again in (("first", False), ("same", True)):
        one, may = found[what], least(provider, many, again=again)
        rate, cpu = many / one["seconds"], one["cpu"] / many * 1000
        table.line(f"{what}: people/s", f"{rate:,.0f} ({one['seconds']:.1f} s, ours {cpu:.3f} ms a person)")
        asked, signed = one["asked"] - one["signed_in"], one["signed_in"]
        table.line(f"{what}: requests (beside them {signed} to sign in)", f"{asked:,}", f"least possible {may:,}", met=asked <= may)
        table.line(f"{what}: statements a run", f"{one['statements'] / EVENTS:.0f}")
    table.line("people held, runs that failed", f"{found['same']['held']:,}, {found['same']['not completed']}", f"{many:,}, 0",
               met=(found["same"]["held"], found["same"]["not completed"]) == (many, 0))  # fmt: skip
    table.line("rows written when nothing changed", str(found["same"]["writes"]), "0", met=not found["same"]["writes"])
    table.line("memory at its peak: MB", f"{found['peak']:.0f}", "at most 180", met=found["peak"] <= 180)


def run(world: Found, folder: Path, redis: str, provider: str) -> Found:
    """In a process of its own."""
    there, found = Served(**world), {}
    app = ours.make_app(folder, there.urls, redis)
    with app.app_context():
        ours.settle(there.secrets[f"1/{provider}"], provider)
        gc.collect()
        gc.freeze()
        ours.discover()
        found["first"] = _reading(there, provider)
        ours.watch_participants(provider)
        ours.later(21.0)
        found["same"] = {**_reading(there, provider), "writes": ours.participant_writes()}
        db.session.remove()
    return found


def _reading(there: Served, provider: str) -> dict[str, Any]:
    there.forget()
    with ours.statements() as seen:
        cpu, began = time.process_time(), time.monotonic()
        ours.ask_for_everybody()
        ours.drain()
        took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    counts = there.asked()["counts"]
    signed = sum(many for path, many in counts.items() if "oauth" in path)
    return {**took, **ours.totals(provider), "statements": sum(seen.values()), "asked": sum(counts.values()), "signed_in": signed}
