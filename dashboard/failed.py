"""Failed runs that nobody has dealt with, grouped by cause, with whose turn it is. Retrying is `syncing`'s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, or_, select

from dashboard import hx, live, run_lines, scope, words
from dashboard.access import requires
from dashboard.reading import Query, together
from sync_jobs import schedules
from sync_jobs.models import Connection, Edition, Run, SyncState
from sync_jobs.providers import label

pages = Blueprint("failed", __name__)

MOST = 200
LOOKED_AT = 2000  # of the newest failures: most of a long history was solved since
SHOWN_OF_A_CAUSE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failures of one kind: at one partner where it is the partner's turn, else at one provider."""

    key: str
    sentence: str
    turn: str
    step: str
    since: datetime | None
    latest: datetime | None
    partners: int
    connection_id: int | None  # where somebody of the partner puts it right
    runs: list[Any]
    more: int


@pages.get("/failed")
@requires("see_failed")
def failed() -> ResponseReturnValue:
    """What is truly open: a run whose target was read well later is left out."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    rows = together(failed=open_failures(MOST))["failed"]
    causes = grouped(run_lines.lines(rows, now))
    shown = live.Live(
        title=f"({len(rows)}) Failed" if rows else "Failed", said=answer(len(rows), len(causes)), token=seen.token,
        zone=live.HOUSE_ZONE, worst="bad" if rows else "good",
    )  # fmt: skip
    return hx.page("failed/_live.html", shown, causes=causes, zone=shown.zone, capped=len(rows) == MOST)


def open_failures(limit: int) -> Query:
    """The newest failed runs of connections in use that no later success of the same target has solved."""
    newest = select(Run.run_id).where(Run.status == "failed").order_by(Run.finished_at.desc()).limit(LOOKED_AT)
    unsolved = or_(SyncState.last_success_at.is_(None), Run.finished_at.is_(None), SyncState.last_success_at < Run.finished_at)
    in_use = or_(Connection.state.is_(None), Connection.state != "removed")
    stands = and_(Edition.joined_into.is_(None), ~schedules.is_gone(Run))  # a joined event is read as another, a gone one is not
    return (
        run_lines.runs(Run.run_id.in_(newest), Run.target != "", *scope.runs(), unsolved, in_use, stands, limit=limit)
        .outerjoin(SyncState, SyncState.target == Run.target)
        .order_by(None)
        .order_by(Run.finished_at.desc(), Run.run_id.desc())
    )


def grouped(runs: list[Any]) -> list[Cause]:
    """The causes, the one that hit most first."""

    def cause(run: Any) -> tuple[str, str, int]:
        theirs = words.is_partners_turn(run.error_kind)
        return run.provider_name or "", run.error_kind or "", (run.partner_id or 0) if theirs else 0

    groups = [_cause(key, list(mine)) for key, mine in groupby(sorted(runs, key=cause), key=cause)]
    return sorted(groups, key=lambda one: (-one.partners, -len(one.runs) - one.more, one.key))


def _cause(key: tuple[str, str, int], runs: list[Any]) -> Cause:
    provider, kind, partner_id = key
    first = runs[0]
    ends = [run.finished_at for run in runs if run.finished_at]
    sentence = first.last_error or f"{label(provider)}: it failed and no reason was kept."
    connections = {run.connection_id for run in runs}
    return Cause(
        key=f"{provider}-{kind}-{partner_id}", sentence=sentence, turn=words.turn(kind, first.partner_name),
        step=words.next_step(kind), since=min(ends, default=None), latest=max(ends, default=None),
        partners=len({run.partner_id for run in runs}),
        connection_id=first.connection_id if kind in words.AT_THE_CONNECTION and len(connections) == 1 else None,
        runs=runs[:SHOWN_OF_A_CAUSE], more=max(0, len(runs) - SHOWN_OF_A_CAUSE),
    )  # fmt: skip


def answer(runs: int, causes: int) -> str:
    """The first line of the page."""
    if not runs:
        return "Nothing is failed"
    open_runs = words.counted(runs, "failed run") if runs < MOST else f"{MOST} failed runs or more"
    return f"{open_runs}, {words.counted(causes, 'cause').lower()}"
