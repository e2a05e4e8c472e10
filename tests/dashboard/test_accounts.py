"""Signing in and out, invitations, one's own password."""

from __future__ import annotations

import dataclasses

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from dashboard import access, create_app, invitations, sign_ins
from sync_jobs import times
from sync_jobs.models import Account, Invitation, SignIn, SignInFailure, db, write
from tests.dashboard.conftest import Browser, read, words
from tests.factories import PASSWORD, make_account

NEW = "another long secret"


def post(browser, email, password, **given):
    return browser.post("/sign-in", data={"email": email, "password": password}, **given)


def count(model, *where):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*where))


@pytest.mark.parametrize("role", access.ROLES)
def test_everybody_signs_in_and_begins_where_their_work_is(people, sign_in, role):
    browser = sign_in(people.of(role))
    answer = browser.get("/sign-in")
    assert answer.status_code == 302
    assert answer.location == ("/approvals" if role == "director" else "/")
    assert people.of(role).name in browser.get("/account").text


def test_address_is_read_in_any_case_and_the_typed_one_stays_when_refused(people, browser):
    typed = people.partner.email.upper()
    answer = post(browser(), f" {typed} ", "not the password")
    assert answer.status_code == 422
    page = read(answer)
    assert page.find("input", id="email")["value"] == people.partner.email
    assert "value" not in page.find("input", id="password").attrs or page.find("input", id="password")["value"] == ""
    assert "not the password" not in answer.text
    assert post(browser(), f" {typed} ", PASSWORD).status_code == 302


@pytest.mark.parametrize("state", ["invited", "removed"])
def test_who_is_not_here_is_answered_like_a_stranger(people, browser, state):
    account = make_account("partner", people.company, state=state)
    known, unknown = post(browser(), account.email, PASSWORD), post(browser(), "nobody@example.com", PASSWORD)
    assert known.status_code == unknown.status_code == 422
    assert words(read(known)) == words(read(unknown))


def test_an_unknown_address_costs_as_much_as_a_known_one(people, browser, monkeypatch):
    verified = []
    real = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda self, *given: verified.append(1) or real(self, *given))
    post(browser(), "nobody@example.com", PASSWORD)
    post(browser(), people.partner.email, "not the password")
    assert len(verified) == 2


def test_empty_form_says_what_is_needed(browser):
    answer = post(browser(), "", "")
    assert answer.status_code == 422
    assert len(read(answer).select("[aria-invalid=true]")) == 2


def test_after_five_failures_the_door_stays_shut_and_says_until_when(people, browser, clock):
    for _ in range(5):
        assert post(browser(), people.partner.email, "wrong password").status_code == 422
    answer = post(browser(), people.partner.email, PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "15:15 UTC" in words(read(answer))
    assert people.partner.email in answer.text
    clock.forward(minutes=15)
    assert post(browser(), people.partner.email, PASSWORD).status_code == 302


def test_a_good_sign_in_forgets_the_failures(people, browser):
    for _ in range(3):
        for _ in range(4):
            post(browser(), people.partner.email, "wrong password")
        assert post(browser(), people.partner.email, PASSWORD).status_code == 302
    assert count(SignInFailure, SignInFailure.subject.startswith("email:")) == 0


@pytest.fixture
def few(monkeypatch):
    """A smaller limit for one origin: every try costs a tenth of a second on purpose."""
    monkeypatch.setattr(sign_ins, "MOST_FROM_ORIGIN", 6)
    return 6


@pytest.mark.parametrize(
    ("origins", "status"), [(["192.0.2.7"], 429), (["192.0.2.7", "192.0.2.8"], 422), (["2001:db8::1", "2001:db8::2"], 429)]
)
def test_one_origin_cannot_try_many_addresses(browser, clock, few, origins, status):
    opened = browser()
    for number in range(few):
        origin = origins[number % len(origins)]
        assert post(opened, f"somebody{number}@example.com", "x" * 12, environ_base={"REMOTE_ADDR": origin}).status_code == 422
    answer = post(opened, "one.more@example.com", "x" * 12, environ_base={"REMOTE_ADDR": origins[0]})
    assert answer.status_code == status


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 422)])
def test_the_origin_is_the_one_that_our_own_proxy_names(app, clock, few, proxies, status):
    """Without a proxy of ours the header is what anybody typed; with one, people behind it do not share a limit."""
    behind = create_app(dataclasses.replace(app.extensions["hub_settings"], trusted_proxies=proxies))
    behind.config["WTF_CSRF_ENABLED"] = False
    behind.test_client_class = Browser
    opened = behind.test_client()
    for number in range(few + 1):
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        answer = post(opened, f"somebody{number}@example.com", "x" * 12, headers=headers)
    assert answer.status_code == status


def test_an_outdated_hash_is_made_anew(people, browser):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    account = make_account("partner", people.company, password_hash=weak)
    assert post(browser(), account.email, PASSWORD).status_code == 302
    db.session.rollback()
    kept = db.session.scalar(select(Account.password_hash).where(Account.account_id == account.account_id))
    assert kept != weak
    assert PasswordHasher().verify(kept, PASSWORD)
    assert not PasswordHasher().check_needs_rehash(kept)


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/history?status=failed", "/history?status=failed"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_one_goes_where_one_wanted_but_never_elsewhere(people, browser, wanted, reached):
    answer = browser().post("/sign-in", query_string={"next": wanted}, data={"email": people.partner.email, "password": PASSWORD})
    assert answer.location == reached


