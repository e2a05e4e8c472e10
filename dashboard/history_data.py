"""What History reads: ended attempts below an id, newest first, through indexes only; the old system's rows are among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from dashboard import access
from dashboard.paging import PER_PAGE
from dashboard.reading import AFTER_ALL, Query, Rows, together
from sync_jobs import times
from sync_jobs.models import Attempt, Connection, Edition, Partner, PartnerSettings

WINDOW = 100_000  # ids that one page looks at, where no index knows the combination of filters
SLACK = 1_000  # rows whose ids and times are not in the same order
INDEXED: tuple[frozenset[str], ...] = tuple(
    frozenset(names) for names in ((), ("partner",), ("partner", "status"), ("status",), ("provider",), ("edition",))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filters, understood."""

    partner: int | None = None
    provider: str | None = None
    operation: str | None = None
    status: str | None = None
    edition: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether one index answers exactly this."""
        names = ("partner", "provider", "operation", "status", "edition")
        return frozenset(name for name in names if getattr(self, name) is not None) in INDEXED


def read(asked: Asked) -> dict[str, Rows]:
    """A page of attempts and one more, the lowest id that was looked at, and the partners to choose from."""
    parts = {"attempts": _attempts(asked), "newest": select(func.max(Attempt.attempt_id).label("attempt_id"))}
    if access.own_partner() is None:
        parts["partners"] = select(
            Partner.timing_partner_id.label("partner_id"), Partner.company_name.label("partner_name")
        ).order_by(Partner.company_name)
    return together(**parts)


def _attempts(asked: Asked) -> Query:
    return (
        select(
            Attempt.attempt_id.label("attempt_id"), Attempt.run_id.label("run_id"), Attempt.attempt_no.label("attempt_no"),
            Attempt.status.label("status"), Attempt.reason.label("reason"), Attempt.provider_name.label("provider_name"),
            Attempt.operation_type.label("operation_type"), Attempt.sync_time.label("sync_time"),
            Attempt.ended_at.label("ended_at"),
            Attempt.num_of_synced_records.label("changed"), Attempt.entries_success.label("rows_read"),
            Attempt.worked_ms.label("worked_ms"), Attempt.event_id.label("event_id"), Attempt.edition_id.label("edition_id"),
            Edition.name.label("edition_name"), Edition.timezone.label("zone"), Partner.company_name.label("partner_name"),
            Attempt.timing_partner_id.label("partner_id"), PartnerSettings.timezone.label("partner_zone"),
            Connection.name.label("connection_name"),
        )
        .outerjoin(Edition, Edition.edition_id == Attempt.edition_id)
        .outerjoin(Partner, Partner.timing_partner_id == Attempt.timing_partner_id)
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Attempt.timing_partner_id)
        .outerjoin(Connection, Connection.connection_id == Attempt.connection_id)
        .where(*_conditions(asked))
        .order_by(Attempt.attempt_id.desc())
        .limit(PER_PAGE + 1)
    )  # fmt: skip


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    below = AFTER_ALL if asked.before is None else asked.before
    conditions = [access.within(Attempt.timing_partner_id), Attempt.attempt_id < below]
    equal = (
        (Attempt.timing_partner_id, asked.partner), (Attempt.operation_type, asked.operation),
        (Attempt.status, asked.status), (Attempt.edition_id, asked.edition),
    )  # fmt: skip
    conditions += [column == value for column, value in equal if value is not None]
    if asked.provider == "old":
        conditions.append(Attempt.run_id.is_(None))
    elif asked.provider:
        conditions.append(Attempt.provider_name == asked.provider)
    if not asked.is_indexed:
        conditions.append(Attempt.attempt_id >= _window(asked))
    return conditions + _period(asked)


def _window(asked: Asked) -> ColumnElement[int]:
    """The lowest id that this page looks at."""
    newest = select(func.max(Attempt.attempt_id) + 1).scalar_subquery()
    if asked.before is not None:
        top: ColumnElement[int] = func.coalesce(asked.before, 0)
        return top - WINDOW
    return func.coalesce(newest, 0) - WINDOW


def _period(asked: Asked) -> list[ColumnElement[bool]]:
    """Ids grow with time: the period becomes a range of ids, found by the index on time; the exact condition stays."""
    conditions: list[ColumnElement[bool]] = []
    if asked.since:
        start = times.customer_form(asked.since)
        first = (
            select(Attempt.attempt_id).where(Attempt.sync_time >= start).order_by(Attempt.sync_time, Attempt.attempt_id).limit(1)
        )
        conditions += [Attempt.attempt_id >= func.coalesce(first.scalar_subquery(), AFTER_ALL) - SLACK, Attempt.sync_time >= start]
    if asked.until:
        end = times.customer_form(asked.until)
        last = (
            select(Attempt.attempt_id)
            .where(Attempt.sync_time < end)
            .order_by(Attempt.sync_time.desc(), Attempt.attempt_id.desc())
            .limit(1)
        )
        conditions += [Attempt.attempt_id <= func.coalesce(last.scalar_subquery(), 0) + SLACK, Attempt.sync_time < end]
    return conditions
