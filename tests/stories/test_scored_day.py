"""A day that ChronoTrack scores, through whole pulls: start list and results arrive in the views as they truly are."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from sync_jobs.kit.statuses import status_of
from sync_jobs.models import db
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sync_jobs.hub import make_hub


@pytest.fixture
def day(app, clock):
    """Hub, edition and scoring happening of the biggest race day, nine hours after its start."""
    world = World.build(anchor=NOW, partners=2, editions=6, registrations=500)
    with servers.start(world, clock=clock) as running:
        settings = app.extensions["hub_settings"]
        app.extensions["hub_settings"] = dataclasses.replace(
            settings, provider_urls={**settings.provider_urls, **running.urls}, keep_pace=False
        )
        happening = max(running.scoring.happenings("chronotrack", 1), key=lambda one: len(running.scoring.entries(one, NOW)))
        clock.now = datetime.fromtimestamp(happening.starts_at, UTC) + timedelta(hours=9)
        hub = make_hub(world, running, "chronotrack")
        hub.discover()
        edition = next(one for one in hub.editions() if one.name.startswith(happening.name[:12]) and one.starts_at is not None
                       and abs(one.starts_at.timestamp() - happening.starts_at) < 7200)  # fmt: skip
        yield hub, edition, happening


def rows(sql, **given):
    found = [dict(row) for row in db.session.execute(text(sql), given).mappings()]
    db.session.rollback()
    return found


def test_the_start_list_arrives_with_statuses_and_external_ids(day, clock):
    hub, edition, happening = day
    assert hub.sync("participants", edition).status == "completed"
    truth = {str(one.entry.number): one for one in hub.sandbox.scoring.results(happening, clock())}
    seen = {
        row["registration_key"]: row for row in rows("SELECT * FROM unified_participants WHERE source_provider = 'chronotrack'")
    }
    assert seen.keys() == truth.keys()
    for key, row in seen.items():
        entry, known = truth[key].entry, truth[key].known
        assert (row["external_id"], row["bib_number"], row["edition_id"]) == (entry.external_id, entry.bib, edition.edition_id)
        assert row["contest_id"] is not None
        ours = status_of("chronotrack", row["entry_status"], finished=known.finish is not None, started=known.start is not None)
        assert (
            ours == {"not_seen": "NOT_SEEN", "finished": "FINISHED", "dnf": "DNF", "dq": "DQ", "running": "RUNNING"}[known.status]
        )


def test_results_have_a_place_in_each_ranking_and_one_finish(day, clock):
    hub, edition, happening = day
    assert hub.sync("results", edition).status == "completed"
    truth = {str(one.entry.number): one for one in hub.sandbox.scoring.results(happening, clock()) if one.rank}
    assert truth
    finishes = rows("SELECT * FROM unified_finishes WHERE edition_id = :e", e=edition.edition_id)
    assert {row["entry_key"] for row in finishes} == truth.keys()
    assert len(finishes) == len(truth)
    assert all(row["overall_place"] == truth[row["entry_key"]].rank for row in finishes)
    others = rows("SELECT * FROM unified_results WHERE edition_id = :e AND is_overall = 0", e=edition.edition_id)
    places = [row for row in others if not row["bracket_name"].startswith("Split ")]
    assert len(places) < len(others), "splits are among them"
    expected = [one.rank_gender for one in truth.values() if one.rank_gender] + [
        one.rank_division for one in truth.values() if one.rank_division
    ]
    assert sorted(row["bracket_place"] for row in places) == sorted(expected)
    assert {row["overall_place"] for row in places} == {None}


def test_only_what_changed_is_written_and_who_is_taken_off_is_gone(day, clock):
    hub, edition, happening = day
    assert hub.sync("results", edition).rows_new
    again = hub.sync("results", edition)
    assert (again.rows_new, again.rows_changed, again.rows_gone) == (0, 0, 0)
    scoring = hub.sandbox.scoring
    first, second = [
        one.entry for one in scoring.results(happening, clock()) if one.rank and one.rank_gender and one.rank_division
    ][-2:]
    scoring.change(first, {"city": "Elsewhere"}, clock())
    scoring.drop(second, clock())
    clock.forward(minutes=1)
    changed = hub.sync("results", edition)
    assert changed.rows_gone == 3
    assert changed.rows_changed >= 3
    finishes = rows("SELECT entry_key FROM unified_finishes WHERE edition_id = :e", e=edition.edition_id)
    assert str(second.number) not in {row["entry_key"] for row in finishes}


def test_the_day_is_in_its_own_zone(day):
    _, edition, happening = day
    assert (edition.timezone, edition.timezone_source) == (happening.edition.zone, "chronotrack")
