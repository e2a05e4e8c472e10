"""The views that other programs read: right for each provider, one row where one is promised, and found by index."""

from collections import Counter

import pytest

from sync_jobs import schema
from tests.schema.files import NOW, ask, copy, opened

PROMISED = {
    "unified_participants": "source_provider timing_partner_id event_id first_name last_name email gender bib_number city state "
    "age registration_date",
    "unified_events": "source_provider timing_partner_id event_id event_name event_date city state distance fetched_date",
    "unified_results": "source_provider timing_partner_id event_id bib_number first_name last_name gender age results_time "
    "results_gun_time overall_place",
}
VIEWS = [*PROMISED, "unified_finishes", "unified_contests"]


@pytest.fixture(scope="module")
def taken(tmp_path_factory, larger):
    file = copy(larger, tmp_path_factory.mktemp("taken"))
    schema.upgrade(file, NOW)
    return file


@pytest.fixture
def made(tmp_path):
    """An empty database, to be filled with rows whose place in the views is known."""
    file = tmp_path / "hub.db"
    schema.upgrade(file, NOW)
    return file


def fill(file, table, **values):
    with opened(file) as db:
        db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", tuple(values.values()))


def contest(file, provider, happening, contest, edition, partner=1):
    with opened(file) as db:
        found = db.execute(
            "INSERT INTO contests (timing_partner_id, edition_id, connection_id, provider_name, happening_id, provider_contest_id)"
            " VALUES (?, ?, 1, ?, ?, ?)",
            (partner, edition, provider, happening, contest),
        )
        return found.lastrowid


def look(file, view, where="1"):
    with opened(file) as db:
        return [dict(row) for row in db.execute(f"SELECT * FROM {view} WHERE {where}")]


@pytest.mark.parametrize(("view", "columns"), PROMISED.items())
def test_promised_columns_stand_first_in_their_order(taken, view, columns):
    with opened(taken) as db:
        assert [column[0] for column in db.execute(f"SELECT * FROM {view}").description][: len(columns.split())] == columns.split()


def test_every_registration_and_entry_once(taken):
    expected = Counter(
        ("runsignup", partner, str(event))
        for partner, event in ask(taken, "SELECT timing_partner_id, event_id FROM runsignup_participants")
    )
    expected += Counter(("chronotrack", *row) for row in ask(taken, "SELECT timing_partner_id, event_id FROM ct_participants"))
    found = Counter(ask(taken, "SELECT source_provider, timing_partner_id, event_id FROM unified_participants"))
    assert found == expected


def test_people_are_as_the_providers_have_them(taken):
    theirs = {
        str(key): rest
        for key, *rest in ask(
            taken,
            "SELECT registration_id, first_name, last_name, email, gender, bib_num, city, state, age FROM runsignup_participants",
        )
    }
    ours = ask(
        taken,
        "SELECT registration_key, first_name, last_name, email, gender, bib_number, city, state, age FROM unified_participants"
        " WHERE source_provider = 'runsignup'",
    )
    assert {key: rest for key, *rest in ours} == theirs
    scored = {
        key: (first, bib, int(age), city)
        for key, first, bib, age, city in ask(
            taken, "SELECT entry_id, athlete_first_name, entry_bib, entry_race_age, location_city FROM ct_participants"
        )
    }
    found = ask(
        taken,
        "SELECT registration_key, first_name, bib_number, age, city FROM unified_participants"
        " WHERE source_provider = 'chronotrack'",
    )
    assert {key: tuple(rest) for key, *rest in found} == scored


def test_one_row_per_event_with_the_city_of_its_race(taken):
    races = {race: (city, state) for race, city, state in ask(taken, "SELECT race_id, city, state FROM runsignup_races")}
    expected = {
        ("runsignup", partner, str(event)): (date, *races[race], distance, fetched)
        for event, race, partner, date, distance, fetched in ask(
            taken, "SELECT event_id, race_id, timing_partner_id, start_time, distance, fetched_date FROM runsignup_events"
        )
    } | {
        ("chronotrack", partner, event): (date, city, state, None, None)
        for event, partner, date, city, state in ask(
            taken, "SELECT event_id, timing_partner_id, event_start_time, location_city, location_region FROM ct_events"
        )
    }
    rows = ask(
        taken,
        "SELECT source_provider, timing_partner_id, event_id, event_date, city, state, distance, fetched_date FROM unified_events",
    )
    assert len(rows) == len(expected)
    assert {row[:3]: row[3:] for row in rows} == expected


