"""What the database itself refuses, whoever asks: receipts that change, publications without an approval, words taken back."""

import sqlite3

import pytest

from sync_jobs import schema
from tests.schema.files import NOW, opened

HASH = "a" * 64
APPROVAL = {
    "approval_id": 7, "timing_partner_id": 1, "destination_id": 3, "version_id": 5, "act": "preliminary", "payload_hash": HASH,
    "base_hash": "b", "rendered_hash": "c", "map_version": 1, "state": "approved", "reason": "", "needs_second": 0,
    "requested_by": 11, "requested_name": "Ada", "requested_role": "director", "requested_at": 1, "approved_by": 11,
    "approved_name": "Ada", "approved_role": "director", "approved_at": 1, "expires_at": 99, "seen": "{}",
}  # fmt: skip
PUBLICATION = {
    "publication_id": 9, "timing_partner_id": 1, "edition_id": 2, "destination_id": 3, "approval_id": 7, "version_id": 5,
    "act": "preliminary", "payload_hash": HASH, "state": "waiting", "made_at": 10,
}  # fmt: skip
RECEIPT = {
    "receipt_id": 4, "timing_partner_id": 1, "edition_id": 2, "contest_id": 6, "number": 1, "kind": "published", "document": "{}",
    "previous_hash": "", "hash": "d", "at": 1,
}  # fmt: skip


@pytest.fixture
def hub(tmp_path):
    file = tmp_path / "hub.db"
    schema.upgrade(file, NOW)
    with opened(file) as db:
        yield db


def put(db, table, row, how="INSERT", **changes):
    row = {**row, **changes}
    db.execute(f"{how} INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def held(db, table):
    return [tuple(row) for row in db.execute(f"SELECT * FROM {table}").fetchall()]


@pytest.mark.parametrize(
    "order",
    [
        "UPDATE receipts SET document = '{\"x\":1}'",
        "UPDATE OR REPLACE receipts SET receipt_id = 5",
        "DELETE FROM receipts",
        "INSERT OR REPLACE INTO receipts SELECT receipt_id, 1, 2, 6, 2, NULL, 'failed', '{}', '', 'e', 2 FROM receipts",
        "REPLACE INTO receipts SELECT 99, 1, 2, 6, number, NULL, 'failed', '{}', '', 'e', 2 FROM receipts",
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_receipt_stays_as_it_was_written(hub, order, recursive):
    hub.execute(f"PRAGMA recursive_triggers={recursive}")
    put(hub, "receipts", RECEIPT)
    before = held(hub, "receipts")
    with pytest.raises(sqlite3.Error):
        hub.execute(order)
    assert held(hub, "receipts") == before
    put(hub, "receipts", RECEIPT, receipt_id=5, number=2)  # the next one is welcome


@pytest.mark.parametrize(
    "changes",
    [
        {"approval_id": 8},
        {"destination_id": 4},
        {"version_id": 6},
        {"payload_hash": "e" * 64},
        {"act": "official"},
    ],
)
def test_nothing_is_published_without_an_approval_of_exactly_that(hub, changes):
    put(hub, "approvals", APPROVAL)
    for how in ("INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"):
        with pytest.raises(sqlite3.IntegrityError, match="without an approval"):
            put(hub, "publications", PUBLICATION, how, **changes)
    assert held(hub, "publications") == []
    put(hub, "publications", PUBLICATION)


@pytest.mark.parametrize(
    "approval",
    [
        {"state": "waiting", "approved_at": None},
        {"state": "stale"},
        {"state": "expired"},
        {"state": "withdrawn"},
        {"state": "used"},
        {"needs_second": 1, "approved_by": None},
        {"not_before": 11},
    ],
)
def test_an_approval_that_does_not_stand_is_none(hub, approval):
    put(hub, "approvals", APPROVAL, **approval)
    with pytest.raises(sqlite3.IntegrityError, match="without an approval"):
        put(hub, "publications", PUBLICATION)


def test_a_publication_is_never_replaced_deleted_or_made_another(hub):
    put(hub, "approvals", APPROVAL)
    put(hub, "approvals", APPROVAL, approval_id=8)
    put(hub, "publications", PUBLICATION)
    before = held(hub, "publications")
    for changes in ({}, {"publication_id": 10}, {"approval_id": 8}):
        with pytest.raises(sqlite3.IntegrityError):
            put(hub, "publications", PUBLICATION, "INSERT OR REPLACE", **changes)
    for order in (
        "DELETE FROM publications", "UPDATE publications SET payload_hash = 'x'", "UPDATE publications SET version_id = 1",
        "UPDATE OR REPLACE publications SET approval_id = 8", "UPDATE publications SET destination_id = 1",
    ):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            hub.execute(order)
    assert held(hub, "publications") == before
    hub.execute("UPDATE publications SET state = 'publishing', step = 'rows', chunks_done = 3")


def test_who_asked_cannot_be_the_second(hub):
    with pytest.raises(sqlite3.IntegrityError, match="two_people"):
        put(hub, "approvals", APPROVAL, needs_second=1)
    put(hub, "approvals", APPROVAL, needs_second=1, state="waiting", approved_by=None, approved_at=None)
    approve = "UPDATE approvals SET state = 'approved', approved_at = 2, approved_by = ?"
    with pytest.raises(sqlite3.IntegrityError, match="two_people"):
        hub.execute(approve, (11,))
    hub.execute(approve, (12,))


@pytest.mark.parametrize(
    "change",
    [
        "payload_hash = 'x'", "base_hash = 'x'", "rendered_hash = 'x'", "destination_id = 1", "version_id = 1", "act = 'official'",
        "map_version = 9", "tells = 1", "tells_many = 5", "needs_second = 1", "requested_by = 1", "requested_name = 'B'",
        "requested_at = 5", "expires_at = 100", "not_before = 1", "reason = 'x'", "seen = '[]'", "overwrites = 1",
        "approval_id = 70", "approved_by = 12", "approved_name = 'B'", "approved_at = 9", "approved_role = 'partner'",
    ],
)  # fmt: skip
def test_an_approval_keeps_its_word(hub, change):
    put(hub, "approvals", APPROVAL)
    before = held(hub, "approvals")
    for how in ("UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            hub.execute(f"{how} approvals SET {change}")
    assert held(hub, "approvals") == before


def test_an_approval_that_ended_never_stands_again(hub):
    for number, state in enumerate(("used", "stale", "expired", "withdrawn"), start=20):
        put(hub, "approvals", APPROVAL, approval_id=number, state=state)
        for wanted in {"approved", "waiting", "used", "stale"} - {state}:
            with pytest.raises(sqlite3.IntegrityError, match="never stands again"):
                hub.execute("UPDATE approvals SET state = ? WHERE approval_id = ?", (wanted, number))
    with pytest.raises(sqlite3.IntegrityError, match="never replaced"):
        put(hub, "approvals", APPROVAL, "INSERT OR REPLACE", approval_id=20)
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        hub.execute("DELETE FROM approvals")
    put(hub, "approvals", APPROVAL)
    hub.execute("UPDATE approvals SET state = 'used' WHERE approval_id = 7")
