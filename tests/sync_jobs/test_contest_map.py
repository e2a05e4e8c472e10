"""The contest map: suggested, confirmed, left out, refused, changed, taken back; and what depends on it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sync_jobs import contest_map, entry_links
from sync_jobs.models import Contest, ContestPair, EntryLink, LiveVersion, StartListLine, db, write
from tests.conftest import NOW
from tests.factories import keep, make_edition
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(app, clock):
    return two_sides()


@pytest.fixture
def mapped(sides):
    """A 5K and a 10K on both sides, the 5K confirmed; Ada is linked, Cy by hand."""
    sides.five, sides.ten = sides.distance("5K", 1, distance="5K"), sides.distance("10K", 2, distance="10K")
    sides.scored_five, sides.scored_ten = sides.scored("5K", 1, distance="5000"), sides.scored("10K", 2, distance="10000")
    sides.sign_up(sides.five, 7)
    sides.sign_up(sides.five, 8, "Cy Fiction", gender="M")
    sides.enter(sides.scored_five, 1, entry_external_id="rsu:7")
    sides.enter(sides.scored_five, 2, "Sy Friction", athlete_sex=None, athlete_birthdate=None)
    confirm(sides, sides.five, sides.scored_five)
    pair = entry_links.Pair(contest_id=sides.scored_five.contest_id, entry_key="2", registration=("runsignup", "8"))
    entry_links.link(sides.id, pair, by="Pat", now=NOW)
    return sides


def confirm(sides, ours, theirs, **given):
    contest_map.confirm(sides.id, ours.contest_id, theirs.contest_id, by="Pat", now=given.pop("now", NOW), **given)


def pairs(sides):
    """Each pair by its two contests' names, with its state."""
    db.session.rollback()
    names = dict(db.session.execute(select(Contest.contest_id, Contest.name + " " + Contest.provider_name)).all()) | {None: None}
    rows = db.session.scalars(select(ContestPair).where(ContestPair.edition_id == sides.id))
    return {(names[p.registration_contest_id], names[p.scoring_contest_id]): p.state for p in rows}


def pair_of(sides, ours, theirs=None):
    db.session.rollback()
    wanted = (ours.contest_id if ours else None, theirs.contest_id if theirs else None)
    rows = db.session.scalars(select(ContestPair).where(ContestPair.edition_id == sides.id))
    return next(p for p in rows if (p.registration_contest_id, p.scoring_contest_id) == wanted)


def active():
    db.session.rollback()
    return {
        (link.entry_key, link.registration_key, link.method) for link in db.session.scalars(select(EntryLink)) if not link.ended_at
    }


def version():
    db.session.rollback()
    return db.session.scalar(select(LiveVersion.version).where(LiveVersion.scope == "all")) or 0


FIVES, TENS = ("5K runsignup", "5K chronotrack"), ("10K runsignup", "10K chronotrack")


def test_suggestions_stand_on_names_lengths_starts_and_ids(sides):
    five, crew = sides.distance("5K", 1, distance="5K"), sides.distance("Crew", 2, is_volunteer=1)
    scored = sides.scored("Run", 1, starts_at=NOW + timedelta(hours=5))
    for key in (7, 8):
        sides.sign_up(five, key)
        sides.enter(scored, key, entry_external_id=f"rsu:{key}")
    assert contest_map.suggest(sides.id, NOW) == 2
    assert pairs(sides) == {("5K runsignup", "Run chronotrack"): "suggested", ("Crew runsignup", None): "suggested"}
    pair = pair_of(sides, five, scored)
    assert (pair.likeness, pair.why) == (100, "2 of 2 entries carry a registration id of it.")
    assert pair_of(sides, crew).why == "Volunteers are not timed."
    before = version()
    contest_map.suggest(sides.id, NOW)
    assert version() == before


def test_suggestions_that_hold_no_longer_go_and_decisions_stay(mapped):
    contest_map.suggest(mapped.id, NOW)
    assert pairs(mapped) == {FIVES: "confirmed", TENS: "suggested"}
    with write() as session:
        session.execute(
            update(Contest).where(Contest.contest_id == mapped.scored_ten.contest_id).values(distance="30 km", name="Long")
        )
    contest_map.suggest(mapped.id, NOW)
    assert pairs(mapped) == {FIVES: "confirmed"}


def test_an_event_with_one_side_has_nothing_to_suggest(sides):
    sides.distance("5K", 1)
    assert contest_map.suggest(sides.id, NOW) == 0
    assert pairs(sides) == {}


