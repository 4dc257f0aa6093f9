// What the lessons' widgets share: making elements, filling words into a label.

/** A new element under `parent`; the attribute `text` is its text. */
export function make(tag, attributes, parent) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else element.setAttribute(name, value);
  }
  parent.append(element);
  return element;
}

/** Arrow keys inside `node` are for its controls: JupyterLab would take them to go from cell to cell. Lab hears
 * them as they come up, Notebook before they go down: so the target is marked as Lumino wants it, too. */
export function keepArrows(node) {
  const isArrow = (event) => event.key.startsWith("Arrow");
  node.addEventListener("keydown", (event) => { if (isArrow(event)) event.stopPropagation(); });
  const here = new WeakRef(node); // the page outlives the widget
  const mark = (event) => {
    const now = here.deref();
    if (!now) window.removeEventListener("keydown", mark, true);
    else if (now.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", isArrow(event));
  };
  window.addEventListener("keydown", mark, true);
}

/** A widget's root under `el`. */
export function widgetRoot(name, el) {
  const root = make("div", { class: `handson-lesson ${name}` }, el);
  keepArrows(root);
  return root;
}

/** A scrolling table with a caption and headed columns; returns its empty body. */
export function scrollTable(title, columns, parent) {
  const scroll = make("div", { class: "handson-tags-scroll", tabindex: "0", role: "region", "aria-label": title }, parent);
  const table = make("table", {}, scroll);
  make("caption", { text: title, class: "handson-lesson-title" }, table);
  const head = make("tr", {}, make("thead", {}, table));
  for (const text of columns) make("th", { scope: "col", text }, head);
  return make("tbody", {}, table);
}

/** True when every word of the query occurs somewhere in the row. */
export function contains(row, query) {
  const text = row.join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** "{n} bytes" with n = 3 -> "3 bytes". */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
