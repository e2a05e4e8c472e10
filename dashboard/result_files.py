"""Approved results as files, for providers that take no calls: to be downloaded, loaded there by a person, and said so."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Blueprint, abort, make_response, render_template, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from dashboard import access, hx, paging, words
from dashboard.access import current, edition_or_404, requires
from dashboard.results_scope import zone_of
from sync_jobs import publish
from sync_jobs.models import Contest, Publication, ResultDestination, ResultFile, ResultVersion, db
from sync_jobs.providers import ADAPTERS, label

pages = Blueprint("result_files", __name__)
FOLLOWED = "Results went out or were taken down there after this file. Look what is to be public now."
AS = {"preliminary": "preliminary", "official": "official", "correction": "corrected", "retraction": "taken down"}


@pages.get("/events/<int:edition_id>/results/files")
@requires("see_results")
def files(edition_id: int) -> ResponseReturnValue:
    """The files of one event, the newest first."""
    edition = edition_or_404(edition_id)
    before = paging.place()
    found = _listed(edition_id, before)
    shown = found[: paging.PER_PAGE]
    older = paging.Filters().address(before=shown[-1].file_id) if len(found) > paging.PER_PAGE else ""
    helps = {row.provider_name: ADAPTERS[row.provider_name].results_help for row in shown if row.provider_name in ADAPTERS}
    return make_response(hx.lean(render_template(
        "result_files/page.html", event=edition, zone=zone_of(edition), rows=shown, older=older, first_page=before is None,
        said=answer(shown), helps=helps, said_as=AS, label=label, newest=_newest(shown),
    )))  # fmt: skip


def _listed(edition_id: int, before: int | None) -> list[Any]:
    """Without their bytes."""
    mine = (
        select(
            ResultFile.file_id, ResultFile.name, ResultFile.people, ResultFile.made_at, ResultFile.downloaded_at,
            ResultFile.downloaded_by, ResultFile.loaded_at, ResultFile.loaded_by, Publication.act, Publication.destination_id,
            ResultDestination.provider_name, ResultDestination.contest_id, Contest.name.label("contest_name"),
            ResultVersion.number.label("version"),
        )
        .join(Publication, Publication.publication_id == ResultFile.publication_id)
        .join(ResultDestination, ResultDestination.destination_id == Publication.destination_id)
        .outerjoin(Contest, Contest.contest_id == ResultDestination.contest_id)
        .outerjoin(ResultVersion, ResultVersion.version_id == Publication.version_id)
        .where(ResultFile.edition_id == edition_id)
    )  # fmt: skip
    if before is not None:
        mine = mine.where(ResultFile.file_id < before)
    return list(db.session.execute(mine.order_by(ResultFile.file_id.desc()).limit(paging.PER_PAGE + 1)))


def _newest(rows: list[Any]) -> set[int]:
    """The newest file of each destination: the only one that is to be loaded."""
    found: dict[int, int] = {}
    for row in rows:
        found.setdefault(row.destination_id, row.file_id)
    return set(found.values())


def answer(rows: list[Any]) -> str:
    """The first line of the page."""
    if not rows:
        return "No results went out as a file"
    waiting = sum(row.loaded_at is None and row.file_id in _newest(rows) for row in rows)
    return f"{words.counted(waiting, 'file waits', 'files wait')} to be loaded" if waiting else "Every file was loaded"


@pages.get("/results/files/<int:result_file_id>")
@requires("see_results")
def download(result_file_id: int) -> ResponseReturnValue:
    """The file as it was made. Taking it is no change."""
    kept = _file_or_404(result_file_id)
    return send_file(BytesIO(kept.content), mimetype=kept.media_type, as_attachment=True, download_name=kept.name, max_age=0)


@pages.post("/results/files/<int:result_file_id>")
@requires("approve_results")
def loaded(result_file_id: int) -> ResponseReturnValue:
    """Somebody says that they loaded it there. The first word stands."""
    kept = _file_or_404(result_file_id)
    address, now = f"/events/{kept.edition_id}/results/files", words.page_now()
    if not publish.loaded(result_file_id, current().name, now):
        said = _file_or_404(result_file_id)
        if said.loaded_at is None:
            return hx.refused(FOLLOWED, address=address)
        return hx.refused(f"{said.loaded_by} said so already, {words.ago(said.loaded_at)}. That stands.", address=address)
    return hx.did("Noted. From now on it counts as what the public sees.", address=address)


def _file_or_404(file_id: int) -> ResultFile:
    mine = (access.within(ResultFile.timing_partner_id), ResultFile.file_id == access.possible(file_id))
    kept = db.session.scalar(select(ResultFile).where(*mine)) or abort(404)
    edition_or_404(kept.edition_id)
    return kept
