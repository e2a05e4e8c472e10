"""Race Roster by calls that nobody confirmed, only once they are switched on; and as a file, as Haku always."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from sqlalchemy import select

from sync_jobs import publish, times
from sync_jobs.models import Connection, ResultFile, db, write
from sync_jobs.providers import ADAPTERS


@pytest.fixture
def provider():
    return "raceroster"


def switch_on(desk):
    with write() as session:
        session.get_one(Connection, desk.connection.connection_id).writes = "on"


def files():
    db.session.rollback()
    return list(db.session.scalars(select(ResultFile)))


def races(desk):
    return list(desk.sandbox.race_results.races.values())


def posts(desk):
    return [call.method for call in desk.sandbox.requests if call.method != "GET" and "results" in call.path]


def test_nothing_is_sent_to_race_roster_before_somebody_switches_it_on(desk):
    assert "not confirmed" in ADAPTERS["raceroster"].results_note
    made = desk.publish(desk.rows())
    assert (made.state, posts(desk), races(desk)) == ("published", [], [])
    (file,) = files()
    assert (file.people, file.media_type, file.name) == (60, "text/csv", "harbor-lights-half-10k-results.csv")
    assert desk.receipts[-1][1] == "file"
    assert (desk.destination().visibility, desk.destination().live_version_id) == ("none", None)


def test_a_file_says_what_was_approved_and_no_more(desk):
    rows = [replace(row, first_name="=HYPERLINK(1)") if row.place == 1 else row for row in desk.rows()]
    desk.publish(rows)
    header, *lines = csv.reader(io.StringIO(files()[0].content.decode()))
    assert header == ["Bib", "First name", "Last name", "Gender", "Age", "Division", "Place", "Gender place", "Division place",
                      "Gun time", "Chip time", "Status", "5K"]  # fmt: skip
    first = dict(zip(header, lines[0], strict=True))
    assert (first["Bib"], first["Gun time"], first["5K"], first["First name"]) == ("1", "00:16:41", "00:06:41", "'=HYPERLINK(1)")
    assert len(lines) == len(rows)


def test_a_file_counts_as_public_once_somebody_says_that_they_loaded_it(desk):
    desk.publish(desk.rows(), "official")
    (file,) = files()
    assert publish.loaded(file.file_id, "Pat", times.now())
    assert (desk.destination().visibility, desk.destination().live_version_id) == ("official", 1)
    assert not publish.loaded(file.file_id, "Sam", times.now())
    assert files()[0].loaded_by == "Pat"


def test_race_roster_takes_the_whole_set_and_shows_it_last(desk):
    switch_on(desk)
    rows = desk.rows()
    assert desk.publish(rows).state == "published"
    assert posts(desk) == ["POST", "PUT", "PATCH"]
    assert (len(desk.there().rows), races(desk)[0]["isActive"], files()) == (60, True, [])
    assert desk.publish([replace(rows[0], gun_ms=990_000), *rows[1:-1]], "correction").state == "published"
    assert len(desk.there().rows) == 59
    assert {row.bib: row.gun_ms for row in desk.there().rows}["1"] == 990_000
    assert desk.publish([], "retraction").state == "published"
    assert races(desk)[0]["isActive"] is False


@pytest.mark.parametrize("path", ["results-races", "results"])
def test_a_lost_answer_of_race_roster_is_looked_up(desk, clock, path):
    switch_on(desk)
    number = desk.approve(desk.rows())
    desk.ask()
    for after in (1, 3):
        desk.sandbox.faults.add("lost_reply", provider="raceroster", path=path, after=after, calls=1)
    for _ in range(5):
        if desk.work().status == "completed":
            break
        clock.forward(minutes=10)
    assert desk.publication(number).state == "published"
    assert (len(races(desk)), len(desk.there().rows)) == (1, 60)


class TestHaku:
    @pytest.fixture
    def provider(self):
        return "haku"

    def test_haku_gets_a_file_and_no_call(self, desk):
        assert desk.publish(desk.rows()).state == "published"
        assert (len(files()), len(list(desk.sandbox.requests))) == (1, 0)

    def test_taking_down_at_haku_is_a_persons_word(self, desk):
        desk.publish(desk.rows())
        made = desk.publish([], "retraction")
        assert (made.state, desk.destination().visibility) == ("published", "retracted")
        assert "by hand" in made.why
        _, kind, proof, _ = desk.receipts[-1]
        assert (kind, proof.is_equal, proof.visibility_after) == ("retracted", None, "retracted")
        assert list(desk.sandbox.requests) == []
