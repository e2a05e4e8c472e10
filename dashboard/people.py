"""The People pages: who is here, inviting, and one person's role, events and place. The rules stand in `membership`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from dashboard import hx, invitations, membership, words
from dashboard.access import PARTNER_ROLES, Person, current, own_partner, requires, within
from dashboard.forms import Form, email_field, text_field
from dashboard.membership import ROLE_WORDS, Place
from sync_jobs import times
from sync_jobs.models import Account, Edition, Partner, db

pages = Blueprint("people", __name__)
MOST_LISTED = 200


class RoleForm(Form):
    """A role, and the partner where the role has one."""

    role = SelectField("Role")
    timing_partner_id = SelectField("Timing partner", coerce=int, default=0)

    def __init__(self, by: Person, **given: Any) -> None:
        super().__init__(**given)
        self.role.choices = [(role, ROLE_WORDS[role]) for role in membership.grantable(by)]
        self.timing_partner_id.choices = _partner_choices(by)

    def validate(self, extra_validators: Any = None) -> bool:
        """A role inside a company needs the company."""
        valid = bool(super().validate(extra_validators))
        if valid and self.role.data in PARTNER_ROLES and not self.timing_partner_id.data:
            self.timing_partner_id.errors = ["Say which timing partner they belong to."]
            return False
        return valid

    def place(self) -> Place:
        """What was chosen."""
        return Place(self.role.data, self.timing_partner_id.data if self.role.data in PARTNER_ROLES else None)


class InviteForm(RoleForm):
    """A new person."""

    name = text_field("Name")
    email = email_field()


class EventsForm(Form):
    """Which events are a director's."""

    editions = SelectMultipleField(
        "Events", coerce=int, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), validate_choice=True
    )

    def __init__(self, offered: list[Edition], **given: Any) -> None:
        super().__init__(**given)
        self.editions.choices = [(edition.edition_id, _edition_words(edition)) for edition in offered]


def _edition_words(edition: Edition) -> str:
    return f"{edition.name or 'Event without a name'}, {words.written_day(edition.date)}"


def _partner_choices(by: Person) -> list[tuple[int, str]]:
    """Their own company, or, for an administrator, none and all."""
    query = select(Partner.timing_partner_id, Partner.company_name).where(within(Partner.timing_partner_id))
    known = [(key, name or f"Partner {key}") for key, name in db.session.execute(query.order_by(Partner.company_name))]
    return known if by.role in PARTNER_ROLES else [(0, "None: sees every partner"), *known]


@pages.get("/people")
@requires("see_people")
def listing() -> ResponseReturnValue:
    """Who is here, by company."""
    searched = request.args.get("q", "").strip()
    query = membership.listed(within(Account.timing_partner_id), searched).limit(MOST_LISTED + 1)
    rows = db.session.execute(query).all()
    shown, more = rows[:MOST_LISTED], len(rows) > MOST_LISTED
    companies = [(company or "", list(members)) for company, members in groupby(shown, key=lambda row: row.company_name)]
    return render_template(
        "people/list.html", companies=companies, answer=_answer(shown, searched, more=more), more=more, searched=searched,
        now=times.now(), role_words=ROLE_WORDS,
    )  # fmt: skip


def _answer(rows: Sequence[Any], searched: str, *, more: bool) -> str:
    people = words.counted(len(rows), "person", "people") + (" and more" if more else "")
    waiting = sum(row.Account.state == "invited" for row in rows)
    if searched:
        return f"{people} found"
    return f"{people}, {waiting} not here yet" if waiting else f"{people} can sign in"


@pages.route("/people/invite", methods=["GET", "POST"])
@requires("manage_people")
def invite() -> ResponseReturnValue:
    """Somebody new."""
    by = current()
    form = InviteForm(by)
    if not form.validate_on_submit():
        return render_template("people/invite.html", form=form), 422 if request.method == "POST" else 200
    try:
        account, token = membership.invite(
            form.email.data, form.name.data, form.place(), by=by.name, sees=own_partner(), now=times.now()
        )
    except membership.Refused as refused:
        form.email.errors = [str(refused)]
        return render_template("people/invite.html", form=form), 422
    return _handed(account, token, by)


