"""What a complete search for events found, and which distances and happenings it does not list any more. Decides on rows of ours;
marking and what follows from it is left to `vanished`.

Lists leave out by themselves what is over, so only what is still to come (or has no date) can be gone. Nothing is concluded
where a row's key could not be read. A list that is suddenly empty, or far shorter, is believed when a person says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sync_jobs import changes
from sync_jobs.kit.base import Adapter, Page
from sync_jobs.models import Connection, Contest, Edition, EditionLink, db
from sync_jobs.pull.pages import Attempt


@dataclass(frozen=True, slots=True)
class Tables:
    """Where a provider's list of events is kept. `contest_id` makes our id of a distance from its key."""

    happenings: str
    contests: str  # unless discovery lists these as well, nothing is concluded: no event is ever gone
    contest_id: str
    of: str  # what the raw record of a distance calls the id of its happening


def tables_of(adapter: type[Adapter]) -> Tables:
    """Where that provider's list is kept."""
    contests = adapter.contest_table if adapter.contest_of else ""
    return Tables(adapter.happening_table, contests, adapter.contest_id, adapter.contest_of)


@dataclass(slots=True)
class Listed:
    """What one search for events has found so far, by our ids."""

    tables: Tables
    happening_of: Callable[[tuple[Any, ...]], str]
    happenings: set[str] = field(default_factory=set)
    contests: dict[str, str] = field(default_factory=dict)  # id → happening
    unknown: set[str] = field(default_factory=set)  # tables with a row whose key could not be read: it could be any

    def add(self, page: Page) -> None:
        """Take note of a page. A row of which only the key can be read is there."""
        if page.table == self.tables.happenings:
            self.happenings.update(self.happening_of(row.key) for row in page.rows)
        elif page.table == self.tables.contests:
            self.contests |= {self.tables.contest_id.format(*row.key): str(row.raw.get(self.tables.of)) for row in page.rows}
        if any(row.key is None for row in page.aside):
            self.unknown.add(page.table)

    def bare(self) -> set[str]:
        """Happenings that are listed without any distance."""
        return self.happenings - set(self.contests.values())


@dataclass(frozen=True, slots=True)
class Vanished:
    """What was not listed any more: distances by our ids, happenings by theirs."""

    contests: dict[str, Any] = field(default_factory=dict)  # id → edition_id, edition_name, name
    happenings: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()  # listed no more here, but by another connection of the partner
    ahead: int = 0  # how many distances could have been gone
    emptied: bool = False  # an event that is listed has lost its last distance
    strange: bool = False  # nothing of what is to come is listed any more: as if it were another account

    def is_doubtful(self, accepted: int | None) -> bool:
        """Whether a person should look before we believe it; they said so of `accepted` distances."""
        many = len(self.contests)
        unlikely = changes.shrank(self.ahead, many) or self.emptied or self.strange
        return unlikely and (accepted is None or many > accepted + changes.FEW)


def look(attempt: Attempt, listed: Listed, now: datetime) -> Vanished:
    """What this connection listed before and lists no more."""
    if not listed.tables.contests or listed.tables.happenings in listed.unknown:
        return Vanished()
    mine, others = _linked(attempt)
    lost = mine - listed.happenings
    known = [row for row in _known(attempt) if row.happening_id in mine]
    to_come = {row.happening_id for row in known if not _is_over(row, now)}
    elsewhere = to_come & lost & others
    sure = lost if listed.tables.contests in listed.unknown else mine
    ahead = [row for row in known if not _is_over(row, now) and row.happening_id in sure - elsewhere]
    missing = {row.provider_contest_id: row for row in ahead if row.provider_contest_id not in listed.contests}
    staying = {row.happening_id for row in known if row.provider_contest_id not in missing}
    return Vanished(
        contests=missing,
        happenings=frozenset(lost - others - staying),
        elsewhere=frozenset(elsewhere),
        ahead=len(ahead),
        emptied=bool({row.happening_id for row in missing.values()} & listed.bare()),
        strange=bool(missing) and not (to_come - elsewhere) & listed.happenings,
    )


def _linked(attempt: Attempt) -> tuple[set[str], set[str]]:
    """The happenings that this connection listed before, and those that others of the partner do."""
    rows = db.session.execute(
        select(EditionLink.happening_id, EditionLink.connection_id)
        .join(Connection, Connection.connection_id == EditionLink.connection_id)
        .where(EditionLink.timing_partner_id == attempt.partner, EditionLink.provider_name == attempt.claim.provider_name)
        .where(Connection.state != "removed")
    ).all()
    db.session.rollback()
    own = attempt.claim.connection_id
    return {row.happening_id for row in rows if row.connection_id == own}, {
        row.happening_id for row in rows if row.connection_id != own
    }


def _known(attempt: Attempt) -> list[Any]:
    """All distances at this provider that are not gone, with the name and the last start of their event."""
    rows = db.session.execute(
        select(
            Contest.provider_contest_id, Contest.happening_id, Contest.name, Contest.starts_at, Contest.edition_id,
            Edition.name.label("edition_name"), Edition.ends_at,
        )
        .join(Edition, Edition.edition_id == Contest.edition_id)
        .where(Contest.timing_partner_id == attempt.partner, Contest.provider_name == attempt.claim.provider_name)
        .where(Contest.gone_at.is_(None))
    ).all()  # fmt: skip
    db.session.rollback()
    return list(rows)


def _is_over(row: Any, now: datetime) -> bool:
    start = row.starts_at or row.ends_at
    return start is not None and start < now
