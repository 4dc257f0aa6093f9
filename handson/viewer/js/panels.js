// What stands below the pictures: the two plots.
import { draw, make, place } from "./dom.js";
import { barPath, linePath, percentChange, rampPath, ticks } from "./plots.js";
import { fill, short } from "./text.js";

const WIDTH = 320, HEIGHT = 64;

export class HistogramPanel {
  // pick: ([low, high]) -> nothing, when the ramp is dragged
  constructor(labels, pick) {
    this.labels = labels;
    this.bars = draw("path", { class: "ho-bars" });
    this.ramp = draw("path", { class: "ho-ramp" });
    this.svg = draw("svg", { class: "ho-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, this.bars, this.ramp);
    this.text = make("span", { class: "ho-axis" });
    this.element = make("div", { class: "ho-panel" }, this.svg, this.text);
    this.svg.addEventListener("pointermove", (event) => {
      if (event.buttons) pick(this.grab(event));
    });
  }

  // The edge of the window nearer to the pointer goes to it.
  grab(event) {
    const box = this.svg.getBoundingClientRect();
    const [least, most] = this.limits, [low, high] = this.range;
    const value = least + ((event.clientX - box.left) / box.width) * (most - least);
    return Math.abs(value - low) < Math.abs(value - high)
      ? [Math.min(value, high), high] : [low, Math.max(value, low)];
  }

  update({ counts, limits, range, unit, format }) {
    Object.assign(this, { limits, range });
    if (counts) place(this.bars, { d: barPath(Array.from(counts), WIDTH, HEIGHT) });
    place(this.ramp, { d: rampPath(range, limits, WIDTH, HEIGHT) });
    const words = { low: format(range[0]), high: format(range[1]), least: format(limits[0]), most: format(limits[1]), unit };
    this.text.textContent = fill(this.labels.histogram_text, words);
    this.svg.setAttribute("aria-label", this.text.textContent);
  }
}

// Room for the axes beside and below the curves, in the units of the drawing.
const LEFT = 46, RIGHT = 8, TOP = 16, BOTTOM = 30;
const WIDE = 360, HIGH = 84;

export class CurvePanel {
  // pick: (volume) -> nothing, when the curve is clicked or dragged over
  constructor(labels, pick) {
    this.labels = labels;
    this.bars = draw("g");
    this.axes = draw("g", { class: "ho-axes" });
    this.lines = ["ho-curve", "ho-curve ho-mean", "ho-curve ho-painted"].map((name) => draw("path", { class: name }));
    this.now = draw("line", { class: "ho-now", y1: 0, y2: HIGH });
    const inner = draw("g", { transform: `translate(${LEFT} ${TOP})` }, this.bars, this.axes, ...this.lines, this.now);
    this.svg = draw("svg", { class: "ho-plot ho-curves", role: "img",
      viewBox: `0 0 ${LEFT + WIDE + RIGHT} ${TOP + HIGH + BOTTOM}` }, inner);
    this.text = make("span", { class: "ho-axis" });
    this.element = make("div", { class: "ho-panel" }, this.svg, this.text);
    const go = (event) => { if (event.buttons) pick(this.volumeAt(event)); };
    this.svg.addEventListener("pointerdown", go);
    this.svg.addEventListener("pointermove", go);
  }

  volumeAt(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * (LEFT + WIDE + RIGHT) - LEFT;
    const away = this.at.map((_, n) => Math.abs(this.x(n) - x));
    return away.indexOf(Math.min(...away));
  }

  // Where volume n stands, and where a moment in seconds does.
  x(n) {
    return this.xOf(this.at[n]);
  }

  xOf(moment) {
    const [first] = this.at, span = this.at.at(-1) - first || 1;
    return Math.min(Math.max((moment - first) / span, 0), 1) * WIDE;
  }

  // lines: values per volume of voxel, region and painting, null where nothing is drawn
  // moment: volume and second of `time`, in words; seconds: when each volume begins, null when nobody says
  // events: [onset, duration, name] in s; format: a value as text
  update({ lines, time, moment, seconds, events, percent, unit, format }) {
    const drawn = lines.map((values) => values && (percent ? percentChange(values) : values));
    const known = drawn.flatMap((values) => values ?? []).filter(Number.isFinite);
    const limits = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    this.at = seconds ?? lines[0].map((_, n) => n + 1);
    const across = this.at.map((_, n) => this.x(n));
    this.lines.forEach((path, n) => place(path, { d: drawn[n] ? linePath(drawn[n], limits, WIDE, HIGH, across) : "" }));
    place(this.now, { x1: this.x(time), x2: this.x(time) });
    this.drawAxes(limits.map(format), seconds);
    this.bars.replaceChildren(...this.barsOf(events));
    const last = percent ? " %" : unit && ` ${unit}`, { measured } = this.labels;
    const say = [this.labels.curve_voxel, ...[measured.region, measured.painted].map((what) =>
      fill(this.labels.curve_mean, { what, value: "{value}" }))];
    const values = say.flatMap((words, n) => (drawn[n] ? [fill(words, { value: format(drawn[n][time]) + last })] : []));
    this.text.textContent = fill(this.labels.curve_text, { moment, values: values.join(", ") });
    this.svg.setAttribute("aria-label", this.text.textContent);
  }

  drawAxes([low, high], seconds) {
    const word = (x, y, text, anchor) => draw("text", { x, y, "text-anchor": anchor, text });
    const marks = ticks(this.at[0], this.at.at(-1)).flatMap((moment) => {
      const x = this.xOf(moment);
      return [draw("path", { d: `M${x} ${HIGH}v4` }), word(x, HIGH + 14, short(moment), "middle")];
    });
    this.axes.replaceChildren(draw("path", { d: `M0 0V${HIGH}H${WIDE}` }), ...marks,
      word(-4, 8, high, "end"), word(-4, HIGH, low, "end"),
      word(WIDE / 2, HIGH + 27, seconds === null ? this.labels.curve_volumes : this.labels.curve_seconds, "middle"));
  }

  // A bar for each event; the first of each name says it.
  barsOf(events) {
    const names = [...new Set(events.map(([, , name]) => name))];
    return events.flatMap(([onset, duration, name], n) => {
      const x = this.xOf(onset), width = Math.max(this.xOf(onset + duration) - x, 0.5);
      const kind = `ho-event ho-event-${names.indexOf(name) % 4}`;
      const bar = draw("rect", { class: kind, x, y: 0, width, height: HIGH });
      const first = events.findIndex((event) => event[2] === name) === n;
      return first ? [bar, draw("text", { x, y: -4, text: name })] : [bar];
    });
  }
}
