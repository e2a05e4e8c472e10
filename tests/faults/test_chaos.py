"""A first sync of 40,000 people in which a worker, Redis, and then everything is killed. Slow: only in `make chaos`."""

from __future__ import annotations

import shutil
import signal
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import update

from sync_jobs import schema, times
from sync_jobs.models import Schedule, base, db, write
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.faults.conftest import application, short_folder
from tests.faults.test_supervisor import Set
from tests.sync_jobs.hub import make_hub

pytestmark = [pytest.mark.faults, pytest.mark.slow]
EDITIONS, CONTESTS, EACH = 20, 2, 1000
PEOPLE = EDITIONS * CONTESTS * EACH
PATIENCE = 600.0


@pytest.fixture
def house():
    folder, world = short_folder(), World.regular(anchor=times.now(), editions=EDITIONS, contests=CONTESTS, each=EACH)
    with servers.start(world) as running, application(folder, running.urls).app_context():
        schema.create(db.engine, stamp="production")
        base.use_write_ahead_log(db.engine)
        hub = make_hub(world, running, "runsignup")
        hub.discover()
        with write() as session:
            session.execute(update(Schedule).values(next_run_at=times.now() + timedelta(hours=20)))
        house = Set(folder, hub)
        try:
            yield house
        finally:
            house.end()
            db.session.remove()
    shutil.rmtree(folder)


def test_40000_people_are_there_once_after_a_worker_redis_and_everything_were_killed(house):
    house.start()
    house.hub.sandbox.faults.add("slow", 150, path="participants")
    asked = [house.write(edition) for edition in house.hub.editions()]
    for many, word, everything in ((2000, " worker", False), (10_000, "redis-server", False), (20_000, "", True)):
        house.until(lambda many=many: len(house.hub.held()) >= many, f"{many} are there", PATIENCE)
        assert len(house.hub.held()) < PEOPLE, "it was to be in the middle"
        victims = house.family() if everything else house.named(word)[:1]
        assert victims
        for one in victims:
            one.kill()
        psutil.wait_procs(victims, timeout=5)
        if everything:
            house.command.wait()
            house.start()
    house.hub.sandbox.faults.clear()
    house.until(lambda: all(house.run(run_id).status == "completed" for run_id in asked), "all runs are done", PATIENCE)
    assert house.hub.held() == house.hub.true()
    assert len(house.hub.held()) == PEOPLE
    assert house.stop(signal.SIGTERM)[1] == []
