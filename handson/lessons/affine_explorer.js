// The affine explorer: one voxel seen in the array and in the patient at the same time.
// Python decides which side is where (`sides`, from plane_layout); here they are only drawn.
//
//   array view: i to the right, j down      world view: `across` to the right, `up` to the top
//
//      +--- i --->                              ^ up          R, A, S in mm; +1 or -1 says whether
//      |                                        |             the axis grows that way in the picture
//      j                                        +---> across
//      v
import { keepArrows } from "./page.js";

const COLOURS = ["#e69f00", "#56b4e9", "#cc79a7"]; // i, j, k: Okabe-Ito
const [PIXELS, ARROW] = [500, 100]; // height of a picture and length of an arrow, in canvas pixels

/** affine: 12 or 16 numbers row by row; returns the place of index ijk in mm. */
export function world(affine, ijk) {
  return [0, 1, 2].map((r) => affine[4 * r + 3] + [0, 1, 2].reduce((s, c) => s + affine[4 * r + c] * ijk[c], 0));
}

/** One plane through `mm`, nearest voxel for each point. Returns {width, height, grey}, row 0 at the top. */
export function section(data, shape, inverse, box, view, mm, step) {
  const [across, up] = [view.across, view.up];
  const width = Math.ceil((box[across.axis][1] - box[across.axis][0]) / step);
  const height = Math.ceil((box[up.axis][1] - box[up.axis][0]) / step);
  const grey = new Uint8ClampedArray(width * height);
  const at = [...mm];
  for (let y = 0; y < height; y++) {
    at[up.axis] = onAxis(box[up.axis], up.sign, (height - 0.5 - y) * step);
    for (let x = 0; x < width; x++) {
      at[across.axis] = onAxis(box[across.axis], across.sign, (x + 0.5) * step);
      const [i, j, k] = world(inverse, at).map(Math.round);
      const inside = i >= 0 && j >= 0 && k >= 0 && i < shape[0] && j < shape[1] && k < shape[2];
      grey[y * width + x] = inside ? data[i + shape[0] * (j + shape[1] * k)] : 0;
    }
  }
  return { width, height, grey };
}

/** Place in mm at `distance` from the picture's left (or bottom) edge. */
export function onAxis([low, high], sign, distance) {
  return sign > 0 ? low + distance : high - distance;
}

/** The inverse of onAxis: how far from the left (or bottom) edge a place is drawn. */
export function fromEdge([low, high], sign, place) {
  return sign > 0 ? place - low : high - place;
}

/** Draw grey pixels, each `zoom` x `zoom` screen pixels large, so that arrows stay sharp. */
function paint(canvas, { width, height, grey }, zoom) {
  const pixels = new ImageData(width, height);
  grey.forEach((g, n) => pixels.data.set([g, g, g, 255], 4 * n));
  const small = new OffscreenCanvas(width, height);
  small.getContext("2d").putImageData(pixels, 0, 0);
  canvas.width = width * zoom;
  canvas.height = height * zoom;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  return context;
}

/** How much of an arrow of `reach` from `at` fits into 0 .. size, its name (24 pixels) included.
 * @param {number[]} at @param {number[]} reach @param {number[]} size */
export function fitting([x, y], [dx, dy], [width, height], name = 24) {
  const room = (at, step, size) => (step === 0 ? 1 : (Math.max(0, (step > 0 ? size - at : at) - name)) / Math.abs(step));
  return Math.min(1, room(x, dx, width), room(y, dy, height));
}

/** An arrow with its name at the head; near the edge of the picture it is drawn shorter, never cut off.
 * @param {CanvasRenderingContext2D} context @param {number[]} at @param {number[]} reach */
function arrow(context, [x, y], reach, colour, name) {
  const share = fitting([x, y], reach, [context.canvas.width, context.canvas.height]);
  const [dx, dy] = reach.map((step) => step * share);
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 3;
  context.font = "bold 20px sans-serif";
  const length = Math.hypot(dx, dy);
  context.beginPath();
  if (length < 2) {
    context.arc(x, y, 6, 0, 7); // towards or away from you
  } else {
    const [ux, uy, tx, ty, head] = [dx / length, dy / length, x + dx, y + dy, 9];
    context.moveTo(x, y);
    context.lineTo(tx, ty);
    context.moveTo(tx - head * (ux - uy), ty - head * (uy + ux));
    context.lineTo(tx, ty);
    context.lineTo(tx - head * (ux + uy), ty - head * (uy - ux));
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(name, tx + 14 * ux, ty + 14 * uy);
  }
  context.stroke();
}

