"""How results go out: a timing partner's five settings and own limits of checks, and what one event sets more strictly.

Keeping them is `approvals`' business, what they mean `review.policy`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, IntegerField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, StopValidation

from dashboard import access, hx, live, policy_limits, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.forms import Form
from dashboard.results_scope import zone_of
from sync_jobs import approvals
from sync_jobs.approvals import NotAllowed, limits
from sync_jobs.approvals.policies import MOST_AGE, MOST_AWARDS, MOST_MINUTES
from sync_jobs.models import Edition, Partner, PartnerSettings, PublishingPolicy, db
from sync_jobs.review.policy import MODES, Policy, looser

pages = Blueprint("policy", __name__)
HISTORY = 20
MODE_WORDS = {
    "manual": ("Manual", "A director or the timing partner approves every publication."),
    "automatic": (
        "Automatic, with gates",
        "Clean additions go out by themselves. Any finding, and any row that changes or goes, waits for a person.",
    ),
}
NAMES = {
    "mode": "Policy", "second_person": "Second person", "award_depth": "Award depth", "hide_minors_under": "Hide minors under",
    "quiet_minutes": "Quiet before official",
}  # fmt: skip
HELP = {
    "second_person": "A correction of official results then waits for somebody else’s word. Alone, it cools off for 30 minutes.",
    "award_depth": "So many places of each ranking are awards, where a distance has no rule of its own. Findings there weigh more.",
    "hide_minors_under": "Whoever is younger is named by initials. 0: nobody is.",
    "quiet_minutes": "So long scoring must have changed nothing before results can become official. By rule it is a day.",
}


class Whole(IntegerField):  # type: ignore[misc]  # the library ships no types
    """A whole number; what is none is said once."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Type a whole number.") from None


def _readable(_form: Any, field: Any) -> None:
    if field.process_errors:
        raise StopValidation


def _bounds(most: int) -> list[Any]:
    return [InputRequired("A number is needed."), _readable, NumberRange(0, most, f"Between 0 and {most:,}.")]


class PolicyForm(Form):
    """The five settings."""

    mode = RadioField("How results go out", choices=[SelectChoice(mode, MODE_WORDS[mode][0]) for mode in MODES])
    second_person = BooleanField("Corrections after official need a second person")
    award_depth = Whole("Award places of each ranking", validators=_bounds(MOST_AWARDS))
    hide_minors_under = Whole("Hide the names of those younger than", validators=_bounds(MOST_AGE))
    quiet_minutes = Whole("Quiet minutes before official", validators=_bounds(MOST_MINUTES))

    @property
    def chosen(self) -> Policy:
        """What was typed."""
        return Policy(
            mode=self.mode.data, second_person=self.second_person.data, award_depth=self.award_depth.data,
            hide_minors_under=self.hide_minors_under.data, quiet_minutes=self.quiet_minutes.data,
        )  # fmt: skip

    def refuse_looser(self, partner: Policy) -> bool:
        """Say beside each setting that would be looser than the partner's. False where none is."""
        found = looser(partner, self.chosen)
        for name in found:
            self[name].errors = [f"The timing partner has {_said(name, getattr(partner, name))}: one event can only be stricter."]
        return bool(found)


def _said(name: str, value: Any) -> str:
    """A setting's value, as one would say it."""
    if name == "mode":
        return MODE_WORDS[value][0]
    if name == "second_person":
        return "on" if value else "off"
    unit = {"quiet_minutes": " min", "hide_minors_under": " years"}.get(name, "")
    return f"{value:,}{unit}"


# The timing partner's


@pages.get("/partners/<int:partner_id>/publishing")
@requires("see_partner")
def of_partner(partner_id: int) -> ResponseReturnValue:
    """The settings with a sentence each, the limits of checks, and who changed them."""
    partner = access.partner_or_404(partner_id)
    return _partner_page(partner, PolicyForm(formdata=None, data=asdict(approvals.policy_of(partner_id))))


@pages.post("/partners/<int:partner_id>/publishing")
@requires("set_policy")
def choose(partner_id: int) -> ResponseReturnValue:
    """Keep the five."""
    partner = access.partner_or_404(partner_id)
    form = PolicyForm()
    if not form.validate():
        return _partner_page(partner, form, status=422)
    address = f"/partners/{partner_id}/publishing"
    if form.chosen == approvals.policy_of(partner_id):
        return hx.did("It is so already.", address=address)
    try:
        approvals.set_policy(partner_id, None, **_five(form.chosen), by=actor(), now=words.page_now())
    except NotAllowed as why:
        return _partner_page(access.partner_or_404(partner_id), form, wrong=why.sentences, status=422)
    return hx.did("Kept. It holds from the next publication on.", address=address)


@pages.post("/partners/<int:partner_id>/publishing/limits")
@requires("set_policy")
def choose_limits(partner_id: int) -> ResponseReturnValue:
    """Keep the partner's own limits of checks."""
    partner = access.partner_or_404(partner_id)
    wanted, wrong = policy_limits.read(request.form)
    form = PolicyForm(formdata=None, data=asdict(approvals.policy_of(partner_id)))
    if wrong:
        return _partner_page(partner, form, limits_typed=request.form, limits_wrong=wrong, status=422)
    try:
        changed = limits.choose(partner_id, wanted, actor(), words.page_now())
    except NotAllowed as why:
        return _partner_page(access.partner_or_404(partner_id), form, wrong=why.sentences, status=422)
    said = f"Kept, {words.plural(changed, 'limit')} changed. What waits is checked again." if changed else "It is so already."
    return hx.did(said, address=f"/partners/{partner_id}/publishing")


def _five(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in NAMES}


