"""The pages, the API and the commands. Knows Flask, forms and templates; asks `sync_jobs` and never works itself."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_wtf import CSRFProtect

from dashboard import access, accounts, api_tokens, frame, overview, people, people_cli, processes_cli, run, syncing
from dashboard.config import flask_config, read_settings
from sync_jobs.models import base
from sync_jobs.settings import Settings

csrf = CSRFProtect()
ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The application over one database. Settings come from the environment unless given."""
    settings = settings or read_settings()
    app = Flask("dashboard", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(flask_config(settings))
    app.extensions["hub_settings"] = settings
    base.db.init_app(app)
    with app.app_context():
        base.watch(base.db.engine)
    csrf.init_app(app)
    access.guard(app)
    frame.register(app)
    _register(app)
    return app


def _register(app: Flask) -> None:
    """Blueprints and commands, each module's own."""
    app.register_blueprint(syncing.pages)
    app.register_blueprint(run.pages)
    app.register_blueprint(overview.pages)
    app.register_blueprint(accounts.pages)
    app.register_blueprint(people.pages)
    app.register_blueprint(api_tokens.pages)
    app.cli.add_command(people_cli.people)
    processes_cli.register(app)
