"""Headers of every answer: what a page may load, who may frame it, what may be kept. Decides nothing about people."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

PLAIN = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def content_policy(htmx_url: str) -> str:
    """Our own files, one script from one address, and nothing else: no inline script, no inline style, no frame."""
    elsewhere = f" {htmx_url}" if urlsplit(htmx_url).netloc else ""
    rules = {
        "default-src": "'none'",
        "script-src": f"'self'{elsewhere}",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def register(app: Flask) -> None:
    """Put the headers on every response."""
    app.after_request(lambda response: _protect(app, response))


def _protect(app: Flask, response: Response) -> Response:
    for name, value in PLAIN.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_policy(app.config["HTMX_URL"]))
    if request.endpoint == "static":
        return response
    response.vary.add("HX-Request")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
