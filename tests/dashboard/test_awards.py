"""Awards that were handed out on the stage: podium rows with a button each, by the version that is public."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sync_jobs import approvals, times
from sync_jobs.models import Account, AwardGiven, db
from tests.dashboard.conftest import read
from tests.factories import make_account
from tests.pages import answer, asked, row, words
from tests.sync_jobs.raceday import race_day


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 13))
    day.awards = f"/events/{day.sides.id}/results/{day.contest_id}/awards"
    return day


@pytest.fixture
def browse(sign_in):
    return lambda actor: sign_in(db.session.get(Account, actor.account_id))


def given():
    db.session.rollback()
    return {one.entry_key: one.by_name for one in db.session.scalars(select(AwardGiven))}


def press(browser, page, name):
    form = row(page, name).select_one("form")
    fields = {one["name"]: one["value"] for one in form.select("input[type=hidden]")}
    return read(browser.post(form["action"], data=fields, follow_redirects=True))


def test_before_the_first_finisher_there_is_no_podium(day, browse):
    page = browse(day.director).soup(day.awards)
    assert answer(page) == "There is no podium yet"
    assert "They come with the first finishers of a version" in words(page)


def test_each_award_place_is_a_row_that_can_be_said_and_taken_back(day, browse):
    day.pull()
    director = browse(day.director)
    page = director.soup(day.awards)
    assert "As version 1 has them, which is not public yet." in words(page)
    assert [words(one.h2) for one in page.select("section.card")] == ["Overall", "Women", "Men"]
    overall = [words(one) for one in page.select("section.card")[0].select("li")]
    assert "1. Tom Ruizb bib 1 · 38:27" in overall[0]
    done = press(director, page, "Tom Ruizb")
    assert "One person has their award" in answer(done)
    assert f"handed out, said {day.director.name}" in words(row(done, "Tom Ruizb"))
    assert given() == {"1": day.director.name}
    press(director, done, "Tom Ruizb")
    assert given() == {}


def test_what_is_public_counts_not_what_came_later(day, browse, clock):
    day.pull()
    day.go_public()
    clock.forward(minutes=5)
    day.times(e9=2000)
    day.pull()
    page = browse(day.director).soup(day.awards)
    assert "As version 1 has them, which is public." in words(page)
    assert "1. Tom Ruizb" in words(page)


def test_a_hidden_name_is_not_on_the_list(day, browse):
    day.pull()
    approvals.hide_name(day.contest_id, "1", "by mail", day.director, times.now())
    said = words(browse(day.director).soup(day.awards))
    assert "Tom Ruizb" not in said
    assert "1. Anonymous bib 1" in said


def test_support_sees_it_without_buttons_and_strangers_nothing(day, browse, people, sign_in):
    day.pull()
    support = browse(day.support)
    assert support.soup(day.awards).select("main form") == []
    assert support.post(day.awards, data={"entry": "1"}).status_code == 403
    for account in (people.director, make_account("partner", people.elsewhere)):
        stranger = sign_in(account)
        assert stranger.get(day.awards).status_code == 404
        assert stranger.post(day.awards, data={"entry": "1"}).status_code == 404
    assert given() == {}


def test_nonsense_gives_nothing(day, browse):
    day.pull()
    director = browse(day.director)
    said = read(director.post(day.awards, data={"entry": "nobody"}, follow_redirects=True))
    assert "Noted." not in words(said)
    assert given() == {}


def test_looking_is_cheap(day, browse):
    day.pull()
    day.go_public()
    director = browse(day.director)
    with asked() as statements:
        director.soup(day.awards)
    assert len(statements.statements) <= 13