def test_the_cookie_holds_a_token_of_which_only_the_digest_is_kept(app, people, sign_in):
    browser = sign_in(people.partner)
    with browser.session_transaction() as cookie:
        token = cookie["sign_in"]
    digests = db.session.scalars(select(SignIn.token_digest)).all()
    assert len(digests) == 1
    assert token not in digests[0]
    assert len(digests[0]) == 64


def test_signing_in_keeps_nothing_of_the_cookie_from_before(people, browser):
    opened = browser()
    with opened.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    post(opened, people.partner.email, PASSWORD)
    with opened.session_transaction() as cookie:
        assert "planted" not in cookie


def test_a_sign_in_ends_after_twelve_hours_however_busy(people, sign_in, clock):
    browser = sign_in(people.partner)
    for _ in range(11):
        clock.forward(hours=1)
        assert browser.get("/account").status_code == 200
    clock.forward(hours=1)
    assert browser.get("/account").location == "/sign-in?next=/account"
    sign_in(people.support)
    assert count(SignIn) == 1  # the expired one was swept away


def test_signing_out_ends_this_browser_only_also_for_a_stolen_cookie(people, sign_in):
    mine, other = sign_in(people.partner), sign_in(people.partner)
    stolen = mine.get_cookie("hub").value
    assert mine.post("/sign-out").location == "/sign-in"
    assert mine.get("/account").status_code == 302
    mine.set_cookie("hub", stolen)
    assert mine.get("/account").status_code == 302
    assert other.get("/account").status_code == 200


def test_signing_out_is_not_done_by_a_link(people, sign_in):
    browser = sign_in(people.partner)
    assert browser.get("/sign-out").status_code == 405
    assert browser.get("/account").status_code == 200


# Invitations


def invite(account):
    with write() as session:
        token = invitations.make(session, account.account_id, "Test", times.now())
    return f"/invited/{token}"


@pytest.fixture
def invited(people):
    return make_account("partner", people.company, state="invited", password_hash=None)


def choose(browser, address, password=NEW, again=None):
    return browser.post(address, data={"password": password, "again": again or password})


def test_an_invitation_sets_the_password_and_lets_in_once(invited, browser):
    address, opened = invite(invited), browser()
    page = opened.get(address)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert invited.email in words(read(page))
    assert choose(opened, address).location == "/"
    assert invited.name in opened.get("/account").text
    assert browser().get(address).status_code == 404
    assert choose(browser(), address, "a third long secret").status_code == 404
    assert post(browser(), invited.email, NEW).status_code == 302


def test_looking_at_an_invitation_does_not_use_it(invited, browser):
    address = invite(invited)
    for _ in range(3):
        assert browser().get(address).status_code == 200


def test_only_the_digest_of_an_invitation_is_kept(invited):
    token = invite(invited).rpartition("/")[2]
    assert token not in db.session.scalar(select(Invitation.token_digest))


def test_an_invitation_ends_after_seven_days_and_with_a_newer_one(invited, browser, clock):
    first = invite(invited)
    second = invite(invited)
    assert browser().get(first).status_code == 404
    clock.forward(days=6, hours=23)
    assert browser().get(second).status_code == 200
    clock.forward(hours=1)
    assert choose(browser(), second).status_code == 404
    assert count(Account, Account.account_id == invited.account_id, Account.state == "active") == 0


def test_the_invitation_of_somebody_removed_is_worth_nothing(invited, browser):
    address = invite(invited)
    with write() as session:
        session.execute(update(Account).where(Account.account_id == invited.account_id).values(state="removed"))
    assert browser().get(address).status_code == 404
    assert choose(browser(), address).status_code == 404


@pytest.mark.parametrize("kind", ["short", "address", "different"])
def test_a_poor_password_is_refused_with_the_reason(invited, browser, kind):
    password = {"short": "ninechars", "address": invited.email.title(), "different": NEW}[kind]
    address = invite(invited)
    answer = choose(browser(), address, password, again="something else here" if kind == "different" else None)
    assert answer.status_code == 422
    reason = {"short": "At least 10", "address": "first thing somebody would try", "different": "not the same"}[kind]
    assert reason in words(read(answer))
    assert password not in answer.text or kind == "address"
    assert all(not field.get("value") for field in read(answer).select("input[type=password]"))
    assert browser().get(address).status_code == 200


def test_a_link_for_somebody_who_is_here_signs_their_browsers_out(people, sign_in, browser):
    before = sign_in(people.partner)
    choose(browser(), invite(people.partner))
    assert before.get("/account").status_code == 302


# One's own password


def change(browser, present=PASSWORD, password=NEW, again=None):
    return browser.post("/account/password", data={"present": present, "password": password, "again": again or password})


def test_changing_the_password_signs_other_browsers_out_and_stays_in(people, sign_in, browser):
    mine, other = sign_in(people.director), sign_in(people.director)
    assert change(mine).location == "/account"
    assert "Your password is changed" in mine.get("/account").text
    assert other.get("/account").status_code == 302
    assert post(browser(), people.director.email, PASSWORD).status_code == 422
    assert post(browser(), people.director.email, NEW).status_code == 302


def test_the_present_password_must_be_known_and_cannot_be_guessed_for_long(people, sign_in):
    mine = sign_in(people.director)
    for _ in range(5):
        answer = change(mine, present="wrong password")
        assert answer.status_code == 422
        assert "not your present password" in answer.text
    assert change(mine).status_code == 429


def test_times_on_the_door_are_told_in_words(people, browser, clock):
    for _ in range(5):
        post(browser(), people.partner.email, "wrong password")
    clock.forward(minutes=3)
    shown = words(read(post(browser(), people.partner.email, PASSWORD)))
    assert "Try again in 12 min" in shown
