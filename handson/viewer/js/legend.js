// Which colour means what: a bar for a map, a chip for each named label.
import { make } from "./dom.js";
import { fill, short } from "./text.js";
import { MARKS, labelColours } from "./window.js";

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
  // outside: counts of marked pixels, or null when they are not marked
  update(layers, outside) {
    const key = JSON.stringify([outside, layers.map(({ map, only, ...rest }) => [rest, only && [...only], map.byteOffset])]);
    if (key === this.key) return;
    this.key = key;
    const legends = layers.filter((l) => l.visible).map((l) => (l.labels ? this.chips(l) : this.bar(l)));
    this.element.replaceChildren(...legends, ...(outside ? [this.marks(outside)] : []));
  }

  // Said in words and numbers, not by colour alone.
  marks(outside) {
    const chips = Object.keys(MARKS).map((kind) => {
      const percent = ((100 * outside[kind]) / outside.of).toFixed(1);
      return this.chip(`rgb(${MARKS[kind].join(" ")})`, fill(this.labels.marks[kind], { percent }));
    });
    return make("span", { class: "ho-legend" }, ...chips);
  }

  chip(colour, text) {
    const chip = make("span", { class: "ho-chip" });
    chip.style.background = colour;
    return make("span", { class: "ho-legend" }, chip, make("span", { text }));
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
    const colour = labelColours(layer.map, layer.palette), shown = layer.only;
    const chips = Object.entries(layer.names).filter(([value]) => !shown || shown.has(Number(value)))
      .slice(0, MOST_LABELS).map(([value, name]) => this.chip(`rgb(${colour(Number(value)).join(" ")})`, `${value} ${name}`));
    return make("span", { class: "ho-legend" }, make("span", { text: layer.name }), ...chips);
  }
}
