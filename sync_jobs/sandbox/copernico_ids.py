"""Copernico's three names of a race, and what a partner types into the connection's form. Invented, the same for the same world."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from sync_jobs.sandbox.scoring_entry import ScoringEntry
from sync_jobs.sandbox.scoring_plan import ScoringContest, ScoringHappening, plan

if TYPE_CHECKING:
    from sync_jobs.sandbox.world import World

PROVIDER = "copernico"
PRESET = "Hub Results"
BACK = pow(2654435761, -1, 2**32)  # undoes what makes eight characters of an entry's number


def login(partner: int) -> str:
    """The Copernico user who made the preset."""
    return f"timer{partner}@example.com"


def race_id(happening: ScoringHappening) -> str:
    """Sportmaniacs' id of a race: reading goes by its slug, sending by this."""
    return _uuid("race", happening.number)


def event_id(contest: ScoringContest) -> str:
    """Sportmaniacs' id of an event."""
    return _uuid("event", contest.number)


def number_of(uid: str) -> int | None:
    """The number of the entry with that id of eight characters."""
    try:
        return int(uid, 16) * BACK % 2**32
    except ValueError:
        return None


def import_id(entry: ScoringEntry) -> str | None:
    """What was sent or imported as the unique id."""
    return entry.external_id


def credentials(world: World, partner: int) -> dict[str, str]:
    """What that partner enters beside the key: the preset, and Sportmaniacs' ids of everything that they may score."""
    mine = [h for h in plan(world) if h.provider == PROVIDER and partner in h.edition.partners]
    ids = [f"{h.uid} = {race_id(h)}" for h in mine]
    ids += [f"{h.uid}/{contest.name} = {event_id(contest)}" for h in mine for contest in h.contests]
    return {"preset_login": login(partner), "preset_name": PRESET, "push_ids": "; ".join(ids)}


def _uuid(kind: str, number: int) -> str:
    return str(UUID(int=Random(f"copernico {kind} {number}").getrandbits(128), version=4))
