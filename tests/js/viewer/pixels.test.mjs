import assert from "node:assert/strict";
import test from "node:test";
import { sectionMap } from "../../../handson/viewer/js/geometry.js";
import { blendLayer, composeMask, paintBase } from "../../../handson/viewer/js/paint.js";
import { sampleSection, voxelStrides, voxelValue } from "../../../handson/viewer/js/sample.js";
import { Voxels, chunkOrder } from "../../../handson/viewer/js/voxels.js";
import { MARKS, digits, dragWindow, isShown, labelPosition, ramp, windowOf, windowTable } from "../../../handson/viewer/js/window.js";

const CODING = {
  dtype: "int16", slope: 1, inter: 0, nan: null, whole: true, exact: true, low: 0, high: 100,
  shape: [3, 4, 5], n_volumes: 1, channels: 1, order: [2, 1, 0], chunk: 12, notes: [],
};
const LAYOUT = { axis: 2, horizontal: 0, vertical: 1, flip_horizontal: true, flip_vertical: true };
const GREY = Uint8Array.from({ length: 768 }, (_, n) => Math.floor(n / 3));
const bytes = (array) => new DataView(array.buffer, array.byteOffset, array.byteLength);

// value = 100 i + 10 j + k, stored k slowest
function filled(coding = CODING) {
  const voxels = new Voxels(coding), values = new Int16Array(60);
  for (let k = 0; k < 5; k++) for (let j = 0; j < 4; j++) for (let i = 0; i < 3; i++) values[k * 12 + j * 3 + i] = 100 * i + 10 * j + k;
  for (let c = 0; c < 5; c++) voxels.put(c, bytes(values.slice(c * 12, c * 12 + 12)));
  return voxels;
}

test("DICOM's linear window at centre 40, width 400 as a ramp from -160 to 239", () => {
  assert.equal(ramp(40, -160, 239), 128);
  assert.equal(ramp(239, -160, 239), 255);
  assert.equal(ramp(-160, -160, 239), 0);
});

test("a window of no width is a step", () => {
  assert.deepEqual([ramp(4, 5, 5), ramp(5, 5, 5), ramp(6, 5, 5)], [0, 0, 255]);
});

test("the table marks NaN and what the window cuts off, when asked", () => {
  const coding = { ...CODING, nan: -32768 };
  const plain = windowTable(coding, { range: [0, 10], marks: false }, GREY);
  const marked = windowTable(coding, { range: [0, 10], marks: true }, GREY);
  const rgb = ({ table, offset }, code) => [0, 8, 16].map((shift) => (table[code + offset] >>> shift) & 255);
  assert.deepEqual(rgb(plain, -32768), [0, 0, 0]);
  assert.deepEqual(rgb(marked, -32768), MARKS.nan);
  assert.deepEqual(rgb(marked, -1), MARKS.below);
  assert.deepEqual(rgb(marked, 11), MARKS.above);
  assert.deepEqual(rgb(marked, 10), [255, 255, 255]);
});

test("an inverted look (MONOCHROME1) draws low values bright", () => {
  const { table, offset } = windowTable(CODING, { range: [0, 10], invert: true }, GREY);
  assert.equal(table[0 + offset] & 255, 255);
  assert.equal(table[10 + offset] & 255, 0);
});

test("dragging across widens the window and keeps its centre; down raises the level, so it darkens", () => {
  const whole = { whole: true, low: 0, high: 500 }, real = { whole: false, low: 0, high: 500 };
  assert.deepEqual(dragWindow([40, 60], 150, 0, real), [30, 70]);
  assert.deepEqual(dragWindow([40, 60], 0, 30, real), [42, 62]);
  assert.deepEqual(dragWindow([40, 60], 0, 30, whole), [42, 62]);
  const [a, b] = dragWindow([40, 60], -1e6, 0, whole);
  assert.deepEqual([b - a, Number.isInteger(a)], [1, true]);
});

test("the narrower the window, the finer the hand", () => {
  const moved = (width) => dragWindow([0, width], 0, 10, { whole: false, low: 0, high: 4000 })[0];
  assert.ok(Math.abs(moved(4000) / moved(40) - 100) < 1e-9);
});

test("a window is read back as it was set: DICOM's for whole numbers, exact for others", () => {
  assert.deepEqual(windowOf([0, 79], true), [40, 80]);
  assert.deepEqual(windowOf([0, 1], false), [0.5, 1]);
});

test("thresholds: one side, two sides, and never NaN", () => {
  assert.ok(isShown(3, [3, 8], false) && !isShown(-3, [3, 8], false) && isShown(-3, [3, 8], true));
  assert.ok(!isShown(NaN, [-1e9, 1e9], true));
});

test("digits a step carries", () => {
  assert.deepEqual([1, 0.5, 0.1, 0.05, 0.01, 1.5e-5].map(digits), [0, 1, 1, 2, 2, 5]);
});

test("labels keep their colour, and 0 has its own", () => {
  assert.deepEqual([0, 1, 255, 256].map(labelPosition), [0, 1, 255, 1]);
});

