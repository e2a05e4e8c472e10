"""The commands, by their words and exit codes."""

import pytest

from tests.schema.files import fingerprint, make, opened


@pytest.fixture
def file(tmp_path):
    return make(tmp_path / "race_results.db", 0.0005)


@pytest.fixture
def command(app):
    return lambda *words: app.test_cli_runner().invoke(args=["database", *map(str, words)])


def test_check_upgrade_check(command, file):
    before = fingerprint(file)
    planned = command("check", "--database", file)
    assert (planned.exit_code, fingerprint(file)) == (1, before)
    assert "Stops working: INSERT INTO sync_queue" in planned.output
    done = command("upgrade", "--database", file)
    assert done.exit_code == 0
    assert "Backup: " in done.output
    assert "Copernico" in done.output
    assert command("check", "--database", file).exit_code == 0
    again = command("upgrade", "--database", file)
    assert (again.exit_code, again.output.splitlines()[0]) == (
        0,
        "Nothing to do: the database is as it should be. No backup was made.",
    )


def test_duplicates_are_reported(command, file):
    with opened(file) as db:
        columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(runsignup_participants)").fetchall()[1:])
        db.execute(f"INSERT INTO runsignup_participants ({columns}) SELECT {columns} FROM runsignup_participants LIMIT 1")
    assert "Merged: 1 duplicate rows of runsignup_participants" in command("check", "--database", file).output
    assert "Merged: 1 duplicate rows of runsignup_participants" in command("upgrade", "--database", file).output


@pytest.mark.parametrize("word", ["check", "upgrade"])
def test_a_problem_is_one_sentence(command, tmp_path, word):
    (tmp_path / "notes.txt").write_text("no database at all")
    result = command(word, "--database", tmp_path / "notes.txt")
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert "is not a SQLite database" in result.output


def test_new_file(command, tmp_path):
    assert command("check", "--database", tmp_path / "new.db").exit_code == 2
    assert "an empty database is made there" in command("upgrade", "--database", tmp_path / "new.db").output
    assert command("check", "--database", tmp_path / "new.db").exit_code == 0
