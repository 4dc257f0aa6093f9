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

/** "{n} bytes" with n = 3 -> "3 bytes". */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