def test_a_refused_suggestion_does_not_come_back_until_it_is_taken_back(sides):
    five, scored = sides.distance("5K", 1, distance="5K"), sides.scored("5K", 1, distance="5000")
    contest_map.suggest(sides.id, NOW)
    pair = pair_of(sides, five, scored)
    contest_map.refuse(sides.id, pair.pair_id, by="Pat", now=NOW)
    contest_map.suggest(sides.id, NOW)
    pair = pair_of(sides, five, scored)
    assert (pair.state, pair.why, pair.decided_by) == ("void", "Not the same, says Pat.", "Pat")
    contest_map.undo(sides.id, pair.pair_id, by="Pat", now=NOW)
    assert pairs(sides) == {FIVES: "suggested"}


def test_confirming_links_people_and_is_shown(sides):
    five, scored = sides.distance("5K", 1), sides.scored("5K", 1)
    sides.sign_up(five, 7)
    sides.enter(scored, 1, entry_external_id="rsu:7")
    before = version()
    confirm(sides, five, scored)
    pair = pair_of(sides, five, scored)
    assert (pair.state, pair.version, pair.decided_by, pair.decided_at) == ("confirmed", 1, "Pat", NOW)
    assert active() == {("1", "7", "external_id")}
    assert version() > before
    with pytest.raises(contest_map.CannotMap, match="confirmed already"):
        confirm(sides, five, scored)


def test_one_to_many_and_many_to_one_are_allowed(sides):
    ours, theirs = [sides.distance(n, i) for i, n in enumerate("AB")], [sides.scored(n, i) for i, n in enumerate("CD")]
    for one in ours:
        for other in theirs:
            confirm(sides, one, other, looked=True)
    assert set(pairs(sides).values()) == {"confirmed"}
    assert len(pairs(sides)) == 4


def test_days_apart_refuse_and_other_lengths_want_a_look(sides):
    five = sides.distance("5K", 1, distance="5K")
    last_year = sides.scored("5K", 1, starts_at=NOW - timedelta(days=364))
    with pytest.raises(contest_map.CannotMap, match="364 days apart"):
        confirm(sides, five, last_year, looked=True)
    longer = sides.scored("8K", 2, distance="8000")
    with pytest.raises(contest_map.LookFirst, match="lengths differ by 38%") as seen:
        confirm(sides, five, longer)
    assert len(seen.value.warnings) == 1
    assert pairs(sides) == {}
    confirm(sides, five, longer, looked=True)
    assert pairs(sides) == {("5K runsignup", "8K chronotrack"): "confirmed"}


def test_contests_of_one_side_of_elsewhere_or_gone_are_refused(sides):
    five, ten, scored = sides.distance("5K", 1), sides.distance("10K", 2), sides.scored("5K", 1, gone_at=NOW)
    other = two_sides(sides.partner, "Another")
    elsewhere = other.scored("5K", 77)
    for one, there, why in (
        (five, ten, "one distance of each side"),
        (five, scored, "not listed"),
        (five, elsewhere, "not listed"),
    ):
        with pytest.raises(contest_map.CannotMap, match=why):
            confirm(sides, one, there)
    assert pairs(sides) == {}


def test_a_change_ends_what_depends_on_the_pair_and_taking_it_back_brings_it_again(mapped):
    assert active() == {("1", "7", "external_id"), ("2", "8", "by_hand")}
    waiting(mapped, "7", state="waiting", told=None)
    waiting(mapped, "8", state="approved", told={"bib": "1"}, entry_key="2")
    waiting(mapped, "9", state="sent", told={"bib": "2"})
    old = pair_of(mapped, mapped.five, mapped.scored_five)
    later = {"now": NOW + timedelta(minutes=1), "reason": "The 5K ran the long course"}
    confirm(mapped, mapped.five, mapped.scored_ten, looked=True, instead_of=old.pair_id, **later)
    assert active() == set()
    assert pairs(mapped) == {FIVES: "void", ("5K runsignup", "10K chronotrack"): "confirmed"}
    assert pair_of(mapped, mapped.five, mapped.scored_five).why == "Changed by Pat."
    assert set(db.session.scalars(select(EntryLink.ended_why).where(EntryLink.ended_by == "Pat"))) == {"map"}
    lines = {line.registration_key: (line.state, line.wanted) for line in db.session.scalars(select(StartListLine))}
    assert lines == {"8": ("there", None), "9": ("sent", {"bib": "5"})}
    new = pair_of(mapped, mapped.five, mapped.scored_ten)
    contest_map.undo(mapped.id, new.pair_id, by="Pat", now=NOW + timedelta(minutes=2), reason="It did not")
    assert pairs(mapped) == {FIVES: "confirmed", ("5K runsignup", "10K chronotrack"): "void"}
    assert active() == {("1", "7", "external_id"), ("2", "8", "by_hand")}
    assert pair_of(mapped, mapped.five, mapped.scored_five).version == 3


