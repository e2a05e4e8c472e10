"""`pairs`: each of the six pairs of providers, from registered to read back at the scoring provider's own API; nobody presses.

The processes of production, as in `chain`, over six partners whose races begin in three hours. Scoring is asked over HTTP by
somebody who knows nothing of us, as soon as the simulation says that its list has grown.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import func, select

from sync_jobs.models import Edition, Run, db
from tests.bench import chain, ours, pairs
from tests.bench.around import Found, Table, measure
from tests.bench.pairs import Pair
from tests.bench.sides import Served, served

SIDES = [(one, other) for one in ("runsignup", "raceroster", "haku") for other in ("chronotrack", "copernico")]
EACH, WORKERS, FIRST_BIB = 20, 4, 4100


def part(table: Table, folder: Path, redis: str) -> None:
    registered, scored = ([pair[at] for pair in SIDES] for at in (0, 1))
    with served(at=registered, each=EACH, partners=len(SIDES), hours=3.0, scoring=scored) as world:
        found = measure("pairs", folder, world=world, redis=redis)
    table.head(f"registered → read back at scoring's API: the six pairs at once, {chain.CALL_MS} ms a call, nobody presses")
    for registration, scoring, took in found["seconds"]:
        most = chain.ROOM + chain.slot_of(registration)
        table.line(f"{registration} → {scoring}: s", f"{took:.1f}", f"at most {most:.0f}", met=took <= most)
    table.line("runs that failed", str(found["failed"]), "0", met=not found["failed"])


def run(world: Found, folder: Path, redis: str) -> Found:
    """In a process of its own, which only asks and looks; the work is the workers'."""
    there = Served(**world)
    app = ours.make_app(folder, there.urls, redis)
    with app.app_context():
        every = pairs.settle(there, SIDES, writes=True)
        for pair in every:
            ours.ask("start_list", db.session.get_one(Edition, pair.edition_id), pair.scoring_id)
            ours.drain()
        there.tell("faults", kind="slow", value=chain.CALL_MS)
        db.session.remove()
        with chain.processes(folder, redis, there):
            seconds = arrivals(there, every)
        failed = db.session.scalar(select(func.count()).select_from(Run).where(Run.status == "failed"))
        db.session.remove()
    return {"seconds": seconds, "failed": failed}


def arrivals(there: Served, every: list[Pair]) -> list[tuple[str, str, float]]:
    """Somebody registers with each partner; seconds until their own name and bib come back from scoring."""
    before, began, arrived = chain.on_lists(there), {}, {}
    for pair in every:
        name, bib = who(pair)
        there.tell("register", provider=pair.registration, partner=pair.partner, first_name="Zora", last_name=name, bib=int(bib))
        began[pair.partner] = time.monotonic()

    def all_there() -> bool:
        grown = {number for number, many in chain.on_lists(there).items() if many > before[number]}
        for pair in every:
            if pair.partner in grown and pair.partner not in arrived and is_there(there, pair):
                arrived[pair.partner] = time.monotonic() - began[pair.partner]
        return len(arrived) == len(every)

    chain.wait_until(all_there)
    return [(pair.registration, pair.scoring, arrived[pair.partner]) for pair in every]


def who(pair: Pair) -> tuple[str, str]:
    """The last name and the bib of the one who registers."""
    return f"Quist {'ABCDEF'[pair.partner - 1]}", str(FIRST_BIB + pair.partner)


def is_there(there: Served, pair: Pair) -> bool:
    """Whether the scoring provider's API shows that person, asked as any other client asks."""
    (uid,) = [event["id"] for event in there.ask("scoring")["events"] if pair.partner in event["partners"]]
    return READ_BACK[pair.scoring](there, uid, there.secrets[f"{pair.partner}/{pair.scoring}"], who(pair))


def _at_chronotrack(there: Served, uid: str, secrets: dict[str, str], wanted: tuple[str, str]) -> bool:
    answer = requests.get(
        f"{there.urls['CHRONOTRACK_URL']}/event/{uid}/entry", auth=(secrets["username"], secrets["password"]), timeout=30,
        params={"client_id": secrets["client_id"], "size": 500, "elide_json": "false"},
    )  # fmt: skip
    found: list[dict[str, Any]] = answer.json()["event_entry"]
    return wanted in {(one["athlete_last_name"], one["entry_bib"]) for one in found}


def _at_copernico(there: Served, uid: str, secrets: dict[str, str], wanted: tuple[str, str]) -> bool:
    def data(path: str) -> Any:
        answer = requests.get(
            f"{there.urls['COPERNICO_URL']}/races/{uid}/{path}", headers={"x-api-key": secrets["api_key"]}, timeout=30
        )
        return answer.json()["data"]

    people = (data(f"athlete/{number}/full") for number in reversed(data("athletes")))
    return any((one["surname"], str(event["dorsal"])) == wanted for one in people for event in one["events"])


READ_BACK = {"chronotrack": _at_chronotrack, "copernico": _at_copernico}
