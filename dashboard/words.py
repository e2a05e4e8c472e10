"""How pages speak: numbers, ages, durations, instants in a zone, states and operations in plain words. Reads nothing.

Registered as template filters; the sentences that need several facts are functions beside the page that says them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from flask import Flask, g

from sync_jobs import times
from sync_jobs.errors import KINDS
from sync_jobs.providers import LABELS, label

COUNTED = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
OPERATIONS = {
    "events": "Event list",
    "participants": "Participants",
    "results": "Results",
    "start_list": "Start list",
    "publish": "Publication",
    "counts": "Provider’s own counts",
    "test": "Connection test",
}
RUN_STATES = {
    "pending": ("wait", "waiting"),
    "running": ("wait", "running"),
    "completed": ("good", "done"),
    "failed": ("bad", "failed"),
    "cancelled": ("wait", "cancelled"),
}
ATTEMPT_STATES = {
    **RUN_STATES,
    "yielded": ("wait", "paused, went on later"),
    "retrying": ("late", "tried again later"),
    "lost": ("late", "worker lost"),
}
TRIGGERS = {"manual": "pressed by", "schedule": "by the clock", "api": "asked by the program", "change": "after a change by",
            "approval": "approved by"}  # fmt: skip
SHAPES = {"good": "●", "late": "▲", "bad": "■", "wait": "◌"}
WORST = ("bad", "late", "wait", "good")

WEEK = timedelta(days=6)
TIED = "\u00a0"  # a number and its unit stay on one line


def page_now() -> datetime:
    """The instant of this request: every age on a page is told from the same one."""
    if "page_now" not in g:
        g.page_now = times.now()
    found: datetime = g.page_now
    return found


def number(value: float | None) -> str:
    """`1,204`; a dash where nobody knows."""
    return "–" if value is None else f"{value:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 event`, `4 events`, `no events`."""
    if count == 0:
        return f"no {many or one + 's'}"
    return f"{number(count)}{TIED}{one if count == 1 else many or one + 's'}"


