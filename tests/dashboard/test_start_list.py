"""The start-list page: a dry run, words of people, files; and the plan of an event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select

from sync_jobs import start_lists
from sync_jobs.models import (
    PROVIDER_TABLES,
    Connection,
    Contest,
    ContestPair,
    EditionLink,
    EditionPlan,
    Run,
    StartListLine,
    db,
    write,
)
from sync_jobs.start_list import MOST_TRIES
from tests import factories
from tests.pages import asked, soup, words

HTMX = {"HX-Request": "true"}


@pytest.fixture
def scored(people):
    """One distance at RunSignUp with two people, mapped to one at ChronoTrack."""
    registration = factories.make_connection(people.company)
    scoring = factories.make_connection(people.company, "chronotrack")
    five = factories.make_contest(people.edition, registration, provider_contest_id="9", name="5K")
    theirs = factories.make_contest(people.edition, scoring, happening_id="400", provider_contest_id="400/501", name="5K Run")
    factories.make_link(people.edition, scoring, happening_id="400", happening_key="400@x")
    factories.keep(
        ContestPair(
            timing_partner_id=people.company.timing_partner_id, edition_id=people.edition.edition_id,
            registration_contest_id=five.contest_id, scoring_contest_id=theirs.contest_id, state="confirmed",
        )
    )  # fmt: skip
    with write() as session:
        for number, name in ((7, "Ada"), (8, "Bea")):
            session.execute(
                insert(PROVIDER_TABLES["runsignup_participants"]).values(
                    registration_id=number, event_id=9, race_id=3, timing_partner_id=people.company.timing_partner_id,
                    first_name=name, last_name="Lund", bib_num=str(number), gender="F", dob="1990-07-15",
                )
            )  # fmt: skip
    return scoring


def address(people):
    return f"/events/{people.edition.edition_id}/start-list"


def runs():
    db.session.rollback()
    return db.session.execute(select(Run.operation_type, Run.sync_direction, Run.status, Run.trigger)).all()


def test_the_dry_run_names_everybody_who_would_be_sent_and_sends_nothing(people, sign_in, scored):
    page = sign_in(people.partner).soup(address(people))
    assert "2 lines to send" in words(page.h1)
    assert "Ada Lund · bib 7 · rsu:7" in words(page)
    assert "2 to be added" in words(page)
    assert runs() == []


def test_who_stands_there_is_counted_and_a_difference_shows_both_sides(people, sign_in, scored):
    with write() as session:
        for number, last in ((7, "Lund"), (8, "Lundt")):
            session.execute(
                insert(PROVIDER_TABLES["ct_participants"]).values(
                    entry_id=f"e{number}", entry_external_id=f"rsu:{number}", event_id="400", race_id="501", entry_bib=str(number),
                    timing_partner_id=people.company.timing_partner_id, athlete_first_name="Ada" if number == 7 else "Bea",
                    athlete_last_name=last, athlete_sex="F", athlete_birthdate="1990-07-15",
                )
            )  # fmt: skip
    said = words(sign_in(people.partner).soup(address(people)))
    assert "1 on the list as registered" in said
    assert "last name: Lundt → Lund" in said


def test_the_dry_run_also_shows_what_would_have_to_be_decided(people, sign_in, scored):
    with write() as session:
        session.execute(
            insert(PROVIDER_TABLES["ct_participants"]).values(
                entry_id="e7", entry_external_id="rsu:7", event_id="400", race_id="501", entry_bib="99",
                timing_partner_id=people.company.timing_partner_id, athlete_first_name="Ada", athlete_last_name="Lund",
            )
        )  # fmt: skip
    said = words(sign_in(people.partner).soup(address(people)))
    assert "1 person to be asked about, after the next sending" in said
    assert "bib 7 here, 99 there" in said
    assert runs() == []


def test_sending_asks_for_one_run(people, sign_in, scored):
    browser = sign_in(people.partner)
    for _ in range(2):
        said = browser.post(address(people), data={"connection_id": scored.connection_id}, headers=HTMX)
    assert "on its way already" in words(soup(said))
    assert runs() == [("start_list", "push", "pending", "manual")]


def test_another_companys_connection_is_not_there(people, sign_in, scored):
    foreign = factories.make_connection(people.elsewhere, "chronotrack")
    assert sign_in(people.partner).post(address(people), data={"connection_id": foreign.connection_id}).status_code == 404


@pytest.mark.parametrize(("answer", "state", "runs_asked"), [("approved", "approved", 1), ("declined", "declined", 0)])
def test_a_word_is_kept_with_who_said_it_and_can_be_taken_back(people, sign_in, scored, answer, state, runs_asked):
    line = factories.make_line(people.edition, scored)
    browser = sign_in(people.partner)
    assert browser.post(f"/start-list/lines/{line.line_id}", data={"answer": answer}, headers=HTMX).status_code == 200
    db.session.rollback()
    kept = db.session.get_one(StartListLine, line.line_id)
    assert (kept.state, kept.decided_by) == (state, people.partner.name)
    assert len(runs()) == runs_asked
    assert browser.post(f"/start-list/lines/{line.line_id}", data={"answer": answer}, headers=HTMX).status_code == 409
    assert browser.post(f"/start-list/lines/{line.line_id}", data={"answer": "again"}, headers=HTMX).status_code == 200
    db.session.rollback()
    assert db.session.get_one(StartListLine, line.line_id).state == "waiting"


def test_a_yes_to_a_line_that_changed_meanwhile_is_not_taken(people, sign_in, scored):
    line = factories.make_line(people.edition, scored, contest_id=scoring_contest(scored))
    browser = sign_in(people.partner)
    pressed = browser.soup(address(people)).select_one(f"#yes-{line.line_id}")["formaction"]
    with write() as session:
        session.get_one(StartListLine, line.line_id).at += timedelta(seconds=1)
    assert browser.post(pressed, data={"answer": "approved"}, headers=HTMX).status_code == 409
    again = browser.soup(address(people)).select_one(f"#yes-{line.line_id}")["formaction"]
    assert browser.post(again, data={"answer": "approved"}, headers=HTMX).status_code == 200


def test_nobody_says_yes_to_a_third_of_two(people, sign_in, scored):
    line = factories.make_line(people.edition, scored, contest_id=scoring_contest(scored), step="twice")
    browser = sign_in(people.partner)
    page = browser.soup(address(people))
    assert page.select_one(f"#line-{line.line_id}") is not None
    assert page.select_one(f"#yes-{line.line_id}") is None
    assert browser.post(f"/start-list/lines/{line.line_id}", data={"answer": "approved"}, headers=HTMX).status_code == 409


def test_a_word_stays_where_the_event_is_not_linked_any_more(people, sign_in, scored):
    line = factories.make_line(people.edition, scored)
    with write() as session:
        session.execute(delete(EditionLink).where(EditionLink.connection_id == scored.connection_id))
    said = sign_in(people.partner).post(f"/start-list/lines/{line.line_id}", data={"answer": "approved"}, headers=HTMX)
    assert (said.status_code, runs()) == (200, [])


def test_many_who_wait_cost_no_more_statements_than_few(people, sign_in, scored):
    browser = sign_in(people.partner)
    contest = scoring_contest(scored)
    factories.make_line(people.edition, scored, contest_id=contest)
    with asked() as few:
        browser.get(address(people))
    for _ in range(20):
        factories.make_line(people.edition, scored, contest_id=contest, state="declined")
    with asked() as many:
        page = browser.get(address(people))
    assert len(many.statements) == len(few.statements)
    assert "1 person waits for your word" in words(soup(page).h1)


def scoring_contest(scored):
    found = db.session.scalars(select(Contest.contest_id).where(Contest.connection_id == scored.connection_id)).one()
    db.session.rollback()
    return found


def test_foreign_lines_and_files_are_not_there(people, sign_in):
    edition = factories.make_edition(people.elsewhere)
    connection = factories.make_connection(people.elsewhere, "chronotrack")
    line, file = factories.make_line(edition, connection), factories.make_file(edition, connection)
    browser = sign_in(people.partner)
    assert browser.post(f"/start-list/lines/{line.line_id}", data={"answer": "approved"}).status_code == 404
    assert browser.get(f"/start-list/files/{file.file_id}").status_code == 404
    assert browser.post(f"/start-list/files/{file.file_id}").status_code == 404


def test_a_file_is_handed_out_as_it_was_made_and_noted_when_loaded(people, sign_in, scored):
    file = factories.make_file(people.edition, scored)
    browser = sign_in(people.partner)
    assert "File ready, 1 new person" in words(browser.soup(address(people)))
    given = browser.get(f"/start-list/files/{file.file_id}")
    assert (given.data, given.headers["Content-Disposition"]) == (file.content, "attachment; filename=start-list.csv")
    browser.post(f"/start-list/files/{file.file_id}", data={})
    assert f"loaded by {people.partner.name}" in words(browser.soup(address(people)))


def test_who_loaded_a_file_first_stays_named(people, sign_in, scored):
    file = factories.make_file(people.edition, scored)
    sign_in(people.partner).post(f"/start-list/files/{file.file_id}", data={})
    browser = sign_in(people.support)
    said = browser.post(f"/start-list/files/{file.file_id}", data={}, headers=HTMX)
    assert (said.status_code, f"{people.partner.name} said so already" in words(soup(said))) == (409, True)
    assert f"loaded by {people.partner.name}" in words(browser.soup(address(people)))


# What was refused


def refused(people, scored, **given):
    given = {"state": "refused", "step": "create", "why": "ChronoTrack refused it (HTTP 409).", "tries": 3, **given}
    return factories.make_line(people.edition, scored, contest_id=scoring_contest(scored), **given)


def test_a_refused_line_is_tried_again_when_somebody_presses(people, sign_in, scored):
    line = refused(people, scored, registration_key="7", wanted=wanted_of("7", scored), tries=MOST_TRIES)
    browser = sign_in(people.partner)
    page = browser.soup(address(people))
    assert "1 line to send" in words(page.h1), "the other one"
    pressed = page.select_one(f"#try-{line.line_id}")
    said = browser.post(pressed["formaction"], data={pressed["name"]: pressed["value"]}, headers=HTMX)
    assert (said.status_code, "tried again" in words(soup(said))) == (200, True)
    kept = db.session.get_one(StartListLine, line.line_id, populate_existing=True)
    assert (kept.state, kept.tries, kept.decided_by) == ("approved", 0, people.partner.name)
    assert runs() == [("start_list", "push", "pending", "change")]
    page = browser.soup(address(people))
    assert "2 lines to send" in words(page.h1)
    assert page.select_one(f"#again-{line.line_id}") is None, "there is nothing to ask about it"
    assert browser.post(pressed["formaction"], data={"answer": "try"}, headers=HTMX).status_code == 409


def wanted_of(key, scored):
    planned = start_lists.plans(edition_of(scored), scored.connection_id)
    return next(step.wanted for _, plan in planned for step in plan.steps if step.person[1] == key)


def edition_of(scored):
    found = db.session.scalars(select(Contest.edition_id).where(Contest.connection_id == scored.connection_id)).first()
    db.session.rollback()
    return found


def test_all_that_were_refused_are_tried_again_at_one_press(people, sign_in, scored):
    other = factories.make_connection(people.company, "copernico")
    mine = [refused(people, scored).line_id for _ in range(3)]
    left = factories.make_line(people.edition, other, state="refused").line_id
    declined = refused(people, scored, state="declined").line_id
    browser = sign_in(people.partner)
    pressed = browser.soup(address(people)).select_one(f"#try-all-{scored.connection_id}")
    said = browser.post(pressed["formaction"], data={pressed["name"]: pressed["value"]}, headers=HTMX)
    assert (said.status_code, "3 lines" in words(soup(said))) == (200, True)
    db.session.rollback()
    states = dict(db.session.execute(select(StartListLine.line_id, StartListLine.state)).all())
    assert states == {**dict.fromkeys(mine, "approved"), left: "refused", declined: "declined"}
    assert runs() == [("start_list", "push", "pending", "change")]
    assert browser.post(pressed["formaction"], data={pressed["name"]: pressed["value"]}, headers=HTMX).status_code == 409


def test_trying_again_is_for_those_who_may_send_and_at_home(people, sign_in, scored):
    line, press_all = refused(people, scored), f"{address(people)}/refused"
    foreign = factories.make_connection(people.elsewhere, "chronotrack")
    elsewhere = factories.make_line(factories.make_edition(people.elsewhere), foreign, state="refused")
    director, partner = sign_in(people.director), sign_in(people.partner)
    assert director.post(f"/start-list/lines/{line.line_id}", data={"answer": "try"}).status_code == 403
    assert director.post(press_all, data={"connection_id": scored.connection_id}).status_code == 403
    assert partner.post(f"/start-list/lines/{elsewhere.line_id}", data={"answer": "try"}).status_code == 404
    assert partner.post(press_all, data={"connection_id": foreign.connection_id}).status_code == 404
    assert partner.get(press_all).status_code == 405
    db.session.rollback()
    assert set(db.session.scalars(select(StartListLine.state))) == {"refused"}


# Long lists


def test_five_thousand_lines_make_a_small_page_that_goes_on(people, sign_in, scored):
    browser, contest = sign_in(people.partner), scoring_contest(scored)
    factories.make_line(people.edition, scored, contest_id=contest, registration_key="w0")
    refused(people, scored)
    with asked() as few:
        browser.get(address(people))
    fields = {"timing_partner_id": people.company.timing_partner_id, "edition_id": people.edition.edition_id, "step": "withdraw",
              "connection_id": scored.connection_id, "contest_id": contest, "registration_provider": "runsignup",
              "external_id": "rsu:1", "at": people.edition.starts_at, "wanted": {"first_name": "Ada", "last_name": "Lund"},
              "why": "They are not registered any more."}  # fmt: skip
    rows = [
        {**fields, "registration_key": f"{state}{number}", "state": state}
        for state in ("waiting", "refused") for number in range(2_500)
    ]  # fmt: skip
    with write() as session:
        session.execute(insert(StartListLine), rows)
    with asked() as many:
        page = browser.get(address(people))
    assert len(many.statements) == len(few.statements) <= 24
    assert len(page.data) < 60_000
    assert [step for step in many.plans if "SCAN start_list_lines" in step] == []
    shown = soup(page)
    assert "2,501 people wait for your word" in words(shown.h1)
    assert "2,471 more waiting, 2,471 more refused" in words(shown)
    seen = [line["id"] for line in shown.select("li[id^=line-]")]
    onward = next(link["href"] for link in shown.select("a.button") if "who wait" in words(link))
    further = [line["id"] for line in browser.soup(onward).select("li[id^=line-]")]
    assert (len(seen), len(further)) == (60, 60)
    assert len(set(seen) & set(further)) == 30, "those who were refused stand where they stood"
    last = browser.soup(f"{address(people)}?waiting={max(line_ids('waiting')) - 3}&refused={max(line_ids('refused'))}")
    assert len(last.select("li[id^=line-]")) == 3


def line_ids(state):
    found = list(db.session.scalars(select(StartListLine.line_id).where(StartListLine.state == state)))
    db.session.rollback()
    return found


def test_one_distance_can_be_looked_at_alone(people, sign_in, scored):
    contest = scoring_contest(scored)
    line = factories.make_line(people.edition, scored, contest_id=contest)
    browser = sign_in(people.partner)
    assert browser.soup(f"{address(people)}?distance={contest}").select_one(f"#line-{line.line_id}") is not None
    alone = browser.soup(f"{address(people)}?distance={contest + 1}")
    assert alone.select_one(f"#line-{line.line_id}") is None
    assert "1 more waiting" in words(alone)


def test_the_switch_says_that_writing_is_not_confirmed_and_is_an_owners(people, sign_in, scored):
    page = sign_in(people.partner).soup(address(people))
    assert page.select_one(f"#writes-{scored.connection_id}")["value"] == "on"
    assert sign_in(people.support).post(f"/connections/{scored.connection_id}/writes", data={"writes": "on"}).status_code == 403
    sign_in(people.partner).post(f"/connections/{scored.connection_id}/writes", data={"writes": "on"})
    db.session.rollback()
    assert db.session.get_one(Connection, scored.connection_id).writes == "on"


def test_without_a_map_the_page_says_what_to_do_first(people, sign_in):
    assert "Match the distances first" in words(sign_in(people.partner).soup(address(people)))


# Plans


def plan_address(people):
    return f"/events/{people.edition.edition_id}/plan"


def test_a_plan_is_chosen_and_shown_as_chosen(people, sign_in, clock):
    browser = sign_in(people.partner)
    assert browser.post(plan_address(people), data={"plan": "slow", "paused_until": ""}).status_code == 303
    db.session.rollback()
    kept = db.session.get_one(EditionPlan, people.edition.edition_id)
    assert (kept.plan, kept.paused_until, kept.chosen_by) == ("slow", None, people.partner.name)
    assert browser.soup(plan_address(people)).select_one("input[checked]")["value"] == "slow"


def test_a_pause_is_typed_in_the_events_own_zone(people, sign_in, clock):
    until = (clock() + timedelta(days=1)).replace(hour=12, minute=0)
    sign_in(people.partner).post(plan_address(people), data={"plan": "default", "paused_until": f"{until:%Y-%m-%d}T08:00"})
    db.session.rollback()
    assert db.session.get_one(EditionPlan, people.edition.edition_id).paused_until == until  # 08:00 in New York


@pytest.mark.parametrize(
    ("plan", "until", "sentence"),
    [
        ("slow", "2020-01-01T08:00", "That time has passed."),
        ("often", "", "Not a valid choice"),
        ("slow", "9999-12-31T23:59", "Choose a time within the next"),
        ("slow", "0001-01-01T00:00", "That time has passed."),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence_and_what_was_typed(people, sign_in, plan, until, sentence):
    answer = sign_in(people.partner).post(plan_address(people), data={"plan": plan, "paused_until": until})
    assert (answer.status_code, sentence in answer.text, until in answer.text) == (422, True, True)
    assert db.session.get(EditionPlan, people.edition.edition_id) is None
