"""A reply or a failure: each classed by who must act, in time, and without a secret."""

from __future__ import annotations

import gzip
import logging
import time
import traceback
from datetime import datetime, timedelta

import pytest

from sync_jobs.errors import (
    AccessDenied,
    CredentialsMissing,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderError,
    ProviderThrottled,
    QuotaUsedUp,
    RequestRefused,
    UnexpectedReply,
)  # fmt: skip
from sync_jobs.kit.pace import NoLimit
from tests.kit.standin import NOW, SECRETS, Answer

HTML = b"<!DOCTYPE html><html><body>Down for maintenance</body></html>"


class Limit(NoLimit):
    """Remembers until when everybody was asked to wait."""

    def __init__(self) -> None:
        self.until: datetime | None = None

    def wait_until(self, until: datetime) -> None:
        self.until = until


def test_brings_the_document_and_signs_the_query(provider, client):
    provider.give(Answer(body={"races": ["Zoë"]}))
    assert client().get("/races", {"page": 1}) == {"races": ["Zoë"]}
    assert provider.asked[0].query == {"page": "1", **SECRETS}


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (301, UnexpectedReply), (400, RequestRefused), (401, CredentialsRejected), (403, AccessDenied), (404, NotThere),
        (410, NotThere), (405, RequestRefused), (408, ProviderDown), (422, RequestRefused), (429, ProviderThrottled),
        (500, ProviderDown), (503, ProviderDown), (522, ProviderDown),
    ],
)  # fmt: skip
def test_a_status_is_classed_by_who_must_act(provider, client, status, failure):
    provider.give(Answer(status=status, body={"message": "no"}))
    with pytest.raises(failure) as caught:
        client().get("/races")
    assert (caught.value.path, caught.value.provider) == ("/races", "Example")
    assert isinstance(caught.value, failure)
    assert "Example" in caught.value.sentence


@pytest.mark.parametrize("status", [200, 403, 404, 500])
@pytest.mark.parametrize("body", [HTML, b"   <html>", b'"down"', b'{"races": [oops'])
def test_what_is_no_json_is_trouble_and_never_an_empty_list(provider, client, status, body):
    provider.give(Answer(status=status, body=body))
    with pytest.raises(ProviderDown):
        client().get("/races")


def test_nothing_at_all_with_a_good_status_is_trouble_too(provider, client):
    provider.give(Answer(body=b""))
    with pytest.raises(ProviderDown):
        client().get("/races")


def test_an_error_inside_a_good_reply_is_what_the_adapter_says(provider, client):
    provider.give(Answer(body={"error": 7}))
    with pytest.raises(AccessDenied, match="error 7"):
        client(refusal=lambda path, data: AccessDenied(path, "error 7") if "error" in data else None).get("/race/1")


def test_short_trouble_is_waited_out(provider, client):
    provider.give(Answer(status=500), Answer(body=HTML), Answer(body={"fine": 1}))
    line = client()
    assert line.get("/races") == {"fine": 1}
    assert [(call.ok, call.throttled) for call in line.calls] == [(False, False), (False, False), (True, False)]


