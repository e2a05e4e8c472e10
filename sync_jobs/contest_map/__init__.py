"""The contest map: which registration contest is which scoring contest. Suggested by us, decided by a person, taken back.

Each intention has one door, and each door leaves everything that depends on the map in order: entry links, and what waits to
be told to scoring. Likeness is decided in `pairing.contests`. From the start of a contest on, a change needs a reason; each
change is in the history, and counts the version up.
"""

from sync_jobs.contest_map.deciding import confirm, ignore, proof, refuse, undo
from sync_jobs.contest_map.freezing import MOST as MOST_REASON
from sync_jobs.contest_map.freezing import NeedsReason, is_frozen, started
from sync_jobs.contest_map.history import version
from sync_jobs.contest_map.moving import follow
from sync_jobs.contest_map.rows import CannotMap, LookFirst
from sync_jobs.contest_map.ruling import BASES, MOST_AWARDS, MOST_MINUTES, Rules, keep_rules, rules, rules_of
from sync_jobs.contest_map.suggesting import suggest

__all__ = [
    "BASES",
    "MOST_AWARDS",
    "MOST_MINUTES",
    "MOST_REASON",
    "CannotMap",
    "LookFirst",
    "NeedsReason",
    "Rules",
    "confirm",
    "follow",
    "ignore",
    "is_frozen",
    "keep_rules",
    "proof",
    "refuse",
    "rules",
    "rules_of",
    "started",
    "suggest",
    "undo",
    "version",
]
