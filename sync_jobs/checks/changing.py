"""Checks of what changes for the public (V): against the version that is live, and against what stands at the destination.

What changed is worked out in `review.difference`, the same that the reviewer sees; here stands from where on it is odd.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sync_jobs.checks.amounts import counted, listed, more, opening, share
from sync_jobs.checks.base import Check, Declared, Field, Finding, of_row, said, who
from sync_jobs.checks.cases import Case, findings
from sync_jobs.results import ResultRow
from sync_jobs.review import faces
from sync_jobs.review.awards import AwardChange
from sync_jobs.review.changes import Change, Shift
from sync_jobs.review.difference import Difference, difference
from sync_jobs.review.drift import three_way
from sync_jobs.review.fingerprints import digest
from sync_jobs.review.payload import is_shown
from sync_jobs.review.twins import links_of
from sync_jobs.review.words import shift, standing

SLACK_MS = 1000  # times are rounded somewhere: two shifts so near are one
NO_MATTER = frozenset({"naming", "spelling"})


def changes(field: Field) -> Difference | None:
    """What the public would see differently; None: nothing is live."""
    if field.live is None:
        return None
    links = links_of(field.registered)
    return difference(field.live, field.version, field.facts, links=links, handed_out=field.handed_out)


def removed_rows(field: Field) -> Iterable[Finding]:
    """V01: somebody is public now and would not be any more."""
    found = field.once(changes)
    if found is None or not found.removed:
        return
    rows = [change.row for change in found.removed]
    many = more(len(rows), found.before, field.limit("V01", "percent"), field.limit("V01", "rows"))
    sentence = (
        f"{counted(len(rows), 'public result is', 'public results are')} missing now: {listed([who(row) for row in rows])}. "
        "Should this be DQ or DNF instead?"
    )
    yield said("V01", "block" if many else "warn", sentence, rows=rows, count=len(rows), public=found.before)


def award_change(field: Field) -> Iterable[Finding]:
    """V02: an award place has another holder. One finding for each ranking, since who falls out moves all behind them."""
    found = field.once(changes)
    if found is None:
        return
    by_ranking = sorted(found.awards, key=lambda one: (one.award.kind, one.award.group, one.award.place))
    for _, those in groupby(by_ranking, key=lambda one: (one.award.kind, one.award.group)):
        ranking = list(those)
        yield _award("V02", "Award places change holder: " + "; ".join(one.sentence for one in ranking) + ".", ranking)


def _award(check_id: str, sentence: str, changed: Sequence[AwardChange]) -> Finding:
    rows = {row.entry_key: row for one in changed for row in (*one.now, *one.was)}
    return of_row(check_id, "warn", sentence, *rows.values(), places=[one.award.said for one in changed])


def mass_change(field: Field) -> Iterable[Finding]:
    """V03: many public times are others now, and nobody announced it."""
    found = field.once(changes)
    if found is None:
        return
    changed = [one for one in found.by_kind["time"] if not _is_declared(field, one)]
    public = sum(row.is_finisher for row in field.live.rows) if field.live else 0
    if more(len(changed), public, field.limit("V03", "percent"), field.limit("V03", "rows")):
        sentence = (
            f"{len(changed):,} of {counted(public, 'public time')} change ({share(len(changed), public)}), and no such "
            "correction was declared."
        )
        yield said("V03", "block", sentence, rows=[one.row for one in changed], count=len(changed), public=public)


def constant_delta(field: Field) -> Iterable[Finding]:
    """V04: nearly all changed times moved by the same: one correction. Of a declared one, also whoever did not follow it."""
    found = field.once(changes)
    if found is None:
        return
    changed, (shifts, _) = found.by_kind["time"], found.times
    for moved in shifts[:1]:
        is_most = 100 * len(moved.changes) >= field.limit("V04", "percent") * len(changed)
        if is_most and len(moved.changes) > field.limit("V04", "rows") and not _mostly_declared(field, moved):
            ms, wave = moved.gun_ms or moved.chip_ms, f" of wave {moved.wave}" if moved.wave else ""
            many = _moving(len(moved.changes), len(changed), wave)
            sentence = f"{many} by {shift(ms)}: one bulk correction."
            yield said("V04", "info", sentence, ms=ms, wave=moved.wave, count=len(moved.changes), changed=len(changed))
    for one in field.declared:
        yield from _followed(changed, one, _deviating(found, one))


def _moving(count: int, of: int, whose: str) -> str:
    return f"{count:,} of {counted(of, 'changed time')}{whose} {'moves' if count == 1 else 'move'}"


def _followed(changed: Sequence[Change], declared: Declared, others: Sequence[ResultRow]) -> Iterator[Finding]:
    """Of a declared correction: how many times moved like that, who did not, and whether it is as many as was said."""
    about, ms = declared.about, shift(declared.delta_ms)
    count = sum(_fits(declared, one) for one in changed)
    numbers: dict[str, Any] = {"ms": declared.delta_ms, "wave": declared.wave, "declared": declared.declared_id}
    if count:
        sentence = f"{_moving(count, len(changed), f' of {about}' if about else '')} by {ms}: as declared."
        yield said("V04", "info", sentence, count=count, changed=len(changed), is_met=count > len(others), **numbers)
    if others:
        them = listed([who(row) for row in others])
        many = counted(len(others), "result does", "results do")
        sentence = f"{many} not follow the declared {ms}{f' for {about}' if about else ''}: {them}."
        yield said("V04", "warn", sentence, rows=others, count=len(others), **numbers)
    if count and declared.expected not in {None, count}:
        sentence = f"{counted(count, 'time moves', 'times move')} by the declared {ms}, and {declared.expected:,} were declared."
        yield said("V04", "warn", sentence, count=count, expected=declared.expected, **numbers)


def _deviating(found: Difference, declared: Declared) -> list[ResultRow]:
    """Those of whom it was declared and who did not move like that."""
    still = [*found.kept, *(one.row for one in found.moved)]
    others = [one.row for one in found.by_kind["time"] if not _fits(declared, one)]
    return [row for row in (*others, *still) if row.is_finisher and declared.covers(row)]


def _mostly_declared(field: Field, moved: Shift) -> bool:
    return 2 * sum(_is_declared(field, one) for one in moved.changes) > len(moved.changes)


def _is_declared(field: Field, change: Change) -> bool:
    return any(_fits(one, change) for one in field.declared)


def _fits(declared: Declared, change: Change) -> bool:
    """Every time that moved did so by what was declared; a wave's gun moves no chip time."""
    moved = [ms for ms in (change.gun_shift, change.chip_shift) if ms != 0]
    near = all(ms is not None and abs(ms - declared.delta_ms) <= SLACK_MS for ms in moved)
    return bool(moved) and near and declared.covers(change.row)


