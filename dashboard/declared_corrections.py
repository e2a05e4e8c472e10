"""Bulk corrections that the timer declares before anybody reviews them: the form, the list, taking one back.

What a declaration does is `approvals.declaring`'s business; whether the results follow it, the checks say.
"""

from __future__ import annotations

import re

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import Field, IntegerField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from dashboard import access, hx, words
from dashboard.access import requires
from dashboard.acting import actor
from dashboard.forms import Form, stripped
from dashboard.results_scope import scored_or_404, zone_of
from dashboard.versions import base_of
from sync_jobs import approvals
from sync_jobs.approvals import Refused, declaring
from sync_jobs.approvals.base import MOST_WORDS
from sync_jobs.approvals.declaring import MOST, Correction
from sync_jobs.models import Contest, DeclaredCorrection, Edition, db
from sync_jobs.review.words import shift

pages = Blueprint("declared_corrections", __name__)
BASE = "/events/<int:edition_id>/results/<int:contest_id>/declare"
SHIFT = re.compile(r"([+−–-])\s*(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:[.,](\d{1,3}))?")
MINUS = frozenset("−–-")
EVERYBODY, BIBS, WAVE = "everybody", "bibs", "wave:"
NUMBER = [Optional(), NumberRange(0, MOST, f"A number up to {MOST:,}.")]


def milliseconds(typed: str) -> int | None:
    """`−4:30`, `+0:02.5`, `-1:00:00` as milliseconds; None for anything else. The sign must be there."""
    found = SHIFT.fullmatch(typed.strip())
    if found is None:
        return None
    sign, hours, minutes, seconds, rest = found.groups()
    whole = (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int((rest or "0").ljust(3, "0"))
    return -whole if sign in MINUS else whole


class DeclareForm(Form):
    """What moves, by how much, why."""

    scope = SelectField("Whose times")
    first_bib = IntegerField("First bib", validators=NUMBER)
    last_bib = IntegerField("Last bib", validators=NUMBER)
    shift = StringField("Each time changes by", filters=[stripped], validators=[InputRequired("This is needed.")])
    expected = IntegerField("How many times", validators=NUMBER)
    reason = TextAreaField(
        "Why", filters=[stripped],
        validators=[InputRequired(declaring.SAY_WHY), Length(max=MOST_WORDS, message=f"At most {MOST_WORDS} characters.")],
    )  # fmt: skip

    def validate_shift(self, field: Field) -> None:
        """A sign and a time."""
        if not milliseconds(field.data or ""):
            raise ValidationError("Write a sign and minutes, like −4:30 for times that get shorter, or +0:15.")

    @property
    def what(self) -> Correction:
        """What was typed."""
        by_bib, wave = self.scope.data == BIBS, self.scope.data.removeprefix(WAVE)
        return Correction(
            shift_ms=milliseconds(self.shift.data) or 0, wave="" if wave == self.scope.data else wave,
            first_bib=_or_missing(self.first_bib.data) if by_bib else None,
            last_bib=_or_missing(self.last_bib.data) if by_bib else None, expected=self.expected.data,
        )  # fmt: skip


def _or_missing(number: int | None) -> int:
    return -1 if number is None else number


@pages.get(BASE)
@requires("see_results")
def corrections(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """What was declared, and the form for whoever may."""
    edition = access.edition_or_404(edition_id)
    return _page(edition, scored_or_404(edition, contest_id), _form(contest_id))


@pages.post(BASE)
@requires("declare_corrections")
def declare(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The timer's word."""
    edition = access.edition_or_404(edition_id)
    contest, form = scored_or_404(edition, contest_id), _form(contest_id)
    if not form.validate():
        return _page(edition, contest, form, status=422)
    try:
        approvals.declare(contest_id, form.what, form.reason.data, actor(), words.page_now())
    except Refused as why:
        return _page(edition, contest, form, wrong=str(why), status=422)
    return hx.did("Declared. The checks look at the results with it.", address=f"{base_of(edition, contest)}/declare")


@pages.post(f"{BASE}/take-back")
@requires("declare_corrections")
def take_back(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """It was not meant so."""
    edition = access.edition_or_404(edition_id)
    contest, number = scored_or_404(edition, contest_id), request.form.get("declared_id", type=int)
    address, kept = f"{base_of(edition, contest)}/declare", db.session.get(DeclaredCorrection, access.possible(number or 0))
    if kept is None or kept.contest_id != contest_id:
        return hx.refused("That is not one of these. Look again.", address=address)
    try:
        approvals.take_back(kept.declared_id, actor(), words.page_now())
    except Refused as why:
        return hx.refused(str(why), address=address)
    return hx.did("Taken back. The checks look at the results without it.", address=address)


def _form(contest_id: int) -> DeclareForm:
    form = DeclareForm()
    form.scope.choices = [
        (EVERYBODY, "Everybody’s"), (BIBS, "Those of some bibs"),
        *((f"{WAVE}{wave}", f"Wave {wave}") for wave in declaring.waves(contest_id)),
    ]  # fmt: skip
    return form


def _page(edition: Edition, contest: Contest, form: DeclareForm, *, wrong: str = "", status: int = 200) -> ResponseReturnValue:
    found = declaring.of_contest(db.session(), contest.contest_id)
    public = declaring.public_since(db.session(), contest.contest_id)
    standing = {one.declared_id for one in found if declaring.stands(one, public)}
    return make_response(hx.lean(render_template(
        "declared_corrections/page.html", event=edition, contest=contest, base=base_of(edition, contest), zone=zone_of(edition),
        form=form, found=found, standing=standing, wrong=wrong, whose=declaring.whose, shift=shift, state=_state, plain=True,
        public=public, said=_answer(len(standing)),
    )), status)  # fmt: skip


def _answer(many: int) -> str:
    """The first line of the page."""
    return f"{words.counted(many, 'bulk correction stands', 'bulk corrections stand')}" if many else "No bulk correction stands"


def _state(one: DeclaredCorrection, public: int | None) -> tuple[str, str]:
    """How far it came: a shape's state and the words."""
    if one.ended_at is not None:
        return "wait", f"taken back by {one.ended_by}"
    if one.met_number is None:
        return "wait", "no version follows it yet"
    if declaring.stands(one, public):
        return "late", f"in version {one.met_number}, which is not public"
    return "good", f"public since version {one.met_number}"
