"""What people and files may see of a text."""

from __future__ import annotations

import io
import logging

import pytest

from sync_jobs.kit import redact
from sync_jobs.kit.rows import digest


@pytest.mark.parametrize(
    "text",
    [
        "GET /rest/races?api_key=hush-1&api_secret=hush-2&page=1", "password=hush-1", "{'client_secret': 'hush-1'}",
        '{"access_token": "hush-1"}', "Authorization: Bearer hush-1", "bearer hush-1", "redis://:hush-1@localhost/0",
        "smtp://user:hush-1@mail.example", "X-RSU-API-SECRET: hush-1", "tmp_secret=hush-1", "refresh_token=hush-1;",
    ],
)  # fmt: skip
def test_secret_looking_values_are_blanked(text):
    assert "hush" not in redact.redact(text)


@pytest.mark.parametrize(
    "text", ["GET /rest/races?page=2&results_per_page=1000", "the key to success", "3 pages of 40 rows", "a: b"]
)
def test_the_rest_stays(text):
    assert redact.redact(text) == text


def test_known_secrets_are_blanked_wherever_they_stand():
    redact.remember(["correct horse", "abc"])
    assert redact.redact("x correct horse y abc") == f"x {redact.BLANK} y abc"  # three letters are too common


def test_a_handler_with_the_filter_lets_nothing_through():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(redact.Redact())
    logger = logging.getLogger("tests.redact")
    logger.addHandler(handler)
    try:
        try:
            int("https://example.com/?api_secret=hush-1")
        except ValueError:
            logger.exception("asked %s", "https://example.com/?api_key=hush-2")
    finally:
        logger.removeHandler(handler)
    assert "hush" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_equal_records_have_equal_digests_and_others_do_not():
    assert digest({"a": 1, "b": None}) == digest({"a": 1, "b": None})
    assert len({digest({"a": 1}), digest({"a": "1"}), digest({"a": None}), digest({})}) == 4
    assert len(digest({})) == 16
