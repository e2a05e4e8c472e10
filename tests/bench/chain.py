"""`chain`: from "registered at the provider" to "on the scoring side", thirteen partners at once, with the processes of production.

A real redis, four workers, dispatcher, clock and scheduler, real pace; each call takes 100 ms more. First somebody presses *Sync
now* for everybody at the same moment, then nobody presses anything. The simulated providers count what they are asked.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from sync_jobs import cadence, jobs, times
from sync_jobs.kit.base import Pace
from sync_jobs.models import Connection, Edition, Process, Run, db
from sync_jobs.providers import ADAPTERS
from sync_jobs.sandbox import menu
from sync_jobs.stopping import Stop
from sync_jobs.supervisor import Supervisor, programs
from tests.bench import ours, pairs
from tests.bench.around import ROOT, Found, Table, measure, median
from tests.bench.pairs import Pair
from tests.bench.sides import MOST_NOTED, Served, served

PARTNERS, EACH, WORKERS, CALL_MS = 13, 20, 4, 100
PATIENCE, ROOM, TICK = 450, 30, 30  # seconds: before we give up; for reading, matching and sending; between two beats
JITTER = 0.05  # seconds that a busy machine moves a call between our leaving and their counting
SIDES = [
    ("haku" if n in menu.WITH_HAKU else "raceroster" if n in menu.WITH_RACE_ROSTER else "runsignup",
     menu.SCORING[(n - 1) % len(menu.SCORING)][0])
    for n in range(1, PARTNERS + 1)
]  # fmt: skip


def part(table: Table, folder: Path, redis: str) -> None:
    with served(at=[one for one, _ in SIDES], each=EACH, partners=PARTNERS, hours=3.0) as world:
        found = measure("chain", folder, world=world, redis=redis)
    table.head(
        f"registered → at scoring: {PARTNERS} partners at once, {2 * EACH} people each, {WORKERS} workers, {CALL_MS} ms a call"
    )
    for way, words in (("pressed", "Sync now pressed for all"), ("alone", "nobody presses; three hours to the start")):
        seconds: dict[str, list[float]] = defaultdict(list)
        for pair, took in found[way]:
            seconds[pair].append(took)
        every = [took for _, took in found[way]]
        table.line(f"{words}: s", f"{median(every):.1f} ({min(every):.1f}–{max(every):.1f})")
        for pair, some in sorted(seconds.items()):
            most = ROOM if way == "pressed" else ROOM + slot_of(pair.partition(" ")[0])
            told = ", ".join(f"{one:.1f}" for one in sorted(some))
            table.line(f"  {pair}", told, f"at most {most:.0f}", met=max(some) <= most)
    table.line("everything of everybody read at once: s", f"{found['everything']:.1f}")
    table.line("runs that failed; calls in all", f"{found['failed']}; {found['calls']:,}", "0", met=not found["failed"])
    for provider, kept in sorted(found["limits"].items()):
        said = f"{kept['at_once']} at once, {kept['window']} in a window, {kept['apart']:.2f} s apart"
        table.line(f"{provider}, the busiest credential", said, kept["may"], met=kept["kept"])


def slot_of(provider: str) -> float:
    """Seconds from one slot of a race day to the next, and to the beat of the clock that sees it."""
    return max(cadence.MINUTE, ADAPTERS[provider].people_every).total_seconds() + TICK


def run(world: Found, folder: Path, redis: str) -> Found:
    """In a process of its own, which only asks and looks; the work is the workers'."""
    there, found = Served(**world), {}
    app = ours.make_app(folder, there.urls, redis)
    with app.app_context():
        every = pairs.settle(there, SIDES, writes=True)
        for pair in every:
            ours.ask("start_list", db.session.get_one(Edition, pair.edition_id), pair.scoring_id)
            ours.drain()
        assert set(on_lists(there).values()) == {2 * EACH}, "not everybody is on the lists to begin with"
        there.tell("faults", kind="slow", value=CALL_MS)
        db.session.remove()
        with processes(folder, redis, there):
            there.forget()
            found["pressed"] = arrivals(there, every, press)
            found["everything"] = everything(every)
            found["alone"] = arrivals(there, every, lambda _: None)
        calls = there.asked()
        assert calls["total"] <= MOST_NOTED, "the journal forgets"
        found |= {"calls": calls["total"], "limits": limits(calls["latest"])}
        found["failed"] = db.session.scalar(select(func.count()).select_from(Run).where(Run.status == "failed"))
        db.session.remove()
    return found


