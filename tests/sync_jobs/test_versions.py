"""Versions of results: made from the provider tables only where something is new, kept as intervals, loaded as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import func, select, text, update

from sync_jobs import store, versions
from sync_jobs.kit.base import RawRow
from sync_jobs.models import PROVIDER_TABLES, KeptRow, RawResult, ResultVersion, SetAside, db, write
from sync_jobs.results import ResultRow, Split
from sync_jobs.review.fingerprints import content_hash
from tests.conftest import NOW
from tests.factories import keep, make_connection, make_contest, make_link
from tests.sync_jobs.sides import EVENT, two_sides

TIMED = {"results_time": "00:40:01.5", "results_gun_time": "00:40:09", "results_primary_bracket_name": "F 30-39"}


@pytest.fixture
def sides(app, clock):
    return two_sides()


@pytest.fixture
def half(sides):
    return sides.scored("Half", 1)


def result(sides, contest, key, bracket="Overall", rank=None, **given):
    race = contest.provider_contest_id.partition("/")[2]
    row = {
        "event_id": EVENT, "race_id": race, "entry_id": str(key), "results_bib": str(key), "results_first_name": "Ada",
        "results_last_name": f"Sample{key}", "results_sex": "F", "results_age": "36", "results_bracket_name": bracket,
        "results_rank": rank and str(rank), "row_hash": f"{key}{bracket}".encode().ljust(16)[:16], **TIMED, **given,
    }  # fmt: skip
    sides.write("ct_results", row)


def change(key, bracket="Overall", **values):
    table = PROVIDER_TABLES["ct_results"]
    which = (table.c.entry_id == str(key), table.c.results_bracket_name == bracket)
    with write() as session:
        session.execute(update(table).where(*which).values(**values))


def make(sides, now=NOW, **given):
    return versions.make(sides.id, sides.there.connection_id, None, now, **given)


def only(sides):
    """The one row of the newest version there is."""
    (version_id,) = make(sides)
    (row,) = versions.load(version_id).rows
    return row


def kept_rows():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(KeptRow))


# What a row is made of


def test_ranks_and_splits_of_all_brackets_are_one_row(sides, half):
    sides.enter(half, 7, "Ada Sample7", entry_bib="7")
    result(sides, half, 7, "Overall", 12)
    result(sides, half, 7, "Female", 3)
    result(sides, half, 7, "F 30-39", 1)
    result(sides, half, 7, "Split 10K", 9, results_time="00:20:00", results_gun_time="00:20:08")
    result(sides, half, 7, "Split Bridge", 9, results_time="00:22:00", results_gun_time="")
    assert only(sides) == ResultRow(
        entry_key="7", bib="7", first_name="Ada", last_name="Sample7", gender="F", age=36, status="FINISHED", said="CONF",
        gun_ms=2_409_000, chip_ms=2_401_500, place=12, gender_place=3, division="F 30-39", division_place=1,
        splits=(
            Split(point="10K", metres=10_000, gun_ms=1_208_000, chip_ms=1_200_000), Split(point="Bridge", chip_ms=1_320_000),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "metres"),
    [
        ("5K", 5000),
        ("10 km", 10_000),
        ("Half", 21_098),
        ("at 5 Mile split", 8047),
        ("Last 5K", None),
        ("5K to 10K", None),
        ("T1", None),
    ],
)
def test_a_point_lies_where_its_name_says_and_nothing_else(sides, half, name, metres):
    result(sides, half, 7)
    result(sides, half, 7, f"Split {name}")
    assert only(sides).splits[0].metres == metres


def test_a_sex_bracket_may_have_any_name(sides, half):
    result(sides, half, 7, "Overall", 12)
    result(sides, half, 7, "F 30-39", 1)
    result(sides, half, 7, "Ladies", 3)
    row = only(sides)
    assert (row.gender_place, row.division, row.division_place) == (3, "F 30-39", 1)


@pytest.mark.parametrize(
    ("word", "status"), [("DNF", "DNF"), ("DQ", "DQ"), ("DSQ", "DQ"), ("DNS", "DNS"), ("eaten by a bear", None)]
)
def test_who_stopped_has_no_result_but_a_word(sides, half, word, status):
    result(sides, half, 7)
    sides.enter(half, 8, "Ben Sample", entry_bib="8", entry_status=word)
    (version_id,) = make(sides)
    row = versions.load(version_id).by_entry["8"]
    assert (row.status, row.said, row.bib, row.chip_ms, row.place) == (status, word, "8", None, None)


def test_a_word_holds_against_a_time(sides, half):
    sides.enter(half, 7, entry_status="DQ")
    result(sides, half, 7, rank=1)
    row = only(sides)
    assert (row.status, row.chip_ms, row.place) == ("DQ", 2_401_500, 1)


def test_a_word_may_stand_where_the_time_should(sides, half):
    result(sides, half, 7, results_time="DNF", results_gun_time="DNF")
    assert only(sides).status == "DNF"


def test_who_is_out_there_runs_and_who_was_never_seen_is_nothing(sides, half):
    sides.enter(half, 7)
    sides.enter(half, 8)
    sides.enter(half, 9)
    result(sides, half, 7, results_time="", results_gun_time="")
    result(sides, half, 8, "Split 5K")
    (version_id,) = make(sides)
    assert {row.entry_key: row.status for row in versions.load(version_id).rows} == {"7": "RUNNING", "8": "RUNNING"}
    kept = db.session.get_one(ResultVersion, version_id)
    assert (kept.counts, kept.facts["entries"]) == ({"RUNNING": 2}, 3)


def test_what_cannot_be_read_is_kept_as_it_is_written(sides, half):
    odd = {"results_time": "soon", "results_age": "old", "results_sex": "?", "results_gun_time": "00:40:09"}
    result(sides, half, 7, rank="first", **odd)
    row = only(sides)
    assert (row.chip_ms, row.gun_ms, row.age, row.gender, row.place, row.status) == (None, 2_409_000, None, None, None, "FINISHED")
    assert set(row.unreadable) == {
        ("results_time", "soon"), ("results_age", "old"), ("gender", "?"), ("rank in Overall", "first"),
    }  # fmt: skip


def test_one_who_is_there_twice_is_there_twice(sides, half):
    result(sides, half, 7, "Overall", 1)
    result(sides, half, 7, "Open", 2)
    (version_id,) = make(sides)
    assert [(row.entry_key, row.place) for row in versions.load(version_id).rows] == [("7", 1), ("7", 2)]
    change(7, "Open", results_rank="3")
    (again,) = make(sides)
    assert [row.place for row in versions.load(again).rows] == [1, 3]
    assert [row.place for row in versions.load(version_id).rows] == [1, 2]


def test_a_result_of_nobody_on_the_list_is_one(sides, half):
    result(sides, half, 7, rank=1)
    row = only(sides)
    assert (row.status, row.said, row.name) == ("FINISHED", None, "Ada Sample7")


def copernico(sides, **given):
    there = make_connection(sides.partner, "copernico")
    make_link(sides.edition, there, "spring")
    contest = make_contest(sides.edition, there, "10K", happening_id="spring", provider_contest_id="spring/10K")
    points = [
        {"split": "start", "official_ms": 8000, "net_ms": 0},
        {"split": "5 км", "metres": 5000, "official_ms": 1_000_000, "net_ms": 992_000},
        {"split": "Meta", "metres": 10000, "official_ms": 2_409_000, "net_ms": 2_401_000},
    ]
    row = {
        "id": "A1", "event_id": "spring/10K", "participant_id": "A1", "bib_number": "214", "first_name": "Lucía",
        "last_name": "Sample", "category": "F 30-39", "finish_time": "2026-06-12 13:40:09", "total_time": "00:40:09",
        "net_time": "00:40:01", "split_times": orjson.dumps(points).decode(), "overall_position": "4", "gender_position": "2",
        "category_position": "1", "status": "finished", "row_hash": b"x" * 16, **given,
    }  # fmt: skip
    sides.write("copernico_results", row)
    person = {"event_id": "spring/10K", "participant_id": "A1", "bib_number": "214", "gender": "female", "first_name": "Lucía"}
    sides.write("copernico_participants", {**person, "id": "A1", "last_name": "Sample", "date_of_birth": "1990-03-04"})
    return there, contest


@pytest.mark.parametrize("key", ["A1", "bib:214"])
def test_copernico_says_it_all_in_one_record(sides, key):
    there, _ = copernico(sides, participant_id=key)
    (version_id,) = versions.make(sides.id, there.connection_id, None, NOW)
    version = versions.load(version_id)
    assert version.rows == (
        ResultRow(
            entry_key="A1", bib="214", first_name="Lucía", last_name="Sample", gender="F", status="FINISHED", said="finished",
            gun_ms=2_409_000, chip_ms=2_401_000, place=4, gender_place=2, division="F 30-39", division_place=1,
            splits=(Split(point="5 км", metres=5000, gun_ms=1_000_000, chip_ms=992_000),),
        ),
    )  # fmt: skip
    assert version.started_at == datetime(2026, 6, 12, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "status"), [("dq", "DQ"), ("dnf", "DNF"), ("quarantine", "HELD"), ("started", "RUNNING"), ("odd", None)]
)
def test_copernicos_words(sides, said, status):
    there, _ = copernico(sides, status=said, total_time=None, net_time=None, overall_position=None, split_times="[}")
    (version_id,) = versions.make(sides.id, there.connection_id, None, NOW)
    (row,) = versions.load(version_id).rows
    assert (row.status, row.said, row.unreadable) == (status, said, (("split_times", "[}"),))


def aside(sides, run_id, row_key, field, why="is no time"):
    keep(
        SetAside(
            run_id=run_id, attempt_no=1, timing_partner_id=sides.partner.timing_partner_id, table_name="ct_results",
            row_key=row_key, field=field, why=why,
        )
    )  # fmt: skip


def test_a_record_that_a_reading_set_aside_is_marked_and_its_old_time_is_not_believed(sides, half):
    sides.enter(half, 9, "Cid Sample", entry_bib="9")
    for key in (7, 8):
        result(sides, half, key, rank=key)
    for _ in range(2):
        aside(sides, 5, "900/1/7/Overall", "results_time")
    aside(sides, 5, "900/1/8/Female", "results_rank", "is no number")
    aside(sides, 5, "900/1/9/Overall", "results_time")
    aside(sides, 5, "900/11/8/Overall", "results_time")
    aside(sides, 6, "900/1/8/Overall", "results_time")
    aside(sides, 5, None, "results_entry_id", "is missing")
    (version_id,) = versions.make(sides.id, sides.there.connection_id, 5, NOW)
    rows = versions.load(version_id).by_entry
    assert (rows["7"].chip_ms, rows["7"].gun_ms, rows["7"].unreadable) == (None, 2_409_000, (("results_time", "is no time"),))
    assert (rows["8"].chip_ms, rows["8"].unreadable) == (2_401_500, (("Female: results_rank", "is no number"),))
    assert (rows["9"].status, rows["9"].name, rows["9"].bib) == (None, "Cid Sample", "9")
    assert rows["9"].unreadable == (("results_time", "is no time"),)


# When there is another version


def test_a_contest_in_which_nobody_started_has_no_version(sides, half):
    sides.enter(half, 7, entry_status="DNS")
    assert make(sides) == []


def test_the_same_content_moves_only_when_it_was_seen(sides, half):
    result(sides, half, 7)
    (version_id,) = make(sides)
    assert make(sides, NOW + timedelta(minutes=30)) == []
    kept = db.session.get_one(ResultVersion, version_id, populate_existing=True)
    assert (kept.number, kept.pulled_at, kept.last_seen_at) == (1, NOW, NOW + timedelta(minutes=30))
    assert kept_rows() == 1


def test_only_the_contest_that_changed_gets_another(sides, half):
    other = sides.scored("10K", 2)
    result(sides, half, 7)
    result(sides, other, 8)
    assert len(make(sides)) == 2
    change(8, results_time="00:41:00")
    (version_id,) = make(sides)
    assert versions.load(version_id).contest_id == other.contest_id
    assert versions.numbers(other.contest_id).keys() == {2, 1}
    assert versions.newest(other.contest_id).version_id == version_id
    assert versions.newest(half.contest_id).number == 1


def test_who_vanished_is_not_in_it_and_all_may_vanish(sides, half):
    result(sides, half, 7)
    result(sides, half, 8)
    (first,) = make(sides)
    for key in (7, 8):
        change(key, gone_at=NOW)
    (second,) = make(sides)
    assert [len(versions.load(one).rows) for one in (first, second)] == [2, 0]


def test_a_doubtful_reading_is_said_and_a_whole_one_settles_it(sides, half):
    result(sides, half, 7)
    (doubtful,) = make(sides, is_complete=False)
    assert make(sides, is_complete=False) == []
    (whole,) = make(sides)
    assert [versions.load(one).is_complete for one in (doubtful, whole)] == [False, True]
    assert make(sides, is_complete=False) == [], "the same, and known to be whole"
    assert kept_rows() == 1


def test_another_gun_is_another_version(sides, half):
    result(sides, half, 7)
    (before,) = make(sides)
    race = {"race_id": "1", "event_id": EVENT, "race_actual_start_time": "1781269200"}
    sides.write("ct_races", race)
    (known,) = make(sides)
    table = PROVIDER_TABLES["ct_races"]
    with write() as session:
        session.execute(update(table).values(race_actual_start_time="1781269320"))
    (moved,) = make(sides)
    starts = [versions.load(one).started_at for one in (before, known, moved)]
    assert starts == [None, datetime(2026, 6, 12, 13, tzinfo=UTC), datetime(2026, 6, 12, 13, 2, tzinfo=UTC)]


def test_whoever_lost_the_right_to_write_makes_nothing(sides, half):
    class Lost(Exception):
        pass

    def fence(session):
        raise Lost

    result(sides, half, 7)
    with pytest.raises(Lost):
        make(sides, fence=fence)
    assert (kept_rows(), versions.newest(half.contest_id)) == (0, None)


def test_a_crash_in_the_middle_leaves_nothing_and_the_next_makes_it(sides, half, monkeypatch):
    result(sides, half, 7)
    with monkeypatch.context() as broken:
        broken.setattr("sync_jobs.versions.keeping.bump", lambda *_: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(RuntimeError):
            make(sides)
    assert (kept_rows(), versions.newest(half.contest_id)) == (0, None)
    assert len(make(sides)) == 1
    assert make(sides) == []


def test_each_version_is_as_it_was_made(sides, half):
    for key in range(20):
        result(sides, half, key, rank=key + 1)
    made, was = [], []
    for turn in range(12):
        change(turn, results_time=f"00:40:{turn + 10}", gone_at=NOW if turn % 3 == 0 else None)
        if turn > 6:
            change(turn - 6, results_rank=str(turn), gone_at=None)
        made += make(sides, NOW + timedelta(minutes=turn))
        was.append(versions.load(made[-1]))
    assert len(made) == 12
    for version_id, version in zip(made, was, strict=True):
        again = versions.load(version_id)
        assert again.rows == version.rows
        assert content_hash(again.rows) == again.content_hash == version.content_hash
    told = versions.history(half.contest_id, "3")
    assert [(first, last) for first, last, _ in told] == [(1, 3), (10, None)]


def test_fifty_versions_of_a_thousand_with_few_changes_cost_little(sides, half):
    table, many, few = PROVIDER_TABLES["ct_results"], 1000, 2
    rows = [
        {
            "timing_partner_id": sides.partner.timing_partner_id, "event_id": EVENT, "race_id": "1", "entry_id": str(key),
            "results_bib": str(key), "results_first_name": "Ada", "results_last_name": "Sample", "results_sex": "F",
            "results_age": "36", "results_bracket_name": "Overall", "results_rank": str(key + 1),
            "row_hash": key.to_bytes(16, "big"), **TIMED,
        }
        for key in range(many)
    ]  # fmt: skip
    with write() as session:
        session.connection().execute(table.insert(), rows)
    before = pages()
    make(sides)
    first = pages() - before
    for turn in range(49):
        with write() as session:
            some = table.c.entry_id.in_([str(turn * few + at) for at in range(few)])
            session.execute(update(table).where(some).values(results_time=f"00:39:{turn + 10}"))
        assert len(make(sides, NOW + timedelta(minutes=turn))) == 1
    assert kept_rows() == many + 49 * few
    assert len(versions.of_contest(half.contest_id)) == 50
    assert first < 700 * many
    assert pages() - before - first < 0.2 * first


def pages():
    db.session.rollback()
    size = db.session.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")).scalar()
    free = db.session.execute(text("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")).scalar()
    db.session.rollback()
    return size - free


# Documents


@pytest.mark.parametrize(
    "row",
    [
        ResultRow(entry_key="7"), ResultRow(entry_key="7", status=None, unreadable=(("a", "b"),)),
        ResultRow(entry_key="7", is_projected=True, splits=(Split(point="5K", gun_ms=0, chip_ms=-1),), place=1, wave="2"),
    ],
)  # fmt: skip
def test_a_row_comes_back_from_its_document(row):
    again = versions.from_document(versions.document(row))
    assert again == row
    assert versions.row_hash(again) == versions.row_hash(row) != versions.row_hash(replace(row, bib="1"))


def test_what_nobody_checked_is_found(sides, half):
    result(sides, half, 7)
    (version_id,) = make(sides)
    assert (versions.unchecked(sides.id), versions.unchecked(sides.id + 1)) == ([version_id], [])
    with write() as session:
        session.execute(update(ResultVersion).values(state="blocked"))
    assert versions.unchecked(sides.id) == []


def test_a_record_is_kept_once_however_often_it_comes(sides):
    row = RawRow(("900",), b"0123456789abcdef", {"results_entry_id": "7", "results_time": "00:40:00"})
    for days in range(2):
        with write() as session:
            store.keep_raw(session, sides.partner.timing_partner_id, [row], NOW + timedelta(days=days))
    assert [kept.at for kept in db.session.scalars(select(RawResult))] == [NOW]
    assert versions.raw_records(sides.partner.timing_partner_id, [row.digest.hex(), "00" * 16]) == [row.raw]
    assert versions.raw_records(sides.partner.timing_partner_id + 1, [row.digest.hex()]) == []
