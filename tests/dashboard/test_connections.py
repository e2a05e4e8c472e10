"""Connections: forms drawn from the adapter, secrets that never come back, pausing, testing by a worker, sealing."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import event, func, select, update

from sync_jobs import ledger, pull, secrets, times
from sync_jobs.approvals.switching import set_publishing
from sync_jobs.models import (
    Connection,
    CustomerCredential,
    CustomerHakuOrg,
    PartnerSettings,
    Run,
    Schedule,
    SealedDocument,
    db,
    write,
)
from sync_jobs.providers import ADAPTERS, LABELS
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.dashboard.conftest import read, words
from tests.factories import keep, make_account, make_connection, make_edition, make_run, make_state
from tests.sync_jobs.raceday import race_day

SECRET = "s3cret-value-that-nobody-sees"


def kept(connection_id):
    db.session.rollback()
    return db.session.get(Connection, connection_id)


def the_only(model):
    db.session.rollback()
    return db.session.scalars(select(model)).one()


def typed(provider, **changes):
    """What somebody types into that provider's form."""
    fields = {f"credential_{field.name}": f"{SECRET}-{field.name}" for field in ADAPTERS[provider].credentials}
    return {"name": "Ours", **fields, **changes}


def held(connection_id):
    return secrets.of(kept(connection_id))


def create(browser, provider="runsignup", **changes):
    answer = browser.post(f"/connections/new?provider={provider}", data=typed(provider, **changes))
    assert answer.status_code == 303, words(read(answer))
    return int(answer.location.rpartition("/")[2])


def runs(operation):
    db.session.rollback()
    return db.session.scalars(select(Run).where(Run.operation_type == operation)).all()


# Adding


@pytest.mark.parametrize("provider", list(ADAPTERS))
def test_the_form_asks_for_what_the_adapter_needs_and_all_of_it(people, sign_in, provider):
    browser = sign_in(people.partner)
    page = browser.soup(f"/connections/new?provider={provider}")
    for field in ADAPTERS[provider].credentials:
        box = page.find("input", id=f"credential_{field.name}")
        assert box["type"] == ("password" if field.secret else "text")
        assert page.find("label", attrs={"for": box["id"]}).text.lower() == field.label.lower()
        if not field.required:
            assert "Not needed by everybody." in words(page)
            continue
        answer = browser.post(f"/connections/new?provider={provider}", data=typed(provider, **{f"credential_{field.name}": " "}))
        assert answer.status_code == 422
        assert f"{field.label} is needed" in words(read(answer))
        assert all(f"{SECRET}-{other.name}" not in answer.text for other in ADAPTERS[provider].credentials if other.secret)
        assert read(answer).find("input", id="name")["value"] == "Ours"
    assert db.session.scalar(select(func.count()).select_from(Connection)) == 0


def test_a_new_connection_begins_at_once_and_its_secrets_are_sealed(people, sign_in):
    connection = kept(create(sign_in(people.partner)))
    assert (connection.state, connection.timing_partner_id, connection.provider_name) == (
        "active",
        people.company.timing_partner_id,
        "runsignup",
    )
    assert connection.created_by == people.partner.name
    assert held(connection.connection_id) == {"api_key": f"{SECRET}-api_key", "api_secret": f"{SECRET}-api_secret"}
    assert SECRET.encode() not in the_only(SealedDocument).sealed
    assert len(runs("test")) == len(runs("events")) == 1
    assert db.session.scalar(select(Schedule.operation_type).where(Schedule.connection_id == connection.connection_id)) == "events"


def test_a_connection_of_a_partner_who_was_not_started_waits(people, sign_in):
    with write() as session:
        session.execute(update(PartnerSettings).values(started_at=None))
    browser = sign_in(people.partner)
    connection_id = create(browser)
    assert kept(connection_id).state == "paused"
    assert runs("events") == []
    page = words(browser.soup(f"/connections/{connection_id}").main)
    assert "Big River Timing has not been started" in page
    answer = browser.post(f"/connections/{connection_id}/resume", follow_redirects=True)
    assert "has not been started yet" in words(read(answer))
    assert kept(connection_id).state == "paused"
    sign_in(people.administrator).post(f"/partners/{people.company.timing_partner_id}/start")
    assert kept(connection_id).state == "active"


