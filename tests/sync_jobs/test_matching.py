"""Which contests make one edition, and which editions look alike."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sync_jobs.matching import alike, group, likeness
from sync_jobs.records import ListedContest
from tests.conftest import NOW


def contest(ident, starts_at, happening="70", zone="America/New_York"):
    return ListedContest(
        timing_partner_id=1,
        connection_id=1,
        provider_name="runsignup",
        happening_id=happening,
        happening_name="Harbor Run",
        provider_contest_id=str(ident),
        name="5K",
        distance="5K",
        starts_at=starts_at,
        timezone=zone,
        city=None,
        state=None,
        is_volunteer=False,
    )


def test_days_at_most_three_apart_are_one_edition_and_a_year_apart_are_two():
    saturday = datetime(2026, 5, 16, 12, tzinfo=UTC)
    groups = group(
        [contest(1, saturday), contest(2, saturday + timedelta(days=3)), contest(3, saturday - timedelta(days=364))], "UTC"
    )
    assert [(g.first_day, [c.provider_contest_id for c in g.contests]) for g in groups] == [
        (date(2025, 5, 17), ["3"]),
        (date(2026, 5, 16), ["1", "2"]),
    ]
    assert len({g.key for g in groups}) == 2


def test_the_day_is_that_of_the_place():
    late = datetime(2026, 5, 17, 2, 30, tzinfo=UTC)  # 22:30 of the 16th in New York
    assert group([contest(1, late)], "UTC")[0].first_day == date(2026, 5, 16)
    assert group([contest(1, late, zone=None)], "Europe/Berlin")[0].first_day == date(2026, 5, 17)


def test_undated_contests_join_the_only_edition_and_otherwise_stand_alone():
    one = group([contest(1, NOW), contest(2, None)], "UTC")
    assert [len(g.contests) for g in one] == [2]
    two = group([contest(1, NOW), contest(2, NOW + timedelta(days=300)), contest(3, None)], "UTC")
    assert [g.first_day is None for g in two] == [False, False, True]


def test_happenings_are_never_mixed():
    assert len(group([contest(1, NOW), contest(2, NOW, happening="71")], "UTC")) == 2


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Harbor Lights Half 2026", "HARBOR LIGHTS HALF", 100, 100),
        ("Harbor Lights Half", "Half Lights Harbor", 100, 100),
        ("Harbor Lights Half Marathon", "Harbor Lights Half", 75, 99),
        ("Harbor Lights Half", "Maple 10K", 0, 50),
    ],
)
def test_likeness_looks_past_years_order_and_case(one, other, least, most):
    assert least <= likeness(one, other) <= most


def test_alike_needs_near_days_and_near_names():
    assert alike("Maple 10K", NOW, "The Maple 10K", NOW + timedelta(days=1)) is not None
    assert alike("Maple 10K", NOW, "The Maple 10K", NOW + timedelta(days=4)) is None
    assert alike("Maple 10K", NOW, "Corn Maze Run", NOW) is None
    assert alike("Maple 10K", None, "Maple 10K", NOW) is None
