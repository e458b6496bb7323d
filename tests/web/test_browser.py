"""The page in a browser: a picture is dropped, enlarged, compared and fetched."""

import numpy as np
from PIL import Image

from srcnn_theano.weights import shipped_models

# A page beside ours that works it in a frame, as a hand would, and tells what it saw.
DRIVER_PAGE = """<!DOCTYPE html><script src="driver.js" defer></script>
<iframe src="." style="width: 900px; height: 900px; border: 0"></iframe>"""
DRIVER = """
const frame = document.querySelector("iframe");
const told = {};
const tick = (wait) => new Promise((go) => setTimeout(go, wait));
async function until(is) { for (let n = 0; n < 20000 && !is(); n++) await tick(20); }
async function work() {
  const page = frame.contentDocument, at = (id) => page.getElementById(id);
  const view = frame.contentWindow;
  await until(() => at("network").options.length);
  told.offered = [...at("network").options].map((option) => option.value);
  const scales = (name) => {
    at("network").value = name;
    at("network").dispatchEvent(new view.Event("change"));
    return [...at("scale").options].map((option) => option.value);
  };
  told.scales = [scales("repeats"), scales("fsrcnn")];
  const drop = (file) => {
    const data = new view.DataTransfer(); data.items.add(file);
    at("drop").dispatchEvent(new view.DragEvent("drop",
      { dataTransfer: data, bubbles: true, cancelable: true }));
  };
  drop(new view.File([new Uint8Array(2 ** 20 + 1)], "huge.png"));
  told.huge = [at("said").textContent, at("said").className, at("start").disabled];
  const enlarge = async (name) => {
    drop(new view.File([await (await fetch(name.replace("<b>", ""))).blob()], name));
    at("network").value = "repeats"; at("scale").value = "2";
    at("start").click();
    await until(() => !at("start").disabled);
  };
  await enlarge("letter.png");
  told.letter = [at("said").textContent, at("shown").hidden];
  const notes = () => [...at("notes").children].map((line) => line.textContent);
  await enlarge("<b>three.gif");
  told.notes = notes();
  await enlarge("cat.png");
  told.no_notes = notes();
  told.said = at("said").textContent;
  told.shown = !at("shown").hidden;
  told.sizes = ["before", "after"].map((id) => at(id).naturalWidth);
  told.link = at("download").textContent;
  told.about = at("about").textContent;
  const bytes = await (await fetch(at("download").href)).arrayBuffer();
  told.bits = new Uint8Array(bytes)[24];
  const cut = () => view.getComputedStyle(at("before")).clipPath;
  told.middle = cut();
  at("slider").value = 25; at("slider").dispatchEvent(new view.Event("input"));
  told.moved = cut();
  told.overflow = page.documentElement.scrollWidth - view.innerWidth;
}
frame.addEventListener("load", () => work().catch((error) => {
  told.error = String(error);
}).then(() => {
  const pre = document.createElement("pre");
  pre.id = "TOLD"; pre.textContent = JSON.stringify(told);
  document.body.append(pre);
}));
"""


def test_a_picture_is_enlarged_compared_and_fetched(
    serving, chromium, told_in, tmp_path
):
    deep = np.random.RandomState(0).randint(0, 65536, (60, 80)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "cat.png")
    frames = [Image.fromarray(np.full((9, 9), 60 * n, np.uint8)) for n in range(3)]
    frames[0].save(tmp_path / "three.gif", save_all=True, append_images=frames[1:])
    files = {
        "driver": (DRIVER_PAGE, "text/html"),
        "driver.js": (DRIVER, "text/javascript"),
        "letter.png": ("Dear reader", "image/png"),
        "cat.png": ((tmp_path / "cat.png").read_bytes(), "image/png"),
        "three.gif": ((tmp_path / "three.gif").read_bytes(), "image/gif"),
    }

    def with_driver(app):
        names = ", ".join(map(repr, files))

        @app.get(f"/<any({names}):name>")
        def driver(name):
            return app.response_class(files[name][0], content_type=files[name][1])

        # The style of its frame.
        @app.after_request
        def loosened(response):
            response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
            return response

    with serving(with_driver) as address:
        shown = chromium(
            address + "/driver",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            f"--user-data-dir={tmp_path / 'u'}",
            "--virtual-time-budget=900000",
        )
    told = told_in(shown)
    assert "error" not in told, told
    assert told["offered"] == [*shipped_models(), "repeats"]
    assert told["scales"] == [["2"], ["2", "3", "4"]]
    said, kind, disabled = told["huge"]
    assert "huge.png: 1 MB, and this page takes 1" in said
    assert (kind, disabled) == ("bad", True)
    assert told["letter"][0].startswith("letter.png: not an image")
    assert told["letter"][1] is True
    assert (told["said"], told["shown"], told["sizes"]) == ("Done.", True, [160, 160])
    assert told["notes"] == ["<b>three.gif: the first of 3 images is taken"]
    assert told["no_notes"] == []
    assert told["link"] == "Download cat_x2.png"
    assert told["about"] == "160 x 120 pixels"
    assert told["bits"] == 16
    assert "50%" in told["middle"] and "75%" in told["moved"]
    assert told["overflow"] <= 0