def test_every_result_row_and_a_place_only_in_the_overall_one(taken):
    theirs = ask(
        taken, "SELECT timing_partner_id, event_id, entry_id, results_bracket_name, results_rank, results_time FROM ct_results"
    )
    ours = ask(
        taken,
        "SELECT timing_partner_id, event_id, entry_key, bracket_name, bracket_place, results_time, is_overall, overall_place"
        " FROM unified_results",
    )
    assert Counter(row[:6] for row in ours) == Counter((*row[:4], int(row[4]), row[5]) for row in theirs)
    for row in ours:
        assert row[6:] == ((1, row[4]) if row[3] == "Overall" else (0, None))


def test_one_finish_per_entry(taken):
    overall = {
        (partner, event, entry): (int(rank), time)
        for partner, event, entry, rank, time in ask(
            taken,
            "SELECT timing_partner_id, event_id, entry_id, results_rank, results_time FROM ct_results"
            " WHERE results_bracket_name = 'Overall'",
        )
    }
    found = ask(taken, "SELECT timing_partner_id, event_id, entry_key, overall_place, results_time FROM unified_finishes")
    assert len(found) == ask(taken, "SELECT count(DISTINCT entry_id) FROM ct_results")[0][0]
    assert {row[:3]: row[3:] for row in found} == overall


def test_contests_are_what_the_providers_list(taken):
    expected = {("runsignup", str(event)) for (event,) in ask(taken, "SELECT event_id FROM runsignup_events")}
    expected |= {("chronotrack", f"{event}/{race}") for event, race in ask(taken, "SELECT event_id, race_id FROM ct_races")}
    rows = look(taken, "unified_contests")
    assert {(row["source_provider"], row["provider_contest_id"]) for row in rows} == expected
    assert len(rows) == len(expected)
    starts = dict(ask(taken, "SELECT CAST(event_id AS TEXT), starts_at FROM runsignup_events"))
    for row in rows:
        if row["source_provider"] == "runsignup":
            assert (row["starts_at"], row["timezone"], row["is_volunteer"]) == (
                starts[row["provider_contest_id"]],
                "America/New_York",
                0,
            )


