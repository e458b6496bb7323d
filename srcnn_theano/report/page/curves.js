"use strict";

const COLOURS = ["#2f7fd1", "#d9640a", "#1d9660", "#a05bd0", "#d43f57", "#0f97a5",
                 "#9a741f"];
const DASHES = [[], [14, 6], [2, 5], [16, 4, 2, 4, 2, 4]];
const NEAR = 6; // dB below bicubic

class Curves {
  constructor(data) {
    this.data = data;
    this.on = new Set();
    this.at = null; // the index that is pointed at
    this.place = document.getElementById("chart");
    this.boxes = [...document.querySelectorAll("[data-run]")];
    this.listen();
    this.takePreset();
  }

  listen() {
    const listen = (id, act) =>
      document.getElementById(id).addEventListener("change", act);
    listen("preset", () => this.takePreset());
    listen("measure", () => this.draw());
    listen("near", () => this.draw());
    document.getElementById("all-on").addEventListener("click",
      () => this.takePreset(true));
    document.getElementById("all-off").addEventListener("click", () => {
      this.on.clear();
      this.draw();
    });
    for (const box of this.boxes) {
      box.addEventListener("change", () => this.turn(+box.dataset.run, box.checked));
    }
    this.place.addEventListener("keydown", (event) => this.press(event));
    addEventListener("resize", () => this.resize());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change",
      () => this.draw());
  }

  // A few runs of a table, or all of them.
  takePreset(all = false) {
    const table = document.getElementById("preset").value;
    this.on = new Set(this.data.runs.keys());
    this.data.runs.forEach((run, n) =>
      (run.table === table && (all || run.start)) || this.on.delete(n));
    this.draw();
  }

  turn(number, isOn) {
    if (isOn) this.on.add(number); else this.on.delete(number);
    this.draw();
  }

  // The lines that are shown: runs, then a bicubic for each value of it.
  lines() {
    const key = document.getElementById("measure").value;
    const shown = [...this.on].sort((a, b) => a - b);
    const lines = shown.map((n, i) => ({
      number: n, label: this.data.runs[n].title, y: this.data.runs[n].curves[key],
      stroke: COLOURS[i % COLOURS.length],
      dash: DASHES[Math.floor(i / COLOURS.length) % DASHES.length],
    }));
    const plain = new Map(shown.map((n) => this.data.runs[n])
      .filter((run) => run.curves[key] && run.bicubic[key] != null)
      .map((run) => [run.bicubic[key], run.data]));
    const longest = Math.max(1, ...lines.map((line) => (line.y || []).length));
    for (const [value, data] of plain) {
      lines.push({ label: `bicubic, no network (${data})`, y: Array(longest).fill(value),
                   stroke: "#8a929b", dash: [6, 6], width: 3.5, plain: value });
    }
    return { lines, longest };
  }

  draw() {
    for (const box of this.boxes) box.checked = this.on.has(+box.dataset.run);
    const { lines, longest } = this.lines();
    this.shown = lines;
    this.at = null;
    if (this.plot) this.plot.destroy();
    const drawn = lines.filter((line) => line.y);
    const x = Array.from({ length: longest }, (_, i) => i + 1);
    const y = drawn.map((line) => x.map((_, i) => line.y[i] ?? null));
    this.plot = new uPlot(this.options(drawn), [x, ...y], this.place);
    this.tell();
  }

  size() {
    return { width: this.place.clientWidth,
             height: Math.min(460, Math.max(300, this.place.clientWidth * 0.5)) };
  }

  resize() {
    if (this.plot) this.plot.setSize(this.size());
  }

  options(drawn) {
    const style = getComputedStyle(document.documentElement);
    const [text, line] = ["--soft", "--line"].map((n) => style.getPropertyValue(n));
    const axis = { stroke: text, grid: { stroke: line, width: 1 },
                   ticks: { stroke: line, width: 1 } };
    const series = drawn.map((one) => ({ label: one.label, stroke: one.stroke,
      dash: one.dash, width: one.width || 2, spanGaps: false,
      points: { show: (one.y || []).length < 2 } }));
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: true, uni: 20 } },
      scales: { x: { time: false }, y: this.range(drawn) },
      axes: [{ ...axis, label: "epoch" }, { ...axis, label: "PSNR in dB", size: 56 }],
      series: [{ label: "epoch" }, ...series],
      hooks: { setCursor: [(plot) => this.point(plot.cursor.idx)] },
    };
  }

  range(drawn) {
    const plain = drawn.filter((line) => line.plain != null).map((line) => line.plain);
    if (!document.getElementById("near").checked || !plain.length) return {};
    // Of several, that in the middle: one may be of data that nothing else is near.
    const low = plain.sort((a, b) => a - b)[(plain.length - 1) >> 1] - NEAR;
    const top = Math.max(...drawn.map((line) => Math.max(...line.y)));
    return { range: (plot, from, to) =>
      plot.cursor.drag._y ? [from, to] : [low, Math.max(top, low + 1) + 0.5] };
  }

  point(index) {
    this.at = index ?? null;
    this.tell();
  }

  press(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.plot) return;
    event.preventDefault();
    document.getElementById("readout").setAttribute("aria-live", "polite");
    const last = this.plot.data[0].length - 1;
    const at = this.at === null ? (step > 0 ? 0 : last) : this.at + step;
    const index = Math.min(last, Math.max(0, at));
    const left = this.plot.valToPos(this.plot.data[0][index], "x");
    this.plot.setCursor({ left, top: 1 });
  }

  // What the lines say where they are pointed at, or at their ends.
  tell() {
    const items = this.shown.map((line) => {
      const value = line.y && (this.at === null ? line.y[line.y.length - 1]
                                                : line.y[this.at]);
      const words = !line.y ? "not recorded" : value == null ? "" : value.toFixed(2);
      return element("li", {}, this.swatch(line), element("span", {}, line.label),
        element("span", { class: "value" }, words), ...this.offButton(line));
    });
    const where = this.at === null ? "At the last epoch:" : `Epoch ${this.at + 1}:`;
    const said = this.shown.length ? where : "All are off. Choose a table, or runs below.";
    document.getElementById("readout").replaceChildren(said,
      element("ul", {}, ...items));
  }

  offButton(line) {
    if (line.number === undefined) return [];
    const button = element("button", { type: "button",
      "aria-label": `Switch off ${line.label}` }, "\u00d7");
    button.addEventListener("click", () => this.turn(line.number, false));
    return [button];
  }

  swatch(line) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const stroke = document.createElementNS(space, "line");
    svg.setAttribute("width", 34);
    svg.setAttribute("height", 12);
    svg.setAttribute("aria-hidden", "true");
    for (const [key, value] of Object.entries({ x1: 0, x2: 34, y1: 6, y2: 6,
      style: `stroke: ${line.stroke}`, "stroke-dasharray": line.dash.join(" ") })) {
      stroke.setAttribute(key, value);
    }
    svg.append(stroke);
    return svg;
  }
}

const curvesData = document.getElementById("curves-data");
if (curvesData) new Curves(JSON.parse(curvesData.textContent));
