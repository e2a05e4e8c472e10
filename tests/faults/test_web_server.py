"""The process that serves pages: what its end costs. That it lets go of browsers in time stands with the supervisor."""

from __future__ import annotations

import os
import resource
import socket
import subprocess

import psutil
import pytest
import requests

from dashboard.up import ROOT
from sync_jobs.supervisor import WEB

pytestmark = pytest.mark.faults
WORKERS = 2


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def started(port, folder):
    environment = {**os.environ, "HUB_DATA": str(folder), "HUB_MODE": "serve", "PORT": str(port), "FLASK_SKIP_DOTENV": "1"}
    return subprocess.Popen(WEB, env=environment, cwd=ROOT)


def used_by_ended():
    """Seconds of work of every process that we have seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def until(condition):
    while not condition():
        pass


def answers(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/static/app.css", timeout=30).ok
    except requests.ConnectionError:
        return False


def serving(web):
    """Its processes that have answered something: each answer is a thread's."""
    return [one for one in psutil.Process(web.pid).children() if one.num_threads() > 1]


def test_its_end_is_next_to_no_work_so_that_a_busy_machine_stops_in_time_too(tmp_path, port):
    ended_before = used_by_ended()
    web = started(port, tmp_path)
    try:
        until(lambda: answers(port) and len(serving(web)) == WORKERS)
        family = [psutil.Process(web.pid), *serving(web)]
        used = sum(times.user + times.system for times in (one.cpu_times() for one in family))
        web.terminate()
        assert web.wait(timeout=30) == 0
    finally:
        if web.poll() is None:
            web.kill()
            web.wait()
    assert used_by_ended() - ended_before - used < 0.3
