"""The page, served on this machine by a small network."""

import contextlib
import threading

import pytest

pytest.importorskip("flask", reason="the extra `web` is not installed")
pytest.importorskip("waitress", reason="the extra `web` is not installed")


@pytest.fixture
def serving(tmp_path, repeating, monkeypatch):
    """A context manager: ``with serving(**limits) as address``."""
    from srcnn_theano.web import app
    from srcnn_theano.web.serve import make_server
    from srcnn_theano.weights import save_weights

    weights = tmp_path / "repeats.h5"
    save_weights(weights, repeating(1, 2)._replace(about={"scale": 2}))
    make_app = app.make_app

    @contextlib.contextmanager
    def serve(change=lambda app: None, most_mb=1, most_megapixels=1):
        def changed(*arguments):
            made = make_app(*arguments)
            change(made)
            return made

        monkeypatch.setattr(app, "make_app", changed)
        folder = tmp_path / "served"
        folder.mkdir(exist_ok=True)
        server = make_server(folder, "127.0.0.1", 0, most_mb, most_megapixels, weights)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.effective_port}"
        finally:
            pulled = threading.Event()

            def end():
                """In the thread of the server, whose loop ends without sockets."""
                pulled.wait()  # another thread may have woken the loop already
                server.close()
                server._map.clear()

            server.trigger.pull_trigger(end)
            pulled.set()
            thread.join()

    return serve