def test_two_connections_of_a_partner_have_two_names(people, sign_in):
    browser = sign_in(people.partner)
    create(browser)
    answer = browser.post("/connections/new?provider=runsignup", data=typed("runsignup", name="OURS"))
    assert answer.status_code == 422
    assert "is called that" in words(read(answer))
    make_connection(people.elsewhere, name="Theirs")
    create(browser, name="Theirs")


def test_an_administrator_says_whose_it_is(people, sign_in):
    browser = sign_in(people.administrator)
    assert people.elsewhere.company_name in words(browser.soup("/connections/new?provider=runsignup"))
    address = f"/connections/new?provider=runsignup&partner={people.elsewhere.timing_partner_id}"
    assert browser.post(address, data=typed("runsignup")).status_code == 303
    assert the_only(Connection).timing_partner_id == people.elsewhere.timing_partner_id
    assert browser.get("/connections/new?provider=runsignup&partner=999").status_code == 404


def test_a_partner_cannot_add_to_another(people, sign_in):
    address = f"/connections/new?provider=runsignup&partner={people.elsewhere.timing_partner_id}"
    sign_in(people.partner).post(address, data=typed("runsignup"))
    assert the_only(Connection).timing_partner_id == people.company.timing_partner_id


def test_what_not_everybody_needs_may_stay_empty_and_is_taken_out_again(people, sign_in):
    browser = sign_in(people.partner)
    page = "/connections/new?provider=copernico"
    assert (
        browser.post(page, data={"name": "Ours", "credential_api_key": "k-1", "credential_races": "spring = 5K"}).status_code == 303
    )
    connection = the_only(Connection)
    assert secrets.of(connection)["races"] == "spring = 5K"
    assert secrets.missing(connection) == []
    edit = f"/connections/{connection.connection_id}"
    assert browser.post(edit, data={"name": "Ours", "credential_races": ""}).status_code == 303
    assert not secrets.of(connection)["races"]
    assert secrets.of(connection)["api_key"] == "k-1"


def test_every_provider_is_offered_and_no_other(people, sign_in):
    browser = sign_in(people.partner)
    page = words(browser.soup("/connections/new"))
    assert all(f"{name} Connect" in page for name in LABELS.values())
    assert browser.get("/connections/new?provider=nonsense").status_code == 404


# Editing


def test_secrets_are_never_shown_and_an_empty_field_keeps_them(people, sign_in):
    browser = sign_in(people.partner)
    connection_id = create(browser, "raceroster")
    page = browser.get(f"/connections/{connection_id}")
    for field in ADAPTERS["raceroster"].credentials:
        assert (f"{SECRET}-{field.name}" in page.text) is not field.secret
    assert "Kept since 11:00 EDT" in words(read(page))
    answer = browser.post(f"/connections/{connection_id}", data={"name": "Renamed", "credential_password": "new-password"})
    assert answer.status_code == 303
    now = held(connection_id)
    assert now["password"] == "new-password"
    assert now["client_secret"] == f"{SECRET}-client_secret"
    assert now["client_id"] == f"{SECRET}-client_id"
    assert kept(connection_id).name == "Renamed"
    assert "new-password" not in browser.get(f"/connections/{connection_id}").text


def test_a_new_secret_forgets_old_verdicts_and_the_lent_token(people, sign_in):
    browser = sign_in(people.partner)
    connection_id = create(browser, "raceroster")
    with write() as session:
        session.execute(update(Connection).values(refused_since=NOW, tested_at=NOW, tested_ok=0, test_sentence="Refused."))
        session.execute(update(Run).values(status="completed"))
        secrets.keep(session, connection_id, secrets.TOKEN, {"access_token": "lent"})
    browser.post(f"/connections/{connection_id}", data={"name": "Ours"})
    assert kept(connection_id).refused_since == NOW
    assert secrets.opened(connection_id, secrets.TOKEN)
    browser.post(f"/connections/{connection_id}", data={"name": "Ours", "credential_password": "another"})
    connection = kept(connection_id)
    assert (connection.refused_since, connection.tested_at, connection.test_sentence) == (None, None, None)
    assert secrets.opened(connection_id, secrets.TOKEN) == {}
    assert [run.status for run in runs("test")] == ["completed", "pending"]


