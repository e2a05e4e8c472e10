"""The map after the start, its history and version, its guards, the rules of results, and distances that change their event."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from sync_jobs import contest_map, entry_links
from sync_jobs.contest_map import Rules
from sync_jobs.models import Contest, ContestPair, ContestSettings, EntryLink, EntryQuestion, MapChange, StartListLine, db, write
from tests.conftest import NOW
from tests.factories import keep, make_connection, make_contest
from tests.sync_jobs.sides import two_sides

LATER = NOW + timedelta(hours=2)
DAY = timedelta(days=1)


@pytest.fixture
def sides(app, clock):
    """A 5K on both sides, which starts now; one person of it on both."""
    sides = two_sides()
    sides.five, sides.scored_five = sides.distance("5K", 1, distance="5K"), sides.scored("5K", 1, distance="5000")
    sides.sign_up(sides.five, 7)
    sides.enter(sides.scored_five, 1, entry_external_id="rsu:7")
    return sides


def confirm(sides, ours=None, theirs=None, now=NOW, **given):
    ours, theirs = ours or sides.five, theirs or sides.scored_five
    contest_map.confirm(sides.id, ours.contest_id, theirs.contest_id, by="Pat", now=now, **given)


def change(contest, **values):
    with write() as session:
        session.execute(update(Contest).where(Contest.contest_id == contest.contest_id).values(**values))


def pair_of(contest):
    db.session.rollback()
    here = ContestPair.registration_contest_id == contest.contest_id
    return db.session.scalars(select(ContestPair).where(here, ContestPair.scoring_contest_id.is_not(None))).one()


def history():
    db.session.rollback()
    rows = db.session.scalars(select(MapChange).order_by(MapChange.change_id)).all()
    return [(row.what, row.reason, row.changed_by, row.at) for row in rows]


def versions(*contests):
    db.session.rollback()
    return [contest_map.version(db.session(), contest.contest_id) for contest in contests]


# From the start on


def test_before_the_start_nobody_is_asked_why(sides):
    confirm(sides)
    assert history() == [("confirmed", None, "Pat", NOW)]


def test_after_the_start_every_change_needs_a_reason_and_keeps_it(sides):
    with pytest.raises(contest_map.NeedsReason, match="Say why"):
        confirm(sides, now=LATER, reason="  ")
    assert db.session.scalars(select(ContestPair)).all() == []
    confirm(sides, now=LATER, reason=" Forgotten at set-up ")
    pair = pair_of(sides.five).pair_id
    doors = (
        (lambda **why: contest_map.undo(sides.id, pair, by="Pat", now=LATER, **why)),
        (lambda **why: confirm(sides, now=LATER, **why)),
        (lambda **why: contest_map.refuse(sides.id, pair, by="Pat", now=LATER, **why)),
        (lambda **why: contest_map.ignore(sides.id, sides.scored_five.contest_id, by="Pat", now=LATER, **why)),
        (lambda **why: keep_rules(sides, Rules(basis="chip"), now=LATER, **why)),
    )
    for number, door in enumerate(doors):
        with pytest.raises(contest_map.NeedsReason):
            door()
        door(reason=f"Reason {number}")
    assert [(what, reason) for what, reason, *_ in history()] == [
        ("confirmed", "Forgotten at set-up"), ("undone", "Reason 0"), ("confirmed", "Reason 1"), ("void", "Reason 2"),
        ("ignored", "Reason 3"), ("rules", "Reason 4"),
    ]  # fmt: skip


def test_a_reason_is_a_sentence_not_a_book(sides):
    with pytest.raises(contest_map.NeedsReason, match="At most 500"):
        confirm(sides, now=LATER, reason="x" * 501)


def test_a_suggestion_may_be_refused_at_any_time_because_nobody_relies_on_it(sides):
    contest_map.suggest(sides.id, NOW)
    contest_map.refuse(sides.id, pair_of(sides.five).pair_id, by="Pat", now=LATER)
    contest_map.undo(sides.id, pair_of(sides.five).pair_id, by="Pat", now=LATER)
    assert pair_of(sides.five).state == "suggested"
    assert history() == []
    assert versions(sides.five, sides.scored_five) == [0, 0]


@pytest.mark.parametrize(
    ("ours", "theirs", "asked"),
    [
        ({"starts_at": LATER + DAY}, {"starts_at": LATER + DAY}, False),
        ({"starts_at": LATER + timedelta(hours=1)}, {"starts_at": NOW, "day_only": 1}, False),  # a time counts before a day
        ({"starts_at": NOW, "day_only": 1}, {"starts_at": NOW, "day_only": 1}, True),
        ({"starts_at": None}, {"starts_at": NOW}, True),
        ({"starts_at": None}, {"starts_at": None}, True),  # the event's own start
    ],
)
def test_which_start_counts(sides, ours, theirs, asked):
    change(sides.five, **ours)
    change(sides.scored_five, **theirs)
    if asked:
        with pytest.raises(contest_map.NeedsReason):
            confirm(sides, now=LATER, looked=True)
    else:
        confirm(sides, now=LATER, looked=True)


def test_a_pair_that_replaces_one_of_a_started_distance_needs_a_reason_too(sides):
    confirm(sides)
    ten, scored_ten = (make("10K", 2, starts_at=LATER + DAY / 2) for make in (sides.distance, sides.scored))
    confirm(sides, ten, scored_ten, now=LATER)
    with pytest.raises(contest_map.NeedsReason):
        confirm(sides, ten, sides.scored_five, now=LATER, looked=True, instead_of=pair_of(sides.five).pair_id)


# History and version


def test_each_change_counts_up_the_version_of_the_contests_that_it_names(sides):
    ten = sides.distance("10K", 2)
    confirm(sides)
    assert versions(sides.five, sides.scored_five, ten) == [1, 1, 0]
    contest_map.suggest(sides.id, NOW)
    assert versions(sides.scored_five) == [1]
    pair = pair_of(sides.five)
    contest_map.undo(sides.id, pair.pair_id, by="Pat", now=NOW)
    confirm(sides)
    contest_map.refuse(sides.id, pair.pair_id, by="Pat", now=NOW)
    assert versions(sides.five, sides.scored_five) == [4, 4]
    assert db.session.scalars(select(MapChange.version).order_by(MapChange.change_id)).all() == [1, 2, 3, 4]
    db.session.rollback()
    contest_map.ignore(sides.id, ten.contest_id, by="Pat", now=NOW)
    assert versions(ten, sides.scored_five) == [1, 4]


def test_what_a_decision_ends_or_brings_back_counts_up_at_both(sides):
    longer = sides.scored("5K B", 2, distance="5000")
    confirm(sides)
    confirm(sides, theirs=longer, instead_of=pair_of(sides.five).pair_id)
    assert versions(sides.scored_five, longer) == [2, 1]
    new = db.session.scalar(select(ContestPair.pair_id).where(ContestPair.scoring_contest_id == longer.contest_id))
    db.session.rollback()
    contest_map.undo(sides.id, new, by="Pat", now=NOW)
    assert versions(sides.scored_five, longer) == [3, 2]
    assert [what for what, *_ in history()] == ["confirmed", "confirmed", "void", "undone", "again"]


def test_a_distance_that_is_gone_counts_up_too_without_a_reason(sides):
    confirm(sides)
    change(sides.scored_five, gone_at=LATER)
    contest_map.suggest(sides.id, LATER)
    assert versions(sides.scored_five) == [2]
    assert history()[-1] == ("void", None, None, LATER)


# Guards


def test_one_destination_takes_no_results_of_two_scoring_events(sides):
    confirm(sides)
    copy = make_contest(sides.edition, sides.there, "5K", happening_id="901", provider_contest_id="901/1")
    twin = make_contest(sides.edition, make_connection(sides.partner, "copernico"), "5K", happening_id="900")
    for other in (copy, twin):
        with pytest.raises(contest_map.CannotMap, match="gets the results of “5K” in another event at ChronoTrack already"):
            confirm(sides, theirs=other, looked=True)
        assert "cannot get them from two" in contest_map.proof(sides.id, sides.five.contest_id, other.contest_id)[2]
    old = pair_of(sides.five).pair_id
    assert contest_map.proof(sides.id, sides.five.contest_id, copy.contest_id, old)[2] is None
    confirm(sides, theirs=copy, instead_of=old)


def test_waves_of_one_scoring_event_are_looked_at_first(sides):
    confirm(sides)
    wave = sides.scored("5K wave 2", 2, distance="5000")
    with pytest.raises(contest_map.LookFirst, match="“5K” gets the results of “5K” as well"):
        confirm(sides, theirs=wave)
    confirm(sides, theirs=wave, looked=True)


def test_other_zones_are_looked_at_first(sides):
    change(sides.five, timezone="America/Denver")
    change(sides.scored_five, timezone="America/New_York")
    with pytest.raises(contest_map.LookFirst, match=r"^RunSignUp says America/Denver, ChronoTrack says America/New_York\.$"):
        confirm(sides)
    confirm(sides, looked=True)


# Rules of results


def keep_rules(sides, chosen, contest=None, now=NOW, **given):
    return contest_map.keep_rules(sides.id, (contest or sides.scored_five).contest_id, chosen, by="Pat", now=now, **given)


def rules(sides):
    db.session.rollback()
    return contest_map.rules(db.session(), sides.scored_five.contest_id)


def test_the_rules_are_gun_time_and_three_awards_until_somebody_chooses(sides):
    expected = Rules(basis="gun", division_basis="gun", overall_awards=3, division_awards=3, age_reference=None)
    assert rules(sides) == expected
    chosen = Rules(basis="gun", division_basis="chip", overall_awards=10, division_awards=2, age_reference=date(2026, 12, 31))
    assert keep_rules(sides, chosen)
    assert rules(sides) == chosen
    row = db.session.scalars(select(ContestSettings)).one()
    assert (row.timing_partner_id, row.decided_by, row.decided_at) == (sides.partner.timing_partner_id, "Pat", NOW)
    said = db.session.scalars(select(MapChange.why)).one()
    assert said == (
        "age groups by chip time, was gun; 10 overall awards, was 3; 2 awards of each age group, was 3; "
        "ages on 2026-12-31, was the day itself."
    )


def test_other_rules_are_a_change_of_the_map_and_the_same_are_none(sides):
    assert keep_rules(sides, Rules(basis="chip"))
    assert not keep_rules(sides, Rules(basis="chip"), now=LATER)  # nothing changes, so nobody is asked why
    assert versions(sides.scored_five, sides.five) == [1, 0]
    assert len(history()) == 1


@pytest.mark.parametrize(
    "wrong", [Rules(basis="net"), Rules(division_basis=""), Rules(overall_awards=-1), Rules(division_awards=51)]
)
def test_impossible_rules_are_refused(sides, wrong):
    with pytest.raises(contest_map.CannotMap):
        keep_rules(sides, wrong)
    assert rules(sides) == Rules()


def test_only_a_scored_distance_of_the_event_has_rules(sides):
    with pytest.raises(contest_map.CannotMap, match="Only a scored distance"):
        keep_rules(sides, Rules(basis="chip"), contest=sides.five)
    elsewhere = two_sides(sides.partner, "Another").scored("5K", 9)
    with pytest.raises(contest_map.CannotMap, match="not listed"):
        keep_rules(sides, Rules(basis="chip"), contest=elsewhere)


# Distances that go to another event


def move(sides, other, *contests):
    """As discovery does it."""
    with write() as session:
        ids = {contest.contest_id for contest in contests}
        session.execute(update(Contest).where(Contest.contest_id.in_(ids)).values(edition_id=other.id))
        contest_map.follow(session, ids, LATER)


def waiting(sides):
    keep(
        StartListLine(
            timing_partner_id=sides.partner.timing_partner_id, edition_id=sides.id, connection_id=sides.there.connection_id,
            contest_id=sides.scored_five.contest_id, registration_provider="runsignup", registration_key="7", external_id="rsu:7",
            step="create", state="waiting", at=NOW,
        )
    )  # fmt: skip


def homes(model):
    db.session.rollback()
    return set(db.session.scalars(select(model.edition_id)))


@pytest.fixture
def other(sides):
    return two_sides(sides.partner, "Harbor Lights, Sunday")


def test_a_pair_goes_along_with_both_its_distances(sides, other):
    sides.enter(sides.scored_five, 2, "Nobody Knows")
    confirm(sides)
    waiting(sides)
    move(sides, other, sides.five, sides.scored_five)
    pair = pair_of(sides.five)
    assert (pair.edition_id, pair.state, pair.decided_by) == (other.id, "confirmed", "Pat")
    assert [homes(model) for model in (EntryLink, EntryQuestion, StartListLine)] == [{other.id}] * 3
    assert db.session.scalars(select(EntryLink.ended_at)).all() == [None]
    assert history()[-1] == ("moved", None, None, LATER)
    assert versions(sides.scored_five) == [2]
    entry_links.match(other.id, LATER)
    assert db.session.scalars(select(EntryLink.ended_at)).all() == [None]


def test_a_pair_ends_where_one_distance_stays_and_cannot_be_brought_back(sides, other):
    confirm(sides)
    waiting(sides)
    move(sides, other, sides.scored_five)
    pair = pair_of(sides.five)
    assert (pair.state, pair.why, pair.decided_by) == ("void", "“5K” belongs to another event now.", None)
    assert db.session.scalars(select(EntryLink.ended_why)).all() == ["map"]
    assert db.session.scalars(select(StartListLine)).all() == []
    assert versions(sides.five, sides.scored_five) == [2, 2]
    with pytest.raises(contest_map.CannotMap, match="nothing to take back"):
        contest_map.undo(sides.id, pair.pair_id, by="Pat", now=NOW)


def test_a_pair_whose_distances_follow_each_other_is_suggested_in_their_new_event(sides, other):
    confirm(sides)
    move(sides, other, sides.scored_five)
    move(sides, other, sides.five)
    contest_map.suggest(other.id, LATER)
    pair = pair_of(sides.five)
    assert (pair.edition_id, pair.state) == (other.id, "suggested")
    confirm(other, sides.five, sides.scored_five, now=LATER, reason="It is on Sunday")
    assert pair_of(sides.five).state == "confirmed"


def test_only_the_people_of_the_pair_that_ends_are_parted(sides, other):
    second = sides.distance("5K team", 2, distance="5K")
    sides.sign_up(second, 9, "Bo Third")
    sides.enter(sides.scored_five, 3, "Bo Third", entry_external_id="rsu:9")
    confirm(sides)
    confirm(sides, ours=second, looked=True)
    move(sides, other, sides.scored_five, second)
    ended = {link.registration_key: link.ended_why for link in db.session.scalars(select(EntryLink))}
    assert ended == {"7": "map", "9": None}


def test_what_was_left_out_stays_left_out_and_a_suggestion_does_not_follow(sides, other):
    crew = sides.distance("Crew", 3)
    contest_map.ignore(sides.id, crew.contest_id, by="Pat", now=NOW)
    contest_map.suggest(sides.id, NOW)
    move(sides, other, crew, sides.scored_five)
    db.session.rollback()
    left = {pair.registration_contest_id: (pair.state, pair.edition_id) for pair in db.session.scalars(select(ContestPair))}
    assert left == {crew.contest_id: ("ignored", other.id)}
