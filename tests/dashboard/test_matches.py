"""People that need a look: each kind of question with both sides, put right by hand, and taken back."""

import pytest
from sqlalchemy import select

from sync_jobs import contest_map, entry_links
from sync_jobs.models import EntryLink, EntryQuestion, Run, db
from tests.conftest import NOW
from tests.dashboard.conftest import read
from tests.factories import make_account
from tests.pages import answer, asked, live, next_poll, row, words
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(people):
    sides = two_sides(people.company, "Maple 10K")
    sides.ten, sides.scored = sides.distance("Ten", 1), sides.scored("10K", 1)
    contest_map.confirm(sides.id, sides.ten.contest_id, sides.scored.contest_id, by="Pat", now=NOW)
    sides.address = f"/events/{sides.id}/matches"
    return sides


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


def first_line(page):
    return answer(page).lstrip("▲●■◌ ")


def matched(sides):
    entry_links.match(sides.id, NOW)


def linked():
    db.session.rollback()
    return {(link.entry_key, link.registration_key) for link in db.session.scalars(select(EntryLink)) if not link.ended_at}


def press(browser, page, text, button):
    """Press the button with that label in the smallest row that says the text, as a browser without scripts does."""
    found = next(b for b in row(page, text).select("button[formaction]") if words(b) == button)
    data = {found["name"]: found["value"]} if found.get("name") else {}
    return browser.post(found["formaction"], data=data, follow_redirects=True)


def test_before_anything_is_matched_it_says_what_fills_it(people, sign_in, clock):
    sides = two_sides(people.company, "New")
    page = sign_in(people.partner).soup(f"/events/{sides.id}/matches")
    assert first_line(page) == "Nobody is matched yet"
    assert page.find("a", string="Open the distances")


def test_everybody_matched_needs_nobody(sides, partner):
    sides.sign_up(sides.ten, 7)
    sides.enter(sides.scored, 1)
    matched(sides)
    page = partner.soup(sides.address)
    assert first_line(page) == "Everybody on the scoring lists is matched, 1 person"
    assert "Nobody needs a look" in words(page)


def test_two_who_share_a_bib_are_shown_and_one_is_chosen_and_taken_back(sides, partner):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", bib_num="412")
    sides.sign_up(sides.ten, 8, "Anna Ruiz", bib_num="412")
    sides.enter(sides.scored, 1, "A Ruiz", entry_bib="412", athlete_birthdate=None)
    matched(sides)
    page = partner.soup(sides.address)
    assert first_line(page) == "One person needs a look"
    said = words(row(page, "A Ruiz", "li.asked"))
    assert "Several people fit as well" in said
    assert "Ana Ruiz bib 412, female, born 1990 · RunSignUp 7, Ten" in said
    assert "Anna Ruiz" in said
    done = read(press(partner, page, "RunSignUp 8", "Same person"))
    assert linked() == {("1", "8")}
    assert first_line(done) == "Everybody on the scoring lists is matched, 1 person"
    assert "A Ruiz is Anna Ruiz" in words(row(done, "said by"))
    press(partner, done, "said by", "Take back")
    assert linked() == set()
    assert first_line(partner.soup(sides.address)) == "One person needs a look"


def test_a_denied_suggestion_is_remembered_and_shown(sides, partner):
    sides.sign_up(sides.ten, 7, "Bob Jones", gender="M")
    sides.enter(sides.scored, 1, "Robert Jones", athlete_sex="M")
    matched(sides)
    page = partner.soup(sides.address)
    assert "Probably the same person, 90 % alike" in words(row(page, "Robert Jones", "li.asked"))
    done = read(press(partner, page, "RunSignUp 7", "Not the same"))
    assert "Nobody who is registered fits" in words(row(done, "Robert Jones", "li.asked"))
    assert "Robert Jones is not Bob Jones" in words(row(done, "said by"))
    assert linked() == set()
    assert db.session.scalars(select(Run.operation_type)).all() == ["start_list"], "who waited only for that is sent"


def test_a_swap_is_shown_with_both_numbers_and_exchanged(sides, partner):
    for number, name in ((7, "Ana Ruiz"), (8, "Tom Beck")):
        sides.sign_up(sides.ten, number, name, gender="FM"[number - 7], dob=f"1/1/198{number}")
    sides.enter(sides.scored, 1, "Tom Beck", entry_external_id="rsu:7", entry_bib="512", athlete_sex="M", athlete_birthdate=None)
    sides.enter(sides.scored, 2, "Ana Ruiz", entry_external_id="rsu:8", entry_bib="513", athlete_birthdate=None)
    matched(sides)
    page = partner.soup(sides.address)
    assert first_line(page) == "One person needs a look"
    press(partner, page, "each other’s number", "Exchange 512 and 513")
    assert linked() == {("1", "8"), ("2", "7")}
    assert db.session.scalars(select(EntryQuestion)).all() == []


