// What the viewer says in words and plots: the slice, the value under the pointer, measurements, warnings.
// It reads the view and changes nothing but words.
import { AREAS, angleOf, lengthOf, valuesAt, voxelsInside } from "./annotate.js";
import { Bars } from "./bars.js";
import { paintedValues } from "./brush.js";
import { make, show } from "./dom.js";
import { apply, inside } from "./geometry.js";
import { countOutside, histogram, statistics, timeCourse, voxelMeasure } from "./measure.js";
import { brightest, cellsOf, rightOf } from "./mip.js";
import { CurvePanel, HeaderPanel, HistogramPanel, LabelsPanel, MarksPanel, MipPanel, Tabs } from "./panels.js";
import { voxelValue } from "./sample.js";
import { slabAt } from "./slab.js";
import { fill, formatValue, mm, namedLabel, short, slicePhrase } from "./text.js";
import { digits, labelColours, windowTable } from "./window.js";

const WORLD_AXIS = { sagittal: 0, coronal: 1, axial: 2 };
const BINS = 160, ASK_AFTER = 150;

export class Readout {
  constructor(view) {
    const { labels } = view;
    this.view = view;
    this.labels = labels;
    this.where = make("div", { class: "ho-where", role: "status" });
    this.value = make("div", { class: "ho-value" });
    this.measures = make("div", { class: "ho-measures", role: "status" });
    this.notes = make("div", { class: "ho-notes", role: "status" });
    this.bars = new Bars(labels);
    this.panels = {
      histogram: new HistogramPanel(labels, (range) => view.setRange(range)),
      time: new CurvePanel(labels, (time) => view.set({ time })),
      labels: new LabelsPanel(labels, (n, shown) => view.setLayer(this.labelLayers()[n], { label_shown: shown })),
      marks: new MarksPanel(labels, { go: (id) => view.goTo(id), remove: (id) => view.hands.remove(id), clear: () => view.hands.clear() }),
      header: new HeaderPanel(labels),
      mip: new MipPanel(labels),
    };
    const offered = Object.entries(this.panels).filter(([name]) => this.isOffered(name));
    this.tabs = new Tabs(labels, Object.fromEntries(offered), (name) => view.set({ panel: name }));
    this.elements = [make("div", { class: "ho-say" }, this.value, this.measures), this.notes, this.where];
    this.means = {};
    this.numbers = new Map(); // what was measured of an annotation, by what it was measured on
  }

  isOffered(name) {
    const { coding } = this.view.base.link.voxels;
    if (name === "histogram") return coding.channels === 1;
    if (name === "time") return coding.n_volumes > 1;
    if (name === "mip") return coding.channels === 1 && Math.min(...coding.shape) > 1;
    return name !== "labels" || this.labelLayers().length > 0;
  }

  labelLayers() {
    return this.view.over.filter(({ model }) => model.get("label_names") !== null);
  }

  remove() {
    clearTimeout(this.asking);
    this.panels.mip.play(false);
    this.cells = this.panels.mip.cells = null; // the page may hold a view for long
  }

  // Other voxels or another time: counts and exact answers no longer hold.
  forget() {
    this.bins = null;
    this.exact = null;
    this.numbers.clear();
  }

  // Words come after the picture: the frame that shows a slice writes none of them.
  update() {
    const { view } = this, { voxel } = view.place, spot = view.hands.voxelAtPointer() ?? voxel;
    this.nameCanvases();
    const planes = [...new Set(view.panes.map((pane) => pane.plane))];
    const name = view.base.model.get("name");
    this.say(this.where, [...(name ? [name] : []), ...planes.map((plane) => this.phrase(plane, voxel))]);
    this.say(this.value, this.readings(spot));
    this.say(this.measures, this.measured());
    this.measures.title = this.measures.textContent;
    this.say(this.notes, this.warnings(), " ");
    this.bars.update(view.panes[0].keys, this.legends(), this.outside());
    this.updatePanel();
    this.ask(spot);
  }

