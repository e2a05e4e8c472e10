"""Approved results on their way to a simulated RunSignUp: rows as an approval leaves them, and runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from sync_jobs import approvals, ledger, publish, pull, receipts, secrets, times
from sync_jobs.models import Approval, Connection, Publication, PublicationPayload, ResultDestination, ResultVersion, Run, db, write
from sync_jobs.providers import ADAPTERS
from sync_jobs.results import Published, PublishedSet, ResultTarget
from sync_jobs.review.packed import Payload, pack
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.conftest import NOW
from tests.factories import keep, make_connection, make_contest, make_edition, make_link, make_partner

ACTS = {"preliminary": "preliminary", "official": "official", "correction": "official", "retraction": "retracted"}


@dataclass
class Desk:
    """One destination, what is approved for it, and what stands there."""

    world: World
    sandbox: Running
    connection: Connection
    edition: Any
    destination_id: int
    receipts: list[Any]
    provider: str
    app: Any
    versions: int = 0

    # Before

    def rows(self, many: int | None = None, **changes: Any) -> list[Published]:
        """A result of everybody who registered, or of so many, in order."""
        people = self.world.happenings[0].contests[0].registrations[:many]
        return [replace(_result(number, one), **changes) for number, one in enumerate(people, 1)]

    def approve(self, rows: list[Published], act: str = "preliminary", **given: Any) -> int:
        """Somebody approved these rows on top of what was read there last."""
        self.versions += 1
        destination = self.destination()
        keep(self.version(destination))
        payload = Payload(target=self.target, visibility=ACTS[act], tells=bool(given.get("tells")), map_version=1, rows=tuple(rows))
        approval = Approval(
            timing_partner_id=destination.timing_partner_id, destination_id=self.destination_id, version_id=self.versions, act=act,
            payload_hash=payload.hash, base_hash=destination.base_hash, rendered_hash="", map_version=1, tells=int(payload.tells),
            state="approved", requested_name="Dana", requested_role="director", requested_at=times.now(), approved_at=times.now(),
            expires_at=times.now() + timedelta(hours=12), seen={}, not_before=given.get("not_before"),
        )  # fmt: skip
        keep(approval)
        publication = Publication(
            timing_partner_id=destination.timing_partner_id, edition_id=destination.edition_id, destination_id=self.destination_id,
            approval_id=approval.approval_id, version_id=self.versions, act=act, payload_hash=payload.hash, state="waiting",
            made_at=times.now(),
        )  # fmt: skip
        keep(publication)
        keep(PublicationPayload(publication_id=publication.publication_id, body=pack(payload)))
        return publication.publication_id

    def version(self, destination: ResultDestination) -> ResultVersion:
        return ResultVersion(
            version_id=self.versions, timing_partner_id=destination.timing_partner_id, edition_id=destination.edition_id,
            contest_id=destination.contest_id, number=self.versions, content_hash=str(self.versions), facts={}, counts={},
            pulled_at=times.now(), last_seen_at=times.now(), state="cleared",
        )  # fmt: skip

    # The run

    def ask(self) -> int:
        return ledger.request(
            self.connection, "publish", edition=self.edition, trigger="manual", by="Dana", now=times.now()
        ).run_id  # fmt: skip

    def work(self) -> Run:
        """One attempt of the best due run."""
        claim = ledger.claim(times.now())
        assert claim is not None, "nothing is due"
        with ledger.Lease(claim) as lease:
            pull.run(claim, lease, None, {"publish": publish.results_of})
        return self.run(claim.run_id)

    def publish(self, rows: list[Published], act: str = "preliminary", **given: Any) -> Publication:
        """Approve and see it through."""
        number = self.approve(rows, act, **given)
        self.ask()
        self.work()
        return self.publication(number)

    # After

    @property
    def target(self) -> ResultTarget:
        contest = self.world.happenings[0].contests[0]
        return ResultTarget(happening_id=self.world.happenings[0].uid, contest_id=str(contest.number))

    def run(self, run_id: int) -> Run:
        db.session.rollback()
        return db.session.get_one(Run, run_id, populate_existing=True)

    def publication(self, number: int) -> Publication:
        db.session.rollback()
        return db.session.get_one(Publication, number, populate_existing=True)

    def destination(self) -> ResultDestination:
        db.session.rollback()
        found = db.session.get_one(ResultDestination, self.destination_id, populate_existing=True)
        db.session.rollback()
        return found

    def there(self) -> PublishedSet:
        """What stands there, by another client of the same address."""
        from tests.kit.standin import access

        adapter = ADAPTERS[self.provider](access(self.sandbox.urls, secrets=self.sandbox.credentials(1, self.provider)))
        try:
            return adapter.published_results(replace(self.target, set_id=self.destination().set_id))
        finally:
            adapter.close()

    def shown(self) -> list[Published]:
        """The same rows without what RunSignUp knows of people by itself."""
        shown = ADAPTERS[self.provider].shown
        return [shown(row) for row in self.there().rows]

    def by_hand(self, what: str, **given: Any) -> None:
        self.sandbox.control.do(what, times.now(), {"set": self.destination().set_id, **given})

    def listed(self) -> dict[str, Any]:
        return self.sandbox.results.listed()

    def calls(self, path: str = "results") -> int:
        return self.sandbox.requests.count(self.provider, path)


def _result(number: int, registration: Any) -> Published:
    finished = number % 25 != 0
    return Published(
        registration_key=str(registration.key), entry_key=f"e{number}", bib=str(number), first_name=registration.person.first_name,
        last_name=registration.person.last_name, gender="F", age=40, status="FINISHED" if finished else "DNF",
        gun_ms=(1_000 + number) * 1000 if finished else None, chip_ms=(995 + number) * 1000 if finished else None,
        place=number if finished else None, division="F 40-49", division_place=number if finished else None,
        splits=(("5K", (400 + number) * 1000),),
    )  # fmt: skip


@pytest.fixture
def people() -> int:
    return 60


@pytest.fixture
def provider() -> str:
    return "runsignup"


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """What approvals decide at the beginning is theirs, and tested there: here whatever is approved is taken up."""
    monkeypatch.setattr(approvals, "take_up", _take_up)


def _take_up(publication_id: int, now: Any) -> str | None:
    with write() as session:
        publication = session.get_one(Publication, publication_id)
        approval = session.get_one(Approval, publication.approval_id)
        if publication.state == "publishing":
            return None
        if approval.state != "approved":
            publication.state = "failed"
            return f"It is {approval.state}."
        approval.state, publication.state, publication.started_at = "used", "publishing", now
    return None


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Receipts as they were asked for."""
    found: list[Any] = []
    keep_receipt = receipts.write

    def write_receipt(session, publication, kind, *, proof, execution, now):
        keep_receipt(session, publication, kind, proof=proof, execution=execution, now=now)
        found.append((publication.publication_id, kind, proof, execution))

    monkeypatch.setattr(receipts, "write", write_receipt)
    return found


