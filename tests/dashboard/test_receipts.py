"""Receipts: what was published, on whose word, with which proof; the chain in a sentence; and who published this time."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import select, text, update

from sync_jobs.models import Edition, HiddenName, LookUp, PublicationPayload, Receipt, db, write
from tests.conftest import NOW
from tests.dashboard.conftest import read
from tests.dashboard.scored import field_of, runner, scored
from tests.factories import keep, make_account, make_edition
from tests.pages import answer, asked, row, words


@pytest.fixture
def board(people):
    return scored(people.company)


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


@pytest.fixture
def place(board):
    return f"/events/{board.id}/receipts"


@pytest.fixture
def told(board, clock):
    """Published at 11:00, corrected at 11:30 on another's word; the ids of both receipts."""
    first = board.version(field_of(3))
    one = board.receipt(board.publish(first, field_of(3), "official"))
    clock.forward(minutes=30)
    rows = [*field_of(2), runner(3, gun_ms=2_500_000, chip_ms=2_495_000)]
    second = board.publish(board.version(rows), rows, "correction", approval={
        "requested_by": 1, "approved_by": 2, "approved_name": "Sam Second", "needs_second": 1, "reason": "video review",
    })  # fmt: skip
    return one, board.receipt(second)


def tamper(receipt_id, **values):
    """As somebody would who can write the file: the triggers are put away first."""
    with write() as session:
        session.execute(text("DROP TRIGGER receipts_never_changed"))
        session.execute(update(Receipt).where(Receipt.receipt_id == receipt_id).values(**values))


def search(browser, place, typed):
    found = browser.post(place, data={"q": typed})
    assert found.status_code == 303, found.text
    assert found.location.rpartition("?look=")[2].isdecimal()  # an address without a name
    return browser.soup(found.location)


def test_the_first_day_says_why_it_is_empty(partner, place):
    page = partner.soup(place)
    assert answer(page) == "Nothing was published yet"
    assert "The first publication of this event's results writes one, also where it fails." in words(page)


def test_the_list_says_what_when_and_on_whose_word(told, partner, place, board):
    failed = board.publish(board.version(field_of(3)), field_of(3), state="failed", why="RunSignUp did not answer.")
    board.receipt(failed, "failed", proof=None)
    page = partner.soup(place)
    assert answer(page) == "The latest: 10K failed, 11:30 EDT"
    rows = [words(one) for one in page.select("li[id^=receipt-]")]
    assert "10K version 3 ■ failed at RunSignUp, on the word of Dana Director RunSignUp did not answer." in rows[0]
    assert "10K version 2 ● published as corrected" in rows[1]
    assert "on the word of Sam Second, asked for by Dana Director · “video review”" in rows[1]
    assert "receipt 1 of 3" in rows[2]


def test_a_receipt_tells_all_of_it(told, partner, board):
    page = partner.soup(f"/receipts/{told[1]}")
    said = words(page)
    assert answer(page) == "● 10K published as corrected at RunSignUp, on the word of Sam Second"
    assert "Receipt 2 of 2; the chain is whole." in said
    assert "Asked for by Dana Director, director · 11:30" in said
    assert "Reason video review" in said
    assert "Second person was needed" in said
    assert "Messages none" in said
    assert "2 unchanged + 0 place only + 1 changed + 0 added" in said
    assert "Equal to what was sent ● yes, field by field" in said
    assert "1. Ana Ruiz bib 101" in said
    assert "3. Joy Lund bib 103 41:35 chip, 41:40 gun" in said
    assert "The rows kept here have the very hash that was approved." in said
    assert "Women 1. bib 101" in said
    assert "Replaces receipt 1" in said
    first = words(partner.soup(f"/receipts/{told[0]}"))
    assert "Replaced 11:30 · now by receipt 2" in first
    assert "Receipt 1 of 2; the chain is whole." in first


def test_a_receipt_that_somebody_changed_is_found_out(told, partner, place):
    document = db.session.get(Receipt, told[0]).document
    tamper(told[0], document=document.replace("Dana Director", "Mallory"))
    assert "Receipt 2 of 2; the chain is broken at receipt 1." in words(partner.soup(f"/receipts/{told[1]}"))
    page = partner.soup(place)
    assert answer(page) == "A receipt does not fit its chain: number 1"
    assert "receipt 1 of 2, does not fit" in words(page)
    assert partner.get(f"/receipts/{told[0]}.json").json["first_broken"] == 1


