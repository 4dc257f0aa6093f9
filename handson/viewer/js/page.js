// The exported page's entry: models without a kernel, controls of plain HTML.
import LABELS from "../../display/labels.json" with { type: "json" };
import { make } from "./dom.js";
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

function rangeSliders(label, model, name, { min, max, step }) {
  const inputs = LABELS.range_ends.map((end) =>
    make("input", { type: "range", min, max, step, "aria-label": `${label} ${end}` }));
  const text = make("output", {});
  inputs.forEach((input, n) => input.addEventListener("input", () => {
    const ends = [...model.get(name)];
    ends[n] = Number(input.value);
    if (ends[0] <= ends[1]) model.set(name, ends);
  }));
  const box = make("div", { class: "ho-control" }, make("span", { text: label }), ...inputs, text);
  return follow(model, name, box, (ends) => {
    inputs.forEach((input, n) => { input.value = ends[n]; });
    text.textContent = ends.map((v) => v.toFixed(digits(step))).join(" – ");
  });
}

function menu(label, model, name, options) {
  const input = make("select", {}, ...options.map((text, n) => make("option", { value: n, text })));
  input.addEventListener("change", () => model.set(name, Number(input.value)));
  return follow(model, name, field(label, input), (v) => { input.value = v; });
}

function tick(label, model, name) {
  const input = make("input", { type: "checkbox" });
  input.addEventListener("change", () => model.set(name, input.checked));
  return follow(model, name, field(label, input), (v) => { input.checked = v; });
}

// About a thousandth of the range, and 1 for whole numbers.
const stepOf = ({ low, high, whole }) => (whole ? 1 : 10 ** Math.floor(Math.log10((high - low || 1) / 1000)));

function controlsAbove(canvas, layers, state) {
  const words = LABELS.controls, geometry = canvas.get("geometry"), [base] = layers;
  const rows = [];
  const planes = PLANES.filter((p) => geometry.shape[geometry.layouts[0][p].axis] === 1).length ? [] : PLANES;
  if (planes.length && canvas.get("panes").length === 1) rows.push(menu(words.plane, canvas, "plane", PLANES.map((p) => LABELS.planes[p])));
  if (geometry.placed) rows.push(menu(words.convention, canvas, "convention", LABELS.conventions));
  for (const plane of planes) {
    const { axis } = geometry.layouts[0][plane];
    rows.push(slider(LABELS.planes[plane], canvas, "ijk"[axis],
      { min: 0, max: geometry.shape[axis] - 1, step: 1, kind: `handson-slice handson-${plane}` }));
  }
  if (geometry.frames > 1) {
    rows.push(slider(words.time, canvas, "time", { min: 0, max: geometry.frames - 1, step: 1 }));
    rows.push(tick(words.percent, canvas, "percent"));
  }
  const coding = base.source.get("coding");
  if (coding.channels === 1) {
    const [low, high] = base.model.get("range");
    const span = { min: Math.min(low, coding.low), max: Math.max(high, coding.high), step: stepOf(coding) };
    rows.push(rangeSliders(words.window, base.model, "range", span));
    rows.push(menu(words.preset, canvas, "preset", state.presets), menu(words.cmap, base.model, "cmap_index", state.cmaps));
  }
  return rows;
}

function controlsBelow(canvas, layers, state) {
  const words = LABELS.controls;
  const rows = layers.slice(1).map(({ model, source }) => {
    const coding = source.get("coding"), most = Math.max(Math.abs(coding.low), Math.abs(coding.high));
    const span = { min: model.get("two_sided") ? 0 : coding.low, max: most, step: stepOf(coding) };
    return make("fieldset", { class: "ho-controls" }, make("legend", { text: model.get("name") }),
      tick(words.visible, model, "visible"),
      slider(words.opacity, model, "opacity", { min: 0, max: 1, step: 0.01 }),
      rangeSliders(words.threshold, model, "threshold", span),
      ...(model.get("label_names") === null ? [menu(words.cmap, model, "cmap_index", state.cmaps), tick(words.two_sided, model, "two_sided")] : []),
      tick(words.outline, model, "outline"));
  });
  if (rows.length) {
    rows.push(menu(words.compose, canvas, "compose", LABELS.compositions),
      slider(words.split, canvas, "split", { min: 0, max: 1, step: 0.005 }));
  }
  return rows;
}

async function start() {
  const state = JSON.parse(document.getElementById("state").textContent);
  const { canvas, layers } = await openModels(state);
  const main = document.querySelector("main");
  main.append(make("div", { class: "ho-controls" }, ...controlsAbove(canvas, layers, state)));
  const place = main.appendChild(make("div"));
  main.append(make("div", { class: "ho-controls" }, ...controlsBelow(canvas, layers, state)));
  window.handson = new View({ model: canvas, layers, labels: LABELS, element: place });
}

start();
