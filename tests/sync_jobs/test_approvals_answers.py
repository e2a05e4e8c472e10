"""What a reviewer says of findings and rows, and what survives into the next version; checks that a crash left, and mail."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from sync_jobs import approvals, mail, telling, times, versions
from sync_jobs.approvals import Blocked, NotAllowed, checking
from sync_jobs.checks import running
from sync_jobs.models import AwardGiven, Connection, ResultFinding, TimerTask, Waiver, db, write
from tests.factories import make_account, make_partner
from tests.sync_jobs.raceday import actor, race_day


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 13))


@pytest.fixture
def doubled(day):
    """Two with the same bib: a block."""
    day.result(9, results_bib="8")
    day.pull()
    return day


def block(day, check_id="P05"):
    return next(card for card in day.screen().cards if card.check_id == check_id)


def newest(day):
    return versions.newest(day.contest_id)


# Findings and waivers


def test_a_block_stops_everybody_until_it_is_waived_with_a_reason(doubled):
    card, version = block(doubled), newest(doubled).version_id
    assert (card.severity, card.can_be_waived, card.is_open) == ("block", True, True)
    for by in (doubled.director, doubled.partner):
        with pytest.raises(Blocked, match="Bib 8"):
            doubled.approve(doubled.screen(), by)
    for reason, words in (("because", ""), ("other", "  ")):
        with pytest.raises(NotAllowed):
            approvals.waive(version, card.finding_id, reason, words, doubled.director, times.now())
    made = approvals.waive(version, card.finding_id, "swap", "They are twins.", doubled.director, times.now())
    again = approvals.waive(version, card.finding_id, "swap", "They are twins.", doubled.partner, times.now())
    assert made.waiver_id == again.waiver_id
    shown = doubled.screen()
    assert (block(doubled).waived.by_name, block(doubled).waived.reason) == (doubled.director.name, "swap")
    assert doubled.approve(shown).state == "approved"


def test_a_waiver_survives_while_its_rows_are_the_same_and_no_longer(doubled):
    card = block(doubled)
    approvals.waive(newest(doubled).version_id, card.finding_id, "swap", "", doubled.director, times.now())
    doubled.times(e12=2400)
    doubled.pull()
    assert block(doubled).waived
    doubled.times(e8=2401)
    doubled.pull()
    assert block(doubled).waived is None


def test_a_waiver_that_is_taken_back_blocks_again(doubled):
    card = block(doubled)
    waiver = approvals.waive(newest(doubled).version_id, card.finding_id, "swap", "", doubled.director, times.now())
    approvals.unwaive(waiver.waiver_id, doubled.partner, times.now())
    with pytest.raises(Blocked):
        doubled.approve(doubled.screen())


def test_nobody_waives_what_is_broken(day):
    day.pull()
    with write() as session:
        session.execute(text("UPDATE contests SET starts_at = starts_at - 864000000 WHERE provider_name = 'runsignup'"))
        session.execute(text("UPDATE result_versions SET checked_for = NULL"))
    approvals.check_pending(times.now())
    card = block(day, "X06")
    assert (card.severity, card.can_be_waived) == ("hard", False)
    assert day.version(newest(day).version_id).state == "blocked"
    with pytest.raises(NotAllowed, match="Nobody can waive"):
        approvals.waive(newest(day).version_id, card.finding_id, "video", "", day.director, times.now())
    with pytest.raises(Blocked):
        day.approve(day.screen())


def test_a_check_that_crashed_blocks(day, monkeypatch):
    def crashed(_field):
        raise ZeroDivisionError

    broken = running.CHECKS[0]
    monkeypatch.setattr(running, "CHECKS", (type(broken)(check_id=broken.check_id, name=broken.name, rule=crashed),))
    day.pull()
    with pytest.raises(Blocked, match="could not be done"):
        day.approve(day.screen())


def test_who_answers(doubled):
    version, finding = newest(doubled).version_id, block(doubled).finding_id
    now, other = times.now(), actor(make_account("director", make_partner("Other")))
    for by in (doubled.support, other, actor(make_account("administrator"))):
        for door in (
            lambda: approvals.waive(version, finding, "video", "", by, now),  # noqa: B023 - called at once
            lambda: approvals.hold(doubled.contest_id, "5", "video", "", by, now),  # noqa: B023
            lambda: approvals.release(doubled.contest_id, "5", by, now),  # noqa: B023
            lambda: approvals.ask_timer(doubled.contest_id, "Look.", by, now),  # noqa: B023
            lambda: approvals.send_back(version, "No.", by, now),  # noqa: B023
            lambda: approvals.reject(version, "No.", by, now),  # noqa: B023
            lambda: approvals.hand_out(doubled.contest_id, ["1"], by, now),  # noqa: B023
            lambda: approvals.take_hand_out_back(doubled.contest_id, "1", by, now),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                door()
    assert [db.session.scalar(select(func.count()).select_from(model)) for model in (Waiver, TimerTask, AwardGiven)] == [0, 0, 0]


# Rows


def test_a_held_row_stays_out_until_it_is_let_go(day):
    day.pull()
    held = approvals.hold(day.contest_id, "5", "video", "", day.director, times.now())
    assert approvals.hold(day.contest_id, "5", "video", "", day.partner, times.now()).hold_id == held.hold_id
    shown = day.screen()
    assert (shown.rows, [one.entry_key for one in shown.holds]) == (11, ["5"])
    assert [(one.row.entry_key, one.reason) for one in shown.kept_back] == [("5", "held")]
    approvals.release(day.contest_id, "5", day.partner, times.now())
    assert (day.screen().rows, day.screen().holds) == (12, ())
    with pytest.raises(NotAllowed, match="not in these results"):
        approvals.hold(day.contest_id, "77", "video", "", day.director, times.now())


def test_awards_that_were_handed_out_are_marked_and_taken_back(day):
    day.pull()
    approvals.hand_out(day.contest_id, ["1", "2"], day.director, times.now())
    approvals.hand_out(day.contest_id, ["2"], day.director, times.now())
    winners = [winner for podium in day.screen().podiums for winner in podium.winners]
    assert {one.row.bib for one in winners if one.is_handed_out} == {"1", "2"}
    approvals.take_hand_out_back(day.contest_id, "1", day.director, times.now())
    assert {one.entry_key for one in day.screen().handed_out} == {"2"}


# The timer


def test_a_version_that_was_sent_back_waits_for_a_newer_one(day):
    version = day.pull()
    with pytest.raises(NotAllowed, match="Say what"):
        approvals.send_back(version, "", day.director, times.now())
    task = approvals.send_back(version, "Bib 5 cut the course at 7 km.", day.director, times.now(), bibs=["5"])
    assert (
        approvals.send_back(version, "Bib 5 cut the course at 7 km.", day.director, times.now(), bibs=["5"]).task_id == task.task_id
    )
    assert (day.version(version).state, task.bibs, task.kind) == ("sent_back", ["5"], "sent_back")
    approvals.check(version, times.now())
    assert day.version(version).state == "sent_back"
    with pytest.raises(Blocked, match="sent back"):
        day.approve(day.screen())
    day.remove(5)
    day.pull()
    assert [one.words for one in day.screen().tasks] == ["Bib 5 cut the course at 7 km."]
    assert day.approve(day.screen()).state == "approved"
    approvals.task_done(task.task_id, day.partner, times.now())
    assert day.screen().tasks == ()


def test_a_rejected_version_is_never_published(day):
    version = day.pull()
    waits = day.approve(day.screen())
    approvals.reject(version, "This was the rehearsal.", day.director, times.now())
    assert (day.version(version).state, day.kept(waits).state) == ("rejected", "stale")
    with pytest.raises(Blocked, match="rejected"):
        day.approve(day.screen())
    with pytest.raises(NotAllowed):
        approvals.send_back(version, "So.", day.director, times.now())


def test_a_public_version_is_taken_down_not_rejected(day):
    version = day.pull()
    day.go_public()
    with pytest.raises(NotAllowed, match="is public"):
        approvals.reject(version, "So.", day.director, times.now())


def test_a_missing_runner_is_a_task(day):
    day.pull()
    task = approvals.ask_timer(
        day.contest_id, "Red shirt, about 44 minutes.", day.director, times.now(), bibs=[" 99 ", ""], kind="missing_runner"
    )
    assert (task.kind, task.bibs) == ("missing_runner", ["99"])
    with pytest.raises(NotAllowed):
        approvals.ask_timer(day.contest_id, "So.", day.director, times.now(), kind="order_pizza")


# Checks


def test_checking_again_changes_nothing_and_keeps_the_numbers(doubled):
    def kept():
        db.session.rollback()
        return [(row.finding_id, row.fingerprint) for row in db.session.scalars(select(ResultFinding))]

    before = kept()
    assert before
    approvals.check(newest(doubled).version_id, times.now())
    assert kept() == before


def test_what_a_crash_left_is_checked_by_the_clock(day, monkeypatch):
    def crashed(*_given):
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(checking, "_keep", crashed)
        with pytest.raises(SystemExit):
            day.pull()
    version = newest(day).version_id
    assert day.version(version).state == "pulled"
    assert approvals.check_pending(times.now()) == [version]
    assert day.version(version).state == "needs_review"
    assert approvals.check_pending(times.now()) == []


def test_what_is_different_beside_the_version_is_checked_again(day):
    version = day.pull()
    assert approvals.check_pending(times.now()) == []
    with write() as session:
        session.execute(text("UPDATE entry_links SET ended_at = 5, ended_why = 'undone' WHERE entry_key = '12'"))
    assert not day.screen().is_checked
    assert approvals.check_pending(times.now()) == [version]
    assert day.screen().is_checked
    with write() as session:
        session.get_one(Connection, day.sides.here.connection_id).state = "paused"
    assert approvals.check_pending(times.now()) == [version]


# Mail


@pytest.fixture
def post(monkeypatch):
    sent = []
    monkeypatch.setattr(mail, "is_set", lambda: True)
    monkeypatch.setattr(mail, "send", lambda *message: sent.append(message) or True)
    return sent


def test_reviewers_are_told_once_for_each_version_that_matters(day, clock, post):
    day.pull()
    assert telling.tell(times.now()) == 2
    people = {to for to, _, _ in post}
    assert len(people) == 2
    assert f"/events/{day.sides.id}/results/{day.contest_id}" in post[0][2]
    assert "approves nothing" in post[0][2]
    assert telling.tell(times.now()) == 0
    clock.forward(minutes=30)
    day.times(e3=2400)
    day.pull()
    assert telling.tell(times.now()) == 0  # they know that something waits
    clock.forward(minutes=30)
    day.result(9, results_bib="8")
    day.pull()
    assert telling.tell(times.now()) == 2  # it is worse than what they were told of


def test_after_a_decision_the_next_version_matters_again(day, clock, post):
    day.pull()
    telling.tell(times.now())
    clock.forward(minutes=1)
    day.go_public()
    day.times(e3=2400)
    day.pull()
    assert telling.tell(times.now()) == 2


def test_a_mail_server_that_is_away_undoes_nothing(day, post, monkeypatch):
    version = day.pull()
    monkeypatch.setattr(mail, "send", lambda *_message: False)
    assert telling.tell(times.now()) == 0
    assert day.version(version).mailed_at is not None
    assert day.version(version).state == "needs_review"


def test_the_second_person_is_told_and_support_where_there_is_none(day, clock, post):
    day.pull()
    day.go_public()
    clock.forward(hours=1)
    day.go_public("official")
    day.times(e3=2400)
    day.pull()
    telling.tell(times.now())
    post.clear()
    day.approve(day.screen(), reason="Video.")
    assert telling.tell(times.now()) == 1
    assert "second person" in post[0][1]
    assert "Video." in post[0][2]
    assert telling.tell(times.now()) == 0
