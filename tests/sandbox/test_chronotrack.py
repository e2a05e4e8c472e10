"""The simulated ChronoTrack, held against what clients of the real one show."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import requests

from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sandbox.conftest import Client

WHOLE = {"elide_json": "false", "need_athlete_birthdate": "true", "contact_details": "true"}
EVENT = {
    "event_id", "event_tag", "event_name", "event_description", "event_start_time", "event_end_time", "event_is_published",
    "event_site_uri", "event_external_id", "organization_id", "organization_name", "location_city", "location_region",
    "location_country", "location_time_zone",
}  # fmt: skip
ENTRY = {
    "entry_id", "entry_external_id", "entry_name", "entry_bib", "entry_status", "entry_type", "entry_race_age", "athlete_id",
    "athlete_first_name", "athlete_last_name", "athlete_sex", "athlete_birthdate", "athlete_email", "athlete_home_phone",
    "athlete_mobile_phone", "location_city", "location_region", "location_country", "race_id", "race_name", "reg_choice_name",
    "wave_name", "bracket_name", "team_id", "team_name", "custom_element1",
}  # fmt: skip
RESULT = {
    "results_entry_id", "results_bib", "results_first_name", "results_last_name", "results_sex", "results_age",
    "results_hometown", "results_race_id", "results_race_name", "results_primary_bracket_name", "results_bracket_name",
    "results_interval_name", "results_interval_full", "results_rank", "results_time", "results_gun_time", "results_pace",
    "results_gun_pace", "results_begin_chip_time", "results_end_chip_time",
}  # fmt: skip


class Timer(Client):
    """Somebody with a login at ChronoTrack."""

    def ask(self, path: str, method: str = "GET", body: object = None, **query: object) -> requests.Response:
        held = self.running.credentials(self.partner, "chronotrack")
        return self.session.request(
            method, self.running.urls["CHRONOTRACK_URL"] + path, params={"client_id": held["client_id"], **query}, json=body,
            auth=(held["username"], held["password"]),
        )  # fmt: skip

    def rows(self, path: str, **query: object) -> list[dict[str, str]]:
        (found,) = self.ask(path, size=1600, **WHOLE, **query).json().values()
        return found


@pytest.fixture
def timer(clock):
    world = World.build(anchor=NOW, partners=4, editions=14, registrations=900)
    with servers.start(world, clock=clock) as running:
        client = Timer(running)
        yield client
        client.session.close()


@pytest.fixture
def event(timer):
    """The event with the most people: a past one or today's."""
    return max(timer.running.scoring.happenings("chronotrack", 1), key=lambda h: len(timer.running.scoring.entries(h, NOW)))


@pytest.fixture
def raced(timer, event, clock):
    clock.now = datetime.fromtimestamp(event.starts_at, UTC) + timedelta(hours=9)
    return event


def test_three_ways_to_sign_in(timer):
    url = timer.running.urls["CHRONOTRACK_URL"]
    held, logins = timer.running.credentials(1, "chronotrack"), timer.running.providers["chronotrack"].logins
    client = {"client_id": held["client_id"]}
    hashed = hashlib.sha1(held["password"].encode()).hexdigest()
    simple = {**client, "user_id": held["username"], "user_pass": hashed}
    assert timer.session.get(f"{url}/event", params=simple).status_code == 200
    assert timer.session.get(f"{url}/event", params=client, auth=(held["username"], held["password"])).status_code == 200
    token = timer.session.get(
        url.removesuffix("/api") + "/oauth2/token", auth=(held["client_id"], logins.client_secret(1)),
        params={"grant_type": "password", "username": held["username"], "password": held["password"]},
    ).json()  # fmt: skip
    assert token["expires_in"] == 3600
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert timer.session.get(f"{url}/event", params=client, headers=bearer).status_code == 200
    twice = hashlib.sha1(hashed.encode()).hexdigest()
    for wrong in ({**simple, "user_pass": held["password"]}, {**simple, "user_pass": twice}, client):
        assert timer.session.get(f"{url}/event", params=wrong).status_code == 401
    assert timer.session.get(f"{url}/event", headers=bearer).status_code == 400, "the client's id is missing"


def test_a_token_ends_and_no_password_is_in_the_journal(timer, clock):
    held, logins = timer.running.credentials(1, "chronotrack"), timer.running.providers["chronotrack"].logins
    url = timer.running.urls["CHRONOTRACK_URL"]
    given = {"grant_type": "password", "username": held["username"], "password": held["password"]}
    login = {"url": url.removesuffix("/api") + "/oauth2/token", "auth": (held["client_id"], logins.client_secret(1))}
    assert timer.session.get(**login, params={**given, "password": "wrong"}).status_code == 401
    bearer = {"Authorization": f"Bearer {timer.session.get(**login, params=given).json()['access_token']}"}
    clock.forward(minutes=61)
    assert timer.session.get(f"{url}/event", params={"client_id": held["client_id"]}, headers=bearer).status_code == 401
    assert held["password"] not in str([noted.query for noted in timer.running.requests])


