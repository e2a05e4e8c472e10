"""What is missing, what differs, what is there twice: of registered people and of those who are not named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_jobs.providers import ADAPTERS
from sync_jobs.publish.comparing import compare
from sync_jobs.results import Published

ADA = Published(
    registration_key="5", entry_key="1", bib="101", first_name="Ada", last_name="Sample", gender="F", age=40, status="FINISHED",
    gun_ms=1_054_000, chip_ms=1_052_000, place=1,
)  # fmt: skip
CY = replace(ADA, registration_key="6", entry_key="2", bib="102", gun_ms=1_060_000, place=2)
NOBODY = replace(CY, first_name="Anonymous", last_name="")
OUT = replace(CY, status="DNF", gun_ms=None, chip_ms=None, place=None)


def standing(wanted, there, **given):
    return compare(wanted, there, ADAPTERS["runsignup"].shown, **given)


def test_the_same_is_equal_whatever_its_order_and_names():
    assert standing([ADA, CY], [CY, replace(ADA, entry_key=None, first_name="Ada M.", age=None)]).is_equal


@pytest.mark.parametrize(
    "there", [[ADA, CY, CY], [ADA, ADA, CY], [ADA, CY, replace(CY, gun_ms=1)], [ADA, CY, replace(NOBODY, place=9)]]
)
def test_whoever_is_there_twice_or_not_ours_can_only_go_with_all(there):
    found = standing([ADA, CY], there)
    assert (len(found.extra), found.to_send, found.is_equal) == (1, (), False)
    assert found.differences[0].what == ("not ours",)


@pytest.mark.parametrize("many", [0, 1, 3])
def test_nameless_people_are_counted(many):
    found = standing([ADA, NOBODY, NOBODY], [ADA, *[NOBODY] * many])
    assert (len(found.to_send), len(found.extra)) == (max(0, 2 - many), max(0, many - 2))


def test_a_difference_names_the_bib_and_the_field_and_nobody():
    found = standing([ADA, CY], [replace(ADA, gun_ms=1, splits=(("5K", 5),))])
    assert found.to_send == (ADA, CY)
    assert found.sentence == "bib 101 (gun time, splits); bib 102 (missing)"


def test_many_differences_are_counted():
    rows = [replace(ADA, registration_key=str(number), bib=str(number)) for number in range(100, 130)]
    assert standing(rows, []).sentence.endswith("; and 10 more")


def test_a_word_that_is_not_said_back_proves_nothing_else():
    mute = replace(OUT, status="NOT_SEEN")
    assert standing([OUT], [mute], proving=True).is_equal
    assert standing([OUT], [mute]).to_send == (OUT,), "it may be of another word: sent again"
    assert not standing([CY], [mute], proving=True).is_equal
    assert not standing([OUT], [replace(mute, splits=(("5K", 5),))], proving=True).is_equal
