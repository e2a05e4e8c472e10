"""Each adapter against a simulated provider over one small world, and what a reading of it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from sync_jobs.errors import AccessDenied, CredentialsRejected, ProviderError, UnreadableRow
from sync_jobs.kit.base import Adapter, AsideRow
from sync_jobs.providers import ADAPTERS
from sync_jobs.records import Scope
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Tokens, access

EACH = 65  # people in each of two contests


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Where a provider keeps what every provider has: tables, our columns, paths, and what a spoilt row lacks."""

    contests: str
    contest_starts: str = "starts_at"
    name: str = "name"
    zone: str | None = "timezone"
    path: str = "participants"  # of the list of people
    list: str = "events"  # of the list of happenings
    page: int
    key: str = "registration_id"
    first: str = "first_name"
    last: str = "last_name"
    email: str | None = "email"
    bib: str
    born: str
    gender: str = "gender"
    unsaid: str | None = "U"  # how a gender that was not given looks
    contest: str
    spoilt: frozenset[str]
    sign_in: str | None = None  # path of the sign-in, where there is one
    accepts: str = "login"
    first_costs: int = 3  # list calls for the first reading of two full pages and 217 people more
    round_costs: int = 1  # list calls for a second reading of 130 people
    changes_cost: int = 1  # list calls for a reading of what changed
    listed: bool = True  # whether discovery finds contests; else people show them
    most: int = 2 * EACH  # rows that a page may have, where it is fewer than a whole happening here
    spoilt_for_good: int = 3  # of three spoilt rows; a list that is looked at twice shows one again
    own_columns: frozenset[str] = frozenset()  # the database's
    paged: bool = True  # whether the provider's own lists come in pages
    before: tuple[int, int, int] = (0, 1, 2)  # calls before the first, the second, the third page of people
    spoilt_calls: int = 1  # calls that three spoilt rows take
    no_access: type[ProviderError] = AccessDenied  # how a provider's 403 is understood


FACTS = {
    "runsignup": Facts(
        contests="runsignup_events", list="races", page=2500, bib="bib_num", born="dob", contest="event_id", unsaid=None,
        accepts="key", spoilt=frozenset({"registration_id", "age", "registration_date"}), round_costs=2,
        own_columns=frozenset({"id"}),
    ),
    "raceroster": Facts(
        contests="raceroster_sub_events", page=250, bib="bib_number", born="date_of_birth", contest="sub_event_id",
        spoilt=frozenset({"participantId", "gender", "registrationDate"}), sign_in="oauth",
    ),
    "haku": Facts(
        contests="haku_categories", listed=False, name="event_name", zone=None, page=25, key="participant_id", bib="bib_number",
        born="date_of_birth", contest="category_id", unsaid=None, sign_in="oauth", first_costs=12, round_costs=7, changes_cost=7,
        most=25, spoilt=frozenset({"registration_number", "is_cancelled", "registered_at"}), spoilt_for_good=2,
    ),
    "chronotrack": Facts(
        contests="ct_races", name="event_name", zone="location_time_zone", path="/entry", list="event", page=500, key="entry_id",
        first="athlete_first_name", last="athlete_last_name", email="athlete_email", bib="entry_bib", born="athlete_birthdate",
        gender="athlete_sex", unsaid=None, contest="race_id",
        spoilt=frozenset({"entry_id", "athlete_birthdate", "athlete_first_name"}), own_columns=frozenset({"id"}),
    ),
    "copernico": Facts(
        contests="copernico_events", name="competition_name", path="/athlete", list="/races", page=25, key="participant_id",
        email=None, bib="bib_number", born="date_of_birth", unsaid=None, contest="event_id", accepts="key. It sees 3 races",
        first_costs=268, round_costs=131, changes_cost=131, most=0, spoilt=frozenset({"id", "birthdate"}), spoilt_calls=3,
        paged=False, before=(0, 26, 51), no_access=CredentialsRejected,
    ),
}  # fmt: skip
GENDERS = {"copernico": {"F": "female", "M": "male", "X": "U"}}


class Person(NamedTuple):
    """Somebody as they truly are, in the provider's own ids."""

    key: str
    first: str
    last: str
    email: str | None
    bib: str | None
    born: str | None
    gender: str | None  # U: not said
    contest: str


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
        given = {"secrets": secrets, "call_timeout": 3.0, "timezone": self.world.partners[0].zone, **changes}
        self.made.append(ADAPTERS[self.key](access(self.running.urls, **given)))
        return self.made[-1]

    @property
    def facts(self) -> Facts:
        return FACTS[self.key]

    @property
    def scores(self) -> bool:
        return ADAPTERS[self.key].side == "scoring"

    @property
    def happenings(self) -> list[Any]:
        """Those of the partner, as the world has them."""
        return self.running.scoring.happenings(self.key, 1) if self.scores else self.world.seen_by(self.key, 1)

    @property
    def happening(self) -> Any:
        return self.happenings[0]

    def scope(self, happening: Any = None, **changes: Any) -> Scope:
        happening = happening or self.happening
        contests = tuple(self.called(contest) for contest in happening.contests)
        return Scope(happening_id=happening.uid, contest_ids=contests, timezone=happening.edition.zone, **changes)

    def called(self, contest: Any) -> str:
        """The provider's own id of a contest, within its happening."""
        return contest.name if self.key == "copernico" else str(contest.number)

    def pages(self, adapter: Adapter, scope: Scope, since: Any = None, cursor: Any = None) -> Any:
        """Everybody of a happening: who registered, or who is on the scoring list."""
        return adapter.entries(scope, cursor) if self.scores else adapter.registrations(scope, since, cursor)

    def people_pages(self, adapter: Adapter, scope: Scope) -> Any:
        """Only those with people on them, not what is told beside."""
        return (page for page in self.pages(adapter, scope) if page.table == adapter.people_table)

    def fault(self, kind: str, value: Any = None, path: str | None = None, **which: Any) -> None:
        self.running.faults.add(kind, value, provider=self.key, path=path or self.facts.path, **which)

    def calls(self, path: str = "") -> int:
        return self.running.requests.count(self.key, path)

    def everybody(self, happening: Any = None) -> list[Person]:
        """All people of a happening."""
        happening = happening or self.happening
        if self.scores:
            named, words = self.key == "copernico", GENDERS.get(self.key, {})
            return [
                Person(one.uid if named else str(one.number), one.first_name, one.last_name, one.email, one.bib,
                       one.born and one.born.isoformat(), words.get(one.gender or "U", one.gender or "U"),
                       f"{happening.uid}/{one.contest.name}" if named else str(one.contest.number))
                for one in self.running.scoring.entries(happening, NOW)
            ]  # fmt: skip
        return [
            Person(one.key, one.first_name, one.last_name, one.email, None if one.bib is None else str(one.bib),
                   one.born and one.born.isoformat(), {"C": "U"}.get(one.gender, one.gender), one.contest_id.rpartition("/")[2])
            for one in self.world.present(NOW, provider=self.key)
            if one.happening_id == happening.uid
        ]  # fmt: skip

    def truth(self) -> set[str]:
        """The ids of everybody at the happening."""
        return {one.key for one in self.everybody()}


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
def provider(request: pytest.FixtureRequest) -> str:
    """Which one it is about."""
    return str(request.param)


@pytest.fixture(scope="module")
def sandbox(provider: str) -> Iterator[tuple[str, World, Running]]:
    world = World.regular(anchor=NOW, editions=3, contests=2, each=EACH, provider=provider)
    with servers.start(world, clock=lambda: NOW) as running:
        yield provider, world, running


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
