"""The simulated Haku, held against what the clients of the real one show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
import requests

from sync_jobs.sandbox import kept, servers
from sync_jobs.sandbox.control import Control
from sync_jobs.sandbox.faults import Faults
from sync_jobs.sandbox.haku_rows import FORMS
from sync_jobs.sandbox.journal import Journal
from sync_jobs.sandbox.world import World
from tests.conftest import NOW

EVENT = {
    "id", "name", "description", "event_date", "event_end_date", "location_name", "location_city", "location_state", "event_type",
    "distance", "registration_limit", "registration_open_date", "registration_close_date", "base_price", "currency", "status",
}  # fmt: skip
THIN = {
    "registration_number", "person_full_name", "email", "age", "gender", "team", "event_category_info", "is_cancelled",
    "registered_at", "transaction_amount", "updated_at",
}  # fmt: skip
PARTICIPANT = {
    "account_number", "source_system_identifier", "first_name", "middle_initial", "last_name", "email", "phone", "dob", "gender",
    "created_at", "updated_at", "address", "additional_questions",
}  # fmt: skip
CATEGORY = {
    "id", "name", "master_name", "is_active", "participation_option", "corral_name", "wave_name", "wave_code", "tag_number",
    "chip_number", "created_at", "updated_at",
}  # fmt: skip
BY_CHANGE = {"sort_column": "updated_at", "sort_direction": "desc"}


@dataclass
class Client:
    """Somebody with an organisation's API client."""

    running: servers.Running
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def login(self, **given: object) -> requests.Response:
        held = self.running.credentials(1, "haku")
        login = (held["client_id"], given.pop("client_secret", held["client_secret"]))
        form = {"grant_type": "client_credentials", **given}
        return self.session.post(self.running.urls["HAKU_AUTH_URL"], data=form, auth=login)

    def get(self, path: str, authorization: str | None = None, **query: object) -> requests.Response:
        self.token = self.token or self.login().json()["access_token"]
        given = {"Authorization": self.token if authorization is None else authorization}
        return self.session.get(self.running.urls["HAKU_URL"] + path, params=query, headers=given)

    def people(self, event: int, **query: object) -> list[dict]:
        return self.get(f"/events/{event}/participants", **query).json()

    def control(self, path: str, **given: object) -> requests.Response:
        return self.session.post(f"{self.running.base}/_sandbox/{path}", json={"provider": "haku", **given})


@pytest.fixture
def haku(clock):
    """Events with 25, 50, 0 and 60 people: 4411 to 4414."""
    world = World.regular(anchor=NOW, editions=4, contests=1, each=(25, 50, 0, 60), provider="haku")
    with servers.start(world, clock=clock) as running:
        client = Client(running)
        yield client
        client.session.close()


def test_a_token_lives_an_hour_and_goes_raw(haku, clock):
    lent = haku.login().json()
    assert (lent.keys(), lent["expires_in"]) == ({"access_token", "expires_in", "token_type"}, 3600)
    assert haku.get("/events").status_code == 200
    assert haku.get("/events", f"Bearer {haku.token}").json() == {"message": "Unauthorized"}
    haku.running.faults.add("takes_bearer")
    assert haku.get("/events", f"Bearer {haku.token}").status_code == 200
    clock.forward(minutes=61)
    reply = haku.get("/events")
    assert (reply.status_code, reply.json()) == (401, {"message": "The incoming token has expired"})


@pytest.mark.parametrize(
    ("given", "error"), [({"client_secret": "wrong"}, "invalid_client"), ({"grant_type": "password"}, "unsupported_grant_type")]
)
def test_bad_logins_are_400(haku, given, error):
    reply = haku.login(**given)
    assert (reply.status_code, reply.json()) == (400, {"error": error})


def test_a_login_outside_the_header_is_none(haku):
    form = {"grant_type": "client_credentials", **haku.running.credentials(1, "haku")}
    assert haku.session.post(haku.running.urls["HAKU_AUTH_URL"], data=form).status_code == 400


@pytest.mark.parametrize(("value", "status"), [(None, 401), (403, 403)])
def test_tokens_can_be_made_void(haku, value, status):
    haku.get("/events")
    haku.running.faults.add("expire", value, calls=1)
    assert haku.get("/events").status_code == status


