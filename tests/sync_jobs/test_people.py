"""Registrations and entries as records: every provider's forms, one partner at a time, found by index."""

from datetime import date

import pytest
from sqlalchemy import insert

from sync_jobs import people
from sync_jobs.models import TWINS, write
from tests.factories import make_connection, make_contest, make_link
from tests.pages import asked
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(app, clock):
    sides = two_sides()
    sides.five, sides.scored_five = sides.distance("5K", 1), sides.scored("5K", 1)
    return sides


def partner(sides):
    return sides.partner.timing_partner_id


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3/4/1990", date(1990, 3, 4)),
        ("03/04/1990", date(1990, 3, 4)),
        ("1990-03-04", date(1990, 3, 4)),
        ("1990-03-04T00:00:00Z", date(1990, 3, 4)),
        ("XXXX-XX-XX", None),
        ("0000-00-00", None),
        ("", None),
        (None, None),
    ],
)
def test_birth_dates_in_every_form(written, read):
    assert people.birth_date(written) == read


def test_both_sides_as_records(sides):
    sides.sign_up(sides.five, 7, "Ada Sample", bib_num=" 12 ", email="ada@example.com")
    sides.enter(sides.scored_five, 1, "Ada Sample", entry_external_id="rsu:7", entry_bib="12", entry_race_age="36")
    (registration,) = people.registrations(partner(sides), [sides.five.contest_id, sides.scored_five.contest_id])
    assert (registration.provider_name, registration.key, registration.contest_id) == ("runsignup", "7", sides.five.contest_id)
    assert (registration.gender, registration.born, registration.bib, registration.external_id) == (
        "F",
        date(1990, 3, 4),
        "12",
        "rsu:7",
    )
    (entry,) = people.entries(partner(sides), [sides.five.contest_id, sides.scored_five.contest_id])
    assert (entry.provider_name, entry.key, entry.contest_id) == ("chronotrack", "1", sides.scored_five.contest_id)
    assert (entry.external_id, entry.age, entry.status, entry.born) == ("rsu:7", 36, "CONF", date(1990, 3, 4))


def test_only_those_with_the_keys_that_are_asked_for(sides):
    for number in (7, 8):
        sides.sign_up(sides.five, number)
        sides.enter(sides.scored_five, number)
    here = [sides.five.contest_id, sides.scored_five.contest_id]
    assert [one.key for one in people.registrations(partner(sides), here, {"8", "9"})] == ["8"]
    assert [one.key for one in people.entries(partner(sides), here, {"7"})] == ["7"]
    assert people.entries(partner(sides), here, set()) == []


def test_who_is_gone_or_of_another_partner_is_not_there(sides):
    other = two_sides()
    sides.sign_up(sides.five, 7)
    sides.change("runsignup_participants", 7, gone_at=sides.edition.starts_at)
    sides.enter(sides.scored_five, 1)
    contests = [sides.five.contest_id, sides.scored_five.contest_id]
    assert people.registrations(partner(sides), contests) == []
    assert people.entries(partner(other), contests) == []


def test_an_entry_in_a_twin_table_is_read_too(sides):
    row = {"entry_id": "5", "event_id": "900", "race_id": "1", "athlete_first_name": "Twin", "timing_partner_id": partner(sides)}
    with write() as session:
        session.execute(insert(TWINS["ct_participants"]), row)
    assert [one.first_name for one in people.entries(partner(sides), [sides.scored_five.contest_id])] == ["Twin"]


def test_people_without_a_distance_are_the_editions(sides):
    roster = make_connection(sides.partner, "raceroster")
    make_link(sides.edition, roster, "abc")
    for number in ("1", "2"):
        make_contest(sides.edition, roster, number, happening_id="abc", provider_contest_id=f"abc/{number}")
    for key, number in (("55", None), ("56", "1")):
        row = {"event_id": "abc", "registration_id": key, "sub_event_id": number, "first_name": "Zoe", "gender": "9"}
        sides.write("raceroster_participants", row)
    (found,) = people.unplaced(partner(sides), sides.id)
    assert (found.key, found.contest_id, found.gender) == ("55", None, "X")
    assert people.unplaced(partner(sides), sides.id, {"56"}) == []
    assert people.unplaced(partner(sides), sides.id + 1) == []


def test_searching_both_sides_by_name_bib_and_id(sides):
    sides.sign_up(sides.five, 7, "Zoë Married", bib_num="88")
    sides.enter(sides.scored_five, 1, "Zoe Maiden", entry_external_id="rsu:7", entry_bib="88")
    here = [sides.five.contest_id, sides.scored_five.contest_id]
    counted = {
        typed: tuple(len(side) for side in people.search(partner(sides), here, typed))
        for typed in ("88", "rsu:7", "7", "zoë", "MAR zo", "maiden", "arried", "%", " ", "8")
    }
    assert counted == {
        "88": (1, 1),
        "rsu:7": (1, 1),
        "7": (1, 0),
        "zoë": (1, 0),
        "MAR zo": (1, 0),
        "maiden": (0, 1),
        "arried": (0, 0),
        "%": (0, 0),
        " ": (0, 0),
        "8": (0, 0),
    }


def test_every_branch_is_found_by_its_index(sides):
    mine, edition_id, contests = partner(sides), sides.id, [sides.five.contest_id, sides.scored_five.contest_id]
    with asked() as statements:
        people.registrations(mine, contests)
        people.unplaced(mine, edition_id)
    assert len(statements.statements) == 3
    walked = [
        plan for plan in statements.plans if "participants_1 (timing_partner_id=?)" in plan or "event (timing_partner_id=?)" in plan
    ]
    assert [plan for plan in walked if "twin" not in plan] == []
    assert statements.walks == []
