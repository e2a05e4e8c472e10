"""Lists that go on: keyset pages whose place is in the address, and filters that say what they did not understand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request

from dashboard import access
from sync_jobs import times

PER_PAGE = 30


@dataclass(slots=True)
class Filters:
    """What the address asks for. A value that makes no sense is left out and explained, never an error page."""

    given: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def choice(self, name: str, known: Any) -> str | None:
        """One of the known words."""
        value = self._typed(name)
        if value and value not in known:
            self._explain(name, f"“{value}” is not one of {', '.join(known)}.")
            return None
        return value

    def number(self, name: str) -> int | None:
        """The number of something."""
        value = self._typed(name)
        if value and not (value.isdecimal() and int(value) <= access.LARGEST_ID):
            self._explain(name, f"“{value}” is not a number.")
            return None
        return int(value) if value else None

    def day(self, name: str, zone: str, *, end: bool = False) -> datetime | None:
        """The beginning (or the end) of a day in that zone, written as 2026-06-12."""
        value = self._typed(name)
        if not value:
            return None
        try:
            found = date.fromisoformat(value) + timedelta(days=int(end))
            return datetime.combine(found, time(), times.zone(zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            self._explain(name, f"“{value}” is not a day. Write it as 2026-06-12.")
            return None

    def _typed(self, name: str) -> str | None:
        value = request.args.get(name, "").strip()[:100]
        if value:
            self.given[name] = value
        return value or None

    def _explain(self, name: str, sentence: str) -> None:
        self.wrong[name] = sentence
        self.given.pop(name, None)

    def address(self, **changes: object) -> str:
        """The same page with these filters and that place."""
        values = {**self.given, **{name: value for name, value in changes.items() if value is not None}}
        return f"{request.path}?{urlencode(values)}" if values else request.path


def place(name: str = "before") -> int | None:
    """Where the page begins: below that id."""
    wanted = request.args.get(name, type=int)
    return None if wanted is None else access.possible(wanted)
