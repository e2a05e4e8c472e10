"""Processes that fault tests start beside the real ones: workers that die at a chosen place, rivals at a barrier, busy writers.

    python -m tests.faults.actors <name> [arguments]

Each works on the database of DATABASE_URL, says what it did in lines of JSON, and goes on at a line of input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import timedelta

from redis import Redis
from sqlalchemy import select, update

from dashboard import create_app
from sync_jobs import jobs, ledger, logs, pull, times
from sync_jobs.kit.client import Client
from sync_jobs.models import HubFact, write
from sync_jobs.providers.runsignup import RunSignUp
from sync_jobs.settings import settings
from sync_jobs.worker import HubWorker

FREEZE = "freeze"  # a file in the data folder: where the next worker is to stand still


class DiesBetweenPopAndStart(HubWorker):
    """Takes a hint from the queue and is gone before its job has begun."""

    def execute_job(self, job, queue):
        os._exit(9)


def work(worker_class=HubWorker):
    from flask import current_app

    worker_class(current_app._get_current_object(), Redis.from_url(settings().redis_url)).work()


def dying():
    work(DiesBetweenPopAndStart)


def poisoned(run_id):
    """A worker for whom one run is deadly, wherever it meets it."""
    healthy = pull.run

    def run(claim, lease, redis, work=None):
        if claim.run_id == int(run_id):
            os.kill(os.getpid(), signal.SIGKILL)
        healthy(claim, lease, redis, work)

    pull.run = run
    work()


def publishing(rows):
    """A worker that sends results so few at a time, trusts a reading soon, and stands still once where a test wants it.

    `look full-results`: at its look at whether the lease is still its own; `send …`: after that.
    """
    RunSignUp.results_at_once, RunSignUp.results_settle = int(rows), timedelta(seconds=0.5)
    for where, name in (("look", "_exchange"), ("send", "_send")):
        setattr(Client, name, stopping_at(where, getattr(Client, name), settings().data_dir / FREEZE))
    work()


def stopping_at(where, healthy, wish):
    def watched(self, request):
        wanted, _, path = wish.read_text().partition(" ") if wish.exists() else ("", "", "")
        if wanted == where and path in request.path:
            wish.unlink()
            os.kill(os.getpid(), signal.SIGSTOP)
        return healthy(self, request)

    return watched


def claiming():
    """Claim once."""
    claim = ledger.claim(times.now())
    say(claim and claim.run_id)


def ticking(times_over):
    """Tick that often in one slot."""
    say([run_id for _ in range(int(times_over)) for run_id in jobs.tick(times.now())])


def writing(pages, rows):
    """Write pages of rows with pauses, and count each page in one counter."""
    for page in range(int(pages)):
        with write() as session:
            session.execute(
                HubFact.__table__.insert(),
                [{"name": f"{os.getpid()}/{page}/{n}", "value": "x" * 100} for n in range(int(rows))],
            )
            value = session.scalar(select(HubFact.value).where(HubFact.name == "counter"))
            session.execute(update(HubFact).where(HubFact.name == "counter").values(value=str(int(value) + 1)))
        time.sleep(0.05)  # what a provider's answer takes
    say(None)


def stuck_writer():
    """Begin a transaction, change something, and never come back."""
    with write() as session:
        session.execute(update(HubFact).where(HubFact.name == "counter").values(value="never"))
        say("writing")
        sys.stdin.readline()


def rivals(number, act, *arguments):
    """So many processes that do the same at the same instant: at our first line of input. They stay until the second."""
    (go, started), (leave, ended) = os.pipe(), os.pipe()
    pids = []
    for _ in range(int(number)):
        pids.append(os.fork())
        if pids[-1] == 0:
            os.close(started), os.close(ended)
            os.read(go, 1)  # ends when the parent closes the other end
            try:
                ACTS[act](*arguments)
                os.read(leave, 1)
                os._exit(0)
            finally:
                os._exit(1)
    say("ready")
    sys.stdin.readline()
    os.close(started)
    sys.stdin.readline()
    os.close(ended)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))


def say(what):
    """One line, whole, also when several speak."""
    os.write(1, json.dumps(what).encode() + b"\n")


ACTS = {act.__name__: act for act in (work, dying, poisoned, publishing, claiming, ticking, writing, stuck_writer, rivals)}

if __name__ == "__main__":
    logs.set_up()
    with create_app().app_context():
        ACTS[sys.argv[1]](*sys.argv[2:])
