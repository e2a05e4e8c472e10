"""Versions of a distance: what was read and what was public when; and everything between two of them, in its order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_jobs.models import AwardGiven, ResultFinding, TimerTask
from tests.conftest import NOW
from tests.dashboard.scored import field_of, runner, scored
from tests.factories import keep, make_account
from tests.pages import answer, asked, row, words


@pytest.fixture
def board(people):
    return scored(people.company)


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


def parts(page):
    return [part["id"].removeprefix("part-") for part in page.select("[id^=part-]")]


def part(page, name):
    return page.find(id=f"part-{name}")


def test_before_the_first_reading_it_says_so(board, partner):
    page = partner.soup(f"{board.base}/versions")
    assert answer(page) == "Scoring has given no results yet"
    assert "The first reading of results that brings anybody makes version 1." in words(page)


def test_each_version_says_what_it_holds_and_when_the_public_saw_it(board, partner, clock):
    first = board.version(field_of(3))
    board.publish(first, field_of(3))
    clock.forward(minutes=20)
    rows = [*field_of(2), runner(3, status="DQ", place=None)]
    second = board.version(rows, state="blocked", why="Nobody can publish this: half of it is missing.")
    clock.forward(minutes=10)
    third = board.version(field_of(4), state="pulled", checked_at=None)
    board.publish(third, field_of(4), "official")
    page = partner.soup(f"{board.base}/versions")
    assert answer(page) == "The newest version, 3, is public"
    said = [words(one) for one in page.select("li[id^=version-]")]
    assert "Version 3 ◌ not checked yet 4 finished Read 11:30 · now" in said[0]
    assert "● Public at RunSignUp as official since 11:30" in said[0]
    assert "■ blocked 2 finished, 1 disqualified" in said[1]
    assert "Nobody can publish this" in said[1]
    assert "Public" not in said[1]
    assert "▲ waits for somebody 3 finished" in said[2]
    assert "◌ Public at RunSignUp as preliminary from 11:00 to 11:30" in said[2]
    assert second.number == 2


def test_a_file_counts_from_when_somebody_loaded_it(board, partner, clock):
    first = board.version(field_of(3))
    kept = board.publish(first, field_of(3))
    board.file(kept)
    assert "Public" not in words(row(partner.soup(f"{board.base}/versions"), "Version 1"))
    second = board.publish(first, field_of(3))
    board.file(second, loaded_at=clock.forward(minutes=5))
    assert "Public at RunSignUp as preliminary since 11:05" in words(row(partner.soup(f"{board.base}/versions"), "Version 1"))


def test_what_was_taken_down_is_public_no_more(board, partner, clock):
    first = board.version(field_of(3))
    board.publish(first, field_of(3))
    clock.forward(minutes=5)
    board.publish(first, field_of(3), "retraction")
    page = partner.soup(f"{board.base}/versions")
    assert answer(page) == "One version, none is public"
    assert "from 11:00 to 11:05" in words(row(page, "Version 1"))
    assert page.find("a", string="Go back to it")
    assert not page.find("a", string="Take it down")


def test_only_who_may_approve_is_offered_the_way_back(board, people, sign_in, clock):
    board.publish(board.version(field_of(3)), field_of(3))
    clock.forward(minutes=5)
    board.publish(board.version(field_of(4)), field_of(4))
    for role, offered in (("partner", True), ("support", False), ("administrator", False)):
        page = sign_in(people.of(role)).soup(f"{board.base}/versions")
        assert bool(page.find("a", string="Go back to it")) is offered
        assert bool(page.find("a", string="Take it down")) is (role != "administrator")


def test_many_versions_stand_on_pages(board, partner):
    for number in range(32):
        board.version(field_of(number % 7 + 1))
    page = partner.soup(f"{board.base}/versions")
    assert len(page.select("li[id^=version-]")) == 30
    older = partner.soup(page.find("a", string="Older")["href"])
    assert [one["id"] for one in older.select("li[id^=version-]")] == ["version-2", "version-1"]
    assert answer(older) == "Version 2 and older"


def test_a_correction_is_told_in_its_order_with_every_sum(board, partner):
    old = field_of(8)
    new = [
        replace(old[0], place=1),
        runner(2, status="DQ", place=None, gender_place=None, division_place=None),
        *(replace(one, place=one.place - 1, gender_place=one.place - 1, division_place=one.place - 1) for one in old[2:6]),
        replace(old[6], first_name="Zoe", last_name="Quill", place=6, gender_place=6, division_place=6),
        runner(9, place=7, gender_place=7, division_place=7),
    ]
    board.version(old)
    board.version(new)
    keep(AwardGiven(contest_id=board.contest.contest_id, entry_key="e2", by_name="Dana", at=NOW))
    keep(TimerTask(
        timing_partner_id=board.sides.partner.timing_partner_id, edition_id=board.id, contest_id=board.contest.contest_id,
        kind="correction", bibs=["102"], words="video review 09:58", by_account=1, by_name="Dana", at=NOW,
    ))  # fmt: skip
    page = partner.soup(f"{board.base}/versions?a=1&b=2")
    assert parts(page) == ["awards", "status", "person", "added", "removed", "ripple", "unchanged"]
    handed_out = words(part(page, "awards").li)
    assert "2nd overall changed handed out already".replace("changed", "◌ changed ■") in handed_out
    assert "before Mia Cole (bib 102) after Joy Lund (bib 103)" in handed_out
    assert "before status finished" in words(part(page, "status"))
    assert "Asked for by Dana: “video review 09:58”" in words(part(page, "status"))
    assert "before Ed Park (bib 107), F 30" in words(part(page, "person"))
    assert "1 person added: 1 finished." in words(part(page, "added"))
    assert "Flo Gray (bib 108): gun 41:20, chip 41:15. Should this be DQ or DNF instead?" in words(part(page, "removed"))
    assert "4 people move up one place" in words(part(page, "ripple"))
    assert "In all 8 = 1 unchanged + 4 place only + 2 changed + 1 added; 1 removed" in words(part(page, "unchanged"))
    assert answer(page).startswith("Version 1 to 2: ")


def test_before_stands_above_after_and_both_are_named(board, partner):
    board.version(field_of(3))
    board.version([*field_of(2), runner(3, gun_ms=2_500_000)])
    line = partner.soup(f"{board.base}/versions?a=1&b=2").select_one("#part-time li.difference")
    assert [one["class"][0] for one in line.find_all(recursive=False)] == ["about", "was", "is"]
    assert "before gun time 40:30" in words(line.select_one(".was"))
    assert "after gun time 41:40" in words(line.select_one(".is"))


def test_findings_that_come_and_go_stand_with_whom_they_are_about(board, partner):
    first, second = board.version(field_of(3)), board.version([*field_of(2), runner(3, gun_ms=2_500_000)])
    fields = {"check_version": 1, "scope": "row", "numbers": {}, "fingerprint": "f"}
    keep(
        ResultFinding(
            version_id=first.version_id, check_id="M03", severity="warn", entries=["e1"], sentence="Gone since.", **fields
        ),
        ResultFinding(
            version_id=second.version_id, check_id="T06", severity="warn", entries=["e3"], sentence="Too slow.", **fields
        ),
        ResultFinding(version_id=second.version_id, check_id="G06", severity="info", entries=[], sentence="Counted.", **fields),
    )
    page = partner.soup(f"{board.base}/versions?a=1&b=2")
    assert "Found now: Too slow." in words(part(page, "time"))
    said = words(page)
    assert "▲ found now Too slow. T06" in said
    assert "● no longer found Gone since. M03" in said
    assert "Counted." not in said


def test_many_lines_stand_on_pages_of_their_own(board, partner):
    board.version(field_of(400))
    moved = [replace(one, gun_ms=one.gun_ms + 2000 * number) for number, one in enumerate(field_of(400), 1)]
    board.version(moved)
    found = partner.get(f"{board.base}/versions?a=1&b=2")
    assert len(found.data) < 60_000
    page = partner.soup(f"{board.base}/versions?a=1&b=2")
    lines = page.select("#part-time .difference")
    whole = partner.soup(page.select_one("#part-time li:last-child a")["href"])
    assert len(lines) == 25
    assert parts(whole) == ["time"]
    assert len(whole.select(".difference")) == 150
    last = partner.soup(partner.soup(whole.find("a", string=lambda text: text and "more" in text)["href"])
                        .find("a", string=lambda text: text and "more" in text)["href"])  # fmt: skip
    seen = len(last.select(".difference"))
    assert 0 < seen <= 150
    assert not last.find("a", string=lambda text: text and "more" in text)


def test_the_same_twice_says_so_and_the_other_way_round_works(board, partner):
    board.version(field_of(3))
    board.version(field_of(3), content_hash="another start")
    board.version(field_of(4))
    assert "Nobody would see a difference" in words(partner.soup(f"{board.base}/versions?a=1&b=2"))
    page = partner.soup(f"{board.base}/versions?a=2&b=3")
    back = partner.soup(page.find("a", string="The other way round")["href"])
    assert "removed" in parts(back)
    assert answer(partner.soup(f"{board.base}/versions?a=1")).startswith("Version 1 to 3")  # without the other: the newest
    assert answer(partner.soup(f"{board.base}/versions?b=3")).startswith("Version 2 to 3")  # without the first: the one before


@pytest.mark.parametrize("query", ["a=1&b=9", "a=0&b=1", "a=-1", f"a={2**70}"])
def test_a_version_that_is_not_there_is_not_found(board, partner, query):
    board.version(field_of(3))
    assert partner.get(f"{board.base}/versions?{query}").status_code == 404


def test_nonsense_changes_nothing(board, partner):
    board.version(field_of(3))
    board.version(field_of(4))
    for query in ("a=x&b=y", "before=x", "a=1&b=2&part=x&from=x", "a=1&b=2&part=added&from=-3"):
        assert partner.get(f"{board.base}/versions?{query}").status_code == 200


def test_the_registration_side_has_no_versions_and_strangers_find_nothing(board, people, sign_in, partner):
    board.version(field_of(3))
    assert partner.get(f"/events/{board.id}/results/{board.ten.contest_id}/versions").status_code == 404
    assert partner.get(f"/events/{people.edition.edition_id}/results/{board.contest.contest_id}/versions").status_code == 404
    for account in (people.director, make_account("partner", people.elsewhere)):
        assert sign_in(account).get(f"{board.base}/versions?a=1").status_code == 404
    mine = make_account("director", people.company, editions=(board.sides.edition,))
    assert sign_in(mine).get(f"{board.base}/versions").status_code == 200


def test_looking_takes_few_statements_whatever_there_is(board, partner):
    first = board.version(field_of(300))
    board.publish(first, field_of(300))
    for number in range(5):
        board.version(field_of(300 - number))
    with asked() as listing:
        partner.soup(f"{board.base}/versions")
    with asked() as comparing:
        partner.soup(f"{board.base}/versions?a=1&b=6")
    assert len(listing.statements) <= 7
    assert len(comparing.statements) <= 18
    assert listing.walks == comparing.walks == []