def _partner_page(
    partner: Partner, form: PolicyForm, *, wrong: Sequence[str] = (), limits_typed: MultiDict[str, str] | None = None,
    limits_wrong: dict[tuple[str, str], str] | None = None, status: int = 200,
) -> ResponseReturnValue:  # fmt: skip
    partner_id = partner.timing_partner_id
    kept = policy_limits.kept(partner_id)
    typed = {limit: row.value for limit, row in kept.items()}
    if limits_typed is not None:
        typed = {limit: limits_typed.get(".".join(limit), "") for limit in policy_limits.every()}
    held, settings = approvals.policy_of(partner_id), db.session.get(PartnerSettings, partner_id)
    return make_response(hx.lean(render_template(
        "policy/partner.html", form=form, partner=partner, policy=held, said=answer(held), wrong=wrong, names=NAMES, help=HELP,
        modes=MODE_WORDS, spoken=_said, history=_history(partner_id, None), own=_events(partner_id),
        families=policy_limits.lines(typed, limits_wrong or {}), own_limits=sum(bool(one) for one in typed.values()),
        limits_wrong=len(limits_wrong or {}), zone=(settings.timezone if settings else None) or live.HOUSE_ZONE,
    )), status)  # fmt: skip


def answer(policy: Policy) -> str:
    """The first line of either page."""
    if policy.is_automatic:
        return "Clean additions go out by themselves, the rest waits for a person"
    return "Somebody approves every publication"


def _events(partner_id: int) -> list[Any]:
    """The events that set something more strictly."""
    mine = (PublishingPolicy.timing_partner_id == partner_id, PublishingPolicy.ended_at.is_(None))
    own = select(Edition.edition_id, Edition.name).where(
        Edition.edition_id.in_(select(PublishingPolicy.edition_id).where(*mine, PublishingPolicy.edition_id.is_not(None)))
    )
    return list(db.session.execute(own.where(Edition.joined_into.is_(None)).order_by(Edition.starts_at.desc()).limit(HISTORY)))


def _history(partner_id: int, edition_id: int | None) -> list[dict[str, Any]]:
    """Who changed what, the newest first."""
    mine = (PublishingPolicy.timing_partner_id == partner_id, PublishingPolicy.edition_id == edition_id)
    if edition_id is None:
        mine = (PublishingPolicy.timing_partner_id == partner_id, PublishingPolicy.edition_id.is_(None))
    newest = select(PublishingPolicy).where(*mine).order_by(PublishingPolicy.policy_id.desc()).limit(HISTORY + 1)
    rows = list(db.session.scalars(newest))
    pairs = zip_longest(rows[:HISTORY], rows[1:])
    return [{"row": row, "changes": _changes(before, row, is_event=edition_id is not None)} for row, before in pairs if row]


def _changes(before: PublishingPolicy | None, row: PublishingPolicy, *, is_event: bool) -> list[str]:
    """What differs from the choice before; of the first one of a partner, from how it is without any."""
    if is_event and (before is None or before.ended_at is not None):
        return [f"{NAMES[name]}: {_said(name, getattr(row, name))}" for name in NAMES]
    old: Any = before or Policy()
    return [
        f"{NAMES[name]}: {_said(name, getattr(old, name))} → {_said(name, getattr(row, name))}"
        for name in NAMES
        if getattr(old, name) != getattr(row, name)
    ]


# One event's


@pages.get("/events/<int:edition_id>/publishing")
@requires("see_results")
def of_event(edition_id: int) -> ResponseReturnValue:
    """What holds for one event: the partner's settings, or stricter ones."""
    edition = access.edition_or_404(edition_id)
    held = approvals.policy_of(edition.timing_partner_id or 0, edition_id)
    return _event_page(edition, PolicyForm(formdata=None, data=asdict(held)))


@pages.post("/events/<int:edition_id>/publishing")
@requires("set_policy")
def tighten(edition_id: int) -> ResponseReturnValue:
    """Keep an event's own, stricter settings."""
    edition = access.edition_or_404(edition_id)
    partner_id, form = edition.timing_partner_id or 0, PolicyForm()
    if not form.validate() or form.refuse_looser(approvals.policy_of(partner_id)):
        return _event_page(edition, form, status=422)
    try:
        approvals.set_policy(partner_id, edition_id, **_five(form.chosen), by=actor(), now=words.page_now())
    except NotAllowed as why:
        return _event_page(access.edition_or_404(edition_id), form, wrong=why.sentences, status=422)
    return hx.did("Kept for this event.", address=f"/events/{edition_id}/publishing")


@pages.post("/events/<int:edition_id>/publishing/partner")
@requires("set_policy")
def follow(edition_id: int) -> ResponseReturnValue:
    """Nothing of its own any more."""
    edition, address = access.edition_or_404(edition_id), f"/events/{edition_id}/publishing"
    try:
        approvals.follow_partner(edition.timing_partner_id or 0, edition_id, actor(), words.page_now())
    except NotAllowed as why:
        return hx.refused(str(why), address=address)
    return hx.did("This event goes by the timing partner’s settings again.", address=address)


def _event_page(edition: Edition, form: PolicyForm, *, wrong: Sequence[str] = (), status: int = 200) -> ResponseReturnValue:
    partner_id = edition.timing_partner_id or 0
    held = approvals.policy_of(partner_id, edition.edition_id)
    history = _history(partner_id, edition.edition_id)
    return make_response(hx.lean(render_template(
        "policy/event.html", form=form, event=edition, policy=held, partner_policy=approvals.policy_of(partner_id),
        said=answer(held), wrong=wrong, names=NAMES, help=HELP, modes=MODE_WORDS, spoken=_said, history=history,
        has_own=bool(history) and history[0]["row"].ended_at is None, zone=zone_of(edition),
        partner=db.session.get(Partner, partner_id),
    )), status)  # fmt: skip
