"""What a scoring provider has to be told so that its start list is the registration side's. Decides; touches nothing.

Three facts about a person are compared field by field: what registration says (ours), what scoring has (theirs), and what
scoring was told last. What only we changed is sent, what only scoring changed is left alone, and what both changed is a
conflict for a person. People are found by stored link, then by external id, never by bib.
"""

from sync_jobs.start_list.deciding import plan
from sync_jobs.start_list.facts import MOST_TRIES, WORDS, Difference, Fields, Line, Person, Plan, Step, fields_of, to_send, tried

__all__ = ["MOST_TRIES", "WORDS", "Difference", "Fields", "Line", "Person", "Plan", "Step", "fields_of", "plan", "to_send", "tried"]
