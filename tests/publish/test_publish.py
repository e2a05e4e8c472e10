"""Publications seen to their end: hidden until proven, each row once, nobody told unasked, nothing left silently."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_jobs import jobs, ledger, times
from sync_jobs.models import Publication, PublicationPayload, ResultDestination, write
from sync_jobs.providers import ADAPTERS
from sync_jobs.review.packed import Payload, pack


def test_a_first_publication_is_hidden_until_it_is_proven(desk):
    rows = desk.rows()
    made = desk.publish(rows)
    (one,) = desk.listed()["sets"]
    assert (made.state, made.step, made.why) == ("published", "done", None)
    assert desk.shown() == [desk_shown(row) for row in rows if row.place] + [desk_shown(row) for row in rows if not row.place]
    assert (one["public_results"], one["preliminary_results"], one["disable_notifications"]) == ("T", "T", "T")
    assert desk.listed()["notifications"] == 0
    destination = desk.destination()
    assert (destination.visibility, destination.live_version_id, destination.set_id) == ("preliminary", 1, str(one["set"]))
    ((_, kind, proof, execution),) = desk.receipts
    assert (kind, proof.is_equal, proof.visibility_before, proof.visibility_after) == ("published", True, "hidden", "preliminary")
    assert (execution.attempts, execution.accepted, proof.differences) == (1, len(rows), ())


def desk_shown(row):
    return ADAPTERS["runsignup"].shown(row)


def test_official_is_a_publication_of_its_own_that_sends_no_row(desk):
    desk.publish(desk.rows())
    desk.sandbox.requests.clear()
    made = desk.publish(desk.rows(), "official")
    assert made.state == "published"
    assert desk.calls("full-results") == 0
    assert desk.destination().visibility == "official"
    assert desk.listed()["sets"][0]["preliminary_results"] == "F"


def test_a_correction_sends_only_what_differs_and_clears_a_split(desk):
    desk.publish(desk.rows(), "official")
    changed = desk.rows()
    changed[4] = replace(changed[4], gun_ms=999_000, splits=())
    changed[6] = replace(changed[6], status="DQ", gun_ms=None, chip_ms=None, place=None)
    desk.sandbox.requests.clear()
    made = desk.publish(changed, "correction")
    assert (made.state, made.chunks, desk.calls("full-results")) == ("published", 1, 1)
    assert sorted(map(str, desk.shown())) == sorted(str(desk_shown(row)) for row in changed)
    assert desk.receipts[-1][3].accepted == len(changed)


def test_whoever_is_left_out_goes_only_with_all_and_the_set_is_hidden_meanwhile(desk):
    desk.publish(desk.rows(), "official")
    without = desk.rows()[:-3]
    made = desk.publish(without, "correction")
    assert made.state == "published"
    assert len(desk.there().rows) == len(without)
    deeds = [answer["call"] for answer in made.notes["answers"]]
    assert deeds.index("flags") < deeds.index("emptied") < deeds.index("rows")
    assert desk.destination().visibility == "official"


def test_a_name_that_is_hidden_is_not_the_registrations(desk):
    """Incident 27."""
    rows = desk.rows()
    desk.publish(rows, "official")
    hidden = [replace(rows[0], first_name="Anonymous", last_name=""), replace(rows[1], first_name="A.", last_name="B."), *rows[2:]]
    assert desk.publish(hidden, "correction").state == "published"
    first = {row.place: row for row in desk.there().rows}
    assert (first[1].first_name, first[1].registration_key, first[1].bib) == ("Anonymous", None, None)
    assert (first[2].first_name, first[2].last_name, first[2].gun_ms) == ("A.", "B.", rows[1].gun_ms)
    assert len(desk.there().rows) == len(rows)


def test_messages_go_out_only_where_somebody_asked_and_once(desk):
    """Incident 15."""
    finishers = sum(row.status == "FINISHED" for row in desk.rows())
    assert desk.publish(desk.rows(), "official").state == "published"
    assert desk.listed()["notifications"] == 0
    assert desk.publish(desk.rows(), "official", tells=True).state == "published"
    assert desk.listed()["notifications"] == finishers
    changed = [replace(desk.rows()[0], gun_ms=990_000), *desk.rows()[1:]]
    desk.publish(changed, "correction")
    assert desk.listed()["notifications"] == finishers
    assert desk.listed()["sets"][0]["disable_notifications"] == "T"


def test_taking_down_hides_first_and_needs_nothing_to_be_as_it_was(desk):
    desk.publish(desk.rows(), "official")
    desk.by_hand("edit_result", bib=1, clock_time="0:11:11.000")
    desk.sandbox.requests.clear()
    made = desk.publish([], "retraction")
    assert made.state == "published"
    assert (desk.listed()["sets"][0]["public_results"], desk.destination().visibility) == ("F", "retracted")
    assert [call.path.rsplit("/")[-1] for call in desk.sandbox.requests][:2] == ["get-result-sets", "edit-result-set"]
    assert desk.receipts[-1][1] == "retracted"
    assert desk.publish(desk.rows(), "correction").state == "published"
    assert desk.destination().visibility == "official"


def test_a_then_b_then_a_really_sends_a_again(desk):
    """Incident 20."""
    a = desk.rows()
    b = [replace(a[0], gun_ms=900_000), *a[1:]]
    for rows in (a, b, a):
        assert desk.publish(rows, "official" if rows is a else "correction").state == "published"
        assert {row.place: row.gun_ms for row in desk.there().rows if row.place}[1] == rows[0].gun_ms


# Somebody else was there


def test_a_destination_that_somebody_edited_is_not_overwritten(desk, clock):
    """Incident 21."""
    rows = desk.rows()
    desk.publish(rows, "official")
    desk.by_hand("edit_result", bib=3, clock_time="0:11:11.000", first_name="Other")
    clock.forward(minutes=5)
    desk.sandbox.requests.clear()
    number = desk.approve([replace(rows[0], gun_ms=900_000), *rows[1:]], "correction")
    desk.ask()
    run = desk.work()
    made, destination = desk.publication(number), desk.destination()
    assert (made.state, run.status, run.error_kind) == ("drifted", "failed", "drifted")
    assert "bib 3" in destination.drift
    assert "11:11" in destination.drift
    assert desk.calls() == desk.calls("get-results"), "nothing but a reading"
    assert desk.receipts[-1][1] == "refused"
    again = desk.publish([replace(rows[0], gun_ms=900_000), *rows[1:]], "correction")  # approved on top of what is there
    assert (again.state, desk.destination().drift) == ("published", None)
    assert {row.bib: row.gun_ms for row in desk.there().rows}["3"] == rows[2].gun_ms


def test_a_set_that_was_deleted_is_made_anew_where_the_approver_knew(desk, clock):
    desk.publish(desk.rows())
    desk.by_hand("delete_result_set")
    clock.forward(minutes=5)
    assert desk.publish(desk.rows()).state == "drifted"
    assert desk.publish(desk.rows()).state == "published"
    assert len(desk.there().rows) == len(desk.rows())


def test_a_proof_that_fails_shows_nothing(desk, clock, monkeypatch):
    rows = desk.rows()
    number = desk.approve(rows)
    desk.ask()

    def spoil(what, now, given):
        if what == "post_results":
            desk.sandbox.results.again("edit_result", now, {"set": given["set"], "bib": 2, "clock_time": "0:59:59.000"})

    desk.sandbox.results.keep = spoil
    run = desk.work()
    assert (run.status, run.error_kind) == ("pending", "settling"), "a reading may be of before"
    clock.forward(seconds=60)
    assert desk.work().error_kind == "settling"  # it was sent once more
    clock.forward(minutes=2)
    run = desk.work()
    made = desk.publication(number)
    assert (run.status, run.error_kind, made.state) == ("failed", "partial", "partial")
    assert "bib 2 (gun time)" in made.why
    assert desk.listed()["sets"][0]["public_results"] == "F"
    assert desk.receipts[-1][2].is_equal is False
    assert desk.receipts[-1][2].differences


def test_an_update_that_is_not_proven_is_partial(desk, clock):
    rows = desk.rows()
    desk.publish(rows, "official")
    number = desk.approve([replace(rows[0], gun_ms=900_000), *rows[1:]], "correction")
    desk.ask()
    desk.sandbox.results.keep = lambda what, now, given: (
        desk.sandbox.results.again("edit_result", now, {"set": given["set"], "bib": 2, "clock_time": "0:59:59.000"})
        if what == "post_results" else None
    )  # fmt: skip
    for _ in range(3):
        run = desk.work()
        clock.forward(minutes=3)
    made = desk.publication(number)
    assert (run.status, made.state, desk.receipts[-1][1]) == ("failed", "partial", "partial")
    assert desk.destination().visibility == "official"


def test_taking_down_while_rows_go_out_stops_them_and_hides(desk, monkeypatch):
    rows = desk.rows()
    assert desk.publish(rows, "official").state == "published"
    number = desk.approve([replace(row, place=None) for row in rows], "correction")
    desk.ask()
    taken = []

    def take_down(what, now, given):
        if what == "post_results" and not taken:
            with write() as session:  # as approvals do it, in another process
                session.get_one(Publication, number).state = "failed"
            taken.append(desk.approve([], "retraction"))

    monkeypatch.setattr("sync_jobs.providers.runsignup.RunSignUp.results_at_once", 20)
    monkeypatch.setattr(desk.sandbox.results, "keep", lambda *deed: in_context(desk, take_down, *deed))
    assert desk.work().status == "completed"
    assert desk.publication(taken[0]).state == "published"
    assert (desk.destination().visibility, desk.listed()["sets"][0]["public_results"]) == ("retracted", "F")
    assert desk.calls("full-results") == 2, "the other chunks were not sent"
    assert [kind for publication, kind, _, _ in desk.receipts if publication == number] == []


def in_context(desk, deed, *given):
    with desk.app.app_context():
        deed(*given)


# What must not leave


def test_a_field_that_may_not_be_published_stops_it_before_any_call(desk, caplog):
    """Incident 14."""
    rows = [replace(desk.rows()[0], extra={"email": "ada@example.com"})]
    made = desk.publish(rows)
    assert (made.state, desk.calls()) == ("failed", 0)
    assert "email" in made.why
    assert "ada@example.com" not in caplog.text + made.why


def test_last_years_event_is_refused(desk):
    """Incident 24."""
    number = desk.approve(desk.rows())
    with write() as session:
        session.get_one(ResultDestination, desk.destination_id).happening_id = "69999"
    desk.ask()
    run = desk.work()
    assert (run.status, run.error_kind, desk.publication(number).state, desk.calls()) == ("failed", "not_publishable", "failed", 0)


def test_rows_that_are_not_those_that_were_approved_are_refused(desk):
    number = desk.approve(desk.rows())
    other = Payload(target=desk.target, visibility="preliminary", tells=False, map_version=1, rows=tuple(desk.rows()[1:]))
    change_payload(number, pack(other))
    desk.ask()
    desk.work()
    assert (desk.publication(number).state, desk.calls()) == ("failed", 0)


def change_payload(number, body):
    with write() as session:
        session.get_one(PublicationPayload, number).body = body


def test_rows_that_were_emptied_for_privacy_cannot_go_out(desk):
    number = desk.approve(desk.rows())
    change_payload(number, None)
    desk.ask()
    desk.work()
    assert (desk.publication(number).state, desk.calls()) == ("failed", 0)


def test_what_is_approved_while_a_run_ends_is_asked_for_by_the_clock(desk):
    desk.publish(desk.rows())
    number = desk.approve(desk.rows(), "official")
    (asked,) = jobs._publications(times.now())
    assert desk.work().run_id == asked
    assert desk.publication(number).state == "published"
    assert jobs._publications(times.now()) == []


# The provider has a bad day


@pytest.mark.parametrize("fault", ["lost_reply", "late_500", "refused", "cut"])
def test_an_answer_that_is_lost_is_looked_up(desk, clock, fault):
    """Incident 20."""
    for path in ("new-result-set", "result-set-splits", "full-results", "edit-result-set"):
        desk.sandbox.faults.add(fault, provider="runsignup", path=path, calls=1)
    number = desk.approve(desk.rows())
    desk.ask()
    for _ in range(6):
        run = desk.work()
        if run.status == "completed":
            break
        clock.forward(minutes=10)
    made = desk.publication(number)
    assert (run.status, made.state) == ("completed", "published")
    assert len(desk.listed()["sets"]) == 1
    assert len(desk.there().rows) == len(desk.rows())
    assert [kind for _, kind, _, _ in desk.receipts] == ["published"]


def test_throttling_is_waited_out_and_counts_no_error(desk, clock):
    desk.sandbox.faults.add("throttled", 120, provider="runsignup", path="full-results", calls=2)
    number = desk.approve(desk.rows())
    desk.ask()
    run = desk.work()
    assert (run.status, run.error_kind, run.errors) == ("pending", "throttled", 0)
    assert desk.listed()["sets"][0]["public_results"] == "F"
    for _ in range(3):
        clock.forward(minutes=3)
        if desk.run(run.run_id).status == "pending":
            desk.work()
    assert desk.publication(number).state == "published"


def test_a_reading_of_before_is_not_believed(desk, clock):
    desk.sandbox.faults.add("cached", 30, provider="runsignup", path="get-results")
    rows = desk.rows()
    assert desk.publish(rows, "official").state == "published"
    clock.forward(minutes=1)
    number = desk.approve([replace(rows[0], gun_ms=900_000), *rows[1:]], "correction")
    desk.ask()
    assert desk.work().error_kind == "settling"
    clock.forward(minutes=2)
    assert desk.work().status == "completed"
    assert desk.publication(number).state == "published"
    assert desk.receipts[-1][3].attempts == 2


def test_a_word_that_does_not_come_back_is_no_difference(desk):
    desk.sandbox.faults.add("mute_words", provider="runsignup", path="get-results")
    assert desk.publish(desk.rows()).state == "published"


def test_tries_that_are_used_up_leave_a_receipt_and_a_retry_goes_on(desk, clock):
    desk.sandbox.faults.add("status", 503, provider="runsignup", path="full-results")
    number = desk.approve(desk.rows())
    run_id = desk.ask()
    while desk.run(run_id).status == "pending":
        desk.work()
        clock.forward(hours=1)
    made = desk.publication(number)
    assert (desk.run(run_id).status, made.state, desk.receipts[-1][1]) == ("failed", "failed", "failed")
    desk.sandbox.faults.clear()
    assert ledger.retry(run_id, "Sam", times.now())
    desk.work()
    assert desk.publication(number).state == "published"
    assert len(desk.there().rows) == len(desk.rows())
    assert len(desk.listed()["sets"]) == 1


def test_what_the_public_may_see_counts_as_public_even_if_we_never_heard(desk, clock):
    desk.sandbox.faults.add("late_500", provider="runsignup", path="edit-result-set")
    number = desk.approve(desk.rows())
    run_id = desk.ask()
    desk.work()
    desk.sandbox.faults.add("status", 503, provider="runsignup", path="results/")
    while desk.run(run_id).status == "pending":
        clock.forward(hours=1)
        desk.work()
    assert (desk.run(run_id).status, desk.publication(number).state) == ("failed", "partial")
    assert desk.listed()["sets"][0]["public_results"] == "T"
    assert (desk.destination().visibility, desk.destination().live_version_id) == ("preliminary", 1)
    desk.sandbox.faults.clear()
    assert desk.publish([], "retraction").state == "published"
    assert desk.listed()["sets"][0]["public_results"] == "F"
