"""From a checked version to a publication: what a person sees, says, approves and takes back. The only writer of all that.

Each intention has one door; every door is told who acts and when, and guards itself. What is odd is decided in `checks`, what
would go out and who has to stand behind it in `review`; sending it is `publish`'s.
"""

from sync_jobs.approvals.answering import (
    ask_timer,
    hand_out,
    hold,
    reject,
    release,
    send_back,
    take_hand_out_back,
    task_done,
    unwaive,
    waive,
)
from sync_jobs.approvals.approving import approve, refuse, second
from sync_jobs.approvals.base import Actor, Blocked, NotAllowed, Refused, Stale
from sync_jobs.approvals.beginning import take_up
from sync_jobs.approvals.checking import check, check_pending
from sync_jobs.approvals.declaring import declare, take_back
from sync_jobs.approvals.expiring import expire
from sync_jobs.approvals.hiding import hide_name, show_name
from sync_jobs.approvals.policies import follow_partner, policy_of, set_policy
from sync_jobs.approvals.retracting import go_back, retract
from sync_jobs.approvals.screens import screen
from sync_jobs.approvals.shown import Screen
from sync_jobs.approvals.standing import end_stand, stand
from sync_jobs.approvals.telling import Message, to_tell

__all__ = [
    "Actor", "Blocked", "Message", "NotAllowed", "Refused", "Screen", "Stale", "approve", "ask_timer", "check", "check_pending",
    "declare", "end_stand", "expire", "follow_partner", "go_back", "hand_out", "hide_name", "hold", "policy_of", "refuse", "reject",
    "release", "retract", "screen", "second", "send_back", "set_policy", "show_name", "stand", "take_back", "take_hand_out_back",
    "take_up", "task_done", "to_tell", "unwaive", "waive",
]  # fmt: skip