def counted(count: int, one: str, many: str = "") -> str:
    """The beginning of a sentence: `Three events`, `No events`, `14 events`."""
    word = COUNTED[count] if count < len(COUNTED) else number(count)
    return f"{word} {one if count == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def span(length: timedelta) -> str:
    """A length of time in its largest units: `40 s`, `14 min`, `1 h 50 min`, `3 days`."""
    seconds = max(0, int(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if seconds < 60:
        return f"{seconds}{TIED}s"
    if minutes < 60:
        return f"{minutes}{TIED}min"
    if hours < 24:
        return f"{hours}{TIED}h{TIED}{minutes % 60}{TIED}min" if minutes % 60 else f"{hours}{TIED}h"
    return f"{days}{TIED}{'day' if days == 1 else 'days'}"


def age(instant: datetime | None) -> str:
    """How old something is, in words; `in 6 min` for what is still to come."""
    if instant is None:
        return "never"
    gone = page_now() - instant
    if abs(gone) < timedelta(seconds=1):
        return "now"
    return span(gone) if gone > timedelta(0) else f"in {span(-gone)}"


def ago(instant: datetime | None) -> str:
    """`14 min ago`, `in 6 min`, `now`, `never`."""
    words = age(instant)
    return words if words in {"now", "never"} or words.startswith("in ") else f"{words}{TIED}ago"


def duration(ms: float | None) -> str:
    """Work measured in milliseconds: `0.4 s`, `12 s`, `3 min 10 s`."""
    if ms is None:
        return "–"
    if ms < 50:
        return "under 0.1 s"
    if ms < 9_950:
        return f"{ms / 1000:.1f}{TIED}s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds}{TIED}s"
    return f"{seconds // 60}{TIED}min {seconds % 60}{TIED}s" if seconds < 3600 else span(timedelta(seconds=seconds))


def clock(instant: datetime | None, zone: str | None) -> str:
    """An instant in that zone, as short as today allows: `16:24`, `Sat 07:30`, `12 Jun 07:30`, `12 Jun 2025`."""
    if instant is None:
        return "never"
    there = _zone(zone)
    local, today = instant.astimezone(there), page_now().astimezone(there)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if abs(local.date() - today.date()) <= WEEK:
        return f"{local:%a}{TIED}{local:%H:%M}"
    day = f"{local.day}{TIED}{local:%b}"
    return f"{day} {local:%H:%M}" if local.year == today.year else f"{day} {local:%Y}"


def clock_zone(instant: datetime | None, zone: str | None) -> str:
    """`10:42 EDT`: for a sentence that stands alone."""
    return clock(instant, zone) if instant is None else f"{clock(instant, zone)} {zone_word(zone, instant)}"


def has_time(instant: datetime, zone: str | None) -> bool:
    """Whether a start names a time of day: providers write midnight where nobody entered one."""
    return times.has_time(instant, _zone(zone))


def full_time(instant: datetime, zone: str | None) -> str:
    """Everything, for whoever points at a time: date, seconds, zone, and the same in UTC."""
    local = instant.astimezone(_zone(zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M:%S} {zone_word(zone, instant)} ({instant.astimezone(UTC):%H:%M:%S} UTC)"


def day(instant: datetime | None, zone: str | None) -> str:
    """The day of an instant in that zone: `today`, `tomorrow`, `Saturday`, `12 June`, `12 June 2025`."""
    if instant is None:
        return "without a date"
    local, today = instant.astimezone(_zone(zone)).date(), page_now().astimezone(_zone(zone)).date()
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((local - today).days)
    if near:
        return near
    if abs(local - today) <= WEEK:
        return f"{local:%A}" if local > today else f"last {local:%A}"
    day = f"{local.day}{TIED}{local:%B}"
    return day if local.year == today.year else f"{day} {local:%Y}"


def written_day(text: str | None) -> str:
    """A day as the database holds it, as people write it: `23 November 2026`; as it is where it is no such day."""
    try:
        found = date.fromisoformat((text or "")[:10])
    except ValueError:
        return text or "no date"
    return f"{found.day}{TIED}{found:%B %Y}"


def zone_word(zone: str | None, instant: datetime | None = None) -> str:
    """`EDT`: what people there call their time at that instant."""
    return f"{(instant or page_now()).astimezone(_zone(zone)):%Z}"


def _zone(name: str | None) -> tzinfo:
    return times.zone(name, "America/New_York")


def iso(instant: datetime) -> str:
    """For `<time datetime>`."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def operation(name: str | None) -> str:
    """`Participants`; old rows name none."""
    return OPERATIONS.get(name or "", name or "Sync")


def run_state(status: str | None) -> tuple[str, str]:
    """The shape's state and the word of a run."""
    return RUN_STATES.get(status or "", ("wait", status or "unknown"))


def attempt_state(status: str | None) -> tuple[str, str]:
    """The shape's state and the word of an attempt; an old system's word stays as it was."""
    return ATTEMPT_STATES.get((status or "").lower(), ("wait", status or "unknown"))


def worst(*states: str) -> str:
    """The one that a page's head should show."""
    return min(states, key=WORST.index, default="good")


def is_partners_turn(kind: str | None) -> bool:
    """Whether the timing partner is the one who can end a failure of that kind."""
    return kind in KINDS and KINDS[kind].turn == "partner"


def turn(kind: str | None, partner: str | None = None) -> str:
    """Whose turn it is after a failure of that kind."""
    whose = KINDS[kind].turn if kind in KINDS else "us"
    return {"partner": f"{partner or 'The timing partner'}’s turn", "nobody": "Nobody’s turn, it passes"}.get(whose, "Our turn")


NEXT_STEPS = {
    "credentials": "Once that is done, retry.",
    "credentials_missing": "Once that is done, retry.",
    "set_up": "Change what is entered on the connection’s page, then retry.",
    "access": "Once that is done, retry.",
    "not_there": "Look whether the event still exists at the provider. If it does not, nothing needs doing.",
    "down": "Nothing needs doing: the next slot tries again. Retry if it cannot wait.",
    "incomplete": "Nothing needs doing: the next slot tries again. Retry if it cannot wait.",
    "throttled": "Nothing needs doing: we go on when the provider allows it.",
    "quota": "Nothing needs doing: we go on when our own limit allows it.",
    "shrunk": "Look at the provider’s list. If it is right, press Retry and we believe it.",
    "lost": "Retry. If it happens again, support looks at the worker’s log.",
}


AT_THE_CONNECTION = frozenset({"credentials", "credentials_missing", "set_up"})
"""Failures that are put right on the connection's page."""


def next_step(kind: str | None) -> str:
    """What to do about a failure of that kind."""
    return NEXT_STEPS.get(kind or "", "Support looks at the technical detail. A retry does no harm.")


def trigger(kind: str | None, by: str | None) -> str:
    """`pressed by Ana Ruiz`, `by the clock`, `asked by the program Race Display`, `after a change at Race Roster`."""
    if kind == "change" and by in LABELS.values():
        return f"after a change at {by}"
    said = TRIGGERS.get(kind or "", "asked for")
    return said if kind == "schedule" or not by else f"{said} {by}"


def provider(key: str | None) -> str:
    """`Race Roster`; old rows name no provider."""
    return label(key) if key else "the old system"


def register(app: Flask) -> None:
    """Make the words known to all templates."""
    filters: tuple[Any, ...] = (
        number, age, ago, span, duration, clock, clock_zone, full_time, day, zone_word, iso, operation, run_state, attempt_state,
        next_step, provider, listed, trigger, has_time, written_day,
    )  # fmt: skip
    for word in filters:
        app.add_template_filter(word)
    for word in (plural, counted, turn, page_now):
        app.add_template_global(word)
    app.jinja_env.globals["at_the_connection"] = AT_THE_CONNECTION
