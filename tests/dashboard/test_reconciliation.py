"""Reconciliation: who is on one side only, by name and with the reason; as a page and as a file that is noted."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from sync_jobs import contest_map, entry_links
from sync_jobs.models import LookUp, db
from tests.conftest import NOW
from tests.factories import make_account, make_file, make_line
from tests.pages import answer, asked, row, words
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(people):
    sides = two_sides(people.company, "Maple 10K")
    sides.ten, sides.scored = sides.distance("Ten", 1), sides.scored("10K", 1)
    contest_map.confirm(sides.id, sides.ten.contest_id, sides.scored.contest_id, by="Pat", now=NOW)
    sides.address = f"/events/{sides.id}/reconciliation"
    return sides


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


def first_line(page):
    return answer(page).lstrip("▲●■◌ ")


def line(sides, key, state, **given):
    return make_line(
        sides.edition, sides.there, contest_id=sides.scored.contest_id, registration_key=str(key), state=state, **given
    )


def result(sides, entry, time, name="Ada Sample", **given):
    first, _, last = name.partition(" ")
    sides.write("ct_results", {
        "event_id": "900", "race_id": "1", "entry_id": str(entry), "results_first_name": first, "results_last_name": last,
        "results_bracket_name": "Overall", "results_time": time, "results_rank": "1", **given,
    })  # fmt: skip


def figures(page):
    return dict(reversed(words(p).split(" ", 1)) for p in page.select(".figures p"))


def test_before_the_map_it_says_what_to_do_first_and_who_it_is_about(people, partner):
    sides = two_sides(people.company, "New")
    sides.sign_up(sides.distance("Ten", 1), 7)
    sides.enter(sides.scored("10K", 1), 1)
    page = partner.soup(f"/events/{sides.id}/reconciliation")
    assert first_line(page) == "No distance is matched with scoring yet"
    assert "is on no start list, and gets no result. 1 registered" in words(row(page, "Ten"))
    assert "1 on the list" in words(row(page, "10K"))
    assert page.find("a", string="Open the distances")


def test_both_sides_agree(sides, partner):
    sides.sign_up(sides.ten, 7)
    sides.enter(sides.scored, 1, entry_external_id="rsu:7")
    entry_links.match(sides.id, NOW)
    result(sides, 1, "41:12")
    page = partner.soup(sides.address)
    assert first_line(page) == "Both sides agree, 1 person"
    assert figures(page) == {"registered": "1", "sent": "0", "at scoring": "1", "with a result": "1"}
    assert "Everybody registered is at scoring, and nobody else." in words(page)


def test_every_difference_is_named_with_its_reason(sides, partner):
    file = make_file(sides.edition, sides.there, name="late.csv")
    for key, name in ((7, "Ana Refused"), (8, "Bob Filed"), (9, "Cy Told"), (10, "Di New"), (11, "Ed Asked")):
        sides.sign_up(sides.ten, key, name, bib_num=str(key), dob=f"1/{key}/1980")
    line(sides, 7, "refused", why="No such wave.", run_id=3)
    line(sides, 8, "in_file", file_id=file.file_id, told={"bib": "8"})
    line(sides, 9, "sent", told={"bib": "9"}, run_id=4)
    line(sides, 11, "waiting", why="Registration and scoring disagree.")
    sides.enter(sides.scored, 1, "Walk Up", entry_status="DNF")
    sides.enter(sides.scored, 2, "Old Timer", entry_external_id="rsu:4711", entry_status="WEIRD")
    result(sides, 99, "40:00", "Ghost Runner", results_bib="900")
    page = partner.soup(sides.address)
    said = words(page)
    assert first_line(page) == "Eight people are on one side only"
    assert figures(page) == {"registered": "5", "sent": "2", "refused": "1", "at scoring": "2", "with a result": "0"}
    assert "5 registered, not at scoring" in said
    assert "Ana Refused · bib 7 · rsu:7 · No such wave. · run 3" in said
    assert "1 in the file late.csv , made 11:00 · now , not loaded yet" in said
    assert "Ed Asked · bib 11 · rsu:11 · Registration and scoring disagree." in said
    assert "1 sent, not seen there yet" in said
    assert "1 not sent yet" in said
    assert "1 without an id, and nobody who is registered fits" in said
    assert "Old Timer · entry 2 · rsu:4711" in said
    assert "1 did not finish (DNF)" in said
    assert "1 with a status that we do not know" in said
    assert "Ghost Runner · bib 900" in said
    assert said.index("No such wave") < said.index("Di New") < said.index("late.csv")


def test_names_are_few_on_the_page_and_all_in_the_file(sides, partner):
    for key in range(20):
        sides.sign_up(sides.ten, key + 1, f"Some Body{key:02}")
    page = partner.soup(sides.address)
    assert len(page.select(".points .name")) == 12
    assert "and 8 more, all in the file" in words(page)
    assert len(list(csv.reader(io.StringIO(partner.post(sides.address).text)))) == 21


def test_the_file_holds_no_formula_and_that_it_was_taken_is_noted(sides, partner, people):
    sides.sign_up(sides.ten, 7, "=HYPERLINK(1) +Lund", bib_num="@SUM")
    sides.sign_up(sides.distance("Walk", 2), 8, "Wanda Walker")
    given = partner.post(sides.address)
    assert given.headers["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.DictReader(io.StringIO(given.text.removeprefix("\ufeff"))))
    assert [(one["First name"], one["Last name"], one["Bib"]) for one in rows] == [
        ("'=HYPERLINK(1)", "'+Lund", "'@SUM"), ("Wanda", "Walker", ""),
    ]  # fmt: skip
    assert rows[1]["Reason"] == "Its distance is not matched with scoring"
    db.session.rollback()
    (noted,) = db.session.scalars(select(LookUp))
    assert (noted.account_id, noted.edition_id, noted.found) == (people.partner.account_id, sides.id, 2)
    assert noted.timing_partner_id == people.company.timing_partner_id


def test_looking_is_not_a_change_and_takes_few_statements(sides, partner):
    for key in range(60):
        sides.sign_up(sides.ten, key + 1, f"Some Body{key:02}")
        sides.enter(sides.scored, key + 1, f"Some Body{key:02}", entry_external_id=f"rsu:{key + 1}")
    with asked() as statements:
        partner.soup(sides.address)
    assert len(statements.statements) <= 14
    assert statements.walks == []


def test_a_director_of_the_event_may_look_and_others_find_nothing(sides, people, sign_in):
    given = sign_in(make_account("director", people.company, editions=(sides.edition,)))
    assert given.get(sides.address).status_code == 200
    for account in (people.director, make_account("partner", people.elsewhere)):
        assert sign_in(account).get(sides.address).status_code == 404
        assert sign_in(account).post(sides.address).status_code == 404


def test_what_is_left_out_on_purpose_is_no_difference(sides, partner):
    walk = sides.distance("Walk", 2)
    sides.sign_up(walk, 8, "Wanda Walker")
    contest_map.ignore(sides.id, walk.contest_id, by="Pat", now=NOW)
    page = partner.soup(sides.address)
    assert first_line(page) == "Both sides agree, no people"
    assert "Left out, as somebody decided: Walk (RunSignUp, 1 person)." in words(page)
    assert "Wanda" not in partner.post(sides.address).text
