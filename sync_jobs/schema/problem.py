"""What can go wrong with a database file, each as one sentence that a person can act on. Knows SQLite's own words only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

SENTENCES = (
    ("file is not a database", "{file} is not a SQLite database. Nothing was changed."),
    ("malformed", "{file} is damaged: SQLite cannot read it. Nothing was changed; take the newest backup."),
    ("locked", "Another program is using {file}. Close it, or try again when it is idle; nothing was changed."),
    ("busy", "Another program is using {file}. Close it, or try again when it is idle; nothing was changed."),
    ("full", "The disk is full. {file} is as it was before."),
    ("disk I/O error", "The disk does not take any more data (it is full, or failing). {file} is as it was before."),
    ("readonly", "{file} cannot be written. Allow writing for the file and its folder; nothing was changed."),
    ("unable to open", "{file} cannot be opened: its folder must exist and be writable. Nothing was changed."),
)


class SchemaProblem(Exception):
    """The database cannot be taken over, made or checked; the text is the one sentence that a person reads."""


def problem_of(error: sqlite3.Error | OSError, file: Path) -> SchemaProblem:
    """SQLite's or the system's refusal in plain words; what we do not know is quoted, never guessed."""
    words = str(error).lower()
    for part, sentence in SENTENCES:
        if part.lower() in words:
            return SchemaProblem(sentence.format(file=file))
    if isinstance(error, OSError) and error.errno is not None and "space" in words:
        return SchemaProblem(f"The disk is full. {file} is as it was before.")
    return SchemaProblem(f"{file} could not be read or changed: {error}. It is as it was before.")
