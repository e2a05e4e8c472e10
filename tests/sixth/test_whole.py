"""What a sixth provider costs, and that nothing else has to change: whole pulls of it into the unified views, and its pages.

Trailhead costs 96 lines in adapter.py, 70 lines in simulated.py and 39 lines in tables.py (tables and view branches; blank lines
and comments not counted), and one word in each of two registries: `ADAPTERS` in `providers/__init__.py`, `REGISTRATION` in
`sandbox/servers.py`. No other module of the product knows of it.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from sync_jobs import people, times
from sync_jobs.models import Contest, Schedule, db
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from sync_jobs.schema.wanted import views
from tests.conftest import NOW
from tests.factories import PASSWORD, make_account
from tests.pages import soup
from tests.sixth import tables
from tests.sync_jobs.hub import make_hub, scalar

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def with_its_tables_and_views() -> None:
    """What the two files of the product, `provider_tables` and the views in `sql/`, would have of it."""
    made = {view.name: view.ddl for view in views("sqlite")}
    with db.engine.execution_options(hub_write=True).begin() as connection:
        tables.METADATA.create_all(connection)
        for name, branch in tables.BRANCHES.items():
            connection.exec_driver_sql(f"DROP VIEW {name}")
            connection.exec_driver_sql(f"{made[name]}\nUNION ALL{branch}")


@pytest.fixture
def hub(app, clock, provider):
    world = World.regular(anchor=NOW, editions=2, contests=2, each=8, provider=provider)
    with servers.start(world, clock=times.now) as running:
        known = app.extensions["hub_settings"]
        app.extensions["hub_settings"] = dataclasses.replace(known, provider_urls=running.urls, keep_pace=False)
        with_its_tables_and_views()
        yield make_hub(world, running, provider)


def everybody(hub, edition):
    contests = db.session.scalars(select(Contest.contest_id).where(Contest.edition_id == edition.edition_id)).all()
    return {one.key: one for one in people.registrations(hub.partner_id, contests)}


def true_people(hub, happening):
    return {one.key: one for one in hub.world.present(times.now()) if one.happening_id == happening.uid}


def first_of(hub):
    happening = hub.world.happenings[0]
    return next(edition for edition in hub.discover() if edition.name == happening.name), happening


def test_whole_pulls_bring_everybody_into_the_unified_views(hub, clock):
    named = {happening.name: happening for happening in hub.world.happenings}
    editions = hub.discover()
    assert {edition.name for edition in editions} == named.keys()
    for edition in editions:
        happening = named[edition.name]
        assert edition.timezone == happening.edition.zone
        run = hub.sync("participants", edition)
        assert (run.status, run.rows_new, run.rows_aside) == ("completed", 16, 0)
        found, truth = everybody(hub, edition), true_people(hub, happening)
        assert found.keys() == truth.keys()
        for key, one in truth.items():
            there = found[key]
            assert (there.first_name, there.last_name, there.email, there.born) == (*one[5:8], one.born)
            assert there.external_id == f"trailhead:{key}"
    counted = db.session.scalars(select(Contest.rows_held)).all()
    assert list(counted) == [8, 8, 8, 8]
    assert scalar("SELECT count(*) FROM unified_events WHERE source_provider = 'trailhead' AND edition_id IS NOT NULL") == 2
    assert db.session.scalars(select(Schedule.operation_type).distinct().order_by(Schedule.operation_type)).all() == [
        "events", "participants"
    ]  # fmt: skip


def test_a_second_reading_writes_nothing_and_changes_arrive(hub, clock):
    edition, happening = first_of(hub)
    hub.sync("participants", edition)
    clock.forward(minutes=5)
    run = hub.sync("participants", edition)
    assert (run.rows_same, run.rows_new, run.rows_changed, run.rows_gone) == (16, 0, 0, 0)
    first, second = happening.contests[0].registrations[:2]
    hub.world.register(happening.contests[1], times.now(), first_name="Zora", bib=77)
    hub.world.change(first, times.now(), bib=512)
    hub.world.remove(second, times.now())
    clock.forward(minutes=5)
    run = hub.sync("participants", edition)
    assert (run.rows_new, run.rows_changed, run.rows_gone) == (1, 1, 1)
    found = everybody(hub, edition)
    assert found.keys() == true_people(hub, happening).keys()
    assert found[str(first.key)].bib == "512"
    assert [one.bib for one in found.values() if one.first_name == "Zora"] == ["77"]


def test_a_distance_that_it_lists_no_longer_is_gone(hub, clock):
    happening = first_of(hub)[1]
    number = happening.contests.pop().number
    clock.forward(days=1)
    assert hub.sync("events").rows_gone == 1
    gone = db.session.scalars(select(Contest.provider_contest_id).where(Contest.gone_at.is_not(None))).all()
    assert gone == [f"{happening.uid}/{number}"]


def test_its_pages_speak_of_it_as_of_any_other(hub, app):
    edition = hub.discover()[0]
    run = hub.sync("participants", edition)
    administrator = make_account("administrator")
    browser = app.test_client()
    browser.post("/sign-in", data={"email": administrator.email, "password": PASSWORD})
    pages = {
        "/": "Trailhead", f"/events/{edition.edition_id}": "Trailhead", f"/runs/{run.run_id}": "New registrations",
        "/connections": "Trailhead", "/history": "Trailhead", f"/connections/new?partner={hub.partner_id}": "Trailhead Connect",
        f"/connections/new?partner={hub.partner_id}&provider=trailhead": "API secret",
    }  # fmt: skip
    for address, words in pages.items():
        answer = browser.get(address)
        assert answer.status_code == 200
        assert words in soup(answer).get_text(" ", strip=True), address


def test_it_costs_what_is_said_above_and_in_the_readme():
    said = {name: int(lines) for lines, name in re.findall(r"(\d+) lines in (\w+\.py)", __doc__)}
    counted = {name: lines_of(HERE / name) for name in ("adapter.py", "simulated.py", "tables.py")}
    assert said == counted
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for name in counted:
        assert f"{counted[name]} lines of" in readme, name


def lines_of(file):
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in file.read_text(encoding="utf-8").splitlines())


def test_nothing_of_the_product_names_it():
    product = [file for folder in ("sync_jobs", "dashboard", "sql", "templates") for file in (ROOT / folder).rglob("*.*")]
    assert not [file for file in product if file.suffix in {".py", ".sql", ".html"} and "trailhead" in file.read_text().lower()]
