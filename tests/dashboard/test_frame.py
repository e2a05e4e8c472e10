"""What stands around every page: headers, the one script from elsewhere, the banner, the tab's sign, error pages."""

import json

import pytest

from dashboard import create_app, security
from dashboard.config import HTMX_CDN, HTMX_INTEGRITY
from tests.conftest import make_settings
from tests.pages import answer, soup, words


@pytest.fixture
def page(people, sign_in):
    return sign_in(people.support).get("/")


def test_a_page_may_load_only_our_own_files_and_the_one_script(page):
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == f"'self' {HTMX_CDN}"
    assert policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"


def test_a_script_of_our_own_needs_no_other_address():
    assert "script-src 'self';" in security.content_policy("/static/vendor/htmx.min.js")


def test_htmx_is_pinned_by_its_hash(page):
    script = next(tag for tag in soup(page).find_all("script") if "htmx" in tag["src"])
    assert (script["src"], script["integrity"], script["crossorigin"]) == (HTMX_CDN, HTMX_INTEGRITY, "anonymous")


def test_htmx_keeps_no_pages_and_evaluates_nothing(page):
    settings = json.loads(soup(page).find("meta", attrs={"name": "htmx-config"})["content"])
    assert settings["historyCacheSize"] == 0
    assert settings["allowEval"] is settings["includeIndicatorStyles"] is False
    swapped = [rule for rule in settings["responseHandling"] if rule["code"] == "(409|422)"]
    assert swapped[0]["swap"]


def test_no_page_keeps_anything_or_carries_inline_code(page):
    assert page.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in page.headers["Vary"]
    found = soup(page)
    assert not [script for script in found.find_all("script") if not script.get("src")]
    assert not found.select("[style]")
    assert not found.select("style")
    assert not [tag for tag in found.find_all(True) if any(name.startswith("on") for name in tag.attrs)]


def test_every_script_request_carries_the_token(page):
    carried = json.loads(soup(page).body["hx-headers"])
    assert carried["X-CSRFToken"]


def test_the_menu_follows_the_role(people, sign_in):
    def menu(role):
        nav = soup(sign_in(people.of(role)).get("/events")).find("nav", attrs={"aria-label": "Main"})
        return [words(link).split()[0] for link in nav.find_all("a")]

    assert menu("director") == ["Approvals", "Events"]
    assert menu("partner") == ["Overview", "Events", "Approvals", "Connections", "History"]
    assert menu("support") == ["Overview", "Failed", "Queues", "History"]


def test_the_directors_pages_are_set_larger(people, sign_in):
    assert soup(sign_in(people.director).get("/events")).html["class"] == ["plain"]
    assert "class" not in soup(sign_in(people.partner).get("/events")).html.attrs


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"mode": "demo"}, "Sandbox"), ({"mode": "serve", "rehearsal": True}, "Rehearsal"), ({"mode": "serve"}, None)],
)
def test_every_page_says_where_one_is(tmp_path, changes, said):
    page = soup(create_app(make_settings(tmp_path, **changes)).test_client().get("/nowhere"))
    banner = page.select_one(".notice-bar:not([hidden])")
    assert (words(banner).split(":")[0] if banner else None) == said


def test_what_is_not_there_says_what_to_do_next(people, sign_in):
    gone = sign_in(people.partner).get("/runs/77")
    assert gone.status_code == 404
    assert answer(soup(gone)) == "There is nothing here"
    assert soup(gone).main.find("a", string="Go to the first page")["href"] == "/"


def test_what_is_not_for_the_role_says_so(people, sign_in):
    refused = sign_in(people.partner).get("/queues")
    assert refused.status_code == 403
    assert answer(soup(refused)) == "This page is not for your role"


def test_a_form_that_was_open_too_long_is_explained(people, sign_in, app):
    app.config["WTF_CSRF_ENABLED"] = False
    browser = sign_in(people.support)
    app.config["WTF_CSRF_ENABLED"] = True
    stale = browser.post("/runs/1/retry")
    assert stale.status_code == 400
    assert "open too long" in words(soup(stale))
    assert browser.post("/runs/1/retry", headers={"HX-Request": "true"}).status_code == 409


@pytest.mark.parametrize("state", ["good", "late", "bad", "wait"])
def test_the_tabs_sign_has_a_form_for_each_state(app, state):
    icon = app.test_client().get(f"/favicon/{state}.svg")
    assert icon.mimetype == "image/svg+xml"
    assert "no-store" not in icon.headers["Cache-Control"]


def test_there_is_no_sign_for_an_unknown_state(app):
    assert app.test_client().get("/favicon/purple.svg").status_code == 404
