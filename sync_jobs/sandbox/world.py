"""One invented world: a pure function of its seed, its anchor instant, its size, and the moment at which somebody looks.

What a person adds by hand while it runs (`register`, `change`, `remove`) is kept beside; how providers write it down is
left to their modules.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any, NamedTuple

from sync_jobs.providers import ADAPTERS, side
from sync_jobs.sandbox import copernico_ids, plan
from sync_jobs.sandbox.crowd import Crowd
from sync_jobs.sandbox.things import (
    PROVIDERS,
    Change,
    Contest,
    Edition,
    Happening,
    Partner,
    Person,
    Registration,
    Removal,
    hub_key,
    local,
    seconds,
    state_at,
)  # fmt: skip

FIRST_KEY = {"runsignup": 5_000_001, "raceroster": 8_100_001, "haku": 204_001}
ROOM = 1000  # between the ids of people still to come: those added by hand fit in
ANY_FIRST_KEY = 300_001


class Present(NamedTuple):
    """A registration as it truly is at an instant, in plain words: what a sync must have found."""

    provider: str
    partners: tuple[int, ...]
    happening_id: str
    contest_id: str
    key: str
    first_name: str
    last_name: str
    email: str | None
    gender: str
    born: date | None
    bib: int | None
    registered_at: datetime
    modified_at: datetime


class World:
    """Partners, editions and registrations."""

    def __init__(self, seed: int, anchor: datetime, partners: list[Partner]) -> None:
        self.seed, self.anchor, self.partners = seed, anchor.astimezone(UTC).replace(microsecond=0), partners
        self.editions: list[Edition] = []
        self.happenings: list[Happening] = []  # also those that no edition counts: a draft
        self.revision = 0
        self.scored_at: str | None = None  # the one scoring provider of an even world; None: each partner's own
        self.lock = threading.RLock()
        self._by_key: dict[tuple[str, int], Registration] = {}

    @classmethod
    def build(
        cls, *, seed: int = 88, anchor: datetime, partners: int = 13, editions: int = 60, registrations: int = 40_000,
        providers: tuple[str, ...] = PROVIDERS,
    ) -> World:  # fmt: skip
        """The world at any size; `registrations` were made up to the anchor, others follow after it; some at Haku come on top."""
        world = cls(seed, anchor, plan.partners(partners))
        planner = plan.Planner(seed, world.anchor, world.partners, providers)
        world.editions = planner.editions(editions)
        world.happenings = [happening for edition in world.editions for happening in edition.happenings]
        main = [happening for happening in world.happenings if happening not in planner.beside]
        shares = [*zip(main, _shares(Random(f"shares {seed}"), main, registrations), strict=True)]
        shares += [(h, min(60 + 40 * (n % 3), registrations // 200)) for n, h in enumerate(planner.beside)]
        streams = sum(happening.edition.phase == "today" for happening in main)
        people = [
            registration
            for happening, share in shares
            for registration in Crowd(seed, happening, seconds(world.anchor)).gather(share, streams=streams)
        ]
        world._settle(people)
        world._add_surprises()
        return world

    @classmethod
    def regular(
        cls, *, anchor: datetime, editions: int = 20, contests: int = 2, each: int | Sequence[int] = 1000, seed: int = 88,
        partners: int = 1, provider: str = "runsignup",
    ) -> World:  # fmt: skip
        """An even world in which nothing ever happens: what measurements and exact page counts want.

        `each` is how many a contest has, or a number for each edition. At a scoring provider, everybody registers at RunSignUp
        and is on the start list there already.
        """
        world = cls(seed, anchor, plan.partners(partners))
        world.scored_at, provider = (None, provider) if side(provider) == "registration" else (provider, PROVIDERS[0])
        planner = plan.Planner(seed, world.anchor, world.partners, (provider,))
        people: list[Registration] = []
        for index in range(editions):
            edition = planner.even(index, contests, provider)
            world.editions.append(edition)
            happening = edition.happenings[0]
            world.happenings.append(happening)
            people += Crowd(seed, happening, seconds(world.anchor)).quiet(each if isinstance(each, int) else each[index])
        world._settle(people)
        return world

    def credentials(self, partner: int, provider: str) -> dict[str, str]:
        """What that partner types into the connection's form; invented, the same for the same seed."""
        made = {name: self._secret(partner, provider, name) for name in _secret_fields(provider)}
        if provider == copernico_ids.PROVIDER:
            return {**made, **copernico_ids.credentials(self, partner)}
        return {**made, "username": f"timer{partner}@example.com"} if "username" in made else made

    def _secret(self, partner: int, provider: str, name: str) -> str:
        return blake2b(f"{self.seed} {partner} {provider} {name}".encode(), digest_size=16).hexdigest()

    def seen_by(self, provider: str, partner: int | None) -> list[Happening]:
        """The happenings that a partner's credential reaches; all of a provider for None."""
        return [h for h in self.happenings if h.provider == provider and (partner is None or partner in h.edition.partners)]

    def present(self, now: datetime, *, provider: str | None = None, partner: int | None = None) -> Iterator[Present]:
        """Everybody who is registered at that instant, as a complete sync must find them."""
        moment = now.timestamp()
        for happening in self.happenings:
            if (provider in {None, happening.provider}) and (partner is None or partner in happening.edition.partners):
                for contest in happening.contests:
                    for registration in contest.registrations:
                        yield from _present(happening, registration, moment)

    def contest(self, provider: str, number: int) -> Contest | None:
        """That contest, by the provider's own number."""
        return next((c for h in self.happenings if h.provider == provider for c in h.contests if c.number == number), None)

    def find(self, provider: str, key: int) -> Registration | None:
        """That registration, by the provider's own number."""
        return self._by_key.get((provider, key))

    def register(self, contest: Contest, now: datetime, **given: Any) -> Registration:
        """Somebody registers now; what is not given is invented."""
        with self.lock:
            provider, at = contest.happening.provider, int(now.timestamp())
            crowd = Crowd(self.seed + 1 + self.revision, contest.happening, at)
            person = crowd.person(contest)._replace(**{k: v for k, v in given.items() if k in Person._fields})
            registration = Registration(contest, at, person, contest.fee_cents, also=given.get("also"))
            if given.get("bib") is not None:
                registration.changes.append(Change(at, "bib", int(given["bib"])))
            earlier = [r.key for (name, _), r in self._by_key.items() if name == provider and r.registered_at <= at]
            key = max(earlier, default=_first_key(provider)) + 1
            while (provider, key) in self._by_key:
                key += 1
            registration.key, registration.ordinal = key, len(self._by_key)
            self._by_key[provider, key] = registration
            contest.registrations.append(registration)
            contest.registrations.sort(key=lambda one: one.key)
            self.revision += 1
            return registration

    def change(self, registration: Registration, now: datetime, **given: Any) -> None:
        """Change a registration now: a bib, anything of the person, `contest`, or `also`, the second one (None: out of it)."""
        state = state_at(registration, now.timestamp())
        if state is None:
            raise LookupError("nobody of that number is registered yet")
        person = {name: value for name, value in given.items() if name in Person._fields}
        if person:
            self._happens(registration, Change(int(now.timestamp()), "person", state.person._replace(**person)))
        for kind in ("bib", "contest", "also"):
            if kind in given:
                self._happens(registration, Change(int(now.timestamp()), kind, given[kind]))

    def remove(
        self, registration: Registration, now: datetime, reason: str = "removed", into: Contest | None = None
    ) -> Registration | None:
        """Take a registration off now; with `into` it is transferred there and the new one is returned."""
        state = state_at(registration, now.timestamp())
        if state is None or state.removed:
            raise LookupError("nobody of that number is registered")
        successor = None
        if into is not None:
            successor = self.register(into, now, bib=state.bib, **state.person._asdict())
        self._happens(registration, Change(int(now.timestamp()), "removed", Removal("transferred" if into else reason, successor)))
        return successor

    def _happens(self, registration: Registration, change: Change) -> None:
        with self.lock:
            past = [known for known in registration.changes if known.at <= change.at]
            later = [known for known in registration.changes if known.at > change.at and change.kind not in {"removed", known.kind}]
            registration.changes = [*past, change, *later]
            self.revision += 1

    def _settle(self, people: list[Registration]) -> None:
        """Give every registration its number, in the order in which they were made, and put it into its contest."""
        anchor = seconds(self.anchor)
        for provider in dict.fromkeys((*FIRST_KEY, *(one.contest.happening.provider for one in people))):
            key = _first_key(provider)
            mine = sorted((p for p in people if p.contest.happening.provider == provider), key=lambda one: one.registered_at)
            for registration in mine:
                registration.key, registration.ordinal = key, len(self._by_key)
                self._by_key[provider, key] = registration
                registration.contest.registrations.append(registration)
                key += ROOM if registration.registered_at > anchor else 1 + key % 3

    def _add_surprises(self) -> None:
        """A contest that opens only after the anchor, and at Race Roster a draft that no list shows."""
        ahead = [h for h in self.seen_by("runsignup", None) if h.edition.phase == "weeks"]
        if len(self.editions) > 10:
            happening, old = ahead[0], ahead[0].contests[0]
            number = 1 + max(contest.number for h in self.seen_by("runsignup", None) for contest in h.contests)
            opens = seconds(self.anchor + timedelta(minutes=20))
            happening.contests.append(
                Contest(happening, number, "Night 5K", "5K", 5000, old.starts_at, False, "running_race", 4000, opens, 0)  # noqa: FBT003  volunteer
            )
        for source in [h for h in self.happenings if h.provider == "raceroster"][:1]:
            name = f"{source.name} (copy, not published)"
            draft = Happening("raceroster", source.edition, source.number + 50_000, f"draft-{source.uid}"[:18], 0, name, "DRAFT")
            self.happenings.append(draft)


