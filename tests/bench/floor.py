"""The floor: the least that must be done to bring the same bodies into the same table, written as plainly as it can be.

Fetch, parse, digest, compare with what is held, map by name, upsert page by page. No ledger, no progress, no pace, no rows set
aside, no history, nobody else's rows to guard. What the product takes beyond this is the price of those.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
import requests
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.dialects.sqlite import insert

from sync_jobs.models.provider_tables import runsignup_participants as people

OWN = {"id", "timing_partner_id", "credentials_used", "fetched_date", "row_hash", "gone_at"}
PLAIN = [column.name for column in people.columns if column.name not in OWN]
USER = ("user_id", "first_name", "middle_name", "last_name", "email", "dob", "gender", "phone", "profile_image_url")
ADDRESS = ("street", "city", "state", "zipcode", "country_code")
KEY = ("timing_partner_id", "registration_id")


def open_database(file: Path) -> Engine:
    """As the product opens it: write-ahead log, synchronous=NORMAL, a transaction that writes begins as one."""
    engine = create_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def statement() -> Any:
    new = insert(people)
    names = [column.name for column in people.columns if column.name not in {"id", *KEY}]
    return new.on_conflict_do_update(index_elements=KEY, set_={name: new.excluded[name] for name in names})


def row(raw: dict[str, Any], race_id: int, event_id: int, digest: bytes) -> dict[str, Any]:
    user = raw.get("user") or {}
    address = user.get("address") or {}
    values = {name: raw.get(name) for name in PLAIN}
    for name in USER:
        values[name] = user.get(name)
    for name in ADDRESS:
        values[name] = address.get(name)
    for name, value in values.items():
        if isinstance(value, (dict, list)):
            values[name] = orjson.dumps(value).decode()
    values.update(race_id=race_id, event_id=event_id, row_hash=digest, gone_at=None, timing_partner_id=1,
                  credentials_used="floor", fetched_date="2026-06-12 15:00:00")  # fmt: skip
    return values


def bodies(urls: list[str], at_once: int) -> Iterator[bytes]:
    """The bodies in order, with so many calls in flight."""
    with requests.Session() as session:

        def fetch(url: str) -> bytes:
            return session.get(url).content

        if at_once == 1:
            yield from map(fetch, urls)
            return
        with ThreadPoolExecutor(at_once) as pool:
            rest = iter(urls[at_once:])
            waiting = deque(pool.submit(fetch, url) for url in urls[:at_once])
            while waiting:
                yield waiting.popleft().result()
                if (url := next(rest, None)) is not None:
                    waiting.append(pool.submit(fetch, url))


def loop(engine: Engine, urls: list[str], races: list[tuple[int, list[int]]], at_once: int = 1) -> int:
    """All of it; how many rows were read. `races` names the race and contests behind each address, for what is held."""
    upsert, read, known = statement(), 0, {}
    last: int | None = None
    for (race_id, contests), body in zip(races, bodies(urls, at_once), strict=True):
        if race_id != last:
            known, last = _known(engine, contests), race_id
        new = []
        for part in orjson.loads(body):
            event_id = part["event"]["event_id"]
            for raw in part["participants"]:
                digest = blake2b(orjson.dumps(raw), digest_size=16).digest()
                if known.get(raw["registration_id"]) != digest:
                    new.append(row(raw, race_id, event_id, digest))
                read += 1
        if new:
            with engine.begin() as connection:
                connection.execute(upsert, new)
    return read


def _known(engine: Engine, contests: list[int]) -> dict[int, bytes]:
    held = select(people.c.registration_id, people.c.row_hash).where(
        people.c.timing_partner_id == 1, people.c.event_id.in_(contests)
    )
    with engine.begin() as connection:
        return dict(connection.execute(held).tuples().all())
