"""`review`: the page on which a director decides about a contest of 5,000 finishers: server, bytes, and a phone on a slow network.

Twice: before anything is public, and with a newer version whose differences to what is public are on the page. A real Chromium
of 360 by 740, on a phone's processor (four times slower) and a network of 400 kbit/s and 400 ms, with nothing kept from before.
"""

from __future__ import annotations

import gzip
import logging
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route, sync_playwright
from werkzeug.serving import make_server

from dashboard.config import HTMX_CDN, HTMX_INTEGRITY, HTMX_VERSION
from sync_jobs import approvals, jobs, times, versions
from sync_jobs.models import PROVIDER_TABLES, db, write
from tests import factories
from tests.bench import ours, publishing, scored
from tests.bench.around import Found, Table, measure, median, spread
from tests.bench.pages import noted, poll_of, signed_in, took
from tests.bench.scored import Scored
from tests.bench.sides import Served, served
from tests.browser.conftest import packaged

ROUNDS, VISITS = 5, 3
BITS, LATENCY, SLOWER = 400_000, 400, 4  # of the network, in a second and in milliseconds; of the processor
MOST_BYTES, MOST_SERVER, MOST_READABLE = 100_000, 800, 5.0
CHANGED, GONE = 50, 5  # finishers with another time, and without any, in the newer version
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]
PAINTED = """() => new Promise((done) => {
  const told = () => {
    const painted = performance.getEntriesByName("first-contentful-paint")[0];
    const page = performance.getEntriesByType("navigation")[0];
    if (painted && page.loadEventEnd) done([painted.startTime, page.domContentLoadedEventEnd]);
    else setTimeout(told, 20);
  };
  told();
})"""


def part(table: Table, folder: Path, redis: str) -> None:
    with served(**scored.spec(publishing.PEOPLE)) as world:
        found = measure("review", folder, world=world, redis=redis)
    table.head(f"the review page of {found['nothing public']['finishers']:,} finishers")
    for what in ("nothing public", "a newer version"):
        one = found[what]
        cpu = median(one["cpu"])
        table.line(f"{what}: server, ms", spread(one["server"], ".0f"))
        table.line("  of the processor, ms", spread(one["cpu"], ".0f"), f"at most {MOST_SERVER}", met=cpu <= MOST_SERVER)
        table.line(
            "  statements, and their own time",
            f"{one['statements']}; {one['asking']:.0f} ms",
            "at most 60",
            met=one["statements"] <= 60,
        )
        told = f"{one['bytes'] / 1000:.0f} KB ({one['packed'] / 1000:.0f} KB packed)"
        table.line("  bytes of the page", told, "below 100 KB", met=one["bytes"] < MOST_BYTES)
        table.line("  with style and script, never visited before", f"{one['all'] / 1000:.0f} KB over the line")
        slow = one["readable"]
        table.line(
            "  readable at 400 kbit/s, 400 ms: s", spread(slow), f"at most {MOST_READABLE:.0f}", met=median(slow) <= MOST_READABLE
        )
        table.line("  whole page, with its button: s", spread(one["whole"]))
        table.line("  readable, visited before: s", spread(one["again"]))
        table.line("  poll of the banner, nothing new", f"{one['poll'][0]} statements, {one['poll'][1]} bytes, {one['poll'][2]}")
    table.line("memory of server and measurement at its peak: MB", f"{found['peak']:.0f}")


