"""The whole set under one command: it starts, mends itself, stops in time, survives kill -9 of everything (rows 20, 21).

What runs is `flask --app wsgi up` as a rehearsal: real use in all respects, except that the providers are the sandbox's.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import psutil
import pytest
from sqlalchemy import select

from sync_jobs import redis_server
from sync_jobs.models import Process, db
from sync_jobs.sandbox import servers
from sync_jobs.supervisor import FLASK
from tests.faults.conftest import application, short_folder
from tests.faults.house import House
from tests.sync_jobs.hub import Hub

pytestmark = pytest.mark.faults
WORKERS = 2
FORM = "application/x-www-form-urlencoded"
PROCESSES = 1 + 1 + 3 + 1 + WORKERS + 1 + 1  # supervisor, redis, web and its two, dispatcher, workers, clock, scheduler


class Set(House):
    """A house that the supervisor keeps, not the test."""

    command: subprocess.Popen | None = None
    port = 0

    def up(self, **changes):
        self.port = redis_server.free_port()
        environment = {
            **self.supervisor.environment,
            "WORKERS": str(WORKERS),
            "PORT": str(self.port),
            "HUB_REHEARSAL": "1",
            **changes,
        }
        said = (self.data / "said").open("w")
        command = subprocess.Popen(
            [*FLASK, "up"], env=environment, cwd=self.supervisor.folder, stdout=said, stderr=said, start_new_session=True
        )
        said.close()
        return command

    def start(self, **changes):
        self.command = self.up(**changes)
        self.until(lambda: "Stop with ctrl-C" in self.said(), "everything is up")

    def said(self):
        return (self.data / "said").read_text()

    def family(self):
        """The supervisor and all that it started, and what that started."""
        parent = psutil.Process(self.command.pid)
        return [parent, *parent.children(recursive=True)]

    def named(self, word):
        alive = [one for one in self.family() if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        return [one for one in alive if word in " ".join(one.as_dict(["cmdline"])["cmdline"] or [])]

    def stop(self, number):
        """Ask the supervisor to stop: seconds until it has, and who is left."""
        family, began = self.family(), time.monotonic()
        self.command.send_signal(number)
        self.command.wait(timeout=20)
        seconds = time.monotonic() - began
        return seconds, [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def end(self):
        if self.command is not None and self.command.poll() is None:
            self.command.kill()
            self.command.wait()
        super().end()


@pytest.fixture
def house(known_world) -> Iterator[Set]:
    template, world, hub = known_world
    folder = short_folder()
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with servers.start(world) as running:
        with application(folder, running.urls).app_context():
            house = Set(folder, Hub(world, running, "runsignup", hub.connection_id, hub.partner_id))
            try:
                yield house
            finally:
                house.end()
                db.session.remove()
    shutil.rmtree(folder)


def slow_sync(house):
    """A sync in the middle of its pages."""
    house.hub.sandbox.faults.add("page_cap", 20, path="participants")
    house.hub.sandbox.faults.add("slow", 1000, path="participants")
    run_id = house.write(house.hub.editions()[0])
    house.until(lambda: house.run(run_id).pages_done >= 2, "two pages are written")
    return run_id


def complete_and_single(house, run_id, statuses):
    house.hub.sandbox.faults.clear()
    house.until_done(run_id)
    assert house.attempts(run_id) == statuses
    run = house.run(run_id)
    assert (run.rows_new, run.rows_read, len(house.hub.held())) == (120, 120, 120)


def test_it_starts_mends_itself_refuses_a_second_and_ends_at_ctrl_c(house):
    house.start()
    assert "REHEARSAL" in house.said()
    house.until(lambda: len(house.family()) == PROCESSES, "everybody is there")

    second = house.up()
    assert second.wait(timeout=30) == 1
    assert house.said().count("\n") == 1
    assert "in use" in house.said()

    for word in ("dispatcher", "redis-server", "gunicorn"):
        (victim, *_) = house.named(word)
        victim.kill()
        house.until(lambda was=victim, name=word: [one for one in house.named(name) if one.pid != was.pid], f"{word} runs again")
    house.until(lambda: len(house.family()) == PROCESSES, "everybody is there again")
    run_id = house.write(house.hub.editions()[0])
    house.until_done(run_id)

    os.killpg(house.command.pid, signal.SIGSTOP)  # a terminal sends ctrl-C to the whole group: only the supervisor may be in it
    house.until(lambda: psutil.Process(house.command.pid).status() == psutil.STATUS_STOPPED, "the supervisor stands still")
    assert [one.pid for one in house.family() if one.status() == psutil.STATUS_STOPPED] == [house.command.pid]
    os.killpg(house.command.pid, signal.SIGCONT)
    seconds, left = house.stop(signal.SIGINT)
    assert left == []
    assert seconds < 15
    assert house.command.returncode == 0
    db.session.rollback()
    assert set(db.session.scalars(select(Process.stopped_at.is_not(None)).where(Process.kind == "worker"))) >= {True}


def browsers(port, kept_open):
    """What open browsers hold: connections on which an answer came (returned), and others opened ahead of need."""
    answered = [kept_open.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20))) for _ in range(8)]
    for connection in answered:
        connection.request("GET", "/sign-in")
        assert connection.getresponse().read()
        kept_open.enter_context(socket.create_connection(("127.0.0.1", port)))
    return [connection.sock for connection in answered]


def test_open_browsers_do_not_keep_it_from_stopping_and_a_request_at_work_is_answered(house):
    house.start()
    form = b"email=a%40example.com&password=x"
    head = f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(form)}\r\n\r\n"
    with ExitStack() as kept_open:
        held = browsers(house.port, kept_open)
        at_work = kept_open.enter_context(socket.create_connection(("127.0.0.1", house.port)))
        at_work.sendall(head.encode() + form[:-1])
        house.command.send_signal(signal.SIGINT)
        assert [one.recv(1) for one in held] == [b""] * 8, "the end has begun: what nobody asks on is closed"
        at_work.sendall(form[-1:])
        assert at_work.recv(100).startswith(b"HTTP/1.1 400"), "it lacks the form's token, and was to be told so"
        house.command.wait(timeout=20)
    told = (house.data / "log" / "supervisor.log").read_text()
    assert "did not stop in time" not in told
    assert float(re.search(r"web stopped after ([0-9.]+) s", told).group(1)) < 3.0
    assert "SIGKILL" not in (house.data / "log" / "web.log").read_text()


def test_row20_sigterm_of_everything_in_the_middle_of_a_sync(house):
    house.start()
    run_id = slow_sync(house)
    seconds, left = house.stop(signal.SIGTERM)
    assert left == []
    assert seconds < 15
    assert house.run(run_id).status == "pending"
    assert house.run(run_id).errors == house.run(run_id).crashes == 0
    house.start()
    complete_and_single(house, run_id, ["yielded", "completed"])
    assert house.pages_asked().count("0") == 1


def test_row20_a_worker_that_cannot_yield_is_killed_in_time(house):
    house.start(HUB_CALL_TIMEOUT="30")
    house.hub.sandbox.faults.add("slow", 25_000, path="participants")
    run_id = house.write(house.hub.editions()[0])
    house.until(house.has(run_id, "running"), "it is running")
    seconds, left = house.stop(signal.SIGTERM)
    assert left == []
    assert 9 < seconds < 15


def test_row21_everything_is_killed_in_the_middle_of_a_sync_and_started_again(house):
    house.start()
    run_id = slow_sync(house)
    family = house.family()
    for one in family:
        one.kill()
    house.command.wait()
    psutil.wait_procs(family, timeout=5)
    assert (house.data / "redis.sock").exists(), "this was to be a start over stale files"
    house.start()
    complete_and_single(house, run_id, ["lost", "completed"])
    assert house.stop(signal.SIGTERM)[1] == []


def test_row21_only_the_supervisor_is_killed_and_nothing_outlives_it(house):
    house.start()
    slow_sync(house)
    family = house.family()
    house.command.kill()
    house.command.wait()
    gone, alive = psutil.wait_procs(family[1:], timeout=5)
    assert alive == []
    assert len(gone) >= PROCESSES - 1
