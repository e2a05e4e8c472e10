"""How what the public would see differs from what it sees: causes apart from consequences, each row in one part.

Works for any two versions of a contest. Whether a difference may go out by itself is `policy`'s question; saying it is `lines`'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sync_jobs.results import ContestFacts, Published, ResultRow, Version
from sync_jobs.review.awards import AwardChange
from sync_jobs.review.changes import CAUSES, Change, Shift, folded
from sync_jobs.review.comparing import Compared, Side
from sync_jobs.review.twins import Links

TELLING = frozenset({"status", "person", "time", "removed"})
"""Kinds of changes that make a message wrong that somebody got."""
NO_LINKS: Links = {}
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything between two versions. Who is `kept` is the same in both; `behind` are seen in neither."""

    old_number: int | None  # None: nothing was public
    new_number: int
    awards: tuple[AwardChange, ...]
    changed: tuple[Change, ...]
    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    moved: tuple[Change, ...]  # only their place
    kept: tuple[ResultRow, ...]
    behind: int
    follows: bool  # every place moved exactly as far as the added rows move it

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Change, ...]]:
        """The changed rows by kind."""
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for one in self.changed:
            found[one.kind].append(one)
        return {kind: tuple(found[kind]) for kind in CAUSES}

    @cached_property
    def times(self) -> tuple[tuple[Shift, ...], tuple[Change, ...]]:
        """Changed times: shifts of many at once, and the rest."""
        return folded(self.by_kind["time"])

    @property
    def before(self) -> int:
        """How many the public sees."""
        return len(self.kept) + len(self.moved) + len(self.changed) + len(self.removed)

    @property
    def after(self) -> int:
        """How many it would see."""
        return len(self.kept) + len(self.moved) + len(self.changed) + len(self.added)

    @property
    def is_first(self) -> bool:
        """Whether nothing was public before."""
        return self.old_number is None

    @property
    def is_same(self) -> bool:
        """Whether nobody would see anything new."""
        return not (self.changed or self.added or self.removed or self.moved)

    @property
    def wrongly_told(self) -> tuple[Change, ...]:
        """Whoever already got a message with what it was."""
        return tuple(one for one in (*self.changed, *self.removed) if one.was_told and one.kind in TELLING)


def difference(
    live: Version | None, new: Version, facts: ContestFacts, *, links: Links = NO_LINKS, sent: Iterable[Published] | None = None,
    sends: Iterable[Published] | None = None, handed_out: Collection[str] = NOBODY, told: Collection[str] = NOBODY,
    exact: bool = False,
) -> Difference:  # fmt: skip
    """Compare what is live with what would be.

    `sent` and `sends` are the payloads of the two: who is shown, and how. Without both, whoever's status may be shown is
    compared as scoring has them; `exact` then means to the millisecond.
    """
    has_both = sends is not None and (live is None or sent is not None)
    old_side = Side(live, facts, (sent or ()) if has_both else None, exact=exact)
    new_side = Side(new, facts, sends if has_both else None, exact=exact)
    found = Compared(old_side, new_side, links, told=told)
    return Difference(
        old_number=live.number if live else None, new_number=new.number, awards=found.awards(handed_out),
        changed=tuple(found.changed), added=tuple(found.added), removed=tuple(found.removed), moved=tuple(found.moved),
        kept=tuple(found.kept), behind=found.behind, follows=found.follows(),
    )  # fmt: skip


def beyond(found: Difference, bibs: Collection[str]) -> tuple[Change, ...]:
    """Changes of rows that nobody asked to have corrected."""
    asked = frozenset(bibs)
    return tuple(one for one in (*found.changed, *found.removed, *found.added) if not one.bibs & asked)
