"""`push`: a start list of 5,000 sent for the first time, looked at again, and with 50 changed; at ChronoTrack by a file too."""

from __future__ import annotations

import csv
import io
import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sync_jobs.models import Contest, Edition, Run, StartListFile, db
from sync_jobs.providers import ADAPTERS
from sync_jobs.push import AT_ONCE
from tests.bench import ours, pairs
from tests.bench.around import Found, Table, measure
from tests.bench.sides import Served, served

MANY, CHANGED = 5_000, 50
WRITES = ("POST", "PUT", "PATCH", "DELETE")
LOOKING = {"copernico": 200}  # statements more: its list is read again before it is told anything, in pages of 25 people


def part(table: Table, folder: Path, redis: str) -> None:
    for scoring, by in (("chronotrack", "sending"), ("chronotrack", "file"), ("copernico", "sending")):
        with served(at=["runsignup"], each=MANY // 2, scoring=[scoring]) as world:
            found = measure("push", folder / scoring / by, world=world, redis=redis, by=by, scoring=scoring)
        how = "sending" if by == "sending" else "an import file"
        table.head(f"a start list of {MANY:,} for {ADAPTERS[scoring].label} by {how}")
        _lines(table, found, scoring, by)


def _lines(table: Table, found: Found, scoring: str, by: str) -> None:
    kinds = (("first", MANY, None), ("nothing changed", 0, 100), (f"{CHANGED} changed", CHANGED, 300 + LOOKING.get(scoring, 0)))
    for what, changed, statements in kinds:
        one, may = found[what], least(scoring, by, changed)
        told = f"{one['seconds']:.2f} s, {one['requests']:,} requests of which {one['writes']:,} write"
        table.line(what, told, f"writes {may:,}", met=one["writes"] == may)
        table.line("  statements", f"{one['statements']:,} ({one['most']})", f"at most {statements}" if statements else "",
                   met=one["statements"] <= statements if statements else None)  # fmt: skip
    files = [MANY, CHANGED] if by == "file" else []
    table.line("people in the files", f"{found['files']}", f"{files}", met=found["files"] == files)
    table.line("runs that failed; memory at its peak", f"{found['failed']}; {found['peak']:.0f} MB", "0", met=not found["failed"])


def least(scoring: str, by: str, changed: int) -> int:
    """Calls without which nobody could tell scoring so much: one a person at ChronoTrack, batches at Copernico."""
    if by == "file":
        return 0
    return changed if scoring == "chronotrack" else math.ceil(changed / AT_ONCE)


def run(world: Found, folder: Path, redis: str, by: str, scoring: str) -> Found:
    """In a process of its own. Both sides are read before each look, so that only the start list's run is measured."""
    there, found = Served(**world), {}
    app = ours.make_app(folder, there.urls, redis)
    with app.app_context():
        (pair,) = pairs.settle(there, [("runsignup", scoring)], writes=by == "sending")
        found["first"] = _look(there, pair)
        if by == "file":
            _load(there, pair)
        ours.ask("participants", db.session.get_one(Edition, pair.edition_id), pair.scoring_id)
        ours.only("participants")
        found["nothing changed"] = _look(there, pair)
        for number in range(CHANGED):
            there.tell("change", provider="runsignup", registration=_key(number), bib=90_000 + number)
        ours.ask("participants", db.session.get_one(Edition, pair.edition_id), pair.registration_id)
        ours.only("participants")
        found[f"{CHANGED} changed"] = _look(there, pair)
        found["files"] = list(db.session.scalars(select(StartListFile.people).order_by(StartListFile.file_id)))
        found["failed"] = len(
            db.session.scalars(select(Run.run_id).where(Run.status != "completed", Run.status != "pending")).all()
        )
        db.session.remove()
    return found


def _key(number: int) -> int:
    """The provider's own number of somebody who is registered."""
    table = ours.people_of("runsignup")
    keys = select(table.c.registration_id).order_by(table.c.registration_id).offset(number * 7).limit(1)
    found = db.session.scalar(keys)
    db.session.rollback()
    assert found is not None
    return int(found)


def _look(there: Served, pair: pairs.Pair) -> dict[str, Any]:
    there.forget()
    ours.ask("start_list", db.session.get_one(Edition, pair.edition_id), pair.scoring_id)
    with ours.statements() as seen:
        began = time.monotonic()
        ours.drain()
        seconds = time.monotonic() - began
    calls = there.asked()
    writes = sum(call["method"] in WRITES for call in calls["latest"])
    most = ", ".join(f"{words} {many:,}" for words, many in Counter(seen).most_common(2))
    return {"seconds": seconds, "requests": calls["total"], "writes": writes, "statements": sum(seen.values()), "most": most}


def _load(there: Served, pair: pairs.Pair) -> None:
    """A person loads the file at scoring."""
    mine = select(Contest.happening_id).where(Contest.connection_id == pair.scoring_id).limit(1)
    happening, made = db.session.scalar(mine), db.session.scalars(select(StartListFile)).one()
    text = made.content.decode("utf-8-sig")
    db.session.rollback()
    assert sum(1 for _ in csv.reader(io.StringIO(text))) == MANY + 1
    assert there.tell("load_entries", provider="chronotrack", event=happening, csv=text)["made"] == MANY