def from_customer(people, *, principal="key-in-the-clear", secret="secret-in-the-clear", **given):
    row = CustomerCredential(principal=principal, secret=secret, timing_partner_id=people.company.timing_partner_id)
    keep(row)
    fields = {"source": "credential", "source_id": row.partner_provider_credential_id, "name": "Taken over", **given}
    return make_connection(people.company, fields.pop("provider", "runsignup"), **fields)


def test_an_incomplete_connection_says_what_is_missing_and_begins_when_it_is_entered(people, sign_in):
    connection = from_customer(people, secret=None, state="incomplete")
    browser = sign_in(people.partner)
    page = words(browser.soup(f"/connections/{connection.connection_id}").main)
    assert "Missing: API secret" in page
    assert "still needs a credential" in page
    answer = browser.post(f"/connections/{connection.connection_id}/resume", follow_redirects=True)
    assert "still needs API secret" in words(read(answer))
    assert kept(connection.connection_id).state == "incomplete"
    browser.post(f"/connections/{connection.connection_id}", data={"name": "Taken over", "credential_api_secret": SECRET})
    assert kept(connection.connection_id).state == "active"
    assert held(connection.connection_id) == {"api_key": "key-in-the-clear", "api_secret": SECRET}
    assert len(runs("events")) == 1


def test_support_sees_how_it_stands_and_has_no_form_for_secrets(people, sign_in):
    connection = from_customer(people)
    page = sign_in(people.support).soup(f"/connections/{connection.connection_id}")
    assert not page.select("input[type=password]")
    assert "Pause" in words(page.main)


def test_an_unsupported_connection_says_so_and_offers_nothing(people, sign_in):
    connection = from_customer(people, secret=SECRET, provider="racerecord", state="unsupported")
    browser = sign_in(people.administrator)
    answer = browser.get(f"/connections/{connection.connection_id}")
    page = read(answer).main
    assert "Race Record comes with a later version" in words(page)
    assert "Nothing is read" in words(page)
    assert not page.select("input[type=password], #test, #resume")
    assert SECRET not in answer.text
    assert browser.post(f"/connections/{connection.connection_id}", data={"name": "x"}).status_code == 404
    for act in ("test", "resume"):
        told = browser.post(f"/connections/{connection.connection_id}/{act}", follow_redirects=True)
        assert "comes with a later version" in words(read(told).find(id="said"))
    assert kept(connection.connection_id).state == "unsupported"


# Pausing


def test_pausing_needs_a_reason_and_shows_who_and_why(people, sign_in):
    connection = make_connection(people.company, name="Front desk")
    make_run(connection, "events", status="pending")
    browser = sign_in(people.support)
    address = f"/connections/{connection.connection_id}"
    answer = browser.post(f"{address}/pause", data={"reason": " "})
    assert answer.status_code == 422
    assert "This is needed" in words(read(answer))
    assert kept(connection.connection_id).state == "active"
    assert browser.post(f"{address}/pause", data={"reason": "moving house"}).status_code == 303
    page = words(browser.soup(address).main)
    assert f"Paused by {people.support.name}" in page
    assert "“moving house”" in page
    assert runs("events")[0].status == "cancelled"
    again = browser.post(f"{address}/pause", data={"reason": "twice"}, follow_redirects=True)
    assert "nothing to pause" in words(read(again))
    assert kept(connection.connection_id).paused_reason == "moving house"


def test_resuming_begins_with_the_list_of_events(people, sign_in):
    browser = sign_in(people.partner)
    connection_id = create(browser)
    browser.post(f"/connections/{connection_id}/pause", data={"reason": "moving house"})
    answer = browser.post(f"/connections/{connection_id}/resume", follow_redirects=True)
    assert "runs again" in words(read(answer))
    connection = kept(connection_id)
    assert (connection.state, connection.paused_by, connection.paused_reason) == ("active", None, None)
    assert [run.status for run in runs("events")] == ["cancelled", "pending"]
    again = browser.post(f"/connections/{connection_id}/resume", follow_redirects=True)
    assert "is not paused" in words(read(again))


