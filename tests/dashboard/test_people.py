"""People: inviting, mailing, events, roles, removing, programs' tokens, and the command for the first administrator."""

from __future__ import annotations

import dataclasses
import socket
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select, update

from dashboard import access, invitations, membership
from sync_jobs.models import Account, ApiToken, DirectorEdition, Invitation, db, write
from tests.dashboard.conftest import read, words
from tests.factories import make_account, make_customer_user, make_edition, make_token

NEW = {"name": "Robin Vale", "email": "Robin.Vale@Example.com ", "role": "director"}


def kept(account_id):
    db.session.rollback()
    return db.session.get(Account, account_id)


def link_in(answer):
    assert answer.status_code == 201, words(read(answer))
    return read(answer).find("input", id="link")["value"]


def choose(browser, link, password="a long enough secret"):
    return browser.post(link.removeprefix("http://localhost"), data={"password": password, "again": password})


# Inviting


def test_an_administrator_invites_and_the_person_comes(people, sign_in, browser):
    invited = sign_in(people.administrator).post(
        "/people/invite", data={**NEW, "timing_partner_id": people.company.timing_partner_id}
    )
    link = link_in(invited)
    account = db.session.scalar(select(Account).where(Account.email == "robin.vale@example.com"))
    assert (account.role, account.timing_partner_id, account.state) == ("director", people.company.timing_partner_id, "invited")
    assert account.created_by == people.administrator.name
    comer = browser()
    assert choose(comer, link).location == "/"
    assert comer.get("/", follow_redirects=False).location == "/approvals"
    assert kept(account.account_id).state == "active"


def test_the_link_is_shown_once_and_is_not_kept(people, sign_in):
    browser = sign_in(people.administrator)
    token = link_in(browser.post("/people/invite", data={**NEW, "role": "support"})).rpartition("/")[2]
    account = db.session.scalar(select(Account).where(Account.email == "robin.vale@example.com"))
    assert token not in browser.get(f"/people/{account.account_id}").text
    assert token not in db.session.scalar(select(Invitation.token_digest))


def test_a_partner_invites_into_their_own_company_only(people, sign_in):
    browser = sign_in(people.partner)
    page = browser.soup("/people/invite")
    assert [option["value"] for option in page.select("select[name=role] option")] == ["director", "partner"]
    assert people.elsewhere.company_name not in words(page)
    for role in ("support", "administrator"):
        assert (
            browser.post(
                "/people/invite", data={**NEW, "role": role, "timing_partner_id": people.company.timing_partner_id}
            ).status_code
            == 422
        )
    assert browser.post("/people/invite", data={**NEW, "timing_partner_id": people.elsewhere.timing_partner_id}).status_code == 422
    assert browser.post("/people/invite", data={**NEW, "timing_partner_id": 0}).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Account).where(Account.email == "robin.vale@example.com")) == 0
    link_in(browser.post("/people/invite", data={**NEW, "timing_partner_id": people.company.timing_partner_id}))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"email": "robin"}, "does not look like an e-mail address"),
        ({"email": ""}, "This is needed"),
        ({"name": " "}, "This is needed"),
        ({"role": "king"}, "Not a valid choice"),
        ({"role": "partner", "timing_partner_id": "0"}, "Say which timing partner"),
    ],
)
def test_a_wrong_invitation_says_why_and_keeps_what_was_typed(people, sign_in, wrong, reason):
    typed = {**NEW, "timing_partner_id": people.company.timing_partner_id, **wrong}
    answer = sign_in(people.administrator).post("/people/invite", data=typed)
    assert answer.status_code == 422
    page = read(answer)
    assert reason in words(page)
    if "name" not in wrong:
        assert page.find("input", id="name")["value"] == "Robin Vale"


