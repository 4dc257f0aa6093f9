// The notebook's entry: anywidget calls initialize for the canvas's model, render for every view of it.
import { labelsFor } from "./labels.js";
import { tieAll } from "./links.js";
import { nameControls } from "./names.js";
import { forget } from "./transport.js";
import { View } from "./view.js";

const reference = (text) => text.slice("IPY_MODEL_".length);
const finder = (model) => (text) => model.widget_manager.get_model(reference(text));

async function render({ model, el }) {
  const find = finder(model), labels = labelsFor(model.get("language"));
  const layers = await Promise.all(model.get("layers").map(async (text) => {
    const layer = await find(text);
    return { model: layer, source: await find(layer.get("source")) };
  }));
  const view = new View({ model, layers, labels, element: el });
  const naming = nameControls(el, labels);
  return () => {
    naming.stop();
    view.remove();
  };
}

// The controls are named only once they are made, a moment after the canvas.
function initialize({ model }) {
  let untie = [];
  const tieAgain = async () => {
    for (const each of untie) each();
    untie = await tieAll(model.get("links"), finder(model));
  };
  model.on("change:links", tieAgain);
  model.on("destroy", () => {
    for (const each of untie) each();
    forget(model);
  });
  return tieAgain();
}

export default { initialize, render };
