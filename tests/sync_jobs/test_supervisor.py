"""The supervisor over programs of one line each: starting again, patience, order, logs. The real set is in tests/faults."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest

from sync_jobs import redis_server, stopping
from sync_jobs.children import FIRST_WAIT, LONGEST_WAIT, Child, Program
from sync_jobs.supervisor import STOP_WITHIN, AlreadyRunning, Supervisor, alone

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
POLITE = "import time; print('here', flush=True); time.sleep(60)"


def python(name, code, **given):
    return Program(name=name, command=(sys.executable, "-c", code), **given)


@pytest.fixture
def supervisor(tmp_path):
    stop = stopping.Stop()
    supervisor = Supervisor(tmp_path, tmp_path, os.environ, stop)
    yield supervisor
    stop.ask()
    for child in supervisor.children:
        child.kill()
    supervisor.end()
    os.close(stop.awake)
    os.close(stop._wake)


def said(supervisor, name):
    return (supervisor.logs / f"{name}.log").read_text()


def test_what_dies_is_started_again(supervisor):
    child = supervisor.start(python("worker-1", POLITE))
    assert supervisor.wait_until(lambda: said(supervisor, "worker-1").count("here") == 1, 20)
    first = child.process.pid
    child.kill()
    assert supervisor.wait_until(lambda: said(supervisor, "worker-1").count("here") == 2, 20)
    assert child.process.pid != first


def test_patience_grows_with_each_death_and_begins_anew_after_a_life(tmp_path):
    child = Child(python("web", "pass"), os.environ, tmp_path, tmp_path)
    now = time.monotonic()
    child.started = now
    waits = [child.bury(now + 1) for _ in range(12)]
    assert waits[:3] == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert max(waits) == waits[-1] == LONGEST_WAIT
    assert child.bury(now + 3600) == FIRST_WAIT
    child.close()


def test_the_last_words_of_a_program_are_kept_without_secrets(supervisor):
    supervisor.start(python("web", "import sys; sys.stderr.write('api_key=abcdef123 was bad'); sys.exit(3)"))
    assert supervisor.wait_until(lambda: "was bad" in said(supervisor, "web"), 20)
    assert "abcdef123" not in said(supervisor, "web")


def test_it_stops_in_order_and_kills_who_does_not_listen(supervisor, monkeypatch):
    for name, code in (("redis", POLITE), ("web", POLITE), ("dispatcher", POLITE), ("worker-1", STUBBORN), ("scheduler", POLITE)):
        supervisor.start(python(name, code, grace=0.3))
    names = ("redis", "web", "dispatcher", "worker-1", "scheduler")
    assert supervisor.wait_until(lambda: all(said(supervisor, name) for name in names), 30)
    ended = []
    finish = Child.finish
    monkeypatch.setattr(Child, "finish", lambda self: (ended.append((self.program.name, self.alive)), finish(self)))
    supervisor.stop.ask()
    began = time.monotonic()
    supervisor.end()
    assert [name for name, _ in ended] == ["scheduler", "dispatcher", "worker-1", "web", "redis"]
    assert all(child.process.returncode is not None for child in supervisor.children)
    assert {child.program.name: child.process.returncode for child in supervisor.children}["worker-1"] == -9
    assert time.monotonic() - began < STOP_WITHIN


def test_a_second_ctrl_c_does_not_wait(supervisor):
    supervisor.start(python("worker-1", STUBBORN, grace=30.0))
    assert supervisor.wait_until(lambda: said(supervisor, "worker-1"), 20)
    supervisor.stop.ask()
    again = threading.Timer(0.3, supervisor.stop.ask)
    began = time.monotonic()
    again.start()
    supervisor.end()
    again.join()
    assert 0.2 < time.monotonic() - began < 5


def test_one_data_folder_has_one_supervisor(tmp_path):
    with alone(tmp_path), pytest.raises(AlreadyRunning, match=f"process {os.getpid()} runs on"), alone(tmp_path):
        pass
    with alone(tmp_path):
        assert (tmp_path / "supervisor.lock").read_text() == str(os.getpid())


# Redis


def test_a_short_path_gets_a_socket_and_a_long_one_a_password(tmp_path):
    short = tmp_path / "s" if len(str(tmp_path)) < 80 else None
    if short:
        config = redis_server.configure(short).read_text()
        assert "port 0" in config
        assert redis_server.url(short).startswith("unix://")
    deep = tmp_path / ("d" * 90)
    config = redis_server.configure(deep)
    assert "requirepass" in config.read_text()
    assert config.stat().st_mode & 0o077 == 0
    assert redis_server.url(deep).startswith("redis://:")
    assert (deep / "redis.url").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("depth", ["s", "with a space", "d" * 90])
def test_a_real_server_answers_where_the_url_says(supervisor, tmp_path, depth):
    data = tmp_path / depth
    program = Program(name="redis", command=(redis_server.find(), str(redis_server.configure(data))))
    child = supervisor.start(program)
    redis_server.wait(redis_server.url(data), lambda: child.alive)
    assert redis_server.answers(redis_server.url(data))


def test_a_binary_that_is_not_there_is_said_in_one_sentence(monkeypatch):
    with pytest.raises(redis_server.NoRedis, match="REDIS_SERVER names /nowhere/redis"):
        redis_server.find("/nowhere/redis")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(redis_server.NoRedis, match="Install redis-server or valkey"):
        redis_server.find()


def test_a_wish_to_stop_is_heard_once_listening(monkeypatch):
    stopping.listen()
    stopping.forget()
    assert not stopping.requested()
    os.kill(os.getpid(), stopping.SIGNAL)
    stopping.listen()  # again: what was heard stays heard
    assert stopping.requested()
    stopping.forget()
