import assert from "node:assert/strict";
import test from "node:test";
import { apply, pixelToVoxel, sectionMap, voxelToPixel } from "../../../handson/viewer/js/geometry.js";
import { directionLetters, planeAxes, product, rotate, rotationAbout, rotationOf, tiltOf, turnedMap } from "../../../handson/viewer/js/oblique.js";

// RAS array, 2 x 1.5 x 3 mm; the axial plane as Python lays it out, radiological.
const AFFINE = [2, 0, 0, -20, 0, 1.5, 0, -30, 0, 0, 3, 10, 0, 0, 0, 1];
const INVERSE = [0.5, 0, 0, 10, 0, 1 / 1.5, 0, 20, 0, 0, 1 / 3, -10 / 3, 0, 0, 0, 1];
const GEOMETRY = { shape: [20, 40, 10], affine: AFFINE, inverse: INVERSE };
const AXIAL = { axis: 2, horizontal: 0, vertical: 1, flip_horizontal: true, flip_vertical: true, spacing: [1.5, 2] };
const SAGITTAL = { axis: 0, horizontal: 1, vertical: 2, flip_horizontal: true, flip_vertical: true, spacing: [3, 1.5] };
const close = (a, b, within = 1e-9) => a.forEach((x, n) => assert.ok(Math.abs(x - b[n]) < within, `${a} is not ${b}`));

test("angles go into a rotation and come back", () => {
  for (const tilt of [[10, -20, 30], [0, 45, 0], [-80, 5, 179]]) close(tiltOf(rotationOf(tilt)), tilt);
  close(rotate(rotationAbout([0, 0, 1], 90), [1, 0, 0]), [0, 1, 0]); // right-handed
  close(product(rotationAbout([1, 0, 0], 30), rotationAbout([1, 0, 0], -30)), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

test("a plane that is not turned shows the same places and letters as the slice", () => {
  const centre = apply(AFFINE, [9, 19, 4]), turned = turnedMap(AXIAL, GEOMETRY, rotationOf([0, 0, 0]), centre);
  const slice = sectionMap(AXIAL, GEOMETRY.shape, 4);
  assert.deepEqual(turned.letters, { left: "R", right: "L", top: "A", bottom: "P" });
  const [x, y] = voxelToPixel(turned, [9, 19, 4]), [u, v] = voxelToPixel(slice, [9, 19, 4]);
  close([(x + 0.5) * 1.5, (y + 0.5) * 1.5], [(u + 0.5) * 2, (v + 0.5) * 1.5]);
});

test("turned planes pass through the crosshair, and pixels lead back to their voxels", () => {
  const centre = apply(AFFINE, [9, 19, 4]);
  for (const tilt of [[20, 0, 0], [0, -35, 10], [60, 10, -5]]) {
    for (const layout of [AXIAL, SAGITTAL]) {
      const map = turnedMap(layout, GEOMETRY, rotationOf(tilt), centre);
      for (const [x, y] of [[0, 0], [7, 3]]) close(voxelToPixel(map, pixelToVoxel(map, x, y)), [x, y], 1e-6);
      close(pixelToVoxel(map, ...voxelToPixel(map, [9, 19, 4])), [9, 19, 4], 1e-6);
    }
  }
});

test("turning about a plane's own normal leaves its picture upright and turns the others", () => {
  const { normal } = planeAxes(AXIAL, GEOMETRY, rotationOf([0, 0, 0]));
  const rotation = rotationAbout(normal, 30);
  const axial = planeAxes(AXIAL, GEOMETRY, rotation), sagittal = planeAxes(SAGITTAL, GEOMETRY, rotation);
  close(axial.right, [-1, 0, 0]);
  assert.ok(axial.turned < 1e-6 && Math.abs(sagittal.turned - 30) < 1e-6);
  // Compound letters: the larger part first.
  assert.equal(directionLetters([-0.5, 0.8, 0]), "AL");
  const letters = turnedMap(SAGITTAL, GEOMETRY, rotation, apply(AFFINE, [9, 19, 4])).letters;
  assert.ok(letters.left.length === 2 && letters.left.startsWith("A") && letters.top === "S", JSON.stringify(letters));
});
