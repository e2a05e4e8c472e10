"""Results at RunSignUp: all flags always, rows by registration, every page read back, and the traps of its API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

import orjson
import pytest

from sync_jobs.errors import AccessDenied, NotThere, ProviderDown, ProviderThrottled, RequestRefused, UnexpectedReply
from sync_jobs.kit.base import Adapter
from sync_jobs.providers import ADAPTERS
from sync_jobs.providers.runsignup.publishing import OWN, UNREADABLE
from sync_jobs.results import Published, ResultTarget, SetFlags
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.runsignup_results import DEFAULTS
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Answer, access, stand_in

MANY = 1_200
HIDDEN = SetFlags(name="10K", is_public=False, is_preliminary=True, notifies=False, contact="timer@example.com")


@pytest.fixture(scope="module")
def sandbox():
    world = World.regular(anchor=NOW, editions=1, contests=2, each=MANY)
    with servers.start(world, clock=lambda: NOW) as running:
        yield running


@pytest.fixture
def adapter(sandbox) -> Iterator[Adapter]:
    sandbox.faults.clear()
    made = ADAPTERS["runsignup"](access(sandbox.urls, secrets=sandbox.credentials(1, "runsignup")))
    yield made
    made.close()


@pytest.fixture
def target(sandbox, adapter):
    """A new set of its own."""
    happening = sandbox.world.happenings[0]
    where = ResultTarget(happening_id=happening.uid, contest_id=str(happening.contests[0].number))
    found = replace(where, set_id=adapter.make_result_set(where, HIDDEN))
    sandbox.requests.clear()
    return found


def people(sandbox, many):
    return sandbox.world.happenings[0].contests[0].registrations[:many]


def result(number, registration=None, **changes) -> Published:
    row = Published(
        registration_key=str(registration.key) if registration else None, entry_key=f"e{number}", bib=str(number), first_name="Ada",
        last_name="Sample", gender="F", age=40, status="FINISHED", gun_ms=(1000 + number) * 1000, chip_ms=None, place=number,
    )  # fmt: skip
    return replace(row, **changes)


def results(sandbox, many):
    return [result(number, one) for number, one in enumerate(people(sandbox, many), 1)]


def stored(sandbox, target):
    return sandbox.results.sets[int(target.set_id)]


# Sets


def test_a_set_is_made_hidden_with_every_field_named(sandbox, target):
    fields = stored(sandbox, target).fields
    assert (fields["public_results"], fields["preliminary_results"], fields["disable_notifications"]) == ("F", "T", "T")
    assert fields["result_questions_contact_email"] == "timer@example.com"
    ours = {"individual_result_set_name", "public_results", "preliminary_results", "disable_notifications", "alt_event_ids"}
    assert ours | {"result_questions_contact_email"} | set(OWN) | set(UNREADABLE) == set(DEFAULTS), "a field left out is a default"


def test_flags_are_set_without_losing_what_is_not_ours(sandbox, adapter, target):
    sandbox.results.again("edit_result_set", NOW, {"set": target.set_id, "by_hand": True, "pace_type": "K", "sort_order": 7})
    adapter.set_result_flags(target, replace(HIDDEN, is_public=True, is_preliminary=False))
    fields = stored(sandbox, target).fields
    assert (fields["public_results"], fields["preliminary_results"], fields["disable_notifications"]) == ("T", "F", "T")
    assert (fields["pace_type"], fields["sort_order"], fields["individual_result_set_name"]) == ("K", 7, "10K")


def test_sets_are_listed_without_rows_hidden_ones_too(adapter, target):
    found = {one.set_id: one for one in adapter.result_sets(target)}
    assert found[target.set_id].flags == replace(HIDDEN, contact=None), "whom to ask is never told"
    assert found[target.set_id].rows == ()


def test_a_set_serves_further_events(sandbox, adapter, target):
    other = str(sandbox.world.happenings[0].contests[1].number)
    adapter.set_result_flags(target, replace(HIDDEN, also_for=(other,)))
    assert adapter.published_results(target).flags.also_for == (other,)


# Rows


def test_rows_are_read_back_as_they_were_sent(sandbox, adapter, target):
    first, second, third, fourth = people(sandbox, 4)
    rows = [
        result(1, first, chip_ms=1_000_500, splits=(("5K", 500_000), ("8K", 800_250))),
        result(2, second, gun_ms=10 * 3_600_000 + 1, splits=(("5K", 510_000),)),
        result(3, third, status="DNF", gun_ms=None, place=None, splits=(("5K", 3_600_000),)),
        result(4, fourth, status="DQ", gun_ms=None, place=None),
    ]
    adapter.post_results(target, rows, {})
    assert [adapter.shown(row) for row in adapter.published_results(target).rows] == [adapter.shown(row) for row in rows]


@pytest.mark.parametrize(("status", "word"), [("DNF", "DNF"), ("DNS", "DNS"), ("DQ", "DQ"), ("NC", "DNQ"), ("OTL", "DNQ")])
def test_a_word_stands_where_a_time_would(sandbox, adapter, target, status, word):
    row = result(1, people(sandbox, 1)[0], status=status)
    adapter.post_results(target, [row], {})
    (kept,) = stored(sandbox, target).rows.values()
    assert (kept["clock_time"], kept["chip_time"], kept["place"]) == (word, word, None)
    assert adapter.shown(adapter.published_results(target).rows[0]) == adapter.shown(row)


def test_the_same_rows_twice_are_there_once(sandbox, adapter, target):
    rows = results(sandbox, 30)
    for _ in range(2):
        adapter.post_results(target, rows, {})
    assert len(adapter.published_results(target).rows) == 30


def test_a_split_that_is_gone_is_cleared_by_name(sandbox, adapter, target):
    one = people(sandbox, 1)[0]
    before = result(1, one, splits=(("5K", 500_000), ("8K", 800_000)))
    after = replace(before, splits=(("8K", 800_000),))
    adapter.post_results(target, [before], {})
    there = {adapter.shown(row).key: row for row in adapter.published_results(target).rows}
    adapter.post_results(target, [after], there)
    assert adapter.published_results(target).rows[0].splits == (("8K", 800_000),)


def test_splits_that_somebody_set_up_stay_when_ours_are_added(sandbox, adapter, target):
    theirs = {"split_id": None, "split_name": "Hill", "split_distance": 3.1, "split_distance_units": "K"}
    sandbox.results.again("set_splits", NOW, {"set": target.set_id, "splits": [theirs]})
    assert adapter.published_results(target).rows == ()
    adapter.post_results(target, [result(1, people(sandbox, 1)[0], splits=(("5K", 500_000),))], {})
    assert [(one["split_name"], one["split_distance"]) for one in stored(sandbox, target).splits] == [("Hill", 3.1), ("5K", None)]
    assert adapter.published_results(target).rows[0].splits == (("5K", 500_000),)


def test_whoever_is_not_to_be_named_stands_there_without_a_registration(sandbox, adapter, target):
    rows = [result(n, one, first_name="Anonymous", last_name="") for n, one in enumerate(people(sandbox, 2), 1)]
    adapter.post_results(target, rows, {})
    found = adapter.published_results(target).rows
    assert [(row.registration_key, row.first_name, row.bib, row.place) for row in found] == [
        (None, "Anonymous", None, 1), (None, "Anonymous", None, 2),
    ]  # fmt: skip


def test_a_bib_with_letters_is_not_sent(sandbox, adapter, target):
    adapter.post_results(target, [result(1, people(sandbox, 1)[0], bib="A12")], {})
    assert adapter.published_results(target).rows[0].bib is None


def test_an_emptied_set_has_nobody(sandbox, adapter, target):
    adapter.post_results(target, results(sandbox, 3), {})
    adapter.remove_results(target)
    assert adapter.published_results(target).rows == ()


@pytest.mark.parametrize(("many", "pages"), [(1, 2), (499, 1), (500, 2), (501, 2), (1000, 3), (1001, 3)])
def test_all_pages_are_read_to_a_short_one(sandbox, adapter, target, many, pages):
    adapter.post_results(target, results(sandbox, many), {})
    sandbox.requests.clear()
    found = adapter.published_results(target)
    assert (len(found.rows), len({row.registration_key for row in found.rows})) == (many, many)
    assert sandbox.requests.count("runsignup", "get-results") == pages


def test_a_set_that_is_not_there_is_no_set(adapter, target):
    found = adapter.published_results(replace(target, set_id="999999"))
    assert (found.set_id, found.flags, found.rows) == (None, None, ())


def test_a_race_that_is_not_there_is_an_error(adapter, target):
    with pytest.raises(NotThere):
        adapter.published_results(replace(target, happening_id="1"))


# What is asked and answered


def given(request):
    form = dict(parse_qsl(request.body.decode()))
    return request.query, form, orjson.loads(form["request"]) if "request" in form else None


@pytest.fixture
def asked():
    with stand_in() as standin:
        yield from _asked(standin)


def _asked(standin):
    made = ADAPTERS["runsignup"](access({"RUNSIGNUP_URL": standin.url}, secrets={"api_key": "k", "api_secret": "s"}))
    yield made, standin
    made.close()


TARGET = ResultTarget(happening_id="70", contest_id="700", set_id="3")


def test_every_post_names_its_event_and_its_set(asked):
    adapter, standin = asked
    standin.give(Answer(body={"results": [{"result_id": 1}]}))
    adapter._results._splits["3"] = {}
    adapter.post_results(TARGET, [result(1, None, registration_key="5")], {})
    query, form, document = given(standin.asked[0])
    assert (query["event_id"], query["individual_result_set_id"], query["format"], form["request_format"]) == (
        "700",
        "3",
        "json",
        "json",
    )
    assert document == {"results": [
        {"registration_id": 5, "bib_num": 1, "place": 1, "clock_time": "0:16:41.000", "chip_time": ""},
    ]}  # fmt: skip


def test_no_person_is_told_of_whoever_is_registered(asked):
    adapter, standin = asked
    standin.give(Answer(body={"results": []}))
    adapter._results._splits["3"] = {}
    adapter.post_results(TARGET, [result(1, None, registration_key="5", extra={"email": "ada@example.com"})], {})
    assert not {"first_name", "last_name", "gender", "age", "email"} & set(given(standin.asked[0])[2]["results"][0])


def test_headers_may_be_an_empty_list(asked):
    adapter, standin = asked
    row = {"result_id": 9, "place": 1, "bib": 101, "first_name": "Ada", "last_name": "Sample", "gender": "F",
           "clock_time": "17:34.4", "chip_time": "17:32", "age": 40}  # fmt: skip
    one = {"individual_result_set_id": 3, "individual_result_set_name": "Overall", "public_results": "T",
           "preliminary_results": "F", "alt_event_ids": [], "results_headers": [], "results": [row],
           "registration_ids": [5000001]}  # fmt: skip
    standin.give(
        Answer(body={"individual_results_sets": [one]}),
        Answer(body={"individual_results_sets": [{**one, "results": [], "registration_ids": []}]}),
    )
    (found,) = adapter.published_results(TARGET).rows
    assert (found.registration_key, found.bib, found.gun_ms, found.chip_ms, found.status) == (
        "5000001",
        "101",
        1_054_400,
        1_052_000,
        "FINISHED",
    )


@pytest.mark.parametrize("change", [
    {"registration_ids": []}, {"registration_ids": [1, 2]}, {"results": [{"bib": 1}], "registration_ids": [1]},
    {"results": [{"result_id": 1, "clock_time": "soon"}], "registration_ids": [1]},
])  # fmt: skip
def test_rows_that_do_not_say_whose_they_are_prove_nothing(asked, change):
    adapter, standin = asked
    one = {"individual_result_set_id": 3, "results_headers": {}, "results": [{"result_id": 1, "bib": 1}], **change}
    standin.give(Answer(body={"individual_results_sets": [one]}))
    with pytest.raises(UnexpectedReply):
        adapter.published_results(TARGET)


@pytest.mark.parametrize("reply", [{}, {"individual_result_set_id": None}, {"individual_result_set_id": 0}, []])
def test_a_set_without_a_number_is_none(asked, reply):
    adapter, standin = asked
    standin.give(Answer(body=reply))
    with pytest.raises(UnexpectedReply):
        adapter.make_result_set(TARGET, HIDDEN)


@pytest.mark.parametrize(("code", "error"), [
    (3, RequestRefused), (5, ProviderDown), (7, AccessDenied), (11, RequestRefused), (14, ProviderThrottled), (15, NotThere),
])  # fmt: skip
def test_errors_in_a_200_are_errors(sandbox, adapter, target, code, error):
    sandbox.faults.add("error", code, provider="runsignup", path="full-results")
    with pytest.raises(error):
        adapter.post_results(target, results(sandbox, 1), {})


@pytest.mark.parametrize("fault", ["status", "refused", "lost_reply", "cut", "html", "not_json"])
def test_a_post_without_a_proper_answer_is_not_asked_again_blindly(sandbox, adapter, target, fault):
    sandbox.faults.add(fault, 500, provider="runsignup", path="full-results")
    with pytest.raises(ProviderDown):
        adapter.post_results(target, results(sandbox, 1), {})
    assert sandbox.requests.count("runsignup", "full-results") == 1
