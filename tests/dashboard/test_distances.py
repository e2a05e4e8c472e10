"""The map of distances: what waits for a word, proof before the word, and the words themselves, with and without scripts."""

import pytest
from sqlalchemy import select, update

from sync_jobs import contest_map
from sync_jobs.models import Connection, Contest, ContestPair, EntryLink, Run, db, write
from tests.conftest import NOW
from tests.dashboard.conftest import read
from tests.factories import make_account
from tests.pages import answer, asked, live, next_poll, row, words
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(people):
    sides = two_sides(people.company, "Maple 10K")
    sides.ten = sides.distance("Ten", 1, distance="10K", rows_held=418)
    sides.score, sides.scored = sides.scored, sides.scored("10K", 1, distance="10000", rows_held=2)
    sides.sign_up(sides.ten, 7, "Ada Sample", bib_num="12")
    sides.enter(sides.scored, 1, "Ada Samples", entry_external_id="rsu:7", entry_bib="12")
    sides.enter(sides.scored, 2, "Nobody Knows", athlete_birthdate=None)
    sides.address = f"/events/{sides.id}/distances"
    return sides


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


def first_line(page):
    return answer(page).lstrip("▲●■◌ ")


def form(sides, **more):
    return {"ours": sides.ten.contest_id, "theirs": sides.scored.contest_id, **more}


def pair():
    db.session.rollback()
    return db.session.scalars(select(ContestPair)).one()


def test_a_suggestion_says_why_and_is_confirmed_after_its_proof(sides, partner):
    page = partner.soup(sides.address)
    assert first_line(page) == "Two distances wait for a word"
    assert "on no start list" in words(row(page, "Ten"))
    assert "One suggestion now." in words(read(partner.post(f"{sides.address}/suggest", data={}, follow_redirects=True)))
    page = partner.soup(sides.address)
    assert first_line(page) == "One distance waits for a word"
    said = words(row(page, "Ten"))
    assert "1 of 2 entries carry a registration id of it" in said
    assert "418 registered" in said
    look = row(page, "Ten").find("a", string="Look and confirm")
    proof = partner.soup(look["href"])
    assert "1 of 2 entries carry a registration id of this distance." in words(proof)
    assert "bib 12 and 12 · born 1990 and 1990" in words(row(proof, "Ada Sample"))
    assert "Nobody Knows" in words(row(proof, "without an id"))
    fields = {
        field["name"]: field["value"]
        for field in proof.select("form[method=post][action$=pair] input")
        if field["name"] != "csrf_token"
    }
    done = read(partner.post(f"{sides.address}/pair", data=fields, follow_redirects=True))
    assert first_line(done) == "Every distance has its counterpart"
    assert "1 person matched" in words(row(done, "Ten"))
    assert "1 person needs a look" in words(row(done, "Ten"))
    assert (pair().state, db.session.scalar(select(EntryLink.entry_key))) == ("confirmed", "1")


def test_what_cannot_be_the_same_is_refused_with_its_reason(sides, partner):
    with write() as session:
        session.execute(
            update(Contest).where(Contest.contest_id == sides.scored.contest_id).values(starts_at=NOW.replace(year=2025))
        )
    proof = partner.soup(f"{sides.address}/pair?ours={sides.ten.contest_id}&theirs={sides.scored.contest_id}")
    assert "These cannot be the same They start 365 days apart" in words(proof)
    assert not proof.select("form[method=post][action$=pair]")
    answered = partner.post(f"{sides.address}/pair", data=form(sides, looked="on"))
    assert answered.status_code == 422
    assert "365 days apart" in words(read(answered))
    assert db.session.scalars(select(ContestPair)).all() == []


def test_a_warning_has_to_be_looked_at(sides, partner):
    with write() as session:
        session.execute(update(Contest).where(Contest.contest_id == sides.scored.contest_id).values(distance="12 km"))
    answered = partner.post(f"{sides.address}/pair", data=form(sides))
    assert answered.status_code == 422
    assert "The lengths differ by 17%" in words(read(answered))
    assert "Tick this, or leave them apart." in words(read(answered))
    assert partner.post(f"{sides.address}/pair", data=form(sides, looked="on")).status_code == 303
    assert pair().state == "confirmed"


def test_two_of_the_same_side_or_of_elsewhere_are_refused(sides, partner, people):
    other = two_sides(people.elsewhere, "Elsewhere")
    foreign = other.scored("10K", 77)
    for theirs in (sides.ten.contest_id, foreign.contest_id, 999):
        answered = partner.post(f"{sides.address}/pair", data=form(sides, theirs=theirs))
        assert answered.status_code == 422
        assert "Elsewhere" not in answered.text
    assert db.session.scalars(select(ContestPair)).all() == []


