// Facts about the audit viewer's pure function, run by node --test.
import assert from "node:assert/strict";
import test from "node:test";
import { shown } from "../../handson/lessons/audit_viewer.js";

const ROWS = [
  ["PatientName", "Z", "Invented^Anna", "", ""],
  ["PatientID", "D", "FAKE-0001", "FAKE-0001", "leak"],
  ["Rows", "K", "4", "4", ""],
];
const names = (rows) => rows.map((row) => row[0]);

test("the filters leave everything, what changed, and leaks", () => {
  assert.deepEqual(names(shown(ROWS, 0, "")), ["PatientName", "PatientID", "Rows"]);
  assert.deepEqual(names(shown(ROWS, 1, "")), ["PatientName"]);
  assert.deepEqual(names(shown(ROWS, 2, "")), ["PatientID"]);
});

test("every word of the query must stand somewhere in the row, in either case", () => {
  assert.deepEqual(names(shown(ROWS, 0, "patient fake")), ["PatientID"]);
  assert.deepEqual(names(shown(ROWS, 0, "  PATIENT  ")), ["PatientName", "PatientID"]);
  assert.deepEqual(names(shown(ROWS, 0, "nobody")), []);
});

test("query and filter hold together", () => {
  assert.deepEqual(names(shown(ROWS, 2, "rows")), []);
});
