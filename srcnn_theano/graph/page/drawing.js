"use strict";

// --- Drawing: boxes, open or folded, and the nodes in them ---

/* Everything that a page knows: the graph, its boxes, which of them are folded, where
   the reader looks (view), which item is held, and what is drawn. */
function newPicture(data) {
  const svg = document.querySelector("svg");
  const pen = document.createElement("canvas").getContext("2d");
  const measure = (text, bold) => {
    pen.font = (bold ? "600 " : "") + "12px system-ui, sans-serif";
    return pen.measureText(text).width;
  };
  const { boxes, across } = contents(data);
  layOut(boxes, measure);
  for (const box of boxes) {
    box.lines = summary(data, box);
    box.card = cardSize(box, measure);
  }
  return {
    data, boxes, across, measure, svg,
    world: svg.querySelector("#world"),
    panel: document.querySelector("aside"),
    folded: new Set(),
    view: { x: 40, y: 40, scale: 1 },
    length: BOX.width, // of a line of boxes
    held: null, // the item that was clicked
    hits: [], hit: -1, // what was found, and where the reader is among it
    drawn: { items: [], edges: [] },
  };
}

/* The lines on the card of a folded box: its most frequent ops. */
function summary(data, box) {
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

function cardSize(box, measure) {
  const wide = box.lines.map((line) => measure(line.n + "  " + line.label) + 22);
  return {
    width: Math.max(150, measure(heading(box), true) + 34, ...wide.map((w) => w + 2 * BOX.pad)),
    height: BOX.title + box.lines.length * BOX.entry + 12,
  };
}

function heading(box) {
  return box.title + " \u00b7 " + box.nodes.length + (box.nodes.length === 1 ? " op" : " ops");
}

/* A new SVG element at the end of its parent. */
function element(parent, name, attributes, text) {
  const added = document.createElementNS(parent.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) added.setAttribute(key, value);
  if (text !== undefined) added.textContent = text;
  return parent.appendChild(added);
}

function translate(x, y) { return "translate(" + x + "," + y + ")"; }

function draw(picture) {
  const { data, boxes, folded, world } = picture;
  const { tops, heights } = arrangeBoxes(boxes, folded, picture.length);
  world.replaceChildren();
  picture.drawn = { items: [], edges: [] };
  const [rows, back, edges, front] = ["rows", "boxes", "edges", "nodes"].map((name) =>
    element(world, "g", { class: name }));
  for (const row of Object.keys(tops)) {
    if (data.groups.every((group) => group.row === 0)) break;
    element(rows, "text", {
      transform: translate(-22, tops[row] + heights[row] / 2) + " rotate(-90)",
    }, data.rows[row % ROWS]);
  }
  boxes.forEach((box, i) => {
    if (folded.has(i)) drawCard(picture, box, i, front);
    else drawBox(picture, box, i, back, front);
  });
  drawEdges(picture, edges);
  highlight(picture, picture.held);
}

/* The frame of a box. */
function frame(box, layer) {
  const group = element(layer, "g", { class: "box", transform: translate(box.x, box.y) });
  element(group, "rect", { width: box.width, height: box.height, rx: 10 });
  return group;
}

/* The title of a box, which folds it and unfolds it. */
function drawTitle(picture, box, i, parent, shut) {
  const title = element(parent, "g", { class: "title", tabindex: 0, role: "button", "data-box": i,
    "aria-label": (shut ? "unfold " : "fold ") + box.title });
  element(title, "rect", { width: box.width, height: shut ? box.height : BOX.title, rx: 10, class: "grip" });
  element(title, "text", { x: 12, y: 20 }, (shut ? "\u25b8 " : "\u25be ") + heading(box));
  const flip = () => toggle(picture, i);
  title.addEventListener("click", flip);
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); flip(); }
  });
  return title;
}

function drawCard(picture, box, i, front) {
  const group = frame(box, front);
  const title = drawTitle(picture, box, i, group, true);
  box.lines.forEach((line, k) => {
    const y = BOX.title + k * BOX.entry + 10;
    element(title, "circle", { cx: 18, cy: y - 4, r: 4, class: "dot " + line.kind });
    element(title, "text", { x: 30, y, class: "line" }, line.n + "  " + line.label);
  });
  picture.drawn.items.push({ card: box, shape: group });
}

function drawBox(picture, box, i, back, front) {
  frame(box, back);
  const title = drawTitle(picture, box, i, back, false);
  title.setAttribute("transform", translate(box.x, box.y));
  for (const item of box.items) drawItem(picture, item, box, front);
}

function drawItem(picture, item, box, front) {
  item.left = box.x + BOX.pad + item.x - item.width / 2;
  item.top = box.y + BOX.title + item.y - item.height / 2;
  const pill = item.node === undefined;
  const shape = element(front, "g", { class: "item " + item.kind + (pill ? " pill" : ""),
    transform: translate(item.left, item.top) });
  element(shape, "rect", { width: item.width, height: item.height, rx: pill ? 12 : 5 });
  const middle = item.width / 2;
  const { measure } = picture;
  element(shape, "text", { x: middle, y: item.notes.length ? 15 : 16, class: "name" },
    fitting(item.title, item, measure, true));
  item.notes.forEach((note, i) => element(shape, "text",
    { x: middle, y: 29 + i * NODE.line, class: "note" }, fitting(note, item, measure)));
  shape.addEventListener("pointerenter", () => { if (!picture.held) highlight(picture, item); });
  shape.addEventListener("pointerleave", () => { if (!picture.held) highlight(picture, null); });
  shape.addEventListener("click", (event) => {
    event.stopPropagation();
    picture.held = picture.held === item ? null : item;
    highlight(picture, item);
  });
  picture.drawn.items.push({ item, shape });
}

/* As much of a text as an item has room for. */
function fitting(text, item, measure, bold) {
  const room = item.width - NODE.pad;
  if (measure(text, bold) <= room) return text;
  let end = text.length;
  while (end && measure(text.slice(0, end) + "\u2026", bold) > room) end--;
  return text.slice(0, end) + "\u2026";
}
