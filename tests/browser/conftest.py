"""A real Chromium before the real set: supervisor, redis, web, dispatcher, workers, scheduler, sandbox.

The pinned htmx comes from its npm package and is handed to the browser in the CDN's place, so the page's own integrity
hash judges it. Whatever else a page asks for outside is a failure.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

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

    def children(self, name: str) -> list[int]:
        """Process numbers of the set whose command holds that word."""
        listed = subprocess.run(["pgrep", "-f", name], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
        return [int(number) for number in listed if f"HUB_DATA={self.folder}" in _environment(int(number))]


def _environment(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text().replace("\0", "\n")
    except OSError:
        return ""


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
        "SANDBOX_REGISTRATIONS": "2000", "SANDBOX_EDITIONS": "14", "SANDBOX_PARTNERS": "4",
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
        if message.type == "error" and not (self.expects_loss and "Failed to load resource" in message.text):
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
