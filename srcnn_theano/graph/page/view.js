"use strict";

// --- Folding, moving, zooming, finding ---

const READABLE = 0.6; // scale

function toggle(picture, i) {
  const { boxes, folded, view } = picture;
  const before = { x: boxes[i].x, y: boxes[i].y };
  if (!folded.delete(i)) folded.add(i);
  picture.held = null;
  draw(picture);
  view.x += (before.x - boxes[i].x) * view.scale;
  view.y += (before.y - boxes[i].y) * view.scale;
  move(picture);
}

function foldAll(picture, fold) {
  const { boxes, folded } = picture;
  folded.clear();
  if (fold) boxes.forEach((_, i) => folded.add(i));
  picture.held = null;
  draw(picture);
  fit(picture, READABLE);
}

function move({ world, view }) {
  world.setAttribute("transform", translate(view.x, view.y) + " scale(" + view.scale + ")");
}

/* Show all of it; at least at a scale, with the left end first. */
function fit(picture, smallest) {
  const { boxes, svg, view } = picture;
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  const { width, height } = svg.getBoundingClientRect();
  const whole = Math.min((width - 90) / right, (height - 40) / bottom);
  view.scale = Math.max(smallest, Math.min(1.15, whole));
  view.x = Math.max(50, (width - right * view.scale) / 2);
  view.y = Math.max(24, (height - bottom * view.scale) / 2);
  move(picture);
}

/* Zoom by a factor around a point of the window. */
function zoom(picture, factor, x, y) {
  const { view } = picture;
  const scale = Math.max(0.1, Math.min(4, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  move(picture);
}

/* Show the items in whose title, note or op a word is. */
function find({ data, svg, drawn }, word) {
  svg.classList.toggle("chosen", word !== "");
  const hits = (item) => [item.title, ...item.notes, item.node === undefined ? "" : data.nodes[item.node].text]
    .some((text) => text.toLowerCase().includes(word));
  for (const { item, card, shape } of drawn.items) {
    shape.classList.toggle("on", word !== "" && (card ? card.items.some(hits) : hits(item)));
  }
}

function listenToPointer(picture) {
  const { svg, view } = picture;
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = svg.getBoundingClientRect();
    zoom(picture, Math.exp(-event.deltaY * 0.0015), event.clientX - left, event.clientY - top);
  }, { passive: false });
  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
  });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag = { x: event.clientX, y: event.clientY, moved: true };
    view.x += dx;
    view.y += dy;
    move(picture);
  });
  window.addEventListener("pointerup", () => { setTimeout(() => { drag = null; }); });
  svg.addEventListener("click", (event) => { if (drag && drag.moved) event.stopPropagation(); }, true);
  svg.addEventListener("click", (event) => {
    if (!event.target.closest(".title")) { picture.held = null; highlight(picture, null); }
  });
}

function listenToTools(picture) {
  const by = (id) => document.getElementById(id);
  const centre = (factor) => {
    const { width, height } = picture.svg.getBoundingClientRect();
    zoom(picture, factor, width / 2, height / 2);
  };
  by("fold").addEventListener("click", () => foldAll(picture, true));
  by("unfold").addEventListener("click", () => foldAll(picture, false));
  by("fit").addEventListener("click", () => fit(picture, 0.1));
  by("in").addEventListener("click", () => centre(1.3));
  by("out").addEventListener("click", () => centre(1 / 1.3));
  by("find").addEventListener("input", (event) => find(picture, event.target.value.trim().toLowerCase()));
}

function show(data) {
  const picture = newPicture(data);
  listenToPointer(picture);
  listenToTools(picture);
  // What does not fit a screen begins folded: the updates, which are all alike, or all.
  data.groups.forEach(({ row }, i) => {
    if (data.nodes.length > 100 || (data.nodes.length > 40 && row === 2)) picture.folded.add(i);
  });
  draw(picture);
  fit(picture, READABLE);
}

if (typeof document !== "undefined") {
  show(JSON.parse(document.getElementById("graph").textContent));
}
