"""The paths of the people somebody looks for: records of both sides, links, start list lines, results, and the runs that read them.

What was meant and who is who is decided in `sync_jobs.tracing`. However many fit, the number of statements is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from dashboard.reading import Query, Rows, together
from sync_jobs import finishes, person_search
from sync_jobs.models import (
    ChangedRow,
    Contest,
    ContestPair,
    Edition,
    EntryLink,
    Partner,
    Run,
    StartListFile,
    StartListLine,
    SyncState,
    db,
)
from sync_jobs.reconciliation import Finish, standing
from sync_jobs.tracing import Link, Listed, Meant, Path, Person, Record, paths

MOST = 25
SEEDS = MOST + 1  # of each side: one person may be found on both
CHANGES = 6  # of one record


@dataclass(slots=True)
class Seen:
    """One person's path with everything that happened to it."""

    path: Path
    edition: Any = None
    partner: str = ""
    contest: Any = None  # of the registration
    is_mapped: bool = False  # whether that contest has a counterpart
    lines: list[Any] = field(default_factory=list)
    entries: list[On] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)  # of the registration, oldest first
    read: Any = None  # the last reading of the registration side


@dataclass(slots=True)
class On:
    """One entry of theirs on a scoring list."""

    listed: Listed
    contest: Any
    status: str | None
    finish: Finish | None
    changes: list[Any]
    read: Any
    results_read: Any


@dataclass(frozen=True, slots=True)
class Trace:
    """Whoever fits, the first of them, and whether there are more."""

    people: list[Seen]
    has_more: bool


def look(meant: Meant, partners: Sequence[int], edition_id: int | None = None) -> Trace:
    """Everybody who fits, each with their path."""
    if meant.is_nothing:
        return Trace([], has_more=False)
    found = person_search.find(meant, partners, edition_id)
    here, there = ([one for one in found if one.is_scoring is scoring][:SEEDS] for scoring in (False, True))
    records, links = _around([*here, *there])
    matched = [path for path in paths(records, links) if not set(path.records).isdisjoint(found)]
    return Trace(_told(matched[:MOST], links), has_more=len(matched) > MOST)


def _around(seeds: list[Record]) -> tuple[list[Record], list[Link]]:
    """The other side of each: by link, by the id that it carries, and by the line that was told."""
    entries = [one for one in seeds if one.is_scoring]
    links = _links(EntryLink.entry_key, [(one.timing_partner_id, one.key) for one in entries])
    people = {one.person for one in seeds if not one.is_scoring}
    wanted = {link.person for link in links} | {carried for one in entries if (carried := one.carried)}
    known = [*seeds, *person_search.registrations(wanted - people)]
    people |= {one.person for one in known if not one.is_scoring}
    links += _links(EntryLink.registration_key, [(partner, key) for partner, _, key in people])
    keys = {(link.person[0], link.entry_key) for link in links if link.person in people}
    here = {(one.timing_partner_id, one.key) for one in entries}
    more = [*person_search.entries(keys - here), *person_search.carrying(people)]
    return list(dict.fromkeys([*known, *more])), links


def _links(column: Any, keys: Iterable[tuple[int, str]]) -> list[Link]:
    pairs = sorted(set(keys))
    if not pairs:
        return []
    rows = db.session.scalars(
        select(EntryLink).where(
            column.in_(sorted({key for _, key in pairs})), EntryLink.timing_partner_id.in_({partner for partner, _ in pairs})
        )
    )
    return [_link(row) for row in rows]


def _link(row: EntryLink) -> Link:
    return Link(
        person=(row.timing_partner_id, row.registration_provider, row.registration_key), contest_id=row.contest_id,
        entry_key=row.entry_key, method=row.method, confidence=row.confidence, made_by=row.made_by, made_at=row.made_at,
        ended_at=row.ended_at, ended_by=row.ended_by, ended_why=row.ended_why,
    )  # fmt: skip


def _told(shown: list[Path], links: list[Link]) -> list[Seen]:
    records = [record for path in shown for record in path.records]
    people = [path.registration.person for path in shown if path.registration]
    contests = {one.contest_id for one in records if one.contest_id} | {link.contest_id for link in links}
    facts = together(
        editions=_editions({one.edition_id for one in records if one.edition_id}), lines=_lines(people),
        contests=_contests(contests), states=_states({one.edition_id for one in records if one.edition_id}),
        mapped=_mapped(contests), partners=_partners({one.timing_partner_id for one in records}),
    )  # fmt: skip
    known = _Known(facts, _changes(records))
    entries = [(one.timing_partner_id, known.contests[one.contest_id], one.key)
               for one in records if one.is_scoring and one.contest_id in known.contests]  # fmt: skip
    known.finishes = finishes.of_entries(entries)
    return [known.seen(path) for path in shown]


