"""Incidents of who ran, and as whom: I07, I08, I09a, I09b, I11, I12, I16 and I27."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from sync_jobs import approvals, entry_links, times, versions
from sync_jobs.approvals import Blocked, NotAllowed
from sync_jobs.entry_links import Pair
from sync_jobs.models import PROVIDER_TABLES, Connection, Contest, EditionLink, EntryLink, EntryQuestion, db, write
from tests.factories import make_contest
from tests.incidents.stage import EVENT, HOUR, MINUTE, relink, shortest

IDENTITY = ("M02", "M03", "M04", "M05", "M06", "M07", "M08")
MARATHON = (("10K", 0.237), ("Half", 0.5), ("30K", 0.711))


def marathon(stage, many=60):
    """A marathon beside a half, both read before."""
    made = stage(many, contests=2, names=("Marathon", "Half"))
    known = {"happening_id": EVENT, "provider_contest_id": f"{EVENT}/502"}
    half = make_contest(made.edition, made.scoring, "Half", **known)
    halves = made.field(20, leader=70 * MINUTE, points=(("Turn", 0.5),), prefix="h")
    made.score(halves, contest_id=half.contest_id)
    made.pull()
    return made


def test_i07_half_marathoner_third_in_the_marathon(stage):
    race = marathon(stage)
    rows = race.field(leader=150 * MINUTE, apart=2000, points=MARATHON)
    third = replace(rows[2], bib="733", splits={"Turn": (82 * MINUTE, 81 * MINUTE)})
    relink(race, "e3", race.world.happenings[0].contests[1].registrations[2])
    race.comes([third if row.number == 3 else row for row in rows])
    moved = race.finding("M06")
    assert (moved.severity, moved.is_award) == ("block", True), "it is about an award place"
    assert moved.sentence == f"Bib 733, {third.first_name} {third.last_name}, is registered for Half."
    supports = race.finding("L08")
    assert "was read at Turn, where only another distance passes" in supports.sentence
    assert supports.is_award
    assert race.findings("L05") == [], "the half's point did not fail here"
    with pytest.raises(Blocked):
        race.approve()
    task = approvals.ask_timer(
        race.contest_id, "Move bib 733 to the Half.", race.actor(), times.now(), bibs=["733"], kind="correction"
    )
    assert (task.bibs, task.by_name) == (["733"], "Dana Director")
    assert [one.words for one in race.screen().tasks] == ["Move bib 733 to the Half."]
    assert "e3" not in race.would_send(), "and would not be sent as a marathoner"
    assert race.live() is None


def test_i08_wrong_race_right_legs(stage):
    race = marathon(stage, 220)
    rows = [row if row.number == 1 else row.moved(700_000) for row in race.field(leader=150 * MINUTE, apart=2000)]
    mine = race.registered[0]
    relink(race, "e1", race.world.happenings[0].contests[1].registrations[0])
    race.comes(rows)
    gap = race.finding("T06")
    assert (gap.severity, gap.people[0].row.bib) == ("warn", "1")
    assert "(7.8 %) ahead of the next man" in gap.sentence
    assert race.finding("M06").people[0].row.bib == "1"

    relink(race, "e1", mine)  # registration moved him, so that he is shown until somebody has looked
    race.pull()
    approvals.check_pending(times.now())
    race.waive_all()
    race.go()
    assert race.live().by_place[1] == "1"
    race.change("1", by=lambda row: row.out("DQ"))
    race.pull()
    found = race.screen().difference
    assert [one.row.bib for one in found.changed] == ["1"], "one cause"
    assert len(found.by_kind["status"]) == 1
    overall = [line.text for line in race.lines() if line.section == "awards" and "overall" in line.text]
    assert overall[0].startswith("1st overall: ")
    (ripple,) = [line for line in race.lines() if line.section == "ripple"]
    assert ripple.text.startswith("219 people move up one place")
    race.waive_all()
    assert race.go().state == "published"
    assert race.live().by_place[1] == "2"
    assert race.live().of("1")["clock_time"] == "DQ"
    assert race.is_there_as_sent()


def test_i09a_two_bibs_swapped_at_pick_up(stage):
    race = stage(60)
    rows = race.field()
    kept = {row.number: row for row in rows}
    race.comes(rows)
    race.go()
    before = race.live()
    names = {number: (kept[number].first_name, kept[number].last_name) for number in (2, 5)}
    assert names[2] != names[5]
    swapped = {
        number: replace(
            kept[number], first_name=names[other][0], last_name=names[other][1], sex=kept[other].sex, age=kept[other].age
        )
        for number, other in ((2, 5), (5, 2))
    }
    race.comes([swapped.get(row.number, row) for row in rows])
    entry_links.match(race.edition.edition_id, times.now())
    approvals.check_pending(times.now())
    (asked,) = db.session.scalars(select(EntryQuestion).where(EntryQuestion.kind == "swap")).all()
    assert {asked.entry_key, *asked.about["rivals"]} == {"e2", "e5"}, "one pair instead of four findings"
    db.session.rollback()
    against = {card.check_id for card in race.findings() if card.check_id in IDENTITY}
    assert {"M03", "M04"} <= against

    pairs = [
        Pair(contest_id=race.contest_id, entry_key=f"e{number}", registration=("runsignup", str(race.registered[number - 1].key)))
        for number in (2, 5)
    ]
    entry_links.swap(race.edition.edition_id, *pairs, by="Pat Partner", now=times.now())
    approvals.check_pending(times.now())
    owners = {entry: one.key for entry, one in race.screen().registered.items()}
    assert (owners["e2"], owners["e5"]) == (str(race.registered[4].key), str(race.registered[1].key))
    assert [card.sentence for card in race.findings() if card.check_id in IDENTITY] == []
    who = race.findings("V05")
    assert {person.row.bib for card in who for person in card.people} == {"2", "5"}, "two people are others"
    assert race.findings("V02"), "an award changes hands"
    assert race.live() == before
    race.waive_all()
    race.go()
    after = race.live()
    assert {after.of("2")["registration"], after.of("5")["registration"]} == {race.registered[1].key, race.registered[4].key}
    assert after.of("2")["registration"] == race.registered[4].key
    assert race.is_there_as_sent()


def test_i09b_somebody_elses_bib(stage):
    race = stage(60)
    quick = [replace(row, age=72) if row.number == 4 else row for row in race.field()]
    with write() as session:
        table = PROVIDER_TABLES["runsignup_participants"]
        mine = table.c.registration_id == race.registered[3].key
        session.execute(update(table).where(mine).values(dob="1954-01-01", age=72))
    race.comes(quick)
    assert [card.check_id for card in race.findings() if card.check_id in IDENTITY] == [], "both sides agree"
    (card,) = race.findings("D06")
    assert card.severity == "warn"
    assert card.sentence.endswith("Did somebody else wear the bib?")
    said = " ".join([race.screen().verdict, race.screen().why, *(one.sentence for one in race.findings())]).lower()
    assert "identity" not in said
    assert "checked" not in said
    race.waive_all()
    race.go()
    race.go_official()
    official, first = race.live(), race.receipts()[-1]

    task = approvals.ask_timer(
        race.contest_id, "Race video: bib 4 was worn by somebody else.", race.actor(), times.now(), bibs=["4"], kind="correction"
    )
    race.change("4", by=lambda row: row.out("DQ"))
    race.pull()
    assert race.lines()[0].section == "awards", "awards come first"
    assert race.live() == official
    race.waive_all()
    published = race.correct("Race video")
    assert published.state == "published"
    assert (race.live().of("4")["clock_time"], race.live().is_public) == ("DQ", True)
    assert race.is_there_as_sent()
    assert race.receipts()[-1]["aftermath"]["replaces"] == first["number"]
    approvals.task_done(task.task_id, race.actor("second"), times.now())
    assert race.screen().tasks == ()


def test_i11_a_projected_finish_as_result(stage):
    race = copernico(stage)
    (held,) = race.findings("T16")
    assert (held.severity, held.people[0].row.bib) == ("block", "7")
    assert "is still on the course and has a finish time of 1:18:59" in held.sentence
    assert "a7" not in race.would_send()
    (back,) = [one for one in race.screen().kept_back if one.row.bib == "7"]
    assert back.sentence == "On course, last seen at 10K.", "what a search for the bib says"
    race.waive_all()
    race.go()
    assert len(race.live().rows) == 59
    assert "7" not in {str(row["bib"]) for row in race.live().rows}


def copernico(stage):
    """The same field at Copernico, where bib 7 is on the course with an estimate for a finish."""
    race = stage(60, names=("15K",))
    with write() as session:
        for model in (Connection, Contest, EditionLink):
            at_ct = (model.provider_name == "chronotrack", model.timing_partner_id == race.partner.timing_partner_id)
            session.execute(update(model).where(*at_ct).values(provider_name="copernico"))
        here = Contest.contest_id == race.contest_id
        session.execute(update(Contest).where(here).values(provider_contest_id="15K", happening_id=EVENT))
        session.execute(update(EntryLink).values(entry_key="a" + db.func.substr(EntryLink.entry_key, 2)))
        session.connection().execute(insert(PROVIDER_TABLES["copernico_participants"]), [
            {"id": f"p{row.number}", "event_id": "15K", "participant_id": f"a{row.number}", "bib_number": row.bib,
             "first_name": row.first_name, "last_name": row.last_name, "gender": row.sex, "registration_status": None,
             "timing_partner_id": race.partner.timing_partner_id}
            for row in race.field()
        ])  # fmt: skip
        session.connection().execute(insert(PROVIDER_TABLES["copernico_results"]), [
            {"id": f"r{row.number}", "event_id": "15K", "participant_id": f"a{row.number}", "bib_number": row.bib,
             "first_name": row.first_name, "last_name": row.last_name, "category": row.division,
             "total_time": clocked(row, 78 * MINUTE + 59_000), "net_time": clocked(row, 78 * MINUTE + 50_000),
             "split_times": json.dumps([{"split": "10K", "metres": 10_000, "official_ms": 32 * MINUTE, "net_ms": 32 * MINUTE}])
             if row.number == 7 else None,
             "status": "running" if row.number == 7 else "finished", "timing_partner_id": race.partner.timing_partner_id}
            for row in race.field(leader=50 * MINUTE)
        ])  # fmt: skip
    race.pull()
    return race


def clocked(row, estimate):
    ms = estimate if row.number == 7 else row.gun_ms
    return f"{ms // HOUR:02d}:{ms // MINUTE % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def test_i12_four_people_without_a_gender_stop_nothing(stage):
    race = stage(510)
    nobody_said = {100, 200, 300, 400}
    race.comes([replace(row, sex=None) if row.number in nobody_said else row for row in race.field()])
    kept = versions.load(race.newest().version_id)
    assert len(kept.rows) == 510
    without = [kept.by_entry[f"e{number}"] for number in sorted(nobody_said)]
    assert [(row.gender, row.gender_place, row.division_place) for row in without] == [(None, None, None)] * 4
    assert [row.place for row in without] == sorted(nobody_said), "the overall place stays"
    missing = race.findings("P11")
    assert {card.severity for card in missing} == {"warn"}
    assert {person.row.bib for card in missing for person in card.people} == {"100", "200", "300", "400"}
    assert race.screen().offer.against == ()
    race.waive_all()
    race.go()
    assert len(race.live().rows) == 510
    assert race.is_there_as_sent()


def test_i16_finished_but_after_the_limit(stage):
    race = stage(60, names=("Marathon",))
    race.rules(cutoff_minutes=300)
    limit = 300 * MINUTE
    rows = race.field(leader=200 * MINUTE)
    ends = {number: limit + 37_000 + 1000 * (number - 50) for number in range(50, 61)}
    late = [replace(row, gun_ms=ends.get(row.number, row.gun_ms), chip_ms=ends.get(row.number, row.gun_ms) - 4000) for row in rows]
    race.comes(late)
    said = race.finding("T11")
    assert said.severity == "warn"
    assert said.sentence == "11 people finished after the limit of 5:00:00, the first 0:37 late."
    assert {row.status for row in versions.load(race.newest().version_id).rows} == {"FINISHED"}, "no rule moves anybody by itself"
    assert race.screen().state == "needs_review"
    race.waive("T11")
    race.waive_all()
    race.go()
    assert len(race.live().rows) == 60
    before = race.screen().difference
    assert before.removed == ()
    assert race.live().of("50")["clock_time"] == shortest(limit + 37_000)

    race.comes([row.out("DNF") if row.number >= 50 else row for row in late])  # the director's word, done by the timer
    found = race.screen().difference
    assert len(found.by_kind["status"]) == 11, "nobody goes silently"
    assert found.removed == ()
    assert race.live().of("50")["clock_time"] == shortest(limit + 37_000)


def test_i27_not_everybody_wants_to_be_found(stage):
    race = stage(60)
    first = race.comes(race.field())
    race.go()
    race.comes([row.moved(1) if row.number == 60 else row for row in race.scored])
    race.comes([row.moved(60_000) if row.number == 60 else row for row in race.scored])
    race.waive_all()
    race.go()
    runner = race.scored[9]
    name = f"{runner.first_name} {runner.last_name}"
    waits = race.live().of("10")
    approvals.hide_name(race.contest_id, "e10", "The runner asked for it by mail", race.actor(), times.now())
    race.go()
    assert hidden_row(race, name, waits) == "10"
    assert name not in json.dumps(race.receipts())
    assert runner.last_name not in json.dumps(race.receipts()[-1])
    (hidden,) = race.screen().hidden
    assert (hidden.entry_key, hidden.by_name) == ("e10", "Dana Director")

    back = approvals.go_back(race.destination().destination_id, first, "The earlier one was right", race.actor(), times.now())
    assert back.state == "approved"
    race.work()
    assert hidden_row(race, name, waits) == "10"
    assert race.sent()["e10"].first_name == "Anonymous"
    with pytest.raises(NotAllowed):
        approvals.hide_name(race.contest_id, "e10", "", race.actor(), times.now())


def hidden_row(race, name, before):
    """The place of the one row without a name, which keeps rank and time; nothing else tells whose it is."""
    live = race.live()
    (row,) = [one for one in live.rows if one["first_name"] == "Anonymous"]
    assert (row["place"], row["clock_time"], row["chip_time"]) == (10, before["clock_time"], before["chip_time"])
    assert (row["registration"], row["bib"], row["last_name"]) == (None, None, "")
    assert name not in {f"{one['first_name']} {one['last_name']}" for one in live.rows}
    assert len(live.rows) == 60
    return str(row["place"])
