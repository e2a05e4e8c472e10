"""Results on their way to the public: versions, findings, approvals, publications, receipts. All ours.

Rows of people stand apart from what proves them: a receipt holds a hash, the payload has a table of its own that can be emptied.
That receipts are never changed, and nothing goes out without an approval, is guarded by triggers (`sql/`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from sync_jobs.models.base import Base, Instant, Json


class ResultVersion(Base):
    """What scoring said of one contest at one instant. Its content never changes, only its state."""

    __tablename__ = "result_versions"
    version_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)  # the scoring contest
    number: Mapped[int] = mapped_column(Integer)  # from 1 within the contest
    content_hash: Mapped[str] = mapped_column(Text)
    facts: Mapped[Any] = mapped_column(Json)  # start used, rows said, whether complete, scoring's own last change: what it was
    counts: Mapped[Any] = mapped_column(Json)  # rows by status
    run_id: Mapped[int | None] = mapped_column(Integer)
    pulled_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)  # the last pull that brought the very same
    state: Mapped[str] = mapped_column(Text, server_default=text("'pulled'"))
    """pulled, blocked, needs_review, cleared, sent_back, rejected. Whether it is public is its publications' business."""
    why: Mapped[str | None] = mapped_column(Text)  # the sentence behind the state
    check_set: Mapped[int | None] = mapped_column(Integer)  # the version of the checks that looked at it
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    checked_for: Mapped[str | None] = mapped_column(Text)  # a digest of all else that they looked at
    mailed_at: Mapped[datetime | None] = mapped_column(Instant)  # when its reviewers were told
    __table_args__ = (
        UniqueConstraint("contest_id", "number"),
        Index("ix_result_versions_edition", "edition_id", "contest_id", "number"),
        Index("ix_result_versions_state", "state"),
    )


class KeptRow(Base):
    """One row of a contest's results, from the first version that has it like this to the last (None: the newest has it still)."""

    __tablename__ = "result_rows"
    row_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    contest_id: Mapped[int] = mapped_column(Integer)
    entry_key: Mapped[str] = mapped_column(Text)
    nth: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # a key that came more than once
    row_hash: Mapped[str] = mapped_column(Text)
    first_number: Mapped[int] = mapped_column(Integer)
    last_number: Mapped[int | None] = mapped_column(Integer)
    document: Mapped[Any] = mapped_column(Json)  # the row, as `versions` writes it
    raw: Mapped[Any] = mapped_column(Json, nullable=True)  # the digests of the provider's records that it was made from
    __table_args__ = (
        Index("ix_result_rows_newest", "contest_id", "last_number", "first_number"),
        Index("ix_result_rows_entry", "contest_id", "entry_key", "first_number"),
    )


class RawResult(Base):
    """A provider's record of a result, as it came, compressed. Kept once however often it comes."""

    __tablename__ = "raw_results"
    timing_partner_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(Instant)


class ResultFinding(Base):
    """What a check said of a version. `row_hash` is of the row that it is about: a waiver holds for that row only."""

    __tablename__ = "result_findings"
    finding_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version_id: Mapped[int] = mapped_column(Integer)
    destination_id: Mapped[int | None] = mapped_column(Integer)  # where it is about a destination
    check_id: Mapped[str] = mapped_column(Text)
    check_version: Mapped[int] = mapped_column(Integer)
    severity: Mapped[str] = mapped_column(Text)  # info, warn, block, hard
    scope: Mapped[str] = mapped_column(Text)  # set, row
    entries: Mapped[Any] = mapped_column(Json)  # entry keys
    sentence: Mapped[str] = mapped_column(Text)
    numbers: Mapped[Any] = mapped_column(Json)
    is_award: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    folded_into: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)  # check, its version, entries and their row hashes: equal means the very same
    __table_args__ = (Index("ix_result_findings_version", "version_id"),)


class Waiver(Base):
    """Somebody looked at a finding and says that it is right as it is. Holds while the finding's fingerprint is the same."""

    __tablename__ = "result_waivers"
    waiver_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    contest_id: Mapped[int] = mapped_column(Integer)
    fingerprint: Mapped[str] = mapped_column(Text)
    check_id: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)  # of `review.REASONS`
    words: Mapped[str] = mapped_column(Text, server_default=text("''"))
    by_account: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index("uq_result_waivers", "contest_id", "fingerprint", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip


class Hold(Base):
    """A row that is left out of what goes out, until somebody lets it go."""

    __tablename__ = "result_holds"
    hold_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    contest_id: Mapped[int] = mapped_column(Integer)
    entry_key: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text, server_default=text("''"))
    by_account: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        Index("uq_result_holds", "contest_id", "entry_key", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip


class TimerTask(Base):
    """Something that a reviewer asks of the timer: look at a row, find a missing runner, change the scoring."""

    __tablename__ = "timer_tasks"
    task_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)
    version_id: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)  # sent_back, ask, missing_runner, correction
    bibs: Mapped[Any] = mapped_column(Json)  # whom it is about
    words: Mapped[str] = mapped_column(Text)
    by_account: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    done_by: Mapped[str | None] = mapped_column(Text)  # a person, or the version that answered it
    __table_args__ = (Index("ix_timer_tasks_contest", "contest_id", "done_at"),)


