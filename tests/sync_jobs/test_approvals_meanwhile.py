"""What changes between an approval and its sending: a policy, a rule, an answer, the clock; and halfway corrections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from sync_jobs import approvals, times
from sync_jobs.approvals import NotAllowed
from sync_jobs.models import Publication, ResultFinding, Waiver, db, write
from tests.factories import make_partner
from tests.sync_jobs.raceday import race_day
from tests.sync_jobs.test_approvals_rules import choose, newest


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 13))


@pytest.fixture
def official(day, clock):
    day.pull()
    day.go_public()
    clock.forward(hours=2)
    day.go_public("official")
    return day


def correction(day):
    """A correction, as somebody sees and explains it."""
    day.times(e3=2405)
    day.pull()
    shown = day.screen()
    for card in shown.cards:
        if card.is_open and card.severity != "info":
            approvals.waive(shown.version.version_id, card.finding_id, "other", "Video.", day.director, times.now())
    return day.screen()


def test_a_correction_that_stopped_halfway_is_still_one_after_official(official):
    with write() as session:  # its set was hidden to be filled anew, and never shown again
        session.execute(text("UPDATE result_destinations SET visibility = 'hidden'"))
    official.times(e3=2405)
    official.pull()
    shown = official.screen()
    assert [(offer.act, offer.needs_second) for offer in shown.offers] == [("correction", True)]


def test_a_second_person_that_is_asked_for_meanwhile_is_asked(official, clock):
    choose(official, second_person=False)
    approval = official.approve(correction(official), reason="Video.")
    assert approval.state == "approved"
    choose(official, second_person=True)
    assert "second person" in (official.publish(approval) or "")
    assert official.kept(approval).state == "stale"


def test_a_rule_that_ended_meanwhile_lets_nothing_out(day):
    choose(day, mode="automatic")
    day.pull()
    choose(day, mode="manual")
    assert "rule" in (day.publish(newest()) or "")


def test_a_standing_approval_that_ended_meanwhile_lets_nothing_out(day):
    day.pull()
    day.go_public()
    approvals.stand(day.destination_id, times.now() + timedelta(hours=2), day.director, times.now())
    day.run(20)
    day.pull()
    approval = newest()
    assert approval.requested_name.startswith("standing:")
    approvals.end_stand(day.destination_id, day.director, times.now())
    assert "rule" in (day.publish(approval) or "")


def test_a_finding_that_is_open_again_stops_what_was_approved(day):
    version = day.pull()
    with write() as session:
        finding = ResultFinding(
            version_id=version, check_id="T01", check_version=1, severity="block", scope="row", entries=["3"], sentence="Too fast.",
            numbers={}, is_award=0, fingerprint="f" * 64,
        )  # fmt: skip
        waiver = Waiver(
            contest_id=day.contest_id, fingerprint="f" * 64, check_id="T01", reason="other", words="Video.",
            by_account=day.director.account_id, by_name=day.director.name, at=times.now(),
        )  # fmt: skip
        session.add_all([finding, waiver])
    approval = day.approve(day.screen())
    with write() as session:
        session.get_one(Waiver, waiver.waiver_id).ended_at = times.now()
    assert day.publish(approval) == "It cannot go out any more: Too fast."


def test_taking_down_waits_as_long_as_it_has_to(official, clock):
    down = approvals.retract(official.destination_id, "Wrong gun.", official.director, times.now())
    clock.forward(hours=13)
    approvals.expire(times.now())
    db.session.rollback()
    assert db.session.get_one(Publication, down.publication_id, populate_existing=True).state == "waiting"
    assert official.publish(down) is None
    assert official.place().visibility == "retracted"


def test_a_version_of_another_contest_is_not_there(day):
    theirs = race_day(*range(31, 39), partner=make_partner("Other Timing"))
    day.pull()
    foreign = theirs.pull()
    with pytest.raises(NotAllowed, match="not there"):
        approvals.approve(
            day.destination_id, foreign, "preliminary", payload_hash="", base_hash="", rendered_hash="", tells=False,
            by=day.director, now=times.now(),
        )  # fmt: skip
    with pytest.raises(NotAllowed, match="not there"):
        approvals.go_back(day.destination_id, foreign, "Why not.", day.director, times.now())
