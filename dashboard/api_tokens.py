"""Tokens by which a partner's programs reach the API: made, shown once, revoked. Checking them is left to `api`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, make_response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from wtforms import SelectField

from dashboard import hx, tokens
from dashboard.access import current, partner_or_404, requires, within
from dashboard.forms import Form, text_field
from sync_jobs import times
from sync_jobs.models import ApiToken, Partner, db, write

pages = Blueprint("api_tokens", __name__)


class TokenForm(Form):
    """A program that wants in."""

    name = text_field("Which program", description="As you will recognise it here, for example Race Display.")
    timing_partner_id = SelectField("Timing partner", coerce=int)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        query = select(Partner.timing_partner_id, Partner.company_name).where(within(Partner.timing_partner_id))
        rows = db.session.execute(query.order_by(Partner.company_name))
        self.timing_partner_id.choices = [(key, name or f"Partner {key}") for key, name in rows]


@pages.get("/people/programs")
@requires("see_people")
def listing() -> ResponseReturnValue:
    """Which programs may ask."""
    return _page(TokenForm())


def _page(form: TokenForm, status: int = 200) -> ResponseReturnValue:
    rows = db.session.execute(
        select(ApiToken, Partner.company_name)
        .join(Partner, Partner.timing_partner_id == ApiToken.timing_partner_id)
        .where(within(ApiToken.timing_partner_id), ApiToken.revoked_at.is_(None))
        .order_by(Partner.company_name, ApiToken.name, ApiToken.token_id)
    ).all()
    return make_response(render_template("people/programs.html", form=form, rows=rows), status)


@pages.post("/people/programs")
@requires("manage_people")
def make() -> ResponseReturnValue:
    """A new token: this answer is its only showing."""
    form = TokenForm()
    if not form.validate():
        return _page(form, 422)
    partner, token = partner_or_404(form.timing_partner_id.data), f"hub_{tokens.fresh()}"
    row = ApiToken(
        timing_partner_id=partner.timing_partner_id, name=form.name.data, token_digest=tokens.digest(token),
        created_at=times.now(), created_by=current().name,
    )  # fmt: skip
    with write() as session:
        session.add(row)
    return make_response(render_template("people/token.html", token=token, name=form.name.data, partner=partner), 201)


@pages.post("/people/programs/<int:token_id>/revoke")
@requires("manage_people")
def revoke(token_id: int) -> ResponseReturnValue:
    """The program is refused from now on."""
    row = db.session.scalar(select(ApiToken).where(within(ApiToken.timing_partner_id), ApiToken.token_id == token_id)) or abort(404)
    with write() as session:
        waiting = (ApiToken.token_id == token_id, ApiToken.revoked_at.is_(None))
        session.execute(update(ApiToken).where(*waiting).values(revoked_at=times.now()))
    return hx.did(f"{row.name} is refused from now on.", address="/people/programs")
