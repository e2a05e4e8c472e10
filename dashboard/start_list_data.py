"""What the start-list page shows of each scoring connection: the dry run of its distances, one page of lines, the newest files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer

from dashboard import paging
from sync_jobs import start_lists
from sync_jobs.models import Connection, Edition, StartListFile, StartListLine, db
from sync_jobs.providers import ADAPTERS, label
from sync_jobs.start_list import Plan, Step
from sync_jobs.start_lists import Target

SHOWN = 40  # people of one kind in one distance
FILES = 8
LISTS = {"waiting": ("waiting",), "decided": ("approved", "declined"), "refused": ("refused",)}
"""The lists of lines that go on, each by pages of its own, over all distances of the event or one of them."""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """One scoring contest: how many stand there, the steps by kind, and of its lines those that stand on this page."""

    target: Target
    plan: Plan
    lines: Mapping[str, list[StartListLine]]
    counts: Mapping[str, int]

    @property
    def there(self) -> int:
        """Who stands there as wanted."""
        return self.plan.same + len(self.plan.there)

    @property
    def ready(self) -> list[Step]:
        """What would go out now."""
        return self.plan.ready

    @property
    def asking(self) -> list[Step]:
        """What would be asked by the next sending: withdrawals and conflicts that nobody was asked about yet."""
        return [step for step in self.plan.waiting if not step.is_asked]

    @property
    def elsewhere(self) -> Mapping[str, int]:
        """How many lines of each list stand on other pages."""
        return {name: many for name, count in self.counts.items() if (many := count - len(self.lines[name])) > 0}

    def of(self, kind: str) -> list[Step]:
        """The first of the steps of that kind that would go out."""
        return [step for step in self.plan.ready if step.kind == kind][:SHOWN]


@dataclass(kw_only=True)
class Side:
    """One scoring connection of the event, with its distances."""

    connection: Connection
    label: str
    can_write: bool
    note: str
    help: str
    distances: list[Distance] = field(default_factory=list)
    files: list[StartListFile] = field(default_factory=list)

    @property
    def ready(self) -> int:
        """How many lines would go out now."""
        return sum(len(one.ready) for one in self.distances)

    def count(self, name: str) -> int:
        """How many lines one of its lists has, on all pages."""
        return sum(one.counts[name] for one in self.distances)


@dataclass(frozen=True, kw_only=True)
class Look:
    """All sides, and where each list goes on."""

    sides: list[Side]
    more: Mapping[str, str]

    def count(self, name: str) -> int:
        """How many lines a list has, on all pages."""
        return sum(side.count(name) for side in self.sides)


def read(edition: Edition) -> Look:
    """A dry run of each distance, and one page of each list. It reads and sends nothing."""
    found = start_lists.targets(edition.edition_id)
    connections = {target.connection_id for target in found}
    planned = {number: start_lists.plans(edition.edition_id, number) for number in connections}
    lines, more = _lines(edition.edition_id, [target.contest_id for target in found])
    states = start_lists.states(edition.edition_id)
    sides = []
    for connection in db.session.scalars(select(Connection).where(Connection.connection_id.in_(connections))).all():
        side = _side(connection, edition)
        side.distances = [
            Distance(target=target, plan=plan, lines=lines[target.contest_id], counts=_counts(states, target.contest_id))
            for target, plan in planned[connection.connection_id]
        ]
        sides.append(side)
    return Look(sides=sides, more=more)


def _side(connection: Connection, edition: Edition) -> Side:
    adapter = ADAPTERS[connection.provider_name]
    return Side(
        connection=connection, label=label(connection.provider_name), can_write="push_entries" in adapter.abilities(),
        note=adapter.writes_note, help=adapter.import_help, files=_files(edition.edition_id, connection.connection_id),
    )  # fmt: skip


def _counts(states: Mapping[tuple[int, str], int], contest_id: int) -> dict[str, int]:
    return {name: sum(states.get((contest_id, state), 0) for state in of) for name, of in LISTS.items()}


def _lines(edition_id: int, contest_ids: list[int]) -> tuple[Mapping[int, Mapping[str, list[StartListLine]]], dict[str, str]]:
    """One page of each list, by contest; and the addresses at which they go on."""
    filters = paging.Filters()
    chosen = filters.number("distance")
    contests = [number for number in contest_ids if chosen in {None, number}]
    mine = (StartListLine.edition_id == edition_id, StartListLine.contest_id.in_(contests))
    places = {name: paging.place(name) for name in LISTS}
    found: dict[int, dict[str, list[StartListLine]]] = defaultdict(lambda: {name: [] for name in LISTS})
    more = {}
    for name, states in LISTS.items():
        page = _page(mine, states, places[name] or 0)
        for line in page[: paging.PER_PAGE]:
            found[line.contest_id][name].append(line)
        if len(page) > paging.PER_PAGE:
            more[name] = filters.address(**{**places, name: page[paging.PER_PAGE - 1].line_id})
    return found, more


def _page(mine: tuple[ColumnElement[bool], ...], states: tuple[str, ...], after: int) -> list[StartListLine]:
    rows = select(StartListLine).where(*mine, StartListLine.state.in_(states), StartListLine.line_id > after)
    rows = rows.order_by(StartListLine.line_id).limit(paging.PER_PAGE + 1)
    return list(db.session.scalars(rows))


def _files(edition_id: int, connection_id: int) -> list[StartListFile]:
    mine = (StartListFile.edition_id == edition_id, StartListFile.connection_id == connection_id)
    newest = select(StartListFile).where(*mine).order_by(StartListFile.file_id.desc()).limit(FILES)
    return list(db.session.scalars(newest.options(defer(StartListFile.content))))
