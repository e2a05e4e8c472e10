"""Everybody of one edition at one provider: whole, or what changed since the last reading.

A reading from start to end in which every key could be read shows who has gone; any other concludes nothing about that, save
from the provider's own list of who was removed. A row of which no more than the key can be read is there.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from sync_jobs import changes, ledger, store, times
from sync_jobs.errors import ListShrank
from sync_jobs.kit.rows import digest
from sync_jobs.ledger import Counts
from sync_jobs.models import Contest, Edition, EditionLink, SyncState, db, write
from sync_jobs.pull.pages import Attempt, write_gone, write_page
from sync_jobs.records import Scope

TABLES = {"runsignup": "runsignup_participants", "raceroster": "raceroster_participants"}


def registrations(attempt: Attempt) -> None:
    """Everybody of one edition at one provider: whole, or what changed since the last reading."""
    state = db.session.get(SyncState, attempt.claim.target)
    scopes = scopes_of(attempt, state)
    db.session.rollback()
    of = digest([(scope.happening_id, scope.contest_ids) for scope in scopes]).hex()
    if attempt.cursor.get("of") != of:  # it begins, or what belongs to the edition is not what it was
        whole = changes.reads_whole(
            understands_changes=attempt.adapter.reads_changes,
            read_mark=state.read_mark if state else None,
            full_read_at=state.full_read_at if state else None,
            now=attempt.claim.claimed_at,
        )
        mark = times.to_ms(state.read_mark) if state and state.read_mark else None
        attempt.cursor |= {"of": of, "started": times.to_ms(times.now()), "mark": mark, "since": None if whole else mark}
        attempt.cursor |= {"at": 0, "page": None}
    since = None if attempt.cursor["since"] is None else times.from_ms(attempt.cursor["since"])
    for index, scope in enumerate(scopes):
        if index >= attempt.cursor["at"]:
            _read_scope(attempt, scope, since, index)
    _conclude(attempt, scopes, whole=since is None)


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
        found[happening].append(contest.rpartition("/")[2])
    expected = state.rows_expected if state and len(found) == 1 else None
    return [Scope(happening_id=h, contest_ids=tuple(c), timezone=zone, rows_expected=expected) for h, c in sorted(found.items())]


def _read_scope(attempt: Attempt, scope: Scope, since: datetime | None, index: int) -> None:
    table = TABLES[attempt.claim.provider_name]
    held = attempt.known[table] = store.held(table, attempt.partner, scope)
    at_start, position, unknown = len(held), attempt.cursor["page"], 0
    for page in attempt.adapter.registrations(scope, since, position):
        write_page(attempt, page, {**attempt.cursor, "at": index, "page": page.cursor})
        unknown += sum(row.key is None for row in page.aside)  # these could be anybody
        del page  # before the next one is read
    shows_gone = since is None and position is None and not unknown  # from its start, and whole
    if shows_gone:
        _believe(attempt, len(held), at_start)
    if "removed" in attempt.adapter.abilities() and attempt.cursor.get("mark") is not None:
        _read_removed(attempt, scope, times.from_ms(attempt.cursor["mark"]), table)
    if shows_gone and held:
        write_gone(attempt, table, [(key, None) for key in held])
    attempt.cursor |= {"at": index + 1, "page": None}


def _believe(attempt: Attempt, missing: int, held: int) -> None:
    """A whole reading did not list so many. When it is too many to believe, a person looks first: at this number, not at more."""
    if not changes.shrank(held, missing) or missing <= attempt.cursor.get("accept_shrunk", -1) + changes.FEW:
        return
    attempt.cursor |= {"missing": missing}
    with write() as session:
        ledger.page_done(session, attempt.claim, Counts(), attempt.cursor, None, times.now())
    raise ListShrank("participants", f"{missing} of {held}")


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


def _conclude(attempt: Attempt, scopes: list[Scope], *, whole: bool) -> None:
    """Count what is held now, and set the mark that the next reading of changes starts from."""
    table, total = TABLES[attempt.claim.provider_name], 0
    for scope in scopes:
        counted = store.count_by_contest(table, attempt.partner, scope)
        total += sum(counted.values())
        with write() as session:
            ledger.hold(session, attempt.claim, times.now())
            store.contest_counts(session, attempt.partner, attempt.claim.provider_name, scope, counted)
    attempt.outcome.read_mark, attempt.outcome.was_whole = times.from_ms(attempt.cursor["started"]), whole
    attempt.outcome.rows_held = total
    if attempt.adapter.never_sent is not None:
        attempt.outcome.values["never_sent"] = sorted(attempt.adapter.never_sent)
