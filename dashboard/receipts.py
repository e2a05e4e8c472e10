"""Receipts of one event: what was published, when, on whose word and with which proof; and what was ever said of somebody.

A search is noted before anything is shown (`look_ups`), as where people are looked for. Writing receipts is `sync_jobs.receipts`'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from dashboard import access, hx, look_ups, paging, receipts_data, words
from dashboard.access import requires
from dashboard.receipts_data import Chain, Seen, Told
from dashboard.results_scope import zone_of
from sync_jobs.checks.running import CHECKS
from sync_jobs.models import Edition
from sync_jobs.providers import label
from sync_jobs.results import ANONYMOUS, Published
from sync_jobs.review import REASONS
from sync_jobs.review.words import clock, ordinal, standing

pages = Blueprint("receipts", __name__)
KINDS = {
    "published": ("good", "published"), "file": ("wait", "made as a file"), "retracted": ("late", "taken down"),
    "partial": ("bad", "partly published"), "failed": ("bad", "failed"), "refused": ("bad", "not begun"),
}  # fmt: skip
AS = {"preliminary": "as preliminary", "official": "as official", "correction": "as corrected", "retraction": ""}
CHECK_NAMES = {check.check_id: check.name.replace("-", " ") for check in CHECKS}
LONGEST = 80
OVER = "That search is over. Search again: each search is noted."
TOO_SHORT = "Type a bib, or a name."
RECIPE = (
    "hash = SHA-256 in hex over previous_hash, a line feed, and document written as JSON with sorted keys, no blanks between, "
    "UTF-8 as it is. previous_hash is the hash of the receipt before it of the same contest; of the first one it is empty."
)


@pages.get("/events/<int:edition_id>/receipts")
@requires("see_receipts")
def of_event(edition_id: int) -> ResponseReturnValue:
    """The list, and what the last search found. It looks for nobody by itself."""
    edition = access.edition_or_404(edition_id)
    return _list(edition)


@pages.post("/events/<int:edition_id>/receipts")
@requires("see_receipts")
def search(edition_id: int) -> ResponseReturnValue:
    """Note who asks about whom, then show it at an address without a name."""
    edition = access.edition_or_404(edition_id)
    typed = " ".join(request.form.get("q", "").split())[:LONGEST]
    if not typed:
        return _list(edition, wrong=TOO_SHORT, status=422)
    partner = edition.timing_partner_id
    found = receipts_data.told(typed, receipts_data.editions_of(edition_id))
    number = look_ups.note(typed, len(found), words.page_now(), partner=partner, edition_id=edition_id)
    return redirect(f"/events/{edition_id}/receipts?look={number}", 303)


def _list(edition: Edition, *, wrong: str = "", status: int = 200) -> ResponseReturnValue:
    edition_id, name, zone = edition.edition_id, edition.name, zone_of(edition)
    editions, before = receipts_data.editions_of(edition_id), paging.place()
    typed, found, wrong = _looked(edition_id, editions, wrong)
    rows = receipts_data.listed(editions, before)
    shown = rows[: paging.PER_PAGE]
    older = paging.Filters().address(before=shown[-1].receipt_id) if len(rows) > paging.PER_PAGE else ""
    chains = receipts_data.chains(row.contest_id for row in shown)
    return make_response(hx.lean(render_template(
        "receipts/list.html", event={"name": name, "edition_id": edition_id}, zone=zone, rows=shown, older=older,
        first_page=before is None, chains=chains, kinds=KINDS, said_as=AS, said=answer(found, typed, shown, chains, zone),
        found=found, typed=typed, wrong=wrong, hidden=receipts_data.hidden_of(found or ()), says=says, name_of=name_of,
    )), status)  # fmt: skip


def _looked(edition_id: int, editions: Sequence[int], wrong: str) -> tuple[str, list[Told] | None, str]:
    """What this person looked for a moment ago, and what was found."""
    number = request.args.get("look", type=int)
    if number is None:
        return "", None, wrong
    typed = look_ups.words_of(number, words.page_now(), edition_id)
    return ("", None, OVER) if typed is None else (typed, receipts_data.told(typed, editions), wrong)


def answer(found: list[Told] | None, typed: str, shown: Sequence[Any], chains: dict[int, Chain], zone: str) -> str:
    """The first line of the page."""
    if found is not None:
        return _found(found, typed, zone)
    broken = [chain for chain in chains.values() if chain.broken is not None]
    if broken:
        return f"A receipt does not fit its chain: number {broken[0].broken}"
    if not shown:
        return "Nothing was published yet"
    state = KINDS.get(shown[0].kind, ("wait", shown[0].kind))[1]
    return f"The latest: {shown[0].contest_name or 'a distance'} {state}, {words.clock_zone(shown[0].at, zone)}"


def _found(found: list[Told], typed: str, zone: str) -> str:
    if not found:
        return f"Nothing was published of “{typed}”"
    newest = found[0].said
    if len({(one.said.contest_id, one.said.row.key) for one in found}) > 1:
        return f"{words.counted(len({one.said.row.key for one in found}), 'person', 'people')} fit “{typed}”"
    return f"{says(newest.row)}, on the word of {newest.approved_by or newest.requested_by}, {words.clock_zone(newest.at, zone)}"


def says(row: Published) -> str:
    """What the public read of somebody: `41:12, place 3`."""
    times = [f"{clock(ms)} {name}" for name, ms in (("chip", row.chip_ms), ("gun", row.gun_ms)) if ms is not None]
    if row.status != "FINISHED":
        times = [standing(row.status), *times]
    return ", ".join([*(times or ["no time"]), *([f"{ordinal(row.place)} place"] if row.place else [])])


def name_of(row: Published, hidden: frozenset[tuple[int, str]], contest_id: int) -> str:
    """Whoever is not to be named today is not named here either."""
    if (contest_id, row.entry_key) in hidden:
        return f"{ANONYMOUS} (the name is hidden)"
    return f"{row.first_name} {row.last_name}".strip() or "Without a name"


@pages.get("/receipts/<int:receipt_id>")
@requires("see_receipts")
def receipt(receipt_id: int) -> ResponseReturnValue:
    """One receipt, as a person reads it."""
    kept, edition = receipts_data.receipt_or_404(receipt_id)
    event, zone = {"name": edition.name, "edition_id": edition.edition_id}, zone_of(edition)
    seen = receipts_data.see(kept)
    return make_response(hx.lean(render_template(
        "receipts/receipt.html", event=event, zone=zone, seen=seen, doc=seen.document, said=headline(seen),
        kind=KINDS.get(seen.receipt.kind, ("wait", seen.receipt.kind)), kinds=KINDS, clock=clock, standing=standing, says=says,
        name_of=name_of, reasons=REASONS, checks=CHECK_NAMES, at=at,
    )))  # fmt: skip


def at(text: str | None) -> datetime | None:
    """An instant as receipts write it."""
    return datetime.fromisoformat(text) if text else None


def headline(seen: Seen) -> str:
    """The first line of a receipt."""
    identity, decision = seen.document["identity"], seen.document["decision"]
    where, word = label(identity["provider"]), KINDS.get(seen.receipt.kind, ("", seen.receipt.kind))[1]
    how = f" {AS[identity['act']]}" if seen.receipt.kind == "published" and AS.get(identity["act"]) else ""
    who = decision["approved"]["name"] or decision["requested"]["name"]
    return f"{identity['contest'] or 'Results'} {word}{how} at {where}, on the word of {_rule(who)}"


def _rule(name: str) -> str:
    kind, _, number = name.partition(":")
    return {"policy": f"the rule (policy {number})", "standing": f"standing approval {number}"}.get(kind, name)


@pages.get("/receipts/<int:receipt_id>.json")
@requires("see_receipts")
def as_json(receipt_id: int) -> Response:
    """The same record for programs and auditors, with all that is needed to check its hash."""
    kept, _ = receipts_data.receipt_or_404(receipt_id)
    seen = receipts_data.see(kept)
    one = seen.receipt
    beside = {
        "receipt_id": one.receipt_id, "number": one.number, "of": seen.chain.many, "contest_id": one.contest_id, "kind": one.kind,
        "at": words.iso(one.at), "previous_hash": one.previous_hash, "hash": one.hash, "chain_is_whole": seen.chain.broken is None,
        "first_broken": seen.chain.broken, "check": RECIPE,
        "replaced_by": seen.after.receipt_id if seen.after else None,
    }  # fmt: skip
    text = json.dumps(beside, ensure_ascii=False)[:-1] + f', "document": {one.document}}}\n'
    given = {"Content-Disposition": f'attachment; filename="receipt-{one.receipt_id}.json"'}
    return Response(text, content_type="application/json; charset=utf-8", headers=given)
