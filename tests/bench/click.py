"""From the press of Sync now to the start of the work: real redis, one real worker, pressed again and again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from sync_jobs import times
from sync_jobs.models import Process, Run, db
from tests import factories
from tests.bench import ours
from tests.bench.around import ROOT, Table, median, spread, world

PRESSES = 40


def run(table: Table, folder: Path, redis: str) -> None:
    folder.mkdir(parents=True)
    with world([10]) as served:
        app = ours.make_app(folder, served["url"], redis)
        app.config.update(WTF_CSRF_ENABLED=False)
        with app.app_context():
            ours.settle(served["secrets"])
            factories.make_account("support", email="support@example.com")
        environment = {**os.environ, "HUB_DATA": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'hub.db'}", "REDIS_URL": redis,
                       "HUB_MODE": "demo", "RUNSIGNUP_URL": served["url"], "FLASK_SKIP_DOTENV": "1"}  # fmt: skip
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        with (
            (folder / "worker.log").open("wb") as log,
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as worker,
        ):
            try:
                waits = press(app)
            finally:
                worker.terminate()
    table.head(f"from the press to the start of the work; {PRESSES} presses, one worker")
    table.line("ms", spread(waits, ".0f"), "median below 150 ms", met=median(waits) < 150)


def press(app: Flask) -> list[float]:
    client = app.test_client()
    client.post("/sign-in", data={"email": "support@example.com", "password": factories.PASSWORD})
    with app.app_context():
        wait_until(lambda: db.session.scalar(select(Process.name).where(Process.kind == "worker")) is not None)
    return [one(app, client) for _ in range(PRESSES)]


def one(app: Flask, client: object) -> float:
    pressed = times.now()
    answer = client.post("/connections/1/sync", data={"operation": "events"})  # type: ignore[attr-defined]  # a test client
    assert answer.status_code in {200, 303}, answer.text
    with app.app_context():
        newest = select(Run).order_by(Run.run_id.desc()).limit(1)
        wait_until(lambda: db.session.scalars(newest).one().status == "completed")
        claimed = db.session.scalars(newest).one().claimed_at
        db.session.remove()
    return (claimed - pressed).total_seconds() * 1000 if claimed else float("inf")


def wait_until(what: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not what():  # type: ignore[operator]  # a function
        db.session.rollback()
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.005)