def test_refusals_in_the_gateways_words(haku):
    assert haku.get("/events", "nonsense").status_code == 401
    unknown = haku.get("/categories")
    assert (unknown.status_code, unknown.json()) == (403, {"message": "Missing Authentication Token"})
    assert haku.get("/events/1/participants").status_code == 404
    assert haku.get("/events/4411/registrations/R-1").status_code == 404
    assert haku.get("/events", per_page="many").status_code == 400
    haku.running.faults.add("limit_exceeded", calls=1)
    assert (reply := haku.get("/events")).status_code == 429
    assert reply.json() == {"message": "Limit Exceeded"}
    haku.running.faults.add("html", 503, calls=1)
    reply = haku.get("/events")
    assert (reply.status_code, reply.headers["Content-Type"]) == (503, "text/html; charset=utf-8")


def test_lists_are_bare_and_have_the_words_of_haku(haku):
    events = haku.get("/events", sort_column="event_date", sort_direction="desc", show_inactive="true").json()
    assert {event["id"] for event in events} == {4411, 4412, 4413, 4414}
    assert all(event.keys() == EVENT for event in events)
    assert [event["event_date"] for event in events] == sorted((event["event_date"] for event in events), reverse=True)
    assert {frozenset(row) for row in haku.people(4411)} == {frozenset(THIN)}
    haku.running.faults.add("wrapped")
    assert len(haku.get("/events").json()["events"]) == 4
    assert len(haku.people(4411)["participants"]) == 25


def test_past_events_are_shown_when_asked_for(haku, clock):
    token_life = haku.running.faults.add("short_token", 10**9)
    haku.login()
    clock.forward(days=22)
    haku.token = ""
    assert len(haku.get("/events").json()) < len(haku.get("/events", show_inactive="true").json()) == 4
    haku.running.faults.clear(token_life)


def test_pages_hold_twenty_five_whatever_is_asked(haku):
    assert [len(haku.people(4412, page=page, per_page=100)) for page in (1, 2, 3)] == [25, 25, 0]
    assert [len(haku.people(4411, page=page)) for page in (1, 2)] == [25, 0]
    assert haku.people(4413) == []
    given = haku.running.faults.add("big_pages", "given")
    assert len(haku.people(4412, per_page=100)) == 50
    haku.running.faults.clear(given)
    haku.running.faults.add("big_pages", "refused")
    assert haku.get("/events/4412/participants", per_page=26).status_code == 400


def test_an_event_of_five_hundred(clock):
    world = World.regular(anchor=NOW, editions=1, contests=2, each=250, provider="haku")
    with servers.start(world, clock=clock) as running:
        client = Client(running)
        found = [row["registration_number"] for page in range(1, 22) for row in client.people(4411, page=page, **BY_CHANGE)]
        client.session.close()
    assert len(set(found)) == len(found) == 500


def test_a_change_comes_first_and_a_list_may_drift(haku, clock):
    last = haku.people(4414, page=3, **BY_CHANGE)[-1]["registration_number"]
    haku.control("change", registration=int(last.removeprefix("R-")), bib=7)
    clock.forward(seconds=1)
    assert haku.people(4414, **BY_CHANGE)[0]["registration_number"] == last
    haku.running.faults.add("drift", calls=1)
    first = [row["registration_number"] for row in haku.people(4414, **BY_CHANGE)]
    second = [row["registration_number"] for row in haku.people(4414, page=2, **BY_CHANGE)]
    assert first[-1] == second[0]  # everybody moved by one, and one of the end to the front
    assert haku.people(4414, **BY_CHANGE)[0]["registration_number"] not in first


def test_a_detail_has_what_the_list_has_not(haku):
    number = haku.people(4411)[0]["registration_number"]
    found = haku.get(f"/events/4411/registrations/{number}").json()
    assert len(found) == 32
    assert (found["registration_number"], found["participant"].keys()) == (number, PARTICIPANT)
    assert found["event_categories"][0].keys() == CATEGORY
    assert found["event_categories"][0]["tag_number"] != found["event_categories"][0]["chip_number"]
    haku.running.faults.add("null_parts")
    assert haku.get(f"/events/4411/registrations/{number}").json()["participant"]["address"] is None
    haku.running.faults.add("unreadable_detail")
    assert haku.get(f"/events/4411/registrations/{number}").json() == []


def test_a_line_may_be_spoilt_or_lack_things(haku):
    haku.running.faults.add("unreadable", 3, path="participants", calls=1)
    rows = haku.people(4411)
    assert "registration_number" not in rows[0]
    assert (rows[1]["is_cancelled"], rows[2]["registered_at"]) == ("perhaps", "the day before")
    for kind in ("numbers", "no_cancel_flag", "bare_rows"):
        haku.running.faults.add(kind)
    row = haku.people(4411)[0]
    assert isinstance(row["registration_number"], int)
    assert haku.get(f"/events/4411/registrations/{row['registration_number']}").status_code == 200
    assert not {"is_cancelled", "updated_at"} & row.keys()


