"use strict";

// A graph in boxes: a box for each part of the work, rows of boxes for the forward pass,
// the gradient and the updates, layers from left to right. Boxes fold. No libraries.

const NODE = { height: 36, pill: 24, gapX: 16, gapY: 30, pad: 12, min: 64, max: 230 };
const READABLE = 0.6; // scale
const BOX = { pad: 16, title: 30, gapX: 54, gapY: 58, entry: 18, width: 1750 };

// Layout of the inside of a box: layers of nodes, from inputs down to results.

/* The rank of each of n items: one below the lowest that it reads, and as near to its
   readers as that allows where it reads no more than it has readers. */
function ranked(n, edges) {
  const reads = lists(n), readers = lists(n);
  for (const [from, to] of edges) { reads[to].push(from); readers[from].push(to); }
  const open = reads.map((all) => all.length);
  const order = [...open.keys()].filter((i) => open[i] === 0);
  const rank = new Array(n).fill(0);
  for (let k = 0; k < order.length; k++) {
    for (const to of readers[order[k]]) {
      rank[to] = Math.max(rank[to], rank[order[k]] + 1);
      if (--open[to] === 0) order.push(to);
    }
  }
  for (const i of order.reverse()) {
    if (readers[i].length && readers[i].length >= reads[i].length) {
      rank[i] = Math.min(...readers[i].map((to) => rank[to])) - 1;
    }
  }
  return rank;
}

function lists(n) { return Array.from({ length: n }, () => []); }

function mean(values) { return values.reduce((a, b) => a + b, 0) / values.length; }

/* Lay out items {width, height} with edges [from, to]. Gives each item x and y (of its
   middle); returns the size and, for each edge, the points that it passes. */
function layered(items, edges) {
  const rank = ranked(items.length, edges);
  const lowest = Math.min(0, ...rank);
  const cells = items.map((item, i) => ({ item, width: item.width, height: item.height,
    rank: rank[i] - lowest, up: [], down: [] }));
  // An edge over several ranks gets a narrow cell in each that it passes.
  const chains = edges.map(([from, to]) => {
    const chain = [cells[from]];
    for (let r = cells[from].rank + 1; r < cells[to].rank; r++) {
      const cell = { width: 6, height: 0, rank: r, up: [], down: [], bend: true };
      cells.push(cell);
      chain.push(cell);
    }
    chain.push(cells[to]);
    for (let k = 1; k < chain.length; k++) {
      chain[k - 1].down.push(chain[k]);
      chain[k].up.push(chain[k - 1]);
    }
    return chain;
  });
  const ranks = lists(1 + Math.max(0, ...cells.map((cell) => cell.rank)));
  for (const cell of cells) ranks[cell.rank].push(cell);
  arrange(ranks);
  place(ranks);
  return {
    width: Math.max(...cells.map((cell) => cell.x + cell.width / 2)),
    height: Math.max(...cells.map((cell) => cell.y + cell.height / 2)),
    bends: chains.map((chain) => chain.slice(1, -1).map(({ x, y }) => [x, y])),
  };
}

/* Order the cells of each rank so that few edges cross: each goes to the mean place of
   its neighbours, down and up again, and the best order of all rounds is kept. */
function arrange(ranks) {
  const number = (cells) => cells.forEach((cell, i) => { cell.at = i; });
  ranks.forEach(number);
  let best = null;
  for (let round = 0; round < 16; round++) {
    const down = round % 2 === 1;
    for (const cells of down ? ranks : [...ranks].reverse()) {
      for (const cell of cells) {
        const near = down ? cell.up : cell.down;
        cell.wish = near.length ? mean(near.map((other) => other.at)) : cell.at;
      }
      cells.sort((a, b) => a.wish - b.wish || a.at - b.at);
      number(cells);
    }
    const crossed = crossings(ranks);
    if (best === null || crossed < best.crossed) {
      best = { crossed, order: ranks.map((cells) => [...cells]) };
    }
  }
  best.order.forEach((cells, r) => { ranks[r] = cells; number(cells); });
}

