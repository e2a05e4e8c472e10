"""Every address of the application: who may open it, that it refuses forgeries, and that nobody reaches what is not theirs."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields

import pytest
from sqlalchemy import delete, event, select, update

from dashboard import access
from sync_jobs import times
from sync_jobs.models import Account, Connection, DirectorEdition, Edition, Run, SignIn, db, write
from tests import factories
from tests.dashboard.conftest import read, words
from tests.dashboard.scored import field_of, scored_in

ALL, COMPANY, HOUSE, ADMIN = (
    "director partner support administrator",
    "partner support administrator",
    "support administrator",
    "administrator",
)
OWNERS = "partner administrator"

WHO = {
    "GET /": COMPANY,
    "GET /account": ALL,
    "POST /account/password": ALL,
    "GET /connections": COMPANY,
    "GET /connections/<int:connection_id>": COMPANY,
    "POST /connections/<int:connection_id>": OWNERS,
    "POST /connections/<int:connection_id>/pause": COMPANY,
    "GET /connections/<int:connection_id>/remove": OWNERS,
    "POST /connections/<int:connection_id>/remove": OWNERS,
    "POST /connections/<int:connection_id>/resume": COMPANY,
    "POST /connections/<int:connection_id>/sync": COMPANY,
    "POST /connections/<int:connection_id>/test": COMPANY,
    "GET /connections/new": OWNERS,
    "POST /connections/new": OWNERS,
    "GET /events": ALL,
    "GET /events/<int:edition_id>": ALL,
    "POST /events/<int:edition_id>/alike": OWNERS,
    "GET /events/<int:edition_id>/distances": ALL,
    "POST /events/<int:edition_id>/distances/leave-out": COMPANY,
    "GET /events/<int:edition_id>/distances/pair": COMPANY,
    "POST /events/<int:edition_id>/distances/pair": COMPANY,
    "POST /events/<int:edition_id>/distances/refuse": COMPANY,
    "POST /events/<int:edition_id>/distances/suggest": COMPANY,
    "POST /events/<int:edition_id>/distances/undo": COMPANY,
    "GET /events/<int:edition_id>/distances/why": COMPANY,
    "GET /events/<int:edition_id>/distances/rules/<int:contest_id>": COMPANY,
    "POST /events/<int:edition_id>/distances/rules/<int:contest_id>": COMPANY,
    "GET /events/<int:edition_id>/matches": ALL,
    "GET /events/<int:edition_id>/matches/find": COMPANY,
    "POST /events/<int:edition_id>/matches/link": COMPANY,
    "POST /events/<int:edition_id>/matches/part": COMPANY,
    "POST /events/<int:edition_id>/matches/swap": COMPANY,
    "POST /events/<int:edition_id>/matches/undo": COMPANY,
    "GET /events/<int:edition_id>/plan": COMPANY,
    "POST /events/<int:edition_id>/plan": COMPANY,
    "GET /events/<int:edition_id>/publishing": ALL,
    "POST /events/<int:edition_id>/publishing": OWNERS,
    "POST /events/<int:edition_id>/publishing/partner": OWNERS,
    "GET /events/<int:edition_id>/receipts": ALL,
    "POST /events/<int:edition_id>/receipts": ALL,
    "GET /receipts/<int:receipt_id>": ALL,
    "GET /receipts/<int:receipt_id>.json": ALL,
    "GET /events/<int:edition_id>/reconciliation": ALL,
    "POST /events/<int:edition_id>/reconciliation": ALL,
    "GET /events/<int:edition_id>/results/<int:contest_id>/versions": ALL,
    "GET /events/<int:edition_id>/results/<int:contest_id>/take-down": "director partner support",
    "POST /events/<int:edition_id>/results/<int:contest_id>/take-down": "director partner support",
    "GET /events/<int:edition_id>/results/<int:contest_id>/go-back": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/go-back": "director partner",
    "GET /events/<int:edition_id>/results/<int:contest_id>/names": "director partner support",
    "POST /events/<int:edition_id>/results/<int:contest_id>/names": "director partner support",
    "POST /events/<int:edition_id>/results/<int:contest_id>/names/hide": "director partner support",
    "POST /events/<int:edition_id>/results/<int:contest_id>/names/show": "director partner support",
    "GET /events/<int:edition_id>/results/<int:contest_id>/declare": ALL,
    "POST /events/<int:edition_id>/results/<int:contest_id>/declare": "partner administrator",
    "POST /events/<int:edition_id>/results/<int:contest_id>/declare/take-back": "partner administrator",
    "GET /events/<int:edition_id>/results/<int:contest_id>/awards": ALL,
    "POST /events/<int:edition_id>/results/<int:contest_id>/awards": "director partner",
    "GET /events/<int:edition_id>/results/files": ALL,
    "GET /results/files/<int:result_file_id>": ALL,
    "POST /results/files/<int:result_file_id>": "director partner",
    "GET /approvals": ALL,
    "GET /approvals/news": ALL,
    "GET /events/<int:edition_id>/results": ALL,
    "GET /events/<int:edition_id>/results/<int:contest_id>": ALL,
    "GET /events/<int:edition_id>/results/<int:contest_id>/banner": ALL,
    "GET /events/<int:edition_id>/results/<int:contest_id>/find": ALL,
    "POST /events/<int:edition_id>/results/<int:contest_id>/find": ALL,
    "POST /events/<int:edition_id>/results/<int:contest_id>/approve": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/second": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/refuse": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/waive": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/unwaive": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/hold": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/release": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/ask": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/missing": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/task-done": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/send-back": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/reject": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/stand": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/end-stand": "director partner",
    "POST /events/<int:edition_id>/results/<int:contest_id>/handed-out": "director partner",
    "GET /events/<int:edition_id>/start-list": COMPANY,
    "POST /events/<int:edition_id>/start-list": COMPANY,
    "POST /events/<int:edition_id>/start-list/refused": COMPANY,
    "GET /events/<int:edition_id>/trace": COMPANY,
    "POST /events/<int:edition_id>/trace": COMPANY,
    "GET /trace": COMPANY,
    "POST /trace": COMPANY,
    "GET /look-ups": COMPANY,
    "POST /start-list/lines/<int:line_id>": COMPANY,
    "GET /start-list/files/<int:file_id>": COMPANY,
    "POST /start-list/files/<int:file_id>": COMPANY,
    "POST /connections/<int:connection_id>/publishing": "partner administrator",
    "POST /connections/<int:connection_id>/writes": OWNERS,
    "GET /failed": HOUSE,
    "GET /history": COMPANY,
    "GET /partners/<int:partner_id>": COMPANY,
    "GET /partners/<int:partner_id>/publishing": COMPANY,
    "POST /partners/<int:partner_id>/publishing": OWNERS,
    "POST /partners/<int:partner_id>/publishing/limits": OWNERS,
    "POST /partners/<int:partner_id>/start": ADMIN,
    "GET /people": COMPANY,
    "GET /people/<int:account_id>": COMPANY,
    "POST /people/<int:account_id>/events": OWNERS,
    "POST /people/<int:account_id>/link": OWNERS,
    "POST /people/<int:account_id>/remove": OWNERS,
    "POST /people/<int:account_id>/role": OWNERS,
    "GET /people/invite": OWNERS,
    "POST /people/invite": OWNERS,
    "GET /people/programs": COMPANY,
    "POST /people/programs": OWNERS,
    "POST /people/programs/<int:token_id>/revoke": OWNERS,
    "GET /queues": HOUSE,
    "GET /runs/<int:run_id>": ALL,
    "POST /runs/<int:run_id>/cancel": COMPANY,
    "POST /runs/<int:run_id>/retry": COMPANY,
    "POST /sign-out": ALL,
}
"""Written out on purpose: a new address belongs here before it goes live."""

PUBLIC = {
    "GET /sign-in", "POST /sign-in", "GET /invited/<token>", "POST /invited/<token>", "POST /api/sync/manual",
    "GET /api/sync/status/<int:timing_partner_id>", "GET /static/<path:filename>", "GET /favicon.ico", "GET /favicon/<state>.svg",
    "GET /healthz",
}  # fmt: skip


def addresses(app):
    """`GET /people` for every address and method that the application has."""
    return [
        (f"{method} {rule.rule}", rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


@dataclass
class Owned:
    """One of everything that an address can name, of one partner."""

    partner_id: int
    connection_id: int
    edition_id: int
    run_id: int
    account_id: int
    token_id: int
    line_id: int
    file_id: int
    contest_id: int  # a scored one, with results
    receipt_id: int
    result_file_id: int

    def fill(self, rule):
        filled = rule.rule
        for name in rule.arguments - {"token"}:
            filled = filled.replace(f"<int:{name}>", str(getattr(self, name)))
        return filled


def belongings(partner, edition=None):
    connection = factories.make_connection(partner)
    edition = edition or factories.make_edition(partner)
    factories.make_link(edition, connection)
    run = factories.make_run(connection, "participants", edition, status="failed", last_error="It broke.")
    board = scored_in(edition, connection)
    sent = board.publish(board.version(field_of(3)), field_of(3))
    return Owned(
        partner_id=partner.timing_partner_id,
        connection_id=connection.connection_id,
        edition_id=edition.edition_id,
        run_id=run.run_id,
        account_id=factories.make_account("director", partner, editions=(edition,)).account_id,
        token_id=factories.make_token(partner, token=f"hub_of_event_{edition.edition_id}").token_id,
        line_id=factories.make_line(edition, connection).line_id,
        file_id=factories.make_file(edition, connection).file_id,
        contest_id=board.contest.contest_id,
        receipt_id=board.receipt(sent),
        result_file_id=board.file(sent).file_id,
    )


@pytest.fixture
def own(people):
    return belongings(people.company, people.edition)


@pytest.fixture
def foreign(people):
    return belongings(people.elsewhere)


def test_every_address_is_in_the_table_and_asks_for_a_permission_or_is_public(app):
    for name, rule, _method in addresses(app):
        assert (name in WHO) != (name in PUBLIC), f"{name} is not in the table of this test"
        if name in WHO:
            permission = access.permission_of(rule.endpoint)
            assert rule.endpoint not in access.PUBLIC
            assert permission, f"{name} asks for no permission"
            assert access.PERMISSIONS[permission] == set(WHO[name].split()), name
        else:
            assert rule.endpoint in access.PUBLIC
            assert access.permission_of(rule.endpoint) is None


@pytest.mark.parametrize("role", access.ROLES)
def test_each_role_reaches_what_it_may_and_nothing_else(app, people, own, sign_in, role):
    browser = sign_in(people.of(role))
    for name, rule, method in addresses(app):
        if name in PUBLIC or name == "POST /sign-out":
            continue
        status = browser.open(
            own.fill(rule), method=method, data={"other": own.edition_id} if method == "POST" else None
        ).status_code
        if name == "GET /" and role == "director":
            assert status == 302
        elif role in WHO[name].split():
            assert status in {200, 201, 204, 302, 303, 400, 409, 422}, f"{role}: {name} gave {status}"
        else:
            assert status == 403, f"{role}: {name} gave {status}"


def test_nobody_in_particular_is_sent_to_the_door(app, own, browser):
    opened = browser()
    for name, rule, method in addresses(app):
        if name in WHO:
            answer = opened.open(own.fill(rule), method=method)
            assert answer.status_code == 302, name
            assert answer.location.startswith("/sign-in"), name


def test_the_door_remembers_where_one_wanted_to_be(browser):
    assert browser().get("/people?q=a&after=2").location == "/sign-in?next=/people?q%3Da%26after%3D2"
    assert browser().get("/").location == "/sign-in"
    assert browser().post("/people/invite").location == "/sign-in"


def test_a_script_is_told_to_go_to_the_door(browser):
    answer = browser().get("/connections?v=1", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/connections"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/connections"
    assert answer.text == ""
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://evil.example//evil.example/x"}
    assert browser().get("/connections", headers=elsewhere).headers["HX-Redirect"] == "/sign-in"


def test_every_change_refuses_without_the_forms_token(app, people, own, sign_in, browser):
    signed_in = sign_in(people.administrator)
    app.config["WTF_CSRF_ENABLED"] = True
    before = everything(app)
    for name, rule, method in addresses(app):
        if method != "GET":
            address = own.fill(rule).replace("<token>", "x")
            status = signed_in.open(address, method=method, data={"email": "a@example.com", "password": "x" * 12}).status_code
            assert status == (401 if name.startswith("POST /api/") else 400), name
    assert everything(app) == before


def everything(app):
    """The whole database as text."""
    db.session.rollback()
    with sqlite3.connect(db.engine.url.database) as file:
        found = "\n".join(file.iterdump())
    file.close()
    return found


def test_looking_changes_nothing(app, people, own, sign_in):
    administrator, partner = sign_in(people.administrator), sign_in(people.partner)
    before = everything(app)
    for name, rule, method in addresses(app):
        if method == "GET" and name in WHO:
            browser = administrator if ADMIN in WHO[name].split() else partner
            assert browser.get(own.fill(rule)).status_code == 200, name
    assert everything(app) == before


@pytest.mark.parametrize("role", ["partner", "director"])
def test_what_belongs_to_another_partner_is_not_there(app, people, own, foreign, sign_in, role):
    browser = sign_in(people.of(role))
    before = everything(app)
    checked = 0
    for name, rule, method in addresses(app):
        if name in PUBLIC or not rule.arguments:
            continue
        answer = browser.open(foreign.fill(rule), method=method)
        if role in WHO[name].split():
            missing = browser.open(Owned(*[999_999] * len(fields(Owned))).fill(rule), method=method)
            huge = browser.open(Owned(*[2**70] * len(fields(Owned))).fill(rule), method=method)
            assert answer.status_code == missing.status_code == huge.status_code == 404, name
            assert words(read(answer)) == words(read(missing)), name
            checked += 1
        else:
            assert answer.status_code == 403, name
    assert checked >= 1
    assert everything(app) == before


@pytest.mark.parametrize("value", [2**70, "x"])
def test_nonsense_in_an_address_breaks_nothing(app, people, own, sign_in, value):
    browser = sign_in(people.administrator)
    names = (
        "partner",
        "provider",
        "edition",
        "event",
        "q",
        "status",
        "operation",
        "before",
        "after",
        "show",
        "v",
        "page",
        "from",
        "to",
    )
    for name, rule, method in addresses(app):
        if method == "GET" and name in WHO and not rule.arguments:
            for given in names:
                status = browser.get(rule.rule, query_string={given: value}).status_code
                assert status in {200, 302, 404}, f"{name} with {given}={value} gave {status}"


@pytest.mark.parametrize("role", ["partner", "director", "support", "administrator"])
def test_lists_show_nothing_of_another_partner_unless_one_sees_all(app, people, own, foreign, sign_in, role):
    browser = sign_in(people.of(role))
    for name, rule, method in addresses(app):
        if method == "GET" and name in WHO and not rule.arguments and role in WHO[name].split():
            text = browser.get(rule.rule, follow_redirects=True).text
            if role in access.PARTNER_ROLES:
                assert people.elsewhere.company_name not in text, name
                assert str(foreign.connection_id) not in [part for part in text.split("/") if part.isdigit()]


def test_a_director_sees_the_events_that_were_given_and_their_runs_only(app, people, own, sign_in):
    browser = sign_in(people.director)
    other = belongings(people.company)
    assert browser.get(f"/runs/{own.run_id}").status_code == 200
    assert browser.get(f"/runs/{other.run_id}").status_code == 404
    connection = db.session.get(Connection, own.connection_id)
    of_all_events = factories.make_run(connection, "events", status="completed")
    assert browser.get(f"/runs/{of_all_events.run_id}").status_code == 404
    with write() as session:
        session.execute(delete(DirectorEdition).where(DirectorEdition.account_id == people.director.account_id))
    assert browser.get(f"/runs/{own.run_id}").status_code == 404


def test_an_edition_that_was_joined_is_gone_and_its_director_sees_the_one_it_went_into(app, people, sign_in, browser):
    into = factories.make_edition(people.company, "Harbor Lights Weekend")
    with write() as session:
        session.execute(update(Edition).where(Edition.edition_id == people.edition.edition_id).values(joined_into=into.edition_id))
    director = access.Person(people.director.account_id, "", "", "director", people.company.timing_partner_id)
    assert director.edition_ids == {people.edition.edition_id, into.edition_id}
    for person in (people.director, people.partner, people.administrator):
        with app.test_request_context(environ_overrides={"hub.person": as_person(person)}):
            assert access.edition_or_404(into.edition_id).name == "Harbor Lights Weekend"
            with pytest.raises(Exception, match="404"):
                access.edition_or_404(people.edition.edition_id)


def as_person(account):
    return access.Person(account.account_id, account.name, account.email, account.role, account.timing_partner_id)


def test_a_partners_person_without_a_partner_sees_nothing(app, people):
    lost = access.Person(1, "Nobody", "", "partner", None)
    with write() as session:
        session.add(Run(status="pending", timing_partner_id=None))  # as the old system left them
    ownerless = db.session.scalar(select(Run.run_id))
    with app.test_request_context(environ_overrides={"hub.person": lost}):
        with pytest.raises(Exception, match="404"):
            access.partner_or_404(people.company.timing_partner_id)
        with pytest.raises(Exception, match="404"):
            access.edition_or_404(people.edition.edition_id)
        with pytest.raises(Exception, match="404"):
            access.run_or_404(ownerless)


def test_the_person_is_loaded_by_one_query(app, people, sign_in):
    browser = sign_in(people.partner)
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    browser.get("/account")
    assert len(asked) == 1
    assert "sign_ins" in asked[0]
    assert "accounts" in asked[0]


def test_a_changed_role_counts_at_the_next_request(people, sign_in):
    browser = sign_in(people.administrator)
    with write() as session:
        session.execute(update(Account).where(Account.account_id == people.administrator.account_id).values(role="support"))
    assert browser.get("/people/invite").status_code == 403


@pytest.mark.parametrize("how", ["removed", "expired", "ended"])
def test_a_sign_in_that_is_over_lets_nobody_in(people, sign_in, how):
    browser = sign_in(people.partner)
    change = {
        "removed": update(Account).where(Account.account_id == people.partner.account_id).values(state="removed"),
        "expired": update(SignIn).values(expires_at=times.now()),
        "ended": delete(SignIn),
    }[how]
    with write() as session:
        session.execute(change)
    assert browser.get("/account").status_code == 302


def test_menus_lead_only_where_the_role_may_go(app, people, own, sign_in):
    known = {rule.rule for rule in app.url_map.iter_rules()}
    for role in access.ROLES:
        browser = sign_in(people.of(role))
        page = browser.soup("/account")
        links = [link["href"] for link in page.select("header a[href]")]
        assert links
        for link in links:
            if link in known:
                assert browser.get(link, follow_redirects=True).status_code == 200, f"{role}: {link}"


def test_a_forbidden_page_says_so_in_words(people, sign_in):
    answer = sign_in(people.support).get("/people/invite")
    assert answer.status_code == 403
    assert "not for your role" in words(read(answer))


@pytest.mark.parametrize(
    "address",
    [
        "/history?from=9999-12-31&to=9999-12-31",
        "/history?from=0001-01-01&to=0001-01-01",
        f"/history?before={10**30}",
        f"/events?after={10**30}.1",
        f"/events?after=1.{10**30}",
        f"/events?period=over&after={10**17}.3",
        f"/events?period=undated&after=0.{10**30}",
        f"/events?partner={10**30}",
        f"/connections/new?provider=runsignup&partner={10**30}",
    ],
)
def test_no_number_in_an_address_is_too_large_to_be_answered(people, sign_in, address):
    assert sign_in(people.administrator).get(address).status_code in {200, 404}


@pytest.mark.parametrize("broken", ["http://[", "//[::1"])
def test_what_a_browser_claims_as_its_address_breaks_nothing(people, browser, sign_in, broken):
    asked = browser().get("/history", headers={"HX-Request": "true", "HX-Current-URL": broken})
    assert (asked.status_code, asked.headers["HX-Redirect"]) == (401, "/sign-in")
    connection = factories.make_connection(people.company)
    pressed = sign_in(people.partner).post(f"/connections/{connection.connection_id}/sync", headers={"Referer": broken})
    assert (pressed.status_code, pressed.headers["Location"]) == (303, "/")
