"use strict";

// --- Folding, moving, zooming, finding ---

const READABLE = 0.6; // scale
const SMALLEST = 0.35; // at which cards of folded boxes begin
const SMALL = 40; // nodes

function toggle(picture, i) {
  const { boxes, folded, view } = picture;
  const before = { x: boxes[i].x, y: boxes[i].y };
  if (!folded.delete(i)) folded.add(i);
  picture.held = null;
  draw(picture);
  picture.world.querySelector('[data-box="' + i + '"]').focus();
  view.x += (before.x - boxes[i].x) * view.scale;
  view.y += (before.y - boxes[i].y) * view.scale;
  move(picture);
}

function foldAll(picture, fold) {
  const { boxes, folded } = picture;
  folded.clear();
  if (fold) boxes.forEach((_, i) => folded.add(i));
  picture.held = null;
  shape(picture);
  draw(picture);
  fit(picture, fold ? SMALLEST : READABLE);
}

function move({ world, view }) {
  world.setAttribute("transform", translate(view.x, view.y) + " scale(" + view.scale + ")");
}

/* Show all of it; at least at a scale, with the left end first. */
function fit(picture, smallest) {
  const { boxes, svg, view } = picture;
  const { width, height } = svg.getBoundingClientRect();
  const { right, bottom } = extent(boxes);
  view.scale = Math.max(smallest, Math.min(1.15, whole(picture)));
  view.x = Math.max(Math.min(50, width / 10), (width - right * view.scale) / 2);
  view.y = Math.max(24, (height - bottom * view.scale) / 2);
  move(picture);
}

function extent(boxes) {
  return { right: Math.max(...boxes.map((box) => box.x + box.width)),
    bottom: Math.max(...boxes.map((box) => box.y + box.height)) };
}

/* The scale at which all of it can be seen. */
function whole({ boxes, svg }) {
  const { right, bottom } = extent(boxes);
  const { width, height } = svg.getBoundingClientRect();
  return Math.min((width - Math.min(90, width / 8)) / right, (height - 40) / bottom);
}

/* Arrange the boxes in lines of the length that shows them largest; the rows of a training
   step are broken only where they could not be read otherwise. */
function shape(picture) {
  const { boxes, folded } = picture;
  let best = 0, length = BOX.width;
  if (boxes.some((box) => box.row)) {
    arrangeBoxes(boxes, folded, Infinity);
    best = whole(picture);
    picture.length = Infinity;
    if (best >= READABLE) return best;
    length = Infinity;
  }
  for (const width of [350, 500, 700, 900, 1100, 1400, 1750, 2200, 2800, 3600]) {
    arrangeBoxes(boxes, folded, width);
    const scale = whole(picture);
    if (scale > best * 1.02) { best = scale; length = width; }
  }
  picture.length = length;
  return best;
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

/* Show the items in whose title, notes or op a word is, and say how many there are. */
function find(picture, word) {
  const { data, svg, drawn, boxes } = picture;
  svg.classList.toggle("chosen", word !== "");
  const texts = (item) => [item.title, ...item.notes,
    ...(item.node === undefined ? [] : [data.nodes[item.node].text, "#" + item.node])];
  const hit = (item) => word !== "" && texts(item).some((text) => text.toLowerCase().includes(word));
  for (const { item, card, shape } of drawn.items) {
    shape.classList.toggle("on", card ? card.items.some(hit) : hit(item));
  }
  picture.hits = boxes.flatMap((box) => box.items).filter(hit);
  picture.hit = -1;
  tell(picture, word);
}

function tell({ hits, hit }, word) {
  const where = hit < 0 ? "" : hit + 1 + " of ";
  document.getElementById("found").textContent = word === "" ? "" :
    where + hits.length + (hits.length === 1 ? " hit" : " hits");
}

/* Go to the next hit, or the one before: open its box, hold it, and put it in the middle. */
function next(picture, step) {
  const { hits } = picture;
  if (!hits || !hits.length) return;
  picture.hit = (Math.max(picture.hit, step < 0 ? 0 : -1) + step + hits.length) % hits.length;
  goTo(picture, hits[picture.hit]);
  tell(picture, "word");
}

function goTo(picture, item) {
  const { boxes, folded, view } = picture;
  if (folded.delete(boxes.indexOf(item.box))) draw(picture);
  picture.held = item;
  highlight(picture, item);
  view.scale = Math.max(view.scale, READABLE);
  const { width, height } = picture.svg.getBoundingClientRect();
  view.x = width / 2 - (item.left + item.width / 2) * view.scale;
  view.y = height / 2 - (item.top + item.height / 2) * view.scale;
  move(picture);
}

/* One of two fingers moves: the distance between them zooms. */
function pinch(picture, fingers, event) {
  const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, finger]) => finger);
  const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
  const { left, top } = picture.svg.getBoundingClientRect();
  zoom(picture, apart(event) / Math.max(1, apart(fingers.get(event.pointerId))),
    (event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top);
  fingers.set(event.pointerId, event);
}

