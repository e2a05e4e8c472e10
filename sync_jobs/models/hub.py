"""Our own tables: connections and their sealed secrets, accounts, editions' links and contests, schedules, current state,
health of providers, processes. Nothing here belongs to a provider or to the old system.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from sync_jobs.models.base import Base, Instant, Json


class HubFact(Base):
    """What the database knows of itself: stamp (sandbox, production), when it was made or taken over, form of the views."""

    __tablename__ = "hub_facts"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class PartnerSettings(Base):
    """What we keep of a partner beside the customer's row. Nothing of a partner runs before `started_at`."""

    __tablename__ = "partner_settings"
    timing_partner_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timezone: Mapped[str] = mapped_column(Text, server_default=text("'America/New_York'"))
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    started_by: Mapped[str | None] = mapped_column(Text)


class Connection(Base):
    """One partner's access to one provider (or one Haku organisation)."""

    __tablename__ = "connections"
    connection_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    provider_name: Mapped[str] = mapped_column(Text)  # runsignup, raceroster, …
    name: Mapped[str] = mapped_column(Text)  # as people call it; also what credentials_used gets
    source: Mapped[str] = mapped_column(Text, server_default=text("'hub'"))  # credential, haku_org (customer's rows), hub
    source_id: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default=text("'paused'"))  # active, paused, incomplete, unsupported, removed
    paused_reason: Mapped[str | None] = mapped_column(Text)
    paused_by: Mapped[str | None] = mapped_column(Text)
    paused_at: Mapped[datetime | None] = mapped_column(Instant)
    refused_since: Mapped[datetime | None] = mapped_column(Instant)  # the provider rejects the credential
    throttled_until: Mapped[datetime | None] = mapped_column(Instant)
    last_success_at: Mapped[datetime | None] = mapped_column(Instant)
    tested_at: Mapped[datetime | None] = mapped_column(Instant)
    tested_ok: Mapped[int | None] = mapped_column(Integer)
    test_sentence: Mapped[str | None] = mapped_column(Text)
    page_size_proven: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # most rows ever seen in one page
    created_at: Mapped[datetime | None] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(Text)
    writes: Mapped[str] = mapped_column(Text, server_default=text("'off'"))  # on: start lists go out by themselves; off: as files
    writes_by: Mapped[str | None] = mapped_column(Text)
    writes_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index("ix_connections_partner", "timing_partner_id"),
        Index(
            "uq_connections_source",
            "source",
            "source_id",
            unique=True,
            sqlite_where=text("source_id IS NOT NULL"),
            postgresql_where=text("source_id IS NOT NULL"),
        ),
    )


class SealedDocument(Base):
    """A secret document of a connection, sealed: `secrets` (what was entered) or `token` (what the provider lent us)."""

    __tablename__ = "sealed_documents"
    connection_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class EditionLink(Base):
    """A provider's happening that belongs to an edition: RunSignUp's race in that year, Race Roster's event."""

    __tablename__ = "edition_links"
    link_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    connection_id: Mapped[int] = mapped_column(Integer)
    provider_name: Mapped[str] = mapped_column(Text)
    happening_id: Mapped[str] = mapped_column(Text)  # RunSignUp: race_id; Race Roster: eventId
    happening_key: Mapped[str] = mapped_column(Text)  # with the first day, since RunSignUp reuses race_id every year
    name: Mapped[str | None] = mapped_column(Text)
    made_by: Mapped[str | None] = mapped_column(Text)  # discovery, or a person
    __table_args__ = (
        UniqueConstraint("connection_id", "happening_key"),
        Index("ix_edition_links_edition", "edition_id"),
    )


