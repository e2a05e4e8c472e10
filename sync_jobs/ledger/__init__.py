"""The only writer of a run's state. The row is the truth; the queue only carries hints.

`asking` writes requests, `lease` claims and holds, `ending` closes attempts, `reaper` takes back what died.
"""

from sync_jobs.ledger.asking import NotAllowed, Requested, cancel, request, retry, stop
from sync_jobs.ledger.ending import Outcome, back_off, cancelled, complete, fail, yield_run
from sync_jobs.ledger.lease import (
    Claim,
    Counts,
    Lease,
    LostLease,
    claim,
    claimable,
    due_unhinted,
    hold,
    mark_hinted,
    page_done,
    renew,
    startable,
)
from sync_jobs.ledger.live import bump
from sync_jobs.ledger.owner import this_process
from sync_jobs.ledger.reaper import BAD_ROW, reap

__all__ = [
    "BAD_ROW",
    "Claim",
    "Counts",
    "Lease",
    "LostLease",
    "NotAllowed",
    "Outcome",
    "Requested",
    "back_off",
    "bump",
    "cancel",
    "cancelled",
    "claim",
    "claimable",
    "complete",
    "due_unhinted",
    "fail",
    "hold",
    "mark_hinted",
    "page_done",
    "reap",
    "renew",
    "request",
    "retry",
    "startable",
    "stop",
    "this_process",
    "yield_run",
]
