"""Who on the scoring lists of an event needs a look: the questions of one page, with the people that they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from dashboard.reading import Query, Rows, together
from sync_jobs import people
from sync_jobs.models import Contest, EntryLink, EntryQuestion
from sync_jobs.pairing.ids import Key, key_of
from sync_jobs.records import Entry, Registration

PER_PAGE, DECISIONS = 30, 20
SAYS = {
    "two_answers": "Its id and its bib or name are of different people",
    "linked": "It is linked, but now points at somebody else as well",
    "same_external_id": "Two entries carry the same registration id",
    "taken": "That registration belongs to another entry already",
    "disagrees": "The two sides say different things",
    "swap": "Two people seem to run with each other’s number",
    "other_contest": "Registered for another distance",
    "ambiguous": "Several people fit as well",
    "hint": "Probably the same person",
    "gone": "The registration is not there any more",
    "unknown_id": "Carries an id that is of no registration of this event",
    "unmatched": "Nobody who is registered fits",
}
BAD = frozenset({"two_answers", "same_external_id", "taken", "swap"})


@dataclass(slots=True)
class Asked:
    """One entry to look at, with everybody that it is about."""

    question: Any
    entry: Entry | None
    registrations: list[Registration]
    rivals: list[Entry]

    @property
    def says(self) -> str:
        """What is odd, in words."""
        kind, detail = self.question.kind, self.question.detail
        if kind == "two_answers" and detail == "linked":
            return SAYS["linked"]
        if kind == "disagrees":
            return f"{SAYS[kind]}: {detail}"
        return f"{SAYS[kind]}, {detail} % alike" if kind == "hint" else SAYS[kind]

    @property
    def is_linked(self) -> bool:
        """Whether the first of the registrations is linked to it at present."""
        return self.question.kind in {"disagrees", "swap"} or self.question.detail == "linked"


@dataclass(slots=True)
class Look:
    """One page of people to look at."""

    asked: list[Asked] = field(default_factory=list)
    more: int | None = None  # where the next page begins
    total: int = 0
    unknown: int = 0
    linked: int = 0
    distances: dict[int, Any] = field(default_factory=dict)
    decisions: list[Any] = field(default_factory=list)
    names: dict[Any, Entry | Registration] = field(default_factory=dict)  # of the decisions


def read(partner: int, edition_id: int, after: int) -> Look:
    """The questions from that place on, and what was decided by hand lately."""
    found = together(
        questions=_questions(edition_id, after), counts=_counts(edition_id), linked=_linked(edition_id),
        distances=_distances(edition_id), decisions=_decisions(edition_id),
    )  # fmt: skip
    look = Look(linked=sum(row.count for row in found["linked"]), decisions=found["decisions"])
    look.total = sum(row.count for row in found["counts"])
    look.unknown = sum(row.count for row in found["counts"] if row.kind == "unknown_id")
    look.distances = {row.contest_id: row for row in found["distances"]}
    _people(look, partner, edition_id, found["questions"])
    return look


def _people(look: Look, partner: int, edition_id: int, questions: Rows) -> None:
    """Names and bibs of everybody on the page: one reading of each side."""
    shown = questions[:PER_PAGE]
    look.more = shown[-1].question_id if len(questions) > PER_PAGE else None
    there = {(row.contest_id, key) for row in shown for key in (row.entry_key, *row.about["rivals"])}
    there |= {(row.contest_id, row.entry_key) for row in look.decisions}
    here = {key for row in shown for _, key in row.about["registrations"]} | {row.registration_key for row in look.decisions}
    entries = {(one.contest_id, one.key): one for one in people.entries(partner, {c for c, _ in there}, {key for _, key in there})}
    known = {key_of(one): one for one in registrations(partner, edition_id, look.distances, here)}
    look.names = {**entries, **known}
    for row in shown:
        theirs = [known[tuple(key)] for key in row.about["registrations"] if tuple(key) in known]
        rivals = [entries[row.contest_id, key] for key in row.about["rivals"] if (row.contest_id, key) in entries]
        look.asked.append(Asked(row, entries.get((row.contest_id, row.entry_key)), theirs, rivals))


def registrations(partner: int, edition_id: int, contests: Iterable[int], keys: set[str]) -> list[Registration]:
    """Those with these keys, whatever their distance."""
    if not keys:
        return []
    return [*people.registrations(partner, contests, keys), *people.unplaced(partner, edition_id, keys)]


def _questions(edition_id: int, after: int) -> Query:
    return (
        select(
            EntryQuestion.question_id.label("question_id"), EntryQuestion.contest_id.label("contest_id"),
            EntryQuestion.kind.label("kind"), EntryQuestion.entry_key.label("entry_key"), EntryQuestion.about.label("about"),
            EntryQuestion.detail.label("detail"),
        )
        .where(EntryQuestion.edition_id == edition_id, EntryQuestion.question_id > after)
        .order_by(EntryQuestion.question_id)
        .limit(PER_PAGE + 1)
    )  # fmt: skip


def _counts(edition_id: int) -> Query:
    mine = EntryQuestion.edition_id == edition_id
    return select(EntryQuestion.kind.label("kind"), func.count().label("count")).where(mine).group_by(EntryQuestion.kind)


def _linked(edition_id: int) -> Query:
    return select(func.count().label("count")).where(EntryLink.edition_id == edition_id, EntryLink.ended_at.is_(None))


def _distances(edition_id: int) -> Query:
    named = select(Contest.contest_id.label("contest_id"), Contest.name.label("name"), Contest.provider_name.label("provider_name"))
    return named.where(Contest.edition_id == edition_id)


def _decisions(edition_id: int) -> Query:
    """What somebody said by hand and can take back, the newest first."""
    by_hand = (EntryLink.method == "by_hand") & EntryLink.ended_at.is_(None)
    return (
        select(
            EntryLink.link_id.label("link_id"), EntryLink.contest_id.label("contest_id"), EntryLink.entry_key.label("entry_key"),
            EntryLink.registration_provider.label("registration_provider"), EntryLink.registration_key.label("registration_key"),
            EntryLink.made_by.label("made_by"), EntryLink.made_at.label("made_at"), EntryLink.ended_by.label("ended_by"),
            EntryLink.ended_at.label("ended_at"),
        )
        .where(EntryLink.edition_id == edition_id, by_hand | (EntryLink.ended_why == "parted"))
        .order_by(EntryLink.link_id.desc())
        .limit(DECISIONS)
    )  # fmt: skip


def registration_key(row: Any) -> Key:
    """Of a decision: whom it is about."""
    return row.registration_provider, row.registration_key
