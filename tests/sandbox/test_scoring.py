"""Scoring in the invented world: start lists, and a race day that is the same whenever one looks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs.sandbox import kept, raceday, servers
from sync_jobs.sandbox.scoring import Scoring
from sync_jobs.sandbox.world import World
from tests.conftest import NOW

PUSHED = {"external_id": "rsu:1", "first_name": "Ada", "last_name": "Sample", "gender": "F", "born": "1986-01-06", "bib": "101"}


@pytest.fixture(scope="module")
def whole(full):
    return Scoring(full)


@pytest.fixture
def scoring(world):
    return Scoring(world)


def at(happening, minutes):
    return datetime.fromtimestamp(happening.starts_at, UTC) + timedelta(minutes=minutes)


def of_phase(scoring, *phases):
    return [happening for happening in scoring.planned if happening.edition.phase in phases]


def biggest_today(scoring):
    return max(of_phase(scoring, "today"), key=lambda h: len(scoring.entries(h, NOW)))


def statuses(scoring, happening, minutes):
    return Counter(one.known.status for one in scoring.results(happening, at(happening, minutes)))


def test_every_pair_of_providers_meets_in_some_edition(whole):
    pairs = {(known.provider, happening.provider) for happening in whole.planned for known in happening.edition.happenings}
    assert {scorer for _, scorer in pairs} == {"chronotrack", "copernico"}
    for registration in {registration for registration, _ in pairs}:
        assert {(registration, "chronotrack"), (registration, "copernico")} <= pairs


def test_an_edition_is_scored_once_and_where_its_partner_scores(whole, full):
    assert len({id(happening.edition) for happening in whole.planned}) == len(whole.planned)
    scorers = {partner.number: partner.scoring for partner in full.partners}
    assert all(happening.provider in scorers[happening.edition.partners[0]] for happening in whole.planned)


def test_ids_are_unique(whole):
    contests = [contest.number for happening in whole.planned for contest in happening.contests]
    assert len(contests) == len(set(contests))
    assert len({(happening.provider, happening.uid) for happening in whole.planned}) == len(whole.planned)


def test_contests_have_names_of_their_own_and_helpers_are_not_scored(whole):
    contests = [contest for happening in whole.planned for contest in happening.contests]
    sources = [source for contest in contests for source in contest.sources]
    assert not any(source.volunteer or source.kind == "virtual_race" for source in sources)
    assert any(contest.name not in {source.name.strip() for source in contest.sources} for contest in contests if contest.sources)
    assert any({source.name.strip() for source in contest.sources} == {"5K", "Stroller Division"} for contest in contests)
    assert any(not contest.sources for contest in contests), "a race that nobody registers for"


def test_two_worlds_of_one_seed_are_scored_alike():
    one, other = (Scoring(World.build(anchor=NOW, partners=3, editions=9, registrations=300)) for _ in range(2))
    for minutes in (-30, 40, 300):
        for left, right in zip(one.planned, other.planned, strict=True):
            first, second = (
                [(o.entry.number, o.entry.bib, o.known, o.rank) for o in scoring.results(happening, at(happening, minutes))]
                for scoring, happening in ((one, left), (other, right))
            )
            assert first == second


def test_past_and_todays_lists_were_imported_and_others_begin_empty(whole):
    for happening in of_phase(whole, "past", "last_week", "today"):
        registered = sum(len(source.registrations) for contest in happening.contests for source in contest.sources)
        assert bool(whole.entries(happening, NOW)) == bool(registered)
    assert not any(whole.entries(happening, NOW) for happening in of_phase(whole, "weeks", "months", "this_week", "tomorrow"))


def test_imported_lists_have_their_slips(whole):
    found = [entry for happening in of_phase(whole, "past") for entry in whole.entries(happening, NOW)]
    without = sum(entry.external_id is None for entry in found)
    assert 0.01 < without / len(found) < 0.08
    assert any(entry.first_name.endswith(".") for entry in found)
    by_key = {f"rsu:{one.key}": one for one in whole.world.present(NOW, provider="runsignup")}
    there = [(entry, by_key[entry.external_id]) for entry in found if entry.external_id in by_key]
    assert any(entry.last_name != one.last_name for entry, one in there)
    sharing = defaultdict(set)
    for entry, one in there:
        sharing[entry.contest.number, entry.bib].add(one.bib)
    assert any(len(own) == 2 for own in sharing.values()), "two with one bib, who have different ones at registration"
    assert any(entry.bib != (one.bib and str(one.bib)) for entry, one in there)
    assert sum((entry.first_name, entry.last_name) == (one.first_name, one.last_name) for entry, one in there) > 0.9 * len(there)


def test_a_race_day_unfolds(whole):
    happening = biggest_today(whole)
    everybody = len(whole.entries(happening, at(happening, 0)))
    assert set(statuses(whole, happening, -5)) == {"not_seen"}
    early, middle, late = (statuses(whole, happening, minutes) for minutes in (40, 90, 600))
    assert early["running"]
    assert early["finished"] < middle["finished"] < late["finished"]
    assert late["running"] == 0
    assert late["dnf"]
    assert late["dq"]
    assert 0.8 < late["finished"] / everybody < 0.97
    assert 0.03 < late["not_seen"] / everybody < 0.12


def test_what_was_known_stays_known_but_for_corrections(whole):
    happening = biggest_today(whole)
    first, later = ({o.entry.number: o.known for o in whole.results(happening, at(happening, m))} for m in (90, 95))
    for number, known in first.items():
        if known.status == "finished" and later[number].status == "finished" and not later[number].corrected:
            assert later[number].finish == known.finish
        assert later[number].points[: len(known.points)] == known.points


def test_times_belong_together(whole):
    happening = biggest_today(whole)
    for _entry, known, rank, *_ in whole.results(happening, at(happening, 600)):
        if known.status == "finished":
            assert known.gun <= known.start < known.finish
            assert known.gun_ms - known.chip_ms == known.start - known.gun
            assert rank
            assert [moment for _, moment in known.points] == sorted(moment for _, moment in known.points)
        else:
            assert (known.finish, rank) == (None, None)


def test_ranks_go_by_gun_time_within_contest_gender_and_division(whole):
    happening = biggest_today(whole)
    outcomes = [one for one in whole.results(happening, at(happening, 600)) if one.rank]
    for contest in happening.contests:
        mine = [one for one in outcomes if one.entry.contest is contest]
        assert [one.known.gun_ms for one in mine] == sorted(one.known.gun_ms for one in mine)
        for one in mine:
            assert one.rank == 1 + sum(other.known.gun_ms < one.known.gun_ms for other in mine)
            if one.entry.gender:
                faster = [o for o in mine if o.entry.gender == one.entry.gender and o.known.gun_ms < one.known.gun_ms]
                assert one.rank_gender == 1 + len(faster)


def test_a_mat_fails_for_four_minutes_and_those_are_typed_in_later(whole):
    happening = biggest_today(whole)
    first, last = raceday.mat_failure(happening.contests[0])
    assert last - first == 4 * 60_000
    before = datetime.fromtimestamp(last / 1000, UTC) + timedelta(minutes=1)
    finished = [one for one in whole.results(happening, at(happening, 600)) if one.known.by_hand]
    assert finished, "nobody came in while it failed: this world proves nothing"
    unseen = {one.entry.number: one.known.status for one in whole.results(happening, before)}
    assert {unseen[one.entry.number] for one in finished} == {"running"}
    typed = [one.known.finish for one in finished if not one.known.corrected]
    assert all(finish % 1000 == 0 and first - 1000 < finish < last for finish in typed)
    assert raceday.mat_failure(happening.contests[1]) is None


def test_a_mat_on_the_way_fails_for_some_minutes_and_those_stay_without_that_point(whole):
    found = [(h, c, failed) for h in of_phase(whole, "today", "past") for c in h.contests if (failed := raceday.point_failure(c))]
    happening, contest, (point, first, last) = max(found, key=lambda one: len(whole.entries(one[0], at(one[0], 600))))
    assert sum(each is happening for each, _, _ in found) == 1, "once in a happening"
    assert last - first == 3 * 60_000
    ran = [o.known for o in whole.results(happening, at(happening, 900)) if o.entry.contest is contest and o.known.finish]
    missing = {name: sum(name not in dict(known.points) for known in ran) / len(ran) for name, _ in contest.points}
    others = [share for name, share in missing.items() if name != point]
    assert missing[point] > max(0.05, 5 * max(others)), "a dead mat, not 1 % of missed reads"
    assert not any(first <= dict(known.points).get(point, 0) < last for known in ran)


def test_some_times_are_corrected_an_hour_later(whole):
    happening = biggest_today(whole)
    late = {one.entry.number: one.known for one in whole.results(happening, at(happening, 600)) if one.known.corrected}
    assert late
    was = {}
    for minutes in range(20, 240, 5):
        for one in whole.results(happening, at(happening, minutes)):
            if one.entry.number in late and one.known.status == "finished" and not one.known.corrected:
                was[one.entry.number] = one.known.finish
    assert was.keys() == late.keys()
    assert all(was[number] != known.finish for number, known in late.items())


def test_a_day_may_run_faster_than_the_clock(world):
    slow, fast = Scoring(world), Scoring(world, speed=10)
    happening = biggest_today(slow)
    one = [(o.entry.number, o.known) for o in slow.results(happening, at(happening, 60))]
    assert one == [(o.entry.number, o.known) for o in fast.results(happening, at(happening, 6))]
    assert statuses(fast, happening, -1) == statuses(slow, happening, -1)


def test_who_is_pushed_in_time_with_a_bib_runs(world):
    scoring = Scoring(world)
    happening = of_phase(scoring, "weeks")[0]
    contest = happening.contests[0]
    made = [scoring.put(contest, {**PUSHED, "external_id": f"rsu:{n}", "bib": str(n)}, NOW) for n in range(40)]
    bibless = scoring.put(contest, {**PUSHED, "external_id": "rsu:40", "bib": None}, NOW)
    late = scoring.put(contest, {**PUSHED, "external_id": "rsu:41"}, at(happening, 30))
    out = scoring.withdraw(scoring.put(contest, {**PUSHED, "external_id": "rsu:42", "bib": "42"}, NOW), NOW)
    outcomes = {one.entry.number: one for one in scoring.results(happening, at(happening, 600))}
    assert sum(outcomes[one.number].known.status == "finished" for one in made) > 30
    assert {outcomes[one.number].known.status for one in (bibless, late, out)} == {"not_seen"}
    assert made[0].age in {39, 40}
    assert made[0].division in {"F 35-39", "F 40-44"}


def test_an_entry_is_changed_moved_withdrawn_and_deleted(scoring):
    happening = of_phase(scoring, "weeks")[0]
    one, other = happening.contests[:2]
    entry = scoring.put(one, PUSHED, NOW)
    assert scoring.entry(entry.number, NOW) == entry
    moved = scoring.change(entry, {"bib": "7", "email": ""}, NOW, into=other)
    assert (moved.number, moved.bib, moved.contest, moved.first_name, moved.email) == (entry.number, "7", other, "Ada", None)
    assert scoring.by_external_id(happening, "rsu:1") == [moved]
    renamed = scoring.change(moved, {"external_id": "rsu:2"}, NOW)
    assert scoring.by_external_id(happening, "rsu:1") == []
    assert scoring.withdraw(renamed, NOW).withdrawn
    assert len(scoring.entries(happening, NOW)) == 1
    scoring.drop(renamed, NOW)
    assert scoring.entries(happening, NOW) == []
    assert scoring.entry(entry.number, NOW) is None
    assert scoring.by_external_id(happening, "rsu:2") == []


def test_nonsense_is_refused(scoring):
    contest = of_phase(scoring, "weeks")[0].contests[0]
    with pytest.raises(ValueError, match="Unknown: shoe"):
        scoring.put(contest, {"shoe": 44}, NOW)
    foreign = of_phase(scoring, "months")[0].contests[0]
    with pytest.raises(LookupError):
        scoring.change(scoring.put(contest, PUSHED, NOW), {}, NOW, into=foreign)


FILE = (
    "\ufeffExternal ID,Reg Choice,First Name,Last Name,Sex,Date of Birth,Bib\r\n"
    "rsu:1,{0},Ada,Sample,F,1986-01-06,101\r\nrsu:2,Nothing,Ben,Sample,M,,\r\n,{0},Cid,Sample,M,,\r\n"
)


def test_an_import_file_is_loaded_and_loaded_again(client, clock):
    scoring = client.running.scoring
    happening = next(h for h in of_phase(scoring, "weeks", "months") if h.provider == "chronotrack")
    given = {"provider": "chronotrack", "event": happening.uid, "csv": FILE.format(happening.contests[0].name)}
    first = client.control("load_entries", **given).json()
    assert (first["made"], first["changed"]) == (1, 0)
    assert [one["line"] for one in first["refused"]] == [3, 4]
    given["csv"] = given["csv"].replace("101", "102")
    assert client.control("load_entries", **given).json()["changed"] == 1
    (entry,) = scoring.entries(happening, clock())
    assert (entry.external_id, entry.bib, entry.gender, entry.first_name) == ("rsu:1", "102", "F", "Ada")
    assert client.control("load_entries", provider="chronotrack", event="nothing").status_code == 400


def test_what_was_done_to_start_lists_is_there_after_a_restart(tmp_path, clock):
    size = kept.Size(partners=4, editions=14, registrations=60)

    def running():
        started = servers.start(kept.open_world(tmp_path, size, NOW), clock=clock, keep=kept.keeper(tmp_path))
        for what, when, given in kept.deeds(tmp_path):
            started.control.do(what, when, given)
        return started

    with running() as first:
        happening = of_phase(first.scoring, "weeks")[0]
        entry = first.scoring.put(happening.contests[0], PUSHED, NOW)
        first.scoring.change(entry, {"bib": "9"}, NOW)
        other = first.scoring.put(happening.contests[0], {**PUSHED, "external_id": "rsu:2"}, NOW)
        first.scoring.withdraw(other, NOW)
        first.scoring.do("race_speed", NOW, {"times": 20})
        seen = [(one.number, one.bib, one.withdrawn, one.born) for one in first.scoring.entries(happening, NOW)]
    with running() as second:
        again = second.scoring.happening(happening.provider, happening.uid)
        assert [(one.number, one.bib, one.withdrawn, one.born) for one in second.scoring.entries(again, NOW)] == seen
        assert second.scoring.speed == 20
        assert second.scoring.put(again.contests[0], PUSHED, NOW).number not in {one[0] for one in seen}


def test_an_even_world_at_a_scoring_provider_has_everybody_on_its_lists():
    world = World.regular(anchor=NOW, editions=3, contests=2, each=20, provider="chronotrack")
    scoring = Scoring(world)
    assert {happening.provider for happening in scoring.planned} == {"chronotrack"}
    for happening in scoring.planned:
        entries = scoring.entries(happening, NOW)
        assert len(entries) == 40
        assert all(entry.bib and entry.external_id for entry in entries)
    empty = Scoring(World.regular(anchor=NOW, editions=1))
    assert not empty.entries(empty.planned[0], NOW)
