"""People who use pages: browsers that behave as in production, one signed-in for each role, and pages read by their words."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_jobs.models import Account, Edition, Partner, db
from tests import factories


class Browser(FlaskClient):
    """A browser whose requests each have a context of their own, so that nothing leaks from one into the next."""

    def open(self, *given: Any, **named: Any) -> TestResponse:
        if has_app_context():
            db.session.rollback()  # the test's own look must neither block a write nor outlive it
        return contextvars.Context().run(super().open, *given, **named)

    def soup(self, address: str, **named: Any) -> BeautifulSoup:
        """A page that must be there, to read in."""
        answer = self.get(address, **named)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return read(answer)

    def poll(self, address: str, **named: Any) -> TestResponse:
        """What htmx asks in the place of a live region."""
        return self.get(address, headers={"HX-Request": "true"}, **named)


def read(answer: TestResponse) -> BeautifulSoup:
    """A page or a fragment, to read in."""
    return BeautifulSoup(answer.text, "html.parser")


def words(soup: Any) -> str:
    """All that is written there, as a person reads it."""
    return " ".join(soup.get_text(" ").split())


@dataclass
class People:
    """One of each role. The director and the partner belong to `company`; `elsewhere` is another partner."""

    company: Partner
    elsewhere: Partner
    edition: Edition
    director: Account
    partner: Account
    support: Account
    administrator: Account

    def of(self, role: str) -> Account:
        return getattr(self, role)


@pytest.fixture
def browser(app: Flask, clock: Any) -> Callable[[], Browser]:
    """A new browser, not signed in."""
    app.test_client_class = Browser
    return app.test_client


@pytest.fixture
def people(app: Flask, clock: Any) -> People:
    company, elsewhere = factories.make_partner("Big River Timing"), factories.make_partner("Lakeside Timing")
    edition = factories.make_edition(company)
    return People(
        company=company,
        elsewhere=elsewhere,
        edition=edition,
        director=factories.make_account("director", company, editions=(edition,)),
        partner=factories.make_account("partner", company),
        support=factories.make_account("support"),
        administrator=factories.make_account("administrator"),
    )


@pytest.fixture
def sign_in(browser: Callable[[], Browser]) -> Callable[[Account], Browser]:
    """A browser in which that person signed in through the form."""

    def through_the_form(account: Account, password: str = factories.PASSWORD) -> Browser:
        opened = browser()
        answer = opened.post("/sign-in", data={"email": account.email, "password": password})
        assert answer.status_code == 302, answer.text
        return opened

    return through_the_form
