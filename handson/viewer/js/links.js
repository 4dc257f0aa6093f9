// Controls and models say the same: each link ties one trait of an ipywidget to one of ours, in the browser.
//
// A control writes to the model only after a hand was on it or Python set it: a slider that can show whole
// steps only must not round the window it is shown.
import { later } from "./sending.js";

const RECENT = 1000; // ms for which a key, a click or a drag counts as the hand's
let hand = { node: null, down: false, at: -Infinity };

let watching = false;

function watchHands() {
  if (watching) return;
  watching = true;
  const note = (down) => (event) => { hand = { node: event.target, down, at: performance.now() }; };
  document.addEventListener("pointerdown", note(true), true);
  document.addEventListener("pointerup", note(false), true);
  for (const event of ["keydown", "focusout", "change", "wheel"]) document.addEventListener(event, note(false), { capture: true, passive: true });
}

const byHand = (element) => element.contains(hand.node) && (hand.down || performance.now() - hand.at < RECENT);

// One pair: { control, key, model, trait }. Returns how to untie it.
export function tie({ control, key, model, trait }) {
  let busy = false;
  const toControl = () => {
    if (busy || same(control.get(key), model.get(trait))) return;
    busy = true;
    control.set(key, model.get(trait));
    busy = false;
    later(control, () => control.save_changes());
  };
  const toModel = (_model, _value, options) => {
    const view = options?.updated_view;
    if (busy || (view && view.el?.querySelector(".noUi-target") && !byHand(view.el))) return;
    busy = true;
    model.set(trait, control.get(key));
    busy = false;
    later(model, () => model.save_changes());
  };
  toControl();
  model.on(`change:${trait}`, toControl);
  control.on(`change:${key}`, toModel);
  return () => {
    model.off(`change:${trait}`, toControl);
    control.off(`change:${key}`, toModel);
  };
}

const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

// The control's own messages wait for the picture, too.
function sendLater(control) {
  if (control.handsonSends) return;
  const send = control.save_changes.bind(control);
  control.handsonSends = send;
  control.save_changes = (callbacks) => later(control, () => send(callbacks));
}

export async function tieAll(links, find) {
  watchHands();
  return Promise.all(links.map(async ({ control, key, model, trait }) => {
    const [one, other] = [await find(control), await find(model)];
    sendLater(one);
    return tie({ control: one, key, model: other, trait });
  }));
}
