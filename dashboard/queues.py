"""Whether our own machinery keeps up: what waits, what runs, who works, and what the old system left behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from dashboard import hx, live, overview_data, run_lines, words
from dashboard.access import requires
from dashboard.reading import together
from sync_jobs import ledger
from sync_jobs.ledger import lease
from sync_jobs.models import Run

pages = Blueprint("queues", __name__)

SHOWN, OLD = 25, 20
LATE_MS, BAD_MS = 60_000, 300_000
KINDS = {
    "dispatcher": "Dispatcher",
    "clock": "Clock",
    "scheduler": "Scheduler",
    "worker": "Worker",
    "supervisor": "Supervisor",
    "web": "Web",
}


@pages.get("/queues")
@requires("see_queues")
def queues() -> ResponseReturnValue:
    """Depth, oldest age, workers with their heartbeat, done in the last ten minutes."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    found = _read(now)
    queue = found["queue"][0]
    age = now - queue.oldest_at if queue.oldest_at else None
    workers = [_beating(row, now) for row in found["processes"] if row.kind == "worker"]
    alive = sum(row.state == "good" for row in workers)
    shown = live.Live(
        title="Queues", said=answer(queue.waiting, age, alive), token=seen.token, zone=live.HOUSE_ZONE,
        worst=_worst(age, alive, queue.waiting), seconds=live.BUSY if queue.waiting or found["running"] else live.CALM,
    )  # fmt: skip
    done = {row.status: row.ended for row in found["done"]}
    return hx.page(
        "queues/_live.html", shown, queue=queue, age=age, workers=workers, alive=alive, done=done,
        others=[_beating(row, now) for row in found["processes"] if row.kind != "worker"],
        running=run_lines.lines(found["running"], now), waiting=run_lines.lines(found["waiting"], now),
        later=run_lines.lines(found["later"], now), old=run_lines.lines(found["old"], now),
        zone=shown.zone, capped=overview_data.COUNTED,
    )  # fmt: skip


def _read(now: datetime) -> dict[str, list[Any]]:
    not_now = (Run.status == "pending", Run.target != "", ~ledger.claimable(now))
    return together(
        queue=overview_data.queue(now),
        processes=overview_data.processes(now),
        done=overview_data.done(now),
        running=run_lines.runs(Run.status == "running", Run.target != "", limit=SHOWN),
        waiting=run_lines.runs(ledger.claimable(now), limit=SHOWN).order_by(None).order_by(*lease.order(now)),
        later=run_lines.runs(*not_now, limit=SHOWN).order_by(None).order_by(Run.due_at),
        old=run_lines.runs(Run.status == "pending", Run.target == "", limit=OLD),
    )


def _beating(row: Any, now: datetime) -> Any:
    """A process with its badge: grey after 90 s without a sign of life."""
    silent = now - row.beat_at > overview_data.ALIVE_FOR
    row.state, row.word = ("late", "no sign") if silent else ("good", "working" if row.at_run else "ready")
    row.kind_word = KINDS.get(row.kind, row.kind.capitalize())
    return row


def _worst(age: Any, alive: int, waiting: int) -> str:
    if (waiting and not alive) or (age and age.total_seconds() * 1000 > BAD_MS):
        return "bad"
    return "late" if age and age.total_seconds() * 1000 > LATE_MS else "good"


def answer(waiting: int, age: Any, alive: int) -> str:
    """The first line of the page."""
    if waiting and not alive:
        return f"{words.counted(waiting, 'run')} {'waits' if waiting == 1 else 'wait'} and no worker is there"
    if not alive:
        return "No worker is there, and nothing waits"
    if not waiting:
        return "Nothing waits"
    return f"{words.counted(waiting, 'run')} {'waits' if waiting == 1 else 'wait'}, the oldest for {words.span(age)}"
