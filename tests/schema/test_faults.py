"""Whatever goes wrong: a correct upgrade, or one clear sentence and an unchanged file."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from sync_jobs import schema
from sync_jobs.schema import backup as backing_up
from sync_jobs.schema import upgrading
from tests.schema.files import NOW, ask, beside, copy, fingerprint, opened

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2]); db.execute("SELECT count(*) FROM users").fetchall()
print("held", flush=True)
sys.stdin.read()
"""


def in_a_child(work):
    """Run that in a process of its own. Returns its exit code; negative for a signal, 99 if it raised."""
    child = os.fork()
    if not child:
        code = 99
        try:
            code = work() or 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def upgrade_killed_at(file, number):
    """Upgrade in a child that is killed before its statement of that number. False if it got through."""
    seen = []

    def watch(sql):
        seen.append(sql)
        if len(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return in_a_child(lambda: schema.upgrade(file, NOW, watch=watch) and 0) == -signal.SIGKILL


def one_sentence(problem):
    words = str(problem.value)
    assert "\n" not in words
    assert words.endswith(".")
    assert "Traceback" not in words
    return words


@pytest.mark.timeout(600)  # some 200 processes, each killed and looked after
@pytest.mark.parametrize(("state", "cache_kib", "every"), [("untouched", 128 * 1024, 1), ("half", 8, 3)])
def test_killed_at_every_statement_and_started_again(request, tmp_path, monkeypatch, state, cache_kib, every):
    """With a tiny cache pages reach the file before the commit, so that the next opening must roll them back: each takes long,
    so there every third statement stands for its neighbours.
    """
    monkeypatch.setattr(upgrading, "CACHE_KIB", cache_kib)
    file = copy(request.getfixturevalue(state), tmp_path)
    before, journals, number = fingerprint(file), 0, 1
    assert not schema.check(file, NOW).nothing
    while upgrade_killed_at(file, number):
        journals += bool({"race_results.db-journal"} & set(beside(file)))
        assert fingerprint(file) == before, f"changed when killed at statement {number}"
        for left in file.parent.glob("*Z"):
            left.unlink()
        number += every
    assert number > 150
    assert journals > 0 or cache_kib > 8
    assert schema.check(file, NOW).nothing
    assert (
        ask(file, "SELECT count(*) FROM unified_results") == ask(file, "SELECT count(*) FROM ct_results WHERE event_id <> 'e'")[:1]
        or state == "half"
    )
    assert not [name for name in beside(file) if "partial" in name or "journal" in name]


@pytest.mark.parametrize("state", ["untouched", "half"])
def test_failure_at_any_statement_leaves_the_file_and_no_backup(request, tmp_path, state):
    file = copy(request.getfixturevalue(state), tmp_path)
    statements, before = [], fingerprint(file)
    schema.upgrade(copy(file, tmp_path.parent), NOW, watch=statements.append)
    for number in range(0, len(statements), 7):
        countdown = iter([None] * number)

        def watch(_, countdown=countdown):
            if next(countdown, "now") == "now":
                raise sqlite3.OperationalError("database or disk is full")

        with pytest.raises(schema.SchemaProblem, match="disk is full"):
            schema.upgrade(file, NOW, watch=watch)
        assert fingerprint(file) == before
        assert beside(file) == []


@pytest.mark.parametrize("room", [-500_000, 0, 40_000, 300_000])
def test_file_that_may_not_grow(file, room):
    """A limit on the size of files, as a full disk or a quota sets it."""
    before, limit = fingerprint(file), file.stat().st_size + room

    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            schema.upgrade(file, NOW)
        except schema.SchemaProblem as problem:
            return 7 if "disk" in str(problem) else 8
        return 0

    assert in_a_child(work) == 7
    assert fingerprint(file) == before
    assert beside(file) == []


def test_no_room_for_the_backup(file, monkeypatch):
    usage = shutil.disk_usage(file.parent)
    monkeypatch.setattr(backing_up.shutil, "disk_usage", lambda _: usage._replace(free=file.stat().st_size * 2))
    before = fingerprint(file)
    with pytest.raises(schema.SchemaProblem) as problem:
        schema.upgrade(file, NOW)
    assert "free" in one_sentence(problem)
    assert fingerprint(file) == before
    assert beside(file) == []


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "BEGIN"])
def test_locked_by_another_process(file, begin):
    """A writer, a program that wants the file alone, and a reader that does not let go before the commit."""
    before = fingerprint(file)
    with subprocess.Popen([sys.executable, "-c", HOLDER, file, begin], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(schema.SchemaProblem) as problem:
            schema.upgrade(file, NOW, wait=0.05)
        holder.stdin.close()
    assert "Another program" in one_sentence(problem)
    assert fingerprint(file) == before
    assert beside(file) == []
    assert not schema.upgrade(file, NOW).nothing


def test_read_only_file(file):
    before = fingerprint(file)
    file.chmod(0o444)
    with pytest.raises(schema.SchemaProblem) as problem:
        schema.upgrade(file, NOW)
    assert "cannot be written" in one_sentence(problem)
    assert fingerprint(file) == before
    assert beside(file) == []


def test_folder_that_may_not_be_written(file):
    before = fingerprint(file)
    file.parent.chmod(0o555)
    try:
        with pytest.raises(schema.SchemaProblem) as problem:
            schema.upgrade(file, NOW)
        assert "folder" in one_sentence(problem)
    finally:
        file.parent.chmod(0o755)
    assert fingerprint(file) == before


@pytest.mark.parametrize("content", [b"event,bib\n1,2\n" * 500, b"short"])
@pytest.mark.parametrize("command", [schema.check, schema.upgrade])
def test_not_a_database(tmp_path, content, command):
    file = tmp_path / "race_results.db"
    file.write_bytes(content)
    with pytest.raises(schema.SchemaProblem) as problem:
        command(file, NOW)
    assert "not a SQLite database" in one_sentence(problem)
    assert file.read_bytes() == content
    assert beside(file) == []


@pytest.mark.parametrize("command", [schema.check, schema.upgrade])
def test_another_programs_database(tmp_path, command):
    file = tmp_path / "photos.db"
    with opened(file) as db:
        db.execute("CREATE TABLE photos (photo_id INTEGER PRIMARY KEY)")
    before = fingerprint(file)
    with pytest.raises(schema.SchemaProblem) as problem:
        command(file, NOW)
    assert "not race_results.db" in str(problem.value)
    assert fingerprint(file) == before
    assert beside(file) == []


@pytest.mark.parametrize("command", [schema.check, schema.upgrade])
@pytest.mark.parametrize(
    "taken", ["CREATE TABLE accounts (nr TEXT PRIMARY KEY)", "CREATE TABLE unified_events (x)", "CREATE VIEW contests AS SELECT 1"]
)
def test_names_that_are_taken(file, command, taken):
    with opened(file) as db:
        db.execute(taken)
    before = fingerprint(file)
    with pytest.raises(schema.SchemaProblem) as problem:
        command(file, NOW)
    assert one_sentence(problem).endswith("Nothing was changed.")
    assert fingerprint(file) == before


def test_damaged_file(file):
    with file.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(b"\xff" * 400_000)
    before = file.read_bytes()
    with pytest.raises(schema.SchemaProblem) as problem:
        schema.upgrade(file, NOW)
    assert "damaged" in one_sentence(problem)
    assert file.read_bytes() == before


@pytest.mark.parametrize(("where", "words"), [("nowhere/race_results.db", "no folder"), (".", "")])
def test_no_such_place(tmp_path, where, words):
    with pytest.raises(schema.SchemaProblem) as problem:
        schema.upgrade(tmp_path / where, NOW)
    assert words in one_sentence(problem)


def test_check_of_a_file_that_a_killed_writer_left(file, monkeypatch):
    monkeypatch.setattr(upgrading, "CACHE_KIB", 8)
    number = 100
    while upgrade_killed_at(file, number) and "race_results.db-journal" not in beside(file):
        number += 5
    with pytest.raises(schema.SchemaProblem) as problem:
        schema.check(file, NOW)
    assert "interrupted" in one_sentence(problem)
    assert not schema.upgrade(file, NOW).nothing


def test_two_upgrades_at_once(file):
    """The second waits for the lock and then finds nothing to do."""
    results = []

    def watch(sql):
        if sql.startswith("backup") and not results:
            with pytest.raises(schema.SchemaProblem):
                schema.upgrade(file, NOW, wait=0.01)
            results.append("refused")

    schema.upgrade(file, NOW, watch=watch)
    assert results == ["refused"]
    assert schema.upgrade(file, NOW).nothing
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_rows_that_would_be_lost_undo_the_upgrade(file):
    """A trigger of another program's that deletes while we add: the count of rows does not add up."""
    with opened(file) as db:
        db.execute("CREATE TRIGGER theirs AFTER INSERT ON providers BEGIN DELETE FROM users WHERE user_id = 1; END")
    before = fingerprint(file)
    with pytest.raises(schema.SchemaProblem) as problem:
        schema.upgrade(file, NOW)
    assert one_sentence(problem).startswith("users would have 33 rows instead of 34")
    assert fingerprint(file) == before
    assert beside(file) == []
