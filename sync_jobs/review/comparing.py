"""Put each row of two versions in the part of the difference where it belongs. What the parts mean is said in `difference`."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set

from sync_jobs.results import ContestFacts, Published, ResultRow, Version
from sync_jobs.review import awards, faces, places
from sync_jobs.review.changes import Change
from sync_jobs.review.faces import Face
from sync_jobs.review.payload import is_shown
from sync_jobs.review.twins import Links, twins

NOWHERE = places.Places()


class Side:
    """One of the two versions: who of it is shown, and how."""

    def __init__(self, version: Version | None, facts: ContestFacts, payload: Iterable[Published] | None, *, exact: bool) -> None:
        self.rows: Sequence[ResultRow] = version.rows if version else ()
        self.placed = places.everyone(version, facts) if version else {}
        self._payload = None if payload is None else {one.entry_key: one for one in payload if one.entry_key is not None}
        self._basis, self._exact = facts.basis, exact
        self.shown: Set[str] = {row.entry_key for row in self.rows if is_shown(row)}
        if self._payload is not None:
            self.shown = self._payload.keys()
        self.holders: awards.Holders = awards.holders(version, facts, self.shown, self.placed) if version else {}
        self.winners = {row.entry_key for rows in self.holders.values() for row in rows}

    def face(self, row: ResultRow) -> Face:
        """How the public sees it."""
        sent = self.tells(row)
        if sent is not None:
            return faces.of_published(sent, self.places(row))
        return faces.of_row(row, self.places(row), self._basis, exact=self._exact)

    def tells(self, row: ResultRow) -> Published | None:
        """What goes out of it, where that is known."""
        return self._payload.get(row.entry_key) if self._payload is not None else None

    def places(self, row: ResultRow) -> places.Places:
        """Where it comes."""
        return self.placed.get(row.entry_key, NOWHERE)


class Compared:
    """The parts, while they are being filled."""

    def __init__(self, old: Side, new: Side, links: Links, *, told: Collection[str]) -> None:
        self._old, self._new, self._told = old, new, frozenset(told)
        self.changed: list[Change] = []
        self.added: list[Change] = []
        self.removed: list[Change] = []
        self.moved: list[Change] = []
        self.kept: list[ResultRow] = []
        self.behind = 0
        self._still: dict[int, str] = {}
        found = twins(old.rows, new.rows, links)
        for one, other in found.both:
            self._sort(one, other)
        for row in found.gone:
            self._gone(row, None)
        for row in found.come:
            self._come(None, row)

    def awards(self, handed_out: Collection[str]) -> tuple[awards.AwardChange, ...]:
        """Award places that change hands."""
        return awards.changed_hands(self._old.holders, self._new.holders, lambda row: self._still.get(id(row)), handed_out)

    def follows(self) -> bool:
        """Whether each place moved exactly as far as the added rows push it: to behind all of them that came before it."""
        pushing = self._pushing()
        for one in self.moved:
            if one.old is None or one.new is None:
                continue
            was, now = self._old.places(one.old), self._new.places(one.new)
            groups = zip(("overall", one.new.gender, one.new.division), was, now, strict=True)
            for kind, (group, before, after) in enumerate(groups):
                if before != after and not _is_pushed(before, after, pushing[kind].get(group, ())):
                    return False
        return True

    def _pushing(self) -> tuple[Mapping[str | None, Sequence[int]], ...]:
        """The places of the added rows, in order, by kind and group."""
        found: tuple[defaultdict[str | None, list[int]], ...] = (defaultdict(list), defaultdict(list), defaultdict(list))
        for one in self.added:
            row = one.row
            for kind, (group, place) in enumerate(zip(("overall", row.gender, row.division), self._new.places(row), strict=True)):
                if place is not None:
                    found[kind][group].append(place)
        for groups in found:
            for listed in groups.values():
                listed.sort()
        return found

    def _sort(self, old: ResultRow, new: ResultRow) -> None:
        if new.entry_key not in self._new.shown:
            self._gone(old, new)
        elif old.entry_key not in self._old.shown:
            self._come(old, new)
        else:
            self._compare(old, new)

    def _gone(self, old: ResultRow, new: ResultRow | None) -> None:
        if old.entry_key in self._old.shown:
            self.removed.append(self._change("removed", old, new))
        else:
            self.behind += 1

    def _come(self, old: ResultRow | None, new: ResultRow) -> None:
        if new.entry_key in self._new.shown:
            self.added.append(self._change("added", old, new))
        else:
            self.behind += 1

    def _compare(self, old: ResultRow, new: ResultRow) -> None:
        if old == new and self._old.tells(old) == self._new.tells(new) and self._old.places(old) == self._new.places(new):
            self._still[id(old)] = new.entry_key  # the common case, at once
            self.kept.append(new)
            return
        was, now = self._old.face(old), self._new.face(new)
        kind = _kind(old, new, was, now)
        if kind != "person":
            self._still[id(old)] = new.entry_key
        if kind is None:
            self.kept.append(new)
            return
        one = self._change(kind, old, new, was, now)
        (self.moved if kind == "place" else self.changed).append(one)

    def _change(
        self, kind: str, old: ResultRow | None, new: ResultRow | None, was: Face | None = None, now: Face | None = None
    ) -> Change:
        return Change(
            kind=kind, old=old, new=new, edits=faces.edited(was, now) if was and now and kind != "place" else (),
            gun_shift=_shift(was.gun_ms, now.gun_ms) if was and now else None,
            chip_shift=_shift(was.chip_ms, now.chip_ms) if was and now else None,
            was_at=self._old.places(old).overall if old else None, is_at=self._new.places(new).overall if new else None,
            is_award=bool((old and old.entry_key in self._old.winners) or (new and new.entry_key in self._new.winners)),
            is_masked=kind == "naming" and now is not None and now.is_masked,
            was_told=old is not None and old.entry_key in self._told,
        )  # fmt: skip


def _kind(old: ResultRow, new: ResultRow, was: Face, now: Face) -> str | None:
    """The weightiest thing that differs; None: nothing."""
    signs = (
        ("person", not _is_one_person(old, new, was, now)),
        ("status", was.status != now.status),
        ("time", (was.gun_ms, was.chip_ms) != (now.gun_ms, now.chip_ms)),
        ("detail", _rest(was) != _rest(now)),
        ("naming", was.name != now.name and (was.is_masked or now.is_masked)),
        ("spelling", was.name != now.name),
        ("place", was.places != now.places),
    )
    return next((kind for kind, differs in signs if differs), None)


def _is_one_person(old: ResultRow, new: ResultRow, was: Face, now: Face) -> bool:
    """A name that is hidden now, or was, says nothing about who it is."""
    if None not in {was.registration_key, now.registration_key} and was.registration_key != now.registration_key:
        return False
    named_alike = faces.same_person(was, now) or was.is_masked or now.is_masked
    return named_alike and faces.same_person(old, new)


def _rest(face: Face) -> tuple[object, ...]:
    return face.gender, face.age, face.bib, face.division, face.splits, face.registration_key


def _shift(old: int | None, new: int | None) -> int | None:
    """By how much a time moved; None where it came or went."""
    if old is None or new is None:
        return 0 if old is new else None
    return new - old


def _is_pushed(before: int | None, after: int | None, pushing: Sequence[int]) -> bool:
    return before is not None and after is not None and after - before == bisect_left(pushing, after)
