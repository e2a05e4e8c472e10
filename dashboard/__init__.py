"""The pages, the API and the commands. Knows Flask, forms and templates; asks `sync_jobs` and never works itself."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from dashboard import (
    access,
    accounts,
    api,
    api_tokens,
    approvals,
    awards,
    connection_publishing,
    connection_removal,
    connections,
    connections_cli,
    database_cli,
    declared_corrections,
    distances,
    distances_rules,
    event,
    events,
    failed,
    frame,
    health,
    hidden_names,
    history,
    look_up_log,
    matches,
    overview,
    partner,
    people,
    people_cli,
    plans,
    policy,
    processes_cli,
    queues,
    receipts,
    reconciliation,
    result_files,
    results,
    review,
    review_acts,
    review_find,
    run,
    sandbox_cli,
    start_list,
    syncing,
    take_down,
    trace,
    versions,
)
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
    if near := settings.trusted_proxies:  # else everybody would seem to come from the proxy, and share its sign-in limit
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=near, x_proto=near, x_host=near)  # type: ignore[method-assign]  # Flask's own way
    csrf.init_app(app)
    access.guard(app)
    frame.register(app)
    _register(app)
    return app


def _register(app: Flask) -> None:
    """Blueprints and commands, each module's own."""
    app.register_blueprint(queues.pages)
    app.register_blueprint(failed.pages)
    app.register_blueprint(history.pages)
    app.register_blueprint(event.pages)
    app.register_blueprint(distances.pages)
    app.register_blueprint(distances_rules.pages)
    app.register_blueprint(matches.pages)
    app.register_blueprint(events.pages)
    app.register_blueprint(partner.pages)
    app.register_blueprint(syncing.pages)
    app.register_blueprint(start_list.pages)
    app.register_blueprint(plans.pages)
    app.register_blueprint(reconciliation.pages)
    app.register_blueprint(trace.pages)
    app.register_blueprint(results.pages)
    app.register_blueprint(review.pages)
    app.register_blueprint(review_acts.pages)
    app.register_blueprint(review_find.pages)
    app.register_blueprint(approvals.pages)
    app.register_blueprint(versions.pages)
    app.register_blueprint(take_down.pages)
    app.register_blueprint(hidden_names.pages)
    app.register_blueprint(awards.pages)
    app.register_blueprint(declared_corrections.pages)
    app.register_blueprint(result_files.pages)
    app.register_blueprint(receipts.pages)
    app.register_blueprint(policy.pages)
    app.register_blueprint(look_up_log.pages)
    app.register_blueprint(run.pages)
    app.register_blueprint(overview.pages)
    app.register_blueprint(accounts.pages)
    app.register_blueprint(people.pages)
    app.register_blueprint(api_tokens.pages)
    app.register_blueprint(connections.pages)
    app.register_blueprint(connection_publishing.pages)
    app.register_blueprint(connection_removal.pages)
    app.register_blueprint(health.pages)
    app.register_blueprint(api.pages)
    csrf.exempt(api.pages)  # a program's token is no cookie: no other site can send it
    app.cli.add_command(people_cli.people)
    app.cli.add_command(connections_cli.connections)
    app.cli.add_command(database_cli.group)
    app.cli.add_command(sandbox_cli.sandbox)
    processes_cli.register(app)
