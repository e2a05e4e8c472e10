"""Haku's quirks: raw tokens, a login that fails with 400, thin lists and a call for each person, categories, two kinds of 429."""

from __future__ import annotations

import base64
import copy
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    ProviderDown,
    ProviderThrottled,
    QuotaUsedUp,
    ReadIncomplete,
    UnexpectedReply,
    UnreadableRow,
)
from sync_jobs.providers.haku import Haku
from sync_jobs.providers.haku.mapping import distance
from sync_jobs.records import Scope
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Answer, Asked, Tokens, access, stand_in
from tests.providers.conftest import read

SECRETS = {"client_id": "client-ü", "client_secret": "hush-client"}
SCOPE = Scope(happening_id="4411", contest_ids=(), timezone="America/Chicago")
EVENT = {
    "id": 4411, "name": "Lakeside Half & 5K 2026", "description": "Two distances", "event_date": "2026-09-20 07:30:00",
    "event_end_date": "2026-09-20 13:00:00", "location_name": "Lakeside Park", "location_city": "Davenport",
    "location_state": "IA", "event_type": "running", "distance": "Half Marathon", "registration_limit": 2500,
    "registration_open_date": "2026-01-05 09:00:00", "registration_close_date": "2026-09-18 23:59:00", "base_price": "45.00",
    "currency": "USD", "status": "active",
}  # fmt: skip
THIN = {
    "registration_number": "R-204518", "person_full_name": "Jonas van der Meer", "email": "jonas@example.com", "age": 42,
    "gender": "Male", "team": {"name": "Riverside Striders"}, "event_category_info": "Half Marathon", "is_cancelled": False,
    "registered_at": "2026-03-02 18:22:41", "transaction_amount": "95.00",
}  # fmt: skip
HALF = {
    "id": 901, "name": "Half Marathon", "master_name": "Run", "is_active": True, "participation_option": "In person",
    "corral_name": "B", "wave_name": "Wave 2", "wave_code": "W2", "tag_number": "1422", "chip_number": None,
    "created_at": "2026-03-02 18:22:41", "updated_at": "2026-08-11 07:01:09",
}  # fmt: skip
FIVE = {**HALF, "id": 902, "name": "5K", "tag_number": 77}
DETAIL = {
    "registration_number": "R-204518", "created_at": "2026-03-02 18:22:41", "updated_at": "2026-08-11 07:01:09",
    "is_cancelled": False, "cancelled_at": None, "transaction_amount": "95.00",
    "participant": {
        "account_number": "A-55120", "source_system_identifier": None, "first_name": "Jonas", "middle_initial": None,
        "last_name": "van der Meer", "email": "jonas@example.com", "phone": "+1 555 0100", "dob": "1984-02-29", "gender": "Male",
        "created_at": "2024-01-01 10:00:00", "updated_at": "2026-03-02 18:20:00",
        "address": {"line1": "12 Mill Lane", "line2": None, "city": "Moline", "state": "IL", "country": "US", "zip_code": "61265"},
        "additional_questions": []},
    "event_categories": [HALF],
    "emergency_contact_name": "Rosa van der Meer", "emergency_contact_phone_number": "+1 555 0101",
    "emergency_contact_relationship": "Spouse", "shirt_size_name": "Medium", "shirt_size_code": "M", "current_pace": None,
    "strava_athlete_identification": None, "formatted_submitted_result_time": None, "fundraising_option": None,
    "fundraised_amount": None, "fundraiser_goal": None, "wants_sms_communications": False, "subscription_number": None,
    "team": None, "entity": None, "club": None, "partner": None, "device": "mobile", "browser": "Safari",
    "browser_version": "18", "os": "iOS", "os_version": "18", "products": [], "additional_questions": [],
}  # fmt: skip
TOKEN = {"access_token": "eyJraWQiOiJzaW0ifQ.sim.sig", "expires_in": 3600, "token_type": "Bearer"}


