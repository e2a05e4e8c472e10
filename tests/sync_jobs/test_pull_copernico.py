"""Whole pulls of Copernico over real sockets: a race is an event, its events are distances, and results are what is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from sync_jobs.kit import durations
from sync_jobs.models import Contest, db
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sync_jobs.hub import make_hub
from tests.sync_jobs.test_pull import reach

EACH = 30


@pytest.fixture
def hub(app, clock):
    """Two races of two events with 30 people each."""
    world = World.regular(anchor=NOW, editions=2, contests=2, each=EACH, provider="copernico")
    with servers.start(world) as running:
        reach(app, running)
        yield make_hub(world, running, "copernico")


def race(hub):
    return hub.sandbox.scoring.happenings("copernico")[0]


def look(view, edition):
    rows = db.session.execute(text(f"SELECT * FROM {view} WHERE edition_id = :e"), {"e": edition.edition_id}).mappings().all()
    db.session.rollback()
    return rows


def contests(edition):
    rows = db.session.scalars(select(Contest).where(Contest.edition_id == edition.edition_id)).all()
    return {one.provider_contest_id: one for one in rows}


def raced(hub, edition, clock):
    """The start list and all results, hours after the start."""
    clock.now = datetime.fromtimestamp(race(hub).starts_at, UTC) + timedelta(hours=5)
    assert hub.sync("participants", edition).status == "completed"
    return hub.sync("results", edition)


def test_a_race_becomes_an_event_with_its_distances(hub):
    first, second = hub.discover()
    assert {first.name, second.name} == {one.name for one in hub.sandbox.scoring.happenings("copernico")}
    assert first.timezone_source == "copernico"
    found = contests(first)
    assert set(found) == {f"{race(hub).uid}/{contest.name}" for contest in race(hub).contests}
    assert {one.happening_id for one in found.values()} == {race(hub).uid}
    assert min(one.starts_at for one in found.values()).timestamp() == min(c.starts_at for c in race(hub).contests)


def test_the_start_list_stands_under_its_distances(hub, clock):
    edition = hub.discover()[0]
    run = hub.sync("participants", edition)
    assert (run.status, run.rows_new, run.rows_gone) == ("completed", 2 * EACH, 0)
    rows = look("unified_participants", edition)
    true = {(one.uid, one.external_id, one.bib, one.last_name) for one in hub.sandbox.scoring.entries(race(hub), NOW)}
    assert {(row["registration_key"], row["external_id"], row["bib_number"], row["last_name"]) for row in rows} == true
    assert {one.contest_id: one.rows_held for one in contests(edition).values()} == dict.fromkeys(
        {row["contest_id"] for row in rows}, EACH
    )
    assert hub.state("participants", edition).notices == {}
    again = hub.sync("participants", edition)
    assert (again.rows_new, again.rows_changed, again.rows_same) == (0, 0, 2 * EACH)


@pytest.mark.parametrize("kind", [None, "no_ids", "mojibake"])
def test_results_are_true_in_the_view(hub, clock, kind):
    edition = hub.discover()[0]
    if kind:
        hub.sandbox.faults.add(kind, provider="copernico", path="preset")
    assert raced(hub, edition, clock).status == "completed"
    rows = {row["entry_key"]: row for row in look("unified_finishes", edition)}
    true = {one.entry.uid: one for one in hub.sandbox.scoring.results(race(hub), clock()) if one.known.status != "not_seen"}
    assert rows.keys() == true.keys()
    for key, one in true.items():
        gun, chip = (None if ms is None else durations.written(ms) for ms in (one.known.gun_ms, one.known.chip_ms))
        assert (rows[key]["results_gun_time"], rows[key]["results_time"], rows[key]["overall_place"]) == (gun, chip, one.rank)
        assert rows[key]["bib_number"] == one.entry.bib
    words = {"F": "F", "M": "M"}
    assert all(rows[key]["gender"] == words.get(one.entry.gender) for key, one in true.items())


def test_an_export_that_is_suddenly_empty_takes_nothing_away(hub, clock):
    edition = hub.discover()[0]
    raced(hub, edition, clock)
    before = len(look("unified_results", edition))
    hub.sandbox.faults.add("empty", provider="copernico", path="preset")
    clock.forward(minutes=2)
    run = hub.sync("results", edition)
    assert (run.status, run.error_kind) == ("pending", "incomplete")
    assert len(look("unified_results", edition)) == before > 40


def test_one_who_is_not_listed_any_more_is_gone(hub, clock):
    edition = hub.discover()[0]
    hub.sync("participants", edition)
    dropped = hub.sandbox.scoring.entries(race(hub), NOW)[4]
    hub.sandbox.scoring.drop(dropped, NOW)
    run = hub.sync("participants", edition)
    assert (run.status, run.rows_gone) == ("completed", 1)
    assert dropped.uid not in {row["registration_key"] for row in look("unified_participants", edition)}


def test_a_time_that_is_corrected_arrives(hub, clock):
    edition = hub.discover()[0]
    raced(hub, edition, clock)
    hub.sandbox.faults.add("revoked", 1, provider="copernico", path="preset")
    clock.forward(minutes=2)
    run = hub.sync("results", edition)
    assert (run.status, run.rows_changed, run.rows_gone) == ("completed", 2, 0)  # one of each distance
    assert sum(row["results_gun_time"] is None for row in look("unified_results", edition)) >= 2
