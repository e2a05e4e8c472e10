"""What a sandbox keeps in the data folder, so that a restart continues the same world: seed, anchor, what was added by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sync_jobs.sandbox.control import Keep
from sync_jobs.sandbox.world import World

FILE, DEEDS = "sandbox.json", "sandbox-deeds.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a world is; only the first start in a data folder is asked."""

    seed: int = 88
    partners: int = 13
    editions: int = 60
    registrations: int = 40_000


def open_world(folder: Path, size: Size, now: datetime) -> World:
    """The world of this data folder, made now if there is none yet."""
    known = _known(folder, size, now)
    anchor = datetime.fromisoformat(known.pop("anchor"))
    return World.build(anchor=anchor, **known)


def _known(folder: Path, size: Size, now: datetime) -> dict[str, Any]:
    """Written once, whole, whoever comes first."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file, fresh = folder / FILE, folder / f"{FILE}.{os.getpid()}"
    if not file.exists():
        fresh.write_bytes(orjson.dumps({**asdict(size), "anchor": now.replace(microsecond=0)}, option=orjson.OPT_INDENT_2))
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    found: dict[str, Any] = orjson.loads(file.read_bytes())
    return found


def keeper(folder: Path) -> Keep:
    """Writes down every deed of the control address."""

    def keep(what: str, at: datetime, given: dict[str, Any]) -> None:
        with (folder / DEEDS).open("ab") as file:
            file.write(orjson.dumps({"what": what, "at": at, "given": given}) + b"\n")

    return keep


def deeds(folder: Path) -> Iterator[tuple[str, datetime, dict[str, Any]]]:
    """What was done by hand before, in order. A line that a crash cut short is not one."""
    if not (folder / DEEDS).exists():
        return
    for line in (folder / DEEDS).read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            deed = orjson.loads(line)
            yield deed["what"], datetime.fromisoformat(deed["at"]), deed["given"]