class Provider:
    """An event whose list and details a test writes by hand."""

    def __init__(self, server) -> None:
        self.server, self.listed, self.details = server, [THIN], {"R-204518": DETAIL}
        server.answer = self.answer

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/oauth2/token":
            return Answer(body=TOKEN)
        if asked.path == "/events":
            return Answer(body=[EVENT] if asked.query["page"] == "1" else [])
        if asked.path.endswith("/participants"):
            at = 25 * (int(asked.query["page"]) - 1)
            return Answer(body=self.listed[at : at + 25])
        found = self.details.get(asked.path.rpartition("/")[2])
        return found if isinstance(found, Answer) else Answer(body=found) if found else Answer(404, {"message": "Not Found"})

    def asked(self, part: str) -> list[Asked]:
        return [asked for asked in self.server.asked if part in asked.path]


@pytest.fixture
def provider():
    with stand_in() as it:
        yield Provider(it)


@pytest.fixture
def adapter(provider):
    made = []

    def make(**changes: object) -> Haku:
        urls = {"HAKU_URL": provider.server.url, "HAKU_AUTH_URL": f"{provider.server.url}/oauth2/token"}
        kept = Tokens({"access_token": "raw.token", "expires_at": NOW.timestamp() + 9999})
        given = {"secrets": SECRETS, "tokens": kept, "timezone": "America/Chicago", **changes}
        made.append(Haku(access(urls, **given)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def people(adapter: Haku, held=None, since=None, cursor=None):
    return read(adapter, adapter.registrations(with_held(held), since, cursor))


def with_held(held=None) -> Scope:
    own = {key[1:]: value for key, value in (held or {}).items() if key[0] == "haku_participants"}
    return Scope(happening_id="4411", contest_ids=(), timezone="UTC", held=own)


def rows(reading):
    return {row["participant_id"]: row for row in reading.tables.get("haku_participants", [])}


def raw(detail=DETAIL, category=HALF, thin=THIN, *, left=False):
    return {"event_id": "4411", "thin": thin, "detail": detail, "category": category, "left": left}


# Signing in


def test_a_token_is_asked_for_with_the_login_in_the_header_and_sent_raw(provider, adapter):
    tokens = Tokens()
    adapter(tokens=tokens).test()
    login, call = provider.server.asked
    assert (login.method, login.path, login.form) == ("POST", "/oauth2/token", {"grant_type": "client_credentials"})
    assert base64.b64decode(login.headers["authorization"].removeprefix("Basic ")).decode() == "client-ü:hush-client"
    assert call.headers["authorization"] == TOKEN["access_token"]
    assert tokens.token["access_token"] == TOKEN["access_token"]


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "unsupported_grant_type"])
def test_a_bad_login_is_told_with_400_and_is_final(provider, adapter, error):
    provider.server.answer = None
    provider.server.give(Answer(400, {"error": error}))
    with pytest.raises(CredentialsRejected):
        adapter(tokens=Tokens()).test()
    assert len(provider.server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_an_old_token_is_renewed_once_whichever_way_it_is_told(provider, adapter, status):
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("authorization") == "raw.token":
            return Answer(status, {"message": "The incoming token has expired"})
        return Provider.answer(provider, asked)

    provider.server.answer = answer
    assert len(rows(people(adapter()))) == 1
    assert len(provider.asked("token")) == 1


@pytest.mark.parametrize(("status", "failure"), [(401, CredentialsRejected), (403, AccessDenied)])
def test_what_a_new_token_does_not_open_stays_shut(provider, adapter, status, failure):
    provider.server.answer = lambda a: Answer(body=TOKEN) if "token" in a.path else Answer(status, {"message": "Forbidden"})
    with pytest.raises(failure):
        people(adapter())
    assert len(provider.server.asked) == 3


# Events


def test_all_events_are_asked_for_twenty_five_at_a_time(provider, adapter):
    list(adapter().discover(None, None))
    assert provider.server.asked[0].query == {
        "page": "1", "per_page": "25", "sort_column": "event_date", "sort_direction": "desc", "show_inactive": "true",
    }  # fmt: skip


def test_an_event_as_the_table_holds_it(provider, adapter):
    made = adapter()
    event = read(made, made.discover(None, None)).tables["haku_events"][0]
    assert (event["event_id"], event["event_name"], event["distance"]) == ("4411", "Lakeside Half & 5K 2026", "Half Marathon")
    assert (event["location"], event["city"], event["state"]) == ("Lakeside Park, Davenport, IA", "Davenport", "IA")
    assert (event["start_date"], event["registration_fee"]) == ("2026-09-20 07:30:00", "45.00")
    assert event["starts_at"] == datetime(2026, 9, 20, 12, 30, tzinfo=UTC)  # local to the venue: the partner's zone


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-09-20 07:30:00", (12, 30)), ("2026-09-20T07:30:00", (12, 30)), ("2026-09-20T12:30:00Z", (12, 30)),
        ("2026-09-20T07:30:00.250", (12, 30)), ("2026-09-20T07:30:00-0500", (12, 30)), ("2026-09-20T07:30:00-05:00", (12, 30)),
        ("2026-09-20", (5, 0)),
    ],
)  # fmt: skip
def test_every_form_of_a_date(adapter, written, instant):
    starts = adapter().values("haku_events", {**EVENT, "event_date": written})["starts_at"]
    assert starts.replace(microsecond=0) == datetime(2026, 9, 20, *instant, tzinfo=UTC)


