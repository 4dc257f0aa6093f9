// A table of header elements that a search box narrows while you type.
//
// State: `query`. `rows` (six texts each), `title` and `labels` never change.

import { contains, fill, make, scrollTable, widgetRoot } from "./page.js";

/** Rows in which every word of the query occurs, in any column. */
export function matching(rows, query) {
  return rows.filter((row) => contains(row, query));
}

function render({ model, el }) {
  const rows = model.get("rows");
  const labels = model.get("labels");
  const root = widgetRoot("handson-tags", el);
  const label = make("label", { text: `${labels.search} ` }, root);
  const search = make("input", { type: "search", spellcheck: "false" }, label);
  const says = make("output", { "aria-live": "polite" }, root);
  const body = scrollTable(model.get("title"), labels.columns, root);

  function show() {
    const found = matching(rows, model.get("query"));
    if (search.value !== model.get("query")) search.value = model.get("query");
    says.textContent = fill(labels.found, { found: found.length, count: rows.length });
    body.replaceChildren();
    for (const row of found) {
      const line = make("tr", {}, body);
      for (const text of row) make("td", { text }, line);
    }
  }
  search.addEventListener("input", () => {
    model.set("query", search.value);
    model.save_changes();
  });
  model.on("change:query", show);
  show();
  return () => model.off("change:query", show);
}

export default { render };
