"""Checks of how a pull is built (P): all of it, of the right contest, readable, each person once. Who they are is `matching`'s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from sync_jobs import times
from sync_jobs.checks.amounts import counted, less, listed, opening, span
from sync_jobs.checks.base import Check, Field, Finding, said, who
from sync_jobs.checks.cases import Case, findings
from sync_jobs.kit.statuses import STATUSES
from sync_jobs.results import ResultRow

FIELDS: Mapping[str, str] = {
    "gun_ms": "gun time", "results_gun_time": "gun time", "total_time": "gun time", "chip_ms": "chip time", "net_time": "chip time",
    "results_time": "chip time", "penalty_ms": "penalty", "results_sex": "gender", "results_age": "age",
}  # fmt: skip
"""What a person calls a field. Others are called by their own name."""
UNPLACED = frozenset({"DNS", "DNF", "DQ", "NC"})
NO_BIBS = frozenset({"", "0"})


def incomplete_pull(field: Field) -> Iterable[Finding]:
    """P01: not every page was read, or the provider counts others than came."""
    version = field.version
    came, counts = len(version.rows), version.rows_said
    if counts is not None and counts != came:
        sentence = f"{counted(came, 'result')} came, but the scoring system counts {counts:,}."
        yield said("P01", "hard", sentence, came=came, counts=counts)
    elif not version.is_complete:
        yield said("P01", "hard", f"The results were not read to the end: only {counted(came, 'row')} came.", came=came)


def wrong_contest(field: Field) -> Iterable[Finding]:
    """P02: these are another contest's results, or those of another year."""
    if field.version.contest_id != field.facts.contest_id:
        yield said("P02", "hard", "These results belong to another distance than the one that they were read for.")
        return
    start, first = field.version.started_at or field.facts.planned_start, field.facts.day
    if start is None or first is None:
        return
    day = start.astimezone(times.zone(field.facts.zone)).date()
    days = max((first - day).days, (day - (field.facts.last_day or first)).days)
    if days > field.limit("P02", "days"):
        sentence = f"Scoring has the start on {_written(day)}, {counted(days, 'day')} away from the event on {_written(first)}."
        yield said("P02", "hard", sentence, start=day.isoformat(), event=first.isoformat(), days=days)


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def collapsed_set(field: Field) -> Iterable[Finding]:
    """P03: most finishers of the version before are gone."""
    before = len(field.newest.finishers) if field.newest else 0
    now = len(field.finishers)
    if before and less(now, before, field.limit("P03", "percent")):
        left = f"Only {now:,}" if now else "None"
        sentence = f"{left} of the {before:,} finishers of the version before {'are' if now > 1 else 'is'} left."
        yield said("P03", "hard", sentence, now=now, before=before)


def unparseable(field: Field) -> Iterable[Finding]:
    """P04: something that the grammar refused."""
    cases = [
        Case(
            row=row,
            sentence=f"{opening(row)} has something that cannot be read: {_unread(row)}.",
            numbers={"fields": [name for name, _ in row.unreadable]},
        )
        for row in field.version.rows
        if row.unreadable
    ]
    example = f", as {who(cases[0].row)}: {_unread(cases[0].row)}" if cases else ""
    together = f"{_of(cases, field)} have something that cannot be read{example}."
    return findings(field, "P04", "block", cases, together)


def _unread(row: ResultRow) -> str:
    return listed([f"{FIELDS.get(name, name.replace('_', ' '))} “{raw}”" for name, raw in row.unreadable])


def duplicate_bib(field: Field) -> Iterable[Finding]:
    """P05: two people with a time wear one bib. The same entry twice is P07's."""
    wearers: dict[str, dict[str, ResultRow]] = defaultdict(dict)
    for row in field.version.rows:
        bib = (row.bib or "").strip().casefold()
        if bib not in NO_BIBS and (row.gun_ms is not None or row.chip_ms is not None):
            wearers[bib].setdefault(row.entry_key, row)
    cases = [_shared_bib([*rows.values()]) for rows in wearers.values() if len(rows) > 1]
    return findings(field, "P05", "block", cases, f"{counted(len(cases), 'bib stands', 'bibs stand')} on more than one result.")


def _shared_bib(rows: list[ResultRow]) -> Case:
    names = listed([row.name or "somebody without a name" for row in rows])
    sentence = f"Bib {rows[0].bib} stands on {len(rows)} results: {names}."
    return Case(row=rows[0], others=tuple(rows[1:]), sentence=sentence, numbers={"bib": rows[0].bib, "results": len(rows)})


def duplicate_entry(field: Field) -> Iterable[Finding]:
    """P07: one scoring entry has several rows, as when brackets and intervals were not told apart."""
    copies: dict[str, list[ResultRow]] = defaultdict(list)
    for row in field.version.rows:
        copies[row.entry_key].append(row)
    cases = [
        Case(row=rows[0], sentence=f"{opening(rows[0])} came {len(rows)} times as the same entry.", numbers={"rows": len(rows)})
        for rows in copies.values()
        if len(rows) > 1
    ]
    return findings(field, "P07", "block", cases, f"{counted(len(cases), 'entry', 'entries')} came more than once.")