def test_the_json_is_the_same_record_and_its_hash_can_be_checked_from_it_alone(told, partner):
    found = [partner.get(f"/receipts/{number}.json") for number in told]
    assert found[0].content_type == "application/json; charset=utf-8"
    one, two = (each.json for each in found)
    assert (two["number"], two["of"], two["chain_is_whole"], one["replaced_by"]) == (2, 2, True, told[1])
    assert two["previous_hash"] == one["hash"]
    for each in (one, two):
        written = json.dumps(each["document"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert sha256(f"{each['previous_hash']}\n{written}".encode()).hexdigest() == each["hash"]
    assert two["document"]["decision"]["approved"]["name"] == "Sam Second"
    for name in ("Ruiz", "Cole", "Lund"):
        assert name not in found[1].text


@pytest.mark.parametrize("number", [999_999, 2**70])
def test_json_says_in_json_that_it_is_not_there(partner, number):
    refused = partner.get(f"/receipts/{number}.json")
    assert (refused.status_code, refused.content_type) == (404, "application/problem+json")
    assert refused.json["title"] == "There is nothing here"


def test_rows_deleted_for_privacy_leave_their_hash(told, partner):
    with write() as session:
        session.execute(update(PublicationPayload).values(body=None, emptied_at=NOW))
    said = words(partner.soup(f"/receipts/{told[1]}"))
    assert "The rows were deleted for privacy. Their hash stays below." in said
    assert "Ruiz" not in said
    assert "What was approved and sent" in said


def test_rows_that_are_not_those_approved_are_called_so(told, partner):
    with write() as session:
        bodies = {one.publication_id: one.body for one in session.scalars(select(PublicationPayload))}
        session.execute(update(PublicationPayload).values(body=bodies[min(bodies)]))
    assert "not those that were approved" in words(partner.soup(f"/receipts/{told[1]}"))


def test_who_published_this_time_when_on_whose_word_and_what_it_said_before(told, partner, place, board, people):
    page = search(partner, place, "103")
    assert answer(page) == "41:35 chip, 41:40 gun, 3rd place, on the word of Sam Second, 11:30 EDT"
    newest, oldest = page.select("li.difference")
    said = words(newest)
    assert "Joy Lund bib 103 · 10K" in said
    assert "Public as official, corrected at RunSignUp since 11:30 · now" in said
    assert "on the word of Sam Second, asked for by Dana Director: “video review”" in said
    assert "Receipt 2" in said
    assert "before 40:25 chip, 40:30 gun, 3rd place" in said
    assert "receipt 1" in words(newest.select_one(".was"))
    assert oldest.select_one(".was") is None
    db.session.rollback()
    (noted,) = db.session.scalars(select(LookUp))
    assert (noted.words, noted.found, noted.edition_id) == ("103", 2, board.id)
    assert (noted.account_id, noted.timing_partner_id) == (people.partner.account_id, people.company.timing_partner_id)


def test_what_did_not_change_is_said_once(told, partner, place):
    page = search(partner, place, "ruiz ana")
    (only,) = page.select("li.difference")
    assert "Public as official at RunSignUp since 11:00" in words(only)
    assert "Receipt 1 · the same again in 2" in words(only)


def test_several_who_fit_are_counted_and_nobody_is_said_to_be_there(told, partner, place):
    assert answer(search(partner, place, "o")) == "Two people fit “o”"
    page = search(partner, place, "Nobody")
    assert answer(page) == "Nothing was published of “Nobody”"


def test_a_name_that_is_hidden_today_is_not_shown_in_old_rows(told, partner, place, board):
    keep(HiddenName(timing_partner_id=board.sides.partner.timing_partner_id, contest_id=board.contest.contest_id, entry_key="e3",
                    reason="asked", by_account=1, by_name="Dana", at=NOW))  # fmt: skip
    page = search(partner, place, "103")
    assert "Joy" not in words(page)
    assert "Anonymous (the name is hidden)" in words(page)
    assert "Joy" not in words(partner.soup(f"/receipts/{told[0]}"))


def test_a_search_without_a_word_is_refused_and_an_old_one_is_over(told, partner, place, clock):
    refused = partner.post(place, data={"q": "  "})
    assert refused.status_code == 422
    assert "Type a bib, or a name." in words(read(refused))
    shown = partner.post(place, data={"q": "Lund"}).location
    clock.forward(hours=2)
    assert "That search is over." in words(partner.soup(shown))
    assert "Lund" not in words(partner.soup(shown).select_one(".stack"))


def test_what_somebody_looked_for_is_theirs_alone(told, partner, place, board, people, sign_in):
    shown = partner.post(place, data={"q": "Lund"}).location
    colleague = sign_in(make_account("partner", people.company))
    assert "That search is over." in words(colleague.soup(shown))
    elsewhere = make_edition(people.company)
    assert "That search is over." in words(partner.soup(f"/events/{elsewhere.edition_id}/receipts?{shown.partition('?')[2]}"))


def test_strangers_find_nothing_and_a_director_what_is_theirs(told, place, people, sign_in, board):
    addresses = (place, f"/receipts/{told[0]}", f"/receipts/{told[0]}.json")
    for account in (people.director, make_account("partner", people.elsewhere)):
        stranger = sign_in(account)
        assert [stranger.get(address).status_code for address in addresses] == [404, 404, 404]
        assert stranger.post(place, data={"q": "Lund"}).status_code == 404
    mine = sign_in(make_account("director", people.company, editions=(board.sides.edition,)))
    assert [mine.get(address).status_code for address in addresses] == [200, 200, 200]
    assert "Joy Lund" in words(search(mine, place, "Lund"))


def test_receipts_of_an_event_that_was_joined_stand_with_the_one_it_went_into(told, partner, people, board):
    into = make_edition(people.company, "Maple Weekend")
    with write() as session:
        session.execute(update(Edition).where(Edition.edition_id == board.id).values(joined_into=into.edition_id))
    address = f"/events/{into.edition_id}/receipts"
    assert len(partner.soup(address).select("li[id^=receipt-]")) == 2
    assert partner.soup(f"/receipts/{told[0]}").find("a", string="Maple Weekend")
    assert "Joy Lund" in words(search(partner, address, "103"))


def test_many_receipts_stand_on_pages_and_take_few_statements(board, partner, place):
    version = board.version(field_of(3))
    for number in range(33):
        rows = [replace(one, gun_ms=one.gun_ms + number) for one in field_of(3)]
        board.receipt(board.publish(version, rows))
    with asked() as statements:
        page = partner.soup(place)
    assert len(statements.statements) <= 10
    assert statements.walks == []
    assert len(page.select("li[id^=receipt-]")) == 30
    assert len(partner.soup(page.find("a", string="Older")["href"]).select("li[id^=receipt-]")) == 3
    found = partner.get(place)
    assert len(found.data) < 60_000
    with asked() as statements:
        partner.soup(row(page, "receipt 33 of 33").a["href"])
    assert len(statements.statements) <= 14