class ResultDestination(Base):
    """One result set at a registration provider that a scored contest's results go to."""

    __tablename__ = "result_destinations"
    destination_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)  # the scoring contest
    connection_id: Mapped[int] = mapped_column(Integer)  # at the registration provider
    provider_name: Mapped[str] = mapped_column(Text)
    happening_id: Mapped[str] = mapped_column(Text)
    registration_contest_id: Mapped[int] = mapped_column(Integer)  # ours; the first of those that the set serves
    also_for: Mapped[Any] = mapped_column(Json)  # further registration contests of ours, e.g. waves sold as events
    set_id: Mapped[str | None] = mapped_column(Text)  # the provider's, once it is made
    visibility: Mapped[str] = mapped_column(Text, server_default=text("'none'"))
    """none, hidden, preliminary, official, retracted: what the public sees, as far as we know."""
    live_version_id: Mapped[int | None] = mapped_column(Integer)  # what was published last
    base_hash: Mapped[str] = mapped_column(Text, server_default=text("''"))  # of flags and rows as read back last
    base_at: Mapped[datetime | None] = mapped_column(Instant)
    base: Mapped[bytes | None] = mapped_column(LargeBinary)  # those flags and rows, compressed
    sent: Mapped[bytes | None] = mapped_column(LargeBinary)  # what we sent last, compressed
    drift: Mapped[str | None] = mapped_column(Text)  # what somebody changed there: a sentence
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # the map leads elsewhere now
    __table_args__ = (
        UniqueConstraint("contest_id", "registration_contest_id"),
        Index("ix_result_destinations_edition", "edition_id"),
    )


class PublishingPolicy(Base):
    """How a timing partner publishes, or one event of theirs more tightly. A new row for each change; the newest holds."""

    __tablename__ = "publishing_policies"
    policy_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(Integer)  # None: all of the partner's
    mode: Mapped[str] = mapped_column(Text)  # manual, automatic
    second_person: Mapped[int] = mapped_column(Integer)  # for corrections after official
    award_depth: Mapped[int] = mapped_column(Integer)
    hide_minors_under: Mapped[int] = mapped_column(Integer)
    quiet_minutes: Mapped[int] = mapped_column(Integer)  # before official
    defaults: Mapped[int] = mapped_column(Integer, server_default=text("1"))  # the version of the fixed values beside these
    by_account: Mapped[int | None] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # of an event's own: from then on the partner's holds again
    __table_args__ = (Index("ix_publishing_policies_partner", "timing_partner_id", "edition_id", "policy_id"),)


class StandingApproval(Base):
    """Keep adding clean finishers until a time. Ends there, at the first change of a public row, or at a block."""

    __tablename__ = "standing_approvals"
    standing_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    destination_id: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(Instant)
    by_account: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_why: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        Index("uq_standing_approvals", "destination_id", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip


class CheckThreshold(Base):
    """A partner's own limit for one check: tighter than the profile's, never looser."""

    __tablename__ = "check_thresholds"
    timing_partner_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    check_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)


class DeclaredCorrection(Base):
    """The timer's word that so many times move by so much, for one reason. Met by the first version in which most of them do."""

    __tablename__ = "declared_corrections"
    declared_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)
    wave: Mapped[str] = mapped_column(Text, server_default=text("''"))  # empty: of whatever wave
    first_bib: Mapped[int | None] = mapped_column(Integer)  # both or neither: only these bibs
    last_bib: Mapped[int | None] = mapped_column(Integer)
    shift_ms: Mapped[int] = mapped_column(Integer)
    expected: Mapped[int | None] = mapped_column(Integer)  # how many times, where the timer knows
    reason: Mapped[str] = mapped_column(Text)
    by_account: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    met_number: Mapped[int | None] = mapped_column(Integer)  # of the version: once that is public, it is behind us
    ended_at: Mapped[datetime | None] = mapped_column(Instant)  # taken back
    ended_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_declared_corrections_contest", "contest_id", "declared_id"),)


class HiddenName(Base):
    """Somebody of an event who is not to be named: rank and time stay. Holds for every version, also older ones."""

    __tablename__ = "hidden_names"
    hidden_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)
    entry_key: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    by_account: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index("uq_hidden_names", "contest_id", "entry_key", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip


class AwardGiven(Base):
    """An award that was handed out on the stage."""

    __tablename__ = "awards_given"
    contest_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    entry_key: Mapped[str] = mapped_column(Text, primary_key=True)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)


