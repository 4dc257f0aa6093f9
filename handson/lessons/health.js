// The doctor's report. That this script runs at all is its first finding: widgets are alive.
//
// State: none that changes. `rows` are [what, finding, fix]; `labels` the words.

import { make, widgetRoot } from "./page.js";

/** Rows as shown: the page's own finding first, and a mark that is also a word. */
export function report(rows, labels) {
  const alive = [labels.widgets, labels.alive, ""];
  return [alive, ...rows].map(([name, says, fix]) => [fix ? labels.bad_mark : labels.good_mark, name, says, fix]);
}

function render({ model, el }) {
  const labels = model.get("labels");
  const root = widgetRoot("handson-tags", el);
  const table = make("table", {}, root);
  make("caption", { class: "handson-lesson-title", text: labels.title }, table);
  const head = make("tr", {}, make("thead", {}, table));
  for (const text of ["", ...labels.columns]) make("th", { scope: "col", text }, head);
  const body = make("tbody", {}, table);
  for (const row of report(model.get("rows"), labels)) {
    const line = make("tr", {}, body);
    for (const text of row) make("td", { text }, line);
  }
}

export default { render };
