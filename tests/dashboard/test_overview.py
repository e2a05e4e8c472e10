"""The Overview: what needs somebody first, providers, partners worst first, our own machinery."""

from datetime import timedelta

import pytest

from sync_jobs.models import DoneMinute, EditionSuggestion, Process, ProviderMinute
from tests.factories import keep, make_account, make_connection, make_edition, make_partner, make_run, make_state
from tests.pages import answer, live, row, words


@pytest.fixture
def support(people, sign_in):
    return sign_in(people.support)


def minute(connection, now, **given):
    keep(
        ProviderMinute(
            provider_name=connection.provider_name, minute=now.replace(second=0), connection_id=connection.connection_id, **given
        )
    )


def worker(now, number, **given):
    keep(
        Process(
            **{
                "name": f"worker:{number}",
                "kind": "worker",
                "host": "tent",
                "pid": number,
                "started_at": now,
                "beat_at": now,
                **given,
            }
        )
    )


def test_calm_is_said_first(people, support):
    make_state(make_connection(people.company), "participants", people.edition)
    page = support.soup("/")
    assert answer(page) == "Nothing needs anybody"
    assert words(page.select_one(".head p")) == (
        "2 partners · 1 event this week · everything is fresh · times in EDT, starts where each event is"
    )
    assert live(page)["data-worst"] == "good"


def test_a_refused_credential_names_whose_turn_it_is_and_since_when(people, support, clock):
    connection = make_connection(people.elsewhere, "raceroster", refused_since=clock() - timedelta(minutes=26))
    for name in ("Lakeside 5K", "Lakeside Half"):
        make_state(connection, "participants", make_edition(people.elsewhere, name))
    page = support.soup("/")
    assert answer(page) == "One thing needs somebody"
    need = words(row(page, "refuses"))
    assert "Race Roster refuses Lakeside Timing’s credential since 10:34" in need
    assert "Lakeside Timing’s turn: enter it again · 2 events wait" in need
    assert row(page, "refuses").a["href"] == f"/connections/{connection.connection_id}"
    assert page.title.string.startswith("(1) Overview")


def test_a_failed_reading_leads_to_its_run(people, support, clock):
    connection = make_connection(people.company)
    make_state(
        connection, "participants", people.edition, last_status="failed", failing_since=clock() - timedelta(hours=1), last_run_id=7,
        error_kind="access", error_sentence="RunSignUp does not let this credential see this event.",
    )  # fmt: skip
    need = row(support.soup("/"), "failed since")
    assert "Harbor Lights Half: participants failed since 10:00" in words(need)
    assert "Big River Timing’s turn" in words(need)
    assert need.a["href"] == "/runs/7"


def test_many_failures_of_one_cause_are_one_line(people, support, clock):
    connection = make_connection(people.company)
    for number in range(5):
        edition = make_edition(people.company, f"Race {number}")
        make_state(connection, "participants", edition, last_status="failed", failing_since=clock(), error_kind="down")
    page = support.soup("/")
    assert answer(page) == "One thing needs somebody"
    assert "RunSignUp: 5 readings of Big River Timing failed" in words(row(page, "5 readings"))


def test_what_is_older_than_promised_is_late(people, support, clock):
    connection, start = make_connection(people.company), clock() + timedelta(days=3)
    edition = make_edition(people.company, starts_at=start, ends_at=start)
    make_state(connection, "participants", edition, last_success_at=clock() - timedelta(hours=6, minutes=14))
    page = support.soup("/")
    assert "Harbor Lights Half: participants 6 h 14 min old, promised 4 h" in words(row(page, "promised"))
    assert "1 of 1 event late" in words(row(page, "RunSignUp", "tr"))


@pytest.mark.parametrize("over", [{"state": "paused"}, {"started": False}])
def test_what_does_not_run_is_never_late(support, clock, over):
    partner = make_partner("Prairie Chip", started=over.get("started", True))
    connection = make_connection(partner, state=over.get("state", "active"))
    make_state(connection, "participants", make_edition(partner), last_success_at=clock() - timedelta(days=3))
    assert answer(support.soup("/")) == "Nothing needs anybody"


