// Paints sections as the page does, from the state of exported pages: cases on standard input as JSON, one
// base64 picture of RGBA bytes each on standard output. tests/test_mirror.py compares them with Python's.
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { View } from "../../../handson/viewer/js/view.js";
import { Voxels } from "../../../handson/viewer/js/voxels.js";

const bytes = (packed) => {
  const data = inflateSync(Buffer.from(packed, "base64"));
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
};
const model = (state) => ({ get: (name) => state[name] });

function voxelsOf({ coding, data }) {
  const codes = bytes(data), whole = { ...coding, chunk: codes.byteLength };
  const voxels = new Voxels(whole);
  voxels.put(0, codes);
  return voxels;
}

// A view with everything that painting reads, and no page.
function viewOf(state) {
  const view = Object.create(View.prototype);
  const canvas = { ...state.canvas, maps: bytes(state.canvas.maps) };
  const layers = state.layers.map((layer) => ({
    model: model(layer), link: { voxels: voxelsOf(state.sources[layer.source]) }, look: null, values: null,
  }));
  const place = { voxel: [canvas.i, canvas.j, canvas.k] };
  return Object.assign(view, { model: model(canvas), geometry: canvas.geometry, layers, place });
}

function paint(state, plane, part) {
  const view = viewOf(state);
  let painted = null;
  const pane = {
    plane, show: part, flush() {},
    pixels: (width, height) => (painted = new Uint32Array(width * height)),
  };
  view.paint(pane, view.map(pane));
  return Buffer.from(painted.buffer).toString("base64");
}

const cases = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(cases.map(({ state, plane, part }) => paint(state, plane, part))));
