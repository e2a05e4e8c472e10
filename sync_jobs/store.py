"""Provider rows in and out of their tables: what we hold, upserts within one partner, marking what has gone.

It knows tables and keys; what a difference means is decided in `changes`, and when to call this in `pull`.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Integer, Table, and_, bindparam, delete, distinct, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from sync_jobs import times, upsert
from sync_jobs.kit.base import AsideRow, RawRow
from sync_jobs.models import LAYOUTS, NATURAL_KEYS, PROVIDER_TABLES, TWINS, ChangedRow, Contest, RawResult, SetAside, db, insert_or
from sync_jobs.models.provider_tables import runsignup_participant_counts
from sync_jobs.records import Scope

Key = tuple[Any, ...]


def held(table_name: str, partner: int, scope: Scope | None) -> dict[Key, bytes | None]:
    """Keys and digests of what is present of a scope, or of everything of the partner's. Gone rows are not held."""
    found: dict[Key, bytes | None] = {}
    for table in _with_twin(table_name):
        columns = [table.c[name] for name in NATURAL_KEYS[table_name]]
        rows = db.session.execute(
            select(*columns, table.c.row_hash).where(*_within(table, table_name, partner, scope), table.c.gone_at.is_(None))
        )
        for row in rows:
            found[tuple(row[:-1])] = row[-1]
    db.session.rollback()
    return found


def count_by_contest(table_name: str, partner: int, scope: Scope) -> dict[str, int]:
    """How many people of each contest are present and take part, by the provider's own contest id."""
    table, layout = PROVIDER_TABLES[table_name], LAYOUTS[table_name]
    column = table.c[layout.contest]
    conditions = [*_within(table, table_name, partner, scope), table.c.gone_at.is_(None)]
    if layout.withdrawn:
        conditions.append(func.coalesce(table.c.registration_status, "").not_in(layout.withdrawn))
    many = func.count(distinct(table.c[layout.person])) if layout.person else func.count()
    rows = db.session.execute(select(column, many).where(*conditions).group_by(column))
    counted = {scope.happening_id if contest is None else str(contest): number for contest, number in rows}
    db.session.rollback()
    return counted


def write_rows(
    session: Session,
    table_name: str,
    partner: int,
    credentials_used: str,
    rows: Sequence[tuple[RawRow, Mapping[str, Any]]],
    now: datetime,
) -> None:
    """Insert or overwrite these records of one partner. A record that another partner's row stands for goes to the twin."""
    if not rows:
        return
    fixed = {
        "fetched_date": times.customer_form(now),
        "credentials_used": credentials_used,
        "timing_partner_id": partner,
        "gone_at": None,
    }
    connection = session.connection()
    whole = ({**values, **fixed, "row_hash": raw.digest} for raw, values in rows)  # one at a time: a page of them is large
    upsert.of(connection.dialect, table_name).run(connection, whole)
    if table_name in TWINS:
        elsewhere = _owned_by_others(session, table_name, partner, [raw.key for raw, _ in rows])
        copies = [{**values, **fixed, "row_hash": raw.digest} for raw, values in rows if raw.key in elsewhere]
        if copies:
            upsert.of(connection.dialect, table_name, twin=True).run(connection, copies)


def keep_raw(session: Session, partner: int, rows: Iterable[RawRow], now: datetime) -> None:
    """Keep these records as they came, compressed; each once, however often it comes."""
    kept = [
        {"timing_partner_id": partner, "digest": row.digest, "body": zlib.compress(orjson.dumps(row.raw)), "at": now}
        for row in rows
    ]
    if kept:
        session.connection().execute(insert_or(session)(RawResult).on_conflict_do_nothing(), kept)


def mark_gone(session: Session, table_name: str, partner: int, keys: Collection[Key], now: datetime) -> None:
    """Mark records that the provider no longer has. They stay, with the instant; the views leave them out."""
    names = NATURAL_KEYS[table_name]
    given = [{f"k{i}": part for i, part in enumerate(key)} for key in keys]
    if not given:
        return
    for table in _with_twin(table_name):
        is_it = and_(*(table.c[name] == bindparam(f"k{i}") for i, name in enumerate(names)))
        session.connection().execute(update(table).where(table.c.timing_partner_id == partner, is_it).values(gone_at=now), given)


