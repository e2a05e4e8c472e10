"""Whether this web process can serve: for supervisors, load balancers and the ones who wait for a start. Says nothing else."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from sync_jobs.models import HubFact, db

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 while the database can be read, else 503."""
    try:
        db.session.execute(select(HubFact.name).limit(1)).first()
    except SQLAlchemyError:
        return {"database": "cannot be read"}, 503
    return {"database": "ok"}
