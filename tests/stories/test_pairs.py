"""Registered at one side, on the start list at the other, for each of the six pairs of providers: nobody types anything.

Every provider is asked over HTTP, by the same runs that workers do; scoring is read back through its own API.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from sqlalchemy import insert, select, update

from sync_jobs import contest_map, editions, jobs, ledger, pull, push, secrets, start_lists, times
from sync_jobs.models import (
    PROVIDER_TABLES,
    Connection,
    Contest,
    ContestPair,
    Edition,
    EditionSuggestion,
    EntryLink,
    Run,
    StartListFile,
    StartListLine,
    db,
    write,
)
from sync_jobs.people import entries, registrations
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import make_connection, make_partner

REGISTRATION, SCORING = ("runsignup", "raceroster", "haku"), ("chronotrack", "copernico")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
ENTRIES = PROVIDER_TABLES["ct_participants"]


@dataclass
class Chain:
    """One event, registered at one provider and scored at another."""

    world: World
    sandbox: Running
    clock: Any
    registration: Connection
    scoring: Connection
    edition: Edition

    def cycle(self) -> list[Run]:
        """What the clock and the workers do, minutes later: both sides are read, and what follows from that is done."""
        self.clock.forward(minutes=5)
        for connection in (self.registration, self.scoring):
            ledger.request(connection, "participants", edition=self.edition, trigger="schedule", by="clock", now=times.now())
        return work()

    def tell(self, what: str, **given: Any) -> dict[str, Any]:
        """Something happens at a provider; over HTTP, as anybody would do it."""
        answer = requests.post(f"{self.sandbox.base}/_sandbox/{what}", json=given, timeout=10)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def register(self, **given: Any) -> str:
        made = self.tell("register", provider=self.registration.provider_name, first_name="Zora", last_name="Quist", **given)
        return str(made["registration"])

    def writes(self) -> int:
        """How many calls have changed anything at the scoring provider."""
        return sum(noted.method in WRITES for noted in self.sandbox.requests.matching(self.scoring.provider_name))

    def at_scoring(self) -> Any:
        """Zora, as the scoring provider's own API shows her now; None where it does not."""
        self.clock.forward(minutes=1)
        ledger.request(self.scoring, "participants", edition=self.edition, trigger="manual", by="test", now=times.now())
        work()
        mine = select(Contest.contest_id).where(Contest.connection_id == self.scoring.connection_id)
        found = [one for one in entries(self.edition.timing_partner_id, db.session.scalars(mine).all()) if one.first_name == "Zora"]
        assert len(found) < 2, "she stands there twice"
        return found[0] if found else None

    def line(self) -> StartListLine | None:
        db.session.rollback()
        named = [line for line in db.session.scalars(select(StartListLine)) if "Zora" in str(line.wanted or line.told)]
        assert len(named) < 2
        return named[0] if named else None


def work() -> list[Run]:
    """Everything that is due, as workers do it; none of it may fail."""
    done = []
    while (claim := ledger.claim(times.now())) is not None:
        with ledger.Lease(claim) as lease:
            pull.run(claim, lease, None, {"start_list": push.start_list_of})
        run = db.session.get_one(Run, claim.run_id, populate_existing=True)
        assert run.status == "completed", (run.provider_name, run.operation_type, run.last_error, run.error_detail)
        done.append(run)
        db.session.rollback()
    return done


def connected(running: Running, provider: str, partner: Any) -> Connection:
    connection = make_connection(partner, provider)
    with write() as session:
        secrets.keep(session, connection.connection_id, secrets.SECRETS, running.credentials(1, provider))
    ledger.request(connection, "events", edition=None, trigger="manual", by="test", now=times.now())
    work()
    return connection