def test_one_key_a_list_or_an_object_and_every_value_a_string(timer, event):
    listed = timer.ask("/event", **WHOLE).json()["event"]
    one = timer.ask(f"/event.json/{event.uid}", **WHOLE).json()["event"]
    assert isinstance(listed, list)
    assert one in listed
    assert one.keys() == EVENT
    rows = [*listed, *timer.rows(f"/event/{event.uid}/race"), *timer.rows(f"/event/{event.uid}/entry")]
    assert {type(value) for row in rows for value in row.values()} == {str}
    assert timer.ask(f"/event/{event.uid}/race").json().keys() == {"event_race"}


def test_only_what_the_login_sees_is_listed(timer):
    mine = {row["event_id"] for row in timer.rows("/event")}
    assert mine == {happening.uid for happening in timer.running.scoring.happenings("chronotrack", 1)}
    foreign = next(h for h in timer.running.scoring.happenings("chronotrack") if 1 not in h.edition.partners)
    assert timer.ask(f"/event/{foreign.uid}").status_code == 403


def test_paging_stands_in_headers_only(timer, event):
    many = len(timer.running.scoring.entries(event, NOW))
    assert many > 60
    reply = timer.ask(f"/event/{event.uid}/entry", per_page=7)
    assert len(reply.json()["event_entry"]) == 50
    told = {name.lower(): value for name, value in reply.headers.items() if name.lower().startswith("x-ctlive")}
    assert told == {
        "x-ctlive-row-count": str(many), "x-ctlive-page-count": str(-(-many // 50)), "x-ctlive-page-size": "50",
        "x-ctlive-current-page": "1",
    }  # fmt: skip
    pages = [timer.ask(f"/event/{event.uid}/entry", size=40, page=n).json()["event_entry"] for n in range(1, many // 40 + 3)]
    ids = [row["entry_id"] for rows in pages for row in rows]
    assert (len(ids), len(set(ids)), pages[-1]) == (many, many, [])
    timer.running.faults.add("page_cap", 10)
    assert timer.ask(f"/event/{event.uid}/entry", size=99999).headers["X-Ctlive-Page-Size"] == "10"


def test_fields_come_on_request(timer, event):
    whole = timer.ask(f"/event/{event.uid}/entry", size=1600, **WHOLE).json()["event_entry"]
    plain = timer.ask(f"/event/{event.uid}/entry", size=1600).json()["event_entry"]
    assert all(row.keys() == ENTRY for row in whole)
    assert not any(row.keys() & {"athlete_birthdate", "athlete_email", "athlete_mobile_phone"} for row in plain)
    assert "custom_element1" not in plain[0], "what is empty is left out"
    assert all(plain[at].items() <= row.items() for at, row in enumerate(whole))


def test_a_wrong_id_is_an_odd_200_and_a_missing_entry_a_404(timer):
    reply = timer.ask("/event/99999/entry")
    assert (reply.status_code, reply.json()) == (200, {"event": []})
    assert timer.ask("/event/99999").json() == {"event": []}
    assert timer.ask("/entry/1").status_code == 404
    assert timer.ask("/nothing").status_code == 404


def test_setup_lists(timer, event):
    contests = event.contests
    assert [row["race_name"] for row in timer.rows(f"/event/{event.uid}/race")] == [contest.name for contest in contests]
    assert len(timer.rows(f"/event/{event.uid}/reg-choice")) == len(contests)
    brackets = timer.rows(f"/race/{contests[0].number}/bracket")
    assert {row["bracket_type"] for row in brackets} == {"OPEN", "SEX", "AGE"}
    intervals = timer.rows(f"/race/{contests[0].number}/interval")
    assert len(intervals) == 1 + len(contests[0].points)
    assert len(timer.rows(f"/event/{event.uid}/wave")) == sum(len(contest.waves) for contest in contests)


def test_there_are_no_results_before_the_start(timer, clock):
    ahead = next(h for h in timer.running.scoring.happenings("chronotrack", 1) if h.starts_at > NOW.timestamp())
    assert timer.rows(f"/event/{ahead.uid}/results") == []


def test_rank_is_the_one_within_the_bracket_that_was_asked_for(timer, raced):
    path = f"/event/{raced.uid}/results"
    known = {str(one.entry.number): one for one in timer.running.scoring.results(raced, timer.running.clock())}
    for bracket, rank in ((None, "rank"), ("SEX", "rank_gender"), ("AGE", "rank_division")):
        rows = timer.rows(path, **({"bracket": bracket} if bracket else {}))
        assert rows
        assert all(row.keys() >= RESULT for row in rows)
        assert all(row["results_rank"] == str(getattr(known[row["results_entry_id"]], rank)) for row in rows)
    sexes = timer.rows(path, bracket="SEX", columns="results_race_id,results_bracket_name,results_rank")
    firsts = [row for row in sexes if row["results_rank"] == "1"]
    assert len(firsts) > len(raced.contests)
    assert firsts[0].keys() == {"results_race_id", "results_bracket_name", "results_rank"}
    assert {row["results_bracket_name"] for row in timer.rows(path, bracket="Female")} == {"Female"}


def test_intervals_multiply_rows(timer, raced):
    path = f"/event/{raced.uid}/results"
    full, every = timer.rows(path), timer.rows(path, interval="ALL")
    assert [row for row in every if row["results_interval_full"] == "1"] == full
    assert len(every) > len(full)


def test_who_stopped_has_a_word_and_no_result(timer, raced):
    stopped = {row["entry_id"] for row in timer.rows(f"/event/{raced.uid}/entry") if row["entry_status"] in {"DNF", "DQ"}}
    assert stopped
    assert not stopped & {row["results_entry_id"] for row in timer.rows(f"/event/{raced.uid}/results")}


def test_who_is_out_there_has_a_start_and_no_time(timer, event, clock):
    clock.now = datetime.fromtimestamp(event.contests[0].starts_at, UTC) + timedelta(minutes=20)
    running = [row for row in timer.rows(f"/event/{event.uid}/results") if not row["results_end_chip_time"]]
    assert running
    assert all(row["results_begin_chip_time"] and not row["results_time"] and not row["results_rank"] for row in running)


def test_times_are_whole_seconds_or_tenths(timer, clock):
    forms = set()
    for happening in timer.running.scoring.happenings("chronotrack"):
        clock.now = datetime.fromtimestamp(happening.starts_at, UTC) + timedelta(hours=9)
        timer.partner = happening.edition.partners[0]
        forms |= {len(row["results_time"]) for row in timer.rows(f"/event/{happening.uid}/results")}
    assert forms == {8, 10}


NEW = {"entry_external_id": "rsu:1", "athlete_first_name": "Ada", "athlete_sex": "F", "athlete_birthdate": "1986-01-06"}


def test_entries_are_made_changed_and_withdrawn(timer):
    happening = next(h for h in timer.running.scoring.happenings("chronotrack", 1) if not timer.running.scoring.entries(h, NOW))
    choice = timer.rows(f"/event/{happening.uid}/reg-choice")[0]
    path = f"/event/{happening.uid}/entry"
    made = timer.ask(path, "POST", {**NEW, "reg_choice_id": choice["reg_choice_id"]}, **WHOLE).json()["entry"]
    assert (made["entry_external_id"], made["race_id"], made["athlete_birthdate"]) == ("rsu:1", choice["race_id"], "1986-01-06")
    assert timer.ask(path, "POST", {**NEW, "reg_choice_id": choice["reg_choice_id"]}).status_code == 409
    assert timer.ask(path, "POST", NEW).status_code == 400
    assert timer.ask("/event/99999/entry", "POST", NEW).json() == {"event": []}
    other = str(happening.contests[1].number)
    put = timer.ask(f"/entry/{made['entry_id']}", "PUT", {"entry_bib": "12", "race_id": other}).json()["entry"]
    assert (put["entry_bib"], put["race_id"], put["athlete_first_name"]) == ("12", other, "Ada")
    assert timer.ask(f"/entry/{made['entry_id']}", "PUT", {"race_id": "1"}).status_code == 400
    timer.ask(f"/entry/{made['entry_id']}", "PUT", {"entry_status": "DNS"})
    assert timer.ask(f"/entry/{made['entry_id']}").json()["entry"]["entry_status"] == "DNS"
    assert timer.ask(f"/entry/{made['entry_id']}", "DELETE").status_code == 405


@pytest.mark.parametrize(
    ("kind", "value", "status"),
    [("throttled", 9, 429), ("unauthorized", None, 401), ("forbidden", None, 403), ("status", 503, 503)],
)
def test_faults(timer, kind, value, status):
    timer.running.faults.add(kind, value, provider="chronotrack")
    reply = timer.ask("/event")
    assert reply.status_code == status
    assert reply.headers.get("Retry-After") == ("9" if kind == "throttled" else None)
    assert "error" in reply.json()


def test_errors_may_be_text_and_headers_missing(timer, event):
    timer.running.faults.add("text_errors", provider="chronotrack")
    timer.running.faults.add("no_headers", provider="chronotrack")
    assert timer.ask("/entry/1").text == "Not found"
    assert not [name for name in timer.ask("/event").headers if name.lower().startswith("x-ctlive")]
