"""The customer's own tables: names, columns and keys as they are, then the columns that the enhancement promises, then
ours. Other programs read them, and old ones still write them during a pilot. Provider tables stand in `provider_tables`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import REAL, Column, Index, Integer, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from sync_jobs.models.base import Base, Instant, Json


class Partner(Base):
    """A timing company, the tenant."""

    __tablename__ = "timing_partners"
    timing_partner_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    company_name: Mapped[str | None] = mapped_column(Text)
    access_password: Mapped[str | None] = mapped_column(Text)  # in the clear, the customer's; never read by us


class CustomerUser(Base):
    """A person as the old system knew them: an address and a partner. Our `Account` stands beside it."""

    __tablename__ = "users"
    user_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    email: Mapped[str | None] = mapped_column(Text)
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)


class ProviderRow(Base):
    """An outside system. Found by name, never by id: ids differ between databases."""

    __tablename__ = "providers"
    provider_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)


class CustomerCredential(Base):
    """One credential of one partner as the old system holds it, in the clear."""

    __tablename__ = "partner_provider_credentials"
    partner_provider_credential_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    provider_id: Mapped[int | None] = mapped_column(Integer)
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)
    principal: Mapped[str | None] = mapped_column(Text)
    secret: Mapped[str | None] = mapped_column(Text)
    haku_event_name: Mapped[str | None] = mapped_column(Text)
    credential_type: Mapped[str | None] = mapped_column(Text)


class CustomerHakuOrg(Base):
    """One Haku organisation of one partner as the old system holds it, in the clear."""

    __tablename__ = "timing_partner_haku_orgs"
    timing_partner_haku_org_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    event: Mapped[str | None] = mapped_column(Text)
    client_id: Mapped[str | None] = mapped_column(Text)
    client_secret: Mapped[str | None] = mapped_column(Text)
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)


class Edition(Base):
    """One race weekend of one partner. Which provider objects belong to it stands in `edition_links`."""

    __tablename__ = "events"
    edition_id: Mapped[int] = mapped_column("event_id", Integer, primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    date: Mapped[str | None] = mapped_column(Text)  # YYYY-MM-DD of the first start, in the edition's zone
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)
    rsu_event_id: Mapped[str | None] = mapped_column(Text)
    ct_event_id: Mapped[str | None] = mapped_column(Text)
    raceroster_event_id: Mapped[str | None] = mapped_column(Text)
    copernico_event_id: Mapped[str | None] = mapped_column(Text)
    haku_event_id: Mapped[str | None] = mapped_column(Text)
    sync_settings: Mapped[Any] = mapped_column(Json, nullable=True)
    last_sync_timestamps: Mapped[Any] = mapped_column(Json, nullable=True)  # {provider: YYYY-MM-DD HH:MM:SS} for other programs
    timezone: Mapped[str | None] = mapped_column(Text)
    timezone_source: Mapped[str | None] = mapped_column(Text)  # runsignup, raceroster, chronotrack, partner
    starts_at: Mapped[datetime | None] = mapped_column(Instant)  # first start
    ends_at: Mapped[datetime | None] = mapped_column(Instant)  # last start
    day_only: Mapped[int] = mapped_column(
        Integer, server_default=text("0")
    )  # 1: the first start is a day's midnight, its time unknown
    city: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str | None] = mapped_column(Text)
    joined_into: Mapped[int | None] = mapped_column(Integer)  # a person said: the same event as that one
    __table_args__ = (Index("ix_events_partner_start", "timing_partner_id", "starts_at"),)


EDITION_ID_COLUMN = {
    "runsignup": "rsu_event_id",
    "raceroster": "raceroster_event_id",
    "haku": "haku_event_id",
    "chronotrack": "ct_event_id",
    "copernico": "copernico_event_id",
}
"""Where an edition's row keeps each provider's own id."""


class Run(Base):
    """One requested piece of sync work. Only `ledger` writes its state; rows without a target are the old system's."""

    __tablename__ = "sync_queue"
    run_id: Mapped[int] = mapped_column("sync_queue_id", Integer, primary_key=True)
    event_id: Mapped[str | None] = mapped_column(Text)  # the provider's id, where there is exactly one
    status: Mapped[str | None] = mapped_column(Text)  # pending running completed failed cancelled
    created_at: Mapped[str | None] = mapped_column(Text)
    provider_name: Mapped[str | None] = mapped_column(Text)  # runsignup, raceroster, …
    operation_type: Mapped[str | None] = mapped_column(Text)  # events, participants, results
    sync_direction: Mapped[str | None] = mapped_column(Text)  # pull, push
    priority: Mapped[int | None] = mapped_column(Integer, server_default=text("5"))  # 1 is first
    scheduled_time: Mapped[str | None] = mapped_column(Text)  # the slot, for scheduled runs

    target: Mapped[str] = mapped_column(Text, server_default=text("''"))  # connection:operation:edition, or all
    lock_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    request_key: Mapped[str | None] = mapped_column(Text)
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)
    connection_id: Mapped[int | None] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(Integer)
    trigger: Mapped[str | None] = mapped_column(Text)  # manual, schedule, api
    requested_by: Mapped[str | None] = mapped_column(Text)  # a person's name, a token's name, or 'clock'
    requested_at: Mapped[datetime | None] = mapped_column(Instant)
    starts_at: Mapped[datetime | None] = mapped_column(Instant)  # of the edition: the nearest start goes first
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    hinted_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_token: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # only grows
    lease_owner: Mapped[str | None] = mapped_column(Text)  # host:boot:pid:start
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    claimed_at: Mapped[datetime | None] = mapped_column(Instant)  # of the present or latest attempt
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    cursor: Mapped[Any] = mapped_column(Json, nullable=True)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    errors: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    crashes: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    cancel_requested: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    cancelled_by: Mapped[str | None] = mapped_column(Text)
    error_kind: Mapped[str | None] = mapped_column(Text)
    last_error: Mapped[str | None] = mapped_column(Text)  # the sentence
    error_detail: Mapped[str | None] = mapped_column(Text)  # path and status, for support; never a secret
    pages_done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_read: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_total: Mapped[int | None] = mapped_column(Integer)  # announced or expected; None where nobody knows
    rows_new: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_changed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_same: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_gone: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rows_aside: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    calls: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    provider_ms: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    waited_ms: Mapped[int | None] = mapped_column(Integer)  # due until first claimed
    skipped_slots: Mapped[int] = mapped_column(Integer, server_default=text("0"))

    __table_args__ = (
        Index(
            "uq_sync_queue_waiting",
            "target",
            unique=True,
            sqlite_where=text("status = 'pending' AND target <> ''"),
            postgresql_where=text("status = 'pending' AND target <> ''"),
        ),
        Index(
            "uq_sync_queue_running",
            "lock_name",
            unique=True,
            sqlite_where=text("status = 'running' AND lock_name <> ''"),
            postgresql_where=text("status = 'running' AND lock_name <> ''"),
        ),
        Index(
            "uq_sync_queue_request_key",
            "request_key",
            unique=True,
            sqlite_where=text("request_key IS NOT NULL"),
            postgresql_where=text("request_key IS NOT NULL"),
        ),
        Index("ix_sync_queue_due", "status", "priority", "starts_at", "due_at"),
        Index("ix_sync_queue_partner", "timing_partner_id", "sync_queue_id"),
        Index("ix_sync_queue_partner_status", "timing_partner_id", "status", "sync_queue_id"),
        Index("ix_sync_queue_finished", "status", "finished_at"),
        Index("ix_sync_queue_target", "target", "sync_queue_id"),
        Index("ix_sync_queue_edition", "edition_id", "sync_queue_id"),
        Index("ix_sync_queue_edition_status", "edition_id", "status", "sync_queue_id"),
    )


