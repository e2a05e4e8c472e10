"""Who looked for whom: the notes of `look_ups`, newest first, by id. Support sees all; a partner what concerns its own events."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select

from dashboard import access, live, words
from dashboard.access import requires
from dashboard.paging import PER_PAGE, Filters, place
from sync_jobs.models import Account, Edition, LookUp, Partner, PartnerSettings, db

pages = Blueprint("look_up_log", __name__)


@pages.get("/look-ups")
@requires("see_look_ups")
def log() -> ResponseReturnValue:
    """One page of it."""
    before = place()
    rows = list(db.session.execute(_notes(before)))
    shown = rows[:PER_PAGE]
    older = Filters().address(before=shown[-1].look_up_id) if len(rows) > PER_PAGE else ""
    own = access.own_partner() is not None
    zone = (shown[0].zone if own and shown else None) or live.HOUSE_ZONE
    return render_template(
        "look_ups/page.html", rows=shown, older=older, first_page=before is None, said=answer(shown, first=before is None),
        zone=zone, shows_partner=not own,
    )  # fmt: skip


def _notes(before: int | None) -> Select[*tuple[Any, ...]]:
    further = () if before is None else (LookUp.look_up_id < before,)
    return (
        select(
            LookUp.look_up_id, LookUp.words, LookUp.found, LookUp.at, LookUp.timing_partner_id,
            func.coalesce(Edition.joined_into, Edition.edition_id).label("edition_id"),
            Account.name.label("who"), Account.role, Edition.name.label("edition_name"), Partner.company_name.label("partner_name"),
            PartnerSettings.timezone.label("zone"),
        )
        .outerjoin(Account, Account.account_id == LookUp.account_id)
        .outerjoin(Edition, Edition.edition_id == LookUp.edition_id)
        .outerjoin(Partner, Partner.timing_partner_id == LookUp.timing_partner_id)
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == LookUp.timing_partner_id)
        .where(access.within(LookUp.timing_partner_id), *further)
        .order_by(LookUp.look_up_id.desc())
        .limit(PER_PAGE + 1)
    )  # fmt: skip


def answer(rows: list[Any], *, first: bool) -> str:
    """The first line of the page."""
    if not rows:
        return "Nobody has looked for anybody yet" if first else "Nothing further back"
    return f"{'The latest' if first else 'Older:'} {words.plural(len(rows), 'look-up')}"
