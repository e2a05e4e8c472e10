"""Failed: causes with whose turn it is, what solved itself left out, retry per run."""

from datetime import timedelta

import pytest

from sync_jobs.models import Edition, Run, db, write
from tests.factories import make_connection, make_contest, make_edition, make_link, make_run, make_state
from tests.pages import answer, words


@pytest.fixture
def fail(people, clock):
    def failed(connection, name, kind, sentence, **given):
        edition = make_edition(people.company, name)
        make_link(edition, connection)
        fields = {
            "status": "failed",
            "error_kind": kind,
            "last_error": sentence,
            "finished_at": clock(),
            "claimed_at": clock(),
            **given,
        }
        return edition, make_run(connection, "participants", edition, **fields)

    return failed


DOWN, ACCESS = "RunSignUp does not answer properly.", "RunSignUp does not let this credential see this event."


def causes(page):
    return {words(card.h2): card for card in page.select("section.card") if card.h2}


def test_one_outage_is_one_cause_and_a_credential_is_each_partners_own(people, sign_in, fail):
    ours, theirs = make_connection(people.company), make_connection(people.elsewhere)
    fail(ours, "A", "down", DOWN)
    fail(theirs, "B", "down", DOWN)
    fail(ours, "C", "access", ACCESS)
    fail(theirs, "D", "access", ACCESS)
    page = sign_in(people.support).soup("/failed")
    assert answer(page) == "Four failed runs, three causes"
    cards = page.select("section.card")
    assert "2 runs, 2 partners" in words(cards[0])
    assert "Nobody’s turn, it passes." in words(cards[0])
    assert {"Big River Timing’s turn." in words(card) for card in cards[1:]} == {True, False}


def test_what_is_put_right_at_the_connection_leads_there(people, sign_in, fail):
    one, other = make_connection(people.company), make_connection(people.elsewhere)
    _, run = fail(one, "A", "credentials", "RunSignUp refuses this credential.")
    _, elsewhere = fail(other, "B", "down", DOWN)
    browser = sign_in(people.support)
    assert [link["href"] for link in browser.soup("/failed").select("a[href^='/connections/']")] == [
        f"/connections/{one.connection_id}"
    ]
    assert browser.soup(f"/runs/{run.run_id}").select_one(f".banner a[href='/connections/{one.connection_id}']")
    assert not browser.soup(f"/runs/{elsewhere.run_id}").select(".banner a")
    fail(make_connection(people.company), "C", "credentials", "RunSignUp refuses this credential.")
    assert not browser.soup("/failed").select("a[href^='/connections/']"), "which of the two is not known"


def test_what_a_later_run_read_well_is_left_out(people, sign_in, fail, clock):
    connection = make_connection(people.company)
    edition, _ = fail(connection, "Solved", "down", DOWN)
    open_edition, _ = fail(connection, "Open", "down", DOWN)
    make_state(connection, "participants", edition, last_success_at=clock() + timedelta(minutes=1))
    make_state(connection, "participants", open_edition, last_success_at=clock() - timedelta(minutes=1))
    text = words(sign_in(people.support).soup("/failed"))
    assert "Participants · Open" in text
    assert "Participants · Solved" not in text


def test_what_was_joined_to_another_event_is_left_out(people, sign_in, fail):
    connection = make_connection(people.company)
    edition, _ = fail(connection, "Joined", "down", DOWN)
    fail(connection, "Open", "down", DOWN)
    with write() as session:
        session.get_one(Edition, edition.edition_id).joined_into = people.edition.edition_id
    page = sign_in(people.support).soup("/failed")
    assert answer(page) == "One failed run, one cause"
    assert "Participants · Joined" not in words(page)
    assert "Failed 1" in words(page.find("nav", attrs={"aria-label": "Main"}))


def test_what_the_provider_no_longer_lists_is_left_out(people, sign_in, fail, clock):
    connection = make_connection(people.company)
    edition, _ = fail(connection, "Called Off", "not_there", "RunSignUp does not know this event any more.")
    make_contest(edition, connection, gone_at=clock())
    fail(connection, "Open", "down", DOWN)
    assert answer(sign_in(people.support).soup("/failed")) == "One failed run, one cause"


def test_retry_opens_that_run_again(people, sign_in, fail):
    _, run = fail(make_connection(people.company), "A", "down", DOWN)
    browser = sign_in(people.support)
    button = browser.soup("/failed").find(id=f"retry-{run.run_id}")
    browser.post(button["formaction"])
    db.session.rollback()
    assert db.session.get(Run, run.run_id).status == "pending"
    assert answer(browser.soup("/failed")) == "Nothing is failed"


def test_a_cause_without_end_is_cut_and_counted(people, sign_in, fail):
    connection = make_connection(people.company)
    for number in range(14):
        fail(connection, f"Race {number}", "bug", "Something of ours went wrong.")
    page = sign_in(people.support).soup("/failed")
    assert "and 4 more of the same cause" in words(page)
    assert "Our turn." in words(page)


def test_the_menu_counts_them(people, sign_in, fail):
    fail(make_connection(people.company), "A", "down", DOWN)
    nav = sign_in(people.support).soup("/queues").find("nav", attrs={"aria-label": "Main"})
    assert "Failed 1" in words(nav)
