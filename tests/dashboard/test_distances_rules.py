"""Rules of results on the map of distances, and the reason that each change needs after the start."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sync_jobs import contest_map
from sync_jobs.models import Contest, ContestPair, ContestSettings, MapChange, db, write
from tests.conftest import NOW
from tests.dashboard.conftest import read
from tests.factories import make_account
from tests.pages import live, next_poll, row, words
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(people):
    sides = two_sides(people.company, "Maple 10K")
    sides.ten, sides.scored_ten = sides.distance("Ten", 1, distance="10K"), sides.scored("10K", 1, distance="10000")
    sides.address = f"/events/{sides.id}/distances"
    sides.rules = f"{sides.address}/rules/{sides.scored_ten.contest_id}"
    return sides


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


@pytest.fixture
def confirmed(sides):
    contest_map.confirm(sides.id, sides.ten.contest_id, sides.scored_ten.contest_id, by="Pat", now=NOW)
    return sides


@pytest.fixture
def started(confirmed):
    """The race began an hour ago."""
    start(confirmed, NOW - timedelta(hours=1))
    return confirmed


def start(sides, at, **more):
    with write() as session:
        session.execute(update(Contest).where(Contest.edition_id == sides.id).values(starts_at=at, **more))


def pair():
    db.session.rollback()
    return db.session.scalars(select(ContestPair)).one()


def typed(**given):
    return {"basis": "gun", "division_basis": "chip", "overall_awards": "10", "division_awards": "3", "age_reference": "", **given}


def settings():
    db.session.rollback()
    return db.session.scalars(select(ContestSettings)).one_or_none()


# Rules


def test_rules_are_shown_with_the_pair_and_changed_on_their_own_page(confirmed, partner):
    shown = row(partner.soup(confirmed.address), "Ten")
    assert "Places by gun time · awards: 3 overall, 3 in each age group · ages on the day" in words(shown)
    page = partner.soup(shown.find("a", string="Rules …")["href"])
    assert page.select_one("#basis option[selected]")["value"] == "gun"
    assert page.select_one("#reason") is None  # before the start nobody is asked
    done = read(partner.post(confirmed.rules, data=typed(age_reference="2026-12-31"), follow_redirects=True))
    assert "The rules are kept." in words(done)
    expected = "Places by gun time, in age groups by chip time · awards: 10 overall, 3 in each age group · ages on 31 December 2026"
    assert expected in words(row(done, "Ten"))
    assert settings().decided_by.startswith("Partner")
    assert partner.soup(confirmed.rules).select_one("#age_reference")["value"] == "2026-12-31"
    again = read(partner.post(confirmed.rules, data=typed(age_reference="2026-12-31"), follow_redirects=True))
    assert "These rules hold already." in words(again)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"overall_awards": "51"}, "Between 0 and 50."), ({"division_awards": ""}, "A number is needed"),
        ({"basis": "net"}, "Not a valid choice"), ({"age_reference": "tomorrow"}, "Not a valid date"),
    ],
)  # fmt: skip
def test_impossible_rules_are_answered_with_what_was_typed(confirmed, partner, wrong, said):
    answered = partner.post(confirmed.rules, data=typed(**wrong))
    assert answered.status_code == 422
    assert said in words(read(answered))
    assert read(answered).select_one("#division_basis option[selected]")["value"] == "chip"
    assert settings() is None


def test_only_scored_distances_of_the_event_have_rules(sides, partner, people):
    elsewhere = two_sides(people.elsewhere, "Elsewhere").scored("10K", 77)
    for contest_id in (sides.ten.contest_id, elsewhere.contest_id, 999, 10**30):
        assert partner.get(f"{sides.address}/rules/{contest_id}").status_code == 404
        assert partner.post(f"{sides.address}/rules/{contest_id}", data=typed()).status_code == 404


def test_a_director_reads_the_rules_and_changes_nothing(confirmed, people, sign_in):
    browser = sign_in(make_account("director", people.company, editions=(confirmed.edition,)))
    page = browser.soup(confirmed.address)
    assert "Places by gun time" in words(page)
    assert not live(page).select("button, a.button")
    assert browser.get(confirmed.rules).status_code == 403
    assert browser.post(confirmed.rules, data=typed()).status_code == 403
    assert browser.get(f"{confirmed.address}/why?do=undo&of={pair().pair_id}").status_code == 403


# After the start


def test_rules_of_a_started_distance_need_a_reason(started, partner):
    answered = partner.post(started.rules, data=typed(reason="  "))
    assert answered.status_code == 422
    assert "It has started. Say why the map changes now" in words(read(answered))
    assert read(answered).select_one("#overall_awards")["value"] == "10"
    assert settings() is None
    assert partner.post(started.rules, data=typed(reason="Awards were announced for ten")).status_code == 303
    assert settings().overall_awards == 10
    said = words(read(partner.get(started.address)))
    assert "Awards were announced for ten" in said
    assert "10 overall awards, was 3" in said


def test_a_press_without_a_reason_leads_to_the_page_that_asks_for_it(started, partner):
    given = {"pair": pair().pair_id}
    answered = partner.post(f"{started.address}/undo", data=given, headers={"HX-Request": "true"})
    assert answered.status_code == 422
    page = partner.soup(answered.headers["HX-Redirect"])
    assert "Ten (RunSignUp) and 10K (ChronoTrack)" in words(page)
    form = page.select_one("form[action$=undo]")
    fields = {field["name"]: field["value"] for field in form.select("input[type=hidden]") if field["name"] != "csrf_token"}
    assert fields == {"pair": str(pair().pair_id)}
    assert partner.post(f"{started.address}/undo", data={**fields, "reason": "They ran the 5K course"}).status_code == 303
    assert pair().state == "void"
    shown = row(partner.soup(started.address), "They ran the 5K course")
    assert "Ten and 10K taken back" in words(shown)
    assert "said by Partner" in words(shown)


def test_without_scripts_the_same_page_comes_with_what_was_typed(started, partner):
    long = "x" * 501
    answered = partner.post(f"{started.address}/refuse", data={"pair": pair().pair_id, "reason": long})
    assert answered.status_code == 422
    page = read(answered)
    assert page.select_one("#reason").text.strip() == long
    assert "At most 500 characters." in words(page)
    answered = partner.post(f"{started.address}/leave-out", data={"contest": started.scored_ten.contest_id})
    assert answered.status_code == 422
    assert "It has started. Say why the map changes now" in words(read(answered))
    assert "10K (ChronoTrack)" in words(read(answered))
    assert pair().state == "confirmed"


def test_a_pair_made_after_the_start_keeps_its_reason(sides, partner):
    start(sides, NOW - timedelta(hours=1))
    given = {"ours": sides.ten.contest_id, "theirs": sides.scored_ten.contest_id}
    page = partner.soup(f"{sides.address}/pair?ours={given['ours']}&theirs={given['theirs']}")
    assert page.select_one("textarea#reason") is not None
    with write() as session:
        session.execute(update(Contest).where(Contest.contest_id == given["theirs"]).values(distance="12 km"))
    answered = partner.post(f"{sides.address}/pair", data={**given, "looked": "on", "reason": " "})
    assert answered.status_code == 422
    assert read(answered).select_one("#looked").has_attr("checked")
    assert "Say why the map changes now" in words(read(answered))
    answered = partner.post(f"{sides.address}/pair", data={**given, "reason": "Set up <late>"})
    assert answered.status_code == 422
    assert read(answered).select_one("#reason").text.strip() == "Set up <late>"
    assert partner.post(f"{sides.address}/pair", data={**given, "looked": "on", "reason": "Set up <late>"}).status_code == 303
    change = db.session.scalars(select(MapChange)).one()
    assert (change.what, change.reason, change.at) == ("confirmed", "Set up <late>", NOW)
    assert "Set up <late>" in words(partner.soup(sides.address))


def test_the_page_says_that_it_has_started_and_stays_quiet(started, partner):
    page = partner.soup(started.address)
    assert "a change of what names it needs a reason" in words(page)
    assert partner.poll(next_poll(page)).status_code == 204
    start(started, NOW + timedelta(hours=1))
    assert "needs a reason" not in words(partner.soup(started.address))


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("do=undo&of=999", 404), (f"do=undo&of={10**30}", 404), ("do=leave-out&of=999", 404), ("do=drop&of=1", 200),
        ("do=undo", 200), ("", 200),
    ],
)  # fmt: skip
def test_what_is_not_there_asks_for_nothing(started, partner, address, status):
    answer = partner.get(f"{started.address}/why?{address}")
    assert answer.status_code == status
    assert "textarea" not in answer.text


def test_another_partners_pair_is_not_there(started, partner, people):
    other = two_sides(people.elsewhere, "Elsewhere")
    ours, theirs = other.distance("Secret", 88), other.scored("Secret", 88)
    contest_map.confirm(other.id, ours.contest_id, theirs.contest_id, by="Eve", now=NOW)
    number = db.session.scalar(select(ContestPair.pair_id).where(ContestPair.edition_id == other.id))
    db.session.rollback()
    assert partner.get(f"{started.address}/why?do=undo&of={number}").status_code == 404
    assert partner.get(f"{started.address}/why?do=leave-out&of={ours.contest_id}").status_code == 404


# What is laid side by side


def test_zones_that_differ_and_days_without_a_time_are_said(sides, partner):
    with write() as session:
        for contest, zone in ((sides.ten, "America/Denver"), (sides.scored_ten, "America/New_York")):
            session.execute(update(Contest).where(Contest.contest_id == contest.contest_id).values(timezone=zone))
        begin = NOW.replace(hour=4)
        session.execute(
            update(Contest).where(Contest.contest_id == sides.scored_ten.contest_id).values(starts_at=begin, day_only=1)
        )
    page = words(partner.soup(f"{sides.address}/pair?ours={sides.ten.contest_id}&theirs={sides.scored_ten.contest_id}"))
    assert "RunSignUp says America/Denver, ChronoTrack says America/New_York." in page
    assert "today, no time said" in page
    assert "apart" not in page
    assert "today, no time said" in words(partner.soup(sides.address))