test("a painted section shows each voxel where the layout puts it", () => {
  const voxels = filled(), map = sectionMap(LAYOUT, CODING.shape, 2);
  const look = { table: Uint32Array.from({ length: 65536 }, (_, n) => n), offset: 32768 };
  const out = new Uint32Array(12);
  paintBase(out, voxels, 0, map, look);
  assert.equal(out[0] - 32768, 232); // left top is voxel (2, 3, 2): both axes run backwards
  assert.equal(out[11] - 32768, 2);
  assert.equal(voxelValue(voxels, 0, [1, 2, 3]), 123);
});

test("voxels that have not come yet are transparent, never a value", () => {
  const voxels = new Voxels(CODING), map = sectionMap(LAYOUT, CODING.shape, 2);
  voxels.put(2, bytes(new Int16Array(12).fill(7)));
  const look = windowTable(CODING, { range: [0, 10] }, GREY), out = new Uint32Array(12);
  paintBase(out, voxels, 0, map, look);
  assert.ok(out.every((word) => word >>> 24 === 255));
  paintBase(out, voxels, 0, sectionMap(LAYOUT, CODING.shape, 3), look);
  assert.ok(out.every((word) => word === 0));
  assert.equal(voxelValue(voxels, 0, [0, 0, 3]), null);
});

test("sampling: exact on the grid, linear between, nearest for labels, NaN outside", () => {
  const voxels = filled();
  const row = (origin, linear) => [...sampleSection(voxels, 0,
    { width: 3, height: 1, origin, across: [0.5, 0, 0], down: [0, 0, 0] }, linear, new Float32Array(3))];
  assert.deepEqual(row([0, 1, 2], true), [12, 62, 112]);
  assert.deepEqual(row([0, 1, 2], false), [12, 112, 112]);
  assert.deepEqual(row([1, 1.5, 2.5], true), [117.5, 167.5, 217.5]);
  assert.deepEqual(row([1.5, 1, 2], true), [162, 212, NaN]); // 2.5 is the edge of the last voxel
});

test("a row along an axis has the values of one that is turned by a hair", () => {
  const voxels = filled();
  for (let axis = 0; axis < 3; axis++) {
    for (const origin of [[0, 0, 0], [0.3, 1.7, 2.2], [-0.4, 2.4, 0.9], [1, 3.6, 1], [0, 0, 9]]) {
      for (const pace of [0.37, -0.37, 1]) {
        const row = (hair) => {
          const across = [hair, hair, hair];
          across[axis] = pace;
          return sampleSection(voxels, 0, { width: 9, height: 1, origin, across, down: [0, 0, 0] }, true, new Float32Array(9));
        };
        const straight = row(0), turned = row(1e-11);
        straight.forEach((v, x) => assert.ok(Object.is(v, turned[x]) || Math.abs(v - turned[x]) < 1e-3, `${axis} ${x}`));
      }
    }
  }
});

test("a NaN neighbour of weight zero does not spread", () => {
  const coding = { ...CODING, nan: -32768 }, voxels = filled(coding);
  voxels.data[2 * 12 + 1 * 3 + 2] = -32768;
  const at = (i) => sampleSection(voxels, 0,
    { width: 1, height: 1, origin: [i, 1, 2], across: [1, 0, 0], down: [0, 1, 0] }, true, new Float32Array(1))[0];
  assert.equal(at(1 + 1e-9), 112);
  assert.ok(Number.isNaN(at(1.5)));
});

test("blending: c = (layer a + below (255 - a)) / 255, rounded", () => {
  const out = new Uint32Array([0xff000000 | (100 << 16) | (100 << 8) | 100, 0xff646464]);
  const style = { opacity: 0.5, range: [0, 255], threshold: [1, 255], two_sided: false, outline: false };
  blendLayer(out, new Float32Array([200, 0]), 2, 1, style, GREY, () => true);
  const a = 128, mixed = Math.floor((200 * a + 100 * (255 - a) + 127) / 255);
  assert.equal(out[0] & 255, mixed);
  assert.equal(out[1] >>> 0, 0xff646464);
});

test("an outline is the drawn pixels that touch something else", () => {
  const values = new Float32Array(25).fill(0);
  for (const p of [6, 7, 8, 11, 12, 13, 16, 17, 18]) values[p] = 1;
  const out = new Uint32Array(25).fill(0xff000000);
  const style = { opacity: 1, range: [0, 1], threshold: [1, 1], two_sided: false, outline: true };
  blendLayer(out, values, 5, 5, style, GREY, () => true);
  assert.equal(out.filter((word) => (word & 255) === 255).length, 8);
  assert.equal(out[12] & 255, 0);
});

test("curtain and checkerboard show the layer in their part only", () => {
  const curtain = composeMask("curtain", 0.5, 10, 10), board = composeMask("checkerboard", 0, 16, 16);
  assert.ok(curtain(4, 0) && !curtain(5, 0));
  assert.ok(board(0, 0) && !board(2, 0) && board(2, 2));
});

test("chunks are asked for outwards from the slice on show, this volume first", () => {
  assert.deepEqual(chunkOrder(CODING, 0, 2), [2, 1, 3, 0, 4]);
  const later = chunkOrder({ ...CODING, n_volumes: 3 }, 1, 0);
  assert.deepEqual(later.slice(0, 5), [5, 6, 7, 8, 9]);
  assert.equal(new Set(later).size, 15);
});

test("strides of a channel-interleaved colour volume", () => {
  assert.deepEqual(voxelStrides({ ...CODING, channels: 3 }), { strides: [3, 9, 36], volume: 180 });
});
