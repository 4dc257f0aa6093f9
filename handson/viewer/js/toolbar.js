// Buttons and the help overlay. Every function of the mouse has a button or a key here.
import { make } from "./dom.js";
import { KEYS } from "./input.js";

// Action and, for a switch, the trait that says whether it is on.
const BUTTONS = [
  ["crosshair", "show_crosshair"], ["smooth", "smooth"], ["outside", "outside"],
  ["ruler"], ["region"], ["brush"], ["eraser"], ["clear"], ["histogram", "histogram"], ["montage", "montage"],
  ["zoomOut"], ["zoomIn"], ["resetView"], ["fullScreen"], ["help"],
];

export class Toolbar {
  constructor(labels, act) {
    this.buttons = BUTTONS.map(([action, state]) => ({
      action, state,
      node: make("button", {
        type: "button", class: "ho-button", text: labels.buttons[action],
        "aria-label": `${labels.buttons[action]}: ${labels.actions[action]}`, title: withKeys(action, labels), onclick: () => act(action),
      }),
    }));
    this.element = make("div", { class: "ho-toolbar", role: "toolbar", "aria-label": labels.tools },
      ...this.buttons.map((b) => b.node));
  }

  // pressed: action or trait name -> boolean
  update(pressed) {
    for (const { action, state, node } of this.buttons) {
      const value = state ? pressed[state] : pressed[action];
      if (value !== undefined) node.setAttribute("aria-pressed", String(Boolean(value)));
    }
  }
}

const keysOf = (action, labels) =>
  Object.keys(KEYS).filter((key) => KEYS[key] === action).map((key) => labels.keys[key] ?? key);
const withKeys = (action, labels) => `${labels.actions[action]} (${keysOf(action, labels).join(" ")})`;

// One row for each action: its keys and what it does.
export function helpDialog(labels) {
  const line = (action) => make("tr", {},
    make("td", {}, ...keysOf(action, labels).flatMap((k, n) => [n ? " " : "", make("kbd", { text: k })])),
    make("td", { text: labels.actions[action] }));
  const dialog = make("dialog", { class: "ho-help", "aria-label": labels.help_title },
    make("h2", { text: labels.help_title, tabindex: -1, autofocus: "" }),
    make("table", {}, make("tbody", {}, ...[...new Set(Object.values(KEYS))].map(line))),
    make("p", { text: labels.help_mouse }),
    make("button", { type: "button", class: "ho-button", text: labels.close, onclick: () => dialog.close() }));
  // Keys in the help are the help's: Lab would take them for commands on the cell.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  return dialog;
}
