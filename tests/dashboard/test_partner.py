"""The Partner page: connections, events by phase, starting a pilot, look-alikes."""

from datetime import timedelta

import pytest

from sync_jobs import secrets
from sync_jobs.models import Connection, Edition, EditionSuggestion, PartnerSettings, db, write
from tests.factories import keep, make_connection, make_edition, make_link, make_partner, make_state
from tests.pages import answer, row, soup, words


def page_of(partner, browser):
    return browser.soup(f"/partners/{partner.timing_partner_id}")


def test_connections_and_events_stand_with_their_freshness(people, sign_in, clock):
    connection = make_connection(people.company, name="Main account")
    make_link(people.edition, connection)
    make_state(connection, "participants", people.edition, rows_held=1204, last_success_at=clock() - timedelta(minutes=2))
    page = page_of(people.company, sign_in(people.partner))
    assert answer(page) == "Big River Timing: everything is fresh"
    assert "Main account RunSignUp ● 2 min 1 event, fresh Sync now" in words(row(page, "Main account", "tr"))
    event = words(row(page, "Harbor Lights Half", "li"))
    assert "1,204 registered at RunSignUp" in event
    assert "● 2 min" in event


def test_events_stand_by_phase(people, sign_in, clock):
    def on(name, days):
        start = clock() + timedelta(days=days) if days is not None else None
        make_edition(people.company, name, starts_at=start, ends_at=start)

    for name, days in (("Week Race", 3), ("Far Race", 40), ("Old Race", -30), ("Undated Race", None)):
        on(name, days)
    page = page_of(people.company, sign_in(people.support))
    groups = {
        words(card.h2): [words(name) for name in card.select("li .strong")] for card in page.select("section.card") if card.h2
    }
    assert groups["Today"] == ["Harbor Lights Half"]
    assert groups["This week"] == ["Week Race"]
    assert groups["Coming"] == ["Far Race"]
    assert groups["Over"] == ["Old Race"]
    assert groups["Without a date"] == ["Undated Race"]


@pytest.fixture
def pilot(people):
    partner = make_partner("Old Mill Events", started=False)
    connection = make_connection(partner, state="paused")
    with write() as session:
        secrets.keep(session, connection.connection_id, "secrets", {"api_key": "k", "api_secret": "s"})
    return partner


def test_a_partner_that_was_taken_over_is_started_by_an_administrator(people, sign_in, pilot):
    browser = sign_in(people.administrator)
    page = page_of(pilot, browser)
    assert answer(page) == "Old Mill Events has not been started"
    started = browser.post(page.find(id="start")["formaction"], headers={"HX-Request": "true"})
    assert "Old Mill Events is started." in words(soup(started))
    db.session.rollback()
    assert db.session.get(PartnerSettings, pilot.timing_partner_id).started_by == people.administrator.name
    assert page_of(pilot, browser).find(id="start") is None


def test_nobody_else_may_start_it(people, sign_in, pilot):
    browser = sign_in(people.support)
    assert page_of(pilot, browser).find(id="start") is None
    assert browser.post(f"/partners/{pilot.timing_partner_id}/start").status_code == 403
    db.session.rollback()
    assert db.session.scalar(db.select(Connection.state).where(Connection.timing_partner_id == pilot.timing_partner_id)) == "paused"


@pytest.fixture
def alike(people):
    other = make_edition(people.company, "Harbor Lights Half Marathon")
    keep(EditionSuggestion(timing_partner_id=people.company.timing_partner_id, edition_id=other.edition_id,
                           other_edition_id=people.edition.edition_id, likeness=91))  # fmt: skip
    return other


def test_two_events_are_joined_by_a_persons_word(people, sign_in, alike):
    browser = sign_in(people.partner)
    pair = row(page_of(people.company, browser), "91 % alike", "li")
    join, _refuse = pair.find_all("button")
    assert words(join) == "Same event: join"
    said = browser.post(join["formaction"], data={join["name"]: join["value"]}, headers={"HX-Request": "true"})
    assert "are one event now" in words(soup(said))
    db.session.rollback()
    assert db.session.get(Edition, alike.edition_id).joined_into == people.edition.edition_id
    assert "alike" not in words(page_of(people.company, browser))
    again = browser.post(join["formaction"], data={join["name"]: join["value"]}, headers={"HX-Request": "true"})
    assert again.status_code == 404  # it no longer stands for itself


def test_who_stands_on_the_event_that_is_joined_into_another_is_led_there(people, sign_in, alike):
    browser, here, there = sign_in(people.partner), f"/events/{alike.edition_id}", f"/events/{people.edition.edition_id}"
    address = f"{here}/alike?other={people.edition.edition_id}"
    said = browser.post(address, data={"answer": "join"}, headers={"HX-Request": "true", "Referer": f"http://localhost{here}?v=1"})
    assert (said.status_code, said.headers.get("HX-Redirect")) == (200, there)
    assert "are one event now" in words(browser.soup(there).find(id="said"))


def test_two_events_stay_two_by_a_persons_word(people, sign_in, alike):
    browser = sign_in(people.partner)
    refuse = row(page_of(people.company, browser), "91 % alike", "li").find_all("button")[1]
    answers = [browser.post(refuse["formaction"], data={"answer": "refuse"}, headers={"HX-Request": "true"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert "alike" not in words(page_of(people.company, browser))


def test_support_looks_but_does_not_join(people, sign_in, alike):
    browser = sign_in(people.support)
    assert not row(page_of(people.company, browser), "91 % alike", "li").find_all("button")
    refused = browser.post(f"/events/{alike.edition_id}/alike?other={people.edition.edition_id}", data={"answer": "join"})
    assert refused.status_code == 403


def test_an_answer_that_is_none_is_refused(people, sign_in, alike):
    answered = sign_in(people.partner).post(
        f"/events/{alike.edition_id}/alike?other={people.edition.edition_id}", data={"answer": "maybe"}
    )
    assert answered.status_code == 400


def test_another_partner_is_not_there(people, sign_in):
    assert sign_in(people.partner).get(f"/partners/{people.elsewhere.timing_partner_id}").status_code == 404


def test_a_partner_without_anything_says_what_fills_the_page(people, sign_in):
    page = page_of(people.elsewhere, sign_in(people.support))
    assert answer(page) == "Lakeside Timing has no connection yet"
    assert "No event yet" in words(page)
