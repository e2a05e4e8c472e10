"""Values as providers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import parse

DENVER = ZoneInfo("America/Denver")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("  5K ", "5K"),
        ("", None),
        ("   ", None),
        (None, None),
        (101, "101"),
        (0, "0"),
        (214.0, "214"),
        (1.5, "1.5"),
        ("Zoë", "Zoë"),
    ],
)
def test_text(value, read):
    assert parse.text(value, "name") == read


@pytest.mark.parametrize("value", [{}, [], True])
def test_what_is_no_text(value):
    with pytest.raises(UnreadableRow) as caught:
        parse.text(value, "name")
    assert caught.value.field == "name"


@pytest.mark.parametrize(("value", "read"), [(5, 5), ("5", 5), (" 5 ", 5), ("", None), (None, None), (5.0, 5), (-1, -1), (0, 0)])
def test_integer(value, read):
    assert parse.integer(value, "age") == read


@pytest.mark.parametrize("value", ["abc", 5.5, True, {}, "1e3", float("inf"), float("nan")])
def test_what_is_no_integer(value):
    with pytest.raises(UnreadableRow):
        parse.integer(value, "age")


@pytest.mark.parametrize("read", [parse.key_integer, parse.key_text])
@pytest.mark.parametrize("value", [None, "", " "])
def test_an_id_must_be_there(read, value):
    with pytest.raises(UnreadableRow):
        read(value, "race_id")


@pytest.mark.parametrize(
    ("value", "read"), [("T", True), ("f", False), (True, True), (False, False), (0, False), (None, None), ("", None)]
)
def test_flag(value, read):
    assert parse.flag(value, "volunteer") is read
    assert parse.flag_letter(value, "volunteer") == {True: "T", False: "F", None: None}[read]


def test_what_is_no_flag():
    with pytest.raises(UnreadableRow):
        parse.flag("maybe", "volunteer")


@pytest.mark.parametrize(("value", "read"), [("$38.10", "$38.10"), (38.1, "$38.10"), (1200, "$1,200.00"), ("", None), (None, None)])
def test_money(value, read):
    assert parse.money(value, "amount_paid") == read


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("5/17/2026 09:00", datetime(2026, 5, 17, 15, tzinfo=UTC)),
        ("1/2/2026 09:05", datetime(2026, 1, 2, 16, 5, tzinfo=UTC)),  # winter
        ("05/17/2026", datetime(2026, 5, 17, 6, tzinfo=UTC)),
        ("", None), (None, None),
    ],
)  # fmt: skip
def test_american_instants_are_local(value, instant):
    assert parse.american_instant(value, "start_time", DENVER) == instant


@pytest.mark.parametrize("value", ["2026-05-17", "13/45/2026 99:00", "soon", "5/17/0000 09:00"])
def test_what_is_no_american_date(value):
    with pytest.raises(UnreadableRow):
        parse.american_instant(value, "start_time", DENVER)


@pytest.mark.parametrize("value", ["2/7/2026 15:15", "12/31/2026 00:00", "05/17/2026", None])
def test_american_text_keeps_its_form(value):
    assert parse.american_text(value, "registration_date") == value


@pytest.mark.parametrize("value", ["13/45/2026 99:00", "2/7/2026 24:00", "yesterday", "2026-02-07"])
def test_american_text_of_no_date(value):
    with pytest.raises(UnreadableRow):
        parse.american_text(value, "registration_date")


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-11T08:00:00-0300",
        "2026-10-11T08:00:00-03:00",
        "2026-10-11T11:00:00Z",
        "2026-10-11T11:00:00+00:00",
        "2026-10-11T05:00:00",
    ],
)
def test_iso_instants_in_all_their_forms(value):
    assert parse.iso_instant(value, "startDate", DENVER) == datetime(2026, 10, 11, 11, tzinfo=UTC)


@pytest.mark.parametrize("value", ["10/11/2026", "the day before", "2026-13-40"])
def test_what_is_no_iso_date(value):
    with pytest.raises(UnreadableRow):
        parse.iso_instant(value, "startDate", DENVER)


@pytest.mark.parametrize(("value", "read"), [("1991-04-17", "1991-04-17"), ("1991-04-17T00:00:00+0000", "1991-04-17"), ("", None)])
def test_day(value, read):
    assert parse.day(value, "dateOfBirth") == read


def test_documents_and_mappings():
    assert parse.document([{"a": "é"}], "giveaway") == '[{"a":"é"}]'
    assert parse.document("Shirt M", "giveaway") == "Shirt M"
    assert parse.mapping(None, "user") == parse.mapping([], "user") == {}
    with pytest.raises(UnreadableRow):
        parse.mapping("x", "user")


def test_no_failure_names_the_value():
    with pytest.raises(UnreadableRow) as caught:
        parse.integer("Ada Sample", "age")
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("many", "one"), [(parse.texts, parse.text), (parse.integers, parse.integer), (parse.amounts, parse.money)]
)
@pytest.mark.parametrize("value", [None, "", "  ", " 7 ", "7", 7, 7.0, 7.5, 0, True, "x", [], {}, "$35.00"])
def test_reading_many_at_once_is_reading_each(many, one, value):
    def outcome(read):
        try:
            return read()
        except UnreadableRow as error:
            return error.field, error.why

    record = {"field": value, "other": object()}
    assert outcome(lambda: many(record, ("field",))["field"]) == outcome(lambda: one(value, "field"))
    assert many({}, ("field",)) == {"field": None}
