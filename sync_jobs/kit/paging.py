"""Read lists to their end, or raise. When a list has ended is decided here; fetching one page is left to the adapter."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from sync_jobs.errors import ReadIncomplete

Records = list[Any]
ROUND = 50  # servers cut pages at multiples of this ...
FEW = 200  # ... or at any number up to this ...
TEN = 10  # ... of which the likely ones are multiples of this


@dataclass(slots=True)
class Ending:
    """Decides whether a list without a total has ended. Whoever stops too early loses people, so doubt costs one call.

    A page with no rows ends the list, a full page (as many rows as asked) never does. A short page may be the end, or
    the work of a server that cuts pages below what we ask: after 1,000 rows of 2,500 nobody can know. It is the end when

    * this reading had a larger page: the server gives more when it has more; or
    * no sensible server would cut there (more than 200 rows, no multiple of 50); or
    * an earlier reading (`proven`) had a larger page and this is no round number: a cap that was lowered
      since then would be a round one.

    Where `expected`, the provider's own count, is known and not reached, only an empty page or a larger one within this
    reading will do. That it is reached proves nothing: the count may be of yesterday.
    Otherwise one more page is asked for. So a server that cuts pages loses nobody, and a list of ordinary length costs
    ⌈rows / asked⌉ calls.
    """

    asked: int
    proven: int = 0
    expected: int | None = None
    read: int = 0
    largest: int = 0

    def after(self, rows: int) -> bool:
        """Take note of a page of so many rows; True if it was the last."""
        larger_before = self.largest > rows
        self.read, self.largest = self.read + rows, max(self.largest, rows)
        if rows == 0:
            return True
        if rows >= self.asked:
            return False
        if larger_before:
            return True
        return self.read >= (self.expected or 0) and not self._may_be_a_cap(rows)

    def _may_be_a_cap(self, rows: int) -> bool:
        if self.proven > rows:
            return rows % (ROUND if rows > FEW else TEN) == 0
        return rows <= FEW or rows % ROUND == 0

    def mark(self) -> dict[str, int]:
        """What a cursor must carry so that a later reading goes on with the same knowledge."""
        return {"read": self.read, "largest": self.largest}

    def resume(self, cursor: dict[str, Any]) -> None:
        """Take up what `mark` said."""
        self.read, self.largest = int(cursor.get("read", 0)), int(cursor.get("largest", 0))


def by_key(
    fetch: Callable[[int], tuple[Records, int | None]], ending: Ending, path: str, after: int = 0
) -> Iterator[tuple[Records, int | None]]:
    """Pages in the order of a growing id; each with the id to go on after, None with the last page.

    `fetch(after)` gives the rows beyond that id and the highest id among them.
    """
    while True:
        records, highest = fetch(after)
        last = ending.after(len(records))
        if (records and highest is None and not last) or (highest is not None and highest <= after):
            raise ReadIncomplete(path, "the list does not advance")
        yield records, None if last else highest
        del records  # whoever reads on holds one page, not two
        if last:
            return
        after = highest or after


def by_number(fetch: Callable[[int], Records], ending: Ending, identify: Callable[[Any], Any], path: str,
              page: int = 1) -> Iterator[tuple[Records, int | None]]:  # fmt: skip
    """Pages by their number; rows that came before are left out. Each with the number of the next, None with the last."""
    seen: set[Any] = set()
    while True:
        records = fetch(page)
        last = ending.after(len(records))
        fresh = _fresh(records, identify, seen)
        if records and not fresh:
            raise ReadIncomplete(path, "the list does not advance")
        yield fresh, None if last else page + 1
        if last:
            return
        page += 1


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows from an offset on, and how many the provider says there are in all."""

    records: Records
    total: int | None


def by_offset(fetch: Callable[[int], Part], ending: Ending, identify: Callable[[Any], Any], path: str,
              offset: int = 0) -> Iterator[tuple[Part, int | None]]:  # fmt: skip
    """Pages from an offset; rows that came before are left out. Each with the next offset, None with the last.

    A total, where there is one, must be reached by different rows. A total that falls while we read means that rows moved
    up past us, unseen.
    """
    seen: set[Any] = set()
    known_total, skipped = None, offset
    while True:
        part = fetch(offset)
        fresh = _fresh(part.records, identify, seen)
        offset += len(part.records)
        if part.records and not fresh:
            raise ReadIncomplete(path, "the offset has no effect")
        if known_total is not None and part.total is not None and part.total < known_total:
            raise ReadIncomplete(path, "the list became shorter while it was read")
        known_total = part.total if part.total is not None else known_total
        last = ending.after(len(part.records))
        if known_total is not None:
            last = not part.records or offset >= known_total
            if last and skipped + len(seen) < known_total:
                raise ReadIncomplete(path, f"{skipped + len(seen)} of {known_total} rows")
        yield Part(fresh, known_total), None if last else offset
        if last:
            return


@dataclass(frozen=True, slots=True)
class Sheet:
    """One numbered page, with what the provider says of the whole list: how many rows, on how many such pages."""

    records: Records
    rows: int | None
    pages: int | None


ROUNDS = 3  # how often a list is read from its beginning before it is given up as restless
Where = dict[str, int | None]
Sheets = Generator[tuple[Sheet, Where | None], None, bool]


def by_sheet(fetch: Callable[[int], Sheet], ending: Ending, identify: Callable[[Any], Any], path: str,
             start: Where | None = None) -> Iterator[tuple[Sheet, Where | None]]:  # fmt: skip
    """Pages by their number; rows that came before are left out. Each with where to go on, None with the last.

    The announced number of pages ends the list, and the announced number of rows must have come, all different. A list that moved
    while we read (another total, or rows missing) is read again, for what we have not seen. Where nothing is announced,
    `ending` decides.
    """
    seen: set[Any] = set()
    for _ in range(ROUNDS):
        if (yield from _sheets_once(fetch, ending, identify, path, start or {"page": 1}, seen)):
            return
        start = None
    raise ReadIncomplete(path, "the list changed while it was read, again and again")


def _sheets_once(fetch: Callable[[int], Sheet], ending: Ending, identify: Callable[[Any], Any], path: str, start: Where,
                 seen: set[Any]) -> Sheets:  # fmt: skip
    """One round, without what earlier ones had. True if the list stood still and was whole."""
    page, before, first = start["page"] or 1, start.get("read") or 0, start.get("rows")
    passed: set[Any] = set()
    while True:
        sheet = fetch(page)
        news = _fresh(sheet.records, identify, passed)
        if sheet.records and not news:
            raise ReadIncomplete(path, "the page number has no effect")
        first, read, ended = sheet.rows if first is None else first, before + len(passed), ending.after(len(sheet.records))
        last = ended if sheet.pages is None else page >= sheet.pages
        whole = sheet.rows is None or (first == sheet.rows and read >= sheet.rows)
        goes_on: Where = {"page": 1} if last else {"page": page + 1, "read": read, "rows": first}
        fresh = [record for record in news if (key := identify(record)) is None or key not in seen]
        yield Sheet(fresh, sheet.rows, sheet.pages), None if last and whole else goes_on
        if last:
            seen |= passed
            return whole
        page += 1


def _fresh(records: Records, identify: Callable[[Any], Any], seen: set[Any]) -> Records:
    """The records not seen before; one that cannot be identified always counts, so that it can be set aside by name."""
    fresh: Records = []
    for position, record in enumerate(records):
        key = identify(record)
        key = (len(seen), position) if key is None else key
        if key not in seen:
            seen.add(key)
            fresh.append(record)
    return fresh
