"""What the Run page reads: the run with its names, its attempts, its changes and the rows it set aside, in one statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select

from dashboard import run_lines
from dashboard.reading import Query, Rows, together
from sync_jobs.models import (
    NATURAL_KEYS,
    PROVIDER_TABLES,
    Attempt,
    ChangedRow,
    Partner,
    PartnerSettings,
    Run,
    SetAside,
    SyncState,
    db,
)

CHANGES = 60
ASIDE = 50
ATTEMPTS = 20
MISSING = 300
FIRST_NAMES, LAST_NAMES = (
    ("first_name", "athlete_first_name", "results_first_name"),
    ("last_name", "athlete_last_name", "results_last_name"),
)
BIBS = ("bib_num", "bib_number", "entry_bib", "results_bib")


def read(run_id: int) -> dict[str, Rows]:
    """All parts of the page; the run itself is empty where there is none."""
    return together(run=_run(run_id), attempts=attempts(run_id), changes=_changes(run_id), aside=_aside(run_id))


def _run(run_id: int) -> Query:
    """The run, its partner's zone, and whether its target was read well later."""
    more: tuple[Any, ...] = (
        Run.error_detail.label("error_detail"), Run.attempts.label("attempts"), Run.errors.label("errors"),
        Run.crashes.label("crashes"), Run.provider_ms.label("provider_ms"), Run.requested_at.label("requested_at"),
        Run.skipped_slots.label("skipped_slots"), PartnerSettings.timezone.label("partner_zone"),
        SyncState.last_success_at.label("solved_at"), SyncState.last_run_id.label("last_run_id"),
        Run.lease_owner.label("lease_owner"),
    )  # fmt: skip
    return (
        run_lines.runs(Run.run_id == run_id, limit=1)
        .add_columns(*more)
        .outerjoin(PartnerSettings, PartnerSettings.timing_partner_id == Partner.timing_partner_id)
        .outerjoin(SyncState, SyncState.target == Run.target)
    )


def attempts(run_id: int) -> Query:
    """Every ended try, newest first."""
    return (
        select(
            Attempt.attempt_no.label("attempt_no"), Attempt.status.label("status"), Attempt.reason.label("reason"),
            Attempt.error_details.label("detail"), Attempt.error_kind.label("error_kind"), Attempt.started_at.label("started_at"),
            Attempt.ended_at.label("ended_at"), Attempt.waited_ms.label("waited_ms"), Attempt.worked_ms.label("worked_ms"),
            Attempt.provider_ms.label("provider_ms"), Attempt.worker.label("worker"), Attempt.requested_by.label("requested_by"),
            Attempt.num_of_synced_records.label("changed"), Attempt.entries_success.label("rows_read"),
        )
        .where(Attempt.run_id == run_id)
        .order_by(Attempt.attempt_no.desc())
        .limit(ATTEMPTS)
    )  # fmt: skip


def _changes(run_id: int) -> Query:
    return (
        select(
            ChangedRow.table_name.label("table_name"), ChangedRow.row_key.label("row_key"), ChangedRow.change.label("change"),
            ChangedRow.note.label("note"),
        )
        .where(ChangedRow.run_id == run_id)
        .order_by(ChangedRow.change_id.desc())
        .limit(CHANGES)
    )  # fmt: skip


def missing(run_id: int, partner: int) -> list[tuple[str, str]]:
    """Name and bib of everybody (or the distances) that the newest try of a held-up run did not find any more, by name."""
    newest = select(func.max(ChangedRow.change_id)).where(ChangedRow.run_id == run_id, ChangedRow.change != "missing")
    keys = db.session.execute(
        select(ChangedRow.table_name, ChangedRow.row_key, ChangedRow.note)
        .where(
            ChangedRow.run_id == run_id,
            ChangedRow.change == "missing",
            ChangedRow.change_id > func.coalesce(newest.scalar_subquery(), 0),
        )
        .distinct()
        .limit(MISSING)
    ).all()
    of: dict[str, list[str]] = {}
    for table_name, key, note in keys:
        if note is None:  # of people nothing but the key was noted
            of.setdefault(table_name, []).append(key)
    told = [(row.note, "") for row in keys if row.note is not None]
    return sorted([*told, *(row for table_name, wanted in of.items() for row in _named(table_name, partner, wanted))])


def _named(table_name: str, partner: int, keys: list[str]) -> list[tuple[str, str]]:
    """People of a provider's table by the keys that a run noted: the parts of the key, joined by strokes."""
    table, names = PROVIDER_TABLES[table_name], NATURAL_KEYS[table_name]
    whole: ColumnElement[str] = cast(table.c[names[0]], Text)
    for name in names[1:]:
        whole = whole + "/" + cast(table.c[name], Text)
    first, last, bib = (next(table.c[name] for name in choice if name in table.c) for choice in (FIRST_NAMES, LAST_NAMES, BIBS))
    rows = db.session.execute(select(first, last, bib).where(table.c.timing_partner_id == partner, whole.in_(keys)))
    people = [(" ".join(filter(None, (row[0], row[1]))) or "nameless", row[2] or "") for row in rows]
    return list(dict.fromkeys(people)) if table_name.endswith("_results") else people  # where one person has several rows


def _aside(run_id: int) -> Query:
    newest = select(func.max(SetAside.attempt_no)).where(SetAside.run_id == run_id).scalar_subquery()
    return (
        select(
            SetAside.table_name.label("table_name"), SetAside.row_key.label("row_key"), SetAside.place.label("place"),
            SetAside.field.label("field"), SetAside.why.label("why"),
        )
        .where(SetAside.run_id == run_id, SetAside.attempt_no == newest)
        .order_by(SetAside.aside_id)
        .limit(ASIDE)
    )  # fmt: skip