  // Only what changed: a screen reader speaks every write.
  say(node, parts, between = " · ") {
    const text = parts.join(between);
    if (node.textContent !== text) node.textContent = text;
  }

  nameCanvases() {
    const { view } = this;
    for (const pane of view.panes) {
      const at = view.place.voxel;
      at[view.layout(pane.plane).axis] = view.sliceOf(pane);
      const words = { slice: [this.phrase(pane.plane, at), this.moment()].filter(Boolean).join(", "), value: this.valueAt(view.base, at), side: view.sides() };
      const label = fill(this.labels.canvas_label, words);
      if (pane.label !== label) pane.canvas.setAttribute("aria-label", label);
      pane.label = label;
    }
  }

  position(plane, ijk) {
    const { geometry } = this.view, { axis } = this.view.layout(plane);
    const middle = geometry.shape.map((n) => (n - 1) / 2);
    middle[axis] = ijk[axis];
    return apply(geometry.affine, middle)[WORLD_AXIS[plane]];
  }

  phrase(plane, ijk) {
    const { geometry } = this.view;
    return slicePhrase(this.labels, geometry, plane, this.view.layout(plane), ijk, this.position(plane, ijk));
  }

  // Which volume of a series is on show: "volume 53 of 120, 104 s"; "" for a single one.
  moment() {
    const { n_volumes, seconds } = this.view.geometry, time = this.view.get("time");
    if (n_volumes === 1) return "";
    return fill(this.labels.moment, { n: time + 1, count: n_volumes,
      seconds: seconds === null ? "" : fill(this.labels.seconds, { s: short(seconds[time]) }) });
  }

  // On the picture: three short lines, clear of the top letter.
  caption(pane) {
    const { view, labels } = this, { geometry } = view, { axis } = view.layout(pane.plane), at = view.place.voxel;
    at[axis] = view.sliceOf(pane);
    const words = {
      n: at[axis] + 1, count: geometry.shape[axis], axis: "ijk"[axis], index: at[axis],
      world: "xyz"[WORLD_AXIS[pane.plane]], mm: mm(this.position(pane.plane, at)),
    };
    const lines = pane.index === undefined ? [fill(labels.caption_slice, words)] : [];
    if (geometry.placed && !view.turned()) lines.push(fill(labels.caption_place, words));
    const slab = view.slab(pane.plane);
    if (slab) {
      lines.push(fill(labels.slab_text, { what: labels.slabs[view.get("slab")], mm: mm(slab.mm) }));
      if (view.over.some((layer) => layer.model.get("visible"))) lines.push(labels.slab_layers);
    }
    return lines.map((line) => `\n${line}`).join("");
  }

  // ---- values -----------------------------------------------------------------------------

  readings(spot) {
    const { geometry, over } = this.view;
    const [i, j, k] = spot.map((n) => Math.round(n)), [x, y, z] = apply(geometry.affine, spot).map(mm);
    const template = geometry.placed ? this.labels.readout : this.labels.readout_unplaced;
    const layers = over.filter((layer) => layer.model.get("visible"));
    return [fill(template, { i, j, k, x, y, z, value: this.baseText([i, j, k]) }),
      ...layers.map((layer) => `${layer.model.get("name")} ${this.valueAt(layer, spot)}`)];
  }

  // In a slab the picture shows another value than the voxel's: both are said.
  baseText(ijk) {
    const { view } = this, text = this.valueAt(view.base, ijk), pane = view.hands.pointer?.pane ?? view.panes[0];
    const slab = view.slab(pane.plane);
    if (!slab) return text;
    const { voxels } = view.base.link;
    const value = slabAt(voxels, view.timeOf(view.base), ijk, slab);
    const shown = value === null ? this.labels.loading : formatValue(value, voxels.coding, view.base.model.get("unit"), this.labels);
    return `${text} (${this.labels.slabs[view.get("slab")]} ${shown})`;
  }

