"""Queues: depth and age from the database, workers with their heartbeat, what the old system left."""

from datetime import timedelta

from sync_jobs.models import DoneMinute, Process
from tests.factories import keep, make_connection, make_edition, make_run
from tests.pages import answer, live, row, words


def worker(now, number, silent=0, **given):
    beat = now - timedelta(seconds=silent)
    keep(Process(name=f"worker:{number}", kind="worker", host="tent", pid=number, started_at=now, beat_at=beat, **given))


def card(page, title):
    return next(words(card) for card in page.select("section.card") if card.h2 and words(card.h2) == title)


def test_what_waits_and_since_when(people, sign_in, clock):
    connection = make_connection(people.company)
    make_run(connection, due_at=clock() - timedelta(minutes=6))
    make_run(connection, "participants", people.edition, due_at=clock() + timedelta(minutes=4))
    worker(clock(), 1)
    page = sign_in(people.support).soup("/queues")
    assert answer(page) == "One run waits, the oldest for 6 min"
    assert live(page)["data-worst"] == "bad"
    assert "Event list · Runsignup" in card(page, "Next")
    assert "tries again in 4 min" in card(page, "Later")


def test_what_nobody_could_take_now_is_held_back_and_makes_no_depth(people, sign_in, clock):
    early = clock() - timedelta(minutes=40)
    throttled = make_connection(people.company, throttled_until=clock() + timedelta(minutes=9))
    make_run(throttled, due_at=early)
    make_run(make_connection(people.company, state="paused"), due_at=early)
    busy = make_connection(people.company)
    make_run(busy, status="running", claimed_at=clock())
    make_run(busy, due_at=early)  # the same target, asked for while it runs
    make_run(make_connection(people.company), due_at=clock() + timedelta(minutes=4))  # not yet
    make_run(make_connection(people.company, name="Free"), due_at=clock() - timedelta(seconds=5))
    worker(clock(), 1)
    browser = sign_in(people.support)
    page = browser.soup("/queues")
    assert answer(page) == "One run waits, the oldest for 5 s"
    assert live(page)["data-worst"] == "good"
    assert "1 due and waiting 3 held back" in words(page)
    assert len(page.select("section.card li .title")) == 6
    assert "Event list · Free" in card(page, "Next")
    assert "the provider asks us to wait 9 min more" in card(page, "Later")
    queue = words(browser.soup("/").find("section", attrs={"aria-label": "Queue"}))
    assert "1 waiting 5 s oldest" in queue


def test_workers_take_what_starts_soonest_first(people, sign_in, clock):
    connection = make_connection(people.company)
    for name, days, priority in (("Far", 9, 5), ("Near", 1, 5), ("Pressed", 30, 1)):
        edition = make_edition(people.company, name, starts_at=clock() + timedelta(days=days))
        make_run(connection, "participants", edition, priority=priority, due_at=clock())
    page = sign_in(people.support).soup("/queues")
    order = [words(title).split(" · ")[1] for title in page.select("section.card li .title")]
    assert order == ["Pressed", "Near", "Far"]


def test_a_worker_without_a_sign_of_life_is_not_counted_on(people, sign_in, clock):
    run = make_run(make_connection(people.company), status="running", claimed_at=clock())
    worker(clock(), 1, silent=4, run_id=run.run_id)
    worker(clock(), 2, silent=91)
    worker(clock(), 3, stopped_at=clock())
    page = sign_in(people.support).soup("/queues")
    assert "Workers 1 of 2" in card(page, "Workers")
    assert f"working at run {run.run_id}" in words(row(page, "tent · 1", "li"))
    assert "▲" in words(row(page, "no sign", "li"))


def test_waiting_without_workers_is_loud(people, sign_in, clock):
    make_run(make_connection(people.company), due_at=clock())
    page = sign_in(people.support).soup("/queues")
    assert answer(page) == "One run waits and no worker is there"
    assert live(page)["data-worst"] == "bad"
    assert "No worker is running" in words(page)


def test_done_lately(people, sign_in, clock):
    keep(DoneMinute(minute=clock() - timedelta(minutes=2), timing_partner_id=1, status="completed", ended=40))
    keep(DoneMinute(minute=clock() - timedelta(minutes=2), timing_partner_id=1, status="failed", ended=2))
    assert "42 done in 10 min 2 of them failed" in words(sign_in(people.support).soup("/queues"))


def test_the_old_systems_rows_are_shown_and_never_run(people, sign_in):
    connection = make_connection(people.company)
    make_run(connection, target="", lock_name="", due_at=None, event_id="77", created_at="2025-10-01 10:00:00")
    page = sign_in(people.support).soup("/queues")
    assert "event 77 written 2025-10-01 10:00:00" in card(page, "From the old system")
    assert "0 due and waiting" in words(page)
    assert answer(page) == "No worker is there, and nothing waits"
