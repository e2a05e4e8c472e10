"""Settings, read from the environment once, each with its reason. What they mean is said at `sync_jobs.settings`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sync_jobs import providers, redis_server
from sync_jobs.settings import Settings

HTMX_VERSION = "2.0.11"
HTMX_CDN = f"https://cdn.jsdelivr.net/npm/htmx.org@{HTMX_VERSION}/dist/htmx.min.js"
HTMX_INTEGRITY = "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"
SIGNED_IN_FOR = timedelta(hours=12)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """What the environment says; the data folder stands outside the code unless HUB_DATA says otherwise."""
    data = Path(environ.get("HUB_DATA", "var")).resolve()
    return Settings(
        data_dir=data,
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{data / 'race_results.db'}",
        redis_url=environ.get("REDIS_URL") or redis_server.url(data),
        mode=environ.get("HUB_MODE", "demo"),
        rehearsal=environ.get("HUB_REHEARSAL", "") in {"1", "true", "yes"},
        provider_urls={name: environ[name] for name in providers.urls() if environ.get(name)},
        **_patience(environ),
        call_timeout=float(environ.get("HUB_CALL_TIMEOUT") or 30.0),
        dispatch_every=float(environ.get("HUB_DISPATCH_EVERY") or 1.0),
        tick_every=int(environ.get("HUB_TICK_EVERY") or 30),
        workers=max(1, int(environ.get("WORKERS", "4"))),
        smtp_url=environ.get("SMTP_URL", ""),
        mail_from=environ.get("MAIL_FROM", "sync@localhost"),
        public_url=environ.get("PUBLIC_URL", ""),
        trusted_proxies=int(environ.get("TRUSTED_PROXIES") or 0),
    )


SECONDS = {
    "HUB_LEASE": "lease",
    "HUB_LEASE_RENEWAL": "lease_renewal",
    "HUB_LEASE_GRACE": "lease_grace",
    "HUB_BACK_OFF": "back_off",
    "HUB_HINT_AGAIN_AFTER": "hint_again_after",
}
"""How patient the ledger is, in seconds; fault tests have little time, a very slow disk may want more."""


def _patience(environ: Mapping[str, str]) -> dict[str, Any]:
    return {name: timedelta(seconds=float(environ[given])) for given, name in SECONDS.items() if environ.get(given)}


def secret_key(data_dir: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What signs cookies: SECRET_KEY, or a key of this installation's own, made once and kept beside its data (0600)."""
    if given := environ.get("SECRET_KEY"):
        return given
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = data_dir / "secret.key"
    try:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return kept.read_text()


def flask_config(settings: Settings) -> dict[str, Any]:
    """Flask's own settings."""
    sqlite = settings.database_url.startswith("sqlite")
    kind: dict[str, Any] = {"connect_args": {"timeout": 30}} if sqlite else {"pool_pre_ping": True}
    engine = {"hide_parameters": True, **kind}  # an error's text must not carry people into logs
    return {
        "SECRET_KEY": secret_key(settings.data_dir),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine,
        "SESSION_COOKIE_NAME": "hub",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": os.environ.get("HTTPS", "") in {"1", "true", "yes"},
        "PERMANENT_SESSION_LIFETIME": SIGNED_IN_FOR,
        "SESSION_REFRESH_EACH_REQUEST": False,  # a poll must not lengthen a sign-in
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 1_000_000,
        "HTMX_URL": os.environ.get("HTMX_URL") or HTMX_CDN,
        "HTMX_INTEGRITY": HTMX_INTEGRITY,
    }
