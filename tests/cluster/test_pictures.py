"""Pictures on a cluster: what a worker does, and a scheduler with three of them."""

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli
from srcnn_theano.cluster import client, pictures, worker
from srcnn_theano.files import sha256
from srcnn_theano.weights import save_weights

HERE = Path(__file__).resolve().parent


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A file that workers have, and its checksum."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", f"{HERE}:{HERE.parents[1]}")
    path = tmp_path / "network.h5"
    path.write_bytes(b"network ")
    worker.keep(path.read_bytes(), sha256(path))
    return path


def job_of(network, words, folder, with_files=False):
    folder.mkdir(exist_ok=True)
    sent = []
    for number, word in enumerate(words):
        source = folder / f"{number}.png"
        source.write_text(word)
        content = source.read_bytes() if with_files else None
        checksum = "" if with_files else sha256(source)
        target = f"out/{number}.jpg"
        sent.append(pictures._Sent(source.name, str(source), target, checksum, content))
    settings = {"sign": "+"}
    return pictures._Job("stand_in", sha256(network), settings, "cpu", sent)


@pytest.mark.parametrize("with_files", [False, True])
def test_a_worker_names_what_failed_and_goes_on(network, tmp_path, with_files):
    words = ["a", "refuse", "memory", "die", "b", "leave", "c"]
    job = job_of(network, words, tmp_path / "in", with_files)
    if with_files:
        shutil.rmtree(tmp_path / "in")
    answers = pictures.work(job)
    assert [answer.content for answer in answers] == [
        b"network a", None, None, None, b"network b", None, b"network c"
    ]  # fmt: skip
    assert [answer.value for answer in answers if answer.content] == [
        ["+", "0.png"], ["+", "4.png"], ["+", "6.png"]
    ]  # fmt: skip
    assert [answer.error for answer in answers if answer.error] == [
        "1.png: refused for out/1.jpg",
        "2.png: too large for the memory that is left; cut it into pieces",
        "3.png: ended by signal 9",
        "5.png: nothing left to do",
    ]
    assert answers[0].said == "0.png: done\n"


def test_a_worker_that_sees_no_files_asks_for_them(network, tmp_path):
    job = job_of(network, ["a"], tmp_path / "in")
    (tmp_path / "in" / "0.png").write_text("another")
    assert pictures.work(job) is None
    shutil.rmtree(tmp_path / "in")
    assert pictures.work(job) is None


