"""Where results go follows the contest map: one set for each happening at a connection, ended and made again with it."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from sync_jobs import contest_map, destinations, times
from sync_jobs.models import ContestPair, ResultDestination, db, write
from tests.factories import make_connection, make_contest, make_link
from tests.sync_jobs.raceday import START, race_day


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 9))


def rows(day):
    db.session.rollback()
    mine = select(ResultDestination).where(ResultDestination.contest_id == day.contest_id)
    return db.session.scalars(mine.order_by(ResultDestination.destination_id).execution_options(populate_existing=True)).all()


def confirm(day, ours):
    contest_map.confirm(
        day.sides.id, ours.contest_id, day.theirs.contest_id, by="Ada", now=times.now(), looked=True, reason="It is so."
    )


def pair_of(ours):
    found = db.session.scalar(select(ContestPair.pair_id).where(ContestPair.registration_contest_id == ours.contest_id))
    db.session.rollback()
    return found


def refuse(day, ours):
    contest_map.refuse(day.sides.id, pair_of(ours), by="Ada", now=times.now(), reason="It is not.")


def test_several_distances_of_one_happening_share_a_set(day):
    wave = day.sides.distance("10K wave 2", 802, starts_at=START, distance="10K")
    confirm(day, wave)
    (one,) = rows(day)
    assert (one.registration_contest_id, one.also_for, one.happening_id) == (day.ours.contest_id, [wave.contest_id], "70")
    target = destinations.targets(db.session(), [one])[one.destination_id]
    assert (target.contest_id, target.also_for, target.happening_id, target.zone) == ("801", ("802",), "70", "America/New_York")
    refuse(day, day.ours)
    (one,) = rows(day)
    assert (one.registration_contest_id, one.also_for, one.ended_at) == (wave.contest_id, [], None)


def test_another_provider_is_another_destination(day):
    elsewhere = make_connection(day.sides.partner, "raceroster")
    make_link(day.sides.edition, elsewhere, "55")
    theirs = make_contest(
        day.sides.edition, elsewhere, "10K", happening_id="55", provider_contest_id="55/7", starts_at=START, distance="10K"
    )
    confirm(day, theirs)
    first, second = rows(day)
    assert (second.provider_name, second.happening_id, second.also_for) == ("raceroster", "55", [])
    found = destinations.targets(db.session(), [first, second])
    assert (found[second.destination_id].contest_id, found[first.destination_id].contest_id) == ("7", "801")


def test_what_the_map_leaves_ends_and_comes_back_as_the_same(day):
    day.pull()
    waits = day.approve(day.screen())
    refuse(day, day.ours)
    (one,) = rows(day)
    assert one.ended_at == times.now()
    assert (day.kept(waits).state, day.publication(waits).state) == ("stale", "failed")
    contest_map.undo(day.sides.id, pair_of(day.ours), by="Ada", now=times.now(), reason="It was right.")
    (again,) = rows(day)
    assert (again.destination_id, again.ended_at) == (one.destination_id, None)


def test_any_change_of_the_map_or_its_rules_voids_what_waits(day):
    day.pull()
    for change in (
        lambda: contest_map.keep_rules(
            day.sides.id, day.contest_id, contest_map.Rules(overall_awards=5), by="Ada", now=times.now(), reason="So."
        ),
        lambda: confirm(day, day.sides.distance("10K wave 2", 802, starts_at=START, distance="10K")),
    ):
        waits = day.approve(day.screen())
        change()
        assert day.kept(waits).state == "stale"


def test_a_map_of_before_gets_its_destinations_at_the_first_check(day):
    with write() as session:
        session.execute(text("DELETE FROM result_destinations"))
    day.pull()
    assert len(rows(day)) == 1
    assert day.screen().offers
