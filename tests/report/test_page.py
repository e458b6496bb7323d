"""Every figure of the page of the shipped records, worked out again from the files."""

import csv
import hashlib
import json
import re
import statistics
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.experiments.slips import SLIPS
from srcnn_theano.pages.page import UPLOT

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
PICTURES = ROOT / "srcnn_theano" / "report" / "page" / "pictures"


class Figures(HTMLParser):
    """The figures of a page: those of stories by row and field, and all others."""

    def __init__(self):
        super().__init__()
        self.story, self.stories, self.others = None, {}, []
        self.value, self.chips, self.links, self.ids = None, [], [], set()
        self.scripts, self.is_data = {}, None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        if tag == "p" and "data-row" in attributes:
            self.story = attributes["data-row"], attributes["data-field"]
            self.stories[self.story] = []
        if tag == "data":
            self.value = float(attributes["value"])
        if (attributes.get("class") or "").startswith("verdict "):
            self.chips.append(attributes["class"].split()[1])
        if tag == "a":
            self.links.append(attributes["href"])
        self.is_data = attributes.get("id") if tag == "script" else self.is_data

    def handle_endtag(self, tag):
        if tag == "p":
            self.story = None
        if tag == "script":
            self.is_data = None

    def handle_data(self, text):
        if self.value is not None:
            kept = self.others if self.story is None else self.stories[self.story]
            kept.append((self.value, text))
            self.value = None
        if self.is_data:
            self.scripts[self.is_data] = json.loads(text)


@pytest.fixture(scope="module")
def shipped(shipped_page):
    """The page and its figures."""
    page = Figures()
    page.feed(shipped_page)
    return shipped_page, page


# --- The same from the files ---


