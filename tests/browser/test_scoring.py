"""A partner sends somebody to scoring: distances confirmed, writing switched on, looked at before, sent, and found again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, Visit, wait_for

pytestmark = pytest.mark.browser
Open = Callable[..., Visit]
PATIENCE = 60_000  # milliseconds, for what a busy machine does late
ALIKE = """
SELECT s.edition_id, s.other_edition_id, r.happening_id FROM edition_suggestions s
 JOIN edition_links r ON r.edition_id IN (s.edition_id, s.other_edition_id) AND r.provider_name = 'runsignup'
 JOIN edition_links t ON t.edition_id IN (s.edition_id, s.other_edition_id) AND t.provider_name = 'chronotrack'
 WHERE s.timing_partner_id = 1 AND s.state = 'open' ORDER BY s.likeness DESC"""
LINE = "SELECT state FROM start_list_lines WHERE told LIKE '%Quistberg%'"
REGISTERED = "SELECT count(*) FROM runsignup_participants WHERE last_name = 'Quistberg'"
ON_LISTS = "SELECT count(*) FROM ct_participants WHERE athlete_last_name = 'Quistberg'"


def click(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).first.click()


def read(live: Live, page: Page, place: str, shown: str) -> None:
    """Press every Sync now of the event until she is seen; a run of the clock's may have begun before she was there."""
    for _ in range(3):
        live.wait_until_idle()
        page.goto(place)
        for name in page.locator("button", has_text="Sync now").evaluate_all("found => found.map(one => one.id)"):
            page.locator(f"#{name}").click()
            expect(page.locator("#said p")).to_contain_text(re.compile("asked for|on its way already"))
        live.wait_until_idle()
        if live.ask(shown) == [(1,)]:
            return
    pytest.fail("She was not read")


def test_a_partner_sends_somebody_to_scoring_and_finds_them_again(live: Live, visit: Open) -> None:
    live.wait_until_idle()
    page = visit().sign_in("partner")
    kept, other, happening = live.ask(ALIKE)[0]
    page.goto(f"{live.url}/events/{kept}")
    page.locator(f"#join-{kept}-{other}, #join-{other}-{kept}").click()
    expect(page.locator("#said p")).to_contain_text("are one event now")
    ((edition,),) = live.ask("SELECT event_id FROM events WHERE event_id IN (?, ?) AND joined_into IS NULL", kept, other)
    place = f"{live.url}/events/{edition}"
    expect(page).to_have_url(place)
    live.tell("register", provider="runsignup", event=happening, first_name="Zora", last_name="Quistberg", bib=4321)
    read(live, page, place, REGISTERED)

    live.hold_workers()
    page.goto(f"{place}/distances")
    while (look := page.get_by_role("link", name="Look and confirm")).count():
        look.first.click()
        if page.locator("#looked").count():
            page.locator("#looked").check()
        click(page, "They are the same")
        page.wait_for_url(f"{place}/distances")
    expect(page.locator("main")).to_contain_text("matched")

    page.goto(f"{place}/start-list")
    click(page, "Let it write by itself")
    expect(page.locator("main")).to_contain_text("writes by itself")
    expect(page.locator("main")).to_contain_text(re.compile(r"Zora Quistberg\s*· bib 4321"))
    assert live.ask(LINE) == [], "looking sends nothing"
    click(page, "Send now")
    expect(page.locator("#said p")).to_contain_text("way")
    live.let_workers_go()
    wait_for(lambda: live.ask(LINE) in ([("sent",)], [("there",)]), 30, "The line was not sent")
    live.wait_until_idle()

    read(live, page, place, ON_LISTS)
    page.goto(f"{place}/start-list")
    expect(page.locator("main")).not_to_contain_text("Quistberg")
    page.goto(f"{place}/reconciliation")
    expect(page.locator("main")).to_contain_text("Of those registered")
    expect(page.locator("main")).not_to_contain_text("Quistberg")
    page.get_by_role("link", name="Find one person").click()
    page.get_by_label("Name, bib or id").fill("Quistberg")
    click(page, "Search")
    expect(page.locator("h1")).to_contain_text("Zora Quistberg: on the list at ChronoTrack", timeout=PATIENCE)
    expect(page.locator("section.trace")).to_contain_text("Known to scoring")