def test_an_event_that_is_no_race_or_has_no_date_is_kept(adapter):
    values = adapter().values("haku_events", {"id": "77", "name": "VIP Breakfast"})
    assert (values["event_id"], values["event_name"], values["starts_at"]) == ("77", "VIP Breakfast", None)


@pytest.mark.parametrize("body", [{"message": "x"}, {"events": None}, {"participants": []}])
def test_what_is_no_list_is_said_and_not_taken_for_none(provider, adapter, body):
    provider.server.answer = lambda _: Answer(body=body)
    with pytest.raises(UnexpectedReply):
        list(adapter().discover(None, None))


# People


def test_a_person_as_the_table_holds_them(provider, adapter):
    reading = people(adapter())
    row = rows(reading)["R-204518/901"]
    assert (row["registration_number"], row["category_id"], row["category"]) == ("R-204518", "901", "Half Marathon")
    assert (row["first_name"], row["last_name"], row["gender"]) == ("Jonas", "van der Meer", "M")
    assert (row["bib_number"], row["date_of_birth"], row["phone"]) == ("1422", "1984-02-29", "+1 555 0100")
    assert (row["city"], row["state"], row["postal_code"], row["country"]) == ("Moline", "IL", "61265", "US")
    assert (row["team_affiliation"], row["emergency_contact"]) == ("Riverside Striders", "Rosa van der Meer, +1 555 0101")
    assert (row["registration_status"], row["registration_date"]) == ("active", "2026-03-02 18:22:41")
    assert row["amount_paid"] == "95.00"
    assert provider.asked("/participants")[0].query == {
        "page": "1", "per_page": "25", "sort_column": "updated_at", "sort_direction": "desc",
    }  # fmt: skip
    assert [asked.path for asked in provider.asked("/registrations")] == ["/events/4411/registrations/R-204518"]


def test_categories_are_told_before_the_people_and_once(provider, adapter):
    provider.details["R-204518"] = {**DETAIL, "event_categories": [HALF, FIVE]}
    provider.listed = [THIN, {**THIN, "registration_number": 9}]
    provider.details["9"] = {**DETAIL, "event_categories": [FIVE]}
    made = adapter()
    pages = list(made.registrations(SCOPE, None, None))
    assert [page.table for page in pages] == ["haku_categories", "haku_participants", "haku_participants"][: len(pages)]
    told = [made.values("haku_categories", row.raw) for row in pages[0].rows]
    assert [(one["category_id"], one["name"], one["master_name"], one["distance"]) for one in told] == [
        ("901", "Half Marathon", "Run", "13.1 Miles"), ("902", "5K", "Run", "5K"),
    ]  # fmt: skip
    assert {row.key[1] for page in pages[1:] for row in page.rows} == {"R-204518/901", "R-204518/902", "9/902"}
    assert {len(row.digest) for page in pages[1:] for row in page.rows} == {32}


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("Half Marathon", "13.1 Miles"), ("half-marathon walk", "13.1 Miles"), ("Marathon", "26.2 Miles"), ("5K Run", "5K"),
        ("10 km", "10K"), ("1 Mile Walk", "1 Mile"), ("Kids Dash", None), ("Half Mile", None), ("Marathon 10K", "10K"),
        (None, None),
    ],
)  # fmt: skip
def test_a_half_is_no_marathon(name, length):
    assert distance(name) == length


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "active"),
        ({"detail": {**DETAIL, "is_cancelled": True}}, "cancelled"),
        ({"thin": {**THIN, "is_cancelled": True}}, "cancelled"),
        ({"thin": {k: v for k, v in THIN.items() if k != "is_cancelled"}}, "active"),
        ({"category": {**HALF, "is_active": False}}, "inactive"),
        ({"left": True}, "inactive"),
        ({"detail": None, "category": None}, "detail pending"),
    ],
)
def test_who_takes_part(adapter, changes, status):
    assert adapter().values("haku_participants", raw(**changes))["registration_status"] == status


