"""`checks`: all checks of a version, the difference to what is public, and the hashes of an approval; against a floor.

The floor is the least that can be done with rows and prove anything: each written as bytes and hashed, once.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sync_jobs.checks import running
from sync_jobs.checks.base import Destination, Field
from sync_jobs.results import Published, ResultRow, Version
from sync_jobs.review import fingerprints
from sync_jobs.review.difference import difference
from sync_jobs.review.payload import payload
from sync_jobs.review.twins import links_of
from tests.bench.around import Found, Table, measure, median, spread
from tests.checks import building

SIZES, ROUNDS = (5_000, 50_000), 5
ODD = 100  # every so manieth row has another time than in what is public
MOST = {5_000: 1.0, 50_000: 10.0}  # seconds for all of it


def part(table: Table, folder: Path, redis: str) -> None:
    found = {many: measure("checks", folder / str(many), many=many, redis=redis, world=None) for many in SIZES}
    for many, one in found.items():
        table.head(
            f"{one['many']} checks, the difference and the hashes: {many:,} rows, every {ODD}th with another time than before"
        )
        for what in ("floor", "checks", "difference", "hashes"):
            told = f"{spread([1000 * took for took in one[what]], ',.0f')}"
            times = median(one[what]) / median(one["floor"])
            table.line(f"{what}: ms of the processor", told if what == "floor" else f"{told}; {times:.1f} × the floor")
        whole = sum(median(one[what]) for what in ("checks", "difference", "hashes"))
        table.line("all of it: s", f"{whole:.2f}", f"at most {MOST[many]:.0f}", met=whole <= MOST[many])
        table.line("findings; of checks that crashed", f"{one['findings']}; {one['crashed']}", "0 crashed", met=not one["crashed"])
        table.line("memory at its peak: MB", f"{one['peak']:.0f}")
    small, large = (sum(median(found[many][what]) for what in ("checks", "difference", "hashes")) for many in SIZES)
    table.line("50,000 against 5,000", f"{large / small:.1f} ×", "at most 16 ×", met=large / small <= 16)


def run(many: int, folder: Path, redis: str, world: None) -> Found:
    """In a process of its own; plain values only, as both are made."""
    del folder, redis, world
    rows = building.rows(many)
    said: dict[str, Any] = {what: [] for what in ("floor", "checks", "difference", "hashes")}
    for _ in range(ROUNDS):
        field = _field(rows)
        gc.collect()
        said["floor"].append(_spent(lambda field=field: _floor(field.version.rows))[0])
        took, findings = _spent(lambda field=field: running.run(field))
        said["checks"].append(took)
        said["difference"].append(_spent(lambda field=field: _difference(field))[0])
        said["hashes"].append(_spent(lambda field=field: _hashes(field))[0])
    crashed = [one for one in findings if running.STOPPED in one.numbers]
    return {**said, "many": len(running.CHECKS), "findings": len(findings), "crashed": len(crashed)}


def _field(rows: tuple[ResultRow, ...]) -> Field:
    """What was public, and a version of the same in which some have another time; nothing of it is kept from the round before."""
    fresh = tuple(replace(one) for one in rows)
    now = building.ranked(replace(one, gun_ms=one.gun_ms + 1500) if at % ODD == 0 else one for at, one in enumerate(fresh))
    field = building.field(now)
    before = building.version(fresh, number=1)
    sent, sends = _payload(before, field), _payload(field.version, field)
    there = Destination(provider_name="runsignup", day=building.DAY, flags=None, expected=None, rows=sent, sent=sent)
    return replace(
        field, newest=before, live=before, live_visibility="preliminary", payload=sends, destination=there,
        payload_keys=frozenset(name for one in sends[:1] for name in one.__slots__),
    )  # fmt: skip


def _payload(version: Version, field: Field) -> tuple[Published, ...]:
    return payload(version, field.facts, field.registered, held=frozenset(), hidden=frozenset(), hide_minors_under=13)


def _floor(rows: tuple[ResultRow, ...]) -> None:
    for row in rows:
        fingerprints.row_hash(row)


def _difference(field: Field) -> None:
    assert field.destination is not None
    assert field.live is not None
    found = difference(
        field.live, field.version, field.facts, links=links_of(field.registered), sent=field.destination.sent, sends=field.payload
    )  # fmt: skip
    assert len(found.changed) == len(range(0, len(field.version.rows), ODD))


def _hashes(field: Field) -> None:
    """Of the version, and of what would be sent."""
    fingerprints.content_hash(field.version.rows)
    fingerprints.rows_hash(field.payload)


def _spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor: nothing here waits for anybody."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found