class EditionSuggestion(Base):
    """Two editions of one partner that look like the same event at two providers. Only a person joins them."""

    __tablename__ = "edition_suggestions"
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    other_edition_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    likeness: Mapped[int] = mapped_column(Integer)  # percent, of the names
    state: Mapped[str] = mapped_column(Text, server_default=text("'open'"))  # open, joined, refused
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class Contest(Base):
    """One scored distance of an edition as one provider lists it, always shown by its own name."""

    __tablename__ = "contests"
    contest_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    connection_id: Mapped[int] = mapped_column(Integer)
    provider_name: Mapped[str] = mapped_column(Text)
    happening_id: Mapped[str] = mapped_column(Text)
    provider_contest_id: Mapped[str] = mapped_column(Text)  # RunSignUp: event_id; Race Roster: eventId/subEventId
    name: Mapped[str | None] = mapped_column(Text)
    distance: Mapped[str | None] = mapped_column(Text)
    starts_at: Mapped[datetime | None] = mapped_column(Instant)
    is_volunteer: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    gone_at: Mapped[datetime | None] = mapped_column(Instant)
    rows_held: Mapped[int | None] = mapped_column(Integer)  # registrations or entries that we hold, after the last reading
    results_held: Mapped[int | None] = mapped_column(Integer)  # people with a result, after the last reading
    timezone: Mapped[str | None] = mapped_column(Text)  # as its provider says it
    day_only: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # 1: `starts_at` is a day's midnight, no time is known
    map_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # grows with each change of the map that names it
    __table_args__ = (
        UniqueConstraint("timing_partner_id", "provider_name", "provider_contest_id"),
        Index("ix_contests_edition", "edition_id"),
        Index("ix_contests_happening", "timing_partner_id", "provider_name", "happening_id"),
    )


class Schedule(Base):
    """When a connection's operation is next due, for one edition or for all. The slots are decided here, in SQL."""

    __tablename__ = "schedules"
    schedule_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    target: Mapped[str] = mapped_column(Text, unique=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    connection_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(Integer)
    provider_name: Mapped[str] = mapped_column(Text)
    operation_type: Mapped[str] = mapped_column(Text)
    plan: Mapped[str] = mapped_column(Text, server_default=text("'standard'"))
    timezone: Mapped[str] = mapped_column(Text)
    next_run_at: Mapped[datetime | None] = mapped_column(Instant)  # None: nothing more to come
    __table_args__ = (Index("ix_schedules_next", "next_run_at"), Index("ix_schedules_edition", "edition_id"))


class EditionPlan(Base):
    """The cadence plan that somebody chose for an event, and until when nothing of it is read by the clock."""

    __tablename__ = "edition_plans"
    edition_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    plan: Mapped[str | None] = mapped_column(Text)  # standard, race_day, slow; None: the default for its start
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    chosen_by: Mapped[str | None] = mapped_column(Text)
    chosen_at: Mapped[datetime | None] = mapped_column(Instant)


class SyncState(Base):
    """How fresh one target is: written in the transaction that ends an attempt, read by every page."""

    __tablename__ = "sync_states"
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    connection_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(Integer)
    provider_name: Mapped[str] = mapped_column(Text)
    operation_type: Mapped[str] = mapped_column(Text)
    last_run_id: Mapped[int | None] = mapped_column(Integer)
    last_status: Mapped[str | None] = mapped_column(Text)
    last_ended_at: Mapped[datetime | None] = mapped_column(Instant)
    last_success_at: Mapped[datetime | None] = mapped_column(Instant)
    last_change_at: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    error_kind: Mapped[str | None] = mapped_column(Text)
    error_sentence: Mapped[str | None] = mapped_column(Text)
    read_mark: Mapped[datetime | None] = mapped_column(Instant)  # start of the last reading that reached its end
    full_read_at: Mapped[datetime | None] = mapped_column(Instant)  # start of the last whole reading
    rows_held: Mapped[int | None] = mapped_column(Integer)  # present at the provider, as far as we know
    rows_expected: Mapped[int | None] = mapped_column(Integer)  # what the provider's own count said
    rows_aside: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    never_sent: Mapped[Any] = mapped_column(Json, nullable=True)  # columns that nobody's record had when they were last looked for
    notices: Mapped[Any] = mapped_column(Json, nullable=True)  # what the last reading noted besides, by kind: how many
    __table_args__ = (
        Index("ix_sync_states_partner", "timing_partner_id"),
        Index("ix_sync_states_connection", "connection_id"),
        Index("ix_sync_states_edition", "edition_id"),
    )


class SetAside(Base):
    """A provider's row that could not be read in a run: which one, and why. No personal data."""

    __tablename__ = "rows_set_aside"
    aside_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(Integer)
    attempt_no: Mapped[int] = mapped_column(Integer)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    table_name: Mapped[str] = mapped_column(Text)
    row_key: Mapped[str | None] = mapped_column(Text)  # the provider's id, where it could be read
    place: Mapped[str | None] = mapped_column(Text)  # page and position, where it could not
    field: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("ix_rows_set_aside_run", "run_id"),)


