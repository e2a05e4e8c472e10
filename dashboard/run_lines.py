"""One run in one line, wherever runs are listed: which columns it needs, and the words about it. Pages choose the runs."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, select

from dashboard import words
from dashboard.reading import Query
from sync_jobs import times
from sync_jobs.models import Connection, Edition, Partner, Run

COLUMNS: tuple[Any, ...] = (
    Run.run_id.label("run_id"), Run.status.label("status"), Run.operation_type.label("operation_type"),
    Run.provider_name.label("provider_name"), Run.timing_partner_id.label("partner_id"), Run.connection_id.label("connection_id"),
    Run.edition_id.label("edition_id"), Run.event_id.label("event_id"), Run.target.label("target"),
    Run.created_at.label("created_at"),
    Edition.name.label("edition_name"), Edition.timezone.label("zone"), Partner.company_name.label("partner_name"),
    Connection.name.label("connection_name"), Connection.state.label("connection_state"),
    Connection.throttled_until.label("throttled_until"), Run.trigger.label("trigger"), Run.requested_by.label("requested_by"),
    Run.due_at.label("due_at"), Run.claimed_at.label("claimed_at"), Run.finished_at.label("finished_at"),
    Run.pages_done.label("pages_done"), Run.calls.label("calls"), Run.rows_read.label("rows_read"),
    Run.rows_total.label("rows_total"), Run.rows_new.label("rows_new"), Run.rows_changed.label("rows_changed"),
    Run.rows_same.label("rows_same"), Run.rows_gone.label("rows_gone"), Run.rows_aside.label("rows_aside"),
    Run.error_kind.label("error_kind"), Run.last_error.label("last_error"), Run.cancelled_by.label("cancelled_by"),
    Run.cancel_requested.label("cancel_requested"), Run.waited_ms.label("waited_ms"),
)  # fmt: skip


def runs(*conditions: ColumnElement[bool], limit: int) -> Query:
    """The newest runs of that kind with the names that a line needs."""
    return (
        select(*COLUMNS)
        .outerjoin(Edition, Edition.edition_id == Run.edition_id)
        .outerjoin(Partner, Partner.timing_partner_id == Run.timing_partner_id)
        .outerjoin(Connection, Connection.connection_id == Run.connection_id)
        .where(*conditions)
        .order_by(Run.run_id.desc())
        .limit(limit)
    )


def ended() -> ColumnElement[bool]:
    """Runs of ours that are over."""
    return Run.finished_at.is_not(None) & (Run.target != "")  # not by status: that would read its whole index and sort it


def latest(running: list[Any], over: list[Any], now: datetime) -> list[Any]:
    """What runs now, then what ended last."""
    newest_end = sorted(over, key=lambda row: row.finished_at or times.EPOCH, reverse=True)
    return lines([*running, *newest_end], now)


def lines(rows: list[Any], now: datetime) -> list[Any]:
    """The same rows with their words."""
    return [line(row, now) for row in rows]


def line(row: Any, now: datetime) -> Any:
    """A row with `state`, `word`, `title`, `sentence`, `at` and a revision that changes when the line does."""
    said = SimpleNamespace(**vars(row))
    said.state, said.word = words.run_state(row.status)
    if row.status == "pending" and not row.target:
        said.word = "from the old system"
    said.title = title(row)
    said.sentence = sentence(row, now)
    said.at = row.finished_at or row.claimed_at or row.due_at
    said.total, said.percent = total(row), percent(row)
    said.rev = f"{row.status}.{row.pages_done}.{row.rows_read}"
    return said


def title(row: Any) -> str:
    """`Participants · Harbor Lights Half`."""
    about = row.edition_name or row.connection_name or (f"event {row.event_id}" if row.event_id else "")
    return " · ".join(part for part in (words.operation(row.operation_type), about) if part)


def total(row: Any) -> int | None:
    """How many rows the provider announced; None where it counts something else, such as events without their distances."""
    return row.rows_total if row.rows_total and row.rows_total >= row.rows_read else None


def percent(row: Any) -> int | None:
    """How far a running one is; None where no total is known."""
    announced = total(row)
    return int(min(99, row.rows_read * 100 // announced)) if row.status == "running" and announced else None


def sentence(row: Any, now: datetime) -> str:
    """What a run does, did, or waits for."""
    if row.status == "pending":
        return waiting(row, now)
    if row.status == "running":
        return progress(row, now)
    if row.status == "failed":
        return row.last_error or "It failed; the old system did not say why."
    if row.status == "cancelled":
        return f"cancelled by {row.cancelled_by}" if row.cancelled_by else "cancelled"
    return changes(row)


def waiting(row: Any, now: datetime) -> str:
    """Why it does not run yet."""
    if not row.target:
        return "from the old system, never run by this one"
    if row.due_at and row.due_at > now:
        again = f"tries again in {words.span(row.due_at - now)}"
        return f"{row.last_error} It {again}." if row.last_error else again
    if row.throttled_until and row.throttled_until > now and row.operation_type != "test":
        return f"the provider asks us to wait {words.span(row.throttled_until - now)} more"
    return f"waiting for a worker for {words.span(now - row.due_at)}" if row.due_at else "waiting for a worker"


def progress(row: Any, now: datetime) -> str:
    """`page 4 · 2,180 of 3,500 rows · 9 s`."""
    of = (
        f"{words.number(row.rows_read)} of {words.number(announced)} rows"
        if (announced := total(row))
        else words.plural(row.rows_read, "row")
    )
    parts = [f"page {row.pages_done}" if row.pages_done else "first page", of if row.rows_read else ""]
    parts.append(words.span(now - row.claimed_at) if row.claimed_at else "")
    parts.append("stopping at the next page" if row.cancel_requested else "")
    return " · ".join(part for part in parts if part)


def changes(row: Any) -> str:
    """`3 new, 1 changed, 1,412 same`, or that nothing changed."""
    counts = (
        (row.rows_new, "new"),
        (row.rows_changed, "changed"),
        (row.rows_gone, "gone"),
        (row.rows_same, "same"),
        (row.rows_aside, "set aside"),
    )
    if not (row.rows_new or row.rows_changed or row.rows_gone or row.rows_aside):
        rest = words.plural(row.calls, "call")
        return f"nothing changed · {words.number(row.rows_read)} read · {rest}" if row.rows_read else f"nothing changed · {rest}"
    return ", ".join(f"{words.number(count)} {word}" for count, word in counts if count)