def history_of(folder):
    with (folder / "history.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def results_of(name):
    path = RESULTS / name / "results.json"
    return json.loads(path.read_text()) if path.is_file() else None


def trainings(experiment):
    """(history, results of the row) of each training that is long enough."""
    name, n_epochs = experiment.trained_by, experiment.measure.n_epochs
    for folder in sorted(RESULTS.glob(name + "*")):
        suffix = folder.name[len(name) :]
        if re.fullmatch(r"(-seed\d+)?", suffix) and (folder / "history.csv").is_file():
            history = history_of(folder)[:n_epochs]
            if len(history) == n_epochs:
                yield history, results_of(experiment.name + suffix)


def figures_of(name, field):
    experiment = EXPERIMENTS[name]
    measure, size = experiment.measure, experiment.training.batch_size
    best, last = [], []
    for history, results in trainings(experiment):
        if "set5_cost" not in history[0]:
            continue
        costs = [float(line["set5_cost"]) for line in history]
        if field == "published":
            column = f"{measure.test_set.lower()}_batch{size}"
            best.append(float(history[costs.index(min(costs))][column]))
        elif results is not None:
            kept = results.get("rule", {}).get("best_validation", {})
            for found, block in ((best, kept), (last, results)):
                if "vgg" in block:
                    found.append(block["vgg"][measure.test_set][measure.aggregation])
    return best or last


def bicubic_of(name):
    experiment = EXPERIMENTS[name]
    results = results_of(name) or results_of(experiment.trained_by)
    if results is None:
        return None
    measure = experiment.measure
    return results["sub_images"][measure.test_set]["bicubic"][measure.aggregation]


def test_every_story_has_the_figures_of_the_files(shipped):
    _, page = shipped
    assert len(page.stories) == 2 * 25
    told = 0
    for (name, field), shown in page.stories.items():
        seeds = figures_of(name, field)
        expected = []
        if seeds:
            expected = [statistics.median(seeds)]
            expected += [min(seeds), max(seeds)] * (len(seeds) > 1)
        plain = bicubic_of(name) if field == "published" else None
        expected += [plain] * (plain is not None)
        assert [value for value, _ in shown] == pytest.approx(expected), name
        told += len(expected)
    assert told > 50


def test_every_figure_is_shown_as_it_is_recorded(shipped):
    """Others are medians and ranges, differences of two, or of the picture."""
    _, page = shipped
    medians = [
        take(seeds)
        for name in EXPERIMENTS
        for field in ("published", "published_vgg")
        for seeds in [figures_of(name, field)]
        if seeds
        for take in (statistics.median, min, max)
    ]
    # Of a slip, over the seeds that the row without it has as well.
    for slip in SLIPS:
        for field in ("published", "published_vgg"):
            n = len(figures_of(slip.row.name, field))
            if n and figures_of(slip.without, field):
                medians.append(statistics.median(figures_of(slip.without, field)[:n]))
    # Averages of other kinds, of the slip that is one of averaging.
    adam = EXPERIMENTS["table1_adam_described"]
    scores = [
        results["rule"]["best_validation"]["sub_images"]["set14"]
        for _, results in trainings(adam)
        if results is not None
    ]
    medians += [statistics.median(one[how] for one in scores) for how in scores[0]]
    known = np.asarray(medians)
    psnr = json.loads((PICTURES / "raccoon.json").read_text())["psnr"].values()
    known = np.concatenate([known, (known[:, None] - known).ravel(), list(psnr)])
    assert len(page.others) > 25
    for value, text in page.others:
        assert abs(known - value).min() < 1e-9
        assert text in (f"{value:.2f}", f"{value:+.2f}")


def test_every_curve_is_that_of_its_history(shipped):
    _, page = shipped
    columns = {"set5": "set5_psnr", "set14": "set14_batch{}", "train": "train_psnr"}
    runs = page.scripts["curves-data"]["runs"]
    assert len(runs) > 50
    for run in runs:
        experiment = EXPERIMENTS[run["name"]]
        folder = RESULTS / run["name"]
        if run["seed"] != experiment.training.seed:
            folder = RESULTS / f"{run['name']}-seed{run['seed']}"
        history = history_of(folder)
        for key, y in run["curves"].items():
            column = columns[key].format(experiment.training.batch_size)
            assert y == [round(float(line[column]), 3) for line in history]
        for key, value in run["bicubic"].items():
            scores = results_of(run["name"])["sub_images"]
            how = {"set5": "patch", "set14": f"batch{experiment.training.batch_size}"}
            of_set = scores[{"set5": "Set5", "set14": "Set14"}[key]]["bicubic"]
            assert value == round(of_set[how[key]], 3)


def test_the_counts_are_those_of_the_verdicts_below(shipped):
    text, page = shipped
    tally = text[text.index('data-kind="programmed"') :]
    tally = tally[: tally.index('data-kind="described"')]
    counted = {
        name.replace(" ", "-"): int(n)
        for n, name in re.findall(r"</span>(\d+) ([a-z ]+)</li>", tally)
    }
    # In the order of the page: a chip in the table, one in the story's heading, one
    # more for each kind that has been run; those in the tables come first of a table.
    cells = re.findall(r'<div class="cell">.*?verdict ([\w-]+)"', text)
    assert len(cells) == 25
    assert counted == {name: cells.count(name) for name in set(cells)}


def test_what_explains_a_figure_is_named_and_leads_there(shipped):
    text, _ = shipped
    told = re.findall(r'What explains it: <a href="#(.*?)">(.*?)</a>\. ', text)
    assert len(told) == text.count("What explains it: ") > 0
    for target, title in told:
        name = target[: -len("-vgg")] if target.endswith("-vgg") else target
        field = "published_vgg" if name != target else "published"
        assert title == EXPERIMENTS[name].row.title
        (paragraph,) = re.findall(rf'<p id="{target}" .*?</p>', text, re.S)
        assert f'data-row="{name}" data-field="{field}"' in paragraph


def test_the_key_of_the_dots_names_what_has_some(shipped):
    text, _ = shipped
    before, drawn = text.split('<div class="trade">')
    key = before[before.rindex("<ul") :]
    drawn = drawn[: drawn.index("</div>")]
    named = set(re.findall(r'class="dot (\w+)"', key))
    assert named == set(re.findall(r'<circle [^>]*class="(\w+)"', drawn))


def test_every_link_leads_to_something(shipped):
    _, page = shipped
    inside = [link[1:] for link in page.links]
    assert all(link.startswith("#") for link in page.links)
    assert len(inside) > 35 and set(inside) <= page.ids


def test_the_page_is_small_and_holds_the_library_as_it_is(shipped):
    text, _ = shipped
    assert len(text.encode("utf-8")) < 5e6
    assert UPLOT.read_text(encoding="utf-8") in text
    origin = (UPLOT.parent / "ORIGIN.txt").read_text(encoding="utf-8")
    for line in re.findall(r"([0-9a-f]{64})  (\S+)", origin):
        data = (UPLOT.parent / line[1]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == line[0]


# --- The picture ---


def test_the_picture_is_of_the_network_that_is_shipped():
    about = json.loads((PICTURES / "raccoon.json").read_text())
    weights = json.loads((ROOT / "weights" / f"{about['network']}.json").read_text())
    assert about["weights_sha256"] == weights["sha256"]


def test_a_picture_of_two_networks_is_named_by_them(monkeypatch, tmp_path):
    from srcnn_theano.report import strips
    from srcnn_theano.report.rows import load_rows

    monkeypatch.setattr(strips.Path, "is_file", lambda path: True)
    score = {"bicubic_psnr": 1.0, "psnr": 2.0}
    monkeypatch.setattr(strips, "_of_image", lambda results, crop: score)
    titles = [one.title for one in strips.slider_pictures(load_rows(), tmp_path)]
    assert len(titles) > 3 and len(set(titles)) == len(titles)


def test_the_lead_is_the_same_everywhere(shipped):
    """36.5 and 35.08 dB less 30.48 and 27.49 dB, as the report prints them."""
    text, _ = shipped
    leads = [36.5 - 30.48, 35.08 - 27.49]
    words = f"{round(leads[0])} to {round(leads[1])}"
    assert f"<title>A course report beat the inventors by {words} decibels" in text
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"{words} dB above" in readme and f"the {words} dB are not" in readme


def test_words_of_the_page_are_explained(shipped):
    text, _ = shipped
    explained = " ".join(re.findall("<dt>(.*?)</dt>", text))
    for word in ("batch20", "global", "patch", "standard", "died", "PSNR"):
        assert word in explained
    cells = re.findall(r"<small>ours .*?</small>", text)
    assert any("(median of 3, " in cell for cell in cells)
    assert any("; 1 died" in cell for cell in cells)


@pytest.mark.slow
def test_the_picture_is_made_again_by_its_script(tmp_path):
    import runpy

    from srcnn_theano.data.images import read_rgb
    from srcnn_theano.data.photograph import photograph

    if "raccoon" not in photograph().name:
        pytest.skip("this SciPy has no raccoon")
    script = runpy.run_path(str(ROOT / "scripts" / "draw_report_picture.py"))
    script["draw"](tmp_path)
    shipped = sorted(path.name for path in PICTURES.iterdir())
    assert shipped == sorted(path.name for path in tmp_path.iterdir())
    for name in shipped:
        if name.endswith(".png"):
            made, kept = (read_rgb(d / name).astype(int) for d in (tmp_path, PICTURES))
            assert abs(made - kept).max() <= 1  # another processor rounds differently
    psnr, kept = (
        json.loads((d / "raccoon.json").read_text())["psnr"]
        for d in (tmp_path, PICTURES)
    )
    assert psnr == pytest.approx(kept, abs=0.001)


def test_pictures_of_the_user_s_sets_stand_in_the_slider(seeds, write_run, tmp_path):
    from srcnn_theano.data.images import Picture, write_picture
    from srcnn_theano.report import strips
    from srcnn_theano.report.rows import load_rows

    write_run(seeds, "fsrcnn_x3", 134)
    path = seeds / "fsrcnn_x3" / "results.json"
    path.write_text(path.read_text().replace("one.bmp", "zebra.bmp"))
    rows = load_rows(seeds)
    assert strips.slider_pictures(rows, tmp_path) == []
    for version in ("low", "bicubic", "fsrcnn_x3", "original"):
        name = f"strip-fsrcnn_x3-zebra-{version}.png"
        write_picture(tmp_path / name, Picture(np.zeros((6, 6, 3), np.uint8)))
    (shown,) = strips.slider_pictures(rows, tmp_path)
    assert (
        shown.title == "Set14, zebra, x3 by fsrcnn_x3" and shown.network == "fsrcnn_x3"
    )
    assert shown.psnr == {"bicubic": 23.25, "network": 25.25}
    assert shown.files["network"].name == "strip-fsrcnn_x3-zebra-fsrcnn_x3.png"
