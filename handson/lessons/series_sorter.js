// A pile of slices in the order of one header element.
//
//   sort by [n · IPP v]        +------------+   across: the slices of the pile
//                              |  the cut   |   down:   the rows of each slice
//                              +------------+
//                              /\/\/\ steps     mm from slice to slice, along the normal
//
// State: `key`. `orders`, `positions`, `cut`, `size`, `aspect`, `letters` and `labels` come from Python.

import { fill, make, widgetRoot } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 520;
const PLOT = 70;

/** mm from each slice to the next in this order. */
export function stepsOf(positions, order) {
  return order.slice(1).map((slice, n) => positions[slice] - positions[order[n]]);
}

/** Grey picture [row][slice in the pile] of the cut [slice][row], as RGBA. */
export function pile(cut, [slices, rows], order) {
  const rgba = new Uint8ClampedArray(4 * slices * rows);
  order.forEach((slice, x) => {
    for (let y = 0; y < rows; y += 1) {
      const grey = cut.getUint8(slice * rows + y);
      rgba.set([grey, grey, grey, 255], 4 * (y * slices + x));
    }
  });
  return rgba;
}

/** Letters at the left and right edge: known only where the pile goes one way along the normal. */
export function edges(steps, [from, to]) {
  if (steps.every((step) => step > 0)) return [from, to];
  return steps.every((step) => step < 0) ? [to, from] : ["", ""];
}

/** Points of the plot: x by slice, y from `least` at the bottom to `most` at the top. */
export function points(steps, least, most, width, height) {
  const span = most - least || 1;
  return steps
    .map((s, n) => `${((n + 0.5) * width) / steps.length},${height - ((s - least) / span) * height}`)
    .join(" ");
}

function render({ model, el }) {
  const labels = model.get("labels");
  const [slices, rows] = model.get("size");
  const root = widgetRoot("handson-sorter", el);
  const label = make("label", { text: `${labels.title} ` }, root);
  const menu = make("select", {}, label);
  for (const key of Object.keys(model.get("orders"))) make("option", { value: key, text: key }, menu);
  const picture = make("div", { class: "handson-pile" }, root);
  const canvas = make("canvas", { width: slices, height: rows, role: "img" }, picture);
  canvas.style.aspectRatio = `${slices} / ${rows * model.get("aspect")}`;
  const sides = [make("span", {}, picture), make("span", {}, picture)];
  const says = make("output", { "aria-live": "polite" }, root);
  make("div", { text: labels.steps }, root);
  const plot = document.createElementNS(SVG, "svg");
  plot.setAttribute("viewBox", `0 -4 ${WIDTH} ${PLOT + 8}`);
  plot.setAttribute("class", "handson-steps");
  plot.setAttribute("aria-hidden", "true");
  const line = plot.appendChild(document.createElementNS(SVG, "polyline"));
  root.append(plot);
  const all = Object.values(model.get("orders")).flatMap((order) => stepsOf(model.get("positions"), order));
  const [least, most] = [Math.min(...all), Math.max(...all)];

  function show() {
    const order = model.get("orders")[model.get("key")];
    const steps = stepsOf(model.get("positions"), order);
    const [low, high] = [Math.min(...steps), Math.max(...steps)];
    menu.value = model.get("key");
    const image = new ImageData(pile(model.get("cut"), [slices, rows], order), slices, rows);
    canvas.getContext("2d").putImageData(image, 0, 0);
    line.setAttribute("points", points(steps, least, most, WIDTH, PLOT));
    const even = high - low < 0.01 ? labels.even : labels.uneven;
    const letters = edges(steps, model.get("letters"));
    letters.forEach((letter, side) => { sides[side].textContent = letter; });
    says.textContent = fill(labels.found, { low: low.toFixed(2), high: high.toFixed(2), even });
    const known = letters[0] ? fill(labels.sides, { left: letters[0], right: letters[1] }) : labels.no_sides;
    canvas.setAttribute("aria-label", `${labels.coronal}; ${known}; ${says.textContent}`);
  }
  menu.addEventListener("change", () => {
    model.set("key", menu.value);
    model.save_changes();
  });
  model.on("change:key change:cut", show);
  show();
  return () => model.off("change:key change:cut", show);
}

export default { render };