def test_a_press_by_script_is_answered_by_a_sentence(people, sign_in):
    connection = make_connection(people.company)
    answer = sign_in(people.partner).post(f"/connections/{connection.connection_id}/resume", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert words(read(answer)) == "Runsignup is not paused."


# Testing


@pytest.fixture
def sandbox(app, clock):
    world = World.regular(anchor=NOW, editions=1, contests=1, each=2, provider="runsignup")
    with servers.start(world) as running:
        settings = app.extensions["hub_settings"]
        urls = {**settings.provider_urls, **running.urls}
        app.extensions["hub_settings"] = dataclasses.replace(settings, provider_urls=urls, keep_pace=False)
        running.world = world
        yield running


def work():
    """What a worker does for a hint."""
    db.session.rollback()
    claim = ledger.claim(times.now())
    with ledger.Lease(claim) as lease:
        pull.run(claim, lease, None)


def test_a_test_is_done_by_a_worker_and_its_verdict_appears(people, sign_in, sandbox):
    connection = make_connection(people.company, state="paused", paused_by="Ada", paused_reason="not yet")
    good = sandbox.credentials(sandbox.world.partners[0].number, "runsignup")
    with write() as session:
        secrets.keep(session, connection.connection_id, secrets.SECRETS, good)
    browser, address = sign_in(people.partner), f"/connections/{connection.connection_id}"
    calls = len(sandbox.requests.matching("runsignup", ""))
    first = browser.soup(address).find(id="live")["hx-get"]
    assert "is being tested" in words(read(browser.post(f"{address}/test", follow_redirects=True)))
    assert "under way already" in words(read(browser.post(f"{address}/test", follow_redirects=True)))
    assert len(sandbox.requests.matching("runsignup", "")) == calls, "the request itself called the provider"
    waiting = browser.poll(first)
    assert "Testing …" in words(read(waiting))
    work()
    done = browser.poll(read(waiting).find(id="live")["hx-get"])
    assert done.status_code == 200
    assert not read(done).select("html")
    assert "tested now" in words(read(done))
    assert "Testing …" not in words(read(done))
    assert kept(connection.connection_id).tested_ok == 1
    assert kept(connection.connection_id).state == "paused"
    assert browser.poll(read(done).find(id="live")["hx-get"]).status_code == 204


def test_a_wrong_credential_is_told_in_words_with_whose_turn_it_is(people, sign_in, sandbox, clock):
    browser = sign_in(people.partner)
    connection_id = create(browser)
    work()
    clock.forward(minutes=3)
    page = words(browser.soup(f"/connections/{connection_id}").main)
    assert "RunSignUp refuses the credential of Ours" in page
    assert "Big River Timing’s turn: enter a valid one" in page
    assert SECRET not in page
    assert "refused 3 min" in words(browser.soup("/connections").main)


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ([["city", "phone"]], "Race Roster does not send everything. Empty here for that reason: phone number and city."),
        ([["city", "phone"], ["city"], None], "Empty here for that reason: city."),
        ([["sub_event_id"]], "Without the distance, people are counted by event only."),
        ([["registration_status"]], "Empty here for that reason: whether a registration is cancelled."),
        ([["address_line2"]], None),
        ([["city"], []], None),
        ([None], None),
        ([], None),
    ],
)
def test_what_a_provider_never_sends_is_said(people, sign_in, readings, said):
    connection = make_connection(people.company, "raceroster")
    for lacking in readings:
        make_state(connection, "participants", make_edition(people.company), never_sent=lacking)
    page = words(sign_in(people.support).soup(f"/connections/{connection.connection_id}").find(id="live"))
    assert (said in page) if said else ("Empty here" not in page)


def test_what_a_reading_noted_is_said(people, sign_in):
    connection = make_connection(people.company, "copernico")
    for noted in ({"without_wave": 2, "technical": 1}, {"without_wave": 1}, None, {}):
        make_state(connection, "participants", make_edition(people.company), notices=noted)
    page = words(sign_in(people.support).soup(f"/connections/{connection.connection_id}").find(id="live"))
    assert "Three people stand in no wave there. Without one nobody gets a time: assign waves at Copernico." in page
    assert "One record is of no person, like a spare bib, and left out." in page
    assert "encoding" not in page


