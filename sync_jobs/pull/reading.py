"""Everybody, or all results, of one edition at one provider: whole, or what changed since the last reading.

A reading from start to end in which every key could be read shows who has gone; any other concludes nothing about that, save
from the provider's own list of who was removed. A row of which no more than the key can be read is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sync_jobs import changes, editions, ledger, store, times, versions
from sync_jobs.errors import ListShrank
from sync_jobs.kit.base import Page
from sync_jobs.kit.rows import digest
from sync_jobs.ledger import Counts
from sync_jobs.models import Connection, Contest, Edition, EditionLink, SyncState, db, write
from sync_jobs.pull import following
from sync_jobs.pull.pages import Attempt, note, write_gone, write_page
from sync_jobs.records import Scope


@dataclass(frozen=True, slots=True)
class List:
    """What is read to its end: a table of the provider's, and how its pages are fetched."""

    table: str
    pages: Callable[[Scope, datetime | None, dict[str, Any] | None], Iterator[Page]]
    named: str  # in failures
    counted: str  # the column of a contest that keeps how many there are
    understands_changes: bool = False
    lists_everybody: bool = False  # also where only changes are asked for
    resumes: bool = True  # a reading that was cut goes on at its page


def people(attempt: Attempt) -> None:
    """Everybody of one edition at one provider: who signed up, or who stands on the scoring list."""
    adapter = attempt.adapter
    if attempt.claim.operation == "participants":
        attempt.outcome.follow = following.start_lists(attempt.claim)
    if adapter.side == "scoring":
        what = List(adapter.people_table, lambda scope, _, at: adapter.entries(scope, at), "entries", "rows_held")
    else:
        changes_too, all_too = adapter.reads_changes, adapter.lists_everybody
        what = List(adapter.people_table, adapter.registrations, "participants", "rows_held", changes_too, all_too)
    _read(attempt, what)
    if attempt.claim.operation == "participants":  # a start list matches by itself, when its own reading is done
        following.match_people(attempt.claim)
    following.suggest_pairs(attempt.claim)


def results(attempt: Attempt) -> None:
    """All results of one edition at a scoring provider. What a whole reading left in the tables is kept as versions."""
    adapter, claim = attempt.adapter, attempt.claim
    pages = lambda scope, _, at: adapter.results(scope, at)  # noqa: E731  as above
    _read(attempt, List(adapter.results_table, pages, "results", "results_held", resumes=not adapter.results_by_rank))
    if claim.edition_id is not None and not attempt.cursor.get("cut"):  # who vanished is not known of one that was cut: the next
        versions.make(
            claim.edition_id, claim.connection_id, claim.run_id, times.now(), is_complete=not attempt.cursor.get("nameless"),
            fence=lambda session: ledger.hold(session, claim, times.now()),
        )  # fmt: skip


def _read(attempt: Attempt, what: List) -> None:
    state = db.session.get(SyncState, attempt.claim.target)
    scopes = scopes_of(attempt, state)
    db.session.rollback()
    of = _of(scopes)
    if attempt.cursor.get("of") != of:  # it begins, or what belongs to the edition is not what it was
        whole = changes.reads_whole(
            understands_changes=what.understands_changes,
            read_mark=state.read_mark if state else None,
            full_read_at=state.full_read_at if state else None,
            now=attempt.claim.claimed_at,
        )
        mark = times.to_ms(state.read_mark) if state and state.read_mark else None
        attempt.cursor |= {"of": of, "started": times.to_ms(times.now()), "mark": mark, "since": None if whole else mark}
        attempt.cursor |= {"at": 0, "page": None, "cut": False, "nameless": False}
    since = None if attempt.cursor["since"] is None else times.from_ms(attempt.cursor["since"])
    for index, scope in enumerate(scopes):
        if index >= attempt.cursor["at"]:
            _read_scope(attempt, what, scope, since, index)
    _conclude(attempt, what, scopes, whole=since is None)


def _of(scopes: list[Scope]) -> str:
    """Tells whether the same belongs to the edition as before."""
    return digest([(scope.happening_id, scope.contest_ids) for scope in scopes]).hex()


def scopes_of(attempt: Attempt, state: SyncState | None) -> list[Scope]:
    """One scope for each happening of the edition that this connection reads, with its contests."""
    zone = db.session.scalar(select(Edition.timezone).where(Edition.edition_id == attempt.claim.edition_id)) or "UTC"
    linked = select(EditionLink.happening_id).where(
        EditionLink.connection_id == attempt.claim.connection_id, EditionLink.edition_id == attempt.claim.edition_id
    )
    found: dict[str, list[str]] = {happening: [] for happening in db.session.scalars(linked)}
    theirs = (Contest.edition_id == attempt.claim.edition_id, Contest.provider_name == attempt.claim.provider_name)
    contests = db.session.execute(
        select(Contest.happening_id, Contest.provider_contest_id)
        .where(*theirs, Contest.happening_id.in_(list(found)), Contest.gone_at.is_(None))
        .order_by(Contest.contest_id)
    )
    for happening, contest in contests:
        found[happening].append(contest.removeprefix(f"{happening}/"))
    expected = state.rows_expected if state and len(found) == 1 else None
    return [Scope(happening_id=h, contest_ids=tuple(c), timezone=zone, rows_expected=expected) for h, c in sorted(found.items())]


