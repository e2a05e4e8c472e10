"""The Overview: whether anything needs somebody, for the house or for one partner. Its rows come from `overview_data`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from dashboard import access, hx, live, needs, overview_data, provider_cards, run_lines, standing, words
from dashboard.access import requires

pages = Blueprint("overview", __name__)

SHOWN_NEEDS = 8
SHOWN_PARTNERS = 13
SORTED = ("bad", "late", "good", "wait")  # what is paused or not started stands last
RACE_DAY = timedelta(hours=18)
OLD_MINUTES = {"late": timedelta(minutes=1), "bad": timedelta(minutes=5)}


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner with its connections, as one block of the table."""

    partner: Any
    connections: list[Any]
    state: str
    under: str


@pages.get("/")
@requires("see_overview")
def overview() -> ResponseReturnValue:
    """The customer's card on one page."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    found = overview_data.read(now)
    zone = _zone(found["partners"])
    everything = request.args.get("show") == "all"
    troubles = needs.needs(found, now, zone)
    blocks = _blocks(found, now)
    runs = run_lines.latest(found["running"], found["latest"], now)[: overview_data.LATEST]
    shown = live.Live(
        title=f"({len(troubles)}) Overview" if troubles else "Overview",
        said=_answer(found["partners"], troubles), token=seen.token, zone=zone,
        worst=words.worst(*(need.state for need in troubles)), seconds=_seconds(found, now, everything=everything),
    )  # fmt: skip
    return hx.page(
        "overview/_live.html", shown, needs=troubles[:SHOWN_NEEDS], more_needs=max(0, len(troubles) - SHOWN_NEEDS),
        context=_context(found, troubles, zone), cards=provider_cards.cards(found["connections"], found["minutes"], now, zone),
        blocks=blocks if everything else blocks[:SHOWN_PARTNERS], more=0 if everything else max(0, len(blocks) - SHOWN_PARTNERS),
        runs=runs, queue=_queue(found, now), zone=zone, started=any(row.started_at for row in found["partners"]),
    )  # fmt: skip


def _answer(partners: list[Any], troubles: list[Any]) -> str:
    """The first line of the page, also on the first day."""
    if not troubles and not any(row.started_at for row in partners):
        return "No timing partner has been started yet" if partners else "No timing partner is known yet"
    return needs.answer(len(troubles))


def _zone(partners: list[Any]) -> str:
    """A partner's own zone for their people; one for the house where many are shown."""
    only = partners[0].partner_zone if len(partners) == 1 else None
    return only or live.HOUSE_ZONE


def _seconds(found: dict[str, list[Any]], now: datetime, *, everything: bool) -> float | None:
    if everything:
        return None
    moving = found["running"] or any(row.waiting for row in found["connections"])
    race_day = any(row.starts_at and abs(row.starts_at - now) < RACE_DAY for row in found["partners"])
    return live.BUSY if moving or race_day else live.CALM


def _context(found: dict[str, list[Any]], troubles: list[Any], zone: str) -> str:
    partners, week = found["partners"], sum(row.this_week for row in found["partners"])
    parts = [words.plural(len(partners), "partner")] if len(partners) != 1 else [partners[0].partner_name or ""]
    parts.append(f"{words.plural(week, 'event')} this week")
    if any(row.started_at for row in partners):
        parts.append("everything else is fresh" if troubles else "everything is fresh")
    else:
        parts.append("open one and start it as a pilot" if partners else "the takeover brings them in")
    parts.append(f"times in {words.zone_word(zone)}, starts where each event is")
    said = " · ".join(parts)
    return said[:1].upper() + said[1:]


def _blocks(found: dict[str, list[Any]], now: datetime) -> list[PartnerRow]:
    """Partners, worst first, then the nearest start."""
    mine: dict[int, list[Any]] = defaultdict(list)
    for row in found["connections"]:
        row.state, row.word = standing.badge(row, now)
        row.events, row.busy, row.can_sync = standing.events_sentence(row), standing.syncing(row), standing.can_sync(row)
        mine[row.partner_id].append(row)
    blocks = [_block(partner, mine[partner.partner_id], now) for partner in found["partners"]]
    far = now + timedelta(days=10_000)
    return sorted(blocks, key=lambda block: (SORTED.index(block.state), block.partner.starts_at or far, block.partner.partner_id))


def _block(partner: Any, connections: list[Any], now: datetime) -> PartnerRow:
    """What comes with a later version stands on the partner's page only, unless there is nothing else."""
    usable = [row for row in connections if row.connection_state != "unsupported"]
    state = next((state for state in SORTED if state in {row.state for row in usable}), "wait")
    return PartnerRow(partner, usable or connections[:1], state, _next_event(partner, now))


def _next_event(partner: Any, now: datetime) -> str:
    """`Harbor Lights Half · started 38 min ago`."""
    if partner.starts_at is None:
        return "no event with a date to come" if partner.started_at else "not started"
    return f"{partner.edition_name} · {_start(partner, now)}"


def _start(partner: Any, now: datetime) -> str:
    ahead, day = partner.starts_at - now, words.day(partner.starts_at, partner.zone)
    if not words.has_time(partner.starts_at, partner.zone):
        return day
    if ahead < timedelta(0):
        return f"started {words.span(-ahead)} ago"
    if ahead < timedelta(hours=12):
        return f"in {words.span(ahead)}"
    return day if day in {"today", "tomorrow"} else words.clock(partner.starts_at, partner.zone)


def _queue(found: dict[str, list[Any]], now: datetime) -> dict[str, Any] | None:
    """The card about our own machinery; a partner's people do not see it."""
    if access.own_partner() is not None:
        return None
    row = found["queue"][0]
    age = now - row.oldest_at if row.oldest_at else None
    workers = [process for process in found["processes"] if process.kind == "worker"]
    ticks = [process.beat_at for process in found["processes"] if process.kind in {"clock", "scheduler"}]
    waits = [wait.waited_ms for wait in found["pressed"]]
    return {
        "waiting": row.waiting, "capped": row.waiting >= overview_data.COUNTED, "age": age,
        "age_state": next((state for state in ("bad", "late") if age and age > OLD_MINUTES[state]), ""),
        "alive": sum(now - process.beat_at < overview_data.ALIVE_FOR for process in workers), "workers": len(workers),
        "done": sum(row.ended for row in found["done"]),
        "failed": sum(row.ended for row in found["done"] if row.status == "failed"),
        "ticked": max(ticks, default=None), "click_to_work": median(waits) if waits else None,
    }  # fmt: skip
