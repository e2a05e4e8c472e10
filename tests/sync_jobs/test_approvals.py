"""Approvals: bound to exactly what was seen, by somebody who may, once, and by two people where two are needed."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from sync_jobs import approvals, contest_map, times
from sync_jobs.approvals import Blocked, NotAllowed, Stale
from sync_jobs.models import Approval, Connection, Publication, Run, StandingApproval, db, write
from sync_jobs.review import packed
from tests.factories import make_account, make_edition, make_partner
from tests.sync_jobs.raceday import actor, race_day

HOUR = {"hours": 1, "seconds": 1}


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 13))


@pytest.fixture
def public(day):
    """Preliminary, an hour ago."""
    day.pull()
    day.go_public()
    return day


@pytest.fixture
def official(public, clock):
    clock.forward(**HOUR)
    public.go_public("official")
    return public


def count(model):
    found = db.session.scalar(select(func.count()).select_from(model))
    db.session.rollback()
    return found


# One press


def test_an_approval_makes_its_publication_and_its_run_at_once(day):
    day.pull()
    shown = day.screen()
    approval = day.approve(shown)
    assert (approval.state, approval.act, approval.requested_name, approval.approved_by) == (
        "approved", "preliminary", day.director.name, day.director.account_id,
    )  # fmt: skip
    publication = day.publication(approval)
    assert (publication.state, publication.payload_hash, publication.version_id) == (
        "waiting", shown.payload_hash, shown.version.version_id,
    )  # fmt: skip
    run = db.session.get_one(Run, publication.run_id)
    assert (run.operation_type, run.sync_direction, run.trigger, run.requested_by, run.status) == (
        "publish", "push", "approval", day.director.name, "pending",
    )  # fmt: skip
    body = db.session.scalar(text("SELECT body FROM publication_payloads"))
    assert packed.unpack(body).hash == shown.payload_hash
    assert packed.unpack(body).rows == shown.payload


def test_nothing_is_written_where_the_run_cannot_be_asked_for(day, monkeypatch):
    from sync_jobs.approvals import granting

    day.pull()
    shown = day.screen()

    def refused(*_given, **_more):
        raise granting.ledger.NotAllowed

    monkeypatch.setattr(granting.ledger, "request", refused)
    with pytest.raises(NotAllowed, match="nothing can go out"):
        day.approve(shown)
    assert (count(Approval), count(Publication), count(Run)) == (0, 0, 0)


def test_a_second_press_is_the_first_one_before_and_after_it_went_out(day):
    day.pull()
    shown = day.screen()
    first = day.approve(shown)
    assert day.approve(shown).approval_id == first.approval_id
    assert day.approve(shown, day.partner).approval_id == first.approval_id
    day.publish(first)
    assert day.approve(shown).approval_id == first.approval_id
    assert (count(Approval), count(Publication)) == (1, 1)


def test_a_publication_that_failed_can_be_approved_again(day):
    day.pull()
    shown = day.screen()
    first = day.approve(shown)
    number = day.publication(first).publication_id
    with write() as session:
        session.get_one(Publication, number).state = "failed"
    assert day.approve(shown).approval_id != first.approval_id


def test_a_newer_approval_takes_the_place_of_one_that_waits_for_a_worker(day):
    day.pull()
    first = day.approve(day.screen())
    day.times(e3=2400)
    day.pull()
    second = day.approve(day.screen())
    assert day.kept(first).state == "stale"
    assert day.publication(first).state == "failed"
    assert day.publication(second).state == "waiting"


def test_nobody_approves_over_a_publication_that_is_going_out(day):
    day.pull()
    first = day.approve(day.screen())
    assert approvals.take_up(day.publication(first).publication_id, times.now()) is None
    day.times(e3=2400)
    day.pull()
    with pytest.raises(NotAllowed, match="on its way"):
        day.approve(day.screen())


# Who


def test_support_sees_everything_and_approves_nothing(day):
    day.pull()
    shown = day.screen()
    with pytest.raises(NotAllowed, match="approves nothing"):
        day.approve(shown, day.support)
    with pytest.raises(NotAllowed):
        day.approve(shown, actor(make_account("administrator")))
    assert count(Approval) == 0


def test_nobody_approves_for_another_partner_or_an_event_that_was_not_given_to_them(day):
    day.pull()
    shown, other = day.screen(), make_partner("Other Timing")
    elsewhere = make_edition(day.sides.partner, "Another Weekend")
    for role, partner, editions in (
        ("director", other, (day.sides.edition,)),
        ("partner", other, ()),
        ("director", day.sides.partner, ()),
        ("director", day.sides.partner, (elsewhere,)),
    ):
        with pytest.raises(NotAllowed, match="not one of your events"):
            day.approve(shown, actor(make_account(role, partner, editions=editions)))
    closed = actor(make_account("director", day.sides.partner, editions=(day.sides.edition,), state="closed"))
    with pytest.raises(NotAllowed, match="closed"):
        day.approve(shown, closed)


def test_what_the_page_says_of_a_role_does_not_count(day):
    day.pull()
    liar = actor(make_account("support"))
    forged = type(liar)(
        account_id=liar.account_id, name="X", role="director", timing_partner_id=day.sides.partner.timing_partner_id
    )
    with pytest.raises(NotAllowed):
        day.approve(day.screen(), forged)


# Stale


def test_one_time_that_changed_meanwhile_refuses_and_names_the_bib(day):
    day.pull()
    shown = day.screen()
    day.times(e7=2348)
    newer = day.pull(check=False)
    with pytest.raises(Stale) as refused:
        day.approve(shown)
    assert refused.value.bibs == ("7",)
    assert "bib 7" in str(refused.value)
    assert "newer version" in str(refused.value)
    assert (count(Approval), count(Publication)) == (0, 0)
    assert day.approve(day.screen()).version_id == newer


def test_somebody_who_is_no_longer_linked_would_not_go_out(day):
    day.pull()
    shown = day.screen()
    with write() as session:
        session.execute(text("UPDATE entry_links SET ended_at = 1, ended_why = 'undone' WHERE entry_key = '12'"))
    with pytest.raises(Stale, match="not what you saw"):
        day.approve(shown)


def test_a_newer_version_that_would_send_the_very_same_keeps_the_screen_good(day):
    day.pull()
    approvals.hold(day.contest_id, "12", "video", "", day.director, times.now())
    shown = day.screen()
    day.times(e12=2500)
    assert day.pull(check=False)
    assert day.screen(shown.version.version_id).newer.is_same
    assert day.approve(shown).state == "approved"


@pytest.mark.parametrize("what", ["hold", "hide", "map", "policy"])
def test_what_changes_the_payload_makes_the_screen_stale(day, what):
    day.pull()
    shown, now = day.screen(), times.now()
    if what == "hold":
        approvals.hold(day.contest_id, "5", "video", "", day.director, now)
    elif what == "hide":
        approvals.hide_name(day.contest_id, "5", "Asked for by phone", day.director, now)
    elif what == "map":
        contest_map.keep_rules(day.sides.id, day.contest_id, contest_map.Rules(basis="chip"), by="Ada", now=now, reason="So.")
    else:
        approvals.set_policy(
            day.sides.partner.timing_partner_id, None, mode="manual", second_person=True, award_depth=3, hide_minors_under=40,
            quiet_minutes=60, by=day.partner, now=now,
        )  # fmt: skip
    with pytest.raises(Stale):
        day.approve(shown)
    assert day.approve(day.screen()).state == "approved"


def test_what_is_live_is_part_of_the_word(public):
    public.times(e3=2400)
    public.pull()
    shown = public.screen()
    with write() as session:
        session.execute(text("UPDATE result_destinations SET base_hash = 'another'"))
    with pytest.raises(Stale, match="What is public"):
        public.approve(shown)


def test_a_form_with_other_hashes_than_the_screens_is_refused(day):
    day.pull()
    shown = day.screen()
    for name in ("payload_hash", "base_hash", "rendered_hash"):
        with pytest.raises(Stale):
            day.approve(shown, **{name: "0" * 64})
    with pytest.raises(Stale):
        day.approve(shown, tells=True)  # the hash was for telling nobody


def test_what_the_checks_say_and_who_answered_is_part_of_the_word(day):
    with write() as session:
        session.execute(text("UPDATE entry_links SET ended_at = 1, ended_why = 'undone' WHERE entry_key = '12'"))
    version = day.pull()
    shown = day.screen()
    card = next(card for card in shown.cards if card.is_open)
    approvals.waive(version, card.finding_id, "runner", "", day.partner, times.now())
    with pytest.raises(Stale, match="who answered it"):
        day.approve(shown)
    assert day.approve(day.screen()).state == "approved"


# Between the approval and the worker


def test_an_approval_is_used_once_and_goes_on_after_a_crash(day):
    day.pull()
    approval = day.approve(day.screen())
    number = day.publication(approval).publication_id
    assert approvals.take_up(number, times.now()) is None
    assert (day.kept(approval).state, day.publication(approval).state) == ("used", "publishing")
    assert approvals.take_up(number, times.now()) is None


@pytest.mark.parametrize("what", ["hold", "map", "newer", "late", "ended"])
def test_what_changed_before_the_worker_began_stops_it(day, clock, what):
    day.pull()
    approval = day.approve(day.screen())
    now = times.now()
    if what == "hold":
        approvals.hold(day.contest_id, "5", "video", "", day.director, now)
    elif what == "map":
        contest_map.keep_rules(day.sides.id, day.contest_id, contest_map.Rules(basis="chip"), by="Ada", now=now, reason="So.")
    elif what == "newer":
        day.times(e3=2400)
        day.pull()
    elif what == "late":
        clock.forward(hours=13)
    else:
        pair = db.session.scalar(text("SELECT pair_id FROM contest_map"))
        db.session.rollback()
        contest_map.refuse(day.sides.id, pair, by="Ada", now=now, reason="Wrong.")
    assert approvals.take_up(day.publication(approval).publication_id, times.now())
    assert day.publication(approval).state == "failed"
    assert day.kept(approval).state in {"stale", "expired"}


def test_an_approval_that_nobody_used_expires(day, clock):
    day.pull()
    approval = day.approve(day.screen())
    clock.forward(hours=11, minutes=59)
    assert approvals.expire(times.now()) == []
    clock.forward(minutes=1)
    assert approvals.expire(times.now()) == [approval.approval_id]
    assert (day.kept(approval).state, day.publication(approval).state) == ("expired", "failed")
    assert approvals.expire(times.now()) == []


# Official, and two people


def test_official_waits_for_quiet_and_for_what_is_public(day, clock):
    day.pull()
    assert [offer.act for offer in day.screen().offers] == ["preliminary"]
    day.go_public()
    shown = day.screen()
    assert shown.act == "official"
    with pytest.raises(Blocked, match="60 minutes to go"):
        day.approve(shown)
    clock.forward(hours=1)
    approval = day.approve(day.screen())
    assert (approval.act, approval.needs_second) == ("official", 0)
    day.publish(approval)
    assert day.place().visibility == "official"


def test_a_correction_after_official_needs_a_second_person(official):
    official.times(e3=2400)
    official.pull()
    shown = official.screen(account_id=official.director.account_id)
    assert (shown.act, shown.offer.needs_second, shown.offer.cools_off) == ("correction", True, False)
    with pytest.raises(NotAllowed, match="Say why"):
        official.approve(shown)
    asked = official.approve(shown, reason="Video at 7 km.")
    assert (asked.state, official.publication(asked)) == ("waiting", None)
    with pytest.raises(NotAllowed, match="you asked"):
        approvals.second(asked.approval_id, official.director, times.now())
    for other in (official.support, actor(make_account("director", official.sides.partner))):
        with pytest.raises(NotAllowed):
            approvals.second(asked.approval_id, other, times.now())
    done = approvals.second(asked.approval_id, official.partner, times.now())
    assert (done.state, done.approved_name, done.requested_name) == ("approved", official.partner.name, official.director.name)
    assert approvals.second(asked.approval_id, official.partner, times.now()).approval_id == done.approval_id
    assert official.publish(done) is None
    assert count(Publication) == 3


def test_the_database_refuses_the_same_person_twice(official):
    official.times(e3=2400)
    official.pull()
    asked = official.approve(official.screen(), reason="Video.")
    with pytest.raises(IntegrityError, match="two_people"), write() as session:
        session.execute(
            text("UPDATE approvals SET state = 'approved', approved_at = 1, approved_by = requested_by WHERE approval_id = :n"),
            {"n": asked.approval_id},
        )


def test_what_changed_while_the_second_person_thought_makes_it_stale(official):
    official.times(e3=2400)
    official.pull()
    asked = official.approve(official.screen(), reason="Video.")
    official.times(e5=2411)
    official.pull(check=False)
    with pytest.raises(Stale) as refused:
        approvals.second(asked.approval_id, official.partner, times.now())
    assert refused.value.bibs == ("5",)
    assert official.kept(asked).state == "stale"
    with pytest.raises(NotAllowed, match="stale"):
        approvals.second(asked.approval_id, official.partner, times.now())


def test_a_second_person_may_say_no_and_the_first_may_take_it_back(official):
    official.times(e3=2400)
    official.pull()
    asked = official.approve(official.screen(), reason="Video.")
    with pytest.raises(NotAllowed, match="Say why"):
        approvals.refuse(asked.approval_id, official.partner, times.now(), " ")
    no = approvals.refuse(asked.approval_id, official.partner, times.now(), "The video shows another runner.")
    assert (no.state, official.partner.name in no.why) == ("withdrawn", True)
    with pytest.raises(NotAllowed):
        approvals.second(asked.approval_id, official.partner, times.now())
    again = official.approve(official.screen(), reason="Video.")
    assert approvals.refuse(again.approval_id, official.director, times.now(), "").state == "withdrawn"


def test_where_nobody_else_is_a_correction_cools_off_for_half_an_hour(app, clock):
    day = race_day(*range(1, 10), partner_person=False)
    day.pull()
    day.go_public()
    clock.forward(hours=1)
    day.go_public("official")
    day.times(e3=2400)
    day.pull()
    shown = day.screen(account_id=day.director.account_id)
    assert (shown.offer.needs_second, shown.offer.cools_off) == (False, True)
    asked = day.approve(shown, reason="Backup clock.")
    assert (asked.state, asked.needs_second, day.publication(asked)) == ("waiting", 0, None)
    clock.forward(minutes=29)
    assert approvals.expire(times.now()) == []
    clock.forward(minutes=1)
    assert approvals.expire(times.now()) == [asked.approval_id]
    assert day.kept(asked).state == "approved"
    assert day.publication(asked).state == "waiting"
    assert day.publish(asked) is None


def test_what_cooled_off_goes_nowhere_once_it_is_different(app, clock):
    day = race_day(*range(1, 10), partner_person=False)
    day.pull()
    day.go_public()
    clock.forward(hours=1)
    day.go_public("official")
    day.times(e3=2400)
    day.pull()
    asked = day.approve(day.screen(), reason="Backup clock.")
    day.times(e4=2401)
    day.pull()
    clock.forward(minutes=30)
    approvals.expire(times.now())
    assert (day.kept(asked).state, day.publication(asked)) == ("stale", None)


# Connections


def test_nothing_is_approved_for_a_paused_connection(day):
    day.pull()
    with write() as session:
        session.get_one(Connection, day.sides.here.connection_id).state = "paused"
    approvals.check_pending(times.now())
    with pytest.raises(Blocked, match="paused"):
        day.approve(day.screen())
    assert count(StandingApproval) == 0
