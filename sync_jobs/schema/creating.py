"""Make an empty database complete: tables, indexes, views, triggers, providers, stamp. A customer's file is left to `upgrading`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, inspect, select

from sync_jobs import times
from sync_jobs.models import Base, HubFact, ProviderRow
from sync_jobs.providers import LABELS
from sync_jobs.schema.facts import facts_for
from sync_jobs.schema.problem import SchemaProblem
from sync_jobs.schema.wanted import digest, triggers, views


def create(engine: Engine, stamp: str = "sandbox", now: datetime | None = None) -> None:
    """Give an empty database everything. One that has the stamp already is left as it is; any other is refused."""
    with engine.execution_options(hub_write=True).begin() as connection:
        found = set(inspect(connection).get_table_names())
        if not found:
            _make(connection, stamp, now or times.now())
        elif _stamp(connection, found) != stamp:
            raise SchemaProblem("This database is not empty and was made for something else: use `database upgrade`.")


def _make(connection: Connection, stamp: str, now: datetime) -> None:
    Base.metadata.create_all(connection)
    wanted = views(connection.dialect.name)
    for view in wanted:
        connection.exec_driver_sql(view.ddl)
    for trigger in triggers(connection.dialect.name):
        connection.exec_driver_sql(trigger.ddl)
    connection.execute(insert(ProviderRow), [{"name": label} for label in LABELS.values()])
    facts = facts_for(stamp, now, views=digest(wanted), taken_over=False, held={})
    connection.execute(insert(HubFact), [{"name": name, "value": value} for name, value in facts.items()])


def _stamp(connection: Connection, tables: set[str]) -> str | None:
    if HubFact.__tablename__ not in tables:
        return None
    return connection.scalar(select(HubFact.value).where(HubFact.name == "stamp"))


def stamp_of(engine: Engine) -> str | None:
    """What this database was made for (sandbox, production), or None where nobody said."""
    with engine.connect() as connection:
        return _stamp(connection, set(inspect(connection).get_table_names()))
