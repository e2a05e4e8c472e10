"""A publication of 500 rows killed at any call or commit: the next run ends it, each row once, hidden until complete."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, update

from sync_jobs import receipts
from sync_jobs.kit import client
from sync_jobs.models import Receipt, Run, db, write

POINTS = 50


class Killed(BaseException):
    """The worker is gone: nothing of ours runs any more."""


class Reaper:
    """Counts the instants at which a worker could die, and strikes at one: around each call, around each commit."""

    def __init__(self, strike: int | None = None) -> None:
        self.strike, self.seen = strike, 0

    def __call__(self, *_: object) -> None:
        self.seen += 1
        if self.seen == self.strike:
            raise Killed


@pytest.fixture
def people():
    return 500


@pytest.fixture
def reaper(monkeypatch):
    reaper = Reaper()
    send = client.Client._send

    def watched(self, request):
        reaper()
        reply = send(self, request)
        reaper()  # the provider has done it, and we shall never know
        return reply

    kind = type(db.session())
    commit = kind.commit

    def committed(self):
        reaper()
        commit(self)
        reaper()

    monkeypatch.setattr(client.Client, "_send", watched)
    monkeypatch.setattr(kind, "commit", committed)
    return reaper


def took_back():
    """What the reaper of runs does for a worker that fell silent."""
    db.session.rollback()
    with write() as session:
        session.execute(update(Run).where(Run.status == "running").values(status="pending", lease_owner=None, lease_until=None))


def survives(desk, reaper, point):
    """One attempt that dies at that instant, if it has so many. Whether it lived."""
    reaper.strike, reaper.seen = point, 0
    try:
        desk.work()
    except Killed:
        took_back_later = True
    else:
        took_back_later = False
    reaper.strike = None
    if took_back_later:
        took_back()
    return not took_back_later


def check(desk, number, rows):
    made, there = desk.publication(number), desk.there()
    (one,) = desk.listed()["sets"]
    assert made.state == "published"
    assert one["rows"] == len(rows) == len(there.rows)
    assert sorted(row.registration_key for row in there.rows) == sorted(row.registration_key for row in rows)
    assert (one["public_results"], desk.listed()["notifications"]) == ("T", 0)
    assert kept_receipts(number) == ["published"]
    assert receipts.verify(desk.destination().contest_id) is None
    assert desk.receipts[-1][2].is_equal is True


def kept_receipts(number):
    db.session.rollback()
    return list(db.session.scalars(select(Receipt.kind).where(Receipt.publication_id == number)))


@pytest.fixture
def chunked(monkeypatch):
    """Six posts for 500 rows."""
    monkeypatch.setattr("sync_jobs.providers.runsignup.RunSignUp.results_at_once", 84)


@pytest.fixture
def deeds(desk, monkeypatch):
    """What was done at the provider: the deed, how many rows it left, and whether that was public."""
    seen, again = [], desk.sandbox.results.again

    def watched(what, now, given):
        done = again(what, now, given)
        (one,) = desk.listed()["sets"]
        seen.append((what, one["rows"], one["public_results"]))
        return done

    monkeypatch.setattr(desk.sandbox.results, "again", watched)
    return seen


@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_a_kill_at_each_instant_of_a_first_publication(desk, reaper, chunked, deeds, point):
    rows = desk.rows()
    number = desk.approve(rows)
    desk.ask()
    assert not survives(desk, reaper, point), "there are fewer instants than that"
    if desk.run(desk.ask()).status == "pending":
        desk.work()
    check(desk, number, rows)
    assert {held for _, held, public in deeds if public == "T"} == {len(rows)}, "nobody saw half of it"


def test_a_publication_asks_for_no_more_than_it_must(desk):
    """Sets before, a set, its points, the rows, a page more than is full, the flags, and a look at them."""
    assert desk.publish(desk.rows()).state == "published"
    asked = [f"{call.method} {call.path.rsplit('/', 1)[-1]}" for call in desk.sandbox.requests]
    assert asked == [
        "GET get-result-sets", "POST new-result-set", "POST result-set-splits", "POST full-results", "GET get-results",
        "GET get-results", "POST edit-result-set", "GET get-result-sets",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_kill_after_kill(desk, reaper, chunked, deeds, seed):
    rows, dice = desk.rows(), random.Random(seed)
    number = desk.approve(rows)
    desk.ask()
    lives = sum(
        1 for _ in range(60) if desk.publication(number).state != "published" and survives(desk, reaper, dice.randrange(1, 25))
    )
    if desk.publication(number).state != "published":
        desk.work()
    assert lives <= 1
    check(desk, number, rows)
    assert {held for _, held, public in deeds if public == "T"} == {len(rows)}


@pytest.mark.parametrize("seed", range(6))
def test_kills_of_a_correction_that_takes_somebody_off(desk, reaper, chunked, deeds, seed):
    """It is hidden, emptied and filled again: at every instant complete, or hidden."""
    rows, dice = desk.rows(), random.Random(seed)
    assert desk.publish(rows, "official").state == "published"
    del deeds[:]
    number = desk.approve(rows[:-7], "correction")
    desk.ask()
    for _ in range(8):
        if desk.publication(number).state != "published":
            survives(desk, reaper, dice.randrange(1, 45))
    if desk.publication(number).state != "published":
        desk.work()
    check(desk, number, rows[:-7])
    assert {held for _, held, public in deeds if public == "T"} <= {len(rows), len(rows) - 7}


@pytest.mark.parametrize("seed", range(6))
def test_kills_of_a_taking_down(desk, reaper, chunked, seed):
    assert desk.publish(desk.rows(), "official").state == "published"
    number, dice = desk.approve([], "retraction"), random.Random(seed)
    desk.ask()
    survives(desk, reaper, dice.randrange(1, 15))
    if desk.publication(number).state != "published":
        desk.work()
    assert (desk.publication(number).state, desk.listed()["sets"][0]["public_results"]) == ("published", "F")
    assert kept_receipts(number) == ["retracted"]
