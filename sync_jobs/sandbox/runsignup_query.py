"""How RunSignUp reads a query: dates in several forms, filters of the race list, sorting, and which page. Answers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sync_jobs.sandbox import runsignup_rows as rows
from sync_jobs.sandbox.boards import Line
from sync_jobs.sandbox.talk import Asked
from sync_jobs.sandbox.things import Happening, local

T = TypeVar("T")
USUAL = 50  # rows of a page unless asked; of participants ASSUMED
SORTS: dict[str, Callable[[Line], Any]] = {
    "registration_id": lambda line: line.key, "registration_date": lambda line: line.registration.registered_at,
    "last_modified": lambda line: line.state.modified, "age": lambda line: rows.age(line.state) or 0,
    "last_name": lambda line: line.state.person.last_name, "name": lambda line: line.state.person.last_name,
    "first_name": lambda line: line.state.person.first_name, "gender": lambda line: line.state.person.gender,
    "bib_num": lambda line: line.state.bib or 0, "chip_num": lambda line: line.state.bib or 0,
}  # fmt: skip


class Refused(Exception):
    """The answer is one of RunSignUp's errors."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


def fits(years: list[Happening], query: Mapping[str, str], now: datetime) -> bool:
    """Whether a race is on the list. Past ones are not, unless a start date is given; undated ones always are (ASSUMED)."""
    first = day_in(query, "start_date", now) or local(now.timestamp(), rows.EASTERN).date()
    last = day_in(query, "end_date", now) or date.max
    days = [day for year in years if (day := rows.day_of(year.edition))]
    if days and not any(first <= day <= last for day in days):
        return False
    changed = local(rows.modified(years, now.timestamp()), rows.EASTERN).date()
    made = local(years[0].edition.created_at, rows.EASTERN).date()
    since, until = day_in(query, "modified_since", now), day_in(query, "modified_on_or_before", now)
    created, created_until = day_in(query, "created_since", now), day_in(query, "created_on_or_before", now)
    edition = years[-1].edition
    return (
        (since or date.min) <= changed <= (until or date.max)
        and (created or date.min) <= made <= (created_until or date.max)
        and query.get("name", "").lower() in years[-1].name.lower()
        and query.get("state", edition.state) == edition.state
        and query.get("city", edition.city).lower() == edition.city.lower()
    )


def day_in(query: Mapping[str, str], name: str, now: datetime) -> date | None:
    """A date as RunSignUp takes it: `YYYY-MM-DD`, Unix seconds, `today` or `tomorrow`."""
    given = query.get(name, "")
    today = local(now.timestamp(), rows.EASTERN).date()
    if given in {"", "today", "tomorrow"}:
        return {"": None, "today": today, "tomorrow": today + timedelta(days=1)}[given]
    try:
        if given.isdigit():
            return datetime.fromtimestamp(int(given), UTC).date()
        return date.fromisoformat(given)
    except (ValueError, OverflowError):
        raise Refused(9, name) from None


def number_in(query: Mapping[str, str], name: str, usual: int) -> int:
    """A number that is not negative."""
    given = query.get(name, "")
    if not given:
        return usual
    if not given.isdigit():
        raise Refused(3, f"{name} is not a number.")
    return int(given)


def page_size(asked: Asked, most: int) -> int:
    """How many rows a page has; more than the most is cut, silently (ASSUMED)."""
    wanted = min(number_in(asked.query, "results_per_page", USUAL) or USUAL, most)
    return min(wanted, int(asked.faults.get("page_cap") or wanted))


def narrowed(asked: Asked, lines: Sequence[Line]) -> Sequence[Line]:
    """Those that the filters leave, in the order asked for."""
    query = asked.query
    if "modified_after_timestamp" in query:
        since = number_in(query, "modified_after_timestamp", 0)
        lines = [line for line in lines if line.state.modified >= since]
    if "registered_after_timestamp" in query or "registered_before_timestamp" in query:
        since, until = number_in(query, "registered_after_timestamp", 0), number_in(query, "registered_before_timestamp", 2**40)
        lines = [line for line in lines if since <= line.registration.registered_at <= until]
    if "before_registration_id" in query:
        until = number_in(query, "before_registration_id", 2**40)
        lines = [line for line in lines if line.key < until]
    return _sorted(query.get("sort", ""), lines)


def plain_page(query: Mapping[str, str]) -> tuple[str, ...] | None:
    """What a page of everybody depends on, so that it need not be put together twice; None where instants narrow it."""
    if any(name.endswith("_timestamp") for name in query):
        return None
    words = ("page", "results_per_page", "after_registration_id", "before_registration_id", "sort", "include_template_participant")
    return tuple(query.get(word, "") for word in words)


def _sorted(wish: str, lines: Sequence[Line]) -> Sequence[Line]:
    for word in reversed([part.strip() for part in wish.split(",") if part.strip()]):
        name, _, way = word.partition(" ")
        if name not in SORTS:
            raise Refused(3, "sort")
        if (name, way.upper()) not in {("registration_id", ""), ("registration_id", "ASC")}:
            lines = sorted(lines, key=SORTS[name], reverse=way.upper() == "DESC")
    return lines


def page_of(asked: Asked, found: Sequence[T], most: int) -> Sequence[T]:
    """The page that was asked for."""
    if "empty" in asked.faults:
        return []
    size = page_size(asked, most)
    page = 1 if "ignore_offset" in asked.faults else max(number_in(asked.query, "page", 1), 1)
    return found[(page - 1) * size : page * size]
