"""The two addresses for programs: one run for many presses, one partner for each token, problems in one shape."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from sync_jobs.models import ApiToken, Connection, PartnerSettings, Run, db, write
from tests.factories import make_connection, make_edition, make_link, make_run, make_state, make_token

TOKEN = "hub_a_token_of_a_test"
README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def ours(people):
    make_token(people.company, TOKEN)
    return make_connection(people.company, name="Ours")


def headers(token=TOKEN):
    return {"Authorization": f"Bearer {token}"}


def ask(browser, people, *, token=TOKEN, **changes):
    wish = {
        "timing_partner_id": people.company.timing_partner_id,
        "provider_name": "RunSignUp",
        "operation_type": "events",
        **changes,
    }
    wish = {name: value for name, value in wish.items() if value is not ...}
    return browser().post("/api/sync/manual", json=wish, headers=headers(token))


def status(browser, people, token=TOKEN):
    return browser().get(f"/api/sync/status/{people.company.timing_partner_id}", headers=headers(token))


def is_problem(answer, code, **more):
    assert answer.status_code == code, answer.text
    assert answer.mimetype == "application/problem+json"
    body = json.loads(answer.text)
    assert body["status"] == code
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert {name: body.get(name) for name in more} == more
    return body


def runs():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Run))


# Asking for a sync


def test_a_wish_is_accepted_and_pressed_twice_gives_the_same_run(app, people, ours, browser):
    app.config["WTF_CSRF_ENABLED"] = True
    first, second = ask(browser, people), ask(browser, people)
    assert first.status_code == second.status_code == 202
    assert (first.json["joined"], second.json["joined"]) == (False, True)
    assert first.json["run_id"] == second.json["run_id"]
    assert first.json["status"] == "pending"
    assert first.json["status_url"].endswith(f"/api/sync/status/{people.company.timing_partner_id}")
    run = db.session.scalars(select(Run)).one()
    assert (run.trigger, run.requested_by, run.priority) == ("api", "Race Display", 1)


def test_the_lines_of_the_readme_are_true(people, ours, browser):
    """Each `curl` there, as it stands: its address, its header and its body."""
    make_link(people.edition, ours)
    lines = README.read_text().replace("\\\n", "").splitlines()
    calls = [line for line in lines if line.startswith("curl") and "/api/sync/" in line]
    wished = []
    for call in calls:
        address = re.search(r"http://[^/ ]+(/\S+)", call).group(1)
        body = re.search(r"-d '([^']+)'", call)
        assert '"Authorization: Bearer $TOKEN"' in call
        if body is None:
            answer = browser().get(address, headers=headers())
        else:
            assert "Content-Type: application/json" in call
            answer = browser().post(address, data=body.group(1), headers=headers())
        assert answer.status_code == (200 if body is None else 202), (call, answer.text)
        wished.append(address)
    assert wished == ["/api/sync/manual", "/api/sync/manual", "/api/sync/status/1"]


def test_the_button_and_the_program_get_one_run(people, ours, browser, sign_in):
    answer = sign_in(people.partner).post(f"/connections/{ours.connection_id}/sync", data={"operation": "events"})
    assert answer.status_code == 303
    assert ask(browser, people).json["joined"] is True
    assert runs() == 1


@pytest.mark.parametrize("spelling", ["runsignup", "RunSignup", "RUN SIGN UP", "run-sign-up"])
def test_a_provider_is_known_however_it_is_spelt(people, ours, browser, spelling):
    assert ask(browser, people, provider_name=spelling).status_code == 202


def test_participants_are_read_for_one_event(people, ours, browser):
    make_link(people.edition, ours)
    is_problem(ask(browser, people, operation_type="participants"), 422, field="event_id")
    is_problem(ask(browser, people, event_id=people.edition.edition_id), 422, field="event_id")
    answer = ask(browser, people, operation_type="Participants", event_id=people.edition.edition_id)
    assert answer.status_code == 202
    assert db.session.scalars(select(Run)).one().edition_id == people.edition.edition_id


def test_events_of_others_and_joined_ones_are_not_there(people, ours, browser):
    foreign = make_edition(people.elsewhere)
    joined = make_edition(people.company, joined_into=people.edition.edition_id)
    for edition_id in (foreign.edition_id, joined.edition_id, 999_999):
        is_problem(ask(browser, people, operation_type="participants", event_id=edition_id), 404, field="event_id")
    assert runs() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timing_partner_id": "1"}, "timing_partner_id"),
        ({"timing_partner_id": True}, "timing_partner_id"),
        ({"timing_partner_id": ...}, "timing_partner_id"),
        ({"timing_partner_id": 1.5}, "timing_partner_id"),
        ({"provider_name": 7}, "provider_name"),
        ({"provider_name": ...}, "provider_name"),
        ({"provider_name": "Nonsense"}, "provider_name"),
        ({"operation_type": "everything"}, "operation_type"),
        ({"operation_type": ["events"]}, "operation_type"),
        ({"operation_type": "participants", "event_id": "1"}, "event_id"),
        ({"operation_type": "participants", "event_id": -1}, "event_id"),
        ({"operation_type": "participants", "event_id": 2**70}, "event_id"),
        ({"connection_id": "1"}, "connection_id"),
        ({"connection_id": 2**70}, "connection_id"),
    ],
)
def test_what_cannot_be_used_is_named(people, ours, browser, changes, field):
    body = is_problem(ask(browser, people, **changes), 422, field=field)
    if changes.get("provider_name") == "Nonsense":
        assert "Race Roster" in body["detail"]
    assert runs() == 0


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"7", b"null", b'"text"', b"\xff\xfe", b"timing_partner_id=1"])
def test_what_is_no_json_object_is_refused(ours, browser, sent):
    answer = browser().post("/api/sync/manual", data=sent, headers=headers(), content_type="application/json")
    is_problem(answer, 400)


def test_too_much_is_refused(ours, browser):
    answer = browser().post("/api/sync/manual", data=b" " * 1_000_001, headers=headers(), content_type="application/json")
    is_problem(answer, 413)


@pytest.mark.parametrize("state", ["paused", "incomplete", "unsupported"])
def test_what_cannot_sync_says_why(people, ours, browser, state):
    with write() as session:
        session.execute(update(Connection).values(state=state, paused_reason="moving house"))
    body = is_problem(ask(browser, people), 409)
    assert {"paused": "moving house", "incomplete": "needs a credential", "unsupported": "later version"}[state] in body["detail"]
    assert runs() == 0


def test_a_partner_who_was_not_started_and_a_provider_without_results(people, ours, browser):
    body = is_problem(ask(browser, people, operation_type="results", event_id=people.edition.edition_id), 409)
    assert "nothing to read of that kind" in body["detail"]
    with write() as session:
        session.execute(update(PartnerSettings).values(started_at=None))
    assert "has not been started" in is_problem(ask(browser, people), 409)["detail"]


def test_a_provider_without_a_connection(people, ours, browser):
    assert "no connection to Race Roster" in is_problem(ask(browser, people, provider_name="Race Roster"), 409)["detail"]


def test_of_several_connections_the_active_one_is_meant_or_must_be_named(people, ours, browser):
    second = make_connection(people.company, name="Second", state="paused")
    assert ask(browser, people).status_code == 202
    assert db.session.scalars(select(Run.connection_id)).one() == ours.connection_id
    with write() as session:
        session.execute(update(Connection).values(state="active"))
    body = is_problem(ask(browser, people), 409, field="connection_id")
    assert body["connections"] == [
        {"connection_id": ours.connection_id, "name": "Ours", "state": "active"},
        {"connection_id": second.connection_id, "name": "Second", "state": "active"},
    ]
    assert ask(browser, people, connection_id=second.connection_id).status_code == 202
    make_link(people.edition, second)
    asked = ask(browser, people, operation_type="participants", event_id=people.edition.edition_id)
    assert asked.status_code == 202
    assert db.session.get(Run, asked.json["run_id"]).connection_id == second.connection_id


def test_connections_of_others_of_another_provider_and_removed_ones_are_not_there(people, ours, browser):
    foreign = make_connection(people.elsewhere)
    other = make_connection(people.company, "raceroster")
    removed = make_connection(people.company, state="removed")
    for each in (foreign, other, removed):
        is_problem(ask(browser, people, connection_id=each.connection_id), 404, field="connection_id")
    assert ask(browser, people).status_code == 202


# Who asks


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_without_a_good_token_nothing_is_said(people, ours, browser, header):
    given = {} if header is None else {"Authorization": header}
    opened = browser()
    for answer in (
        opened.post("/api/sync/manual", data=b"{", headers=given),
        opened.get(f"/api/sync/status/{people.company.timing_partner_id}", headers=given),
    ):
        is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing(people, ours, browser, clock):
    assert status(browser, people).status_code == 200
    with write() as session:
        session.execute(update(ApiToken).values(revoked_at=clock()))
    is_problem(status(browser, people), 401)
    is_problem(ask(browser, people), 401)


def test_a_token_opens_one_partner(people, ours, browser):
    make_connection(people.elsewhere)
    for partner_id in (people.elsewhere.timing_partner_id, 999_999, 2**70):
        answer = browser().get(f"/api/sync/status/{partner_id}", headers=headers())
        body = is_problem(answer, 404)
        assert people.elsewhere.company_name not in str(body)
    is_problem(ask(browser, people, timing_partner_id=people.elsewhere.timing_partner_id), 404)
    assert runs() == 0


def test_being_signed_in_is_no_token(people, ours, sign_in):
    browser = sign_in(people.administrator)
    is_problem(browser.get(f"/api/sync/status/{people.company.timing_partner_id}"), 401)


# How it stands


def test_status_tells_runs_pending_and_last_success_of_this_partner(people, ours, browser, clock):
    make_link(people.edition, ours)
    done = make_run(
        ours, "participants", people.edition, status="completed", rows_read=12, rows_new=2, rows_changed=1, rows_same=9,
        claimed_at=clock(), finished_at=clock.forward(seconds=4),
    )  # fmt: skip
    failed = make_run(ours, status="failed", last_error="RunSignUp refuses this credential.", error_kind="credentials")
    waiting = make_run(ours, status="pending")
    make_state(ours, "participants", people.edition)
    make_state(ours, "participants", make_edition(people.company), last_success_at=clock.forward(minutes=1))
    make_state(ours, "events", last_success_at=None)
    foreign = make_connection(people.elsewhere)
    make_run(foreign)
    make_state(foreign)
    with write() as session:
        session.add(Run(status="pending", timing_partner_id=people.company.timing_partner_id))  # the old system's
    body = status(browser, people).json
    assert body["timing_partner_id"] == people.company.timing_partner_id
    assert body["as_of"] == "2026-06-12T15:01:04Z"
    assert [run["run_id"] for run in body["recent_runs"]] == [waiting.run_id, failed.run_id, done.run_id]
    assert [run["run_id"] for run in body["pending"]] == [waiting.run_id]
    assert body["last_success"] == [
        {"provider_name": "runsignup", "operation_type": "participants", "last_success_at": "2026-06-12T15:01:04Z"}
    ]
    newest = body["recent_runs"][2]
    assert newest["rows"] == {"read": 12, "new": 2, "changed": 1, "same": 9, "gone": 0, "set_aside": 0}
    assert (newest["started_at"], newest["finished_at"]) == ("2026-06-12T15:00:00Z", "2026-06-12T15:00:04Z")
    assert newest["event_id"] == people.edition.edition_id
    assert newest["error"] is None
    assert body["recent_runs"][1]["error"] == {"kind": "credentials", "sentence": "RunSignUp refuses this credential."}


def test_status_shows_the_newest_twenty(people, ours, browser):
    for _ in range(25):
        make_run(ours, status="completed")
    body = status(browser, people).json
    assert len(body["recent_runs"]) == 20
    assert body["recent_runs"][0]["run_id"] == 25


def test_status_of_a_partner_with_nothing(people, ours, browser):
    body = status(browser, people).json
    assert (body["pending"], body["recent_runs"], body["last_success"]) == ([], [], [])


# Addresses that are not there


def test_other_addresses_and_methods_answer_in_the_same_shape(people, ours, browser):
    is_problem(browser().get("/api/nothing"), 404)
    is_problem(browser().get("/api/sync/status/abc", headers=headers()), 404)
    is_problem(browser().get("/api/sync/manual", headers=headers()), 405)
    is_problem(browser().delete("/api/sync/manual", headers=headers()), 405)
