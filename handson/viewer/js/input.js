// Hands: keys, mouse and touch on a pane become calls on Hands. Nothing is drawn here.

// key -> action name; shown in the help overlay in this order.
export const KEYS = {
  ArrowUp: "next", ArrowRight: "next", ArrowDown: "previous", ArrowLeft: "previous",
  PageUp: "next10", PageDown: "previous10", Home: "first", End: "last",
  "Shift+ArrowLeft": "left", "Shift+ArrowRight": "right", "Shift+ArrowUp": "up", "Shift+ArrowDown": "down",
  "]": "wider", "[": "narrower", "}": "brighter", "{": "darker", w: "window",
  "+": "zoomIn", "=": "zoomIn", "-": "zoomOut", 0: "resetView",
  "Alt+ArrowLeft": "panLeft", "Alt+ArrowRight": "panRight", "Alt+ArrowUp": "panUp", "Alt+ArrowDown": "panDown",
  ".": "later", ",": "earlier", k: "play",
  c: "convention", x: "crosshair", s: "smooth", o: "outside", h: "histogram", i: "header", m: "montage", l: "layout", t: "slab",
  "(": "tiltLeft", ")": "tiltRight",
  r: "ruler", a: "angle", b: "region", v: "ellipse", d: "freehand", n: "arrow", j: "text", Enter: "nextPoint",
  p: "brush", e: "eraser", "<": "smaller", ">": "larger",
  "Ctrl+z": "undo", "Ctrl+y": "redo", Delete: "remove", Backspace: "remove", "Shift+Delete": "clear",
  Escape: "escape", f: "fullScreen", "?": "help",
};
// Whose keys with Ctrl or Command are ours: undo and redo. All others are the browser's and Lab's own.
const CONTROL = { z: "Ctrl+z", Z: "Ctrl+y", y: "Ctrl+y" };

export function actionOf(event) {
  if (event.ctrlKey || event.metaKey) return KEYS[CONTROL[event.key]];
  if (event.key === "Enter" && event.shiftKey) return undefined; // runs the cell
  const named = event.key.length > 1;
  const prefix = event.altKey ? "Alt+" : event.shiftKey && named ? "Shift+" : "";
  return KEYS[prefix + event.key] ?? KEYS[prefix + event.key.toLowerCase()];
}

// Keys pressed anywhere in the viewer stay in it: Lab would take `x` on a button for "cut the cell". What
// Lab must still hear are Ctrl and Command combinations and Shift+Enter. Lab listens at the document when an
// event comes up from its target, Notebook before it goes down: for Notebook the target itself is marked first.
const MARK = "data-lm-suppress-shortcuts"; // Lumino's
const isOurs = (event) => !event.ctrlKey && !event.metaKey && !(event.key === "Enter" && event.shiftKey);

export function keepKeys(element) {
  const mark = (event) => { if (element.contains(event.target)) event.target.toggleAttribute(MARK, isOurs(event)); };
  const keep = (event) => { if (isOurs(event)) event.stopPropagation(); };
  window.addEventListener("keydown", mark, true);
  element.addEventListener("keydown", keep);
  return () => {
    window.removeEventListener("keydown", mark, true);
    element.removeEventListener("keydown", keep);
  };
}

const CLICK = 4; // CSS pixels a pointer may move and still click
const HINT = 1500; // ms that a word about the wheel stays

export function listen(pane, hands) {
  const { canvas, element } = pane, pointers = new Map();
  let start = null, pinch = null, travelled = 0;
  const facts = (event, more) => {
    const at = pane.inFrame(event);
    return { at, point: pane.fromFrame(at), touch: event.pointerType === "touch", ...more };
  };

  canvas.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      hands.space = true;
      event.preventDefault();
      return;
    }
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    hands.act(action, pane);
  });
  canvas.addEventListener("keyup", (event) => { if (event.key === " ") hands.space = false; });
  canvas.addEventListener("blur", () => { hands.space = false; });

  // The wheel is the page's until the viewer is meant: clicked or reached by Tab. Then it is the viewer's
  // to the end of the stack and beyond.
  let notches = 0, hint = null;
  element.addEventListener("wheel", (event) => {
    if (event.target.closest(".ho-panel")) return;
    if (event.ctrlKey) {
      event.preventDefault();
      hands.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15, pane, pane.inFrame(event));
      return;
    }
    if (!hands.view.isMeant()) {
      pane.hint.hidden = false;
      clearTimeout(hint);
      hint = setTimeout(() => { pane.hint.hidden = true; }, HINT);
      return;
    }
    event.preventDefault();
    // A touch pad sends many small deltas: one slice for each 40 pixels; a mouse notch is one.
    notches += event.deltaMode ? event.deltaY * 40 : event.deltaY;
    const steps = Math.abs(event.deltaY) >= 50 ? -Math.sign(event.deltaY) : -Math.trunc(notches / 40);
    if (!steps) return;
    notches = 0;
    hands.scroll(pane, steps);
  }, { passive: false });

  element.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button, input, a")) return;
    canvas.focus({ preventScroll: true });
    pane.hint.hidden = true;
    if (event.button > 1) return; // the right button is the browser's
    event.preventDefault();       // no text is selected, no middle-click scrolling begins
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    start = event;
    travelled = 0;
    if (pointers.size === 2) pinch = spread(pointers);
    else hands.press(pane, facts(event, { middle: event.button === 1 }));
  });

  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      hands.hover(pane, pane.fromFrame(pane.inFrame(event)));
      return;
    }
    if (pointers.size === 2) {
      const middle = (list) => ["clientX", "clientY"].map((side) => list.reduce((sum, e) => sum + e[side], 0) / 2);
      const was = middle([...pointers.values()]);
      pointers.set(event.pointerId, event);
      const now = spread(pointers), [x, y] = middle([...pointers.values()]);
      hands.zoomBy(now / pinch, pane, pane.inFrame({ clientX: x, clientY: y }));
      hands.panBy(pane, x - was[0], y - was[1]);
      pinch = now;
      travelled = CLICK + 1;
      return;
    }
    pointers.set(event.pointerId, event);
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    travelled = Math.max(travelled, Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY));
    if (travelled > CLICK) hands.drag(pane, facts(event, { dx, dy }));
    if (event.pointerType === "mouse") hands.hover(pane, pane.fromFrame(pane.inFrame(event)));
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && travelled <= CLICK && event.button === 0) {
      const { at, point } = facts(event);
      hands.click(pane, point, at);
    }
    hands.release(pane);
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("pointerleave", () => hands.hover(pane, null));
  element.addEventListener("dblclick", () => { if (hands.tool === "window") hands.act("resetAll", pane); });
}

function spread(pointers) {
  const [a, b] = [...pointers.values()];
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