class Approval(Base):
    """Somebody's word (or a rule's) for exactly these rows, on top of exactly what is live."""

    __tablename__ = "approvals"
    approval_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    destination_id: Mapped[int] = mapped_column(Integer)
    version_id: Mapped[int] = mapped_column(Integer)
    act: Mapped[str] = mapped_column(Text)  # preliminary, official, correction, retraction
    payload_hash: Mapped[str] = mapped_column(Text)
    base_hash: Mapped[str] = mapped_column(Text)
    rendered_hash: Mapped[str] = mapped_column(Text)
    map_version: Mapped[int] = mapped_column(Integer)
    policy_id: Mapped[int | None] = mapped_column(Integer)
    tells: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # messages go out
    tells_many: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # to how many, as the approver saw it
    overwrites: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # what somebody edited there by hand
    state: Mapped[str] = mapped_column(Text)  # waiting (for the second), approved, used, stale, expired, withdrawn
    why: Mapped[str | None] = mapped_column(Text)  # what made it stale
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))  # of a correction or retraction
    needs_second: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    requested_by: Mapped[int | None] = mapped_column(Integer)  # an account; None: a rule
    requested_name: Mapped[str] = mapped_column(Text)  # the person's name, or policy:<id>, or standing:<id>
    requested_role: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(Instant)
    approved_by: Mapped[int | None] = mapped_column(Integer)
    approved_name: Mapped[str | None] = mapped_column(Text)
    approved_role: Mapped[str | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    not_before: Mapped[datetime | None] = mapped_column(Instant)  # cooling off, where there is no second person
    expires_at: Mapped[datetime] = mapped_column(Instant)
    device: Mapped[Any] = mapped_column(Json, nullable=True)  # kind of browser and a hash of the address
    seen: Mapped[Any] = mapped_column(Json)  # findings (by fingerprint) and waivers that were on the screen
    told_at: Mapped[datetime | None] = mapped_column(Instant)  # when somebody was told that it waits
    __table_args__ = (
        CheckConstraint(
            "needs_second = 0 OR approved_by IS NULL OR requested_by IS NULL OR approved_by <> requested_by",
            name="two_people",
        ),
        CheckConstraint("state <> 'approved' OR approved_at IS NOT NULL", name="approved_by_somebody"),
        Index("ix_approvals_destination", "destination_id", "approval_id"),
        Index("ix_approvals_state", "state"),
    )


class Publication(Base):
    """One approved change at one destination. The idempotency key is its own id: A, then B, then A again are three."""

    __tablename__ = "publications"
    publication_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    destination_id: Mapped[int] = mapped_column(Integer)
    approval_id: Mapped[int] = mapped_column(Integer, ForeignKey("approvals.approval_id"))
    version_id: Mapped[int] = mapped_column(Integer)
    act: Mapped[str] = mapped_column(Text)
    payload_hash: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)  # waiting, publishing, published, partial, failed, drifted
    step: Mapped[str] = mapped_column(Text, server_default=text("'begin'"))  # begin, set, rows, proof, show, tell, done
    why: Mapped[str | None] = mapped_column(Text)
    chunks: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    chunks_done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    run_id: Mapped[int | None] = mapped_column(Integer)
    notes: Mapped[Any] = mapped_column(Json, nullable=True)  # attempts and what the provider answered; nothing personal
    made_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        UniqueConstraint("approval_id"),
        Index("ix_publications_destination", "destination_id", "publication_id"),
        Index("ix_publications_state", "state"),
        Index("uq_publications_running", "destination_id", unique=True,
              sqlite_where=text("state IN ('waiting', 'publishing')"), postgresql_where=text("state IN ('waiting', 'publishing')")),
    )  # fmt: skip


class PublicationPayload(Base):
    """The rows of a publication exactly as they are sent, compressed. Personal: may be emptied, the receipt keeps the hash."""

    __tablename__ = "publication_payloads"
    publication_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    emptied_at: Mapped[datetime | None] = mapped_column(Instant)


class Receipt(Base):
    """What was done, on whose word, and the proof. Append-only by triggers; each holds the hash of the one before it."""

    __tablename__ = "receipts"
    receipt_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)  # from 1 within the contest
    publication_id: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)  # published, failed, partial, retracted, refused, file
    document: Mapped[str] = mapped_column(Text)  # canonical JSON, nothing personal in it
    previous_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)  # of previous_hash and document
    at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("contest_id", "number"), Index("ix_receipts_edition", "edition_id", "receipt_id"))


class ResultFile(Base):
    """An approved set of results as a file, for a person to load where no API takes it."""

    __tablename__ = "result_files"
    file_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    publication_id: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    people: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(Instant)
    downloaded_at: Mapped[datetime | None] = mapped_column(Instant)
    downloaded_by: Mapped[str | None] = mapped_column(Text)
    loaded_at: Mapped[datetime | None] = mapped_column(Instant)  # somebody said that they loaded it
    loaded_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_result_files_edition", "edition_id", "file_id"),)