@pytest.mark.parametrize(
    ("written", "gender"), [("Female", "F"), ("m", "M"), ("NON-BINARY", "X"), (None, "M"), ("Agender", "Agender")]
)
def test_genders_are_free_text(adapter, written, gender):
    detail = copy.deepcopy(DETAIL)
    detail["participant"]["gender"] = written
    assert adapter().values("haku_participants", raw(detail))["gender"] == gender


@pytest.mark.parametrize("parts", [{"participant": None}, {"participant": {}}, {"event_categories": None}, {"team": None}])
def test_parts_may_be_null(provider, adapter, parts):
    provider.details["R-204518"] = {**DETAIL, **parts}
    row = next(iter(rows(people(adapter())).values()))
    assert row["last_name"] in {"van der Meer", "Jonas van der Meer"}  # the one name of the list is not split


def test_an_address_may_be_null_and_a_chip_is_no_bib(adapter):
    detail = copy.deepcopy(DETAIL)
    detail["participant"]["address"] = None
    row = adapter().values("haku_participants", raw(detail, {**HALF, "tag_number": None, "chip_number": "CH-1"}))
    assert (row["city"], row["bib_number"]) == (None, None)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"thin": {**THIN, "registered_at": "yesterday"}}, "registered_at"),
        ({"thin": {**THIN, "is_cancelled": "perhaps"}}, "is_cancelled"),
    ],
)
def test_what_cannot_be_read_names_its_field(adapter, changes, named):
    with pytest.raises(UnreadableRow) as caught:
        adapter().values("haku_participants", raw(**changes))
    assert caught.value.field == named


def test_that_nobody_says_whether_they_cancelled_is_noted(provider, adapter):
    made = adapter()
    provider.listed = [{k: v for k, v in THIN.items() if k != "is_cancelled"}]
    people(made)
    assert made.never_sent == {"registration_status"}
    provider.listed = [THIN]
    people(made)
    assert made.never_sent == frozenset()


# What is asked for


def test_the_unchanged_cost_no_call_and_their_rows_are_the_same(provider, adapter):
    provider.details["R-204518"] = {**DETAIL, "event_categories": [HALF, FIVE]}
    first = people(adapter())
    held = first.digests
    before = len(provider.asked("/registrations"))
    second = people(adapter(), held, since=NOW)
    assert len(provider.asked("/registrations")) == before
    assert second.digests == {k: v for k, v in held.items() if k[0] == "haku_participants"}
    provider.listed = [{**THIN, "age": 43}]
    people(adapter(), held, since=NOW)
    assert len(provider.asked("/registrations")) == before + 1


def test_a_whole_reading_asks_for_every_detail_and_sees_what_the_list_does_not_show(provider, adapter):
    held = people(adapter()).digests
    provider.details["R-204518"] = {**DETAIL, "event_categories": [{**HALF, "tag_number": "9"}]}
    assert people(adapter(), held, since=NOW).digests == {k: v for k, v in held.items() if k[0] == "haku_participants"}
    whole = people(adapter(), held)
    assert rows(whole)["R-204518/901"]["bib_number"] == "9"
    assert whole.digests != held


def test_who_moved_to_another_category_leaves_the_first(provider, adapter):
    held = people(adapter()).digests
    provider.listed, provider.details["R-204518"] = [{**THIN, "age": 43}], {**DETAIL, "event_categories": [FIVE]}
    reading = people(adapter(), held, since=NOW)
    assert {key: row["registration_status"] for key, row in rows(reading).items()} == {
        "R-204518/901": "inactive", "R-204518/902": "active",
    }  # fmt: skip
    again = people(adapter(), reading.digests)  # a whole one: the old row stays, unchanged
    assert (
        again.digests["haku_participants", "4411", "R-204518/901"] == reading.digests["haku_participants", "4411", "R-204518/901"]
    )


