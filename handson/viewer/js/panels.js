// The fourth pane: histogram, time course, labels, marks, header, turning MIP, each under a tab.
import { draw, make, place, show } from "./dom.js";
import { project } from "./mip.js";
import { directionLetters } from "./oblique.js";
import { barPath, linePath, percentChange, rampPath, ticks } from "./plots.js";
import { fill, short } from "./text.js";

const WIDTH = 320, HEIGHT = 64;

export class HistogramPanel {
  // pick: ([low, high]) -> nothing, when the ramp is dragged
  constructor(labels, pick) {
    this.labels = labels;
    this.bars = draw("path", { class: "ho-bars" });
    this.ramp = draw("path", { class: "ho-ramp" });
    this.svg = draw("svg", { class: "ho-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, this.bars, this.ramp);
    this.text = make("span", { class: "ho-axis" });
    this.element = make("div", { class: "ho-plot-box" }, this.svg, this.text);
    this.svg.addEventListener("pointerdown", (event) => {
      this.svg.setPointerCapture(event.pointerId);
      this.held = this.nearerEnd(event);
    });
    this.svg.addEventListener("pointermove", (event) => { if (event.buttons) pick(this.moved(event)); });
  }

  valueUnder(event) {
    const box = this.svg.getBoundingClientRect(), [least, most] = this.limits;
    return least + ((event.clientX - box.left) / box.width) * (most - least);
  }

  nearerEnd(event) {
    const value = this.valueUnder(event), [low, high] = this.range;
    return Math.abs(value - low) < Math.abs(value - high) ? 0 : 1;
  }

  // The end of the window that was taken goes to the pointer, and never past the other one.
  moved(event) {
    const value = this.whole ? Math.round(this.valueUnder(event)) : this.valueUnder(event), [low, high] = this.range;
    return this.held === 0 ? [Math.min(value, high), high] : [low, Math.max(value, low)];
  }

  update({ counts, limits, range, unit, format, whole }) {
    this.limits = limits;
    this.range = range;
    this.whole = whole;
    if (counts !== this.counts) place(this.bars, { d: barPath(Array.from(counts), WIDTH, HEIGHT) });
    this.counts = counts;
    place(this.ramp, { d: rampPath(range, limits, WIDTH, HEIGHT) });
    const words = { low: format(range[0]), high: format(range[1]), least: format(limits[0]), most: format(limits[1]), unit };
    this.text.textContent = fill(this.labels.histogram_text, words);
    this.svg.setAttribute("aria-label", this.text.textContent);
  }
}

// Room for the axes beside and below the curves, and the least room for these, in CSS pixels.
const LEFT = 46, RIGHT = 8, TOP = 16, BOTTOM = 30;
const WIDE = 120, HIGH = 40;

export class CurvePanel {
  // pick: (volume) -> nothing, when the curve is clicked or dragged over
  constructor(labels, pick) {
    this.labels = labels;
    this.bars = draw("g");
    this.axes = draw("g", { class: "ho-axes" });
    this.lines = ["ho-curve", "ho-curve ho-mean", "ho-curve ho-painted"].map((name) => draw("path", { class: name }));
    this.now = draw("line", { class: "ho-now", y1: 0 });
    const inner = draw("g", { transform: `translate(${LEFT} ${TOP})` }, this.bars, this.axes, ...this.lines, this.now);
    this.svg = draw("svg", { class: "ho-plot ho-curves", role: "img" }, inner);
    this.text = make("span", { class: "ho-axis" });
    this.element = make("div", { class: "ho-plot-box" }, this.svg, this.text);
    const go = (event) => { if (event.buttons) pick(this.volumeAt(event)); };
    this.svg.addEventListener("pointerdown", go);
    this.svg.addEventListener("pointermove", go);
  }

  // A unit of the drawing is a CSS pixel, so that letters have one size in any panel.
  fit() {
    const { width, height } = this.svg.getBoundingClientRect();
    this.wide = Math.max(width - LEFT - RIGHT, WIDE);
    this.high = Math.max(height - TOP - BOTTOM, HIGH);
    place(this.svg, { viewBox: `0 0 ${LEFT + this.wide + RIGHT} ${TOP + this.high + BOTTOM}`, preserveAspectRatio: "none" });
  }

  volumeAt(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * (LEFT + this.wide + RIGHT) - LEFT;
    const away = this.at.map((_, n) => Math.abs(this.x(n) - x));
    return away.indexOf(Math.min(...away));
  }

  // Where volume n stands, and where a moment in seconds does.
  x(n) {
    return this.xOf(this.at[n]);
  }

  xOf(moment) {
    const [first] = this.at, span = this.at.at(-1) - first || 1;
    return Math.min(Math.max((moment - first) / span, 0), 1) * this.wide;
  }

  // lines: values per volume of voxel, region and painting, null where nothing is drawn
  // moment: volume and second of `time`, in words; seconds: when each volume begins, null when nobody says
  // events: [onset, duration, name] in s; format: a value as text
  update({ lines, time, moment, seconds, events, percent, unit, format }) {
    const drawn = lines.map((values) => values && (percent ? percentChange(values) : values));
    const known = drawn.flatMap((values) => values ?? []).filter(Number.isFinite);
    const limits = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    this.fit();
    this.at = seconds ?? lines[0].map((_, n) => n + 1);
    const across = this.at.map((_, n) => this.x(n));
    this.lines.forEach((path, n) => place(path, { d: drawn[n] ? linePath(drawn[n], limits, this.wide, this.high, across) : "" }));
    place(this.now, { x1: this.x(time), x2: this.x(time), y2: this.high });
    this.drawAxes(limits.map(format), seconds);
    this.bars.replaceChildren(...this.barsOf(events));
    const last = percent ? " %" : unit && ` ${unit}`, { measured } = this.labels;
    const say = [this.labels.curve_voxel, ...[measured.region, measured.painted].map((what) =>
      fill(this.labels.curve_mean, { what, value: "{value}" }))];
    const values = say.flatMap((words, n) => (drawn[n] ? [fill(words, { value: format(drawn[n][time]) + last })] : []));
    this.text.textContent = fill(this.labels.curve_text, { moment, values: values.join(", ") });
    this.svg.setAttribute("aria-label", this.text.textContent);
  }

  /** @param {string[]} ends */
  drawAxes([low, high], seconds) {
    const word = (x, y, text, anchor) => draw("text", { x, y, "text-anchor": anchor, text });
    const marks = ticks(this.at[0], this.at.at(-1)).flatMap((moment) => {
      const x = this.xOf(moment);
      return [draw("path", { d: `M${x} ${this.high}v4` }), word(x, this.high + 14, short(moment), "middle")];
    });
    this.axes.replaceChildren(draw("path", { d: `M0 0V${this.high}H${this.wide}` }), ...marks,
      word(-4, 8, high, "end"), word(-4, this.high, low, "end"),
      word(this.wide / 2, this.high + 27, seconds === null ? this.labels.curve_volumes : this.labels.curve_seconds, "middle"));
  }

  // A bar for each event; the first of each name says it.
  barsOf(events) {
    const names = [...new Set(events.map(([, , name]) => name))];
    return events.flatMap(([onset, duration, name], n) => {
      const x = this.xOf(onset), width = Math.max(this.xOf(onset + duration) - x, 0.5);
      const kind = `ho-event ho-event-${names.indexOf(name) % 4}`;
      const bar = draw("rect", { class: kind, x, y: 0, width, height: this.high });
      const first = events.findIndex((event) => event[2] === name) === n;
      return first ? [bar, draw("text", { x, y: -4, text: name })] : [bar];
    });
  }
}

// Every mark with its numbers; click to go there, a button to delete it.
export class MarksPanel {
  constructor(labels, { go, remove, clear }) {
    this.labels = labels;
    this.go = go;
    this.remove = remove;
    this.list = make("ul", { class: "ho-list" });
    this.none = make("p", { text: labels.no_marks });
    this.all = make("button", { type: "button", class: "ho-close", text: labels.actions.clear, onclick: clear });
    this.element = make("div", { class: "ho-scroll", tabindex: 0, role: "group", "aria-label": labels.tabs.marks }, this.none, this.list, this.all);
  }

  update(rows) {
    const key = JSON.stringify(rows);
    if (key === this.key) return;
    this.key = key;
    show(this.none, rows.length === 0);
    show(this.all, rows.length > 0);
    this.list.replaceChildren(...rows.map(({ id, text }) => make("li", {},
      make("button", { type: "button", class: "ho-link", text, onclick: () => this.go(id) }),
      make("button", { type: "button", class: "ho-link", text: "×", "aria-label": fill(this.labels.delete_mark, { what: text }), onclick: () => this.remove(id) }))));
  }
}

// The labels of every label map: colour, value, name, and whether it is drawn.
export class LabelsPanel {
  // pick: (layer number, label values shown or null for all) -> nothing
  constructor(labels, pick) {
    this.pick = pick;
    this.element = make("div", { class: "ho-scroll", tabindex: 0, role: "group", "aria-label": labels.tabs.labels });
  }

  // layers: [{ name, entries: [{ value, name, colour, shown }] }]
  update(layers) {
    const key = JSON.stringify(layers);
    if (key === this.key) return;
    this.key = key;
    this.element.replaceChildren(...layers.map((layer, n) => make("fieldset", { class: "ho-labels" }, make("legend", { text: layer.name }),
      ...layer.entries.map((entry) => this.row(layer, n, entry)))));
  }

  row(layer, n, entry) {
    const tick = make("input", { type: "checkbox" }), chip = make("span", { class: "ho-chip" });
    tick.checked = entry.shown;
    chip.style.background = `rgb(${entry.colour.join(" ")})`;
    tick.addEventListener("change", () => {
      const shown = layer.entries.filter((e) => (e === entry ? tick.checked : e.shown)).map((e) => e.value);
      this.pick(n, shown.length === layer.entries.length ? null : shown);
    });
    return make("label", {}, tick, chip, make("span", { text: `${entry.value} ${entry.name}` }));
  }
}

// Facts and DICOM elements, searchable. Only on the page: nothing of it is saved with the notebook.
export class HeaderPanel {
  constructor(labels) {
    this.labels = labels;
    this.search = make("input", { type: "search", "aria-label": labels.search, placeholder: labels.search });
    this.body = make("tbody");
    this.scroll = make("div", { class: "ho-scroll", tabindex: 0, role: "group", "aria-label": labels.tabs.header }, make("table", {}, this.body));
    this.element = make("div", { class: "ho-header" }, this.search, this.scroll);
    this.search.addEventListener("input", () => this.filter());
  }

  // rows: [[name, value], ...]
  update(rows) {
    const key = JSON.stringify(rows);
    if (key === this.key) return;
    this.key = key;
    this.body.replaceChildren(...rows.map(([name, value]) => make("tr", {}, make("th", { scope: "row", text: name }), make("td", { text: value }))));
    this.filter();
  }

  filter() {
    const wanted = this.search.value.trim().toLowerCase();
    for (const row of this.body.rows) show(row, row.textContent.toLowerCase().includes(wanted));
  }
}

// The greatest value along every line of sight, turned by the hand, by arrow keys, or by itself.
const DEGREES = { pixel: 0.7, key: 10, step: 5 }, STEP_AFTER = 60; // ms

export class MipPanel {
  constructor(labels) {
    this.labels = labels;
    this.degrees = 0;
    this.canvas = make("canvas", { class: "ho-mip", role: "img", tabindex: 0 });
    this.sides = ["left", "right", "top", "bottom"].map((side) => make("span", { class: `ho-letter ho-${side}` }));
    this.text = make("span", { class: "ho-axis" });
    this.button = make("button", { type: "button", class: "ho-close", text: labels.mip_turn, "aria-pressed": "false", onclick: () => this.play(!this.timer) });
    show(this.button, !matchMedia("(prefers-reduced-motion: reduce)").matches);
    this.element = make("div", { class: "ho-plot-box" }, make("div", { class: "ho-mip-frame" }, this.canvas, ...this.sides),
      make("div", { class: "ho-mip-foot" }, this.text, this.button));
    this.canvas.addEventListener("pointerdown", (event) => this.canvas.setPointerCapture(event.pointerId));
    this.canvas.addEventListener("pointermove", (event) => { if (event.buttons) this.turn(event.movementX * DEGREES.pixel); });
    this.canvas.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!way) return;
      this.turn(way * DEGREES.key);
      event.preventDefault();
    });
  }

  turn(degrees) {
    this.degrees = (this.degrees + degrees + 360) % 360;
    this.draw();
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => (this.element.isConnected ? this.turn(DEGREES.step) : this.play(false)), STEP_AFTER) : null;
    this.button.setAttribute("aria-pressed", String(Boolean(on)));
  }

  // cells: as mip.js makes them, null while voxels are on their way; right: (degrees) -> [x, y, z];
  // look: table and offset of its window, range: that window in words; placed: whether sides are known
  update({ cells, right, look, range, placed }) {
    this.cells = cells;
    this.right = right;
    this.look = look;
    this.range = range;
    this.placed = placed;
    this.draw();
  }

  draw() {
    const { cells, labels, look: { table, offset } } = this, right = this.right(this.degrees);
    this.text.textContent = cells ? fill(labels.mip_text, { deg: Math.round(this.degrees) % 360, range: this.range }) : labels.loading;
    const letters = this.placed ? [directionLetters(right.map((x) => -x)), directionLetters(right), "S", "I"] : ["", "", "", ""];
    this.sides.forEach((node, n) => { node.textContent = letters[n]; });
    this.canvas.setAttribute("aria-label", [this.text.textContent, ...letters.slice(0, 2).filter(Boolean)].join(" · "));
    if (!cells) return;
    const { picture, width, height } = project(cells, right);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d"), image = context.createImageData(width, height), out = new Uint32Array(image.data.buffer);
    picture.forEach((code, p) => { out[p] = code === -Infinity ? 0xff000000 : table[code + offset]; });
    context.putImageData(image, 0, 0);
  }
}