class Future:
    def __init__(self, value):
        self.value = value

    def done(self):
        return True

    def result(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Client:
    """One of two workers, who see nothing and are given one job each at a time."""

    def __init__(self):
        self.jobs = []

    def nthreads(self):
        return {"a": 1, "b": 1}

    def submit(self, work, job, key, pure):
        self.jobs.append(job)
        if any(picture.content == b"lost" for picture in job.pictures):
            return Future(RuntimeError("no worker is left"))
        if any(picture.content is None for picture in job.pictures):
            return Future(None)
        answers = [pictures.Answer(content=p.content * 2) for p in job.pictures]
        return Future(answers)


def test_files_are_sent_where_they_are_not_seen(tmp_path, monkeypatch):
    named = []
    for number, word in enumerate(["0", "1", "lost", "3", "4"]):
        named.append((tmp_path / f"{number}.png", Path(f"{number}.jpg")))
        named[-1][0].write_text(word)
    monkeypatch.setattr(pictures._Pictures, "_wait", lambda self: None)
    job = pictures._Job("module", "", {}, "cpu", [])
    given = pictures._Pictures(Client(), None, named, job)
    answers = dict(given.answers())
    assert sorted(answers) == [0, 1, 2, 3, 4]  # each of them once
    lost = answers.pop(2)
    assert lost.error == f"{named[2][0]}: RuntimeError: no worker is left"
    assert {n: a.content for n, a in answers.items()} == {
        n: str(n).encode() * 2 for n in answers
    }


def test_jobs_are_neither_large_nor_few(tmp_path, monkeypatch):
    named = [(tmp_path / f"{number}.png", Path("x")) for number in range(100)]
    assert [len(batch) for batch in pictures._batches(named, 2)] == [16] * 6 + [4]
    assert [len(batch) for batch in pictures._batches(named[:9], 2)] == [2] * 4 + [1]
    assert [len(batch) for batch in pictures._batches(named[:3], 64)] == [1, 1, 1]
    for path, _ in named:
        path.write_bytes(b"x" * 10)
    monkeypatch.setattr(pictures, "_MOST_BYTES", 25)
    assert {len(batch) for batch in pictures._batches(named, 1)} == {2}


# --- What workers are sent ---


class Asked:
    """A client whose workers are functions called here."""

    def __init__(self):
        self.workers, self.calls = ["a"], []

    def nthreads(self):
        return dict.fromkeys(self.workers, 1)

    def run(self, function, *arguments, workers, on_error):
        self.calls.append((function.__name__, workers))
        return {name: function(*arguments) for name in workers if name != "lost"}


def test_a_file_goes_to_each_worker_once(network, tmp_path):
    asked = Asked()
    supplies = client.Supplies(asked)
    path = tmp_path / "vgg.h5"
    path.write_bytes(b"VGG16")
    assert supplies.add_file(path) == sha256(path)
    supplies.send()
    supplies.send()
    assert asked.calls == [("has", ["a"]), ("keep", ["a"])]
    assert worker.kept(sha256(path)).read_bytes() == b"VGG16"
    asked.workers += ["b", "lost"]  # of the same cache, and one that goes again
    supplies.send()
    assert asked.calls[2:] == [("has", ["b", "lost"])]
    supplies.send()
    assert asked.calls[3:] == [("has", ["lost"])]


def test_what_does_not_come_is_told(network, monkeypatch):
    monkeypatch.setattr(worker, "_PATIENCE", 0)
    with pytest.raises(RuntimeError, match="a file has not come from the client"):
        worker.kept("0" * 64)
    with pytest.raises(ValueError, match="is no SHA-256"):
        worker.kept("../x")


# --- The commands ---


def until_killed(monkeypatch, workers):
    """Have a worker that has a job killed, with -9."""
    killed = []
    wait = pictures._Pictures._wait

    def wait_and_kill(self):
        scheduler = self._client.scheduler_info()["workers"]
        for address, keys in self._client.processing().items():
            if keys and not killed and address in scheduler:
                killed.append(workers[int(scheduler[address]["name"][1:])])
                killed[0].send_signal(signal.SIGKILL)
        wait(self)

    monkeypatch.setattr(pictures._Pictures, "_wait", wait_and_kill)
    return killed


def test_upscale_and_evaluate_with_a_worker_killed(
    cluster_of, tmp_path, monkeypatch, passing_on, capsys
):
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    monkeypatch.chdir(tmp_path)
    save_weights("small.h5", passing_on(1))
    for number in range(3):
        pixels = np.random.RandomState(number).randint(0, 256, (40, 50 + number, 3))
        path = Path("in", str(number % 2), f"{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(pixels)).save(path)
    Path("in", "0", "broken.png").write_text("no picture")
    address, workers = cluster_of(tmp_path / "cluster")
    killed = until_killed(monkeypatch, workers)
    common = ["--weights", "small.h5", "--scale", "2"]
    outputs = {}
    for place, more in (("there", ["--scheduler", address]), ("here", [])):
        for words in (
            ["upscale", "in", "--out", place, *common],
            ["evaluate", "in", "--json", *common],
        ):
            assert cli.main([*words, *more]) == 2
            shown = capsys.readouterr()
            outputs[place, words[0]] = shown.out
            assert shown.err.count("error: in/0/broken.png: not an image") == 1
    assert killed and outputs["there", "upscale"] == outputs["here", "upscale"]
    report = json.loads(outputs["there", "evaluate"])
    assert report == json.loads(outputs["here", "evaluate"])
    assert len(report["folders"]["in"]) == 4 and len(report["failed"]) == 1
    written = {path.relative_to("there") for path in Path("there").rglob("*.png")}
    assert len(written) == 3
    for name in written:  # the same bits
        assert Path("there", name).read_bytes() == Path("here", name).read_bytes()
    # The record for --resume is that of work done here.
    words = ["upscale", "in", "--out", "there", "--resume", *common]
    assert cli.main(words) == 2
    assert "3 skipped" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more", [["in", "--protocol", "course"], ["--low", "low", "--high", "high"]]
)
def test_what_the_option_does_not_take(more, tmp_path, passing_on, capsys):
    save_weights(tmp_path / "small.h5", passing_on(1))
    words = ["evaluate", "--scale", "2", "--weights", str(tmp_path / "small.h5")]
    assert cli.main([*words, "--scheduler", "tcp://127.0.0.1:9", *more]) == 2
    assert "error: --scheduler: is for folders of whole" in capsys.readouterr().err
