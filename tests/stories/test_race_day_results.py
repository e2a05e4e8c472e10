"""A race day that is published: read from scoring over HTTP, looked at, approved, sent to RunSignUp, corrected, and taken back.

Every press is the right person's; what the public sees is read by a client that knows nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from sync_jobs import approvals, contest_map, editions, ledger, receipts, times
from sync_jobs.approvals import NotAllowed, Stale
from sync_jobs.models import (
    Approval,
    Contest,
    ContestPair,
    Edition,
    EditionSuggestion,
    Publication,
    db,
    write,
)
from sync_jobs.pull import checking
from sync_jobs.review.fingerprints import payload_hash
from sync_jobs.review.packed import unpack
from sync_jobs.sandbox import raceday, servers
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.dashboard.conftest import Browser
from tests.factories import PASSWORD, make_account, make_partner
from tests.incidents.stage import Stage, build, shortest
from tests.stories.test_pairs import connected
from tests.sync_jobs.test_pull import reach

HALF = 21_098


@dataclass
class Day(Stage):
    """The same stage, read by whole runs from both providers."""

    starts: datetime | None = None

    def pull(self, minutes: float = 5, **_: Any) -> int | None:
        """Both start lists and the results are read so many minutes later; what the reading leads to is done as well."""
        before = [one.version_id for one in self.all_versions()]
        self.clock.forward(minutes=minutes)
        for connection, operation in (
            (self.registration, "participants"),
            (self.scoring, "participants"),
            (self.scoring, "results"),
        ):
            ledger.request(connection, operation, edition=self.edition, trigger="schedule", by="clock", now=times.now())
        assert {run.status for run in self.work()} == {"completed"}
        checking.check_new(self.edition.edition_id, times.now())
        new = [one.version_id for one in self.all_versions() if one.version_id not in before]
        return new[0] if new else None

    def at(self, minutes: float) -> int | None:
        """Read that long after the start."""
        assert self.starts is not None
        return self.pull((self.starts + timedelta(minutes=minutes) - times.now()).total_seconds() / 60)

    def at_scoring(self, what: str, **given: Any) -> None:
        """The timer does something."""
        answer = requests.post(f"{self.sandbox.base}/_sandbox/{what}", json=given, timeout=10)
        assert answer.status_code == 200, answer.text

    def receipt_is_true(self) -> None:
        """What the last receipt says is what anybody can read there, field by field."""
        publication, said, live = self.publication(), self.receipts()[-1], self.live()
        assert said["identity"]["publication_id"] == publication.publication_id
        payload = unpack(self.body(publication))
        known = (payload.target, payload.visibility, payload.tells, payload.map_version, payload.rows)
        assert said["content"]["payload_hash"] == payload_hash(*known) == publication.payload_hash
        assert said["content"]["rows"] == len(payload.rows) == len(live.rows)
        assert said["proof"]["is_equal"] is True
        assert self.is_there_as_sent(publication)
        for podium in said["content"]["podiums"]:
            for winner in (one for one in podium["winners"] if one["bib"]):
                there = {(row["clock_time"], row["chip_time"]) for row in live.rows if str(row["bib"]) == winner["bib"]}
                assert (shortest(winner["gun_ms"]), shortest(winner["chip_ms"])) in there


@pytest.fixture
def day(app, clock):
    """A half marathon of 260, registered at RunSignUp and scored at ChronoTrack, in the night before."""
    world = World.regular(anchor=NOW, editions=1, contests=1, each=260, provider="chronotrack")
    edition = world.editions[0]
    edition.name = world.happenings[0].name = "Harbor Lights Half"
    edition.phase = "today"
    contest = world.happenings[0].contests[0]
    contest.name, contest.distance, contest.metres = "Half Marathon", "Half", HALF
    starts = datetime.fromtimestamp(edition.starts_at, UTC)
    clock.now = starts - timedelta(hours=12)
    with servers.start(world, clock=clock) as running:
        reach(app, running)
        partner = make_partner()
        sides = [connected(running, provider, partner) for provider in ("runsignup", "chronotrack")]
        yield _day(world, running, clock, partner, sides, starts)


def _day(world, running, clock, partner, sides, starts):
    alike = db.session.scalars(select(EditionSuggestion)).one()
    db.session.rollback()
    assert editions.join(alike.edition_id, alike.other_edition_id, "Pat Partner", times.now())
    edition = db.session.scalars(select(Edition).where(Edition.joined_into.is_(None))).one()
    contests = {one.provider_name: one.contest_id for one in db.session.scalars(select(Contest))}
    db.session.rollback()
    day = Day(
        clock, world, running, partner, edition, *sides, contests["chronotrack"], world.happenings[0].contests[0].registrations,
        [contests["runsignup"]], starts=starts,
    )  # fmt: skip
    day.people = {
        "director": make_account("director", partner, editions=(edition,), name="Dana Director"),
        "second": make_account("partner", partner, name="Pat Partner"),
        "support": make_account("support", name="Sam Support"),
    }
    day.pull()
    for pair in db.session.scalars(select(ContestPair)).all():
        ours, theirs = pair.registration_contest_id, pair.scoring_contest_id
        db.session.rollback()
        contest_map.confirm(edition.edition_id, ours, theirs, by="Pat Partner", now=times.now())
    day.pull()
    return day


def test_a_race_day_is_looked_at_published_corrected_and_taken_back(day):
    race = day.sandbox.scoring.happenings("chronotrack", 1)[0]
    point, *_ = raceday.point_failure(race.contests[0])
    day.at(100)
    assert "RUNNING" in day.newest().counts
    on_course = len(day.screen().kept_back)
    assert on_course

    day.at(230)
    silent = day.finding("L05")
    assert silent.sentence.startswith(f"{point} did not read for ")
    assert silent.scope == "set", "one cause"
    assert not any(point in card.sentence for card in day.findings("L04")), "and not so many cheats"
    assert day.live() is None

    # Preliminary
    day.waive_all()
    published = day.go()
    assert (published.state, published.act) == ("published", "preliminary")
    assert (day.live().is_public, day.live().is_preliminary, day.messages()) == (True, True, 0)
    day.receipt_is_true()

    # Scoring corrects some times while somebody is looking
    open_page = day.screen(act="preliminary")
    before, calls = day.live(), day.asked("full-results")
    while day.pull(20) is None or not day.screen().difference.by_kind["time"]:
        assert times.now() < day.starts + timedelta(hours=8)
    changed = {bib for one in day.screen().difference.by_kind["time"] for bib in one.bibs}
    with pytest.raises(Stale) as stale:
        day.approve(open_page)
    assert changed <= set(stale.value.bibs)
    assert day.work() == []
    assert (day.live(), day.asked("full-results")) == (before, calls)
    day.clock.forward(hours=6)
    day.pull()
    day.waive_all()
    day.go()
    day.receipt_is_true()

    # Official, and a correction by two people
    day.clock.forward(minutes=61)
    day.waive_all()
    official = day.go(act="official")
    assert (official.state, day.live().is_preliminary) == ("published", False)
    day.receipt_is_true()
    first = day.live()
    winner = first.by_place[1]
    number = next(one.number for one in day.sandbox.scoring.entries(race, times.now()) if one.bib == winner)
    day.at_scoring("withdraw_entry", entry=number)
    day.pull()
    assert day.live() == first
    assert day.screen().act == "correction"
    day.waive_all()
    asked = day.approve(reason="The winner cut the course, says the video")
    assert asked.state == "waiting"
    with pytest.raises(NotAllowed):
        day.second(asked, "director")
    with pytest.raises(NotAllowed):
        day.second(asked, "support")
    assert day.work() == []
    day.second(asked)
    day.work()
    assert day.live().by_place[1] != winner
    day.receipt_is_true()
    corrected = day.receipts()[-1]
    assert (corrected["decision"]["requested"]["name"], corrected["decision"]["approved"]["name"]) == (
        "Dana Director",
        "Pat Partner",
    )

    # One version is taken back
    with pytest.raises(NotAllowed):
        approvals.retract(day.destination().destination_id, "Because", day.actor("support"), times.now())
    approvals.retract(day.destination().destination_id, "Ticket 4711: the director asked", day.actor("support"), times.now())
    day.work()
    gone = day.live()
    assert (gone.is_public, gone.public_rows, day.destination().visibility) == (False, 0, "retracted")
    earlier = next(one for one in day.all_versions() if one.version_id == official.version_id)
    back = approvals.go_back(
        day.destination().destination_id, earlier.version_id, "The video was of another race", day.actor("second"), times.now()
    )
    assert back.state == "waiting"
    day.second(back, "director")
    day.work()
    day.receipt_is_true()
    assert (day.live().is_public, day.live().by_place[1]) == (True, winner)
    assert [one["kind"] for one in day.receipts()] == ["published"] * 4 + ["retracted", "published"]
    assert receipts.verify(day.contest_id) is None
    said = receipts.find(winner, timing_partner_id=day.partner.timing_partner_id)
    assert said[0].visibility == "official"
    assert {one.requested_by for one in said} == {"Dana Director", "Pat Partner"}
    assert day.messages() == 0


# Who may


@pytest.fixture
def stages(app, clock):
    """Two timing partners with the very same results: one decides each time, the other lets clean additions out."""
    world = World.regular(anchor=NOW, editions=2, contests=1, each=60, partners=2)
    with servers.start(world, clock=clock) as running:
        made = []
        for number, mode in enumerate(("manual", "automatic"), 1):
            made.append(build(app, clock, running, world, event=f"900{number}", prefix=mode[0], number=number))
            made[-1].automatic(mode=mode)
        yield made


def test_two_partners_receive_the_same_results_and_each_publishes_as_they_chose(stages):
    manual, automatic = stages
    for one in stages:
        one.comes(one.field(40))
        assert one.findings() == []
    assert manual.screen().state == "needs_review"
    assert manual.screen().verdict == "Ready: 40 finishers."
    assert manual.screen().offer.against == ()
    assert (automatic.screen().state, automatic.screen().why) == ("cleared", "40 results, no check found anything; automatic.")
    assert [run.operation_type for run in manual.work()] == ["publish"], "one of the two goes out by itself"
    assert manual.live() is None
    assert (len(automatic.live().rows), automatic.live().is_preliminary) == (40, True)
    asked = automatic.receipts()[0]["decision"]["requested"]
    assert (asked["account_id"], asked["name"], asked["role"]) == (None, "policy:2", "rule")
    manual.go()
    assert manual.is_there_as_sent()

    for one in stages:  # twenty more come in
        one.comes(one.field(60))
    manual.work()
    assert (len(manual.live().rows), len(automatic.live().rows)) == (40, 60)
    approvals.stand(manual.destination().destination_id, times.now() + timedelta(hours=2), manual.actor(), times.now())
    manual.work()
    assert len(manual.live().rows) == 60, "clean additions, under a standing approval"

    for one in stages:  # one time is another: a person, at both
        one.change("30", by=lambda row: replace(row, chip_ms=row.chip_ms - 1500))
        one.pull()
    before = [one.live() for one in stages]
    assert manual.work() == []
    assert [one.live() for one in stages] == before
    assert [one.screen().state for one in stages] == ["needs_review", "needs_review"]
    assert manual.screen().standing is None, "the first changed row ended it"
    for one in stages:
        assert len(one.screen().difference.by_kind["time"]) == 1
        one.go()
        assert one.is_there_as_sent()


# Who may


def signed_in(app, account):
    app.test_client_class = Browser
    browser = app.test_client()
    assert browser.post("/sign-in", data={"email": account.email, "password": PASSWORD}).status_code == 302
    return browser


def test_who_may_not_approve_and_who_may_not_even_know(app, stages):
    race, elsewhere = stages
    version = race.comes(race.field())
    seen = race.screen()
    address = f"/events/{race.edition.edition_id}/results/{race.contest_id}"
    pin = f"?version={version}&to={seen.place.destination_id}"
    form = {
        "act": seen.act, "payload_hash": seen.payload_hash, "base_hash": seen.base_hash, "rendered_hash": seen.rendered_hash,
        "tells": "0", "reason": "",
    }  # fmt: skip
    support, stranger = signed_in(app, race.people["support"]), signed_in(app, elsewhere.people["director"])
    assert support.get(address).status_code == 200
    assert support.post(f"{address}/approve{pin}", data=form).status_code == 403
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/approve{pin}", data=form).status_code == 404
    assert stranger.post(f"{address}/take-down{pin}", data={"reason": "No"}).status_code == 404
    assert race.publications() == []
    director = signed_in(app, race.people["director"])
    race.change("7", by=lambda row: replace(row, chip_ms=row.chip_ms - 1500))
    race.pull()
    refused = director.post(f"{address}/approve{pin}", data=form)
    assert refused.status_code == 409
    assert "It changes bib 7." in refused.text
    assert race.publications() == []
    fresh = race.screen()
    now = {**form, "payload_hash": fresh.payload_hash, "rendered_hash": fresh.rendered_hash}
    pin = f"?version={fresh.version.version_id}&to={fresh.place.destination_id}"
    assert director.post(f"{address}/approve{pin}", data=now).status_code in {302, 303}
    race.work()
    assert race.is_there_as_sent()


def test_the_database_itself_refuses(stages):
    race, _ = stages
    version = race.comes(race.field())
    place = race.destination()
    sent = {
        "timing_partner_id": place.timing_partner_id, "edition_id": place.edition_id, "destination_id": place.destination_id,
        "version_id": version, "act": "official", "payload_hash": "p", "state": "waiting", "made_at": times.now(),
    }  # fmt: skip
    asked = {
        "timing_partner_id": place.timing_partner_id, "destination_id": place.destination_id, "version_id": version,
        "act": "official", "payload_hash": "p", "base_hash": "", "rendered_hash": "", "map_version": 0, "requested_by": 5,
        "requested_name": "Dana", "requested_role": "director", "requested_at": times.now(), "seen": {}, "needs_second": 1,
        "expires_at": times.now() + timedelta(hours=1),
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="two_people"), write() as session:
        session.execute(insert(Approval).values(**asked, state="approved", approved_by=5, approved_at=times.now()))
    with write() as session:
        session.execute(insert(Approval).values(**asked, state="waiting"))
    number = db.session.scalars(select(Approval.approval_id)).one()
    db.session.rollback()
    for what in (
        sent | {"approval_id": number},
        sent | {"approval_id": number + 1},
        sent | {"approval_id": number, "payload_hash": "q"},
    ):
        with pytest.raises(IntegrityError), write() as session:
            session.execute(insert(Publication).values(**what))
    assert race.publications() == []
    race.go()
    for forbidden in ("UPDATE receipts SET document = '{}'", "DELETE FROM receipts", "UPDATE publications SET payload_hash = 'q'"):
        with pytest.raises(IntegrityError), write() as session:
            session.execute(text(forbidden))
    assert receipts.verify(race.contest_id) is None