def test_an_event_that_is_over_is_never_late(people, support, clock):
    gone = clock() - timedelta(days=9)
    edition = make_edition(people.company, "Spring Mile", starts_at=gone, ends_at=gone)
    make_state(make_connection(people.company), "participants", edition, last_success_at=gone)
    assert answer(support.soup("/")) == "Nothing needs anybody"


def test_look_alikes_wait_for_somebodys_word(people, support):
    other = make_edition(people.company, "Harbor Lights Half Marathon")
    keep(EditionSuggestion(timing_partner_id=people.company.timing_partner_id, edition_id=people.edition.edition_id,
                           other_edition_id=other.edition_id, likeness=91))  # fmt: skip
    assert "two events look like the same one" in words(row(support.soup("/"), "look like"))


def test_partners_stand_worst_first(people, support, clock):
    fine, paused = make_partner("Always Fine"), make_partner("Moving House")
    make_state(make_connection(fine), "participants", make_edition(fine))
    make_connection(paused, state="paused", paused_reason="moving house")
    make_connection(people.elsewhere, refused_since=clock())
    late = make_connection(people.company)
    make_state(late, "participants", people.edition, last_success_at=clock() - timedelta(hours=9))
    names = [words(name) for name in support.soup("/").select("table.partners tbody th .strong")]
    assert names == ["Lakeside Timing", "Big River Timing", "Always Fine", "Moving House"]
    assert "“moving house”" in words(row(support.soup("/"), "paused", "tr"))


def test_each_connection_has_its_own_button(people, support):
    ours, other = make_connection(people.company), make_connection(people.company, "raceroster")
    buttons = {words(button): button for button in support.soup("/").select("table.partners button")}
    assert list(buttons) == ["Sync now"]
    pressed = {button["formaction"] for button in support.soup("/").select("table.partners button")}
    assert pressed == {f"/connections/{connection.connection_id}/sync" for connection in (ours, other)}
    assert all(button["form"] == "act" for button in buttons.values())


def test_while_it_syncs_the_button_says_how_far(people, support, clock):
    connection = make_connection(people.company)
    make_run(
        connection,
        "participants",
        people.edition,
        status="running",
        claimed_at=clock(),
        rows_read=620,
        rows_total=1000,
        pages_done=4,
    )
    make_run(connection, "events", status="running", claimed_at=clock(), rows_read=20, rows_total=4)  # events, with their distances
    page = support.soup("/")
    assert "Syncing … 62 %" in words(row(page, "RunSignUp", "tr"))
    assert not page.select("table.partners button")
    latest = row(page, "page 4", "li")
    assert "620 of 1,000 rows" in words(latest)
    assert latest.progress["value"] == "62"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"calls": 20, "ms_300": 20}, "answering"),
        ({"calls": 20, "ms_10000": 20}, "slow"),
        ({"calls": 20, "failures": 5, "ms_300": 20}, "failing"),
    ],
)
def test_a_provider_says_how_it_answers(people, support, clock, given, said):
    connection = make_connection(people.company, last_success_at=clock() - timedelta(minutes=2))
    minute(connection, clock(), **given)
    card = support.soup("/").select_one(".providers > div")
    assert words(card.p).endswith(said)
    assert "last success 2 min ago" in words(card)
    assert card.svg["aria-hidden"] == "true"
    assert "In the last hour 20 calls" in words(card)


def test_a_provider_that_asks_us_to_wait_says_until_when(people, support, clock):
    make_connection(people.company, throttled_until=clock() + timedelta(minutes=42))
    assert "asks us to wait until 11:42" in words(support.soup("/").select_one(".providers"))


