"""What the end of a process costs: next to no work, or a busy machine cannot stop in the time that a person was promised."""

from __future__ import annotations

import resource
import subprocess

import psutil
import pytest
import requests
from sqlalchemy import select

from dashboard.up import ROOT
from sync_jobs import redis_server
from sync_jobs.models import Process, db
from sync_jobs.supervisor import FLASK, WEB

pytestmark = pytest.mark.faults
WEB_WORKERS = 2
CHEAP = 0.15  # seconds of work for each process; to look once more through all that is loaded takes twice as long


def used_by_ended():
    """Seconds of work of every process that we have seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cost_of_the_end(house, command, family_when_up, **environment):
    """Start it, wait until `family_when_up` knows all its processes, ask it to stop: seconds of work from then on."""
    ended_before = used_by_ended()
    began = subprocess.Popen(
        command, env={**house.supervisor.environment, **environment}, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        family = house.until(lambda: family_when_up(psutil.Process(began.pid)), "it is up")
        used = sum(times.user + times.system for times in (one.cpu_times() for one in family))
        began.terminate()
        assert began.wait(timeout=30) == 0
    finally:
        if began.poll() is None:
            began.kill()
            began.wait()
    return used_by_ended() - ended_before - used


def answers(address):
    try:
        return requests.get(address, timeout=30).status_code < 500
    except requests.ConnectionError:
        return False


def test_the_pages(house):
    port = redis_server.free_port()

    def all_serve(web):
        """Each answer is a thread's: whoever has one has answered."""
        serving = [one for one in web.children() if one.num_threads() > 1]
        return answers(f"http://127.0.0.1:{port}/static/app.css") and len(serving) == WEB_WORKERS and [web, *serving]

    assert cost_of_the_end(house, WEB, all_serve, PORT=str(port)) < CHEAP * (1 + WEB_WORKERS)


def test_the_sandbox(house):
    port = redis_server.free_port()
    command = (*FLASK, "sandbox", "serve", "--port", str(port))
    assert cost_of_the_end(house, command, lambda one: answers(f"http://127.0.0.1:{port}/_sandbox/") and [one]) < CHEAP


def test_the_others(house):
    def has_begun(one):
        return db.session.scalar(select(Process.pid).where(Process.kind == "dispatcher", Process.pid == one.pid)) and [one]

    assert cost_of_the_end(house, (*FLASK, "dispatcher"), has_begun, REDIS_URL=house.address) < CHEAP
