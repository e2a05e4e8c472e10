"""Polling: nothing new costs one small query, what changed comes with its next version, and the server sets the pace."""

import gzip
import re

import pytest

from sync_jobs import ledger
from sync_jobs.models import SignIn, db, write
from tests.factories import make_connection, make_edition, make_link, make_run, make_state
from tests.pages import asked, live, next_poll, soup, words

PAGES = ("/", "/events", "/history", "/failed", "/queues")


def bump(*scopes):
    with write() as session:
        ledger.bump(session, *scopes)


@pytest.mark.parametrize("address", PAGES)
def test_an_unchanged_page_is_answered_before_any_heavy_query(people, sign_in, address):
    browser = sign_in(people.support)
    poll = next_poll(browser.soup(address))
    with asked() as queries:
        answer = browser.poll(poll)
    assert (answer.status_code, answer.data) == (204, b"")
    assert len(queries.statements) == 2  # the person, the version


def test_a_change_brings_the_fragment_and_its_next_version(people, sign_in):
    browser = sign_in(people.support)
    first = next_poll(browser.soup("/"))
    bump("all")
    fragment = browser.poll(first)
    assert fragment.status_code == 200
    assert "<html" not in fragment.text
    second = next_poll(soup(fragment))
    assert second != first
    assert browser.poll(second).status_code == 204


def test_a_page_is_drawn_anew_after_half_a_minute_since_clocks_move_by_themselves(people, sign_in, clock):
    browser = sign_in(people.support)
    poll = next_poll(browser.soup("/"))
    clock.forward(seconds=31)
    assert browser.poll(poll).status_code == 200


def test_a_partner_is_not_woken_by_another_partners_change(people, sign_in):
    browser = sign_in(people.partner)
    poll = next_poll(browser.soup("/"))
    bump("all", f"partner:{people.elsewhere.timing_partner_id}")
    assert browser.poll(poll).status_code == 204
    bump("all", f"partner:{people.company.timing_partner_id}")
    assert browser.poll(poll).status_code == 200


def test_filters_stay_in_the_polled_address(people, sign_in):
    poll = next_poll(sign_in(people.support).soup("/history?status=failed"))
    assert poll.startswith("/history?status=failed&v=")


def test_the_server_says_how_often_to_ask(people, sign_in, clock):
    def seconds(browser, address):
        every = re.search(r"every (\d+)ms", str(live(browser.soup(address))["hx-trigger"]))
        return int(every.group(1)) / 1000

    browser = sign_in(people.support)
    clock.forward(days=3)  # the event of today is over
    assert 18 <= seconds(sign_in(people.support), "/queues") <= 22
    make_run(make_connection(people.company), status="running", claimed_at=clock())
    browser = sign_in(people.support)
    assert 4.5 <= seconds(browser, "/queues") <= 5.5
    assert len({seconds(browser, "/queues") for _ in range(8)}) > 1  # scattered


def test_every_answer_to_a_script_says_the_servers_time(people, sign_in):
    browser = sign_in(people.support)
    assert browser.poll(next_poll(browser.soup("/"))).headers["X-Live-At"] == "2026-06-12T15:00:00Z"


@pytest.mark.parametrize("role", ["support", "partner"])
def test_a_poll_asks_at_most_three_times_and_stays_small(people, sign_in, role, clock):
    for number in range(13):
        connection = make_connection(people.company, name=f"Ours {number}")
        for day in range(4):
            edition = make_edition(people.company, f"Race {number} {day}")
            make_link(edition, connection)
            make_state(connection, "participants", edition, rows_held=400)
        make_run(connection, status="running", claimed_at=clock(), target=f"{number}", lock_name=f"{number}")
    browser = sign_in(people.of(role))
    run = "/runs/1"
    company, edition = f"/partners/{people.company.timing_partner_id}", f"/events/{people.edition.edition_id}"
    for address in ("/", "/events", "/history", company, edition, run):
        with asked() as queries:
            answer = browser.poll(address)
        assert answer.status_code == 200, address
        assert len(queries.statements) <= 3, (address, [statement for statement, _ in queries.statements])
        assert len(answer.data) <= 20_000, (address, len(answer.data))
        assert not queries.walks, (address, queries.walks)


def test_a_directors_poll_asks_at_most_three_times(people, sign_in):
    browser = sign_in(people.director)
    for address in ("/events", f"/events/{people.edition.edition_id}"):
        with asked() as queries:
            assert browser.poll(address).status_code == 200
        assert len(queries.statements) <= 3


@pytest.mark.parametrize("address", ["/", "/events", "/history", "/history?from=2026-06-01&to=2026-06-02", "/failed", "/queues"])
def test_a_whole_page_asks_little_and_walks_no_large_table(people, sign_in, address):
    browser = sign_in(people.support)
    with asked() as queries:
        browser.soup(address)
    assert len(queries.statements) <= 8
    assert not queries.walks, queries.walks


@pytest.mark.parametrize("address", PAGES)
def test_a_live_region_holds_nothing_that_can_be_typed_into_or_opened(people, sign_in, address):
    connection = make_connection(people.company)
    make_state(connection)
    region = live(sign_in(people.support).soup(address))
    assert not region.select("input, select, textarea, details, dialog, form")


def test_a_poll_does_not_extend_the_sign_in(people, sign_in, clock):
    browser = sign_in(people.support)
    before = db.session.query(SignIn.expires_at).scalar()
    clock.forward(hours=1)
    answer = browser.poll("/")
    db.session.rollback()
    assert db.session.query(SignIn.expires_at).scalar() == before
    assert "Set-Cookie" not in answer.headers


def test_every_row_of_a_live_region_can_be_told_from_the_others(people, sign_in):
    make_connection(people.company)
    rows = [row["id"] for row in live(sign_in(people.support).soup("/")).select("[data-rev]")]
    assert rows
    assert len(rows) == len(set(rows))


def test_the_frame_says_when_it_was_true_in_one_zone(people, sign_in):
    page = sign_in(people.support).soup("/")
    assert words(page.find(id="live-word")) == "as of 11:00:00 EDT"


def test_a_poll_travels_compressed_where_the_browser_can_read_it_and_carries_no_token(people, sign_in):
    browser = sign_in(people.support)
    address = next_poll(browser.soup("/"))
    bump("all")
    plain = browser.poll(address)
    packed = browser.get(address, headers={"HX-Request": "true", "Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "HX-Request" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 2
    assert "Timing" in gzip.decompress(packed.data).decode()
    assert b"csrf" not in plain.data