def test_old_minutes_are_not_counted(people, support, clock):
    minute(make_connection(people.company), clock() - timedelta(hours=2), calls=9, failures=9)
    card = words(support.soup("/").select_one(".providers"))
    assert "no calls lately" in card
    assert "9 failures" not in card


def test_our_own_machinery(people, support, clock):
    connection = make_connection(people.company)
    make_run(connection, due_at=clock() - timedelta(seconds=3))
    make_run(connection, "participants", people.edition, due_at=clock() + timedelta(hours=1))  # not due
    make_run(connection, "counts", people.edition, status="completed", waited_ms=90, finished_at=clock())
    worker(clock(), 1)
    worker(clock(), 2, beat_at=clock() - timedelta(minutes=2))
    keep(DoneMinute(minute=clock() - timedelta(minutes=3), timing_partner_id=1, status="completed", ended=212))
    keep(DoneMinute(minute=clock() - timedelta(minutes=30), timing_partner_id=1, status="completed", ended=999))
    keep(Process(name="clock", kind="clock", host="tent", pid=9, started_at=clock(), beat_at=clock() - timedelta(seconds=4)))
    card = words(support.soup("/").find("section", attrs={"aria-label": "Queue"}))
    assert "1 of 2 workers" in card
    assert "1 waiting 3 s oldest 212 done in 10 min" in card
    assert "click → work, median 0.1 s" in card
    assert "ticked 4 s ago" in card


def test_waiting_runs_without_a_worker_are_our_turn(people, support, clock):
    make_run(make_connection(people.company), due_at=clock() - timedelta(seconds=3))
    need = words(row(support.soup("/"), "No worker"))
    assert "No worker is running, and 1 run waits" in need
    assert "Our turn" in need


def test_rows_of_the_old_system_wait_for_nobody(people, support):
    make_run(make_connection(people.company), target="", lock_name="", due_at=None)
    page = support.soup("/")
    assert answer(page) == "Nothing needs anybody"
    assert "0 waiting" in words(page.find("section", attrs={"aria-label": "Queue"}))


def test_a_partner_sees_only_their_own_and_nothing_of_our_machinery(people, sign_in, clock):
    make_connection(people.elsewhere, refused_since=clock())
    make_run(make_connection(people.elsewhere), status="completed", finished_at=clock())
    make_connection(people.company)
    page = sign_in(people.partner).soup("/")
    assert answer(page) == "Nothing needs anybody"
    assert "Lakeside" not in words(page)
    assert "Queue" not in words(page)
    assert "Nothing has run yet" in words(page)


def test_the_first_day(app, clock, sign_in):
    make_connection(make_partner("Old Mill Events", started=False), state="paused")
    page = sign_in(make_account("support")).soup("/")
    assert answer(page) == "No timing partner has been started yet"
    assert "open one and start it as a pilot" in words(page.select_one(".head p"))
    assert "not started" in words(row(page, "RunSignUp", "tr"))


def test_an_empty_house(app, clock, sign_in):
    page = sign_in(make_account("support")).soup("/")
    assert answer(page) == "No timing partner is known yet"
    assert "Taking over the customer’s database brings them in" in words(page)


def test_a_thousand_partners_show_the_worst_and_say_how_many_more(support, people, clock):
    for number in range(30):
        make_partner(f"Quiet Timing {number}")
    make_connection(people.elsewhere, refused_since=clock())
    page = support.soup("/")
    names = [words(name) for name in page.select("table.partners tbody th .strong")]
    assert len(names) == 13
    assert names[0] == "Lakeside Timing"
    assert "and 19 more partners" in words(page)
    whole = support.soup("/?show=all")
    assert len(whole.select("table.partners tbody")) == 32
    assert "hx-get" not in live(whole).attrs  # too large to poll


def test_a_director_is_led_to_what_waits_for_them(people, sign_in):
    answer_there = sign_in(people.director).get("/")
    assert (answer_there.status_code, answer_there.location) == (302, "/approvals")