@pytest.fixture(params=[(one, other) for one in REGISTRATION for other in SCORING], ids="-".join)
def chain(request, app, clock):
    """Both sides found, joined, read, and their distances confirmed by a person."""
    registration, scoring = request.param
    world = World.regular(anchor=NOW, editions=1, contests=2, each=5, provider=registration)
    world.scored_at = scoring
    with servers.start(world, clock=times.now) as running:
        known = app.extensions["hub_settings"]
        urls = {**known.provider_urls, **running.urls}
        app.extensions["hub_settings"] = dataclasses.replace(known, provider_urls=urls, keep_pace=False)
        partner = make_partner()
        sides = [connected(running, provider, partner) for provider in (registration, scoring)]
        (alike,) = db.session.scalars(select(EditionSuggestion)).all()
        db.session.rollback()
        assert editions.join(alike.edition_id, alike.other_edition_id, "Pat", times.now())
        edition = db.session.scalars(select(Edition).where(Edition.joined_into.is_(None))).one()
        db.session.rollback()
        made = Chain(world, running, clock, *sides, edition)
        made.cycle()  # suggests what belongs together, by itself
        for pair in db.session.scalars(select(ContestPair)).all():
            db.session.rollback()
            ours, theirs = pair.registration_contest_id, pair.scoring_contest_id
            contest_map.confirm(edition.edition_id, ours, theirs, by="Pat", now=times.now())
        made.cycle()
        yield made


