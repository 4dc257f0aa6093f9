import assert from "node:assert/strict";
import test from "node:test";
import { KEYS, actionOf } from "../../../handson/viewer/js/input.js";
import { valuesAt, voxelsInside } from "../../../handson/viewer/js/annotate.js";
import { gradient, thresholdTicks } from "../../../handson/viewer/js/bars.js";
import { countOutside, histogram, statistics, timeCourse, voxelMeasure } from "../../../handson/viewer/js/measure.js";
import { barPath, linePath, percentChange, rampPath, ticks } from "../../../handson/viewer/js/plots.js";
import { fill, formatValue, mm, namedLabel, short } from "../../../handson/viewer/js/text.js";
import { Voxels } from "../../../handson/viewer/js/voxels.js";
import LABELS from "../../../handson/display/labels/en.json" with { type: "json" };

const CODING = {
  dtype: "uint8", slope: 2, inter: -10, nan: 0, whole: false, shape: [2, 2, 2], n_volumes: 3, channels: 1, order: [2, 1, 0], chunk: 8,
};
function series() {
  const voxels = new Voxels(CODING);
  for (let t = 0; t < 3; t++) voxels.put(t, new DataView(Uint8Array.from({ length: 8 }, (_, n) => 10 * (t + 1) + n).buffer));
  return voxels;
}

test("statistics: sample deviation, NaN left out, far values keep their digits", () => {
  const s = statistics([2, 4, 4, 4, 5, 5, 7, 9, NaN]);
  assert.deepEqual([s.n, s.mean, s.low, s.high], [8, 5, 2, 9]);
  assert.ok(Math.abs(s.sd - Math.sqrt(32 / 7)) < 1e-12);
  assert.ok(Math.abs(statistics([1e9, 1e9 + 1, 1e9 + 2]).sd - 1) < 1e-6);
  assert.ok(Number.isNaN(statistics([3]).sd));
});

const UNIT = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
const GEOMETRY = { shape: [2, 2, 2], affine: UNIT, inverse: UNIT }, AXIAL = { axis: 2, horizontal: 0, vertical: 1 };

test("a region's corners may come in any order, and both belong to it", () => {
  const places = voxelsInside({ kind: "region", points: [[1, 0, 1], [0, 1, 1]] }, GEOMETRY, AXIAL);
  assert.deepEqual(places, [[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]]);
  assert.deepEqual(valuesAt(series(), 0, places), [14, 15, 16, 17].map((c) => 2 * c - 10));
});

test("a region that has not come yet has no values", () => {
  assert.equal(valuesAt(new Voxels(CODING), 0, [[0, 0, 0]]), null);
});

test("a time course has a number for each volume that is here", () => {
  const voxels = series();
  voxels.here[1] = 0;
  const [a, b, c] = timeCourse(voxels, (time) => valuesAt(voxels, time, [[0, 0, 0]])?.[0] ?? NaN);
  assert.deepEqual([a, c], [10, 50]);
  assert.ok(Number.isNaN(b));
});

test("percent is of the curve's own mean, and of a mean of 0 there is none", () => {
  assert.deepEqual(percentChange([90, 100, 110, NaN]).slice(0, 3), [-10, 0, 10]);
  assert.ok(percentChange([-1, 1]).every(Number.isNaN));
});

test("ticks are round numbers within the ends", () => {
  assert.deepEqual(ticks(0, 238), [0, 50, 100, 150, 200]);
  assert.deepEqual(ticks(1, 4), [1, 2, 3, 4]);
  assert.deepEqual(ticks(5, 5), [5]);
});

test("area and volume of a sheared voxel: cross product and determinant, not products of lengths", () => {
  const sheared = [1, 0, 1, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1];
  const { area, volume } = voxelMeasure(sheared, { axis: 1, horizontal: 0, vertical: 2 });
  assert.ok(Math.abs(area - 3) < 1e-12 && Math.abs(volume - 6) < 1e-12);
});

test("a histogram counts every value once, the greatest in the last bin", () => {
  const counts = histogram(series(), 0, [10, 24], 7);
  assert.equal(counts.reduce((a, b) => a + b), 8);
  assert.equal(counts[6], 2);
});

test("pixels outside the window are counted", () => {
  const map = { width: 2, height: 2, origin: [0, 0, 0], across: [1, 0, 0], down: [0, 1, 0] };
  assert.deepEqual(countOutside(series(), 0, map, [11, 13]), { below: 1, above: 2, nan: 0, of: 4 });
});

test("plots leave gaps where there is nothing", () => {
  assert.equal(linePath([0, NaN, 1, 0], [0, 1], 30, 10), "M0.0 10.0M20.0 0.0L30.0 10.0");
  assert.equal(linePath([0, 1, 0], [0, 1], 30, 10, [0, 5, 30]), "M0.0 10.0L5.0 0.0L30.0 10.0");
  assert.ok(barPath([9, 1, 1], 3, 10).startsWith("M0 10L0.0 0.0"));
  assert.equal(rampPath([25, 75], [0, 100], 100, 10), "M0.0 10L25.0 10L75.0 0L100.0 0");
});

test("words: filled in, with a true minus, with the digits that the coding carries", () => {
  assert.equal(fill("{a} of {b}", { a: 1, b: 2 }), "1 of 2");
  assert.equal(mm(-0.04), "0.0");
  assert.equal(mm(-18), "−18.0");
  assert.equal(formatValue(-3.14159, { slope: 0.01, whole: false }, "HU", LABELS), "−3.14 HU");
  assert.equal(formatValue(NaN, CODING, "HU", LABELS), "NaN");
  assert.equal(formatValue(null, CODING, "", LABELS), LABELS.loading);
  assert.equal(namedLabel(3, { 3: "white matter" }), "3 white matter");
  assert.equal(short(0.123456), "0.1235");
});

test("a colour bar ends in the map's ends, and what the threshold hides is grey", () => {
  const map = Uint8Array.from({ length: 768 }, (_, n) => Math.floor(n / 3));
  assert.ok(gradient(map, [0, 1], false).startsWith("linear-gradient(to top, rgb(3 3 3) 0.0%"));
  assert.ok(gradient(map, [0, 1], true).endsWith("rgb(3 3 3) 97.9% 100.0%)"));
  assert.ok(gradient(map, [0, 1], false, (v) => v > 0.5).startsWith("linear-gradient(to top, rgb(70 70 70) 0.0%"));
  assert.deepEqual(thresholdTicks([-5, 5], [1, 9], true), [[-1, 0.4], [1, 0.6]]);
});

test("keys: Lab's own are left to Lab, every action has words", () => {
  assert.equal(actionOf({ key: "PageUp" }), "next10");
  assert.equal(actionOf({ key: "ArrowLeft", shiftKey: true }), "left");
  assert.equal(actionOf({ key: "s", ctrlKey: true }), undefined);
  for (const action of Object.values(KEYS)) assert.ok(LABELS.actions[action], action);
});