function crossings(ranks) {
  let found = 0;
  for (const cells of ranks) {
    const edges = cells.flatMap((cell) => cell.down.map((to) => [cell.at, to.at]));
    for (let i = 0; i < edges.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [edges[i], edges[j]];
        if ((a[0] - b[0]) * (a[1] - b[1]) < 0) found++;
      }
    }
  }
  return found;
}

/* Give each cell its place: in the middle of its neighbours, as far as the order of its
   rank allows. Bends pull hard, so that long edges are straight. */
function place(ranks) {
  let y = 0;
  for (const cells of ranks) {
    const height = Math.max(...cells.map((cell) => cell.height));
    cells.forEach((cell) => { cell.y = y + height / 2; cell.x = 0; });
    y += height + NODE.gapY;
    spread(cells, cells.map(() => 0), cells.map(() => 1));
  }
  for (let round = 0; round < 12; round++) {
    const sides = round > 9 ? ["up", "down"] : round % 2 ? ["down"] : ["up"];
    for (const cells of round % 2 ? [...ranks].reverse() : ranks) {
      const near = cells.map((cell) => sides.flatMap((side) => cell[side]));
      spread(
        cells,
        cells.map((cell, i) => (near[i].length ? weighted(cell, near[i]) : cell.x)),
        cells.map((cell, i) => (cell.bend ? 8 : 0.1 + near[i].length)),
      );
    }
  }
  const all = ranks.flat();
  const left = Math.min(...all.map((cell) => cell.x - cell.width / 2));
  for (const cell of all) {
    cell.x -= left;
    if (cell.item) { cell.item.x = cell.x; cell.item.y = cell.y; }
  }
}

function weighted(cell, near) {
  const weights = near.map((other) => (cell.bend && other.bend ? 8 : 1));
  const total = weights.reduce((a, b) => a + b, 0);
  return near.reduce((sum, other, i) => sum + weights[i] * other.x, 0) / total;
}

/* Least squares: as near to the wishes as can be without changing order or touching
   (pool adjacent violators). */
function spread(cells, wishes, weights) {
  const offsets = [];
  let offset = 0;
  cells.forEach((cell, i) => {
    if (i) offset += (cells[i - 1].width + cell.width) / 2 + NODE.gapX;
    offsets.push(offset);
  });
  const blocks = [];
  wishes.forEach((wish, i) => {
    blocks.push({ value: wish - offsets[i], weight: weights[i], n: 1 });
    while (blocks.length > 1 && blocks[blocks.length - 2].value > blocks[blocks.length - 1].value) {
      const b = blocks.pop(), a = blocks.pop();
      const weight = a.weight + b.weight;
      blocks.push({ value: (a.value * a.weight + b.value * b.weight) / weight, weight, n: a.n + b.n });
    }
  });
  let i = 0;
  for (const block of blocks) {
    for (let k = 0; k < block.n; k++, i++) cells[i].x = block.value + offsets[i];
  }
}

// What stands in a box: nodes, the variables they read from nowhere else, results.

function contents(data) {
  const boxes = data.groups.map((group) => ({ ...group, items: [], edges: [], nodes: [] }));
  const maker = new Map();
  data.nodes.forEach((node, i) => {
    const box = boxes[node.group];
    const item = { kind: node.kind, node: i, box, title: [node.label, ...node.numbers].join(" "),
      note: node.note };
    box.items.push(item);
    box.nodes.push(i);
    node.outputs.forEach((variable) => maker.set(variable, item));
  });
  const across = [];
  const leaves = new Map();
  const leaf = (box, variable) => {
    const key = box.column + " " + box.row + " " + variable;
    if (!leaves.has(key)) {
      const { role, name } = data.variables[variable];
      const item = { kind: role, variable, box, title: name || "(no name)" };
      leaves.set(key, item);
      box.items.push(item);
    }
    return leaves.get(key);
  };
  data.nodes.forEach((node, i) => {
    const to = boxes[node.group].items.find((item) => item.node === i);
    for (const variable of node.inputs) {
      if (data.variables[variable].role === "constant") continue; // shown in the node
      const from = maker.get(variable) || leaf(to.box, variable);
      if (from.box === to.box) to.box.edges.push({ from, to, variable });
      else across.push({ from, to, variable });
    }
  });
  // What comes from elsewhere stands on the left, where it enters.
  const entries = new Set(across.map(({ to }) => to));
  for (const { edges } of boxes) {
    for (const { from, to } of edges) if (from.kind === "input") entries.add(to);
  }
  boxes.forEach((box) => box.items.sort((a, b) => entries.has(b) - entries.has(a)));
  const result = (variable, kind, title) => {
    const from = maker.get(variable);
    if (!from) return; // an input or a constant, handed through
    const item = { kind, variable, box: from.box, title };
    from.box.items.push(item);
    from.box.edges.push({ from, to: item, variable });
  };
  data.outputs.forEach((variable) => result(variable, "output", "returned"));
  for (const [shared, variable] of data.updates) {
    result(variable, "update", "new " + (data.variables[shared].name || "value"));
  }
  return { boxes, across };
}