function drawArray(canvas, model, data) {
  const [ni, nj] = model.get("shape");
  const [i, j, k] = model.get("voxel");
  const zoom = Math.ceil(PIXELS / nj);
  const context = paint(canvas, { width: ni, height: nj, grey: data.subarray(ni * nj * k, ni * nj * (k + 1)) }, zoom);
  const at = [(i + 0.5) * zoom, (j + 0.5) * zoom];
  arrow(context, at, [ARROW, 0], COLOURS[0], "i");
  arrow(context, at, [0, ARROW], COLOURS[1], "j");
}

function drawWorld(canvas, letters, model, data) {
  const affine = model.get("affine");
  const box = model.get("box");
  const turned = model.get("plane") === "sagittal" && !model.get("nose_left");
  const view = model.get("sides")[model.get("convention")][turned ? "sagittal, nose right" : model.get("plane")];
  const step = (box[view.up.axis][1] - box[view.up.axis][0]) / (PIXELS / 2);
  const mm = world(affine, model.get("voxel"));
  const context = paint(canvas, section(data, model.get("shape"), model.get("inverse"), box, view, mm, step), 2);
  const at = [
    (2 * fromEdge(box[view.across.axis], view.across.sign, mm[view.across.axis])) / step,
    canvas.height - (2 * fromEdge(box[view.up.axis], view.up.sign, mm[view.up.axis])) / step,
  ];
  for (let c = 0; c < 3; c++) {
    const column = [0, 1, 2].map((r) => affine[4 * r + c]);
    const length = Math.hypot(...column);
    const dx = (view.across.sign * column[view.across.axis] * ARROW) / length;
    const dy = (-view.up.sign * column[view.up.axis] * ARROW) / length;
    arrow(context, at, [dx, dy], COLOURS[c], "ijk"[c]);
  }
  for (const side of Object.keys(letters)) letters[side].textContent = view.letters[side];
}

function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** A labelled control tied to one trait; `index` for one number of a list. */
function control(model, text, node, trait, index) {
  const read = () => (index === undefined ? model.get(trait) : model.get(trait)[index]);
  const property = node.type === "checkbox" ? "checked" : "value";
  const show = () => (node[property] = read());
  node.addEventListener("input", () => {
    const value = node.type === "range" ? Number(node.value) : node[property];
    model.set(trait, index === undefined ? value : model.get(trait).with(index, value));
    model.save_changes();
  });
  model.on(`change:${trait}`, show);
  show();
  return element("label", {}, `${text} `, node);
}

function choice(names) {
  return element("select", {}, ...names.map((name) => element("option", { value: name, textContent: name })));
}

function render({ model, el }) {
  const labels = model.get("labels");
  const bytes = model.get("data");
  const data = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [arrayView, worldView, letters] = [element("canvas"), element("canvas"), {}];
  for (const view of [arrayView, worldView]) view.setAttribute("role", "img");
  for (const side of ["left", "right", "top", "bottom"]) letters[side] = element("span", { className: side });
  const said = element("output", { className: "handson-affine-said" });
  said.setAttribute("aria-live", "polite");
  const slider = (n) => element("input", { type: "range", min: 0, max: model.get("shape")[n] - 1 });
  el.classList.add("handson-affine");
  keepArrows(el);
  el.append(
    element("div", { className: "handson-affine-controls" },
      ...[0, 1, 2].map((n) => control(model, "ijk"[n], slider(n), "voxel", n)),
      control(model, labels.plane, choice(model.get("planes")), "plane"),
      control(model, labels.convention, choice(model.get("conventions")), "convention"),
      control(model, labels.nose_left, element("input", { type: "checkbox" }), "nose_left")),
    element("div", { className: "handson-affine-views" },
      element("figure", {}, arrayView, element("figcaption", { textContent: labels.array_view })),
      element("figure", {}, element("div", { className: "handson-affine-world" }, worldView, ...Object.values(letters)),
        element("figcaption", { textContent: labels.world_view }))),
    said);
  const draw = () => {
    drawArray(arrayView, model, data);
    drawWorld(worldView, letters, model, data);
    const [ijk, mm] = [model.get("voxel"), world(model.get("affine"), model.get("voxel"))];
    const sides = mm.map((v, axis) => `${Math.abs(v).toFixed(1)} mm ${labels.toward[axis][v < 0 ? 1 : 0]}`);
    said.textContent = `${labels.voxel} (${ijk.join(", ")}) → (${mm.map((v) => v.toFixed(1)).join(", ")}) mm: ${sides.join(", ")}`;
    arrayView.setAttribute("aria-label", `${labels.array_view}, k = ${ijk[2]}`);
    worldView.setAttribute("aria-label", `${labels.world_view}, ${model.get("plane")}. ${said.textContent}`);
  };
  let waiting = 0;
  const soon = () => (waiting ||= requestAnimationFrame(() => ((waiting = 0), draw())));
  for (const trait of ["voxel", "plane", "convention", "nose_left"]) model.on(`change:${trait}`, soon);
  draw();
  return () => model.off(null, soon);
}

export default { render };
