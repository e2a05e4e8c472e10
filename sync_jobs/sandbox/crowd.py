"""Who registers for an edition, when, and what becomes of each registration, before the anchor and after it.

Everything follows from the seed: nothing here remembers anything between two worlds.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sync_jobs.sandbox import menu, names
from sync_jobs.sandbox.things import Change, Contest, Happening, Person, Registration, Removal

DAY, HOUR, MINUTE = 86_400, 3_600, 60
BIBS_BEFORE = 6 * DAY
FIRST_BIB, FIRST_BIB_ELSEWHERE = {"raceroster": 10_000, "haku": 15_000}, 100  # ranges, as a timer gives them to each side
LATE_UNTIL = 50 * MINUTE  # after the first start
GAP = 35  # seconds between two late registrations of one happening on race day, on average
STREAM = {"today": 12 * HOUR, "tomorrow": 5 * HOUR, "this_week": 3 * HOUR}
MORE_TO_COME = {"weeks": 0.06, "months": 0.15, "this_week": 0.03, "tomorrow": 0.02}
BORN = date(1946, 1, 1)


class Crowd:
    """The people of one happening."""

    def __init__(self, seed: int, happening: Happening, anchor: int) -> None:
        self.random = Random(f"crowd {seed} {happening.provider} {happening.number} {happening.days}")
        self.happening, self.edition, self.anchor = happening, happening.edition, anchor
        self.contests = [contest for contest in happening.contests if contest.weight > 0]
        self.weights = [contest.weight for contest in self.contests]
        self.found: list[Registration] = []

    def gather(self, many: int, *, streams: int) -> list[Registration]:
        """So many who registered up to the anchor, and those who will; all with their lives, in order of registration."""
        if not self.contests:
            return []
        instants = [*self._before(many), *self._after(many, streams)]
        chosen = self.random.choices(self.contests, self.weights, k=len(instants))
        self.found = [self._registration(contest, at) for contest, at in zip(chosen, sorted(instants), strict=True)]
        self._second_categories()
        self._bibs()
        self._edits()
        self._removals()
        for registration in self.found:
            if len(registration.changes) > 1:
                _put_in_order(registration)
        return self.found

    def quiet(self, each: int) -> list[Registration]:
        """So many in each contest, all long ago, with their bibs, and nothing more to come."""
        for index, contest in enumerate(self.contests):
            for number in range(each):
                registration = self._registration(contest, self.anchor - 90 * DAY + number)
                registration.changes.append(Change(registration.registered_at + DAY, "bib", index * each + number + 1))
                self.found.append(registration)
        return self.found

    def _before(self, many: int) -> list[int]:
        last = min(self.anchor, (self.edition.starts_at or self.anchor) - DAY // 2)
        first = min(self.edition.created_at + 20 * DAY, last - 30 * DAY)
        toss = self.random.random
        return [int(first + (last - first) * toss() ** 0.6) for _ in range(many)]

    def _after(self, many: int, streams: int) -> list[int]:
        starts, phase = self.edition.starts_at, self.edition.phase
        if starts is None or starts < self.anchor:
            return []
        toss, closes = self.random.random, max(starts - DAY // 2, self.anchor)
        found = [int(self.anchor + 1 + (closes - self.anchor) * toss()) for _ in range(int(many * MORE_TO_COME.get(phase, 0)))]
        if phase in STREAM:
            at = float(max(self.anchor, starts - STREAM[phase]))
            while (at := at + self.random.expovariate(1 / (GAP * max(streams, 1)))) < starts + LATE_UNTIL:
                found.append(int(at) + 1)
        return found

    def _registration(self, contest: Contest, at: int) -> Registration:
        team = menu.TEAMS[int(self.random.random() * len(menu.TEAMS))] if self.random.random() < 0.06 else None
        return Registration(contest, at, self.person(contest), contest.fee_cents, team)

    def person(self, contest: Contest) -> Person:
        """Somebody, somewhat near the race."""
        toss, pool, edition = self.random.random, names.pool(), self.edition
        gender = self._gender(contest)
        givens = pool.first[gender if gender in "FM" else ""]
        first, first_plain = givens[int(toss() * len(givens))]
        last, last_plain = pool.last[int(toss() * len(pool.last))]
        luck = toss()
        email = None if luck < 0.015 else _email(first_plain, last_plain, int(luck * 9000))
        near = toss() < 0.7
        return Person(
            first, "J." if toss() < 0.1 else None, last, email, gender,
            None if toss() < 0.01 else BORN + timedelta(days=int(toss() * 26_000)),
            None if toss() < 0.05 else f"{201 + int(toss() * 700)}-555-{100 + int(toss() * 100):04d}",
            None if toss() < 0.05 else f"{1 + int(toss() * 900)} {pool.streets[int(toss() * len(pool.streets))]}",
            edition.city if near else pool.towns[int(toss() * len(pool.towns))],
            edition.state, edition.postal_code, edition.country,
        )  # fmt: skip

    def _gender(self, contest: Contest) -> str:
        luck = self.random.random()
        if contest.name.startswith("Marathon Relay"):
            return "C"
        return "F" if luck < 0.515 else "M" if luck < 0.965 else "X" if luck < 0.985 else "U"

    def _bibs(self) -> None:
        """Bibs are given out some days before the start, to latecomers minutes after they registered; helpers get none."""
        starts = self.edition.starts_at
        if starts is None:
            return
        bulk, toss = starts - BIBS_BEFORE, self.random.random
        for number, registration in enumerate(self.found, FIRST_BIB.get(self.happening.provider, FIRST_BIB_ELSEWHERE)):
            if not registration.contest.volunteer:
                at = (
                    registration.registered_at + 60 + int(toss() * 240)
                    if registration.registered_at >= bulk
                    else bulk + int(toss() * 60)
                )
                registration.changes.append(Change(at, "bib", number))

    def _second_categories(self) -> None:
        """At Haku one registration may hold two."""
        for registration in self.found if self.happening.provider == "haku" and len(self.contests) > 1 else ():
            if self.random.random() < 0.06:
                registration.also = self.random.choice([one for one in self.contests if one is not registration.contest])

    def _edits(self) -> None:
        for registration in self.found:
            if self.random.random() < 0.05:
                self._edit(registration, registration.registered_at, self.anchor)
            if self.random.random() < 0.035:
                self._edit(registration, max(self.anchor, registration.registered_at), (self.edition.starts_at or 0) + HOUR)

    def _edit(self, registration: Registration, first: int, last: int) -> None:
        if last - first < 10 * MINUTE:
            return
        at = first + 5 * MINUTE + int(self.random.random() * (last - first - 5 * MINUTE))
        luck, bibs_out = self.random.random(), (self.edition.starts_at or at) - BIBS_BEFORE + HOUR < at
        if luck < 0.5 and bibs_out and not registration.contest.volunteer:
            registration.changes.append(Change(at, "bib", 20_000 + int(self.random.random() * 70_000)))
        elif luck < 0.65 and self.happening.provider == "raceroster":
            registration.changes.append(Change(at, "contest", self.random.choice(self.contests)))
        elif luck < 0.6 and registration.also is not None:
            registration.changes.append(Change(at, "also", None))  # the category becomes inactive
        elif luck < 0.7 and self.happening.provider == "haku":  # one form of a transfer: the same number, another person
            registration.changes.append(Change(at, "person", self.person(registration.contest)))
        else:
            registration.changes.append(Change(at, "person", self._corrected(registration.person)))

    def _corrected(self, person: Person) -> Person:
        towns, lasts = names.pool().towns, names.pool().last
        if self.random.random() < 0.3:
            return person._replace(last_name=lasts[int(self.random.random() * len(lasts))][0])
        return person._replace(city=towns[int(self.random.random() * len(towns))])

    def _removals(self) -> None:
        """Some are taken off, some defer, and some hand their place to another contest or to another person."""
        used: set[int] = set()
        many = len(self.found)
        for index, registration in enumerate(self.found):
            luck = self.random.random()
            if luck < 0.012:
                self._taken_off(registration)
            elif luck < 0.02 and index > 10 and (older := int(self.random.random() * (index - 1))) not in used and many > 20:
                used |= {older, index}
                _transfer(self.found[older], registration, same_person=self.random.random() < 0.6)

    def _taken_off(self, registration: Registration) -> None:
        last = self.edition.starts_at or self.anchor
        first = registration.registered_at + 10 * MINUTE
        if self.edition.phase in STREAM and self.random.random() < 0.5:
            first = max(first, self.anchor)  # on the last days more people change their mind
        if last - first > 10 * MINUTE:
            at = first + int(self.random.random() * (last - first))
            reason = self.random.choices(("removed", "cleared", "deferred"), (5, 1, 2))[0]
            registration.changes.append(Change(at, "removed", Removal(reason, None)))


def _transfer(old: Registration, new: Registration, *, same_person: bool) -> None:
    if any(change.kind == "removed" for change in (*old.changes, *new.changes)) or new.registered_at <= old.registered_at:
        return
    if same_person:
        new.person = old.person
    bib = next((c.value for c in old.changes if c.kind == "bib" and c.at <= new.registered_at), None)
    if bib is not None and not new.contest.volunteer:
        new.changes = [Change(new.registered_at + 1, "bib", bib), *(c for c in new.changes if c.kind != "bib")]
    old.changes.append(Change(new.registered_at, "removed", Removal("transferred", new)))


def _put_in_order(registration: Registration) -> None:
    """By time; nothing happens to a registration that has ended."""
    registration.changes.sort(key=lambda change: change.at)
    for index, change in enumerate(registration.changes):
        if change.kind == "removed":
            del registration.changes[index + 1 :]
            return


def _email(first: str, last: str, number: int) -> str:
    return f"{first or 'runner'}.{last or 'pace'}{number}@example.{'org' if number % 5 == 0 else 'com'}"
