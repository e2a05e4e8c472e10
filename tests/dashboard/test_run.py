"""The Run page: progress, changes, what was set aside, attempts, whose turn, and what may be pressed."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from sync_jobs.models import PROVIDER_TABLES, ChangedRow, Run, SetAside, db, write
from tests.factories import keep, make_attempt, make_connection, make_edition, make_link, make_run, make_state
from tests.pages import answer, live, soup, words

COUNTS = {
    "rows_new": 3,
    "rows_changed": 1,
    "rows_same": 1412,
    "rows_read": 1416,
    "calls": 3,
    "provider_ms": 2100,
    "waited_ms": 40_000,
}


@pytest.fixture
def connection(people):
    return make_connection(people.company)


def page_of(run, browser):
    return browser.soup(f"/runs/{run.run_id}")


def test_a_running_one_shows_how_far_it_is_and_asks_again(people, sign_in, connection, clock):
    run = make_run(
        connection, "participants", people.edition, status="running", claimed_at=clock() - timedelta(seconds=9), pages_done=4,
        rows_read=2180, rows_total=3500,
    )  # fmt: skip
    page = page_of(run, sign_in(people.support))
    assert answer(page).endswith("Reading participants of Harbor Lights Half, 62 %")
    assert "page 4 · 2,180 of 3,500 rows · 9 s" in words(page)
    assert page.progress["value"] == "2180"
    assert "hx-get" in live(page).attrs


@pytest.mark.parametrize("total", [None, 4])  # four events, which come with their distances
def test_without_a_total_of_rows_there_is_no_bar(people, sign_in, connection, clock, total):
    run = make_run(connection, status="running", claimed_at=clock(), rows_read=12, rows_total=total, pages_done=1)
    page = page_of(run, sign_in(people.support))
    assert page.progress is None
    assert "page 1 · 12 rows" in words(page)


def test_a_finished_one_says_what_changed_and_polls_no_more(people, sign_in, connection, clock):
    run = make_run(
        connection, "participants", people.edition, status="completed", claimed_at=clock() - timedelta(seconds=12),
        finished_at=clock(),
        requested_by="Ana Ruiz", **COUNTS,
    )  # fmt: skip
    for key in ("5000001", "5000002"):
        keep(ChangedRow(run_id=run.run_id, timing_partner_id=1, table_name="runsignup_participants", row_key=key, change="new"))
    keep(ChangedRow(run_id=run.run_id, timing_partner_id=1, table_name="runsignup_participants", row_key="5000003", change="gone",
                    note="transferred to 5000009"))  # fmt: skip
    page = page_of(run, sign_in(people.support))
    assert "Participants of Harbor Lights Half: 3 new, 1 changed, 1,412 same" in answer(page)
    assert "RunSignUp · pressed by Ana Ruiz" in words(page)
    assert "New registrations 5000002 5000001" in words(page)
    assert "Gone registrations 5000003 , transferred to 5000009" in words(page)
    assert "waited 40 s worked 12 s of that, the provider 2.1 s in 3 calls" in words(page)
    assert "hx-get" not in live(page).attrs


def test_nothing_changed_is_said_as_such(people, sign_in, connection, clock):
    run = make_run(
        connection, "participants", people.edition, status="completed", finished_at=clock(), rows_read=900, rows_same=900
    )
    page = page_of(run, sign_in(people.support))
    assert answer(page).endswith("nothing changed")
    assert "Everything was as we hold it, so nothing was written." in words(page)


def test_rows_that_could_not_be_read_are_named_with_the_reason(people, sign_in, connection, clock):
    run = make_run(connection, "participants", people.edition, status="completed", finished_at=clock(), rows_aside=2, rows_read=9)
    fields = {"run_id": run.run_id, "timing_partner_id": 1, "table_name": "runsignup_participants", "attempt_no": 2}
    keep(SetAside(**fields, row_key="5000077", field="registration_date", why="no date"))
    keep(SetAside(**fields, row_key=None, place="page 2, row 3", field="registration_id", why="is missing"))
    keep(SetAside(**{**fields, "attempt_no": 1}, row_key="4000000", field="age", why="of an earlier attempt"))
    text = words(page_of(run, sign_in(people.support)))
    assert "registration 5000077 registration_date no date" in text
    assert "page 2, row 3 registration_id is missing" in text
    assert "earlier attempt" not in text


@pytest.fixture
def failed(people, connection, clock):
    run = make_run(
        connection, "participants", people.edition, status="failed", claimed_at=clock(), finished_at=clock(), error_kind="access",
        last_error="RunSignUp does not let this credential see this event.", error_detail="/race/7003/participants: 403",
    )  # fmt: skip
    make_attempt(run, status="failed", attempt_no=2, reason=run.last_error, error_details=run.error_detail)
    make_attempt(run, status="lost", attempt_no=1)
    return run


def test_a_failed_one_says_why_whose_turn_and_what_next(people, sign_in, failed):
    page = page_of(failed, sign_in(people.partner))
    assert answer(page).endswith("Participants of Harbor Lights Half failed")
    text = words(page)
    assert "RunSignUp does not let this credential see this event." in text
    assert "Big River Timing’s turn. Once that is done, retry." in text
    assert words(page.find(id="retry")) == "Retry"
    assert "worker lost" in text


def test_technical_detail_is_for_the_house(people, sign_in, failed):
    detail = "/race/7003/participants: 403"
    for role, sees in (("partner", False), ("director", False), ("support", True), ("administrator", True)):
        assert (detail in words(page_of(failed, sign_in(people.of(role))))) is sees, role


def test_a_later_success_takes_the_worry_away(people, sign_in, failed, connection, clock):
    clock.forward(minutes=20)
    make_state(connection, "participants", people.edition, last_success_at=clock())
    assert "A later run read the same without trouble" in words(page_of(failed, sign_in(people.support)))


def test_one_that_waits_for_its_provider_says_until_when(people, sign_in, connection, clock):
    run = make_run(
        connection, due_at=clock() + timedelta(minutes=42), last_error="RunSignUp asks us to wait.", error_kind="throttled"
    )
    page = page_of(run, sign_in(people.support))
    assert answer(page).endswith("tries again at 11:42 EDT")
    assert "Nobody’s turn, it passes" in words(page)


def test_times_stand_in_the_events_zone(people, sign_in, connection, clock):
    edition = make_edition(people.company, timezone="America/Denver")
    run = make_run(connection, "participants", edition, status="completed", finished_at=clock(), claimed_at=clock())
    page = page_of(run, sign_in(people.support))
    assert live(page)["data-at"] == "09:00:00 MDT"
    assert "ended 09:00 · now" in words(page)


def test_retry_works_without_scripts(people, sign_in, connection, failed):
    browser = sign_in(people.support)
    button = page_of(failed, browser).find(id="retry")
    make_link(people.edition, connection)
    back = browser.post(button["formaction"])
    assert (back.status_code, back.location) == (303, "/")
    db.session.rollback()
    assert db.session.get(Run, failed.run_id).status == "pending"
    again = browser.post(button["formaction"], headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert "not failed any more" in words(soup(again))


def test_what_may_not_sync_is_not_retried_and_says_why(people, sign_in, failed):
    said = sign_in(people.support).post(f"/runs/{failed.run_id}/retry", headers={"HX-Request": "true"})
    assert (said.status_code, "does not know this event" in words(soup(said))) == (409, True)


def test_cancel_stops_a_waiting_one_and_asks_a_running_one(people, sign_in, connection, clock):
    browser = sign_in(people.partner)
    waiting = make_run(connection)
    running = make_run(connection, "participants", people.edition, status="running", claimed_at=clock())
    said = browser.post(f"/runs/{waiting.run_id}/cancel", headers={"HX-Request": "true"})
    assert words(soup(said)) == "Cancelled."
    assert said.headers["HX-Trigger-After-Settle"] == "refresh"
    browser.post(f"/runs/{running.run_id}/cancel")
    page = page_of(running, browser)
    assert "stopping at the next page" in words(page)
    assert page.find(id="cancel") is None
    assert answer(page_of(waiting, browser)).endswith("cancelled")


def test_a_director_sees_runs_of_their_events_and_presses_nothing(people, sign_in, failed, connection):
    browser = sign_in(people.director)
    assert page_of(failed, browser).find(id="retry") is None
    other = make_run(connection, "participants", make_edition(people.company, "Not Given"))
    assert browser.get(f"/runs/{other.run_id}").status_code == 404


def test_a_stranger_learns_nothing(people, sign_in):
    run = make_run(make_connection(people.elsewhere), status="running")
    browser = sign_in(people.partner)
    for headers in ({}, {"HX-Request": "true"}):
        assert browser.get(f"/runs/{run.run_id}", headers=headers).status_code == 404
    assert browser.post(f"/runs/{run.run_id}/cancel").status_code == 404


def test_rows_of_the_old_system_can_be_looked_at_only(people, sign_in, connection):
    run = make_run(connection, target="", lock_name="", due_at=None)
    page = page_of(run, sign_in(people.support))
    assert answer(page).endswith("left waiting by the old system")
    assert page.find(id="cancel") is None
    assert "hx-get" not in live(page).attrs


def test_a_held_up_one_names_who_is_missing_and_asks_yes_or_no(people, sign_in, connection, clock):
    """Only their own company's people, although another's has the same number; a yes says so, a retry alone does not."""
    run = make_run(connection, "participants", people.edition, status="failed", finished_at=clock(), error_kind="shrunk",
                   last_error="Far fewer people.", cursor={"missing": 2})  # fmt: skip
    for number, (partner, name, bib) in enumerate([(1, "Ada", "12"), (1, "Bea", None), (2, "Eve", "13")]):
        with write() as session:
            session.execute(
                insert(PROVIDER_TABLES["runsignup_participants"]).values(
                    registration_id=5000001 + number % 2, timing_partner_id=partner, first_name=name, last_name="Lund", bib_num=bib
                )
            )
    for key in ("5000001", "5000002"):
        keep(ChangedRow(run_id=run.run_id, timing_partner_id=1, table_name="runsignup_participants", row_key=key, change="missing"))
    page = page_of(run, sign_in(people.support))
    named = [item.get_text(" ", strip=True) for item in page.select(".names li")]
    assert named == ["Ada Lund · bib 12", "Bea Lund"]
    assert page.select_one("#believe")["value"] == "gone"
    assert page.select_one("#retry").get("value") is None


def test_a_held_up_search_for_events_names_the_missing_distances(people, sign_in, connection, clock):
    run = make_run(connection, status="failed", finished_at=clock(), error_kind="shrunk", last_error="Far fewer events.",
                   cursor={"missing": 2})  # fmt: skip
    for key, name in (("2", "Harbor Lights Half: 5K"), ("1", "Bridge Run: 10K")):
        keep(
            ChangedRow(
                run_id=run.run_id, timing_partner_id=1, table_name="runsignup_events", row_key=key, change="missing", note=name
            )
        )
    page = page_of(run, sign_in(people.support))
    assert [words(item) for item in page.select(".names li")] == ["Bridge Run: 10K", "Harbor Lights Half: 5K"]
    assert "What is missing 2 distances" in words(page)
    assert page.select_one("#believe")["value"] == "gone"


@pytest.mark.parametrize(("given", "cursor"), [({}, {"missing": 2}), ({"answer": "gone"}, {"missing": 2, "accept_shrunk": 2})])
def test_only_a_yes_reaches_the_run(people, sign_in, connection, clock, given, cursor):
    make_link(people.edition, connection)
    run = make_run(connection, "participants", people.edition, status="failed", finished_at=clock(), error_kind="shrunk",
                   last_error="Far fewer people.", cursor={"missing": 2})  # fmt: skip
    sign_in(people.support).post(f"/runs/{run.run_id}/retry", data=given)
    db.session.rollback()
    opened = db.session.get_one(Run, run.run_id)
    assert (opened.status, opened.cursor) == ("pending", cursor)
