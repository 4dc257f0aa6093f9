// The exported page's entry: models without a kernel, controls of plain HTML.
import { make } from "./dom.js";
import { labelsFor } from "./labels.js";
import { SLABS } from "./slab.js";
import { inflate } from "./transport.js";
import { PLANES, View } from "./view.js";
import { digits } from "./window.js";

// What View needs of a widget model.
class PlainModel {
  constructor(state) {
    this.state = state;
    this.calls = new Map();
  }

  get(name) {
    return this.state[name];
  }

  // As Backbone's: a name and a value, or several at once, heard when all are set.
  set(names, value) {
    const values = typeof names === "string" ? { [names]: value } : names;
    const changed = Object.keys(values).filter((n) => JSON.stringify(this.state[n]) !== JSON.stringify(values[n]));
    for (const name of changed) this.state[name] = values[name];
    for (const event of [...changed.map((name) => `change:${name}`), ...(changed.length ? ["change"] : [])]) {
      for (const call of [...(this.calls.get(event) ?? [])]) call();
    }
  }

  on(event, call) {
    if (!this.calls.has(event)) this.calls.set(event, new Set());
    this.calls.get(event).add(call);
  }

  off(event, call) {
    this.calls.get(event)?.delete(call);
  }

  save_changes() {}
  send() {}
}

const unpack = (text) => inflate(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));

// One chunk holds everything, so nothing is ever asked for.
async function openModels(state) {
  const sources = {};
  for (const [key, { coding, data }] of Object.entries(state.sources)) {
    const slab = await unpack(data);
    const whole = { ...coding, chunk: slab.byteLength };
    sources[key] = new PlainModel({ coding: whole, slab, slab_chunk: 0 });
  }
  const layers = state.layers.map((layer) => ({ model: new PlainModel(layer), source: sources[layer.source] }));
  const canvas = new PlainModel({ ...state.canvas, maps: await unpack(state.canvas.maps) });
  return { canvas, layers };
}

// ---- controls: each shows the model and sets it ------------------------------------------------

const field = (label, ...inputs) => make("label", { class: "ho-field" }, make("span", { text: label }), ...inputs);

function follow(model, name, input, show) {
  show(model.get(name));
  model.on(`change:${name}`, () => show(model.get(name)));
  return input;
}

function slider(label, model, name, { min, max, step, kind = "" }) {
  const input = make("input", { type: "range", min, max, step });
  const text = make("output", {});
  input.addEventListener("input", () => model.set(name, Number(input.value)));
  const box = make("div", { class: `ho-control ${kind}` }, field(label, input), text);
  return follow(model, name, box, (v) => {
    input.value = v;
    text.textContent = Number(v.toFixed(digits(step)));
  });
}

function rangeSliders(words, label, model, name, { min, max, step }) {
  const inputs = words.range_ends.map((end) =>
    make("input", { type: "range", min, max, step, "aria-label": `${label} ${end}` }));
  const text = make("output", {});
  inputs.forEach((input, n) => input.addEventListener("input", () => {
    const ends = [...model.get(name)];
    ends[n] = Number(input.value);
    if (ends[0] <= ends[1]) model.set(name, ends);
  }));
  const box = make("div", { class: "ho-control ho-ends" }, make("span", { text: label }), make("span", { class: "ho-pair" }, ...inputs), text);
  return follow(model, name, box, (ends) => {
    inputs.forEach((input, n) => { input.value = ends[n]; });
    text.textContent = ends.map((v) => v.toFixed(digits(step))).join(" – ");
  });
}

function menu(label, model, name, options) {
  const input = make("select", {}, ...options.map((text, n) => make("option", { value: n, text })));
  input.addEventListener("change", () => model.set(name, Number(input.value)));
  return follow(model, name, field(label, input), (v) => {
    if (v === null) input.selectedIndex = -1;
    else input.value = v;
  });
}

function tick(label, model, name) {
  const input = make("input", { type: "checkbox" });
  input.addEventListener("change", () => model.set(name, input.checked));
  return follow(model, name, make("label", { class: "ho-tick-field" }, input, make("span", { text: label })), (v) => { input.checked = v; });
}

