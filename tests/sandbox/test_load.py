"""Putting the invented world into a database, the commands, and what a restart finds again."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select, update

from dashboard import passwords
from sync_jobs import secrets
from sync_jobs.models import Account, Connection, DirectorEdition, HubFact, Partner, PartnerSettings, ProviderRow, Run, db, write
from sync_jobs.providers import ADAPTERS, LABELS
from sync_jobs.sandbox import kept, load, servers
from sync_jobs.sandbox.control import Control
from sync_jobs.sandbox.faults import Faults
from sync_jobs.sandbox.journal import Journal
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import make_edition, make_partner

ROOT = Path(__file__).resolve().parents[2]
SIZE = kept.Size(partners=4, editions=9, registrations=80)


def rows():
    found = {
        model.__name__: db.session.scalar(select(func.count()).select_from(model))
        for model in (Partner, PartnerSettings, ProviderRow, Connection, Account, Run)
    }
    db.session.rollback()
    return found


def test_everything_is_there_once(app, clock, world):
    assert load.load(world, NOW) is True
    before = rows()
    assert before["Partner"] == before["PartnerSettings"] == 4
    assert before["ProviderRow"] == len(LABELS)
    wanted = sum(len(partner.providers) + len(partner.scoring) for partner in world.partners)
    assert before["Connection"] == wanted
    assert before["Run"] > 0
    assert load.load(world, NOW) is False
    assert rows() == before


def test_connections_hold_the_secrets_that_the_simulated_providers_accept(app, clock, world):
    load.load(world, NOW)
    for connection in db.session.scalars(select(Connection)).all():
        wanted, held = world.credentials(connection.timing_partner_id, connection.provider_name), secrets.of(connection)
        wrong = {name for name in wanted if wanted[name] != held[name]}
        refused = connection.provider_name == "raceroster" and connection.timing_partner_id == load.wrong_secret(world)
        assert wrong == ({"password"} if refused else set())
        assert secrets.missing(connection) == []


def test_active_but_for_the_partner_who_paused(app, clock, world):
    load.load(world, NOW)
    states = {(c.timing_partner_id, c.provider_name): c.state for c in db.session.scalars(select(Connection))}
    paused = load.paused_partner(world)
    assert all((state == "paused") == (partner == paused) for (partner, name), state in states.items() if name in ADAPTERS)
    waiting = db.session.scalars(select(Run)).all()
    assert {(run.operation_type, run.status) for run in waiting} == {("events", "pending")}
    assert paused not in {run.timing_partner_id for run in waiting}


def test_the_demo_people_can_sign_in(app, clock, world):
    load.load(world, NOW)
    people = {account.role: account for account in db.session.scalars(select(Account))}
    assert people.keys() == {"director", "partner", "support", "administrator"}
    assert all(passwords.fits(account.password_hash, load.PASSWORD) for account in people.values())
    assert (people["partner"].timing_partner_id, people["support"].timing_partner_id) == (1, None)


def test_the_director_is_given_events_once_there_are_some(app, clock, world):
    load.load(world, NOW)
    assert load.give_editions(NOW) is False
    edition = make_edition(db.session.get_one(Partner, 1))
    make_edition(db.session.get_one(Partner, 2))
    assert load.give_editions(NOW) is True
    assert [given.edition_id for given in db.session.scalars(select(DirectorEdition))] == [edition.edition_id]
    assert load.give_editions(NOW) is True


def test_a_foreign_database_is_refused(app, clock, world):
    with write() as session:
        session.execute(update(HubFact).where(HubFact.name == "stamp").values(value="production"))
    with pytest.raises(load.NotOurs, match="not made for the sandbox"):
        load.load(world, NOW)
    assert rows()["Partner"] == 0
    assert load.give_editions(NOW) is True


def test_a_database_with_partners_or_another_world_is_refused(app, clock, world):
    make_partner()
    with pytest.raises(load.NotOurs, match="has timing partners already"):
        load.load(world, NOW)


def test_another_world_is_refused(app, clock, world):
    load.load(world, NOW)
    with pytest.raises(load.NotOurs, match="another invented world"):
        load.load(World.build(seed=89, anchor=NOW, partners=4, editions=9, registrations=10), NOW)


def test_a_restart_continues_the_same_world(tmp_path):
    first = kept.open_world(tmp_path, SIZE, NOW)
    later = kept.open_world(tmp_path, kept.Size(seed=5), NOW.replace(year=2027))
    assert (later.seed, later.anchor, len(later.partners)) == (first.seed, first.anchor, 4)
    assert list(later.present(NOW)) == list(first.present(NOW))


def test_what_was_added_by_hand_is_there_after_a_restart(tmp_path):
    def control():
        world = kept.open_world(tmp_path, SIZE, NOW)
        made = Control(world, Faults(), Journal())
        for what, at, given in kept.deeds(tmp_path):
            made.do(what, at, given)
        return made

    keep, before = kept.keeper(tmp_path), control()
    for what, given in (
        ("register", {"contest": 80001}),
        ("register", {"first_name": "Zoë"}),
        ("register", {"provider": "raceroster"}),
    ):
        before.do(what, NOW, given)
        keep(what, NOW, given)
    with (tmp_path / kept.DEEDS).open("ab") as file:
        file.write(b'{"what": "regis')
    assert list(control().world.present(NOW)) == list(before.world.present(NOW))


def test_the_commands(app, clock):
    run = app.test_cli_runner().invoke
    small = ["--partners", "2", "--editions", "3", "--registrations", "9"]
    told = run(args=["sandbox", "load", *small])
    assert told.exit_code == 0, told.output
    assert "administrator@example.com, password demo" in told.output
    again = run(args=["sandbox", "load"])
    assert "2 invented partners are there already" in again.output
    shown = run(args=["sandbox", "credentials", "--partner", "2"]).output
    connection = db.session.scalars(select(Connection).where(Connection.timing_partner_id == 2)).first()
    assert secrets.of(connection)["api_secret"] in shown
    with write() as session:
        session.execute(update(HubFact).where(HubFact.name == "stamp").values(value="production"))
    refused = run(args=["sandbox", "load"])
    assert refused.exit_code == 1
    assert refused.output == "Error: This database was not made for the sandbox, so nothing is loaded into it.\n"


def test_the_server_is_a_process_of_its_own_and_stops_when_told(tmp_path):
    environment = {
        "PATH": "/usr/bin:/bin", "HUB_DATA": str(tmp_path), "HUB_MODE": "demo", "FLASK_SKIP_DOTENV": "1", "SANDBOX_EDITIONS": "3",
        "SANDBOX_PARTNERS": "2", "SANDBOX_REGISTRATIONS": "20", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = dict(process.stdout.readline().strip().split("=", 1) for _ in servers.urls_at(""))
        assert said == servers.urls_at(re.match(r"http://[^/]+", said["RUNSIGNUP_URL"])[0])
        assert len(requests.get(said["RUNSIGNUP_URL"] + "/races", params={"format": "json"}, timeout=10).json()["races"]) >= 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, process.stderr.read()
    assert json.loads((tmp_path / kept.FILE).read_bytes())["registrations"] == 20
