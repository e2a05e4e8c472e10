"""The numbers of the checks: a partner only tightens; and the helpers that compare with them."""

from __future__ import annotations

import math

import pytest

from sync_jobs.checks import amounts, divisions, thresholds
from sync_jobs.checks.cases import Case, findings
from tests.checks import building as b

NUMBERS = [-1e6, -1.0, 0.0, 1e-9, 0.5, 1.0, 2.0, 3.0, 50.0, 999.0, 1000.0, 1e6]


@pytest.mark.parametrize("profile", thresholds.PROFILES)
def test_each_profile_has_every_number(profile):
    table = thresholds.THRESHOLDS[thresholds.VERSION]
    assert {check: set(named) for check, named in table[profile].items()} == {c: set(named) for c, named in table["road"].items()}
    assert all(found.tighter in {"lower", "higher"} for named in table[profile].values() for found in named.values())


def test_what_differs_elsewhere_names_numbers_that_there_are():
    known = {(check_id, name) for check_id, named in thresholds.ROAD.items() for name in named}
    assert set(thresholds.ELSEWHERE) <= set(thresholds.PROFILES)
    assert {(c, name) for differs in thresholds.ELSEWHERE.values() for c, named in differs.items() for name in named} <= known


@pytest.mark.parametrize(
    ("check_id", "name", "own", "holds"),
    [
        ("M01", "percent", 1, 1), ("M01", "percent", 3, 2), ("M01", "percent", 2, 2),  # lower is stricter
        ("P03", "percent", 80, 80), ("P03", "percent", 20, 50),  # higher is stricter
        ("M01", "percent", math.nan, 2), ("M01", "percent", -math.inf, 2), ("P03", "percent", math.inf, 50),
    ],
)  # fmt: skip
def test_the_stricter_number_holds(check_id, name, own, holds):
    assert thresholds.of("road", {check_id: {name: own}})[check_id][name] == holds


@pytest.mark.parametrize("own", NUMBERS)
def test_no_own_number_ever_loosens(own):
    for check_id, named in thresholds.ROAD.items():
        for name, found in named.items():
            holds = thresholds.of("road", {check_id: {name: own}})[check_id][name]
            assert holds in {own, found.value}
            assert holds <= found.value if found.tighter == "lower" else holds >= found.value


def test_a_number_of_which_nobody_knows_and_a_profile_of_which_nobody_knows():
    assert thresholds.of("road", {"M01": {"colour": 1}, "Z99": {"percent": 1}}) == thresholds.of("road", {})
    assert thresholds.of("canicross", {}) == thresholds.of("road", {})


@pytest.mark.parametrize(
    ("count", "of", "percent", "rows", "is_more"),
    [
        (10, 500, 2, 0, False), (11, 500, 2, 0, True), (3, 1500, 0.2, 0, False), (4, 1500, 0.2, 0, True), (7, 100, 7, 0, False),
        (3, 10, 2, 3, False), (4, 10, 2, 3, True), (0, 0, 2, 0, False),
    ],
)  # fmt: skip
def test_shares_are_compared_exactly(count, of, percent, rows, is_more):
    assert amounts.more(count, of, percent, rows) is is_more


@pytest.mark.parametrize(("count", "is_less"), [(6, True), (7, False), (8, False)])
def test_less_is_exact_too(count, is_less):
    assert amounts.less(count, 100, 7) is is_less


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0:00"), (250_000, "4:10"), (3_788_000, "1:03:08"), (3_788_300, "1:03:08.3"), (-5000, "-0:05"), (5, "0:00.005"),
        (106_265_000, "29:31:05"), (3_599_999, "59:59.999"), (3_600_000, "1:00:00"),
    ],
)  # fmt: skip
def test_a_duration_in_a_sentence(ms, text):
    assert amounts.span(ms) == text


@pytest.mark.parametrize(
    ("count", "of", "text"),
    [(52, 100, "52 %"), (3, 40, "7.5 %"), (2, 100, "2 %"), (1, 4871, "less than 0.1 %"), (0, 10, "0 %"), (0, 0, "0 %")],
)
def test_a_share_in_a_sentence(count, of, text):
    assert amounts.share(count, of) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C", "D"], "A, B, C and D"),
        (["A", "B", "C", "D", "E"], "A, B, C and 2 more"),
    ],
)  # fmt: skip
def test_a_list_in_a_sentence(words, text):
    assert amounts.listed(words) == text


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("F 40-44", (40, 44)), ("M35–39", (35, 39)), ("Male 5 to 9", (5, 9)), ("M 80+", (80, 150)), ("70 and over", (70, 150)),
        ("F 14 and under", (0, 14)), ("19 & Under", (0, 19)), ("Under 20", (0, 19)), ("U20", (0, 19)), ("M4044", (40, 44)),
        ("Masters", None), ("M40", None), ("Open", None), ("", None), (None, None), ("50-40", None),
    ],
)  # fmt: skip
def test_the_ages_of_a_named_group(name, bounds):
    assert divisions.ages(name) == bounds


def cases(field, numbers):
    return [Case(row=field.version.by_entry[f"e{number}"], sentence=f"{number}.") for number in numbers]


@pytest.mark.parametrize(("count", "odd", "one"), [(100, 20, False), (100, 21, True), (5000, 50, False), (5000, 51, True)])
def test_more_rows_than_a_person_looks_at_are_one_cause(count, odd, one):
    field = b.field(count)
    found = findings(field, "P04", "warn", cases(field, range(count - odd + 1, count + 1)), "Many are odd.")
    assert len(found) == (1 if one else odd)
    assert {each.scope for each in found} == {"set" if one else "row"}


@pytest.mark.parametrize(
    ("lifts", "severity", "stands"), [(True, "warn", "block"), (False, "warn", "warn"), (True, "block", "block")]
)
def test_one_cause_stands_as_high_as_the_highest_of_its_rows(lifts, severity, stands):
    field = b.field(100)
    [found] = findings(field, "P11", severity, cases(field, range(1, 31)), "Thirty are odd.", lifts=lifts)
    assert found.severity == stands
    assert found.sentence.startswith("Thirty are odd. ")
    assert found.sentence.endswith("of them are in an award place.")
