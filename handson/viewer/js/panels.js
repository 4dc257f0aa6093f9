// What stands below the pictures: the two plots.
import { draw, make, place } from "./dom.js";
import { barPath, linePath, rampPath } from "./plots.js";
import { fill, mm } from "./text.js";

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

export class CurvePanel {
  constructor(labels) {
    this.labels = labels;
    this.point = draw("path", { class: "ho-curve" });
    this.mean = draw("path", { class: "ho-curve ho-mean" });
    this.now = draw("line", { class: "ho-now", y1: 0, y2: HEIGHT });
    this.svg = draw("svg", { class: "ho-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, this.point, this.mean, this.now);
    this.text = make("span", { class: "ho-axis" });
    this.element = make("div", { class: "ho-panel" }, this.svg, this.text);
  }

  // point, mean: values per frame (mean null without a region)
  update({ point, mean, time, seconds, format }) {
    const known = [...point, ...(mean ?? [])].filter(Number.isFinite);
    const limits = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    place(this.point, { d: linePath(point, limits, WIDTH, HEIGHT) });
    place(this.mean, { d: mean ? linePath(mean, limits, WIDTH, HEIGHT) : "" });
    const x = point.length > 1 ? (time / (point.length - 1)) * WIDTH : 0;
    place(this.now, { x1: x, x2: x });
    const words = {
      low: format(limits[0]), high: format(limits[1]), n: time + 1, count: point.length,
      value: format(point[time]), mean: mean ? format(mean[time]) : "",
      seconds: seconds === null ? "" : fill(this.labels.seconds, { s: mm(seconds) }),
    };
    this.text.textContent = fill(mean ? this.labels.curve_mean_text : this.labels.curve_text, words);
    this.svg.setAttribute("aria-label", this.text.textContent);
  }
}

