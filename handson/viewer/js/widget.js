// The notebook's entry: anywidget calls render for every view of the canvas.
import LABELS from "../../display/labels.json" with { type: "json" };
import { nameControls } from "./names.js";
import { forget } from "./transport.js";
import { View } from "./view.js";

const reference = (text) => text.slice("IPY_MODEL_".length);

async function render({ model, el }) {
  const find = (text) => model.widget_manager.get_model(reference(text));
  const layers = await Promise.all(model.get("layers").map(async (text) => {
    const layer = await find(text);
    return { model: layer, source: await find(layer.get("source")) };
  }));
  const view = new View({ model, layers, labels: LABELS, element: el });
  const naming = nameControls(el);
  return () => {
    naming.stop();
    view.remove();
  };
}

function initialize({ model }) {
  model.on("destroy", forget);
}

export default { initialize, render };
