// Which colour means what, on the picture: a bar for each map of values, a chip for each named label.
import { make } from "./dom.js";
import { fill, short } from "./text.js";
import { MARKS, isShown, labelColours } from "./window.js";

const BANDS = 48, MOST_CHIPS = 8;

const bandColour = (map, q) => `rgb(${map[3 * q]} ${map[3 * q + 1]} ${map[3 * q + 2]})`;

// A CSS gradient through the colour map, from the bottom (low) to the top (high); what a layer's threshold
// hides is grey. shown: (value) -> boolean
/** @param {(value: number) => boolean} shown */
export function gradient(map, [low, high], invert, shown = () => true) {
  const bands = Array.from({ length: BANDS }, (_, n) => {
    const part = (n + 0.5) / BANDS, q = Math.round(part * 255), value = low + part * (high - low);
    const colour = shown(value) ? bandColour(map, invert ? 255 - q : q) : "rgb(70 70 70)";
    return `${colour} ${((100 * n) / BANDS).toFixed(1)}% ${((100 * (n + 1)) / BANDS).toFixed(1)}%`;
  });
  return `linear-gradient(to top, ${bands.join(", ")})`;
}

// Where the threshold lies on the bar, [[value, part 0..1 from below], ...].
export function thresholdTicks([low, high], [from, to], twoSided) {
  const ends = twoSided ? [-to, -from, from, to] : [from, to];
  return ends.filter((v) => v > low && v < high).map((v) => [v, (v - low) / (high - low)]);
}

export class Bars {
  constructor(labels) {
    this.labels = labels;
  }

  // Rebuilt only when something in it changed: it is asked for on every picture.
  // layers: the base first; outside: counts of marked pixels, or null when they are not marked
  update(element, layers, outside) {
    const key = JSON.stringify([outside, layers.map(({ map, only, ...rest }) => [rest, only && [...only], map.byteOffset])]);
    if (key === this.key && element === this.element) return;
    this.key = key;
    this.element = element;
    const visible = layers.filter((l) => l.visible);
    const bars = visible.filter((l) => !l.labels).reverse().map((l) => this.bar(l));
    const chips = visible.filter((l) => l.labels).flatMap((l) => this.chips(l));
    element.replaceChildren(make("div", { class: "ho-cbars" }, ...bars),
      ...chips.slice(0, MOST_CHIPS), ...(chips.length > MOST_CHIPS ? [make("span", { class: "ho-chip-row", text: `+ ${chips.length - MOST_CHIPS}` })] : []),
      ...(outside ? this.marks(outside) : []));
  }

  // Said in words and numbers, not by colour alone.
  marks(outside) {
    return Object.keys(MARKS).map((kind) => {
      const percent = ((100 * outside[kind]) / outside.of).toFixed(1);
      return this.chip(`rgb(${MARKS[kind].join(" ")})`, fill(this.labels.marks[kind], { percent }));
    });
  }

  chip(colour, text) {
    const chip = make("span", { class: "ho-chip" });
    chip.style.background = colour;
    return make("span", { class: "ho-chip-row" }, make("span", { text }), chip);
  }

  bar(layer) {
    const [low, high] = layer.range, { unit: ofValues } = layer;
    const shown = layer.threshold ? (v) => isShown(v, layer.threshold, layer.two_sided) : undefined;
    const strip = make("span", { class: "ho-strip" });
    strip.style.background = gradient(layer.map, layer.range, layer.invert, shown);
    const ticks = layer.threshold ? thresholdTicks(layer.range, layer.threshold, layer.two_sided) : [];
    for (const [value, part] of ticks) {
      const tick = make("i", { class: "ho-tick" }, make("span", { text: part > 0.15 && part < 0.85 ? short(value) : "" }));
      tick.style.bottom = `${100 * part}%`;
      strip.append(tick);
    }
    const name = layer.caption || layer.name;
    return make("span", { class: "ho-cbar", title: name },
      make("span", { class: "ho-end", text: `${short(high)}${ofValues ? ` ${ofValues}` : ""}` }), strip,
      make("span", { class: "ho-end", text: short(low) }));
  }

  chips(layer) {
    const colour = labelColours(layer.map, layer.palette), shown = layer.only;
    return Object.entries(layer.names).filter(([value]) => !shown || shown.has(Number(value)))
      .map(([value, name]) => this.chip(`rgb(${colour(Number(value)).join(" ")})`, layer.mask ? name : `${value} ${name}`));
  }
}
