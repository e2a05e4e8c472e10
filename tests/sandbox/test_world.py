"""The invented world: the same for everybody, in all phases, and changing as time passes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from sync_jobs.sandbox.things import local
from sync_jobs.sandbox.world import World
from tests.conftest import NOW


def people(world, now, **which):
    return {(one.provider, one.key): one for one in world.present(now, **which)}


def test_the_same_seed_makes_the_same_world_at_any_instant():
    one, other = (World.build(anchor=NOW, partners=3, editions=9, registrations=300) for _ in range(2))
    for later in (timedelta(), timedelta(hours=3), timedelta(days=9)):
        assert people(one, NOW + later) == people(other, NOW + later)
    assert people(World.build(seed=89, anchor=NOW, partners=3, editions=9, registrations=300), NOW) != people(one, NOW)


def test_credentials_are_those_of_the_seed():
    one, other = (World.build(anchor=NOW, partners=2, editions=2, registrations=9) for _ in range(2))
    assert one.credentials(1, "raceroster") == other.credentials(1, "raceroster")
    assert len({one.credentials(p, "runsignup")["api_secret"] for p in (1, 2)}) == 2


def test_the_full_world_has_its_size(full):
    assert len(full.partners) == 13
    assert len({partner.name for partner in full.partners}) == 13
    assert len(full.editions) == 60
    made = Counter(
        h.provider for h in full.happenings for c in h.contests for one in c.registrations if one.registered_at <= NOW.timestamp()
    )
    assert made["runsignup"] + made["raceroster"] == 40_000
    assert 200 <= made["haku"] <= 1500  # on top, and few: each costs a call


def test_all_phases_are_there_and_race_day_is_now(full):
    phases = Counter(edition.phase for edition in full.editions)
    assert set(phases) == {"today", "tomorrow", "this_week", "weeks", "months", "last_week", "past", "undated"}
    nearest = min(edition.starts_at for edition in full.editions if edition.phase == "today")
    assert 0 < nearest - NOW.timestamp() < 3600
    assert [edition.starts_at for edition in full.editions if edition.phase == "undated"] == [None, None]


def test_every_partner_is_at_runsignup_and_about_half_at_race_roster(full):
    assert all(full.seen_by("runsignup", partner.number) for partner in full.partners)
    assert 5 <= sum("raceroster" in partner.providers for partner in full.partners) <= 8
    assert all(full.seen_by("raceroster", p.number) for p in full.partners if "raceroster" in p.providers)


def test_some_editions_are_at_both_providers_on_the_same_day(full):
    both = [edition for edition in full.editions if len(edition.happenings) == 2]
    assert len(both) >= 4
    assert all(edition.happenings[0].name != edition.happenings[1].name for edition in both)


def test_two_partners_share_one_race(full):
    shared = [edition for edition in full.editions if len(edition.partners) == 2]
    assert len({edition.happenings[0].number for edition in shared}) == 1
    number = shared[0].happenings[0].number
    assert all(number in {h.number for h in full.seen_by("runsignup", partner)} for partner in shared[0].partners)


def test_a_race_keeps_its_number_from_year_to_year(full):
    years = Counter(happening.number for happening in full.seen_by("runsignup", None))
    assert max(years.values()) == 2


def test_the_oddities_are_there(full):
    contests = [contest for happening in full.happenings for contest in happening.contests]
    assert any(contest.name.endswith(" ") for contest in contests)
    assert any(contest.distance is None and not contest.volunteer for contest in contests)
    assert any(contest.volunteer for contest in contests)
    assert any(not contest.registrations for contest in contests)
    assert any(c.starts_at and local(c.starts_at, c.happening.edition.zone).strftime("%H:%M") == "00:00" for c in contests)


def test_people_are_invented_and_write_in_many_ways(full):
    found = [registration.person for h in full.happenings for c in h.contests for registration in c.registrations]
    assert all(re.fullmatch(r"[a-z0-9.]+@example\.(com|org)", person.email) for person in found if person.email)
    assert all("-555-01" in person.phone for person in found if person.phone)
    assert {person.gender for person in found} == {"F", "M", "X", "U", "C"}
    assert any(not person.last_name.isascii() for person in found)
    assert any(person.born is None for person in found)


def test_numbers_are_unique_and_grow_with_time(full):
    for provider in ("runsignup", "raceroster"):
        found = [r for h in full.seen_by(provider, None) for c in h.contests for r in c.registrations]
        assert len({registration.key for registration in found}) == len(found)
        by_time = sorted(found, key=lambda one: one.registered_at)
        assert all(a.key < b.key or a.registered_at == b.registered_at for a, b in pairwise(by_time))


def test_somebody_who_watches_race_day_sees_changes(full):
    before, after = people(full, NOW), people(full, NOW + timedelta(minutes=30))
    late = after.keys() - before.keys()
    assert 30 <= len(late) <= 90
    assert any(after[key] != before[key] for key in after.keys() & before.keys())


def test_a_day_brings_removals_and_transfers(full):
    before, after = people(full, NOW), people(full, NOW + timedelta(days=1))
    gone = {(provider, key) for provider, key in before.keys() - after.keys() if provider != "haku"}
    assert len(gone) > 20
    reasons = Counter()
    for provider, key in gone:
        removal = next(change.value for change in full.find(provider, int(key)).changes if change.kind == "removed")
        reasons[removal.reason] += 1
        if removal.successor:
            assert removal.successor.registered_at > full.find(provider, int(key)).registered_at
    assert {"transferred", "removed"} <= reasons.keys()


def test_nothing_happens_to_a_registration_that_has_ended(full):
    for happening in full.happenings:
        for contest in happening.contests:
            for registration in contest.registrations:
                kinds = [change.kind for change in registration.changes]
                assert "removed" not in kinds[:-1]
                assert [change.at for change in registration.changes] == sorted(change.at for change in registration.changes)


@pytest.mark.parametrize("size", [(1, 1, 5), (2, 4, 50), (3, 20, 0)])
def test_small_worlds_work(size):
    partners, editions, registrations = size
    world = World.build(anchor=NOW, partners=partners, editions=editions, registrations=registrations)
    assert len(world.editions) == editions
    assert sum(1 for _ in world.present(NOW)) <= registrations


def test_an_even_world_is_exact_and_still():
    world = World.regular(anchor=NOW, editions=3, contests=2, each=7)
    assert Counter(one.contest_id for one in world.present(NOW)) == Counter({str(80_001 + n): 7 for n in range(6)})
    assert people(world, NOW) == people(world, NOW + timedelta(days=10))


def test_people_can_be_added_changed_and_taken_off(world):
    contest = world.seen_by("runsignup", 1)[0].contests[0]
    added = world.register(contest, NOW, first_name="Zoë", bib=77)
    assert people(world, NOW)["runsignup", str(added.key)].bib == 77
    everybody = [r for h in world.seen_by("runsignup", None) for c in h.contests for r in c.registrations if r is not added]
    assert all((one.key < added.key) == (one.registered_at <= NOW.timestamp()) for one in everybody)
    world.change(added, NOW + timedelta(minutes=1), bib=78, last_name="Okeke")
    now = NOW + timedelta(minutes=2)
    assert (people(world, now)["runsignup", str(added.key)].bib, people(world, NOW)["runsignup", str(added.key)].bib) == (78, 77)
    successor = world.remove(added, now, into=world.seen_by("runsignup", 1)[0].contests[1])
    after = people(world, now)
    assert ("runsignup", str(added.key)) not in after
    assert (after["runsignup", str(successor.key)].first_name, after["runsignup", str(successor.key)].bib) == ("Zoë", 78)
    with pytest.raises(LookupError):
        world.remove(added, now)