def test_long_trouble_ends_after_the_last_wait(provider, client):
    provider.give(Answer(status=500))
    line = client(retry_waits=(0.001, 0.001, 0.001))
    with pytest.raises(ProviderDown, match="HTTP 500"):
        line.get("/races")
    assert len(line.calls) == len(provider.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_waiting_cannot_heal_is_asked_once(provider, client, status):
    provider.give(Answer(status=status, body={}))
    with pytest.raises(ProviderError):
        client().get("/races")
    assert len(provider.asked) == 1


def test_a_throttle_without_a_time_is_tried_again(provider, client):
    provider.give(Answer(status=429), Answer(body={"fine": 1}))
    line = client()
    assert line.get("/races") == {"fine": 1}
    assert [call.throttled for call in line.calls] == [True, False]


@pytest.mark.parametrize("given", ["120", "Fri, 12 Jun 2026 15:02:00 GMT"])
def test_a_long_throttle_is_told_to_everybody_and_not_waited_for(provider, client, given):
    limit = Limit()
    provider.give(Answer(status=429, headers={"Retry-After": given}))
    with pytest.raises(ProviderThrottled) as caught:
        client(limiter=limit).get("/races")
    assert caught.value.until == limit.until == NOW + timedelta(seconds=120)
    assert len(provider.asked) == 1


def test_a_short_throttle_is_waited_for(provider, client):
    provider.give(Answer(status=429, headers={"retry-after": "1"}), Answer(body={"fine": 1}))
    began = time.monotonic()
    assert client(retry_waits=(0.001, 1.5)).get("/races") == {"fine": 1}
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(("given", "seconds"), [("soon", None), ("", None), ("999999999", 86_400), ("0", 0)])
def test_a_strange_retry_after_does_no_harm(provider, client, given, seconds):
    provider.give(Answer(status=429, headers={"Retry-After": given}))
    with pytest.raises(ProviderThrottled) as caught:
        client().get("/races")
    assert caught.value.until == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_a_gateway_that_names_a_time_is_believed(provider, client):
    provider.give(Answer(status=503, headers={"Retry-After": "60"}))
    with pytest.raises(ProviderDown) as caught:
        client().get("/races")
    assert caught.value.until == NOW + timedelta(seconds=60)


@pytest.mark.parametrize("cut", [0, 1, 500])
def test_a_connection_that_breaks_is_trouble(provider, client, cut):
    provider.give(Answer(body={"races": ["x" * 1000]}, cut=cut))
    with pytest.raises(ProviderDown):
        client().get("/races")
    assert len(provider.asked) == 3


def test_nobody_there_is_trouble(provider, client):
    line = client()
    line.base = "http://127.0.0.1:1"
    with pytest.raises(ProviderDown, match="ConnectionError"):
        line.get("/races")


@pytest.mark.parametrize(
    "answer",
    [Answer(mute=True), Answer(body={"x": "y" * 1000}, drip=0.1), Answer(body={"x": 1}, drip=0.1, headers={"Connection": "close"})],
)
def test_the_deadline_holds_for_the_whole_body(provider, client, answer):
    provider.give(answer)
    began = time.monotonic()
    with pytest.raises(ProviderDown):
        client(call_timeout=0.3, retry_waits=()).get("/races")
    assert 0.25 < time.monotonic() - began < 0.9


def test_the_deadline_holds_when_a_body_stalls(provider, client):
    provider.give(Answer(body={"x": "y" * 1000}, drip=0.5))
    began = time.monotonic()
    with pytest.raises(ProviderDown):
        client(call_timeout=0.6, retry_waits=()).get("/races")
    assert time.monotonic() - began < 0.9  # not the time-out over again after the part that came


def test_a_slow_body_within_the_deadline_is_fine(provider, client):
    provider.give(Answer(body={"x": "y" * 1000}, drip=0.02))
    assert client().get("/races") == {"x": "y" * 1000}


def test_a_compressed_body_is_read(provider, client):
    provider.give(Answer(body=gzip.compress(b'{"x": [1, 2]}' + b" " * 5000), headers={"Content-Encoding": "gzip"}))
    assert client().get("/races") == {"x": [1, 2]}


def test_a_packed_body_that_does_not_say_so_is_unpacked_too(provider, client):
    provider.give(Answer(body=gzip.compress(b'{"x": [1, 2]}' + b" " * 5000)))
    assert client().get("/races") == {"x": [1, 2]}


@pytest.mark.parametrize("spoilt", [gzip.compress(b'{"x": 1}', mtime=0)[:-9], b"\x1f\x8bno gzip at all"], ids=["cut", "none"])
def test_a_packed_body_that_is_spoilt_is_trouble(provider, client, spoilt):
    provider.give(Answer(body=spoilt))
    with pytest.raises(ProviderDown):
        client().get("/races")


def test_a_document_is_sent_as_json_and_signed(provider, client):
    provider.give(Answer(body={"fine": 1}))
    assert client().post("/people", [{"id": "1"}]) == {"fine": 1}
    asked = provider.asked[0]
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/people", "application/json")
    assert asked.query == SECRETS


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_document_may_be_taken_without_a_word(provider, client, status):
    provider.give(Answer(status=status, body=b""))
    assert client().post("/people", []) is None


@pytest.mark.parametrize("answer", [Answer(status=500), Answer(body=HTML), Answer(cut=3, body={"fine": 1})])
def test_what_may_have_been_done_already_is_not_sent_twice(provider, client, answer):
    provider.give(answer, Answer(body={"fine": 1}))
    with pytest.raises(ProviderDown):
        client().post("/people", [])
    assert len(provider.asked) == 1


def test_what_was_put_off_is_sent_again(provider, client):
    provider.give(Answer(status=429), Answer(body={"fine": 1}))
    assert client().post("/people", []) == {"fine": 1}


def test_a_path_that_must_not_be_told_has_another_name_in_failures(provider, client):
    provider.give(Answer(status=404))
    with pytest.raises(NotThere) as caught:
        client().get("/races/x/login@example.com", said="/races/x/export")
    assert caught.value.path == "/races/x/export"
    assert "login@" not in str(vars(caught.value)) + str(caught.value)


def test_calls_share_one_connection(provider, client):
    provider.give(Answer(body={"x": "y" * 200_000}))
    line = client()
    for _ in range(5):
        line.get("/races")
    assert len(provider.connections) == 1


def test_calls_are_noted_with_instant_and_duration(provider, client):
    provider.give(Answer(body={"x": "y" * 100}, drip=0.01))
    line = client()
    line.get("/races")
    assert (line.calls[0].at, line.calls[0].ok) == (NOW, True)
    assert 90 < line.calls[0].ms < 1000


def test_it_can_be_stopped_between_calls(provider, client):
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    provider.give(Answer(body={}))
    with pytest.raises(Stop):
        client(before_call=stop).get("/races")
    assert not provider.asked


def test_a_quota_that_is_used_up_is_not_waited_for(provider, client):
    class Empty(NoLimit):
        def call(self):
            raise QuotaUsedUp("pace", until=NOW + timedelta(minutes=10))

    with pytest.raises(QuotaUsedUp) as caught:
        client(limiter=Empty()).get("/races")
    assert (caught.value.provider, provider.asked) == ("Example", [])


def test_without_its_keys_nothing_is_asked(provider, client):
    provider.give(Answer(body={"races": []}))
    with pytest.raises(CredentialsMissing) as caught:
        client(secrets={"api_key": "k"}).get("/races")
    assert "API secret" in caught.value.sentence
    assert not provider.asked


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500), Answer(status=401, body={"key": SECRETS["api_secret"]}), Answer(body=HTML), Answer(mute=True),
        Answer(body={"x": "y" * 1000}, cut=10), Answer(status=302, headers={"Location": "http://127.0.0.1:1/x?api_secret=s"}),
    ],
)  # fmt: skip
def test_no_failure_and_no_log_line_holds_a_secret(provider, client, answer, caplog):
    caplog.set_level(logging.DEBUG)
    provider.give(answer)
    line = client(call_timeout=0.2)
    with pytest.raises(ProviderError) as caught:
        line.get("/races")
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert "connectionpool" in caplog.text, "the HTTP library did not say anything, so this proves nothing"
    error: BaseException | None = caught.value
    while error is not None:  # also what a traceback would not print
        told, error = told + repr(error) + str(vars(error)), error.__context__
    assert not [secret for secret in SECRETS.values() if secret in told]


def test_a_redirect_takes_no_keys_elsewhere(provider, client):
    provider.give(Answer(status=302, headers={"Location": f"{provider.url}/elsewhere"}), Answer(body={}))
    with pytest.raises(UnexpectedReply):
        client().get("/races")
    assert [asked.path for asked in provider.asked] == ["/races"]
