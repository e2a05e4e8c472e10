"""What every adapter promises: the whole world or an error, each failure classed, nothing twice, no secret told."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta

import pytest

from sync_jobs.errors import (
    AccessDenied,
    CredentialsMissing,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    ReadIncomplete,
)  # fmt: skip
from sync_jobs.kit.base import Adapter
from sync_jobs.models.provider_tables import NATURAL_KEYS, PROVIDER_TABLES
from sync_jobs.providers import ADAPTERS
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Tokens
from tests.providers.conftest import EACH, FACTS, Bench, read

STORES = {"row_hash", "gone_at", "fetched_date", "credentials_used", "timing_partner_id"}  # columns that are not an adapter's


def people(bench: Bench, adapter: Adapter | None = None, **given):
    adapter = adapter or bench.adapter()
    scope = bench.scope(held=given.get("held", {}))
    return read(adapter, bench.pages(adapter, scope, given.get("since"), given.get("cursor")))


def rows_of(bench: Bench, reading):
    return reading.tables[ADAPTERS[bench.key].people_table]


def digests_of(bench: Bench, reading):
    return {key: digest for key, digest in reading.digests.items() if key[0] == ADAPTERS[bench.key].people_table}


def keys_of(bench: Bench, keys):
    return [key for key in keys if key[0] == ADAPTERS[bench.key].people_table]


def ids(bench: Bench, reading) -> set[str]:
    return {str(row[bench.facts.key]) for row in rows_of(bench, reading)}


# Facts


def test_facts_are_complete(provider):
    adapter = ADAPTERS[provider]
    assert adapter.key == provider
    assert adapter.side in {"registration", "scoring"}
    assert adapter.label
    assert adapter.help
    assert {field.customer_column for field in adapter.credentials} >= {"principal", "secret"}
    assert adapter.abilities() >= {"test", "discover", "registrations" if adapter.side == "registration" else "entries"}
    tables = {adapter.people_table, adapter.happening_table, FACTS[adapter.key].contests}
    assert tables | ({adapter.results_table} if "results" in adapter.abilities() else set()) <= set(PROVIDER_TABLES)
    assert bool(adapter.writes_note) == ("push_entries" in adapter.abilities())
    assert bool(adapter.import_help) == ("import_file" in adapter.abilities())
    publishes = {"publish_results", "results_file"} & adapter.abilities()
    assert bool(adapter.results_note) == bool(publishes)
    assert bool(adapter.results_help) == ("results_file" in publishes)
    assert adapter.pace.at_once >= 1


# The whole world


def test_the_whole_world_is_found(bench):
    adapter = bench.adapter()
    reading = read(adapter, adapter.discover(None, None))
    happenings, mine = reading.tables[ADAPTERS[bench.key].happening_table], bench.happenings
    assert {row[bench.facts.name] for row in happenings} == {happening.name for happening in mine}
    contests, true_starts = happenings, sorted(happening.edition.starts_at for happening in mine)
    if bench.facts.listed:
        contests = reading.tables[bench.facts.contests]
        true_starts = sorted(contest.starts_at for happening in mine for contest in happening.contests)
    assert sorted(int(row[bench.facts.contest_starts].timestamp()) for row in contests) == true_starts
    if bench.facts.zone:
        assert {row[bench.facts.zone] for row in happenings} == {happening.edition.zone for happening in mine}
    assert reading.aside == []
    assert reading.cursors[-1] is None
    assert len(reading.keys) == len(set(reading.keys))


def test_everybody_is_found_as_they_are(bench):
    reading, facts = people(bench), bench.facts
    rows = {str(row[facts.key]): row for row in rows_of(bench, reading)}
    for one in bench.everybody():
        row = rows.pop(one.key)
        assert (row[facts.first], row[facts.last]) == (one.first, one.last)
        assert facts.email is None or row[facts.email] == one.email
        assert (row[facts.bib], row[facts.born], str(row[facts.contest])) == (one.bib, one.born, one.contest)
        assert row[facts.gender] == (facts.unsaid if one.gender == "U" else one.gender)
    assert not rows
    assert reading.aside == []


def test_names_of_all_the_world_arrive(bench):
    names = {one.last for happening in bench.happenings for one in bench.everybody(happening)}
    assert any(not name.isascii() for name in names), "this world proves nothing"
    seen = set()
    adapter = bench.adapter()
    for happening in bench.happenings:
        reading = read(adapter, bench.pages(adapter, bench.scope(happening)))
        seen |= {row[bench.facts.last] for row in rows_of(bench, reading)}
    assert seen == names


def test_every_column_is_given_and_no_other(bench):
    adapter = bench.adapter()
    readings = [read(adapter, adapter.discover(None, None)), people(bench, adapter)]
    for reading in readings:
        for table, rows in reading.tables.items():
            own = bench.facts.own_columns if table == ADAPTERS[bench.key].people_table else set()
            assert {column.name for column in PROVIDER_TABLES[table].columns} - STORES - own == set(rows[0])
            for row in rows:
                assert set(row) == set(rows[0])
                assert not [value for value in row.values() if isinstance(value, dict | list | bool)]


def test_keys_are_the_natural_ones(bench):
    adapter = bench.adapter()
    for page in [*adapter.discover(None, None), *bench.pages(adapter, bench.scope())]:
        for row in page.rows:
            values = adapter.values(page.table, row.raw)
            assert row.key == tuple(values[name] for name in NATURAL_KEYS[page.table])


def test_the_same_record_has_the_same_digest_next_time(bench):
    first, second = (digests_of(bench, people(bench)) for _ in range(2))
    assert first == second
    assert len(set(first.values())) == 2 * EACH


# Pages


@pytest.mark.parametrize("cap", [1, 3, 40, 100])
def test_a_server_that_cuts_pages_loses_nobody_and_tells_nobody_twice(bench, cap):
    bench.fault("page_cap", cap)
    reading = people(bench)
    assert ids(bench, reading) == bench.truth()
    assert len(keys_of(bench, reading.keys)) == len(set(keys_of(bench, reading.keys))) == 2 * EACH


@pytest.mark.parametrize("cap", [1, 2])
def test_a_list_of_happenings_that_is_cut_is_read_on(bench, cap):
    bench.fault("page_cap", cap, path=bench.facts.list)
    adapter = bench.adapter()
    reading = read(adapter, adapter.discover(None, None))
    assert len({row[bench.facts.name] for row in reading.tables[ADAPTERS[bench.key].happening_table]}) == 3
    assert not bench.facts.listed or len(reading.tables[bench.facts.contests]) == 6


def test_a_reading_goes_on_at_any_cursor(bench):
    bench.fault("page_cap", 40)
    adapter, held = bench.adapter(), {}
    whole, reached = keys_of(bench, people(bench).keys), []
    for page in bench.pages(adapter, bench.scope()):
        held |= {row.key: row.digest for row in page.rows if page.table == adapter.people_table}
        reached.append((page.cursor, dict(held)))
    assert len(reached) > 3
    for cursor, known in reached[:-1]:
        rest = people(bench, adapter, cursor=cursor, held=known)
        assert keys_of(bench, rest.keys) == whole[len(known) :]


def test_a_discovery_goes_on_at_any_cursor(bench):
    bench.fault("page_cap", 2, path=bench.facts.list)
    adapter = bench.adapter()
    whole = read(adapter, adapter.discover(None, None))
    for cursor in whole.cursors[:-1]:
        rest = read(adapter, adapter.discover(None, cursor))
        assert set(rest.keys) <= set(whole.keys)
        assert rest.keys[-1] == whole.keys[-1] or not rest.keys
    assert whole.cursors[-1] is None


def test_the_largest_page_is_remembered(bench):
    adapter = bench.adapter()
    people(bench, adapter)
    assert adapter.page_size_seen == bench.facts.most
    bench.fault("page_cap", 20)
    people(bench, adapter)
    assert adapter.page_size_seen == bench.facts.most


# How many calls


@pytest.fixture(scope="module")
def crowd(provider):
    """One happening with more than two full pages."""
    many = FACTS[provider].page * 2 + 217
    world = World.regular(anchor=NOW, editions=1, contests=1, each=many, provider=provider)
    with servers.start(world, clock=lambda: NOW) as running:
        yield Bench(provider, world, running)


def test_a_first_reading_costs_a_call_a_page(crowd):
    reading = people(crowd)
    crowd.made[-1].close()
    assert ids(crowd, reading) == crowd.truth()
    assert crowd.calls(crowd.facts.path) == crowd.facts.first_costs


def test_a_second_reading_costs_one_call(bench):
    people(bench, bench.adapter(page_size_proven=2 * EACH + 1))
    assert bench.calls(bench.facts.path) == bench.facts.round_costs  # 130: a round number may be looked at twice
    before = bench.calls(bench.facts.path)
    people(bench, bench.adapter(), since=NOW + timedelta(days=1))
    assert bench.calls(bench.facts.path) - before == bench.facts.changes_cost


def test_the_providers_own_count_ends_no_list_since_it_may_be_of_yesterday(bench):
    bench.fault("page_cap", 40)
    adapter = bench.adapter()
    assert ids(bench, read(adapter, bench.pages(adapter, bench.scope(rows_expected=40)))) == bench.truth()


def test_a_stored_token_saves_the_sign_in(bench, tokens):
    people(bench, bench.adapter(tokens=tokens))
    people(bench, bench.adapter(tokens=tokens))
    signed_in = bench.calls(bench.facts.sign_in) if bench.facts.sign_in else 0
    assert signed_in == (1 if bench.facts.sign_in else 0)
    assert tokens.saves == signed_in


def test_every_call_is_counted(bench):
    bench.fault("status", 500, calls=1)
    adapter = bench.adapter()
    people(bench, adapter)
    assert len(adapter.calls) == bench.calls()
    assert [call.ok for call in adapter.calls].count(False) == 1


# Failures, before the first page and between pages


FAILURES = [
    ("throttled", None, ProviderThrottled), ("throttled", 600, ProviderThrottled), ("status_429", None, ProviderThrottled),
    ("status_429", 600, ProviderThrottled), ("status", 500, ProviderDown), ("status", 503, ProviderDown),
    ("html", None, ProviderDown), ("not_json", None, ProviderDown), ("cut", None, ProviderDown),
    ("refused", None, ProviderDown), ("slow", 900, ProviderDown),
    ("unauthorized", None, CredentialsRejected), ("forbidden", None, AccessDenied), ("vanished", None, NotThere),
]  # fmt: skip


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize(("kind", "value", "failure"), FAILURES)
def test_a_failure_is_raised_as_what_it_is(bench, kind, value, failure, after):
    bench.fault("page_cap", 40)
    if not bench.facts.paged and kind == "vanished" and after:
        failure = ReadIncomplete  # listed, and not found one by one
    failure = bench.facts.no_access if failure is AccessDenied else failure
    bench.fault(kind, value, after=bench.facts.before[after])
    adapter = bench.adapter(call_timeout=0.3 if kind == "slow" else 3.0)
    pages = bench.people_pages(adapter, bench.scope())
    good = [next(pages) for _ in range(after)]
    with pytest.raises(failure) as caught:
        next(pages)
    assert all(page.cursor for page in good), "a reading that failed must not look finished"
    assert caught.value.provider == ADAPTERS[bench.key].label
    assert (caught.value.until is not None) == (value == 600)
    assert adapter.calls[-1].throttled == (failure is ProviderThrottled)


@pytest.mark.parametrize(("kind", "value", "failure"), FAILURES)
def test_a_failure_of_the_list_is_raised_too(bench, kind, value, failure):
    bench.fault(kind, value, path=bench.facts.list)
    adapter = bench.adapter(call_timeout=0.3 if kind == "slow" else 3.0)
    expected = bench.facts.no_access if failure is AccessDenied else failure
    expected = CredentialsRejected if (bench.key, failure) == ("runsignup", AccessDenied) else expected  # its list is the key's own
    with pytest.raises(expected):
        list(adapter.discover(None, None))


@pytest.mark.parametrize(
    ("kind", "value"), [("throttled", None), ("status", 500), ("html", None), ("not_json", None), ("cut", None), ("refused", None)]
)
@pytest.mark.parametrize("after", [0, 2])
def test_short_trouble_between_pages_is_waited_out(bench, kind, value, after):
    bench.fault("page_cap", 40)
    bench.fault(kind, value, after=bench.facts.before[after], calls=2)
    assert ids(bench, people(bench)) == bench.truth()


def test_pages_without_effect_are_not_taken_for_the_whole(bench):
    bench.fault("page_cap", 1, path=bench.facts.list)
    bench.fault("ignore_offset", path=bench.facts.list)
    adapter = bench.adapter()
    if not bench.facts.paged:  # nothing is cut, so nothing can be missed
        assert len(read(adapter, adapter.discover(None, None)).tables[bench.facts.contests]) == 6
        return
    with pytest.raises(ReadIncomplete):
        list(adapter.discover(None, None))


@pytest.mark.parametrize("kind", ["expire", "unauthorized"])
def test_a_credential_that_fails_once_in_the_middle(bench, kind):
    bench.fault("page_cap", 40)
    bench.fault(kind, after=2, calls=1)
    if bench.facts.sign_in:  # a token may be out of date: one more, one more try
        assert ids(bench, people(bench)) == bench.truth()
        assert bench.calls(bench.facts.sign_in) == 2
    elif kind == "unauthorized":  # a key is not
        with pytest.raises(CredentialsRejected):
            people(bench)


# Credentials


def test_a_good_credential_passes_its_test(bench):
    assert bench.adapter().test() == f"{ADAPTERS[bench.key].label} accepts this {bench.facts.accepts}."


@pytest.mark.parametrize("which", [0, 1])
def test_a_wrong_credential_does_not(bench, which):
    adapter_class = ADAPTERS[bench.key]
    needed = [field.name for field in adapter_class.credentials if field.required]
    secrets = {**bench.running.credentials(1, bench.key), needed[min(which, len(needed) - 1)]: "wrong-thing"}
    adapter = bench.adapter(secrets=secrets)
    for asked in (adapter.test, lambda: people(bench, adapter), lambda: list(adapter.discover(None, None))):
        with pytest.raises(CredentialsRejected):
            asked()
    assert bench.calls() == 3, "a wrong credential must not be tried again and again"


def test_a_missing_credential_is_named_and_nothing_is_asked(bench):
    for missing in (field for field in ADAPTERS[bench.key].credentials if field.required):
        secrets = {name: value for name, value in bench.running.credentials(1, bench.key).items() if name != missing.name}
        with pytest.raises(CredentialsMissing) as caught:
            bench.adapter(secrets=secrets).test()
        assert missing.label in caught.value.sentence
    assert bench.calls() == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [("unauthorized", None), ("status", 500), ("html", None), ("cut", None), ("status_429", 60), ("forbidden", None)],
)
def test_no_secret_is_told(bench, caplog, kind, value):
    caplog.set_level(logging.DEBUG)
    tokens = Tokens()
    people(bench, bench.adapter(tokens=tokens))
    bench.fault(kind, value)
    told = []
    with pytest.raises(ProviderError) as caught:
        people(bench, bench.adapter(tokens=tokens))
    told += traceback.format_exception(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        told, error = [*told, repr(error), str(vars(error))], error.__context__
    text = "".join(told) + caplog.text
    kept = {str(value) for name, value in (tokens.token or {}).items() if "token" in name}
    secret = {f.name for f in ADAPTERS[bench.key].credentials if f.secret}
    secrets = kept | {value for name, value in bench.running.credentials(1, bench.key).items() if name in secret}
    assert secrets
    assert not [one for one in secrets if one in text]


# Rows that cannot be read


def test_unreadable_rows_are_set_aside_by_name_and_the_others_arrive(bench):
    bench.fault("unreadable", 3, calls=bench.facts.spoilt_calls)
    reading = people(bench)
    assert len(reading.aside) == 3
    assert len(ids(bench, reading)) == 2 * EACH - bench.facts.spoilt_for_good
    assert {row.field for row in reading.aside} == bench.facts.spoilt
    assert reading.aside[0].key is None
    assert "row 1" in reading.aside[0].place
    assert all(row.key for row in reading.aside[1:])
    assert all(row.why for row in reading.aside)
