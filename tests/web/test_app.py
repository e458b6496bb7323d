"""What the page's addresses answer, to whom, and what they refuse."""

import contextlib
import http.client
import io
import json
import re
import shutil
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.cli import main
from srcnn_theano.data.images import read_picture
from srcnn_theano.errors import UserError
from srcnn_theano.web import jobs, serve
from srcnn_theano.weights import save_weights, shipped_models


def png(values):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def tif(rows, cols):
    stream, values = io.BytesIO(), np.zeros((rows, cols, 2), "uint16")
    tifffile.imwrite(
        stream,
        values,
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"],
        compression="zlib",
    )
    return stream.getvalue()


def form(data=None, name="cat.png", **fields):
    """A form as browsers send it: (body, content type)."""
    fields = {"network": "repeats", "scale": "2", "format": ".png", **fields}
    parts = [
        f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode()
        for key, value in fields.items()
    ]
    if data is not None:
        head = f'Content-Disposition: form-data; name="picture"; filename="{name}"'
        parts.append(head.encode() + b"\r\n\r\n" + data)
    body = b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts) + b"--cut--\r\n"
    return body, "multipart/form-data; boundary=cut"


def ask(address, sent=None, **headers):
    """(status, body) of a request."""
    request = urllib.request.Request(address, headers=headers)
    if sent is not None:
        request.data, kind = sent
        request.add_header("Content-Type", kind)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def finished(address, sent):
    """The task of a picture, when it is over."""
    status, body, _ = ask(address + "/tasks", sent)
    assert status == 202, body
    task = json.loads(body)
    while task["state"] == "running":
        state = f"{address}/tasks/{task['token']}?done={task['done']}"
        task = json.loads(ask(state)[1])
    return task


def test_sixteen_bits_come_back_as_sixteen(serving, tmp_path):
    deep = np.random.RandomState(0).randint(0, 65536, (9, 7)).astype(np.uint16)
    with serving() as address:
        task = finished(address, form(png(deep), "größe/../cat.png"))
        assert (task["state"], task["rows"], task["cols"]) == ("done", 18, 14)
        assert task["done"] == task["tiles"] == 1
        place = f"{address}/tasks/{task['token']}"
        _, body, headers = ask(place + "/result")
        before, after = (ask(f"{place}/{name}.png")[1] for name in ("before", "after"))
    assert "attachment; filename=cat_x2.png" in headers["Content-Disposition"]
    (tmp_path / "r.png").write_bytes(body)
    pixels = read_picture(tmp_path / "r.png").pixels
    expected = deep.repeat(2, 0).repeat(2, 1)[..., np.newaxis]
    assert pixels.dtype == np.uint16
    assert np.abs(pixels.astype(int) - expected).max() <= 4
    shown = [np.asarray(Image.open(io.BytesIO(data))) for data in (before, after)]
    assert [image.dtype for image in shown] == [np.uint8] * 2
    assert [image.shape for image in shown] == [(18, 14)] * 2
    assert np.abs(shown[1] - expected[..., 0] / 257.0).max() <= 0.6


def test_the_page_shows_the_middle_of_a_large_picture(serving, monkeypatch):
    monkeypatch.setattr(jobs, "SHOWN", (100, 60))
    ramp = np.tile(np.arange(250, dtype=np.uint8)[:, None, None], (1, 90, 3))
    with serving() as address:
        task = finished(address, form(png(ramp), format=".jpg"))
        place = f"{address}/tasks/{task['token']}"
        after = np.asarray(Image.open(io.BytesIO(ask(place + "/after.png")[1])))
        result = Image.open(io.BytesIO(ask(place + "/result")[1]))
    assert (result.format, result.size) == ("JPEG", (180, 500))
    assert after.shape == (100, 60, 3)
    rows = np.arange(200, 300) // 2
    assert np.abs(after[:, 30, 0].astype(int) - rows).max() <= 1


@pytest.mark.parametrize(
    "sent, status, message",
    [
        (form(None), 400, "no picture was sent"),
        (form(b"x", "letter.doc"), 400, "letter.doc: no picture that is read here"),
        (form(b"x", scale="7"), 400, "scale '7'.*not offered"),
        (form(b"x", network="../x"), 400, "not offered"),
        # More would not be read at all.
        (form(bytes(1 << 20)), 413, "too large for this page"),
        (form(png(np.zeros((2000, 600), "uint8"))), 400, "1.2 megapixels.* takes 1"),
        # Grey with alpha in 16 bits, which Pillow does not identify.
        (form(tif(1500, 1000), "a.tif"), 400, "1.5 megapixels.* takes 1"),
        (form(png(np.zeros((1000, 1001), "uint8"))), 400, "1.1 megapixels.* takes 1;"),
    ],
)
def test_refusals(serving, sent, status, message):
    with serving() as address:
        answered, body, _ = ask(address + "/tasks", sent)
    assert answered == status
    assert re.search(message, json.loads(body)["error"])


