"""How results go out by a connection: what its page says of it, and the switch where a provider's calls are not confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from dashboard import hx, words
from dashboard.access import connection_or_404, current, requires
from dashboard.results_scope import is_file
from sync_jobs.approvals.switching import set_publishing
from sync_jobs.kit.base import Adapter
from sync_jobs.models import Connection
from sync_jobs.providers import ADAPTERS, label

pages = Blueprint("connection_publishing", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How approved results reach a registration provider."""

    said: str
    note: str  # what an operator must know of publishing there
    help: str  # where a file is loaded
    can_switch: bool
    is_on: bool


def way(connection: Connection, adapter: type[Adapter] | None) -> Way | None:
    """The same in words; None for a provider that takes no results."""
    if adapter is None or not {"publish_results", "results_file"} & adapter.abilities():
        return None
    as_file = is_file(connection.provider_name, connection.writes)
    by_call = (
        f"Approved results go to {adapter.label} by this connection’s own credential, and are read back before they are shown."
    )
    by_file = f"A publication makes a file, and a person loads it at {adapter.label}."
    return Way(
        said=by_file if as_file else by_call, note=adapter.results_note, help=adapter.results_help if as_file else "",
        can_switch=adapter.results_switch, is_on=not as_file,
    )  # fmt: skip


@pages.post("/connections/<int:connection_id>/publishing")
@requires("change_connections")
def publishing(connection_id: int) -> ResponseReturnValue:
    """Let results go there by themselves, or as files again."""
    connection, address = connection_or_404(connection_id), f"/connections/{connection_id}#results"
    adapter = ADAPTERS.get(connection.provider_name)
    if adapter is None or not adapter.results_switch:
        return hx.refused(f"{label(connection.provider_name)} has no such choice.", address=address)
    on = request.form.get("publishing") == "on"
    if not set_publishing(connection_id, on=on, by=current().name, now=words.page_now()):
        return hx.refused("It is so already.", address=address)
    said = "Approved results go there by themselves from now on." if on else "Results are made as files from now on."
    return hx.did(said, address=address)
