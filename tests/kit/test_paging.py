"""Lists are read to their end or raise; a server that cuts pages loses nobody, and an ordinary list costs no call too many."""

from __future__ import annotations

import pytest

from sync_jobs.errors import ReadIncomplete
from sync_jobs.kit.paging import Ending, Part, Sheet, by_key, by_number, by_offset, by_sheet


class Server:
    """Ids 1 … n, at most `cap` on a page."""

    def __init__(self, many: int, cap: int = 10**6) -> None:
        self.ids, self.cap, self.calls = list(range(1, many + 1)), cap, 0

    def after(self, key: int, asked: int) -> tuple[list[int], int | None]:
        self.calls += 1
        found = [one for one in self.ids if one > key][: min(asked, self.cap)]
        return found, max(found, default=None)

    def at(self, offset: int, asked: int) -> list[int]:
        self.calls += 1
        return self.ids[offset:][: min(asked, self.cap)]


def read(server: Server, ending: Ending) -> list[int]:
    pages = by_key(lambda after: server.after(after, ending.asked), ending, "/list")
    return [one for records, _ in pages for one in records]


@pytest.mark.parametrize("cap", [1, 3, 40, 100, 250, 1000])
@pytest.mark.parametrize("many", [0, 1, 3, 39, 40, 41, 100, 120, 201, 999, 1000, 1001])
@pytest.mark.parametrize("asked", [100, 2500])
def test_nobody_is_lost_to_a_server_that_cuts_pages(cap, many, asked):
    server = Server(many, cap)
    assert read(server, Ending(asked)) == server.ids


@pytest.mark.parametrize(
    ("many", "calls", "given"),
    [
        (0, 1, {}),  # an empty page ends a list
        (5, 2, {}),  # few rows may be a cut page
        (217, 1, {}),  # nobody cuts at 217
        (2499, 1, {}),
        (1000, 2, {}),  # but at 1,000
        (2500, 2, {}),  # a full page never ends a list
        (5000, 3, {}),
        (2700, 2, {}),  # the second page is smaller than the first: that is the end
        (5, 1, {"proven": 300}),  # this server has shown that it gives more when it has more
        (40, 2, {"proven": 300}),  # unless it was told to give less since
        (1000, 2, {"proven": 2500}),
        (5, 2, {"expected": 5}),  # the provider counted five, but perhaps yesterday, and six are there now
        (1000, 2, {"expected": 1000}),
        (217, 1, {"expected": 217}),
        (217, 2, {"expected": 250}),  # it counted more: look again
        (5, 2, {"expected": 6, "proven": 300}),
    ],
)
def test_a_list_costs_this_many_calls(many, calls, given):
    server = Server(many)
    assert read(server, Ending(2500, **given)) == server.ids
    assert server.calls == calls


def test_a_full_page_never_ends_a_list_whatever_its_size():
    server = Server(434)
    assert read(server, Ending(217)) == server.ids


@pytest.mark.parametrize("cap", [40, 100, 500, 1000])
def test_a_cap_that_was_lowered_since_loses_nobody(cap):
    server = Server(2222, cap)
    assert read(server, Ending(2500, proven=2500)) == server.ids


def test_a_reading_goes_on_at_its_cursor_with_what_it_knew():
    server, first = Server(250, cap=100), Ending(2500)
    pages = by_key(lambda after: server.after(after, 2500), first, "/list")
    assert [next(pages)[1], next(pages)[1]] == [100, 200]
    mark, second = first.mark(), Ending(2500)
    second.resume(mark)
    server.calls = 0
    rest = list(by_key(lambda after: server.after(after, 2500), second, "/list", after=200))
    assert (rest, server.calls) == ([(list(range(201, 251)), None)], 1)


def test_a_key_without_effect_is_an_incomplete_reading():
    with pytest.raises(ReadIncomplete):
        list(by_key(lambda _: ([1, 2, 3], 3), Ending(3), "/list"))


def test_rows_without_any_key_cannot_be_read_past():
    with pytest.raises(ReadIncomplete):
        list(by_key(lambda _: ([None] * 3, None), Ending(3), "/list"))


def test_numbered_pages_give_each_row_once_when_the_list_moves():
    pages = {1: [1, 2, 3], 2: [3, 4, 5], 3: [6]}  # somebody came in above after the first page
    found = list(by_number(lambda page: pages[page], Ending(3), lambda one: one, "/list"))
    assert [records for records, _ in found] == [[1, 2, 3], [4, 5], [6]]
    assert [following for _, following in found] == [2, 3, None]


def test_a_page_number_without_effect_is_an_incomplete_reading():
    with pytest.raises(ReadIncomplete):
        list(by_number(lambda _: [1, 2, 3], Ending(3), lambda one: one, "/list"))


def offsets(server: Server, total: object = "true", asked: int = 250):
    ending = Ending(asked)

    def fetch(offset: int) -> Part:
        records = server.at(offset, asked)
        return Part(records, {"true": len(server.ids)}.get(total, total))

    return [(part.records, following) for part, following in by_offset(fetch, ending, lambda one: one, "/list")]