def identity_change(field: Field) -> Iterable[Finding]:
    """V05: the same entry or bib, and another person. A better spelling is only told."""
    found = field.once(changes)
    if found is None:
        return
    by_bib = {row.bib: row for row in field.live.rows if row.bib and is_shown(row)} if field.live else {}
    cases = [case for one in (*found.changed, *found.added) if (case := _another(one, by_bib))]
    together = f"{counted(len(cases), 'public result belongs', 'public results belong')} to somebody else now."
    yield from findings(field, "V05", "warn", cases, together, lifts=True)
    spelt = [one for one in found.by_kind["spelling"] if one.old and one.new]
    if spelt:
        names = listed([f"{one.old.name} → {one.new.name}" for one in spelt if one.old and one.new])
        rows = [one.row for one in spelt]
        yield said("V05", "info", f"{counted(len(spelt), 'name is', 'names are')} spelt differently: {names}.", rows=rows)


def _another(change: Change, by_bib: Mapping[str, ResultRow]) -> Case | None:
    new = change.new
    if new is None:
        return None
    before = by_bib.get(new.bib) if new.bib and (change.old is None or change.old.bib != new.bib) else None
    old = change.old if change.kind == "person" else before
    if old is None or (change.kind != "person" and faces.same_person(old, new)):
        return None
    what = f"Bib {new.bib}" if old.bib == new.bib else f"The result of {who(old)},"
    return Case(row=new, sentence=f"{what} was {old.name or 'without a name'} and is {new.name or 'without a name'} now.")


