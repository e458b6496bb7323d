"use strict";
const at = (id) => document.getElementById(id);
let about = null;
let file = null;

function say(text, bad = false) {
  at("said").textContent = text;
  at("said").classList.toggle("bad", bad);
}

function fill(select, values) {
  select.replaceChildren(...values.map((value) => new Option(value, value)));
}

function offerScales() {
  const before = at("scale").value;
  const network = about.networks.find(({ name }) => name === at("network").value);
  fill(at("scale"), network.scales);
  if (network.scales.map(String).includes(before)) at("scale").value = before;
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("no answer; is `srcnn-theano web` still running?");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Error(told.error || `refused (${answer.status})`);
  }
  return told;
}

function choose(chosen) {
  file = null;
  at("start").disabled = true;
  if (!chosen) return;
  const megabytes = chosen.size / 2 ** 20;
  if (chosen.size > about.most_bytes) {
    const most = Math.round(about.most_bytes / 2 ** 20);
    say(`${chosen.name}: ${megabytes.toFixed(0)} MB, and this page takes ${most}; ` +
        "use `srcnn-theano upscale`", true);
    return;
  }
  file = chosen;
  at("chosen").textContent = `${chosen.name} (${megabytes.toFixed(1)} MB)`;
  at("start").disabled = false;
  say("");
}

async function enlarge() {
  const form = new FormData();
  form.set("picture", file);
  for (const name of ["network", "scale", "format"]) form.set(name, at(name).value);
  at("start").disabled = true;
  at("shown").hidden = true;
  at("progress").hidden = false;
  at("progress").removeAttribute("value");
  say("Enlarging ...");
  try {
    let task = await ask("tasks", { method: "POST", body: form });
    while (task.state === "running") {
      task = await ask(`tasks/${task.token}?done=${task.done}`);
      if (task.tiles) at("progress").value = task.done / task.tiles;
    }
    if (task.state === "failed") throw new Error(task.error);
    await show(task);
    say("Done.");
  } catch (error) {
    say(error.message, true);
  }
  at("progress").hidden = true;
  at("start").disabled = false;
}

async function show(task) {
  for (const name of ["before", "after"]) {
    at(name).src = `tasks/${task.token}/${name}.png`;
    await at(name).decode();
  }
  at("by").textContent = at("network").value;
  at("download").href = `tasks/${task.token}/result`;
  at("download").textContent = `Download ${task.name}`;
  at("about").textContent = `${task.cols} x ${task.rows} pixels` +
    (at("after").naturalWidth < task.cols || at("after").naturalHeight < task.rows
      ? "; below is the middle of it" : "");
  at("notes").replaceChildren(...task.notes.map((note) => {
    const line = document.createElement("li");
    line.textContent = note;
    return line;
  }));
  at("shown").hidden = false;
}

function slide() {
  at("both").style.setProperty("--cut", at("slider").value + "%");
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (file) enlarge();
});
at("picture").addEventListener("change", () => choose(at("picture").files[0]));
at("network").addEventListener("change", offerScales);
at("slider").addEventListener("input", slide);
addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("over");
});
addEventListener("dragleave", () => at("drop").classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  choose(event.dataTransfer.files[0]);
});
ask("about").then((told) => {
  about = told;
  fill(at("network"), told.networks.map(({ name }) => name));
  offerScales();
  fill(at("format"), told.formats);
  at("picture").accept = told.suffixes.join(",");
}, (error) => say(error.message, true));
