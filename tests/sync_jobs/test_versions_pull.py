"""Versions out of whole readings over real sockets: a race day read again and again at both scoring providers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from sync_jobs import jobs, versions
from sync_jobs.models import Contest, KeptRow, RawResult, ResultVersion, db
from sync_jobs.pull import checking
from sync_jobs.review.fingerprints import content_hash
from sync_jobs.sandbox import raceday, servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sync_jobs.hub import make_hub
from tests.sync_jobs.test_pull import reach

STATUSES = {"finished": "FINISHED", "running": "RUNNING", "dnf": "DNF", "dq": "DQ"}


class Day:
    """The biggest event that the first partner has at a scoring provider, moved through by the minute."""

    def __init__(self, hub, clock) -> None:
        self.hub, self.clock, self.scoring = hub, clock, hub.sandbox.scoring
        mine = self.scoring.happenings(hub.provider, 1)
        self.race = max(
            (one for one in mine if any(len(c.points) > 1 for c in one.contests)),
            key=lambda one: len(self.scoring.entries(one, NOW)),
        )
        by_name = {one.name: one for one in hub.discover()}
        self.edition = by_name[self.race.name]

    def read(self, minutes):
        """Entries and results so long after the start; the versions that it made."""
        self.clock.now = datetime.fromtimestamp(self.race.starts_at, UTC) + timedelta(minutes=minutes)
        before = set(db.session.scalars(select(ResultVersion.version_id)))
        assert self.hub.sync("participants", self.edition).status == "completed"
        run = self.hub.sync("results", self.edition)
        assert run.status == "completed", run.last_error
        db.session.rollback()
        return sorted(set(db.session.scalars(select(ResultVersion.version_id))) - before)

    def known(self):
        """What the timer knows now, by entry key as the provider writes it."""
        outcomes = self.scoring.results(self.race, self.clock())
        return {str(o.entry.number) if self.hub.provider == "chronotrack" else o.entry.uid: o for o in outcomes}

    def newest(self):
        """The newest version of each contest, by the provider's name of it."""
        db.session.rollback()
        found = {}
        for version_id in db.session.scalars(select(func.max(ResultVersion.version_id)).group_by(ResultVersion.contest_id)).all():
            version = versions.load(version_id)
            found[version.contest_id] = version
        return found


@pytest.fixture(params=["chronotrack", "copernico"])
def day(request, app, clock):
    world = World.build(anchor=NOW, partners=2, editions=9, registrations=900)
    world.scored_at = request.param
    with servers.start(world, clock=clock) as running:
        reach(app, running)
        hub = make_hub(world, running, request.param)
        yield Day(hub, clock)


def test_a_race_day_becomes_versions_that_are_true(day):
    assert day.read(-10) == []
    day.read(140)
    assert {row.status for version in day.newest().values() for row in version.rows} >= {"RUNNING", "FINISHED"}
    day.read(600)
    known, rows = day.known(), [row for version in day.newest().values() for row in version.rows]
    seen = {key: one for key, one in known.items() if one.known.status != "not_seen" and not one.entry.withdrawn}
    assert {row.entry_key for row in rows if row.status != "DNS"} <= seen.keys()
    counted = Counter(row.status for row in rows if row.status != "DNS")
    assert counted["FINISHED"] == sum(one.known.status == "finished" for one in seen.values())
    for row in rows:
        one = known[row.entry_key]
        if row.status == "FINISHED":
            assert abs(row.gun_ms - one.known.gun_ms) < 1000
            assert (row.place, row.gender_place) == (one.rank, one.rank_gender)
            assert row.division == one.entry.division
            assert [split.point for split in row.splits] == [name for name, _ in one.known.points]
        else:
            assert row.status in {STATUSES[one.known.status], "DNS"}
    assert not any(row.unreadable for row in rows)
    for version in day.newest().values():
        assert version.is_complete
        assert content_is_what_it_says(version)


def content_is_what_it_says(version):
    return content_hash(version.rows) == version.content_hash


def test_the_gun_is_known_to_the_second(day):
    day.read(600)
    contests = {str(contest.number): contest for contest in day.race.contests} | {one.name: one for one in day.race.contests}
    checked = 0
    for contest_id, version in day.newest().items():
        name = db.session.get_one(Contest, contest_id).provider_contest_id.partition("/")[2]
        gun = raceday.gun_of(contests[name], contests[name].waves[0]) / 1000
        if version.started_at is not None:
            assert abs(version.started_at.timestamp() - gun) <= 1
            checked += 1
    if day.hub.provider == "copernico":
        assert checked


