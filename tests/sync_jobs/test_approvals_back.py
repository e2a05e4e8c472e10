"""Taking down, going back, hiding a name: always possible, each with its own approval, nothing of history rewritten."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from sync_jobs import approvals, contest_map, ledger, times
from sync_jobs.approvals import Blocked, NotAllowed
from sync_jobs.models import Approval, HiddenName, Publication, PublicationPayload, db, write
from sync_jobs.review import packed
from tests.factories import make_account, make_partner
from tests.sync_jobs.raceday import actor, race_day


@pytest.fixture
def day(app, clock):
    day = race_day(*range(1, 13))
    day.pull()
    day.go_public()
    return day


def payload(day, approval):
    number = day.publication(approval).publication_id
    return packed.unpack(db.session.get_one(PublicationPayload, number).body)


def states(day):
    db.session.rollback()
    return [(row.act, row.state) for row in db.session.scalars(select(Publication).order_by(Publication.publication_id))]


# Take down


@pytest.mark.parametrize("who", ["director", "partner", "support"])
def test_one_person_takes_down(day, who):
    down = approvals.retract(day.destination_id, "Ticket 4711: wrong course.", getattr(day, who), times.now())
    approval = db.session.get_one(Approval, down.approval_id)
    assert (down.state, down.act, approval.needs_second, approval.requested_name) == (
        "waiting", "retraction", 0, getattr(day, who).name,
    )  # fmt: skip
    assert payload(day, approval).rows == ()
    assert payload(day, approval).visibility == "retracted"
    assert approvals.retract(day.destination_id, "again 1", day.director, times.now()).publication_id == down.publication_id
    assert day.publish(down) is None
    assert day.place().visibility == "retracted"
    with pytest.raises(NotAllowed, match="Nothing is public"):
        approvals.retract(day.destination_id, "once more", day.director, times.now())


def test_a_reason_is_needed_and_supports_names_a_ticket(day):
    with pytest.raises(NotAllowed, match="Say why"):
        approvals.retract(day.destination_id, "  ", day.director, times.now())
    with pytest.raises(NotAllowed, match="ticket"):
        approvals.retract(day.destination_id, "they asked", day.support, times.now())
    for by in (actor(make_account("administrator")), actor(make_account("director", make_partner("Other")))):
        with pytest.raises(NotAllowed):
            approvals.retract(day.destination_id, "mine 1", by, times.now())


def test_it_takes_what_waits_and_what_goes_out_with_it(day, clock):
    until = times.now().replace(hour=17)
    approvals.stand(day.destination_id, until, day.director, times.now())
    day.times(e3=2400)
    day.pull()
    going = day.approve(day.screen())
    assert approvals.take_up(day.publication(going).publication_id, times.now()) is None
    day.times(e4=2401)
    day.pull()
    down = approvals.retract(day.destination_id, "Wrong gun.", day.director, times.now())
    assert states(day) == [("preliminary", "published"), ("preliminary", "failed"), ("retraction", "waiting")]
    assert "Taken down by" in day.publication(going).why
    assert day.screen().standing is None
    assert day.publish(down) is None


def test_it_never_joins_a_run_that_may_have_looked_before_it(day):
    day.times(e3=2400)
    day.pull()
    going = day.approve(day.screen())
    claim = ledger.claim(times.now())
    assert claim.run_id == day.publication(going).run_id
    approvals.take_up(day.publication(going).publication_id, times.now())
    down = approvals.retract(day.destination_id, "Wrong gun.", day.director, times.now())
    assert down.run_id != claim.run_id


def test_it_ends_an_approval_that_waits_for_the_second_person(day, clock):
    clock.forward(hours=1)
    day.go_public("official")
    day.times(e3=2400)
    day.pull()
    asked = day.approve(day.screen(), reason="Video.")
    approvals.retract(day.destination_id, "Wrong gun.", day.partner, times.now())
    assert day.kept(asked).state == "withdrawn"


def test_it_works_where_the_map_leads_elsewhere_by_now(day):
    destination_id, pair = day.destination_id, db.session.scalar(text("SELECT pair_id FROM contest_map"))
    db.session.rollback()
    contest_map.refuse(day.sides.id, pair, by="Ada", now=times.now(), reason="Wrong race.")
    shown = approvals.screen(day.contest_id, destination_id, None, times.now())
    assert shown.place.is_ended
    down = approvals.retract(destination_id, "Wrong race.", day.director, times.now())
    assert approvals.take_up(down.publication_id, times.now()) is None


def test_a_publication_that_was_never_shown_can_be_stopped(app, clock):
    day = race_day(*range(1, 9))
    day.pull()
    going = day.approve(day.screen())
    approvals.take_up(day.publication(going).publication_id, times.now())
    down = approvals.retract(day.destination_id, "Stop.", day.director, times.now())
    assert (day.publication(going).state, down.act) == ("failed", "retraction")


def test_after_official_was_taken_down_putting_it_back_needs_two(day, clock):
    clock.forward(hours=1)
    day.go_public("official")
    day.publish(approvals.retract(day.destination_id, "Wrong gun.", day.director, times.now()))
    shown = day.screen()
    assert (shown.act, shown.offer.needs_second) == ("correction", True)
    assert day.approve(shown, reason="It was right.").state == "waiting"


# Back to an earlier version


def test_going_back_is_a_new_publication_of_the_old_rows(day):
    first = day.screen().version.version_id
    rows = day.screen().payload
    day.times(e3=2400)
    second = day.pull()
    day.go_public("preliminary")
    back = approvals.go_back(day.destination_id, first, "The lap was counted twice.", day.director, times.now())
    assert (back.state, back.act, back.version_id, back.reason) == (
        "approved", "preliminary", first, "The lap was counted twice.",
    )  # fmt: skip
    assert (
        approvals.go_back(day.destination_id, first, "The lap was counted twice.", day.director, times.now()).approval_id
        == back.approval_id
    )
    assert payload(day, back).rows == rows
    assert day.publish(back) is None
    assert day.place().live_version_id == first
    again = approvals.go_back(day.destination_id, second, "No, it was right.", day.director, times.now())
    assert day.publish(again) is None
    assert states(day) == [("preliminary", "published")] * 4


def test_after_official_it_needs_two(day, clock):
    first = day.screen().version.version_id
    clock.forward(hours=1)
    day.go_public("official")
    day.times(e3=2400)
    day.pull()
    day.publish(approvals.second(day.approve(day.screen(), reason="Video.").approval_id, day.partner, times.now()))
    back = approvals.go_back(day.destination_id, first, "The video was of another runner.", day.partner, times.now())
    assert (back.state, back.act, back.needs_second) == ("waiting", "correction", 1)
    done = approvals.second(back.approval_id, day.director, times.now())
    assert day.publish(done) is None
    assert day.place().live_version_id == first


def test_only_to_what_was_public_there(day):
    first = day.screen().version.version_id
    day.times(e3=2400)
    never = day.pull()
    day.times(e3=2401)
    day.pull()
    for version, words in ((first, "is what is public"), (never, "never public")):
        with pytest.raises(NotAllowed, match=words):
            approvals.go_back(day.destination_id, version, "So.", day.director, times.now())
    day.go_public("preliminary")
    for by in (day.support, actor(make_account("director", day.sides.partner))):
        with pytest.raises(NotAllowed):
            approvals.go_back(day.destination_id, first, "So.", by, times.now())
    with pytest.raises(NotAllowed, match="Say why"):
        approvals.go_back(day.destination_id, first, "", day.director, times.now())
    with write() as session:
        session.execute(text("UPDATE connections SET state = 'paused'"))
    with pytest.raises(Blocked, match="paused"):
        approvals.go_back(day.destination_id, first, "So.", day.director, times.now())


# Names


def test_a_hidden_name_is_hidden_in_every_version_also_an_older_one(day):
    first = day.screen().version.version_id
    day.times(e3=2400)
    day.pull()
    day.go_public("preliminary")
    hidden = approvals.hide_name(day.contest_id, "5", "Asked by phone.", day.support, times.now())
    assert approvals.hide_name(day.contest_id, "5", "Asked by phone.", day.director, times.now()).hidden_id == hidden.hidden_id
    back = approvals.go_back(day.destination_id, first, "So.", day.director, times.now())
    row = next(row for row in payload(day, back).rows if row.entry_key == "5")
    assert (row.first_name, row.last_name, row.place) == ("Anonymous", "", 5)
    day.publish(back)
    approvals.show_name(day.contest_id, "5", day.director, times.now())
    assert next(row for row in day.screen().payload if row.entry_key == "5").last_name
    assert db.session.get_one(HiddenName, hidden.hidden_id, populate_existing=True).ended_at is not None


def test_hiding_needs_a_reason_somebody_of_theirs_and_a_row(day):
    with pytest.raises(NotAllowed, match="without naming"):
        approvals.hide_name(day.contest_id, "5", "", day.director, times.now())
    with pytest.raises(NotAllowed, match="not in these results"):
        approvals.hide_name(day.contest_id, "999", "So.", day.director, times.now())
    with pytest.raises(NotAllowed):
        approvals.hide_name(day.contest_id, "5", "So.", actor(make_account("partner", make_partner("Other"))), times.now())


def test_hiding_makes_what_waits_void(day):
    day.times(e3=2400)
    day.pull()
    waits = day.approve(day.screen())
    approvals.hide_name(day.contest_id, "5", "Asked by phone.", day.director, times.now())
    assert (day.kept(waits).state, day.publication(waits).state) == ("stale", "failed")
