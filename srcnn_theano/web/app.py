"""The page's requests and answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import flask
from werkzeug.exceptions import HTTPException

from srcnn_theano.data.images import FORMATS, IMAGE_SUFFIXES
from srcnn_theano.errors import UserError
from srcnn_theano.web.jobs import Busy, Task, Wish, Worker

# How long a question for the state is left open while nothing new is to be told.
_PATIENCE = 10.0
_ABOUT = {
    "formats": [".png", ".jpg", ".webp", ".tif"],
    "suffixes": sorted(IMAGE_SUFFIXES),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def make_app(worker: Worker, most_bytes: int, hosts: frozenset[str]) -> flask.Flask:
    """The application.

    Parameters
    ----------
    worker : Worker
    most_bytes : int
        That a file may have.
    hosts : set of str
        Names that this machine may be called by; none for any. (A page elsewhere that
        lets its own name point here must not get in.)
    """
    app = flask.Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = most_bytes
    app.before_request(lambda: _check_origin(hosts))
    app.after_request(_with_headers)
    app.register_error_handler(HTTPException, _refusal)
    app.register_error_handler(UserError, _refused)

    @app.get("/")
    def page() -> Any:
        return app.send_static_file("page.html")

    @app.get("/about")
    def about() -> dict[str, Any]:
        return {**_ABOUT, "networks": _offered(worker), "most_bytes": most_bytes}

    @app.post("/tasks")
    def start() -> Any:
        sent = flask.request.files.get("picture")
        wish = _wish(flask.request.form, sent, worker)
        assert sent is not None
        return worker.start(wish, sent.save).as_dict(), 202

    @app.get("/tasks/<token>")
    def state(token: str) -> dict[str, Any]:
        task = _task(worker, token)
        _wait_for_news(task, flask.request.args.get("done", ""))
        return task.as_dict()

    @app.get("/tasks/<token>/<what>")
    def file(token: str, what: str) -> Any:
        task = _task(worker, token)
        files = {
            "before.png": task.before,
            "after.png": task.after,
            "result": task.result,
        }
        if what not in files or task.state != "done":
            flask.abort(404)
        try:
            return flask.send_file(
                files[what],
                as_attachment=what == "result",
                download_name=task.download_name if what == "result" else what,
            )
        except FileNotFoundError:  # another picture has just come
            flask.abort(404)

    return app


def _offered(worker: Worker) -> list[dict[str, Any]]:
    networks = worker.networks.items()
    return [{"name": name, "scales": network.scales} for name, network in networks]


def _wait_for_news(task: Task, n_done: str) -> None:
    give_up = time.monotonic() + _PATIENCE
    while task.state == "running" and str(task.n_done) == n_done:
        if time.monotonic() > give_up:
            break
        time.sleep(0.05)


def _wish(form: Any, sent: Any, worker: Worker) -> Wish:
    if sent is None or not sent.filename:
        raise UserError("no picture was sent; choose a file")
    if Path(sent.filename).suffix.lower() not in IMAGE_SUFFIXES:
        raise UserError(
            f"{sent.filename}: no picture that is read here; choose one of "
            f"{' '.join(sorted(IMAGE_SUFFIXES))}"
        )
    network, scale, format_ = (form.get(k, "") for k in ("network", "scale", "format"))
    offered = worker.networks.get(network)
    scales = [str(n) for n in offered.scales] if offered else []
    if scale not in scales or format_ not in FORMATS:
        raise UserError(
            f"network {network!r}, scale {scale!r}, format {format_!r}: not offered"
        )
    return Wish(sent.filename, network, int(scale), format_)


def _task(worker: Worker, token: str) -> Task:
    task = worker.last
    if task is None or task.token != token:
        flask.abort(404)
    return task


# --- Who may ask, and what is said to others ---


def _check_origin(hosts: frozenset[str]) -> None:
    host = flask.request.host
    if hosts and _split("//" + host).hostname not in hosts:
        flask.abort(403)
    origin = flask.request.headers.get("Origin")
    if origin is not None and _split(origin).netloc != host:
        flask.abort(403)


def _split(url: str) -> SplitResult:
    """An address in its parts; empty ones if it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _with_headers(response: Any) -> Any:
    response.headers.update(_HEADERS)
    return response


_SAID = {
    403: "this page answers to the machine that it runs on",
    404: "not here any more; enlarge the picture again",
    413: "the file is too large for this page; use `srcnn-theano upscale`",
}


def _refusal(error: HTTPException) -> tuple[dict[str, str], int]:
    code = error.code or 500
    return {"error": _SAID.get(code, error.name)}, code


def _refused(error: UserError) -> tuple[dict[str, str], int]:
    return {"error": str(error)}, 409 if isinstance(error, Busy) else 400