def carry_bibs(session: Session, partner: int, moved: Mapping[Any, Any]) -> None:
    """Give a transferred RunSignUp registration its predecessor's bib and chip, where it has none of its own."""
    table = PROVIDER_TABLES["runsignup_participants"]
    old = table.alias()
    for name in ("bib_num", "chip_num"):
        before = (
            select(old.c[name])
            .where(old.c.timing_partner_id == partner, old.c.registration_id == bindparam("was"))
            .scalar_subquery()
        )
        blank = func.coalesce(table.c[name], "") == ""
        session.connection().execute(
            update(table)
            .where(table.c.timing_partner_id == partner, table.c.registration_id == bindparam("becomes"), blank)
            .values({name: before}),
            [{"was": was, "becomes": becomes} for was, becomes in moved.items()],
        )


def write_counts(session: Session, partner: int, credentials_used: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Keep the provider's own counts of a day; a second reading of the same day replaces the first."""
    table, day = runsignup_participant_counts, times.customer_form(now)[:10]
    for row in rows:
        session.execute(
            delete(table).where(
                table.c.timing_partner_id == partner, table.c.event_id == row["event_id"], table.c.count_date == day
            )
        )
    if rows:
        fixed = {"count_date": day, "timing_partner_id": partner, "credentials_used": credentials_used}
        session.connection().execute(insert(table), [{**row, **fixed} for row in rows])


def note_changes(
    session: Session, run_id: int, partner: int, table_name: str, changes: Iterable[tuple[Key, str, str | None]]
) -> None:
    """Remember which records a run found new, changed or gone, for its page: ids only."""
    rows = [
        {
            "run_id": run_id,
            "timing_partner_id": partner,
            "table_name": table_name,
            "row_key": "/".join(map(str, key)),
            "change": change,
            "note": note,
        }
        for key, change, note in changes
    ]
    if rows:
        session.connection().execute(insert(ChangedRow), rows)


def note_aside(session: Session, run_id: int, attempt_no: int, partner: int, table_name: str, rows: Iterable[AsideRow]) -> None:
    """Remember which records could not be read, and why."""
    noted = [
        {
            "run_id": run_id,
            "attempt_no": attempt_no,
            "timing_partner_id": partner,
            "table_name": table_name,
            "row_key": row.key,
            "place": row.place,
            "field": row.field,
            "why": row.why,
        }
        for row in rows
    ]
    if noted:
        session.connection().execute(insert(SetAside), noted)


def contest_counts(
    session: Session, partner: int, provider_name: str, table_name: str, scope: Scope, counted: Mapping[str, int], column: str
) -> None:
    """Keep how many each contest of a happening has (`rows_held`, `results_held`), where pages read it without counting.

    Where a reading is of some contests only, the others (of another year, or gone) keep their number.
    """
    theirs = (Contest.timing_partner_id == partner, Contest.provider_name == provider_name)
    mine = (*theirs, Contest.happening_id == scope.happening_id)
    for contest_id, provider_contest_id in session.execute(
        select(Contest.contest_id, Contest.provider_contest_id).where(*mine)
    ).all():
        own = provider_contest_id.removeprefix(f"{scope.happening_id}/")
        number = counted.get(own, counted.get(provider_contest_id, 0))
        if LAYOUTS[table_name].holds != "happening" and own not in scope.contest_ids:
            continue
        session.execute(
            update(Contest)
            .where(Contest.contest_id == contest_id)
            .values({column: number})
            .execution_options(synchronize_session=False)
        )


def _with_twin(table_name: str) -> list[Table]:
    return [PROVIDER_TABLES[table_name], *([TWINS[table_name]] if table_name in TWINS else [])]


def _within(table: Table, table_name: str, partner: int, scope: Scope | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [table.c.timing_partner_id == partner]
    if scope is None:
        return conditions
    layout = LAYOUTS[table_name]
    column = table.c[layout.within]
    if layout.holds == "contest":
        return [*conditions, column.in_([_typed(column.type, contest) for contest in scope.contest_ids])]
    if layout.holds == "both":
        return [*conditions, column.in_([f"{scope.happening_id}/{contest}" for contest in scope.contest_ids])]
    return [*conditions, column == _typed(column.type, scope.happening_id)]


def _typed(kind: Any, value: str) -> Any:
    return int(value) if isinstance(kind, Integer) else value


def _owned_by_others(session: Session, table_name: str, partner: int, keys: list[Key]) -> set[Key]:
    """Which of these keys stand in the customer's table for somebody else (or for nobody)."""
    table, names = PROVIDER_TABLES[table_name], NATURAL_KEYS[table_name]
    columns = [table.c[name] for name in names]
    wanted = columns[0].in_([key[0] for key in keys]) if len(names) == 1 else tuple_(*columns).in_(keys)
    rows = session.execute(select(*columns).where(wanted, table.c.timing_partner_id.is_distinct_from(partner)))
    return {tuple(row) for row in rows}
