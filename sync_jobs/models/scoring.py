"""What ties the registration side to the scoring side: contest map, entry links, start lists as they were sent. All ours."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from sync_jobs.models.base import Base, Instant, Json


class ContestPair(Base):
    """One line of the contest map: people of this registration contest belong in that scoring contest, or in none.

    A line without a registration contest says of a scoring contest that nobody of ours runs in it.
    """

    __tablename__ = "contest_map"
    pair_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    registration_contest_id: Mapped[int | None] = mapped_column(Integer)  # never None where it is confirmed
    scoring_contest_id: Mapped[int | None] = mapped_column(Integer)  # None: ignored, nobody of it is scored
    state: Mapped[str] = mapped_column(Text)  # suggested, confirmed, ignored, void
    likeness: Mapped[int | None] = mapped_column(Integer)  # percent, of a suggestion
    why: Mapped[str | None] = mapped_column(Text)  # what a suggestion stands on, or why a pair is void
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))  # grows with every decision
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    before: Mapped[Any] = mapped_column(Json, nullable=True)  # what the last decision changed, for whoever takes it back
    __table_args__ = (
        UniqueConstraint("registration_contest_id", "scoring_contest_id"),
        Index("ix_contest_map_edition", "edition_id"),
        Index("ix_contest_map_scoring", "scoring_contest_id"),
    )


class ContestSettings(Base):
    """Which rules a scoring contest's results go by, where somebody chose: one row, however many registration contests it has."""

    __tablename__ = "contest_settings"
    contest_id: Mapped[int] = mapped_column(Integer, primary_key=True)  # the scoring contest
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    basis: Mapped[str] = mapped_column(Text, server_default=text("'gun'"))  # gun, chip: what the overall places are made by
    division_basis: Mapped[str] = mapped_column(Text, server_default=text("'gun'"))
    overall_awards: Mapped[int] = mapped_column(Integer, server_default=text("3"))
    division_awards: Mapped[int] = mapped_column(Integer, server_default=text("3"))
    age_reference: Mapped[str | None] = mapped_column(Text)  # YYYY-MM-DD on which ages count; None: the day of the contest
    cutoff_minutes: Mapped[int | None] = mapped_column(Integer)  # the time limit from the gun; None: there is none
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class MapChange(Base):
    """One change of the contest map: who, when, and after the start of the contest why. Only ever added to."""

    __tablename__ = "contest_map_history"
    change_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    pair_id: Mapped[int | None] = mapped_column(Integer)  # None: the rules of a contest
    registration_contest_id: Mapped[int | None] = mapped_column(Integer)
    scoring_contest_id: Mapped[int | None] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(Text)  # confirmed, ignored, void, undone, again, moved, rules
    why: Mapped[str | None] = mapped_column(Text)  # a sentence of ours
    reason: Mapped[str | None] = mapped_column(Text)  # as a person typed it
    changed_by: Mapped[str | None] = mapped_column(Text)  # None: nobody, a provider's list changed
    at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer)  # of the scoring contest's map from then on; of the other where there is none
    __table_args__ = (Index("ix_contest_map_history_edition", "edition_id", "change_id"),)


