"""Signing in and out, accepting an invitation, and one's own password. Counting tries is left to `sign_ins`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from wtforms import Field, ValidationError

from dashboard import invitations, passwords, sign_ins
from dashboard.access import current, requires, safe_next, signed_in
from dashboard.forms import Form, email_field, password_field
from dashboard.membership import ROLE_WORDS
from sync_jobs import times
from sync_jobs.models import Account, db, write

pages = Blueprint("accounts", __name__)


class SignInForm(Form):
    """Who somebody says they are, and the proof."""

    email = email_field()
    password = password_field("Password", "current-password")


class NewPasswordForm(Form):
    """A password that somebody chooses, twice."""

    password = password_field("Password", "new-password", description=f"At least {passwords.LEAST} characters.")
    again = password_field("The same once more", "new-password")

    def __init__(self, email: str, **given: Any) -> None:
        super().__init__(**given)
        self._email = email

    def validate_password(self, field: Field) -> None:
        """The rules for passwords."""
        if why := passwords.objection(field.data, self._email):
            raise ValidationError(why)

    def validate_again(self, field: Field) -> None:
        """Both times the same."""
        if field.data != self.password.data:
            raise ValidationError("The two are not the same.")


class ChangePasswordForm(NewPasswordForm):
    """A new password, by somebody who knows the present one."""

    present = password_field("Present password", "current-password")


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """The door."""
    person = signed_in()
    if person and request.method == "GET":
        return redirect(person.home)
    form = SignInForm()
    if request.method == "GET":
        return _sign_in_page(form, 200)
    if not form.validate():
        return _sign_in_page(form, 422)
    try:
        token = sign_ins.sign_in(str(form.email.data), str(form.password.data), request.remote_addr or "", times.now())
    except sign_ins.TooManyTries as many:
        return _too_many(many.until, _sign_in_page(form, 429, too_many_until=many.until))
    return _enter(token) if token else _sign_in_page(form, 422, refused=True)


def _sign_in_page(form: SignInForm, status: int, **more: Any) -> Response:
    return make_response(render_template("accounts/sign_in.html", form=form, **more), status)


def _too_many(until: datetime, response: Response) -> Response:
    response.headers["Retry-After"] = str(max(1, round((until - times.now()).total_seconds())))
    return response


def _enter(token: str, address: str | None = None) -> ResponseReturnValue:
    """Keep the token in a cookie that holds nothing from before, and go where the person wanted to be."""
    session.clear()
    session["sign_in"] = token
    session.permanent = True
    return redirect(address or safe_next(request.args.get("next")) or "/")


@pages.post("/sign-out")
@requires("see_own_account")
def sign_out() -> ResponseReturnValue:
    """Forget this browser; others of the same person stay."""
    sign_ins.end(session.pop("sign_in"))
    session.clear()
    return redirect("/sign-in")


@pages.route("/invited/<token>", methods=["GET", "POST"])
def invited(token: str) -> ResponseReturnValue:
    """Choose a password by a link that works once."""
    account = invitations.find(token, times.now())
    if account is not None and invitations.signs_in_elsewhere(account):
        return _private(make_response(render_template("accounts/elsewhere.html", account=account), 409))
    if account is None or account.stands_in:
        return _private(make_response(render_template("accounts/link_over.html"), 404))
    form = NewPasswordForm(account.email)
    if not form.validate_on_submit():
        page = render_template("accounts/invited.html", form=form, account=account)
        return _private(make_response(page, 422 if request.method == "POST" else 200))
    signed = invitations.accept(token, passwords.hashed(str(form.password.data)), times.now())
    return _enter(signed, "/") if signed else abort(404)


def _private(response: Response) -> Response:
    """The address of this page is a secret: it is sent nowhere and kept by no cache."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/account")
@requires("see_own_account")
def own() -> ResponseReturnValue:
    """Who one is here, and a new password."""
    return render_template("accounts/own.html", role_words=ROLE_WORDS, form=ChangePasswordForm(current().email))


@pages.post("/account/password")
@requires("see_own_account")
def change_password() -> ResponseReturnValue:
    """Set one's own password; other browsers are signed out."""
    person, now = current(), times.now()
    form = ChangePasswordForm(person.email)
    if not form.validate():
        return render_template("accounts/own.html", role_words=ROLE_WORDS, form=form), 422
    try:
        tried = sign_ins.count_try(person.email, request.remote_addr or "", now)
    except sign_ins.TooManyTries as many:
        return _too_many(
            many.until,
            make_response(render_template("accounts/own.html", role_words=ROLE_WORDS, form=form, too_many_until=many.until), 429),
        )
    kept = db.session.scalar(select(Account.password_hash).where(Account.account_id == person.account_id))
    if not passwords.fits(kept, str(form.present.data)):
        form.present.errors = ["This is not your present password."]
        return render_template("accounts/own.html", role_words=ROLE_WORDS, form=form), 422
    token = _set_password(person.account_id, passwords.hashed(str(form.password.data)), tried, now)
    answer = _enter(token, "/account")
    flash("Your password is changed. Other browsers were signed out.", "good")
    return answer


def _set_password(account_id: int, password_hash: str, tried: sign_ins.Try, now: datetime) -> str:
    with write() as changing:
        sign_ins.forgive(changing, tried)
        changing.execute(update(Account).where(Account.account_id == account_id).values(password_hash=password_hash))
        sign_ins.end_all(changing, account_id)
        return sign_ins.begin(changing, account_id, now)
