"""Numbers that no database can hold, in what is pressed on the review page: nothing is there of that number."""

from __future__ import annotations

import pytest

from tests.dashboard.scored import field_of, scored

TOO_BIG = "9" * 40


@pytest.mark.parametrize(("press", "name"), [("waive", "finding_id"), ("unwaive", "waiver_id"), ("task-done", "task_id")])
def test_a_number_that_is_too_big_is_not_there(people, sign_in, press, name):
    board = scored(people.company)
    version = board.version(field_of(3)).version_id
    address = f"/events/{board.id}/results/{board.contest.contest_id}/{press}?version={version}"
    given = {name: TOO_BIG, "reason": "other", "words": "Video."}
    assert sign_in(people.partner).post(address, data=given).status_code == 404
