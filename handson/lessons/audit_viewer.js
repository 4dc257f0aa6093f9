// Before and after de-identification, element by element; what was left stands out.
//
// State: `query`, and `filter` (index into labels.filters). `rows` (element, rule, before, after, "leak"
// or "") never change.

import { contains, fill, make, scrollTable, widgetRoot } from "./page.js";

/** Rows that the filter (0 all, 1 changed, 2 leaks) and every word of the query leave. */
export function shown(rows, filter, query) {
  return rows.filter((row) => {
    const kept = filter === 0 || (filter === 1 ? row[2] !== row[3] : row[4] !== "");
    return kept && contains(row, query);
  });
}

function render({ model, el }) {
  const [rows, labels] = [model.get("rows"), model.get("labels")];
  const root = widgetRoot("handson-tags", el);
  const search = make("input", { type: "search", spellcheck: "false" }, make("label", { text: `${labels.search} ` }, root));
  const menu = make("select", {}, make("label", { text: ` ${labels.show} ` }, root));
  labels.filters.forEach((text, value) => make("option", { value, text }, menu));
  const says = make("output", { "aria-live": "polite" }, root);
  const body = scrollTable(model.get("title"), labels.columns, root);

  function show() {
    if (search.value !== model.get("query")) search.value = model.get("query");
    menu.value = model.get("filter");
    says.textContent = fill(labels.count, { leaks: rows.filter((row) => row[4]).length, count: rows.length });
    body.replaceChildren();
    for (const row of shown(rows, model.get("filter"), model.get("query"))) {
      const line = make("tr", row[4] ? { class: "handson-leak" } : {}, body);
      for (const text of row) make("td", { text }, line);
    }
  }
  const put = (trait, value) => (model.set(trait, value), model.save_changes());
  search.addEventListener("input", () => put("query", search.value));
  menu.addEventListener("change", () => put("filter", Number(menu.value)));
  model.on("change:query change:filter", show);
  show();
  return () => model.off("change:query change:filter", show);
}

export default { render };
