"""How each provider answers us: a state, a sentence and thirty bars for the last hour. Decides on rows; reads nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard import words
from sync_jobs import health
from sync_jobs.providers import LABELS

BARS, STEP, TALL = 30, 6, 24
MINUTES_PER_BAR = 2
RECENT = timedelta(minutes=10)
HISTOGRAM = ("ms_100", "ms_300", "ms_1000", "ms_3000", "ms_10000", "ms_more")
HEIGHTS = {100: 9, 300: 11, 1000: 13, 3000: 16, 10_000: 20, health.SLOWER: 23}
STATES = {
    "answering": ("good", "answering"),
    "slow": ("late", "slow"),
    "failing": ("bad", "failing"),
    "quiet": ("wait", "no calls lately"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One provider."""

    name: str
    state: str
    word: str
    under: str
    bars: list[tuple[str, str]]  # state, path
    said: str


def cards(connections: list[Any], minutes: list[Any], now: datetime, zone: str) -> list[Card]:
    """A card for each provider that somebody has a connection to, in the order in which people name them."""
    by_provider: dict[str, list[Any]] = defaultdict(list)
    for row in connections:
        by_provider[row.provider_name].append(row)
    measured: dict[str, list[Any]] = defaultdict(list)
    for row in minutes:
        measured[row.provider_name].append(row)
    return [_card(name, by_provider[name], measured[name], now, zone) for name in LABELS if name in by_provider]


def _card(name: str, connections: list[Any], minutes: list[Any], now: datetime, zone: str) -> Card:
    state, word = _state(connections, minutes, now, zone)
    bars, troubled = _bars(minutes, now)
    said = f"In the last hour {words.plural(sum(row.calls for row in minutes), 'call')}, {troubled} of {BARS} bars with trouble."
    return Card(name=LABELS[name], state=state, word=word, under=_under(connections, minutes), bars=bars, said=said)


def _state(connections: list[Any], minutes: list[Any], now: datetime, zone: str) -> tuple[str, str]:
    if all(row.connection_state == "unsupported" for row in connections):
        return "wait", "comes with a later version"
    asked = [row.throttled_until for row in connections if row.throttled_until and row.throttled_until > now]
    if asked:
        return "late", f"asks us to wait until {words.clock(max(asked), zone)}"
    refused = sum(row.refused_since is not None and row.connection_state == "active" for row in connections)
    working = [row for row in connections if row.connection_state == "active"]
    if working and refused == len(working):
        return "bad", "refuses us"
    recent = [row for row in minutes if row.minute > now - RECENT]
    return STATES[health.answers(sum(row.calls for row in recent), sum(row.failures for row in recent), _histogram(recent))]


def _under(connections: list[Any], minutes: list[Any]) -> str:
    calls, failures = sum(row.calls for row in minutes), sum(row.failures for row in minutes)
    last = max((row.success_at for row in connections if row.success_at), default=None)
    success = f"last success {words.ago(last)}" if last else "never read yet"
    if not calls:
        return success
    failed = f"{words.plural(failures, 'failure')} in an hour"
    edge = health.p95(_histogram(minutes))
    slow = "over 10 s" if edge == health.SLOWER else f"{words.duration(edge)}"
    return f"p95 {slow} · {failed} · {success}"


def _histogram(minutes: list[Any]) -> list[int]:
    return [sum(getattr(row, name) or 0 for row in minutes) for name in HISTOGRAM]


def _bars(minutes: list[Any], now: datetime) -> tuple[list[tuple[str, str]], int]:
    """One path for each state, since thirty elements a card would be thirty times the markup."""
    first = now - timedelta(minutes=BARS * MINUTES_PER_BAR)
    slots: dict[int, list[Any]] = defaultdict(list)
    for row in minutes:
        slots[int((row.minute - first) / timedelta(minutes=MINUTES_PER_BAR))].append(row)
    paths: dict[str, str] = {}
    troubled = 0
    for slot in range(BARS):
        state, height = _bar(slots.get(slot, []))
        troubled += state in {"late", "bad"}
        paths[state] = paths.get(state, "") + f"M{slot * STEP + STEP // 2} {TALL}v-{height}"
    return list(paths.items()), troubled


def _bar(rows: list[Any]) -> tuple[str, int]:
    calls, failures = sum(row.calls for row in rows), sum(row.failures for row in rows)
    if not calls:
        return "none", 2
    histogram = _histogram(rows)
    word = health.answers(calls, failures, histogram)
    state = {"failing": "bad", "slow": "late"}.get(word, "late" if failures or any(row.throttled for row in rows) else "good")
    return state, HEIGHTS[health.SLOWER] if state == "bad" else HEIGHTS.get(health.p95(histogram) or 100, TALL)
