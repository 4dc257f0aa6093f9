// Hands: keys, mouse and touch on a pane become calls on Hands. Nothing is drawn here.

// key -> action name; shown in the help overlay in this order.
export const KEYS = {
  ArrowUp: "next", ArrowRight: "next", ArrowDown: "previous", ArrowLeft: "previous",
  PageUp: "next10", PageDown: "previous10", Home: "first", End: "last",
  "Shift+ArrowLeft": "left", "Shift+ArrowRight": "right", "Shift+ArrowUp": "up", "Shift+ArrowDown": "down",
  "]": "wider", "[": "narrower", "}": "brighter", "{": "darker",
  "+": "zoomIn", "=": "zoomIn", "-": "zoomOut", 0: "resetView",
  "Alt+ArrowLeft": "panLeft", "Alt+ArrowRight": "panRight", "Alt+ArrowUp": "panUp", "Alt+ArrowDown": "panDown",
  ".": "later", ",": "earlier",
  c: "convention", x: "crosshair", s: "smooth", o: "outside", h: "histogram", m: "montage",
  r: "ruler", b: "region", p: "brush", e: "eraser", "<": "smaller", ">": "larger", Escape: "clear", f: "fullScreen", "?": "help",
};

export function actionOf(event) {
  if (event.ctrlKey || event.metaKey) return undefined; // the browser's and Lab's own
  const arrow = event.key.startsWith("Arrow");
  const prefix = event.altKey ? "Alt+" : event.shiftKey && arrow ? "Shift+" : "";
  return KEYS[prefix + event.key];
}

const CLICK = 4; // CSS pixels a pointer may move and still click

export function listen(pane, hands) {
  const canvas = pane.canvas, pointers = new Map();
  let start = null, pinch = null, travelled = 0;

  canvas.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    hands.act(action, pane);
  });

  let notches = 0;
  canvas.addEventListener("wheel", (event) => {
    if (event.ctrlKey) {
      event.preventDefault();
      hands.zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
      return;
    }
    // A touch pad sends many small deltas: one slice for each 40 pixels; a mouse notch is one.
    notches += event.deltaMode ? event.deltaY * 40 : event.deltaY;
    const steps = Math.abs(event.deltaY) >= 50 ? -Math.sign(event.deltaY) : -Math.trunc(notches / 40);
    if (steps) notches = 0;
    // At either end the page may scroll on.
    if (!steps || hands.scroll(pane, steps)) event.preventDefault();
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    pointers.set(event.pointerId, event);
    start = event;
    travelled = 0;
    if (pointers.size === 2) pinch = spread(pointers);
    else hands.press(pane, pane.fromEvent(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      hands.hover(pane, pane.fromEvent(event));
      return;
    }
    pointers.set(event.pointerId, event);
    if (pointers.size === 2) {
      const now = spread(pointers);
      hands.zoomBy(now / pinch);
      pinch = now;
      travelled = CLICK + 1;
      return;
    }
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    travelled = Math.max(travelled, Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY));
    if (travelled > CLICK) hands.drag(pane, pane.fromEvent(event), dx, dy, event.pointerType === "touch");
  });

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && travelled <= CLICK) hands.click(pane, pane.fromEvent(event));
    hands.release(pane);
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => hands.hover(pane, null));
  canvas.addEventListener("dblclick", () => hands.act("resetView", pane));
}

function spread(pointers) {
  const [a, b] = [...pointers.values()];
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
