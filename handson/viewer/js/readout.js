// What the viewer says in words and plots: the slice, the value under the pointer, measurements,
// legends, warnings. It reads the view and changes nothing.
import { make, show } from "./dom.js";
import { apply, distance, inside, roundHalfUp } from "./geometry.js";
import { Legends } from "./legend.js";
import { paintedValues, voxelOf } from "./brush.js";
import { countOutside, histogram, regionValues, statistics, timeCourse, voxelMeasure } from "./measure.js";
import { CurvePanel, HistogramPanel } from "./panels.js";
import { voxelValue } from "./sample.js";
import { fill, formatValue, mm, namedLabel, short, slicePhrase } from "./text.js";
import { digits } from "./window.js";

const WORLD_AXIS = { sagittal: 0, coronal: 1, axial: 2 };
const BINS = 160, ASK_AFTER = 150;

export class Readout {
  constructor(view) {
    const { labels } = view;
    Object.assign(this, { view, labels });
    this.where = make("div", { class: "ho-where", role: "status" });
    this.value = make("div", { class: "ho-value" });
    this.measures = make("div", { class: "ho-measures", role: "status" });
    this.legends = new Legends(labels);
    this.notes = make("div", { class: "ho-notes" });
    this.histogram = new HistogramPanel(labels, (range) => view.setRange(range));
    this.curve = new CurvePanel(labels, (time) => view.set({ time }));
    this.means = {};
    this.elements = [this.where, this.value, this.measures, this.legends.element,
      this.histogram.element, this.curve.element, this.notes];
  }

  remove() {
    clearTimeout(this.asking);
  }

  // Other voxels or another time: counts and exact answers no longer hold.
  forget() {
    this.bins = null;
    this.exact = null;
  }

