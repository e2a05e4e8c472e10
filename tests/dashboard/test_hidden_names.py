"""Hiding one person's name and showing it again: found by bib, never named in an address or a reason; rank and time stay."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sync_jobs.models import Account, HiddenName, LookUp, db
from tests.dashboard.conftest import read
from tests.factories import make_account
from tests.pages import answer, asked, words
from tests.sync_jobs.raceday import race_day


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 13))
    day.names = f"/events/{day.sides.id}/results/{day.contest_id}/names"
    day.pull()
    return day


@pytest.fixture
def director(day, sign_in):
    return sign_in(db.session.get(Account, day.director.account_id))


def search(browser, day, typed):
    found = browser.post(day.names, data={"q": typed})
    assert found.status_code == 303, found.text
    assert found.location.rpartition("?look=")[2].isdecimal()
    return browser.soup(found.location)


def hide(browser, page, reason):
    form = page.select_one("li.naming form")
    fields = {one["name"]: one["value"] for one in form.select("input[type=hidden]")}
    return browser.post(form["action"], data={**fields, "reason": reason})


def hidden():
    db.session.rollback()
    return list(db.session.scalars(select(HiddenName)))


def names_sent(day):
    return {row.entry_key: f"{row.first_name} {row.last_name}".strip() for row in day.screen().payload}


def test_nobody_is_hidden_at_first(day, director):
    page = director.soup(day.names)
    assert answer(page) == "No names are hidden"
    assert "Search somebody to hide theirs." in words(page)


def test_a_name_is_hidden_by_its_bib_and_rank_and_time_stay(day, director, people):
    before = {row.entry_key: row for row in day.screen().payload}
    page = search(director, day, "5")
    assert answer(page) == "One person fits “5”"
    assert "Max Novakf bib 5" in words(page)
    assert "5th place: this stays" in words(page)
    kept = hide(director, page, "by mail, ticket 812")
    assert kept.status_code == 303
    done = director.soup(kept.location)
    assert "Hidden here at once; for the public with the next publication." in words(done)
    assert answer(done) == "One name is hidden"
    assert "Bib 5" in words(done)
    assert "Novak" not in words(done)
    after = {row.entry_key: row for row in day.screen().payload}
    assert names_sent(day)["5"] == "Anonymous"
    assert (after["5"].place, after["5"].gun_ms) == (before["5"].place, before["5"].gun_ms)
    assert [(one.entry_key, one.reason) for one in hidden()] == [("5", "by mail, ticket 812")]
    db.session.rollback()
    (noted,) = db.session.scalars(select(LookUp))
    assert (noted.words, noted.found, noted.edition_id) == ("5", 1, day.sides.id)


def test_and_shown_again(day, director):
    hide(director, search(director, day, "5"), "by mail")
    page = director.soup(day.names)
    form = page.find("button", string="Show the name again").find_parent("form")
    done = read(director.post(form["action"], data={"entry": form.select_one("[name=entry]")["value"]}, follow_redirects=True))
    assert "They are named again with the next publication." in words(done)
    assert answer(done) == "No names are hidden"
    assert names_sent(day)["5"] == "Max Novakf"


def test_a_reason_is_needed_and_must_not_tell_whom_it_is_about(day, director):
    page = search(director, day, "Max")
    for reason, says in (
        ("", "Say who asked for it."),
        ("for Max, by mail", "Leave the name out"),
        ("NOVAKF asked", "Leave the name out"),
    ):
        refused = hide(director, page, reason)
        assert refused.status_code == 422
        assert says in words(read(refused).select_one(".field.wrong"))
        assert read(refused).select_one(".field.wrong input")["value"] == reason
    assert hide(director, page, "x" * 501).status_code == 422
    assert hidden() == []


def test_who_is_found_by_what(day, director):
    assert answer(search(director, day, "nobody")) == "No people fit “nobody”"
    assert answer(search(director, day, "ma no")) == "One person fits “ma no”"
    refused = director.post(day.names, data={"q": " "})
    assert refused.status_code == 422
    assert "Type a bib, or a name." in words(read(refused))


def test_a_row_that_is_not_there_cannot_be_hidden(day, director):
    refused = director.post(f"{day.names}/hide", data={"entry": "999", "reason": "by mail"}, follow_redirects=True)
    assert "Hidden here" not in refused.text
    assert hidden() == []


def test_only_their_own(day, people, sign_in):
    for account in (people.director, make_account("partner", people.elsewhere)):
        stranger = sign_in(account)
        assert stranger.get(day.names).status_code == 404
        assert stranger.post(day.names, data={"q": "5"}).status_code == 404
        for what in ("hide", "show"):
            assert stranger.post(f"{day.names}/{what}", data={"entry": "5", "reason": "x"}).status_code == 404
    administrator = sign_in(people.administrator)
    assert administrator.get(day.names).status_code == 403
    assert hidden() == []


def test_looking_is_cheap_and_small(day, director):
    hide(director, search(director, day, "5"), "by mail")
    with asked() as statements:
        director.soup(day.names)
    assert len(statements.statements) <= 9
    found = director.post(day.names, data={"q": "a"})
    assert len(director.get(found.location).data) < 40_000
