"""Publishing when everything goes wrong: rows 12, 15, 16 and 19, workers killed anywhere in 500 rows, and Redis wiped.

Whatever happens, it ends by itself: each row there once, nobody saw half of it, one receipt says so, and the chain holds.
"""

from __future__ import annotations

import random
import signal
from collections import Counter

import psutil
import pytest
from sqlalchemy import select

from sync_jobs import approvals, jobs, times
from sync_jobs.models import Publication, db
from sync_jobs.settings import settings
from tests.faults.publishing import CHUNK, desk_over, race
from tests.faults.test_redis_faults import redis_child

pytestmark = pytest.mark.faults
SLOW = 60  # milliseconds of every call for results: time to die in


@pytest.fixture(scope="module")
def house_of_desks():
    with race() as found, desk_over(*found) as desk:
        yield desk


@pytest.fixture
def desk(house_of_desks):
    """One house for all: what one test published, the next publishes anew, without one more person."""
    yield house_of_desks
    house_of_desks.calm_down()


@pytest.fixture
def slow(desk):
    desk.faults.add("slow", SLOW, provider="runsignup", path="results")


# Row 15: done, and we never heard of it. First of all, since a set is made only once


@pytest.mark.parametrize("fault", ["lost_reply", "late_500"])
def test_row15_every_third_answer_is_lost_after_it_was_done(desk, fault):
    for after in range(1, 12, 3):
        desk.faults.add(fault, provider="runsignup", path="results/", after=after, calls=1)
    number = desk.approve()
    desk.until_published(number)
    desk.is_right(number)
    assert len(desk.listed()["sets"]) == 1, "a set of which we never heard is found again"
    assert set(desk.posted.values()) == {1}, "what was stored is seen, and not sent again"


# Row 12: a worker that stands still past its lease


def overtaken(desk, where):
    """A publication whose worker stopped itself before a post, and was overtaken by the other: and the frozen process."""
    desk.freeze(where, "full-results")
    number = desk.approve()
    child = desk.house.until(lambda: standing_still(desk), "the worker stands still")
    desk.until_published(number)
    return number, child


def standing_still(desk):
    return next((child for _, child in desk.at_work() if child.status() == psutil.STATUS_STOPPED), None)


def thawed(desk, child):
    child.send_signal(signal.SIGCONT)
    desk.house.until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "it has given up")


def test_row12_frozen_past_its_lease_before_it_asks_anything(desk):
    number, child = overtaken(desk, "look")
    posts = desk.calls("full-results")
    thawed(desk, child)
    assert desk.calls("full-results") == posts, "who is overtaken asks nothing any more"
    desk.is_right(number)
    assert desk.attempts() == ["lost", "completed"]


def test_row12_frozen_between_the_look_at_its_lease_and_the_call(desk):
    """Nothing of ours can hold that call back. Whoever has a registration is there once; who is nameless may stand there twice,
    which is found before anything else goes out, and put right once somebody approves on top of it.
    """
    number, child = overtaken(desk, "send")
    posts = desk.calls("full-results")
    thawed(desk, child)
    assert desk.calls("full-results") == posts + 1, "this was to be the call that nobody can hold back"
    assert max(Counter(row.key for row in desk.rows() if row.registration_key).values()) == 1
    desk.is_proven(number, ["published"])
    again = desk.approve()
    desk.house.until(lambda: desk.publication(again).state == "drifted", "what was changed there is found")
    number = desk.approve()
    desk.until_published(number)
    desk.public.clear()
    desk.is_right(number)


# Row 16: throttled, broken, slow


def test_row16_throttling_is_waited_out_and_costs_no_error(desk):
    desk.faults.add("throttled", 1, provider="runsignup", path="full-results", after=1, calls=2)
    number = desk.approve()
    desk.until_published(number)
    desk.is_right(number)
    assert desk.run().errors == 0
    assert set(desk.posted.values()) == {1}


def test_row16_an_error_and_an_answer_that_takes_too_long(desk):
    desk.faults.add("status", 500, provider="runsignup", path="full-results", after=1, calls=1)
    desk.faults.add("slow", 5000, provider="runsignup", path="get-results", calls=1)  # more than a call may take in all
    number = desk.approve()
    desk.until_published(number)
    desk.is_right(number)
    assert desk.attempts() == ["retrying", "completed"], "a reading is tried again at once, a post only after a look"


# Row 19: retried after half


def test_row19_a_retry_after_half_a_publication_goes_on_from_there(desk):
    desk.faults.add("status", 400, provider="runsignup", path="full-results", after=3)
    number = desk.approve()
    desk.house.until(lambda: desk.run().status == "failed", "it has failed")
    assert desk.publication(number).state in {"failed", "partial"}
    (one,) = desk.listed()["sets"]
    assert (one["rows"], one["public_results"]) == (3 * CHUNK, "F"), "half of it, and nobody sees it"
    ended = [receipt.kind for receipt in desk.receipts(number)]
    assert len(ended) == 1
    desk.faults.clear()
    assert jobs.retry(desk.run().run_id, "Sam", times.now())
    desk.until_published(number)
    desk.is_right(number, kinds=[*ended, "published"])
    assert set(desk.posted.values()) == {1}


# Killed


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again_in_the_middle(desk, slow, seed):
    """A worker or its child, after any call, twice: a third time would be its last."""
    dice = random.Random(seed)
    number, struck = desk.approve(), 0
    for _ in range(settings().most_crashes - 1):
        at = desk.calls() + dice.randrange(1, 6)
        desk.house.until(lambda at=at: desk.calls() >= at or desk.is_over(number), "it goes on")
        struck += desk.strike(dice.random() < 0.4)
    desk.until_published(number)
    desk.is_right(number)
    assert struck, "this was to kill somebody"
    assert Counter(desk.attempts())["lost"] <= struck


def test_asked_ten_times_it_goes_out_once(desk):
    number = desk.approve()
    run_id = db.session.scalar(select(Publication.run_id).where(Publication.publication_id == number))
    for _ in range(10):
        assert jobs.hint(run_id)
    desk.until_published(number)
    desk.house.until(lambda: jobs.queue(jobs.SYNC_QUEUE).count == 0, "all ten hints were taken")
    desk.is_right(number)
    assert (desk.run().run_id, desk.attempts()) == (run_id, ["completed"])
    assert set(desk.posted.values()) == {1}


def test_redis_is_wiped_and_every_worker_killed_in_the_middle(desk, slow):
    number = desk.approve()
    desk.house.until(lambda: desk.publication(number).chunks_done >= 1, "rows are there")
    desk.house.kill(redis_child(desk.house))
    for worker in desk.workers:
        desk.house.kill(worker, for_good=False)
    desk.house.wipe_redis()
    desk.house.start_redis()
    desk.until_published(number)
    desk.is_right(number)


def test_taken_down_while_it_goes_out_and_killed(desk, slow):
    number = desk.approve()
    desk.house.until(lambda: desk.publication(number).chunks_done >= 1, "rows are there")
    down = approvals.retract(desk.day.destination_id, "Wrong distance.", desk.day.director, times.now()).publication_id
    desk.strike(whole=True)
    desk.until_published(down)
    assert {one["public_results"] for one in desk.listed()["sets"]} == {"F"}
    assert desk.publication(number).state == "failed"
    assert [one.kind for one in desk.receipts(down)] == ["retracted"]
    assert desk.chain_holds()
