"""History: every attempt, old ones too; filters in the address, pages by id."""

from datetime import timedelta

import pytest

from sync_jobs import times
from sync_jobs.models import Attempt
from tests.factories import keep, make_attempt, make_connection, make_run
from tests.pages import answer, asked, row, words


def rows(page):
    return [words(line) for line in page.select("tbody tr")]


@pytest.fixture
def attempts(people, clock):
    """Five days, one attempt each at noon UTC; the second failed."""
    ours, theirs = make_connection(people.company), make_connection(people.elsewhere, "raceroster")
    keep(Attempt(event_id="77", sync_time="2025-10-01 10:00:00", status="failed", reason="Read timed out", num_of_synced_records=0))
    for back in range(4, -1, -1):
        end = clock() - timedelta(days=back, hours=3)
        connection = theirs if back == 3 else ours
        run = make_run(connection, "counts" if back == 2 else "participants", people.edition, status="completed", finished_at=end)
        status = "failed" if back == 3 else "completed"
        make_attempt(run, status=status, ended_at=end, sync_time=times.customer_form(end), num_of_synced_records=back,
                     entries_success=100,
                     reason="Race Roster does not answer properly." if back == 3 else None)  # fmt: skip


def test_the_newest_stand_first_and_the_old_system_last(people, sign_in, attempts):
    page = sign_in(people.support).soup("/history")
    assert len(rows(page)) == 6
    assert "nothing changed" in rows(page)[0]
    assert "from the old system" in rows(page)[-1]
    assert "event 77" in rows(page)[-1]
    assert answer(page) == "The latest 6 attempts, 2 failed"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=failed", 2), ("provider=raceroster", 1), ("provider=old", 1), ("operation=counts", 1), ("partner=1", 4),
        ("partner=2&status=failed", 1), ("from=2026-06-10", 3), ("to=2026-06-09", 3), ("from=2026-06-09&to=2026-06-10", 2),
        ("provider=runsignup&operation=participants", 3), ("event=1", 5), ("from=2027-01-01", 0), ("to=2020-01-01", 0),
    ],
)  # fmt: skip
def test_filters_stand_in_the_address(people, sign_in, attempts, query, count):
    page = sign_in(people.support).soup(f"/history?{query}")
    assert len(rows(page)) == count
    if not count:
        assert "No attempt matches" in words(page)


def test_what_was_chosen_stays_chosen(people, sign_in, attempts):
    page = sign_in(people.support).soup("/history?status=failed&from=2026-06-01")
    assert page.select_one("select[name=status] option[selected]")["value"] == "failed"
    assert page.select_one("input[name=from]")["value"] == "2026-06-01"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("status=odd", "“odd” is not one of completed"), ("from=yesterday", "“yesterday” is not a day. Write it as 2026-06-12."),
        ("partner=x", "“x” is not a number."),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_explained_and_left_out(people, sign_in, attempts, query, why):
    page = sign_in(people.support).soup(f"/history?{query}")
    assert why in words(page)
    assert len(rows(page)) == 6


def test_pages_go_on_by_id_and_keep_the_filters(people, sign_in, clock):
    connection = make_connection(people.company)
    run = make_run(connection, status="completed")
    keep(*(Attempt(run_id=run.run_id, attempt_no=number, timing_partner_id=people.company.timing_partner_id, status="completed",
                   sync_time="2026-06-12 10:00:00", operation_type="events") for number in range(120)))  # fmt: skip
    browser, address, seen = sign_in(people.partner), "/history?status=completed", []
    while address:
        page = browser.soup(address)
        seen += [line["id"] for line in page.select("tbody tr")]
        older = page.find("a", string="Older")
        address = older["href"] if older else None
        assert address is None or "status=completed" in address
    assert len(seen) == len(set(seen)) == 120


def test_a_partner_sees_only_their_own(people, sign_in, attempts):
    page = sign_in(people.partner).soup("/history")
    assert len(rows(page)) == 4
    assert page.select_one("select[name=partner]") is None
    assert rows(sign_in(people.partner).soup("/history?partner=2")) == []


@pytest.mark.parametrize(
    "query",
    ["", "status=failed", "partner=1", "partner=1&status=failed", "provider=runsignup", "operation=counts",
     "provider=old&operation=events",
     "event=1", "from=2026-06-01&to=2026-06-02", "before=500", "partner=1&operation=counts&from=2026-01-01"],
)  # fmt: skip
def test_no_filter_walks_the_whole_history(people, sign_in, query):
    browser = sign_in(people.support)
    with asked() as queries:
        browser.poll(f"/history?{query}")
    assert len(queries.statements) == 3
    assert not queries.walks, queries.walks


def test_nothing_has_run_yet(people, sign_in):
    assert answer(sign_in(people.support).soup("/history")) == "Nothing has run yet"


def test_each_attempt_leads_to_its_run(people, sign_in, attempts):
    line = row(sign_in(people.support).soup("/history"), "Race Roster does not answer", "tr")
    assert line.a["href"].startswith("/runs/")
