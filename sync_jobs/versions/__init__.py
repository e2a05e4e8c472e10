"""Versions of a scored contest's results: made from what the pulls left in the provider tables, kept as intervals, loaded again.

A version's content never changes. A reading that brought the very same makes none. What is odd in one, and who may see it, is
decided elsewhere.
"""

from sync_jobs.versions.documents import document, from_document, row_hash
from sync_jobs.versions.keeping import make
from sync_jobs.versions.loading import facts_of, history, load, newest, numbers, of_contest, raw_records, unchecked, version_of

__all__ = [
    "document",
    "facts_of",
    "from_document",
    "history",
    "load",
    "make",
    "newest",
    "numbers",
    "of_contest",
    "raw_records",
    "row_hash",
    "unchecked",
    "version_of",
]