  update() {
    const { view } = this, { voxel } = view.place, spot = view.hands.pointer ?? voxel;
    this.nameCanvases();
    const planes = [...new Set(view.panes.map((pane) => pane.plane))];
    const name = view.base.model.get("name");
    this.say(this.where, [...(name ? [name] : []), ...planes.map((plane) => this.phrase(plane, voxel))]);
    this.say(this.value, this.readings(spot));
    this.say(this.measures, this.measured());
    this.say(this.notes, this.warnings(), " ");
    this.legends.update(view.over.map((layer) => this.legendOf(layer)), this.outside());
    this.updateHistogram();
    this.updateCurve();
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
      pane.canvas.setAttribute("aria-label", fill(this.labels.canvas_label,
        { slice: [this.phrase(pane.plane, at), this.moment()].filter(Boolean).join(", "), value: this.valueAt(view.base, at), side: view.sides() }));
    }
  }

  phrase(plane, ijk) {
    const { geometry } = this.view, layout = this.view.layout(plane);
    const middle = geometry.shape.map((n) => (n - 1) / 2);
    middle[layout.axis] = ijk[layout.axis];
    const position = apply(geometry.affine, middle)[WORLD_AXIS[plane]];
    return slicePhrase(this.labels, geometry, plane, layout, ijk, position);
  }

  // Which volume of a series is on show: "volume 53 of 120, 104 s"; "" for a single one.
  moment() {
    const { frames, seconds } = this.view.geometry, time = this.view.get("time");
    if (frames === 1) return "";
    return fill(this.labels.moment, { n: time + 1, count: frames,
      seconds: seconds === null ? "" : fill(this.labels.seconds, { s: short(seconds[time]) }) });
  }

  // ---- values -----------------------------------------------------------------------------

  readings(spot) {
    const { geometry, base, over } = this.view;
    const [i, j, k] = spot, [x, y, z] = apply(geometry.affine, spot).map(mm);
    const template = geometry.placed ? this.labels.readout : this.labels.readout_unplaced;
    const layers = over.filter((layer) => layer.model.get("visible"));
    return [fill(template, { i, j, k, x, y, z, value: this.valueAt(base, spot) }),
      ...layers.map((layer) => `${layer.model.get("name")} ${this.valueAt(layer, spot)}`)];
  }

  valueAt(layer, ijk) {
    const { model } = layer, { voxels } = layer.link, names = model.get("label_names");
    const isBase = layer === this.view.base;
    if (isBase && this.exact?.key === this.key(ijk)) return this.exact.text;
    const there = isBase ? ijk
      : apply(model.get("inverse"), apply(this.view.geometry.affine, ijk)).map(roundHalfUp);
    if (!inside(there, voxels.coding.shape)) return this.labels.outside_layer;
    const value = voxelValue(voxels, this.view.frame(layer), there);
    if (names !== null && typeof value === "number") return namedLabel(value, names);
    return formatValue(value, voxels.coding, model.get("unit"), this.labels);
  }

  // A coded value is a rounded one; once the hand rests, a live kernel is asked for the true one.
  key(ijk) {
    return `${this.view.get("time")}:${ijk}`;
  }

  ask(ijk) {
    const { source, link } = this.view.base, key = this.key(ijk);
    clearTimeout(this.asking);
    if (link.voxels.coding.exact || source.comm_live !== true || this.exact?.key === key) return;
    const question = { kind: "probe", key, ijk, frame: this.view.get("time") };
    this.asking = setTimeout(() => source.send(question), ASK_AFTER);
  }

  answered(answer) {
    this.exact = answer;
    this.view.stale();
  }

  // ---- measurements -------------------------------------------------------------------------

  measured() {
    const ruler = this.view.get("ruler"), region = this.view.get("region"), { scale } = this.view.geometry;
    const units = { mm: "mm", detector: this.labels.mm_detector, none: this.labels.pixels };
    const length = ruler.length === 2
      ? [fill(this.labels.ruler_text, { mm: mm(distance(...ruler)), unit: units[scale] })] : [];
    const { voxels } = this.view.base.link, frame = this.view.frame(this.view.base), { hands } = this.view;
    const painted = this.view.painted(), { shape } = this.view.geometry, [pane] = this.view.panes;
    const { axis } = this.view.layout(pane.plane), slice = this.view.sliceOf(pane);
    const onShow = () => [...painted].filter((n) => voxelOf(n, shape)[axis] === slice).length;
    return [...length,
      ...(region.length === 2 ? [this.valuesText("region", regionValues(voxels, frame, region))] : []),
      ...(painted.size ? [this.valuesText("painted", paintedValues(voxels, frame, shape, painted), onShow())] : []),
      ...(hands.brushing() ? [fill(this.labels.brush_text, { mm: mm(this.view.get("brush_radius")), unit: units[scale] })] : [])];
  }

  // name: of what the values lie in; null while they are not here yet, and in colour images
  // faces: how many of the voxels the area counts
  valuesText(name, values, faces = values?.length) {
    const { view } = this, { model, link } = view.base, { coding } = link.voxels;
    if (!values || coding.channels !== 1) return this.labels.loading;
    const unit = model.get("unit"), s = statistics(values), places = coding.whole ? 1 : digits(coding.slope) + 1;
    const size = voxelMeasure(view.geometry.affine, view.layout(view.panes[0].plane));
    return fill(view.geometry.scale === "none" ? this.labels.region_text_unscaled : this.labels.region_text, {
      what: this.labels.measured[name], n: values.length, mean: s.mean.toFixed(places), sd: s.sd.toFixed(places), unit: unit ? ` ${unit}` : "",
      low: s.low.toFixed(places - 1), high: s.high.toFixed(places - 1),
      area: (faces * size.area).toFixed(1), ml: ((values.length * size.volume) / 1000).toFixed(3),
    });
  }

  outside() {
    const { view } = this, { model, link } = view.base;
    if (!view.get("outside") || link.voxels.coding.channels === 3) return null;
    return countOutside(link.voxels, view.frame(view.base), view.map(view.panes[0]), model.get("range"));
  }

  warnings() {
    const { layers, base, geometry } = this.view;
    const alone = base.model.comm_live === false ? [this.labels.no_kernel] : [];
    return [...alone, ...geometry.notes, ...layers.flatMap((layer) => layer.source.get("coding").notes)];
  }

  legendOf(layer) {
    const { model } = layer;
    return {
      ...this.view.style(layer), name: model.get("name"), unit: model.get("unit"),
      names: model.get("label_names"), visible: model.get("visible"), map: this.view.colours(layer),
    };
  }

  // ---- plots --------------------------------------------------------------------------------

  updateHistogram() {
    const { view } = this, { model, link } = view.base, { coding, count } = link.voxels;
    const wanted = view.get("histogram") && coding.channels === 1;
    show(this.histogram.element, wanted);
    if (!wanted) return;
    const limits = [coding.low, coding.high];
    if (this.bins?.at !== count) this.bins = { at: count, counts: histogram(link.voxels, view.frame(view.base), limits, BINS) };
    this.histogram.update({ counts: this.bins.counts, limits, range: model.get("range"), unit: model.get("unit") && ` ${model.get("unit")}`, format: short });
  }

  updateCurve() {
    const { view } = this, { voxels } = view.base.link, { seconds, shape } = view.geometry;
    const wanted = view.get("curve") && voxels.coding.frames > 1;
    show(this.curve.element, wanted);
    if (!wanted) return;
    const region = view.get("region"), painted = view.painted(), { voxel } = view.place;
    const mean = (values) => (frame) => { const found = values(frame); return found ? statistics(found).mean : NaN; };
    this.curve.update({
      lines: [
        timeCourse(voxels, mean((frame) => regionValues(voxels, frame, [voxel, voxel]))),
        region.length === 2 ? this.meanOf("region", region, mean((frame) => regionValues(voxels, frame, region))) : null,
        painted.size ? this.meanOf("painted", painted, mean((frame) => paintedValues(voxels, frame, shape, painted))) : null,
      ],
      time: view.get("time"), moment: this.moment(), seconds, events: view.get("events"), percent: view.get("percent"),
      unit: view.base.model.get("unit"), format: short,
    });
  }

  // A mean over many voxels is kept until other voxels are drawn or more have come.
  meanOf(name, drawn, value) {
    const { voxels } = this.view.base.link, kept = this.means[name];
    if (kept?.drawn === drawn && kept.size === drawn.size && kept.voxels === voxels && kept.count === voxels.count) return kept.values;
    const values = timeCourse(voxels, value);
    this.means[name] = { drawn, size: drawn.size, voxels, count: voxels.count, values };
    return values;
  }
}
