"""The pace of one credential, shared by all workers through Redis. How fast a provider may be asked is the adapter's fact.

Redis holds a connection's number and times, nothing else. While Redis is away each process keeps a slower pace alone.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from redis import Redis, RedisError

from sync_jobs.errors import ProviderThrottled, QuotaUsedUp
from sync_jobs.kit.base import Limiter, Pace

PATIENCE = 5.0  # seconds that a call waits for its turn before the run yields instead
SLOT_LIFE = 90.0  # seconds after which the slot of a worker that died in a call is free again
AWAY = 5.0  # seconds for which a Redis that failed is not asked again
POLL = 0.05  # seconds between looks at a slot that is taken

TURN = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local slots, window, apart, blocked = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local at_once, calls, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local spacing, life, id = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local wait = redis.call('PTTL', blocked)
if wait > 0 then return {'blocked', wait} end
redis.call('ZREMRANGEBYSCORE', window, '-inf', now - per)
if redis.call('ZCARD', window) >= calls then
  return {'quota', tonumber(redis.call('ZRANGE', window, 0, 0, 'WITHSCORES')[2]) + per - now}
end
redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
if redis.call('ZCARD', slots) >= at_once then return {'slot', 0} end
wait = redis.call('PTTL', apart)
if wait > 0 then return {'apart', wait} end
redis.call('ZADD', slots, now + life, id)
redis.call('PEXPIRE', slots, life)
redis.call('ZADD', window, now, id)
redis.call('PEXPIRE', window, per)
if spacing > 0 then redis.call('SET', apart, '1', 'PX', spacing) end
return {'go', 0}
"""
"""Take a turn if there is one, in one step on Redis' own clock; else say what to wait for, and how many milliseconds."""


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))


class SharedPace:
    """The limiter of one connection. Waits a few seconds at most; a longer wait is raised, for the run to yield."""

    def __init__(
        self, connection_id: int, pace: Pace, redis: Redis, now: Callable[[], datetime], patience: float = PATIENCE,
        slot_life: float = SLOT_LIFE,
    ) -> None:  # fmt: skip
        self.pace, self.redis, self.now, self.patience, self.slot_life = pace, redis, now, patience, slot_life
        self.keys = [f"hub:pace:{connection_id}:{name}" for name in ("slots", "window", "apart", "blocked")]
        self.turn = redis.register_script(TURN)
        self.alone = LocalPace(connection_id, pace, now, patience)
        self.away_until = 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Hold one of the slots during a call."""
        turn = uuid.uuid4().hex
        if not self._has_turn(turn):
            with self.alone.call():
                yield
            return
        try:
            yield
        finally:
            with suppress(RedisError):
                self.redis.zrem(self.keys[0], turn)

    def _has_turn(self, turn: str) -> bool:
        """Whether Redis gave it; False while Redis is away."""
        if time.monotonic() < self.away_until:
            return False
        try:
            self._wait_for(turn)
        except RedisError:
            self.away_until = time.monotonic() + AWAY
            return False
        return True

    def _wait_for(self, turn: str) -> None:
        give_up = time.monotonic() + self.patience
        while (answer := self._ask(turn))[0] != "go":
            what, wait = answer
            if time.monotonic() + wait > give_up:
                raise self._too_long(what, wait)
            time.sleep((wait or POLL) + random.uniform(0, POLL))

    def _ask(self, turn: str) -> tuple[str, float]:
        pace = self.pace
        arguments: list[str | int] = [pace.at_once, pace.calls, _ms(pace.per), _ms(pace.apart), _ms(self.slot_life), turn]
        answer: Any = self.turn(keys=self.keys, args=arguments)
        word = answer[0].decode() if isinstance(answer[0], bytes) else str(answer[0])
        return word, float(answer[1]) / 1000

    def _too_long(self, what: str, wait: float) -> ProviderThrottled | QuotaUsedUp:
        until = self.now() + timedelta(seconds=wait or self.patience)
        if what == "blocked":
            return ProviderThrottled("pace", "asked to wait", until=until)
        return QuotaUsedUp("pace", what, until=until)

    def wait_until(self, until: datetime) -> None:
        """Nobody calls with this credential before that instant."""
        self.alone.wait_until(until)
        if (left := _ms((until - self.now()).total_seconds())) > 0:
            with suppress(RedisError):
                self.redis.set(self.keys[3], "1", px=left)


class LocalPace:
    """A pace within this process only, slower than allowed since others may be calling too: one at a time, evenly spread."""

    _guard = threading.Lock()
    _locks: dict[int, threading.Lock] = {}  # noqa: RUF012  shared on purpose: one credential, one line
    _next: dict[int, float] = {}  # noqa: RUF012

    def __init__(self, connection_id: int, pace: Pace, now: Callable[[], datetime], patience: float = PATIENCE) -> None:
        self.connection_id, self.pace, self.now, self.patience = connection_id, pace, now, patience
        self.blocked_until: datetime | None = None
        with self._guard:
            self.lock = self._locks.setdefault(connection_id, threading.Lock())

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call at a time, `per / calls` apart."""
        blocked = (self.blocked_until - self.now()).total_seconds() if self.blocked_until else 0.0
        if blocked > self.patience:
            raise ProviderThrottled("pace", "asked to wait", until=self.blocked_until)
        if not self.lock.acquire(timeout=self.patience):
            raise QuotaUsedUp("pace", "slot", until=self.now() + timedelta(seconds=self.patience))
        try:
            time.sleep(max(0.0, blocked, self._next.get(self.connection_id, 0.0) - time.monotonic()))
            spacing = min(self.patience, max(self.pace.apart, self.pace.per / self.pace.calls))
            self._next[self.connection_id] = time.monotonic() + spacing
            yield
        finally:
            self.lock.release()

    def wait_until(self, until: datetime) -> None:
        """This process does not call before that instant."""
        self.blocked_until = until


class NoLimit:
    """No pace at all: for tests against a provider of our own."""

    @contextmanager
    def call(self) -> Iterator[None]:
        """At once."""
        yield

    def wait_until(self, until: datetime) -> None:
        """Nobody waits."""


def limiter_for(
    connection_id: int, pace: Pace, redis: Redis | None, now: Callable[[], datetime], slot_life: float = SLOT_LIFE
) -> Limiter:
    """The limiter of a connection: shared where there is a Redis, this process' own where there is none.

    No call may last longer than `slot_life`; the shorter it is, the sooner the slots of a killed worker are free again.
    """
    if redis is None:
        return LocalPace(connection_id, pace, now)
    return SharedPace(connection_id, pace, redis, now, slot_life=slot_life)
