"""What must be right before `up` starts anything: the database that belongs to the mode, and the providers' addresses.

Each refusal is one sentence. Starting is left to `processes_cli`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DatabaseError

from sync_jobs import schema, times
from sync_jobs.models import base
from sync_jobs.schema.problem import problem_of
from sync_jobs.settings import Settings

STAMPS = {"demo": "sandbox", "serve": "production"}
UPGRADE = "flask --app wsgi database upgrade --database"


class Refused(Exception):
    """It must not start like this; the text is the sentence that a person reads."""


def prepare_database(settings: Settings, engine: Engine) -> bool:
    """The database of this mode is there, in our form, and lets readers and writers work side by side.

    Makes it when there is none (True then). Raises Refused.
    """
    with _plain_words(settings):
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = not inspect(engine).get_table_names()
        if made:
            schema.create(engine, STAMPS[settings.mode])
        _check_stamp(settings, schema.stamp_of(engine))
        if not made and _is_file(settings):
            _check_form(_file(settings))
        base.use_write_ahead_log(engine)
    return made


@contextmanager
def _plain_words(settings: Settings) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error.orig, Exception) or not _is_file(settings):
            raise Refused(f"The database does not answer as it should: {error.orig}") from None
        raise Refused(str(problem_of(error.orig, _file(settings)))) from None  # type: ignore[arg-type]  # SQLite's
    except (schema.SchemaProblem, OSError) as problem:
        raise Refused(str(problem)) from None


def _is_file(settings: Settings) -> bool:
    return settings.database_url.startswith("sqlite")


def _file(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def _check_stamp(settings: Settings, stamp: str | None) -> None:
    where = _file(settings) if _is_file(settings) else "The database"
    if settings.mode == "demo" and stamp != "sandbox":
        raise Refused(f"{where} was not made by the demonstration, which therefore leaves it alone. Use `make serve` for it.")
    if settings.mode == "serve" and stamp is None:
        raise Refused(f"{where} is not in our form yet. Run first: {UPGRADE} {where}")
    if settings.mode == "serve" and stamp != "production" and not settings.rehearsal:
        raise Refused(f"{where} belongs to the demonstration and is not for real use. Name another in DATABASE_URL or HUB_DATA.")


def _check_form(file: Path) -> None:
    """A file of an earlier version lacks something; what that is, `database check` shows."""
    if not schema.check(file, times.now()).plan.empty:
        raise Refused(f"{file} has the form of an earlier version. Run first: {UPGRADE} {file}")


def check_addresses(settings: Settings) -> list[str]:
    """In real use the providers are the real ones. Returns those that are not, which only a rehearsal may have."""
    simulated = [f"{name}={url}" for name, url in settings.provider_urls.items() if url and is_simulated(url)]
    if settings.mode == "serve" and simulated and not settings.rehearsal:
        raise Refused(
            f"{simulated[0]} is no provider's own address. Remove it, or set HUB_REHEARSAL=1 to rehearse on a copy of the database."
        )
    return simulated


def is_simulated(url: str) -> bool:
    """Whether that address is on this machine, or not encrypted: no provider's is."""
    parts = urlsplit(url)
    return parts.scheme != "https" or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