@pytest.mark.parametrize("cap", [1, 3, 40, 100, 250, 1000])
@pytest.mark.parametrize("many", [0, 1, 40, 100, 249, 250, 251, 500])
@pytest.mark.parametrize("total", ["true", None])
def test_offsets_lose_nobody(cap, many, total):
    server = Server(many, cap)
    assert [one for records, _ in offsets(server, total) for one in records] == server.ids


@pytest.mark.parametrize(("many", "calls"), [(0, 1), (5, 1), (250, 1), (251, 2), (500, 2)])
def test_a_total_saves_the_last_look(many, calls):
    server = Server(many)
    offsets(server)
    assert server.calls == calls


def test_a_total_that_is_not_reached_is_an_incomplete_reading():
    with pytest.raises(ReadIncomplete, match="40 of 41"):
        offsets(Server(40), total=41)


def test_an_offset_without_effect_is_an_incomplete_reading():
    with pytest.raises(ReadIncomplete, match="no effect"):
        list(by_offset(lambda _: Part([1, 2, 3], 9), Ending(3), lambda one: one, "/list"))


def test_rows_that_came_twice_do_not_count_for_the_total():
    pages = {0: Part([1, 2, 3], 6), 3: Part([3, 4, 5], 6)}
    with pytest.raises(ReadIncomplete, match="5 of 6"):
        list(by_offset(lambda at: pages[at], Ending(3), lambda one: one, "/list"))


def test_a_list_that_shrinks_while_it_is_read_is_an_incomplete_reading():
    pages = {0: Part([1, 2, 3], 6), 3: Part([5, 6], 5)}  # 2 left, so 4 moved up, unseen
    with pytest.raises(ReadIncomplete, match="shorter"):
        list(by_offset(lambda at: pages[at], Ending(3), lambda one: one, "/list"))


def test_a_list_that_grows_while_it_is_read_is_read_on():
    pages = {0: Part([1, 2, 3], 5), 3: Part([4, 5, 6], 7), 6: Part([7], 7)}
    found = list(by_offset(lambda at: pages[at], Ending(3), lambda one: one, "/list"))
    assert [one for part, _ in found for one in part.records] == [1, 2, 3, 4, 5, 6, 7]


def test_rows_without_an_id_are_kept_to_be_set_aside():
    found = list(by_offset(lambda _: Part([None, None, 1], 3), Ending(9), lambda one: one, "/list"))
    assert found == [(Part([None, None, 1], 3), None)]


class Sheets:
    """Numbered pages that announce how many rows and pages there are."""

    def __init__(self, many: int, size: int, *, announces: bool = True) -> None:
        self.ids, self.size, self.announces, self.calls = list(range(1, many + 1)), size, announces, 0

    def sheet(self, page: int) -> Sheet:
        self.calls += 1
        records = self.ids[(page - 1) * self.size : page * self.size]
        many = len(self.ids)
        return Sheet(records, many, -(-many // self.size)) if self.announces else Sheet(records, None, None)

    def read(self, **start: int) -> list[int]:
        pages = by_sheet(self.sheet, Ending(500), lambda one: one, "/list", start or None)
        return [one for sheet, _ in pages for one in sheet.records]


@pytest.mark.parametrize(("many", "size", "calls"), [(0, 50, 1), (1, 50, 1), (50, 50, 1), (51, 50, 2), (130, 40, 4)])
def test_announced_pages_cost_a_call_each(many, size, calls):
    server = Sheets(many, size)
    assert (server.read(), server.calls) == (server.ids, calls)


def test_pages_that_announce_nothing_end_like_others():
    server = Sheets(130, 40, announces=False)
    assert (server.read(), server.calls) == (server.ids, 4)


def test_numbered_pages_go_on_where_they_were():
    server = Sheets(130, 40)
    places = [at for _, at in by_sheet(server.sheet, Ending(500), lambda one: one, "/list")]
    assert places == [
        {"page": 2, "read": 40, "rows": 130},
        {"page": 3, "read": 80, "rows": 130},
        {"page": 4, "read": 120, "rows": 130},
        None,
    ]
    assert server.read(**places[1]) == server.ids[80:]


def test_a_list_that_grew_while_it_was_read_is_read_again_for_what_is_new():
    server = Sheets(100, 40)
    pages = by_sheet(server.sheet, Ending(500), lambda one: one, "/list")
    found = list(next(pages)[0].records)
    server.ids.insert(0, 999)  # everybody moves down: the fortieth comes twice, and the new one stands behind us
    found += [one for sheet, _ in pages for one in sheet.records]
    assert sorted(found) == sorted(server.ids)
    assert server.calls == 6


def test_rows_that_were_announced_and_never_come_are_an_incomplete_reading():
    with pytest.raises(ReadIncomplete):
        list(by_sheet(lambda page: Sheet([1], 2, 1), Ending(500), lambda one: one, "/list"))
    with pytest.raises(ReadIncomplete):
        list(by_sheet(lambda page: Sheet([1], 3, 3), Ending(500), lambda one: one, "/list"))
