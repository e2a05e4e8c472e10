"""Incidents of clocks, mats and times: I01, I03, I05, I06, I13, I22, I23 and I28."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs import approvals, times, versions
from sync_jobs.approvals import Blocked, NotAllowed
from sync_jobs.approvals.declaring import Correction
from sync_jobs.checks.amounts import span
from sync_jobs.models import DeclaredCorrection, db
from tests.factories import make_contest, make_edition, make_link
from tests.incidents.stage import HOUR, MINUTE, NOT_PLACED, RUN, Score

POINTS = (("5K", 0.237), ("10K", 0.474), ("15K", 0.711), ("20K", 0.948))


def without(row: Score, *points: str) -> Score:
    return replace(row, splits={name: at for name, at in row.splits.items() if name not in points})


def test_i01_dead_mat(stage):
    half = stage(5000, names=("Half",))
    field = half.field(leader=65 * MINUTE, points=POINTS)
    dead, both = set(range(20, 5000, 8)), set(range(20, 84, 8))
    dead = set(sorted(dead)[:600])
    rows = [without(row, *(["15K"] if row.number in dead else []), *(["20K"] if row.number in both else [])) for row in field]
    half.comes(rows)
    cards = half.screen().cards
    (silent,) = [card for card in cards if card.check_id == "L05"]
    assert len(both) == 8
    assert both <= dead
    assert silent.numbers["point"] == "15K"
    assert silent.sentence.startswith("15K did not read for 600 runners")
    assert silent.severity == "warn"
    assert [card.check_id for card in cards] == ["L05"], "what 15K missed is nobody's cheating"
    assert half.newest().counts == {"FINISHED": 5000}, "nobody's status changes"
    half.go()
    live = half.live()
    assert (live.is_public, len(live.rows)) == (True, 5000)
    assert half.is_there_as_sent()
    assert not {row["clock_time"] for row in live.rows} & {"DQ", "DNF"}


def test_i01_two_other_points_in_a_row_are_still_said(stage):
    """The dead mat excuses only what it explains."""
    half = stage(600, names=("Half",))
    rows = [without(row, *(["15K"] if row.number % 8 == 0 else [])) for row in half.field(leader=65 * MINUTE, points=POINTS)]
    half.comes([without(row, "5K", "10K") if row.number == 300 else row for row in rows])
    (said,) = half.findings("L04")
    assert (said.sentence[:9], said.numbers["points"]) == ("Bib 300, ", ["5K", "10K"])


def test_i03_half_of_the_start_reads_missing(stage):
    race = stage(200)
    race.rules(basis="chip", division_basis="chip")
    field = [replace(row, chip_ms=row.gun_ms - 20_000) for row in race.field()]
    unread = {row.number for row in field if row.number > 10 and row.number % 21 < 11}
    rows = [replace(row, chip_ms=row.gun_ms) if row.number in unread else row for row in field]
    assert 0.5 < len(unread) / 190 < 0.54
    version = race.comes(rows, basis="chip")
    stopped = race.finding("T04")
    assert stopped.severity == "block"
    assert "their start was not read" in stopped.sentence
    with pytest.raises(Blocked):
        race.approve()
    assert race.live() is None, "no places by chip are published"

    task = approvals.send_back(version, "Rank by gun: the start was not read.", race.actor(), times.now(), bibs=["11"])
    assert (task.kind, task.version_id, race.newest().state) == ("sent_back", version, "sent_back")
    race.rules(basis="gun", division_basis="gun")
    assert race.findings("T04") == [], "by gun nobody needs a start of their own"
    with pytest.raises(Blocked):
        race.approve()
    race.comes(rows, basis="gun")
    assert race.go().state == "published"
    assert race.live().by_place == {row.number: row.bib for row in rows}


def test_i05_a_wave_is_corrected_by_a_constant(stage):
    race = stage(400)
    race.comes(race.field(leader=40 * MINUTE))
    race.go()
    race.go_official()
    official = race.live()
    moved = [row.bib for row in race.scored if 45 < row.number <= 355]
    race.change(*moved, by=lambda row: row.moved(-270_000 if row.bib not in {"60", "61"} else -200_000))
    race.pull()
    (mass,) = race.findings("V03")
    assert mass.severity == "block"
    assert "no such correction was declared" in mass.sentence
    assert race.finding("V04").sentence == "308 of 310 changed times move by −4:30: one bulk correction."
    shifted, *single = [line for line in race.lines() if line.section == "time"]
    assert shifted.text == "308 times moved by −4:30."
    assert {entry for line in single for entry in line.entries} == {"e60", "e61"}, "who deviates stands alone"
    with pytest.raises(Blocked):
        race.approve(reason="Wave 1B -4:30")
    assert race.live() == official

    race.waive_all()
    asked = race.approve(reason="Wave 1B -4:30")
    assert asked.state == "waiting"
    with pytest.raises(NotAllowed):
        race.second(asked, "director")
    assert race.work() == []
    assert race.live() == official
    race.second(asked)
    race.work()
    assert race.is_there_as_sent()
    assert race.receipts()[-1]["decision"]["reason"] == "Wave 1B -4:30"


def test_i05_declared_it_is_one_line_and_needs_a_second_person(stage):
    race = stage(400)
    race.comes(race.field(leader=40 * MINUTE))
    race.go()
    race.go_official()
    said = approvals.declare(
        race.contest_id, Correction(shift_ms=-270_000, first_bib=46, last_bib=355, expected=310), "The second gun was not started",
        race.actor("second"), times.now(),
    )  # fmt: skip
    moved = [row.bib for row in race.scored if 45 < row.number <= 355]
    race.change(*moved, by=lambda row: row.moved(-270_000 if row.bib not in {"60", "61"} else -200_000))
    race.pull()
    assert race.findings("V03") == [], "what was announced stops nobody"
    *others, line = [(card.severity, card.sentence) for card in race.findings("V04")]
    assert line == ("info", "308 of 310 changed times of bibs 46 to 355 move by −4:30: as declared.")
    names = [f"bib {row.bib}, {row.first_name} {row.last_name}" for row in race.scored if row.bib in {"60", "61"}]
    assert others == [
        ("warn", f"2 results do not follow the declared −4:30 for bibs 46 to 355: {names[0]} and {names[1]}."),
        ("warn", "308 times move by the declared −4:30, and 310 were declared."),
    ]
    assert len([line for line in race.lines() if line.text == "308 times moved by −4:30."]) == 1
    race.waive_all()
    asked = race.approve(reason="Wave 1B -4:30")
    assert asked.state == "waiting", "declared or not: after official two people stand behind it"
    with pytest.raises(NotAllowed):
        race.second(asked, "director")
    race.second(asked)
    race.work()
    assert race.is_there_as_sent()
    assert race.receipts()[-1]["decision"]["declared"] == [said.declared_id]
    assert race.receipts()[-1]["decision"]["declared"] == [said.declared_id]
    assert race.newest().number == 2
    db.session.rollback()
    assert db.session.get(DeclaredCorrection, said.declared_id).met_number == 2

    race.change(*moved, by=lambda row: row.moved(-270_000))
    race.pull()
    assert len(race.findings("V03")) == 1, "once it is public, it is behind us: the same again was not announced"


def test_i06_everyone_two_minutes_too_fast(stage):
    race = stage(339, names=("5K",))
    race.automatic()
    last_year(race, 1_000_000)
    field = race.field(leader=930_000, apart=3000)
    quick = 12
    rows = [row if row.number <= quick else row.moved(80_000) for row in field]
    race.comes(rows, start=RUN + timedelta(minutes=2))
    seen = race.screen()
    assert (seen.facts.planned_start, versions.load(race.newest().version_id).started_at) == (RUN, RUN + timedelta(minutes=2))
    assert race.finding("T08").sentence.startswith("Start used 09:02:00, planned 09:00:00")
    assert race.finding("T08").severity == "info"
    beaten = race.findings("T09")
    assert {card.severity for card in beaten} == {"warn"}
    assert {card.sentence.partition(".")[0] for card in beaten} == {
        f"6 of the top 10 {kind} beat last year's winner, who had 16:40" for kind in ("men", "women")
    }
    assert race.publications() == [], "nothing goes out by itself"
    assert race.live() is None


def last_year(race, winner_ms: int) -> None:
    """The same race a year ago: one man and one woman, read and kept."""
    start = RUN - timedelta(days=364)
    edition = make_edition(race.partner, "The year before", date=f"{start:%Y-%m-%d}", starts_at=start, ends_at=start)
    happening = race.world.happenings[0].uid
    make_link(edition, race.registration, happening, happening_key=f"{happening}/{edition.date}")
    make_link(edition, race.scoring, "8001")
    known = {"happening_id": "8001", "provider_contest_id": "8001/401", "starts_at": start}
    contest = make_contest(edition, race.scoring, "5K", **known).contest_id
    rows = [replace(row, gun_ms=winner_ms, chip_ms=winner_ms - 1000) for row in race.field(2, prefix="y")]
    race.score(rows, start=start, contest_id=contest)
    versions.make(edition.edition_id, race.scoring.connection_id, None, times.now())
    db.session.rollback()


def test_i13_finish_line_crossed_twice(stage):
    race = stage(60, names=("5K",))
    race.automatic()
    rows = [replace(row, chip_ms=24 * MINUTE + 10_000) if row.number == 50 else row for row in race.field(leader=23 * MINUTE)]
    rows = [replace(row, gun_ms=24 * MINUTE + 12_000) if row.number == 50 else row for row in rows]
    race.comes(rows)
    race.work()
    before = race.live()
    assert before.of("50")["chip_time"] == "24:10"
    race.change("50", by=lambda row: row.moved(27 * MINUTE + 30_000))
    race.pull()
    (line,) = [line for line in race.lines() if line.section == "time"]
    assert line.text.endswith(": +27:30")
    assert "second crossing" in race.finding("L09").sentence
    assert race.finding("L09").people[0].row.bib == "50"
    assert race.screen().state == "needs_review"
    assert race.work() == [], "what is public is not overwritten by itself"
    assert race.live() == before


def test_i22_ultra_through_the_change_of_clocks(stage, clock):
    start = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)  # 20:00 on 31 October in New York
    clock.now = start + timedelta(hours=32)
    ultra = stage(60, names=("100 Mile",), start=start)
    finish = {1: 10 * HOUR - 1000, 2: 28 * HOUR, 3: 29 * HOUR + 31 * MINUTE + 5000}
    rows = [
        replace(row, gun_ms=finish[row.number], chip_ms=finish[row.number] - 1000) if row.number in finish else row.out("DNF")
        for row in ultra.field()
    ]
    ultra.comes(rows, start=start)
    kept = versions.load(ultra.newest().version_id)
    assert kept.by_entry["e3"].gun_ms == 106_265_000
    assert [ultra.would_send()[f"e{place}"].gun_ms for place in (1, 2, 3)] == [35_999_000, 100_800_000, 106_265_000]
    ultra.waive_all()
    assert ultra.go().state == "published"
    live = ultra.live()
    assert [(live.of(bib)["clock_time"], live.of(bib)["place"]) for bib in "123"] == [
        ("9:59:59", 1),
        ("28:00:00", 2),
        ("29:31:05", 3),
    ]
    assert span(ultra.would_send()["e3"].gun_ms) == "29:31:05", "what the page says"
    assert not any(odd in str(live.rows) for odd in ("05:31:05", "1 day"))


def test_i23_ties(stage):
    race = stage(60)
    ends = {1: 38, 2: 40, 3: 40, 4: 42}
    tied = [replace(row, gun_ms=ends[row.number] * MINUTE, chip_ms=ends[row.number] * MINUTE - 1000) for row in race.field(4)]
    race.comes([replace(row, place=NOT_PLACED) for row in tied])  # no places from scoring
    assert [row.place for row in versions.load(race.newest().version_id).rows] == [None] * 4
    race.waive_all()
    race.go()
    live = race.live()
    assert [(str(row["bib"]), row["place"]) for row in live.rows] == [("1", 1), ("2", 2), ("3", 2), ("4", 4)]

    near = [replace(row, gun_ms=row.gun_ms - 400, place=3) if row.number == 2 else row for row in tied]
    near = [replace(row, gun_ms=row.gun_ms - 600, place=2) if row.number == 3 else row for row in near]
    race.comes(near)
    race.waive_all()
    race.go()
    live = race.live()
    assert live.of("2")["clock_time"] == live.of("3")["clock_time"] == "40:00"
    assert (live.of("3")["place"], live.of("2")["place"]) == (2, 3), "scoring saw more than the seconds"


def test_i28_the_timing_computers_clock_was_fast(stage):
    start = RUN.replace(hour=10, minute=30)  # 06:30
    race = stage(60, start=start)
    race.comes(race.field(), start=start - timedelta(minutes=6))
    moved = race.finding("T08")
    assert moved.severity == "warn"
    assert moved.sentence == "Start used 06:24:00, planned 06:30:00: 6:00 earlier than planned."
    assert [card.check_id for card in race.findings() if card.is_open] == ["T08"]
    assert race.screen().offer.against == (), "the times may be right"
    assert race.go().state == "published"
    assert race.is_there_as_sent()