class Attempt(Base):
    """One try at a run, ended: the customer's history. Old rows have no run, and the oldest no partner."""

    __tablename__ = "sync_history"
    attempt_id: Mapped[int] = mapped_column("sync_history_id", Integer, primary_key=True)
    event_id: Mapped[str | None] = mapped_column(Text)
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)
    sync_time: Mapped[str | None] = mapped_column(Text)  # when it ended
    num_of_synced_records: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[str | None] = mapped_column(Text)  # completed failed cancelled yielded retrying lost
    reason: Mapped[str | None] = mapped_column(Text)
    entries_success: Mapped[int | None] = mapped_column(Integer)
    entries_failed: Mapped[int | None] = mapped_column(Integer)
    callback_url: Mapped[str | None] = mapped_column(Text)
    provider_name: Mapped[str | None] = mapped_column(Text)
    operation_type: Mapped[str | None] = mapped_column(Text)
    sync_direction: Mapped[str | None] = mapped_column(Text)
    error_details: Mapped[str | None] = mapped_column(Text)
    data_snapshot: Mapped[Any] = mapped_column(Json, nullable=True)  # counts only, never people or secrets
    run_id: Mapped[int | None] = mapped_column(Integer)
    attempt_no: Mapped[int | None] = mapped_column(Integer)
    connection_id: Mapped[int | None] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(Integer)
    trigger: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str | None] = mapped_column(Text)
    error_kind: Mapped[str | None] = mapped_column(Text)
    worker: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    waited_ms: Mapped[int | None] = mapped_column(Integer)
    worked_ms: Mapped[int | None] = mapped_column(Integer)
    provider_ms: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        Index("ix_sync_history_partner", "timing_partner_id", "sync_history_id"),
        Index("ix_sync_history_partner_status", "timing_partner_id", "status", "sync_history_id"),
        Index("ix_sync_history_status", "status", "sync_history_id"),
        Index("ix_sync_history_provider", "provider_name", "sync_history_id"),
        Index("ix_sync_history_edition", "edition_id", "sync_history_id"),
        Index(
            "ix_sync_history_run",
            "run_id",
            "attempt_no",
            unique=True,
            sqlite_where=text("run_id IS NOT NULL"),
            postgresql_where=text("run_id IS NOT NULL"),
        ),
        Index("ix_sync_history_ended", "ended_at"),
        Index("ix_sync_history_time", "sync_time", "sync_history_id"),
    )


event_weather = Table(
    "event_weather",
    Base.metadata,
    Column("event_weather_id", Integer, primary_key=True),
    Column("event_id", Text),
    Column("temperature", REAL),
    Column("humidity", REAL),
    Column("wind_speed", REAL),
    Column("conditions", Text),
    Column("fetched_date", Text),
)
