"""What a person sees without touching the page again: runs that move, a server that is lost, a tab nobody looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from dashboard.config import HTMX_CDN
from tests.browser.conftest import Live, Visit

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]
PATIENCE = 60_000  # milliseconds, for what a busy machine does late


@pytest.fixture(autouse=True)
def quiet(live: Live) -> Iterator[None]:
    """Nothing moves when a test begins, and nothing is held or slow when it ends."""
    live.wait_until_idle()
    yield
    live.let_workers_go()
    live.no_faults()


def press(live: Live, page: Page) -> None:
    """Press Sync now of partner 1's RunSignUp: everything that is current there."""
    page.goto(live.url)
    page.locator("#sync-1").click()
    expect(page.locator("#said p")).to_contain_text("Asked RunSignUp")


def test_a_press_is_seen_to_wait_to_run_and_to_end_without_a_reload(live: Live, visit: Open) -> None:
    page = visit().sign_in("support")
    live.slow(3000)
    live.hold_workers()
    press(live, page)
    page.evaluate("() => { window.stayed = true; }")
    pressed = page.locator("#sync-1")
    expect(pressed).to_contain_text("Waiting")
    live.let_workers_go()
    expect(pressed).to_contain_text("Syncing", timeout=PATIENCE)
    live.no_faults()
    expect(pressed).to_have_text("Sync now", timeout=PATIENCE)
    expect(page.locator(f"#run-{live.newest_run()}")).to_contain_text("done")
    assert page.evaluate("() => window.stayed") is True


def test_two_browsers_see_the_same_run_and_press_the_same_run(live: Live, visit: Open) -> None:
    one, other = visit().sign_in("administrator"), visit().sign_in("support")
    live.hold_workers()
    before = live.newest_run()
    press(live, one)
    newest = live.newest_run()
    assert before < live.press_by_program() <= newest
    other.goto(live.url)
    for page in (one, other):
        expect(page.locator("#sync-1")).to_contain_text("Waiting")
    live.let_workers_go()
    for page in (one, other):
        expect(page.locator(f"#run-{newest}")).to_contain_text("done", timeout=PATIENCE)
    assert live.newest_run() == newest


def test_a_lost_server_is_said_and_its_return_as_well(visit: Open) -> None:
    window = visit()
    page = window.sign_in("support")
    page.clock.install()
    page.reload()
    banner = page.locator("#stale")
    expect(banner).to_be_hidden()
    window.expects_loss = True
    window.context.set_offline(True)
    for _ in range(3):
        with page.expect_event("requestfailed"):
            page.clock.run_for(25_000)
    expect(banner).to_contain_text("has not answered")
    expect(page.locator("#live-word")).to_contain_text("lost")
    window.context.set_offline(False)
    page.clock.run_for(25_000)
    expect(banner).to_be_hidden()


def test_a_hidden_tab_does_not_ask_and_asks_at_once_when_it_is_seen_again(visit: Open) -> None:
    page = visit().sign_in("support")
    page.clock.install()
    page.reload()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if is_poll(request) else None)
    show(page, hidden=True)
    page.clock.run_for(300_000)
    assert asked == []
    with page.expect_request(is_poll):
        show(page, hidden=False)


def is_poll(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def show(page: Page, *, hidden: bool) -> None:
    """A tab goes behind another one, or comes before it. Headless windows all lie open, so the page is told."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_what_is_typed_survives_a_refresh(live: Live, visit: Open) -> None:
    window = visit()
    page = window.sign_in("administrator")
    page.goto(f"{window.url}/connections/1")
    field = page.locator("main input:not([type=hidden])").first
    field.fill("half a sent")
    field.press("End")
    page.locator("#live").evaluate("region => { region.dataset.drawn = 'before'; }")
    other = visit().sign_in("support")
    press(live, other)
    expect(page.locator("#live[data-drawn=before]")).to_have_count(0, timeout=PATIENCE)
    page.keyboard.type("ence")
    expect(field).to_have_value("half a sentence")


def test_everything_works_without_scripts(live: Live, visit: Open) -> None:
    page = visit(java_script_enabled=False).sign_in("support")
    press(live, page)
    number = live.newest_run()
    live.wait_until_idle()
    page.goto(f"{live.url}/history")
    page.locator(f"a[href='/runs/{number}']").click()
    expect(page).to_have_url(re.compile(rf"/runs/{number}$"))
    expect(page.locator("main")).to_contain_text("What it found")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))


def test_a_page_whose_htmx_did_not_arrive_says_that_it_is_not_live(live: Live, visit: Open) -> None:
    window = visit()
    window.context.route(HTMX_CDN, lambda route: route.abort())
    window.expects_loss = True
    page = window.sign_in("support")
    expect(page.locator("#live-word")).to_contain_text("not live")
