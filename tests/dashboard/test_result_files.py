"""Results as files: downloaded, loaded by a person, said once; only then they count as public."""

from __future__ import annotations

import pytest

from sync_jobs.models import ResultDestination, db
from tests.dashboard.conftest import read
from tests.dashboard.scored import field_of, scored
from tests.factories import make_account
from tests.pages import answer, asked, row, words


@pytest.fixture
def board(people):
    return scored(people.company)


@pytest.fixture
def partner(people, sign_in):
    return sign_in(people.partner)


@pytest.fixture
def file(board):
    sent = board.publish(board.version(field_of(3)), field_of(3))
    made = board.file(sent)
    board.hide_from_public()
    return made


@pytest.fixture
def place(board):
    return f"/events/{board.id}/results/files"


def test_without_a_file_it_says_why(partner, place):
    page = partner.soup(place)
    assert answer(page) == "No results went out as a file"
    assert "An approval for a provider that takes no calls, or whose switch is off, makes one here." in words(page)


def test_a_file_is_downloaded_as_it_was_made_and_looking_changes_nothing(file, partner, place):
    page = partner.soup(place)
    assert answer(page) == "One file waits to be loaded"
    line = row(page, "results.csv")
    assert "10K for RunSignUp, version 1, preliminary" in words(line)
    assert "nobody said yet that it was loaded" in words(line)
    got = partner.get(line.find("a", string="Download")["href"])
    assert got.data == b"Bib,Time\r\n101,40:10\r\n"
    assert got.headers["Content-Disposition"] == "attachment; filename=results.csv"
    assert "nobody said yet" in words(partner.soup(place))


def test_the_first_persons_word_stands(file, partner, place, board, people, sign_in, clock):
    done = read(partner.post(f"/results/files/{file.file_id}", follow_redirects=True))
    assert "Noted. From now on it counts as what the public sees." in words(done)
    assert f"loaded, said {people.partner.name}" in words(row(done, "results.csv"))
    assert done.find("button", string="I loaded it") is None
    assert board.destination.visibility == "preliminary"
    clock.forward(minutes=10)
    colleague = sign_in(make_account("partner", people.company))
    late = read(colleague.post(f"/results/files/{file.file_id}", follow_redirects=True))
    assert f"{people.partner.name} said so already" in words(late)
    assert answer(late) == "Every file was loaded"


def test_only_the_newest_of_a_place_waits_for_somebody(file, board, partner, place, clock):
    clock.forward(minutes=10)
    board.file(board.publish(board.version(field_of(4)), field_of(4)), name="newer.csv")
    page = partner.soup(place)
    assert answer(page) == "One file waits to be loaded"
    assert "a newer file took its place" in words(row(page, "results.csv"))
    assert row(page, "results.csv").find("button") is None
    assert row(page, "newer.csv").find("button", string="I loaded it")


def test_an_older_file_is_not_public_because_somebody_still_has_its_page_open(file, board, partner, clock):
    clock.forward(minutes=10)
    board.file(board.publish(board.version(field_of(4)), field_of(4)), name="newer.csv")
    board.hide_from_public()
    late = read(partner.post(f"/results/files/{file.file_id}", follow_redirects=True))
    assert "went out or were taken down there after this file" in words(late)
    db.session.rollback()
    assert board.destination.visibility == "none"


def test_who_may_and_who_finds_nothing(file, people, sign_in, place, board):
    support = sign_in(people.support)
    assert support.soup(place).find("button", string="I loaded it") is None
    assert support.post(f"/results/files/{file.file_id}").status_code == 403
    for account in (people.director, make_account("partner", people.elsewhere)):
        stranger = sign_in(account)
        assert stranger.get(place).status_code == 404
        assert stranger.get(f"/results/files/{file.file_id}").status_code == 404
        assert stranger.post(f"/results/files/{file.file_id}").status_code == 404
    db.session.rollback()
    assert db.session.query(ResultDestination).one().visibility == "none"
    mine = sign_in(make_account("director", people.company, editions=(board.sides.edition,)))
    assert mine.get(f"/results/files/{file.file_id}").status_code == 200


def test_the_list_reads_no_file_and_goes_on(file, board, partner, place):
    sent = board.publish(board.version(field_of(2)), field_of(2))
    for number in range(31):
        board.file(sent, name=f"more-{number}.csv")
    with asked() as statements:
        page = partner.soup(place)
    assert len(statements.statements) <= 4
    assert not any("result_files.content" in statement for statement, _ in statements.statements)
    assert len(page.select("li[id^=file-]")) == 30
    assert len(partner.soup(page.find("a", string="Older")["href"]).select("li[id^=file-]")) == 2
