"""Reading pages by their words, and counting what a request asks of the database and how the database would find it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bs4 import BeautifulSoup, Tag
from sqlalchemy import event
from werkzeug.test import TestResponse

from sync_jobs.models import db

BIG = (
    "sync_history", "sync_queue", "run_changes", "rows_set_aside", "provider_minutes", "runsignup_participants",
    "raceroster_participants", "ct_participants", "ct_results",
)  # fmt: skip
WALKS_ALL = re.compile(rf"\bSCAN (?:{'|'.join(BIG)})\b")


@dataclass
class Asked:
    """The statements of a request, transactions' own left out."""

    statements: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def plans(self) -> list[str]:
        """How SQLite would answer each."""
        with db.engine.connect() as connection:
            return [
                str(row[3])
                for statement, parameters in self.statements
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]

    @property
    def walks(self) -> list[str]:
        """Steps that walk a whole large table."""
        return [step for step in self.plans if WALKS_ALL.search(step)]


@contextmanager
def asked() -> Iterator[Asked]:
    """What is asked of the database meanwhile."""
    found = Asked()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            found.statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def words(part: Any) -> str:
    """All that is written there, as a person reads it."""
    return " ".join(part.get_text(" ").split())


def soup(answer: TestResponse) -> BeautifulSoup:
    """A page or a fragment, to read in."""
    return BeautifulSoup(answer.text, "html.parser")


def live(page: BeautifulSoup) -> Tag:
    """The live region of a page."""
    region = page.find(id="live")
    assert region is not None, "no live region"
    return region


def next_poll(page: BeautifulSoup) -> str:
    """The address that the live region asks next."""
    return str(live(page)["hx-get"])


def row(page: BeautifulSoup, text: str, kind: str = "li,tr") -> Tag:
    """The smallest row in which that is written."""
    found = [part for part in page.select(kind) if text in words(part)]
    assert found, f"no row says {text!r}: {words(page)[:600]}"
    return min(found, key=lambda part: len(words(part)))


def answer(page: BeautifulSoup) -> str:
    """The first line of a page."""
    return words(page.h1)