def test_of_a_category_that_is_there_twice_the_active_one_counts(provider, adapter):
    provider.details["R-204518"] = {**DETAIL, "event_categories": [{**HALF, "is_active": False}, HALF]}
    assert rows(people(adapter()))["R-204518/901"]["registration_status"] == "active"


def test_both_forms_of_a_transfer(provider, adapter):
    held = people(adapter()).digests
    other = copy.deepcopy(DETAIL)
    other["participant"]["first_name"] = "Rosa"
    provider.listed, provider.details["R-204518"] = [{**THIN, "person_full_name": "Rosa van der Meer"}], other
    assert rows(people(adapter(), held, since=NOW))["R-204518/901"]["first_name"] == "Rosa"
    provider.listed = [{**THIN, "is_cancelled": True}, {**THIN, "registration_number": "R-9"}]
    provider.details["R-9"] = {**DETAIL, "registration_number": "R-9"}
    found = rows(people(adapter(), held, since=NOW))
    assert {key: row["registration_status"] for key, row in found.items()} == {"R-204518/901": "cancelled", "R-9/901": "active"}
    assert found["R-204518/901"]["bib_number"] == "1422"


# Details that do not come


@pytest.mark.parametrize(
    "answer", [None, Answer(body=[]), Answer(500, {"message": "Internal server error"}), Answer(403, {"message": "Forbidden"})]
)
def test_a_detail_that_does_not_come_leaves_the_line_of_the_list(provider, adapter, answer):
    provider.listed = [THIN, {**THIN, "registration_number": "R-9"}]
    provider.details = {"R-204518": answer, "R-9": DETAIL}
    reading = people(adapter())
    assert {key: row["registration_status"] for key, row in rows(reading).items()} == {
        "R-204518": "detail pending",
        "R-9/901": "active",
    }
    assert rows(reading)["R-204518"]["last_name"] == "Jonas van der Meer"
    assert [(row.key, row.field) for row in reading.aside] == [("4411/R-204518", "detail")]
    provider.details["R-204518"] = DETAIL
    later = people(adapter(), reading.digests, since=NOW)  # asked for again though the line is unchanged
    assert rows(later)["R-204518/901"]["registration_status"] == "active"
    assert rows(later)["R-204518"]["registration_status"] == "inactive"


def test_what_we_hold_of_a_person_outlives_a_detail_that_does_not_come(provider, adapter):
    held = people(adapter()).digests
    provider.listed, provider.details = [{**THIN, "age": 43}], {}
    reading = people(adapter(), held, since=NOW)
    assert reading.digests == {k: v for k, v in held.items() if k[0] == "haku_participants"}
    provider.details = {"R-204518": DETAIL}
    assert people(adapter(), held, since=NOW).digests != reading.digests


def test_a_category_without_an_id_sets_its_person_aside(provider, adapter):
    provider.details["R-204518"] = {**DETAIL, "event_categories": [{"name": "5K"}]}
    assert [row.field for row in people(adapter()).aside] == ["event_categories.id"]


def numbered(many: int):
    return [{**THIN, "registration_number": f"R-{n}"} for n in range(many)]


def test_details_that_fail_one_after_the_other_are_the_providers_trouble(provider, adapter):
    provider.listed = numbered(10)
    provider.details = {f"R-{n}": DETAIL if n < 4 else Answer(503, {"message": "Service Unavailable"}) for n in range(10)}
    pages = adapter().registrations(SCOPE, None, None)
    told, done = next(pages), next(pages)
    assert (told.table, done.cursor["done"]) == ("haku_categories", [f"R-{n}" for n in range(6)])
    with pytest.raises(ProviderDown):
        next(pages)
    provider.details = {f"R-{n}": DETAIL for n in range(10)}
    rest = people(adapter(), cursor=done.cursor)
    assert set(rows(rest)) == {f"R-{n}/901" for n in range(6, 10)}


