"""Who on a scoring list is which registration, kept: made by the ladder or by a person, ended, remembered, taken back.

Decided in `pairing`; which contests belong together is `contest_map`'s. Every door ends with a fresh look at the edition.
"""

from sync_jobs.entry_links.deciding import CannotLink, Pair, link, part, swap, undo
from sync_jobs.entry_links.looking import Matched, match, note_moves

__all__ = ["CannotLink", "Matched", "Pair", "link", "match", "note_moves", "part", "swap", "undo"]
