"use strict";

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

// --- A link to a story opens it, and paper has them all open ---

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) {
    if (at.tagName === "DETAILS") at.open = true;
  }
  target.scrollIntoView();
}

function openForPrint() {
  for (const stories of document.querySelectorAll(".stories")) stories.open = true;
}

// --- Two versions of a picture over each other ---

function sideOf(name, chosen, versions, changed) {
  const select = element("select");
  for (const figure of versions) {
    const words = figure.querySelector("figcaption").textContent;
    select.append(new Option(words, figure.dataset.version));
  }
  select.value = chosen;
  select.addEventListener("change", changed);
  return { label: element("label", {}, name, select), select };
}

function buildCompare(section) {
  const pictures = [...section.querySelectorAll(".versions")];
  const under = element("img"), over = element("img", { class: "over" });
  const slider = element("input", { type: "range", min: 0, max: 100, value: 50,
    step: 0.5, "aria-label": "How much of the left version is shown" });
  const stage = element("div", { class: "stage" }, under, over, slider);
  const sides = element("div", { class: "sides" });
  const choice = section.querySelector("#picture");
  let left, right;
  const imageOf = (picture, version) =>
    picture.querySelector(`[data-version="${version}"] img`);
  function show() {
    const picture = pictures[choice ? choice.value : 0];
    for (const [image, side] of [[over, left], [under, right]]) {
      const from = imageOf(picture, side.select.value);
      image.src = from.src;
      image.alt = from.alt;
    }
  }
  function build() {
    const versions = pictures[choice ? choice.value : 0].children;
    left = sideOf("Left", left ? left.select.value : "bicubic", versions, show);
    right = sideOf("Right", right ? right.select.value : "network", versions, show);
    sides.replaceChildren(left.label, right.label);
    show();
  }
  const slide = () => stage.style.setProperty("--cut", slider.value + "%");
  slider.addEventListener("input", slide);
  if (choice) choice.addEventListener("change", build);
  pictures[0].before(stage, sides);
  build();
}

document.documentElement.classList.add("js");
for (const section of document.querySelectorAll(".compare")) buildCompare(section);
if (matchMedia("(max-width: 70rem)").matches) {
  document.getElementById("contents").open = false;
}
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", openForPrint);
if (location.hash) openTarget();