class EntryLink(Base):
    """This person on the scoring list is that registration. One active link for each side within a scoring contest."""

    __tablename__ = "entry_links"
    link_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)  # the scoring contest
    entry_key: Mapped[str] = mapped_column(Text)  # the scoring provider's id of the entry
    registration_provider: Mapped[str] = mapped_column(Text)
    registration_key: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(
        Text
    )  # the rung of the ladder: external_id, bib_and_name, bib_only, name_and_birth, by_hand
    confidence: Mapped[int] = mapped_column(Integer)  # percent
    made_by: Mapped[str | None] = mapped_column(Text)  # a person; None for a rung
    made_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_why: Mapped[str | None] = mapped_column(Text)
    """gone, moved, replaced, map, undone; or parted: a person said that these are two, and no rung joins them again."""
    __table_args__ = (
        Index("ix_entry_links_edition", "edition_id"),
        Index("ix_entry_links_registration", "registration_key"),
        Index("ix_entry_links_entry", "entry_key"),
        Index("uq_entry_links_entry", "contest_id", "entry_key", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
        Index("uq_entry_links_registration", "contest_id", "registration_provider", "registration_key", unique=True,
              sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip


class EntryQuestion(Base):
    """Somebody on a scoring list at whom a person has to look: which, and what it is about. Ids only, nothing personal."""

    __tablename__ = "entry_questions"
    question_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    contest_id: Mapped[int] = mapped_column(Integer)  # the scoring contest
    kind: Mapped[str] = mapped_column(Text)  # as `pairing.conclusions` names them
    entry_key: Mapped[str] = mapped_column(Text)
    about: Mapped[Any] = mapped_column(Json)  # {"registrations": [[provider, key], …], "rivals": [entry key, …]}
    detail: Mapped[str] = mapped_column(Text, server_default=text("''"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        UniqueConstraint("contest_id", "kind", "entry_key"),
        Index("ix_entry_questions_edition", "edition_id", "question_id"),
    )


class RegistrationMove(Base):
    """A registration that was transferred at its provider, and the one that goes on in its place."""

    __tablename__ = "registration_moves"
    timing_partner_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    provider_name: Mapped[str] = mapped_column(Text, primary_key=True)
    registration_key: Mapped[str] = mapped_column(Text, primary_key=True)
    becomes: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)


class StartListLine(Base):
    """One registration on one scoring contest's start list: what scoring was told last, and what waits for a person."""

    __tablename__ = "start_list_lines"
    line_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    connection_id: Mapped[int] = mapped_column(Integer)  # the scoring connection
    contest_id: Mapped[int] = mapped_column(Integer)  # the scoring contest
    registration_provider: Mapped[str] = mapped_column(Text)
    registration_key: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)  # rsu:98765432, what scoring keeps of it
    entry_key: Mapped[str | None] = mapped_column(Text)  # the scoring provider's id, once it said one
    state: Mapped[str] = mapped_column(Text)  # sent, in_file, there, refused, waiting, approved, declined, withdrawn
    step: Mapped[str] = mapped_column(Text)  # the last or waiting one: create, update, withdraw, conflict, twice
    why: Mapped[str | None] = mapped_column(Text)  # a sentence: what was refused, or what a person has to decide
    told: Mapped[Any] = mapped_column(Json, nullable=True)  # the fields as scoring was told them last; None before
    wanted: Mapped[Any] = mapped_column(Json, nullable=True)  # the fields of a waiting step
    run_id: Mapped[int | None] = mapped_column(Integer)
    file_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # in a row, to which no proper answer came
    taken_off: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # 1: told so, and not since that they are back
    __table_args__ = (
        UniqueConstraint("connection_id", "contest_id", "registration_provider", "registration_key"),
        Index("ix_start_list_lines_edition", "edition_id", "state"),
        Index("ix_start_list_lines_registration", "registration_key"),
    )


class StartListFile(Base):
    """An import file that a run made for a scoring connection, for a person to load there."""

    __tablename__ = "start_list_files"
    file_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int] = mapped_column(Integer)
    edition_id: Mapped[int] = mapped_column(Integer)
    connection_id: Mapped[int] = mapped_column(Integer)
    run_id: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    people: Mapped[int] = mapped_column(Integer)
    fresh: Mapped[int] = mapped_column(Integer)  # of those, new to scoring
    changed: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(Instant)
    downloaded_at: Mapped[datetime | None] = mapped_column(Instant)
    downloaded_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("ix_start_list_files_edition", "edition_id", "file_id"),)


class LookUp(Base):
    """Who looked for which person, when: a search by name, bib or id, or a file with people's names that was taken away."""

    __tablename__ = "look_ups"
    look_up_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    timing_partner_id: Mapped[int | None] = mapped_column(Integer)
    edition_id: Mapped[int | None] = mapped_column(Integer)  # None: over all events of that partner, or of all partners
    account_id: Mapped[int] = mapped_column(Integer)
    words: Mapped[str] = mapped_column(Text)
    found: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (Index("ix_look_ups_at", "at"), Index("ix_look_ups_partner", "timing_partner_id", "look_up_id"))
