"""What reconciliation reads of one event: people, results, links and lines of both sides, in a fixed number of statements.

What they mean is decided in `sync_jobs.reconciliation`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dashboard.reading import Query, Rows, together
from sync_jobs import finishes, people, start_lists
from sync_jobs.models import Contest, ContestPair, EntryLink, EntryQuestion, StartListFile, StartListLine, SyncState
from sync_jobs.pairing.ids import Key
from sync_jobs.providers import side
from sync_jobs.reconciliation import Finish, Reconciled, Sides, Told, reconcile
from sync_jobs.records import Entry, Registration

READ = ("participants", "results")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """One scored distance with the registration distances whose people belong in it."""

    contest: Any
    sources: list[Any]
    found: Reconciled
    has_begun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A distance without a counterpart, and how many people that is about."""

    contest: Any
    side: str
    people: int
    results: int
    state: str  # none, suggested, ignored
    registrations: list[Registration]


@dataclass(slots=True)
class Board:
    """Both sides of an event."""

    distances: list[Distance] = field(default_factory=list)
    alone: list[Alone] = field(default_factory=list)
    unplaced: list[Registration] = field(default_factory=list)  # their provider does not say for which distance
    contests: dict[int, Any] = field(default_factory=dict)
    files: dict[int, Any] = field(default_factory=dict)
    read: dict[tuple[str, str], Any] = field(default_factory=dict)  # side and operation: the reading that is longest ago

    @property
    def off(self) -> int:
        """How many people one side has and the other has not."""
        return sum(one.found.off for one in self.distances)

    @property
    def open(self) -> list[Alone]:
        """Distances with people that nobody has decided about."""
        return [one for one in self.alone if one.state != "ignored"]


def read(partner: int, edition_id: int, now: datetime) -> Board:
    """Everything of one event, counted and compared."""
    found = together(
        contests=_contests(edition_id), pairs=_pairs(edition_id), states=_states(edition_id), links=_links(edition_id),
        lines=_lines(edition_id), questions=_questions(edition_id), files=_files(edition_id),
    )  # fmt: skip
    board = Board(
        contests={row.contest_id: row for row in found["contests"]}, files={row.file_id: row for row in found["files"]},
        read=_longest_ago(found["states"]),
    )  # fmt: skip
    every = _Everybody(partner, board.contests.values())
    board.unplaced = people.unplaced(partner, edition_id)
    mapped = _mapped(found["pairs"], board.contests)
    for contest_id, sources in mapped.items():
        has_begun = _has_begun(board.contests[contest_id], every, now)
        compared = reconcile(_sides(contest_id, mapped, every, found, board, has_begun=has_begun))
        named = [board.contests[source] for source in sources]
        board.distances.append(Distance(contest=board.contests[contest_id], sources=named, found=compared, has_begun=has_begun))
    board.alone = _alone(found["pairs"], mapped, every, board.contests)
    return board


class _Everybody:
    """The people and results of an event, by distance."""

    def __init__(self, partner: int, contests: Iterable[Any]) -> None:
        known = list(contests)
        here = [one.contest_id for one in known if side(one.provider_name) == "registration"]
        there = [one for one in known if side(one.provider_name) == "scoring"]
        self.registrations: dict[int, list[Registration]] = defaultdict(list)
        for registration in people.registrations(partner, here):
            self.registrations[registration.contest_id or 0].append(registration)
        self.entries: dict[int, list[Entry]] = defaultdict(list)
        for entry in people.entries(partner, [one.contest_id for one in there]):
            self.entries[entry.contest_id or 0].append(entry)
        self.finishes: dict[int, dict[str, Finish]] = finishes.finishes(partner, there)


def _mapped(pairs: Rows, contests: dict[int, Any]) -> dict[int, list[int]]:
    """Each scored distance with its sources, in the order of their starts."""
    sources: dict[int, list[int]] = {number: [] for number in contests}
    for pair in pairs:
        if pair.pair_state == "confirmed" and pair.theirs_id in contests and pair.ours_id in contests:
            sources[pair.theirs_id].append(pair.ours_id)
    return {number: some for number, some in sources.items() if some}


def _has_begun(contest: Any, every: _Everybody, now: datetime) -> bool:
    return bool(every.finishes.get(contest.contest_id)) or (contest.starts_at is not None and contest.starts_at <= now)


def _sides(
    contest_id: int, mapped: dict[int, list[int]], every: _Everybody, found: dict[str, Rows], board: Board, *, has_begun: bool
) -> Sides:
    mine = set(mapped[contest_id])
    return Sides(
        contest_id=contest_id,
        provider_name=board.contests[contest_id].provider_name,
        registrations=[one for source in mapped[contest_id] for one in every.registrations[source]],
        others=[one for source, some in every.registrations.items() if source not in mine for one in some] + board.unplaced,
        entries=every.entries[contest_id],
        elsewhere=[one for number, some in every.entries.items() if number != contest_id for one in some],
        beside={number for number, sources in mapped.items() if number != contest_id and mine & set(sources)},
        finishes=every.finishes.get(contest_id, {}),
        links={_key(row): row.entry_key for row in found["links"] if row.contest_id == contest_id},
        lines={_key(row): _told(row) for row in found["lines"] if row.contest_id == contest_id},
        doubtful={tuple(key) for row in found["questions"] if row.contest_id == contest_id for key in row.about["registrations"]},
        has_begun=has_begun,
    )


