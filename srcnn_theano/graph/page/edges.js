"use strict";

// --- Edges: lines within a box, and curves from box to box ---

/* Where an edge ends: an item, or the card of the box that it is folded into. */
function endOf(picture, item) {
  const { box } = item;
  if (picture.folded.has(picture.boxes.indexOf(box))) return box;
  return { x: item.left, y: item.top, width: item.width, height: item.height, item };
}

function drawEdges(picture, layer) {
  const wires = wiresOf(picture);
  picture.drawn.edges = wires;
  sideBySide(wires.filter((wire) => wire.bends));
  for (const wire of wires) {
    const far = !wire.bends;
    wire.shape = element(layer, "path", { d: far ? curve(wire) : chain(wire),
      class: far ? "far" : "near", "marker-end": "url(#head)" });
  }
}

/* The lines to draw: one for each edge, and one for all edges between two same ends of
   which a folded box is one. */
function wiresOf(picture) {
  const { boxes, across, folded } = picture;
  const wires = [];
  const shared = new Map();
  const name = (end, item) =>
    (end.item ? item.box.items.indexOf(item) : "") + "@" + boxes.indexOf(item.box);
  const add = (edge, bends) => {
    const from = endOf(picture, edge.from), to = endOf(picture, edge.to);
    const wire = { from, to, edges: [edge], bends };
    if (!from.item || !to.item) {
      const key = name(from, edge.from) + ">" + name(to, edge.to);
      if (shared.has(key)) { shared.get(key).edges.push(edge); return; }
      shared.set(key, wire);
    }
    wires.push(wire);
  };
  boxes.forEach((box, i) => {
    if (folded.has(i)) return;
    for (const edge of box.edges) {
      add(edge, edge.bends.map(([x, y]) => [box.x + BOX.pad + x, box.y + BOX.title + y]));
    }
  });
  across.forEach((edge) => add(edge, null));
  return wires;
}

/* Let lines into the same item end side by side. */
function sideBySide(wires) {
  const into = new Map();
  for (const wire of wires) {
    if (!into.has(wire.to.item)) into.set(wire.to.item, []);
    into.get(wire.to.item).push(wire);
  }
  for (const [item, all] of into) {
    const step = Math.min(14, (0.7 * item.width) / all.length);
    const start = ({ bends, from }) =>
      (bends.length ? bends[bends.length - 1][0] : from.x + from.width / 2);
    all.sort((a, b) => start(a) - start(b));
    all.forEach((wire, i) => { wire.shift = (i - (all.length - 1) / 2) * step; });
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

function lineOf(end) { return (end.item ? end.item.box : end).line; }

function curve({ from, to }) {
  const middle = (end) => [end.x + end.width / 2, end.y + end.height / 2];
  const [fx, fy] = middle(from), [tx, ty] = middle(to);
  const below = to.y - (from.y + from.height), above = from.y - (to.y + to.height);
  if (lineOf(from) !== lineOf(to) && Math.max(below, above) > 0) {
    const sign = below > 0 ? 1 : -1;
    const start = fy + (sign * from.height) / 2, end = ty - sign * (to.height / 2 + 3);
    const bow = Math.max(24, Math.abs(end - start) / 2) * sign;
    return "M" + [fx, start] + "C" + [fx, start + bow, tx, end - bow, tx, end];
  }
  const sign = to.x > from.x + from.width ? 1 : -1;
  const start = fx + (sign * from.width) / 2, end = tx - sign * (to.width / 2 + 3);
  const bow = Math.max(24, Math.abs(end - start) / 2) * sign;
  return "M" + [start, fy] + "C" + [start + bow, fy, end - bow, ty, end, ty];
}