class _Known:
    """What was read, by what it is about."""

    def __init__(self, facts: dict[str, Rows], changes: dict[tuple[int, str, str], list[Any]]) -> None:
        self.editions = {row.edition_id: row for row in facts["editions"]}
        self.contests = {row.contest_id: row for row in facts["contests"]}
        self.partners = {row.partner_id: row.partner_name for row in facts["partners"]}
        self.mapped = {row.ours_id for row in facts["mapped"]}
        self.states = {(row.connection_id, row.operation_type, row.edition_id): row for row in facts["states"]}
        self.lines: dict[Person, list[Any]] = defaultdict(list)
        for row in facts["lines"]:
            self.lines[row.partner_id, row.registration_provider, row.registration_key].append(row)
        self.changes = changes
        self.finishes: dict[int, dict[str, Finish]] = {}

    def seen(self, path: Path) -> Seen:
        """One path, whole."""
        who, registration = path.who, path.registration
        told = self.lines.get(registration.person, []) if registration else []
        for line in told:
            line.contest = self.contests.get(line.contest_id)
        return Seen(
            path=path, edition=self.editions.get(who.edition_id), partner=self.partners.get(who.timing_partner_id) or "",
            contest=self.contests.get(registration.contest_id) if registration else None,
            is_mapped=registration is not None and registration.contest_id in self.mapped,
            lines=told, entries=[self._on(one) for one in path.listed],
            changes=self._changed(registration), read=self._read(registration, "participants"),
        )  # fmt: skip

    def _on(self, one: Listed) -> On:
        entry = one.entry
        finish = self.finishes.get(entry.contest_id or 0, {}).get(entry.key)
        return On(
            listed=one, contest=self.contests.get(entry.contest_id), finish=finish,
            status=standing(entry.provider_name, entry.status, finish), changes=self._changed(entry),
            read=self._read(entry, "participants"), results_read=self._read(entry, "results"),
        )  # fmt: skip

    def _changed(self, record: Record | None) -> list[Any]:
        return self.changes.get((record.timing_partner_id, record.table, record.row_key), []) if record else []

    def _read(self, record: Record | None, operation: str) -> Any:
        contest = self.contests.get(record.contest_id) if record else None
        return self.states.get((contest.connection_id, operation, record.edition_id)) if contest and record else None


def _changes(records: list[Record]) -> dict[tuple[int, str, str], list[Any]]:
    """The runs that found each record new, changed or gone: the last few. Ordered by a sum, so that they are found by their key."""
    found: dict[tuple[int, str, str], list[Any]] = defaultdict(list)
    noted = (
        select(
            ChangedRow.timing_partner_id, ChangedRow.table_name, ChangedRow.row_key, ChangedRow.change, ChangedRow.note,
            ChangedRow.run_id, Run.claimed_at, Run.finished_at,
        )
        .outerjoin(Run, Run.run_id == ChangedRow.run_id)
        .where(
            ChangedRow.row_key.in_(sorted({one.row_key for one in records})),
            ChangedRow.table_name.in_(sorted({one.table for one in records})),
        )
        .order_by((ChangedRow.change_id + 0).desc())
        .limit(MOST * CHANGES * 2)
    )  # fmt: skip
    for row in db.session.execute(noted):
        of = found[row.timing_partner_id, row.table_name, row.row_key]
        if len(of) < CHANGES:
            of.insert(0, row)
    return found


def _editions(ids: set[int]) -> Query:
    return select(
        Edition.edition_id.label("edition_id"), Edition.name.label("name"), Edition.timezone.label("zone"),
        Edition.starts_at.label("starts_at"),
    ).where(Edition.edition_id.in_(sorted(ids)))  # fmt: skip


def _contests(ids: set[int]) -> Query:
    return select(
        Contest.contest_id.label("contest_id"), Contest.name.label("name"), Contest.provider_name.label("provider_name"),
        Contest.connection_id.label("connection_id"), Contest.happening_id.label("happening_id"),
        Contest.provider_contest_id.label("provider_contest_id"),
    ).where(or_(Contest.contest_id.in_(sorted(ids)), Contest.contest_id.in_(_of_lines(ids))))  # fmt: skip


def _of_lines(ids: set[int]) -> Any:
    """The scored distances that people of these may be sent to."""
    of = (ContestPair.registration_contest_id.in_(sorted(ids)), ContestPair.scoring_contest_id.is_not(None))
    return select(ContestPair.scoring_contest_id).where(*of)


def _mapped(ids: set[int]) -> Query:
    confirmed: ColumnElement[bool] = ContestPair.state == "confirmed"
    ours = ContestPair.registration_contest_id
    return select(ours.label("ours_id")).where(ours.in_(sorted(ids)), confirmed)


def _states(editions: set[int]) -> Query:
    return select(
        SyncState.connection_id.label("connection_id"), SyncState.operation_type.label("operation_type"),
        SyncState.edition_id.label("edition_id"), SyncState.last_success_at.label("success_at"),
        SyncState.last_run_id.label("run_id"),
    ).where(SyncState.edition_id.in_(sorted(editions)), SyncState.operation_type.in_(("participants", "results")))  # fmt: skip


def _partners(ids: set[int]) -> Query:
    named = select(Partner.timing_partner_id.label("partner_id"), Partner.company_name.label("partner_name"))
    return named.where(Partner.timing_partner_id.in_(sorted(ids)))


def _lines(people: list[Person]) -> Query:
    """What scoring was told of these, the newest last."""
    return (
        select(
            StartListLine.timing_partner_id.label("partner_id"), StartListLine.contest_id.label("contest_id"),
            StartListLine.registration_provider.label("registration_provider"),
            StartListLine.registration_key.label("registration_key"), StartListLine.state.label("line_state"),
            StartListLine.step.label("step"), StartListLine.why.label("why"), StartListLine.run_id.label("run_id"),
            StartListLine.at.label("at"), StartListLine.decided_by.label("decided_by"),
            StartListFile.file_id.label("file_id"), StartListFile.name.label("file_name"),
            StartListFile.made_at.label("made_at"), StartListFile.downloaded_at.label("loaded_at"),
            StartListFile.downloaded_by.label("loaded_by"),
        )
        .outerjoin(StartListFile, StartListFile.file_id == StartListLine.file_id)
        .where(
            StartListLine.registration_key.in_(sorted({key for _, _, key in people})),
            StartListLine.timing_partner_id.in_(sorted({partner for partner, _, _ in people})),
        )
        .order_by(StartListLine.at, StartListLine.line_id)
    )  # fmt: skip