@pytest.fixture
def desk(app, clock, people, provider, decided, written) -> Iterator[Desk]:
    world = World.regular(anchor=NOW, editions=1, contests=1, each=people, provider=provider)
    with servers.start(world, clock=clock) as sandbox:
        known = app.extensions["hub_settings"]
        app.extensions["hub_settings"] = replace(known, provider_urls=sandbox.urls, keep_pace=False)
        partner = make_partner()
        connection = make_connection(partner, provider)
        with write() as session:
            secrets.keep(session, connection.connection_id, secrets.SECRETS, sandbox.credentials(1, provider))
        edition = make_edition(partner)
        happening = world.happenings[0]
        make_link(edition, connection, happening.uid)
        number = str(happening.contests[0].number)
        number = number if provider == "runsignup" else f"{happening.uid}/{number}"
        known = {"happening_id": happening.uid, "provider_contest_id": number}
        contest = make_contest(edition, connection, "10K", **known)
        scored = make_contest(edition, make_connection(partner, "chronotrack"), "10K scored")
        destination = ResultDestination(
            timing_partner_id=partner.timing_partner_id, edition_id=edition.edition_id, contest_id=scored.contest_id,
            connection_id=connection.connection_id, provider_name=provider, happening_id=happening.uid,
            registration_contest_id=contest.contest_id, also_for=[], visibility="none", base_hash="",
        )  # fmt: skip
        keep(destination)
        yield Desk(world, sandbox, connection, edition, destination.destination_id, written, provider, app)