def _handed(account: Account, token: str, by: Person) -> ResponseReturnValue:
    """The link's only showing: copied from here, or mailed."""
    handed = invitations.hand_over(token, account, by.name)
    return make_response(render_template("people/link.html", account=account, handed=handed), 201)


@pages.get("/people/<int:account_id>")
@requires("see_people")
def show(account_id: int) -> ResponseReturnValue:
    """One person."""
    return _person_page(account_or_404(account_id))


def account_or_404(account_id: int) -> Account:
    """That person, if the asking one may know of them; whoever was removed is gone for everybody."""
    query = select(Account).where(within(Account.timing_partner_id), Account.account_id == account_id)
    return db.session.scalar(query.where(Account.state != "removed")) or abort(404)


def _person_page(account: Account, status: int = 200, role_form: RoleForm | None = None) -> ResponseReturnValue:
    by, now = current(), times.now()
    row = db.session.execute(membership.listed(Account.account_id == account.account_id)).one()
    shown: dict[str, Any] = {
        "account": account, "company": row.company_name, "expires_at": row.expires_at, "now": now, "role_words": ROLE_WORDS,
        "may_link": membership.may_link(by, account), "events_form": None, "role_form": None,
    }  # fmt: skip
    if by.may("manage_people"):
        shown["role_form"] = role_form or RoleForm(
            by, data={"role": account.role, "timing_partner_id": account.timing_partner_id or 0}
        )
    if account.role == "director":
        shown["given"], shown["events_form"] = _events_of(account)
    return make_response(render_template("people/person.html", **shown), status)


def _events_of(account: Account) -> tuple[list[str], EventsForm]:
    given = membership.given_editions(account.account_id)
    offered = membership.editions_to_give(account.timing_partner_id or 0, given)
    named = [_edition_words(edition) for edition in offered if edition.edition_id in given]
    return named, EventsForm(offered, data={"editions": sorted(given)})


@pages.post("/people/<int:account_id>/role")
@requires("manage_people")
def change_role(account_id: int) -> ResponseReturnValue:
    """Another role or partner."""
    account, by = account_or_404(account_id), current()
    form = RoleForm(by)
    if not form.validate():
        return _person_page(account, 422, form)
    try:
        moved = membership.move(account_id, form.place(), by=by)
    except membership.Refused as refused:
        return hx.refused(str(refused), address=f"/people/{account_id}")
    sentence = f"{account.name} is {'now' if moved else 'already'} {ROLE_WORDS[form.role.data].lower()}."
    return hx.did(sentence if moved else f"{sentence} Nothing was changed.", address=f"/people/{account_id}")


@pages.post("/people/<int:account_id>/events")
@requires("manage_people")
def give_events(account_id: int) -> ResponseReturnValue:
    """Which events a director sees."""
    account = account_or_404(account_id)
    if account.role != "director":
        return hx.refused(f"{account.name} is not a director and sees every event anyway.", address=f"/people/{account_id}")
    _named, form = _events_of(account)
    form.process(request.form)
    if not form.validate():
        abort(404)  # an event that was not offered: another partner's, or none
    try:
        membership.give_editions(account_id, form.editions.data, by=current())
    except membership.Refused as refused:
        return hx.refused(str(refused), address=f"/people/{account_id}")
    return hx.did(f"{account.name} sees these events from now on.", address=f"/people/{account_id}")


@pages.post("/people/<int:account_id>/link")
@requires("manage_people")
def invite_again(account_id: int) -> ResponseReturnValue:
    """A new link to choose a password by."""
    account, by = account_or_404(account_id), current()
    try:
        account, token = membership.invite_again(account_id, by=by, now=times.now())
    except membership.Refused as refused:
        return hx.refused(str(refused), address=f"/people/{account_id}")
    return _handed(account, token, by)


@pages.post("/people/<int:account_id>/remove")
@requires("manage_people")
def remove(account_id: int) -> ResponseReturnValue:
    """Somebody leaves."""
    account = account_or_404(account_id)
    try:
        membership.remove(account_id, by=current())
    except membership.Refused as refused:
        return hx.refused(str(refused), address=f"/people/{account_id}")
    return hx.did(f"{account.name} was removed and signed out everywhere.", address="/people")
