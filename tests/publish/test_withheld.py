"""What somebody hides, holds or maps anew while a publication is under way: no later attempt shows it; taking down goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_jobs import times
from sync_jobs.models import Contest, HiddenName, Hold, ResultDestination, write
from sync_jobs.publish import keeping
from tests.factories import keep, make_account


def dana():
    return {"by_account": make_account("support").account_id, "by_name": "Dana", "at": times.now()}


def hide(desk):
    destination = desk.destination()
    keep(
        HiddenName(
            timing_partner_id=destination.timing_partner_id, contest_id=destination.contest_id, entry_key="e3",
            reason="Asked by phone.", **dana(),
        )
    )  # fmt: skip


def hold(desk):
    contest_id = desk.destination().contest_id
    keep(Hold(contest_id=contest_id, entry_key="e3", reason="other", words="Cut.", **dana()))


@pytest.mark.parametrize("withhold", [hide, hold])
def test_a_name_that_is_hidden_while_it_waits_to_go_on_is_never_shown(desk, clock, withhold):
    number = desk.approve(desk.rows())
    run_id = desk.ask()
    fault = desk.sandbox.faults.add("status", 503, provider="runsignup", path="edit-result-set")
    assert desk.work().status == "pending"
    desk.sandbox.faults.clear(fault)
    withhold(desk)
    clock.forward(hours=1)
    desk.work()
    made = desk.publication(number)
    assert (desk.run(run_id).status, made.state, made.why) == ("failed", "partial", keeping.WITHHELD)
    assert desk.listed()["sets"][0]["public_results"] == "F"
    assert desk.receipts[-1][1] == "partial"


def test_what_goes_out_with_the_name_hidden_is_not_stopped(desk):
    hide(desk)
    rows = desk.rows()
    rows[2] = replace(rows[2], first_name="Anonymous", last_name="")
    assert desk.publish(rows).state == "published"


def test_taking_down_goes_on_where_the_map_leads_to_another_distance_by_now(desk):
    desk.publish(desk.rows())
    number = desk.approve([], "retraction")
    with write() as session:
        contest = session.get_one(Contest, session.get_one(ResultDestination, desk.destination_id).registration_contest_id)
        contest.provider_contest_id = "987654"
    desk.ask()
    desk.work()
    assert (desk.publication(number).state, desk.destination().visibility) == ("published", "retracted")
    assert desk.listed()["sets"][0]["public_results"] == "F"