function listenToPointer(picture) {
  const { svg, view } = picture;
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = svg.getBoundingClientRect();
    zoom(picture, Math.exp(-event.deltaY * 0.0015), event.clientX - left, event.clientY - top);
  }, { passive: false });
  let drag = null;
  const fingers = new Map();
  svg.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    drag = { x: event.clientX, y: event.clientY, moved: fingers.size > 1 };
  });
  window.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (fingers.size === 2 && fingers.has(event.pointerId)) {
      pinch(picture, fingers, event);
      return;
    }
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag = { x: event.clientX, y: event.clientY, moved: true };
    view.x += dx;
    view.y += dy;
    move(picture);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    window.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      setTimeout(() => { if (!fingers.size) drag = null; });
    });
  }
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
  const word = by("find");
  word.addEventListener("input", () => find(picture, word.value.trim().toLowerCase()));
  word.addEventListener("keydown", (event) => {
    if (event.key === "Enter") next(picture, event.shiftKey ? -1 : 1);
    if (event.key === "Escape") { word.value = ""; find(picture, ""); word.blur(); }
  });
  by("next").addEventListener("click", () => next(picture, 1));
  by("previous").addEventListener("click", () => next(picture, -1));
}

function listenToKeys(picture) {
  const { svg, view } = picture;
  const press = (id) => () => document.getElementById(id).click();
  const keys = {
    "/": () => document.getElementById("find").focus(),
    "+": press("in"), "=": press("in"), "-": press("out"), "0": press("fit"),
    f: press("fold"), u: press("unfold"), n: press("next"), p: press("previous"),
    Escape: () => { picture.held = null; highlight(picture, null); },
    ArrowUp: () => step(picture, 0, -1), ArrowDown: () => step(picture, 0, 1),
    ArrowLeft: () => step(picture, -1, 0), ArrowRight: () => step(picture, 1, 0),
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}

/* Hold a neighbour of the held node: up what it reads, down who reads it, left and right
   its place in the box. With nothing held, move the picture. */
function step(picture, right, down) {
  const { held, boxes, across, view } = picture;
  if (!held || held.left === undefined) {
    view.x -= 60 * right;
    view.y -= 60 * down;
    move(picture);
    return;
  }
  const edges = [...across, ...boxes.flatMap((box) => box.edges)];
  const { items } = held.box;
  const to = right ? items[(items.indexOf(held) + right + items.length) % items.length] :
    (edges.find((edge) => (down > 0 ? edge.from : edge.to) === held) || {})[down > 0 ? "to" : "from"];
  if (to) goTo(picture, to);
}

function show(data) {
  const picture = newPicture(data);
  listenToPointer(picture);
  listenToTools(picture);
  listenToKeys(picture);
  // What cannot be read on this screen begins folded: the updates, which are all alike, or all.
  const fold = (rows) => data.groups.forEach(({ row }, i) => { if (rows.includes(row)) picture.folded.add(i); });
  if (data.nodes.length > SMALL) {
    if (shape(picture) < READABLE && data.groups.some(({ row }) => row)) fold([2]);
    if (shape(picture) < READABLE) fold([0, 1, 2]);
  }
  shape(picture);
  draw(picture);
  fit(picture, SMALLEST);
}

if (typeof document !== "undefined") {
  show(JSON.parse(document.getElementById("graph").textContent));
}
