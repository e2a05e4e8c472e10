"""How often the clock reads an event: the plan that somebody chooses for it, or that it is left alone until an instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from wtforms import DateTimeLocalField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from dashboard import hx, live, words
from dashboard.access import current, edition_or_404, requires
from dashboard.forms import Form
from sync_jobs import schedules, times
from sync_jobs.models import Edition, EditionPlan, db

pages = Blueprint("plans", __name__)
DEFAULT = "default"
DAY, LONGEST = timedelta(days=1), timedelta(days=366)
PLANS = {
    "race_day": (
        "Race day",
        (
            "Registrations every 4 h; in the last day every 15 min, in the last 4 h every minute, until 1 h after the start. "
            "Results from 5 min after the start every 90 s for 5 h, then every hour for 3 days. "
            "Where no more than the day of the start is known, as Standard."
        ),
    ),
    "standard": ("Standard", "Registrations every 4 h until a day after the start. Results every 30 min for 3 days."),
    "slow": ("Slow", "Registrations every 12 h. Results every 4 h."),
}
"""Name, and what it means; the numbers are `cadence`'s."""


class PlanForm(Form):
    """One plan, and perhaps a pause."""

    plan = RadioField("Plan", choices=[SelectChoice(DEFAULT, ""), *(SelectChoice(key, name) for key, (name, _) in PLANS.items())])
    paused_until = DateTimeLocalField("Leave it alone until", format="%Y-%m-%dT%H:%M", validators=[Optional()])

    def __init__(self, zone: str, **given: Any) -> None:
        super().__init__(**given)
        self.zone = zone

    def validate_paused_until(self, field: Any) -> None:
        """A pause that is over already would do nothing, and one without an end is a plan that somebody forgets."""
        now, typed = words.page_now(), field.data.replace(tzinfo=UTC) if field.data else None
        if typed is not None and typed > now + LONGEST:
            raise ValidationError("Choose a time within the next year.")
        if typed is not None and (typed < now - DAY or (self.until is not None and self.until <= now)):
            raise ValidationError("That time has passed. Leave it empty to read the event again.")

    @property
    def until(self) -> datetime | None:
        """The end of the pause, in UTC; it was typed in the event's own zone."""
        typed = self.paused_until.data
        return typed.replace(tzinfo=times.zone(self.zone)).astimezone(UTC) if typed else None


@pages.route("/events/<int:edition_id>/plan", methods=["GET", "POST"])
@requires("choose_plans")
def plan(edition_id: int) -> ResponseReturnValue:
    """The plans with what they mean, and the one that is chosen."""
    edition = edition_or_404(edition_id)
    zone = edition.timezone or live.HOUSE_ZONE
    chosen = db.session.get(EditionPlan, edition_id)
    form = PlanForm(zone, data=_standing(chosen, zone))
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return _page(form, edition, zone), status
    name = None if form.plan.data == DEFAULT else form.plan.data
    schedules.choose(edition, name, form.until, current().name, words.page_now())
    said = f"Left alone until {words.clock_zone(form.until, zone)}." if form.until else f"{_named(name, edition)} it is."
    return hx.did(said, address=f"/events/{edition_id}")


def _standing(chosen: EditionPlan | None, zone: str) -> dict[str, Any]:
    until = chosen.paused_until if chosen and chosen.paused_until and chosen.paused_until > words.page_now() else None
    local = until.astimezone(times.zone(zone)).replace(tzinfo=None) if until else None
    return {"plan": (chosen.plan if chosen else None) or DEFAULT, "paused_until": local}


def _named(name: str | None, edition: Edition) -> str:
    return PLANS[name or schedules.plan_of(edition, None)][0]


def _page(form: PlanForm, edition: Edition, zone: str) -> str:
    default = f"As usual: {_named(None, edition)}"
    return render_template("events/plan.html", form=form, event=edition, zone=zone, plans=PLANS, default=default)