@pytest.mark.parametrize("view", VIEWS)
def test_a_partners_rows_are_found_by_index(taken, view):
    plan = [detail for *_, detail in ask(taken, f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE timing_partner_id = 1 LIMIT 10")]
    assert [step for step in plan if step.startswith("SCAN") and step != f"SCAN {view}"] == []
    assert not any("AUTOMATIC" in step for step in plan)
    assert sum("timing_partner_id=?" in step for step in plan) >= 2


@pytest.mark.parametrize("view", ["unified_participants", "unified_results"])
def test_a_contests_rows_are_found_by_index(taken, view):
    plan = [
        detail
        for *_, detail in ask(taken, f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE timing_partner_id = 1 AND contest_id = 5")
    ]
    assert plan[3] == "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)"
    assert "timing_partner_id=? AND event_id=?" in plan[4]


@pytest.mark.parametrize(
    ("code", "gender"), [("1", "M"), ("2", "F"), ("9", "X"), ("0", None), ("8", None), (None, None), ("Female", "F")]
)
def test_race_roster_gender(made, code, gender):
    fill(made, "raceroster_participants", timing_partner_id=1, event_id="e", registration_id="1", gender=code)
    assert [row["gender"] for row in look(made, "unified_participants")] == [gender]


def test_all_five_providers(made):
    fill(made, "runsignup_participants", timing_partner_id=1, event_id=5, race_id=4, registration_id=50, bib_num="", age=30)
    fill(
        made,
        "raceroster_events",
        timing_partner_id=1,
        event_id="e",
        name="Harbour",
        start_date="2026-10-11T08:00:00-0300",
        city="Halifax",
        state="NS",
    )
    fill(
        made,
        "raceroster_participants",
        timing_partner_id=1,
        event_id="e",
        registration_id="r",
        sub_event_id="120",
        date_of_birth="1990-10-12",
        bib_number="7",
    )
    fill(made, "haku_events", timing_partner_id=1, event_id="h", event_name="Haku Run", start_date="2026-10-11")
    fill(
        made,
        "haku_participants",
        timing_partner_id=1,
        event_id="h",
        participant_id="R-1",
        gender="Non-Binary",
        date_of_birth="1990-10-11",
    )
    fill(made, "ct_events", timing_partner_id=1, event_id="c", event_name="Scored")
    fill(
        made, "ct_participants", timing_partner_id=1, event_id="c", race_id="c1", entry_id="c-1", entry_race_age="", athlete_sex="F"
    )
    fill(
        made,
        "copernico_events",
        timing_partner_id=1,
        event_id="k",
        event_name="Carrera",
        event_date="2026-10-11",
        starts_at=1_791_720_000_000,
    )
    fill(
        made,
        "copernico_participants",
        timing_partner_id=1,
        event_id="k",
        participant_id="p",
        gender="female",
        date_of_birth="1986-01-06",
    )
    fill(
        made,
        "copernico_results",
        timing_partner_id=1,
        event_id="k",
        participant_id="p",
        total_time="00:31:12",
        net_time="00:31:00",
        overall_position="3",
        category="F40",
    )
    people = {row["source_provider"]: row for row in look(made, "unified_participants")}
    names = ("event_id", "registration_key", "gender", "bib_number", "age")
    assert {key: tuple(row[name] for name in names) for key, row in people.items()} == {
        "runsignup": ("5", "50", None, None, 30), "raceroster": ("e", "r", None, "7", 35), "haku": ("h", "R-1", "X", None, 36),
        "chronotrack": ("c", "c-1", "F", None, None), "copernico": ("k", "p", "F", None, 40),
    }  # fmt: skip
    assert {row["source_provider"] for row in look(made, "unified_events")} == {"raceroster", "haku", "chronotrack", "copernico"}
    assert look(made, "unified_events", "source_provider = 'copernico'")[0]["starts_at"] == "2026-10-11 12:00:00"
    for view in ("unified_results", "unified_finishes"):
        row = look(made, view)[0]
        assert (row["results_time"], row["results_gun_time"]) == ("00:31:00", "00:31:12")
        assert (row["overall_place"], row["gender"], row["age"]) == (3, "F", 40)


def test_a_result_stands_with_the_status_that_its_provider_gives_last_of_all_columns(made):
    """At ChronoTrack the entry has it: the partner's own, also where another partner holds the same entry."""
    for entry, status, gone in (("a", "DQ", None), ("b", "", None), ("c", "CONF", 1), ("d", "CONF", None)):
        fill(made, "ct_participants", timing_partner_id=1, event_id="c", race_id="c1", entry_id=entry, entry_status=status,
             gone_at=gone)  # fmt: skip
    fill(made, "ct_participants_twin", timing_partner_id=2, event_id="c", race_id="c1", entry_id="d", entry_status="DNF")
    for partner, entry in ((1, "a"), (1, "b"), (1, "c"), (1, "x"), (2, "d")):
        fill(made, "ct_results", timing_partner_id=partner, event_id="c", race_id="c1", entry_id=entry)
    for key, status, entered in (("p", "dnf", "active"), ("q", "", "dsq"), ("r", None, None)):
        fill(made, "copernico_participants", timing_partner_id=1, event_id="k", participant_id=key, registration_status=entered)
        fill(made, "copernico_results", timing_partner_id=1, event_id="k", participant_id=key, status=status)
    assert {row["entry_key"]: row["status"] for row in look(made, "unified_results")} == {
        "a": "DQ", "b": None, "c": None, "x": None, "d": "DNF", "p": "dnf", "q": "dsq", "r": None,
    }  # fmt: skip
    assert list(look(made, "unified_results")[0])[-1] == "status"


def test_a_copernico_event_belongs_to_its_race_and_a_bib_to_whoever_alone_has_it(made):
    fill(made, "copernico_events", timing_partner_id=1, event_id="spring/5K", competition_id="spring",
         competition_name="Spring Run", event_name="5K", distance_categories="5 km", timezone="Europe/Madrid")  # fmt: skip
    listed = look(made, "unified_contests")[0]
    assert (listed["happening_id"], listed["happening_name"], listed["provider_contest_id"]) == (
        "spring",
        "Spring Run",
        "spring/5K",
    )
    assert (listed["contest_name"], listed["distance"], listed["timezone"]) == ("5K", "5 km", "Europe/Madrid")
    event = look(made, "unified_events")[0]
    assert (event["event_id"], event["event_name"], event["happening_id"]) == ("spring/5K", "5K", "spring")
    five = contest(made, "copernico", "spring", "spring/5K", 1)
    for key, bib in (("a", "1"), ("b", "2"), ("c", "2"), ("d", "4")):
        fill(made, "copernico_participants", timing_partner_id=1, event_id="spring/5K", participant_id=key, bib_number=bib,
             gender="female")  # fmt: skip
    for key, bib in (("bib:1", "1"), ("bib:2", "2"), ("d", "9"), ("bib:4", "7")):
        fill(made, "copernico_results", timing_partner_id=1, event_id="spring/5K", participant_id=key, bib_number=bib)
    for view in ("unified_results", "unified_finishes"):
        found = {(row["bib_number"], row["entry_key"], row["gender"], row["contest_id"]) for row in look(made, view)}
        assert found == {("1", "a", "F", five), ("2", "bib:2", None, five), ("9", "d", "F", five), ("7", "bib:4", None, five)}


def test_contest_and_edition_of_a_person(made):
    five, other = contest(made, "runsignup", "4", "5", 1), contest(made, "runsignup", "4", "5", 2, partner=2)
    first, second = contest(made, "raceroster", "e", "e/120", 3), contest(made, "raceroster", "e", "e/121", 3)
    race = contest(made, "chronotrack", "c", "c/c1", 4)
    for partner in (1, 2):
        fill(made, "runsignup_participants", timing_partner_id=partner, event_id=5, race_id=4, registration_id=50)
    for key, sub_event in (("a", "120"), ("b", "121"), ("c", None)):
        fill(made, "raceroster_participants", timing_partner_id=1, event_id="e", registration_id=key, sub_event_id=sub_event)
    fill(made, "ct_participants", timing_partner_id=1, event_id="c", race_id="c1", entry_id="c-1")
    rows = {
        (row["timing_partner_id"], row["registration_key"]): (row["contest_id"], row["edition_id"])
        for row in look(made, "unified_participants")
    }
    assert rows == {
        (1, "50"): (five, 1), (2, "50"): (other, 2), (1, "a"): (first, 3), (1, "b"): (second, 3),
        (1, "c"): (None, 3), (1, "c-1"): (race, 4),
    }  # fmt: skip
    assert [
        row["registration_key"] for row in look(made, "unified_participants", f"timing_partner_id = 1 AND contest_id = {second}")
    ] == ["b"]


def test_event_with_several_contests_has_no_contest(made):
    for event, races in (("one", 1), ("two", 2)):
        fill(made, "ct_events", timing_partner_id=1, event_id=event)
        ids = [contest(made, "chronotrack", event, f"{event}/{n}", 8) for n in range(races)]
        assert [(row["contest_id"], row["edition_id"]) for row in look(made, "unified_events", f"event_id = '{event}'")] == [
            (ids[0] if races == 1 else None, 8)
        ]


def test_each_partner_sees_a_copy_of_their_own(made):
    """Two partners hold the same race: the second one's copy lives in the twins, also where only a part of it does."""
    for table, partner, city in (("runsignup_races", 1, "First"), ("runsignup_races_twin", 2, "Second")):
        fill(made, table, race_id=4, timing_partner_id=partner, name=f"Race of {partner}", city=city, timezone="UTC")
    fill(made, "runsignup_events", event_id=5, race_id=4, timing_partner_id=2, name="5K")
    fill(made, "runsignup_events_twin", event_id=5, race_id=4, timing_partner_id=1, name="5K")
    for table, partner in (
        ("ct_events", 1),
        ("ct_events_twin", 2),
        ("ct_races", 1),
        ("ct_races_twin", 2),
        ("ct_participants", 1),
        ("ct_participants_twin", 2),
    ):
        keys = {"ct_events": {}, "ct_races": {"race_id": "r"}, "ct_participants": {"race_id": "r", "entry_id": "n"}}
        fill(made, table, timing_partner_id=partner, event_id="c", **keys[table.removesuffix("_twin")])
    for partner, city in ((1, "First"), (2, "Second")):
        mine = f"timing_partner_id = {partner}"
        assert [(row["event_id"], row["city"]) for row in look(made, "unified_events", mine)] == [("5", city), ("c", None)]
        assert [row["happening_name"] for row in look(made, "unified_contests", mine)] == [f"Race of {partner}", None]
        assert [row["registration_key"] for row in look(made, "unified_participants", mine)] == ["n"]


def test_the_same_partners_row_in_table_and_twin_counts_once(made):
    for suffix in ("", "_twin"):
        fill(made, f"runsignup_events{suffix}", event_id=5, race_id=4, timing_partner_id=1)
        fill(made, f"ct_events{suffix}", event_id="c", timing_partner_id=1)
        fill(made, f"ct_races{suffix}", event_id="c", race_id="r", timing_partner_id=1)
        fill(made, f"ct_participants{suffix}", event_id="c", race_id="r", entry_id="n", timing_partner_id=1)
    for view, rows in (("unified_events", 2), ("unified_contests", 2), ("unified_participants", 1)):
        assert len(look(made, view)) == rows


def test_who_is_gone_is_left_out_but_listed_contests_say_so(made):
    fill(made, "runsignup_events", event_id=5, race_id=4, timing_partner_id=1, gone_at=7, volunteer="T")
    fill(made, "runsignup_participants", event_id=5, race_id=4, registration_id=1, timing_partner_id=1, gone_at=7)
    fill(
        made, "ct_results", event_id="c", race_id="r", entry_id="n", results_bracket_name="Overall", timing_partner_id=1, gone_at=7
    )
    for view in ("unified_participants", "unified_events", "unified_results", "unified_finishes"):
        assert look(made, view) == []
    assert [(row["gone_at"], row["is_volunteer"]) for row in look(made, "unified_contests")] == [(7, 1)]


@pytest.mark.parametrize(
    ("brackets", "place", "time"),
    [
        (["Male", "Overall", "Split 1"], 2, "t2"),
        (["OPEN", "Overall"], 1, "t1"),
        (["Split 1", "Male"], None, "t2"),
        (["Split 1", "Split 2"], None, None),
    ],
)
def test_which_row_is_the_finish(made, brackets, place, time):
    for number, bracket in enumerate(brackets, start=1):
        fill(
            made, "ct_results", timing_partner_id=1, event_id="c", race_id="r", entry_id="n", results_bracket_name=bracket,
            results_rank=str(number), results_time=f"t{number}",
        )  # fmt: skip
    assert [(row["overall_place"], row["results_time"]) for row in look(made, "unified_finishes")] == [(place, time)]


def test_at_haku_people_are_counted_by_category_and_only_who_takes_part(made):
    fill(made, "haku_events", timing_partner_id=1, event_id="h", event_name="Lakeside", city="Davenport", state="IA",
         distance="Half Marathon", starts_at=1_791_720_000_000)  # fmt: skip
    assert [row["provider_contest_id"] for row in look(made, "unified_contests")] == ["h"]
    whole = contest(made, "haku", "h", "h", 1)
    fill(made, "haku_participants", timing_partner_id=1, event_id="h", participant_id="R-0", category_id=None, city="Moline")
    assert look(made, "unified_participants")[0]["contest_id"] == whole  # the only one there is
    for key, master, name in (("901", "Run", "5K"), ("902", "Walk", "5K"), ("903", "Run", "Half Marathon")):
        fill(made, "haku_categories", timing_partner_id=1, event_id="h", category_id=key, master_name=master, name=name)
    fill(made, "haku_categories", timing_partner_id=2, event_id="h", category_id="904", name="Somebody else's")
    listed = {row["provider_contest_id"]: row for row in look(made, "unified_contests", "timing_partner_id = 1")}
    assert {key: row["contest_name"] for key, row in listed.items()} == {
        "h/901": "Run 5K", "h/902": "Walk 5K", "h/903": "Half Marathon",
    }  # fmt: skip
    assert {(row["happening_name"], row["city"], row["starts_at"]) for row in listed.values()} == {
        ("Lakeside", "Davenport", 1_791_720_000_000)
    }
    five, half = contest(made, "haku", "h", "h/901", 1), contest(made, "haku", "h", "h/903", 1)
    for key, category, status in (
        ("R-1/901", "901", "active"), ("R-1/903", "903", "active"), ("R-2/901", "901", "cancelled"), ("R-3/901", "901", "inactive"),
        ("R-4", None, "detail pending"),
    ):  # fmt: skip
        fill(
            made, "haku_participants", timing_partner_id=1, event_id="h", participant_id=key, category_id=category,
            registration_status=status, country="US",
        )  # fmt: skip
    people = {row["registration_key"]: (row["edition_id"], row["contest_id"]) for row in look(made, "unified_participants")}
    assert people == {"R-0": (1, None), "R-1/901": (1, five), "R-1/903": (1, half), "R-4": (1, None)}
    event = look(made, "unified_events")
    assert [(row["event_id"], row["edition_id"], row["contest_id"], row["city"]) for row in event] == [("h", 1, None, "Davenport")]
