"""The rules of a scored distance's results: what its places are made by, how deep its awards go, on which day ages count."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from wtforms import DateField, IntegerField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from dashboard import access, hx, words
from dashboard.access import requires
from dashboard.distances import acting
from dashboard.forms import Form, stripped
from sync_jobs import contest_map
from sync_jobs.contest_map import Rules
from sync_jobs.models import Contest, Edition, db
from sync_jobs.providers import side

pages = Blueprint("distances_rules", __name__)
BASES = [SelectChoice("gun", "Gun time, from the start signal"), SelectChoice("chip", "Chip time, from the own start")]
NUMBER = [
    InputRequired("A number is needed; 0 where there are no awards."),
    NumberRange(0, contest_map.MOST_AWARDS, f"Between 0 and {contest_map.MOST_AWARDS}."),
]


class RulesForm(Form):
    """The rules, and after the start why they change."""

    basis = SelectField("Overall places by", choices=BASES)
    division_basis = SelectField("Places in age groups by", choices=BASES)
    overall_awards = IntegerField("Awards overall", validators=NUMBER)
    division_awards = IntegerField("Awards in each age group", validators=NUMBER)
    age_reference = DateField("Ages count on", validators=[Optional()])
    cutoff_minutes = IntegerField(
        "Time limit, in minutes from the gun",
        validators=[Optional(), NumberRange(1, contest_map.MOST_MINUTES, f"Between 1 and {contest_map.MOST_MINUTES:,}.")],
    )
    reason = TextAreaField(
        "Why they change after the start", filters=[stripped],
        validators=[Length(max=contest_map.MOST_REASON, message=f"At most {contest_map.MOST_REASON} characters.")],
    )  # fmt: skip

    @property
    def chosen(self) -> Rules:
        """What was typed."""
        return Rules(
            basis=self.basis.data, division_basis=self.division_basis.data, overall_awards=self.overall_awards.data,
            division_awards=self.division_awards.data, age_reference=self.age_reference.data,
            cutoff_minutes=self.cutoff_minutes.data,
        )  # fmt: skip


@pages.route("/events/<int:edition_id>/distances/rules/<int:contest_id>", methods=["GET", "POST"])
@requires("map_distances")
def rules(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The rules of one distance."""
    edition, contest = access.edition_or_404(edition_id), _scored(edition_id, contest_id)
    form = RulesForm(data=asdict(contest_map.rules(db.session(), contest_id)))
    if not form.validate_on_submit():
        return _page(form, edition, contest), 422 if form.is_submitted() else 200
    try:
        kept = contest_map.keep_rules(
            edition_id, contest_id, form.chosen, by=acting(), now=words.page_now(), reason=form.reason.data
        )
    except contest_map.NeedsReason as why:
        form.reason.errors = [str(why)]
        return _page(form, edition, contest), 422
    return hx.did("The rules are kept." if kept else "These rules hold already.", address=f"/events/{edition_id}/distances")


def _scored(edition_id: int, contest_id: int) -> Contest:
    contest = db.session.get(Contest, access.possible(contest_id))
    if contest is None or contest.edition_id != edition_id or contest.gone_at or side(contest.provider_name) != "scoring":
        abort(404)
    return contest


def _page(form: RulesForm, edition: Edition, contest: Contest) -> str:
    frozen = contest_map.is_frozen(db.session(), edition, [contest.contest_id], words.page_now())
    return render_template("distances/rules.html", form=form, event=edition, contest=contest, is_frozen=frozen)
