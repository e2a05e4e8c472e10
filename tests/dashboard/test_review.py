"""The review page through a browser: what it says in each state, each press, who may, and how little it sends."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sync_jobs import approvals, times
from sync_jobs.models import (
    Account,
    Approval,
    Hold,
    LookUp,
    Publication,
    ResultDestination,
    SyncState,
    TimerTask,
    Waiver,
    db,
    write,
)
from tests import factories
from tests.dashboard.conftest import read, words
from tests.pages import asked
from tests.sync_jobs.raceday import race_day

BASE = "/events/{}/results/{}"


@pytest.fixture
def day(app, clock):
    clock.forward(minutes=-30)
    return race_day(*range(1, 41))


@pytest.fixture
def version(day):
    return day.pull()


@pytest.fixture
def browse(sign_in):
    def as_actor(actor):
        return sign_in(db.session.get(Account, actor.account_id))

    return as_actor


def base(day):
    return BASE.format(day.sides.id, day.contest_id)


def form(page, ending):
    """The form that posts there, with what it would send."""
    found = [one for one in page.select("form[action]") if one["action"].partition("?")[0].endswith(ending)]
    assert found, f"no form for {ending}"
    fields = {one["name"]: one.get("value", "") for one in found[0].select("input[name]") if one.get("type") == "hidden"}
    return found[0]["action"], fields


def press(browser, page, ending, **typed):
    action, fields = form(page, ending)
    return browser.post(action, data={**fields, **typed})


def all_of(model, *conditions):
    db.session.rollback()
    return list(db.session.scalars(select(model).where(*conditions)))


def test_a_clean_version_says_that_it_is_ready_and_still_shows_podiums_and_who_is_missing(day, version, browse):
    page = browse(day.director).soup(base(day))
    assert words(page.h1).endswith("Ready: 40 finishers")
    text = words(page)
    assert "10K Run" in text
    assert "from ChronoTrack" in text
    assert "Women" in text
    assert "40 registered = 40 finished" in text
    button = page.select_one(".bar a.main")
    assert words(button) == "Publish 40 results as preliminary to RunSignUp"
    assert "Nobody will be notified." in words(page.select_one(".bar"))
    assert page.html["class"] == ["plain"]


def test_the_sheet_repeats_the_sentence_and_its_press_makes_one_publication_of_what_was_shown(day, version, browse):
    browser = browse(day.director)
    page = browser.soup(base(day))
    sheet = page.select_one("#sheet")
    assert "Publish 40 results as preliminary to RunSignUp?" in words(sheet)
    assert "Nobody will be notified." in words(sheet)
    shown = day.screen()
    first = press(browser, page, "/approve")
    again = press(browser, page, "/approve")
    assert (first.status_code, again.status_code) == (303, 303)
    [approval] = all_of(Approval)
    assert approval.payload_hash == shown.payload_hash
    assert approval.rendered_hash == shown.rendered_hash
    assert approval.requested_by == day.director.account_id
    assert len(all_of(Publication)) == 1
    after = browser.soup(first.location)
    assert "On its way to RunSignUp" in words(after.h1)
    assert not after.select("#sheet")


def test_a_get_never_approves(day, version, browse):
    page = browse(day.director).soup(base(day))
    assert browse(day.director).get(form(page, "/approve")[0]).status_code == 405
    assert all_of(Approval) == []


def test_a_time_that_changed_meanwhile_is_named_and_nothing_goes_out(day, version, browse, clock):
    browser = browse(day.director)
    page = browser.soup(f"{base(day)}?version={version}")
    day.times(e7=2200)
    clock.forward(minutes=1)
    newer = day.pull()
    answer = press(browser, page, "/approve", reason="Checked\n\nwith the announcer")
    assert answer.status_code == 409
    there = read(answer)
    said = words(there.select_one("#wrong"))
    assert "not what was on your screen" in said
    assert "bib 7" in said
    assert f"version={newer}" in form(there, "/approve")[0]
    assert there.select_one("#sheet textarea").text == "Checked\n\nwith the announcer"
    assert all_of(Approval) == []


def test_the_page_stays_with_its_version_and_says_that_a_newer_one_came(day, version, browse, clock):
    browser = browse(day.director)
    page = browser.soup(f"{base(day)}?version={version}")
    assert not page.select(".banner")
    day.run(41, 42)
    clock.forward(minutes=1)
    newer = day.pull()
    poll = page.select_one("#live")["hx-get"]
    assert "/banner?" in poll
    banner = read(browser.poll(poll))
    assert "version 2, 42 finishers" in words(banner)
    assert not banner.select("input, textarea, form")
    there = browser.soup(f"{base(day)}?version={version}")
    assert "2 added" in words(there.select_one(".banner"))
    links = [one["href"] for one in there.select(".banner a")]
    assert f"version={newer}" in links[0]
    assert f"stay={newer}" in links[1]
    assert "An earlier version: 40 finishers" in words(there.h1)
    assert "Ready: 40 results" in words(there)
    assert words(there.select_one(".bar a.main")) == "Review version 2"
    stayed = browser.soup(links[1])
    assert [words(one) for one in stayed.select(".banner a")] == ["Review the new one"]


def test_a_poll_without_news_is_empty_and_one_after_somebody_acted_says_so(day, version, browse):
    browser = browse(day.director)
    page = browser.soup(base(day))
    poll = page.select_one("#live")["hx-get"]
    assert browser.poll(poll).status_code == 204
    other = browse(day.partner)
    press(other, other.soup(base(day)), "/approve")
    assert "stands differently now" in words(read(browser.poll(poll)))


def test_a_finding_is_waived_with_a_reason_and_that_can_be_taken_back(day, version, browse, clock):
    browser, found = odd(day, browse, clock)
    card = found.select_one("[data-card]")
    assert "bib 9" in words(card) or "9" in words(card)
    number = card["id"].removeprefix("card-")
    action, fields = form(found, "/waive")
    assert fields["finding_id"] == number
    refused = browser.post(action, data=fields, follow_redirects=True)
    assert "Say why first" in words(read(refused))
    kept = browser.post(action, data={**fields, "reason": "video"}, follow_redirects=True)
    page = read(kept)
    [waiver] = all_of(Waiver)
    assert (waiver.reason, waiver.by_name) == ("video", day.director.name)
    assert f"card-{number}" not in str(page)
    back = next(one for one in page.select("button") if words(one) == "Take it back")
    browser.post(back["formaction"], data={back["name"]: back["value"]})
    assert all_of(Waiver)[0].ended_at is not None


def odd(day, browse, clock):
    """A runner whose gun time is before their chip time: something to look at."""
    day.result(9, results_time="00:10:00", results_gun_time="00:39:00")
    clock.forward(minutes=1)
    day.pull()
    browser = browse(day.director)
    page = browser.soup(base(day))
    assert page.select("[data-card]"), words(page)
    return browser, page


def test_a_row_is_held_and_let_go(day, version, browse, clock):
    browser, _ = odd(day, browse, clock)
    answer = browser.post(f"{base(day)}/hold?version={version}", data={"entry_key": "9", "reason": "runner"}, follow_redirects=True)
    page = read(answer)
    assert "One row held" in words(page)
    assert "Held: somebody left this row out" in words(page)
    let = next(one for one in page.select("button") if words(one) == "Let it go")
    browser.post(let["formaction"], data={let["name"]: let["value"]})
    assert [hold.ended_by for hold in all_of(Hold)] == [day.director.name]


def test_the_timer_is_asked_and_the_answer_is_noted(day, version, browse, clock):
    browser, page = odd(day, browse, clock)
    action, fields = form(page, "/ask")
    browser.post(action, data={**fields, "words": "Look at the start mat"})
    [task] = all_of(TimerTask)
    assert (task.kind, task.words) == ("ask", "Look at the start mat")
    assert "9" in task.bibs
    page = browser.soup(base(day))
    assert "Look at the start mat" in words(page)
    done = next(one for one in page.select("button") if words(one) == "Done")
    browser.post(done["formaction"], data={done["name"]: done["value"]})
    assert all_of(TimerTask)[0].done_by == day.director.name


def test_a_version_is_sent_back_and_a_rejected_one_is_never_offered_again(day, version, browse):
    browser = browse(day.director)
    page = browser.soup(base(day))
    assert "Say in words" in words(read(browser.post(*[form(page, "/send-back")[0]], data={}, follow_redirects=True)))
    press(browser, page, "/send-back", words="Wave 2 is four minutes off", bibs="7, 8")
    assert all_of(TimerTask)[0].bibs == ["7", "8"]
    page = browser.soup(base(day))
    assert words(page.h1).endswith("Sent back: the timer has to do something first")
    assert not page.select("#sheet")
    press(browser, page, "/reject", words="Wrong event")
    page = browser.soup(base(day))
    assert "Rejected" in words(page.h1)
    assert "Wrong event" in words(page)
    assert not page.select(".bar a.main")


def test_somebody_is_found_by_bib_or_name_and_who_looked_is_noted(day, version, browse):
    browser = browse(day.director)
    found = browser.post(f"{base(day)}/find?version={version}", data={"q": "7"})
    assert found.status_code == 303
    assert "q=" not in found.location
    page = browser.soup(found.location)
    assert "is in it" in words(page.h1)
    assert "Goes out, place 7" in words(page)
    note = all_of(LookUp)[0]
    assert (note.words, note.found, note.edition_id) == ("7", 1, day.sides.id)
    by_name = browser.soup(browser.post(f"{base(day)}/find", data={"q": "okafor"}).location)
    assert "fit “okafor”" in words(by_name.h1)
    assert browse(day.partner).get(found.location).text.count("That search is over") == 1
    assert browser.post(f"{base(day)}/find", data={"q": " - "}).status_code == 422


def test_the_search_says_why_somebody_is_not_public_and_takes_a_report(day, version, browse):
    browser = browse(day.director)
    day_hold(day, browser, "7")
    page = browser.soup(browser.post(f"{base(day)}/find", data={"q": "7"}).location)
    assert "does not go out" in words(page.h1)
    assert "Held: somebody left this row out" in words(page)
    nobody = browser.soup(browser.post(f"{base(day)}/find", data={"q": "999"}).location)
    assert "Nobody in these results fits" in words(nobody.h1)
    press(browser, nobody, "/missing", bibs="999", clothing="red singlet", time="10:42")
    [task] = all_of(TimerTask)
    assert (task.kind, task.bibs, task.words) == ("missing_runner", ["999"], "Wears red singlet. About 10:42")


def day_hold(day, browser, key):
    answer = browser.post(f"{base(day)}/hold", data={"entry_key": key, "reason": "video"})
    assert answer.status_code == 303


def test_a_correction_after_official_needs_a_second_person_who_sees_what_changes(day, version, browse, clock):
    day.go_public()
    clock.forward(minutes=90)
    day.go_public("official")
    day.times(e3=2000)
    clock.forward(minutes=1)
    day.pull()
    first, second = browse(day.director), browse(day.partner)
    page = first.soup(base(day))
    assert "What the public will see differently" in words(page)
    assert "A second person has to agree" in words(page.select_one("#sheet"))
    asked_for = press(first, page, "/approve", reason="Video of the finish")
    assert asked_for.status_code == 303, words(read(asked_for))
    mine = first.soup(base(day))
    assert "Waits for a second person" in words(mine.h1)
    assert "somebody else has to agree" in words(mine.select_one(".bar"))
    assert not mine.select("#sheet")
    theirs = second.soup(base(day))
    assert "Video of the finish" in words(theirs.select_one(".bar"))
    assert words(theirs.select_one(".bar a.main")).startswith("Agree: publish 40 results as corrected")
    action, fields = form(theirs, "/second")
    own = first.post(action, data=fields)
    assert own.status_code == 403
    assert "Somebody else has to agree" in words(read(own))
    assert press(second, theirs, "/second").status_code == 303
    assert all_of(Approval)[-1].approved_by == day.partner.account_id


def test_where_nobody_else_could_agree_it_cools_off_and_can_be_taken_back(app, clock, browse):
    clock.forward(minutes=-30)
    day = race_day(*range(1, 41), partner_person=False)
    day.pull()
    day.go_public()
    clock.forward(minutes=90)
    day.go_public("official")
    day.times(e3=2000)
    clock.forward(minutes=1)
    day.pull()
    browser = browse(day.director)
    page = browser.soup(base(day))
    assert "it goes out half an hour from now" in words(page.select_one("#sheet"))
    press(browser, page, "/approve", reason="Video")
    page = browser.soup(base(day))
    assert words(page.h1).endswith("Goes out at 12:31 EDT unless somebody stops it")
    press(browser, page, "/refuse")
    assert all_of(Approval)[-1].state == "withdrawn"


def test_messages_are_a_word_of_their_own_with_the_number_of_people(day, version, browse):
    browser = browse(day.director)
    page = browser.soup(base(day))
    tell = next(one for one in page.select("a") if words(one).startswith("Send messages too"))
    page = browser.soup(tell["href"])
    for part in (".bar", "#sheet"):
        assert "40 people get a message – cannot be recalled." in words(page.select_one(part))
    assert press(browser, page, "/approve").status_code == 303
    [approval] = all_of(Approval)
    assert (approval.tells, approval.tells_many) == (1, 40)


def test_official_is_a_second_gate_with_its_own_word(day, version, browse, clock):
    day.go_public()
    clock.forward(minutes=90)
    browser = browse(day.director)
    page = browser.soup(base(day))
    assert words(page.select_one(".bar a.main")) == "Publish 40 results as official to RunSignUp"
    assert press(browser, page, "/approve").status_code == 303
    assert all_of(Approval)[-1].act == "official"


def test_a_second_person_refuses_in_words_and_the_one_who_asked_takes_it_back(day, version, browse, clock):
    day.go_public()
    clock.forward(minutes=90)
    day.go_public("official")
    for who in (day.partner, day.director):
        day.times(e3=2000 - who.account_id)
        clock.forward(minutes=1)
        day.pull()
        first = browse(day.director)
        press(first, first.soup(base(day)), "/approve", reason="Video")
        browser = browse(who)
        said = {"words": "The video shows another"} if who is day.partner else {}
        press(browser, browser.soup(base(day)), "/refuse", **said)
        assert all_of(Approval)[-1].state == "withdrawn"
    assert "was taken back" in words(first.soup(base(day)))


def test_what_is_public_is_as_easily_taken_down_as_published(day, version, browse):
    day.go_public()
    page = browse(day.director).soup(base(day))
    assert words(page.h1).endswith("Public as preliminary: 40 results")
    down = next(one for one in page.select(".bar a") if words(one) == "Take down")
    assert down["href"].startswith(f"{base(day)}/take-down")
    assert "Not as official yet" in words(page.select_one(".bar"))


def test_a_standing_approval_is_given_shown_and_ended(day, version, browse):
    day.go_public()
    browser = browse(day.director)
    page = browser.soup(base(day))
    press(browser, page, "/stand", hours="2")
    page = browser.soup(base(day))
    assert "Standing approval: on until 12:30 EDT" in words(page)
    end = next(one for one in page.select("button") if words(one) == "End it now")
    browser.post(end["formaction"])
    assert "on until" not in words(browser.soup(base(day)))


def test_awards_handed_out_are_kept_and_taken_back(day, version, browse):
    browser = browse(day.director)
    page = browser.soup(base(day))
    action, _ = form(page, "/handed-out")
    browser.post(action, data={"entry": ["1", "2"]})
    page = browser.soup(base(day))
    assert "handed out" in words(page.select_one(".podiums"))
    browser.post(action, data={"entry": ["2"]})
    assert [one.entry_key for one in day.screen().handed_out] == ["2"]


@pytest.mark.parametrize("role", ["support", "administrator"])
def test_others_look_and_press_nothing(day, version, browse, sign_in, role):
    browser = sign_in(factories.make_account(role))
    page = browser.soup(base(day))
    assert "The director or the timing partner decides." in words(page)
    assert not page.select("#sheet, [data-card] form, #send-back")
    shown = day.screen()
    data = {
        "act": shown.act,
        "payload_hash": shown.payload_hash,
        "base_hash": shown.base_hash,
        "rendered_hash": shown.rendered_hash,
    }
    assert browser.post(f"{base(day)}/approve?version={version}&to={day.destination_id}", data=data).status_code == 403
    assert all_of(Approval) == []


def test_another_partners_people_and_another_events_director_see_nothing(day, version, sign_in):
    other = factories.make_partner("Lakeside Timing")
    stranger = sign_in(factories.make_account("partner", other))
    unlucky = sign_in(factories.make_account("director", day.sides.partner))
    for browser in (stranger, unlucky):
        for address in (base(day), f"{base(day)}/banner", f"{base(day)}/find", f"/events/{day.sides.id}/results"):
            assert browser.get(address).status_code == 404
        assert browser.post(f"{base(day)}/approve?version={version}&to={day.destination_id}").status_code == 404


def test_a_version_or_destination_of_another_distance_is_not_there(day, version, browse):
    browser = browse(day.director)
    for query in (f"version={version + 50}", "to=999", "version=0", f"version={2**70}"):
        assert browser.get(f"{base(day)}?{query}").status_code == 404, query
    assert browser.get(f"{BASE.format(day.sides.id, day.ours.contest_id)}").status_code == 404


def test_something_hard_blocks_the_press_and_says_what(day, version, browse, clock):
    for key in range(1, 41):
        day.result(key, results_time="99:99:99", results_gun_time="99:99:99")
    clock.forward(minutes=1)
    day.pull()
    browser = browse(day.director)
    page = browser.soup(base(day))
    assert not page.select("#sheet")
    assert page.select_one(".bar .shape.bad")
    shown = day.screen()
    data = {
        "act": shown.act,
        "payload_hash": shown.payload_hash,
        "base_hash": shown.base_hash,
        "rendered_hash": shown.rendered_hash,
    }
    answer = browser.post(f"{base(day)}/approve?version={shown.version.version_id}&to={day.destination_id}", data=data)
    assert answer.status_code == 422
    assert words(read(answer).select_one("#wrong"))
    assert all_of(Approval) == []


def test_before_anything_was_read_the_page_says_so(day, browse):
    page = browse(day.director).soup(base(day))
    assert "ChronoTrack has given no results yet" in words(page.h1)


def test_a_distance_that_leads_nowhere_says_whose_turn_it_is(day, version, browse):
    with write() as session:
        session.execute(update(ResultDestination).values(ended_at=times.now()))
    page = browse(day.director).soup(base(day))
    assert "Nothing can go out yet" in words(page.h1)
    assert "The timing partner matches them." in words(page)
    assert page.select_one(f'a[href="/events/{day.sides.id}/distances"]')


def test_checks_that_still_run_keep_the_button_away(day, browse):
    day.pull(check=False)
    page = browse(day.director).soup(base(day))
    assert "The checks are still running on 40 finishers" in words(page.h1)
    assert not page.select("#sheet")


def test_a_reading_that_failed_keeps_the_last_version_and_says_since_when(day, version, browse, clock):
    failing = times.now()
    factories.keep(SyncState(
        target=f"{day.theirs.connection_id}:results:{day.sides.id}", timing_partner_id=day.sides.partner.timing_partner_id,
        connection_id=day.theirs.connection_id, edition_id=day.sides.id, provider_name="chronotrack", operation_type="results",
        failing_since=failing, error_sentence="ChronoTrack does not answer.", last_success_at=failing - timedelta(minutes=5),
    ))  # fmt: skip
    clock.forward(minutes=10)
    text = words(browse(day.director).soup(base(day)))
    assert "ChronoTrack could not be read since 10:30. ChronoTrack does not answer. This is the last version that was read." in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("failed", "Publishing to RunSignUp failed"),
        ("partial", "Only a part of it reached RunSignUp"),
        ("drifted", "RunSignUp shows something else than what was sent"),
    ],
)
def test_a_publication_that_went_wrong_is_the_first_thing_said(day, version, browse, state, said):
    day.approve(day.screen())
    with write() as session:
        session.execute(update(Publication).values(state=state, why="Row 7 came back otherwise.", ended_at=times.now()))
        session.execute(update(Approval).values(state="used"))
    page = browse(day.director).soup(base(day))
    assert said in words(page.h1)
    assert "Row 7 came back otherwise." in words(page)


def test_a_publication_on_its_way_shows_its_parts_in_the_banner_only(day, version, browse):
    day.approve(day.screen())
    with write() as session:
        session.execute(update(Publication).values(state="publishing", step="rows", chunks=5, chunks_done=3))
    browser = browse(day.director)
    page = browser.soup(base(day))
    assert "3 of 5 parts sent" in words(page.select_one("#live"))
    assert page.select_one("#live progress")["value"] == "3"
    with write() as session:
        session.execute(update(Publication).values(chunks_done=4))
    poll = page.select_one("#live")["hx-get"]
    assert "4 of 5 parts sent" in words(read(browser.get(poll.replace("&v=", "&x="), headers={"HX-Request": "true"})))


def test_what_was_taken_down_says_so_and_can_be_published_again(day, version, browse):
    day.go_public()
    day.publish(approvals.retract(day.destination_id, "The wrong distance", day.director, times.now()))
    page = browse(day.director).soup(base(day))
    assert "Taken down: the public sees no results" in words(page.h1)
    assert not [one for one in page.select(".bar a") if words(one) == "Take down"]
    assert words(page.select_one(".bar a.main")) == "Publish 40 results as preliminary to RunSignUp"


def test_a_paused_destination_is_named(day, version, browse):
    with write() as session:
        connection = session.merge(day.sides.here)
        connection.state, connection.paused_reason = "paused", "New credential"
    text = words(browse(day.director).soup(base(day)))
    assert "The connection to RunSignUp is paused: “New credential”" in text


def test_nothing_of_the_page_needs_a_script_and_each_press_has_its_token(app, day, version, browse):
    page = browse(day.director).soup(base(day))
    for one in page.select("form"):
        assert one["method"] == "post"
        assert one.select_one("input[name=csrf_token]")
    for button in page.select("button[form=act]"):
        assert button["formaction"]
    inside = page.select_one("#live")
    assert not inside.select("form, input, textarea, summary")
    assert not page.select("[style], [onclick], script:not([src])")


def test_five_thousand_finishers_fit_into_a_hundred_kilobytes_and_few_reads(app, clock, browse):
    day = race_day(*range(1, 21))
    day.pull()
    browser = browse(day.director)
    with asked() as small:
        browser.get(base(day))
    day.run(*range(21, 5001))
    clock.forward(minutes=1)
    day.pull()
    with asked() as large:
        answer = browser.get(base(day))
    assert answer.status_code == 200
    assert "Publish 5,000 results" in answer.text.replace("\u00a0", " ")
    assert len(answer.data) < 100_000
    assert len(large.statements) <= len(small.statements) + 12, len(large.statements)
    assert len(small.statements) < 80, len(small.statements)
    assert not re.search(r"unified_results", " ".join(statement for statement, _ in large.statements))
