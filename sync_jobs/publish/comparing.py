"""What was sent beside what is there: who is missing or differs, and who should not be there. Decides; touches nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

from sync_jobs.kit.base import Key
from sync_jobs.results import Published

Shown = Callable[[Published], Published]
NAMES = tuple(one.name for one in fields(Published) if one.name not in {"entry_key", "extra"})
MUTE = "NOT_SEEN"  # how somebody reads of whom the destination says neither a time nor a word
FEW = 20
WORDS = {
    "registration_key": "registration", "gun_ms": "gun time", "chip_ms": "chip time", "gender_place": "place in gender",
    "division_place": "place in division", "first_name": "first name", "last_name": "last name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that does not read as it was sent."""

    bib: str | None
    what: tuple[str, ...]  # fields; "missing", or "not ours"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a set stands to what it should hold."""

    to_send: tuple[Published, ...]
    extra: tuple[Published, ...]  # nobody sent them, or they are there twice
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        """Each row once, as it was sent, and nobody else."""
        return not self.differences

    @property
    def sentence(self) -> str:
        """What differs, by bib; nobody's name."""
        told = [f"{_bib(one)} ({', '.join(WORDS.get(name, name) for name in one.what)})" for one in self.differences[:FEW]]
        more = len(self.differences) - len(told)
        return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def compare(wanted: Sequence[Published], there: Iterable[Published], shown: Shown, *, proving: bool = False) -> Standing:
    """Both as the destination can show them. Where it says nothing of a word that was sent, that is proof enough, but sent again.

    Rows of nobody's registration and bib are told apart by all that they say, so that several nameless people may stand there.
    """
    wants = [(row, shown(row)) for row in wanted]
    has: dict[Key, list[tuple[Published, Published]]] = defaultdict(list)
    for row in there:
        has[shown(row).key].append((row, shown(row)))
    nameless = Counter(_told(reads) for key, rows in has.items() if key[0] == "name" for _, reads in rows)
    to_send, differences = [], []
    for row, reads in wants:
        mine = has.pop(reads.key, []) if reads.key[0] != "name" else []
        what = _nameless(reads, nameless) if reads.key[0] == "name" else _what(reads, mine, proving=proving)
        if what:
            to_send.append(row)
            differences.append(Difference(reads.bib, what))
        if len(mine) > 1:
            has[reads.key] = mine[1:]
    extra = [row for key, rows in has.items() if key[0] != "name" for row, _ in rows] + _left(has, nameless)
    differences += [Difference(row.bib, ("not ours",)) for row in extra]
    return Standing(tuple(to_send), tuple(extra), tuple(differences))


def _what(reads: Published, mine: Sequence[tuple[Published, Published]], *, proving: bool) -> tuple[str, ...]:
    if not mine:
        return ("missing",)
    found = mine[0][1]
    is_mute = proving and found.status == MUTE and reads.status != "FINISHED"
    return tuple(
        name for name in NAMES if getattr(reads, name) != getattr(found, name) and not (is_mute and name == "status")
    )  # fmt: skip


def _nameless(reads: Published, nameless: Counter[tuple[object, ...]]) -> tuple[str, ...]:
    told = _told(reads)
    if nameless[told] > 0:
        nameless[told] -= 1
        return ()
    return ("missing",)


def _left(has: dict[Key, list[tuple[Published, Published]]], nameless: Counter[tuple[object, ...]]) -> list[Published]:
    left = []
    for row, reads in (pair for key, rows in has.items() if key[0] == "name" for pair in rows):
        if nameless[_told(reads)] > 0:
            nameless[_told(reads)] -= 1
            left.append(row)
    return left


def _told(reads: Published) -> tuple[object, ...]:
    return tuple(getattr(reads, name) for name in NAMES)


def _bib(one: Difference) -> str:
    return f"bib {one.bib}" if one.bib else "somebody without a bib"