  valueAt(layer, ijk) {
    const { model } = layer, { voxels } = layer.link, names = model.get("label_names");
    const isBase = layer === this.view.base;
    if (isBase && this.exact?.key === this.key(ijk)) return this.exact.text;
    const there = isBase ? ijk
      : apply(model.get("inverse"), apply(this.view.geometry.affine, ijk)).map((x) => Math.floor(x + 0.5));
    if (!inside(there, voxels.coding.shape)) return this.labels.outside_layer;
    const value = voxelValue(voxels, this.view.timeOf(layer), there);
    if (names !== null && typeof value === "number") return namedLabel(value, names);
    return formatValue(value, voxels.coding, model.get("unit"), this.labels);
  }

  // A coded value is a rounded one; once the hand rests, a live kernel is asked for the true one.
  key(ijk) {
    return `${this.view.get("time")}:${ijk}`;
  }

  ask(spot) {
    const ijk = spot.map((n) => Math.round(n)), { source, link } = this.view.base, key = this.key(ijk);
    clearTimeout(this.asking);
    if (link.voxels.coding.exact || source.comm_live !== true || this.exact?.key === key) return;
    const question = { kind: "probe", key, ijk, time: this.view.get("time") };
    this.asking = setTimeout(() => source.send(question), ASK_AFTER);
  }

  answered(answer) {
    this.exact = answer;
    this.view.stale();
  }

  // ---- measurements -------------------------------------------------------------------------

  units() {
    return { mm: "mm", detector: this.labels.mm_detector, none: this.labels.pixels }[this.view.geometry.scale];
  }

  measured() {
    const { view } = this, painted = view.painted();
    const marks = view.get("annotations").map((a) => this.longText(a)).filter(Boolean);
    const { axis } = view.layout(view.panes[0].plane), slice = view.sliceOf(view.panes[0]);
    return [...(view.said ? [view.said] : []), ...(view.hands.brushing() ? [fill(this.labels.brush_text, { mm: mm(view.get("brush_radius")), unit: this.units() })] : []),
      ...(painted.count ? [this.valuesText("painted", this.paintedNumbers(painted), painted.countOf(axis, slice), view.panes[0].plane)] : []), ...marks];
  }

  // Counting what is painted costs what is painted: only once the brush rests.
  paintedNumbers(painted) {
    const key = `${this.view.get("time")}:${this.view.base.link.voxels.count}`, runs = this.view.get("painted");
    if (this.paintedKey !== key || this.paintedRuns !== runs) {
      this.paintedKey = key;
      this.paintedRuns = runs;
      this.paintedStatistics = summary(paintedValues(this.view.base.link.voxels, this.view.timeOf(this.view.base), painted));
    }
    return this.paintedStatistics;
  }

  // Statistics of the voxels in a region; measured once for each place, time and amount of data.
  numbersOf(annotation) {
    const { view } = this, { voxels } = view.base.link;
    const key = JSON.stringify([annotation.kind, annotation.points, view.get("time"), voxels.count]);
    if (this.numbers.get(annotation.id)?.key !== key) {
      const places = voxelsInside(annotation, view.geometry, view.layout(annotation.plane || view.panes[0].plane));
      const values = voxels.coding.channels === 1 ? valuesAt(voxels, view.timeOf(view.base), places) : null;
      this.numbers.set(annotation.id, { key, places, found: summary(values) });
    }
    return this.numbers.get(annotation.id);
  }

  // Beside the mark on the picture: a line or two.
  shortText(annotation) {
    const { kind, text } = annotation, { labels } = this;
    if (kind === "ruler") return [`${mm(lengthOf(annotation.points))} ${this.units()}`];
    if (kind === "angle") return annotation.points.length === 3 ? [this.angleText(annotation)] : [];
    if (kind === "text" || kind === "arrow") return text ? [text] : [];
    const { found } = this.numbersOf(annotation);
    if (!found) return [labels.loading];
    const number = (x) => (this.view.base.link.voxels.coding.whole ? x.toFixed(1) : short(x));
    return [fill(labels.region_short, { mean: number(found.mean), sd: found.all > 1 ? number(found.sd) : "–", unit: this.unitText() }),
      this.sizeText(found.all, annotation.plane)];
  }