def _read_scope(attempt: Attempt, what: List, scope: Scope, since: datetime | None, index: int) -> None:
    attempt.known = {what.table: store.held(what.table, attempt.partner, scope)}
    held = attempt.known[what.table]
    position = attempt.cursor["page"] if what.resumes else None
    at_start, unknown = len(held), 0
    attempt.cursor |= {"cut": bool(attempt.cursor.get("cut") or position)}
    for page in what.pages(replace(scope, held=held), since, position):
        if page.table not in attempt.known:  # what a provider tells beside its people
            attempt.known[page.table] = store.held(page.table, attempt.partner, scope)
        beside = page.table != what.table
        write_page(attempt, page, {**attempt.cursor, "at": index, "page": page.cursor}, counted=not beside)
        if beside:
            _contests_showed(attempt, scope)
        unknown += sum(row.key is None for row in page.aside)  # these could be anybody
        del page  # before the next one is read
    shows_gone = (since is None or what.lists_everybody) and position is None and not unknown  # from its start, and whole
    if shows_gone:
        _believe(attempt, what, held, at_start)
    if what.understands_changes and "removed" in attempt.adapter.abilities() and attempt.cursor.get("mark") is not None:
        _read_removed(attempt, scope, times.from_ms(attempt.cursor["mark"]), what.table)
    if shows_gone and held:
        write_gone(attempt, what.table, [(key, None) for key in held])
    attempt.cursor |= {"at": index + 1, "page": None, "nameless": bool(attempt.cursor.get("nameless") or unknown)}


def _contests_showed(attempt: Attempt, scope: Scope) -> None:
    """A provider told of contests with its people. They are ours from now on, and the reading goes on."""
    now = times.now()
    with write() as session:
        ledger.hold(session, attempt.claim, now)
        editions.refresh_contests(session, session.get_one(Connection, attempt.claim.connection_id), scope.happening_id, now)
    attempt.cursor |= {"of": _of(scopes_of(attempt, None))}
    db.session.rollback()


def _believe(attempt: Attempt, what: List, missing: Collection[store.Key], held: int) -> None:
    """A whole reading did not list these. Where they are too many to believe, a person looks first: at them, not at more."""
    many = len(missing)
    if not changes.shrank(held, many) or many <= attempt.cursor.get("accept_shrunk", -1) + changes.FEW:
        return
    attempt.cursor |= {"missing": many}
    with write() as session:
        ledger.page_done(session, attempt.claim, Counts(), attempt.cursor, None, times.now())
        note(attempt, session, what.table, [(key, "missing", None) for key in sorted(missing, key=str)])
    raise ListShrank(what.named, f"{many} of {held}")


def _read_removed(attempt: Attempt, scope: Scope, since: datetime, table: str) -> None:
    """The provider's own list of who left since the last reading, with the reason and the successor of a transfer.

    Whole readings ask for it too: they give no reasons, and one that was cut in two shows nobody as gone.
    """
    unseen = attempt.known[table]  # whoever was listed a moment ago is there, whatever this list says
    for batch in attempt.adapter.removed(scope, since):
        left = [removed for removed in batch if removed.key in unseen]
        notes: list[tuple[store.Key, str | None]] = [
            (r.key, f"{r.reason} to {r.successor}" if r.successor else r.reason) for r in left
        ]
        moved = {r.key[0]: int(r.successor) for r in left if r.successor and table == "runsignup_participants"}
        for removed in left:
            unseen.pop(removed.key, None)
        if notes:
            write_gone(attempt, table, notes, moved)


def _conclude(attempt: Attempt, what: List, scopes: list[Scope], *, whole: bool) -> None:
    """Count what is held now, and set the mark that the next reading of changes starts from."""
    total = 0
    for scope in scopes:
        counted = store.count_by_contest(what.table, attempt.partner, scope)
        total += sum(counted.values())
        with write() as session:
            ledger.hold(session, attempt.claim, times.now())
            of = (attempt.partner, attempt.claim.provider_name, what.table)
            store.contest_counts(session, *of, scope, counted, what.counted)
    attempt.outcome.read_mark, attempt.outcome.was_whole = times.from_ms(attempt.cursor["started"]), whole
    attempt.outcome.rows_held = total
    if attempt.adapter.never_sent is not None:
        attempt.outcome.values["never_sent"] = sorted(attempt.adapter.never_sent)
    attempt.outcome.values["notices"] = dict(sorted((+attempt.adapter.notices).items()))
