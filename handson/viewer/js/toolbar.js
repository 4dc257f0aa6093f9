// Buttons and the help overlay. Every function of the mouse has a button or a key here.
//
// The toolbar is one tab stop after the pictures; inside it the arrow keys go from button to button.
import { draw, make } from "./dom.js";
import { KEYS } from "./input.js";

// Action, its picture (one stroke path on 24 x 24, drawn for this) and, for a switch, the trait that says
// whether it is on.
const BUTTONS = [
  ["window", "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18"],
  ["pan", "M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3"],
  ["zoom", "M10 4a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l6 6M7.5 10h5M10 7.5v5"],
  ["resetView", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  null,
  ["crosshair", "M12 3v6M12 15v6M3 12h6M15 12h6", "show_crosshair"],
  ["ruler", "M3 16L16 3l5 5L8 21zM7 12l2 2M10 9l2 2M13 6l2 2"],
  ["angle", "M4 20L18 5M4 20h16M11 20a8 8 0 0 0-2-5"],
  ["region", "M4 6h16v12H4z"],
  ["ellipse", "M12 5c5 0 9 3 9 7s-4 7-9 7-9-3-9-7 4-7 9-7z"],
  ["freehand", "M5 14c-3-5 2-10 7-9s9 3 7 8-3 2-6 5-6 1-8-4z"],
  ["arrow", "M4 20L19 5M10 5h9v9"],
  ["text", "M5 5h14M12 5v15"],
  ["brush", "M20 4L10 14M10 14c-2 0-4 1-4 4-1 1-2 1-3 1 2 2 8 2 9-2 0-2-1-3-2-3z"],
  ["eraser", "M4 15L14 5l6 6-8 8H8zM9 10l6 6"],
  ["undo", "M8 5L3 10l5 5M3 10h11a6 6 0 0 1 0 12h-3"],
  null,
  ["layout", "M3 4h8v7H3zM13 4h8v7h-8zM3 13h8v7H3zM13 13h8v7h-8z"],
  ["slab", "M3 9l9-5 9 5-9 5zM3 13l9 5 9-5M3 17l9 5 9-5", "slab"],
  ["play", "M7 4l13 8-13 8z", "playing"],
  null,
  ["smooth", "M3 17c4 0 4-10 9-10s5 10 9 10", "smooth"],
  ["outside", "M3 18h6L15 6h6M3 6h3M18 18h3", "outside"],
  ["convention", "M12 3v18M9 7H4v10h5M15 7l5 10h-5z"],
  ["header", "M6 3h9l4 4v14H6zM9 10h7M9 14h7M9 18h4"],
  undefined, // what follows stands at the right end
  ["save", "M4 7h4l2-3h4l2 3h4v12H4zM12 10a3 3 0 1 1 0 6 3 3 0 0 1 0-6"],
  ["fullScreen", "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M9 9L4 4M15 15l5 5"],
  ["help", "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M9.7 9.5a2.4 2.4 0 1 1 3.4 2.3c-.8.4-1.1.9-1.1 1.7M12 16.5v.1"],
];

export class Toolbar {
  // act: (action) -> nothing; offered: (action) -> whether it makes sense here
  constructor(labels, act, offered) {
    const nodes = [];
    this.buttons = [];
    for (const each of BUTTONS) {
      if (!each) nodes.push(make("span", { class: each === null ? "ho-separator" : "ho-gap" }));
      else if (offered(each[0])) nodes.push(this.button(labels, act, ...each));
    }
    this.element = make("div", { class: "ho-toolbar", role: "toolbar", "aria-label": labels.tools }, ...nodes);
    this.element.addEventListener("keydown", (event) => this.rove(event));
    this.element.addEventListener("focusin", (event) => this.hold(event.target));
    this.hold(this.buttons[0].node);
  }

  button(labels, act, action, path, state) {
    const node = make("button", {
      type: "button", class: "ho-button", "aria-label": labels.actions[action], title: withKeys(action, labels),
      "data-action": action, onclick: () => act(action),
    }, draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: path })));
    this.buttons.push({ action, state, node });
    return node;
  }

  rove(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const nodes = this.buttons.map((b) => b.node), now = nodes.indexOf(event.target);
    const to = step ? nodes.at((now + step) % nodes.length) : { Home: nodes[0], End: nodes.at(-1) }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
  }

  // The one button that Tab reaches is the one used last.
  hold(node) {
    for (const button of this.buttons) button.node.tabIndex = button.node === node ? 0 : -1;
  }

  // pressed: action or trait name -> boolean; an attribute is written only when it changed
  update(pressed) {
    for (const button of this.buttons) {
      const value = pressed[button.state ?? button.action];
      if (value === undefined || value === button.pressed) continue;
      button.pressed = value;
      button.node.setAttribute("aria-pressed", String(value));
    }
  }
}

const keysOf = (action, labels) =>
  Object.keys(KEYS).filter((key) => KEYS[key] === action).map((key) => labels.keys[key] ?? key);

function withKeys(action, labels) {
  const keys = keysOf(action, labels);
  return keys.length ? `${labels.actions[action]} (${keys.join(" ")})` : labels.actions[action];
}

// One row for each action: its keys and what it does.
export function helpDialog(labels) {
  const line = (action) => make("tr", {},
    make("td", {}, ...keysOf(action, labels).flatMap((k, n) => [n ? " " : "", make("kbd", { text: k })])),
    make("td", { text: labels.actions[action] }));
  const dialog = make("dialog", { class: "ho-help", "aria-label": labels.help_title },
    make("h2", { text: labels.help_title, tabindex: -1, autofocus: "" }),
    make("p", { text: labels.help_mouse }),
    make("table", {}, make("tbody", {}, ...[...new Set(Object.values(KEYS))].map(line))),
    make("button", { type: "button", class: "ho-close", text: labels.close, onclick: () => dialog.close() }));
  return dialog;
}

// A line of text for an arrow or a note on the picture; "" when the reader leaves.
export function textDialog(labels) {
  const input = make("input", { type: "text", maxlength: 80, "aria-label": labels.text_label });
  const form = make("form", { method: "dialog" }, make("label", { text: labels.text_label }), input,
    make("button", { class: "ho-close", text: labels.ok }));
  const dialog = make("dialog", { class: "ho-help", "aria-label": labels.text_label }, form);
  let answer = null, kept = "";
  form.addEventListener("submit", () => { kept = input.value.trim(); });
  dialog.addEventListener("close", () => answer?.(kept));
  return {
    element: dialog,
    ask(call) {
      [answer, kept, input.value] = [call, "", ""];
      dialog.showModal();
      input.focus();
    },
  };
}