def run(world: Found, folder: Path, redis: str) -> Found:
    """In a process of its own."""
    there = Served(**world)
    app = ours.make_app(folder, there.urls, redis)
    app.config.update(WTF_CSRF_ENABLED=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with app.app_context():
        (day,) = scored.settle(there)
    found = {}
    with address_of(app) as base, a_browser() as browser:
        found["nothing public"] = _looked(app, folder, day, base, browser)
        with app.app_context():
            day.approve()
            jobs.work(0)
            _scored_anew(day)
        found["a newer version"] = _looked(app, folder, day, base, browser)
    return found


def _scored_anew(day: Scored) -> None:
    """Scoring says another time of some, and nothing of a few any more; it is checked."""
    table = PROVIDER_TABLES["ct_results"]
    finished = [row.entry_key for row in day.screen().by_entry.values() if row.is_finisher]
    with write() as session:
        other = table.update().where(table.c.entry_id.in_(finished[: 2 * CHANGED : 2]))
        session.execute(other.values(results_gun_time="00:59:59"))
        session.execute(table.delete().where(table.c.entry_id.in_(finished[-GONE:])))
    (version_id,) = versions.make(day.pair.edition_id, day.pair.scoring_id, None, times.now())
    approvals.check(version_id, times.now())
    db.session.remove()


# The server


def _looked(app: Flask, folder: Path, day: Scored, base: str, browser: Browser) -> dict[str, Any]:
    client = signed_in(app, "director1")
    address = f"/events/{day.pair.edition_id}/results/{day.contest_id}"
    rounds = []
    for _ in range(ROUNDS + 1):
        began, cpu = time.perf_counter(), time.process_time()
        answer = client.get(address)
        rounds.append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - cpu)))
        assert answer.status_code == 200, answer.text[:2000]
    with app.app_context():
        with noted() as statements:
            client.get(address)
        asking = took(folder / "hub.db", statements)
        finishers = day.screen().finishers
        poll = _poll(client, answer.text)
        db.session.remove()
    return {
        "server": [wall for wall, _ in rounds[1:]],
        "cpu": [spent for _, spent in rounds[1:]], "statements": len(statements), "asking": asking, "bytes": len(answer.data),
        "packed": len(gzip.compress(answer.data, 5)), "finishers": finishers, "poll": poll, **_visited(browser, base, address),
    }  # fmt: skip


def _poll(client: FlaskClient, page: str) -> tuple[int, int, int]:
    asked = poll_of(page)
    if asked is None:
        return 0, 0, 0
    with noted() as statements:
        answer = client.get(asked, headers={"HX-Request": "true", "Accept-Encoding": "gzip"})
    return len(statements), len(answer.data), answer.status_code


@contextmanager
def address_of(app: Flask) -> Iterator[str]:
    """The application behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


# The phone


@contextmanager
def a_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser
        browser.close()


def _visited(browser: Browser, base: str, address: str) -> dict[str, Any]:
    first, again, sizes = [], [], []
    for _ in range(VISITS):
        context = browser.new_context(viewport={"width": 360, "height": 740})
        context.route(lambda url: urlsplit(url).netloc != urlsplit(base).netloc, _from_outside)
        page = context.new_page()
        page.goto(f"{base}/sign-in")
        page.get_by_label("E-mail").fill("director1@example.com")
        page.get_by_label("Password").fill(factories.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        line = _slow_line(page)
        first.append(_readable(page, base + address, line, fresh=True))
        sizes.append(line["bytes"])
        again.append(_readable(page, base + address, line, fresh=False))
        context.close()
    return {"readable": [one for one, _ in first], "whole": [whole for _, whole in first], "again": [one for one, _ in again],
            "all": median(sizes)}  # fmt: skip


def _slow_line(page: Page) -> dict[str, Any]:
    tools = page.context.new_cdp_session(page)
    line: dict[str, Any] = {"bytes": 0, "tools": tools}
    tools.on("Network.loadingFinished", lambda told: line.update(bytes=line["bytes"] + told["encodedDataLength"]))
    tools.send("Network.enable")
    tools.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": LATENCY, "downloadThroughput": BITS / 8, "uploadThroughput": BITS / 8},
    )
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return line


def _readable(page: Page, address: str, line: dict[str, Any], *, fresh: bool) -> tuple[float, float]:
    """Seconds from the press until the verdict is painted (it stands first), and until the whole page is there."""
    line["tools"].send("Network.setCacheDisabled", {"cacheDisabled": fresh})
    line["bytes"] = 0
    page.goto(address, timeout=60_000)
    assert page.locator("header.head h1").is_visible()
    painted, done = page.evaluate(PAINTED)
    return float(painted) / 1000, float(done) / 1000


def _from_outside(route: Route) -> None:
    """htmx, which comes from a public network with its hash, is handed over at once; nothing else is asked for outside."""
    if route.request.url != HTMX_CDN:
        route.abort()
        return
    body = packaged(f"htmx.org@{HTMX_VERSION}", "dist/htmx.min.js", HTMX_INTEGRITY)
    route.fulfill(body=body, content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"})