def status_flip(field: Field) -> Iterable[Finding]:
    """V06: somebody finished before and does not now, or the other way."""
    found = field.once(changes)
    if found is None:
        return
    cases = [
        Case(row=new, sentence=f"{opening(new)} was “{standing(old.status)}” and is “{standing(new.status)}” now.",
             numbers={"before": old.status, "after": new.status})
        for change in found.changed
        if (old := change.old) and (new := change.new) and old.status != new.status and "FINISHED" in {old.status, new.status}
    ]  # fmt: skip
    together = f"{counted(len(cases), 'public result')} changed between finished and not finished."
    yield from findings(field, "V06", "warn", cases, together)


def award_given(field: Field) -> Iterable[Finding]:
    """V09: an award was handed out to somebody whose result changes."""
    found = field.once(changes)
    if found is None:
        return
    lost = [one for one in found.awards if one.handed_out]
    if lost:
        yield _award("V09", "Handed out already: " + "; ".join(one.sentence for one in lost) + ".", lost)
    told = {row.entry_key for one in lost for row in one.was}
    for change in (*found.changed, *found.removed):
        entries = {row.entry_key for row in (change.old, change.new) if row}
        if change.kind not in NO_MATTER and entries & field.handed_out and not entries & told:
            edits = listed([f"{edit.name} {edit.before} → {edit.after}" for edit in change.edits]) or "gone"
            yield of_row("V09", "warn", f"{opening(change.row)} was handed an award, and changes: {edits}.", change.row)


def drift(field: Field) -> Iterable[Finding]:
    """V08: what stands at the destination is not what we left there."""
    to = field.destination
    if to is None:
        return
    edits, severity = three_way(to.sent if to.left is None else to.left, to.rows, field.payload), "block"
    if to.expected is None and to.rows and not to.sent:
        sentence = f"At the destination are {counted(len(to.rows), 'result')} that were not published from here. Whose are they?"
    elif to.flags is None and (to.sent or to.expected is not None):
        sentence = "The results that we published are not at the destination any more: their set is gone."
    elif edits:
        few = listed([f"{edit.who}, {edit.field} {edit.sent} → {edit.there}" for edit in edits])
        sentence = f"{counted(len(edits), 'thing was', 'things were')} changed at the destination since we published: {few}."
        if all(edit.agrees for edit in edits):  # scoring took it over: nothing of theirs is lost
            sentence, severity = f"{sentence} Scoring says the same now.", "info"
    else:
        return
    about = tuple(dict.fromkeys(edit.entry_key for edit in edits if edit.entry_key))
    numbers = {"edits": len(edits), "what": digest([sentence, *(edit.sentence for edit in edits)])}
    yield Finding(check_id="V08", severity=severity, sentence=sentence, entries=about, numbers=numbers)


CHECKS = (
    Check(check_id="V01", name="removed-rows", rule=removed_rows),
    Check(check_id="V02", name="award-change", rule=award_change),
    Check(check_id="V03", name="mass-change", rule=mass_change),
    Check(check_id="V04", name="constant-delta", rule=constant_delta),
    Check(check_id="V05", name="identity-change", rule=identity_change, escalates=True),
    Check(check_id="V06", name="status-flip", rule=status_flip),
    Check(check_id="V08", name="drift", rule=drift, needs_destination=True),
    Check(check_id="V09", name="award-given", rule=award_given),
)
