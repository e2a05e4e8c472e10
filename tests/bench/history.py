"""A database as it is after months: a million runs and attempts of thirteen partners, made with SQL in well under a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync_jobs import times
from sync_jobs.models import Connection, Contest, Edition, EditionLink, Partner, PartnerSettings, Schedule, SyncState, db, write
from tests import factories

PARTNERS, EDITIONS, EVERY = 13, 60, 20  # EVERY: seconds between two runs
FILLED = ("sync_queue", "sync_history", "done_minutes", "provider_minutes")

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
OF = f"(1 + i % {2 * PARTNERS})"  # which connection
STATUS = "CASE WHEN i % 100 < 10 THEN 'failed' WHEN i % 100 < 12 THEN 'cancelled' ELSE 'completed' END"
PROVIDER = f"CASE WHEN {OF} % 2 = 1 THEN 'runsignup' ELSE 'raceroster' END"
AT = ":now - (:many - i) * :every"
EDITION = f"(1 + (({OF} - 1) / 2) + {PARTNERS} * ((i / 26) % 4))"
KIND = "CASE WHEN i % 100 < 10 THEN 'provider_down' END"
SENTENCE = "CASE WHEN i % 100 < 10 THEN 'The provider did not answer. We try again by ourselves.' END"

RUNS = f"""INSERT INTO sync_queue (sync_queue_id, status, created_at, provider_name, operation_type, sync_direction, priority,
 target, lock_name, timing_partner_id, connection_id, edition_id, trigger, requested_by, requested_at, due_at, claimed_at,
 finished_at, attempts, errors, error_kind, last_error, pages_done, rows_read, rows_new, rows_changed, rows_same, calls,
 provider_ms, waited_ms)
 {NUMBERS} SELECT i, {STATUS}, strftime('%Y-%m-%d %H:%M:%S', ({AT}) / 1000, 'unixepoch'), {PROVIDER}, 'participants', 'pull', 5,
 {OF} || ':participants:' || {EDITION}, '', ({OF} + 1) / 2, {OF}, {EDITION}, 'schedule', 'clock', {AT}, {AT}, {AT} + 200,
 {AT} + 2200, 1, i % 100 < 10, {KIND}, {SENTENCE}, 3, 2000, 5, 2, 1993, 3, 900, 200 FROM n"""
ATTEMPTS = f"""INSERT INTO sync_history (sync_history_id, timing_partner_id, sync_time, num_of_synced_records, status, reason,
 entries_success, entries_failed, provider_name, operation_type, sync_direction, run_id, attempt_no, connection_id, edition_id,
 trigger, requested_by, error_kind, started_at, ended_at, waited_ms, worked_ms, provider_ms)
 {NUMBERS} SELECT i, ({OF} + 1) / 2, strftime('%Y-%m-%d %H:%M:%S', ({AT}) / 1000, 'unixepoch'), 7, {STATUS}, {SENTENCE}, 2000, 0,
 {PROVIDER}, 'participants', 'pull', i, 1, {OF}, {EDITION}, 'schedule', 'clock', {KIND}, {AT} + 200,
 {AT} + 2200, 200, 2000, 900 FROM n"""
DONE = f"""INSERT INTO done_minutes (minute, timing_partner_id, status, ended)
 {NUMBERS} SELECT :now / 60000 * 60000 - i / {PARTNERS} * 60000, 1 + i % {PARTNERS}, 'completed', 3 FROM n"""
MINUTES = f"""INSERT INTO provider_minutes (provider_name, minute, connection_id, calls, failures, ms_300)
 {NUMBERS} SELECT CASE WHEN (1 + i % 26) % 2 = 1 THEN 'runsignup' ELSE 'raceroster' END,
 :now / 60000 * 60000 - i / 26 * 60000, 1 + i % 26, 9, i % 7 = 0, 9 FROM n"""


def fill(many: int) -> None:
    """Partners, connections, editions and their freshness; then runs, attempts and minutes up to now."""
    now = times.now()
    with write() as session:
        for number in range(1, PARTNERS + 1):
            _partner(session, number, now)
    with write() as session:
        kept = _without_indexes(session)
        every = EVERY * 1000
        for statement, count in ((RUNS, many), (ATTEMPTS, many), (DONE, PARTNERS * 14 * 1440), (MINUTES, 26 * 2 * 1440)):
            session.execute(
                text(statement),
                {"many": count, "now": times.to_ms(now), "every": every}
                if ":every" in statement
                else {"many": count, "now": times.to_ms(now)},
            )
        for statement in kept:
            session.execute(text(statement))
    for number in range(1, 9):
        connection = db.session.get_one(Connection, number)
        edition = db.session.get_one(Edition, 1 + (number - 1) // 2)
        factories.make_run(
            connection,
            "participants",
            edition,
            status="running" if number < 4 else "pending",
            rows_read=500,
            rows_total=2000,
            claimed_at=now,
            lease_until=now + timedelta(minutes=1),
            calls=2,
        )


def _without_indexes(session: Session) -> list[str]:
    """Take the indexes of the large tables away and tell how to make them again: a tenth of the time."""
    found = session.execute(
        text(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN "
            f"({', '.join(repr(name) for name in FILLED)})"
        )
    ).all()
    for name, _ in found:
        session.execute(text(f'DROP INDEX "{name}"'))
    return [sql for _, sql in found]


def _partner(session: Session, number: int, now: datetime) -> None:
    session.add(Partner(timing_partner_id=number, company_name=f"Timing Company {number}"))
    session.add(PartnerSettings(timing_partner_id=number, timezone="America/New_York", started_at=now - timedelta(days=300)))
    for offset, provider in enumerate(("runsignup", "raceroster")):
        session.add(
            Connection(
                connection_id=2 * number - 1 + offset,
                timing_partner_id=number,
                provider_name=provider,
                state="active",
                name=f"{provider} of company {number}",
                created_at=now,
                last_success_at=now,
            )
        )
    for edition_id in range(number, EDITIONS + 1, PARTNERS):
        _edition(session, number, edition_id, now)


def _edition(session: Session, number: int, edition_id: int, now: datetime) -> None:
    starts = now + timedelta(days=edition_id - 10, hours=2)
    session.add(
        Edition(
            edition_id=edition_id,
            timing_partner_id=number,
            name=f"Harbor Lights {edition_id}",
            date=f"{starts:%Y-%m-%d}",
            timezone="America/New_York",
            timezone_source="runsignup",
            starts_at=starts,
            ends_at=starts,
        )
    )
    for offset, provider in enumerate(("runsignup", "raceroster")):
        connection, target = 2 * number - 1 + offset, f"{2 * number - 1 + offset}:participants:{edition_id}"
        common = {"timing_partner_id": number, "connection_id": connection, "edition_id": edition_id, "provider_name": provider}
        happening = str(7000 + edition_id)
        session.add(EditionLink(**common, happening_id=happening, happening_key=f"{happening}/{provider}", name="Harbor Lights"))
        for contest in range(3):
            session.add(
                Contest(
                    **common,
                    happening_id=happening,
                    provider_contest_id=f"{happening}{contest}/{provider}",
                    name=f"{5 * contest + 5}K",
                    distance="5K",
                    starts_at=starts,
                )
            )
        session.add(Schedule(**common, target=target, operation_type="participants", timezone="America/New_York", next_run_at=now))
        session.add(
            SyncState(
                **common,
                target=target,
                operation_type="participants",
                last_run_id=edition_id,
                last_status="completed",
                last_ended_at=now,
                last_success_at=now,
                rows_held=2000,
            )
        )
