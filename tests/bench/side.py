"""`providers`: everybody of each provider read for the first time, whole again, and for changes when there are none."""

from __future__ import annotations

import gc
import math
import time
from pathlib import Path
from typing import Any

from sync_jobs.models import db
from sync_jobs.providers import ADAPTERS
from tests.bench import ours
from tests.bench.around import Found, Table, measure
from tests.bench.sides import Served, served

PAGES = {"runsignup": 2500, "raceroster": 250, "haku": 25, "chronotrack": 500}
EVENTS, CONTESTS = 5, 2
PEOPLE = {
    "runsignup": 10_010,
    "raceroster": 10_000,
    "haku": 1_050,
    "chronotrack": 10_000,
    "copernico": 1_000,
}  # a page that is full, or of a round number, may be looked at twice


def part(table: Table, folder: Path, redis: str) -> None:
    for provider, many in PEOPLE.items():
        registered = "runsignup" if provider in {"chronotrack", "copernico"} else provider
        scored = provider if registered != provider else None
        with served(at=[registered] * EVENTS, each=many // EVENTS // CONTESTS, contests=CONTESTS, scored_at=scored) as world:
            found = measure("side", folder / provider, world=world, redis=redis, provider=provider)
        table.head(f"{provider}: {many:,} people in {EVENTS} events, the simulation's own time included")
        _lines(table, found, provider, many)


def least(provider: str, what: str, many: int) -> int:
    """Calls without which nobody could know that much: pages, and one for each person where only that tells of them."""
    each = many // EVENTS
    if provider == "copernico":
        return EVENTS * (1 + each)
    pages = 1 if (provider, what) == ("runsignup", "changes") else math.ceil(each / PAGES[provider])
    if provider == "runsignup" and what != "first":
        pages += 1  # who was removed is another list
    if provider == "haku":
        pages += 1  # its front once more: a change moves people past a reader
    return EVENTS * pages + (many if provider == "haku" and what != "changes" else 0)


def _lines(table: Table, found: Found, provider: str, many: int) -> None:
    for what, words in (("first", "first"), ("same", "whole again"), ("changes", "changes, of which there are none")):
        if what not in found:
            continue
        one, may = found[what], least(provider, what, many)
        rate, cpu = many / one["seconds"], one["cpu"] / many * 1000
        table.line(f"{words}: people/s", f"{rate:,.0f} ({one['seconds']:.1f} s; {cpu:.3f} ms of processor a person)")
        asked, beside = one["asked"] - one["signed_in"], f", and {one['signed_in']} to sign in" if one["signed_in"] else ""
        table.line("  requests", f"{asked:,}{beside}", f"least possible {may:,}", met=asked <= may)
        table.line("  statements a run; people written", f"{one['statements'] / EVENTS:.0f}; {one.get('writes', many):,}", "",
                   met=None if what == "first" else one["writes"] == 0)  # fmt: skip
    last = found["same"]
    table.line("people held; runs that failed", f"{last['held']:,}; {last['not completed']}", f"{many:,}; 0",
               met=(last["held"], last["not completed"]) == (many, 0))  # fmt: skip
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
        rounds = [("same", 21.0), *([("changes", 0.5)] if ADAPTERS[provider].reads_changes else [])]
        for what, hours in rounds:
            ours.later(hours)
            found[what] = {**_reading(there, provider), "writes": ours.participant_writes()}
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
