"""The contest map: which registration contest is which scoring contest. Suggested by us, decided by a person, taken back.

Each intention has one door, and each door leaves everything that depends on the map in order: entry links, and what waits to
be told to scoring. Likeness is decided in `pairing.contests`.
"""

from sync_jobs.contest_map.deciding import confirm, ignore, proof, refuse, undo
from sync_jobs.contest_map.rows import CannotMap, LookFirst
from sync_jobs.contest_map.suggesting import suggest

__all__ = ["CannotMap", "LookFirst", "confirm", "ignore", "proof", "refuse", "suggest", "undo"]