  longText(annotation) {
    const { kind, text } = annotation, { labels } = this;
    if (kind === "ruler") return fill(labels.ruler_text, { mm: mm(lengthOf(annotation.points)), unit: this.units() });
    if (kind === "angle") return annotation.points.length === 3 ? fill(labels.angle_text, { deg: this.angleText(annotation) }) : "";
    if (!AREAS.includes(kind)) return text;
    const { found, places } = this.numbersOf(annotation);
    return this.valuesText(kind, found, places.length, annotation.plane || this.view.panes[0].plane);
  }

  // Without a scale an angle holds only for square pixels: that is said.
  angleText(annotation) {
    const text = `${angleOf(annotation.points).toFixed(1)}°`;
    return this.view.geometry.scale === "none" ? `${text} ${this.labels.if_square}` : text;
  }

  places() {
    const { coding } = this.view.base.link.voxels;
    return coding.whole ? 1 : digits(coding.slope) + 1;
  }

  unitText() {
    const unitOfValues = this.view.base.model.get("unit");
    return unitOfValues ? ` ${unitOfValues}` : "";
  }

  sizeText(count, plane) {
    const { geometry } = this.view;
    if (geometry.scale === "none") return fill(this.labels.size_unscaled, { n: count });
    const { area } = voxelMeasure(geometry.affine, this.view.layout(plane || this.view.panes[0].plane));
    return fill(this.labels.size_text, { n: count, area: (count * area).toFixed(1) });
  }

  // name: of what the values lie in; null while they are not here yet, and in colour images
  // faces: how many of the voxels the area counts
  valuesText(name, found, faces, plane) {
    const { view } = this, what = this.labels.measured[name];
    if (view.base.link.voxels.coding.channels === 3) return `${what}: RGB`;
    if (!found) return `${what}: ${this.labels.loading}`;
    const places = this.places(), size = voxelMeasure(view.geometry.affine, view.layout(plane));
    return fill(view.geometry.scale === "none" ? this.labels.region_text_unscaled : this.labels.region_text, {
      what, n: found.all, mean: found.mean.toFixed(places), sd: found.all > 1 ? found.sd.toFixed(places) : "–", unit: this.unitText(),
      low: found.low.toFixed(places - 1), high: found.high.toFixed(places - 1),
      area: (faces * size.area).toFixed(1), ml: ((found.all * size.volume) / 1000).toFixed(3),
    });
  }

  outside() {
    const { view } = this, { model, link } = view.base;
    if (!view.get("outside") || link.voxels.coding.channels === 3 || view.turned()) return null;
    return countOutside(link.voxels, view.timeOf(view.base), view.map(view.panes[0]), model.get("range"));
  }

  warnings() {
    const { layers, base, geometry, place } = this.view;
    const alone = base.model.comm_live === false ? [this.labels.no_kernel] : [];
    const clamped = place.clamped ? [this.labels.clamped] : [];
    return [...alone, ...clamped, ...geometry.notes, ...layers.flatMap((layer) => layer.source.get("coding").notes)];
  }

  legends() {
    const { view } = this, { base } = view, grey = base.link.voxels.coding.channels === 1;
    return [...(grey ? [{ ...this.legendOf(base), threshold: null, visible: true }] : []), ...view.over.map((layer) => this.legendOf(layer))];
  }

  legendOf(layer) {
    const { model } = layer;
    return {
      ...this.view.style(layer), name: model.get("name"), unit: model.get("unit"), mask: model.get("mask"),
      names: model.get("label_names"), visible: model.get("visible"), map: this.view.colours(layer),
    };
  }

  // ---- the fourth pane ------------------------------------------------------------------------

  updatePanel() {
    const name = this.view.panelOnShow();
    show(this.tabs.element, name !== null);
    if (name === null) return;
    this.tabs.select(name);
    const update = { histogram: () => this.updateHistogram(), time: () => this.updateCurve(), labels: () => this.updateLabels(),
      marks: () => this.updateMarks(), header: () => this.updateHeader(), mip: () => this.updateMip() };
    update[name]();
  }

