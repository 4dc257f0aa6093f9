// Which colour means what: a bar for a map, a chip for each named label.
import { make } from "./dom.js";
import { fill, short } from "./text.js";
import { labelPosition } from "./window.js";

const STOPS = 16, MOST_LABELS = 30;

const rgb = (map, q) => `rgb(${map[3 * q]} ${map[3 * q + 1]} ${map[3 * q + 2]})`;

// A CSS gradient through the colour map, left to right.
export function gradient(map, invert) {
  const stops = Array.from({ length: STOPS }, (_, n) => Math.round((n * 255) / (STOPS - 1)));
  return `linear-gradient(to right, ${stops.map((q) => rgb(map, invert ? 255 - q : q)).join(", ")})`;
}

export class Legends {
  constructor(labels) {
    this.labels = labels;
    this.element = make("div", { class: "ho-legends" });
  }

  // Rebuilt only when something in it changed: it is asked for on every picture.
  update(layers) {
    const key = JSON.stringify(layers.map(({ map, ...rest }) => [rest, map.byteOffset]));
    if (key === this.key) return;
    this.key = key;
    this.element.replaceChildren(...layers.filter((l) => l.visible).map((l) => (l.labels ? this.chips(l) : this.bar(l))));
  }

  bar(layer) {
    const [low, high] = layer.range, threshold = layer.threshold.map(short);
    const swatch = make("span", { class: "ho-swatch" });
    swatch.style.background = gradient(layer.map, layer.invert);
    const shown = fill(layer.two_sided ? this.labels.legend_two_sided : this.labels.legend_shown,
      { low: threshold[0], high: threshold[1], unit: layer.unit });
    return make("span", { class: "ho-legend" }, make("span", { text: `${layer.name} ${short(low)}` }), swatch,
      make("span", { text: `${short(high)} ${layer.unit}` }), make("span", { text: shown }));
  }

  chips(layer) {
    const chips = Object.entries(layer.names).slice(0, MOST_LABELS).map(([value, name]) => {
      const chip = make("span", { class: "ho-chip" });
      chip.style.background = rgb(layer.map, labelPosition(Number(value)));
      return make("span", { class: "ho-legend" }, chip, make("span", { text: `${value} ${name}` }));
    });
    return make("span", { class: "ho-legend" }, make("span", { text: layer.name }), ...chips);
  }
}
