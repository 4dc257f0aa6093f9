import assert from "node:assert/strict";
import test from "node:test";
import { sectionMap } from "../../../handson/viewer/js/geometry.js";
import { paintSlab, slabAt, slabSlices } from "../../../handson/viewer/js/slab.js";
import { Voxels } from "../../../handson/viewer/js/voxels.js";

const CODING = { dtype: "uint8", slope: 1, inter: 0, nan: 0, whole: true, shape: [3, 2, 5], n_volumes: 1, channels: 1, order: [2, 1, 0], chunk: 30 };
const LAYOUT = { axis: 2, horizontal: 0, vertical: 1, flip_horizontal: true, flip_vertical: false, spacing: [1, 1] };
const value = (i, j, k) => 1 + ((7 * i + 11 * j + 13 * k) % 50);

function volume() {
  const voxels = new Voxels(CODING), bytes = [];
  for (let k = 0; k < 5; k++) for (let j = 0; j < 2; j++) for (let i = 0; i < 3; i++) bytes.push(i === 1 && j === 1 && k < 3 ? 0 : value(i, j, k));
  voxels.put(0, new DataView(Uint8Array.from(bytes).buffer));
  return voxels;
}

test("a slab has the slices around one, fewer at the ends", () => {
  assert.deepEqual(slabSlices(2, 3, 5), [1, 3]);
  assert.deepEqual(slabSlices(0, 3, 5), [0, 1]);
  assert.deepEqual(slabSlices(4, 4, 5), [3, 4]);
});

test("greatest, least and mean through the slab, NaN left out, in picture order", () => {
  const voxels = volume(), map = sectionMap(LAYOUT, CODING.shape, 2), table = Uint32Array.from({ length: 256 }, (_, n) => n);
  for (const [mode, of] of [["max", (l) => Math.max(...l)], ["min", (l) => Math.min(...l)], ["mean", (l) => Math.round(l.reduce((a, b) => a + b) / l.length)]]) {
    const out = new Uint32Array(6), slab = { mode, axis: 2, n: 3 };
    paintSlab(out, voxels, 0, map, { table, offset: 0 }, slab);
    const wanted = [];
    for (let j = 0; j < 2; j++) {
      for (let i = 2; i >= 0; i--) wanted.push(of([1, 2, 3].filter((k) => !(i === 1 && j === 1 && k < 3)).map((k) => value(i, j, k))));
    }
    assert.deepEqual([...out], wanted);
    assert.equal(Math.round(slabAt(voxels, 0, [2, 0, 2], slab)), wanted[0]);
  }
});
