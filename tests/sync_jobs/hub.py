"""A whole hub for tests of the work itself: a database, simulated providers on real sockets, and runs done in this process."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, text

from sync_jobs import ledger, pull, secrets, times
from sync_jobs.models import PROVIDER_TABLES, Attempt, ChangedRow, Connection, Edition, Run, SetAside, SyncState, db, write
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.factories import make_connection, make_partner

PEOPLE = {"runsignup": "runsignup_participants", "raceroster": "raceroster_participants"}
KEY = {"runsignup": "registration_id", "raceroster": "registration_id"}
FIRST = {"runsignup": "RUNSIGNUP_URL", "raceroster": "RACEROSTER_URL"}


@dataclass
class Hub:
    """One started partner with one connection to one simulated provider."""

    world: World
    sandbox: Running
    provider: str
    connection_id: int
    partner_id: int

    @property
    def connection(self) -> Connection:
        return db.session.get_one(Connection, self.connection_id, populate_existing=True)

    def ask(self, operation: str, edition: Edition | None = None) -> int:
        now = times.now()
        return ledger.request(self.connection, operation, edition=edition, trigger="manual", by="Ada", now=now).run_id

    def work(self) -> Run:
        """Claim the best due run and do it; the run as it then is."""
        claim = ledger.claim(times.now())
        assert claim is not None, "nothing is due"
        with ledger.Lease(claim) as lease:
            pull.run(claim, lease, None)
        return self.run(claim.run_id)

    def sync(self, operation: str, edition: Edition | None = None) -> Run:
        asked = self.ask(operation, edition)
        run = self.work()
        assert run.run_id == asked
        return run

    def discover(self) -> list[Edition]:
        assert self.sync("events").status == "completed"
        return self.editions()

    def editions(self) -> list[Edition]:
        found = db.session.scalars(select(Edition).where(Edition.joined_into.is_(None)).order_by(Edition.edition_id))
        editions = list(found)
        db.session.rollback()
        return editions

    def run(self, run_id: int) -> Run:
        db.session.rollback()
        return db.session.get_one(Run, run_id, populate_existing=True)

    def attempts(self, run_id: int) -> list[Attempt]:
        db.session.rollback()
        return list(db.session.scalars(select(Attempt).where(Attempt.run_id == run_id).order_by(Attempt.attempt_no)))

    def changes(self, run_id: int) -> dict[str, int]:
        rows = db.session.execute(
            select(ChangedRow.change, func.count()).where(ChangedRow.run_id == run_id).group_by(ChangedRow.change)
        )
        return dict(tuple(row) for row in rows)

    def aside(self, run_id: int) -> list[SetAside]:
        return list(db.session.scalars(select(SetAside).where(SetAside.run_id == run_id)))

    def state(self, operation: str, edition: Edition | None = None) -> SyncState:
        db.session.rollback()
        target = f"{self.connection_id}:{operation}:{edition.edition_id if edition else 'all'}"
        return db.session.get_one(SyncState, target, populate_existing=True)

    def held(self) -> set[str]:
        """Keys of everybody present in the provider's own table."""
        table = PROVIDER_TABLES[PEOPLE[self.provider]]
        rows = db.session.execute(select(table.c[KEY[self.provider]]).where(table.c.gone_at.is_(None))).all()
        assert len(rows) == len(set(rows)), "somebody stands there twice"
        db.session.rollback()
        return {str(key) for (key,) in rows}

    def true(self) -> set[str]:
        """Keys of everybody who is registered at this instant."""
        return {one.key for one in self.world.present(times.now(), provider=self.provider, partner=self.world.partners[0].number)}

    def calls(self, path: str) -> int:
        return len(self.sandbox.requests.matching(self.provider, path))


def make_hub(world: World, sandbox: Running, provider: str) -> Hub:
    """A partner of that world, started, its connection active and complete."""
    partner = make_partner(world.partners[0].name)
    connection = make_connection(partner, provider, name=f"{provider} connection")
    with write() as session:
        secrets.keep(session, connection.connection_id, secrets.SECRETS, sandbox.credentials(world.partners[0].number, provider))
    return Hub(world, sandbox, provider, connection.connection_id, partner.timing_partner_id)


def statements(engine):
    """A list that every statement from now on is put into."""
    from sqlalchemy import event

    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cur, statement, *_: seen.append(statement))
    return seen


def scalar(sql: str, **given):
    value = db.session.execute(text(sql), given).scalar()
    db.session.rollback()
    return value
