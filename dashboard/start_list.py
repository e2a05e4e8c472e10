"""The start lists of one event: what scoring was told, what would go out now, what waits for a person, and the files.

What to tell is decided in `sync_jobs.start_list`; sending is asked for through `jobs`, like every other work.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from flask import Blueprint, abort, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from sqlalchemy.orm import defer

from dashboard import access, hx, live, words
from dashboard.access import connection_or_404, current, edition_or_404, requires
from sync_jobs import jobs, start_list, start_lists
from sync_jobs.models import Connection, Edition, StartListFile, StartListLine, db, write
from sync_jobs.providers import ADAPTERS, label
from sync_jobs.start_list import Plan, Step
from sync_jobs.start_lists import Target

pages = Blueprint("start_list", __name__)
SHOWN = 40  # people of one kind in one distance
FILES = 8
SAID = {"approved": "It goes out with the next sending.", "declined": "It stays as it is there."}
STEPS = {
    "create": "to be added", "update": "to be changed", "withdraw": "no longer registered", "conflict": "to be decided",
}  # fmt: skip


@dataclass(kw_only=True)
class Side:
    """One scoring connection of the event, with its distances."""

    connection: Connection
    label: str
    can_write: bool
    note: str
    help: str
    distances: list[Any] = field(default_factory=list)
    files: list[StartListFile] = field(default_factory=list)

    @property
    def ready(self) -> int:
        """How many lines would go out now."""
        return sum(len(one.ready) for one in self.distances)


@dataclass(frozen=True, kw_only=True)
class Distance:
    """One scoring contest: how many stand there, and the steps by kind."""

    target: Target
    plan: Plan
    waiting: list[StartListLine]
    refused: list[StartListLine]

    @property
    def there(self) -> int:
        """Who stands there as wanted."""
        return self.plan.same + len(self.plan.there)

    @property
    def ready(self) -> list[Step]:
        """What would go out now."""
        return self.plan.ready

    @property
    def asking(self) -> list[Step]:
        """What would be asked by the next sending: withdrawals and conflicts that nobody was asked about yet."""
        asked = {(line.registration_provider, line.registration_key) for line in self.waiting}
        return [step for step in self.plan.waiting if step.person not in asked]

    def of(self, kind: str) -> list[Step]:
        """The first of the steps of that kind that would go out."""
        return [step for step in self.plan.ready if step.kind == kind][:SHOWN]


@pages.get("/events/<int:edition_id>/start-list")
@requires("see_start_lists")
def start_lists_of(edition_id: int) -> ResponseReturnValue:
    """A dry run of each distance. It reads and sends nothing."""
    edition = edition_or_404(edition_id)
    sides = _sides(edition)
    zone = edition.timezone or live.HOUSE_ZONE
    seen = live.look()
    waiting = sum(line.state == "waiting" for side in sides for one in side.distances for line in one.waiting)
    shown = live.Live(
        title="Start lists", said=_answer(sides, waiting), token=seen.token, zone=zone, worst="late" if waiting else "good",
        seconds=None,
    )  # fmt: skip
    return hx.page(
        "start_lists/_live.html", shown, event=edition, sides=sides, zone=zone, steps=STEPS, fields=start_list.WORDS,
        may_send=current().may("send_start_lists"),
    )  # fmt: skip


def _answer(sides: list[Side], waiting: int) -> str:
    if not sides:
        return "No distance is matched with scoring yet"
    ready = sum(side.ready for side in sides)
    if waiting:
        return f"{words.plural(waiting, 'person waits', 'people wait')} for your word"
    return f"{words.plural(ready, 'line')} to send" if ready else "Scoring has everybody"


def _sides(edition: Edition) -> list[Side]:
    found = start_lists.targets(edition.edition_id)
    connections = {target.connection_id for target in found}
    planned = {number: start_lists.plans(edition.edition_id, number) for number in connections}
    lines = _lines(edition.edition_id)
    sides = []
    for connection in db.session.scalars(select(Connection).where(Connection.connection_id.in_(connections))).all():
        adapter = ADAPTERS[connection.provider_name]
        side = Side(
            connection=connection, label=label(connection.provider_name), can_write="push_entries" in adapter.abilities(),
            note=adapter.writes_note, help=adapter.import_help, files=_files(edition.edition_id, connection.connection_id),
        )  # fmt: skip
        for target, plan in planned[connection.connection_id]:
            mine = lines[target.contest_id]
            side.distances.append(
                Distance(
                    target=target, plan=plan, waiting=[line for line in mine if line.state in {"waiting", "approved", "declined"}],
                    refused=[line for line in mine if line.state == "refused"],
                )
            )  # fmt: skip
        sides.append(side)
    return sides


def _lines(edition_id: int) -> dict[int, list[StartListLine]]:
    """What waits, was decided or was refused, by contest."""
    found: dict[int, list[StartListLine]] = defaultdict(list)
    shown = ("waiting", "approved", "declined", "refused")
    wanted = (StartListLine.edition_id == edition_id, StartListLine.state.in_(shown))
    for line in db.session.scalars(select(StartListLine).where(*wanted).order_by(StartListLine.line_id)):
        found[line.contest_id].append(line)
    return found


def _files(edition_id: int, connection_id: int) -> list[StartListFile]:
    mine = (StartListFile.edition_id == edition_id, StartListFile.connection_id == connection_id)
    newest = select(StartListFile).where(*mine).order_by(StartListFile.file_id.desc()).limit(FILES)
    return list(db.session.scalars(newest.options(defer(StartListFile.content))))


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
    if answer == "again":
        kept = start_lists.ask_again(line_id, edition.timing_partner_id, person.name, now)
    elif answer in SAID:
        seen = request.args.get("seen")
        kept = start_lists.decide(line_id, edition.timing_partner_id, answer, person.name, now, seen=seen)
    else:
        abort(400)
    address = f"/events/{edition.edition_id}/start-list"
    if kept is None:
        return hx.refused("Somebody was faster, or it changed a moment ago. Look again.", address=address)
    if answer == "approved":
        jobs.send_start_lists(edition, person.name, now)
    return hx.did(SAID.get(answer, "It waits for a word again."), address=address)


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
    with write() as session:
        values = {"downloaded_by": current().name, "downloaded_at": words.page_now()}
        session.execute(update(StartListFile).where(StartListFile.file_id == file_id).values(**values))
    return hx.did("Noted. The next reading shows who arrived.", address=f"/events/{kept.edition_id}/start-list")


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
