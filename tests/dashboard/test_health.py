"""The address that says whether this process can serve."""

from __future__ import annotations

from sqlalchemy import text

from sync_jobs.models import db


def test_health_is_about_the_database_and_needs_no_sign_in(app, browser):
    answer = browser().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"database": "ok"})
    with db.engine.execution_options(hub_write=True).begin() as connection:
        connection.execute(text("DROP TABLE hub_facts"))
    answer = browser().get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"database": "cannot be read"})
