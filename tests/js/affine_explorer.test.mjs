// Facts about the affine explorer's pure functions, run by node --test.
import assert from "node:assert/strict";
import test from "node:test";
import { fitting, fromEdge, onAxis, section, world } from "../../handson/lessons/affine_explorer.js";

const AFFINE = [-2, 0, 0, 4, 0, 0, 3, -1, 0, -2, 0, 5]; // i to L, j to I, k to A

test("an affine takes an index to millimetres", () => {
  assert.deepEqual(world(AFFINE, [0, 0, 0]), [4, -1, 5]);
  assert.deepEqual(world(AFFINE, [1, 1, 1]), [2, 2, 3]);
});

test("a place and its distance from the picture's edge undo each other", () => {
  for (const sign of [1, -1]) assert.equal(onAxis([-10, 30], sign, fromEdge([-10, 30], sign, 12)), 12);
});

test("radiological: the patient's right (large x) is drawn at the left", () => {
  const data = new Uint8ClampedArray([200, 0]); // voxel 0 at x = -1, voxel 1 at x = +1
  const inverse = [0.5, 0, 0, 0.5, 0, 1, 0, 0, 0, 0, 1, 0];
  const box = [[-2, 2], [-1, 1], [-1, 1]];
  const view = { across: { axis: 0, sign: -1 }, up: { axis: 1, sign: 1 } };
  const { width, grey } = section(data, [2, 1, 1], inverse, box, view, [0, 0, 0], 2);
  assert.equal(width, 2);
  assert.deepEqual([...grey], [0, 200]);
});

test("an arrow that would leave the picture is drawn shorter, with room for its name", () => {
  assert.equal(fitting([250, 250], [100, 0], [500, 500]), 1);
  assert.equal(fitting([84, 250], [-100, 0], [500, 500]), 0.6);
  assert.equal(fitting([250, 10], [0, -100], [500, 500]), 0);
});
