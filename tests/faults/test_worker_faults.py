"""Workers die at every place: rows 1, 8, 9, 10, 11, 13, 14 and 18. The run goes on elsewhere, where it was, and alone."""

from __future__ import annotations

import threading

import psutil
import pytest
from flask import current_app
from sqlalchemy import select

from sync_jobs import jobs, times
from sync_jobs.models import Process, Run, db, write
from sync_jobs.settings import settings
from tests.faults.house import Rivals

pytestmark = pytest.mark.faults
PAGE = 20  # rows; an edition has 120, so six full pages and the look behind the last


@pytest.fixture
def slow_pages(house):
    """Each page small, and each takes a while: there is time to kill somebody between two."""
    house.hub.sandbox.faults.add("page_cap", PAGE, path="participants")
    return house.hub.sandbox.faults.add("slow", 300, path="participants")


def at_third_page(house, run_id):
    house.until(lambda: house.run(run_id).pages_done >= 2, "two pages are written")


def resumed_and_complete(house, run_id, statuses):
    """The second attempt went on where the first was; everybody is there once; the first attempt is in the history."""
    house.until_done(run_id)
    assert house.attempts(run_id) == statuses
    run = house.run(run_id)
    assert (run.rows_new, run.rows_changed, run.rows_read) == (120, 0, 120)
    assert len(house.hub.held()) == 120
    asked = house.pages_asked()
    assert asked.count("0") == 1, "the first page was read again"
    assert len(asked) <= len(set(asked)) + 1, "more than the interrupted page was read again"


def test_row01_the_web_dies_between_its_commit_and_the_hint(house):
    run_id = house.write(house.hub.editions()[0])
    house.start_worker()
    house.start_dispatcher()
    house.until_done(run_id)
    assert house.attempts(run_id) == ["completed"]


def test_row08_two_rows_of_one_target_and_six_rivals(house):
    first, twin = (house.write(edition) for edition in house.hub.editions()[:2])
    with write() as session:
        session.get_one(Run, twin).lock_name = session.get_one(Run, first).lock_name
    rivals = Rivals(house, 6, "claiming")
    claimed = [run_id for run_id in rivals.compete() if run_id is not None]
    states = sorted(house.run(run_id).status for run_id in (first, twin))
    assert rivals.end() == 0
    assert len(claimed) == 1
    assert states == ["pending", "running"]


def test_row09_the_worker_is_killed_and_its_child_lives_no_longer(house, slow_pages):
    worker = house.start_worker()
    house.start_dispatcher()
    run_id = house.write(house.hub.editions()[0])
    at_third_page(house, run_id)
    child = house.horse(worker)
    house.kill(worker)
    psutil.wait_procs([child], timeout=1)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    house.until(lambda: house.run(run_id).status != "running", "the dead worker's run is taken back, at once")
    house.start_worker()
    resumed_and_complete(house, run_id, ["lost", "completed"])
    assert house.run(run_id).crashes == 1


def test_row10_worker_and_child_are_killed(house, slow_pages):
    worker = house.start_worker()
    house.start_dispatcher()
    run_id = house.write(house.hub.editions()[0])
    at_third_page(house, run_id)
    house.horse(worker).kill()
    house.kill(worker)
    house.start_worker()
    resumed_and_complete(house, run_id, ["lost", "completed"])


def works_on():
    """What the workers' signs of life say that they do."""
    return set(db.session.scalars(select(Process.run_id).where(Process.kind == "worker")))


def test_row11_the_child_is_killed(house, slow_pages):
    worker = house.start_worker()
    house.start_dispatcher()
    run_id = house.write(house.hub.editions()[0])
    at_third_page(house, run_id)
    assert works_on() == {run_id}
    house.horse(worker).kill()
    resumed_and_complete(house, run_id, ["lost", "completed"])
    house.until(lambda: works_on() == {None}, "the worker shows that it rests")
    assert worker.alive, "a child's death must not end its worker"
    assert worker.deaths == 0


def test_row13_a_worker_dies_between_taking_a_hint_and_beginning(house):
    run_id = house.write(house.hub.editions()[0])
    dying = house.start_worker(actor=("dying",))
    assert jobs.hint(run_id)
    house.until(lambda: not dying.alive, "the worker has died with the hint in hand")
    house.kill(dying)
    assert house.run(run_id).status == "pending"
    house.start_worker()
    house.start_dispatcher()
    house.until_done(run_id)
    assert house.attempts(run_id) == ["completed"]


def test_row14_a_run_that_kills_its_workers_is_ended_after_three(house):
    deadly, harmless = (house.write(edition) for edition in house.hub.editions()[:2])
    house.start_worker(actor=("poisoned", str(deadly)))
    house.start_dispatcher()
    house.until(house.has(deadly, "failed"), "the deadly run has failed")
    house.until_done(harmless)
    run = house.run(deadly)
    assert (run.crashes, run.error_kind, house.attempts(deadly)) == (settings().most_crashes, "poison", ["lost"] * 3)


def test_row18_support_retries_twice_while_running_and_after_success(house, slow_pages):
    run_id = house.write(house.hub.editions()[0])
    with write() as session:
        session.get_one(Run, run_id).status = "failed"
    app, barrier, answers = current_app._get_current_object(), threading.Barrier(8), []

    def press():
        with app.app_context():
            barrier.wait()
            answers.append(jobs.retry(run_id, "Sam", times.now()))
            db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
    house.start_worker()
    house.until(house.has(run_id, "running"), "it is running")
    assert jobs.retry(run_id, "Sam", times.now()) is False
    house.until_done(run_id)
    assert jobs.retry(run_id, "Sam", times.now()) is False
    assert house.attempts(run_id) == ["completed"]