def _first_key(provider: str) -> int:
    return FIRST_KEY.get(provider, ANY_FIRST_KEY)


def _secret_fields(provider: str) -> list[str]:
    return [field.name for field in ADAPTERS[provider].credentials if field.required]


def _present(happening: Happening, registration: Registration, moment: float) -> Iterator[Present]:
    state = state_at(registration, moment)
    if state is None or state.removed:
        return
    for contest in filter(None, (state.contest, state.also)):
        number = str(contest.number)
        yield Present(
            happening.provider, happening.edition.partners, happening.uid,
            number if happening.provider == "runsignup" else f"{happening.uid}/{number}", hub_key(registration, contest),
            state.person.first_name, state.person.last_name, state.person.email, state.person.gender, state.person.born, state.bib,
            datetime.fromtimestamp(registration.registered_at, UTC), datetime.fromtimestamp(state.modified, UTC),
        )  # fmt: skip


def _shares(random: Random, happenings: list[Happening], total: int) -> list[int]:
    """How many people each happening has: unevenly, and so that the sum is right."""
    weights = [random.lognormvariate(0, 0.9) * (1.6 if h.edition.phase == "today" else 1) for h in happenings]
    sizes = [int(total * weight / sum(weights)) for weight in weights]
    for index in range(total - sum(sizes)):
        sizes[index % len(sizes)] += 1
    return sizes


def first_day(happening: Happening) -> date | None:
    """The day of a happening in its own zone."""
    starts = happening.edition.starts_at
    return None if starts is None else local(starts, happening.edition.zone).date()
