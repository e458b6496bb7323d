import html
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import srcnn_theano.graph.pages as pages
from srcnn_theano import cli
from srcnn_theano.backend import T, graphs, theano
from srcnn_theano.backend.internals import IS_AESARA
from srcnn_theano.graph.parts import find_parts
from srcnn_theano.graph.rewrites import what_it_does
from srcnn_theano.graph.subjects import Subject, find_subject

HOSTILE = "conv1.</script><b>&\"'"


@pytest.fixture(scope="module")
def subject():
    return find_subject("table1_rmsprop_l2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("graph") / "new" / "folder"
    pages.write_graph("table1_rmsprop_l2", out)
    return out


def data_of(page):
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    return json.loads(found.group(1))


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def test_files(folder):
    names = {"index.html", "before.html", "after.html", "before.txt", "after.txt"}
    assert {path.name for path in folder.iterdir()} == names


@pytest.mark.parametrize("side", ["before", "after"])
def test_the_page_has_every_node_once_with_its_edges(folder, subject, side):
    data = data_of(read(folder, side + ".html"))
    graph = getattr(subject.rewriting, side)
    ops = Counter(node["text"] for node in data["nodes"])
    assert ops == Counter(node.text for node in graph.nodes)

    def edges(nodes):
        return Counter(
            (nodes[made[i]].text, node.text)
            for made in [{x: n for n, one in enumerate(nodes) for x in one.outputs}]
            for node in nodes
            for i in node.inputs
            if i in made
        )

    drawn = [
        graphs.Node(**{k: one[k] for k in graphs.Node._fields}) for one in data["nodes"]
    ]
    assert edges(drawn) == edges(graph.nodes)
    assert len(data["updates"]) == len(graph.updates) == 12
    assert all(0 <= node["group"] < len(data["groups"]) for node in data["nodes"])


@pytest.mark.parametrize("side", ["before", "after"])
def test_the_text_has_every_node_once(folder, subject, side):
    lines, tree = read(folder, side + ".txt").split("As theano.printing.debugprint")
    nodes = getattr(subject.rewriting, side).nodes
    numbers = re.findall(r"^#(\d+) .*?  (\S+) +.*->", lines, re.M)
    assert [int(number) for number, _ in numbers] == list(range(len(nodes)))
    # debugprint numbers them alike.
    shown = {int(number) for number in re.findall(r"> (?:'.*' +)?(\d+) *$", tree, re.M)}
    assert shown == set(range(len(nodes)))


def test_pages_need_no_other_file(folder):
    for path in folder.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"https?:|//\w|@import|<link|src=|url\(", without_script(text)
        )
        assert "http" not in pages.script()
        for target in re.findall(r'href="([^"]*)"', text):
            assert (folder / target).is_file()


def without_script(text):
    return re.sub(r"<script>.*?</script>", "", text, flags=re.S)


def test_counts_stand_side_by_side(folder, subject):
    text = re.sub(' data-label="[^"]*"', "", read(folder, "index.html"))
    rewriting = subject.rewriting
    row = '<code>AbstractConv2d</code></td><td class="l">[^<]*</td>'
    row += '<td class="r">3</td><td class="r"></td>'
    assert re.search(row, text)
    totals = "".join(
        f'<td class="r"><strong>{len(graph.nodes)}</strong></td>'
        for graph in (rewriting.before, rewriting.after)
    )
    assert totals in text


def test_each_rewrite_has_a_sentence(subject, folder):
    unknown = [name for name in subject.rewriting.rewrites if not what_it_does(name)]
    assert not unknown or IS_AESARA
    assert what_it_does("fuse_relu") in read(folder, "index.html")
    why = {node["why"] for node in data_of(read(folder, "after.html"))["nodes"]}
    assert what_it_does("FusionOptimizer") in why or IS_AESARA
    assert what_it_does("nobody knows this") == ""


def test_formulas_and_labels_name_what_they_read(folder):
    for node in data_of(read(folder, "after.html"))["nodes"]:
        assert not re.search(r"\bi\d+\b", node["note"])
        assert node["kind"] != "convolution" or not node["numbers"]
    notes = [node["note"] for node in data_of(read(folder, "after.html"))["nodes"]]
    assert any("learning_rate" in note for note in notes)


def test_the_cost_is_told(subject):
    text = pages.describe(subject)
    assert "from rmsprop of mse and the L2 norm" in text and "20 x 3 x 33 x 33" in text


