"""The buttons: one press, one run; the same press twice joins it; what cannot be done says why."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from sync_jobs.models import Run, db
from tests.factories import make_connection, make_edition, make_link, make_partner
from tests.pages import asked, row, soup, words

HTMX = {"HX-Request": "true"}


def runs():
    db.session.rollback()
    return list(db.session.execute(select(Run.target, Run.status, Run.trigger, Run.requested_by).order_by(Run.target)).all())


@pytest.fixture
def connection(people):
    connection = make_connection(people.company)
    make_link(people.edition, connection)
    return connection


def press(browser, connection, query="", **named):
    return browser.post(f"/connections/{connection.connection_id}/sync{query}", **named)


def test_one_press_reads_the_list_and_everybody_of_what_is_not_over(people, sign_in, connection, clock):
    over = make_edition(people.company, "Spring Mile", starts_at=clock() - timedelta(days=9), ends_at=clock() - timedelta(days=9))
    make_link(over, connection)
    said = press(sign_in(people.partner), connection, headers=HTMX)
    key = connection.connection_id
    assert [run.target for run in runs()] == [f"{key}:events:all", f"{key}:participants:{people.edition.edition_id}"]
    assert {(run.status, run.trigger, run.requested_by) for run in runs()} == {("pending", "manual", people.partner.name)}
    assert words(soup(said)) == "Asked RunSignUp for 2 readings."
    assert said.headers["HX-Trigger-After-Settle"] == "refresh"


def test_a_second_press_joins_the_first(people, sign_in, connection):
    press(sign_in(people.partner), connection)
    said = press(sign_in(people.support), connection, headers=HTMX)
    assert len(runs()) == 2
    assert "this press joined it" in words(soup(said))


def test_the_button_of_the_page_works_without_scripts(people, sign_in, connection):
    browser = sign_in(people.support)
    page = browser.soup("/")
    button = row(page, "RunSignUp", "tr").button
    form = page.find("form", id=button["form"])
    assert form["method"] == "post"
    assert form.find("input", attrs={"name": "csrf_token"})
    back = browser.post(button["formaction"], headers={"Referer": "http://localhost/partners/1?x=1"})
    assert (back.status_code, back.location) == (303, "/partners/1?x=1")
    after = browser.soup("/")
    assert "Asked RunSignUp for 2 readings." in words(after.find(id="said"))
    assert "Waiting …" in words(row(after, "RunSignUp", "tr"))


def test_a_press_never_leads_to_another_site(people, sign_in, connection):
    for referer in ("https://elsewhere.example/", "http://localhost//elsewhere.example/"):
        assert press(sign_in(people.support), connection, headers={"Referer": referer}).location == "/"


def test_one_event_alone(people, sign_in, connection):
    edition = people.edition.edition_id
    answer = press(sign_in(people.partner), connection, f"?edition_id={edition}", data={"operation": "participants"})
    assert [run.target for run in runs()] == [f"{connection.connection_id}:participants:{edition}"]
    run_id = db.session.scalar(select(Run.run_id))
    assert answer.location == f"/runs/{run_id}"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"state": "paused", "paused_reason": "moving house"}, "is paused: moving house. Resume it first."),
        ({"state": "incomplete"}, "still needs a credential"),
        ({"provider_name": "racerecord", "state": "unsupported"}, "comes with a later version"),
    ],
)
def test_what_cannot_sync_says_why_and_asks_for_nothing(people, sign_in, given, why):
    connection = make_connection(people.company, **given)
    said = press(sign_in(people.partner), connection, headers=HTMX)
    assert said.status_code == 409
    assert why in words(soup(said))
    assert runs() == []


def test_nothing_runs_before_the_partner_is_started(sign_in, people):
    connection = make_connection(make_partner("Old Mill Events", started=False))
    said = press(sign_in(people.support), connection, headers=HTMX)
    assert "has not been started yet" in words(soup(said))


def test_another_partners_connection_is_not_there(people, sign_in):
    assert press(sign_in(people.partner), make_connection(people.elsewhere)).status_code == 404


def test_looking_never_writes(people, sign_in, connection):
    browser = sign_in(people.support)
    with asked() as queries:
        for address in ("/", "/events", "/history", "/failed", "/queues", "/partners/1", f"/events/{people.edition.edition_id}"):
            browser.soup(address)
    assert not [statement for statement, _ in queries.statements if not statement.lstrip().startswith("SELECT")]
