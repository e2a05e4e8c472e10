"""What the Partner page reads: the partner, its connections, its events and what looks alike, in one statement."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, column, func, select, table
from sqlalchemy.orm import aliased

from dashboard import edition_lines, run_lines, standing
from dashboard.reading import AFTER_ALL, Query, Rows, together
from sync_jobs.models import Connection, Edition, EditionSuggestion, Instant, Partner, PartnerSettings, Run, db

COMING, OVER, UNDATED, LATEST, PAIRS, AS_THEY_ARE = 15, 4, 5, 6, 5, 40
OVER_AFTER = timedelta(days=1)
LISTED = table(
    "unified_contests", column("timing_partner_id"), column("source_provider"), column("happening_id"), column("happening_name"),
    column("starts_at", Instant), column("gone_at", Instant),
)  # fmt: skip


def read(partner_id: int, now: datetime) -> dict[str, Rows]:
    """All parts of the page; the partner itself is empty where there is none."""
    coming, over, undated = _coming(partner_id, now), _over(partner_id, now), _undated(partner_id)
    return together(
        partner=_partner(partner_id),
        connections=standing.connections(now, Connection.timing_partner_id == partner_id),
        coming=coming, over=over, undated=undated,
        coming_states=edition_lines.states(coming), undated_states=edition_lines.states(undated),
        alike=_alike(partner_id),
        running=run_lines.runs(Run.status == "running", Run.timing_partner_id == partner_id, limit=LATEST),
        latest=run_lines.runs(Run.timing_partner_id == partner_id, Run.run_id < AFTER_ALL, run_lines.ended(), limit=LATEST),
    )  # fmt: skip


def as_they_are(partner_id: int) -> Rows:
    """What the providers list for a partner that was never started: no events of ours exist for it yet."""
    first = func.min(LISTED.c.starts_at, type_=Instant).label("starts_at")
    query = (
        select(LISTED.c.source_provider.label("provider_name"), LISTED.c.happening_name.label("name"), first)
        .where(LISTED.c.timing_partner_id == partner_id, LISTED.c.gone_at.is_(None))
        .group_by(LISTED.c.source_provider, LISTED.c.happening_id, LISTED.c.happening_name)
        .order_by(first.desc())
        .limit(AS_THEY_ARE)
    )
    return list(db.session.execute(query))


def _partner(partner_id: int) -> Query:
    return (
        select(
            Partner.timing_partner_id.label("partner_id"), Partner.company_name.label("partner_name"),
            PartnerSettings.timezone.label("partner_zone"), PartnerSettings.started_at.label("started_at"),
            PartnerSettings.started_by.label("started_by"),
        )
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Partner.timing_partner_id)
        .where(Partner.timing_partner_id == partner_id)
    )  # fmt: skip


def _coming(partner_id: int, now: datetime) -> Query:
    soon = Edition.starts_at >= now - OVER_AFTER
    return edition_lines.editions(Edition.timing_partner_id == partner_id, soon).order_by(Edition.starts_at).limit(COMING + 1)


def _over(partner_id: int, now: datetime) -> Query:
    past = Edition.starts_at < now - OVER_AFTER
    return edition_lines.editions(Edition.timing_partner_id == partner_id, past).order_by(Edition.starts_at.desc()).limit(OVER)


def _undated(partner_id: int) -> Query:
    return edition_lines.editions(Edition.timing_partner_id == partner_id, Edition.starts_at.is_(None)).limit(UNDATED)


def _alike(partner_id: int) -> Query:
    return alike(EditionSuggestion.timing_partner_id == partner_id)


def alike(*conditions: ColumnElement[bool]) -> Query:
    """Pairs of events about which nobody has said yet whether they are the same."""
    one, other = aliased(Edition), aliased(Edition)
    return (
        select(
            one.edition_id.label("edition_id"), one.name.label("edition_name"), one.date.label("date"),
            other.edition_id.label("other_id"), other.name.label("other_name"), other.date.label("other_date"),
            EditionSuggestion.likeness.label("likeness"),
        )
        .join(one, one.edition_id == EditionSuggestion.edition_id)
        .join(other, other.edition_id == EditionSuggestion.other_edition_id)
        .where(EditionSuggestion.state == "open", *conditions)
        .order_by(EditionSuggestion.likeness.desc(), one.edition_id)
        .limit(PAIRS)
    )  # fmt: skip
