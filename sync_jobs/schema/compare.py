"""Compare the wanted schema with the actual one and decide what to add, rebuild and replace. Touches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sync_jobs.models import KEYS_WITHOUT_PARTNER
from sync_jobs.schema.actual import Actual, ActualTable
from sync_jobs.schema.wanted import ADDED, Wanted, WantedColumn, WantedIndex, WantedTable, WantedTrigger, WantedView

CUSTOMERS = frozenset({
    "timing_partners", "users", "providers", "partner_provider_credentials", "timing_partner_haku_orgs", "events", "event_weather",
    "sync_queue", "sync_history", "runsignup_races", "runsignup_events", "runsignup_participants", "runsignup_participant_counts",
    "ct_events", "ct_races", "ct_participants", "ct_results", "ct_archived_events",
})  # fmt: skip
"""The tables of the customer's file as it is today."""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One of the added provider tables that stands there in another form."""

    table: WantedTable
    before: ActualTable
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done to the schema, in the order in which it is done."""

    tables: tuple[WantedTable, ...] = ()
    rebuilds: tuple[Rebuild, ...] = ()
    columns: tuple[tuple[ActualTable, WantedColumn], ...] = ()
    indexes: tuple[tuple[str, WantedIndex], ...] = ()  # table, index
    views: tuple[WantedView, ...] = ()
    replaced_views: tuple[str, ...] = ()
    triggers: tuple[WantedTrigger, ...] = ()
    replaced_triggers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the schema is as it should be."""
        return not (self.tables or self.rebuilds or self.columns or self.indexes or self.views or self.triggers)


def compare(wanted: Wanted, actual: Actual) -> Plan:
    """The plan that leads from the actual schema to the wanted one."""
    there = [(table, actual.tables[table.name]) for table in wanted.tables if table.name in actual.tables]
    rebuilds = tuple(Rebuild(table, before, why) for table, before in there if (why := _wrong_shape(table, before)))
    rebuilt = {rebuild.table.name for rebuild in rebuilds}
    kept = [(table, before) for table, before in there if table.name not in rebuilt]
    return Plan(
        tables=tuple(table for table in wanted.tables if table.name not in actual.tables),
        rebuilds=rebuilds,
        columns=tuple((before, column) for table, before in kept for column in _missing(table, before)),
        indexes=tuple((table.name, index) for table in wanted.tables for index in table.indexes if _differs(index, actual)),
        views=tuple(view for view in wanted.views if actual.views.get(view.name) != view.ddl),
        replaced_views=tuple(view.name for view in wanted.views if actual.views.get(view.name, view.ddl) != view.ddl),
        triggers=tuple(trigger for trigger in wanted.triggers if actual.triggers.get(trigger.name) != trigger.ddl),
        replaced_triggers=tuple(
            trigger.name for trigger in wanted.triggers if actual.triggers.get(trigger.name, trigger.ddl) != trigger.ddl
        ),
        problems=(*_strange_file(actual), *_clashes(wanted, actual), *(p for pair in kept for p in _unfit(*pair))),
        notes=tuple(note for pair in kept for note in _other_types(*pair)),
    )


def _missing(table: WantedTable, before: ActualTable) -> Iterator[WantedColumn]:
    there = {name.lower() for name in before.names}
    return (column for column in table.columns if column.name.lower() not in there)


def _wrong_shape(table: WantedTable, before: ActualTable) -> str:
    """Why an added provider table must be rebuilt; empty if it need not, or is not ours to rebuild."""
    if table.name not in ADDED:
        return ""
    if set(before.key) != set(table.key):
        return f"its key is {', '.join(before.key) or 'missing'} instead of {', '.join(table.key)}"
    types = {column.name: column.affinity for column in table.columns}
    if other := [c.name for c in before.columns if types.get(c.name, c.affinity) != c.affinity]:
        return f"{', '.join(other)} {'has' if len(other) == 1 else 'have'} another type"
    if strict := [c.name for c in before.columns if c.not_null and c.name not in table.key]:
        return f"{', '.join(strict)} may not be empty there, and providers do leave it empty"
    return "it has rules that two partners cannot both keep" if before.constrained else ""


def _differs(index: WantedIndex, actual: Actual) -> bool:
    return _plain(actual.indexes.get(index.name, "")) != _plain(index.ddl)


def _plain(ddl: str) -> str:
    return "".join(ddl.replace('"', "").lower().split())


def _strange_file(actual: Actual) -> Iterator[str]:
    if actual.tables and not CUSTOMERS & actual.tables.keys():
        yield "This is a SQLite database, but not race_results.db: it has none of its tables. Nothing was changed."


def _clashes(wanted: Wanted, actual: Actual) -> Iterator[str]:
    """Names of ours that are taken by something else."""
    for view in wanted.views:
        if view.name in actual.tables:
            yield f"{view.name} is a table in this file, and must be a view: rename it first. Nothing was changed."
    for table in wanted.tables:
        if table.name in actual.views:
            yield f"{table.name} is a view in this file, and must be a table: rename it first. Nothing was changed."


def _unfit(table: WantedTable, before: ActualTable) -> Iterator[str]:
    """A table of ours that belongs to another program, or one of the customer's whose key is not the one we know."""
    ours = table.name not in CUSTOMERS and table.name not in ADDED
    if (ours or table.name in KEYS_WITHOUT_PARTNER) and set(before.key) != set(table.key):
        yield (
            f"The table {table.name} has the key {', '.join(before.key) or '(none)'} instead of {', '.join(table.key)}: "
            "it is not the one we know. Nothing was changed."
        )


def _other_types(table: WantedTable, before: ActualTable) -> Iterator[str]:
    types = {column.name: column.affinity for column in table.columns}
    for column in before.columns:
        if types.get(column.name, column.affinity) != column.affinity:
            yield (
                f"{table.name}.{column.name} stays as it is declared ({column.declared or 'no type'}), though we would declare "
                f"{types[column.name]}; SQLite takes our values there too."
            )
