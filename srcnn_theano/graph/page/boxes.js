"use strict";

// --- What is in the boxes, and where they stand ---

const BOX = { pad: 16, title: 30, gapX: 54, gapY: 58, entry: 18, width: 1750 };
const ROWS = 3; // forward, gradient, update

/* The boxes with their items and inner edges, and the edges from box to box. */
function contents(data) {
  const boxes = data.groups.map((group) => ({ ...group, items: [], edges: [], nodes: [] }));
  const makers = addNodes(data, boxes); // the item that computes a variable
  const across = addEdges(data, boxes, makers);
  // What comes from elsewhere stands on the left, where it enters.
  const entries = new Set(across.map(({ to }) => to));
  for (const { edges } of boxes) {
    for (const { from, to } of edges) if (from.kind === "input") entries.add(to);
  }
  boxes.forEach((box) => box.items.sort((a, b) => entries.has(b) - entries.has(a)));
  addResults(data, makers);
  return { boxes, across };
}

function addNodes(data, boxes) {
  const makers = new Map();
  data.nodes.forEach((node, i) => {
    const box = boxes[node.group];
    const item = { kind: node.kind, node: i, box, title: [node.label, ...node.numbers].join(" "),
      notes: [node.note, ...told(data.variables[node.outputs[0]])] };
    box.items.push(item);
    box.nodes.push(i);
    node.outputs.forEach((variable) => makers.set(variable, item));
  });
  return makers;
}

/* What is in a variable, and its gradient, if a minibatch went through. */
function told({ seen, gradient }) {
  return [...(seen ? ["= " + seen] : []), ...(gradient ? ["gradient " + gradient] : [])];
}

function addEdges(data, boxes, makers) {
  const across = [];
  const leaves = new Map(); // a variable that no node computes, once in each box
  const leaf = (box, variable) => {
    const key = box.column + " " + box.row + " " + variable;
    if (!leaves.has(key)) {
      const { role, name } = data.variables[variable];
      const item = { kind: role, variable, box, title: name || "(no name)",
        notes: told(data.variables[variable]) };
      leaves.set(key, item);
      box.items.push(item);
    }
    return leaves.get(key);
  };
  data.nodes.forEach((node, i) => {
    const box = boxes[node.group];
    const to = box.items.find((item) => item.node === i);
    for (const variable of node.inputs) {
      if (data.variables[variable].role === "constant") continue; // shown in the node
      const from = makers.get(variable) || leaf(box, variable);
      (from.box === box ? box.edges : across).push({ from, to, variable });
    }
  });
  return across;
}

function addResults(data, makers) {
  const add = (variable, kind, title) => {
    const from = makers.get(variable);
    if (!from) return; // an input or a constant, handed through
    const item = { kind, variable, box: from.box, title, notes: [] };
    from.box.items.push(item);
    from.box.edges.push({ from, to: item, variable });
  };
  data.outputs.forEach((variable) => add(variable, "output", "returned"));
  for (const [shared, variable] of data.updates) {
    add(variable, "update", "new " + (data.variables[shared].name || "value"));
  }
}

/* Sizes of all items and the layout of each box; `measure` tells the width of a text. */
function layOut(boxes, measure) {
  for (const box of boxes) {
    for (const item of box.items) {
      const wide = Math.max(measure(item.title, true), ...item.notes.map((note) => measure(note)));
      item.width = Math.min(NODE.max, Math.max(NODE.min, wide + 2 * NODE.pad));
      item.height = NODE.pill + (item.notes.length ? 12 : 0) +
        Math.max(0, item.notes.length - 1) * NODE.line;
    }
    const at = new Map(box.items.map((item, i) => [item, i]));
    const inside = layered(box.items, box.edges.map(({ from, to }) => [at.get(from), at.get(to)]));
    box.edges.forEach((edge, i) => { edge.bends = inside.bends[i]; });
    box.open = { width: inside.width + 2 * BOX.pad, height: inside.height + BOX.title + BOX.pad };
  }
}

/* Put the boxes into rows and columns; a folded one is as large as its card. What is longer
   than a line goes on in the next one, like a text: a forward pass alone box by box, a
   training step column by column, all its rows together. */
function arrangeBoxes(boxes, folded, length = BOX.width) {
  boxes.forEach((box, i) => Object.assign(box, folded.has(i) ? box.card : box.open));
  const alone = boxes.every((box) => box.row === 0);
  const widths = largest(boxes, "column", "width");
  const { lefts, bands } = columns(widths, length);
  const lines = alone ? broken(boxes, length)
    : boxes.map((box) => bands[box.column] * ROWS + box.row);
  boxes.forEach((box, i) => { box.line = lines[i]; });
  const heights = largest(boxes, "line", "height");
  const tops = starts(heights, BOX.gapY);
  const ends = {};
  for (const box of boxes) {
    const next = ends[box.line] === undefined ? 0 : ends[box.line] + BOX.gapX;
    box.x = alone ? next : lefts[box.column] + (widths[box.column] - box.width) / 2;
    box.y = tops[box.line];
    ends[box.line] = box.x + box.width;
  }
  return { tops, heights };
}

function broken(boxes, length) {
  let line = 0, end = 0;
  return boxes.map((box) => {
    if (end && end + box.width > length) { line++; end = 0; }
    end += box.width + BOX.gapX;
    return line;
  });
}

/* Where each column begins, and in which band of lines. */
function columns(widths, length) {
  const lefts = {}, bands = {};
  let band = 0, at = 0;
  for (const key of Object.keys(widths).sort((a, b) => a - b)) {
    if (at && at + widths[key] > length) { band++; at = 0; }
    lefts[key] = at;
    bands[key] = band;
    at += widths[key] + BOX.gapX;
  }
  return { lefts, bands };
}

/* The largest `length` (width or height) of the boxes in each `place` (line, column). */
function largest(boxes, place, length) {
  const lengths = {};
  for (const box of boxes) {
    lengths[box[place]] = Math.max(lengths[box[place]] || 0, box[length]);
  }
  return lengths;
}

/* Where each begins if they follow each other with a gap. */
function starts(lengths, gap) {
  const begins = {};
  let at = 0;
  for (const key of Object.keys(lengths).sort((a, b) => a - b)) {
    begins[key] = at;
    at += lengths[key] + gap;
  }
  return begins;
}

if (typeof module !== "undefined") {
  module.exports = { ranked, layered, contents, layOut, arrangeBoxes };
}
