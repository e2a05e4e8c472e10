"""What differs, and how much has to be read."""

from datetime import timedelta

import pytest

from sync_jobs.changes import compare, reads_whole, shrank
from sync_jobs.kit.base import RawRow
from tests.conftest import NOW


def row(key, digest):
    return RawRow((key,), digest, {})


def test_rows_are_sorted_by_what_they_are_to_us():
    found = compare([row(1, b"a"), row(2, b"b"), row(3, b"c"), row(4, b"d")], {(1,): b"a", (2,): b"x", (3,): None})
    assert [r.key for r in found.new] == [(4,)]
    assert [r.key for r in found.changed] == [(2,), (3,)]  # 3 is held without a digest: never read by us
    assert found.same == 1


@pytest.mark.parametrize(
    ("understands", "mark", "full", "whole"),
    [
        (True, None, None, True),
        (True, NOW - timedelta(hours=4), NOW - timedelta(hours=4), False),
        (True, NOW - timedelta(hours=4), NOW - timedelta(hours=21), True),
        (True, NOW - timedelta(hours=4), None, True),
        (False, NOW - timedelta(hours=4), NOW - timedelta(hours=4), True),
        (True, NOW + timedelta(days=1), NOW - timedelta(hours=4), True),  # the clock was wrong when the mark was set
        (True, NOW - timedelta(hours=4), NOW + timedelta(days=1), True),
    ],
)
def test_changes_are_read_between_whole_readings(understands, mark, full, whole):
    assert reads_whole(understands_changes=understands, read_mark=mark, full_read_at=full, now=NOW) is whole


@pytest.mark.parametrize(
    ("held", "missing", "asks"), [(400, 397, True), (400, 81, True), (400, 80, False), (12, 10, False), (12, 11, True)]
)
def test_too_many_missing_at_once_are_not_believed(held, missing, asks):
    assert shrank(held, missing) is asks
