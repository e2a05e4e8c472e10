"""The only clock, and the forms in which instants and durations are written. Decides nothing about schedules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CUSTOMER_FORM = "%Y-%m-%d %H:%M:%S"


def _machine_clock() -> datetime:
    return datetime.now(UTC)


_clock: Callable[[], datetime] = _machine_clock


def now() -> datetime:
    """The present instant, aware, in UTC. Everything below a job takes it as a parameter instead."""
    return _clock()


def set_clock(clock: Callable[[], datetime] | None) -> None:
    """Put another clock in (the application's configuration and tests do); None puts the machine's back."""
    global _clock  # noqa: PLW0603  one clock for the process is the point
    _clock = clock or _machine_clock


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970 of an aware instant: how our own tables hold time."""
    return round((instant - EPOCH) / timedelta(milliseconds=1))


def from_ms(value: int) -> datetime:
    """The inverse of `to_ms`."""
    return EPOCH + timedelta(milliseconds=value)


def customer_form(instant: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC: how the customer's time columns are written."""
    return instant.astimezone(UTC).strftime(CUSTOMER_FORM)


def from_customer_form(text: str | None) -> datetime | None:
    """Read what `customer_form` wrote; None for anything else, since old rows hold many things."""
    try:
        return datetime.strptime(text or "", CUSTOMER_FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def zone(name: str | None, fallback: str = "UTC") -> tzinfo:
    """The IANA zone of that name, or the fallback's where a provider wrote something that is no zone."""
    try:
        return ZoneInfo(name or fallback)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(fallback)


def is_zone(name: str | None) -> bool:
    """Whether that is the name of a zone we know."""
    try:
        return bool(name) and ZoneInfo(name or "") is not None
    except (ZoneInfoNotFoundError, ValueError):
        return False


def has_time(instant: datetime, there: tzinfo) -> bool:
    """Whether a start names a time of day: providers write midnight where nobody entered one."""
    return f"{instant.astimezone(there):%H:%M}" != "00:00"
