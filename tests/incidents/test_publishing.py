"""Incidents between approval and the public: I14, I15, I17 to I21 and I24 to I26."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from sync_jobs import approvals, assembling, contest_map, jobs, times, versions
from sync_jobs.approvals import Blocked, NotAllowed, Stale
from sync_jobs.checks import running
from sync_jobs.models import Contest, ContestPair, Edition, db, write
from sync_jobs.providers import ADAPTERS
from tests.incidents.stage import MINUTE, RUN

ADDRESS = "ada@private.example"


@pytest.fixture
def leaking(monkeypatch):
    """Somebody maps a new field of a provider into the rows that go out."""
    payload = assembling.fields.payload

    def leaks(*args, **given):
        return tuple(replace(row, extra={"email": ADDRESS}) for row in payload(*args, **given))

    monkeypatch.setattr(assembling.fields, "payload", leaks)


def test_i14_names_and_addresses_on_the_web(stage, leaking, monkeypatch, caplog):
    race = stage(60)
    race.comes(race.field())
    (stops,) = race.findings("X01")
    assert (stops.severity, stops.can_be_waived) == ("hard", False)
    assert "“email”" in stops.sentence
    assert (race.newest().state, race.screen().state) == ("blocked", "blocked")
    with pytest.raises(NotAllowed):
        race.waive_one(stops)
    with pytest.raises(Blocked):
        race.approve()
    assert race.asked() == 0

    monkeypatch.setattr(running, "run", lambda _: [])  # and if no check had looked, sending looks itself
    race.automatic()
    approvals.check_pending(times.now())
    with caplog.at_level(logging.INFO):
        race.work()
    assert race.publication().state == "failed"
    assert "email" in race.publication().why
    assert "email" in caplog.text
    assert ADDRESS not in caplog.text + race.publication().why
    assert race.asked("full-results") == race.asked("new-result-set") == 0, "no row left"
    assert race.live() is None


def test_i15_a_notification_cannot_be_recalled(stage):
    race = stage(60)
    race.comes(race.field())
    race.go()
    race.by_hand("edit_result", registration=race.registered[0].key, place=1)
    assert race.sandbox.results.listed()["sets"][0]["disable_notifications"] == "T"
    assert race.messages() == 0
    assert race.receipts()[-1]["proof"]["told"] == 0

    race.clock.forward(minutes=61)
    seen = race.screen(act="official", tells=True)
    assert seen.would_tell == 60, "how many, before anybody presses"
    quiet = race.screen(act="official")
    with pytest.raises(Stale):  # what was confirmed without messages does not send any
        approvals.approve(
            quiet.place.destination_id, quiet.version.version_id, quiet.act, payload_hash=quiet.payload_hash,
            base_hash=quiet.base_hash, rendered_hash=quiet.rendered_hash, tells=True, by=race.actor(), now=times.now(),
        )  # fmt: skip
    bad = [replace(row, word="LOST", gun_ms=None, chip_ms=None) if row.number == 60 else row for row in race.scored]
    race.comes(bad)
    assert [card.check_id for card in race.findings() if card.severity == "block"] == ["P09"]
    with pytest.raises(Blocked):
        race.approve(act="official", tells=True)
    assert race.messages() == 0

    race.comes(race.field())
    race.go_official(tells=True)
    assert race.messages() == 60
    decision = race.receipts()[-1]["decision"]
    assert (decision["tells"], decision["tells_many"]) == (True, 60)
    assert race.screen(tells=True).would_tell == 0, "nobody is told twice"


def test_i17_official_by_the_clock(stage):
    race = stage(60)
    race.comes(race.field())
    race.go()
    before = race.live()
    race.change("1", by=lambda row: row.moved(5000))
    race.pull()
    assert race.findings("V02")
    assert {one.to for one in race.told()} == {race.people["director"].email, race.people["second"].email}, "warned, in time"
    for _ in range(3):
        race.clock.forward(hours=20)
        jobs.tick(times.now())
        race.work()
    assert race.destination().visibility == "preliminary"
    assert race.live() == before
    with pytest.raises(Blocked):
        race.approve(act="official")


def test_i17_nor_by_a_rule_while_something_is_open(stage):
    race = stage(60)
    race.automatic()
    race.comes(race.field())
    race.work()
    race.change("1", by=lambda row: row.moved(5000))
    race.pull()
    for _ in range(3):
        race.clock.forward(hours=20)
        approvals.expire(times.now())
        jobs.tick(times.now())
        race.work()
    assert (race.destination().visibility, race.live().is_preliminary) == ("preliminary", True)


def test_i18_a_re_score_after_everything_was_final(stage):
    race = stage(60)
    race.comes(race.field())
    race.go()
    race.go_official()
    official, old = race.live(), race.receipts()[-1]
    one, other = race.scored[1], race.scored[2]
    times_of = {"2": other, "3": one}
    race.change("2", "3", by=lambda row: replace(row, gun_ms=times_of[row.bib].gun_ms, chip_ms=times_of[row.bib].chip_ms))
    race.pull()
    seen = race.screen()
    assert (seen.act, seen.state) == ("correction", "needs_review")
    assert seen.offer.needs_second
    moved = {(line.before, line.after) for line in race.lines() if line.section == "awards"}
    names = [f"{row.first_name} {row.last_name} (bib {row.bib})" for row in (one, other)]
    assert any(names[1] in before for before, _ in moved)
    assert {line.text.split(",")[0].split(" (")[0] for line in race.lines() if line.section == "time"} == {
        f"{row.first_name} {row.last_name}" for row in (one, other)
    }
    race.waive_all()
    asked = race.approve(reason="Two numbers were transposed")
    assert asked.state == "waiting"
    assert race.work() == []
    assert race.live() == official
    race.second(asked)
    race.work()
    assert (race.live().by_place[2], race.live().by_place[3]) == ("3", "2")
    assert (race.live().is_public, race.live().is_preliminary) == (True, False)
    new = race.receipts()[-1]
    assert new["aftermath"]["replaces"] == old["number"]
    assert new["content"]["difference"]["changed"] == 2


def test_i19_a_stale_approval(stage):
    race = stage(60)
    race.comes(race.field())
    seven = race.screen()
    race.change("30", "31", by=lambda row: replace(row, chip_ms=row.chip_ms - 1000))
    race.pull(minutes=1)
    calls = race.asked()
    with pytest.raises(Stale) as stale:
        race.approve(seven)
    assert stale.value.bibs == ("30", "31")
    assert "bibs 30 and 31" in str(stale.value)
    assert race.work() == []
    assert race.asked() == calls
    assert race.live() is None

    eight = race.screen()
    nobody = replace(race.scored[0], entry="e99", bib="99", external_id=None).out("DNS")
    race.score([*race.scored, nobody])  # somebody who is not sent: nothing that goes out is different
    assert race.pull(minutes=1) is not None
    assert race.screen().version.number == 3
    assert race.approve(eight).state == "approved"
    race.work()
    assert race.is_there_as_sent()


def test_i20_half_of_a_publication_fails_and_the_answer_is_lost(stage, monkeypatch):
    monkeypatch.setattr(ADAPTERS["runsignup"], "results_at_once", 12)
    race = stage(60)
    first = race.comes(race.field())
    race.sandbox.faults.add("lost_reply", provider="runsignup", path="full-results", after=2, calls=1)
    race.approve()
    (run,) = race.work()
    assert run.status == "pending"
    hidden = race.live()
    assert (hidden.is_public, hidden.public_rows, len(hidden.rows)) == (False, 0, 36)
    sent = race.asked("full-results")
    race.sandbox.faults.add("status", 500, provider="runsignup", path="full-results", calls=1)
    for _ in range(4):
        race.clock.forward(minutes=31)
        race.work()
    assert race.publication().state == "published"
    assert race.is_there_as_sent()
    live = race.live()
    assert (live.is_public, len(live.rows)) == (True, 60)
    assert race.asked("full-results") - sent == 3, "two that were missing, and the one that failed"
    (receipt,) = race.receipts()
    assert (receipt["kind"], receipt["execution"]["attempts"]) == ("published", 3)

    race.change("40", by=lambda row: replace(row, chip_ms=row.chip_ms - 1000))
    race.pull()
    race.waive_all()
    race.go()
    other = race.live().of("40")["chip_time"]
    approvals.go_back(race.destination().destination_id, first, "The first was right", race.actor(), times.now())
    race.work()
    assert race.is_there_as_sent(), "the first again, really sent"
    assert race.live().of("40")["chip_time"] != other
    hashes = [one.payload_hash for one in race.publications()]
    assert (len(hashes), hashes[0] == hashes[2], hashes[0] == hashes[1]) == (3, True, False)


def test_i21_somebody_edited_at_the_destination(stage):
    race = stage(60)
    race.comes(race.field())
    race.go()
    race.comes([*race.scored[:59], race.scored[59].moved(1000)])
    race.waive_all()
    race.approve()
    race.by_hand("edit_result", registration=race.registered[4].key, clock_time="0:31:00", first_name="Somebody")
    edited = race.live()
    race.work()
    publication = race.publication()
    assert publication.state == "drifted"
    assert race.live() == edited, "nothing was overwritten"
    said = race.destination().drift
    runner = race.scored[4]
    assert f"{runner.first_name} {runner.last_name} (bib 5), name: we sent" in said
    assert "Somebody" in said
    assert "gun time: we sent 32:03, 31:00 is there, 32:03 would be sent." in said
    approvals.check_pending(times.now())
    (stops,) = race.findings("V08")
    assert stops.severity == "block"
    assert {person.row.bib for person in stops.people} == {"5"}
    with pytest.raises(Blocked):
        race.approve()
    assert race.receipts()[-1]["kind"] == "refused"

    task = approvals.ask_timer(race.contest_id, "Is 31:00 right for bib 5?", race.actor(), times.now(), bibs=["5"])
    assert task.kind == "ask"
    race.waive("V08")
    race.waive_all()
    shown = {(one.bib, one.field): (one.sent, one.there, one.about) for one in race.screen().edits}
    assert shown[("5", "gun time")] == ("32:03", "31:00", "32:03")
    approval = race.approve()
    assert approval.overwrites
    assert approval.base_hash == race.destination().base_hash, "on top of what is there now"
    race.work()
    assert race.receipts()[-1]["decision"]["overwrites"]
    assert race.publication().state == "published"
    assert race.live().of("5")["clock_time"] == "32:03"
    assert race.is_there_as_sent()
    assert race.destination().drift is None


def test_i24_last_years_results(stage):
    race = stage(60)
    with write() as session:  # the race was renewed, and the map leads to the event of a year ago
        mine = Contest.contest_id == race.contests[0]
        session.execute(update(Contest).where(mine).values(starts_at=RUN - timedelta(days=364)))
        session.execute(update(ContestPair).values(state="suggested"))
    with pytest.raises(contest_map.CannotMap):
        contest_map.confirm(
            race.edition.edition_id, race.contests[0], race.contest_id, by="Pat", now=times.now(), reason="Late", looked=True
        )
    with write() as session:
        session.execute(update(ContestPair).values(state="confirmed"))
    race.comes(race.field())
    (stops,) = race.findings("X06")
    assert (stops.severity, race.newest().state) == ("hard", "blocked")
    with pytest.raises(Blocked):
        race.approve()
    assert race.live() is None


def test_i24_last_years_scoring(stage):
    race = stage(60)
    race.comes(race.field(), start=RUN - timedelta(days=364))
    (stops,) = race.findings("P02")
    assert stops.severity == "hard"
    with pytest.raises(Blocked):
        race.approve()
    race.automatic()
    approvals.check_pending(times.now())
    assert race.work() == []
    assert race.live() is None


def test_i25_wrong_results_at_the_awards(stage):
    race = stage(60)
    race.comes(race.field())
    race.go()
    approvals.hand_out(race.contest_id, ["e1", "e3", "e5"], race.actor(), times.now())
    seconds = {"1": 4000, "3": 4000}
    race.change("1", "3", by=lambda row: row.moved(seconds[row.bib]))
    race.pull()
    cards = [card for card in race.findings() if card.is_open]
    assert cards[0].check_id == "V09"
    assert cards[0].sentence.startswith("Handed out already: ")
    leading = race.lines()[0]
    assert (leading.section, leading.is_handed_out, leading.note) == ("awards", True, "This award was handed out already.")
    old = race.scored[0]
    assert leading.before == f"{old.first_name} {old.last_name} (bib 1)"
    assert leading.after
    assert leading.after != leading.before
    assert race.live().by_place[1] == "1"
    race.waive_all()
    race.go()
    assert race.live().by_place[1] == "2"
    assert race.is_there_as_sent()


def test_i26_the_course_was_wrong_and_the_clocks_were_right(stage):
    race = stage(60)
    version = race.comes(race.field())
    race.go()
    race.go_official()
    official = race.live()
    with write() as session:
        session.execute(update(Contest).where(Contest.contest_id == race.contest_id).values(distance="10.276 km"))
    race.clock.forward(minutes=30)
    assert race.pull() is None, "no time is made anew"
    approvals.check_pending(times.now())
    assert race.newest().version_id == version
    assert race.screen().facts.metres == 10_276
    assert assembling.facts(race.contest_id).metres == 10_276
    assert race.live() == official
    assert versions.load(version).by_entry["e1"].gun_ms == 32 * MINUTE
    assert db.session.scalar(select(func.count()).select_from(Edition)) == 1
