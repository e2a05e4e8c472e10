"""ChronoTrack's quirks: strings, wrapper keys, paging in headers, ranks by bracket, three sign-ins, wrong ids in HTTP 200."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sync_jobs.errors import CredentialsMissing, CredentialsRejected, NotThere, ProviderDown, ReadIncomplete, UnexpectedReply
from sync_jobs.providers.chronotrack import ChronoTrack
from sync_jobs.records import Scope, StartListEntry
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Answer, Asked, Tokens, access, stand_in

SECRETS = {"client_id": "727", "username": "timer@example.com", "password": "hush & word+"}
HASH = hashlib.sha1(b"hush & word+").hexdigest()
SCOPE = Scope(happening_id="40001", contest_ids=("50001",), timezone="America/New_York")
EVENT = {
    "event_id": "40001", "event_name": "Harbor Run", "event_description": "", "event_start_time": "1779022800",
    "event_end_time": "1779040800", "event_is_published": "1", "event_site_uri": "harborrun", "organization_name": "Sample Timing",
    "location_city": "Sampletown", "location_country": "US", "location_time_zone": "America/New_York",
}  # fmt: skip
RACE = {
    "race_id": "50001", "race_name": "5K", "race_type": "running", "race_subtype": "", "race_course_distance": "5000",
    "race_pref_distance_unit": "km", "race_planned_start_time": "1779022800", "race_planned_end_time": "1779033600",
    "race_actual_start_time": "1779022805", "race_actual_end_time": "", "race_age_ref_time": "1779022800",
}  # fmt: skip
ADA = {
    "entry_id": "7000001", "entry_external_id": "5000001", "entry_name": "Ada Sample", "entry_bib": "101", "entry_status": "CONF",
    "entry_type": "IND", "entry_race_age": "40", "athlete_id": "8000001", "athlete_first_name": "Ada",
    "athlete_last_name": "Sample", "athlete_sex": "F", "athlete_birthdate": "1986-01-06", "athlete_email": "ada@example.com",
    "athlete_home_phone": "", "athlete_mobile_phone": "856-555-0100", "location_city": "Sampletown", "location_region": "NJ",
    "location_country": "US", "race_id": "50001", "race_name": "5K", "reg_choice_name": "5K", "wave_name": "Wave 1",
    "bracket_name": "F 40-44", "team_id": "", "team_name": "", "custom_element1": "",
}  # fmt: skip
FINISH = {
    "results_entry_id": "7000001", "results_bib": "101", "results_first_name": "Ada", "results_last_name": "Sample",
    "results_sex": "F", "results_age": "40", "results_hometown": "Sampletown, NJ", "results_city": "Sampletown",
    "results_state_code": "NJ", "results_country_code": "US", "results_event_name": "Harbor Run", "results_race_id": "50001",
    "results_race_name": "5K", "results_primary_bracket_id": "61003", "results_primary_bracket_name": "F 40-44",
    "results_bracket_name": "Overall", "results_interval_name": "Full Course", "results_interval_full": "1", "results_rank": "1",
    "results_time": "00:17:18", "results_gun_time": "00:17:20", "results_time_with_penalty": "00:17:18",
    "results_pace": "00:03:28", "results_pace_unit": "min/km", "results_gun_pace": "00:03:28",
    "results_begin_chip_time": "1779022807", "results_end_chip_time": "1779023845",
}  # fmt: skip
LINE = StartListEntry(
    external_id="rsu:5000001", entry_key=None, contest_id="50001", contest_name="5K", first_name="Ada", last_name="Sample",
    gender="F", born=date(1986, 1, 6), bib=None, email="ada@example.com", city="Sampletown", state="NJ", country="US", team=None,
)  # fmt: skip
CHOICES = {
    "event_reg_choice": [{"reg_choice_id": "9001", "reg_choice_name": "5K"}, {"reg_choice_id": "9002", "reg_choice_name": "10K"}]
}


@pytest.fixture
def provider():
    with stand_in() as it:
        yield it


@pytest.fixture
def adapter(provider):
    made = []

    def make(**changes: object) -> ChronoTrack:
        made.append(ChronoTrack(access({"CHRONOTRACK_URL": f"{provider.url}/api"}, **{"secrets": SECRETS, **changes})))
        return made[-1]

    yield make
    for one in made:
        one.close()


def page(key: str, *records: object, rows: int | None = None, pages: int = 1) -> Answer:
    total = len(records) if rows is None else rows
    return Answer(body={key: list(records)}, headers={"X-Ctlive-Row-Count": str(total), "X-CTLIVE-PAGE-COUNT": str(pages)})


def person(number: int, **changes: object) -> dict[str, object]:
    return {**ADA, "entry_id": str(number), **changes}


def entries(adapter: ChronoTrack) -> list[dict[str, object]]:
    return [adapter.values(found.table, row.raw) for found in adapter.entries(SCOPE, None) for row in found.rows]


def results(adapter: ChronoTrack) -> list[dict[str, object]]:
    return [adapter.values(found.table, row.raw) for found in adapter.results(SCOPE, None) for row in found.rows]


# Reading


def test_an_event_and_its_races(provider, adapter):
    provider.give(page("event", EVENT), page("event_race", RACE, {**RACE, "race_id": "50002", "race_planned_start_time": ""}))
    one = adapter()
    found = {
        each.table: [one.values(each.table, row.raw) for row in each.rows]
        for each in one.discover(None, None)
    }  # fmt: skip
    (event,), (race, unplanned) = found["ct_events"], found["ct_races"]
    assert (event["event_id"], event["event_name"], event["event_description"]) == ("40001", "Harbor Run", None)
    assert event["starts_at"] == race["starts_at"] == unplanned["starts_at"] == datetime(2026, 5, 17, 13, tzinfo=UTC)
    assert (race["race_id"], race["event_id"], race["race_course_distance"]) == ("50001", "40001", "5000")
    assert event["location_time_zone"] == "America/New_York"
    assert provider.asked[0].query["elide_json"] == "false"
    assert provider.asked[1].path == "/api/event/40001/race"


def test_old_events_races_are_asked_for_in_whole_readings_only(provider, adapter):
    old = {**EVENT, "event_id": "39001", "event_start_time": str(int((NOW - timedelta(days=90)).timestamp()))}
    fresh = {**EVENT, "event_start_time": str(int((NOW + timedelta(days=3)).timestamp()))}
    provider.answer = lambda asked: page("event_race", RACE) if asked.path.endswith("/race") else page("event", old, fresh)
    assert len(list(adapter().discover(NOW, None))) == 2
    assert [asked.path for asked in provider.asked] == ["/api/event", "/api/event/40001/race"]


def test_an_entry_as_the_dossier_shows_it(provider, adapter):
    provider.give(page("event_entry", ADA))
    (row,) = entries(adapter())
    assert row == {
        "entry_id": "7000001", "event_id": "40001", "race_id": "50001", "entry_external_id": "5000001", "entry_name": "Ada Sample",
        "entry_type": "IND", "entry_status": "CONF", "entry_bib": "101", "entry_race_age": "40", "athlete_id": "8000001",
        "athlete_first_name": "Ada", "athlete_last_name": "Sample", "athlete_sex": "F", "athlete_birthdate": "1986-01-06",
        "athlete_email": "ada@example.com", "athlete_home_phone": None, "athlete_mobile_phone": "856-555-0100",
        "location_city": "Sampletown", "location_region": "NJ", "location_country": "US", "team_id": None, "team_name": None,
    }  # fmt: skip
    query = provider.asked[0].query
    assert (query["need_athlete_birthdate"], query["contact_details"], query["size"]) == ("true", "true", "500")


def test_fields_may_be_left_out(provider, adapter):
    provider.give(page("event_entry", {"entry_id": "7000002", "race_id": "50001"}))
    (row,) = entries(adapter())
    assert (row["entry_id"], row["entry_bib"], row["athlete_birthdate"]) == ("7000002", None, None)


@pytest.mark.parametrize("bib", ["007", "W12", " M-104 "])
def test_a_bib_is_text(provider, adapter, bib):
    provider.give(page("event_entry", {**ADA, "entry_bib": bib}))
    assert entries(adapter())[0]["entry_bib"] == bib.strip()


@pytest.mark.parametrize("status", ["DNF", "DQ", "FIN", "something"])
def test_a_status_stays_as_it_is(provider, adapter, status):
    provider.give(page("event_entry", {**ADA, "entry_status": status}))
    assert entries(adapter())[0]["entry_status"] == status


def test_another_wrapper_key_is_taken_if_it_holds_the_only_list(provider, adapter):
    provider.give(Answer(body={"event_entries": [ADA], "note": "x"}, headers={"X-Ctlive-Page-Count": "1"}))
    assert len(entries(adapter())) == 1


@pytest.mark.parametrize("body", [{"event": []}, {}, {"error": "none"}, {"event": [], "entry": []}])
def test_a_wrong_id_in_http_200_is_not_an_empty_list(provider, adapter, body):
    provider.give(Answer(body=body))
    with pytest.raises(NotThere):
        entries(adapter())


@pytest.mark.parametrize(("body", "failure"), [([], UnexpectedReply), (b"", ProviderDown), (b"<html>", ProviderDown)])
def test_what_is_no_object_is_a_failure(provider, adapter, body, failure):
    provider.give(Answer(body=body))
    with pytest.raises(failure):
        entries(adapter())


@pytest.mark.parametrize("body", [{"event_results": []}, {}, {"event_results": None}])
def test_no_results_yet(provider, adapter, body):
    provider.give(Answer(body=body))
    assert results(adapter()) == []


# Pages


def paged(people, size, *, announce=True):
    def answer(asked: Asked) -> Answer:
        at = (int(asked.query["page"]) - 1) * size
        headers = {"X-Ctlive-Row-Count": str(len(people)), "X-Ctlive-Page-Count": str(-(-len(people) // size))} if announce else {}
        return Answer(body={"event_entry": people[at : at + size]}, headers=headers)

    return answer


def test_headers_say_where_a_list_ends(provider, adapter):
    provider.answer = paged([person(n) for n in range(120)], 40)
    assert len(entries(adapter())) == 120
    assert len(provider.asked) == 3


def test_without_headers_an_empty_page_does(provider, adapter):
    provider.answer = paged([person(n) for n in range(80)], 40, announce=False)
    assert len(entries(adapter())) == 80


def test_people_who_moved_between_pages_are_found_by_reading_again(provider, adapter):
    people = [person(n) for n in range(100)]
    answer = paged(people, 40)

    def moving(asked: Asked) -> Answer:
        if len(provider.asked) == 2:  # the first of all vanishes: everybody moves up, and one slips through
            del people[0]
        return answer(asked)

    provider.answer = moving
    found = [row["entry_id"] for row in entries(adapter())]
    assert len(found) == len(set(found))
    assert set(found) >= {str(n) for n in range(1, 100)}


def test_a_list_that_never_stands_still_is_given_up(provider, adapter):
    provider.answer = lambda asked: page("event_entry", person(1), rows=1 + len(provider.asked), pages=1)
    with pytest.raises(ReadIncomplete):
        entries(adapter())


def test_fewer_rows_than_announced_are_no_whole_list(provider, adapter):
    provider.answer = lambda asked: page("event_entry", person(1), rows=2)
    with pytest.raises(ReadIncomplete):
        entries(adapter())


def test_the_same_person_twice_counts_once(provider, adapter):
    provider.answer = lambda asked: page("event_entry", person(1), person(1), person(2), rows=2)
    assert len(entries(adapter())) == 2


# Results


RANKINGS = {"SEX": ("Female", "1"), "AGE": ("F 40-44", "1")}


def by_bracket(asked: Asked) -> Answer:
    name, rank = RANKINGS.get(asked.query.get("bracket", ""), ("Overall", "3"))
    return page("event_results", {**FINISH, "results_bracket_name": name, "results_rank": rank})


def test_three_readings_make_three_ranks(provider, adapter):
    provider.answer = by_bracket
    rows = results(adapter())
    assert [(row["results_bracket_name"], row["results_rank"]) for row in rows] == [
        ("Overall", "3"),
        ("Female", "1"),
        ("F 40-44", "1"),
    ]
    assert {row["entry_id"] for row in rows} == {"7000001"}
    assert (rows[0]["results_time"], rows[0]["results_gun_time"], rows[0]["race_id"]) == ("00:17:18", "00:17:20", "50001")


def test_a_server_that_ignores_the_bracket_gives_one_row(provider, adapter):
    provider.give(page("event_results", FINISH))
    assert len(results(adapter())) == 1


SPLIT = {**FINISH, "results_interval_name": "2.5K", "results_interval_full": "0", "results_time": "00:08:40"}


@pytest.mark.parametrize("mark", [{}, {"results_interval_full": ""}, {"results_interval_full": None}])
def test_intervals_are_no_finishes_but_splits(provider, adapter, mark):
    provider.give(page("event_results", {**SPLIT, **mark}, FINISH))
    found = {row["results_bracket_name"]: row["results_time"] for row in results(adapter())}
    assert found == {"Split 2.5K": "00:08:40", "Overall": "00:17:18"}


def test_splits_cost_no_reading_of_their_own(provider, adapter):
    provider.answer = lambda asked: page("event_results", SPLIT, FINISH)
    results(adapter())
    asked = [(one.query.get("bracket"), one.query.get("interval")) for one in provider.asked]
    assert asked == [(None, "ALL"), ("SEX", None), ("AGE", None)]


def test_a_split_without_a_name_is_nobodys(provider, adapter):
    provider.give(page("event_results", {**SPLIT, "results_interval_name": ""}, FINISH))
    assert [row["results_bracket_name"] for row in results(adapter())] == ["Overall"]


@pytest.mark.parametrize("name", ["", "All finishers", "OPEN", "overall "])
def test_the_open_bracket_is_the_overall_one_however_it_is_called(provider, adapter, name):
    provider.answer = lambda asked: page(
        "event_results", {**FINISH, "results_bracket_name": name if "bracket" not in asked.query else "Female"}
    )
    rows = results(adapter())
    assert rows[0]["results_bracket_name"].lower() in {"overall", "open"}
    assert rows[1]["results_bracket_name"] == "Female"


def test_somebody_in_two_races_has_a_row_in_each(provider, adapter):
    provider.give(page("event_results", FINISH, {**FINISH, "results_race_id": "50002", "results_entry_id": "7000009"}))
    assert len(results(adapter())) == 2


def test_who_is_still_out_there_has_no_time(provider, adapter):
    provider.give(page("event_results", {**FINISH, "results_time": "", "results_gun_time": "", "results_rank": ""}))
    (row,) = results(adapter())
    assert (row["results_time"], row["results_rank"]) == (None, None)


@pytest.mark.parametrize("text", ["17", "1:75:00", "soon"])
def test_a_time_that_cannot_be_read_is_no_row(provider, adapter, text):
    provider.give(page("event_results", {**FINISH, "results_time": text}))
    one = adapter()
    (found, *_) = one.results(SCOPE, None)
    with pytest.raises(ValueError, match="results_time: is no time"):
        one.values("ct_results", found.rows[0].raw)


def test_results_go_on_at_any_cursor(provider, adapter):
    def answer(asked: Asked) -> Answer:
        bracket = asked.query.get("bracket", "Overall")
        number = asked.query["page"]
        return page("event_results", {**FINISH, "results_entry_id": number, "results_bracket_name": bracket}, rows=2, pages=2)

    provider.answer = answer
    one = adapter()
    whole = list(one.results(SCOPE, None))
    assert len(whole) == 6
    for at, before in enumerate(whole[:-1], 1):
        rest = [row.key for found in one.results(SCOPE, before.cursor) for row in found.rows]
        assert rest == [row.key for found in whole[at:] for row in found.rows]
    assert whole[-1].cursor is None


# Signing in


def signed(provider, adapter, **secrets):
    provider.give(page("event", EVENT))
    assert adapter(secrets={**SECRETS, **secrets}).test() == "ChronoTrack accepts this login."
    return provider.asked[-1]


def test_basic_is_the_usual_way(provider, adapter):
    asked = signed(provider, adapter)
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode() == "timer@example.com:hush & word+"
    assert (asked.query["client_id"], asked.query.keys() & {"user_id", "user_pass"}) == ("727", set())


@pytest.mark.parametrize("secrets", [{"scheme": "simple"}, {"password": HASH}, {"password": HASH.upper()}])
def test_the_simple_way_hashes_once(provider, adapter, secrets):
    asked = signed(provider, adapter, **secrets)
    assert (asked.query["user_id"], asked.query["user_pass"]) == ("timer@example.com", HASH)
    assert "authorization" not in asked.headers


def test_a_client_secret_means_a_token(provider, adapter):
    def answer(asked: Asked) -> Answer:
        if asked.path == "/oauth2/token":
            return Answer(body={"access_token": "good-token", "expires_in": 3600})
        return page("event", EVENT) if asked.headers.get("authorization") == "Bearer good-token" else Answer(401)

    provider.answer, kept = answer, Tokens()
    for _ in range(2):
        assert adapter(secrets={**SECRETS, "client_secret": "hush-client"}, tokens=kept).test()
    token, *others = provider.asked
    assert len(others) == 2, "the stored token is used again"
    assert token.query == {"grant_type": "password", "username": "timer@example.com", "password": "hush & word+"}
    assert base64.b64decode(token.headers["authorization"].removeprefix("Basic ")).decode() == "727:hush-client"
    assert all(asked.query["client_id"] == "727" for asked in others)


def test_a_refused_sign_in_tells_no_password(provider, adapter):
    provider.give(Answer(400, {"error": "invalid_grant"}))
    with pytest.raises(CredentialsRejected) as caught:
        adapter(secrets={**SECRETS, "client_secret": "hush-client"}).test()
    assert "hush" not in str(vars(caught.value))
    with pytest.raises(CredentialsMissing):
        adapter(secrets={**SECRETS, "scheme": "oauth"}).test()


@pytest.mark.parametrize("body", [b"Not authorized", {"message": "Not authorized"}])
def test_a_refusal_in_text_or_json(provider, adapter, body):
    provider.give(Answer(401, body))
    with pytest.raises(CredentialsRejected):
        adapter().test()


# The start list's way there


@pytest.fixture
def taking(provider):
    """A provider that takes what it is sent, and what it was sent."""
    sent = []

    def answer(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(body=CHOICES)
        sent.append((asked.method, asked.path, json.loads(asked.body)))
        return Answer(body={"entry": {"entry_id": "7000001"}})

    provider.answer = answer
    return sent


def test_a_new_line_becomes_an_entry(adapter, taking):
    (told,) = adapter().push_entries(SCOPE, [LINE])
    assert (told.external_id, told.entry_key, told.accepted) == ("rsu:5000001", "7000001", True)
    assert taking == [("POST", "/api/event/40001/entry", {
        "entry_external_id": "rsu:5000001", "athlete_first_name": "Ada", "athlete_last_name": "Sample", "athlete_sex": "F",
        "athlete_birthdate": "1986-01-06", "athlete_email": "ada@example.com", "location_city": "Sampletown",
        "location_region": "NJ", "location_country": "US", "race_id": "50001", "reg_choice_id": "9001",
    })]  # fmt: skip


def test_a_known_line_changes_its_entry_and_a_withdrawn_one_says_only_that(adapter, taking):
    known, gone = replace(LINE, entry_key="7000001", bib="101"), replace(LINE, entry_key="7000002", withdrawn=True)
    assert all(told.accepted for told in adapter().push_entries(SCOPE, [known, gone]))
    (first, second) = taking
    assert first[:2] == ("PUT", "/api/entry/7000001")
    assert first[2]["entry_bib"] == "101"
    assert second == ("PUT", "/api/entry/7000002", {"entry_status": "DNS"})


def test_no_id_leads_to_another_address(adapter, provider, taking):
    list(adapter().push_entries(replace(SCOPE, happening_id="4/1"), [replace(LINE, entry_key="7/../8?x=1")]))
    assert [asked.path for asked in provider.asked] == ["/api/event/4%2F1/reg-choice", "/api/entry/7%2F..%2F8%3Fx%3D1"]


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refusal_is_told_and_the_others_go_on(provider, adapter, status):
    answers = iter([Answer(body=CHOICES), Answer(status, {"error": "no"}), Answer(body={"entry": {"entry_id": "7000002"}})])
    provider.answer = lambda asked: next(answers)
    first, second = adapter().push_entries(SCOPE, [LINE, LINE])
    assert (first.accepted, first.why) == (False, f"ChronoTrack refused it (HTTP {status}).")
    assert second.accepted


@pytest.mark.parametrize("answer", [Answer(500), Answer(mute=True), Answer(body={"event": []}), Answer(body=b"")])
def test_an_answer_that_never_came_is_no_yes_and_is_not_tried_again(provider, adapter, answer):
    provider.answer = lambda asked: Answer(body=CHOICES) if asked.method == "GET" else answer
    (told,) = adapter(call_timeout=0.3).push_entries(SCOPE, [LINE])
    assert (told.accepted, isinstance(told.failure, ProviderDown | UnexpectedReply)) == (False, True)
    assert told.why.startswith("ChronoTrack gave no proper answer (")
    assert len([asked for asked in provider.asked if asked.method == "POST"]) == 1


def test_a_line_without_an_answer_keeps_no_other_from_its_own(provider, adapter):
    answers = iter([Answer(body=CHOICES), Answer(500), Answer(body={"entry": {"entry_id": "7000002"}})])
    provider.answer = lambda asked: next(answers)
    first, second = adapter().push_entries(SCOPE, [LINE, LINE])
    assert (first.accepted, first.why) == (False, "ChronoTrack gave no proper answer (HTTP 500).")
    assert (second.accepted, second.failure) == (True, None)


def test_an_import_file_is_in_the_documented_form(provider, adapter):
    lines = [replace(LINE, last_name='O"Sample, Zoë', bib="007"), replace(LINE, withdrawn=True)]
    file = adapter().import_file(SCOPE, lines)
    assert (file.name, file.media_type) == ("chronotrack-40001.csv", "text/csv")
    (row,) = csv.DictReader(io.StringIO(file.content.decode()))
    assert row == {
        "External ID": "rsu:5000001", "Reg Choice": "5K", "First Name": "Ada", "Last Name": 'O"Sample, Zoë', "Sex": "F",
        "Date of Birth": "1986-01-06", "Email": "ada@example.com", "City": "Sampletown", "State": "NJ", "Country": "US",
        "Bib": "007", "Team": "",
    }  # fmt: skip
    assert provider.asked == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_name_in_an_import_file_is_a_formula(adapter, name):
    line = replace(LINE, last_name=name, team=name, city="-")
    (row,) = csv.DictReader(io.StringIO(adapter().import_file(SCOPE, [line]).content.decode()))
    assert (row["Last Name"], row["Team"], row["City"], row["First Name"]) == (f"'{name}", f"'{name}", "-", "Ada")


# The whole way, in the sandbox


@pytest.fixture
def raced():
    """The sandbox on a race day that can be moved through."""
    world, clock = World.build(anchor=NOW, partners=4, editions=14, registrations=900), [NOW]
    with servers.start(world, clock=lambda: clock[0]) as running:
        happening = max(running.scoring.happenings("chronotrack", 1), key=lambda one: len(running.scoring.entries(one, NOW)))
        clock[0] = datetime.fromtimestamp(happening.starts_at, UTC) + timedelta(hours=9)
        one = ChronoTrack(access(running.urls, secrets=running.credentials(1, "chronotrack"), call_timeout=5.0))
        yield running, happening, one, clock
        one.close()


def test_a_race_day_arrives_whole(raced):
    running, happening, one, clock = raced
    scope = Scope(happening_id=happening.uid, contest_ids=(), timezone="UTC")
    known = {str(each.entry.number): each for each in running.scoring.results(happening, clock[0])}
    rows = [one.values(found.table, row.raw) for found in one.results(scope, None) for row in found.rows]
    overall = {row["entry_id"]: row for row in rows if row["results_bracket_name"] == "Overall"}
    finished = {key for key, each in known.items() if each.known.status == "finished"}
    assert finished
    assert overall.keys() == finished
    for key, row in overall.items():
        assert row["results_rank"] == str(known[key].rank)
    sexes = {
        row["entry_id"]: row["results_rank"] for row in rows if row["results_bracket_name"] in {"Female", "Male", "Non-Binary"}
    }
    assert sexes == {key: str(each.rank_gender) for key, each in known.items() if each.rank_gender}
    ages = {row["entry_id"]: row["results_rank"] for row in rows if " " in row["results_bracket_name"]}
    assert ages == {key: str(each.rank_division) for key, each in known.items() if each.rank_division}


def test_who_stopped_stands_on_the_start_list_only(raced):
    running, happening, one, clock = raced
    scope = Scope(happening_id=happening.uid, contest_ids=(), timezone="UTC")
    rows = [one.values(found.table, row.raw) for found in one.entries(scope, None) for row in found.rows]
    words = {"dnf": "DNF", "dq": "DQ"}
    said = {row["entry_id"]: row["entry_status"] for row in rows}
    assert said == {
        str(each.entry.number): words.get(each.known.status, "CONF") for each in running.scoring.results(happening, clock[0])
    }


def test_a_pushed_person_is_read_back_then_changed_then_withdrawn(raced):
    running, _, one, clock = raced
    clock[0] = NOW
    happening = next(h for h in running.scoring.happenings("chronotrack", 1) if not running.scoring.entries(h, NOW))
    scope = Scope(happening_id=happening.uid, contest_ids=(), timezone="UTC")
    contest = happening.contests[0]
    line = replace(LINE, contest_id=str(contest.number), contest_name=contest.name)

    def there():
        return [one.values(found.table, row.raw) for found in one.entries(scope, None) for row in found.rows]

    (told,) = one.push_entries(scope, [line])
    (row,) = there()
    assert (row["entry_id"], row["entry_external_id"], row["entry_bib"]) == (told.entry_key, "rsu:5000001", None)
    assert (row["race_id"], row["athlete_birthdate"], row["entry_status"]) == (str(contest.number), "1986-01-06", "CONF")
    (again,) = one.push_entries(scope, [line])
    assert (again.accepted, len(there())) == (False, 1), "an external id is taken"
    moved = replace(line, entry_key=told.entry_key, bib="101", contest_id=str(happening.contests[1].number))
    assert all(each.accepted for each in one.push_entries(scope, [moved]))
    (row,) = there()
    assert (row["entry_bib"], row["race_id"]) == ("101", moved.contest_id)
    assert all(each.accepted for each in one.push_entries(scope, [replace(moved, withdrawn=True)]))
    assert [row["entry_status"] for row in there()] == ["DNS"]
    (missing,) = one.push_entries(scope, [replace(line, entry_key="1")])
    assert (missing.accepted, missing.why) == (False, "ChronoTrack refused it (HTTP 404).")
