import assert from "node:assert/strict";
import test from "node:test";
import {
  apply, distance, fitScale, mapInto, nearestVoxel, pixelToVoxel, placePicture, scaleBar, sectionMap, voxelToPixel,
} from "../../../handson/viewer/js/geometry.js";

const layouts = [];
for (const [axis, horizontal, vertical] of [[2, 0, 1], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 1, 2], [0, 2, 1]]) {
  for (const flip_horizontal of [false, true]) {
    for (const flip_vertical of [false, true]) layouts.push({ axis, horizontal, vertical, flip_horizontal, flip_vertical });
  }
}
const SHAPE = [4, 5, 6];

test("a pixel's voxel leads back to the pixel, in every layout", () => {
  for (const layout of layouts) {
    const map = sectionMap(layout, SHAPE, 2);
    assert.deepEqual([map.width, map.height], [SHAPE[layout.horizontal], SHAPE[layout.vertical]]);
    for (const [x, y] of [[0, 0], [map.width - 1, 0], [1, map.height - 1]]) {
      const ijk = pixelToVoxel(map, x, y);
      assert.equal(ijk[layout.axis], 2);
      assert.ok(ijk.every((n, a) => n >= 0 && n < SHAPE[a]));
      assert.deepEqual(voxelToPixel(map, ijk), [x, y]);
    }
  }
});

test("a flipped axis starts at its last voxel", () => {
  const map = sectionMap({ axis: 2, horizontal: 0, vertical: 1, flip_horizontal: true, flip_vertical: false }, SHAPE, 0);
  assert.deepEqual(pixelToVoxel(map, 0, 0), [3, 0, 0]);
  assert.deepEqual(pixelToVoxel(map, 3, 4), [0, 4, 0]);
});

test("a section seen from another grid passes through the same millimetres", () => {
  const affine = [2, 0, 0, -3, 0, 2, 0, 5, 0, 0, 4, 1, 0, 0, 0, 1];
  const inverse = [0, 1, 0, 7, -1, 0, 0, 2, 0, 0, 0.5, 0, 0, 0, 0, 1]; // mm -> a turned grid
  const map = sectionMap(layouts[0], SHAPE, 3);
  const there = mapInto(map, affine, inverse);
  assert.deepEqual(pixelToVoxel(there, 2, 1), apply(inverse, apply(affine, pixelToVoxel(map, 2, 1))));
});

test("the nearest voxel is inside the volume, and .5 goes up", () => {
  const unit = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  assert.deepEqual(nearestVoxel(unit, [-9, 1.5, 99], SHAPE), [0, 2, 5]);
});

test("a scale bar is a round number of mm and fits", () => {
  assert.deepEqual(scaleBar(2, 90), { mm: 20, pixels: 40 });
  assert.deepEqual(scaleBar(1, 50), { mm: 50, pixels: 50 });
  assert.equal(scaleBar(1000, 90).mm, 0.05);
});

test("all pictures have one scale, and the one with least room sets it", () => {
  const square = { width: 100, height: 100 };
  assert.equal(fitScale([square, { width: 50, height: 200 }], [{ width: 300, height: 400 }, { width: 300, height: 400 }]), 2);
});

test("the place asked for lies in the frame's middle, and the picture cannot be lost", () => {
  const frame = { width: 200, height: 100 }, size = { width: 100, height: 50 };
  const placed = placePicture(frame, size, 6, [50, 25]);
  assert.deepEqual([placed.left + placed.width / 2, placed.top + placed.height / 2], [100, 50]);
  const lost = placePicture(frame, size, 6, [-900, 999]);
  assert.deepEqual([lost.left, lost.top + lost.height], [100, 50]);
  assert.equal(distance([0, 0, 0], [2, 3, 6]), 7);
});