def test_the_dead_mat_is_seen_in_the_splits(day):
    day.read(600)
    failed = [found for contest in day.race.contests if (found := raceday.point_failure(contest))]
    ((point, _, _),) = failed
    shares = []
    for version in day.newest().values():
        finished = version.finishers
        if any(split.point == point for row in finished for split in row.splits):
            shares.append(sum(point not in {split.point for split in row.splits} for row in finished) / len(finished))
    assert max(shares) > 0.08


def test_what_stays_the_same_costs_nothing(day):
    made = day.read(600)
    assert made
    kept = db.session.scalar(select(func.count()).select_from(KeptRow))
    raw = db.session.scalar(select(func.count()).select_from(RawResult))
    assert day.read(605) == []
    assert db.session.scalar(select(func.count()).select_from(KeptRow)) == kept
    assert db.session.scalar(select(func.count()).select_from(RawResult)) == raw
    moved = set(db.session.scalars(select(ResultVersion.last_seen_at).where(ResultVersion.version_id.in_(made))))
    assert moved == {day.clock()}


def test_the_providers_own_records_are_kept_once(day):
    day.read(50)
    day.read(600)
    db.session.rollback()
    partner, rows = day.hub.partner_id, db.session.execute(select(KeptRow.entry_key, KeptRow.raw)).all()
    checked = 0
    for entry_key, digests in rows[::25]:
        records = versions.raw_records(partner, digests)
        assert len(records) == len(digests)
        for record in records:
            own = record.get("results_entry_id") or record["person"]["id"]
            assert own == entry_key
            checked += 1
    assert checked
    size = db.session.scalar(select(func.avg(func.length(RawResult.body))))
    assert size < 900


@pytest.mark.parametrize("day", ["chronotrack"], indirect=True)
def test_a_record_that_cannot_be_read_is_marked_not_believed(day):
    day.read(500)
    before = {row.entry_key: row for version in day.newest().values() for row in version.rows}
    day.hub.sandbox.faults.add("unreadable", 3, provider="chronotrack", path="/results", calls=1)
    (odd,) = (versions.load(version_id) for version_id in day.read(501))
    marked = {row.entry_key: row for row in odd.rows if row.unreadable}
    assert not odd.is_complete, "somebody's record has no id: it could be anybody's"
    ((key, row),) = marked.items()
    assert row.unreadable == (("Split 10K: results_time", "is no time"), ("Split Half: results_first_name", "is no text"))
    assert replace(row, unreadable=()) == before[key], "the result itself was read"
    (whole,) = (versions.load(version_id) for version_id in day.read(502))
    assert whole.is_complete
    assert {row.entry_key: row for row in whole.rows} == {key: before[key] for key in whole.by_entry}


@pytest.mark.parametrize("day", ["chronotrack"], indirect=True)
def test_a_reading_that_was_cut_begins_again_and_makes_one_version(day):
    day.read(300)
    held = db.session.scalar(select(func.count()).select_from(ResultVersion))
    day.hub.sandbox.faults.add("status", 503, provider="chronotrack", path="/results", after=1, calls=4)
    day.clock.forward(minutes=60)
    run = day.hub.run(day.hub.ask("results", day.edition))
    assert day.hub.work().status == "pending"
    assert db.session.scalar(select(func.count()).select_from(ResultVersion)) == held, "half a reading makes none"
    day.clock.forward(minutes=31)
    assert day.hub.work().status == "completed"
    asked = [one.query.get("page") for one in day.hub.sandbox.requests.matching("chronotrack", "/results")]
    assert run.run_id
    assert asked[-3:] == ["1", "1", "1"]
    assert db.session.scalar(select(func.count()).select_from(ResultVersion)) > held


# Checking


@pytest.mark.parametrize("day", ["chronotrack"], indirect=True)
def test_new_versions_are_checked_after_the_reading_that_made_them(day, clock):
    made = day.read(600)
    assert len(made) > 1
    assert checking.check_new(day.edition.edition_id + 1, clock()) == []
    assert checking.check_new(day.edition.edition_id, clock()) == made
    db.session.rollback()
    assert "pulled" not in set(db.session.scalars(select(ResultVersion.state)))
    assert checking.check_new(day.edition.edition_id, clock()) == []


@pytest.mark.parametrize("day", ["chronotrack"], indirect=True)
def test_what_a_crash_left_unchecked_is_checked_by_the_next_tick(day, clock):
    made = day.read(600)
    jobs.tick(clock.forward(minutes=1))
    db.session.rollback()
    states = dict(tuple(row) for row in db.session.execute(select(ResultVersion.version_id, ResultVersion.state)))
    assert {states[version_id] for version_id in made} <= {"blocked", "needs_review", "cleared"}