// Tabs over panels: names -> { element }; only those offered. choose: (name) -> nothing
export class Tabs {
  constructor(labels, panels, choose) {
    this.panels = panels;
    this.choose = choose;
    this.tabs = Object.keys(panels).map((name) => make("button", {
      type: "button", role: "tab", class: "ho-tab", text: labels.tabs[name], "data-panel": name, onclick: () => choose(name),
    }));
    this.list = make("div", { class: "ho-tabs", role: "tablist", "aria-label": labels.panel }, ...this.tabs);
    this.list.addEventListener("keydown", (event) => this.rove(event));
    this.body = make("div", { class: "ho-panel-body", role: "tabpanel" });
    this.element = make("div", { class: "ho-panel" }, this.list, this.body);
  }

  rove(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.tabs.indexOf(event.target), to = this.tabs.at((at + step) % this.tabs.length);
    this.choose(to.dataset.panel);
    to.focus();
    event.preventDefault();
  }

  select(name) {
    if (name === this.selected) return;
    this.selected = name;
    this.body.setAttribute("aria-label", this.tabs.find((tab) => tab.dataset.panel === name).textContent);
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab.dataset.panel === name));
      tab.tabIndex = tab.dataset.panel === name ? 0 : -1;
    }
    this.body.replaceChildren(this.panels[name].element);
  }
}
