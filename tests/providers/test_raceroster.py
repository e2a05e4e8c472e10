"""Race Roster's quirks: four secrets, wrapped answers, codes for genders, helpers among the distances, totals to reach."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs.errors import CredentialsRejected, ReadIncomplete, UnexpectedReply, UnreadableRow
from sync_jobs.providers.raceroster import RaceRoster
from sync_jobs.records import Scope
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Answer, Asked, Tokens, access, stand_in

SECRETS = {"client_id": "client-1", "client_secret": "hush-client", "username": "timer@example.com", "password": "hush & word+"}
SCOPE = Scope(happening_id="5f0c2b1a-9d3e-11f0", contest_ids=("120", "121"), timezone="America/Halifax")
TOKEN = {"token_type": "Bearer", "expires_in": 86400, "access_token": "good.token.1", "refresh_token": "refresh-1"}
MARA = {
    "participantId": "8100023", "firstName": "Mara", "lastName": "Delacroix", "bibNumber": "214", "gender": 2,
    "registrationDate": "2026-06-02T17:45:10-0300", "isActive": True, "profile": {"email": "mara@example.com"},
    "subEventId": 120, "dateOfBirth": "1991-04-17",
    "address": {"city": "Halifax", "region": {"code": "NS"}, "country": {"code": "CA"}}, "teamName": None,
}  # fmt: skip
FIVE = {
    "subEventId": 120, "name": "5 km", "maxParticipants": "500", "participantMinAge": "0", "participantMaxAge": "99",
    "subEventDistance": {"id": "3", "type": "running", "label": "5 km", "value": "5", "unit": "km", "inMeters": "5000"},
    "distance": "5", "distanceType": "km", "customSubEventDate": "2026-10-11T09:30:00-0300",
}  # fmt: skip
CREW = {**FIVE, "subEventId": 121, "name": "Volunteer Crew", "subEventDistance": None, "distance": "0", "customSubEventDate": None}
EVENT = {
    "eventId": "5f0c2b1a-9d3e-11f0", "type": "event", "name": "Harbour Lights Run 2026", "city": "Halifax",
    "region": {"code": "NS", "name": "Nova Scotia"}, "country": {"code": "CA", "name": "Canada"},
    "startDate": "2026-10-11T08:00:00-0300", "timeZone": "America/Halifax",
    "registrationOpenDate": "2026-03-01T00:00:00-0400", "registrationCloseDate": "2026-10-09T23:59:00-0300",
    "lastModifiedDate": "2026-09-01T15:19:12+00:00", "url": "https://raceroster.example.com/events/2026/99001/harbour-lights",
    "address": "1 Pier Road, Halifax, NS, B3H 0A1", "description": "<p>Along the water.</p>",
    "resultsUrl": "https://results.example.com/results/ab12cd34", "subEvents": {"data": [FIVE, CREW]},
}  # fmt: skip


@pytest.fixture
def provider():
    with stand_in() as it:
        yield it


@pytest.fixture
def adapter(provider):
    made = []

    def make(**changes: object) -> RaceRoster:
        urls = {"RACEROSTER_URL": f"{provider.url}/api/v1", "RACEROSTER_AUTH_URL": f"{provider.url}/api/oauth/authorize"}
        kept = Tokens({"access_token": "good.token.1", "expires_at": NOW.timestamp() + 9999})
        made.append(RaceRoster(access(urls, **{"secrets": SECRETS, "tokens": kept, **changes})))
        return made[-1]

    yield make
    for one in made:
        one.close()


def wrapped(*records: object, total: int | None = None) -> Answer:
    about = {} if total is None else {"metadata": {"totalResults": total}}
    return Answer(body={"data": list(records), **about})


def person(number: object, **changes: object) -> dict[str, object]:
    return {**copy.deepcopy(MARA), "participantId": number, **changes}


def people(adapter: RaceRoster, scope: Scope = SCOPE):
    return [adapter.values(page.table, row.raw) for page in adapter.registrations(scope, None, None) for row in page.rows]


def discovered(adapter: RaceRoster):
    found: dict[str, list[dict[str, object]]] = {}
    for page in adapter.discover(None, None):
        found.setdefault(page.table, []).extend(adapter.values(page.table, row.raw) for row in page.rows)
    return found


# Signing in


@pytest.mark.parametrize("shape", [{"data": [TOKEN]}, {"data": TOKEN}, TOKEN])
def test_signing_in_is_a_form_with_four_secrets_and_a_grant_of_its_own(provider, adapter, shape):
    def answer(asked: Asked) -> Answer:
        return Answer(body=shape) if asked.method == "POST" else wrapped()

    provider.answer, tokens = answer, Tokens()
    adapter(tokens=tokens).test()
    login, call = provider.asked
    assert (login.path, login.headers["content-type"]) == ("/api/oauth/authorize", "application/x-www-form-urlencoded")
    assert login.form == {"grant_type": "access_token", **SECRETS}
    assert "authorization" not in login.headers
    assert (call.path, call.headers["authorization"]) == ("/api/v1/events", "Bearer good.token.1")
    assert not set(SECRETS.values()) & set(call.query.values())
    assert tokens.token["refresh_token"] == "refresh-1"


def test_refreshing_sends_the_client_and_not_the_person(provider, adapter):
    provider.answer = lambda asked: Answer(body={"data": [TOKEN]}) if asked.method == "POST" else wrapped()
    tokens = Tokens({"access_token": "old", "refresh_token": "refresh-0", "expires_at": NOW.timestamp() + 60})
    adapter(tokens=tokens).test()
    assert provider.asked[0].form == {
        "grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "client-1", "client_secret": "hush-client",
    }  # fmt: skip
    assert tokens.token["refresh_token"] == "refresh-1"  # it rotates


def test_no_token_in_an_answer_is_said(provider, adapter):
    provider.answer = lambda asked: Answer(body={"data": []})
    with pytest.raises(UnexpectedReply):
        adapter(tokens=Tokens()).test()


def test_after_a_weekend_the_password_is_used_again():
    world, clock = World.regular(anchor=NOW, editions=1, contests=1, each=2, provider="raceroster"), [NOW]
    with servers.start(world, clock=lambda: clock[0]) as running:
        tokens = Tokens()
        given = {"secrets": running.credentials(1, "raceroster"), "tokens": tokens, "now": lambda: clock[0]}
        grants = []
        for hours in (0, 23, 1.5, 24.5, 60):
            clock[0] += timedelta(hours=hours)
            adapter = RaceRoster(access(running.urls, **given))
            before = running.requests.count("raceroster", "oauth")
            adapter.test()
            grants.append(running.requests.count("raceroster", "oauth") - before)
            adapter.close()
    assert grants == [1, 0, 1, 1, 2]  # fresh, still good, refreshed, refreshed; refused after the weekend, so signed in


def test_a_wrong_password_is_tried_once():
    world = World.regular(anchor=NOW, editions=1, contests=1, each=2, provider="raceroster")
    with servers.start(world, clock=lambda: NOW) as running:
        secrets = {**running.credentials(1, "raceroster"), "password": "wrong"}
        adapter = RaceRoster(access(running.urls, secrets=secrets))
        with pytest.raises(CredentialsRejected):
            adapter.test()
        adapter.close()
        assert running.requests.count() == 1


# Events


def test_the_list_reaches_the_past_in_a_stable_order(provider, adapter):
    provider.give(wrapped(total=0))
    list(adapter().discover(NOW, None))
    query = provider.asked[0].query
    assert query == {
        "limit": "50", "offset": "0", "sort": "startDate", "order": "asc", "eventDateFrom": "2000-01-01T00:00:00Z",
        "lastModifiedDate": "2026-06-12T14:59:00Z",
    }  # fmt: skip


def test_an_event_and_its_distances_as_the_tables_hold_them(provider, adapter):
    provider.give(wrapped(EVENT, total=1))
    found = discovered(adapter())
    event = found["raceroster_events"][0]
    assert (event["event_id"], event["race_id"], event["distance"]) == ("5f0c2b1a-9d3e-11f0", None, "5 km")
    assert (event["state"], event["country"], event["timezone"]) == ("NS", "CA", "America/Halifax")
    assert (event["start_date"], event["starts_at"]) == ("2026-10-11T08:00:00-0300", datetime(2026, 10, 11, 11, tzinfo=UTC))
    assert event["unique_code"] == "ab12cd34"
    five, crew = found["raceroster_sub_events"]
    assert (five["sub_event_id"], five["metres"], five["distance"], five["kind"]) == ("120", "5000", "5 km", "race")
    assert five["starts_at"] == datetime(2026, 10, 11, 12, 30, tzinfo=UTC)
    assert (crew["metres"], crew["distance"], crew["kind"]) == (None, None, "volunteer")
    assert crew["starts_at"] == event["starts_at"]  # none of its own


def test_an_event_with_one_distance_names_it(provider, adapter):
    provider.give(wrapped({**EVENT, "subEvents": [FIVE]}, total=1))  # a bare list
    assert discovered(adapter())["raceroster_events"][0]["race_id"] == "120"


@pytest.mark.parametrize("detail", [{"data": EVENT}, {"data": [EVENT]}, EVENT])
def test_an_event_that_comes_without_its_distances_is_asked_for_by_itself(provider, adapter, detail):
    bare = {name: value for name, value in EVENT.items() if name != "subEvents"}
    provider.give(wrapped(bare, total=1), Answer(body=detail))
    assert len(discovered(adapter())["raceroster_sub_events"]) == 2
    assert provider.asked[1].path == "/api/v1/events/5f0c2b1a-9d3e-11f0"


@pytest.mark.parametrize(
    "start",
    [
        "2026-10-11T08:00:00-0300",
        "2026-10-11T08:00:00-03:00",
        "2026-10-11T11:00:00Z",
        "2026-10-11T11:00:00+00:00",
        "2026-10-11T08:00:00",
    ],
)
def test_dates_with_every_kind_of_offset(adapter, start):
    assert adapter().values("raceroster_events", {**EVENT, "startDate": start})["starts_at"] == datetime(
        2026, 10, 11, 11, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("name", "changes", "kind"),
    [
        ("Volunteer Fire Department 5K", {}, "race"),
        ("Bénévoles", {"subEventDistance": None, "distance": "0"}, "volunteer"),
        ("Volunteering", {"subEventDistance": None, "distance": 0}, "volunteer"),
        ("Finisher T-Shirt", {"subEventDistance": None, "distance": None}, "merchandise"),
        ("Virtual 10K", {}, "virtual"),
        ("Kids Dash", {"subEventDistance": None, "distance": "0"}, "race"),
    ],
)
def test_what_is_no_race_is_known_by_its_name(adapter, name, changes, kind):
    raw = {**FIVE, "eventId": "e", "name": name, **changes}
    assert adapter().values("raceroster_sub_events", raw)["kind"] == kind


@pytest.mark.parametrize(
    ("changes", "metres", "label"),
    [
        ({"subEventDistance": {"inMeters": 21097.5, "label": None}, "distance": "21.1"}, "21097.5", "21.1 km"),
        ({"subEventDistance": None, "distance": "10"}, "10000", "10 km"),
        ({"subEventDistance": None, "distance": 1, "distanceType": "mi"}, "1609.344", "1 mi"),
        ({"subEventDistance": {"inMeters": "0"}, "distance": "800", "distanceType": "m"}, "800", "800 m"),
    ],
)
def test_distances_are_metres(adapter, changes, metres, label):
    row = adapter().values("raceroster_sub_events", {**FIVE, "eventId": "e", **changes})
    assert (row["metres"], row["distance"]) == (metres, label)


# Registrations


def test_a_participant_as_the_tables_hold_it(provider, adapter):
    provider.give(wrapped(MARA, total=1))
    row = people(adapter())[0]
    assert (row["event_id"], row["registration_id"], row["sub_event_id"]) == ("5f0c2b1a-9d3e-11f0", "8100023", "120")
    assert (row["email"], row["gender"], row["bib_number"]) == ("mara@example.com", "F", "214")
    assert (row["city"], row["state"], row["country"], row["date_of_birth"]) == ("Halifax", "NS", "CA", "1991-04-17")
    assert row["registration_status"] == "active"


@pytest.mark.parametrize(("code", "gender"), [(0, "U"), (1, "M"), (2, "F"), (8, "U"), (9, "X"), ("2", "F"), (None, None)])
def test_genders_are_codes_and_nought_is_one(adapter, code, gender):
    assert adapter().values("raceroster_participants", {**MARA, "eventId": "e", "gender": code})["gender"] == gender


@pytest.mark.parametrize(
    "changes", [{"gender": 5}, {"registrationDate": "the day before"}, {"dateOfBirth": "17 April"}, {"profile": "x"}]
)
def test_what_cannot_be_read_names_its_field(adapter, changes):
    with pytest.raises(UnreadableRow) as caught:
        adapter().values("raceroster_participants", {**MARA, "eventId": "e", **changes})
    assert caught.value.field.startswith(next(iter(changes)))


@pytest.mark.parametrize(("active", "status"), [(True, "active"), (False, "inactive"), (None, "active"), ("false", "inactive")])
def test_who_left_is_inactive(adapter, active, status):
    row = adapter().values("raceroster_participants", {**MARA, "eventId": "e", "isActive": active})
    assert row["registration_status"] == status


def test_only_the_proven_fields_are_enough(provider, adapter):
    bare = {"participantId": 7, "firstName": "Mara", "lastName": "Delacroix"}  # no profile either
    provider.give(wrapped(bare, total=1))
    made = adapter()
    row = people(made)[0]
    assert (row["registration_id"], row["email"], row["sub_event_id"], row["date_of_birth"]) == ("7", None, None, None)
    assert {"sub_event_id", "date_of_birth", "city"} <= made.never_sent


def test_what_one_of_several_events_has_is_not_called_never_sent_and_an_empty_one_shows_nothing(provider, adapter):
    made, bare = adapter(), {"participantId": 7}
    for people_there, lacking in (
        ([], None),
        ([bare], {"sub_event_id", "date_of_birth", "phone"}),
        ([{**bare, "phone": "555 0100"}], {"sub_event_id", "date_of_birth"}),
        ([{**bare, "birthDate": "1990-01-02"}], {"sub_event_id"}),
        ([], {"sub_event_id"}),
    ):
        provider.give(wrapped(*people_there, total=len(people_there)))
        people(made)
        assert (made.never_sent and made.never_sent & {"sub_event_id", "date_of_birth", "phone"}) == lacking


def test_assumed_fields_have_several_names(provider, adapter):
    other = person(7, subEvent={"subEventId": 121}, profile={"email": "m@example.com", "dateOfBirth": "1990-01-02T00:00:00+0000"})
    del other["subEventId"], other["dateOfBirth"]
    provider.give(wrapped(other, total=1))
    row = people(adapter())[0]
    assert (row["sub_event_id"], row["date_of_birth"]) == ("121", "1990-01-02")


def test_in_an_event_with_one_distance_everybody_is_in_it(provider, adapter):
    bare = person(7)
    del bare["subEventId"]
    provider.give(wrapped(bare, person(8), total=2))
    only = Scope(happening_id="e", contest_ids=("999",), timezone="UTC")
    assert [row["sub_event_id"] for row in people(adapter(), only)] == ["999", "120"]


@pytest.mark.parametrize("body", [{"data": MARA}, [MARA], {"data": [MARA]}])
def test_one_person_in_every_wrapping(provider, adapter, body):
    provider.give(Answer(body=body), wrapped())
    assert [row["registration_id"] for row in people(adapter())] == ["8100023"]


@pytest.mark.parametrize("body", [{"data": None}, {"message": "x"}, {"registrations": []}, {"data": "x"}])
def test_a_shape_that_we_do_not_know_is_said_and_not_taken_for_nobody(provider, adapter, body):
    provider.give(Answer(body=body))
    with pytest.raises(UnexpectedReply):
        people(adapter())


def test_a_total_that_is_not_reached_is_an_incomplete_reading(provider, adapter):
    provider.give(wrapped(person(1), person(2), total=3), wrapped(total=3))
    with pytest.raises(ReadIncomplete):
        people(adapter())


def test_an_offset_without_effect_is_an_incomplete_reading(provider, adapter):
    provider.give(wrapped(person(1), person(2), total=4))
    with pytest.raises(ReadIncomplete):
        people(adapter())


def test_whoever_comes_twice_is_one_person(provider, adapter):
    provider.give(wrapped(person(1), person(2)), wrapped(person(2), person("3")), wrapped())
    assert [row["registration_id"] for row in people(adapter())] == ["1", "2", "3"]


def test_without_a_total_a_list_that_is_cut_is_read_to_its_end_from_any_cursor(provider, adapter):
    def answer(asked: Asked) -> Answer:
        offset = int(asked.query["offset"])
        return wrapped(*({"participantId": n} for n in range(offset, min(offset + 40, 100))))

    provider.answer, made = answer, adapter()
    pages = list(made.registrations(SCOPE, None, None))
    assert [len(page.rows) for page in pages] == [40, 40, 20]
    asked = len(provider.asked)
    rest = list(adapter().registrations(SCOPE, None, pages[1].cursor))
    assert [row.key[1] for page in rest for row in page.rows] == [str(n) for n in range(80, 100)]
    assert len(provider.asked) == asked + 1


@pytest.mark.parametrize(("kind", "value"), [
    ("token_shape", "object"), ("token_shape", "bare"), ("offset_style", "colon"), ("offset_style", "zulu"), ("short_token", 1000),
])  # fmt: skip
def test_the_simulated_switches_change_nothing(kind, value):
    world = World.regular(anchor=NOW, editions=2, contests=2, each=10, provider="raceroster")
    with servers.start(world, clock=lambda: NOW) as running:
        running.faults.add(kind, value)
        adapter = RaceRoster(access(running.urls, secrets=running.credentials(1, "raceroster")))
        found = discovered(adapter)
        adapter.close()
    starts = {contest.starts_at for happening in world.happenings for contest in happening.contests}
    assert {int(row["starts_at"].timestamp()) for row in found["raceroster_sub_events"]} == starts
