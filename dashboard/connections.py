"""The Connections pages: how each stands, its credential, pausing, resuming, testing. Syncing is left to its own button."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, connection_form, connection_publishing, connection_words, hx, live, run_lines, standing, words
from dashboard.access import connection_or_404, current, partner_or_404, requires, within
from dashboard.connection_form import ConnectionForm
from dashboard.forms import Form, text_field
from dashboard.reading import Query, together
from sync_jobs import jobs, secrets
from sync_jobs.models import Connection, Partner, PartnerSettings, Run, SyncState, db
from sync_jobs.providers import ADAPTERS, LABELS, label

pages = Blueprint("connections", __name__)
SHOWN_RUNS, SHOWN_READINGS = 5, 20


class PauseForm(Form):
    """Why a connection rests."""

    reason = text_field("Why", most=200, description="Others read it wherever the connection is shown.")


@pages.get("/connections")
@requires("see_connections")
def listing() -> ResponseReturnValue:
    """Every connection, by partner."""
    seen = live.look()
    if seen.unchanged:
        return hx.nothing_new()
    now = words.page_now()
    found = together(
        connections=standing.connections(now, within(Connection.timing_partner_id)),
        partners=_partners().where(within(Partner.timing_partner_id)).order_by(Partner.company_name),
    )
    rows = [_described(row, now) for row in found["connections"]]
    groups = [(partner, [row for row in rows if row.partner_id == partner.partner_id]) for partner in found["partners"]]
    zone = groups[0][0].zone if len(groups) == 1 else None
    shown = live.Live(
        title="Connections", said=connection_words.all_of_them(rows), token=seen.token, zone=zone or live.HOUSE_ZONE,
        worst=words.worst(*(row.state for row in rows)),
    )  # fmt: skip
    return hx.page("connections/_list.html", shown, groups=groups, rows=rows)


def _described(row: Any, now: datetime) -> Any:
    row.state, row.word = standing.badge(row, now)
    row.events = standing.events_sentence(row)
    return row


@pages.get("/connections/<int:connection_id>")
@requires("see_connections")
def show(connection_id: int) -> ResponseReturnValue:
    """One connection: a live head, and the forms under it."""
    return _page(connection_id)


def _page(
    connection_id: int, status: int = 200, form: ConnectionForm | None = None, pause_form: PauseForm | None = None
) -> ResponseReturnValue:
    seen = live.look()
    if seen.unchanged and status == 200:
        return hx.nothing_new()
    now = words.page_now()
    row, runs, partner = _read(connection_id, now)
    moving = [run.operation_type for run in runs if run.status in {"pending", "running"}]
    shown = live.Live(
        title=row.connection_name, said=connection_words.answer(row), token=seen.token, zone=partner.zone or live.HOUSE_ZONE,
        worst=row.state, seconds=live.BUSY if moving else live.CALM,
    )  # fmt: skip
    facts: dict[str, Any] = {"row": row, "runs": runs, "partner": partner, "zone": shown.zone, "testing": "test" in moving}
    facts["standing"] = connection_words.standing(row, partner.partner_name, shown.zone, now)
    if not hx.is_htmx():
        facts |= _forms(connection_or_404(connection_id), form, pause_form, shown.zone)
    answer = hx.page("connections/_live.html", shown, whole="connections/show.html", **facts)
    answer.status_code = status
    return answer


def _read(connection_id: int, now: datetime) -> tuple[Any, list[Any], Any]:
    """The connection as it stands, its latest runs for all events, and its partner, in one look."""
    this = Connection.connection_id == connection_id
    targets = [f"{connection_id}:{operation}:all" for operation in ("test", "events")]
    found = together(
        connection=standing.connections(now, within(Connection.timing_partner_id), this).add_columns(
            Connection.paused_at.label("paused_at"), Connection.tested_at.label("tested_at"),
            Connection.tested_ok.label("tested_ok"), Connection.test_sentence.label("test_sentence"),
        ),
        runs=run_lines.runs(Run.target.in_(targets), limit=SHOWN_RUNS),
        partner=_partners().join(Connection, Connection.timing_partner_id == Partner.timing_partner_id).where(this),
        readings=_readings(connection_id),
    )  # fmt: skip
    if not found["connection"]:
        abort(404)
    row = _described(found["connection"][0], now)
    row.never_sent = connection_words.never_sent(row.provider_name, [reading.never_sent for reading in found["readings"]])
    row.notices = connection_words.notices(row.provider_name, [reading.notices for reading in found["readings"]])
    return row, run_lines.lines(found["runs"], now), found["partner"][0]


def _readings(connection_id: int) -> Query:
    """What the latest readings of people lacked, and what they noted."""
    mine = (
        SyncState.connection_id == connection_id,
        SyncState.operation_type == "participants",
        SyncState.last_success_at.is_not(None),
    )
    return (
        select(SyncState.never_sent.label("never_sent"), SyncState.notices.label("notices"))
        .where(*mine)
        .order_by(SyncState.last_success_at.desc())
        .limit(SHOWN_READINGS)
    )


def _partners() -> Query:
    return select(
        Partner.timing_partner_id.label("partner_id"),
        Partner.company_name.label("partner_name"),
        PartnerSettings.timezone.label("zone"),
    ).outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Partner.timing_partner_id)


def _forms(connection: Connection, form: ConnectionForm | None, pause_form: PauseForm | None, zone: str) -> dict[str, Any]:
    """What stands under the live head: nothing of it is redrawn while somebody types."""
    adapter, may = ADAPTERS.get(connection.provider_name), current().may("change_connections")
    return {
        "connection": connection,
        "adapter": adapter,
        "way": connection_publishing.way(connection, adapter),
        "zone": zone,
        "missing": secrets.missing(connection),
        "in_the_clear": secrets.in_the_clear(connection),
        "form": form or (_edit_form(connection, zone) if adapter and may else None),
        "pause_form": pause_form or PauseForm(formdata=None),
    }


def _edit_form(connection: Connection, zone: str, *, typed: bool = False) -> ConnectionForm:
    adapter = ADAPTERS.get(connection.provider_name) or abort(404)
    since = connection_form.sealed_since(connection.connection_id)
    kept = f" since {words.clock_zone(since, zone)}" if since else " in the customer’s database" if connection.source_id else ""
    form_class = connection_form.form_class(adapter, secrets.of(connection), kept)
    form = form_class(**({} if typed else {"formdata": None, "data": {"name": connection.name}}))
    form.timing_partner_id, form.connection_id = connection.timing_partner_id, connection.connection_id
    return form


@pages.post("/connections/<int:connection_id>")
@requires("change_connections")
def change(connection_id: int) -> ResponseReturnValue:
    """Another name, another credential."""
    connection = connection_or_404(connection_id)
    form = _edit_form(connection, live.HOUSE_ZONE, typed=True)
    if not form.validate():
        return _page(connection_id, 422, form=form)
    changed = connection_form.change(connection_id, form, by=current().name, now=words.page_now())
    sentence = "The new credential is kept and being tested." if changed else "Kept."
    return hx.did(sentence, address=f"/connections/{connection_id}")


@pages.route("/connections/new", methods=["GET", "POST"])
@requires("change_connections")
def new() -> ResponseReturnValue:
    """A connection that was not there before."""
    provider, partner = request.args.get("provider"), _chosen_partner()
    if provider is None or partner is None:
        return _choose(partner)
    form = connection_form.form_class(ADAPTERS.get(provider) or abort(404))(data={"name": label(provider)})
    form.timing_partner_id = partner.timing_partner_id
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return make_response(render_template("connections/new.html", form=form, partner=partner, provider=provider), status)
    connection_id = connection_form.add(form, by=current().name, now=words.page_now())
    return hx.did("The connection is kept and being tested.", address=f"/connections/{connection_id}")


def _chosen_partner() -> Partner | None:
    """Their own, or the one that an administrator named in the address."""
    named = access.own_partner() or request.args.get("partner", type=int)
    return partner_or_404(named) if named else None


def _choose(partner: Partner | None) -> ResponseReturnValue:
    query = select(Partner.timing_partner_id, Partner.company_name).order_by(Partner.company_name)
    partners = [] if partner else db.session.execute(query.where(within(Partner.timing_partner_id))).all()
    page = render_template("connections/choose.html", partner=partner, partners=partners, labels=LABELS, adapters=ADAPTERS)
    return page, 422 if request.method == "POST" else 200


@pages.post("/connections/<int:connection_id>/pause")
@requires("pause_connections")
def pause(connection_id: int) -> ResponseReturnValue:
    """Nothing of it runs until somebody resumes it."""
    connection, address = connection_or_404(connection_id), f"/connections/{connection_id}"
    form = PauseForm()
    if not form.validate():
        return _page(connection_id, 422, pause_form=form)
    if connection.state != "active":
        return hx.refused(f"{connection.name} is not running, so there is nothing to pause.", address=address)
    jobs.pause(connection_id, form.reason.data, current().name, words.page_now())
    return hx.did(f"{connection.name} is paused.", address=address)


@pages.post("/connections/<int:connection_id>/resume")
@requires("pause_connections")
def resume(connection_id: int) -> ResponseReturnValue:
    """It runs again, beginning with its list of events."""
    connection, address = connection_or_404(connection_id), f"/connections/{connection_id}"
    if connection.state not in {"paused", "incomplete"}:
        return hx.refused(jobs.why_not(connection) or f"{connection.name} is not paused.", address=address)
    if not connection_form.is_started(connection.timing_partner_id):
        sentence = "This timing partner has not been started yet. An administrator starts it on the partner’s page."
        return hx.refused(sentence, address=address)
    try:
        jobs.resume(connection_id, current().name, words.page_now())
    except jobs.CannotSync as cannot:
        return hx.refused(str(cannot), address=address)
    return hx.did(f"{connection.name} runs again and looks for events now.", address=address)


@pages.post("/connections/<int:connection_id>/test")
@requires("test_connections")
def test(connection_id: int) -> ResponseReturnValue:
    """Ask a worker to try the credential; the page shows what came of it."""
    connection, address = connection_or_404(connection_id), f"/connections/{connection_id}"
    try:
        asked = jobs.request(connection, "test", trigger="manual", by=current().name, now=words.page_now())
    except jobs.CannotSync as cannot:
        return hx.refused(str(cannot), address=address)
    sentence = "A test is under way already." if asked.joined else f"{connection.name} is being tested."
    return hx.did(sentence, address=address)