def unknown_status(field: Field) -> Iterable[Finding]:
    """P09: a word that nobody has told us; one finding for each word where it is common. What could not be read is P04's."""
    words: dict[str, list[ResultRow]] = defaultdict(list)
    for row in field.version.rows:
        if row.status not in STATUSES and not row.unreadable:
            words[(row.said or row.status or "").strip()].append(row)
    for word, rows in words.items():
        stands = f"the status “{word}”, which is not known here" if word else "no status that is known here"
        cases = [Case(row=row, sentence=f"{opening(row)} has {stands}.", numbers={"status": word}) for row in rows]
        yield from findings(field, "P09", "block", cases, f"{_of(cases, field)} have {stands}.")


Conflict = Callable[[ResultRow, str], str]


def _ranked(row: ResultRow, _: str) -> str:
    """A place beside a status that has none; 0 is no place."""
    place = row.place or row.gender_place or row.division_place
    return f"is {row.status} and has place {place}" if row.status in UNPLACED and place else ""


def _without_time(row: ResultRow, basis: str) -> str:
    return (
        f"is a finisher without a {basis} time, by which the places are made" if row.is_finisher and row.time(basis) is None else ""
    )


def _read_at_all(row: ResultRow, _: str) -> str:
    reads = [row.gun_ms, row.chip_ms, *(ms for split in row.splits for ms in (split.gun_ms, split.chip_ms))]
    return (
        "did not start, as it says, and was read on the course"
        if row.status == "DNS" and any(ms is not None for ms in reads)
        else ""
    )


def _finished(row: ResultRow, _: str) -> str:
    time = row.gun_ms if row.gun_ms is not None else row.chip_ms
    return f"did not finish, as it says, and has a finish time of {span(time)}" if row.status == "DNF" and time is not None else ""


CONFLICTS: tuple[tuple[str, str, Conflict, str], ...] = (
    ("rank", "block", _ranked, "have a place beside a status that allows none"),
    ("no_time", "warn", _without_time, "are finishers without a time of the kind by which the places are made"),
    ("dns_read", "warn", _read_at_all, "did not start, as they say, and were read on the course"),
    ("dnf_time", "warn", _finished, "did not finish, as they say, and have a finish time"),
)
"""What contradicts itself, the worst first: its key, how grave it is, what is wrong with a row, and what with many."""


def status_time_conflict(field: Field) -> Iterable[Finding]:
    """P10: the status says one thing, times and places another. Of each row the worst."""
    found: dict[str, list[Case]] = {kind: [] for kind, *_ in CONFLICTS}
    for row in field.version.rows:
        for kind, _, conflict, _ in CONFLICTS:
            if words := conflict(row, field.facts.basis):
                found[kind].append(Case(row=row, sentence=f"{opening(row)} {words}.", numbers={"kind": kind, "status": row.status}))
                break
    for kind, severity, _, together in CONFLICTS:
        cases = found[kind]
        yield from findings(field, "P10", severity, cases, f"{_of(cases, field)} {together}.", lifts=severity == "warn")


def missing_demographics(field: Field) -> Iterable[Finding]:
    """P11: a finisher without gender, or of an age that neither scoring nor the registration says."""
    cases = [
        Case(row=row, sentence=f"{opening(row)} has no {' and no '.join(missing)}.", numbers={"missing": missing})
        for row in field.finishers
        if (missing := _missing(row, field))
    ]
    together = f"{len(cases):,} of {counted(len(field.finishers), 'finisher')} have no gender or no age."
    return findings(field, "P11", "warn", cases, together, lifts=True)


def _missing(row: ResultRow, field: Field) -> list[str]:
    registered = field.registered.get(row.entry_key)
    no_age = row.age is None and (registered is None or registered.born is None)
    return [word for word, is_missing in (("gender", row.gender is None), ("age", no_age)) if is_missing]


def _of(cases: list[Case], field: Field) -> str:
    return f"{len(cases):,} of {counted(len(field.version.rows), 'result')}"


RELAY = frozenset({"relay"})
CHECKS: tuple[Check, ...] = (
    Check(check_id="P01", name="incomplete-pull", rule=incomplete_pull),
    Check(check_id="P02", name="wrong-contest", rule=wrong_contest),
    Check(check_id="P03", name="collapsed-set", rule=collapsed_set),
    Check(check_id="P04", name="unparseable", rule=unparseable),
    Check(check_id="P05", name="duplicate-bib", rule=duplicate_bib, skips=RELAY),
    Check(check_id="P07", name="duplicate-entry", rule=duplicate_entry),
    Check(check_id="P09", name="unknown-status", rule=unknown_status),
    Check(check_id="P10", name="status-time-conflict", rule=status_time_conflict, escalates=True),
    Check(check_id="P11", name="missing-demographics", rule=missing_demographics, escalates=True, skips=RELAY),
)
