"""The start lists of one event: what scoring was told, what would go out now, what waits for a person, and the files.

What to tell is decided in `sync_jobs.start_list`; sending is asked for through `jobs`, like every other work.
"""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, abort, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, live, start_list_data, words
from dashboard.access import connection_or_404, current, edition_or_404, requires
from dashboard.start_list_data import Look
from sync_jobs import jobs, start_list, start_lists
from sync_jobs.models import StartListFile, StartListLine, db
from sync_jobs.providers import ADAPTERS, label

pages = Blueprint("start_list", __name__)
SAID = {
    "approved": "It goes out with the next sending.", "declined": "It stays as it is there.", "again": "It waits for a word again.",
    "try": "It is tried again with the next sending.",
}  # fmt: skip
STEPS = {
    "create": "to be added", "update": "to be changed", "withdraw": "no longer registered", "conflict": "to be decided",
}  # fmt: skip


@pages.get("/events/<int:edition_id>/start-list")
@requires("see_start_lists")
def start_lists_of(edition_id: int) -> ResponseReturnValue:
    """A dry run of each distance. It reads and sends nothing."""
    edition = edition_or_404(edition_id)
    look = start_list_data.read(edition)
    zone = edition.timezone or live.HOUSE_ZONE
    seen = live.look()
    shown = live.Live(
        title="Start lists", said=_answer(look), token=seen.token, zone=zone, worst="late" if look.count("waiting") else "good",
        seconds=None,
    )  # fmt: skip
    return hx.page(
        "start_lists/_live.html", shown, event=edition, look=look, zone=zone, steps=STEPS, fields=start_list.WORDS,
        may_send=current().may("send_start_lists"),
    )  # fmt: skip


def _answer(look: Look) -> str:
    if not look.sides:
        return "No distance is matched with scoring yet"
    ready, waiting = sum(side.ready for side in look.sides), look.count("waiting")
    if waiting:
        return f"{words.plural(waiting, 'person waits', 'people wait')} for your word"
    return f"{words.plural(ready, 'line')} to send" if ready else "Scoring has everybody"


@pages.post("/events/<int:edition_id>/start-list")
@requires("send_start_lists")
def send(edition_id: int) -> ResponseReturnValue:
    """Send what may go, or make the file."""
    edition = edition_or_404(edition_id)
    connection = connection_or_404(request.form.get("connection_id", type=int) or abort(400))
    try:
        asked = jobs.request(
            connection, "start_list", edition=edition, trigger="manual", by=current().name, now=words.page_now()
        )  # fmt: skip
    except jobs.CannotSync as why:
        return hx.refused(str(why))
    return hx.did("On its way." if not asked.joined else "It is on its way already.", address=f"/runs/{asked.run_id}")


@pages.post("/start-list/lines/<int:line_id>")
@requires("send_start_lists")
def decide(line_id: int) -> ResponseReturnValue:
    """Somebody's word on one line: send it, leave it, or ask again."""
    answer, person, now = request.form.get("answer", ""), current(), words.page_now()
    mine = (access.within(StartListLine.timing_partner_id), StartListLine.line_id == access.possible(line_id))
    line = db.session.scalar(select(StartListLine).where(*mine)) or abort(404)
    edition = edition_or_404(line.edition_id)
    mine_too = (line_id, edition.timing_partner_id)
    if answer in {"approved", "declined"}:
        kept = start_lists.decide(*mine_too, answer, person.name, now, seen=request.args.get("seen"))
    elif answer in SAID:
        kept = {"again": start_lists.ask_again, "try": start_lists.try_again}[answer](*mine_too, person.name, now)
    else:
        abort(400)
    address = f"/events/{edition.edition_id}/start-list"
    if kept is None:
        return hx.refused("Somebody was faster, or it changed a moment ago. Look again.", address=address)
    if answer in {"approved", "try"}:
        jobs.send_start_lists(edition, person.name, now)
    return hx.did(SAID[answer], address=address)


@pages.post("/events/<int:edition_id>/start-list/refused")
@requires("send_start_lists")
def try_all_again(edition_id: int) -> ResponseReturnValue:
    """Let everybody whom one scoring provider refused go out once more."""
    edition = edition_or_404(edition_id)
    connection = connection_or_404(request.form.get("connection_id", type=int) or abort(400))
    person, now, address = current(), words.page_now(), f"/events/{edition_id}/start-list"
    many = start_lists.try_all_again(edition_id, connection, person.name, now)
    if not many:
        return hx.refused("Nobody is refused there any more. Look again.", address=address)
    jobs.send_start_lists(edition, person.name, now, connection.connection_id)
    return hx.did(f"{words.plural(many, 'line')} to be tried again with the next sending.", address=address)


@pages.get("/start-list/files/<int:file_id>")
@requires("send_start_lists")
def download(file_id: int) -> ResponseReturnValue:
    """An import file, as it was made."""
    kept = _file_or_404(file_id)
    return send_file(BytesIO(kept.content), mimetype=kept.media_type, as_attachment=True, download_name=kept.name, max_age=0)


@pages.post("/start-list/files/<int:file_id>")
@requires("send_start_lists")
def loaded(file_id: int) -> ResponseReturnValue:
    """Somebody says that they loaded a file."""
    kept = _file_or_404(file_id)
    address = f"/events/{kept.edition_id}/start-list"
    before = start_lists.loaded(file_id, current().name, words.page_now())
    if before is not None:
        by, at = before
        return hx.refused(f"{by} said so already, {words.ago(at)}. That stands.", address=address)
    return hx.did("Noted. The next reading shows who arrived.", address=address)


def _file_or_404(file_id: int) -> StartListFile:
    mine = (access.within(StartListFile.timing_partner_id), StartListFile.file_id == access.possible(file_id))
    kept = db.session.scalar(select(StartListFile).where(*mine)) or abort(404)
    edition_or_404(kept.edition_id)
    return kept


@pages.post("/connections/<int:connection_id>/writes")
@requires("change_connections")
def writes(connection_id: int) -> ResponseReturnValue:
    """Whether start lists go out by themselves, or as files."""
    connection = connection_or_404(connection_id)
    adapter = ADAPTERS.get(connection.provider_name)
    if adapter is None or "push_entries" not in adapter.abilities():
        return hx.refused(f"{label(connection.provider_name)} takes no start lists.")
    on = request.form.get("writes") == "on"
    start_lists.set_writes(connection_id, on=on, by=current().name, now=words.page_now())
    said = "Start lists go out by themselves from now on." if on else "Start lists are made as files from now on."
    return hx.did(said, address=hx.came_from())