// About a thousandth of the range, and 1 for whole numbers.
const stepOf = ({ low, high, whole }) => (whole ? 1 : 10 ** Math.floor(Math.log10((high - low || 1) / 1000)));

function placeControls(labels, canvas) {
  const words = labels.controls, geometry = canvas.get("geometry"), rows = [];
  const planes = PLANES.some((p) => geometry.shape[geometry.layouts[0][p].axis] === 1) ? [] : PLANES;
  if (planes.length && canvas.get("panes").length === 1) rows.push(menu(words.plane, canvas, "plane", PLANES.map((p) => labels.planes[p])));
  for (const plane of planes) {
    const { axis } = geometry.layouts[0][plane];
    rows.push(slider(labels.planes[plane], canvas, "ijk"[axis],
      { min: 0, max: geometry.shape[axis] - 1, step: 1, kind: `handson-slice handson-${plane}` }));
  }
  if (geometry.n_volumes > 1) {
    rows.push(slider(words.time, canvas, "time", { min: 0, max: geometry.n_volumes - 1, step: 1 }));
    rows.push(tick(words.percent, canvas, "percent"));
  }
  return rows;
}

function windowControls(labels, canvas, base, state) {
  const words = labels.controls, coding = base.source.get("coding");
  if (coding.channels !== 1) return [];
  const [low, high] = base.model.get("range");
  const span = { min: Math.min(low, coding.low), max: Math.max(high, coding.high), step: stepOf(coding) };
  return [rangeSliders(labels, words.window, base.model, "range", span),
    menu(words.preset, canvas, "preset", state.presets), menu(words.cmap, base.model, "cmap_index", state.cmaps)];
}

function layerControls(labels, canvas, layers, state) {
  const words = labels.controls;
  const rows = layers.slice(1).map(({ model, source }) => {
    const coding = source.get("coding"), most = Math.max(Math.abs(coding.low), Math.abs(coding.high));
    const span = { min: model.get("two_sided") ? 0 : coding.low, max: most, step: stepOf(coding) };
    const values = model.get("label_names") !== null ? [] : [
      rangeSliders(labels, words.threshold, model, "threshold", span), menu(words.cmap, model, "cmap_index", state.cmaps), tick(words.two_sided, model, "two_sided")];
    return make("fieldset", { class: "ho-controls" }, make("legend", { text: model.get("name") }),
      tick(words.visible, model, "visible"), tick(words.outline, model, "outline"),
      slider(words.opacity, model, "opacity", { min: 0, max: 1, step: 0.01 }), ...values);
  });
  if (rows.length) {
    rows.push(menu(words.compose, canvas, "compose", labels.compositions),
      slider(words.split, canvas, "split", { min: 0, max: 1, step: 0.005 }));
  }
  return rows;
}

function viewControls(labels, canvas, base) {
  const words = labels.controls, geometry = canvas.get("geometry"), rows = [], thick = Math.min(...geometry.shape) > 1;
  if (geometry.placed) rows.push(menu(words.convention, canvas, "convention", labels.conventions));
  if (thick && base.source.get("coding").channels === 1) {
    rows.push(menu(words.slab, canvas, "slab", SLABS.map((_, n) => labels.slabs[n])), slider(words.slab_mm, canvas, "slab_mm", { min: 1, max: 50, step: 1 }));
  }
  if (thick || geometry.n_volumes > 1) rows.push(slider(words.fps, canvas, "fps", { min: 0.2, max: 30, step: 0.2 }));
  return rows;
}

async function start() {
  const state = JSON.parse(document.getElementById("state").textContent);
  const { canvas, layers } = await openModels(state), labels = labelsFor(canvas.get("language")), [base] = layers;
  document.documentElement.lang = labels.code;
  const main = document.querySelector("main"), place = main.appendChild(make("div"));
  main.append(make("div", { class: "handson-side" }, ...[placeControls(labels, canvas), windowControls(labels, canvas, base, state),
    layerControls(labels, canvas, layers, state), viewControls(labels, canvas, base)]
    .filter((rows) => rows.length).map((rows) => make("div", { class: "ho-controls handson-section" }, ...rows))));
  new View({ model: canvas, layers, labels, element: place });
}

start();