def test_an_address_that_is_here_already_is_refused_also_in_another_case(people, sign_in):
    typed = {**NEW, "email": people.partner.email.upper(), "role": "support"}
    answer = sign_in(people.administrator).post("/people/invite", data=typed)
    assert answer.status_code == 422
    assert "here already" in words(read(answer))
    assert kept(people.partner.account_id).role == "partner"


@pytest.fixture
def stranger(people):
    """Somebody who signs in for another partner."""
    return make_account("partner", people.elsewhere, name="Pat Strange", email="pat@example.org")


def invite_them(browser, people, email, role="director"):
    data = {**NEW, "email": email, "role": role, "timing_partner_id": people.company.timing_partner_id}
    return browser.post("/people/invite", data=data)


@pytest.mark.parametrize("whose", ["stranger", "support"])
def test_inviting_another_companys_person_looks_like_inviting_anybody(people, sign_in, stranger, whose):
    theirs = {"stranger": stranger, "support": people.support}[whose]
    browser = sign_in(people.partner)

    def seen(email):
        answer = invite_them(browser, people, email)
        person = db.session.scalars(select(Account.account_id).order_by(Account.account_id.desc())).first()
        pages = [words(browser.soup(address)) for address in ("/people", f"/people/{person}", "/people?q=" + email)]
        again = words(read(invite_them(browser, people, email)))
        newer = browser.post(f"/people/{person}/link")
        told = [words(read(answer)), *pages, again, words(read(newer))]
        assert browser.post(f"/people/{person}/remove", follow_redirects=True).status_code == 200
        return answer.status_code, newer.status_code, [text.replace(email, "THEIRS") for text in told]

    assert seen(theirs.email) == seen("nobody@example.org")
    after = kept(theirs.account_id)
    was = (theirs.role, theirs.timing_partner_id, "active", theirs.password_hash)
    assert (after.role, after.timing_partner_id, after.state, after.password_hash) == was


def test_the_link_of_such_an_invitation_opens_nothing_and_says_what_to_do(people, sign_in, browser, stranger):
    theirs = sign_in(stranger)
    link = link_in(invite_them(sign_in(people.partner), people, stranger.email))
    comer = browser()
    for answer in (comer.get(link.removeprefix("http://localhost")), choose(comer, link, "another long secret")):
        assert answer.status_code == 409
        assert "You sign in here already" in words(read(answer))
    assert comer.get("/account").status_code == 302
    assert kept(stranger.account_id).timing_partner_id == people.elsewhere.timing_partner_id
    assert theirs.get("/account").status_code == 200
    assert sign_in(stranger).get("/account").status_code == 200
    token = link.rpartition("/")[2]
    assert invitations.accept(token, "hash", stranger.created_at) is None


def test_who_sees_everybody_is_told_where_such_an_invitation_leads(people, sign_in, stranger):
    invite_them(sign_in(people.partner), people, stranger.email)
    assert "signs in elsewhere" in words(sign_in(people.administrator).soup("/people?q=pat@example.org"))
    assert "signs in elsewhere" not in words(sign_in(people.partner).soup("/people"))
    assert "here already" in words(read(invite_them(sign_in(people.administrator), people, stranger.email)))


def test_an_address_that_became_free_can_be_used_by_the_next_link(people, sign_in, browser, stranger):
    mine = sign_in(people.partner)
    first = link_in(invite_them(mine, people, stranger.email))
    invited = db.session.scalars(select(Account).order_by(Account.account_id.desc())).first()
    sign_in(people.administrator).post(f"/people/{stranger.account_id}/remove")
    assert browser().get(first.removeprefix("http://localhost")).status_code == 404
    link = link_in(mine.post(f"/people/{invited.account_id}/link"))
    assert choose(browser(), link).status_code == 302
    assert kept(invited.account_id).email == "pat@example.org"
    assert kept(stranger.account_id).state == "removed"


