"""What somebody changed by hand at a destination, as the page shows it: as we left it, as it is there, as it would be sent."""

from __future__ import annotations

from sync_jobs.approvals.proposing import Proposal
from sync_jobs.review.drift import GONE, Edit, flag_edits, three_way

DRIFT = "V08"  # the check of what is there


def edits(found: Proposal) -> tuple[Edit, ...]:
    """Each edit; none where nobody noticed any."""
    to = found.field.destination
    if to is None or not is_noticed(found):
        return ()
    if to.flags is None:
        return (Edit(kind="flag", field="result set", sent="there", there=GONE, about="made anew"),)
    flags = flag_edits(to.expected, to.flags, to.expected) if to.expected else ()
    return (*flags, *three_way(to.sent if to.left is None else to.left, to.rows, found.field.payload))


def is_noticed(found: Proposal) -> bool:
    """A publication stopped at it, or a check did."""
    return bool(found.spot.drift) or any(one.check_id == DRIFT for one in found.findings.values())


def overwrites(found: Proposal) -> bool:
    """Whether sending undoes something of theirs."""
    theirs = edits(found)
    return is_noticed(found) and (not theirs or any(not one.agrees for one in theirs))
