"""What goes out without a person, and when it stops: policies with gates, standing approvals; and how a policy is chosen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from sync_jobs import approvals, times
from sync_jobs.approvals import NotAllowed
from sync_jobs.models import Approval, Publication, StandingApproval, db, write
from sync_jobs.pull import checking
from tests.factories import make_account, make_edition, make_partner
from tests.sync_jobs.raceday import actor, race_day

USUAL = {"mode": "manual", "second_person": True, "award_depth": 3, "hide_minors_under": 13, "quiet_minutes": 60}


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 13))


@pytest.fixture
def automatic(day):
    choose(day, mode="automatic")
    return day


@pytest.fixture
def public(day):
    day.pull()
    day.go_public()
    return day


def choose(day, edition=None, by=None, **changed):
    return approvals.set_policy(
        day.sides.partner.timing_partner_id, edition, by=by or day.partner, now=times.now(), **{**USUAL, **changed}
    )


def newest(model=Approval):
    db.session.rollback()
    return db.session.scalar(select(model).order_by(model.approval_id.desc()).limit(1).execution_options(populate_existing=True))


def many():
    found = db.session.scalar(select(func.count()).select_from(Approval))
    db.session.rollback()
    return found


def standing(day):
    db.session.rollback()
    return db.session.scalar(select(StandingApproval).order_by(StandingApproval.standing_id.desc()).limit(1))


# Automatic with gates


def test_two_partners_receive_the_same_and_only_one_publishes_by_itself(app, clock):
    by_hand, by_rule = race_day(*range(1, 9)), race_day(*range(11, 19), partner=make_partner("Automatic Timing"))
    choose(by_rule, mode="automatic")
    by_hand.pull()
    assert many() == 0
    by_rule.pull()
    approval = newest()
    assert (approval.destination_id, approval.act, approval.state) == (by_rule.destination_id, "preliminary", "approved")
    assert (approval.requested_by, approval.requested_role) == (None, "rule")
    assert approval.requested_name.startswith("policy:")
    assert many() == 1


def test_a_check_again_publishes_nothing_again(automatic):
    version = automatic.pull()
    for _ in range(2):
        approvals.check(version, times.now())
    assert many() == 1
    with write() as session:
        session.execute(text("UPDATE publications SET state = 'failed'"))
    approvals.check(version, times.now())
    assert many() == 1  # what failed is a person's to press again


def test_added_finishers_go_out_and_a_changed_time_waits_for_a_person(automatic):
    automatic.pull()
    automatic.publish(newest())
    automatic.run(20, 21)
    automatic.pull()
    assert many() == 2
    automatic.publish(newest())
    automatic.times(e3=2400)
    version = automatic.pull()
    assert many() == 2
    assert automatic.version(version).state == "needs_review"
    assert automatic.version(version).mailed_at is None


def test_any_finding_waits_for_a_person(automatic):
    with write() as session:
        session.execute(text("UPDATE entry_links SET ended_at = 1, ended_why = 'undone' WHERE entry_key IN ('1', '2')"))
    version = automatic.pull()
    assert (many(), automatic.version(version).state) == (0, "needs_review")


def test_after_taking_down_or_going_back_a_rule_waits_for_a_person(automatic):
    first = automatic.pull()
    automatic.publish(newest())
    automatic.run(20)
    automatic.pull()
    automatic.publish(newest())
    back = approvals.go_back(automatic.destination_id, first, "Bib 20 ran the short course.", automatic.director, times.now())
    automatic.publish(back)
    count = many()
    approvals.check_pending(times.now())
    automatic.run(21)
    automatic.pull()
    assert many() == count
    automatic.go_public("preliminary")
    automatic.run(22)
    automatic.pull()
    assert many() == count + 2
    approvals.retract(automatic.destination_id, "Wrong course.", automatic.director, times.now())
    automatic.run(23)
    automatic.pull()
    assert newest().act == "retraction"


def test_official_by_the_rule_only_after_a_quiet_day(automatic, clock):
    automatic.pull()
    automatic.publish(newest())
    clock.forward(hours=23, minutes=59)
    assert approvals.expire(times.now()) == []
    clock.forward(minutes=1)
    made = approvals.expire(times.now())
    assert (newest().act, made) == ("official", [newest().approval_id])
    automatic.publish(newest())
    assert approvals.expire(times.now()) == []
    assert automatic.place().visibility == "official"


def test_manual_never_becomes_official_by_the_clock(public, clock):
    clock.forward(days=2)
    assert approvals.expire(times.now()) == []


# Standing approvals


def test_a_standing_approval_adds_clean_finishers_and_says_whose_word_it_is(public):
    held = approvals.stand(public.destination_id, times.now() + timedelta(hours=2), public.director, times.now())
    public.run(20, 21)
    public.pull()
    assert newest().requested_name == f"standing:{held.standing_id}"
    public.publish(newest())
    assert standing(public).ended_at is None
    assert public.screen().standing.by_name == public.director.name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda day: day.times(e3=2400), "would change"),
        (lambda day: day.remove(12), "would change"),
    ],
)
def test_it_ends_at_the_first_change_of_a_public_row(public, change, words):
    approvals.stand(public.destination_id, times.now() + timedelta(hours=2), public.director, times.now())
    change(public)
    before = many()
    public.pull()
    assert many() == before
    assert words in standing(public).ended_why
    public.run(20)
    public.pull()
    assert many() == before


def test_it_ends_at_a_block_and_at_its_time(public, clock):
    until = times.now() + timedelta(hours=2)
    approvals.stand(public.destination_id, until, public.director, times.now())
    public.run(20)
    with write() as session:
        session.execute(text("UPDATE ct_results SET results_bib = '3' WHERE entry_id = '20'"))
    public.pull()
    assert "A check stopped it" in standing(public).ended_why
    public.remove(20)
    public.pull()
    held = approvals.stand(public.destination_id, until, public.director, times.now())
    clock.forward(hours=2)
    approvals.expire(times.now())
    db.session.rollback()
    assert db.session.get_one(StandingApproval, held.standing_id, populate_existing=True).ended_why == "Its time is over."


def test_only_a_reviewer_stands_and_only_on_what_is_public(day):
    until, now = times.now() + timedelta(hours=1), times.now()
    day.pull()
    with pytest.raises(NotAllowed, match="preliminary first"):
        approvals.stand(day.destination_id, until, day.director, now)
    day.go_public()
    for by in (day.support, actor(make_account("director", make_partner("Other")))):
        with pytest.raises(NotAllowed):
            approvals.stand(day.destination_id, until, by, now)
    for wrong in (now, now + timedelta(hours=25)):
        with pytest.raises(NotAllowed, match="24 hours"):
            approvals.stand(day.destination_id, wrong, day.director, now)
    first = approvals.stand(day.destination_id, until, day.director, now)
    assert approvals.stand(day.destination_id, until, day.director, now).standing_id == first.standing_id
    assert approvals.stand(day.destination_id, until, day.partner, now).standing_id != first.standing_id
    approvals.end_stand(day.destination_id, day.director, now)
    assert day.screen().standing is None


# Choosing a policy


def test_a_policy_is_the_partners_and_tighter_for_one_event(day):
    partner = day.sides.partner.timing_partner_id
    choose(day, mode="automatic", quiet_minutes=30)
    choose(day, edition=day.sides.id, mode="manual", quiet_minutes=90)
    assert approvals.policy_of(partner).is_automatic
    assert (approvals.policy_of(partner, day.sides.id).mode, approvals.policy_of(partner, day.sides.id).quiet_minutes) == (
        "manual",
        90,
    )
    with pytest.raises(NotAllowed) as refused:
        choose(day, edition=day.sides.id, mode="automatic", quiet_minutes=20, award_depth=1)
    assert len(refused.value.sentences) == 2
    approvals.follow_partner(partner, day.sides.id, day.partner, times.now())
    assert approvals.policy_of(partner, day.sides.id).quiet_minutes == 30


def test_who_chooses_and_what(day):
    for by in (day.director, day.support, actor(make_account("partner", make_partner("Other")))):
        with pytest.raises(NotAllowed):
            choose(day, by=by)
    choose(day, by=actor(make_account("administrator")))
    with pytest.raises(NotAllowed, match="Choose Manual"):
        choose(day, mode="hybrid")
    with pytest.raises(NotAllowed, match="Awards"):
        choose(day, award_depth=-1)
    with pytest.raises(NotAllowed):
        choose(day, edition=make_edition(make_partner("Third")).edition_id)


def test_without_a_second_person_in_the_policy_one_corrects_alone(public, clock):
    choose(public, second_person=False)
    clock.forward(hours=1)
    public.go_public("official")
    public.times(e3=2400)
    public.pull()
    asked = public.approve(public.screen(), reason="Video.")
    assert (asked.state, asked.needs_second) == ("approved", 0)
    assert db.session.scalar(select(func.count()).select_from(Publication)) == 3


def test_an_event_is_checked_again_at_once_when_something_of_it_changed_and_no_other_is(day):
    version = day.pull()
    with write() as session:
        session.execute(text("UPDATE contests SET map_version = map_version + 1 WHERE contest_id = :c"), {"c": day.contest_id})
    assert not day.screen().is_checked
    assert checking.check_again(day.sides.id + 1, times.now()) == checking.check_again(None, times.now()) == []
    assert checking.check_again(day.sides.id, times.now()) == [version]
    assert day.screen().is_checked
    assert checking.check_again(day.sides.id, times.now()) == []
