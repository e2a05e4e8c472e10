"""A thousand publications of 500 rows, each killed at random instants, and some more by SIGKILL. Only in `make chaos`."""

from __future__ import annotations

import random

import pytest

from tests.conftest import app  # noqa: F401 - these work in this process, so they want no house
from tests.faults.publishing import desk_over, race
from tests.publish.conftest import decided, desk, provider, written  # noqa: F401 - fixtures
from tests.publish.test_kills import check, chunked, deeds, people, reaper, survives  # noqa: F401 - fixtures

pytestmark = [pytest.mark.faults, pytest.mark.slow]
POINTS = 1000
INSTANTS = 70  # about as many as a first publication has, calls and commits
KILLS = 40


@pytest.mark.parametrize("seed", range(POINTS))
def test_a_kill_at_a_random_instant_and_another_after_it(desk, reaper, chunked, deeds, seed):  # noqa: F811 - the fixtures
    rows, dice = desk.rows(), random.Random(seed)
    number = desk.approve(rows)
    desk.ask()
    for _ in range(2):
        if desk.publication(number).state != "published":
            survives(desk, reaper, dice.randrange(1, INSTANTS))
    if desk.publication(number).state != "published":
        desk.work()
    check(desk, number, rows)
    assert {held for _, held, public in deeds if public == "T"} == {len(rows)}, "nobody saw half of it"


@pytest.mark.timeout(1800)
def test_killed_by_signals(app):  # noqa: F811 - the fixture
    with race() as found, desk_over(*found) as house:
        for seed in range(KILLS):
            dice = random.Random(seed)
            house.faults.add("slow", 60, provider="runsignup", path="results")
            number = house.approve()
            for _ in range(2):
                at = house.calls() + dice.randrange(1, 9)
                house.house.until(lambda at=at, number=number: house.calls() >= at or house.is_over(number), "it goes on")
                house.strike(dice.random() < 0.4)
            house.until_published(number)
            house.is_right(number)
            house.calm_down()
