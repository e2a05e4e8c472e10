"""The simulated Copernico has the real one's doors, words and oddities, and a reading of it finds what is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from sync_jobs.errors import ProviderDown, ReadIncomplete, SetUpWrongly
from sync_jobs.kit import durations
from sync_jobs.providers.copernico import Copernico
from sync_jobs.records import Scope, StartListEntry
from sync_jobs.sandbox import copernico_ids as ids
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.kit.standin import access

ATHLETE = {
    "id", "name", "surname", "fullName", "gender", "birthdate", "nationality", "club", "document", "e-mail", "phone", "box",
    "color", "featured", "importId", "user_id", "locations", "CITY", "STATE", "registrationStatus", "events",
}  # fmt: skip
EVENT = {
    "event", "dorsal", "chip", "team", "team_type", "category", "attributes", "auto_category", "auto_chip", "status", "realStatus",
    "gunTime", "gunTimeMode", "gunTimeModeConfig", "waveTime", "startTime", "startNetTime", "startRawTime", "distance",
    "splitsSeen", "splitsMissing", "maxConsecutiveSplitsMissing", "last_split_seen", "issuesCount", "penalties", "mst",
    "custom-rankings", "predictive", "times", "rankings",
}  # fmt: skip
WORDS = {"not_seen": "notstarted", "dq": "dsq"}
OURS = {"dq": "dq", "dnf": "dnf", "finished": "finished", "running": "running"}


class Timer:
    """A partner who scores at Copernico, with a browser and with our adapter."""

    def __init__(self, running, client_session, clock):
        self.running, self.session, self.clock = running, client_session, clock
        self.secrets = running.credentials(1, "copernico")
        self.made = []

    @property
    def race(self):
        return self.running.scoring.happenings("copernico", 1)[0]

    def get(self, path, **headers):
        return self.session.get(
            self.running.urls["COPERNICO_URL"] + path, headers={"x-api-key": self.secrets["api_key"], **headers}
        )

    def data(self, path):
        return self.get(path).json()["data"]

    def export(self, event=None, preset=ids.PRESET, login=None):
        event = event or self.race.contests[0].name
        path = f"/races/{self.race.uid}/preset/{login or self.secrets['preset_login']}:::{preset}/{event}"
        return self.session.get(self.running.urls["COPERNICO_URL"] + path)

    def post(self, people, race=None, **headers):
        url = f"{self.running.urls['COPERNICO_PUSH_URL']}/race-registrations/{race or ids.race_id(self.race)}"
        return self.session.post(url, json=people, headers={"x-api-key": self.secrets["api_key"], **headers})

    def adapter(self, *, export=True):
        hidden = () if export else ("preset_login", "preset_name")
        secrets = {name: value for name, value in self.secrets.items() if name not in hidden}
        self.made.append(Copernico(access(self.running.urls, secrets=secrets, call_timeout=5.0, now=self.clock)))
        return self.made[-1]

    def scope(self, **changes):
        names = tuple(contest.name for contest in self.race.contests)
        return Scope(happening_id=self.race.uid, contest_ids=names, timezone="UTC", **changes)

    def results(self, *, export=True):
        adapter = self.adapter(export=export)
        pages = list(adapter.results(self.scope(), None))
        return {row.key: adapter.values(page.table, row.raw) for page in pages for row in page.rows}

    def entries(self):
        adapter = self.adapter()
        return {
            row.key[1]: adapter.values(page.table, row.raw) for page in adapter.entries(self.scope(), None) for row in page.rows
        }

    def after_start(self, clock, **later):
        clock.now = datetime.fromtimestamp(min(contest.starts_at for contest in self.race.contests), UTC) + timedelta(**later)

    def fault(self, kind, value=None, **which):
        self.running.faults.add(kind, value, provider="copernico", **which)


@pytest.fixture
def timer(clock):
    world = World.regular(anchor=NOW, editions=2, contests=2, each=60, provider="copernico")
    with servers.start(world, clock=clock) as running, requests.Session() as session:
        timer = Timer(running, session, clock)
        yield timer
        for adapter in timer.made:
            adapter.close()


# The keyed API


def test_a_wrong_key_is_the_gateways_forbidden(timer):
    for key in ("", "wrong"):
        reply = timer.get("/races", **{"x-api-key": key})
        assert (reply.status_code, reply.json()) == (403, {"message": "Forbidden"})


def test_races_and_athletes_are_ids_or_objects(timer):
    slugs, people = timer.data("/races"), timer.data(f"/races/{timer.race.uid}/athletes")
    assert (len(slugs), len(people)) == (2, 120)
    assert all(isinstance(one, str) for one in [*slugs, *people])
    timer.fault("objects")
    assert [one["slug"] for one in timer.data("/races")] == slugs
    assert [one["id"] for one in timer.data(f"/races/{timer.race.uid}/athletes")] == people


def test_an_athlete_has_copernicos_words(timer, clock):
    timer.after_start(clock, hours=3)
    uid = timer.data(f"/races/{timer.race.uid}/athletes")[0]
    found = timer.data(f"/races/{timer.race.uid}/athlete/{uid}/full")
    assert found.keys() == ATHLETE
    assert found["events"][0].keys() == EVENT
    assert found == timer.data(f"/races/{timer.race.uid}/athlete/{uid}")


def test_the_numbers_obey_the_rules_that_were_recorded(timer, clock):
    timer.after_start(clock, hours=3)
    finished = 0
    for uid in timer.data(f"/races/{timer.race.uid}/athletes"):
        event = timer.data(f"/races/{timer.race.uid}/athlete/{uid}/full")["events"][0]
        if event["status"] != "finished":
            assert event["rankings"] == {}
            continue
        finished, last, rank = finished + 1, event["times"]["Finish"], event["rankings"]["Finish"]
        assert event["startRawTime"] - event["waveTime"] == event["startTime"] == event["startNetTime"]
        assert last["rawTime"] - event["waveTime"] == last["time"] == rank["time"]
        assert last["time"] - event["startTime"] == last["netTime"] == rank["net"]
        assert datetime.fromisoformat(event["gunTime"]).timestamp() * 1000 == event["waveTime"]
        assert event["gunTime"].endswith("Z")
        assert min(rank[name] for name in ("pos", "posNet")) > 0
    assert finished > 90


def test_demo_has_another_shape(timer):
    timer.fault("demo")
    uid = timer.data(f"/races/{timer.race.uid}/athletes")[0]
    short, full = (timer.data(f"/races/{timer.race.uid}/athlete/{uid}{ending}") for ending in ("", "/full"))
    assert "events" not in short
    assert (short["event"], short["dorsal"]) == (full["events"][0]["event"], full["events"][0]["dorsal"])
    assert "importId" not in full


def test_failures_hide_in_a_good_status(timer):
    for path in ("/races/nothing", f"/races/{timer.race.uid}/athlete/FFFFFFFF/full", f"/races/{timer.race.uid}/athlete/x/full"):
        assert timer.get(path).json() == {"result": {"code": 1, "message": ""}, "data": {}}
    timer.fault("error", 7)
    reply = timer.get("/races")
    assert (reply.status_code, reply.json()["result"]["code"]) == (200, 7)
    with pytest.raises(ProviderDown):
        timer.adapter().test()


def test_foreign_races_are_not_there(full, clock):
    with servers.start(full, clock=clock) as running, requests.Session() as session:
        mine, other = Timer(running, session, clock), running.scoring.happenings("copernico", 3)[0]
        assert other.uid not in mine.data("/races")
        assert mine.get(f"/races/{other.uid}").json()["result"]["code"] == 1
        assert mine.post([], race=ids.race_id(other)).status_code == 404


# The export


def test_the_export_wants_no_key_but_an_exact_address(timer):
    rows = timer.export().json()
    assert len(rows) == 60
    assert rows[0]["times.official_:::finish:::"] is None
    assert timer.export(preset="hub results").status_code == 404
    assert timer.export(login="nobody@example.com").status_code == 404
    assert timer.export(event="Nowhere").json() == []


def test_the_switches_of_the_export(timer, clock):
    timer.after_start(clock, hours=3)
    plain = timer.export().json()
    one = next(row for row in plain if row["status"] == "finished")
    assert isinstance(one["dorsal"], int)
    assert isinstance(one["times.official_:::finish:::"], int)
    for kind, check in {
        "wrapped": lambda body: body["data"] == plain and body["gunTime"],
        "text_bibs": lambda body: {type(row["dorsal"]) for row in body} == {str},
        "float_times": lambda body: any(isinstance(row["times.official_:::finish:::"], float) for row in body),
        "no_ids": lambda body: not any("id" in row for row in body),
        "no_start": lambda body: not any(row["startRawTime"] or row["times.real_:::finish:::"] for row in body),
    }.items():
        timer.running.faults.clear()
        timer.fault(kind)
        assert check(timer.export().json()), kind


def test_an_answer_may_be_packed_or_encoded_twice(timer):
    plain = timer.export().json()
    timer.fault("packed")
    assert timer.export().json() == plain
    timer.running.faults.clear()
    timer.fault("mojibake")
    assert timer.export().json() != plain


@pytest.mark.parametrize(
    ("kind", "value", "failure"),
    [
        ("too_large", 413, SetUpWrongly),
        ("too_large", 502, ProviderDown),
        ("status", 504, ProviderDown),
        ("forbidden", None, SetUpWrongly),
    ],
)
def test_how_an_export_fails(timer, kind, value, failure):
    timer.fault(kind, value, path="preset")
    with pytest.raises(failure):
        timer.results()


# What a reading finds


def truth(timer):
    found = {}
    for one in timer.running.scoring.results(timer.race, timer.clock()):
        if one.known.status != "not_seen":
            found[f"{timer.race.uid}/{one.entry.contest.name}", one.entry.uid] = one
    return found


def same(found, true):
    assert found.keys() == true.keys()
    for key, one in true.items():
        row = found[key]
        assert row["status"] == OURS[one.known.status]
        times = [None if ms is None else durations.written(ms) for ms in (one.known.gun_ms, one.known.chip_ms)]
        assert [row["total_time"], row["net_time"]] == times
        assert row["overall_position"] == (None if one.rank is None else str(one.rank))
        assert row["bib_number"] == one.entry.bib


@pytest.mark.parametrize("minutes", [-10, 1, 20, 35, 180])
@pytest.mark.parametrize("export", [True, False])
def test_a_race_day_unfolds_and_every_reading_is_true(timer, clock, minutes, export):
    timer.after_start(clock, minutes=minutes)
    found = timer.results(export=export)
    same(found, truth(timer))
    assert (minutes < 0) == (not found)


@pytest.mark.parametrize("kind", ["packed", "mojibake", "wrapped", "float_times", "text_bibs", "script", "technical"])
@pytest.mark.parametrize("export", [True, False])
def test_oddities_change_nothing_of_what_is_found(timer, clock, kind, export):
    timer.after_start(clock, hours=3)
    timer.fault(kind, 3 if kind == "technical" else None)
    same(timer.results(export=export), truth(timer))
    if kind in {"mojibake", "technical"}:
        assert timer.made[-1].notices["repaired" if kind == "mojibake" else kind] > 0


def test_without_ids_people_are_known_by_their_bibs(timer, clock):
    timer.after_start(clock, hours=3)
    timer.fault("no_ids")
    assert {key[1] for key in timer.results()} == {f"bib:{one.entry.bib}" for one in truth(timer).values()}


def test_a_time_that_is_taken_back_is_gone(timer, clock):
    timer.after_start(clock, hours=3)
    before = timer.results()
    timer.fault("revoked", 4)
    found = timer.results()
    assert found.keys() == before.keys()
    changed = [key for key in found if found[key] != before[key]]
    assert {(found[key]["status"], found[key]["total_time"], found[key]["overall_position"]) for key in changed} == {
        ("running", None, None)
    }
    assert len(changed) == 8  # of each event


def test_no_start_leaves_the_official_time(timer, clock):
    timer.after_start(clock, hours=3)
    timer.fault("no_start")
    for export in (True, False):
        rows = [row for row in timer.results(export=export).values() if row["status"] == "finished"]
        assert rows
        assert all(row["total_time"] and row["net_time"] is None for row in rows)


def test_an_empty_answer_is_no_answer(timer, clock):
    timer.after_start(clock, hours=3)
    held = dict.fromkeys(timer.results(), b"")
    timer.fault("empty")
    for read in (timer.adapter().results, timer.adapter(export=False).results, timer.adapter().entries):
        with pytest.raises(ReadIncomplete):
            list(read(timer.scope(held=held), None))


def test_who_vanished_is_not_listed(timer):
    before = timer.entries()
    timer.fault("missing", 2)
    assert len(timer.entries()) == len(before) - 2


def test_events_of_a_race_that_says_nothing_are_found_among_its_people(timer):
    timer.fault("bare_race")
    adapter = timer.adapter()
    pages = list(adapter.discover(None, None))
    found = {row.key[0] for page in pages for row in page.rows}
    assert {f"{timer.race.uid}/{contest.name}" for contest in timer.race.contests} <= found
    starts = {adapter.values(page.table, row.raw)["starts_at"] for page in pages for row in page.rows}
    assert datetime.fromtimestamp(timer.race.contests[0].starts_at, UTC) in starts


# Sending


def line(timer, number, **changes):
    contest = timer.race.contests[0].name
    given = {
        "external_id": f"rsu:{number}", "entry_key": None, "contest_id": contest, "contest_name": contest, "first_name": "Zoë",
        "last_name": f"Núñez {number}", "gender": "F", "born": None, "bib": str(number), "email": None, "city": None, "state": None,
        "country": None, "team": None, **changes,
    }  # fmt: skip
    return StartListEntry(**given)


def push(timer, *lines):
    return list(timer.adapter().push_entries(timer.scope(), lines))


def found_by(timer, external):
    return [row for row in timer.entries().values() if row["external_id"] == external]


def test_who_is_sent_stands_on_the_list_and_is_changed_by_the_same_id(timer):
    assert [one.accepted for one in push(timer, line(timer, 900), line(timer, 901))] == [True, True]
    one = found_by(timer, "rsu:900")[0]
    assert (one["first_name"], one["last_name"], one["bib_number"], one["gender"]) == ("Zoë", "Núñez 900", "900", "female")
    push(timer, line(timer, 900, bib="77"))
    assert [row["bib_number"] for row in found_by(timer, "rsu:900")] == ["77"]


def test_somebody_who_was_there_before_is_changed_by_their_own_id_and_linked(timer):
    one = next(iter(timer.entries().values()))
    push(timer, line(timer, 900, entry_key=one["participant_id"], last_name="Renamed"))
    changed = timer.entries()[one["participant_id"]]
    assert (changed["last_name"], changed["external_id"]) == ("Renamed", "rsu:900")
    assert len(timer.entries()) == 120


def test_who_withdrew_is_marked_and_does_not_run(timer, clock):
    push(timer, line(timer, 900), line(timer, 901))
    push(timer, line(timer, 900, withdrawn=True))
    assert found_by(timer, "rsu:900")[0]["registration_status"] == "cancelled"
    timer.after_start(clock, hours=3)
    assert "900" not in {row["bib_number"] for row in timer.results().values()}


@pytest.mark.parametrize(
    ("mode", "twice"), [("upsert", True), ("empty", True), ("duplicate", True), ("reject", False), ("code", False)]
)
def test_what_is_assumed_about_an_id_that_is_there_is_a_switch(timer, mode, twice):
    push(timer, line(timer, 900))
    timer.fault("push_mode", mode)
    told = push(timer, line(timer, 900), line(timer, 901))
    assert told[0].accepted == twice
    assert told[1].accepted == (mode != "code")
    assert len(found_by(timer, "rsu:900")) == (2 if mode == "duplicate" else 1)


@pytest.mark.parametrize("given", ["{}", "[1]", "[{}]", "oops"])
def test_what_is_no_list_of_people_is_refused(timer, given):
    url = f"{timer.running.urls['COPERNICO_PUSH_URL']}/race-registrations/{ids.race_id(timer.race)}"
    reply = timer.session.post(url, data=given, headers={"x-api-key": timer.secrets["api_key"]})
    assert reply.status_code == 400 or (given == "{}" and reply.status_code == 200)


def test_sending_goes_by_the_other_id_of_a_race(timer):
    assert timer.post([], race=timer.race.uid).status_code == 404
    assert timer.post([], **{"x-api-key": "wrong"}).status_code == 403


def test_who_is_sent_to_an_event_with_waves_stands_in_none(full, clock):
    with servers.start(full, clock=clock) as running, requests.Session() as session:
        waved = next(
            h
            for h in running.scoring.happenings("copernico")
            if any(len(c.waves) > 1 for c in h.contests) and h.edition.phase == "today"
        )
        timer = Timer(running, session, clock)
        timer.secrets = running.credentials(waved.edition.partners[0], "copernico")
        contest = next(c for c in waved.contests if len(c.waves) > 1)
        scope = Scope(happening_id=waved.uid, contest_ids=tuple(c.name for c in waved.contests), timezone="UTC")
        list(timer.adapter().push_entries(scope, [line_in(contest)]))
        adapter = timer.adapter()
        assert any(row.raw["person"].get("importId") == "rsu:1" for page in adapter.entries(scope, None) for row in page.rows)
        assert adapter.notices["without_wave"] >= 1
        clock.now = datetime.fromtimestamp(waved.starts_at, UTC) + timedelta(hours=8)
        bibs = {adapter.values(page.table, row.raw)["bib_number"] for page in adapter.results(scope, None) for row in page.rows}
        assert "99001" not in bibs
        for one in timer.made:
            one.close()


def line_in(contest):
    return StartListEntry(
        external_id="rsu:1", entry_key=None, contest_id=contest.name, contest_name=contest.name, first_name="Ada",
        last_name="Sample", gender="F", born=None, bib="99001", email=None, city=None, state=None, country=None, team=None,
    )  # fmt: skip


def test_the_import_file_can_be_loaded(timer):
    file = timer.adapter().import_file(timer.scope(), [line(timer, 900), line(timer, 901)])
    given = {"provider": "copernico", "event": timer.race.uid, "csv": file.content.decode()}
    told = timer.session.post(f"{timer.running.base}/_sandbox/load_entries", json=given).json()
    assert told == {"made": 2, "changed": 0, "refused": []}
    assert found_by(timer, "rsu:901")[0]["last_name"] == "Núñez 901"


def test_a_failure_of_sending_has_a_class(timer):
    timer.fault("status", 500)
    (told,) = push(timer, line(timer, 900))
    assert (told.accepted, type(told.failure)) == (False, ProviderDown)
