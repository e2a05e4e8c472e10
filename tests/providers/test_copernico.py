"""Copernico's quirks: two doors, failures inside HTTP 200, three kinds of time, text encoded twice, empty lists, waves."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import logging
import traceback
from datetime import UTC, date, datetime
from urllib.parse import unquote

import pytest

from sync_jobs.errors import (
    CredentialsMissing,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    ReadIncomplete,
    SetUpWrongly,
    UnexpectedReply,
    UnreadableRow,
)  # fmt: skip
from sync_jobs.models.provider_tables import NATURAL_KEYS, PROVIDER_TABLES
from sync_jobs.providers.copernico import ATHLETES_PER_PAGE, Copernico, import_file, push, setup, text, timing
from sync_jobs.records import Scope, StartListEntry
from tests.kit.standin import Answer, Asked, access, stand_in

SLUG = "riverside-10k-2026"
RACE_ID, EVENT_ID = "7d0f2f0a-0000-4000-8000-00000000000a", "7d0f2f0a-0000-4000-8000-0000000000e1"
SECRETS = {"api_key": "hush-key-1", "push_ids": f"{SLUG} = {RACE_ID}; {SLUG}/5K = {EVENT_ID}"}
EXPORT = {**SECRETS, "preset_login": "timer@example.com", "preset_name": "Live Results"}
SCOPE = Scope(happening_id=SLUG, contest_ids=("5K", "10K"), timezone="Europe/Madrid")
STORES = {"row_hash", "gone_at", "fetched_date", "credentials_used", "timing_partner_id"}
GUN = 1778396400000
EVENT = {
    "event": "5K", "dorsal": "214", "chip": [214], "team": "", "team_type": [], "category": "Sub 40 F",
    "attributes": {"Local": None}, "auto_category": True, "auto_chip": True, "status": "finished", "realStatus": "finished",
    "gunTime": "2026-05-10T07:00:00.000Z", "gunTimeMode": "wave", "gunTimeModeConfig": {"wave": "Ola 1"}, "waveTime": GUN,
    "startTime": 12459, "startNetTime": 12459, "startRawTime": 1778396412459, "distance": 5000, "splitsSeen": 3,
    "splitsMissing": 0, "maxConsecutiveSplitsMissing": 0, "last_split_seen": "Meta", "issuesCount": {}, "penalties": [], "mst": [],
    "custom-rankings": [], "predictive": {},
    "times": {
        "Meta": {"split": "Meta", "order": 3, "distance": 5000, "time": 1600496, "netTime": 1588037, "average": 0.3201,
                 "rawTime": 1778398000496, "raw": {"times": {"official": 1600496, "real": 1600496}}},
        "Salida": {"split": "Salida", "order": 1, "distance": 0, "time": 12459, "netTime": 0, "rawTime": 1778396412459},
        "2.5K": {"split": "2.5K", "order": 2, "distance": 2500, "time": 803120, "netTime": 790661, "rawTime": 1778397203120},
    },
    "rankings": {"Meta": {"location": "Meta", "time": 1600496, "net": 1588037, "rawTime": 1778398000496, "pos": 120, "posGen": 31,
                          "posCat": 8, "posNet": 118, "posGenNet": 30, "posCatNet": 7}},
}  # fmt: skip
LUCIA = {
    "id": "A1B2C3D4", "name": "Lucía", "surname": "Ferrer Pons", "fullName": "Lucía Ferrer Pons", "gender": "female",
    "birthdate": "1990-07-15", "nationality": "ESP", "club": "Example Runners", "document": None, "e-mail": "lucia@example.com",
    "phone": None, "box": "B", "color": None, "featured": False, "importId": "0b0f0f5e-0000-4000-8000-000000000001",
    "user_id": 900001, "locations": ["Meta", "2.5K"], "PROVINCIA": "Valencia", "PAÍS": "ESPAÑA", "events": [EVENT],
}  # fmt: skip
ROW = {
    "name": "Lucía", "surname": "Ferrer Pons", "gender": "female", "birthdate": "1990-07-15", "event": "5K", "dorsal": 214,
    "category": "Sub 40 F", "club": "Example Runners", "status": "finished", "gunTime": "2026-05-10T07:00:00.000Z",
    "startRawTime": 1778396412459, "times.official_:::start:::": 12459, "times.official_2,5 км": 803120,
    "times.official_:::finish:::": 1600496, "times.real_:::start:::": 0, "times.real_:::finish:::": 1588037,
    "intervalaverages_:::full-1:::": "5'18\"", "rankings_:::full-1:::": 120, "rankings.gen_:::full-1:::": 31,
    "rankings.cat_:::full-1:::": 8, "netrankings_:::full-1:::": 118,
}  # fmt: skip
DETAIL = {
    "id": SLUG, "name": "Riverside 10K 2026", "timezone": "Europe/Madrid", "date": "2026-05-10",
    "events": [{"name": "5K", "distance": 5000, "splits": ["Salida", "2.5K", "Meta"]}, {"name": "10K", "distance": 10000}],
}  # fmt: skip


def said(data: object, code: int = 0) -> Answer:
    return Answer(body={"result": {"code": code, "message": ""}, "data": data})


def athlete(number: str = "A1B2C3D4", *events: dict[str, object], **changes: object) -> dict[str, object]:
    return {**copy.deepcopy(LUCIA), "id": number, **({"events": list(events)} if events else {}), **changes}


def runs(**changes: object) -> dict[str, object]:
    return {**copy.deepcopy(EVENT), **changes}


def row(**changes: object) -> dict[str, object]:
    return {**ROW, **changes}


class Races:
    """A Copernico that answers from what a test lays into it."""

    def __init__(self) -> None:
        self.slugs: object = [SLUG]
        self.races: dict[str, object] = {SLUG: DETAIL}
        self.people: list[dict[str, object]] = [athlete()]
        self.listed: object = None
        self.exports: dict[str, object] = {"5K": [ROW], "10K": [row(dorsal=9)]}

    def answer(self, asked: Asked) -> Answer:
        steps = [unquote(step) for step in asked.path.split("/") if step]
        match steps:
            case ["races"]:
                return said(self.slugs)
            case ["races", slug]:
                return said(self.races[slug]) if slug in self.races else said({}, 1)
            case ["races", _, "athletes"]:
                return said([one["id"] for one in self.people] if self.listed is None else self.listed)
            case ["races", _, "athlete", number, "full"]:
                found = next((one for one in self.people if one["id"] == number), None)
                return said(found) if found else said({}, 1)
            case ["races", _, "preset", _, event]:
                found = self.exports.get(event, [])
                return found if isinstance(found, Answer) else Answer(body=found)
        return Answer(status=404, body={"message": "Not Found"})


@pytest.fixture
def provider():
    with stand_in() as it:
        yield it


@pytest.fixture
def races(provider):
    found = Races()
    provider.answer = found.answer
    return found


@pytest.fixture
def adapter(provider):
    made = []

    def make(**changes: object) -> Copernico:
        urls = {"COPERNICO_URL": provider.url, "COPERNICO_PUSH_URL": f"{provider.url}/push"}
        made.append(Copernico(access(urls, **{"secrets": SECRETS, "timezone": "America/New_York", **changes})))
        return made[-1]

    yield make
    for one in made:
        one.close()


def values(adapter: Copernico, pages: object) -> list[dict[str, object]]:
    found = []
    for page in pages:
        for one in page.rows:
            held = adapter.values(page.table, one.raw)
            assert one.key == tuple(held[name] for name in NATURAL_KEYS[page.table])
            assert {column.name for column in PROVIDER_TABLES[page.table].columns} - STORES == set(held)
            found.append(held)
    return found


def aside(pages: object) -> list[tuple[str | None, str, str]]:
    return [(one.key, one.field, one.why) for page in pages for one in page.aside]


# Signing in


def test_a_key_rides_in_a_header(provider, races, adapter):
    assert adapter().test() == "Copernico accepts this key. It sees one race."
    assert (provider.asked[0].path, provider.asked[0].headers["x-api-key"]) == ("/races", "hush-key-1")
    assert provider.asked[0].query == {}


@pytest.mark.parametrize(("many", "words"), [(0, "no race yet"), (1, "one race"), (3, "3 races")])
def test_the_test_says_how_much_a_key_sees(races, adapter, many, words):
    races.slugs = [f"race-{n}" for n in range(many)]
    assert words in adapter().test()


@pytest.mark.parametrize("status", [401, 403])
def test_the_gateways_forbidden_is_a_wrong_key(provider, adapter, status):
    provider.give(Answer(status=status, body={"message": "Forbidden"}))
    with pytest.raises(CredentialsRejected) as caught:
        adapter().test()
    assert (len(provider.asked), caught.value.provider) == (1, "Copernico")


def test_only_the_key_is_needed(provider, adapter):
    with pytest.raises(CredentialsMissing, match="API key"):
        adapter(secrets={"preset_login": "timer@example.com"}).test()
    assert provider.asked == []


# Failures inside HTTP 200


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ({"result": {"code": 7, "message": "boom"}, "data": []}, ProviderDown), ({"data": []}, UnexpectedReply),
        ([], UnexpectedReply),
        ({"result": {"code": 0}, "data": {"a": 1}}, UnexpectedReply), ({"result": {"code": 1}, "data": {}}, NotThere),
        ({"result": {"code": 403}, "data": None}, CredentialsRejected), ({"result": {"code": 429}}, ProviderThrottled),
        ({"result": {"message": "?"}, "data": []}, ProviderDown),
    ],
)  # fmt: skip
def test_a_good_status_may_be_a_failure(provider, adapter, body, failure):
    provider.give(Answer(body=body))
    with pytest.raises(failure) as caught:
        list(adapter().entries(SCOPE, None))
    assert "boom" not in str(vars(caught.value))


@pytest.mark.parametrize("code", [0, 1])
def test_both_codes_are_success(provider, adapter, code):
    provider.give(said([], code))
    assert values(adapter(), adapter().entries(SCOPE, None)) == []


# Races and events


def events(adapter: Copernico, cursor: object = None) -> dict[str, dict[str, object]]:
    return {str(one["event_id"]): one for one in values(adapter, adapter.discover(None, cursor))}


@pytest.mark.parametrize("listed", [[SLUG], [{"slug": SLUG, "name": "x"}], [{"_id": SLUG}], [{"id": SLUG}, SLUG]])
def test_a_race_has_events_by_their_names(races, adapter, listed):
    races.slugs = listed
    found = events(adapter())
    assert set(found) == {f"{SLUG}/5K", f"{SLUG}/10K"}
    five = found[f"{SLUG}/5K"]
    assert (five["competition_id"], five["competition_name"], five["event_name"]) == (SLUG, "Riverside 10K 2026", "5K")
    assert (five["distance_categories"], five["timezone"], five["event_date"]) == ("5 km", "Europe/Madrid", "2026-05-10")


def test_a_start_is_the_gun_of_its_people_and_else_midnight_in_the_races_zone(races, adapter):
    found = events(adapter())
    assert found[f"{SLUG}/5K"]["starts_at"] == datetime(2026, 5, 10, 7, tzinfo=UTC)
    assert found[f"{SLUG}/10K"]["starts_at"] == datetime(2026, 5, 9, 22, tzinfo=UTC)


def test_a_race_long_past_is_not_sampled(provider, races, adapter):
    races.races[SLUG] = {**DETAIL, "date": "2025-05-10"}
    assert events(adapter())[f"{SLUG}/5K"]["starts_at"] == datetime(2025, 5, 9, 22, tzinfo=UTC)
    assert [asked.path for asked in provider.asked] == ["/races", f"/races/{SLUG}"]


def test_waves_say_the_start_and_spare_the_sample(provider, races, adapter):
    waves = [{"name": "2", "startTime": "2026-05-10T09:10:00"}, {"name": "1", "startTime": 1778396400000}]
    races.races[SLUG] = {**DETAIL, "events": [{"name": "5K", "waves": waves}]}
    assert events(adapter())[f"{SLUG}/5K"]["starts_at"] == datetime(2026, 5, 10, 7, tzinfo=UTC)
    assert len(provider.asked) == 2


def test_without_a_zone_of_its_own_a_race_has_the_partners(races, adapter):
    races.races[SLUG] = {"name": "R", "date": "2026-05-10", "timezone": "Mars/Base", "events": ["5K"]}
    races.people = []
    five = events(adapter())[f"{SLUG}/5K"]
    assert (five["starts_at"], five["timezone"]) == (datetime(2026, 5, 10, 4, tzinfo=UTC), None)


def test_events_are_found_among_the_people_where_the_race_lists_none(races, adapter):
    races.races[SLUG] = {"name": "Riverside"}
    races.people = [athlete("1"), athlete("2", runs(event="MaratÃ³n", waveTime=GUN + 1), runs())]
    found = events(adapter())
    assert set(found) == {f"{SLUG}/5K", f"{SLUG}/Maratón"}
    assert found[f"{SLUG}/Maratón"]["starts_at"] == datetime(2026, 5, 10, 7, 0, 0, 1000, tzinfo=UTC)


def test_a_race_without_any_event_asks_for_them(races, adapter):
    races.races[SLUG], races.people = {"name": "Riverside"}, []
    pages = list(adapter().discover(None, None))
    assert aside(pages) == [(SLUG, "events", "are not listed there; enter them on the connection’s page")]
    assert pages[-1].cursor is None


def test_what_is_entered_is_what_is_read(provider, races, adapter):
    races.races["other"] = {"name": "Other"}
    made = adapter(secrets={**SECRETS, "races": f"{SLUG} = 5k | 2,5 km Family;\nother=All; lost"})
    assert set(events(made)) == {f"{SLUG}/5k", f"{SLUG}/2,5 km Family", "other/All"}
    assert "/races" not in {asked.path for asked in provider.asked}
    assert aside(made.discover(None, None)) == [("lost", "slug", "is not known there")]
    assert events(made)[f"{SLUG}/5k"]["distance_categories"] == "5 km"


@pytest.mark.parametrize("written", ["= 5K", "two words = 5K", "a/b = 5K"])
def test_races_that_make_no_sense_are_said(adapter, written):
    with pytest.raises(SetUpWrongly) as caught:
        list(adapter(secrets={**SECRETS, "races": written}).discover(None, None))
    assert caught.value.sentence.startswith("Copernico cannot do this as the connection is set up")
    assert "spring-run-2026 = 5K | 10K" in caught.value.sentence


def test_a_discovery_goes_on_after_a_race(races, adapter):
    races.slugs = ["a", "b", "c"]
    races.races = {slug: {**DETAIL, "name": slug} for slug in "abc"}
    pages = list(adapter().discover(None, None))
    assert [page.cursor for page in pages] == [{"after": "a"}, {"after": "b"}, None]
    assert {name[0] for name in events(adapter(), {"after": "a"})} == {"b", "c"}
    assert [page.rows for page in adapter().discover(None, {"after": "c"})] == [[]]


# Athletes


def entries(adapter: Copernico, scope: Scope = SCOPE) -> list[dict[str, object]]:
    return values(adapter, adapter.entries(scope, None))


def test_an_athlete_becomes_an_entry(races, adapter):
    made = adapter()
    assert entries(made) == [{
        "id": "A1B2C3D4", "event_id": f"{SLUG}/5K", "participant_id": "A1B2C3D4", "bib_number": "214", "first_name": "Lucía",
        "last_name": "Ferrer Pons", "date_of_birth": "1990-07-15", "gender": "female", "nationality": "ESP",
        "club_team": "Example Runners", "category": "Sub 40 F", "license_number": None, "registration_status": None,
        "created_at": None, "updated_at": None, "external_id": "0b0f0f5e-0000-4000-8000-000000000001",
    }]  # fmt: skip
    assert not +made.notices


def test_each_event_of_a_person_is_a_row(races, adapter):
    races.people = [athlete("1", runs(), runs(event="10k", dorsal="0034", status="dnf"))]
    found = {one["event_id"]: (one["bib_number"], one["registration_status"]) for one in entries(adapter())}
    assert found == {f"{SLUG}/5K": ("214", None), f"{SLUG}/10K": ("0034", "dnf")}


def test_without_events_the_root_is_the_event(races, adapter):
    root = {name: value for name, value in athlete("1").items() if name != "events"}
    races.people = [{**root, **runs()}]
    assert [(one["event_id"], one["bib_number"]) for one in entries(adapter())] == [(f"{SLUG}/5K", "214")]


@pytest.mark.parametrize(
    ("dorsal", "bib"),
    [("0214", "0214"), (214, "214"), ("W-12", "W-12"), (0, None), ("0", None), ("", None), (None, None), (214.0, "214")],
)
def test_a_bib_is_text_and_0_is_none(races, adapter, dorsal, bib):
    races.people = [athlete("1", runs(dorsal=dorsal))]
    assert entries(adapter())[0]["bib_number"] == bib


@pytest.mark.parametrize(
    ("given", "external"),
    [
        ({"registrationId": "rsu:77"}, "rsu:77"), ({"number": "rsu:78"}, "rsu:78"), ({}, LUCIA["importId"]),
        ({"importId": None}, None), ({"registrationId": "rr:1", "number": "rsu:79"}, "rr:1"),
    ],
)  # fmt: skip
def test_what_was_sent_or_imported_is_the_external_id(races, adapter, given, external):
    races.people = [athlete(**{"number": "1", **given})]
    assert entries(adapter())[0]["external_id"] == external


def test_who_stands_in_no_wave_and_who_is_nobody_is_counted(races, adapter):
    waveless = runs(gunTimeModeConfig={}, waveTime=None)
    races.people = [
        athlete("1", waveless), athlete("2", runs(gunTimeMode="event", waveTime=None, gunTimeModeConfig={})), athlete("3", runs()),
        athlete("4", name="", surname=None, fullName=" "), athlete("5", runs(category="Volunteers")), athlete("6", events=[]),
        athlete("7", name="Judge", surname="Voluntario"),
    ]  # fmt: skip
    made = adapter()
    assert [one["id"] for one in entries(made)] == ["1", "2", "3", "7"]
    assert +made.notices == {"without_wave": 1, "technical": 2, "without_event": 1}


def test_nobody_listed_does_not_mean_that_all_are_gone(races, adapter):
    races.people = []
    assert [page.rows for page in adapter().entries(SCOPE, None)] == [[]]
    held = Scope(happening_id=SLUG, contest_ids=("5K",), timezone="UTC", held={(f"{SLUG}/5K", "1"): b""})
    with pytest.raises(ReadIncomplete):
        list(adapter().entries(held, None))
    with pytest.raises(ReadIncomplete):
        list(adapter().results(held, None))


def test_who_is_deleted_meanwhile_is_left_out_and_many_are_doubted(races, adapter):
    races.people = [athlete(f"{n:03}") for n in range(40)]
    ids = [one["id"] for one in races.people]
    races.listed = [*ids, "X1", "X2", "X3"]
    assert len(entries(adapter())) == 40
    races.listed = [*ids, "X1", "X2", "X3", "X4"]
    with pytest.raises(ReadIncomplete, match="4 of 44"):
        entries(adapter())


def test_pages_go_on_where_one_ended(provider, races, adapter):
    races.people = [athlete(f"{n:03}") for n in range(ATHLETES_PER_PAGE + 5)]
    made = adapter()
    pages = list(made.entries(SCOPE, None))
    assert [(len(page.rows), page.cursor) for page in pages] == [(25, {"after": "024", "lost": 0}), (5, None)]
    provider.asked.clear()
    assert [row.key[1] for page in made.entries(SCOPE, pages[0].cursor) for row in page.rows] == [f"{n:03}" for n in range(25, 30)]
    assert len(provider.asked) == 6


def test_who_comes_twice_and_who_cannot_be_read_is_set_aside(races, adapter):
    races.people = [athlete("1", runs(), runs(dorsal="9")), athlete("2", runs(event=None)), athlete("3", birthdate="soon")]
    races.listed = ["1", {"id": "2"}, {"id": "3"}, {"name": "no id"}]
    made = adapter()
    pages = list(made.entries(SCOPE, None))
    assert sorted(aside(pages), key=str) == [
        (f"{SLUG}/5K/1", "id", "comes twice"), (None, "event", "is missing"), (None, "id", "is missing"),
    ]  # fmt: skip
    assert [row.key[1] for row in pages[0].rows] == ["1", "3"]
    with pytest.raises(UnreadableRow, match="birthdate"):
        made.values("copernico_participants", pages[0].rows[1].raw)


def test_running_changes_no_entry(races, adapter):
    def digests() -> list[bytes]:
        return [row.digest for page in adapter().entries(SCOPE, None) for row in page.rows]

    races.people = [athlete("1", runs(status="running", times={}, startRawTime=None))]
    before = digests()
    races.people = [athlete("1")]
    assert digests() == before
    races.people = [athlete("1", runs(dorsal="7"))]
    assert digests() != before


# Text that was encoded twice


@pytest.mark.parametrize(
    ("came", "meant"),
    [
        ("MaratÃ³n", "Maratón"), ("LucÃ\u00ada", "Lucía"), ("PAÃ\u008dS", "PAÍS"), ("MuÃ±oz", "Muñoz"), ("Ã\u201cscar", "Óscar"),
        ("SÃO PAULO", "SÃO PAULO"), ("Ã", "Ã"), ("Maratón", "Maratón"), ("MaratÃ³n – Maratón", "MaratÃ³n – Maratón"), ("Â°C", "°C"),
    ],
)  # fmt: skip
def test_text_is_repaired_only_where_the_way_back_is_whole(came, meant):
    assert text.whole(came) == meant


def test_what_was_repaired_is_counted_and_never_written_back(provider, races, adapter):
    races.people = [athlete("1", runs(event="MaratÃ³n"), name="LucÃ\u00ada"), athlete("2")]
    races.exports = {"Maratón": [row(name="LucÃ\u00ada"), row(dorsal=2)], "5K": [row(dorsal=3)]}
    made = adapter(secrets=EXPORT)
    scope = Scope(happening_id=SLUG, contest_ids=("Maratón", "5K"), timezone="UTC")
    assert {(one["event_id"], one["first_name"]) for one in entries(made, scope)} == {
        (f"{SLUG}/Maratón", "Lucía"), (f"{SLUG}/5K", "Lucía"),
    }  # fmt: skip
    assert made.notices["repaired"] == 1
    assert {one["first_name"] for one in values(made, made.results(scope, None))} == {"Lucía"}
    assert made.notices["repaired"] == 2
    assert not [asked for asked in provider.asked if "%C3%83" in asked.path]


# Results by the export


def results(adapter: Copernico, scope: Scope = SCOPE) -> list[dict[str, object]]:
    return values(adapter, adapter.results(scope, None))


def one_row(races: Races, adapter: object, **changes: object) -> dict[str, object]:
    races.exports = {"5K": [row(**changes)]}
    return results(adapter(secrets=EXPORT), Scope(happening_id=SLUG, contest_ids=("5K",), timezone="UTC"))[0]


def test_the_export_has_no_key_and_an_exact_address(provider, races, adapter):
    results(adapter(secrets=EXPORT))
    assert [asked.path for asked in provider.asked] == [
        f"/races/{SLUG}/preset/timer%40example.com:::Live%20Results/{name}" for name in ("10K", "5K")
    ]
    assert not [asked for asked in provider.asked if "x-api-key" in asked.headers]


def test_a_row_becomes_a_result(races, adapter):
    found = one_row(races, adapter)
    splits = json.loads(found.pop("split_times"))
    assert found == {
        "id": "bib:214", "event_id": f"{SLUG}/5K", "participant_id": "bib:214", "bib_number": "214", "first_name": "Lucía",
        "last_name": "Ferrer Pons", "category": "Sub 40 F", "start_time": "2026-05-10 07:00:12",
        "finish_time": "2026-05-10 07:26:40",
        "total_time": "00:26:40.496", "net_time": "00:26:28.037", "overall_position": "120", "gender_position": "31",
            "category_position": "8",
        "status": "finished", "created_at": None, "updated_at": None,
    }  # fmt: skip
    assert splits == [
        {"split": "start", "official_ms": 12459}, {"split": "2,5 км", "official_ms": 803120},
        {"split": "finish", "official_ms": 1600496, "net_ms": 1588037},
    ]  # fmt: skip


@pytest.mark.parametrize("shape", ["bare", "data", "results", "gun beside", "packed"])
def test_the_wrappings_of_an_export(races, adapter, shape):
    bare = [row(gunTime=None, startRawTime=None)]
    shapes = {
        "bare": [ROW], "data": {"data": [ROW]}, "results": {"results": [ROW]},
        "gun beside": {"data": bare, "gunTime": ROW["gunTime"]},
        "packed": Answer(body=gzip.compress(json.dumps([ROW]).encode())),
    }  # fmt: skip
    races.exports = {"5K": shapes[shape], "10K": [ROW]}
    found = next(one for one in results(adapter(secrets=EXPORT)) if one["event_id"] == f"{SLUG}/5K")
    assert (found["start_time"], found["finish_time"]) == ("2026-05-10 07:00:12", "2026-05-10 07:26:40")


@pytest.mark.parametrize("body", [{"message": "?"}, {"data": {}}])
def test_another_wrapping_is_unexpected(races, adapter, body):
    races.exports["10K"] = body
    with pytest.raises(UnexpectedReply):
        results(adapter(secrets=EXPORT))


def test_an_id_in_the_export_is_the_key_and_bibs_are_text(races, adapter):
    races.exports["5K"] = [row(id="A1B2C3D4"), row(dorsal="W-7"), row(id="", dorsal=None), "no row"]
    made = adapter(secrets=EXPORT)
    pages = list(made.results(SCOPE, None))
    assert [one.key[1] for one in pages[1].rows] == ["A1B2C3D4", "bib:W-7"]
    assert aside(pages) == [(None, "id", "is missing, and so is the bib")] * 2


@pytest.mark.parametrize(
    ("changes", "total", "net"),
    [
        ({"times.official_:::finish:::": 1600496.0, "times.real_:::finish:::": "1588037.0"}, "00:26:40.496", "00:26:28.037"),
        ({"startRawTime": None, "times.official_:::start:::": None, "times.real_:::start:::": None}, "00:26:40.496", None),
        ({"startRawTime": 0, "times.official_:::start:::": 0}, "00:26:40.496", None),
        ({"startRawTime": None}, "00:26:40.496", "00:26:28.037"),
        ({"times.real_:::finish:::": 0}, "00:26:40.496", None),
        ({"status": "running", "times.official_:::finish:::": None, "times.real_:::finish:::": None}, None, None),
        ({"times.official_:::finish:::": 0, "times.real_:::finish:::": None}, None, None),
        ({"status": "dsq"}, None, None), ({"status": "quarantine"}, None, None), ({"status": "teleported"}, None, None),
    ],
)  # fmt: skip
def test_times_that_were_not_read_are_none_and_only_a_finisher_has_one(races, adapter, changes, total, net):
    found = one_row(races, adapter, **changes)
    assert (found["total_time"], found["net_time"]) == (total, net)
    if found["status"] != "finished":
        assert (found["overall_position"], found["category_position"], found["finish_time"]) == (None, None, None)


def test_without_columns_of_the_start_the_net_time_is_believed(races, adapter):
    bare = {name: value for name, value in ROW.items() if "start" not in name.lower()}
    races.exports = {"5K": [bare]}
    found = results(adapter(secrets=EXPORT), Scope(happening_id=SLUG, contest_ids=("5K",), timezone="UTC"))[0]
    assert (found["net_time"], found["start_time"]) == ("00:26:28.037", None)


@pytest.mark.parametrize("position", [0, None, -1])
def test_place_0_is_none(races, adapter, position):
    assert one_row(races, adapter, **{"rankings_:::full-1:::": position})["overall_position"] is None


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("finished", "finished"), ("FINISHED", "finished"), ("dsq", "dq"), ("disqualified", "dq"), ("dnf", "dnf"),
        ("retired", "dnf"),
        ("withdrawn", "dnf"), ("abandoned", "dnf"), ("dns", "dns"), ("running", "running"), ("notstarted", "notstarted"),
        ("quarantine", "quarantine"), ("Finished?", "finished?"), ("unfinished", "unfinished"), ("started", "started"),
    ],
)  # fmt: skip
def test_only_certain_words_become_a_status(word, becomes):
    assert timing.status(word) == becomes


def test_who_was_not_seen_yet_has_no_result(races, adapter):
    empty = dict.fromkeys((name for name in ROW if name.startswith(("times", "rankings", "start"))), None)
    races.exports["5K"] = [row(status="notstarted", **empty), row(dorsal=8, status="dns", **empty)]
    races.exports["10K"] = [row(dorsal=9, category="Jueces")]
    made = adapter(secrets=EXPORT)
    assert [(one["bib_number"], one["status"]) for one in results(made)] == [("8", "dns")]
    assert made.notices["technical"] == 1


def test_an_empty_export_clears_nothing(races, adapter):
    races.exports["5K"] = []
    pages = list(adapter(secrets=EXPORT).results(SCOPE, None))
    assert aside(pages) == [("riverside-10k-2026/5K", "export", "is empty; look whether preset and event are written as there")]
    held = Scope(happening_id=SLUG, contest_ids=("5K", "10K"), timezone="UTC", held={(f"{SLUG}/5K", "bib:214"): b""})
    with pytest.raises(ReadIncomplete):
        list(adapter(secrets=EXPORT).results(held, None))


def test_a_reading_of_exports_goes_on_after_an_event(provider, races, adapter):
    made = adapter(secrets=EXPORT)
    assert [page.cursor for page in made.results(SCOPE, None)] == [{"at": 1}, None]
    provider.asked.clear()
    assert [row.key[0] for page in made.results(SCOPE, {"at": 1}) for row in page.rows] == [f"{SLUG}/5K"]
    assert len(provider.asked) == 1
    nothing = Scope(happening_id=SLUG, contest_ids=(), timezone="UTC")
    assert [page.rows for page in made.results(nothing, None)] == [[]]


@pytest.mark.parametrize(
    ("status", "word"), [(404, "refused"), (403, "refused"), (401, "refused"), (400, "refused"), (413, "6 MB")]
)
def test_a_refused_export_is_a_matter_of_what_was_entered(races, adapter, status, word):
    races.exports["10K"] = Answer(status=status, body={"message": "no"})
    with pytest.raises(SetUpWrongly) as caught:
        results(adapter(secrets=EXPORT))
    assert word in caught.value.sentence
    assert "10K" in caught.value.sentence


@pytest.mark.parametrize("status", [502, 504])
def test_a_slow_export_passes(races, adapter, status):
    races.exports["10K"] = Answer(status=status, body={"message": "Endpoint request timed out"})
    with pytest.raises(ProviderDown):
        results(adapter(secrets=EXPORT))


@pytest.mark.parametrize(
    "answer",
    [Answer(status=404), Answer(status=500), Answer(body=[]), Answer(body=b"oops"), Answer(cut=1, body=[1, 2])],
    ids=["404", "500", "empty", "no JSON", "cut"],
)
def test_neither_key_nor_address_is_told(races, adapter, caplog, answer):
    caplog.set_level(logging.DEBUG)
    races.exports = {"5K": answer, "10K": answer}
    held = Scope(happening_id=SLUG, contest_ids=("5K",), timezone="UTC", held={(f"{SLUG}/5K", "1"): b""})
    with pytest.raises(ProviderError) as caught:
        list(adapter(secrets=EXPORT).results(held, None))
    told = traceback.format_exception(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        told, error = [*told, repr(error), str(vars(error)), getattr(error, "sentence", "")], error.__context__
    everything = "".join(told) + caplog.text
    assert not [secret for secret in ("hush-key-1", "timer@example.com", "timer%40example.com") if secret in everything]


# Results by athlete


def by_athlete(races: Races, adapter: object, **changes: object) -> dict[str, object]:
    races.people = [athlete("A1B2C3D4", runs(**changes))]
    return results(adapter())[0]


def test_an_athlete_becomes_a_result(races, adapter):
    found = by_athlete(races, adapter)
    splits = json.loads(found.pop("split_times"))
    assert found == {
        "id": "A1B2C3D4", "event_id": f"{SLUG}/5K", "participant_id": "A1B2C3D4", "bib_number": "214", "first_name": "Lucía",
        "last_name": "Ferrer Pons", "category": "Sub 40 F", "start_time": "2026-05-10 07:00:12",
        "finish_time": "2026-05-10 07:26:40",
        "total_time": "00:26:40.496", "net_time": "00:26:28.037", "overall_position": "120", "gender_position": "31",
            "category_position": "8",
        "status": "finished", "created_at": None, "updated_at": None,
    }  # fmt: skip
    assert [(one["split"], one.get("official_ms"), one.get("net_ms")) for one in splits] == [
        ("Salida", 12459, None), ("2.5K", 803120, 790661), ("Meta", 1600496, 1588037),
    ]  # fmt: skip


def test_the_last_point_seen_is_no_finish(races, adapter):
    on_the_way = {name: point for name, point in EVENT["times"].items() if name != "Meta"}
    for word in ("running", "finished"):
        found = by_athlete(races, adapter, status=word, times=on_the_way, rankings={})
        assert (found["total_time"], found["finish_time"], found["overall_position"]) == (None, None, None)
        assert len(json.loads(found["split_times"])) == 2


def test_a_revoked_time_is_none(races, adapter):
    for revoked in (None, 0):
        times = {**EVENT["times"], "Meta": {**EVENT["times"]["Meta"], "time": revoked, "netTime": revoked, "rawTime": revoked}}
        assert by_athlete(races, adapter, times=times)["total_time"] is None


def test_without_a_start_there_is_no_net_time(races, adapter):
    found = by_athlete(races, adapter, startRawTime=None)
    assert (found["total_time"], found["net_time"], found["start_time"]) == ("00:26:40.496", None, None)


def test_where_points_have_no_distance_a_finishers_last_one_is_the_finish(races, adapter):
    times = {name: {**point, "distance": None} for name, point in EVENT["times"].items()}
    assert by_athlete(races, adapter, times=times)["total_time"] == "00:26:40.496"
    assert by_athlete(races, adapter, times=times, status="running")["total_time"] is None


def test_status_is_of_the_event(races, adapter):
    races.people = [athlete("1", runs(status="dnf"), runs(event="10K", status="notstarted", times={}, startRawTime=None))]
    assert [(one["event_id"], one["status"], one["total_time"]) for one in results(adapter())] == [(f"{SLUG}/5K", "dnf", None)]


def test_a_time_that_cannot_be_read_names_its_field(races, adapter):
    races.people = [athlete("1", runs(startRawTime="soon")), athlete("2")]
    made = adapter()
    pages = list(made.results(SCOPE, None))
    assert len(pages[0].rows) == 2
    with pytest.raises(UnreadableRow, match="startRawTime"):
        made.values("copernico_results", pages[0].rows[0].raw)


# Sending


def line(number: int = 1, **changes: object) -> StartListEntry:
    given = {
        "external_id": f"rsu:{number}", "entry_key": None, "contest_id": "5K", "contest_name": "5K", "first_name": "Lucía",
        "last_name": "Ferrer Pons", "gender": "F", "born": date(1990, 7, 15), "bib": "0214", "email": "lucia@example.com",
        "city": "Valencia", "state": None, "country": "ES", "team": "Example Runners", **changes,
    }  # fmt: skip
    return StartListEntry(**given)


def sent(asked: Asked) -> list[dict[str, object]]:
    return json.loads(asked.body)


def test_a_line_is_sent_as_the_documented_example_has_it(provider, adapter):
    provider.give(said({}))
    told = list(adapter().push_entries(SCOPE, [line()]))
    assert [(one.external_id, one.accepted, one.why) for one in told] == [("rsu:1", True, None)]
    asked = provider.asked[0]
    assert (asked.method, asked.path) == ("POST", f"/push/race-registrations/{RACE_ID}")
    assert (asked.headers["x-api-key"], asked.headers["content-type"]) == ("hush-key-1", "application/json")
    assert sent(asked) == [{
        "id": "rsu:1", "name": "Lucía", "surname": "Ferrer Pons", "birthdate": "1990-07-15", "document": "", "dorsal": "0214",
        "gender": "female", "raceId": RACE_ID, "eventId": EVENT_ID, "club": "Example Runners", "email": "lucia@example.com",
        "registrationId": "rsu:1", "registrationStatus": "",
    }]  # fmt: skip


def test_who_is_there_already_keeps_the_id_and_who_withdrew_is_marked(provider, adapter):
    provider.give(said({}))
    lines = [line(1, entry_key="A1B2C3D4"), line(2, withdrawn=True), line(3, gender="X", born=None, bib=None, team=None)]
    told = list(adapter().push_entries(SCOPE, lines))
    kept, left, other = sent(provider.asked[0])
    assert (kept["id"], kept["registrationId"]) == ("A1B2C3D4", "rsu:1")
    assert (left["registrationStatus"], kept["registrationStatus"]) == ("cancelled", "")
    assert [bool(one.why) for one in told] == [False, True, False]
    assert all(one.accepted for one in told)
    assert "gender" not in other
    assert (other["birthdate"], other["dorsal"], other["club"]) == ("", "", "")


@pytest.mark.parametrize(
    "answer", [said({}), said({}, 1), Answer(status=201, body=b""), Answer(body={"ok": True}), Answer(status=204, body=b"")]
)
def test_what_counts_as_yes(provider, adapter, answer):
    provider.give(answer)
    assert [one.accepted for one in adapter().push_entries(SCOPE, [line()])] == [True]


def test_batches_of_two_hundred(provider, adapter):
    provider.give(said({}))
    assert len(list(adapter().push_entries(SCOPE, [line(n) for n in range(450)]))) == 450
    assert [len(sent(asked)) for asked in provider.asked] == [200, 200, 50]


@pytest.mark.parametrize(
    "refused",
    [said({}, 5), Answer(status=400, body={"message": "duplicate"}), Answer(status=409, body={"result": {"code": 9}})],
)
def test_whoever_spoils_a_batch_is_found_and_the_others_get_in(provider, adapter, refused):
    provider.answer = lambda asked: refused if any(one["id"] == "rsu:5" for one in sent(asked)) else said({})
    told = list(adapter().push_entries(SCOPE, [line(n) for n in range(60)]))
    assert [one.external_id for one in told if not one.accepted] == ["rsu:5"]
    assert len(told) == 60
    assert next(one.why for one in told if not one.accepted).startswith("Copernico refused it (")


def test_when_everybody_is_refused_it_ends(provider, adapter):
    provider.give(said({}, 5))
    told = list(adapter().push_entries(SCOPE, [line(n) for n in range(400)]))
    assert (len(told), any(one.accepted for one in told)) == (400, False)
    assert len(provider.asked) <= 2 + push.ASSUMED["single_out"]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(status=403, body={"message": "Forbidden"}), CredentialsRejected),
        (Answer(status=404, body={"message": "?"}), SetUpWrongly), (said({}, 403), CredentialsRejected),
    ],
)  # fmt: skip
def test_what_is_wrong_for_everybody_is_raised_and_what_was_told_stands(provider, adapter, answer, failure):
    answers = [said({}), answer]
    provider.answer = lambda asked: answers[0] if len(provider.asked) == 1 else answer
    told = []
    with pytest.raises(failure):
        told.extend(adapter(call_timeout=0.3).push_entries(SCOPE, [line(n) for n in range(300)]))
    assert told == [] or len(told) == 200
    assert len(provider.asked) == 2, "nothing may be sent twice"


@pytest.mark.parametrize("answer", [Answer(status=500, body={}), Answer(mute=True)])
def test_a_batch_without_an_answer_is_no_yes_and_the_others_go_on(provider, adapter, answer):
    provider.answer = lambda asked: answer if any(one["id"] == "rsu:5" for one in sent(asked)) else said({})
    told = list(adapter(call_timeout=0.3).push_entries(SCOPE, [line(n) for n in range(300)]))
    assert [one.accepted for one in told] == [False] * 200 + [True] * 100
    assert len({id(one.failure) for one in told[:200]}) == 1, "one call, one failure"
    assert len(provider.asked) == 2, "nothing may be sent twice"


def test_who_got_no_answer_before_goes_alone(provider, adapter):
    provider.answer = lambda asked: Answer(status=500, body={}) if sent(asked)[0]["id"] == "rsu:5" else said({})
    told = list(adapter().push_entries(SCOPE, [line(n, alone=3 < n < 7) for n in range(9)]))
    assert [len(sent(asked)) for asked in provider.asked] == [6, 1, 1, 1]
    assert [one.external_id for one in told if not one.accepted] == ["rsu:5"]


def test_no_slug_and_no_id_leads_to_another_address(provider, races, adapter):
    races.people = [athlete("A1/../B2?x=1#y")]
    list(adapter().entries(Scope(happening_id="river side/10K", contest_ids=(), timezone="Europe/Madrid"), None))
    assert {asked.path for asked in provider.asked if "athlete" in asked.path} == {
        "/races/river%20side%2F10K/athletes", "/races/river%20side%2F10K/athlete/A1%2F..%2FB2%3Fx%3D1%23y/full",
    }  # fmt: skip


def test_ids_that_were_not_entered_are_named(provider, adapter):
    provider.give(said({}))
    with pytest.raises(SetUpWrongly, match=SLUG):
        list(adapter(secrets={"api_key": "hush-key-1"}).push_entries(SCOPE, [line()]))
    told = list(adapter().push_entries(SCOPE, [line(1, contest_id="10K", contest_name="10K"), line(2)]))
    assert [(one.external_id, one.accepted) for one in told] == [("rsu:1", False), ("rsu:2", True)]
    assert "10K" in told[0].why
    with pytest.raises(SetUpWrongly):
        setup.push_ids("riverside")


def test_no_name_in_an_import_file_is_a_formula(adapter):
    lines = [line(1, first_name="=1+1", last_name="+1", team="@x", bib="-1")]
    (row,) = csv.DictReader(io.StringIO(adapter().import_file(SCOPE, lines).content.decode()))
    assert [row[name] for name in ("name", "surname", "club", "bib-number")] == ["'=1+1", "'+1", "'@x", "'-1"]
    (row,) = csv.DictReader(io.StringIO(adapter().import_file(SCOPE, [line(1, last_name=" =1+1")]).content.decode()))
    assert row["surname"] == "' =1+1"


def test_a_start_list_is_a_file_for_the_import_screen_too(provider, adapter):
    lines = [line(1, last_name='Ferrer, "Pons"'), line(2, entry_key="A1B2C3D4", gender=None, born=None, bib=None, team=None)]
    file = adapter().import_file(SCOPE, lines)
    assert (file.name, file.media_type) == (f"{SLUG}-start-list.csv", "text/csv")
    found = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert tuple(found[0]) == import_file.COLUMNS
    assert found[0] == {
        "id": "rsu:1", "bib-number": "0214", "name": "Lucía", "surname": 'Ferrer, "Pons"', "gender": "female",
        "birthdate": "1990-07-15", "eventName": "5K", "club": "Example Runners", "document": "", "wave": "",
    }  # fmt: skip
    assert (found[1]["id"], found[1]["bib-number"]) == ("A1B2C3D4", "")
    marked = csv.DictReader(io.StringIO(adapter().import_file(SCOPE, [line(1), line(2, withdrawn=True)]).content.decode()))
    assert [one["registrationStatus"] for one in marked] == ["", "cancelled"]
    assert provider.asked == []


def test_an_operator_is_told_before_writing_is_switched_on():
    for word in ("assumed", "wave", "by hand", "ids"):
        assert word in Copernico.writes_note
    assert "wave" in Copernico.import_help
    assert Copernico.abilities() == {"test", "discover", "entries", "results", "push_entries", "import_file"}
