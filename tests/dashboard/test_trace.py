"""Where is bib 412? One search, the whole path across both sides, noted before it is shown, and nobody else's people."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from sync_jobs import contest_map, entry_links
from sync_jobs.models import PROVIDER_TABLES, ChangedRow, LookUp, db, write
from tests.conftest import NOW
from tests.factories import keep, make_account, make_file, make_line, make_run, make_state
from tests.pages import answer, asked, words
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(people):
    sides = two_sides(people.company, "Maple 10K")
    sides.ten, sides.scored = sides.distance("Ten", 1), sides.scored("10K", 1)
    contest_map.confirm(sides.id, sides.ten.contest_id, sides.scored.contest_id, by="Pat", now=NOW)
    return sides


def search(browser, typed, place="/trace"):
    """Type it and press Search, as a browser without scripts does."""
    found = browser.post(place, data={"q": typed})
    assert found.status_code == 303, found.text
    return browser.soup(found.location)


def cards(page):
    return page.select("section.trace")


def look_ups():
    db.session.rollback()
    return [(one.words, one.found, one.account_id, one.timing_partner_id, one.edition_id)
            for one in db.session.scalars(select(LookUp).order_by(LookUp.look_up_id))]  # fmt: skip


def test_the_whole_path_stands_on_one_page(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", bib_num="412", fetched_date="2026-06-12 13:00:00", registration_date="5/1/2026 09:12")
    sides.enter(sides.scored, 1, "Ana Ruiz", entry_bib="412", entry_external_id="rsu:7")
    sides.write("ct_results", {
        "event_id": "900", "race_id": "1", "entry_id": "1", "results_bracket_name": "Overall", "results_time": "41:12",
        "results_gun_time": "41:40", "results_rank": "3",
    })  # fmt: skip
    read, told = (
        make_run(sides.here, "participants", sides.edition, finished_at=NOW),
        make_run(sides.there, "start_list", sides.edition),
    )
    keep(ChangedRow(run_id=read.run_id, timing_partner_id=people.company.timing_partner_id, table_name="runsignup_participants",
                    row_key="7", change="new"))  # fmt: skip
    for connection, operation in ((sides.here, "participants"), (sides.there, "participants"), (sides.there, "results")):
        make_state(connection, operation, sides.edition, last_run_id=read.run_id)
    make_line(sides.edition, sides.there, contest_id=sides.scored.contest_id, registration_key="7", state="there", step="create",
              run_id=told.run_id, told={"bib": "412"}, why=None)  # fmt: skip
    entry_links.match(sides.id, NOW)
    page = search(sign_in(people.partner), "412")
    assert answer(page) == "Ana Ruiz: finished in 00:41:12, place 3"
    (card,) = cards(page)
    said = words(card)
    assert "Registered at RunSignUp for Ten, bib 412, female, born 1990" in said
    assert "signed up 5/1/2026 09:12, as RunSignUp wrote it" in said
    assert "as it is since 09:00" in said  # 13:00 UTC, in the event's own zone
    assert f"first seen in run {read.run_id} , 11:00" in said
    assert f"Known to scoring , ChronoTrack: 10K 11:00 · now , run {told.run_id}" in said
    assert "On the list at ChronoTrack, 10K, bib 412, female, born 1990, finished" in said
    assert "Matched by the id that the entry carries" in said
    assert "Result 00:41:12 chip, 00:41:40 gun, place 3" in said
    assert "times in EDT" in said
    assert {link["href"] for link in card.select("a[href^='/runs/']")} == {f"/runs/{read.run_id}", f"/runs/{told.run_id}"}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "registered, not sent to scoring yet"), ("sent", "registered, told to scoring"),
        ("in_file", "registered, put into a file for scoring"), ("refused", "registered, refused by scoring"),
        ("there", "registered, and taken off the list at scoring"),
    ],
)  # fmt: skip
def test_how_far_somebody_got(sides, people, sign_in, state, said):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    if state:
        file = make_file(sides.edition, sides.there)
        make_line(sides.edition, sides.there, contest_id=sides.scored.contest_id, registration_key="7", state=state,
                  why="No such wave." if state == "refused" else None,
                  file_id=file.file_id if state == "in_file" else None)  # fmt: skip
    page = search(sign_in(people.partner), "ruiz")
    assert answer(page) == f"Ana Ruiz: {said}"
    assert ("No such wave." in words(page)) == (state == "refused")
    assert ("start-list.csv" in words(page)) == (state == "in_file")


def test_a_distance_that_is_not_matched_is_the_answer(people, sign_in):
    sides = two_sides(people.company)
    sides.sign_up(sides.distance("Ten", 1), 7, "Ana Ruiz")
    page = search(sign_in(people.partner), "ruiz")
    assert answer(page) == "Ana Ruiz: registered, and the distance is not matched with scoring"
    assert page.find("a", string="Match it")["href"] == f"/events/{sides.id}/distances"


def test_who_is_gone_is_found_and_said_to_be(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", gone_at=NOW)
    page = search(sign_in(people.partner), "rsu:7")
    assert answer(page) == "Ana Ruiz: no longer there"
    assert "No longer there since 11:00" in words(page)


def test_who_was_taken_off_the_list_is_said_to_be_and_is_not_running(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    sides.enter(sides.scored, 1, "Ana Ruiz", entry_external_id="rsu:7", gone_at=NOW)
    make_line(sides.edition, sides.there, contest_id=sides.scored.contest_id, registration_key="7", state="there", why=None)
    page = search(sign_in(people.partner), "ruiz")
    assert answer(page) == "Ana Ruiz: registered, and taken off the list at scoring"
    said = words(page)
    assert "Was on the list at ChronoTrack, 10K" in said
    assert "not seen yet" not in said
    assert "No result" not in said


def test_an_entry_of_nobody_and_one_whose_registration_is_gone(sides, people, sign_in):
    sides.enter(sides.scored, 1, "Walk Up", entry_bib="900", entry_status="DNF")
    sides.enter(sides.scored, 2, "Used Toberegistered", entry_external_id="rsu:7")
    browser = sign_in(people.partner)
    assert answer(search(browser, "900")) == "Walk Up: on the list at ChronoTrack, did not finish (DNF), not registered"
    assert answer(search(browser, "toberegistered")).endswith("not seen yet, no longer registered")


def test_a_search_from_either_side_shows_both_once(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", bib_num="412")
    sides.enter(sides.scored, "e5", "Anna Ruyz", entry_bib="413", athlete_birthdate=None)
    browser = sign_in(people.partner)
    pair = entry_links.Pair(contest_id=sides.scored.contest_id, entry_key="e5", registration=("runsignup", "7"))
    entry_links.link(sides.id, pair, by="Pat", now=NOW)
    for typed in ("412", "413", "e5", "ruyz", "Ana Ruiz", "rsu:7"):
        (card,) = cards(search(browser, typed))
        assert "Matched by hand by Pat" in words(card)
        assert "Ana Ruiz" in words(card.h2)
    entry_links.part(sides.id, pair, by="Pat", now=NOW)
    assert "Was matched with entry e5" in words(search(browser, "rsu:7"))


def test_a_search_is_noted_before_anything_is_shown_and_looking_notes_nothing(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    browser, company = sign_in(people.partner), people.company.timing_partner_id
    assert cards(browser.soup("/trace?look=1")) == []
    assert browser.soup("/trace?q=Ruiz").select_one("input[name=q]")["value"] == "Ruiz"
    assert look_ups() == []
    address = browser.post("/trace", data={"q": "  ruiz "}).location
    assert "ruiz" not in address
    for _ in range(2):
        assert answer(browser.soup(address)).startswith("Ana Ruiz")
    search(browser, "ana", f"/events/{sides.id}/trace")
    me = people.partner.account_id
    assert look_ups() == [("ruiz", 1, me, company, None), ("ana", 1, me, company, sides.id)]


def test_what_somebody_searched_is_theirs_alone_and_over_after_an_hour(sides, people, sign_in, clock):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    browser = sign_in(people.partner)
    address = browser.post("/trace", data={"q": "ruiz"}).location
    for account in (people.support, people.administrator, make_account("partner", people.company)):
        page = sign_in(account).soup(address)
        assert cards(page) == []
        assert "That search is over" in words(page)
    assert cards(browser.soup(address.replace("/trace", f"/events/{sides.id}/trace"))) == []
    within = browser.post(f"/events/{sides.id}/trace", data={"q": "ruiz"}).location
    assert cards(browser.soup(within))
    assert cards(browser.soup(within.replace(f"/events/{sides.id}", ""))) == []
    clock.forward(minutes=61)
    assert "That search is over" in words(browser.soup(address))


@pytest.mark.parametrize("typed", ["", "  ", ",", "-"])
def test_too_little_is_answered_with_a_sentence_and_not_noted(people, sign_in, typed):
    said = sign_in(people.partner).post("/trace", data={"q": typed})
    assert (said.status_code, "at least two letters" in said.text, look_ups()) == (422, True, [])


def test_a_partner_finds_its_own_and_support_finds_all(sides, people, sign_in):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    other = two_sides(people.elsewhere, "Elsewhere")
    other.sign_up(other.distance("Ten", 5), 70, "Sue Ruiz")
    assert [words(card.h2) for card in cards(search(sign_in(people.partner), "ruiz"))] == ["Ana Ruiz bib none"]
    everybody = search(sign_in(people.support), "ruiz")
    assert answer(everybody) == "Two people fit “ruiz”"
    assert people.elsewhere.company_name in words(everybody)
    assert look_ups()[-1][3:] == (None, None)
    browser = sign_in(people.partner)
    assert browser.post(f"/events/{other.id}/trace", data={"q": "ruiz"}).status_code == 404
    assert browser.get(f"/events/{other.id}/trace").status_code == 404
    assert sign_in(people.director).get("/trace").status_code == 403


def test_at_most_so_many_are_shown_with_as_many_statements_as_for_one(sides, people, sign_in):
    browser = sign_in(people.support)
    sides.sign_up(sides.ten, 1, "Ana Onlyone")
    for key in range(2, 40):
        sides.sign_up(sides.ten, key, f"Some{key:02} Body")
        sides.enter(sides.scored, key, f"Some{key:02} Body", entry_external_id=f"rsu:{key}")
    entry_links.match(sides.id, NOW)
    many = []
    for typed in ("onlyone", "body"):
        address = browser.post("/trace", data={"q": typed}).location
        with asked() as statements:
            page = browser.soup(address)
        many.append(len(statements.statements))
        assert statements.walks == []
    assert answer(page) == "More than 25 people fit “body”"
    assert len(cards(page)) == 25
    assert many[1] <= many[0] + 8  # the other side of those found; not one more for each of them
    assert many[1] <= 24


def test_a_hundred_thousand_people_do_not_slow_it(sides, people, sign_in):
    rows = [
        {"registration_id": 1000 + n, "event_id": 5000 + n % 500, "race_id": 9, "first_name": f"F{n % 97}",
         "last_name": f"Name{n:06}",
         "bib_num": str(n), "timing_partner_id": 100 + n % 13}
        for n in range(100_000)
    ]  # fmt: skip
    with write() as session:
        session.connection().execute(PROVIDER_TABLES["runsignup_participants"].insert(), rows)
    sides.sign_up(sides.ten, 7, "Ana Ruiz", bib_num="412")
    browser = sign_in(people.support)
    steps = []

    def count(*_):
        steps.append(1)

    with asked() as statements:
        assert browser.post("/trace", data={"q": "412"}).status_code == 303
    connection = db.engine.raw_connection()
    connection.driver_connection.set_progress_handler(count, 1000)
    for statement, parameters in statements.statements:
        if statement.startswith("SELECT"):
            connection.cursor().execute(statement, parameters).fetchall()
    connection.driver_connection.set_progress_handler(None, 0)
    connection.close()
    assert len(steps) < 100  # thousands of the database's own steps: walking 100,000 rows once would take several hundred
    assert db.session.scalar(select(func.count()).select_from(LookUp)) == 1
