"""What somebody changed at a destination behind us: each edit with what we left, what is there, and what we are about to send.

Compared as parsed values. What to do about an edit is a person's decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sync_jobs.results import Published, SetFlags
from sync_jobs.review.words import clock, ordinal, person, standing

GONE = "not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One thing that is not as we left it. Of a row (`bib` says whose), or of the whole set."""

    kind: str  # changed, added, removed, flag
    field: str
    sent: str
    there: str
    about: str
    who: str = ""
    bib: str | None = None
    entry_key: str | None = None
    agrees: bool = False  # what is there is what we are about to send

    @property
    def sentence(self) -> str:
        """All three in words: `Ana Sample (bib 214), gun time: we sent 41:20, 41:10 is there, 41:20 would be sent`."""
        about = f"{self.who}, {self.field}" if self.who else self.field.capitalize()
        return f"{about}: we sent {self.sent}, {self.there} is there, {self.about} would be sent."


def _said(value: Any) -> str:
    return "nothing" if value is None or value == "" else str(value)


def _time(value: int | None) -> str:
    return "no time" if value is None else clock(value)


def _place(value: int | None) -> str:
    return "no place" if value is None else ordinal(value)


ALWAYS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("bib", "bib", _said), ("name", "name", _said), ("status", "status", standing), ("gun_ms", "gun time", _time),
    ("chip_ms", "chip time", _time), ("place", "place", _place),
)  # fmt: skip
WHERE_SENT: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("gender", "gender", _said), ("age", "age", _said), ("division", "division", _said), ("gender_place", "gender place", _place),
    ("division_place", "division place", _place),
)  # fmt: skip
MAY_FILL = frozenset(name for name, _, _ in WHERE_SENT)
"""What a destination may fill in or leave out by itself: an edit only where we sent one value and another is there."""
FLAGS: Mapping[str, str] = {
    "name": "name of the set", "is_public": "public", "is_preliminary": "preliminary", "notifies": "notifications",
    "contact": "contact address", "also_for": "further distances",
}  # fmt: skip


def three_way(sent: Iterable[Published], there: Iterable[Published], about: Iterable[Published]) -> tuple[Edit, ...]:
    """Every edit of a row. `sent` is what we left there: as sent, or better as read back right after."""
    ours, theirs, plans = tuple(sent), tuple(there), tuple(about)
    now, plan = _pair(ours, theirs), _pair(ours, plans)
    edits: list[Edit] = []
    for row, found, following in zip(ours, now, plan, strict=True):
        about_it = None if following is None else plans[following]
        edits += _changes(row, theirs[found], about_it) if found is not None else [_whole("removed", row, row, None, about_it)]
    known = frozenset(now)
    new = tuple(row for at, row in enumerate(theirs) if at not in known)
    after = _pair(new, plans)
    return (
        *edits,
        *(_whole("added", row, None, row, None if at is None else plans[at]) for row, at in zip(new, after, strict=True)),
    )


def flag_edits(sent: SetFlags, there: SetFlags | None, about: SetFlags) -> tuple[Edit, ...]:
    """Every edit of how the set stands. No set there any more is one."""
    if there is None:
        return (Edit(kind="flag", field="result set", sent=_flag(sent.name), there=GONE, about=_flag(about.name)),)
    values = [(one.name, *(_of(flags, one.name) for flags in (sent, there, about))) for one in fields(SetFlags)]
    return tuple(
        Edit(kind="flag", field=FLAGS[name], sent=_flag(was), there=_flag(now), about=_flag(plan), agrees=now == plan)
        for name, was, now, plan in values
        if was != now
    )


def _of(flags: SetFlags, name: str) -> Any:
    value = getattr(flags, name)
    return tuple(sorted(value)) if isinstance(value, tuple) else value


def _flag(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "none" if isinstance(value, tuple) else _said(value)


def _pair(rows: Sequence[Published], others: Sequence[Published]) -> list[int | None]:
    """Which of the others is each row's: by registration, else by bib, else by name where there is none. Each only once."""
    found: list[int | None] = [None] * len(rows)
    taken: set[int] = set()
    for key in (lambda row: row.registration_key, lambda row: row.bib, lambda row: None if row.bib else _name(row)):
        theirs = _by(others, key)
        for at, row in enumerate(rows):
            mine = [one for one in theirs.get(key(row), ()) if one not in taken and _fits(row, others[one])]
            if found[at] is None and mine:
                found[at] = mine[0]
                taken.add(mine[0])
    return found


def _by(rows: Sequence[Published], key: Callable[[Published], str | None]) -> Mapping[str | None, Sequence[int]]:
    found: defaultdict[str | None, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if value := key(row):
            found[value].append(at)
    return found


def _fits(one: Published, other: Published) -> bool:
    """Rows of two registrations are never one, whatever their bib says."""
    return not (one.registration_key and other.registration_key) or one.registration_key == other.registration_key


def _name(row: Published) -> str:
    return f"{row.first_name} {row.last_name}".strip()


def _value(row: Published, name: str) -> Any:
    return _name(row) if name == "name" else getattr(row, name)


def _changes(sent: Published, there: Published, about: Published | None) -> Iterator[Edit]:
    for name, word, say in (*ALWAYS, *WHERE_SENT):
        was, now = _value(sent, name) or None, _value(there, name) or None
        if was == now or (name in MAY_FILL and None in {was, now}):
            continue
        plan = (_value(about, name) or None) if about else None
        yield _edit(sent, word, say(was), say(now), say(plan) if about else GONE, agrees=about is not None and plan == now)
    yield from _splits(sent, there, about)


def _splits(sent: Published, there: Published, about: Published | None) -> Iterator[Edit]:
    was, now, plan = dict(sent.splits), dict(there.splits), dict(about.splits if about else ())
    for point in {**was, **now}:
        if was.get(point) != now.get(point):
            said = [_time(one.get(point)) for one in (was, now, plan)]
            agrees = about is not None and plan.get(point) == now.get(point)
            yield _edit(sent, f"split {point}", said[0], said[1], said[2] if about else GONE, agrees=agrees)


def _edit(row: Published, field: str, sent: str, there: str, about: str, *, agrees: bool) -> Edit:
    return Edit(
        kind="changed", field=field, sent=sent, there=there, about=about, who=person(row), bib=row.bib, entry_key=row.entry_key,
        agrees=agrees,
    )  # fmt: skip


def _whole(kind: str, row: Published, sent: Published | None, there: Published | None, about: Published | None) -> Edit:
    return Edit(
        kind=kind, field="row", sent=_row(sent), there=_row(there), about=_row(about), who=person(row), bib=row.bib,
        entry_key=row.entry_key, agrees=_row(there) == _row(about),
    )  # fmt: skip


def _row(row: Published | None) -> str:
    """A row in short."""
    if row is None:
        return GONE
    times = [clock(ms) for ms in (row.gun_ms, row.chip_ms) if ms is not None]
    return " / ".join(times) or standing(row.status)
