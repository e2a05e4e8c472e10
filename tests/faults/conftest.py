"""The house of each fault test. The world is read once, events and all, and its database copied for each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from dashboard import create_app
from sync_jobs import schema, times
from sync_jobs.models import Schedule, base, db, write
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.conftest import make_settings
from tests.faults.house import House
from tests.sync_jobs.hub import Hub, make_hub

EDITIONS, EACH = 21, 60


def short_folder() -> Path:
    """A unix socket's path must be short, and pytest's own folders are not."""
    return Path(tempfile.mkdtemp(prefix="hub"))


def application(folder: Path, urls: dict[str, str], **given: object):
    quick = {
        "lease": timedelta(seconds=3), "lease_renewal": timedelta(seconds=0.5), "lease_grace": timedelta(seconds=0.2),
        "hint_again_after": timedelta(seconds=1), "provider_urls": urls, "workers": 3, **given,
    }  # fmt: skip
    return create_app(make_settings(folder, **quick))


@pytest.fixture(scope="session")
def known_world() -> Iterator[tuple[Path, World, Hub]]:
    """A folder with a database that knows all events of a small even world, and nobody in them yet."""
    folder, world = short_folder(), World.regular(anchor=times.now(), editions=EDITIONS, contests=2, each=EACH)
    with servers.start(world) as running:
        app = application(folder, running.urls)
        with app.app_context():
            schema.create(db.engine, stamp="production")
            base.use_write_ahead_log(db.engine)
            hub = make_hub(world, running, "runsignup")
            hub.discover()
            with write() as session:  # nothing comes by itself while a test looks at one run
                session.execute(update(Schedule).values(next_run_at=times.now() + timedelta(hours=20)))
            db.session.remove()
    yield folder, world, hub
    shutil.rmtree(folder)


@pytest.fixture
def house(known_world) -> Iterator[House]:
    """Redis runs; a test starts what else it needs."""
    template, world, hub = known_world
    folder = short_folder()
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with servers.start(world) as running:
        app = application(folder, running.urls)
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        with app.app_context():
            house = House(folder, Hub(world, running, "runsignup", hub.connection_id, hub.partner_id))
            try:
                house.start_redis()
                yield house
            finally:
                house.end()
                db.session.remove()
    shutil.rmtree(folder)


@pytest.fixture
def app(house):
    """Tests of this folder have the house's application, in whose context they run."""
    from flask import current_app

    return current_app._get_current_object()