def test_a_poll_asks_few_questions(people, sign_in, app):
    connection = make_connection(people.company)
    browser = sign_in(people.partner)
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for address in ("/connections", f"/connections/{connection.connection_id}"):
        asked.clear()
        assert browser.poll(address).status_code == 200
        assert len(asked) <= 3, asked


# The list


def test_the_list_says_how_each_stands_and_only_ones_own(people, sign_in):
    make_connection(people.company, name="Works", last_success_at=NOW)
    make_connection(people.company, name="Refused one", refused_since=NOW)
    make_connection(people.elsewhere, name="Strange one")
    page = sign_in(people.partner).soup("/connections")
    assert "One connection of 2 needs somebody" in page.h1.text
    assert "Strange one" not in words(page)
    everybody = words(sign_in(people.administrator).soup("/connections"))
    assert "Strange one" in everybody
    assert "Works" in everybody


def test_an_empty_list_offers_the_one_thing_that_helps(people, sign_in):
    page = sign_in(people.partner).soup("/connections")
    assert "No provider is connected yet" in words(page)
    assert page.select_one("a[href='/connections/new']")


# Sealing


def seal(app, *given, answer=None):
    db.session.rollback()
    return app.test_cli_runner().invoke(args=["connections", "seal", *given], input=answer)


def test_the_page_says_when_a_secret_lies_in_the_clear(people, sign_in):
    connection = from_customer(people)
    page = sign_in(people.administrator).get(f"/connections/{connection.connection_id}")
    assert "lies readable in the customer’s database" in words(read(page))
    assert "partner_provider_credentials.secret" in page.text
    assert "connections seal --partner" in words(read(page))
    assert "secret-in-the-clear" not in page.text
    assert "key-in-the-clear" not in page.text


def test_sealing_names_what_stops_and_does_nothing_until_it_is_agreed_to(app, people, tmp_path):
    connection = from_customer(people)
    backup = tmp_path / "hub.db.before-upgrade-20260601-120000"
    backup.touch()
    result = seal(app, answer="n\n")
    assert result.exit_code == 1
    assert "Taken over" in result.output
    assert "partner_provider_credentials.secret" in result.output
    assert str(backup) in result.output
    assert "secret-in-the-clear" not in result.output
    assert the_only(CustomerCredential).secret == "secret-in-the-clear"
    assert secrets.in_the_clear(kept(connection.connection_id))


def test_sealing_moves_the_secret_and_sync_goes_on_with_it(app, people, sign_in):
    connection = from_customer(people)
    assert seal(app, "--yes").exit_code == 0
    assert the_only(CustomerCredential).secret is None
    assert held(connection.connection_id) == {"api_key": "key-in-the-clear", "api_secret": "secret-in-the-clear"}
    assert not secrets.in_the_clear(kept(connection.connection_id))
    page = words(sign_in(people.administrator).soup(f"/connections/{connection.connection_id}"))
    assert "lies readable" not in page
    assert "No secret is left" in seal(app, "--yes").output


def test_a_newer_secret_stays_when_the_old_one_is_sealed_away(app, people):
    connection = from_customer(people)
    with write() as session:
        secrets.keep(session, connection.connection_id, secrets.SECRETS, {"api_secret": SECRET})
    assert seal(app, "--yes").exit_code == 0
    assert held(connection.connection_id)["api_secret"] == SECRET
    assert the_only(CustomerCredential).secret is None


def test_sealing_keeps_to_one_partner_and_leaves_what_no_adapter_understands(app, people):
    mine = from_customer(people)
    row = CustomerHakuOrg(client_id="id", client_secret=SECRET, timing_partner_id=people.company.timing_partner_id)
    keep(row)
    org = make_connection(people.company, "haku", source="haku_org", source_id=row.timing_partner_haku_org_id)
    from_customer(people, provider="racerecord", state="unsupported")
    assert "No secret is left" in seal(app, "--yes", "--partner", str(people.elsewhere.timing_partner_id)).output
    result = seal(app, "--yes", "--partner", str(people.company.timing_partner_id))
    assert "Left as it is" in result.output
    assert the_only(CustomerHakuOrg).client_secret is None
    assert held(org.connection_id) == {"client_id": "id", "client_secret": SECRET}
    clear = {row.partner_provider_credential_id: row.secret for row in db.session.scalars(select(CustomerCredential))}
    assert clear.pop(mine.source_id) is None
    assert set(clear.values()) == {"secret-in-the-clear"}
    assert held(mine.connection_id)
    assert seal(app, "--partner", "999").exit_code == 1


