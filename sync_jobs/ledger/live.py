"""The numbers that tell a polling page whether anything changed. What the page then shows is not known here."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sync_jobs.models import LiveVersion, insert_or


def bump(session: Session, *scopes: str) -> None:
    """Let pages of these scopes (`all`, `partner:1`, `run:5`) know that they are out of date."""
    statement = insert_or(session)(LiveVersion).on_conflict_do_update(
        index_elements=[LiveVersion.scope], set_={"version": LiveVersion.version + 1}
    )
    session.connection().execute(statement, [{"scope": scope, "version": 1} for scope in scopes])


def scopes_of(run_id: int, timing_partner_id: int | None) -> tuple[str, str, str]:
    """Whoever looks at this run, its partner, or everything."""
    return ("all", f"partner:{timing_partner_id}", f"run:{run_id}")
