"""Start lists in the database: what a plan is made from, what was told, what waits for a person, and the files.

What to tell is decided in `start_list`; the telling is `push`'s.
"""

from sync_jobs.start_lists.answering import ask_again, decide, loaded, set_writes, try_again, try_all_again
from sync_jobs.start_lists.keeping import keep_file, note_plan, note_told
from sync_jobs.start_lists.planning import MAY_BE_THERE, Target, plans, states, targets

__all__ = [
    "MAY_BE_THERE", "Target", "ask_again", "decide", "keep_file", "loaded", "note_plan", "note_told", "plans",
    "set_writes", "states", "targets", "try_again", "try_all_again",
]  # fmt: skip
