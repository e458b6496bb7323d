"use strict";

// --- Highlights, and the panel that says what a node is ---

/* Show an item with all that it reads and that reads it; null shows all alike. */
function highlight(picture, item) {
  const { svg, drawn } = picture;
  svg.classList.toggle("chosen", Boolean(item));
  const same = (other) => other === item ||
    (item && item.node === undefined && other && other.variable === item.variable && other.kind === item.kind);
  const near = new Set();
  for (const wire of drawn.edges) {
    const mine = wire.edges.filter(({ from, to }) => item && (same(from) || same(to)));
    wire.shape.classList.toggle("on", mine.length > 0);
    for (const { from, to } of mine) near.add(from).add(to).add(from.box).add(to.box);
  }
  for (const { item: other, card, shape } of drawn.items) {
    shape.classList.toggle("on", card ? near.has(card) : same(other) || near.has(other));
    shape.classList.toggle("self", !card && same(other));
  }
  picture.panel.replaceChildren();
  if (!item) legend(picture);
  else if (item.node === undefined) describeVariable(picture, item);
  else describeNode(picture, item);
}

/* A new HTML element at the end of its parent. */
function tag(parent, name, text, className) {
  const added = document.createElement(name);
  if (text !== undefined) added.textContent = text;
  if (className) added.className = className;
  return parent.appendChild(added);
}

function table(panel, title, rows) {
  tag(panel, "h3", title);
  const added = tag(panel, "table");
  for (const cells of rows) {
    const line = tag(added, "tr");
    cells.forEach((cell) => tag(line, "td", cell));
  }
}

function typeOf(data, variable) {
  const { dtype, shape } = data.variables[variable];
  return dtype + (shape ? (shape.length ? " " + shape.join("\u00d7") : " number") : "");
}

function nameOf(data, variable) {
  const by = data.nodes.findIndex((node) => node.outputs.includes(variable));
  return by < 0 ? data.names[variable] : data.nodes[by].label + " " + data.names[variable];
}

function describeNode({ data, panel }, item) {
  const node = data.nodes[item.node];
  tag(panel, "h2", item.title);
  tag(panel, "p", node.kind + " \u00b7 " + data.groups[node.group].title, "kind " + node.kind);
  if (node.note !== typeOf(data, node.outputs[0])) tag(panel, "p", node.note);
  tag(panel, "p", "#" + item.node + " in the order in which the " + data.nodes.length + " nodes are computed");
  node.sources.forEach((line, i) => {
    const [place, ...code] = line.split(": ");
    tag(panel, "h3", (i ? "and at " : "Written at ") + place);
    if (code.length) tag(panel, "pre", code.join(": "));
  });
  if (node.rewrite) { tag(panel, "h3", "Put in place by"); tag(panel, "p", node.rewrite); if (node.why) tag(panel, "p", node.why); }
  table(panel, "Inputs", node.inputs.map((variable, i) => [
    nameOf(data, variable) + (node.overwrites.includes(i) ? " (overwritten)" : ""),
    typeOf(data, variable),
  ]));
  table(panel, node.outputs.length > 1 ? "Outputs" : "Output",
    node.outputs.map((variable) => [typeOf(data, variable)]));
  describeNumbers(data, panel, node.outputs[0]);
  const properties = Object.entries(node.properties);
  if (properties.length) table(panel, "Properties", properties);
  tag(panel, "h3", "As Theano writes it");
  tag(panel, "pre", node.text);
}

function describeNumbers(data, panel, variable) {
  const { seen, gradient } = data.variables[variable];
  if (seen) { tag(panel, "h3", "Numbers"); tag(panel, "p", seen); }
  if (gradient) { tag(panel, "h3", "Gradient of the first result"); tag(panel, "p", gradient); }
}

function describeVariable({ data, panel }, { kind, variable, title }) {
  const words = { shared: "a shared variable", input: "an argument of the function",
    output: "a result of the function", update: "the new value of a shared variable" };
  tag(panel, "h2", title);
  tag(panel, "p", words[kind], "kind " + kind);
  tag(panel, "p", typeOf(data, variable));
  describeNumbers(data, panel, variable);
  const readers = data.nodes.flatMap((node, i) =>
    (node.inputs.includes(variable) ? [[node.label + " #" + i, data.groups[node.group].title]] : []));
  if (readers.length) table(panel, "Read by", readers);
}

function legend(picture) {
  const { data, panel, boxes } = picture;
  tag(panel, "h2", data.title);
  tag(panel, "p", data.about);
  const list = tag(panel, "ul", undefined, "legend");
  const row = (kind, n) => {
    if (!n) return;
    const line = tag(list, "li", undefined, kind);
    tag(line, "span", undefined, "swatch " + kind);
    tag(line, "span", data.words[kind]);
    tag(line, "span", n, "n");
    line.addEventListener("pointerenter", () => only(picture, kind));
    line.addEventListener("pointerleave", () => highlight(picture, null));
  };
  for (const kind of data.kinds) row(kind, data.nodes.filter((node) => node.kind === kind).length);
  for (const kind of ["input", "shared", "output", "update"]) {
    const all = boxes.flatMap((box) => box.items).filter((item) => item.kind === kind);
    row(kind, new Set(all.map((item) => item.title + item.variable)).size);
  }
  tag(panel, "p", "Point at a node to see what it reads and who reads it; click to hold it. " +
    "Click a box's title to fold it. Drag to move, turn the wheel or pinch to zoom.", "hint");
  const keys = tag(panel, "p", undefined, "hint");
  for (const [key, does] of [["/", "find"], ["Enter", "next hit"], ["\u2191 \u2193", "what the held node reads, and who reads it"],
    ["\u2190 \u2192", "the node before and after it in the box"], ["Esc", "let go"], ["+ \u2212 0", "zoom, fit"], ["f u", "fold, unfold all"]]) {
    tag(keys, "kbd", key);
    keys.append(" " + does + "  ");
  }
}

/* Show the items of one kind. */
function only({ svg, drawn }, kind) {
  svg.classList.add("chosen");
  for (const { item, shape } of drawn.items) {
    shape.classList.toggle("on", Boolean(item) && item.kind === kind);
  }
}
