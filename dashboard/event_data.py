"""What the Event page reads: the event, its links and distances on each side, its states, runs and slots, in one statement."""

from __future__ import annotations

from sqlalchemy import case, or_, select

from dashboard import edition_lines, partner_data, run_lines, scope
from dashboard.reading import AFTER_ALL, Query, Rows, together
from sync_jobs import schedules
from sync_jobs.models import Connection, Contest, Edition, EditionLink, EditionSuggestion, PartnerSettings, Run, Schedule

RUNS, DISTANCES = 10, 60


def read(edition_id: int) -> dict[str, Rows]:
    """All parts of the page; the event itself is empty where there is none."""
    event = edition_lines.editions(Edition.edition_id == edition_id, *scope.editions())
    return together(
        event=event,
        states=edition_lines.states(event),
        links=_links(edition_id),
        distances=_distances(edition_id),
        slots=_slots(edition_id),
        alike=partner_data.alike(or_(EditionSuggestion.edition_id == edition_id, EditionSuggestion.other_edition_id == edition_id)),
        open=_open(edition_id),
        latest=run_lines.runs(Run.edition_id == edition_id, Run.run_id < AFTER_ALL, run_lines.ended(), limit=RUNS),
    )


def _open(edition_id: int) -> Query:
    """What waits and runs. Ordered by a sum, so that the few are found by their status and not by walking all of history."""
    going_on = run_lines.runs(Run.edition_id == edition_id, Run.status.in_(("running", "pending")), limit=RUNS)
    return going_on.order_by(None).order_by((Run.run_id + 0).desc())


def _links(edition_id: int) -> Query:
    """Which objects of which connections belong to it."""
    return (
        select(
            EditionLink.connection_id.label("connection_id"), EditionLink.provider_name.label("provider_name"),
            EditionLink.happening_id.label("happening_id"), EditionLink.name.label("link_name"),
            EditionLink.made_by.label("made_by"),
            Connection.name.label("connection_name"), Connection.state.label("connection_state"),
            Connection.paused_reason.label("paused_reason"),
            Connection.refused_since.label("refused_since"), PartnerSettings.started_at.label("started_at"),
            case((schedules.is_gone(EditionLink), 1), else_=0).label("gone"),
        )
        .join(Connection, Connection.connection_id == EditionLink.connection_id)
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == EditionLink.timing_partner_id)
        .where(EditionLink.edition_id == edition_id)
        .order_by(EditionLink.provider_name, EditionLink.link_id)
    )  # fmt: skip


def _distances(edition_id: int) -> Query:
    return (
        select(
            Contest.contest_id.label("contest_id"), Contest.provider_name.label("provider_name"),
            Contest.name.label("distance_name"), Contest.rows_held.label("rows_held"),
            Contest.distance.label("distance"), Contest.starts_at.label("starts_at"), Contest.is_volunteer.label("is_volunteer"),
            Contest.gone_at.label("gone_at"),
        )
        .where(Contest.edition_id == edition_id)
        .order_by(Contest.starts_at.is_(None), Contest.starts_at, Contest.name)
        .limit(DISTANCES)
    )  # fmt: skip


def _slots(edition_id: int) -> Query:
    return (
        select(
            Schedule.provider_name.label("provider_name"), Schedule.operation_type.label("operation_type"),
            Schedule.next_run_at.label("next_run_at"), Schedule.plan.label("plan"), Schedule.connection_id.label("connection_id"),
        )
        .join(Connection, Connection.connection_id == Schedule.connection_id)
        .join(PartnerSettings, PartnerSettings.timing_partner_id == Schedule.timing_partner_id)
        .where(
            Schedule.edition_id == edition_id, Schedule.next_run_at.is_not(None), Connection.state == "active",
            PartnerSettings.started_at.is_not(None),
        )
        .order_by(Schedule.next_run_at)
    )  # fmt: skip
