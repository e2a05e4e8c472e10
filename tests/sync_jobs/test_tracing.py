"""What somebody may have meant, whom the tables have, and how their records make a path."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from sync_jobs import person_search
from sync_jobs.models import PROVIDER_TABLES, TWINS, db, write
from sync_jobs.models.provider_tables import PEOPLE
from sync_jobs.tracing import Link, Start, paths, spellings, understand
from tests.conftest import NOW
from tests.factories import make_connection, make_contest
from tests.pages import asked
from tests.sync_jobs.sides import two_sides


@pytest.fixture
def sides(app, clock):
    sides = two_sides(name="Maple 10K")
    sides.ten, sides.scored = sides.distance("Ten", 1), sides.scored("10K", 1)
    return sides


def find(sides, typed, *, edition_id=None):
    return person_search.find(understand(typed), [sides.partner.timing_partner_id], edition_id)


def keys(records):
    return sorted((one.provider_name, one.key) for one in records)


@pytest.mark.parametrize(
    ("typed", "starts"),
    [
        ("Ruiz", [Start("Ruiz")]), ("Ana Ruiz", [Start("Ana Ruiz"), Start("Ruiz", "Ana"), Start("Ana", "Ruiz")]),
        ("  Ruiz,  Ana ", [Start("Ruiz", "Ana")]), ("412", []), ("W412", [Start("W412")]), ("x", []),
        (", Ana", []), ("x y", [Start("x y")]),
    ],
)  # fmt: skip
def test_words_may_be_names(typed, starts):
    assert list(understand(typed).starts) == starts


def test_words_may_be_numbers_and_ids():
    assert (understand("412").number, understand("Ana Ruiz").number) == ("412", "")
    assert (understand("RSU:77").registration, understand("rsu:77").number) == (("runsignup", "77"), "rsu:77")
    assert understand("  ").is_nothing
    assert understand("x" * 500).words == "x" * 80


def test_letters_with_marks_are_spelt_as_a_table_may_hold_them():
    assert spellings("Ruiz") == ["ruiz"]
    assert set(spellings("ángel")) == {"Ángel", "ángel", "Ángel".upper().replace("NGEL", "ngel")}


@pytest.mark.parametrize("typed", ["412", "rui", "RUIZ", "Ana Ruiz", "ruiz an", "Ruiz, Ana", "7", "rsu:7", "Rsu-7"])
def test_a_registration_is_found(sides, typed):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", bib_num="412")
    sides.sign_up(sides.ten, 8, "Bob Moor", bib_num="413")
    found = find(sides, typed)
    assert keys(found) == [("runsignup", "7")]
    assert (found[0].contest_id, found[0].edition_id, found[0].bib) == (sides.ten.contest_id, sides.id, "412")


@pytest.mark.parametrize("typed", ["88", "maiden", "Zoë Maiden", "e5", "rsu:7"])
def test_an_entry_is_found(sides, typed):
    sides.enter(sides.scored, "e5", "Zoë Maiden", entry_bib="88", entry_external_id="rsu:7")
    assert keys(find(sides, typed)) == [("chronotrack", "e5")]


@pytest.mark.parametrize("typed", ["Ruiz Bob", "412 7", "uiz", "41", "%", "rsu:412", "haku:7"])
def test_whoever_is_not_meant_is_not_found(sides, typed):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", bib_num="412")
    assert find(sides, typed) == []


def test_a_first_name_is_enough_within_an_event_only(sides):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    assert find(sides, "ana") == []
    assert keys(find(sides, "ana", edition_id=sides.id)) == [("runsignup", "7")]


def test_an_event_and_a_partner_keep_their_people_to_themselves(sides):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    other = two_sides(sides.partner, "Elsewhere")
    other.distance("Ten", 2)
    assert find(sides, "ruiz", edition_id=other.id) == []
    assert person_search.find(understand("ruiz"), [sides.partner.timing_partner_id + 1]) == []
    assert keys(person_search.find(understand("ruiz"), person_search.partners())) == [("runsignup", "7")]


def test_who_is_gone_is_still_found_and_says_since_when(sides):
    sides.sign_up(sides.ten, 7, "Ana Ruiz", gone_at=NOW)
    assert find(sides, "ruiz")[0].gone_at == NOW


def test_a_second_partners_copy_is_found_in_its_twin(sides):
    sides.enter(sides.scored, "e5", "Zoe Maiden")
    row = {"entry_id": "e5", "event_id": "900", "race_id": "1", "athlete_last_name": "Twin", "timing_partner_id": 99}
    with write() as session:
        session.execute(TWINS["ct_participants"].insert(), row)
    assert [one.last_name for one in person_search.find(understand("e5"), [99])] == ["Twin"]
    assert [one.last_name for one in find(sides, "e5")] == ["Maiden"]


ROWS = {
    "runsignup_participants": {"registration_id": 5, "event_id": 11, "race_id": 3, "bib_num": "412"},
    "raceroster_participants": {"registration_id": "5", "event_id": "3", "sub_event_id": "11", "bib_number": "412"},
    "haku_participants": {"participant_id": "5", "event_id": "3", "category_id": "11", "bib_number": "412"},
    "ct_participants": {"entry_id": "5", "event_id": "3", "race_id": "11", "entry_bib": "412"},
    "copernico_participants": {"participant_id": "5", "event_id": "3/11", "bib_number": "412"},
}


@pytest.mark.parametrize("table", PEOPLE)
def test_every_providers_people_are_found_and_placed(sides, table):
    people = PEOPLE[table]
    provider_contest = "11" if people.provider == "runsignup" else "3/11"
    contest = make_contest(
        sides.edition, make_connection(sides.partner, people.provider), happening_id="3", provider_contest_id=provider_contest
    )
    row = {people.first_name: "Ana", people.last_name: "Ruiz", "fetched_date": "2026-06-12 14:00:00", **ROWS[table]}
    sides.write(table, {name: value for name, value in row.items() if name in PROVIDER_TABLES[table].c})
    for typed in ("412", "5", "ruiz"):
        (found,) = [one for one in find(sides, typed, edition_id=sides.id) if one.table == table]
        assert (found.key, found.contest_id, found.edition_id, found.bib) == ("5", contest.contest_id, sides.id, "412")
    assert found.written_at is None or found.written_at == NOW - timedelta(hours=1)


def test_no_search_walks_a_table(sides):
    for edition_id in (None, sides.id):
        for typed in ("412", "Ana Ruiz", "ángel", "rsu:7"):
            with asked() as statements:
                person_search.find(understand(typed), [1, 2, 3], edition_id)
            steps = [step for step in statements.plans if "SCAN" in step and any(f"{name}" in step for name in (*PEOPLE, "twin"))]
            assert steps == []
    db.session.rollback()


def test_the_plan_uses_the_two_parts_of_each_index(sides):
    with asked() as statements:
        person_search.find(understand("W412"), [1, 2, 3])
    searched = [step for step in statements.plans if step.startswith("SEARCH") and "participants" in step]
    weak = [step for step in searched if step.rstrip(")").endswith("(timing_partner_id=?")]
    assert len(searched) >= 15
    assert weak == []


# Paths


def record(sides, typed):
    (found,) = find(sides, typed)
    return found


def link(sides, entry, registration, **given):
    fields = {"method": "by_hand", "confidence": 100, "made_by": "Pat", "made_at": NOW, **given}
    return Link(person=(sides.partner.timing_partner_id, "runsignup", registration), contest_id=sides.scored.contest_id,
                entry_key=entry, **fields)  # fmt: skip


def test_an_entry_belongs_to_whom_it_is_linked_else_to_whose_id_it_carries(sides):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    sides.sign_up(sides.ten, 8, "Eva Moor")
    sides.enter(sides.scored, "e1", "Carries Seven", entry_external_id="rsu:7")
    everybody = [record(sides, typed) for typed in ("Ruiz", "Moor", "Seven")]
    by_id = {path.who.last_name: [one.entry.key for one in path.listed] for path in paths(everybody, [])}
    assert by_id == {"Ruiz": ["e1"], "Moor": []}
    by_link = {path.who.last_name: [one.entry.key for one in path.listed] for path in paths(everybody, [link(sides, "e1", "8")])}
    assert by_link == {"Ruiz": [], "Moor": ["e1"]}


def test_an_ended_link_ties_nobody_and_is_kept_to_be_told(sides):
    sides.sign_up(sides.ten, 7, "Ana Ruiz")
    sides.enter(sides.scored, "e1", "Alone")
    over = link(sides, "e1", "7", ended_at=NOW, ended_why="parted")
    found = paths([record(sides, "Ruiz"), record(sides, "e1")], [over])
    mine, alone = sorted(found, key=lambda path: path.registration is None)
    assert (mine.listed, mine.parted) == ((), (over,))
    assert alone.registration is None


def test_who_is_gone_comes_last(sides):
    sides.sign_up(sides.ten, 7, "Ana Abel")
    sides.sign_up(sides.ten, 8, "Ana Zola")
    with write() as session:
        session.execute(update(PROVIDER_TABLES["runsignup_participants"]).where(
            PROVIDER_TABLES["runsignup_participants"].c.registration_id == 7).values(gone_at=NOW))  # fmt: skip
    found = paths([record(sides, "Abel"), record(sides, "Zola")], [])
    assert [path.who.last_name for path in found] == ["Zola", "Abel"]