def waiting(sides, key, **given):
    fields = {
        "timing_partner_id": sides.partner.timing_partner_id, "edition_id": sides.id, "connection_id": sides.there.connection_id,
        "contest_id": sides.scored_five.contest_id, "registration_provider": "runsignup", "registration_key": key,
        "external_id": f"rsu:{key}", "step": "update", "wanted": {"bib": "5"}, "at": NOW, **given,
    }  # fmt: skip
    keep(StartListLine(**fields))


def test_a_pair_that_ends_beside_another_takes_only_its_own_people_along(mapped):
    mapped.sign_up(mapped.ten, 9, "Bo Third")
    mapped.enter(mapped.scored_five, 3, "Bo Third", entry_external_id="rsu:9")
    confirm(mapped, mapped.ten, mapped.scored_five, looked=True)
    assert len(active()) == 3
    contest_map.refuse(mapped.id, pair_of(mapped, mapped.ten, mapped.scored_five).pair_id, by="Pat", now=NOW)
    ended = db.session.scalars(select(EntryLink.registration_key).where(EntryLink.ended_why == "map")).all()
    assert ended == ["9"]


def test_leaving_out_ends_the_pair_and_confirming_brings_it_back_in(mapped):
    contest_map.ignore(mapped.id, mapped.five.contest_id, by="Pat", now=NOW)
    assert pairs(mapped) == {FIVES: "void", ("5K runsignup", None): "ignored"}
    assert active() == set()
    contest_map.undo(mapped.id, pair_of(mapped, mapped.five).pair_id, by="Pat", now=NOW)
    assert pairs(mapped)[FIVES] == "confirmed"
    contest_map.ignore(mapped.id, mapped.scored_ten.contest_id, by="Pat", now=NOW)
    with pytest.raises(contest_map.CannotMap, match="left out already"):
        contest_map.ignore(mapped.id, mapped.scored_ten.contest_id, by="Pat", now=NOW)
    confirm(mapped, mapped.ten, mapped.scored_ten)
    assert pairs(mapped)[None, "10K chronotrack"] == "void"
    contest_map.undo(mapped.id, pair_of(mapped, mapped.ten, mapped.scored_ten).pair_id, by="Pat", now=NOW)
    assert pairs(mapped)[None, "10K chronotrack"] == "ignored"


def test_undoing_twice_or_what_is_not_there_is_refused(mapped):
    pair = pair_of(mapped, mapped.five, mapped.scored_five)
    contest_map.undo(mapped.id, pair.pair_id, by="Pat", now=NOW)
    assert pairs(mapped) == {FIVES: "void"}
    with pytest.raises(contest_map.CannotMap, match="nothing to take back"):
        contest_map.undo(mapped.id, pair.pair_id, by="Pat", now=NOW)
    with pytest.raises(contest_map.CannotMap, match="decided already"):
        contest_map.refuse(mapped.id, pair.pair_id, by="Pat", now=NOW)
    other = make_edition(mapped.partner, "Another")
    with pytest.raises(contest_map.CannotMap, match="not there any more"):
        contest_map.undo(other.edition_id, pair.pair_id, by="Pat", now=NOW)


def test_a_contest_that_is_gone_ends_its_pair_and_is_suggested_when_it_is_back(mapped):
    five = update(Contest).where(Contest.contest_id == mapped.scored_five.contest_id)
    with write() as session:
        session.execute(five.values(gone_at=NOW))
    contest_map.suggest(mapped.id, NOW)
    pair = pair_of(mapped, mapped.five, mapped.scored_five)
    assert (pair.state, pair.why, pair.decided_by) == ("void", "“5K” is not listed any more.", None)
    assert active() == set()
    with write() as session:
        session.execute(five.values(gone_at=None))
    contest_map.suggest(mapped.id, NOW)
    assert pairs(mapped)[FIVES] == "suggested"


def test_what_speaks_against_a_pair_is_said_beforehand(sides):
    five, scored = sides.distance("5K", 1, distance="5K"), sides.scored("8K", 1, distance="8000", starts_at=NOW + timedelta(days=9))
    ours, theirs, refusal, warnings = contest_map.proof(sides.id, five.contest_id, scored.contest_id)
    assert (ours.metres, theirs.metres) == (5000, 8000)
    assert "9 days apart" in refusal
    assert len(warnings) == 2
