"""One reading of an event's people at Haku: the thin list page by page, and a detail for each person that needs one.

A row's digest is that of the thin record (16 bytes) and that of the detail (16 bytes), so that an unchanged thin record is known
without a call. Talking is left to the adapter, what a record means to `mapping`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sync_jobs.errors import (
    AccessDenied,
    NotThere,
    ProviderDown,
    ProviderError,
    ReadIncomplete,
    RequestRefused,
    UnexpectedReply,
    UnreadableRow,
)
from sync_jobs.kit import parse
from sync_jobs.kit.base import AsideRow, Page, Raw, RawRow
from sync_jobs.kit.paging import Ending
from sync_jobs.kit.rows import digest
from sync_jobs.providers.haku.mapping import category_id, participant_id
from sync_jobs.records import Scope

PEOPLE, CATEGORIES = "haku_participants", "haku_categories"
HALF = 16  # bytes of a digest that stand for the thin record
NO_DETAIL, LEFT = bytes(HALF), bytes([1]) * HALF  # in the place of a detail's digest
PASSING = (AccessDenied, ProviderDown, RequestRefused, UnexpectedReply)
MOST_IN_A_ROW = 3  # details that fail one after the other: then it is not the person

Cursor = dict[str, Any]
Fetch = Callable[[int], list[Any]]
Ask = Callable[[str], Raw]


@dataclass(slots=True)
class Sweep:
    """Reads on from a cursor. `whole` asks for every detail; else only for who is new or whose thin record changed.

    A cursor says the page to go on at, who of it is done, and what the list's ending must know; `tail` is a page of the second
    look: a change moves people to the front of the list, past a reader, so the front is read again while it shows somebody new.
    """

    scope: Scope
    fetch: Fetch
    ask: Ask
    whole: bool
    ending: Ending
    path: str
    seen: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)  # categories, in this reading
    failing: int = 0
    held: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What we hold, by registration."""
        for key, known in self.scope.held.items():
            self.held.setdefault(str(key[1]).rpartition("/")[0] or str(key[1]), []).append((str(key[1]), known))

    def pages(self, cursor: Cursor) -> Iterator[Page]:
        """All pages from there to the end."""
        self.ending.resume(cursor)
        if "tail" not in cursor:
            pages = 1 if cursor else 0  # a list that was read in parts may have moved meanwhile
            for records, place, following in self._list(int(cursor.get("page", 1))):
                pages += bool(records)
                again = {**place, "done": list(cursor.get("done", ()))}
                goes_on = following or ({"tail": 1} if pages > 1 else None)
                yield from self._page([one for one in records if _number(one) not in again["done"]], again, goes_on)
                cursor = {}
            if pages < 2:
                return
        yield from self._second_look(int(cursor.get("tail", 1)))

    def _list(self, page: int) -> Iterator[tuple[list[Any], Cursor, Cursor | None]]:
        """People not seen before, with the cursor of this page and that of the next."""
        while True:
            place = {"page": page, **self.ending.mark()}
            records = self.fetch(page)
            last = self.ending.after(len(records))
            fresh = self._fresh(records)
            if records and not fresh:
                raise ReadIncomplete(self.path, "the list does not advance")
            page += 1
            yield fresh, place, None if last else {"page": page, **self.ending.mark()}
            if last:
                return

    def _fresh(self, records: list[Any]) -> list[Any]:
        """Records not seen before; one that cannot be identified always counts, so that it can be set aside."""
        found = []
        for record in records:
            number = _number(record)
            if number is None or number not in self.seen:
                found.append(record)
            if number is not None:
                self.seen.add(number)
        return found

    def _second_look(self, page: int) -> Iterator[Page]:
        """The front of the list once more, until it shows nobody new."""
        while True:
            listed = [record for record in self.fetch(page) if _number(record) is not None]
            fresh = [record for record in self._fresh(listed) if not self._known(record)]
            yield from self._page(fresh, {"tail": page}, {"tail": page + 1} if fresh else None)
            if not fresh:
                return
            page += 1

    def _page(self, records: list[Any], place: Cursor, following: Cursor | None) -> Iterator[Page]:
        """The rows of some people. What is done when we are stopped in the middle is kept, with a cursor that goes on there."""
        work = _Work(f"participants page {place.get('page') or place['tail']}", list(place.get("done", ())))
        stopped = None
        for position, record in enumerate(records, 1):
            try:
                self._person(record, position, work)
            except ProviderError as error:
                stopped = error
                break
        if work.categories:
            yield Page(table=CATEGORIES, rows=work.categories, cursor=place)
        if stopped is None or work.rows or work.aside:
            cursor = following if stopped is None else {**place, "done": work.done}
            yield Page(table=PEOPLE, rows=work.rows, aside=work.aside, cursor=cursor)
        if stopped is not None:
            raise stopped

    def _person(self, record: Any, position: int, work: _Work) -> None:
        number = _number(record)
        if number is None:
            place = f"{work.place}, row {position}"
            work.aside.append(AsideRow(key=None, place=place, field="registration_number", why="is missing"))
            return
        if not self.whole and self._known(record):
            work.rows += self._kept(number, record)
        else:
            self._with_detail(number, record, work)
        work.done.append(number)

    def _known(self, record: Any) -> bool:
        """Whether we hold this person as the thin record says, with their detail."""
        known, thin = self.held.get(_number(record) or "", []), digest(record)
        return bool(known) and all(
            one is not None and one[:HALF] == thin and len(one) > HALF and one[HALF:] != NO_DETAIL for _, one in known
        )

    def _with_detail(self, number: str, thin: Raw, work: _Work) -> None:
        try:
            detail = self.ask(number)
            categories = _categories(detail)
        except UnreadableRow as error:
            self._without_detail(number, thin, work, error.field, error.why)
        except NotThere:
            self._without_detail(number, thin, work, "detail", "is not there although the list shows this registration")
        except PASSING as error:
            self.failing += 1
            if self.failing >= MOST_IN_A_ROW:
                raise
            self._without_detail(number, thin, work, "detail", f"did not come: {error.detail or error.kind}")
        else:
            self.failing = 0
            self._rows(number, thin, detail, categories, work)

    def _rows(self, number: str, thin: Raw, detail: Raw, categories: dict[str, Raw], work: _Work) -> None:
        """One row for each category; one in all where there is none; and what we hold that is not shown any more, as left."""
        known = digest(thin) + digest(detail)
        self._tell(categories, work)
        shown: list[Raw | None] = [*categories.values()]
        for category in shown or [None]:
            key = participant_id(number, category_id(category))
            work.rows.append(RawRow(self._key(key), known, self._raw(thin, detail, category)))
        there = {row.key[1] for row in work.rows}
        for key, _ in self.held.get(number, []):
            if key not in there:
                raw = self._raw(thin, detail, _category_of(key, number), left=True)
                work.rows.append(RawRow(self._key(key), digest(thin) + LEFT, raw))

    def _kept(self, number: str, thin: Raw) -> list[RawRow]:
        """What we hold of a person, as it is."""
        held = self.held.get(number, [])
        return [
            RawRow(self._key(key), known, self._raw(thin, None, _category_of(key, number)))
            for key, known in held
            if known is not None
        ]

    def _without_detail(self, number: str, thin: Raw, work: _Work, name: str, why: str) -> None:
        """What we hold stays as it is; somebody new is kept as the list shows them. Both are asked for again next time."""
        work.aside.append(AsideRow(key=f"{self.scope.happening_id}/{number}", place=work.place, field=name, why=why))
        work.rows += self._kept(number, thin) or [RawRow(self._key(number), digest(thin) + NO_DETAIL, self._raw(thin, None, None))]

    def _tell(self, categories: dict[str, Raw], work: _Work) -> None:
        """Categories that this reading has not told yet: no list of Haku's has them."""
        for known, category in categories.items():
            if known not in self.told:
                self.told.add(known)
                said = {"event_id": self.scope.happening_id, **{name: category.get(name) for name in ("id", "name", "master_name")}}
                work.categories.append(RawRow((self.scope.happening_id, known), digest(said), said))

    def _key(self, key: str) -> tuple[str, str]:
        return self.scope.happening_id, key

    def _raw(self, thin: Raw, detail: Raw | None, category: Raw | None, *, left: bool = False) -> Raw:
        return {"event_id": self.scope.happening_id, "thin": thin, "detail": detail, "category": category, "left": left}


@dataclass(slots=True)
class _Work:
    """What came of some people so far."""

    place: str
    done: list[str]
    rows: list[RawRow] = field(default_factory=list)
    aside: list[AsideRow] = field(default_factory=list)
    categories: list[RawRow] = field(default_factory=list)


def _number(record: Any) -> str | None:
    """The only thing that identifies a registration; text, also where it comes as a number."""
    try:
        return parse.key_text(record.get("registration_number"), "registration_number") if isinstance(record, dict) else None
    except UnreadableRow:
        return None


def _category_of(key: str, number: str) -> Raw | None:
    """The category of a row that we hold: its id is all that the row's key says."""
    known = key.removeprefix(number).lstrip("/")
    return {"id": known} if known else None


def _categories(detail: Raw) -> dict[str, Raw]:
    """The categories of a registration by id; of one that is there twice, the active one."""
    found: dict[str, Raw] = {}
    for category in detail.get("event_categories") or []:
        if not isinstance(category, dict):
            raise UnreadableRow("event_categories", "is no object")
        known = category_id(category) or ""
        if known not in found or found[known].get("is_active") is False:
            found[known] = category
    return found
