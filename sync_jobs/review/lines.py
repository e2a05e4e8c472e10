"""Say a difference in lines, in the order in which a reviewer reads it. What differs was decided before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync_jobs.results import ResultRow
from sync_jobs.review.awards import AwardChange
from sync_jobs.review.changes import Change, Shift
from sync_jobs.review.difference import Difference
from sync_jobs.review.words import clock, count, listed, person, shift, standing

NO_CAUSES: Mapping[str, str] = {}
TITLES: Mapping[str, str] = {
    "awards": "Awards that change hands", "status": "Another status", "person": "Another person", "time": "Another time",
    "detail": "Other details", "naming": "Names hidden or shown", "spelling": "Names spelt differently", "added": "New",
    "removed": "No longer there", "ripple": "What follows", "unchanged": "In all", "told": "Who was told already",
}  # fmt: skip
"""The sections in their order."""
IDENTITY = frozenset({"name", "age", "gender"})
NAMED = 5  # of the added, in award places


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `word` says beside any colour what it is: new, changed, removed, or nothing."""

    section: str  # of TITLES
    text: str
    word: str = ""
    before: str = ""
    after: str = ""
    note: str = ""
    entries: tuple[str, ...] = ()
    is_award: bool = False
    is_handed_out: bool = False
    sample: tuple[str, ...] = ()


def lines(found: Difference, causes: Mapping[str, str] = NO_CAUSES) -> tuple[Line, ...]:
    """Every line. `causes` is what is known of why a row changed, by entry."""
    return tuple(_said(found, causes))


def _said(found: Difference, causes: Mapping[str, str]) -> Iterable[Line]:
    kinds = found.by_kind
    yield from (_award(one) for one in found.awards)
    yield from (_changed("status", one, causes) for one in kinds["status"])
    yield from (_changed("person", one, causes) for one in kinds["person"])
    shifts, single = found.times
    yield from (_shifted(one) for one in shifts)
    yield from (_changed("time", one, causes) for one in single)
    for kind in ("detail", "naming", "spelling"):
        yield from (_changed(kind, one, causes) for one in kinds[kind])
    yield from _added(found.added)
    yield from (_removed(one, causes) for one in found.removed)
    yield from _ripple(found)
    yield Line(section="unchanged", text=total(found))
    if told := found.wrongly_told:
        text = f"{count(len(told), 'person', 'people')} already got a message with what it was before."
        yield Line(section="told", text=text, entries=_entries(told))


def total(found: Difference) -> str:
    """`4,859 = 4,440 unchanged + 412 place only + 5 changed + 2 added`, and how many are no longer there."""
    parts = ((len(found.kept), "unchanged"), (len(found.moved), "place only"), (len(found.changed), "changed"),
             (len(found.added), "added"))  # fmt: skip
    text = f"{found.after:,} = " + (" + ".join(f"{number:,} {word}" for number, word in parts if number) or "0")
    return text + (f"; {len(found.removed):,} removed" if found.removed else "")


def summary(found: Difference) -> str:
    """What changes, in a few words: `14 added, 2 changed rows, 1 award changes hands`."""
    if found.is_same:
        return "nothing changes"
    parts = [
        (len(found.awards), "award changes hands", "awards change hands"), (len(found.changed), "changed row", "changed rows"),
        (len(found.added), "added", "added"), (len(found.removed), "removed", "removed"),
        (len(found.moved), "place moves", "places move"),
    ]  # fmt: skip
    return ", ".join(count(number, one, many) for number, one, many in parts if number)