/* Sizes of all items and the layout of each box; `measure` tells the width of a text. */
function layOut(boxes, measure) {
  for (const box of boxes) {
    for (const item of box.items) {
      const wide = Math.max(measure(item.title, true), item.note ? measure(item.note) : 0);
      item.width = Math.min(NODE.max, Math.max(NODE.min, wide + 2 * NODE.pad));
      item.height = item.note ? NODE.height : NODE.pill;
    }
    const at = new Map(box.items.map((item, i) => [item, i]));
    const inside = layered(box.items, box.edges.map(({ from, to }) => [at.get(from), at.get(to)]));
    box.edges.forEach((edge, i) => { edge.bends = inside.bends[i]; });
    box.open = { width: inside.width + 2 * BOX.pad, height: inside.height + BOX.title + BOX.pad };
  }
}

/* Put the boxes into rows and columns; a folded one is as large as its card. A forward
   pass alone goes on in the next line, like a text. */
function arrangeBoxes(boxes, folded) {
  boxes.forEach((box, i) => Object.assign(box, folded.has(i) ? box.card : box.open));
  const alone = boxes.every((box) => box.row === 0);
  const lines = alone ? broken(boxes) : boxes.map((box) => box.row);
  boxes.forEach((box, i) => { box.line = lines[i]; });
  const heights = largest(boxes, "line", "height");
  const tops = starts(heights, BOX.gapY);
  const widths = largest(boxes, "column", "width");
  const lefts = starts(widths, BOX.gapX);
  const ends = {};
  for (const box of boxes) {
    const next = ends[box.line] === undefined ? 0 : ends[box.line] + BOX.gapX;
    box.x = alone ? next : lefts[box.column] + (widths[box.column] - box.width) / 2;
    box.y = tops[box.line];
    ends[box.line] = box.x + box.width;
  }
  return { tops, heights };
}

function broken(boxes) {
  let line = 0, end = 0;
  return boxes.map((box) => {
    if (end && end + box.width > BOX.width) { line++; end = 0; }
    end += box.width + BOX.gapX;
    return line;
  });
}

function largest(boxes, place, length) {
  const found = {};
  for (const box of boxes) found[box[place]] = Math.max(found[box[place]] || 0, box[length]);
  return found;
}

function starts(lengths, gap) {
  const found = {};
  let at = 0;
  for (const key of Object.keys(lengths).sort((a, b) => a - b)) {
    found[key] = at;
    at += lengths[key] + gap;
  }
  return found;
}

if (typeof module !== "undefined") {
  module.exports = { ranked, layered, contents, layOut, arrangeBoxes };
}

// The picture.