def test_who_was_removed_can_come_back(people, sign_in, browser):
    mine = sign_in(people.administrator)
    mine.post(f"/people/{people.director.account_id}/remove")
    link = link_in(mine.post("/people/invite", data={**NEW, "email": people.director.email, "role": "support"}))
    account = kept(people.director.account_id)
    assert (account.role, account.timing_partner_id, account.state, account.password_hash) == ("support", None, "invited", None)
    assert db.session.scalar(select(func.count()).select_from(DirectorEdition)) == 0
    assert choose(browser(), link).status_code == 302


def test_a_new_link_ends_the_earlier_one(people, sign_in, browser):
    mine = sign_in(people.administrator)
    first = link_in(mine.post("/people/invite", data={**NEW, "role": "support"}))
    account = db.session.scalar(select(Account).where(Account.email == "robin.vale@example.com"))
    second = link_in(mine.post(f"/people/{account.account_id}/link"))
    assert choose(browser(), first).status_code == 404
    assert choose(browser(), second).status_code == 302


def test_only_an_administrator_makes_a_link_for_somebody_who_is_here(people, sign_in):
    colleague = make_account("partner", people.company)
    answer = sign_in(people.partner).post(f"/people/{colleague.account_id}/link", follow_redirects=True)
    assert "An administrator can" in words(read(answer))
    assert db.session.scalar(select(func.count()).select_from(Invitation)) == 0
    link_in(sign_in(people.administrator).post(f"/people/{colleague.account_id}/link"))


def test_people_of_the_old_system_are_invited_and_not_here_yet(people, sign_in, browser):
    user = make_customer_user(people.company, "Jo.Old@Example.com")
    mine = sign_in(people.partner)
    page = words(mine.soup("/people"))
    assert "jo.old@example.com" in page.lower()
    assert "invited, not yet here" in page
    assert "from the old system" in page
    account = db.session.scalar(select(Account).where(Account.user_id == user.user_id))
    link = link_in(mine.post(f"/people/{account.account_id}/link"))
    assert choose(browser(), link).status_code == 302
    assert kept(account.account_id).state == "active"


# Mail