def test_somebody_is_found_by_name_bib_or_id_and_linked(sides, partner):
    sides.sign_up(sides.ten, 7, "Zoë Married", bib_num="88")
    sides.enter(sides.scored, 1, "Zoe Maiden", athlete_birthdate=None)
    matched(sides)
    find = row(partner.soup(sides.address), "Zoe Maiden", "li.asked").find("a", string="Find somebody else …")["href"]
    page = partner.soup(find)
    assert first_line(page) == "Who is Zoe Maiden?"
    for typed in ("zoë mar", "88", "7", "rsu:7"):
        assert "Zoë Married" in words(row(partner.soup(f"{find}&q={typed}"), "RunSignUp 7"))
    nobody = partner.soup(f"{find}&q=100%25")
    assert "Nobody who is registered fits" in words(nobody)
    found = partner.soup(f"{find}&q=88").select_one("form[action$=link]")
    partner.post(found["action"], data={field["name"]: field["value"] for field in found.select("input")})
    assert linked() == {("1", "7")}


def test_an_entry_is_found_too(sides, partner):
    sides.enter(sides.scored, 1, "Zoe Maiden", entry_bib="88")
    page = partner.soup(f"{sides.address}/find?q=88")
    choose = page.find("a", string="Choose")["href"]
    assert first_line(partner.soup(choose)) == "Who is Zoe Maiden?"


def test_many_unknown_ids_point_at_the_map(sides, partner):
    for number in range(3):
        sides.enter(sides.scored, number, f"Some Body{number}", entry_external_id=f"rsu:{900 + number}")
    sides.sign_up(sides.ten, 7, "Else Where", dob=None)
    matched(sides)
    page = partner.soup(sides.address)
    assert "3 entries carry an id that is of no registration of this event Usually another event" in words(page)
    assert first_line(page) == "Three people need a look"


def test_lists_go_on_page_by_page(sides, partner):
    for number in range(35):
        sides.enter(sides.scored, number, f"Some Body{number:02}", athlete_birthdate=None)
    matched(sides)
    page = partner.soup(sides.address)
    first = {words(name) for name in page.select("li.asked .strong")}
    rest = partner.soup(page.find("a", string="More")["href"])
    second = {words(name) for name in rest.select("li.asked .strong")}
    assert (len(first), len(second), len(first | second)) == (30, 5, 35)
    assert first_line(rest) == "35 people need a look"


def test_what_is_not_there_any_more_is_refused_with_a_sentence(sides, partner):
    sides.enter(sides.scored, 1)
    matched(sides)
    about = {"contest": sides.scored.contest_id, "entry": "1", "provider": "runsignup", "key": "99"}
    refused = partner.post(f"{sides.address}/link", data=about, headers={"HX-Request": "true"})
    assert (refused.status_code, "not there any more" in refused.text) == (409, True)
    assert partner.post(f"{sides.address}/link", data={"contest": "1"}).status_code == 400
    assert partner.post(f"{sides.address}/undo", data={"link": 999}, headers={"HX-Request": "true"}).status_code == 409


def test_a_director_looks_and_changes_nothing(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Bob Jones", gender="M")
    sides.enter(sides.scored, 1, "Robert Jones", athlete_sex="M")
    matched(sides)
    browser = sign_in(make_account("director", people.company, editions=(sides.edition,)))
    page = browser.soup(sides.address)
    assert "Bob Jones" in words(page)
    assert not live(page).select("button, a.button")
    for door in ("link", "part", "swap", "undo"):
        assert browser.post(f"{sides.address}/{door}").status_code == 403
    assert browser.get(f"{sides.address}/find").status_code == 403


def test_another_partners_people_are_never_found(sides, people, partner):
    other = two_sides(people.elsewhere, "Elsewhere")
    theirs = other.distance("Ten", 5)
    other.sign_up(theirs, 70, "Secret Person", bib_num="88")
    assert "Secret" not in partner.get(f"{sides.address}/find?q=88").text
    about = {"contest": sides.scored.contest_id, "entry": "1", "provider": "runsignup", "key": "70"}
    sides.enter(sides.scored, 1)
    partner.post(f"{sides.address}/link", data=about)
    assert linked() == set()


def test_the_page_is_quiet_while_nothing_changes_and_walks_nothing(sides, partner):
    sides.sign_up(sides.ten, 7, "Bob Jones", gender="M")
    sides.enter(sides.scored, 1, "Robert Jones", athlete_sex="M")
    matched(sides)
    address = next_poll(partner.soup(sides.address))
    assert partner.poll(address).status_code == 204
    with asked() as statements:
        fresh = partner.poll(sides.address)
    assert len(statements.statements) <= 10
    assert statements.walks == []
    assert not read(fresh).select("input, select, textarea, details")
