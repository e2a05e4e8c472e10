"""A race of 500 finishers that waits for a director's word, in a house of real processes; and what is true once it went out."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import psutil
from sqlalchemy import select, update

from sync_jobs import approvals, destinations, receipts, schema, times
from sync_jobs.approvals import Screen
from sync_jobs.children import Child
from sync_jobs.models import Publication, PublicationPayload, Receipt, ResultDestination, Run, Schedule, base, db, write
from sync_jobs.providers.runsignup import RunSignUp
from sync_jobs.results import Published
from sync_jobs.review.fingerprints import rows_hash
from sync_jobs.review.packed import unpack
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.bench import scored
from tests.bench.scored import Scored
from tests.faults.actors import FREEZE
from tests.faults.conftest import application, short_folder
from tests.faults.house import House
from tests.kit.standin import access
from tests.sync_jobs.hub import Hub

PEOPLE = 550  # who registered; about 500 of them have a result
CHUNK = 100  # rows of a post: five of them
WORKERS = 2


@dataclass
class Desk:
    """What is approved, and what stands at the provider. One house for many publications, each of all rows."""

    house: House
    sandbox: Running
    day: Scored
    whole: set[int] = field(default_factory=set)  # how many rows a publication has that was ever complete
    public: set[int] = field(default_factory=set)  # how many rows the public could see at any instant
    posted: Counter[int] = field(default_factory=Counter)  # how often each registration was stored

    def __post_init__(self) -> None:
        again = self.sandbox.results.again

        def watched(what: str, now: Any, given: dict[str, Any]) -> Any:
            done = again(what, now, given)
            self.public |= {one["rows"] for one in self.listed()["sets"] if one["public_results"] == "T"}
            self.posted.update(row["registration_id"] for row in given.get("results", ()) if "registration_id" in row)
            return done

        self.sandbox.results.again = watched

    @property
    def faults(self) -> Any:
        return self.sandbox.faults

    @property
    def workers(self) -> list[Child]:
        return [one for one in self.house.supervisor.children if one.program.name.startswith("worker")]

    def start(self) -> None:
        self.house.start_redis()
        started = [self.house.start_worker(ready=False, actor=("publishing", str(CHUNK))) for _ in range(WORKERS)]
        self.house.start_dispatcher()
        self.house.until(lambda: all(map(self.house.listens, started)), "the workers are ready")

    def calm_down(self) -> None:
        """Everything is well, and everybody is there."""
        self.faults.clear()
        ended = select(Run.run_id).where(Run.status.in_(("pending", "running")))
        self.house.until(lambda: db.session.scalar(ended) is None, "nothing runs")
        self.house.until(lambda: all(one.alive and self.house.listens(one) for one in self.workers), "the workers are there")
        for child in self.house.supervisor.children:
            child.deaths = 0
        self.sandbox.requests.clear()
        self.public.clear()
        self.posted.clear()

    # What happens

    def approve(self) -> int:
        """Somebody approves. After the first time, somebody else is left out each time: then everybody has to be sent again."""
        seen = self.day.screen()
        if seen.place.set_id is not None:
            self._hold_back(seen)
        approvals.check(seen.version.version_id, times.now())
        self.day.explain()
        return self.day.approve("preliminary")

    def _hold_back(self, seen: Screen) -> None:
        """One more finisher is not to go out."""
        held = {one.entry_key for one in seen.holds}
        *_, last = (row for row in seen.by_entry.values() if row.is_finisher and row.entry_key not in held)
        approvals.hold(self.day.contest_id, last.entry_key, "runner", "", self.day.director, times.now())

    def freeze(self, where: str, path: str) -> None:
        """The worker that comes to such a call stands still there: at its `look` at the lease, or when it wants to `send`."""
        (self.house.data / FREEZE).write_text(f"{where} {path}")

    def at_work(self) -> list[tuple[Child, psutil.Process]]:
        """Workers with a child that does something."""
        found = [(one, self.house.horse(one)) for one in self.workers if one.alive]
        return [(one, child) for one, child in found if child is not None]

    def strike(self, whole: bool) -> int:
        """Kill the worker that works, or only its child; it is started again. How many died."""
        for worker, child in self.at_work()[:1]:
            if whole:
                self.house.kill(worker, for_good=False)
            else:
                child.kill()
            return 1
        return 0

    # What is so

    def publication(self, number: int) -> Publication:
        db.session.rollback()
        found = db.session.get_one(Publication, number, populate_existing=True)
        db.session.rollback()
        return found

    def run(self) -> Run:
        """The newest publishing run."""
        db.session.rollback()
        newest = select(Run).where(Run.operation_type == "publish").order_by(Run.run_id.desc()).limit(1)
        return db.session.scalars(newest.execution_options(populate_existing=True)).one()

    def attempts(self) -> list[str]:
        """How the tries of the newest publishing run ended."""
        return self.house.attempts(self.run().run_id)

    def is_over(self, number: int) -> bool:
        return self.publication(number).state == "published"

    def until_published(self, number: int) -> None:
        self.house.until(lambda: self.is_over(number), "it is published")
        self.house.until(lambda: self.run().status == "completed", "its run is over")

    def rows(self) -> list[Published]:
        """What stands there, read as any other client reads it."""
        place = db.session.get_one(ResultDestination, self.day.destination_id, populate_existing=True)
        target = destinations.targets(db.session(), [place])[place.destination_id]
        db.session.rollback()
        adapter = RunSignUp(access(self.sandbox.urls, secrets=self.sandbox.credentials(1, "runsignup")))
        try:
            return list(adapter.published_results(target).rows)
        finally:
            adapter.close()

    def receipts(self, number: int) -> list[Receipt]:
        mine = select(Receipt).where(Receipt.publication_id == number).order_by(Receipt.number)
        return list(db.session.scalars(mine))

    def chain_holds(self) -> bool:
        return receipts.verify(self.day.contest_id) is None

    def listed(self) -> dict[str, Any]:
        return self.sandbox.results.listed()

    def calls(self, path: str = "results/") -> int:
        return self.sandbox.requests.count("runsignup", path)

    # What must be so

    def is_right(self, number: int, *, kinds: list[str] | None = None) -> None:
        """Each row is there once and as it was approved, nobody saw half of it, and the receipt says so."""
        body = db.session.get_one(PublicationPayload, number).body
        wanted, there = ([RunSignUp.shown(row) for row in rows] for rows in (unpack(body).rows, self.rows()))
        assert len(wanted) >= 480
        assert Counter(map(str, there)) == Counter(map(str, wanted))
        assert [one["rows"] for one in self.listed()["sets"] if one["public_results"] == "T"] == [len(wanted)]
        self.whole.add(len(wanted))
        assert self.public <= self.whole, "somebody saw half of it"
        assert self.listed()["notifications"] == 0
        self.is_proven(number, kinds or ["published"])
        assert orjson.loads(self.receipts(number)[-1].document)["proof"]["hash"] == rows_hash(self.rows())

    def is_proven(self, number: int, kinds: list[str]) -> None:
        kept = self.receipts(number)
        assert [one.kind for one in kept] == kinds
        said = orjson.loads(kept[-1].document)
        assert said["content"]["payload_hash"] == self.publication(number).payload_hash
        assert said["proof"]["is_equal"] is True
        assert self.chain_holds()
        db.session.rollback()


@contextmanager
def desk_over(template: Path, world: World, day: Scored) -> Iterator[Desk]:
    """A house of its own for that race, with everything running."""
    folder = short_folder()
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with servers.start(world) as running, application(folder, running.urls).app_context():
        house = House(folder, Hub(world, running, "runsignup", day.pair.registration_id, day.pair.partner))
        try:
            desk = Desk(house, running, day)
            desk.start()
            yield desk
        finally:
            house.end()
            db.session.remove()
    shutil.rmtree(folder)


@contextmanager
def race() -> Iterator[tuple[Path, World, Scored]]:
    """A folder with a database in which a race of 500 finishers was read and checked, and waits for a director's word."""
    folder, world = short_folder(), scored.world_of(PEOPLE)
    with servers.start(world) as running, application(folder, running.urls, keep_pace=False).app_context():
        schema.create(db.engine, stamp="production")
        base.use_write_ahead_log(db.engine)
        (day,) = scored.settle(scored.served_by(running))
        with write() as session:
            session.execute(update(Schedule).values(next_run_at=times.now() + timedelta(hours=20)))
        db.session.remove()
    yield folder, world, day
    shutil.rmtree(folder)