@pytest.mark.parametrize("form", FORMS)
def test_instants_come_in_many_forms(haku, form):
    haku.running.faults.add("date_form", form)
    written = haku.get("/events").json()[0]["event_date"]
    ending = {"zulu": "Z", "fraction": ".250", "offset": "-0400", "day": written[10:]}.get(form, ":00")
    assert written.endswith(ending)
    assert (len(written) == 10) == (form == "day")
    assert ("T" in written) == (form not in {"space", "day"})


def test_two_categories_and_one_that_was_left_by_http(clock):
    world = World.regular(anchor=NOW, editions=1, contests=3, each=2, provider="haku")
    first, second, third = (contest.number for contest in world.happenings[0].contests)
    with servers.start(world, clock=clock) as running:
        client = Client(running)
        made = client.control("register", contest=first, also=second, bib=5).json()
        number = f"R-{made['registration']}"

        def categories():
            clock.forward(seconds=1)
            found = client.get(f"/events/4411/registrations/{number}").json()["event_categories"]
            return [(one["id"], one["is_active"], one["tag_number"]) for one in found]

        assert categories() == [(first, True, "5"), (second, True, "5")]
        client.control("change", registration=made["registration"], also=None)
        assert categories() == [(first, True, "5"), (second, False, "5")]
        client.control("change", registration=made["registration"], contest=third)
        assert categories() == [(third, True, "5"), (second, False, "5")]
        assert client.control("register", contest=first, also=1).status_code == 400
        client.session.close()


def test_who_cancelled_stays_on_the_list_and_a_transfer_has_two_forms(haku, clock):
    number = haku.people(4411)[0]["registration_number"]
    key = int(number.removeprefix("R-"))
    haku.control("change", registration=key, first_name="Rosa", last_name="Other")
    clock.forward(seconds=1)
    assert next(row for row in haku.people(4411) if row["registration_number"] == number)["person_full_name"] == "Rosa Other"
    contest = haku.running.world.happenings[0].contests[0].number
    told = haku.control("remove", registration=key, into=contest).json()
    clock.forward(seconds=1)
    rows = {row["registration_number"]: row for page in (1, 2) for row in haku.people(4411, page=page)}
    assert (rows[number]["is_cancelled"], rows[f"R-{told['successor']}"]["is_cancelled"]) == (True, False)
    found = haku.get(f"/events/4411/registrations/{number}").json()
    assert found["cancelled_at"]
    assert found["event_categories"][0]["tag_number"], "the bib was given before"
    haku.running.faults.add("removed_vanish")
    assert number not in {row["registration_number"] for page in (1, 2) for row in haku.people(4411, page=page)}


def test_what_was_done_by_hand_is_there_after_a_restart(tmp_path):
    size = kept.Size(partners=1, editions=9, registrations=900)

    def control() -> Control:
        made = Control(kept.open_world(tmp_path, size, NOW), Faults(), Journal())
        for what, at, given in kept.deeds(tmp_path):
            made.do(what, at, given)
        return made

    before, keep = control(), kept.keeper(tmp_path)
    contests = [contest.number for contest in before.world.seen_by("haku", 1)[0].contests]
    deed = {"provider": "haku", "contest": contests[0], "also": contests[1], "first_name": "Zoë"}
    added = before.do("register", NOW, deed)
    keep("register", NOW, deed)
    for what in ("change", "remove"):
        deed = {"provider": "haku", "registration": added["registration"], **({"also": None} if what == "change" else {})}
        before.do(what, NOW, deed)
        keep(what, NOW, deed)
    assert list(control().world.present(NOW)) == list(before.world.present(NOW))


def test_the_world_has_some_editions_here_with_all_that_happens(full):
    theirs = full.seen_by("haku", None)
    assert 5 <= len(theirs) <= 12
    assert {partner.number for partner in full.partners if "haku" in partner.providers} == {
        number for happening in theirs for number in happening.edition.partners
    }
    people = [one for happening in theirs for contest in happening.contests for one in contest.registrations]
    assert sum(one.also is not None for one in people) > 10
    kinds = Counter(change.kind for one in people for change in one.changes)
    assert {"bib", "person", "also", "removed"} <= kinds.keys()
    keys = [one.key for one in full.present(NOW, provider="haku")]
    assert len(keys) == len(set(keys))
