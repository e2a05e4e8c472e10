"""The list of events and one event: both sides, distances, what runs next; within what a person may see."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sync_jobs.models import Connection, Contest, EditionLink, Schedule, SyncState, db, write
from tests.factories import keep, make_connection, make_contest, make_edition, make_link, make_run, make_state
from tests.pages import answer, live, row, words


def names(page):
    return [words(name) for name in page.select("li .strong")]


def test_what_is_next_stands_first(people, sign_in, clock):
    for number, days in enumerate((9, 2, -20)):
        start = clock() + timedelta(days=days)
        make_edition(people.company, f"Race {number}", starts_at=start, ends_at=start)
    browser = sign_in(people.partner)
    assert names(browser.soup("/events")) == ["Harbor Lights Half", "Race 1", "Race 0"]
    assert names(browser.soup("/events?period=over")) == ["Race 2"]
    assert answer(browser.soup("/events")) == "One event today, and it is fresh"


def test_a_start_at_midnight_is_a_day_without_a_time(people, sign_in, clock):
    midnight = clock().replace(hour=4) + timedelta(days=2)
    make_edition(people.company, "No time entered", starts_at=midnight, ends_at=midnight)
    said = words(row(sign_in(people.partner).soup("/events"), "No time entered"))
    assert "Sunday" in said
    assert ":" not in said


def test_pages_go_on_where_the_last_one_ended_also_at_the_same_start(people, sign_in, clock):
    for number in range(60):
        make_edition(people.company, f"Race {number:02}")
    browser, address, seen = sign_in(people.partner), "/events", []
    while address:
        page = browser.soup(address)
        seen += names(page)
        more = page.find("a", string="More")
        address = more["href"] if more else None
    assert len(seen) == len(set(seen)) == 61


def test_a_director_sees_only_what_was_given(people, sign_in):
    other = make_edition(people.company, "Not Given")
    browser = sign_in(people.director)
    assert names(browser.soup("/events")) == ["Harbor Lights Half"]
    assert browser.get(f"/events/{other.edition_id}").status_code == 404


def test_a_partner_sees_nothing_of_another(people, sign_in):
    other = make_edition(people.elsewhere, "Lakeside 5K")
    browser = sign_in(people.partner)
    assert "Lakeside 5K" not in names(browser.soup("/events"))
    assert browser.get(f"/events/{other.edition_id}").status_code == 404
    assert "Lakeside 5K" in names(sign_in(people.support).soup("/events"))


def test_an_empty_list_says_what_fills_it(people, sign_in):
    assert "The timing partner decides which events you see" in words(sign_in(people.director).soup("/events?period=over"))
    assert "Events come from the providers" in words(sign_in(people.support).soup("/events?period=over"))


def test_a_period_that_is_none_is_explained(people, sign_in):
    page = sign_in(people.support).soup("/events?period=soon")
    assert "“soon” is not one of coming, over, undated." in words(page)


@pytest.fixture
def event(people, clock):
    edition = make_edition(people.company, "Maple 10K", timezone="America/Denver", timezone_source="runsignup",
                           city="Boulder", state="CO",
                           starts_at=clock() + timedelta(hours=4, minutes=12), ends_at=clock() + timedelta(hours=5))  # fmt: skip
    rsu, roster = make_connection(people.company), make_connection(people.company, "raceroster")
    make_link(edition, rsu)
    make_link(edition, roster)
    make_contest(edition, rsu, "Ten Kilometres", starts_at=edition.starts_at)
    make_contest(edition, roster, "10 km", starts_at=None, rows_held=815)
    make_state(
        rsu,
        "participants",
        edition,
        rows_held=1204,
        rows_expected=1207,
        rows_aside=2,
        last_success_at=clock() - timedelta(minutes=12),
    )
    make_state(roster, "participants", edition, rows_held=380, rows_expected=380)
    target = f"{rsu.connection_id}:participants:{edition.edition_id}"
    keep(Schedule(target=target, timing_partner_id=people.company.timing_partner_id, connection_id=rsu.connection_id,
                  edition_id=edition.edition_id, provider_name="runsignup", operation_type="participants",
                  timezone="America/Denver",                  next_run_at=clock() + timedelta(minutes=36)))  # fmt: skip
    make_run(rsu, "participants", edition, status="completed", finished_at=clock(), rows_new=3, rows_read=1204)
    return edition


def page_of(event, browser):
    return browser.soup(f"/events/{event.edition_id}")


def test_both_sides_of_an_event(people, sign_in, event):
    page = page_of(event, sign_in(people.partner))
    assert answer(page).endswith("Maple 10K: 1,584 people registered, read 12 min ago")
    assert "Today 13:12, in 4 h 12 min · Boulder, CO · times in MDT, from RunSignUp" in words(page)
    side = words(row(page, "RunSignUp", "li"))
    assert "1,204 registrations · the provider counts 1,207, 3 more" in side
    assert "2 rows set aside" in side
    assert "the provider counts the same" in words(row(page, "Race Roster", "li"))
    assert "No scoring system is linked" in words(page)


def test_distances_keep_each_providers_name(people, sign_in, event):
    page = page_of(event, sign_in(people.partner))
    assert "Ten Kilometres RunSignUp not read yet 13:12" in words(row(page, "Ten Kilometres", "tr"))
    assert "10 km Race Roster 815 people no time given" in words(row(page, "10 km", "tr"))


def test_a_side_that_is_paused_says_so_and_why(people, sign_in):
    make_link(people.edition, make_connection(people.company, state="paused", paused_reason="moving house"))
    make_link(people.edition, make_connection(people.company, "raceroster"))
    page = sign_in(people.director).soup(f"/events/{people.edition.edition_id}")
    assert "Paused: “moving house”. Nothing is read until somebody resumes it." in words(row(page, "RunSignUp", "li"))
    assert "Paused" not in words(row(page, "Race Roster", "li"))


def test_a_distance_that_the_provider_does_not_tell_is_not_called_empty(people, sign_in, event):
    with write() as session:
        session.execute(update(SyncState).where(SyncState.provider_name == "raceroster").values(never_sent=["sub_event_id"]))
        session.execute(update(Contest).where(Contest.provider_name == "raceroster").values(rows_held=0))
    page = page_of(event, sign_in(people.partner))
    assert "10 km Race Roster the provider does not say" in words(row(page, "10 km", "tr"))
    assert "not read yet" in words(row(page, "Ten Kilometres", "tr"))


def test_what_runs_next_and_what_ran(people, sign_in, event):
    text = words(page_of(event, sign_in(people.partner)))
    assert "Participants, RunSignUp 09:36 , in 36 min · Standard" in text
    assert "3 new" in text


def test_sync_now_reads_this_event_only(people, sign_in, event):
    browser = sign_in(people.partner)
    button = row(page_of(event, browser), "RunSignUp", "li").button
    browser.post(button["formaction"], data={button["name"]: button["value"]})
    page = page_of(event, browser)
    assert "Waiting …" in words(row(page, "1,204 registrations", "li"))
    assert "Sync now" in words(row(page, "Race Roster", "li"))


def test_a_side_that_failed_says_why_and_whose_turn(people, sign_in, clock):
    connection = make_connection(people.company)
    make_link(people.edition, connection)
    make_state(connection, "participants", people.edition, last_status="failed", failing_since=clock(), last_run_id=5,
               error_kind="access",
               error_sentence="RunSignUp does not let this credential see this event.")  # fmt: skip
    page = page_of(people.edition, sign_in(people.director))
    assert answer(page).endswith("Harbor Lights Half: RunSignUp could not be read")
    side = row(page, "does not let", "li")
    assert "Big River Timing’s turn." in words(side)
    assert side.a["href"] == "/runs/5"
    assert live(page)["data-worst"] == "bad"


def test_a_director_presses_nothing(people, sign_in):
    connection = make_connection(people.company)
    make_link(people.edition, connection)
    page = page_of(people.edition, sign_in(people.director))
    assert not page.main.find_all("button")
    assert "Only what was given" not in words(page)


def test_an_event_that_was_joined_is_found_under_the_other(people, sign_in):
    joined = make_edition(people.company, "Harbor Lights Half Marathon")
    with write() as session:
        session.get(type(joined), joined.edition_id).joined_into = people.edition.edition_id
    assert sign_in(people.partner).get(f"/events/{joined.edition_id}").status_code == 404


@pytest.fixture
def unlisted(people, clock):
    """An event next week whose only provider lists none of its distances any more; it was read well until then."""
    connection = make_connection(people.company)
    start = clock() + timedelta(days=7)
    edition = make_edition(people.company, "Called Off 10K", starts_at=start, ends_at=start)
    make_link(edition, connection)
    make_contest(edition, connection, gone_at=clock() - timedelta(hours=20), rows_held=120)
    make_state(connection, "participants", edition, last_success_at=clock() - timedelta(hours=21), rows_held=120)
    return edition


def test_an_event_that_is_no_longer_listed_says_so_and_is_nobodys_trouble(people, sign_in, unlisted, clock):
    browser = sign_in(people.support)
    page = browser.soup(f"/events/{unlisted.edition_id}")
    assert answer(page).endswith("Called Off 10K is no longer listed")
    assert "RunSignUp does not list this event any more" in words(page)
    assert "the event is no longer listed" in words(page)
    assert page.find("button", string="Sync now") is None
    assert "no longer listed" in words(row(browser.soup("/events"), "Called Off 10K"))
    overview = browser.soup("/")
    assert answer(overview) == "Nothing needs anybody"
    assert "no current events" in words(overview)


def test_an_event_that_one_provider_still_lists_stands_as_that_one_does(people, sign_in, unlisted, clock):
    other = make_connection(people.company, "raceroster")
    make_link(unlisted, other)
    make_contest(unlisted, other)
    make_state(other, "participants", unlisted, last_success_at=clock() - timedelta(minutes=12), rows_held=80)
    browser = sign_in(people.support)
    assert "12 min" in words(row(browser.soup("/events"), "Called Off 10K"))
    page = browser.soup(f"/events/{unlisted.edition_id}")
    assert "no longer listed" not in answer(page)
    assert len(page.find_all("button", string="Sync now")) == 1


def test_a_distance_alone_that_is_gone_changes_nothing_else(people, sign_in, unlisted, clock):
    (link,) = [one.connection_id for one in db.session.scalars(select(EditionLink))]
    make_contest(unlisted, db.session.get_one(Connection, link), "5K")
    page = sign_in(people.support).soup(f"/events/{unlisted.edition_id}")
    assert "10K no longer listed" in words(page)
    assert page.find("button", string="Sync now") is not None
    assert "21 h" in words(page)
