import assert from "node:assert/strict";
import test from "node:test";
import { Painted, between, disc, paintedValues } from "../../../handson/viewer/js/brush.js";
import { sectionMap } from "../../../handson/viewer/js/geometry.js";
import { Voxels } from "../../../handson/viewer/js/voxels.js";

const SHAPE = [7, 5, 4];
const LAYOUT = { axis: 2, horizontal: 0, vertical: 1, flip_horizontal: true, flip_vertical: false };
const AFFINE = [2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1];

test("runs and voxels go there and back, over the ends of slices too", () => {
  const runs = [3, 3, 10, 1, 30, 45, 139, 1];
  const painted = Painted.fromRuns(runs, SHAPE);
  assert.deepEqual(painted.toRuns(), runs);
  assert.equal(painted.count, 50);
  assert.ok(painted.has([3, 0, 0]) && painted.has([6, 4, 3]) && !painted.has([0, 0, 0]));
  painted.set([3, 0, 0], false);
  painted.set([0, 0, 0], true);
  assert.deepEqual(painted.toRuns(), [0, 1, 4, 2, 10, 1, 30, 45, 139, 1]);
  assert.deepEqual(new Painted(SHAPE).toRuns(), []);
  assert.equal(painted.countOf(2, 3), 1);
  assert.equal(painted.countOf(0, 0), 7);
});

test("a dab costs what the brush covers, however much is painted", () => {
  const painted = Painted.fromRuns([0, 512 * 512 * 40], [512, 512, 300]);
  const start = performance.now();
  for (let n = 0; n < 1000; n++) painted.set([n % 512, 100, 20], n % 2 === 0);
  const large = performance.now() - start;
  assert.ok(large < 50, `${large} ms for 1000 voxels`);
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

test("values of the painted voxels, null while they are not here", () => {
  const coding = { dtype: "uint8", slope: 2, inter: -10, nan: 0, whole: false, shape: [2, 2, 2], n_volumes: 1, channels: 1, order: [2, 1, 0], chunk: 8 };
  const voxels = new Voxels(coding), painted = new Painted([2, 2, 2]);
  painted.set([1, 0, 1], true);
  assert.equal(paintedValues(voxels, 0, painted), null);
  voxels.put(0, new DataView(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer));
  assert.deepEqual(paintedValues(voxels, 0, painted), [2 * 6 - 10]);
});
