"""The review page's reading: complete, in few statements, fast enough for 5,000 finishers, and writing nothing."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from sync_jobs import approvals, contest_map, times
from sync_jobs.approvals import NotAllowed
from sync_jobs.models import db, write
from tests.sync_jobs.hub import statements
from tests.sync_jobs.raceday import START, race_day


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 13))


def test_who_wins_and_whether_everybody_is_there(day):
    day.sides.sign_up(day.ours, 990, "Una Known", bib_num="99")
    day.result(11, results_gun_time="", results_time="")
    with write() as session:
        session.execute(text("UPDATE ct_participants SET entry_status = 'DNF' WHERE entry_id = '11'"))
        session.execute(text("UPDATE entry_links SET ended_at = 1 WHERE entry_key = '12'"))
    day.pull()
    shown = day.screen()
    assert [(one.name, [winner.row.bib for winner in one.winners]) for one in shown.podiums[:2]] == [
        ("Men", ["2", "4", "6"]), ("Women", ["1", "3", "5"]),
    ]  # fmt: skip
    assert all(winner.goes_out for one in shown.podiums for winner in one.winners)
    tally = shown.tally
    assert tally.registered == sum(tally.by_status.values()) + tally.unknown == 13
    assert (tally.by_status["FINISHED"], tally.unmatched, tally.last_finisher.bib) == (10, 1, "12")
    assert (tally.gap_ms, tally.gap_after.bib) == (14_000, "10")


def test_a_winner_who_does_not_go_out_here_stands_on_the_podium_and_it_says_so(day):
    with write() as session:
        session.execute(text("UPDATE entry_links SET ended_at = 1 WHERE entry_key = '2'"))
    day.pull()
    men = day.screen().podiums[0]
    assert [(one.row.bib, one.place, one.goes_out) for one in men.winners] == [("2", 1, False), ("4", 2, True), ("6", 3, True)]


def test_the_other_clock_says_where_its_order_is_another(day):
    day.result(4, results_time="00:30:00")
    day.pull()
    men = day.screen().podiums[0]
    assert [(one.place, one.other_place) for one in men.winners] == [(1, 2), (2, 1), (3, None)]


def test_before_anything_was_read_and_before_the_map(app, clock):
    day = race_day()
    empty = approvals.screen(day.contest_id, None, None, times.now())
    assert (empty.version, empty.state, empty.act, empty.offers) == (None, "nothing", None, ())
    day.run(1, 2, 3)
    pair = db.session.scalar(text("SELECT pair_id FROM contest_map"))
    db.session.rollback()
    contest_map.refuse(day.sides.id, pair, by="Ada", now=times.now(), reason="So.")
    version = day.pull()
    lost = approvals.screen(day.contest_id, None, None, times.now())
    assert (lost.place, lost.offers, lost.version.version_id) == (None, (), version)
    assert "Match the distances" in lost.why


def test_a_newer_version_is_named_and_the_page_stays_on_its_own(day):
    first = day.pull()
    day.run(20)
    day.times(e3=2400)
    second = day.pull()
    shown = day.screen(first)
    assert (shown.version.version_id, shown.newer.version_id, shown.newer.is_same) == (first, second, False)
    assert "1 added" in shown.newer.sentence
    assert "1 changed row" in shown.newer.sentence
    assert day.screen().newer is None


def test_nothing_of_another_contest_is_shown(day):
    day.pull()
    other = day.sides.scored("5K Run", 2, starts_at=START)
    with pytest.raises(NotAllowed):
        approvals.screen(other.contest_id, day.destination_id, None, times.now())
    with pytest.raises(NotAllowed):
        approvals.screen(other.contest_id, None, 1, times.now())


def test_5000_finishers_in_few_statements_and_about_a_second(app, clock):
    day = race_day(*range(1, 5001))
    day.pull()
    day.go_public()
    day.run(5001)
    day.pull()
    seen = statements(db.engine)
    began = time.process_time()  # not how long others kept the machine busy
    shown = day.screen()
    took = time.process_time() - began
    assert (shown.rows, len(shown.difference.added)) == (5001, 1)
    asked = [one for one in seen if not one.startswith(("BEGIN", "PRAGMA"))]
    assert len(asked) <= 60, len(asked)
    assert not [one for one in asked if one.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert took < 3, took
