"""Each adapter against a simulated provider over one small world, and what a reading of it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit.base import Adapter, AsideRow
from sync_jobs.providers import ADAPTERS
from sync_jobs.records import Scope
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.things import Happening
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Tokens, access

EACH = 65  # people in each of two contests
PAGES = {"runsignup": 2500, "raceroster": 250}


@dataclass
class Reading:
    """Everything that came out of one reading."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    keys: list[tuple[Any, ...]] = field(default_factory=list)
    aside: list[AsideRow] = field(default_factory=list)
    cursors: list[Any] = field(default_factory=list)
    digests: dict[tuple[Any, ...], bytes] = field(default_factory=dict)


@dataclass
class Bench:
    """One provider under test."""

    key: str
    world: World
    running: Running
    made: list[Adapter] = field(default_factory=list)

    def adapter(self, **changes: Any) -> Adapter:
        secrets = self.running.credentials(1, self.key)
        given = {"secrets": secrets, "call_timeout": 3.0, **changes}
        self.made.append(ADAPTERS[self.key](access(self.running.urls, **given)))
        return self.made[-1]

    @property
    def happening(self) -> Happening:
        return next(h for h in self.world.seen_by(self.key, 1))

    def scope(self, happening: Happening | None = None, **changes: Any) -> Scope:
        happening = happening or self.happening
        contests = tuple(str(contest.number) for contest in happening.contests)
        return Scope(happening_id=happening.uid, contest_ids=contests, timezone=happening.edition.zone, **changes)

    def fault(self, kind: str, value: Any = None, path: str = "participants", **which: Any) -> None:
        self.running.faults.add(kind, value, provider=self.key, path=path, **which)

    def calls(self, path: str = "") -> int:
        return self.running.requests.count(self.key, path)

    def truth(self) -> set[str]:
        """The ids of everybody at the happening."""
        return {one.key for one in self.world.present(NOW, provider=self.key) if one.happening_id == self.happening.uid}


def read(adapter: Adapter, pages: Any) -> Reading:
    """All pages, with the values of every row that can be read."""
    reading = Reading()
    for page in pages:
        reading.aside += page.aside
        reading.cursors.append(page.cursor)
        for row in page.rows:
            reading.keys.append((page.table, *row.key))
            reading.digests[page.table, *row.key] = row.digest
            try:
                reading.tables.setdefault(page.table, []).append(adapter.values(page.table, row.raw))
            except UnreadableRow as error:
                reading.aside.append(AsideRow(key="/".join(map(str, row.key)), place="", field=error.field, why=error.why))
    return reading


@pytest.fixture(scope="module", params=list(ADAPTERS))
def sandbox(request: pytest.FixtureRequest) -> Iterator[tuple[str, World, Running]]:
    world = World.regular(anchor=NOW, editions=3, contests=2, each=EACH, provider=request.param)
    with servers.start(world, clock=lambda: NOW) as running:
        yield request.param, world, running


@pytest.fixture
def bench(sandbox: tuple[str, World, Running]) -> Iterator[Bench]:
    key, world, running = sandbox
    running.faults.clear()
    running.requests.clear()
    bench = Bench(key, world, running)
    yield bench
    for adapter in bench.made:
        adapter.close()
    running.faults.clear()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()
