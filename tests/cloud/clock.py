"""The clock of a stand-in, which a test may set: the `Date` of its answers."""

from __future__ import annotations

import time
from typing import Any

import flask
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler

AHEAD = {"s": 0.0}
"""Of this computer's clock."""


def add_clock(app: flask.Flask) -> None:
    """GET /_clock?ahead=-60 lets the clock be a minute behind this computer's from then on."""

    @app.route("/_clock")
    def _clock() -> dict[str, Any]:
        AHEAD["s"] = float(flask.request.args["ahead"])
        return {}

    WSGIRequestHandler.date_time_string = _date  # type: ignore[method-assign, assignment]


def _date(_handler: Any, timestamp: float | None = None) -> str:
    return http_date((timestamp or time.time()) + AHEAD["s"])
