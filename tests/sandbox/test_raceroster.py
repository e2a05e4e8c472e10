"""The simulated Race Roster, held against what clients of the real one show."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

import pytest

from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sandbox.conftest import Client

LONG_AGO = "2000-01-01T00:00:00Z"
EVENT = {
    "eventId", "type", "name", "city", "region", "country", "startDate", "timeZone", "registrationOpenDate",
    "registrationCloseDate", "lastModifiedDate", "url", "organizerName", "organizerEmail", "organizerPhone",
    "organizerDashboardUrl", "address", "latitude", "longitude", "locale", "description", "facebook", "twitter", "branding",
    "resultsUrl", "subEvents",
}  # fmt: skip
SUB_EVENT = {
    "subEventId", "name", "maxParticipants", "participantMinAge", "participantMaxAge", "subEventDistance", "distance",
    "distanceType", "customSubEventDate",
}  # fmt: skip
PARTICIPANT = {
    "participantId", "firstName", "lastName", "bibNumber", "gender", "registrationDate", "isActive", "profile", "subEventId",
    "dateOfBirth", "address", "teamName",
}  # fmt: skip


@pytest.fixture
def roster(clock):
    world = World.regular(anchor=NOW, editions=1, contests=3, each=50, provider="raceroster")
    with servers.start(world, clock=clock) as running:
        client = Client(running)
        yield client
        client.session.close()


def event_of(client):
    return client.raceroster("/events").json()["data"][0]["eventId"]


def rows(client, event, **query):
    return client.raceroster(f"/events/{event}/participants", **query).json()["data"]


def test_a_token_lies_in_a_list_in_data_and_lives_a_day(roster):
    lent = roster.login().json()["data"][0]
    assert (lent["token_type"], lent["expires_in"]) == ("Bearer", 86_400)
    body = lent["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (claims["exp"] - claims["iat"], claims["scopes"]) == (86_400, ["timer"])


@pytest.mark.parametrize(
    ("given", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"password": "wrong"}, 401, "invalid_credentials"),
        ({"username": ""}, 401, "invalid_credentials"),
        ({"grant_type": "refresh_token", "refresh_token": "old"}, 401, "invalid_credentials"),
    ],
)
def test_bad_logins(roster, given, status, error):
    reply = roster.login(**given)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


def test_a_login_in_json_is_not_understood(roster):
    form = {"grant_type": "access_token", **roster.running.credentials(1, "raceroster")}
    assert roster.session.post(roster.running.urls["RACEROSTER_AUTH_URL"], json=form).status_code == 400


def test_a_refresh_token_works_once_and_a_new_one_comes(roster, clock):
    first = roster.login().json()["data"][0]["refresh_token"]
    clock.forward(hours=24, minutes=30)
    renewed = roster.login(grant_type="refresh_token", refresh_token=first).json()["data"][0]
    assert renewed["refresh_token"] != first
    assert roster.login(grant_type="refresh_token", refresh_token=first).status_code == 401
    clock.forward(hours=26)
    assert roster.login(grant_type="refresh_token", refresh_token=renewed["refresh_token"]).status_code == 401


def test_a_token_ends(roster, clock):
    assert roster.raceroster("/events").status_code == 200
    clock.forward(hours=23, minutes=59)
    assert roster.raceroster("/events").status_code == 200
    clock.forward(minutes=2)
    reply = roster.raceroster("/events")
    assert (reply.status_code, reply.json()["message"], reply.json()["code"]) == (401, "Unauthenticated.", 401)


def test_the_list_shows_what_is_ahead_and_published(client, clock):
    clock.forward(hours=3)  # today's race has started
    names = {one["name"] for one in client.raceroster("/events").json()["data"]}
    every = {one["name"] for one in client.raceroster("/events", eventDateFrom=LONG_AGO).json()["data"]}
    assert names < every
    assert not any("not published" in name for name in every)
    draft = next(h for h in client.running.world.seen_by("raceroster", 1) if h.status == "DRAFT")
    assert client.raceroster("/events", eventId=draft.uid).json()["data"][0]["name"] == draft.name


def test_an_event_has_the_words_of_race_roster(client):
    event = client.raceroster("/events").json()["data"][0]
    assert event.keys() == EVENT
    assert all(sub.keys() == SUB_EVENT for sub in event["subEvents"]["data"])
    assert event["region"].keys() == {"code", "name"}
    distances = [sub["subEventDistance"] for sub in event["subEvents"]["data"]]
    assert None in distances
    assert all(isinstance(one["inMeters"], str) for one in distances if one)
    assert event["startDate"][-5:] in {"-0400", "-0500"}


@pytest.mark.parametrize(("style", "ending"), [("plain", "-0400"), ("colon", "-04:00"), ("zulu", "Z")])
def test_three_ways_to_write_an_instant(roster, style, ending):
    roster.running.faults.add("offset_style", style)
    starts = roster.raceroster("/events").json()["data"][0]["startDate"]
    assert starts.endswith(ending)
    assert datetime.fromisoformat(starts).timestamp() == roster.running.world.editions[0].starts_at


def test_events_are_filtered_sorted_and_paged(client):
    every = client.raceroster("/events", eventDateFrom=LONG_AGO, sort="startDate", order="desc").json()
    starts = [datetime.fromisoformat(one["startDate"]) for one in every["data"]]
    assert starts == sorted(starts, reverse=True)
    assert every["metadata"]["totalResults"] == len(starts)
    second = client.raceroster("/events", eventDateFrom=LONG_AGO, sort="startDate", order="desc", offset=1, limit=1).json()["data"]
    assert second[0]["eventId"] == every["data"][1]["eventId"]
    assert client.raceroster("/events", lastModifiedDate=(NOW + timedelta(days=1)).isoformat()).json()["data"] == []


def test_a_plus_that_was_not_escaped_is_refused(client):
    client.raceroster("/events")
    url = client.running.urls["RACEROSTER_URL"] + "/events?lastModifiedDate=2026-01-01T00:00:00+00:00"
    assert client.session.get(url).status_code == 400


@pytest.mark.parametrize("shape", ["object", "list", "bare"])
def test_three_shapes_of_one_event(roster, shape):
    event = event_of(roster)
    roster.running.faults.add("detail_shape", shape)
    found = roster.raceroster(f"/events/{event}").json()
    inner = {"object": lambda: found["data"], "list": lambda: found["data"][0], "bare": lambda: found}[shape]()
    assert inner["eventId"] == event


@pytest.mark.parametrize("shape", ["list", "object", "bare"])
def test_three_shapes_of_a_token(roster, shape):
    roster.running.faults.add("token_shape", shape)
    found = roster.login().json()
    inner = {"list": lambda: found["data"][0], "object": lambda: found["data"], "bare": lambda: found}[shape]()
    assert inner["token_type"] == "Bearer"


def test_participants_come_in_pages_with_their_total(roster):
    event = event_of(roster)
    first = roster.raceroster(f"/events/{event}/participants").json()
    assert (len(first["data"]), first["metadata"]) == (50, {"totalResults": 150, "offset": 0, "limit": 50})
    assert all(row.keys() == PARTICIPANT for row in first["data"])
    pages = [rows(roster, event, offset=offset, limit=60) for offset in (0, 60, 120, 180)]
    assert [len(page) for page in pages] == [60, 60, 30, 0]
    assert len({row["participantId"] for page in pages for row in page}) == 150


def test_genders_are_numbers(full, clock):
    with servers.start(full, clock=clock) as running:
        found = set()
        for happening in full.seen_by("raceroster", None):
            client = Client(running, happening.edition.partners[0])
            found |= {row["gender"] for row in rows(client, happening.uid, limit=1000)}
            client.session.close()
    assert found == {0, 1, 2, 8, 9}


def test_who_left_stays_inactive_or_vanishes(client, clock):
    event = event_of(client)
    added = client.control("register", provider="raceroster", event=event, bib=5).json()["registration"]
    clock.forward(minutes=1)
    client.control("remove", provider="raceroster", registration=added)
    left = next(row for row in rows(client, event, limit=1000) if row["participantId"] == str(added))
    assert left["isActive"] is False
    client.running.faults.add("removed_vanish")
    assert str(added) not in {row["participantId"] for row in rows(client, event, limit=1000)}


def test_both_kinds_of_transfer_happen(full):
    kinds = {
        (change.kind, bool(getattr(change.value, "successor", None)))
        for happening in full.seen_by("raceroster", None)
        for contest in happening.contests
        for registration in contest.registrations
        for change in registration.changes
    }
    assert {("contest", False), ("removed", True)} <= kinds


def test_foreign_and_unknown_events(client):
    foreign = next(h for h in client.running.world.seen_by("raceroster", None) if 1 not in h.edition.partners)
    assert client.raceroster(f"/events/{foreign.uid}").status_code == 403
    assert client.raceroster("/events/nothing").status_code == 404
    assert client.raceroster("/sub-events").status_code == 404
    assert client.raceroster("/events", limit="many").status_code == 400


def test_an_event_goes_by_its_public_number_too(roster):
    number = roster.running.world.happenings[0].number
    assert roster.raceroster(f"/events/{number}").json()["data"]["eventId"] == event_of(roster)
