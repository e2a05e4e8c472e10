"""Receipts: complete, naming nobody, chained, never changed; and the search for who published a time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from sync_jobs import approvals, receipts, times
from sync_jobs.models import Publication, Receipt, db, write
from sync_jobs.receipts import Execution, Proof
from tests.factories import make_partner
from tests.sync_jobs.raceday import race_day

GROUPS = ("identity", "content", "origin", "rules", "findings", "decision", "execution", "proof", "aftermath")


@pytest.fixture
def day(app, clock):
    return race_day(*range(1, 13))


def publish(day, approval, kind="published"):
    """As the publishing run ends: the publication and its receipt."""
    assert day.publish(approval) is None
    number = day.publication(approval).publication_id
    with write() as session:
        proof = Proof(read_at=times.now(), hash="f" * 64, is_equal=True, visibility_after="preliminary")
        return receipts.write(
            session, session.get_one(Publication, number), kind, proof=proof, execution=Execution(chunks=1, accepted=12),
            now=times.now(),
        )  # fmt: skip


def first(day):
    day.pull()
    return publish(day, day.approve(day.screen()))


def said(receipt):
    return json.loads(receipt.document)


def test_a_receipt_says_everything(day):
    day.result(9, results_bib="8")
    version = day.pull()
    card = next(card for card in day.screen().cards if card.check_id == "P05")
    approvals.waive(version, card.finding_id, "swap", "They are Ana and Ida.", day.director, times.now())
    shown = day.screen()
    found = said(publish(day, day.approve(shown)))
    assert set(found) == set(GROUPS)
    assert (found["identity"]["number"], found["identity"]["kind"], found["identity"]["environment"]) == (1, "published", "sandbox")
    assert (found["identity"]["happening_id"], found["identity"]["result_set_id"]) == ("70", "4711")
    content = found["content"]
    assert (content["payload_hash"], content["rows"], content["by_status"]) == (
        shown.payload_hash, shown.rows, {"FINISHED": shown.rows},
    )  # fmt: skip
    assert [len(content[end]) for end in ("first", "last")] == [3, 3]
    assert content["difference"]["is_first"]
    assert [one["bib"] for one in content["podiums"][0]["winners"]] == ["1", "3", "5"]
    assert found["rules"]["policy"]["mode"] == "manual"
    waived = next(one["waived"] for one in found["findings"] if one["check"] == "P05")
    assert (waived["by"], waived["reason"]) == (day.director.name, "swap")
    decision = found["decision"]
    assert decision["approved"]["name"] == day.director.name
    assert (decision["rendered_hash"], decision["device"]) == (shown.rendered_hash, {"browser": "phone"})
    assert (found["execution"]["accepted"], found["proof"]["is_equal"]) == (12, True)


def test_it_names_no_runner(day):
    day.result(9, results_bib="8")
    version = day.pull()
    card = next(card for card in day.screen().cards if card.check_id == "P05")
    approvals.waive(version, card.finding_id, "swap", "They are Ana and Ida.", day.director, times.now())
    publish(day, day.approve(day.screen()))
    day.times(e12=2400)
    day.pull()
    written = publish(day, day.approve(day.screen(act="preliminary"))).document
    for row in day.screen().by_entry.values():
        assert row.first_name not in written
        assert row.last_name not in written
    assert "1995" not in written
    winners = {one["bib"] for podium in json.loads(written)["content"]["podiums"] for one in podium["winners"]}
    assert json.loads(written)["content"]["difference"]["changed"] == 1
    assert winners <= {str(number) for number in range(1, 13)}


def test_what_is_other_than_before_is_counted_and_listed_by_hash(day):
    first(day)
    day.times(e12=2400)
    day.run(20)
    day.remove(11)
    day.pull()
    shown = day.screen(act="preliminary")
    found = said(publish(day, day.approve(shown)))["content"]["difference"]
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)
    mine = receipts.row_key(next(row for row in shown.payload if row.entry_key == "12"))
    assert [set(one["what"]) >= {"gun_ms", "chip_ms"} for one in found["rows"] if one["row"] == mine] == [True]
    assert said(db.session.scalars(select(Receipt).order_by(Receipt.number.desc())).first())["aftermath"]["replaces"] == 1


def test_a_row_that_nobody_knows_by_registration_has_a_key_too(day):
    day.pull()
    row = day.screen().payload[0]
    keys = {
        receipts.row_key(one) for one in (row, replace(row, registration_key=None), replace(row, registration_key=None, bib=None))
    }
    assert len(keys) == 3


def test_the_chain_holds_and_shows_where_it_was_broken(day):
    first(day)
    for seconds in (2400, 2401, 2402):
        day.times(e12=seconds)
        day.pull()
        publish(day, day.approve(day.screen(act="preliminary")))
    kept = receipts.of_contest(day.contest_id)
    assert [one.number for one in kept] == [4, 3, 2, 1]
    assert [one.previous_hash for one in kept] == [kept[1].hash, kept[2].hash, kept[3].hash, ""]
    assert receipts.verify(day.contest_id) is None
    assert receipts.verify(99) is None
    with write() as session:  # as whoever owns the file could, and only so
        session.execute(text("DROP TRIGGER receipts_never_changed"))
        session.execute(text("UPDATE receipts SET document = replace(document, '\"rows\"', '\"Rows\"') WHERE number = 2"))
    assert receipts.verify(day.contest_id) == 2


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE receipts SET kind = 'failed' WHERE number = 1",
        "UPDATE receipts SET previous_hash = 'x' WHERE number = 1",
        "UPDATE receipts SET hash = 'x' WHERE number = 1",
        "UPDATE receipts SET number = 5 WHERE number = 1",
        "UPDATE receipts SET publication_id = 77 WHERE number = 1",
    ],
)
def test_whatever_is_forged_is_found(day, forged):
    first(day)
    with write() as session:
        session.execute(text("DROP TRIGGER receipts_never_changed"))
        session.execute(text(forged))
    assert receipts.verify(day.contest_id) == 1


def test_the_database_keeps_them(day):
    first(day)
    for order in ("DELETE FROM receipts", "UPDATE receipts SET at = 0"):
        with pytest.raises(IntegrityError, match="never"), write() as session:
            session.execute(text(order))


def test_taking_down_is_linked_to_what_it_took(day):
    first(day)
    down = approvals.retract(day.destination_id, "Wrong gun.", day.director, times.now())
    assert day.publish(down) is None
    with write() as session:
        made = receipts.write(
            session, session.get_one(Publication, down.publication_id), "retracted", proof=None, execution=None, now=times.now()
        )
    found = said(made)
    assert (found["aftermath"]["takes_down"], found["decision"]["reason"], found["content"]["rows"]) == (1, "Wrong gun.", 0)
    assert receipts.verify(day.contest_id) is None


def test_who_published_this_time_and_what_did_it_say_before(day, clock):
    first(day)
    clock.forward(minutes=30)
    day.times(e5=2400)
    day.pull()
    publish(day, day.approve(day.screen(act="preliminary"), day.partner))
    partner = day.sides.partner.timing_partner_id
    newest, oldest = receipts.find("5", timing_partner_id=partner)
    assert (newest.row.gun_ms, newest.before.row.gun_ms, newest.requested_by) == (2_400_000, 2_335_000, day.partner.name)
    assert (newest.number, oldest.number, oldest.before, oldest.requested_by) == (2, 1, None, day.director.name)
    assert newest.at == times.now()
    name = f"{newest.row.last_name} {newest.row.first_name}".lower()
    assert [one.number for one in receipts.find(name, timing_partner_id=partner)] == [2, 1]
    assert [one.is_same for one in receipts.find("6", timing_partner_id=partner)] == [False, False]
    assert [one.is_same for one in receipts.find("4", timing_partner_id=partner)] == [True, False]


def test_nobody_finds_what_is_another_partners_or_event(day):
    first(day)
    other, partner = make_partner("Other").timing_partner_id, day.sides.partner.timing_partner_id
    assert receipts.find("5", timing_partner_id=other) == []
    assert receipts.find("5", timing_partner_id=partner, edition_id=day.sides.id + 1) == []
    assert receipts.find("5", timing_partner_id=partner, edition_ids=()) == []
    assert len(receipts.find("5", timing_partner_id=partner, edition_ids=(day.sides.id,))) == 1
    assert len(receipts.find("5", timing_partner_id=None)) == 1
    assert receipts.find("  ", timing_partner_id=partner) == []
    assert receipts.find("nobody", timing_partner_id=partner) == []


def test_a_payload_that_was_emptied_says_nothing_and_the_chain_stands(day):
    first(day)
    with write() as session:
        session.execute(text("UPDATE publication_payloads SET body = NULL, emptied_at = 1"))
    assert receipts.find("5", timing_partner_id=None) == []
    assert receipts.verify(day.contest_id) is None
