"""Every page, as it looks and as a screen reader has it: light and dark, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from dashboard import create_app
from tests.browser.conftest import OUT, PEOPLE, Live, Visit
from tests.conftest import make_settings

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]
SHOTS = OUT / "screenshots"
THINGS = {"partner_id": 1, "connection_id": 1, "account_id": 1, "edition_id": 1, "run_id": 1}
NO_PAGES = ("/static", "/favicon", "/healthz", "/api", "/invited", "/approvals/news")
WIDTHS, SCHEMES = (360, 1280), ("light", "dark")


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every page that the application has."""
    app = create_app(make_settings(tmp_path_factory.mktemp("routes")))
    adapter = app.url_map.bind("localhost")
    found = {
        adapter.build(rule.endpoint, {name: THINGS[name] for name in rule.arguments})
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.arguments <= THINGS.keys() and not rule.rule.startswith(NO_PAGES)
    }
    return sorted(found)


def walk(window: Visit, who: str, addresses: list[str]) -> list[tuple[str, Page]]:
    """The pages that this person may see, one after the other in one tab."""
    page = window.sign_in(who)
    for address in addresses:
        answer = page.goto(f"{window.url}{address}")
        assert answer is not None
        if answer.status == 200:
            yield address, page  # type: ignore[misc]  # a generator
        else:
            window.wrong = [wrong for wrong in window.wrong if address not in wrong]  # the refusal is logged as an error
            assert answer.status in {403, 404}, f"{who} {address}: {answer.status}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("who", PEOPLE)
def test_axe_finds_nothing(live: Live, visit: Open, axe: str, addresses: list[str], who: str, scheme: str) -> None:
    live.wait_until_idle()
    found: dict[str, list[str]] = {}
    for address, page in walk(visit(color_scheme=scheme, bypass_csp=True), who, addresses):
        page.evaluate(axe)
        for rule in page.evaluate("() => axe.run()")["violations"]:
            for node in rule["nodes"]:
                found.setdefault(f"{rule['id']} {node['target']}: {node['failureSummary']}", []).append(address)
    assert not found, "\n".join(f"{what}\n  on {', '.join(where)}" for what, where in found.items())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("who", ["administrator", "director"])
def test_pages_are_pictured_and_nothing_sticks_out(
    live: Live, visit: Open, addresses: list[str], who: str, width: int, scheme: str
) -> None:
    live.wait_until_idle()
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    wide = []
    for address, page in walk(visit(color_scheme=scheme, viewport={"width": width, "height": 800}), who, addresses):
        name = address.strip("/").replace("/", "-") or "overview"
        page.screenshot(path=folder / f"{who}-{name}-{width}-{scheme}.png", full_page=True)
        if page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(address)
    assert wide == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_plan_stands_beside_its_button_and_only_its_name_is_bold(live: Live, visit: Open, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800}).sign_in("partner")
    page.goto(f"{live.url}/events/1/plan")
    for choice in page.locator("label.choice").all():
        button, words = choice.locator("input").bounding_box(), choice.locator("> span").bounding_box()
        assert button
        assert words
        assert words["x"] >= button["x"] + button["width"]
        assert words["y"] < button["y"] + button["height"]
    explained = page.locator("label.choice .soft").first
    assert explained.evaluate("one => getComputedStyle(one).fontWeight") == "400"
