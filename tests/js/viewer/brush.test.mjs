import assert from "node:assert/strict";
import test from "node:test";
import { between, disc, fromRuns, numberOf, paintedPath, paintedValues, toRuns, voxelOf } from "../../../handson/viewer/js/brush.js";
import { sectionMap } from "../../../handson/viewer/js/geometry.js";
import { Voxels } from "../../../handson/viewer/js/voxels.js";

const SHAPE = [7, 5, 4];
const LAYOUT = { axis: 2, horizontal: 0, vertical: 1, flip_horizontal: true, flip_vertical: false };
const AFFINE = [2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1];

test("runs and numbers go there and back", () => {
  const painted = new Set([10, 3, 4, 5, 139, 100]);
  assert.deepEqual(toRuns(painted), [3, 3, 10, 1, 100, 1, 139, 1]);
  assert.deepEqual(toRuns(fromRuns(toRuns(painted))), toRuns(painted));
  assert.deepEqual(toRuns(new Set()), []);
  for (const ijk of [[0, 0, 0], [6, 4, 3], [2, 3, 1]]) assert.deepEqual(voxelOf(numberOf(ijk, SHAPE), SHAPE), ijk);
});

test("a disc is round in millimetres, stays in its slice and in the volume", () => {
  const map = sectionMap(LAYOUT, SHAPE, 1);
  const near = (r, c) => disc(map, AFFINE, SHAPE, c, r).map(String).sort();
  assert.deepEqual(near(0, [3, 2, 1]), ["3,2,1"]);
  assert.deepEqual(near(2, [3, 2, 1]), ["2,2,1", "3,2,1", "4,2,1"]);
  assert.equal(near(3.7, [3, 2, 1]).length, 9); // the corner is sqrt(4 + 9) = 3.6 mm away
  assert.deepEqual(near(2, [0, 0, 1]), ["0,0,1", "1,0,1"]);
});

test("a fast hand leaves no gaps", () => {
  assert.deepEqual(between([0, 0, 1], [3, 1, 1]), [[0, 0, 1], [1, 0, 1], [2, 1, 1], [3, 1, 1]]);
  assert.deepEqual(between([2, 2, 2], [2, 2, 2]), [[2, 2, 2], [2, 2, 2]]);
});

test("values of the painted voxels, null while they are not here; the path has a square for each", () => {
  const coding = { dtype: "uint8", slope: 2, inter: -10, nan: 0, whole: false, shape: [2, 2, 2], frames: 1, channels: 1, order: [2, 1, 0], chunk: 8 };
  const voxels = new Voxels(coding), painted = new Set([numberOf([1, 0, 1], [2, 2, 2])]);
  assert.equal(paintedValues(voxels, 0, [2, 2, 2], painted), null);
  voxels.put(0, new DataView(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer));
  assert.deepEqual(paintedValues(voxels, 0, [2, 2, 2], painted), [2 * 6 - 10]);
  const map = sectionMap(LAYOUT, [2, 2, 2], 1);
  assert.equal(paintedPath(map, [2, 2, 2], 2, 1, painted), "M-0.5 -0.5h1v1h-1z"); // flipped: i = 1 is the first column
  assert.equal(paintedPath(map, [2, 2, 2], 2, 0, painted), "");
});