class Budget:
    """So many calls, then the quota is used up."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    @contextmanager
    def call(self):
        if self.left == 0:
            raise QuotaUsedUp("pace", "quota", until=NOW + timedelta(hours=1))
        self.left -= 1
        yield

    def wait_until(self, until: datetime) -> None:
        """Nobody waits."""


def test_a_reading_that_the_quota_stops_goes_on_where_it_was(provider, adapter):
    provider.listed = numbered(60)
    provider.details = {f"R-{n}": DETAIL for n in range(60)}
    cursor, seen, held, attempts = None, [], {}, 0
    while True:
        attempts += 1
        made = adapter(limiter=Budget(20))
        try:
            for page in made.registrations(with_held(held), None, cursor):
                cursor = page.cursor
                if page.table == "haku_participants":
                    seen += [row.key for row in page.rows]
                    held |= {(page.table, *row.key): row.digest for row in page.rows}
            break
        except QuotaUsedUp:
            assert cursor is not None
    assert sorted(seen) == sorted(("4411", f"R-{n}/901") for n in range(60))  # everybody, and nobody twice
    assert len(provider.asked("/registrations")) == 60
    assert attempts == 4


@pytest.mark.parametrize(("message", "hours"), [("Too Many Requests", None), ("Limit Exceeded", 1)])
def test_two_kinds_of_429(provider, adapter, message, hours):
    provider.server.answer = lambda _: Answer(429, {"message": message})
    with pytest.raises(ProviderThrottled) as caught:
        people(adapter())
    assert caught.value.until == (hours and NOW + timedelta(hours=hours))
    assert len(provider.server.asked) == (1 if hours else 3)


# Pages


@pytest.mark.parametrize(("many", "lists"), [(0, 1), (25, 2), (50, 4), (60, 4)])
def test_the_ends_of_lists(provider, adapter, many, lists):
    provider.listed = numbered(many)
    provider.details = {f"R-{n}": DETAIL for n in range(many)}
    assert len(rows(people(adapter()))) == many
    assert len(provider.asked("/participants")) == lists


def test_a_page_without_effect_is_an_incomplete_reading(provider, adapter):
    provider.server.answer = lambda a: Answer(body=numbered(25) if "participants" in a.path else DETAIL)
    with pytest.raises(ReadIncomplete):
        people(adapter())


def world(each=60, **given):
    return World.regular(anchor=NOW, editions=1, contests=1, each=each, provider="haku", **given)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("drift", None), ("wrapped", None), ("no_cancel_flag", None), ("bare_rows", None), ("null_parts", None),
        ("big_pages", "refused"), ("big_pages", "given"), ("takes_bearer", None), ("page_cap", 10), ("short_token", 30),
        *(("date_form", form) for form in ("t", "zulu", "fraction", "offset", "day")),
    ],
)  # fmt: skip
def test_the_simulated_switches_lose_nobody(kind, value):
    made = world()
    with servers.start(made, clock=lambda: NOW) as running:
        running.faults.add(kind, value)
        adapter = Haku(access(running.urls, secrets=running.credentials(1, "haku")))
        uid = made.happenings[0].uid
        reading = read(adapter, adapter.registrations(Scope(happening_id=uid, contest_ids=(), timezone="UTC"), None, None))
        adapter.close()
    assert set(rows(reading)) == {one.key for one in made.present(NOW)}
    assert reading.aside == []


def test_a_number_may_be_a_number():
    made = world(each=3)
    with servers.start(made, clock=lambda: NOW) as running:
        running.faults.add("numbers")
        adapter = Haku(access(running.urls, secrets=running.credentials(1, "haku")))
        uid = made.happenings[0].uid
        reading = read(adapter, adapter.registrations(Scope(happening_id=uid, contest_ids=(), timezone="UTC"), None, None))
        adapter.close()
    assert {f"R-{key}" for key in rows(reading)} == {one.key for one in made.present(NOW)}


def test_a_reading_crosses_the_end_of_a_token():
    made, clock = world(), [NOW]

    def tick() -> datetime:
        clock[0] += timedelta(seconds=1)
        return clock[0]

    with servers.start(made, clock=lambda: clock[0]) as running:
        running.faults.add("short_token", 30)
        adapter = Haku(access(running.urls, secrets=running.credentials(1, "haku"), now=tick))
        uid = made.happenings[0].uid
        reading = read(adapter, adapter.registrations(Scope(happening_id=uid, contest_ids=(), timezone="UTC"), None, None))
        adapter.close()
        assert running.requests.count("haku", "oauth2") > 2
    assert len(rows(reading)) == 60