def test_a_late_registration_a_change_and_a_withdrawal_reach_scoring_by_themselves(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    settled = chain.writes()
    key = chain.register(bib=512)
    chain.cycle()
    there = chain.at_scoring()
    ours = next(one for one in registrations(chain.edition.timing_partner_id, sources(chain)) if one.first_name == "Zora")
    assert (there.last_name, there.bib, there.external_id) == ("Quist", "512", ours.external_id)
    assert ours.key.partition("/")[0].endswith(key)
    assert mapped(chain)[ours.contest_id] == there.contest_id
    sent = chain.writes()
    assert sent > settled

    chain.tell("change", provider=chain.registration.provider_name, registration=int(key), bib=513, last_name="Quist-Berg")
    chain.cycle()
    there = chain.at_scoring()
    assert (there.last_name, there.bib) == ("Quist-Berg", "513")
    assert chain.writes() > sent

    chain.cycle()
    quiet = chain.writes()
    chain.cycle()
    assert chain.writes() == quiet, "nothing changed, so nothing is sent"

    chain.tell("remove", provider=chain.registration.provider_name, registration=int(key))
    chain.clock.forward(hours=21)  # a whole reading shows who is gone, where a provider does not say so
    chain.cycle()
    waiting = chain.line()
    assert (waiting.state, waiting.step) == ("waiting", "withdraw")
    assert chain.writes() == quiet, "a withdrawal waits for a person"
    assert start_lists.decide(waiting.line_id, None, "approved", "Pat", times.now())
    ledger.request(chain.scoring, "start_list", edition=chain.edition, trigger="change", by="Pat", now=times.now())
    work()
    assert chain.writes() == quiet + 1
    assert chain.line().state == "withdrawn"
    chain.cycle()
    chain.cycle()
    assert chain.writes() == quiet + 1


def test_the_same_by_a_file_that_a_person_loads(chain):
    key = chain.register(bib=512)
    chain.cycle()
    assert chain.at_scoring() is None
    assert chain.writes() == 0, "writing is off unless somebody switched it on"
    made = newest_file()
    assert (made.people, made.fresh) == (1, 1)
    chain.cycle()
    assert newest_file().file_id == made.file_id, "the same people make no second file"
    load(chain, made)
    there = chain.at_scoring()
    assert (there.last_name, there.bib) == ("Quist", "512")
    chain.cycle()
    assert chain.line().state == "there"

    chain.tell("change", provider=chain.registration.provider_name, registration=int(key), bib=513)
    chain.cycle()
    changed = newest_file()
    assert (changed.people, changed.fresh, changed.changed) == (1, 0, 1)
    load(chain, changed)
    assert chain.at_scoring().bib == "513"
    assert chain.writes() == 0


def load(chain, made):
    """A person loads it at the scoring provider."""
    happening = db.session.scalars(select(Contest.happening_id).where(Contest.connection_id == chain.scoring.connection_id)).first()
    db.session.rollback()
    said = chain.tell("load_entries", provider=chain.scoring.provider_name, event=happening, csv=made.content.decode("utf-8-sig"))
    assert said["refused"] == []


def newest_file():
    db.session.rollback()
    return db.session.scalars(select(StartListFile).order_by(StartListFile.file_id.desc())).first()


def sources(chain):
    mine = select(Contest.contest_id).where(Contest.connection_id == chain.registration.connection_id)
    return list(db.session.scalars(mine).all())


def mapped(chain):
    rows = select(ContestPair.registration_contest_id, ContestPair.scoring_contest_id).where(ContestPair.state == "confirmed")
    return dict(tuple(row) for row in db.session.execute(rows).all())


def test_everybody_who_was_there_already_is_linked_and_not_sent_again(chain):
    db.session.rollback()
    assert len(db.session.scalars(select(EntryLink).where(EntryLink.ended_at.is_(None))).all()) == 10
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    assert chain.writes() == 0


@pytest.mark.parametrize("chain", [("runsignup", "chronotrack"), ("haku", "copernico")], indirect=True, ids="-".join)
def test_a_push_that_dies_after_it_was_heard_adds_nobody_twice(chain, monkeypatch):
    """Scoring has them, we do not know it: the next try reads the list before it sends anything."""
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    chain.register(bib=512)
    with monkeypatch.context() as broken:
        broken.setattr(start_lists, "note_told", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            chain.cycle()
    sent = chain.writes()
    assert sent > 0
    failed = db.session.scalars(select(Run).where(Run.operation_type == "start_list", Run.status == "failed")).one()
    db.session.rollback()
    assert ledger.retry(failed.run_id, "Pat", times.now())
    work()
    assert chain.at_scoring().bib == "512"
    assert chain.writes() == sent
    assert chain.line().state == "there"


@pytest.mark.parametrize("chain", [("runsignup", "chronotrack")], indirect=True, ids="-".join)
def test_a_reading_that_breaks_off_still_sends_whom_it_had_read(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    chain.register(bib=512)
    chain.clock.forward(hours=21)  # read whole, and what follows the list of people fails
    chain.sandbox.faults.add("status", 500, provider="runsignup", path="removed-participants")
    ledger.request(chain.registration, "participants", edition=chain.edition, trigger="manual", by="test", now=times.now())
    claim = ledger.claim(times.now())
    with ledger.Lease(claim) as lease:
        pull.run(claim, lease, None)
    assert db.session.get_one(Run, claim.run_id, populate_existing=True).status == "pending"
    db.session.rollback()
    work()
    chain.sandbox.faults.clear()
    assert chain.at_scoring().bib == "512"


@pytest.mark.parametrize("chain", [("runsignup", "chronotrack")], indirect=True, ids="-".join)
def test_whoever_is_registered_again_after_a_withdrawal_runs_again(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    key = chain.register(bib=512)
    chain.cycle()
    chain.cycle()
    gone_at(chain, key, times.now())
    push_now(chain)
    assert start_lists.decide(chain.line().line_id, None, "approved", "Pat", times.now())
    push_now(chain)
    assert (chain.line().state, chain.at_scoring().status) == ("withdrawn", "DNS")
    gone_at(chain, key, None)
    push_now(chain)
    assert chain.at_scoring().status == "CONF"
    push_now(chain)
    assert chain.line().state == "there"


@pytest.mark.parametrize("chain", [("runsignup", "chronotrack")], indirect=True, ids="-".join)
def test_whoever_scoring_took_off_is_not_put_back_by_the_second_look(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.register(bib=512)
    chain.cycle()
    chain.cycle()
    settled = chain.writes()
    with write() as session:
        session.execute(update(ENTRIES).where(ENTRIES.c.athlete_first_name == "Zora").values(gone_at=times.now()))
    for _ in range(3):
        planned = start_lists.plans(chain.edition.edition_id, chain.scoring.connection_id)
        assert [step.kind for _, plan in planned for step in plan.ready] == []
        with write() as session:
            for target, plan in planned:
                start_lists.note_plan(session, target, plan, 1, times.now())
    assert (chain.line().state, chain.line().step, chain.writes()) == ("waiting", "conflict", settled)


@pytest.mark.parametrize("chain", [("runsignup", "chronotrack")], indirect=True, ids="-".join)
def test_a_yes_that_is_said_while_a_run_makes_its_plan_stays(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    key = chain.register(bib=512)
    chain.cycle()
    chain.cycle()
    gone_at(chain, key, times.now())
    push_now(chain)
    planned = start_lists.plans(chain.edition.edition_id, chain.scoring.connection_id)
    assert start_lists.decide(chain.line().line_id, None, "approved", "Pat", times.now())
    with write() as session:
        for target, plan in planned:
            start_lists.note_plan(session, target, plan, 1, times.now())
    assert chain.line().state == "approved"


@pytest.mark.parametrize("chain", [("runsignup", "chronotrack")], indirect=True, ids="-".join)
def test_several_withdrawals_of_one_distance_wait_together(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    keys = [chain.register(bib=512)]
    keys.append(str(chain.tell("register", provider="runsignup", first_name="Yana", last_name="Quist", bib=513)["registration"]))
    chain.cycle()
    chain.cycle()
    for key in keys:
        gone_at(chain, key, times.now())
    for _ in range(2):
        push_now(chain)
        waiting = db.session.scalars(select(StartListLine.registration_key).where(StartListLine.state == "waiting")).all()
        db.session.rollback()
        assert sorted(waiting) == sorted(keys)


def push_now(chain):
    ledger.request(chain.scoring, "start_list", edition=chain.edition, trigger="change", by="Pat", now=times.now())
    work()


def gone_at(chain, key, when):
    with write() as session:
        people = PROVIDER_TABLES["runsignup_participants"]
        session.execute(update(people).where(people.c.registration_id == int(key)).values(gone_at=when))


CHRONO = pytest.mark.parametrize("chain", [("runsignup", "chronotrack")], indirect=True, ids="-".join)


@CHRONO
def test_a_withdrawal_that_no_file_can_tell_is_left_to_a_person(chain):
    key = chain.register(bib=512)
    chain.cycle()
    load(chain, newest_file())
    chain.cycle()
    made = newest_file().file_id
    gone_at(chain, key, times.now())
    push_now(chain)
    assert start_lists.decide(chain.line().line_id, None, "approved", "Pat", times.now())
    for _ in range(2):
        push_now(chain)
        assert (chain.line().state, newest_file().file_id) == ("refused", made)
    assert "by hand" in chain.line().why


@CHRONO
def test_writing_that_is_switched_off_stops_between_two_batches(chain, monkeypatch):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    settled = chain.writes()
    keep = push._keep

    def switch_off(*given):
        start_lists.set_writes(chain.scoring.connection_id, on=False, by="Pat", now=times.now())
        return keep(*given)

    monkeypatch.setattr(push, "AT_ONCE", 1)
    monkeypatch.setattr(push, "_keep", switch_off)
    chain.register(bib=512)
    chain.tell("register", provider="runsignup", first_name="Yana", last_name="Quist", bib=513)
    chain.cycle()
    assert chain.writes() == settled + 1


@CHRONO
def test_a_far_shorter_scoring_list_can_be_believed_from_the_sending_that_met_it(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    chain.cycle()
    partner = chain.edition.timing_partner_id
    happening = db.session.scalars(select(Contest.happening_id).where(Contest.connection_id == chain.scoring.connection_id)).first()
    with write() as session:
        for number in range(12):
            session.execute(insert(ENTRIES).values(entry_id=f"x{number}", event_id=happening, timing_partner_id=partner))
    chain.register(bib=512)
    ledger.request(chain.registration, "participants", edition=chain.edition, trigger="manual", by="Pat", now=times.now())
    for _ in range(2):
        claim = ledger.claim(times.now())
        with ledger.Lease(claim) as lease:
            pull.run(claim, lease, None, {"start_list": push.start_list_of})
    stopped = db.session.get_one(Run, claim.run_id, populate_existing=True)
    assert (stopped.operation_type, stopped.error_kind) == ("start_list", "shrunk")
    db.session.rollback()
    assert ledger.retry(claim.run_id, "Pat", times.now(), believe=True)
    work()
    assert chain.at_scoring().bib == "512"


@CHRONO
def test_who_registered_during_a_pause_is_sent_when_it_is_resumed(chain):
    start_lists.set_writes(chain.scoring.connection_id, on=True, by="Pat", now=times.now())
    jobs.pause(chain.scoring.connection_id, "Rest", "Pat", times.now())
    chain.register(bib=512)
    ledger.request(chain.registration, "participants", edition=chain.edition, trigger="manual", by="Pat", now=times.now())
    work()
    jobs.resume(chain.scoring.connection_id, "Pat", times.now())
    work()
    assert chain.at_scoring().bib == "512"
