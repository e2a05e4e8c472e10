"""A token is fetched once, kept for all workers, refreshed before its end, and fetched anew when it is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync_jobs.errors import CredentialsRejected, ProviderDown, UnexpectedReply
from sync_jobs.kit.auth import Bearer
from sync_jobs.kit.client import Client
from tests.kit.standin import NOW, Answer, Asked, Tokens, access

SOON, LATER = int((NOW + timedelta(seconds=100)).timestamp()), int((NOW + timedelta(hours=5)).timestamp())


class Office:
    """Lends tokens t1, t2, … and lets in whoever carries the newest."""

    def __init__(self) -> None:
        self.lent = 0
        self.grants: list[str] = []
        self.refuse: dict[str, int] = {}  # grant → status
        self.valid: set[str] = set()
        self.life: object = 3600

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            return self._lend(asked.form["grant_type"])
        if asked.headers.get("authorization", "").removeprefix("Bearer ") in self.valid:
            return Answer(body={"data": []})
        return Answer(status=401, body={"error": "Unauthorized"})

    def _lend(self, grant: str) -> Answer:
        self.grants.append(grant)
        if grant in self.refuse:
            return Answer(status=self.refuse[grant], body={"error": "invalid_client"})
        self.lent += 1
        self.valid = {f"t{self.lent}"}
        return Answer(body={"access_token": f"t{self.lent}", "refresh_token": f"r{self.lent}", "expires_in": self.life})


@pytest.fixture
def office(provider):
    office = Office()
    provider.answer = office.answer
    return office


@pytest.fixture
def line(provider, office):
    made = []

    def make(tokens, **changes):
        given = access({}, tokens=tokens, **changes)
        ask = lambda client, **form: client.post_form(f"{provider.url}/token", form, path="sign-in")  # noqa: E731
        auth = Bearer(
            given, lambda client: ask(client, grant_type="login"),
            lambda client, token: ask(client, grant_type="refresh", refresh_token=token),
        )  # fmt: skip
        made.append(Client(given, provider="Example", base=provider.url, calls=[], auth=auth))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_signs_in_once_and_keeps_the_token(office, line):
    tokens = Tokens()
    client = line(tokens)
    client.get("/events")
    client.get("/events")
    assert office.grants == ["login"]
    assert (tokens.token["access_token"], tokens.token["refresh_token"]) == ("t1", "r1")
    assert tokens.token["expires_at"] == int((NOW + timedelta(seconds=3600)).timestamp())


def test_a_stored_token_is_used(office, line):
    office.valid = {"kept"}
    line(Tokens({"access_token": "kept", "expires_at": LATER})).get("/events")
    assert office.grants == []


def test_a_stored_token_of_other_secrets_is_not(office, line):
    tokens = Tokens()
    line(tokens).get("/events")
    line(tokens, secrets={"api_key": "another"}).get("/events")
    assert office.grants == ["login", "login"]


def test_a_token_near_its_end_is_refreshed(office, line):
    tokens = Tokens({"access_token": "old", "refresh_token": "r0", "expires_at": SOON})
    line(tokens).get("/events")
    assert (office.grants, tokens.token["refresh_token"]) == (["refresh"], "r1")


def test_a_refresh_that_is_refused_falls_back_to_signing_in(office, line):
    office.refuse = {"refresh": 400}
    line(Tokens({"access_token": "old", "refresh_token": "r0", "expires_at": SOON})).get("/events")
    assert office.grants == ["refresh", "login"]


def test_a_token_refused_before_its_time_is_renewed_once(provider, office, line):
    line(Tokens({"access_token": "void", "refresh_token": "r0", "expires_at": LATER})).get("/events")
    assert office.grants == ["refresh"]
    assert [asked.path for asked in provider.asked] == ["/events", "/token", "/events"]


def test_a_token_that_another_worker_renewed_is_taken(office, line):
    tokens = Tokens({"access_token": "void", "refresh_token": "r0", "expires_at": LATER})
    client = line(tokens)
    office.valid = {"void"}
    client.get("/events")
    office.valid, tokens.token = {"theirs"}, {"access_token": "theirs", "expires_at": LATER}
    client.get("/events")
    assert office.grants == []


def test_refused_with_a_new_token_is_refused(office, line):
    client = line(Tokens())
    client.get("/events")
    office.valid = set()
    office._lend = lambda grant: (office.grants.append(grant), Answer(body={"access_token": "useless", "expires_in": 600}))[1]
    with pytest.raises(CredentialsRejected):
        client.get("/events")
    assert office.grants == ["login", "refresh"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_any_refusal_of_a_sign_in_is_final(provider, office, line, status):
    office.refuse = {"login": status}
    with pytest.raises(CredentialsRejected):
        line(Tokens()).get("/events")
    assert office.grants == ["login"]
    assert len(provider.asked) == 1


def test_a_sign_in_that_is_down_is_tried_again(office, line):
    office.refuse = {"login": 500}
    with pytest.raises(ProviderDown):
        line(Tokens()).get("/events")
    assert office.grants == ["login"] * 3


def test_a_sign_in_without_a_token_is_unexpected(provider, line, office):
    provider.answer = lambda asked: Answer(body={"access_token": None})
    with pytest.raises(UnexpectedReply):
        line(Tokens()).get("/events")


@pytest.mark.parametrize(("said", "seconds"), [("7200", 7200), (None, 3600), (90.5, 90)])
def test_the_life_of_a_token_in_all_its_forms(office, line, said, seconds):
    office.life, tokens = said, Tokens()
    line(tokens).get("/events")
    assert tokens.token["expires_at"] == int((NOW + timedelta(seconds=seconds)).timestamp())


def test_a_short_lived_token_is_not_fetched_anew_for_each_call(office, line):
    office.life = 60
    client = line(Tokens())
    client.get("/events")
    client.get("/events")
    assert office.grants == ["login"]
