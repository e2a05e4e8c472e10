"""Who acts, and what they are told where it cannot be: the words that every door of this package shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

ACTS = ("preliminary", "official", "correction", "retraction")
VISIBILITY: Mapping[str, str] = {
    "preliminary": "preliminary", "official": "official", "correction": "official", "retraction": "retracted",
}  # fmt: skip
"""What the public sees once an act is done."""
PUBLIC = ("preliminary", "official")
APPROVERS = frozenset({"director", "partner"})
RETRACTORS = APPROVERS | {"support"}
POLICY_SETTERS = frozenset({"partner", "administrator"})
GOOD_FOR = timedelta(hours=12)  # an approval, from when it was asked for
COOLING_OFF = timedelta(minutes=30)  # where there is no second person
LONGEST_STANDING = timedelta(hours=24)
MOST_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who wants something, as they signed in. Nothing personal is kept of the device: its kind, a hash of the address."""

    account_id: int
    name: str
    role: str  # director, partner, support, administrator
    timing_partner_id: int | None = None  # None: of the house
    device: Mapping[str, Any] | None = None


class Refused(Exception):
    """It cannot be done; the message is what a person reads."""

    def __init__(self, sentences: str | Iterable[str], bibs: Iterable[str] = ()) -> None:
        self.sentences = (sentences,) if isinstance(sentences, str) else tuple(sentences)
        self.bibs = tuple(bibs)
        super().__init__(" ".join(self.sentences))


class NotAllowed(Refused):
    """Not by them, or not now: role, event, four eyes, or nothing of that kind is there."""


class Blocked(Refused):
    """Something is broken or unanswered: nobody may publish this before it is resolved or waived."""


class Stale(Refused):
    """It is not what was on the screen any more. `bibs` are those that changed."""
