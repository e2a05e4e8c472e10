"""Who looked for whom: all of it for support, a partner's own for a partner, page by page, with when and how long ago."""

from __future__ import annotations

from datetime import timedelta

from sync_jobs.models import LookUp
from tests.conftest import NOW
from tests.factories import keep, make_account, make_edition
from tests.pages import answer, asked, row, words


def look_up(account, typed, partner=None, **given):
    fields = {"found": 2, "at": NOW - timedelta(minutes=14), **given}
    return keep(
        LookUp(account_id=account.account_id, words=typed, timing_partner_id=partner and partner.timing_partner_id, **fields)
    )


def test_a_search_is_listed_with_who_whom_where_and_when(people, sign_in):
    browser = sign_in(people.partner)
    browser.post("/trace", data={"q": "ruiz"})
    look_up(people.support, "412", people.company, edition_id=people.edition.edition_id)
    look_up(people.support, "chen")
    page = sign_in(people.support).soup("/look-ups")
    assert answer(page) == "The latest 3 look-ups"
    assert "Times in EDT" in words(page)
    assert page.select("tbody tr")[0].select_one("td").text == "chen"
    said = words(row(page, "412", "tr"))
    assert said.startswith(f"{people.support.name} support 412 {people.edition.name} Big River Timing 2 10:46")
    assert said.endswith("14 min ago")
    assert "all events Big River Timing 0" in words(row(page, "ruiz", "tr"))
    assert "Timing" not in row(page, "ruiz", "tr").select("td")[1].text.split()[1], "the words run into each other"
    assert "all events of all partners" in words(row(page, "chen", "tr"))
    assert row(page, "412", "tr").a["href"] == f"/events/{people.edition.edition_id}"


def test_a_partner_sees_what_concerns_its_own(people, sign_in):
    look_up(people.partner, "ours", people.company)
    look_up(people.support, "by support", people.company)
    look_up(make_account("partner", people.elsewhere), "theirs", people.elsewhere)
    look_up(people.support, "everybody")
    for account, seen in ((people.partner, 2), (people.support, 4), (people.administrator, 4)):
        assert len(sign_in(account).soup("/look-ups").select("tbody tr")) == seen
    page = words(sign_in(people.partner).soup("/look-ups"))
    assert "theirs" not in page
    assert "everybody" not in page
    assert sign_in(people.director).get("/look-ups").status_code == 403


def test_it_goes_on_page_by_page_without_walking_all(people, sign_in):
    for number in range(65):
        look_up(people.partner, f"name {number:02}", people.company if number % 2 else people.elsewhere)
    browser, seen, address = sign_in(people.support), [], "/look-ups"
    while address:
        with asked() as statements:
            page = browser.soup(address)
        assert len(statements.statements) <= 4
        seen += [line.td.text for line in page.select("tbody tr")]
        older = page.find("a", string="Older")
        address = older and older["href"]
    assert seen == [f"name {number:02}" for number in reversed(range(65))]
    with asked() as statements:
        sign_in(people.partner).soup("/look-ups")
    assert any("ix_look_ups_partner" in step for step in statements.plans)
    assert "Nothing further back" in words(browser.soup("/look-ups?before=1"))


def test_an_event_that_was_joined_leads_to_where_it_went(people, sign_in):
    joined = make_edition(people.company, "Harbor Half", joined_into=people.edition.edition_id)
    look_up(people.partner, "ruiz", people.company, edition_id=joined.edition_id)
    link = row(sign_in(people.partner).soup("/look-ups"), "ruiz", "tr").a
    assert (link.text, link["href"]) == ("Harbor Half", f"/events/{people.edition.edition_id}")


def test_it_is_found_from_the_search_and_says_why_it_is_empty(people, sign_in):
    browser = sign_in(people.partner)
    assert browser.soup("/trace").find("a", href="/look-ups")
    page = browser.soup("/look-ups")
    assert answer(page) == "Nobody has looked for anybody yet"
    assert "Each search for a person" in words(page)