def test_leaving_out_taking_back_and_refusing(sides, partner):
    done = partner.post(f"{sides.address}/leave-out", data={"contest": sides.ten.contest_id}, follow_redirects=True)
    assert "It is left out." in words(read(done))
    assert "said by Partner" in words(row(read(done), "Ten"))
    assert pair().state == "ignored"
    again = partner.post(f"{sides.address}/leave-out", data={"contest": sides.ten.contest_id}, headers={"HX-Request": "true"})
    assert (again.status_code, "left out already" in again.text) == (409, True)
    partner.post(f"{sides.address}/undo", data={"pair": pair().pair_id})
    assert pair().state == "void"
    partner.post(f"{sides.address}/suggest")
    both = db.session.scalars(select(ContestPair).where(ContestPair.state == "suggested")).one()
    partner.post(f"{sides.address}/refuse", data={"pair": both.pair_id})
    page = partner.soup(sides.address)
    assert "Not the same, says Partner" in words(page)


def test_changing_a_pair_ends_the_old_one(sides, partner):
    longer = sides.score("10K B", 2, distance="10000")
    partner.post(f"{sides.address}/pair", data=form(sides))
    old = pair().pair_id
    change = row(partner.soup(sides.address), "Ten").find("a", string="Change …")["href"]
    page = partner.soup(change)
    assert page.find("input", {"name": "instead"})["value"] == str(old)
    partner.post(f"{sides.address}/pair", data=form(sides, theirs=longer.contest_id, instead=old))
    states = {p.scoring_contest_id: p.state for p in db.session.scalars(select(ContestPair))}
    assert states == {sides.scored.contest_id: "void", longer.contest_id: "confirmed"}


def test_an_impossible_number_of_a_pair_is_no_error_of_ours(sides, partner):
    assert partner.post(f"{sides.address}/pair", data=form(sides, instead=10**30)).status_code == 404


def test_a_director_looks_and_changes_nothing(sides, people, sign_in):
    contest_map.suggest(sides.id, NOW)
    browser = sign_in(make_account("director", people.company, editions=(sides.edition,)))
    page = browser.soup(sides.address)
    assert "1 of 2 entries carry" in words(page)
    assert not live(page).select("button, a.button")
    for door in ("pair", "suggest", "leave-out", "refuse", "undo"):
        assert browser.post(f"{sides.address}/{door}", data={"contest": sides.ten.contest_id}).status_code == 403
    assert browser.get(f"{sides.address}/pair").status_code == 403


def test_support_decides_for_the_partner_and_it_says_so(sides, people, sign_in):
    browser = sign_in(people.support)
    browser.post(f"{sides.address}/pair", data=form(sides))
    assert pair().decided_by == f"{people.support.name} (support)"
    assert f"said by {people.support.name} (support)" in words(browser.soup(sides.address))


def test_an_event_with_one_side_says_what_is_missing(people, sign_in, clock):
    sides = two_sides(people.company, "One sided")
    browser = sign_in(people.partner)
    assert first_line(browser.soup(f"/events/{sides.id}/distances")) == "No distances are known yet"
    sides.distance("5K", 1)
    page = browser.soup(f"/events/{sides.id}/distances")
    assert first_line(page) == "No scoring system is linked to this event yet"
    assert "There is nothing to match yet" in words(page)


def test_the_page_is_quiet_while_nothing_changes_and_asks_little(sides, partner):
    contest_map.suggest(sides.id, NOW)
    address = next_poll(partner.soup(sides.address))
    assert partner.poll(address).status_code == 204
    with asked() as statements:
        partner.poll(sides.address)
    assert len(statements.statements) <= 4
    partner.post(f"{sides.address}/pair", data=form(sides))
    fresh = partner.poll(address)
    assert fresh.status_code == 200
    assert not read(fresh).select("input, select, textarea, details")


def test_names_are_written_out_safely(sides, partner):
    with write() as session:
        session.execute(update(Contest).where(Contest.contest_id == sides.ten.contest_id).values(name="<b>Ten</b>"))
        session.execute(update(Connection).values(name="x"))
    for address in (sides.address, f"{sides.address}/pair?ours={sides.ten.contest_id}&theirs={sides.scored.contest_id}"):
        assert "<b>Ten" not in partner.get(address).text


def test_a_confirmed_pair_asks_for_its_start_list_at_once(sides, partner):
    given = form(sides, looked="yes")
    assert partner.post(f"{sides.address}/pair", data=given).status_code == 303
    assert pair().state == "confirmed"
    asked = db.session.execute(
        select(Run.operation_type, Run.status, Run.edition_id).where(Run.operation_type == "start_list")
    ).all()
    assert asked == [("start_list", "pending", sides.id)]
