"""What the review page says of edits by hand at the destination: how many, whose, and what became of them. Reads nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sync_jobs.approvals import Screen
from sync_jobs.approvals.drifting import DRIFT

MOST, ASKED = 12, 4  # edits on the page, and in a question to the timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The part of the page."""

    open: int | None  # the finding that asks for an answer
    said: str  # what was answered
    bibs: str
    question: str
    most: int = MOST


def of(screen: Screen) -> Drift | None:
    """None where nobody noticed an edit."""
    if not screen.edits or screen.place is None:
        return None
    cards = [card for card in screen.cards if card.check_id == DRIFT and card.severity != "info"]
    waived = next((card.waived for card in cards if card.waived), None)
    return Drift(
        open=next((card.finding_id for card in cards if card.is_open), None),
        said=f"Overwritten with the next publication, says {waived.by_name}: “{waived.words or waived.reason}”." if waived else "",
        bibs=" ".join(dict.fromkeys(edit.bib for edit in screen.edits if edit.bib)),
        question=_question(screen, screen.place.provider),
    )  # fmt: skip


def _question(screen: Screen, where: str) -> str:
    """The edits as a question, to be put into other words."""
    some = [f"{one.who}, {one.field}: {one.there} instead of {one.sent}" for one in screen.edits if one.who]
    more = f"; and {len(some) - ASKED} more" if len(some) > ASKED else ""
    return f"Somebody changed at {where}: {'; '.join(some[:ASKED])}{more}. Is that right?" if some else ""


def overwritten(screen: Screen) -> str:
    """What the sheet says before it goes out."""
    many = sum(not one.agrees for one in screen.edits)
    return f"{many:,} {'edit' if many == 1 else 'edits'} by hand there {'is' if many == 1 else 'are'} overwritten." if many else ""
