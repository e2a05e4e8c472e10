"""Receipts: what was done at a destination, on whose word, and the proof. Written once, chained by hash, never changed.

Nothing personal stands in one: people are named by a hash, on podiums by their bib. What a publication said of somebody is found in
its payload, as long as that is kept.
"""

from sync_jobs.receipts.chain import of_contest, of_edition, verify, write
from sync_jobs.receipts.searching import Said, find
from sync_jobs.receipts.words import KINDS, Execution, Proof, row_key

__all__ = ["KINDS", "Execution", "Proof", "Said", "find", "of_contest", "of_edition", "row_key", "verify", "write"]