class ChangedRow(Base):
    """Which record a run found new, changed or gone: its id and nothing personal. The newest few hundred of each run."""

    __tablename__ = "run_changes"
    change_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(Integer)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    table_name: Mapped[str] = mapped_column(Text)
    row_key: Mapped[str] = mapped_column(Text)
    change: Mapped[str] = mapped_column(Text)  # new, changed, gone
    note: Mapped[str | None] = mapped_column(Text)  # e.g. transferred to 5000009
    __table_args__ = (Index("ix_run_changes_run", "run_id", "change_id"), Index("ix_run_changes_row", "row_key", "table_name"))


class ProviderMinute(Base):
    """How a provider answered one connection in one minute: calls, failures, and a histogram of durations."""

    __tablename__ = "provider_minutes"
    provider_name: Mapped[str] = mapped_column(Text, primary_key=True)
    minute: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    connection_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    calls: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    throttled: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ms_100: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # calls that took at most that long
    ms_300: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ms_1000: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ms_3000: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ms_10000: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ms_more: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    __table_args__ = (Index("ix_provider_minutes_minute", "minute"),)


class DoneMinute(Base):
    """How many attempts ended in one minute, by partner and outcome: what charts and 'done in 10 min' read."""

    __tablename__ = "done_minutes"
    minute: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    status: Mapped[str] = mapped_column(Text, primary_key=True)
    ended: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class Process(Base):
    """One of our processes and its last sign of life."""

    __tablename__ = "processes"
    name: Mapped[str] = mapped_column(Text, primary_key=True)  # kind:host:pid
    kind: Mapped[str] = mapped_column(Text)  # worker, dispatcher, clock, scheduler
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(Instant)
    beat_at: Mapped[datetime] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    run_id: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str | None] = mapped_column(Text)


class LiveVersion(Base):
    """A number that grows whenever something changes that pages of this scope show; polls ask for it first."""

    __tablename__ = "live_versions"
    scope: Mapped[str] = mapped_column(Text, primary_key=True)  # all, partner:1, run:5
    version: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class Account(Base):
    """A person who may sign in."""

    __tablename__ = "accounts"
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)  # lower case; `… at 3` where the address is another company's person
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)  # director, partner, support, administrator
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)  # None for support and administrator
    user_id: Mapped[int | None] = mapped_column(Integer)  # the customer's row, where they had one
    state: Mapped[str] = mapped_column(Text)  # invited, active, removed
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_accounts_partner", "timing_partner_id"),)

    @property
    def address(self) -> str:
        """Where mail reaches them."""
        return self.email.partition(" ")[0]

    @property
    def stands_in(self) -> bool:
        """Whether this invitation only stands for somebody who signs in elsewhere: nobody ever signs in as it."""
        return " " in self.email


class Invitation(Base):
    """A link that lets one person choose a password once. Only the digest of its token is kept."""

    __tablename__ = "invitations"
    token_digest: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (Index("ix_invitations_account", "account_id"),)


class SignIn(Base):
    """One signed-in browser. Ends by time, by signing out, or by removing the account."""

    __tablename__ = "sign_ins"
    token_digest: Mapped[str] = mapped_column(Text, primary_key=True)
    account_id: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (Index("ix_sign_ins_account", "account_id"),)


class SignInFailure(Base):
    """A failed sign-in, by address and by where it came from: the rate limit counts these."""

    __tablename__ = "sign_in_failures"
    failure_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject: Mapped[str] = mapped_column(Text)  # email:… or from:…
    at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (Index("ix_sign_in_failures_subject", "subject", "at"),)


class DirectorEdition(Base):
    """An edition that was given to a director."""

    __tablename__ = "director_editions"
    account_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    edition_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    given_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_director_editions_edition", "edition_id"),)


class ApiToken(Base):
    """A program's access to one partner. Only the digest is kept; the token is shown once."""

    __tablename__ = "api_tokens"
    token_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    token_digest: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class MergedRow(Base):
    """A row of the customer's that stood there twice and was merged into its newer copy at the takeover, as it was."""

    __tablename__ = "merged_rows"
    merged_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    table_name: Mapped[str] = mapped_column(Text)
    kept_key: Mapped[str] = mapped_column(Text)
    row: Mapped[Any] = mapped_column(Json)
    merged_at: Mapped[datetime] = mapped_column(Instant)