def test_sealing_leaves_the_secret_of_a_removed_connection_to_the_older_programs(app, people):
    connection = from_customer(people, state="removed")
    assert "It was removed here" in seal(app, "--yes").output
    assert the_only(CustomerCredential).secret == "secret-in-the-clear"
    assert secrets.opened(connection.connection_id, secrets.SECRETS) == {}


def test_what_another_program_completed_can_begin(people, sign_in):
    connection = from_customer(people, state="incomplete")  # the old system's page has got the secret meanwhile
    browser = sign_in(people.partner)
    page = browser.soup(f"/connections/{connection.connection_id}")
    assert "Everything that was missing is there now" in words(page)
    browser.post(page.select_one(".banner form")["action"])
    assert kept(connection.connection_id).state == "active"


# How results go out


def test_race_roster_gets_files_unless_somebody_switches_it_on(people, sign_in):
    roster = make_connection(people.company, "raceroster")
    address, browser = f"/connections/{roster.connection_id}", sign_in(people.partner)
    card = browser.soup(address).select_one("#results")
    assert "as a file" in words(card)
    assert ADAPTERS["raceroster"].results_note in words(card), "not confirmed by anybody, and said so"
    form = card.select_one("form")
    assert browser.post(form["action"], data={"publishing": form.select_one("input[name=publishing]")["value"]}).status_code == 303
    switched = kept(roster.connection_id)
    assert (switched.writes, switched.writes_by) == ("on", people.partner.name)
    on = words(browser.soup(address).select_one("#results"))
    assert f"Switched on by {people.partner.name}" in on
    assert "Make files again" in on
    assert ADAPTERS["raceroster"].results_note in on
    browser.post(form["action"], data={"publishing": "off"})
    assert kept(roster.connection_id).writes == "off"


@pytest.mark.parametrize(
    ("provider", "says"),
    [("runsignup", "Approved results go to RunSignUp by this connection’s own credential"), ("haku", "A publication makes a file")],
)
def test_where_there_is_no_choice_the_page_says_how_results_go_out(people, sign_in, provider, says):
    connection, browser = make_connection(people.company, provider), sign_in(people.partner)
    card = browser.soup(f"/connections/{connection.connection_id}").select_one("#results")
    assert says in words(card)
    assert ADAPTERS[provider].results_note in words(card)
    assert not card.select("form")
    browser.post(f"/connections/{connection.connection_id}/publishing", data={"publishing": "on"})
    assert kept(connection.connection_id).writes == "off"


def test_scoring_takes_no_results_and_support_switches_nothing(people, sign_in):
    scoring, roster = make_connection(people.company, "chronotrack"), make_connection(people.company, "raceroster")
    assert not sign_in(people.partner).soup(f"/connections/{scoring.connection_id}").select("#results")
    address, support = f"/connections/{roster.connection_id}", sign_in(people.support)
    assert not support.soup(address).select("#results form")
    assert support.post(f"{address}/publishing", data={"publishing": "on"}).status_code == 403
    foreign = sign_in(make_account("partner", people.elsewhere))
    assert foreign.post(f"{address}/publishing", data={"publishing": "on"}).status_code == 404
    assert kept(roster.connection_id).writes == "off"


def test_what_was_approved_as_a_file_does_not_go_out_by_itself(app, clock):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 13))
    day.pull()
    approval = day.approve(day.screen())
    assert set_publishing(day.place().connection_id, on=True, by="Pat", now=times.now())
    assert not set_publishing(day.place().connection_id, on=True, by="Pat", now=times.now())
    assert (day.kept(approval).state, day.publication(approval).state) == ("stale", "failed")
    assert day.kept(approval).why == "Pat chose that results go there by themselves."