def _key(row: Any) -> Key:
    return row.registration_provider, row.registration_key


def _told(row: Any) -> Told:
    return Told(
        state=row.line_state, was_told=bool(row.was_told), at=row.at, why=row.why, run_id=row.run_id, file_id=row.file_id,
        decided_by=row.decided_by,
    )  # fmt: skip


def _alone(pairs: Rows, mapped: dict[int, list[int]], every: _Everybody, contests: dict[int, Any]) -> list[Alone]:
    """Distances outside of the map: those with people, and those that nobody has decided about."""
    used = set(mapped) | {source for sources in mapped.values() for source in sources}
    states = {number: pair.pair_state for pair in pairs for number in (pair.ours_id, pair.theirs_id) if pair.pair_state != "void"}
    found = []
    for number, contest in contests.items():
        of = side(contest.provider_name)
        held = every.registrations if of == "registration" else every.entries
        many, results = len(held.get(number, ())), len(every.finishes.get(number, ()))
        if number not in used and (many or results or contest.gone_at is None):
            state = states.get(number, "none")
            mine = every.registrations.get(number, [])
            found.append(Alone(contest=contest, side=of, people=many, results=results, state=state, registrations=mine))
    return sorted(found, key=lambda one: not one.people)


def _longest_ago(states: Rows) -> dict[tuple[str, str], Any]:
    """Of each side and operation the target that was read least lately: a page is no younger than that."""
    found: dict[tuple[str, str], Any] = {}
    for row in states:
        if row.success_at is not None:
            what = (side(row.provider_name), row.operation_type)
            if what not in found or row.success_at < found[what].success_at:
                found[what] = row
    return found


def _contests(edition_id: int) -> Query:
    return (
        select(
            Contest.contest_id.label("contest_id"), Contest.provider_name.label("provider_name"), Contest.name.label("name"),
            Contest.happening_id.label("happening_id"), Contest.provider_contest_id.label("provider_contest_id"),
            Contest.starts_at.label("starts_at"), Contest.gone_at.label("gone_at"), Contest.connection_id.label("connection_id"),
        )
        .where(Contest.edition_id == edition_id)
        .order_by(Contest.starts_at.is_(None), Contest.starts_at, Contest.contest_id)
    )  # fmt: skip


def _pairs(edition_id: int) -> Query:
    return select(
        ContestPair.registration_contest_id.label("ours_id"), ContestPair.scoring_contest_id.label("theirs_id"),
        ContestPair.state.label("pair_state"),
    ).where(ContestPair.edition_id == edition_id)  # fmt: skip


def _states(edition_id: int) -> Query:
    return select(
        SyncState.provider_name.label("provider_name"), SyncState.operation_type.label("operation_type"),
        SyncState.last_success_at.label("success_at"), SyncState.last_run_id.label("run_id"),
    ).where(SyncState.edition_id == edition_id, SyncState.operation_type.in_(READ))  # fmt: skip


def _links(edition_id: int) -> Query:
    return select(
        EntryLink.contest_id.label("contest_id"), EntryLink.entry_key.label("entry_key"),
        EntryLink.registration_provider.label("registration_provider"), EntryLink.registration_key.label("registration_key"),
    ).where(EntryLink.edition_id == edition_id, EntryLink.ended_at.is_(None))  # fmt: skip


def _lines(edition_id: int) -> Query:
    return select(
        StartListLine.contest_id.label("contest_id"), StartListLine.registration_provider.label("registration_provider"),
        StartListLine.registration_key.label("registration_key"), StartListLine.state.label("line_state"),
        StartListLine.told.is_not(None).label("was_told"), StartListLine.at.label("at"), StartListLine.why.label("why"),
        StartListLine.run_id.label("run_id"), StartListLine.file_id.label("file_id"), StartListLine.decided_by.label("decided_by"),
    ).where(StartListLine.edition_id == edition_id)  # fmt: skip


def _questions(edition_id: int) -> Query:
    about = select(EntryQuestion.contest_id.label("contest_id"), EntryQuestion.about.label("about"))
    return about.where(EntryQuestion.edition_id == edition_id, EntryQuestion.kind.in_(start_lists.MAY_BE_THERE))


def _files(edition_id: int) -> Query:
    return select(
        StartListFile.file_id.label("file_id"), StartListFile.name.label("name"), StartListFile.made_at.label("made_at"),
        StartListFile.downloaded_at.label("loaded_at"), StartListFile.downloaded_by.label("loaded_by"),
    ).where(StartListFile.edition_id == edition_id)  # fmt: skip