def _entries(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(one.row.entry_key for one in changes)


def _award(one: AwardChange) -> Line:
    note = "This award was handed out already." if one.handed_out else ""
    rows = (*one.was, *one.now)
    return Line(
        section="awards", text=one.sentence, word="changed", before=one.before, after=one.after, note=note, is_award=True,
        entries=tuple(dict.fromkeys(row.entry_key for row in rows)), is_handed_out=one.handed_out,
    )  # fmt: skip


def _changed(section: str, one: Change, causes: Mapping[str, str]) -> Line:
    row = one.row
    text = person(row) + (f", {row.division}" if row.division else "")
    if section == "time" and (moved := _moved(one)):
        text += f": {moved}"
    return Line(
        section=section, text=text, word="changed", before=_side(one, "before"), after=_side(one, "after"),
        note=causes.get(row.entry_key, ""), entries=(row.entry_key,), is_award=one.is_award,
    )  # fmt: skip


def _side(one: Change, which: str) -> str:
    """All that differs, as it was or as it is; of another person, who."""
    row = one.old if which == "before" else one.new
    is_person = one.kind == "person" and row is not None
    said = [f"{edit.name} {getattr(edit, which)}" for edit in one.edits if not (is_person and edit.name in IDENTITY)]
    return ", ".join([_identity(row), *said] if is_person and row else said)


def _identity(row: ResultRow) -> str:
    about = [str(part) for part in (row.gender, row.age) if part is not None]
    return person(row) + (f", {' '.join(about)}" if about else "")


def _moved(one: Change) -> str:
    said = [(name, ms) for name, ms in (("gun", one.gun_shift), ("chip", one.chip_shift)) if ms]
    if len({ms for _, ms in said}) == 1 and len(said) > 1:
        return shift(said[0][1])
    return ", ".join(f"{name} {shift(ms)}" for name, ms in said)


def _shifted(one: Shift) -> Line:
    parts = [f"{name} {shift(ms)}" for name, ms in (("gun", one.gun_ms), ("chip", one.chip_ms)) if ms]
    by = shift(one.gun_ms) if one.gun_ms == one.chip_ms else listed(parts)
    where = f", all of wave {one.wave}" if one.wave else ""
    return Line(
        section="time", text=f"{count(len(one.changes), 'time')} moved by {by}{where}.", word="changed",
        entries=_entries(one.changes), is_award=any(change.is_award for change in one.changes),
        sample=tuple(f"{person(change.row)}: {_time(change.old)} → {_time(change.new)}" for change in one.sample),
    )  # fmt: skip


def _time(row: ResultRow | None) -> str:
    if row is None:
        return "no time"
    times = [f"{name} {clock(ms)}" for name, ms in (("gun", row.gun_ms), ("chip", row.chip_ms)) if ms is not None]
    return ", ".join(times) or "no time"


def _added(added: Sequence[Change]) -> Iterable[Line]:
    if not added:
        return
    by_status = Counter(one.row.status for one in added)
    said = listed([f"{number:,} {standing(status)}" for status, number in by_status.most_common()])
    best = sorted((one for one in added if one.is_award), key=lambda one: (one.is_at is None, one.is_at or 0))[:NAMED]
    yield Line(
        section="added", text=f"{count(len(added), 'person', 'people')} added: {said}.", word="new", entries=_entries(added),
        is_award=bool(best), sample=tuple(f"{person(one.row)}: {_time(one.row)}" for one in best),
    )  # fmt: skip


def _removed(one: Change, causes: Mapping[str, str]) -> Line:
    row = one.old or one.row
    after = standing(one.new.status) if one.new is not None and one.new.status != row.status else "not public"
    return Line(
        section="removed", text=f"{person(row)}: {_time(row)}. Should this be DQ or DNF instead?", word="removed",
        before=f"{standing(row.status)}, {_time(row)}", after=after, note=causes.get(row.entry_key, ""), entries=(row.entry_key,),
        is_award=one.is_award,
    )  # fmt: skip


def _ripple(found: Difference) -> Iterable[Line]:
    if not found.moved:
        return
    steps = [(one.was_at or 0) - (one.is_at or 0) for one in found.moved]
    said = [_step([step for step in steps if step > 0], "up"), _step([-step for step in steps if step < 0], "down")]
    if still := sum(step == 0 for step in steps):
        said.append(f"{count(still, 'person changes', 'people change')} only their place by gender or division")
    but = "Nobody else changes an award place." if found.awards else "No award changes hands."
    yield Line(section="ripple", text=f"{listed([part for part in said if part])}. {but}", entries=_entries(found.moved))


def _step(steps: Sequence[int], way: str) -> str:
    if not steps:
        return ""
    least, most = min(steps), max(steps)
    far = f"{least} to {most} places" if least != most else "one place" if most == 1 else f"{most} places"
    return f"{count(len(steps), 'person moves', 'people move')} {way} {far}"
