"""Edits by hand at the destination on the review page: three values each, and the three ways on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from sync_jobs import approvals, times
from sync_jobs.models import Account, Approval, ResultDestination, ResultVersion, TimerTask, Waiver, db, write
from sync_jobs.review import packed
from sync_jobs.review.fingerprints import base_hash
from tests.dashboard.conftest import read, words
from tests.dashboard.test_review import press
from tests.sync_jobs.raceday import race_day


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 13))
    day.pull()
    day.go_public()
    day.base = f"/events/{day.sides.id}/results/{day.contest_id}"
    day.before = day.place().base_hash
    db.session.rollback()
    by_hand(day, lambda row: replace(row, gun_ms=1_860_000, last_name="Somebody") if row.bib == "5" else row)
    day.times(e12=2500)
    day.pull()
    return day


@pytest.fixture
def director(day, sign_in):
    return sign_in(db.session.get(Account, day.director.account_id))


def by_hand(day, edit):
    """Somebody edited rows there, and a publication that read them stopped at it."""
    destination_id = day.destination_id
    with write() as session:
        place = session.get_one(ResultDestination, destination_id)
        there = packed.unpack_set(place.base)
        there = replace(there, rows=tuple(edit(row) for row in there.rows))
        place.base, place.base_hash, place.drift = packed.pack_set(there), base_hash(there), "Bib 5 is not as we left it."


def the_only(model):
    db.session.rollback()
    return db.session.scalars(select(model)).one()


def drift_of(page):
    return page.select_one("#drift")


def test_each_edit_is_shown_three_ways_and_once(day, director):
    page = director.soup(day.base)
    said = words(drift_of(page))
    assert "Two things were changed at RunSignUp by hand" in said
    assert "Max Novakf (bib 5), gun time As we sent it: 38:55 There now: 31:00 About to be sent: 38:55" in said
    assert "name As we sent it: Max Novakf There now: Max Somebody About to be sent: Max Novakf" in said
    assert not [one for one in page.select("[data-card]") if "check V08" in words(one)], "it stands there already"
    assert not page.select("#sheet"), "nothing goes out before it is answered"


def test_theirs_are_kept_and_the_timer_is_asked(day, director):
    page = director.soup(day.base)
    question = drift_of(page).select_one("textarea").text
    assert question == (
        "Somebody changed at RunSignUp: Max Novakf (bib 5), name: Max Somebody instead of Max Novakf; "
        "Max Novakf (bib 5), gun time: 31:00 instead of 38:55. Is that right?"
    )
    assert press(director, drift_of(page), "/ask", words=question).status_code == 303
    task = the_only(TimerTask)
    assert (task.kind, task.bibs, task.words) == ("ask", ["5"], question)
    assert not director.soup(day.base).select("#sheet")


def test_what_scoring_takes_over_stands_against_nothing_any_more(day, director):
    by_hand(day, lambda row: replace(row, last_name="Novakf") if row.bib == "5" else row)
    day.result(5, results_gun_time="00:31:00")
    day.rank()
    day.pull()
    page = director.soup(day.base)
    assert "About to be sent: 31:00 (the same as there)" in words(drift_of(page))
    assert [card.severity for card in day.screen().cards if card.check_id == "V08"] == ["info"]
    for card in day.screen().cards:
        if card.is_open:
            approvals.waive(day.screen().version.version_id, card.finding_id, "video", "", day.director, times.now())
    assert not day.approve(day.screen()).overwrites


def test_ours_overwrite_it_on_somebodys_word_on_top_of_what_is_there_now(day, director):
    page = director.soup(day.base)
    unsaid = press(director, drift_of(page), "/waive", words="")
    assert "Say it in words" in words(director.soup(unsaid.location))
    assert press(director, drift_of(page), "/waive", words="The timer's video is right").status_code == 303
    assert the_only(Waiver).check_id == "V08"
    page = director.soup(day.base)
    assert f"Overwritten with the next publication, says {day.director.name}: “The timer's video is right”." in words(
        drift_of(page)
    )
    assert "2 edits by hand there are overwritten." in words(page.select_one("#sheet"))
    assert press(director, page, "/approve").status_code == 303
    db.session.rollback()
    approval = db.session.scalars(select(Approval).order_by(Approval.approval_id.desc())).first()
    assert (approval.overwrites, approval.state) == (1, "approved")
    assert approval.base_hash == day.place().base_hash != day.before


def test_an_edit_after_the_page_was_drawn_refuses_the_press(day, director):
    press(director, drift_of(director.soup(day.base)), "/waive", words="The timer's video is right")
    page = director.soup(day.base)
    by_hand(day, lambda row: replace(row, gun_ms=1_800_000) if row.bib == "6" else row)
    refused = press(director, page, "/approve")
    assert refused.status_code == 409
    assert "There now: 30:00" in words(drift_of(read(refused)))


def test_sent_back_it_waits_for_scoring(day, director):
    page = director.soup(day.base)
    assert drift_of(page).select_one('a[href="#send-back"]')
    press(director, page, "/send-back", words="Which time is right?", bibs="5")
    newest = approvals.screen(day.contest_id, day.destination_id, None, times.now()).version
    assert db.session.get(ResultVersion, newest.version_id).state == "sent_back"


def test_support_reads_it_and_answers_nothing(day, sign_in):
    page = sign_in(db.session.get(Account, day.support.account_id)).soup(day.base)
    assert "There now: 31:00" in words(drift_of(page))
    assert not drift_of(page).select("form, a")


def test_where_nobody_edited_nothing_is_said(app, clock, sign_in):
    clock.forward(minutes=-30)
    clean = race_day(*range(1, 13))
    clean.pull()
    clean.go_public()
    page = sign_in(db.session.get(Account, clean.director.account_id)).soup(f"/events/{clean.sides.id}/results/{clean.contest_id}")
    assert not page.select("#drift")
    assert clean.screen().edits == ()
