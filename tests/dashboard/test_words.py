"""How pages speak: ages, durations, instants in a zone."""

from datetime import timedelta

import pytest

from dashboard import words
from tests.conftest import NOW

CHICAGO = "America/Chicago"  # at NOW it is 10:00 there, a Friday


def plain(said):
    """As it is read: what keeps words together looks like a blank."""
    return said.replace(words.TIED, " ")


@pytest.fixture(autouse=True)
def now(app, clock):
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ({"seconds": 0}, "now"), ({"seconds": 40}, "40 s ago"), ({"minutes": 14, "seconds": 50}, "14 min ago"),
        ({"minutes": 110}, "1 h 50 min ago"), ({"hours": 3}, "3 h ago"), ({"days": 1, "hours": 3}, "1 day ago"),
        ({"days": 40}, "40 days ago"), ({"minutes": -6}, "in 6 min"),
    ],
)  # fmt: skip
def test_ages(gone, said):
    assert plain(words.ago(NOW - timedelta(**gone))) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (None, "–"),
        (12, "under 0.1 s"),
        (400, "0.4 s"),
        (9_960, "10 s"),
        (59_000, "59 s"),
        (190_000, "3 min 10 s"),
        (7_200_000, "2 h"),
    ],
)
def test_durations(ms, said):
    assert plain(words.duration(ms)) == said


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(hours=2), "12:00"), (timedelta(days=1), "Sat 10:00"), (timedelta(days=-3), "Tue 10:00"),
        (timedelta(days=30), "12 Jul 10:00"), (timedelta(days=-400), "8 May 2025"),
    ],
)  # fmt: skip
def test_an_instant_is_as_short_as_the_day_allows(ahead, said):
    assert plain(words.clock(NOW + ahead, CHICAGO)) == said


def test_the_zone_is_that_of_the_instant_and_not_of_today():
    assert words.zone_word(CHICAGO, NOW) == "CDT"
    assert words.zone_word(CHICAGO, NOW + timedelta(days=180)) == "CST"


def test_a_zone_that_is_none_does_not_break_a_page():
    assert words.clock(NOW, "Springfield") == "11:00"


def test_the_other_days_near():
    assert [plain(words.day(NOW + timedelta(days=days), CHICAGO)) for days in (-1, 0, 1, 3, -3, 60)] == [
        "yesterday", "today", "tomorrow", "Monday", "last Tuesday", "11 August",
    ]  # fmt: skip


def test_whose_turn_it_is():
    assert words.turn("credentials", "Lakeside Timing") == "Lakeside Timing’s turn"
    assert words.turn("down") == "Nobody’s turn, it passes"
    assert words.turn("bug") == words.turn(None) == "Our turn"


def test_counts_in_words():
    assert words.counted(3, "thing") == "Three things"
    assert words.counted(1, "run") == "One run"
    assert words.counted(14, "run") == "14 runs"
    assert words.plural(0, "event") == "no events"
    assert plain(words.plural(1204, "person", "people")) == "1,204 people"


@pytest.mark.parametrize(
    "said",
    [
        words.plural(4, "event"), words.span(timedelta(minutes=110)), words.span(timedelta(days=3)), words.duration(4200),
        words.written_day("2026-11-23").removesuffix(" 2026"),
    ],
)  # fmt: skip
def test_a_number_and_its_unit_stay_on_one_line(said):
    assert " " not in said


@pytest.mark.parametrize(
    ("held", "said"),
    [("2026-11-23", "23 November 2026"), ("2026-11-23T08:00", "23 November 2026"), ("spring", "spring"), (None, "no date")],
)
def test_a_day_is_written_as_people_write_it(held, said):
    assert plain(words.written_day(held)) == said


@pytest.mark.parametrize(
    ("kind", "by", "said"),
    [
        ("manual", "Ana Ruiz", "pressed by Ana Ruiz"), ("schedule", "clock", "by the clock"),
        ("change", "Race Roster", "after a change at Race Roster"), ("change", "Ana Ruiz", "after a change by Ana Ruiz"),
        (None, None, "asked for"),
    ],
)  # fmt: skip
def test_who_asked(kind, by, said):
    assert words.trigger(kind, by) == said


def test_midnight_is_no_time_of_day():
    assert words.has_time(NOW, CHICAGO)
    assert not words.has_time(NOW.replace(hour=5), CHICAGO)
