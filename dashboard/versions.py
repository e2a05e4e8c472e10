"""What scoring said of one distance, version by version, and what lies between any two of them. Reads only.

What differs is `review.difference`'s word; letting something go out is the review page's, going back is `take_down`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from dashboard import hx, paging, versions_data, words
from dashboard.access import edition_or_404, requires
from dashboard.results_scope import SEEN_AS, Place, places, scored_or_404, zone_of
from dashboard.versions_data import Compared
from sync_jobs import versions
from sync_jobs.models import Contest, Edition, ResultVersion
from sync_jobs.review.lines import TITLES, Line, lines, summary, total
from sync_jobs.review.words import standing

pages = Blueprint("versions", __name__)
STATES = {
    "pulled": ("wait", "not checked yet"), "blocked": ("bad", "blocked"), "needs_review": ("late", "waits for somebody"),
    "cleared": ("good", "nothing found"), "sent_back": ("late", "sent back"), "rejected": ("bad", "rejected"),
}  # fmt: skip
CONSEQUENCES = ("ripple", "unchanged", "told")
WORDS = {"new": "good", "changed": "wait", "removed": "bad", "": "wait"}
SHOWN, PART = 25, 150  # lines of one section on the page of all, and on a page of its own


@pages.get("/events/<int:edition_id>/results/<int:contest_id>/versions")
@requires("see_results")
def of_contest(edition_id: int, contest_id: int) -> ResponseReturnValue:
    """The list; with two numbers, what lies between them."""
    edition = edition_or_404(edition_id)
    contest = scored_or_404(edition, contest_id)
    one, other = (request.args.get(name, type=int) for name in ("a", "b"))
    if one is None and other is None:
        return _list(edition, contest)
    return _two(edition, contest, one, other)


def _list(edition: Edition, contest: Contest) -> ResponseReturnValue:
    before = paging.place()
    found = versions_data.listed(contest.contest_id, before)
    shown, where = found[: paging.PER_PAGE], places(contest.contest_id)
    older = paging.Filters().address(before=shown[-1].number) if len(found) > paging.PER_PAGE else ""
    return make_response(hx.lean(render_template(
        "versions/list.html", event=edition, contest=contest, zone=zone_of(edition), rows=shown, older=older,
        public=versions_data.public(contest.contest_id), places=where, states=STATES, counts=counts, seen_as=SEEN_AS,
        said=answer(shown, where, first_page=before is None), first_page=before is None, base=base_of(edition, contest),
        live={place.live_version_id for place in where if place.is_public},
    )))  # fmt: skip


def answer(shown: Sequence[ResultVersion], where: Sequence[Place], *, first_page: bool) -> str:
    """The first line of the list."""
    if not shown:
        return "Scoring has given no results yet" if first_page else "There are no older versions"
    if not first_page:
        return f"Version {shown[0].number} and older"
    newest = shown[0].number
    live = sorted({place.live_number for place in where if place.is_public and place.live_number is not None})
    if not live:
        return f"{words.counted(newest, 'version')}, none is public"
    if live == [newest]:
        return f"The newest version, {newest}, is public"
    return f"Version {words.listed([str(number) for number in live])} is public, {newest} is the newest"


def counts(version: ResultVersion) -> str:
    """`4,859 finished, 31 did not finish`."""
    found = sorted((version.counts or {}).items(), key=lambda pair: (pair[0] != "FINISHED", pair[0]))
    return ", ".join(f"{many:,} {'status unknown' if status == 'UNKNOWN' else standing(status)}" for status, many in found)


def base_of(edition: Edition, contest: Contest) -> str:
    """The address of a distance's results."""
    return f"/events/{edition.edition_id}/results/{contest.contest_id}"


def _two(edition: Edition, contest: Contest, one: int | None, other: int | None) -> ResponseReturnValue:
    """The older before, the newer after, unless somebody asks for it the other way round."""
    known = versions.numbers(contest.contest_id)
    after = other if other is not None else max(known, default=0)
    before = one if one is not None else max((number for number in known if number < after), default=0)
    if before not in known or after not in known:
        abort(404)
    compared = versions_data.compare(contest.contest_id, known[before], known[after])
    part = next((name for name in TITLES if name == request.args.get("part")), None)
    first = max(0, request.args.get("from", 0, type=int))
    return make_response(hx.lean(render_template(
        "versions/two.html", event=edition, contest=contest, zone=zone_of(edition), compared=compared, part=part, titles=TITLES,
        sections=sections(compared, part, first), total=total(compared.found), word_states=WORDS, base=base_of(edition, contest),
        said=said(compared), first=first, most=PART,
    )))  # fmt: skip


def said(compared: Compared) -> str:
    """The first line of a comparison."""
    return f"Version {compared.old.number} to {compared.new.number}: {summary(compared.found)}"


def sections(compared: Compared, part: str | None, first: int, shown_of_each: int = SHOWN) -> list[dict[str, Any]]:
    """The lines in their parts: causes before consequences; of each part the first, or of one part a page."""
    found = lines(compared.found, compared.causes)
    shown = []
    for name in TITLES:
        mine = [line for line in found if line.section == name]
        if not mine or part not in {None, name}:
            continue
        here = mine[first : first + PART] if part == name else mine[:shown_of_each]
        shown.append({
            "name": name, "title": TITLES[name], "many": _people(name, mine),
            "lines": [(line, _with(line, compared)) for line in here],
            "left": len(mine) - len(here) - (first if part == name else 0), "follows": name in CONSEQUENCES,
        })  # fmt: skip
    return shown


def _people(name: str, mine: Sequence[Line]) -> int:
    """How many a section is about: awards are counted as such, the rest by its people."""
    return len(mine) if name == "awards" else sum(len(line.entries) for line in mine)


def _with(line: Line, compared: Compared) -> list[tuple[str, str]]:
    """The findings about one person that come or go with a line."""
    if len(line.entries) != 1:
        return []
    mine = line.entries[0]
    both = (("found now", compared.came), ("no longer found", compared.went))
    return [(word, one.sentence) for word, some in both for one in some if one.scope == "row" and mine in (one.entries or ())]
