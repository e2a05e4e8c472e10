"""What needs somebody: one line for each cause, with whose turn it is and since when. Decides on rows; reads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from dashboard import standing, words
from sync_jobs import schedules
from sync_jobs.providers import label

SOON = timedelta(days=1)
SILENT = timedelta(seconds=90)  # a process without a sign of life for longer is not counted on


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing for somebody to do or to know."""

    state: str
    word: str  # now, today, when you can
    sentence: str
    under: str
    button: str
    address: str
    rank: int
    since: datetime | None = None
    key: str = ""


def needs(found: dict[str, list[Any]], now: datetime, zone: str) -> list[Need]:
    """All of them, the loudest first."""
    names = {row.partner_id: row.partner_name or f"Partner {row.partner_id}" for row in found["partners"]}
    everything = [
        *_machinery(found, now),
        *_refused(found["connections"], names, zone),
        *_failed(found["troubles"], names, now, zone),
        *_late(found["troubles"], names, now),
        *_incomplete(found["connections"], names),
        *_alike(found["alike"], names),
    ]
    return sorted(everything, key=lambda need: (need.rank, need.since or now))


def _machinery(found: dict[str, list[Any]], now: datetime) -> Iterator[Need]:
    if "processes" not in found:
        return
    alive = [row for row in found["processes"] if now - row.beat_at < SILENT]
    waiting = found["queue"][0].waiting if found["queue"] else 0
    if waiting and not any(row.kind == "worker" for row in alive):
        oldest, wait = found["queue"][0].oldest_at, "waits" if waiting == 1 else "wait"
        yield Need(
            state="bad", word="now", sentence=f"No worker is running, and {words.plural(waiting, 'run')} {wait}",
            under="Our turn: start the workers again. Nothing is lost meanwhile.", button="Open", address="/queues", rank=0,
            since=oldest, key="workers",
        )  # fmt: skip


def _refused(connections: list[Any], names: dict[int, str], zone: str) -> Iterator[Need]:
    for row in connections:
        if row.refused_since is None or row.connection_state != "active" or row.started_at is None:
            continue
        partner, provider, waiting = names.get(row.partner_id, ""), label(row.provider_name), standing.events_sentence(row)
        yield Need(
            state="bad", word="now", rank=1, since=row.refused_since, key=f"refused-{row.connection_id}",
            sentence=f"{provider} refuses {partner}’s credential since {words.clock(row.refused_since, zone)}",
            under=f"{partner}’s turn: enter it again" + (f" · {waiting}" if row.editions else ""),
            button="Open", address=f"/connections/{row.connection_id}",
        )  # fmt: skip


def _failed(troubles: list[Any], names: dict[int, str], now: datetime, zone: str) -> Iterator[Need]:
    """Failed readings, one line for each connection and cause."""
    failed = [row for row in troubles if row.last_status == "failed" and row.failing_since is not None]

    def cause(row: Any) -> tuple[int, str]:
        return row.connection_id, row.error_kind or ""

    for (connection_id, kind), group in groupby(sorted(failed, key=cause), key=cause):
        rows = list(group)
        first = rows[0]
        partner = names.get(first.partner_id, "")
        one = first.edition_name or first.connection_name
        what = words.operation(first.operation_type).lower()
        many = f"{label(first.provider_name)}: {words.plural(len(rows), 'reading')} of {partner} failed"
        since = min(row.failing_since for row in rows)
        yield Need(
            state="bad", word="now", rank=1 if _is_soon(first, now) else 2, since=since, key=f"failed-{connection_id}-{kind}",
            sentence=many if len(rows) > 1 else f"{one}: {what} failed since {words.clock(since, zone)}",
            under=f"{words.turn(kind, partner)} · {first.error_sentence or 'no reason is known'}",
            button="Open", address=f"/runs/{first.run_id}" if len(rows) == 1 else f"/partners/{first.partner_id}",
        )  # fmt: skip


def _late(troubles: list[Any], names: dict[int, str], now: datetime) -> Iterator[Need]:
    """Readings older than promised, one line for each event or connection."""
    for row in troubles:
        if row.last_status == "failed" and row.failing_since is not None:
            continue
        promise = schedules.promised(row.provider_name, row.operation_type, row.plan, row, now)
        name, partner = row.edition_name or row.connection_name, names.get(row.partner_id, "")
        what = words.operation(row.operation_type).lower()
        start = f" · starts {words.day(row.starts_at, row.zone)}" if row.starts_at and row.starts_at > now else ""
        why = f" · {row.error_sentence}" if row.failing_since and row.error_sentence else ""
        yield Need(
            state="late", word="today", rank=2 if _is_soon(row, now) else 3, since=row.success_at, key=f"late-{row.target}",
            sentence=f"{name}: {what} {words.span(now - row.success_at)} old"
            + (f", promised {words.span(promise.every)}" if promise else ""),
            under=f"{partner} · {label(row.provider_name)}{start}{why}",
            button="Open", address=f"/events/{row.edition_id}" if row.edition_id else f"/partners/{row.partner_id}",
        )  # fmt: skip


def _is_soon(row: Any, now: datetime) -> bool:
    return row.starts_at is not None and abs(row.starts_at - now) < SOON


def _incomplete(connections: list[Any], names: dict[int, str]) -> Iterator[Need]:
    for row in connections:
        if row.connection_state == "incomplete" and row.started_at is not None:
            partner = names.get(row.partner_id, "")
            yield Need(
                state="late", word="today", rank=3,
                sentence=f"{partner}’s {label(row.provider_name)} connection lacks a credential",
                under=f"{partner}’s turn: enter it on the connection’s page", button="Complete",
                address=f"/connections/{row.connection_id}", key=f"incomplete-{row.connection_id}",
            )  # fmt: skip


def _alike(pairs: list[Any], names: dict[int, str]) -> Iterator[Need]:
    for row in pairs:
        partner = names.get(row.partner_id, "")
        what = "Two events look like the same one" if row.pairs == 1 else f"{words.counted(row.pairs, 'pair')} of events look alike"
        yield Need(
            state="wait", word="when you can", rank=4, sentence=f"{partner}: {what[0].lower()}{what[1:]}",
            under=f"{partner}’s turn: say whether they are the same", button="Look", address=f"/partners/{row.partner_id}#alike",
            key=f"alike-{row.partner_id}",
        )  # fmt: skip


def answer(count: int) -> str:
    """The first line of the page."""
    return {0: "Nothing needs anybody", 1: "One thing needs somebody"}.get(
        count
    ) or f"{words.counted(count, 'thing')} need somebody"