class Postbox:
    """A mail server's mailbox."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  the server asks for this name
        self.messages.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 kept"


@pytest.fixture
def postbox():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


def with_mail(app, url):
    app.extensions["hub_settings"] = dataclasses.replace(
        app.extensions["hub_settings"], smtp_url=url, public_url="https://sync.example.com/"
    )


def test_where_mail_is_set_the_link_is_mailed_and_not_shown(app, people, sign_in, browser, postbox):
    with_mail(app, postbox.url)
    answer = sign_in(people.administrator).post("/people/invite", data={**NEW, "role": "support"})
    assert answer.status_code == 201
    assert "on its way to robin.vale@example.com" in words(read(answer))
    assert "/invited/" not in answer.text
    [(recipients, message)] = postbox.messages
    assert recipients == ["robin.vale@example.com"]
    [link] = [line for line in message.get_payload().splitlines() if line.startswith("https://sync.example.com/invited/")]
    assert choose(browser(), link.removeprefix("https://sync.example.com")).status_code == 302


def test_another_companys_person_is_mailed_at_their_address(app, people, sign_in, stranger, postbox):
    with_mail(app, postbox.url)
    assert "on its way to pat@example.org" in words(read(invite_them(sign_in(people.partner), people, stranger.email)))
    [(recipients, message)] = postbox.messages
    assert (recipients, message["To"]) == (["pat@example.org"], "pat@example.org")


def test_where_the_mail_fails_the_link_is_shown_and_said_so(app, people, sign_in, browser, caplog):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with_mail(app, f"smtp://somebody:hidden-password@127.0.0.1:{closed.getsockname()[1]}")
        answer = sign_in(people.administrator).post("/people/invite", data={**NEW, "role": "support"})
    assert "did not take the message" in words(read(answer))
    link = link_in(answer)
    assert "hidden-password" not in answer.text + caplog.text
    assert link not in caplog.text
    assert choose(browser(), link.removeprefix("https://sync.example.com")).status_code == 302


# Events of a director


def give(browser, account, *edition_ids):
    return browser.post(f"/people/{account.account_id}/events", data={"editions": [str(each) for each in edition_ids]})


def given(account):
    db.session.rollback()
    return set(db.session.scalars(select(DirectorEdition.edition_id).where(DirectorEdition.account_id == account.account_id)))


def test_a_director_gets_and_loses_events(people, sign_in):
    other = make_edition(people.company, "Maple 10K")
    browser = sign_in(people.partner)
    page = browser.soup(f"/people/{people.director.account_id}")
    ticked = [box["value"] for box in page.select("input[name=editions][checked]")]
    assert ticked == [str(people.edition.edition_id)]
    assert "Maple 10K" in words(page)
    give(browser, people.director, other.edition_id)
    assert given(people.director) == {other.edition_id}
    give(browser, people.director)
    assert given(people.director) == set()


def test_another_partners_event_cannot_be_given(people, sign_in):
    foreign = make_edition(people.elsewhere, "Lakeside 5K")
    for person in (people.partner, people.administrator):
        assert give(sign_in(person), people.director, foreign.edition_id).status_code == 404
    assert given(people.director) == {people.edition.edition_id}


def test_events_are_for_directors(people, sign_in):
    answer = give(sign_in(people.administrator), people.partner, people.edition.edition_id)
    assert answer.status_code == 303
    assert given(people.partner) == set()


# Roles and leaving


def as_person(account):
    return access.Person(account.account_id, account.name, account.email, account.role, account.timing_partner_id)


def move(browser, account, role, partner=None):
    data = {"role": role, "timing_partner_id": partner.timing_partner_id if partner else 0}
    return browser.post(f"/people/{account.account_id}/role", data=data)


def test_another_role_counts_at_once_and_signs_out(people, sign_in):
    theirs = sign_in(people.director)
    assert move(sign_in(people.administrator), people.director, "support").status_code == 303
    account = kept(people.director.account_id)
    assert (account.role, account.timing_partner_id) == ("support", None)
    assert given(people.director) == set()
    assert theirs.get("/account").status_code == 302


def test_saving_the_same_role_changes_nothing(people, sign_in):
    theirs = sign_in(people.director)
    browser = sign_in(people.partner)
    assert move(browser, people.director, "director", people.company).status_code == 303
    assert "already race director. Nothing was changed" in words(browser.soup(f"/people/{people.director.account_id}"))
    assert given(people.director) == {people.edition.edition_id}
    assert theirs.get("/events").status_code == 200


def test_a_director_of_another_company_keeps_no_event_of_the_first(people, sign_in):
    assert move(sign_in(people.administrator), people.director, "director", people.elsewhere).status_code == 303
    assert kept(people.director.account_id).timing_partner_id == people.elsewhere.timing_partner_id
    assert given(people.director) == set()


def change(account, **values):
    """Somebody else is faster: between the look at the page and the write."""
    with write() as session:
        session.execute(update(Account).where(Account.account_id == account.account_id).values(**values))


def test_who_came_meanwhile_is_not_handed_to_a_partner_by_a_new_link(people):
    colleague = make_account("partner", people.company, state="invited", password_hash=None)
    change(colleague, state="active")
    with pytest.raises(membership.Refused, match="is here already"):
        membership.invite_again(colleague.account_id, by=as_person(people.partner), now=people.partner.created_at)
    assert db.session.scalar(select(func.count()).select_from(Invitation)) == 0


@pytest.mark.parametrize("place", [{"role": "support", "timing_partner_id": None}, {"timing_partner_id": 2}])
@pytest.mark.parametrize(
    "act",
    [
        lambda who, by: membership.move(who, membership.Place("partner", by.timing_partner_id), by=by),
        lambda who, by: membership.invite_again(who, by=by, now=access.times.now()),
        lambda who, by: membership.give_editions(who, [], by=by),
        lambda who, by: membership.remove(who, by=by),
    ],
    ids=["move", "link", "events", "remove"],
)
def test_who_left_the_company_meanwhile_is_out_of_a_partners_reach(people, act, place):
    asking = as_person(people.partner)
    change(people.director, state="invited", **place)
    with pytest.raises(membership.Refused, match="left your company"):
        act(people.director.account_id, asking)
    account = kept(people.director.account_id)
    assert {name: getattr(account, name) for name in place} == place
    assert account.state == "invited"
    assert given(people.director) == {people.edition.edition_id}


def test_who_was_removed_meanwhile_stays_removed(people):
    asking = as_person(people.administrator)
    change(people.director, state="removed")
    for act in (
        lambda who: membership.move(who, membership.Place("support", None), by=asking),
        lambda who: membership.invite_again(who, by=asking, now=access.times.now()),
    ):
        with pytest.raises(membership.Refused, match="removed a moment ago"):
            act(people.director.account_id)
    assert kept(people.director.account_id).role == "director"


def test_a_partner_makes_nobody_an_administrator(people, sign_in):
    browser = sign_in(people.partner)
    assert move(browser, people.director, "administrator").status_code == 422
    assert move(browser, people.director, "partner", people.elsewhere).status_code == 422
    assert kept(people.director.account_id).role == "director"
    assert move(browser, people.director, "partner", people.company).status_code == 303
    assert kept(people.director.account_id).role == "partner"


@pytest.mark.parametrize("role", ["partner", "administrator"])
def test_nobody_takes_their_own_place_away(people, sign_in, role):
    make_account("administrator")
    person = people.of(role)
    browser = sign_in(person)
    assert move(browser, person, "director", people.company).status_code == 303
    answer = browser.get(f"/people/{person.account_id}")
    assert "This is you" in words(read(answer))
    answer = browser.post(f"/people/{person.account_id}/remove", follow_redirects=True)
    assert "This is you" in words(read(answer))
    assert kept(person.account_id).role == role
    assert kept(person.account_id).state == "active"
    assert browser.get("/account").status_code == 200


def test_of_two_administrators_who_remove_each_other_one_stays(people, sign_in):
    other = make_account("administrator")
    second = sign_in(other)
    assert sign_in(people.administrator).post(f"/people/{other.account_id}/remove").location == "/people"
    assert second.get("/account").status_code == 302
    with write() as session:  # the second was a moment slower: the page had already let them in
        session.execute(update(Account).where(Account.account_id == other.account_id).values(state="invited"))
    late = membership.Refused
    asking = as_person(other)
    with pytest.raises(late, match="last administrator"):
        membership.remove(people.administrator.account_id, by=asking)
    with pytest.raises(late, match="last administrator"):
        membership.move(people.administrator.account_id, membership.Place("support", None), by=asking)


def test_who_is_removed_is_signed_out_and_gone_from_the_list(people, sign_in, browser):
    theirs = sign_in(people.director)
    mine = sign_in(people.partner)
    answer = mine.post(f"/people/{people.director.account_id}/remove", follow_redirects=True)
    assert f"{people.director.name} was removed" in words(read(answer))
    assert theirs.get("/account").status_code == 302
    assert mine.get(f"/people/{people.director.account_id}").status_code == 404
    assert mine.post(f"/people/{people.director.account_id}/remove").status_code == 404


# The list


def test_each_sees_the_people_that_are_theirs_to_see(people, sign_in):
    stranger = make_account("partner", people.elsewhere, name="Pat Strange")
    seen = words(sign_in(people.partner).soup("/people"))
    assert people.director.name in seen
    assert stranger.name not in seen
    assert people.support.name not in seen
    everybody = words(sign_in(people.administrator).soup("/people"))
    assert all(each.name in everybody for each in (people.director, stranger, people.support))


def test_support_looks_and_changes_nothing(people, sign_in):
    browser = sign_in(people.support)
    page = browser.soup(f"/people/{people.director.account_id}")
    assert people.edition.name in words(page)
    assert not page.select("main form")
    assert not browser.soup("/people").select("main form[method=post]")
    assert not browser.soup("/people/programs").select("main form")


def test_people_are_found_by_any_word(people, sign_in):
    browser = sign_in(people.administrator)
    make_account("partner", people.elsewhere, name="Pat O'Neil", email="pat@example.org")
    found = words(browser.soup("/people?q=lakeside+NEIL").main)
    assert "Pat O'Neil" in found
    assert people.partner.name not in found
    assert "Nobody here is called that" in words(browser.soup("/people?q=%25"))


def test_a_thousand_people_fit(people, sign_in):
    now = people.partner.created_at
    with write() as session:
        session.add_all(
            Account(email=f"many{n}@example.com", name=f"Many {n:04}", role="partner", state="active", created_at=now,
                    timing_partner_id=people.company.timing_partner_id) for n in range(1000)
        )  # fmt: skip
    page = sign_in(people.partner).soup("/people")
    assert len(page.select("tbody tr")) == 200
    assert "There are more" in words(page)
    assert "Many 0999" in words(sign_in(people.partner).soup("/people?q=0999"))


# Programs


def make(browser, partner, name="Race Display"):
    return browser.post("/people/programs", data={"name": name, "timing_partner_id": partner.timing_partner_id})


def test_a_token_is_shown_once_and_opens_the_api_until_it_is_revoked(people, sign_in, browser):
    mine = sign_in(people.partner)
    answer = make(mine, people.company)
    assert answer.status_code == 201
    token = read(answer).find("input", id="token")["value"]
    row = db.session.scalar(select(ApiToken))
    assert token not in row.token_digest
    assert token not in mine.get("/people/programs").text
    address, header = f"/api/sync/status/{people.company.timing_partner_id}", {"Authorization": f"Bearer {token}"}
    assert browser().get(address, headers=header).status_code == 200
    mine.post(f"/people/programs/{row.token_id}/revoke")
    assert browser().get(address, headers=header).status_code == 401
    assert mine.soup("/people/programs").table is None


def test_tokens_are_made_and_seen_for_ones_own_company_only(people, sign_in):
    make_token(people.elsewhere, name="Their Display")
    browser = sign_in(people.partner)
    assert make(browser, people.elsewhere).status_code == 422
    assert "Their Display" not in browser.get("/people/programs").text
    assert make(browser, people.company, name="").status_code == 422
    assert "Their Display" in sign_in(people.administrator).get("/people/programs").text


# The command


def add(app, *words_):
    db.session.rollback()
    return app.test_cli_runner().invoke(args=["people", "add-administrator", *words_])


def test_the_command_makes_the_first_administrator(app, browser, clock):
    result = add(app, "First@Example.com", "--name", "Fay First")
    assert result.exit_code == 0, result.output
    link = result.output.split()[-1]
    comer = browser()
    assert choose(comer, "/invited/" + link.rpartition("/")[2]).status_code == 302
    assert comer.get("/people").status_code == 200


def test_the_command_makes_a_new_link_for_one_who_has_not_come(app, browser, clock):
    first, second = (add(app, "first@example.com", "--name", "Fay First").output.split()[-1].rpartition("/")[2] for _ in range(2))
    assert choose(browser(), f"/invited/{first}").status_code == 404
    assert choose(browser(), f"/invited/{second}").status_code == 302


def test_the_command_refuses_what_makes_no_sense(app, people):
    for email, reason in (
        ("nonsense", "does not look like"),
        (people.partner.email, "is here already, as timing partner"),
        (people.administrator.email, "is an administrator already"),
    ):
        result = add(app, email, "--name", "Somebody")
        assert result.exit_code == 1
        assert reason in result.output
    assert add(app, "new@example.com", "--name", " ").exit_code == 1
    assert add(app, "new@example.com").exit_code == 2
