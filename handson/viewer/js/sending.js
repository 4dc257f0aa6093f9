// Python hears after the picture: what the hand changes is drawn first and sent later, the first message
// just after the next frame, then at most one every 150 ms, and always one at the end.

const PAUSE = 150, AFTER_FRAME = 20;
const waiting = new Map(); // model -> its own way to send, not yet used
let timer = null, last = 0;

// send: () -> nothing; sends everything that changed in the model since it last did
export function later(model, send) {
  waiting.set(model, send);
  if (timer !== null) return;
  timer = 0;
  if (document.hidden) timer = setTimeout(flush, AFTER_FRAME); // no frame will come
  else requestAnimationFrame(() => {
    if (timer === 0) timer = setTimeout(flush, Math.max(AFTER_FRAME, last + PAUSE - performance.now()));
  });
}

export function flush() {
  clearTimeout(timer);
  timer = null;
  last = performance.now();
  const sends = [...waiting.values()];
  waiting.clear();
  for (const send of sends) send();
}

// Nothing may wait when the hand rests, the reader leaves, or a cell is about to run.
export function flushOnRest(element) {
  const soon = () => { if (waiting.size) flush(); };
  const run = (event) => { if (event.key === "Enter") soon(); };
  element.addEventListener("pointerup", soon);
  document.addEventListener("keydown", run, true);
  window.addEventListener("blur", soon);
  document.addEventListener("pointerdown", soon, true);
  return () => {
    soon();
    document.removeEventListener("keydown", run, true);
    window.removeEventListener("blur", soon);
    document.removeEventListener("pointerdown", soon, true);
  };
}
