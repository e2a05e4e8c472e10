"""Entry links as they are kept: by the rungs and by hand, ended, remembered, taken back; and the questions that are left."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from sync_jobs import contest_map, entry_links
from sync_jobs.models import EntryLink, EntryQuestion, LiveVersion, RegistrationMove, db, write
from tests.conftest import NOW
from tests.factories import make_connection, make_contest, make_link
from tests.sync_jobs.sides import two_sides

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def sides(app, clock):
    sides = two_sides()
    sides.five, sides.scored_five = sides.distance("5K", 1), sides.scored("5K", 1)
    contest_map.confirm(sides.id, sides.five.contest_id, sides.scored_five.contest_id, by="Pat", now=NOW)
    return sides


def active():
    db.session.rollback()
    return {
        (link.entry_key, link.registration_key, link.method) for link in db.session.scalars(select(EntryLink)) if not link.ended_at
    }


def ended():
    db.session.rollback()
    return [(link.entry_key, link.ended_why, link.ended_by) for link in db.session.scalars(select(EntryLink)) if link.ended_at]


def asked():
    db.session.rollback()
    return {(question.entry_key, question.kind) for question in db.session.scalars(select(EntryQuestion))}


def version():
    db.session.rollback()
    return db.session.scalar(select(LiveVersion.version).where(LiveVersion.scope == "all")) or 0


def pair(sides, entry, registration, provider="runsignup"):
    return entry_links.Pair(
        contest_id=sides.scored_five.contest_id, entry_key=str(entry), registration=(provider, str(registration))
    )


def decide(what, sides, *about):
    what(sides.id, *about, by="Pat", now=LATER)


def newest():
    db.session.rollback()
    return db.session.scalar(select(EntryLink.link_id).order_by(EntryLink.link_id.desc()).limit(1))


def test_a_pull_of_either_side_links_whom_it_can_and_asks_about_the_rest(sides):
    sides.sign_up(sides.five, 7)
    sides.sign_up(sides.five, 8, "Cy Fiction", gender="M", bib_num="412", dob=None)
    sides.enter(sides.scored_five, 1)
    sides.enter(sides.scored_five, 2, "Cyrus Fiction", athlete_sex="M", entry_bib="412", athlete_birthdate=None)
    sides.enter(sides.scored_five, 3, "Nobody Knows", entry_external_id="rsu:99")
    assert entry_links.match(sides.id, NOW) == entry_links.Matched(linked=1, ended=0, questions=2)
    assert active() == {("1", "7", "name_and_birth")}
    assert asked() == {("2", "unmatched"), ("3", "unknown_id")}
    link = db.session.scalars(select(EntryLink)).one()
    assert (link.confidence, link.made_by, link.made_at, link.edition_id) == (90, None, NOW, sides.id)


def test_looking_again_changes_nothing(sides):
    sides.sign_up(sides.five, 7)
    sides.enter(sides.scored_five, 1)
    sides.enter(sides.scored_five, 2, "Nobody Knows")
    entry_links.match(sides.id, NOW)
    before = version()
    assert entry_links.match(sides.id, LATER) == entry_links.Matched(linked=0, ended=0, questions=1)
    assert version() == before
    assert db.session.scalar(select(EntryQuestion.asked_at)) == NOW


def test_questions_go_when_they_are_answered(sides):
    sides.enter(sides.scored_five, 1)
    entry_links.match(sides.id, NOW)
    assert asked() == {("1", "unmatched")}
    sides.sign_up(sides.five, 7)
    before = version()
    entry_links.match(sides.id, LATER)
    assert asked() == set()
    assert version() > before


def test_nothing_is_matched_without_a_confirmed_map(sides):
    ten, scored = sides.distance("10K", 2), sides.scored("10K", 2)
    sides.sign_up(ten, 9)
    sides.enter(scored, 9, entry_external_id="rsu:9")
    assert entry_links.match(sides.id, NOW) == entry_links.Matched()
    assert asked() == set()


def test_another_partners_people_are_never_meant(sides):
    other = two_sides()
    other.write(
        "runsignup_participants",
        {
            "race_id": 70,
            "event_id": 1,
            "registration_id": 7,
            "first_name": "Ada",
            "last_name": "Sample",
            "gender": "F",
            "dob": "3/4/1990",
        },
    )
    sides.enter(sides.scored_five, 1, entry_external_id="rsu:7")
    entry_links.match(sides.id, NOW)
    assert active() == set()


def test_a_link_ends_when_somebody_is_gone_and_comes_back_with_them(sides):
    sides.sign_up(sides.five, 7, "Ada Else")
    sides.enter(sides.scored_five, 1)
    decide(entry_links.link, sides, pair(sides, 1, 7))
    sides.change("runsignup_participants", 7, gone_at=LATER)
    assert entry_links.match(sides.id, LATER).ended == 1
    assert ended() == [("1", "gone", None)]
    assert asked() == {("1", "gone")}
    sides.change("runsignup_participants", 7, gone_at=None)
    entry_links.match(sides.id, LATER)
    assert active() == {("1", "7", "by_hand")}
    assert asked() == set()


def test_a_transferred_registration_is_followed_by_what_was_noted(sides):
    with write() as session:
        entry_links.note_moves(session, sides.partner.timing_partner_id, "runsignup", [("7", "8"), ("8", "9")], NOW)
        entry_links.note_moves(session, sides.partner.timing_partner_id, "runsignup", [("7", "8")], NOW)
    assert len(db.session.scalars(select(RegistrationMove)).all()) == 2
    sides.sign_up(sides.five, 9, "Somebody New")
    sides.enter(sides.scored_five, 1, entry_external_id="rsu:7")
    entry_links.match(sides.id, NOW)
    assert active() == {("1", "9", "transferred")}
    assert asked() == {("1", "disagrees")}  # the list still says the old name


def test_an_entry_that_changes_its_contest_keeps_who_it_is(sides):
    scored = sides.scored("5K B", 2)
    contest_map.confirm(sides.id, sides.five.contest_id, scored.contest_id, by="Pat", now=NOW, looked=True)
    sides.sign_up(sides.five, 7, "Ada Else")
    sides.enter(sides.scored_five, 1)
    decide(entry_links.link, sides, pair(sides, 1, 7))
    sides.change("ct_participants", "1", race_id="2")
    entry_links.match(sides.id, LATER)
    assert active() == {("1", "7", "by_hand")}
    assert db.session.scalar(select(EntryLink.contest_id).where(EntryLink.ended_at.is_(None))) == scored.contest_id


def test_by_hand_takes_the_place_of_what_was_linked_to_either_and_undo_brings_it_back(sides):
    for number, name in ((7, "Ada Sample"), (8, "Bo Other")):
        sides.sign_up(sides.five, number, name)
        sides.enter(sides.scored_five, number, name)
    entry_links.match(sides.id, NOW)
    assert active() == {("7", "7", "name_and_birth"), ("8", "8", "name_and_birth")}
    decide(entry_links.link, sides, pair(sides, 7, 8))
    assert active() == {("7", "8", "by_hand")}
    assert {why for _, why, _ in ended()} == {"replaced"}
    decide(entry_links.undo, sides, newest())
    assert active() == {("7", "7", "name_and_birth"), ("8", "8", "name_and_birth")}


def test_who_was_parted_stays_parted_until_it_is_taken_back(sides):
    sides.sign_up(sides.five, 7)
    sides.enter(sides.scored_five, 1, entry_external_id="rsu:7")
    entry_links.match(sides.id, NOW)
    link_id = newest()
    decide(entry_links.part, sides, pair(sides, 1, 7))
    assert active() == set()
    assert ended() == [("1", "parted", "Pat")]
    entry_links.match(sides.id, LATER)
    assert active() == set()
    decide(entry_links.undo, sides, link_id)
    assert active() == {("1", "7", "external_id")}


def test_a_suggestion_that_somebody_denies_is_not_made_again(sides):
    sides.sign_up(sides.five, 7, "Bob Jones", gender="M")
    sides.enter(sides.scored_five, 1, "Robert Jones", athlete_sex="M")
    entry_links.match(sides.id, NOW)
    assert asked() == {("1", "hint")}
    decide(entry_links.part, sides, pair(sides, 1, 7))
    assert asked() == {("1", "unmatched")}
    decide(entry_links.undo, sides, newest())
    assert asked() == {("1", "hint")}
    assert active() == set()


def test_saying_that_parted_people_are_one_after_all_wins(sides):
    sides.sign_up(sides.five, 7)
    sides.enter(sides.scored_five, 1)
    entry_links.match(sides.id, NOW)
    decide(entry_links.part, sides, pair(sides, 1, 7))
    decide(entry_links.link, sides, pair(sides, 1, 7))
    assert active() == {("1", "7", "by_hand")}
    decide(entry_links.undo, sides, newest())
    assert active() == {("1", "7", "name_and_birth")}


def test_two_who_run_with_each_others_number_are_exchanged_and_back(sides):
    for number, name, bib in ((7, "Ana Ruiz", "512"), (8, "Bea Beck", "513")):
        sides.sign_up(sides.five, number, name, bib_num=bib, dob=f"1/1/198{number}")
    sides.enter(sides.scored_five, 1, "Bea Beck", entry_external_id="rsu:7", athlete_birthdate="1988-01-01")
    sides.enter(sides.scored_five, 2, "Ana Ruiz", entry_external_id="rsu:8", athlete_birthdate="1987-01-01")
    entry_links.match(sides.id, NOW)
    assert asked() >= {("1", "two_answers")}
    decide(entry_links.link, sides, pair(sides, 1, 7))
    decide(entry_links.link, sides, pair(sides, 2, 8))
    entry_links.swap(sides.id, pair(sides, 1, 7), pair(sides, 2, 8), by="Pat", now=LATER + timedelta(minutes=1))
    assert active() == {("1", "8", "by_hand"), ("2", "7", "by_hand")}
    assert asked() == set()
    for link_id in db.session.scalars(select(EntryLink.link_id).where(EntryLink.ended_at.is_(None))).all():
        entry_links.undo(sides.id, link_id, by="Pat", now=LATER + timedelta(minutes=2))
    assert active() == {("1", "7", "by_hand"), ("2", "8", "by_hand")}


@pytest.mark.parametrize(
    ("entry", "registration", "provider", "why"),
    [
        (9, 7, "runsignup", "not on the scoring list"),
        (1, 99, "runsignup", "registration is not there"),
        (1, 7, "raceroster", "is not there"),
    ],
)
def test_only_people_who_are_there_can_be_linked(sides, entry, registration, provider, why):
    sides.sign_up(sides.five, 7)
    sides.enter(sides.scored_five, 1)
    with pytest.raises(entry_links.CannotLink, match=why):
        decide(entry_links.link, sides, pair(sides, entry, registration, provider))
    assert active() == set()


def test_another_events_contest_or_link_is_refused(sides):
    other = two_sides(name="Another")
    sides.sign_up(sides.five, 7)
    sides.enter(sides.scored_five, 1)
    entry_links.match(sides.id, NOW)
    for what in (entry_links.link, entry_links.part):
        with pytest.raises(entry_links.CannotLink, match="not of this event"):
            what(other.id, pair(sides, 1, 7), by="Pat", now=LATER)
    with pytest.raises(entry_links.CannotLink, match="changed again"):
        entry_links.undo(other.id, newest(), by="Pat", now=LATER)
    with pytest.raises(entry_links.CannotLink, match="changed again"):
        decide(entry_links.undo, sides, newest())  # a rung's link is no decision
    assert active() == {("1", "7", "name_and_birth")}


def test_people_whose_distance_race_roster_does_not_say_are_matched_too(sides):
    roster = make_connection(sides.partner, "raceroster")
    make_link(sides.edition, roster, "abc")
    for number in ("1", "2"):
        make_contest(sides.edition, roster, number, happening_id="abc", provider_contest_id=f"abc/{number}")
    person = {
        "event_id": "abc",
        "registration_id": "55",
        "first_name": "Zoe",
        "last_name": "Null",
        "gender": "2",
        "date_of_birth": "1991-01-02",
    }
    sides.write("raceroster_participants", person)
    sides.enter(sides.scored_five, 4, "Zoe Null", athlete_birthdate="1991-01-02")
    entry_links.match(sides.id, NOW)
    assert active() == {("4", "55", "name_and_birth")}
