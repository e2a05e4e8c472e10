"""What follows from the ladder for a whole edition: links to make and to end, and the people that somebody has to look at.

Says each conflict as data, with both sides; how it is worded is the page's, how it is kept is `entry_links`' business.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sync_jobs.pairing import same
from sync_jobs.pairing.ids import Key, key_of
from sync_jobs.pairing.ladder import SURE, Found, Held, Known, Ladder
from sync_jobs.pairing.same import Disagreement
from sync_jobs.records import Entry, Registration

MOST_HINTS = 3
MOST_SWAPPED = 60  # with more people that do not fit, bibs were not swapped: a whole list is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link to write. `made_by` is a person where theirs goes on in another form."""

    contest_id: int
    entry_key: str
    registration: Key
    method: str
    made_by: str | None = None

    @property
    def confidence(self) -> int:
        """In percent."""
        return SURE.get(self.method, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An entry that a person has to look at. `registrations` and `rivals` are the others that it is about.

    Kinds: two_answers, same_external_id, taken, disagrees, swap, other_contest, ambiguous, hint, gone, unknown_id, unmatched.
    """

    kind: str
    contest_id: int
    entry_key: str
    registrations: tuple[Key, ...] = ()
    rivals: tuple[str, ...] = ()  # other entries of the contest
    detail: str = ""


@dataclass(slots=True)
class Outcome:
    """Everything that follows. `ended` says of each link why: gone, or moved (it goes on in another form)."""

    links: list[NewLink] = field(default_factory=list)
    ended: list[tuple[Held, str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@dataclass(slots=True)
class _Contest:
    """One scoring contest while it is decided: its ladder, and who is linked so far."""

    ladder: Ladder
    together: dict[str, tuple[Entry, Registration]] = field(default_factory=dict)
    proposed: defaultdict[Key, list[tuple[Entry, Found]]] = field(default_factory=lambda: defaultdict(list))
    questions: list[Question] = field(default_factory=list)

    def ask(self, kind: str, entry: Entry, *registrations: Registration, rivals: tuple[Entry, ...] = (), detail: str = "") -> None:
        """Note somebody to look at."""
        self.questions.append(
            Question(
                kind=kind,
                contest_id=self.ladder.contest_id,
                entry_key=entry.key,
                registrations=tuple(key_of(registration) for registration in registrations),
                rivals=tuple(rival.key for rival in rivals),
                detail=detail,
            )
        )


def conclude(known: Known) -> Outcome:
    """Climb the ladder for everybody on the mapped scoring lists of one edition."""
    outcome = Outcome()
    standing: dict[int, NewLink] = {}
    for contest_id in sorted(known.mapped):
        contest = _Contest(Ladder(known, contest_id))
        for entry in contest.ladder.entries:
            _decide(contest, entry)
        outcome.links += _settle(contest)
        _verify(contest)
        outcome.questions += contest.questions
        standing |= _standing(contest)
    _carry_on(known, standing, outcome)
    return outcome


def _decide(contest: _Contest, entry: Entry) -> None:
    linked = contest.ladder.linked.get(entry.key)
    if linked is None:
        return _climb(contest, entry)
    registration, held = linked
    if held.made_by is None:
        contest.together[entry.key] = entry, registration
        _contradict(contest, entry, registration)
    return None


def _contradict(contest: _Contest, entry: Entry, linked: Registration) -> None:
    """Later rungs that point at somebody else."""
    held = [found.holds for found in contest.ladder.rungs(entry) if found.method != "bib_only"]
    others = {key_of(r): r for r in held if r is not None and key_of(r) != key_of(linked)}
    if others:
        contest.ask("two_answers", entry, linked, *others.values(), detail="linked")


def _climb(contest: _Contest, entry: Entry) -> None:
    rungs = contest.ladder.rungs(entry)
    if rungs[0].rivals:
        return contest.ask("same_external_id", entry, *rungs[0].registrations, rivals=rungs[0].rivals)
    holding = [found for found in rungs if found.holds]
    pointing = {key_of(r): r for found in holding if (r := found.holds)}
    if rungs[0].holds and (by_bib := contest.ladder.same_bib(entry).holds):
        pointing[key_of(by_bib)] = by_bib  # against an id the bib alone is a contradiction
    if not holding:
        return _left_over(contest, entry, rungs)
    if len(pointing) > 1:
        return contest.ask("two_answers", entry, *pointing.values())
    contest.proposed[next(iter(pointing))].append((entry, holding[0]))
    return None


def _left_over(contest: _Contest, entry: Entry, rungs: list[Found]) -> None:
    """No rung links. What is left to say, the most telling first."""
    several = next((found for found in rungs if found.registrations), None)
    elsewhere = contest.ladder.elsewhere(entry).holds
    hints = contest.ladder.hints(entry)[:MOST_HINTS]
    if several:
        contest.ask("ambiguous", entry, *several.registrations, rivals=several.rivals, detail=several.method)
    elif elsewhere:
        contest.ask("other_contest", entry, elsewhere)
    elif hints:
        contest.ask("hint", entry, *(registration for _, registration in hints), detail=str(hints[0][0]))
    else:
        contest.ask(_why_alone(contest.ladder, entry), entry)


def _why_alone(ladder: Ladder, entry: Entry) -> str:
    before = (*ladder.known.vanished, *ladder.known.held)
    if any(held.entry_key == entry.key and held.contest_id == ladder.contest_id for held in before):
        return "gone"
    return "unknown_id" if entry.external_id and ladder.known.ids.find(entry.external_id) is None else "unmatched"


def _settle(contest: _Contest) -> list[NewLink]:
    """Links for those registrations that one entry alone has come to; two entries with one registration wait for a person."""
    made: list[NewLink] = []
    ladder = contest.ladder
    for key, claims in contest.proposed.items():
        (entry, found), *more = claims
        registration = ladder.known.ids.by_key[key]
        holder = next((other for other in ladder.entries if other.key == ladder.holders.get(key)), None)
        if more or holder:
            for claimant, _ in claims:
                rivals = tuple(other for other, _ in claims if other is not claimant) + ((holder,) if holder else ())
                contest.ask("taken", claimant, registration, rivals=rivals)
        else:
            contest.together[entry.key] = entry, registration
            made.append(NewLink(contest_id=ladder.contest_id, entry_key=entry.key, registration=key, method=found.method))
    return made


def _verify(contest: _Contest) -> None:
    """What two linked records say against each other; two that fit crosswise are one swap."""
    against: dict[str, tuple[Entry, Registration, Disagreement]] = {}
    allowed = contest.ladder.known.mapped[contest.ladder.contest_id]
    for entry, registration in contest.together.values():
        if disagreement := same.disagreement(entry, registration):
            against[entry.key] = entry, registration, disagreement
        if registration.contest_id is not None and registration.contest_id not in allowed:
            contest.ask("other_contest", entry, registration, detail="linked")
    for one, other in _swapped(contest, list(against.values())):
        (entry, registration, _), (rival, theirs, _) = against.pop(one), against.pop(other)
        contest.ask("swap", entry, registration, theirs, rivals=(rival,))
    for entry, registration, disagreement in against.values():
        contest.ask("disagrees", entry, registration, detail=", ".join(disagreement.words))


def _swapped(contest: _Contest, against: list[tuple[Entry, Registration, Disagreement]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    done: set[str] = set()
    for place, (one, mine, _) in enumerate(against if len(against) <= MOST_SWAPPED else []):
        crosswise = [
            other.key
            for other, theirs, _ in against[place + 1 :]
            if other.key not in done and _fits(contest, one, theirs) and _fits(contest, other, mine)
        ]
        if len(crosswise) == 1 and one.key not in done:
            found.append((one.key, crosswise[0]))
            done |= {one.key, crosswise[0]}
    return found


def _fits(contest: _Contest, entry: Entry, registration: Registration) -> bool:
    day = contest.ladder.known.day
    if same.disagreement(entry, registration):
        return False
    near = same.same_gender(entry, registration) and same.near_age(entry, registration, day)
    return near or same.agrees(entry, registration, day)


def _standing(contest: _Contest) -> dict[int, NewLink]:
    """The links that stand, each as it is now, by the link that it was."""
    here = contest.ladder.contest_id
    return {
        id(held): NewLink(
            contest_id=here, entry_key=entry_key, registration=key_of(found), method=held.method, made_by=held.made_by
        )
        for entry_key, (found, held) in contest.ladder.linked.items()
    }


def _carry_on(known: Known, standing: dict[int, NewLink], outcome: Outcome) -> None:
    """End what stands no longer. What was transferred, changed its contest or has come back goes on as a link of its own."""
    for held in known.held:
        now = standing.get(id(held))
        if now is None:
            outcome.ended.append((held, "gone" if _is_gone(known, held) else "moved"))
        elif (now.contest_id, now.registration) != (held.contest_id, held.registration):
            outcome.ended.append((held, "moved"))
            outcome.links.append(now)
    outcome.links += [now for held in known.vanished if (now := standing.get(id(held)))]


def _is_gone(known: Known, held: Held) -> bool:
    """The person is no longer on one of the two sides."""
    here = any((contest_id, held.entry_key) in known.places for contest_id in known.mapped)
    return not here or known.ids.last(held.registration) not in known.ids.by_key
