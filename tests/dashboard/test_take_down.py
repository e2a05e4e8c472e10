"""The two ways back: taking down what is public, and going back to an earlier version. Real doors behind, real people in front."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from sync_jobs import approvals, times
from sync_jobs.models import Account, Approval, Connection, Publication, ResultDestination, Run, db, write
from tests.dashboard.conftest import read
from tests.factories import make_account
from tests.pages import answer, asked, words
from tests.sync_jobs.raceday import race_day


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 13))
    day.base = f"/events/{day.sides.id}/results/{day.contest_id}"
    return day


@pytest.fixture
def public(day):
    day.pull()
    day.go_public()
    return day


@pytest.fixture
def browse(sign_in):
    return lambda actor: sign_in(db.session.get(Account, actor.account_id))


@pytest.fixture
def director(day, browse):
    return browse(day.director)


def down(browser, day, **given):
    return browser.post(f"{day.base}/take-down", data={"to": day.destination_id, "reason": "wrong course", **given})


def retractions():
    db.session.rollback()
    return list(db.session.scalars(select(Publication).where(Publication.act == "retraction")))


def test_nothing_public_says_so_and_offers_no_button(day, director):
    day.pull()
    page = director.soup(f"{day.base}/take-down")
    assert answer(page) == "Nothing of 10K Run is public"
    assert page.select("main form") == []


def test_it_says_what_happens_and_one_word_is_enough(public, director):
    page = director.soup(f"{public.base}/take-down")
    assert answer(page) == "Take down the results of 10K Run?"
    assert "RunSignUp: 10K public as preliminary, version 1" in words(page)
    assert "They are hidden at once, no row is deleted, and nobody gets a message." in words(page)
    assert page.select_one("main button.main.big").text == "Take the results down"
    done = down(director, public)
    assert (done.status_code, done.location) == (303, public.base)
    (made,) = retractions()
    word = db.session.get(Approval, made.approval_id)
    assert (word.reason, word.requested_name, word.state) == ("wrong course", public.director.name, "approved")
    assert db.session.scalars(select(Run.operation_type).order_by(Run.run_id.desc())).first() == "publish"
    assert "It is being hidden at RunSignUp." in words(director.soup(public.base))


def test_a_second_press_is_the_first_one(public, director, browse):
    down(director, public)
    assert down(browse(public.partner), public, reason="me too").status_code == 303
    assert len(retractions()) == 1


def test_without_a_reason_nothing_happens_and_what_was_typed_stays(public, director, browse):
    refused = down(director, public, reason="  ")
    assert refused.status_code == 422
    assert "Say why: it is kept with your name and the time." in words(read(refused).select_one(".field.wrong"))
    support = browse(public.support)
    unnumbered = down(support, public, reason="they called")
    assert unnumbered.status_code == 422
    assert "name the ticket's number" in words(read(unnumbered))
    assert read(unnumbered).select_one("#reason").text.strip() == "they called"
    assert down(director, public, reason="x" * 501).status_code == 422
    assert retractions() == []
    assert down(support, public, reason="ticket 812").status_code == 303


def test_what_is_going_out_can_be_stopped(day, director):
    day.pull()
    day.approve(day.screen())
    page = director.soup(f"{day.base}/take-down")
    assert "something is on its way there and is stopped" in words(page)
    assert down(director, day).status_code == 303
    assert len(retractions()) == 1


def test_somebody_was_faster(public, director):
    approvals.retract(public.destination_id, "gone", public.director, times.now())
    public.publish(retractions()[0])
    late = down(director, public)
    assert late.status_code == 409
    assert answer(read(late)) == "Nothing of 10K Run is public"


def test_of_several_places_one_has_to_be_chosen(public, director, clock):
    place = public.place()
    columns = [column.key for column in ResultDestination.__table__.columns if column.key != "destination_id"]
    copied = {key: getattr(place, key) for key in columns}
    with write() as session:
        session.add(ResultDestination(**{**copied, "registration_contest_id": 999, "happening_id": "71"}))
    page = director.soup(f"{public.base}/take-down")
    assert len(page.select("input[type=radio][name=to]")) == 2
    refused = director.post(f"{public.base}/take-down", data={"reason": "wrong"})
    assert refused.status_code == 422
    assert "Choose what to take down." in words(read(refused))
    assert read(refused).select_one("#reason").text.strip() == "wrong"


def test_where_the_hub_cannot_reach_a_person_says_that_they_did_it(public, director):
    connection_id = public.place().connection_id
    with write() as session:
        session.execute(update(ResultDestination).values(provider_name="haku"))
        session.execute(update(Connection).where(Connection.connection_id == connection_id).values(provider_name="haku"))
    page = director.soup(f"{public.base}/take-down")
    assert "The hub cannot reach Haku: take the results down there yourself." in words(page)
    refused = down(director, public)
    assert refused.status_code == 422
    assert "Take them down there first, then tick this." in words(read(refused))
    assert down(director, public, done="on").status_code == 303


def test_only_their_own_and_nobody_elses(public, day, people, sign_in, browse):
    addresses = (f"{day.base}/take-down", f"{day.base}/go-back")
    for account in (people.director, make_account("partner", people.elsewhere)):
        stranger = sign_in(account)
        for address in addresses:
            assert stranger.get(address).status_code == 404
            assert stranger.post(address, data={"to": day.destination_id, "reason": "x", "version": 1}).status_code == 404
    assert sign_in(people.administrator).get(addresses[0]).status_code == 403
    assert browse(public.support).get(addresses[1]).status_code == 403
    director = browse(day.director)
    assert director.get(f"{day.base}/take-down?to=999").status_code == 404
    assert down(director, day, to=999).status_code == 404
    assert director.get(f"{day.base}/go-back?version=999").status_code == 404
    assert director.get(f"{day.base}/go-back?version={2**70}").status_code == 404
    assert retractions() == []


# Back


@pytest.fixture
def corrected(public, clock):
    """Version 1 was official, version 2 took its place with another time."""
    clock.forward(hours=2)
    public.go_public("official")
    first = public.place().live_version_id
    clock.forward(minutes=5)
    public.times(e5=2600)
    public.pull()
    asked_for = public.approve(public.screen(), reason="recount")
    approvals.second(asked_for.approval_id, public.partner, times.now())
    assert public.publish(public.kept(asked_for)) is None
    public.first = first
    return public


def back(browser, day, **given):
    return browser.post(
        f"{day.base}/go-back", data={"version": day.first, "to": day.destination_id, "reason": "the recount was wrong", **given}
    )


def test_the_way_back_says_what_changes_and_that_somebody_else_agrees(corrected, director):
    page = director.soup(f"{corrected.base}/go-back?version={corrected.first}")
    said = words(page)
    assert answer(page) == "Go back to version 1?"
    assert "12 = " in said
    assert "before gun time 43:20" in said
    assert "It is a correction of official results: somebody else has to agree before anything goes out." in said
    done = back(director, corrected)
    assert done.status_code == 303
    assert "It waits for a second person." in words(director.soup(done.location))
    newest = db.session.scalars(select(Approval).order_by(Approval.approval_id.desc())).first()
    assert (newest.version_id, newest.act, newest.state, newest.reason) == (
        corrected.first,
        "correction",
        "waiting",
        "the recount was wrong",
    )


def test_the_way_back_needs_a_reason(corrected, director):
    refused = back(director, corrected, reason="")
    assert refused.status_code == 422
    assert "Say why" in words(read(refused).select_one(".field.wrong"))
    assert answer(read(refused)) == "Go back to version 1?"


def test_what_is_public_now_or_never_was_has_no_way_back(corrected, director):
    live = corrected.place().live_version_id
    page = director.soup(f"{corrected.base}/go-back?version={live}")
    assert answer(page) == "There is no way back to version 2"
    assert back(director, corrected, version=live).status_code == 404
    assert answer(director.soup(f"{corrected.base}/go-back")) == "Which version?"


def test_the_list_of_versions_leads_there_and_the_looking_is_cheap(corrected, director):
    page = director.soup(f"{corrected.base}/versions")
    address = page.find("a", string="Go back to it")["href"]
    assert address == f"{corrected.base}/go-back?version={corrected.first}"
    with asked() as statements:
        director.soup(address)
    assert len(statements.statements) <= 30
    with asked() as statements:
        director.soup(f"{corrected.base}/take-down")
    assert len(statements.statements) <= 9
