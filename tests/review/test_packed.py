"""What was packed comes back as it was, and hashes the same."""

from __future__ import annotations

from datetime import UTC, datetime

from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags
from sync_jobs.review.packed import Payload, pack, pack_set, unpack, unpack_set

ROW = Published(
    registration_key="5000001", entry_key="9", bib="101", first_name="Zoë", last_name="Nuñez", gender="F", age=40,
    status="FINISHED", gun_ms=1_054_000, chip_ms=None, place=1, gender_place=1, division="F 40-49", division_place=1,
    splits=(("Mile 2", 680_000),), extra={"email": "refused"},
)  # fmt: skip
TARGET = ResultTarget(happening_id="70", contest_id="700", also_for=("701",), set_id="3", zone="America/New_York")


def test_a_payload_comes_back_as_it_was():
    payload = Payload(target=TARGET, visibility="official", tells=True, map_version=3, rows=(ROW,))
    again = unpack(pack(payload))
    assert again == payload
    assert again.hash == payload.hash


def test_a_set_comes_back_as_it_was():
    flags = SetFlags(name="10K", is_public=True, is_preliminary=False, notifies=False, contact=None, also_for=("701",))
    there = PublishedSet(set_id="3", flags=flags, rows=(ROW,), read_at=datetime(2026, 6, 12, 15, tzinfo=UTC))
    assert unpack_set(pack_set(there)) == there
    assert unpack_set(pack_set(PublishedSet(set_id=None, flags=None))) == PublishedSet(set_id=None, flags=None)
