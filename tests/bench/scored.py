"""A race that was run: registered at RunSignUp, scored at ChronoTrack, both read, matched, checked, and what stops it explained.

What is left is somebody's word, as a person gives it on the review page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select

from sync_jobs import approvals, times
from sync_jobs.approvals import Actor, Screen
from sync_jobs.models import Contest, Edition, Partner, Publication, ResultDestination, ResultVersion, Run, db, write
from sync_jobs.providers import ADAPTERS
from sync_jobs.sandbox.servers import Running
from sync_jobs.sandbox.world import World
from tests import factories
from tests.bench import ours, pairs
from tests.bench.pairs import Pair
from tests.bench.sides import Served, build

BOTH = ("runsignup", "chronotrack")
HOURS_AGO = 14.0  # everybody is in


def spec(people: int, races: int = 1) -> dict[str, Any]:
    """Races of one distance, each of a partner of its own, as a process is told that serves them."""
    return {"at": [BOTH[0]] * races, "each": people, "contests": 1, "partners": races, "scored_at": BOTH[1], "hours": -HOURS_AGO}


def world_of(people: int, races: int = 1) -> World:
    """The same in this process."""
    return build(**spec(people, races))


def served_by(running: Running) -> Served:
    """Servers of this process, as a measurement sees those of another."""
    world = running.world
    secrets = {f"{p.number}/{key}": world.credentials(p.number, key) for p in world.partners for key in ADAPTERS}
    return Served(running.base, running.urls, secrets)


@dataclass(frozen=True)
class Scored:
    """Such a race, and whose word counts there."""

    pair: Pair
    contest_id: int  # at scoring
    destination_id: int
    event: int  # the provider's number of where its results go
    director: Actor

    def screen(self, act: str | None = None) -> Screen:
        return approvals.screen(self.contest_id, self.destination_id, None, times.now(), act=act)

    def explain(self) -> int:
        """Say of everything that stops it that it is right as it is; how many that were."""
        seen, by = self.screen(), self.director
        stops = [card for card in seen.cards if card.is_open and card.severity == "block"]
        for card in stops:
            approvals.waive(seen.version.version_id, card.finding_id, "runner", "", by, times.now())
        return len(stops)

    def approve(self, act: str | None = None, reason: str = "") -> int:
        """Press the button of the page; the publication."""
        seen = self.screen(act)
        approval = approvals.approve(
            self.destination_id, seen.version.version_id, seen.act, payload_hash=seen.payload_hash, base_hash=seen.base_hash,
            rendered_hash=seen.rendered_hash, tells=seen.tells, by=self.director, now=times.now(), reason=reason,
        )  # fmt: skip
        made = db.session.scalars(select(Publication).where(Publication.approval_id == approval.approval_id)).one()
        db.session.rollback()
        return made.publication_id


def settle(there: Served) -> list[Scored]:
    """Read all of them as workers would, in this process; nothing waits afterwards."""
    races = len({name.partition("/")[0] for name in there.secrets})
    found = []
    for pair in pairs.settle(there, [BOTH] * races, writes=False):
        ours.ask("results", db.session.get_one(Edition, pair.edition_id), pair.scoring_id)
        ours.only("results")
        found.append(_checked(pair))
    with write() as session:
        session.execute(delete(Run).where(Run.status == "pending"))
    return found


def _checked(pair: Pair) -> Scored:
    place = db.session.scalars(select(ResultDestination).where(ResultDestination.edition_id == pair.edition_id)).one()
    newest = select(func.max(ResultVersion.version_id)).where(ResultVersion.contest_id == place.contest_id)
    contest, version_id = db.session.get_one(Contest, place.registration_contest_id), db.session.scalars(newest).one()
    found = Scored(pair, place.contest_id, place.destination_id, int(contest.provider_contest_id), _director(pair))
    db.session.rollback()
    approvals.check(version_id, times.now())
    found.explain()
    return found


def _director(pair: Pair) -> Actor:
    edition, partner = db.session.get_one(Edition, pair.edition_id), db.session.get_one(Partner, pair.partner)
    account = factories.make_account("director", partner, email=f"director{pair.partner}@example.com", editions=(edition,))
    return Actor(account_id=account.account_id, name=account.name, role=account.role, timing_partner_id=pair.partner)