@contextmanager
def processes(folder: Path, redis: str, there: Served) -> Iterator[None]:
    environment = {**os.environ, **there.urls, "HUB_DATA": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'hub.db'}",
                   "REDIS_URL": redis, "HUB_MODE": "demo", "FLASK_SKIP_DOTENV": "1", "SECRET_KEY": "of a measurement"}  # fmt: skip
    supervisor = Supervisor(ROOT, folder, environment, Stop())
    supervisor.start(*(program for program in programs(WORKERS) if program.name != "web"))
    try:
        listening = select(func.count()).select_from(Process).where(Process.kind == "worker")
        wait_until(lambda: (db.session.scalar(listening) or 0) >= WORKERS)
        yield
    finally:
        supervisor.end()


def press(pair: Pair) -> None:
    connection, edition = db.session.get_one(Connection, pair.registration_id), db.session.get_one(Edition, pair.edition_id)
    jobs.request(connection, "participants", edition=edition, trigger="manual", by="Bench", now=times.now())


def everything(every: list[Pair]) -> float:
    """All that can be read of everybody, asked for at one moment, so that a credential's own runs meet; seconds to the end."""
    began = time.monotonic()
    for pair in every:
        for number in (pair.registration_id, pair.scoring_id):
            connection = db.session.get_one(Connection, number)
            able = ADAPTERS[connection.provider_name].abilities()
            for operation in ("participants", "events", "test", *(["counts"] if "counts" in able else [])):
                edition = db.session.get_one(Edition, pair.edition_id) if operation in {"participants", "counts"} else None
                ours.ask(operation, edition, number)
    open_runs = select(func.count()).select_from(Run).where(Run.status.in_(("pending", "running")))
    wait_until(lambda: db.session.scalar(open_runs) == 0)
    return time.monotonic() - began


def arrivals(there: Served, every: list[Pair], then: Callable[[Pair], None]) -> list[tuple[str, float]]:
    """Somebody registers with each partner; how long until each stands on a scoring list."""
    before, began = on_lists(there), {}
    for pair in every:
        there.tell("register", provider=pair.registration, partner=pair.partner, bib=800 + before[pair.partner])
        began[pair.partner] = time.monotonic()
        then(pair)
        db.session.rollback()
    arrived: dict[int, float] = {}

    def all_there() -> bool:
        now = time.monotonic()
        for number, many in on_lists(there).items():
            if many > before[number] and number not in arrived:
                arrived[number] = now - began[number]
        return len(arrived) == len(every)

    wait_until(all_there)
    return [(f"{pair.registration} → {pair.scoring}", arrived[pair.partner]) for pair in every]


def on_lists(there: Served) -> dict[int, int]:
    """How many people each partner's scoring list has, at the provider."""
    return {happening["partners"][0]: happening["entries"] for happening in there.ask("scoring")["events"]}


def wait_until(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        db.session.rollback()
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.1)
    db.session.rollback()


def limits(calls: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The most that any credential of each provider did, as the provider counted it, beside what we promise to keep."""
    by_credential: dict[tuple[str, int | None], list[dict[str, Any]]] = defaultdict(list)
    for call in calls:
        by_credential[call["provider"], call["partner"]].append(call)
    found: dict[str, dict[str, Any]] = {}
    for (provider, _), some in by_credential.items():
        pace, at = ADAPTERS[provider].pace, sorted(datetime.fromisoformat(call["at"]).timestamp() for call in some)
        one = found.setdefault(provider, {"at_once": 0, "window": 0, "apart": float("inf"), "may": _may(pace)})
        one["at_once"] = max(one["at_once"], *(call["at_once"] for call in some))
        one["window"] = max(one["window"], _most_within(at, pace.per))
        one["apart"] = min([one["apart"], *(later - earlier for earlier, later in pairwise(at))])
        one["kept"] = (
            one["at_once"] <= pace.at_once and one["window"] <= pace.calls and one["apart"] >= pace.apart - JITTER
        )  # fmt: skip
    return {provider: {**one, "apart": min(one["apart"], PATIENCE)} for provider, one in found.items()}


def _may(pace: Pace) -> str:
    apart = f", {pace.apart:g} s apart" if pace.apart else ""
    return f"{pace.at_once}, {pace.calls:,} in {pace.per:,.0f} s{apart}"


def _most_within(at: list[float], seconds: float) -> int:
    most, first = 0, 0
    for last, instant in enumerate(at):
        while at[first] <= instant - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
