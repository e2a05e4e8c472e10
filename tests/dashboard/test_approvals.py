"""The list of what waits for a word, and the results of one event: each role's own, in words, with nothing to press."""

from __future__ import annotations

import pytest

from sync_jobs.models import Account, db
from tests import factories
from tests.dashboard.conftest import read, words
from tests.pages import answer, asked, row
from tests.sync_jobs.raceday import race_day


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    return race_day(*range(1, 21))


@pytest.fixture
def browse(sign_in):
    def as_actor(actor):
        return sign_in(db.session.get(Account, actor.account_id))

    return as_actor


def test_what_waits_is_listed_with_its_verdict_and_leads_to_the_page(day, browse):
    day.pull()
    for who in (day.director, day.partner):
        page = browse(who).soup("/approvals")
        assert answer(page) == "One distance waits for your word"
        line = row(page, "10K Run")
        assert "20 finishers" in words(line)
        assert "Ready: 20 results" in words(line)
        assert line.a["href"] == f"/events/{day.sides.id}/results/{day.contest_id}"


def test_nothing_is_approved_in_the_list(day, browse):
    day.pull()
    page = browse(day.director).soup("/approvals")
    assert not page.select("main form, main button[form], main button[formaction]")


def test_an_approved_version_waits_no_more_and_a_newer_one_does(day, browse, clock):
    day.pull()
    day.go_public()
    browser = browse(day.director)
    assert answer(browser.soup("/approvals")) == "Nothing waits for you"
    day.run(21, 22)
    clock.forward(minutes=1)
    day.pull()
    assert "version 2" in words(row(browser.soup("/approvals"), "10K Run"))


def test_the_second_person_is_asked_and_whoever_asked_is_not(day, browse, clock):
    day.pull()
    day.go_public()
    clock.forward(minutes=90)
    day.go_public("official")
    day.times(e3=2000)
    clock.forward(minutes=1)
    version = day.pull()
    shown = day.screen()
    day.approve(shown, reason="Video")
    assert answer(browse(day.director).soup("/approvals")) == "Nothing waits for you"
    line = row(browse(day.partner).soup("/approvals"), "10K Run")
    assert f"{day.director.name} asks for a second person" in words(line)
    assert line.a["href"].endswith(f"?version={version}&to={day.destination_id}")


def test_nobody_sees_what_is_not_theirs(day, sign_in):
    day.pull()
    stranger = factories.make_account("partner", factories.make_partner("Lakeside Timing"))
    unlucky = factories.make_account("director", day.sides.partner)
    for account in (stranger, unlucky):
        assert answer(sign_in(account).soup("/approvals")) == "Nothing waits for you"
    assert answer(sign_in(factories.make_account("support")).soup("/approvals")).endswith("a director’s or partner’s word")


def test_the_list_stands_still_and_only_a_line_above_it_says_that_there_is_more(day, browse, clock):
    browser = browse(day.director)
    page = browser.soup("/approvals")
    poll = page.select_one("#live")["hx-get"]
    assert browser.poll(poll).status_code == 204
    day.pull()
    news = read(browser.poll(f"{poll}0"))
    assert "One distance waits for your word. The list below is older." in words(news)
    assert not news.select("li")


def test_the_results_of_an_event_say_how_each_distance_stands(day, browse, clock):
    browser, address = browse(day.director), f"/events/{day.sides.id}/results"
    assert answer(browser.soup(address)) == "No results have come yet"
    day.pull()
    page = browser.soup(address)
    assert answer(page) == "One distance waits for a word"
    line = words(row(page, "10K Run"))
    assert "waits for a word" in line
    assert "RunSignUp: nothing is public" in line
    day.go_public()
    page = browser.soup(address)
    assert answer(page) == "Nothing waits for a word"
    assert "RunSignUp: public as preliminary" in words(row(page, "10K Run"))
    assert browser.soup(f"/events/{day.sides.id}").select_one(f'a[href="{address}"]')


def test_a_poll_of_the_results_without_news_is_empty(day, browse):
    browser = browse(day.director)
    page = browser.soup(f"/events/{day.sides.id}/results")
    assert browser.poll(page.select_one("#live")["hx-get"]).status_code == 204


def test_a_distance_matched_with_none_is_named(day, browse):
    factories.make_contest(day.sides.edition, day.sides.there, "Kids Mile", happening_id="1")
    day.pull()
    page = browse(day.partner).soup(f"/events/{day.sides.id}/results")
    assert "no results yet" in words(row(page, "Kids Mile"))


def test_as_many_reads_for_one_as_for_many(app, clock, browse):
    clock.forward(minutes=-30)
    day = race_day(1, 2, 3)
    day.pull()
    browser = browse(day.director)
    for address in ("/approvals", f"/events/{day.sides.id}/results"):
        with asked() as few:
            browser.get(address)
        for number in range(8):
            factories.make_contest(day.sides.edition, day.sides.there, f"Fun Run {number}", happening_id="1")
        with asked() as many:
            browser.get(address)
        assert len(many.statements) == len(few.statements)
        assert len(few.statements) <= 8