def test_a_picture_that_is_too_large_is_refused_unread(serving):
    with serving() as address:
        host = address.partition("//")[2]
        connection = http.client.HTTPConnection(host, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest("POST", "/tasks")
            connection.putheader("Content-Type", form()[1])
            connection.putheader("Content-Length", str(1 << 21))
            connection.endheaders()  # and none of the two megabytes
            assert connection.getresponse().status == 413


def test_what_could_not_be_counted_before_is_counted_when_read(serving, monkeypatch):
    monkeypatch.setattr(jobs, "n_pixels", lambda path: None)
    with serving() as address:
        task = finished(address, form(tif(1500, 1000), "a.tif"))
        assert task["state"] == "failed"
        assert re.search("a.tif: 1.5 megapixels, and this page takes 1", task["error"])
        task = finished(address, form(tif(30, 20), "a.tif"))
        assert (task["state"], task["rows"], task["cols"]) == ("done", 60, 40)


def test_a_damaged_picture_is_called_by_its_name(serving, tmp_path):
    noise = np.random.RandomState(0).randint(0, 256, (40, 40)).astype("uint8")
    with serving() as address:
        task = finished(address, form(png(noise)[:500]))
    assert task["state"] == "failed"
    assert task["error"].startswith("cat.png: ") and str(tmp_path) not in task["error"]


def test_what_takes_more_memory_than_a_command_may_is_refused(serving, monkeypatch):
    pixels = np.zeros((900, 1000, 3), "uint8")
    with serving() as address:
        # 230 MiB are the program's own. The result alone would take 79 MiB in WebP.
        monkeypatch.setattr(jobs, "MEMORY", 0.25)
        refused = finished(address, form(png(pixels), format=".webp"))["error"]
        assert finished(address, form(png(pixels)))["state"] == "done"
        monkeypatch.setattr(jobs, "MEMORY", 0.225)
        unread = finished(address, form(png(pixels)))["error"]
    wanted = "of memory, and {} GiB are allowed; use `srcnn-theano upscale` with "
    assert refused.startswith("cat_x2.webp: 2000x1800 pixels take about 0.3 GiB ")
    assert wanted.format("0.25") + "--memory 1, or choose .png" in refused
    assert unread.startswith("cat.png: 1000x900 pixels take about 0.2 GiB ")
    assert wanted.format("0.225") + "--memory 1, or cut it into pieces" in unread


def test_what_the_result_does_not_hold_is_told(serving):
    frames = [Image.fromarray(np.full((9, 9), 60 * n, np.uint8)) for n in range(3)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    photo = io.BytesIO()
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(photo, "JPEG", exif=exif)
    with serving() as address:
        told = finished(address, form(stream.getvalue(), "three.gif"))["notes"]
        kept = finished(address, form(photo.getvalue(), "a.jpg"))["notes"]
        lost = finished(address, form(photo.getvalue(), "a.jpg", format=".ppm"))
    assert told == ["three.gif: the first of 3 images is taken"]
    assert kept == []
    assert lost["notes"] == ["a.jpg: EXIF left out: PPM does not hold it"]


def test_refusals_name_no_place_of_the_server(serving, tmp_path, monkeypatch):
    clear = np.zeros((9, 9, 4), "uint8")
    weights, away = tmp_path / "repeats.h5", tmp_path / "away.h5"
    with serving() as address:
        weights.rename(away)
        task = finished(address, form(png(clear)))
        assert task["error"].startswith("repeats.h5: no such weight file")
        away.rename(weights)
        task = finished(address, form(png(clear), format=".jpg"))
        assert task["error"].startswith("cat_x2.jpg: a .jpg file cannot hold this")

        def cannot(*arguments, **options):
            raise UserError(f"{tmp_path}/some.where/x y: no; {tmp_path}/lock (/a/b)")

        monkeypatch.setattr(jobs, "load_upscaler", cannot)
        task = finished(address, form(png(clear), network="srcnn"))
        assert task["error"] == "x y: no; lock (b)"


def test_a_refused_picture_leaves_the_result_before(serving, tmp_path):
    small, large = np.full((9, 7), 90, "uint8"), np.zeros((2000, 600), "uint8")
    with serving() as address:
        first = finished(address, form(png(small)))["token"]
        for sent in (form(png(large)), form(b"x", "letter.doc")):
            assert ask(address + "/tasks", sent)[0] == 400
            status, body, _ = ask(f"{address}/tasks/{first}/result")
            assert status == 200
            assert Image.open(io.BytesIO(body)).size == (14, 18)
        second = finished(address, form(png(small)))["token"]
        assert ask(f"{address}/tasks/{first}/result")[0] == 404
        assert len(list((tmp_path / "served").iterdir())) == 1
        # Somebody has cleared the temporary files.
        shutil.rmtree(str(next((tmp_path / "served").iterdir())))
        status, body, _ = ask(f"{address}/tasks/{second}/result")
        assert status == 404 and b"enlarge the picture again" in body


def test_what_went_wrong_is_told_by_line_while_the_page_is_there(
    tmp_path, monkeypatch, capsys
):
    def cannot(*arguments, **options):
        raise RuntimeError("no more\nof it")

    monkeypatch.setattr(jobs, "load_upscaler", cannot)
    for is_over in (False, True):
        stopped = threading.Event()
        if is_over:
            stopped.set()
        worker = jobs.Worker(tmp_path, {"fsrcnn": jobs.Network({})}, 100, stopped)
        wish = jobs.Wish("cat.png", "fsrcnn", 2, ".png")
        data = png(np.zeros((9, 9), "uint8"))
        task = worker.start(wish, lambda path: path.write_bytes(data))
        while task.state == "running":
            time.sleep(0.01)
        lines = capsys.readouterr().err.splitlines()
        assert ("RuntimeError: no more" in lines and "of it" in lines) is not is_over
        assert task.error.startswith("cat.png: RuntimeError")
        assert not (is_over and lines)


def test_the_page_stops_before_its_folder_goes(monkeypatch, capsys):
    class Server:
        effective_port = 1

        def __init__(self, folder, *arguments):
            self.folder, self.stopped = folder, arguments[-1]

        def run(self):
            assert not self.stopped.is_set()
            raise KeyboardInterrupt

        def gone(self):
            return self.stopped.is_set() and not self.folder.exists()

    servers = []
    monkeypatch.setattr(
        serve, "make_server", lambda *args: servers.append(Server(*args)) or servers[-1]
    )
    with pytest.raises(KeyboardInterrupt):
        serve.serve("127.0.0.1", 0, 1, 1, None)
    assert servers[0].gone()


def test_weights_of_a_shipped_name_are_offered_beside_them(tmp_path, repeating):
    from werkzeug.test import Client

    weights = tmp_path / "fsrcnn.h5"
    save_weights(weights, repeating(1, 2)._replace(about={"scale": 2}))
    server = serve.make_server(tmp_path, "127.0.0.1", 0, 1, 1, weights)
    try:
        client = Client(server.application)
        client_at = {"REMOTE_ADDR": "127.0.0.1"}
        about = client.get("/about", environ_base=client_at).get_json()
    finally:
        server.close()
    networks = {network["name"]: network["scales"] for network in about["networks"]}
    assert networks == {**{n: [2, 3, 4] for n in shipped_models()}, "fsrcnn.h5": [2]}


def test_a_scale_that_own_weights_were_not_made_for_is_not_taken(serving):
    sent = form(png(np.zeros((9, 9), "uint8")), scale="3")
    with serving() as address:
        status, body, _ = ask(address + "/tasks", sent)
    assert status == 400 and b"'repeats', scale '3', format '.png': not offered" in body


def test_own_weights_of_a_scale_that_is_not_enlarged_by(tmp_path, repeating):
    weights = tmp_path / "by_five.h5"
    save_weights(weights, repeating(1, 5))
    with pytest.raises(UserError, match="by_five.h5: enlarges 5 times"):
        serve.make_server(tmp_path, "127.0.0.1", 0, 1, 1, weights)


def test_one_picture_at_a_time(serving, monkeypatch):
    goes_on = threading.Event()
    real = jobs.read_picture
    monkeypatch.setattr(
        jobs, "read_picture", lambda *given: goes_on.wait(60) and real(*given)
    )
    sent = form(png(np.zeros((9, 9), "uint8")))
    with serving() as address:
        status, body, _ = ask(address + "/tasks", sent)
        assert status == 202
        status, body, _ = ask(address + "/tasks", sent)
        assert status == 409 and b"another picture is being enlarged" in body
        goes_on.set()
        while ask(address + "/tasks", sent)[0] == 409:
            pass


def test_other_sites_and_other_names_are_kept_out(serving):
    sent = form(png(np.zeros((9, 9), "uint8")))
    with serving() as address:
        assert ask(address + "/tasks", sent, Origin="http://evil.example")[0] == 403
        assert ask(address + "/tasks", sent, Origin=address)[0] == 202
        connection = http.client.HTTPConnection(urlsplit(address).netloc)
        connection.request("GET", "/", headers={"Host": "evil.example"})
        assert connection.getresponse().status == 403
        connection.close()
        assert ask(address + "/tasks/guess")[0] == 404


def test_a_port_that_is_taken(serving, capsys):
    with serving() as address:
        port = str(urlsplit(address).port)
        assert main(["web", "--port", port]) == 2
    said = capsys.readouterr().err
    assert f"--host 127.0.0.1 --port {port}: cannot be listened at" in said