def test_names_cannot_break_out_of_the_page():
    x, W = T.vector(HOSTILE), theano.shared(np.ones(3, "float32"), name=HOSTILE)
    found = graphs.rewriting(
        lambda mode: theano.function([x], x * W, mode=mode), np.ones(3, "float32")
    )
    training = find_subject("srcnn").training
    subject = Subject(HOSTILE, "predict", training, ["conv1"], (1, 1, 1, 3), found)
    page = pages.page(
        subject, "before", found.before, find_parts(found.before, ["conv1"])
    )
    assert HOSTILE not in page
    assert html.escape(HOSTILE) in page
    assert page.count("</script>") == 2
    names = [variable["name"] for variable in data_of(page)["variables"]]
    assert names.count(HOSTILE) == 2
    blocks = pages.overview(subject)
    assert HOSTILE not in pages.to_html(blocks, Path())


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run JavaScript")
@pytest.mark.parametrize("side", ["before", "after"])
def test_nothing_overlaps(folder, tmp_path, side):
    """The layout that the page makes, with all boxes open."""
    (tmp_path / "page.js").write_text(pages.script())
    (tmp_path / "data.json").write_text(
        json.dumps(data_of(read(folder, side + ".html")))
    )
    code = """
    const page = require(process.argv[1]);
    const data = JSON.parse(require("fs").readFileSync(process.argv[2]));
    const { boxes, across } = page.contents(data);
    page.layOut(boxes, (text) => 6.5 * text.length);
    page.arrangeBoxes(boxes, new Set());
    console.log(JSON.stringify({
      boxes: boxes.map(({ x, y, width, height, items }) => ({ x, y, width, height,
        items: items.map(({ x, y, width, height, node }) => ({ x, y, width, height,
          node: node === undefined ? null : node })) })),
      edges: boxes.reduce((n, box) => n + box.edges.length, across.length),
    }));
    """
    done = subprocess.run(
        ["node", "-e", code, str(tmp_path / "page.js"), str(tmp_path / "data.json")],
        stdout=subprocess.PIPE,
        check=True,
    )
    layout = json.loads(done.stdout.decode())
    data = data_of(read(folder, side + ".html"))
    roles = [variable["role"] for variable in data["variables"]]
    read_edges = sum(roles[i] != "constant" for n in data["nodes"] for i in n["inputs"])
    results = len(data["outputs"]) + len(data["updates"])
    assert layout["edges"] == read_edges + results
    nodes = [one["node"] for box in layout["boxes"] for one in box["items"]]
    assert sorted(n for n in nodes if n is not None) == list(range(len(data["nodes"])))
    assert_apart(layout["boxes"], lambda box: (box["x"], box["y"]))
    for box in layout["boxes"]:
        assert_apart(
            box["items"],
            lambda one: (one["x"] - one["width"] / 2, one["y"] - one["height"] / 2),
        )
        right = max(one["x"] + one["width"] / 2 for one in box["items"])
        assert right <= box["width"]


def assert_apart(rectangles, corner):
    for i, a in enumerate(rectangles):
        for b in rectangles[:i]:
            (ax, ay), (bx, by) = corner(a), corner(b)
            beside = ax + a["width"] <= bx or bx + b["width"] <= ax
            assert beside or ay + a["height"] <= by or by + b["height"] <= ay


def test_command_prints_counts_as_json(tmp_path, capsys):
    out = tmp_path / "graph"
    assert cli.main(["graph", "srcnn", "--out", str(out), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["ops"]["AbstractConv2d"] == {"before": 3, "after": 0}
    assert summary["total"]["before"] == 19
    for side in ("before", "after"):
        counted = sum(counts[side] for counts in summary["ops"].values())
        assert counted == summary["total"][side]
    assert (out / "index.html").is_file()


def test_texts_of_xla_lie_beside_the_others(tmp_path, monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", "")  # as it was, after the command
    command = "graph srcnn --what train --device xla --out"
    assert cli.main(command.split() + [str(tmp_path)]) == 0
    given, made = (read(tmp_path, f"xla-{s}.txt") for s in ("before", "after"))
    assert given.count("stablehlo.convolution") == 3 + 3 + 2
    assert made.startswith("HloModule")
    links = re.findall('href="([^"]*)"', read(tmp_path, "index.html"))
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", *links}


def test_command_says_where_the_pages_are(tmp_path, capsys):
    assert cli.main(["graph", "srcnn", "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "index.html") in capsys.readouterr().out


def test_bad_input_is_one_message_and_exit_2(tmp_path, capsys):
    assert cli.main(["graph", "vdsr", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "'vdsr'" in error and "half-fsrcnn" in error
    assert not (tmp_path / "out").exists()
    occupied = tmp_path / "file"
    occupied.write_text("")
    assert cli.main(["graph", "srcnn", "--out", str(occupied)]) == 2
    error = capsys.readouterr().err
    assert str(occupied) in error and "Traceback" not in error
