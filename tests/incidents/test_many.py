"""Incidents of a whole field: I02 and I04."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_jobs import approvals, times
from sync_jobs.approvals import Blocked, NotAllowed
from sync_jobs.models import CheckThreshold
from tests.factories import keep
from tests.incidents.stage import MINUTE

MATS = (("10K", 0.237), ("Half", 0.5), ("30K", 0.711))


@pytest.mark.parametrize(("mode", "is_official"), [("manual", True), ("automatic", False)], ids=["official", "automatic"])
def test_i02_a_mass_disqualification_arrives_from_scoring(stage, mode, is_official):
    race = stage(200)
    race.comes(race.field())
    race.go()
    if is_official:
        race.go_official()
    race.automatic(mode=mode)
    before = race.live()
    assert before.rows
    out = {row.bib for row in race.scored if row.number % 20 < 7}
    race.comes([row.out("DQ") if row.bib in out else row for row in race.scored])
    mass = race.finding("G08")
    assert mass.severity == "block"
    assert mass.sentence.startswith("70 of 200 starters are disqualified: 35 %")
    assert {card.folded_into for card in race.findings("V06")} == {"G08"}, "one cause, not 70"
    with pytest.raises(Blocked):
        race.approve(reason="So it is")
    assert race.work() == []
    assert race.live() == before
    told = [one.to for one in race.told()]
    assert sorted(told) == sorted({race.people["director"].email, race.people["second"].email}), "one message each"
    race.change("199", by=lambda row: replace(row, chip_ms=row.chip_ms - 1000))
    race.pull()
    assert race.told() == [], "and not every half hour"

    version = race.newest().version_id
    with pytest.raises(NotAllowed):
        approvals.waive(version, race.finding("G08").finding_id, "", "", race.actor(), times.now())
    with pytest.raises(NotAllowed):
        approvals.waive(version, race.finding("G08").finding_id, "other", " ", race.actor(), times.now())
    race.waive_all()
    approval = race.approve(reason="The course was cut at a turn that was marked wrongly")
    assert approval.state == ("waiting" if is_official else "approved")
    if is_official:
        with pytest.raises(NotAllowed):
            race.second(approval, "director")
        assert race.live() == before
        race.second(approval)
    race.work()
    assert race.is_there_as_sent()
    assert sum(row["clock_time"] == "DQ" for row in race.live().rows) == 70


def test_i04_unreliable_timing_data_on_a_large_scale(stage):
    many = 1450
    race = stage(many, names=("Marathon",))
    own = {"check_id": "G01", "name": "long_percent", "value": "90", "by_name": "Pat", "at": times.now()}
    keep(CheckThreshold(timing_partner_id=race.partner.timing_partner_id, **own))
    race.comes(unreliable(race.field(leader=150 * MINUTE, apart=1500, points=MATS)))
    cards = {card.check_id: card for card in race.findings() if card.is_open}
    assert race.newest().state == "needs_review"
    assert cards["G01"].sentence.startswith("1,276 of 1,450 starters finished: 88 %")
    assert cards["G05"].sentence.count(" and ") >= 2
    assert len(cards["G05"].numbers["gaps"]) == 2
    assert {"L01", "L03"} <= cards.keys()
    assert cards["L01"].scope == cards["L03"].scope == "set", "folded by point"
    assert "times out of order at Half" in cards["L01"].sentence
    assert "at 10K" in cards["L03"].sentence
    seen = race.screen()
    with pytest.raises(Blocked):
        race.approve(seen)
    race.waive_all(but=frozenset({"warn"}))
    assert race.go().state == "published"
    race.clock.forward(minutes=61)
    with pytest.raises(Blocked) as refused:
        race.approve(act="official")
    assert "open" in str(refused.value)

    for week in (3, 7):
        race.clock.forward(weeks=week)
        found = str(week * 100 + 5)
        race.change(found, by=lambda row: row.moved(-1000))
        race.pull()
        assert {bib for one in race.screen().difference.changed for bib in one.bibs} == {found}
        race.waive_all(but=frozenset({"warn"}))
        race.go()
        assert race.receipts()[-1]["content"]["difference"]["changed"] == 1
    assert [len(race.all_versions()), len(race.receipts())] == [3, 3]
    assert race.live().is_preliminary
    assert race.is_there_as_sent()


def unreliable(rows):
    """12 % of no finish, 4 % of splits that cannot be, and twice four minutes in which nobody finished."""
    return [row.out("DNF") if row.number % 25 < 3 else odd(row) for row in rows]


def odd(row):
    gaps = 240_000 * ((row.number > 500) + (row.number > 950))
    later = replace(row, gun_ms=row.gun_ms + gaps, chip_ms=row.chip_ms + gaps)
    if row.number % 50 == 10:  # the half before 10K
        return late(later, "10K", 0.55)
    if row.number % 50 == 20:  # 10K took most of the time, the rest was nothing
        return replace(later, splits={"10K": late(later, "10K", 0.8).splits["10K"]})
    return later


def late(row, point, share):
    gun = int(row.gun_ms * share)
    return replace(row, splits={**row.splits, point: (gun, gun - row.gun_ms + row.chip_ms)})
