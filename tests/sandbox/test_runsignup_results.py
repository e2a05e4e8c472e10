"""RunSignUp's result sets in the sandbox: every trap that its dossier names, and what a restart keeps."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import requests

from sync_jobs.sandbox import kept, servers
from tests.conftest import NOW

HIDDEN = {"individual_result_set_name": "Overall", "public_results": "F", "preliminary_results": "T", "disable_notifications": "T"}


class Timer:
    """Somebody who posts results of one event."""

    def __init__(self, client: Any) -> None:
        self.client, self.running = client, client.running
        happening = self.running.world.happenings[0]
        self.race, self.contest = happening.number, happening.contests[0]
        self.people = self.contest.registrations

    def ask(self, call: str, **query: Any) -> Any:
        return self.client.runsignup(f"/race/{self.race}/results/{call}", event_id=self.contest.number, **query)

    def post(self, call: str, document: Any = None, *, path: str | None = None, **query: Any) -> Any:
        keys = self.running.credentials(1, "runsignup")
        form = {"request_format": "json"} | ({} if document is None else {"request": orjson.dumps(document).decode()})
        address = self.running.urls["RUNSIGNUP_URL"] + (path or f"/race/{self.race}/results/{call}")
        given = {**keys, "format": "json", "event_id": self.contest.number, **query}
        return self.client.session.post(address, params=given, data=form).json()

    def make(self, **fields: Any) -> int:
        return self.post("new-result-set", {**HIDDEN, **fields})["individual_result_set_id"]

    def send(self, *rows: dict[str, Any], **query: Any) -> Any:
        return self.post("full-results", {"results": list(rows)}, **query)

    def row(self, index: int, **fields: Any) -> dict[str, Any]:
        return {"registration_id": self.people[index].key, "clock_time": f"0:2{index}:00.000", **fields}

    def sets(self, **query: Any) -> list[Any]:
        return self.ask("get-results", **query)["individual_results_sets"]

    def told(self) -> int:
        return self.client.session.get(f"{self.running.base}/_sandbox/results").json()["notifications"]


@pytest.fixture
def timer(even):
    return Timer(even)


def code(reply: Any) -> int:
    return reply["error"]["error_code"]


# Sets


def test_there_is_no_set_until_somebody_makes_one(timer):
    assert timer.ask("get-result-sets") == {"individual_results_sets": []}
    made = timer.make()
    (one,) = timer.ask("get-result-sets")["individual_results_sets"]
    assert (one["individual_result_set_id"], one["public_results"], one["results"]) == (made, "F", [])
    assert "disable_notifications" not in one, "whether messages go out is not told"


def test_results_without_a_set_make_one_by_themselves_and_it_is_public(timer):
    timer.send(timer.row(0))
    (one,) = timer.sets()
    assert (one["individual_result_set_name"], one["public_results"], len(one["results"])) == ("Results", "T", 1)
    assert timer.told() == 1
    timer.send(timer.row(1))
    assert len(timer.sets()) == 1


def test_with_several_sets_one_must_be_named(timer):
    timer.make()
    second = timer.make()
    assert code(timer.send(timer.row(0))) == 3
    assert "results" in timer.send(timer.row(0), individual_result_set_id=second)
    assert code(timer.send(timer.row(0), individual_result_set_id=1)) == 15


def test_a_field_left_out_becomes_its_default(timer):
    made = timer.make(pace_type="K")
    timer.post("edit-result-set", {"individual_result_set_name": "Overall"}, individual_result_set_id=made)
    (one,) = timer.sets()
    assert (one["public_results"], one["pace_type"], one["preliminary_results"]) == ("T", "T", "F")


# Rows


def test_rows_merge_by_registration_or_bib_and_keep_what_is_left_out(timer):
    made = timer.make()
    key, bib = timer.people[0].key, 900
    timer.running.world.change(timer.people[1], timer.running.clock(), bib=bib)
    timer.send({"registration_id": key, "place": 4}, {"bib": bib, "place": 5}, individual_result_set_id=made)
    timer.send({"registration_id": key, "clock_time": "0:20:00.000"}, {"bib_num": bib, "chip_time": "0:21:00"})
    first, second = timer.sets()[0]["results"]
    assert (first["place"], first["clock_time"], second["bib"], second["place"], second["chip_time"]) == (
        4,
        "20:00",
        bib,
        5,
        "21:00",
    )
    assert timer.sets()[0]["registration_ids"] == [key, timer.people[1].key]


def test_rows_of_names_only_double(timer):
    timer.make()
    for _ in range(2):
        timer.send({"first_name": "Ada", "last_name": "Sample", "clock_time": "0:20:00.000"})
    (one,) = timer.sets()
    assert [row["first_name"] for row in one["results"]] == ["Ada", "Ada"]
    assert one["registration_ids"] == [None, None]
    timer.send({"result_id": one["results"][0]["result_id"], "place": 1})
    assert [row["place"] for row in timer.sets()[0]["results"]] == [1, None]


def test_personal_data_of_whoever_is_registered_is_ignored(timer):
    timer.make()
    timer.send(timer.row(0, first_name="Other", gender="X"))
    assert timer.sets()[0]["results"][0]["first_name"] == timer.people[0].person.first_name


def test_a_blank_split_clears_nothing_and_x_does(timer):
    made = timer.make()
    reply = timer.post(
        "result-set-splits", {"result_set_splits": [{"split_id": None, "split_name": "5K"}]}, individual_result_set_id=made
    )
    key = f"split-{reply['result_set_splits'][0]['split_id']}"
    for value in ("0:10:00.000", "", None):
        timer.send(timer.row(0, **{key: value}))
        assert timer.sets()[0]["results"][0][key] == "10:00"
    timer.send(timer.row(0, **{key: "X"}))
    assert timer.sets()[0]["results"][0][key] is None
    assert timer.sets()[0]["results_headers"][key] == "5K"


@pytest.mark.parametrize(("given", "wanted"), [
    ("0:17:34.400", "17:34.4"), ("0:21:53.150", "21:53.15"), ("1:02:03.000", "1:02:03"), ("29:31:05", "29:31:05"), ("DNF", "DNF"),
    ("DNQ", "DNQ"), ("", ""),
])  # fmt: skip
def test_times_come_back_in_the_shortest_form(timer, given, wanted):
    timer.make()
    timer.send(timer.row(0, clock_time=given))
    assert timer.sets()[0]["results"][0]["clock_time"] == wanted


@pytest.mark.parametrize("wrong", [
    {"clock_time": "17:34"}, {"clock_time": "soon"}, {"clock_time": "X"}, {"bib_num": "A1"}, {"registration_id": 1},
    {"registration_id": None}, {"split-1": "0:01:00"}, {"division-1-placement": 1},
])  # fmt: skip
def test_one_row_that_cannot_be_leaves_all_of_them_out(timer, wrong):
    timer.make()
    assert code(timer.send(timer.row(0), timer.row(1, **wrong))) in {3, 11}
    assert timer.sets()[0]["results"] == []


def test_pages_have_no_total_and_whoever_has_no_place_comes_last(timer):
    timer.make()
    timer.send(*(timer.row(index, clock_time=f"0:{index + 10}:00", place=None if index == 0 else index) for index in range(7)))
    pages = [timer.sets(page=page, results_per_page=3)[0] for page in (1, 2, 3)]
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert [len(page["registration_ids"]) for page in pages] == [3, 3, 1]
    assert pages[2]["results"][0]["place"] is None


# Messages, strangers, old ways


def test_a_finish_that_appears_tells_its_runner_once_unless_that_is_off(timer):
    made = timer.make()
    timer.send(timer.row(0), timer.row(1, clock_time="DNF"))
    assert timer.told() == 0
    for _ in range(2):
        timer.post("edit-result-set", {**HIDDEN, "disable_notifications": "F"}, individual_result_set_id=made)
    assert timer.told() == 1
    timer.send(timer.row(0), timer.row(2))
    assert timer.told() == 2


def test_strangers_see_no_row_of_a_hidden_set(timer):
    timer.make()
    timer.send(timer.row(0))
    address = f"{timer.running.urls['RUNSIGNUP_URL']}/race/{timer.race}/results/get-results"
    (one,) = requests.get(address, params={"format": "json", "event_id": timer.contest.number}).json()["individual_results_sets"]
    assert one["results"] == []
    assert "registration_ids" not in one
    assert code(requests.post(address, params={"format": "json", "event_id": timer.contest.number}).json()) == 7


@pytest.mark.parametrize("path", ["/Race/{}/Results", "/race/{}/results/"])
def test_the_old_way_of_asking_works(timer, path):
    timer.make()
    timer.post("", {"results": [timer.row(0)]}, path=path.format(timer.race), request_type="full-results")
    assert len(timer.sets()[0]["results"]) == 1
    keys = {**timer.running.credentials(1, "runsignup"), "format": "json"}
    fields = {"event_id": timer.contest.number, "request_type": "clear-results", "individual_result_set_id": 300001}
    address = timer.running.urls["RUNSIGNUP_URL"] + path.format(timer.race)
    parts = {name: (None, str(value)) for name, value in fields.items()}
    assert requests.post(address, params=keys, files=parts).json() == {"success": "T"}
    assert timer.sets()[0]["results"] == []


# Faults, by hand, restarts


@pytest.mark.parametrize("fault", ["lost_reply", "late_500"])
def test_what_is_done_stays_done_when_the_answer_is_lost(timer, fault):
    timer.make()
    timer.running.faults.add(fault, provider="runsignup", path="full-results")
    with pytest.raises(requests.RequestException):
        timer.send(timer.row(0))
    assert len(timer.sets()[0]["results"]) == 1


def test_answers_are_kept_for_a_while_where_that_is_on(timer, clock):
    timer.make()
    timer.running.faults.add("cached", 30, provider="runsignup")
    assert timer.sets()[0]["results"] == []
    timer.send(timer.row(0))
    assert timer.sets()[0]["results"] == []
    clock.forward(seconds=31)
    assert len(timer.sets()[0]["results"]) == 1


def test_somebody_edits_by_hand(timer):
    made = timer.make(public_results="T")
    timer.send(timer.row(0, place=1))
    timer.client.control("edit_result", set=made, registration=timer.people[0].key, first_name="Other", clock_time="0:11:00.000")
    timer.client.control("edit_result_set", set=made, by_hand=True, preliminary_results="F")
    (one,) = timer.sets()
    assert (one["results"][0]["first_name"], one["results"][0]["clock_time"]) == ("Other", "11:00")
    assert (one["public_results"], one["preliminary_results"]) == ("T", "F")
    assert timer.client.control("edit_result", set=made, registration=1).status_code == 400


def test_a_restart_goes_on_from_there(tmp_path, clock):
    size = kept.Size(partners=1, editions=3, registrations=200)

    def start():
        return servers.start(kept.open_world(tmp_path, size, NOW), clock=clock, keep=kept.keeper(tmp_path))

    with start() as running:
        happening = running.world.seen_by("runsignup", 1)[0]
        contest = happening.contests[0]
        about = {"race": happening.uid, "event": contest.number}
        made = running.results.do("new_result_set", NOW, {**about, **HIDDEN, "disable_notifications": "F"})
        row = {"registration_id": contest.registrations[0].key, "clock_time": "0:20:00.000", "place": 1}
        running.results.do("post_results", NOW, {**about, "set": made.number, "results": [row]})
        before = running.results.listed()
    assert before["notifications"] == 1
    with start() as running:
        for what, at, given in kept.deeds(tmp_path):
            running.control.do(what, at, given)
        assert running.results.listed() == before
