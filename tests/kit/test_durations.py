"""One grammar for times: what it reads, what it refuses to guess."""

from __future__ import annotations

import pytest

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit.durations import NO_TIME, Time, read, written
from sync_jobs.kit.statuses import STATUSES, WORDS, status_of

READ = {
    "45:30": 2_730_000, "1:02:03": 3_723_000, "1:02:03.4": 3_723_400, "01:02:03,45": 3_723_450, "28:15.6": 1_695_600,
    "78:00": 4_680_000, "0:45:30": 2_730_000, "26:10:05": 94_205_000, "100:05:09": 360_309_000, "1 day, 2:10:05": 94_205_000,
    "1.00:36:02.48": 88_562_480, "PT45M30S": 2_730_000, "-0:00:05": -5_000, "00:17:18.0": 1_038_000, "2 days 1:00:00": 176_400_000,
    "0:00:01.9999": 1_999, "1:02:03.123456": 3_723_123, "PT1H2M3.4S": 3_723_400, "PT90S": 90_000, "+0:45:30": 2_730_000,
    " 45:30\u00a0": 2_730_000, "45：30": 2_730_000, "−0:00:05": -5_000, "1 0:36:02": 88_562_000, "9999:59": 599_999_000,
}  # fmt: skip
REFUSED = [
    "1:75:00", "1:02:75", "1:02:03:40", "90", "0.0432", "12:34:56 AM", "1900-01-01T00:45:30", "-1 day, 23:59:55", "1:2:3", "45:3",
    "1 day, 24:00:00", "PT", "PT1H2", "1:02:03.", "finished", "45.30", "1:02:03.1234567", "٤٥:٣٠", True, ["45:30"],
]  # fmt: skip


@pytest.mark.parametrize(("text", "ms"), READ.items())
def test_durations_are_read(text, ms):
    assert read(text, "time") == Time(ms)


@pytest.mark.parametrize("text", ["", "-", "--", "—", "none", "NULL", "n/a", "NT", "  ", None, "00:00:00", "0:00"])
def test_nothing_and_zero_are_no_time(text):
    assert read(text, "time") == NO_TIME


@pytest.mark.parametrize(
    ("word", "status"),
    {"dsq": "DQ", "DNF": "DNF", "RET": "DNF", "dns": "DNS", "DISQ": "DQ", "DNQ": "NC", "nc": "NC", "OTL": "OTL"}.items(),
)
def test_status_words_stand_where_a_time_should(word, status):
    assert read(f" {word} ", "time") == Time(status=status)


@pytest.mark.parametrize("value", [*REFUSED, 90, 3600.5])
def test_what_is_not_certain_is_refused_without_telling_it(value):
    with pytest.raises(UnreadableRow) as caught:
        read(value, "results_time")
    assert str(caught.value) == "results_time: is no time"


@pytest.mark.parametrize(
    ("value", "unit", "ms"),
    [(3600, "ms", 3600), (3600, "s", 3_600_000), ("3.6", "s", 3600), (78.85, "decimal_minutes", 4_731_000),
     ("1:02:03", "s", 3_723_000), (0, "ms", None), (1600496, "ms", 1_600_496), ("-5", "s", -5000), ("0.0019", "s", 1)],
)  # fmt: skip
def test_a_bare_number_needs_a_unit(value, unit, ms):
    assert read(value, "time", unit) == Time(ms)


@pytest.mark.parametrize("ms", [1, 999, 59_999, 3_600_000, 94_205_000, 360_309_123, -5_000])
def test_what_is_written_is_read_back(ms):
    assert read(written(ms), "time").ms == ms


def test_hours_are_a_running_number():
    assert written(360_309_000) == "100:05:09"
    assert written(1_038_400) == "00:17:18.400"


def test_every_word_means_a_status_of_ours():
    assert {ours for words in WORDS.values() for ours in words.values()} <= STATUSES.keys()
    assert [name for name, allowed in STATUSES.items() if allowed.rank] == ["FINISHED"]


@pytest.mark.parametrize(
    ("provider", "word", "finished", "started", "status"),
    [("chronotrack", "CONF", True, True, "FINISHED"), ("chronotrack", "CONF", False, True, "RUNNING"),
     ("chronotrack", "conf ", False, False, "NOT_SEEN"), ("chronotrack", "DNF", False, True, "DNF"),
     ("chronotrack", "DQ", True, True, "DQ"), ("chronotrack", "FIN", False, False, "NOT_SEEN"),
     ("chronotrack", "PROXY", True, True, None), ("chronotrack", None, True, True, "FINISHED"),
     ("copernico", "quarantine", True, True, "HELD"), ("copernico", "retired", False, True, "DNF"),
     ("copernico", "notstarted", False, False, "NOT_SEEN")],
)  # fmt: skip
def test_a_status_comes_from_the_word_and_the_time(provider, word, finished, started, status):
    assert status_of(provider, word, finished=finished, started=started) == status
