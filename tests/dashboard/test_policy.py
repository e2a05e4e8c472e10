"""How results go out: the five settings, what one event sets more strictly, limits of checks; looser is refused with a sentence."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sync_jobs import approvals, assembling
from sync_jobs.models import CheckThreshold, PublishingPolicy, db
from tests.dashboard.conftest import read
from tests.dashboard.scored import scored
from tests.factories import make_account
from tests.pages import answer, asked, row, words


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


@pytest.fixture
def place(people):
    return f"/partners/{people.company.timing_partner_id}/publishing"


@pytest.fixture
def event(people):
    return f"/events/{people.edition.edition_id}/publishing"


def typed(**given):
    """The form as a browser sends it; a tick that is off is not sent."""
    form = {"mode": "manual", "second_person": "y", "award_depth": "3", "hide_minors_under": "13", "quiet_minutes": "60", **given}
    return {name: value for name, value in form.items() if value is not None}


def held(people, edition=None):
    db.session.rollback()
    return approvals.policy_of(people.company.timing_partner_id, edition and edition.edition_id)


def kept():
    db.session.rollback()
    return list(db.session.scalars(select(PublishingPolicy).order_by(PublishingPolicy.policy_id)))


def test_each_setting_stands_with_its_sentence(partner, place):
    page = partner.soup(place)
    assert answer(page) == "Somebody approves every publication"
    assert page.select_one("input[name=mode][checked]")["value"] == "manual"
    assert page.select_one("#second_person").has_attr("checked")
    values = [page.select_one(f"#{name}")["value"] for name in ("award_depth", "hide_minors_under", "quiet_minutes")]
    assert values == ["3", "13", "60"]
    assert len(page.select("form.form .help")) == 4
    assert "Clean additions go out by themselves." in words(page)
    assert "Nobody has: these are the values that every timing partner begins with." in words(page)


def test_a_change_is_kept_with_who_and_what(partner, place, people, clock):
    done = read(partner.post(place, data=typed(mode="automatic", quiet_minutes="90", second_person=None), follow_redirects=True))
    assert "Kept. It holds from the next publication on." in words(done)
    assert answer(done) == "Clean additions go out by themselves, the rest waits for a person"
    assert (held(people).mode, held(people).quiet_minutes, held(people).second_person) == ("automatic", 90, False)
    clock.forward(minutes=5)
    again = read(partner.post(place, data=typed(mode="automatic", quiet_minutes="120", second_person=None), follow_redirects=True))
    newest, oldest = row(again, "90 min → 120 min"), row(again, "Manual → Automatic")
    assert "Quiet before official: 90 min → 120 min" in words(newest)
    assert "Policy: Manual → Automatic, with gates; Second person: on → off; Quiet before official: 60 min → 90 min" in words(
        oldest
    )
    assert people.partner.name in words(oldest)


def test_the_same_again_writes_nothing(partner, place):
    assert "It is so already." in words(read(partner.post(place, data=typed(), follow_redirects=True)))
    assert kept() == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"award_depth": "x"}, "Type a whole number."),
        ({"award_depth": ""}, "A number is needed."),
        ({"award_depth": "51"}, "Between 0 and 50."),
        ({"quiet_minutes": "-1"}, "Between 0 and 10,080."),
        ({"mode": "anything"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_rest_stays_typed(partner, place, given, says):
    refused = partner.post(place, data=typed(hide_minors_under="16", **given))
    assert refused.status_code == 422
    page = read(refused)
    assert says in words(
        page.select_one(".field.wrong, .field .error").parent if "mode" in given else page.select_one(".field.wrong")
    )
    assert page.select_one("#hide_minors_under")["value"] == "16"
    assert kept() == []


def test_only_who_may_set_it_gets_a_form(people, sign_in, place, event):
    support = sign_in(people.support)
    assert support.soup(place).select("main form") == []
    assert words(row(support.soup(place), "Quiet before official")).startswith("Quiet before official 60 min So long")
    director = sign_in(people.director)
    assert director.get(place).status_code == 403
    assert director.soup(event).select("main form") == []
    for browser in (support, director):
        assert browser.post(event, data=typed()).status_code == 403
        assert browser.post(f"{place}/limits").status_code == 403


def test_an_event_can_be_stricter_and_go_back(partner, people, event, place, clock):
    assert "goes by the settings of Big River Timing" in words(partner.soup(event))
    done = read(partner.post(event, data=typed(quiet_minutes="120"), follow_redirects=True))
    assert "This event has stricter settings than Big River Timing." in words(done)
    assert held(people, people.edition).quiet_minutes == 120
    assert held(people).quiet_minutes == 60
    assert partner.soup(place).find("a", string="Harbor Lights Half")["href"] == event
    clock.forward(minutes=5)
    back = read(partner.post(f"{event}/partner", follow_redirects=True))
    assert "This event goes by the timing partner’s settings again." in words(back)
    assert held(people, people.edition).quiet_minutes == 60
    assert "Until 11:05 ; since then the timing partner’s." in words(row(back, "Policy: Manual"))
    assert not partner.soup(place).find("a", string="Harbor Lights Half")


def test_looser_for_one_event_is_refused_beside_each_setting(partner, people, place, event):
    partner.post(place, data=typed(quiet_minutes="90"))
    looser = typed(mode="automatic", second_person=None, award_depth="1", hide_minors_under="13", quiet_minutes="30")
    refused = partner.post(event, data=looser)
    assert refused.status_code == 422
    said = words(read(refused))
    assert "The timing partner has Manual: one event can only be stricter." in said
    assert "The timing partner has on: one event can only be stricter." in said
    assert "The timing partner has 90 min: one event can only be stricter." in said
    assert read(refused).select_one("#quiet_minutes")["value"] == "30"
    assert held(people, people.edition).quiet_minutes == 90
    assert len(kept()) == 1


# Limits


def limits(people):
    db.session.rollback()
    return {f"{one.check_id}.{one.name}": one.value for one in db.session.scalars(select(CheckThreshold))}


def test_a_limit_says_what_the_profile_has_and_which_way_is_stricter(partner, place):
    page = partner.soup(place)
    line = row(page, "Seconds for 5 km")
    assert "T05" in words(line)
    assert "750" in words(line.select_one(".num"))
    assert "higher is stricter" in words(line)
    splits = next(one for one in page.select(".limits tr") if one.select_one("[name='L02.percent']"))
    assert "35 trail 60, ultra 80, wheel 60" in words(splits)
    assert "lower is stricter" in words(splits)


def test_a_stricter_limit_is_kept_and_holds_for_the_checks(partner, people, place):
    done = read(partner.post(f"{place}/limits", data={"M01.percent": "1,5", "T05.5k": "800"}, follow_redirects=True))
    assert "Kept, 2 limits changed." in words(done)
    assert done.select_one("[name='M01.percent']")["value"] == "1.5"
    board = scored(people.company)
    version = board.version([])
    db.session.rollback()
    assert assembling.field(version.version_id, None).limit("M01", "percent") == 1.5
    back = read(partner.post(f"{place}/limits", data={"M01.percent": "", "T05.5k": "800"}, follow_redirects=True))
    assert "Kept, 1 limit changed." in words(back).replace("\xa0", " ")
    db.session.rollback()
    assert assembling.field(version.version_id, None).limit("M01", "percent") == 2


def test_a_limit_that_is_stricter_for_some_distances_only_says_so(partner, place, people):
    done = read(partner.post(f"{place}/limits", data={"L02.percent": "50"}, follow_redirects=True))
    line = next(one for one in done.select(".limits tr") if one.select_one("[name='L02.percent']"))
    assert "holds for trail, ultra, wheel" in words(line)


def test_looser_limits_and_nonsense_are_refused_and_nothing_is_kept(partner, people, place):
    given = {"M01.percent": "5", "T05.5k": "700", "M01.rows": "8", "P02.days": "soon", "D05.youngest": "nan"}
    refused = partner.post(f"{place}/limits", data=given)
    assert refused.status_code == 422
    page = read(refused)
    said = words(page)
    assert "4 numbers cannot be kept. Nothing was changed." in said.replace("\xa0", " ")
    assert "Only below 2: a partner can be stricter, never looser." in said
    assert "Only above 750: a partner can be stricter, never looser." in said
    assert "Type a number, or leave it empty." in said
    assert [page.select_one(f"[name='{name}']")["value"] for name in given] == list(given.values())
    assert limits(people) == {}


def test_what_another_partner_set_is_not_there(people, sign_in, place, event):
    stranger = sign_in(make_account("partner", people.elsewhere))
    for address in (place, event):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, data=typed()).status_code == 404
    assert stranger.post(f"{place}/limits", data={"M01.percent": "1"}).status_code == 404
    assert stranger.post(f"{event}/partner").status_code == 404
    assert (kept(), limits(people)) == ([], {})


def test_the_page_stays_small_and_takes_few_statements(partner, people, place, event, clock):
    for minutes in range(60, 90):
        clock.forward(minutes=1)
        partner.post(place, data=typed(quiet_minutes=str(minutes + 1)))
    with asked() as statements:
        page = partner.get(place)
    assert len(page.data) < 60_000
    assert len(statements.statements) <= 9
    assert len(read(page).select("time[title]")) == 20
    with asked() as statements:
        partner.get(event)
    assert len(statements.statements) <= 11


def test_the_partners_page_leads_here(partner, people, place):
    assert partner.soup(place.removesuffix("/publishing")).find("a", href=place)
