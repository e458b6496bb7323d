"use strict";

// A graph in boxes: a box for each part of the work, rows of boxes for the forward pass,
// the gradient and the updates, layers from left to right. Boxes fold. No libraries.
//
// The files of this folder become one script: layers.js lays out what is in a box,
// boxes.js puts boxes side by side, drawing.js and edges.js draw them, panel.js says what
// a node is, view.js folds, moves, zooms and finds.

// --- The inside of a box: layers of nodes, from inputs down to results ---

const NODE = { line: 13, pill: 24, gapX: 16, gapY: 30, pad: 12, min: 64, max: 230 };

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
  let n = 0;
  for (const cells of ranks) {
    const edges = cells.flatMap((cell) => cell.down.map((to) => [cell.at, to.at]));
    for (let i = 0; i < edges.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [edges[i], edges[j]];
        if ((a[0] - b[0]) * (a[1] - b[1]) < 0) n++;
      }
    }
  }
  return n;
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
