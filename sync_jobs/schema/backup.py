"""Copy the file as it is, through SQLite, before anything changes. Whole under its name, or not there at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sync_jobs.schema.hand import Watch
from sync_jobs.schema.problem import SchemaProblem

ROOM = 2.5  # times the file: the copy, the growth, and what sorting needs for a while
PAGES_AT_ONCE = 50_000


def size_of(file: Path) -> int:
    """Bytes of the file and of a write-ahead log beside it."""
    wal = file.with_name(f"{file.name}-wal")
    return sum(part.stat().st_size for part in (file, wal) if part.exists())


def room_needed(file: Path) -> int:
    """Bytes that must be free on the file's disk before an upgrade begins."""
    return int(size_of(file) * ROOM)


def room_there(file: Path) -> int:
    """Bytes that are free on the file's disk."""
    return shutil.disk_usage(file.parent).free


def megabytes(size: int) -> str:
    """A size as a person reads it."""
    return f"{size / 1e6:,.0f} MB" if size >= 10_000_000 else f"{size / 1e6:.1f} MB"


def need_room(file: Path) -> None:
    """Refuse to begin what could not end."""
    if (needed := room_needed(file)) > (there := room_there(file)):
        raise SchemaProblem(
            f"The upgrade needs {megabytes(needed)} free beside {file}, and there are {megabytes(there)}. Nothing was changed."
        )


def backup(file: Path, now: datetime, watch: Watch) -> Path:
    """Copy the committed state through a connection of its own; the caller holds the lock. Returns the copy's path."""
    for left in file.parent.glob(f"{file.name}.before-upgrade-*.partial*"):  # of an upgrade that was killed: we have the lock
        left.unlink()
    target = _free_name(file, f"{file.name}.before-upgrade-{now:%Y%m%dT%H%M%SZ}")
    partial = target.with_name(f"{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(file, partial, watch)
        _sync(partial)
        watch("backup: rename")
        partial.rename(target)
        _sync(file.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return target


def _free_name(file: Path, name: str) -> Path:
    """That name; with a number behind it if two upgrades began in one second."""
    tries = (file.with_name(name if n == 1 else f"{name}-{n}") for n in range(1, 1000))
    return next(path for path in tries if not path.exists())


def _copy(file: Path, partial: Path, watch: Watch) -> None:
    with (
        closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(partial)) as copy,
    ):
        copy.execute("PRAGMA journal_mode=OFF")  # a half copy is thrown away, so it need not be undone
        copy.execute("PRAGMA synchronous=OFF")  # synced once, below
        source.backup(copy, pages=PAGES_AT_ONCE, progress=lambda *_: watch("backup: copying"))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
