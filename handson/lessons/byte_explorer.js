// The bytes of a header in rows of sixteen. One field is marked: the one the slider stands in.
//
//      0  49 49 2a 00 ...   II*.....      offset [----o-----------]
//    128  44 49 43 4d ...   DICM....      128 to 131, prefix: DICM
//
// State: `offset`. `data`, `fields` ({start, stop, name, says}), `title` and `labels` never change.

import { fill, make, widgetRoot } from "./page.js";

const PER_ROW = 16;
const TONES = 6; // as many .handson-tone-n as lessons.css has

/** Index of the field that byte n lies in, -1 for none. */
export function ownerOf(fields, n) {
  return fields.findIndex((f) => f.start <= n && n < f.stop);
}

/** "49" for 73. */
export function hex(byte) {
  return byte.toString(16).padStart(2, "0");
}

/** The byte as ASCII, a dot where it cannot be printed. */
export function ascii(byte) {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".";
}

/** What is said about the byte under the slider. */
export function sentence(labels, fields, n) {
  const field = fields[ownerOf(fields, n)];
  return field ? fill(labels.field, { ...field, stop: field.stop - 1 }) : fill(labels.no_field, { n });
}

function drawRow(at, bytes, fields, parent) {
  const row = make("div", { class: "handson-bytes-row" }, parent);
  make("span", { class: "handson-bytes-at", text: String(at) }, row);
  const cells = [];
  for (let n = at; n < Math.min(at + PER_ROW, bytes.byteLength); n += 1) {
    const owner = ownerOf(fields, n);
    const tone = owner < 0 ? "" : ` handson-tone-${owner % TONES}`;
    const cell = make("span", { class: `handson-byte${tone}`, text: hex(bytes.getUint8(n)) }, row);
    cell.dataset.n = n;
    cells.push(cell);
  }
  const text = cells.map((cell) => ascii(bytes.getUint8(cell.dataset.n))).join("");
  make("span", { class: "handson-bytes-text", text }, row);
  return cells;
}

function render({ model, el }) {
  const bytes = model.get("data");
  const fields = model.get("fields");
  const labels = model.get("labels");
  const root = widgetRoot("handson-bytes", el);
  make("div", { class: "handson-lesson-title", text: model.get("title") }, root);
  const label = make("label", { text: `${labels.offset} ` }, root);
  const slider = make("input", { type: "range", min: 0, max: bytes.byteLength - 1, step: 1 }, label);
  const says = make("output", { "aria-live": "polite" }, root);
  const grid = make("div", { class: "handson-bytes-grid", "aria-hidden": "true" }, root);
  const cells = [];
  for (let at = 0; at < bytes.byteLength; at += PER_ROW) {
    cells.push(...drawRow(at, bytes, fields, grid));
  }

  function show() {
    const n = model.get("offset");
    const owner = ownerOf(fields, n);
    slider.value = n;
    says.textContent = sentence(labels, fields, n);
    slider.setAttribute("aria-valuetext", says.textContent);
    cells.forEach((cell, m) => {
      cell.classList.toggle("handson-marked", owner >= 0 && ownerOf(fields, m) === owner);
      cell.classList.toggle("handson-here", m === n);
    });
  }
  function go(n) {
    model.set("offset", n);
    model.save_changes();
  }
  slider.addEventListener("input", () => go(Number(slider.value)));
  grid.addEventListener("click", (event) => {
    if (event.target.dataset.n !== undefined) go(Number(event.target.dataset.n));
  });
  model.on("change:offset", show);
  show();
  return () => model.off("change:offset", show);
}

export default { render };
