"""``srcnn-theano web``: the page, on this machine until Ctrl-C."""

from __future__ import annotations

import ipaddress
import threading
from pathlib import Path
from typing import Any

from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.scratch import remove_stale, scratch_folder
from srcnn_theano.weights import load_weights, shipped_models

_SILENCE = 20  # seconds, after which a client is given up

# Beside the file a request has a few short fields.
_MORE = 1 << 16


def serve(
    host: str, port: int, most_mb: int, most_megapixels: int, weights: Path | None
) -> None:
    """Show the page until it is interrupted.

    Parameters
    ----------
    host : str
        The address to listen at; that of this machine alone is 127.0.0.1.
    port : int
    most_mb, most_megapixels : int
        How large a file and a picture may be.
    weights : path or None
        A network to offer beside those of the package.

    Raises
    ------
    UserError
        Flask is not installed, the weights cannot be used, or the port is taken.
    """
    remove_stale()
    with scratch_folder() as folder:
        stopped = threading.Event()
        server = make_server(
            folder, host, port, most_mb, most_megapixels, weights, stopped
        )
        name = f"[{host}]" if ":" in host else host
        print(f"http://{name}:{server.effective_port}/ enlarges pictures", flush=True)
        if not _is_loopback(host):
            print("whoever reaches this machine can use it", flush=True)
        try:
            server.run()
        finally:
            stopped.set()


def make_server(
    folder: Path,
    host: str,
    port: int,
    most_mb: int,
    most_megapixels: int,
    weights: Path | None = None,
    stopped: threading.Event | None = None,
) -> Any:
    """A server of waitress's, not running yet; parameters as of `serve`, `Worker`."""
    try:
        import waitress

        from srcnn_theano.web.app import make_app
        from srcnn_theano.web.jobs import Network, Worker
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name}: not installed, and the page needs it; put it right with "
            "`pip install 'srcnn-theano[web]'`"
        ) from error
    networks = {name: Network({"model": name}) for name in shipped_models()}
    if weights is not None:
        name = weights.name if weights.stem in networks else weights.stem
        networks[name] = Network({"weights": weights}, _scales_of(weights))
    hosts = frozenset(["localhost", "127.0.0.1", "::1", host.lower()])
    app = make_app(
        Worker(folder, networks, most_megapixels * 10**6, stopped),
        most_mb * 2**20,
        hosts if _is_loopback(host) else frozenset(),
    )
    try:
        return waitress.create_server(
            app,
            host=host,
            port=port,
            threads=4,
            # Of clients that begin a request and say no more.
            connection_limit=200,
            channel_timeout=_SILENCE,
            cleanup_interval=_SILENCE // 2,
            asyncore_use_poll=True,
            max_request_body_size=most_mb * 2**20 + _MORE,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--host {host} --port {port}: cannot be listened at ({reason}); choose "
            "another port"
        ) from error


def _scales_of(path: Path) -> tuple[int, ...]:
    """The scales that a network was made for; all if its file does not say."""
    weights = load_weights(path)
    factor = getattr(weights.architecture, "scale", None)
    if factor not in (None, *SCALES):
        raise UserError(
            f"{path}: enlarges {factor} times, and the page 2, 3 or 4 times; use "
            "weights for one of these"
        )
    made_for = factor or weights.about.get("scale")
    return (made_for,) if made_for in SCALES else SCALES


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
