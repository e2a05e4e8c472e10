"""What a person may see, as conditions of a query: so that a poll needs no extra read to know it. Who they are is `access`'s."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, select, true, union

from dashboard import access
from sync_jobs.models import DirectorEdition, Edition, Partner, Run


def events(column: Any) -> ColumnElement[bool]:
    """Only the events that were given to a director, or into which those were joined; everything for others."""
    person = access.current()
    if person.role != "director":
        everything: ColumnElement[bool] = true()
        return everything
    given = select(DirectorEdition.edition_id).where(DirectorEdition.account_id == person.account_id)
    joined = select(Edition.joined_into).where(Edition.edition_id.in_(given), Edition.joined_into.is_not(None))
    allowed: ColumnElement[bool] = column.in_(union(given, joined))
    return allowed


def runs() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The runs of the person's partner, and for a director of their events."""
    return access.within(Run.timing_partner_id), events(Run.edition_id)


def editions() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The events of the person's partner, and for a director those given to them."""
    return access.within(Edition.timing_partner_id), events(Edition.edition_id)


def partner_exists(partner_id: int) -> ColumnElement[bool]:
    """Whether there is such a partner for this person."""
    return exists().where(Partner.timing_partner_id == partner_id, access.within(Partner.timing_partner_id))


def run_exists(run_id: int) -> ColumnElement[bool]:
    """Whether there is such a run for this person."""
    return exists().where(Run.run_id == run_id, *runs())


def edition_exists(edition_id: int) -> ColumnElement[bool]:
    """Whether there is such an event for this person."""
    return exists().where(Edition.edition_id == edition_id, Edition.joined_into.is_(None), *editions())
