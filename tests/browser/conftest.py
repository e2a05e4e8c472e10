"""A real Chromium before the real set: supervisor, redis, web, dispatcher, workers, scheduler, sandbox.

The pinned htmx comes from its npm package and is handed to the browser in the CDN's place, so the page's own integrity
hash judges it. Whatever else a page asks for outside is a failure.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

from dashboard import vendored
from dashboard.config import HTMX_CDN, HTMX_INTEGRITY, HTMX_VERSION

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "out"
AXE = "axe-core@4.14.1"
AXE_INTEGRITY = "sha384-xt1SFg49QaDwsyt0Xfs2XAyBtYPClXl3X2q5OOLeGAUmq9jZTYIMdztpF99WdhiH"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
PASSWORD = "demo"
LOSS = re.compile("Failed to load resource|htmx:(sendError|afterRequest)")  # how a lost server reads in the console
PEOPLE = ("director", "partner", "support", "administrator")


def packaged(package: str, member: str, integrity: str) -> bytes:
    """A file of an npm package, fetched once for this checkout."""
    kept = OUT / "packages" / package.replace("/", "-") / Path(member).name
    if not kept.exists() or vendored.integrity(kept.read_bytes()) != integrity:
        vendored.keep(vendored.fetch(package, member, integrity), kept)
    return kept.read_bytes()


@pytest.fixture(scope="session")
def htmx() -> bytes:
    return packaged(f"htmx.org@{HTMX_VERSION}", "dist/htmx.min.js", HTMX_INTEGRITY)


@pytest.fixture(scope="session")
def axe() -> str:
    return packaged(AXE, "axe.min.js", AXE_INTEGRITY).decode()


@dataclass
class Live:
    """The running set. `url` is where people reach it."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def ask(self, sql: str, *given: object, change: bool = False) -> list[tuple[object, ...]]:
        """Look into the set's database, as another program would."""
        with closing(sqlite3.connect(self.folder / "race_results.db", timeout=30)) as connection:
            found = connection.execute(sql, given).fetchall()
            if change:
                connection.commit()
        return found

    def wait_until_idle(self) -> None:
        """Until no run waits for a worker or is worked on."""
        moving = "SELECT 1 FROM sync_queue WHERE status = 'running' OR (status = 'pending' AND due_at <= 1000 * unixepoch() + 1000)"
        wait_for(lambda: not self.ask(moving), 90, "Runs did not end")

    def newest_run(self) -> int:
        """The newest that somebody pressed for; the clock asks for others at any moment of a race day."""
        return int(str(self.ask("""SELECT max(sync_queue_id) FROM sync_queue WHERE "trigger" = 'manual'""")[0][0]))

    def hold_workers(self) -> None:
        """Workers stand still: what is asked for waits."""
        self._signal_workers(signal.SIGSTOP)

    def let_workers_go(self) -> None:
        self._signal_workers(signal.SIGCONT)

    def _signal_workers(self, number: signal.Signals) -> None:
        for process in psutil.Process(self.process.pid).children():
            if process.cmdline()[-1] == "worker":
                process.send_signal(number)

    def slow(self, milliseconds: int) -> None:
        """The simulated providers take so long for every answer."""
        self.tell("faults", kind="slow", value=milliseconds)

    def no_faults(self) -> None:
        self.tell("faults/clear")

    def tell(self, what: str, **given: object) -> None:
        """Something happens at the simulated providers."""
        said = (self.folder / "log" / "sandbox.log").read_text()
        address = next(line.partition("=")[2] for line in said.splitlines() if line.startswith("RUNSIGNUP_URL="))
        parts = urlsplit(address)
        requests.post(f"{parts.scheme}://{parts.netloc}/_sandbox/{what}", json=given, timeout=5).raise_for_status()

    def press_by_program(self) -> int:
        """What a program gets that asks for the same as the button of partner 1; the run."""
        token = "hub_browser_test"
        kept = (1, "Browser test", hashlib.sha256(token.encode()).hexdigest(), 0)
        self.ask(
            "INSERT OR IGNORE INTO api_tokens (timing_partner_id, name, token_digest, created_at) VALUES (?, ?, ?, ?)",
            *kept,
            change=True,
        )
        wish = {"timing_partner_id": 1, "provider_name": "RunSignUp", "operation_type": "events"}
        answer = requests.post(f"{self.url}/api/sync/manual", json=wish, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["run_id"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], bool], seconds: float, why: str) -> None:
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            pytest.fail(f"{why} within {seconds:.0f} s")
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """What `make run` starts, over a small world, in a folder of its own."""
    folder, port = tmp_path_factory.mktemp("hub"), free_port()
    environment = {
        **os.environ, "HUB_MODE": "demo", "HUB_DATA": str(folder), "PORT": str(port), "WORKERS": "2", "FLASK_SKIP_DOTENV": "1",
        "SANDBOX_REGISTRATIONS": "600", "SANDBOX_EDITIONS": "8", "SANDBOX_PARTNERS": "3",
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL", "HTMX_URL"):
        environment.pop(name, None)
    with (folder / "said.log").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "up"], cwd=ROOT, env=environment, stdout=said, stderr=said
        )
        running = Live(f"http://127.0.0.1:{port}", folder, process)
        try:
            wait_for(lambda: process.poll() is not None or answers(running.url), 60, "The set was not up")
            assert process.poll() is None, (folder / "said.log").read_text()
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's own browser, driven by Playwright."""
    binary = shutil.which("chromium")
    assert binary, "Chromium is missing; make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """One browser of one person: its context, and everything that went wrong in it."""

    context: BrowserContext
    url: str
    wrong: list[str] = field(default_factory=list)
    expects_loss: bool = False  # the test takes the server away: failed requests are what it wants

    def page(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not (self.expects_loss and LOSS.search(message.text)):
            self.wrong.append(f"{message.location.get('url')}: {message.text}")

    def sign_in(self, who: str) -> Page:
        page = self.page()
        page.goto(f"{self.url}/sign-in")
        page.get_by_label("E-mail").fill(f"{who}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page


@pytest.fixture
def visit(live: Live, chromium: Browser, htmx: bytes) -> Iterator[Callable[..., Visit]]:
    """Open a browser window of its own; nothing may go wrong in it, unseen in the test or not."""
    opened: list[Visit] = []

    def open_one(**given: object) -> Visit:
        context = chromium.new_context(**given)  # type: ignore[arg-type]  # Playwright's own options
        context.set_default_timeout(15_000)
        found = Visit(context, live.url)

        def outside(route: Route) -> None:
            if route.request.url == HTMX_CDN:
                route.fulfill(body=htmx, content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"})
            else:
                found.wrong.append(f"asked outside: {route.request.url}")
                route.abort()

        context.route(lambda url: urlsplit(url).netloc != urlsplit(live.url).netloc, outside)
        context.add_init_script(REPORT_VIOLATIONS)
        opened.append(found)
        return found

    yield open_one
    for one in opened:
        one.context.close()
    assert [wrong for one in opened for wrong in one.wrong] == []


REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(`${event.violatedDirective} ${event.blockedURI}`));
document.addEventListener("htmx:oobErrorNoTarget", () => console.error("htmx: no target"));
document.addEventListener("htmx:swapError", () => console.error("htmx: swap"));
"""