  updateHistogram() {
    const { view } = this, { model, link } = view.base, { coding, count } = link.voxels;
    /** @type {[number, number]} */
    const limits = [coding.low, coding.high];
    if (this.bins?.at !== count) this.bins = { at: count, counts: histogram(link.voxels, view.timeOf(view.base), limits, BINS) };
    this.panels.histogram.update({ counts: this.bins.counts, limits, range: model.get("range"), unit: this.unitText(), format: short, whole: coding.whole });
  }

  updateCurve() {
    const { view } = this, { voxels } = view.base.link, { voxel } = view.place, painted = view.painted();
    const region = view.get("annotations").findLast((a) => AREAS.includes(a.kind));
    const mean = (values) => (time) => { const found = values(time); return found ? statistics(found).mean : NaN; };
    const { places } = region ? this.numbersOf(region) : {};
    this.panels.time.update({
      lines: [
        timeCourse(voxels, mean((time) => valuesAt(voxels, time, [voxel]))),
        region ? this.meanOf("region", places, mean((time) => valuesAt(voxels, time, places))) : null,
        painted.count ? this.meanOf("painted", view.get("painted"), mean((time) => paintedValues(voxels, time, painted))) : null,
      ],
      time: view.get("time"), moment: this.moment(), seconds: view.geometry.seconds, events: view.get("events"), percent: view.get("percent"),
      unit: view.base.model.get("unit"), format: short,
    });
  }

  // A mean over many voxels is kept until other voxels are drawn or more have come.
  meanOf(name, drawn, value) {
    const { voxels } = this.view.base.link, kept = this.means[name];
    if (kept?.drawn === drawn && kept.voxels === voxels && kept.count === voxels.count) return kept.values;
    const values = timeCourse(voxels, value);
    this.means[name] = { drawn, voxels, count: voxels.count, values };
    return values;
  }

  updateLabels() {
    this.panels.labels.update(this.labelLayers().map((layer) => {
      const { model } = layer, only = model.get("label_shown"), colour = labelColours(this.view.colours(layer), model.get("label_colours"));
      const entries = Object.entries(model.get("label_names")).map(([value, name]) =>
        ({ value: Number(value), name, colour: colour(Number(value)), shown: !only || only.includes(Number(value)) }));
      return { name: model.get("name"), entries };
    }));
  }

  updateMarks() {
    const { labels, view } = this;
    this.panels.marks.update(view.get("annotations").map((a) => {
      const at = view.sliceOfMark(a);
      return { id: a.id, text: fill(labels.mark_row, { what: this.longText(a) || labels.measured[a.kind], plane: labels.planes[a.plane] ?? "", index: at ?? "" }) };
    }));
  }

  // Sampled when it is looked at, and anew for another volume in time.
  updateMip() {
    const { view } = this, { base, geometry } = view, { voxels } = base.link, time = view.timeOf(base);
    if (this.cells?.of !== voxels || this.cells.time !== time) this.cells = null;
    if (voxels.complete && !this.cells) {
      const cells = cellsOf(voxels, time, geometry), high = brightest(cells) * voxels.coding.slope + voxels.coding.inter;
      this.cells = { of: voxels, time, high, ...cells };
    }
    // A window made for tissue would leave nothing but white: it reaches up to the brightest.
    const style = view.style(base), range = [style.range[0], Math.max(style.range[1], this.cells?.high ?? -Infinity)];
    const look = windowTable(voxels.coding, { ...style, range, marks: view.get("outside") }, view.colours(base));
    const right = (degrees) => rightOf(degrees, view.get("convention")), said = range.map(short);
    this.panels.mip.update({ cells: this.cells, right, look, range: `${said[0]} – ${said[1]}${this.unitText()}`, placed: geometry.placed });
  }

  updateHeader() {
    const { view } = this;
    this.panels.header.update([...view.geometry.facts, ...(view.header ?? [])]);
    view.askForHeader();
  }
}

function summary(values) {
  return values && { ...statistics(values), all: values.length };
}
