"""Every page and poll over a million runs of history: statements, their time, and how much goes over the line."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from sync_jobs.models import db
from tests import factories
from tests.bench import history, ours
from tests.bench.around import Table

MANY = 1_000_000
GIVEN = {"partner_id": 1, "edition_id": 1, "connection_id": 1, "account_id": 1, "token": "none"}
SEARCHES = ("/history?status=failed", "/history?provider=runsignup", "/history?before=500000")
ROLES = ("support", "partner", "director", "administrator")
Statement = tuple[str, Any]


@contextmanager
def noted() -> Iterator[list[Statement]]:
    """The statements that are sent meanwhile."""
    found: list[Statement] = []

    def note(_conn: Any, _cursor: Any, sql: str, given: Any, *_: Any) -> None:
        found.append((sql, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def took(file: Path, statements: list[Statement]) -> float:
    """Milliseconds that these statements take, rows fetched: median of five, warm."""
    rounds = []
    with sqlite3.connect(file) as connection:
        for _ in range(6):
            began = time.perf_counter()
            for sql, given in statements:
                connection.execute(sql, given).fetchall()
            rounds.append((time.perf_counter() - began) * 1000)
    connection.close()
    return statistics.median(rounds[1:])


def addresses(app: Flask, last_run: int) -> list[str]:
    """Every page that the application has, with the ids of things that are there."""
    found = set(SEARCHES)
    values = {**GIVEN, "run_id": last_run}
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static" and rule.arguments <= values.keys():
            found.add(adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}))
    return sorted(address for address in found if not address.startswith(("/invited", "/favicon", "/static", "/healthz", "/sign")))


def signed_in(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    client.post("/sign-in", data={"email": f"{role}@example.com", "password": factories.PASSWORD})
    return client


def poll_of(page: str) -> str | None:
    region = BeautifulSoup(page, "html.parser").select_one("[hx-get][hx-trigger*=every]")
    return str(region["hx-get"]) if region else None


def look(table: Table, client: FlaskClient, file: Path, role: str, address: str) -> None:
    with noted() as statements:
        answer = client.get(address)
    if answer.status_code != 200 or not answer.mimetype.startswith("text/html"):
        return
    spent = took(file, statements)
    found = f"{len(statements)} statements, {spent:.1f} ms, {len(answer.data) / 1000:.0f} KB"
    table.line(f"{role} {address}", found, "at most 20 ms", met=spent <= 20)
    if poll := poll_of(answer.text):
        for what, asked in (("poll, news", poll.partition("v=")[0] + "v=0"), ("poll, nothing new", poll)):
            with noted() as statements:
                answer = client.get(asked, headers={"HX-Request": "true", "Accept-Encoding": "gzip"})
            found = f"{len(statements)} statements, {len(answer.data) / 1000:.1f} KB, {answer.status_code}"
            table.line(f"  {what}", found, "at most 3, 20 KB", met=len(statements) <= 3 and len(answer.data) <= 20_000)


def run(table: Table, folder: Path, redis: str) -> None:
    folder.mkdir(parents=True)
    app = ours.make_app(folder, "http://127.0.0.1:9", redis)
    app.config.update(WTF_CSRF_ENABLED=False)
    with app.app_context():
        began = time.monotonic()
        history.fill(MANY)
        partner, edition = db.session.get_one(history.Partner, 1), db.session.get_one(history.Edition, 1)
        for role in ROLES:
            own = partner if role in {"partner", "director"} else None
            factories.make_account(role, own, email=f"{role}@example.com", editions=(edition,) if role == "director" else ())
        db.session.remove()
    size = (folder / "hub.db").stat().st_size / 1e6
    table.head(f"pages at {MANY:,} runs of history (a file of {size:,.0f} MB, made in {time.monotonic() - began:.0f} s)")
    for role in ROLES:
        client = signed_in(app, role)
        with app.app_context():
            for address in addresses(app, MANY + 1):
                look(table, client, folder / "hub.db", role, address)
                db.session.remove()
