"""Faults on demand, the journal and the control address, through real sockets."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from sync_jobs.sandbox import servers
from sync_jobs.sandbox.faults import KINDS
from sync_jobs.sandbox.journal import Journal, Noted
from sync_jobs.sandbox.talk import Asked
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.sandbox.conftest import Client

PEOPLE = "/race/70001/participants"


def ask(client, **query):
    return client.runsignup_reply(PEOPLE, event_id=80001, **query)


def ids(reply):
    return [row.get("registration_id") for row in reply.json()[0]["participants"]]


def test_a_fault_strikes_the_calls_that_it_is_meant_for(even):
    even.running.faults.add("status", 500, provider="runsignup", path="participants", after=1, calls=1)
    assert [ask(even).status_code for _ in range(3)] == [200, 500, 200]
    assert even.runsignup("/races")["races"]


def test_a_fault_can_be_for_one_partner(client):
    client.running.faults.add("unauthorized", partner=2)
    assert "error" not in client.runsignup("/races")
    client.partner = 2
    assert client.runsignup("/races")["error"]["error_code"] == 6


def test_a_fault_ends_at_an_instant_or_when_taken_back(even, clock):
    number = even.running.faults.add("html", until=NOW.replace(hour=16))
    assert ask(even).headers["Content-Type"].startswith("text/html")
    clock.forward(hours=2)
    assert ask(even).headers["Content-Type"] == "application/json"
    other = even.running.faults.add("html")
    even.running.faults.clear(number)
    assert ask(even).text.startswith("<!DOCTYPE")
    even.running.faults.clear(other)
    assert ask(even).json()


def test_an_unknown_fault_is_refused(even):
    with pytest.raises(ValueError, match="There is no fault"):
        even.running.faults.add("gremlins")


@pytest.mark.parametrize("kind", ["cut", "refused"])
def test_a_broken_line(even, kind):
    even.running.faults.add(kind, calls=1)
    with pytest.raises(requests.RequestException):
        ask(even)
    assert len(ids(ask(even))) == 30


def test_throttling(even):
    even.running.faults.add("throttled", 7, calls=1)
    even.running.faults.add("status_429", after=1, calls=1)
    first, second = ask(even), ask(even)
    assert (first.status_code, first.headers["Retry-After"], first.json()["error"]["error_code"]) == (200, "7", 14)
    assert (second.status_code, "Retry-After" in second.headers) == (429, False)


def test_throttling_at_race_roster(client):
    client.raceroster("/events")
    client.running.faults.add("throttled", 3, provider="raceroster", calls=1)
    reply = client.raceroster("/events")
    assert (reply.status_code, reply.headers["Retry-After"], reply.json()["code"]) == (429, "3", 429)


def test_paging_faults(even):
    even.running.faults.add("page_cap", 10)
    assert len(ids(ask(even, results_per_page=2500))) == 10
    even.running.faults.add("ignore_offset")
    assert ids(ask(even, page=1)) == ids(ask(even, page=2))
    even.running.faults.clear()
    even.running.faults.add("empty")
    assert ids(ask(even)) == []


def test_rows_that_nobody_can_read(even):
    even.running.faults.add("unreadable", 3)
    rows = ask(even).json()[0]["participants"]
    assert "registration_id" not in rows[0]
    assert rows[1]["age"] == "abc"
    assert rows[2]["registration_date"].startswith("13/45")
    assert isinstance(rows[3]["age"], int)


def test_shapes_of_the_answer(even):
    even.running.faults.add("as_object", calls=1)
    assert isinstance(ask(even).json(), dict)
    even.running.faults.add("empty")
    even.running.faults.add("no_inner")
    assert "participants" not in ask(even).json()[0]


def test_tokens_can_be_made_void_and_short(client, clock):
    client.raceroster("/events")
    client.running.faults.add("expire", calls=1)
    assert client.raceroster("/events").status_code == 401
    client.running.faults.add("short_token", 60)
    lent = client.login().json()["data"][0]
    client.session.headers["Authorization"] = f"Bearer {lent['access_token']}"
    assert (lent["expires_in"], client.raceroster("/events").status_code) == (60, 200)
    clock.forward(seconds=61)
    assert client.raceroster("/events").status_code == 401


def test_a_slow_answer_takes_its_time_and_others_do_not_wait(even):
    even.running.faults.add("slow", 1000, path="participants", calls=1)
    slow = threading.Thread(target=ask, args=(Client(even.running, session=even.session),))
    began = time.monotonic()
    slow.start()
    with requests.Session() as other:
        assert other.get(even.running.urls["RUNSIGNUP_URL"] + "/races", params={"format": "json"}).ok
    assert slow.is_alive()
    slow.join()
    assert time.monotonic() - began >= 1


def test_latency_holds_for_every_call(clock):
    with servers.start(World.regular(anchor=NOW, editions=1, contests=1, each=1), latency_ms=60, clock=clock) as running:
        began = time.monotonic()
        assert requests.get(running.urls["RUNSIGNUP_URL"] + "/races", params={"format": "json"}, timeout=5).ok
        assert time.monotonic() - began >= 0.06


def test_the_journal_counts_and_hides_secrets(even):
    ask(even)
    even.runsignup("/races")
    noted = even.running.requests.matching("runsignup", "participants", 1)
    assert len(noted) == even.running.requests.count(path="participants") == 1
    told = even.session.get(f"{even.running.base}/_sandbox/requests").json()
    assert told["counts"] == {"runsignup /rest/race/70001/participants": 1, "runsignup /rest/races": 1}
    shown = even.session.get(f"{even.running.base}/_sandbox/requests").text
    assert not any(secret in shown for secret in even.running.credentials(1, "runsignup").values())
    even.control("requests/clear")
    assert len(even.running.requests) == 0


def test_the_journal_knows_how_many_came_at_once(even):
    even.running.faults.add("slow", 1000, calls=3)
    callers = [threading.Thread(target=ask, args=(Client(even.running),)) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert even.running.requests.most_at_once("runsignup", 1) == 3


def test_faults_by_http(even):
    number = even.control("faults", kind="status", value=503, provider="runsignup", calls=1, seconds=60).json()["number"]
    assert even.session.get(f"{even.running.base}/_sandbox/faults").json()["faults"][0]["number"] == number
    assert ask(even).status_code == 503
    even.control("faults/clear")
    assert even.session.get(f"{even.running.base}/_sandbox/faults").json()["faults"] == []
    assert even.control("faults", kind="status", colour="red").status_code == 400
    assert even.control("faults", kind="gremlins").status_code == 400


def test_people_by_http(client):
    told = client.control("register", first_name="Zoë", last_name="Okeke", partner=1).json()
    assert told["first_name"] == "Zoë"
    changed = client.control("change", registration=told["registration"], bib=4711).json()
    assert changed["bib"] == 4711
    row = next(
        r for r in client.people(70001, told["contest"], results_per_page=2500) if r["registration_id"] == told["registration"]
    )
    assert (row["user"]["last_name"], row["bib_num"], row["chip_num"]) == ("Okeke", 4711, "4711")
    assert client.control("remove", registration=1).status_code == 400
    assert client.control("register", contest=1).status_code == 400


def test_somebody_added_is_seen_at_once_though_the_list_was_just_read(even):
    before = ids(ask(even))
    added = even.control("register", contest=80001).json()["registration"]
    assert set(ids(ask(even))) - set(before) == {added}


def test_somebody_added_stands_last(client):
    first = client.control("register", contest=80001).json()["registration"]
    second = client.control("register", contest=80001).json()["registration"]
    rows = client.people(70001, 80001, results_per_page=2500, sort="registration_id ASC")
    assert [row["registration_id"] for row in rows[-2:]] == [first, second]


def test_the_control_address_wants_json_and_its_own_machine(client):
    assert client.session.post(f"{client.running.base}/_sandbox/register", data="{}").status_code == 400
    away = Asked(method="POST", path="/register", query={}, headers={}, body=b"{}", client="192.0.2.7", now=NOW)
    assert client.running.control.answer(away).status == 403


def test_the_control_address_says_what_there_is(client):
    told = client.session.get(f"{client.running.base}/_sandbox/").json()
    assert len(told["editions"]) == 14
    assert client.session.get(f"{client.running.base}/_sandbox/faults").json()["kinds"].keys() == KINDS.keys()
    assert client.session.get(f"{client.running.base}/nowhere").status_code == 404


def test_stopping_ends_conversations_that_are_still_open(clock):
    running = servers.start(World.regular(anchor=NOW, editions=1, contests=1, each=1), clock=clock)
    with requests.Session() as session:
        session.get(running.urls["RUNSIGNUP_URL"] + "/races", params={"format": "json"})
        running.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(running.urls["RUNSIGNUP_URL"] + "/races")
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox"]


def test_a_call_that_is_answered_after_the_journal_was_cleared_is_forgotten_too():
    journal = Journal()
    _, volume = journal.enter("runsignup", 1)
    journal.clear()
    noted = Noted(
        at=NOW, provider="runsignup", partner=1, method="GET", path="/races", query={}, status=200, ms=1.0, faults=(), at_once=1
    )
    journal.leave(noted, volume)
    assert len(journal) == 0
    at_once, volume = journal.enter("runsignup", 1)
    journal.leave(noted, volume)
    assert (at_once, len(journal)) == (1, 1)
