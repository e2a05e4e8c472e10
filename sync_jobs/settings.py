"""What can be set from outside, in one frozen shape. Reading the environment is left to `dashboard.config`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from flask import current_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between a laptop, a test, a rehearsal and the real thing."""

    data_dir: Path
    database_url: str
    redis_url: str
    mode: str = "demo"  # demo (sandbox, demo people), serve (real use), test
    rehearsal: bool = False  # serve, on a copy of a customer's file, against sandbox servers
    provider_urls: Mapping[str, str] = field(default_factory=dict)  # servers that stand in for providers, by the setting's name
    lease: timedelta = timedelta(seconds=90)
    lease_renewal: timedelta = timedelta(seconds=20)
    lease_grace: timedelta = timedelta(seconds=5)
    most_crashes: int = 3
    most_errors: int = 5
    back_off: timedelta = timedelta(seconds=30)  # after the first error; doubles with each further one
    dispatch_every: float = 1.0  # seconds
    hint_again_after: timedelta = timedelta(seconds=60)
    tick_every: int = 30  # seconds
    keep_pace: bool = True  # off only in tests and measurements against simulated providers
    call_timeout: float = 30.0  # seconds, of one provider call in all
    retry_waits: tuple[float, ...] = (1.0, 2.0, 5.0)  # seconds between tries of one call
    workers: int = 4
    smtp_url: str = ""
    mail_from: str = "sync@localhost"
    trusted_proxies: int = 0  # how many proxies of ours stand before the web server and say whom they speak for
    public_url: str = ""  # as people reach us, for links in mails; from the request where it is empty

    @property
    def seal_key_file(self) -> Path:
        """The key that seals provider secrets; apart from SECRET_KEY and never in the database."""
        return self.data_dir / "seal.key"


def settings() -> Settings:
    """The running application's settings."""
    found: Settings = current_app.extensions["hub_settings"]
    return found
