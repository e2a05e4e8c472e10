"""What every test may ask for: an application over a database of its own, and a clock that a test can set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from dashboard import create_app
from sync_jobs import schema, times
from sync_jobs.models import db
from sync_jobs.settings import Settings

NOW = datetime(2026, 6, 12, 15, 0, tzinfo=UTC)


class Clock:
    """The test's own time: stands still unless moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: float) -> datetime:
        self.now += timedelta(**parts)
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(NOW)
    times.set_clock(clock)
    yield clock
    times.set_clock(None)


def make_settings(folder: Path, **changes: object) -> Settings:
    """Settings of a test: its own folder, no redis unless a test starts one, impatient where production is patient."""
    given: dict[str, object] = {
        "data_dir": folder, "database_url": f"sqlite:///{folder / 'hub.db'}", "redis_url": f"unix://{folder / 'redis.sock'}",
        "mode": "test", "retry_waits": (0.01, 0.02), "call_timeout": 5.0,
    }  # fmt: skip
    return Settings(**{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database as an upgrade leaves it, made once and copied by each test."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(make_settings(folder))
    with app.app_context():
        schema.create(db.engine, stamp="sandbox", now=NOW)
    return folder / "hub.db"


@pytest.fixture
def app(tmp_path: Path, empty_database: Path) -> Iterator[Flask]:
    shutil.copy(empty_database, tmp_path / "hub.db")
    app = create_app(make_settings(tmp_path))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        yield app
        db.session.remove()
