"""A line of a start list that gets no proper answer: the others arrive, it is tried again so often, then a person is asked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sync_jobs import ledger, pull, push, start_lists, times
from sync_jobs.models import Run, StartListLine, db
from sync_jobs.settings import settings
from sync_jobs.start_list import MOST_TRIES
from tests.stories.test_pairs import chain

__all__ = ["chain"]
BOTH = [("runsignup", "chronotrack"), ("haku", "copernico")]
BAD = ("Bad", "Worse", "Worst", "Vile")


@pytest.fixture
def sending(chain):
    """Writing is on, and everybody is where they belong."""
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    chain.sandbox.faults.add("poison", "Poison", provider=chain.scoring.provider_name)
    return chain


both = pytest.mark.parametrize("chain", BOTH, indirect=True, ids="-".join)
chrono = pytest.mark.parametrize("chain", BOTH[:1], indirect=True, ids="-".join)


def push_once(chain):
    """One attempt of the start list's run, and how it stands after it."""
    ledger.request(chain.scoring, "start_list", edition=chain.edition, trigger="manual", by="Pat", now=times.now())
    claim = ledger.claim(times.now())
    assert claim.operation == "start_list"
    with ledger.Lease(claim) as lease:
        pull.run(claim, lease, None, {"start_list": push.start_list_of})
    run = db.session.get_one(Run, claim.run_id, populate_existing=True)
    db.session.rollback()
    return run


def register(chain, first, last):
    chain.tell("register", provider=chain.registration.provider_name, first_name=first, last_name=last)


def read_registrations(chain):
    chain.clock.forward(minutes=5)
    ledger.request(chain.registration, "participants", edition=chain.edition, trigger="manual", by="Pat", now=times.now())
    claim = ledger.claim(times.now())
    with ledger.Lease(claim) as lease:
        pull.run(claim, lease, None)


def lines(chain):
    db.session.rollback()
    found = db.session.scalars(select(StartListLine).order_by(StartListLine.line_id)).all()
    return {(line.wanted or line.told)["first_name"]: line for line in found}


@both
def test_a_line_without_an_answer_keeps_nobody_waiting_and_is_tried_so_often(sending):
    for first, last in (("Good", "Quist"), ("Bad", "Poison"), ("Better", "Quist")):
        register(sending, first, last)
    read_registrations(sending)
    runs = [push_once(sending) for _ in range(2)]  # a batch is taken apart by the second try
    assert [(run.status, run.error_kind) for run in runs] == [("pending", "down")] * 2
    assert [lines(sending)[name].state in {"sent", "there"} for name in ("Good", "Bad", "Better")] == [True, False, True]
    assert lines(sending)["Bad"].state == "refused"
    assert lines(sending)["Bad"].why.endswith("gave no proper answer (HTTP 500). Tried 2 times; it is tried again by itself.")
    while runs[-1].status == "pending":
        runs.append(push_once(sending))
    assert (runs[-1].status, len(runs), runs[-1].rows_aside) == ("completed", settings().most_errors, 1)
    further = [push_once(sending) for _ in range(MOST_TRIES - len(runs))]
    assert {run.status for run in further} == {"completed"}
    assert len({run.run_id for run in further}) == len(further), "once with each next run"
    assert lines(sending)["Bad"].why.endswith(f"Tried {MOST_TRIES} times; it waits for a person.")
    told = sending.writes()
    assert push_once(sending).status == "completed"
    assert sending.writes() == told, "nobody asked for it again"
    sending.sandbox.faults.clear()
    assert start_lists.try_again(lines(sending)["Bad"].line_id, None, "Pat", times.now())
    push_once(sending)
    assert (lines(sending)["Bad"].state, lines(sending)["Bad"].tries) == ("sent", 0)


@chrono
def test_any_number_of_such_lines_keeps_nobody_waiting(sending):
    for first in BAD:
        register(sending, first, "Poison")
    register(sending, "Good", "Quist")
    read_registrations(sending)
    before = sending.writes()
    push_once(sending)
    assert sending.writes() == before + push.SILENT, "a provider that answers nobody is not asked for everybody"
    push_once(sending)
    assert lines(sending)["Good"].state == "sent"
    assert {lines(sending)[name].state for name in BAD} == {"refused"}


@chrono
def test_a_yes_outlives_a_silence(sending):
    key = sending.register(bib=512)
    sending.cycle()
    sending.cycle()
    sending.tell("remove", provider="runsignup", registration=int(key))
    sending.clock.forward(hours=21)
    sending.cycle()
    assert (sending.line().state, sending.line().step) == ("waiting", "withdraw")
    sending.sandbox.faults.add("status", 500, provider="chronotrack", path="api/entry/")
    assert start_lists.decide(sending.line().line_id, None, "approved", "Pat", times.now())
    push_once(sending)
    assert (sending.line().state, sending.line().tries) == ("approved", 1)
    sending.sandbox.faults.clear()
    push_once(sending)
    assert sending.line().state == "withdrawn"


@chrono
def test_a_provider_that_answers_nobody_fails_the_run(sending):
    for number in range(push.SILENT + 1):
        register(sending, f"Some{number}", "Poison")
    read_registrations(sending)
    tries = [push_once(sending) for _ in range(settings().most_errors)]
    assert (tries[-1].status, tries[-1].error_kind) == ("failed", "down")
    sending.sandbox.faults.clear()
    push_once(sending)
    assert {line.state for name, line in lines(sending).items() if name.startswith("Some")} == {"sent"}
