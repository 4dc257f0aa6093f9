// Pure functions of the lessons' widgets.
import assert from "node:assert/strict";
import { test } from "node:test";

const HERE = new URL("../../handson/lessons/", import.meta.url);
const { ascii, hex, ownerOf, sentence } = await import(new URL("byte_explorer.js", HERE));
const { matching } = await import(new URL("tag_table.js", HERE));
const { edges, pile, points, stepsOf } = await import(new URL("series_sorter.js", HERE));
const { report } = await import(new URL("health.js", HERE));
const { fill } = await import(new URL("page.js", HERE));

const FIELDS = [
  { start: 0, stop: 128, name: "preamble", says: "free" },
  { start: 128, stop: 132, name: "prefix", says: "DICM" },
];

test("a byte belongs to the field that it lies in", () => {
  assert.equal(ownerOf(FIELDS, 127), 0);
  assert.equal(ownerOf(FIELDS, 128), 1);
  assert.equal(ownerOf(FIELDS, 132), -1);
  assert.equal(hex(10), "0a");
  assert.equal(ascii(68) + ascii(0) + ascii(200), "D..");
});

test("what is said names the last byte of the field, not the next one", () => {
  const labels = { field: "{start}-{stop} {name}: {says}", no_field: "{n} free" };
  assert.equal(sentence(labels, FIELDS, 130), "128-131 prefix: DICM");
  assert.equal(sentence(labels, FIELDS, 400), "400 free");
  assert.equal(fill("{a}{b}{a}", { a: 1, b: 2 }), "121");
});

test("every word of a search must occur, in any column and any case", () => {
  const rows = [["(0028,0010)", "US", "Rows", "128"], ["(0028,0011)", "US", "Columns", "128"]];
  assert.equal(matching(rows, "").length, 2);
  assert.deepEqual(matching(rows, "128 rows"), [rows[0]]);
  assert.equal(matching(rows, "rows columns").length, 0);
});

test("a pile puts each slice's column where the order says", () => {
  const cut = new DataView(new Uint8Array([1, 2, 3, 4, 5, 6]).buffer); // 3 slices of 2 rows
  const rgba = pile(cut, [3, 2], [2, 0, 1]);
  const grey = [...rgba].filter((_, n) => n % 4 === 0);
  assert.deepEqual(grey, [5, 1, 3, 6, 2, 4]);
  assert.deepEqual(stepsOf([0, 10, 20], [2, 0, 1]), [-20, 10]);
  assert.equal(points([-20, 10], -20, 10, 100, 50), "25,50 75,0");
});

test("a pile has sides only where it goes one way along the normal", () => {
  assert.deepEqual(edges([1, 2], ["L", "R"]), ["L", "R"]);
  assert.deepEqual(edges([-1, -2], ["L", "R"]), ["R", "L"]);
  assert.deepEqual(edges([1, -2], ["L", "R"]), ["", ""]);
});

test("the doctor's first line is that widgets are alive; a fix is marked in words", () => {
  const labels = { widgets: "widgets", alive: "alive", good_mark: "ok", bad_mark: "look" };
  assert.deepEqual(report([["disk", "full", "clean"], ["data", "here", ""]], labels), [
    ["ok", "widgets", "alive", ""],
    ["look", "disk", "full", "clean"],
    ["ok", "data", "here", ""],
  ]);
});