function show(data) {
  const svg = document.querySelector("svg");
  const world = svg.querySelector("#world");
  const panel = document.querySelector("aside");
  const pen = document.createElement("canvas").getContext("2d");
  const { boxes, across } = contents(data);
  const folded = new Set();
  const view = { x: 40, y: 40, scale: 1 };
  let held = null; // the item that was clicked
  let drawn = { items: [], edges: [] };

  const measure = (text, bold) => {
    pen.font = (bold ? "600 " : "") + "12px system-ui, sans-serif";
    return pen.measureText(text).width;
  };
  layOut(boxes, measure);
  boxes.forEach((box) => { box.lines = summary(box); box.card = cardSize(box); });

  function summary(box) {
    const counts = new Map();
    for (const i of box.nodes) {
      const { label, kind } = data.nodes[i];
      const line = counts.get(label) || { label, kind, n: 0 };
      line.n++;
      counts.set(label, line);
    }
    const lines = [...counts.values()].sort((a, b) =>
      data.kinds.indexOf(a.kind) - data.kinds.indexOf(b.kind) || b.n - a.n);
    if (lines.length <= 7) return lines;
    const rest = lines.slice(6).reduce((n, line) => n + line.n, 0);
    return [...lines.slice(0, 6), { label: "others", kind: "rest", n: rest }];
  }

  function cardSize(box) {
    const wide = box.lines.map((line) => measure(line.n + "  " + line.label) + 22);
    return {
      width: Math.max(150, measure(heading(box), true) + 34, ...wide.map((w) => w + 2 * BOX.pad)),
      height: BOX.title + box.lines.length * BOX.entry + 12,
    };
  }

  function heading(box) {
    return box.title + " \u00b7 " + box.nodes.length + (box.nodes.length === 1 ? " op" : " ops");
  }

  function element(parent, name, attributes, text) {
    const made = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return parent.appendChild(made);
  }

  function draw() {
    const { tops, heights } = arrangeBoxes(boxes, folded);
    world.replaceChildren();
    drawn = { items: [], edges: [] };
    const layers = ["rows", "boxes", "edges", "nodes"].map((name) =>
      element(world, "g", { class: name }));
    for (const row of Object.keys(tops)) {
      if (data.groups.every((group) => group.row === 0)) break;
      element(layers[0], "text", {
        transform: "translate(-22," + (tops[row] + heights[row] / 2) + ") rotate(-90)",
      }, data.rows[row]);
    }
    boxes.forEach((box, i) => drawBox(box, i, layers));
    drawEdges(layers[2]);
    highlight(held);
  }

  function drawBox(box, i, [, back, , front]) {
    const shut = folded.has(i);
    const group = element(shut ? front : back, "g", { class: "box", transform: "translate(" + box.x + "," + box.y + ")" });
    element(group, "rect", { width: box.width, height: box.height, rx: 10 });
    const title = element(shut ? group : back, "g", { class: "title", tabindex: 0, role: "button",
      "aria-label": (shut ? "unfold " : "fold ") + box.title });
    if (!shut) title.setAttribute("transform", "translate(" + box.x + "," + box.y + ")");
    element(title, "rect", { width: box.width, height: shut ? box.height : BOX.title, rx: 10, class: "grip" });
    element(title, "text", { x: 12, y: 20 }, (shut ? "\u25b8 " : "\u25be ") + heading(box));
    const flip = () => toggle(i);
    title.addEventListener("click", flip);
    title.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); flip(); }
    });
    if (shut) {
      box.lines.forEach((line, k) => {
        const y = BOX.title + k * BOX.entry + 10;
        element(title, "circle", { cx: 18, cy: y - 4, r: 4, class: "dot " + line.kind });
        element(title, "text", { x: 30, y, class: "line" }, line.n + "  " + line.label);
      });
      drawn.items.push({ card: box, shape: group });
      return;
    }
    for (const item of box.items) drawItem(item, box, front);
  }

  function drawItem(item, box, front) {
    item.left = box.x + BOX.pad + item.x - item.width / 2;
    item.top = box.y + BOX.title + item.y - item.height / 2;
    const shape = element(front, "g", { class: "item " + item.kind + (item.node === undefined ? " pill" : ""),
      transform: "translate(" + item.left + "," + item.top + ")" });
    const radius = item.node === undefined ? item.height / 2 : 5;
    element(shape, "rect", { width: item.width, height: item.height, rx: radius });
    const middle = item.width / 2;
    element(shape, "text", { x: middle, y: item.note ? 15 : 16, class: "name" }, fitting(item.title, item, true));
    if (item.note) element(shape, "text", { x: middle, y: 29, class: "note" }, fitting(item.note, item));
    shape.addEventListener("pointerenter", () => { if (!held) highlight(item); });
    shape.addEventListener("pointerleave", () => { if (!held) highlight(null); });
    shape.addEventListener("click", (event) => {
      event.stopPropagation();
      held = held === item ? null : item;
      highlight(item);
    });
    drawn.items.push({ item, shape });
  }

  function fitting(text, item, bold) {
    const room = item.width - NODE.pad;
    if (measure(text, bold) <= room) return text;
    let end = text.length;
    while (end && measure(text.slice(0, end) + "\u2026", bold) > room) end--;
    return text.slice(0, end) + "\u2026";
  }

  // Where an edge ends: an item, or the card of the box that it is folded into.
  function place(item) {
    const { box } = item;
    if (folded.has(boxes.indexOf(box))) return box;
    return { x: item.left, y: item.top, width: item.width, height: item.height, item };
  }

  function drawEdges(layer) {
    const wires = new Map();
    const wire = (edge, bends) => {
      const from = place(edge.from), to = place(edge.to);
      const shut = !from.item || !to.item;
      const key = shut && [edge.from, edge.to].map((item, k) =>
        ([from, to][k].item ? item.box.items.indexOf(item) : "") + "@" + boxes.indexOf(item.box)).join(">");
      if (shut && wires.has(key)) { wires.get(key).edges.push(edge); return; }
      const made = { from, to, edges: [edge], bends };
      if (shut) wires.set(key, made);
      drawn.edges.push(made);
    };
    boxes.forEach((box, i) => {
      if (folded.has(i)) return;
      for (const edge of box.edges) {
        wire(edge, edge.bends.map(([x, y]) => [box.x + BOX.pad + x, box.y + BOX.title + y]));
      }
    });
    across.forEach((edge) => wire(edge, null));
    // Edges into an item stand side by side.
    const ports = new Map();
    for (const made of drawn.edges) {
      if (!made.bends) continue;
      const all = ports.get(made.to.item) || ports.set(made.to.item, []).get(made.to.item);
      all.push(made);
    }
    for (const [item, all] of ports) {
      const step = Math.min(14, (0.7 * item.width) / all.length);
      const start = (made) => (made.bends.length ? made.bends[made.bends.length - 1][0] : made.from.x + made.from.width / 2);
      all.sort((a, b) => start(a) - start(b));
      all.forEach((made, i) => { made.shift = (i - (all.length - 1) / 2) * step; });
    }
    for (const made of drawn.edges) {
      const far = !made.bends;
      made.shape = element(layer, "path", { d: far ? curve(made) : chain(made), class: far ? "far" : "near",
        "marker-end": "url(#head)" });
    }
  }

  function chain({ from, to, bends, shift }) {
    const points = [[from.x + from.width / 2, from.y + from.height], ...bends,
      [to.x + to.width / 2 + (shift || 0), to.y - 3]];
    let path = "M" + points[0];
    for (let k = 1; k < points.length; k++) {
      const [x, y] = points[k - 1], [u, v] = points[k], half = (y + v) / 2;
      path += "C" + [x, half, u, half, u, v];
    }
    return path;
  }

  function lineOf(place) { return (place.item ? place.item.box : place).line; }

  function curve({ from, to }) {
    const middle = (place) => [place.x + place.width / 2, place.y + place.height / 2];
    const [fx, fy] = middle(from), [tx, ty] = middle(to);
    const aside = to.x - (from.x + from.width), before = from.x - (to.x + to.width);
    const below = to.y - (from.y + from.height), above = from.y - (to.y + to.height);
    if (lineOf(from) !== lineOf(to) && Math.max(below, above) > 0) {
      const sign = below > 0 ? 1 : -1;
      const start = fy + (sign * from.height) / 2, end = ty - sign * (to.height / 2 + 3);
      const bow = Math.max(24, Math.abs(end - start) / 2) * sign;
      return "M" + [fx, start] + "C" + [fx, start + bow, tx, end - bow, tx, end];
    }
    const sign = aside > 0 ? 1 : -1;
    const start = fx + (sign * from.width) / 2, end = tx - sign * (to.width / 2 + 3);
    const bow = Math.max(24, Math.abs(end - start) / 2) * sign;
    return "M" + [start, fy] + "C" + [start + bow, fy, end - bow, ty, end, ty];
  }

  // Highlights and the panel.

  function highlight(item) {
    svg.classList.toggle("chosen", Boolean(item));
    const same = (other) => other === item ||
      (item && item.node === undefined && other && other.variable === item.variable && other.kind === item.kind);
    const near = new Set();
    for (const made of drawn.edges) {
      const mine = Boolean(item) && made.edges.some(({ from, to }) => same(from) || same(to));
      made.shape.classList.toggle("on", mine);
      if (mine) for (const { from, to } of made.edges) {
        if (same(from) || same(to)) near.add(from).add(to).add(from.box).add(to.box);
      }
    }
    for (const { item: other, card, shape } of drawn.items) {
      shape.classList.toggle("on", card ? near.has(card) : same(other) || near.has(other));
      shape.classList.toggle("self", !card && same(other));
    }
    describe(item);
  }

  function tag(parent, name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return parent.appendChild(made);
  }

  function typeOf(variable) {
    const { dtype, shape } = data.variables[variable];
    return dtype + (shape ? (shape.length ? " " + shape.join("\u00d7") : " number") : "");
  }

  function nameOf(variable) {
    const { name, role, value } = data.variables[variable];
    if (role === "constant") return value;
    if (name) return name;
    const by = data.nodes.findIndex((node) => node.outputs.includes(variable));
    return by < 0 ? role : data.nodes[by].label + " #" + by;
  }

  function table(title, rows) {
    tag(panel, "h3", title);
    const made = tag(panel, "table");
    for (const cells of rows) {
      const line = tag(made, "tr");
      cells.forEach((cell) => tag(line, "td", cell));
    }
  }

  function describe(item) {
    panel.replaceChildren();
    if (!item) { legend(); return; }
    tag(panel, "h2", item.title);
    if (item.node === undefined) { describeVariable(item); return; }
    const node = data.nodes[item.node];
    tag(panel, "p", node.kind + " \u00b7 " + data.groups[node.group].title, "kind " + node.kind);
    tag(panel, "p", "#" + item.node + " in the order in which the " + data.nodes.length + " nodes are computed");
    if (node.source) {
      const [place, line] = [node.source.split(": ", 1)[0], node.source.slice(node.source.indexOf(": ") + 2)];
      tag(panel, "h3", "Written at " + place);
      tag(panel, "pre", line);
    }
    if (node.rewrite) { tag(panel, "h3", "Put in place by"); tag(panel, "p", node.rewrite); }
    table("Inputs", node.inputs.map((variable, i) => [
      "i" + i, nameOf(variable) + (node.overwrites.includes(i) ? " (overwritten)" : ""), typeOf(variable)]));
    table(node.outputs.length > 1 ? "Outputs" : "Output", node.outputs.map((variable) => [typeOf(variable)]));
    const properties = Object.entries(node.properties);
    if (properties.length) table("Properties", properties);
    tag(panel, "h3", "As Theano writes it");
    tag(panel, "pre", node.text);
  }

  function describeVariable({ kind, variable }) {
    const words = { shared: "a shared variable", input: "an argument of the function",
      output: "a result of the function", update: "what a shared variable is set to" };
    tag(panel, "p", words[kind], "kind " + kind);
    tag(panel, "p", typeOf(variable));
    const readers = data.nodes.flatMap((node, i) => (node.inputs.includes(variable) ? [[node.label + " #" + i, data.groups[node.group].title]] : []));
    if (readers.length) table("Read by", readers);
  }

  function legend() {
    tag(panel, "h2", data.title);
    tag(panel, "p", data.about);
    const list = tag(panel, "ul", undefined, "legend");
    const row = (kind, text, n) => {
      const line = tag(list, "li", undefined, kind);
      tag(line, "span", undefined, "swatch " + kind);
      tag(line, "span", text);
      tag(line, "span", n, "n");
      line.addEventListener("pointerenter", () => only(kind));
      line.addEventListener("pointerleave", () => highlight(null));
    };
    for (const kind of data.kinds) {
      const n = data.nodes.filter((node) => node.kind === kind).length;
      if (n) row(kind, data.words[kind], n);
    }
    for (const kind of ["input", "shared", "output", "update"]) {
      const all = boxes.flatMap((box) => box.items).filter((item) => item.kind === kind);
      if (all.length) row(kind, data.words[kind], new Set(all.map((item) => item.title + item.variable)).size);
    }
    tag(panel, "p", "Point at a node to see what it reads and who reads it; click to hold it. " +
      "Click a box's title to fold it. Drag to move, turn the wheel to zoom.", "hint");
  }

  function only(kind) {
    svg.classList.add("chosen");
    for (const { item, shape } of drawn.items) shape.classList.toggle("on", Boolean(item) && item.kind === kind);
  }

  // Folding, moving, zooming, finding.

  function toggle(i) {
    const before = { x: boxes[i].x, y: boxes[i].y };
    if (!folded.delete(i)) folded.add(i);
    held = null;
    draw();
    view.x += (before.x - boxes[i].x) * view.scale;
    view.y += (before.y - boxes[i].y) * view.scale;
    move();
  }

  function foldAll(fold) {
    folded.clear();
    if (fold) boxes.forEach((_, i) => folded.add(i));
    held = null;
    draw();
    fit(READABLE);
  }

  function move() {
    world.setAttribute("transform", "translate(" + view.x + "," + view.y + ") scale(" + view.scale + ")");
  }

  /* Show all of it; at least at a scale, with the left end first. */
  function fit(smallest) {
    const right = Math.max(...boxes.map((box) => box.x + box.width));
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    const { width, height } = svg.getBoundingClientRect();
    const whole = Math.min((width - 90) / right, (height - 40) / bottom);
    view.scale = Math.max(smallest, Math.min(1.15, whole));
    view.x = Math.max(50, (width - right * view.scale) / 2);
    view.y = Math.max(24, (height - bottom * view.scale) / 2);
    move();
  }

  function zoom(factor, x, y) {
    const scale = Math.max(0.1, Math.min(4, view.scale * factor));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    move();
  }

  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = svg.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - left, event.clientY - top);
  }, { passive: false });
  let drag = null;
  svg.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, moved: false }; });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag = { x: event.clientX, y: event.clientY, moved: true };
    view.x += dx;
    view.y += dy;
    move();
  });
  window.addEventListener("pointerup", () => { setTimeout(() => { drag = null; }); });
  svg.addEventListener("click", (event) => { if (drag && drag.moved) event.stopPropagation(); }, true);
  svg.addEventListener("click", (event) => {
    if (!event.target.closest(".title")) { held = null; highlight(null); }
  });

  const by = (id) => document.getElementById(id);
  by("fold").addEventListener("click", () => foldAll(true));
  by("unfold").addEventListener("click", () => foldAll(false));
  by("fit").addEventListener("click", () => fit(0.1));
  const centre = (factor) => {
    const { width, height } = svg.getBoundingClientRect();
    zoom(factor, width / 2, height / 2);
  };
  by("in").addEventListener("click", () => centre(1.3));
  by("out").addEventListener("click", () => centre(1 / 1.3));
  by("find").addEventListener("input", (event) => {
    const word = event.target.value.trim().toLowerCase();
    svg.classList.toggle("chosen", word !== "");
    const hits = (item) => [item.title, item.note || "", item.node === undefined ? "" : data.nodes[item.node].text]
      .some((text) => text.toLowerCase().includes(word));
    for (const { item, card, shape } of drawn.items) {
      shape.classList.toggle("on", word !== "" && (card ? card.items.some(hits) : hits(item)));
    }
  });

  // What does not fit a screen begins folded: the updates, which are all alike, or all.
  data.groups.forEach(({ row }, i) => {
    if (data.nodes.length > 100 || (data.nodes.length > 40 && row === 2)) folded.add(i);
  });
  draw();
  fit(READABLE);
}

if (typeof document !== "undefined") {
  show(JSON.parse(document.getElementById("graph").textContent));
}
