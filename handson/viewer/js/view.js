// One viewer on the page: state comes from the models, hands from input.js, pixels from paint.js.
// Any change only marks the view as stale; one animation frame draws whatever is true by then.
import { make, show } from "./dom.js";
import { apply, clamp, distance, fitPanes, inside, mapInto, nearestVoxel, pixelToVoxel, sectionMap } from "./geometry.js";
import { listen } from "./input.js";
import { countOutside, histogram, regionBox, regionValues, statistics, timeCourse, voxelMeasure } from "./measure.js";
import { blendLayer, composeMask, paintBase } from "./paint.js";
import { Pane } from "./pane.js";
import { Legends } from "./legend.js";
import { CurvePanel, HistogramPanel } from "./panels.js";
import { sampleSection, voxelValue } from "./sample.js";
import { fill, formatValue, mm, namedLabel, short, slicePhrase } from "./text.js";
import { Toolbar, helpDialog } from "./toolbar.js";
import { openSource } from "./transport.js";
import { colourMap, digits, dragWindow, windowTable } from "./window.js";

const PLANES = ["axial", "coronal", "sagittal"];
const WORLD_AXIS = { sagittal: 0, coronal: 1, axial: 2 };
const COMPOSE = ["blend", "curtain", "checkerboard", "side by side"];
const GAP = 8, TILES = 12, PROBE_AFTER = 150;
const VOXEL = ["i", "j", "k"];

export class View {
  // model: the canvas's; layers: [{ model, source }], the first is the base
  constructor({ model, layers, labels, element }) {
    Object.assign(this, { model, labels });
    this.geometry = model.get("geometry");
    this.panes = [];
    this.heard = [];
    this.pointer = null;
    this.onScreen = true;
    this.layers = layers.map((layer) => this.openLayer(layer));
    this.build(element);
    this.listenToModels();
    this.crosshairMoved(); // a linked viewer may have moved it while this one had no view
    this.layOut();
  }

  // ---- life -------------------------------------------------------------------------------

  openLayer({ model, source }) {
    const user = {
      focus: () => ({ frame: this.get("time"), ijk: this.focusIn(model) }),
      visible: () => this.onScreen,
      arrived: () => this.stale(),
      replaced: () => this.reopen(layer),
      probed: (answer) => { this.exact = answer; this.stale(); },
    };
    const layer = { model, source, user, look: null, values: null };
    layer.link = openSource(source, user);
    return layer;
  }

  // The crosshair on the layer's own grid: where its chunks matter most.
  focusIn(layerModel) {
    const shape = layerModel.get("shape");
    return nearestVoxel(layerModel.get("inverse"), apply(this.geometry.affine, this.voxel()), shape);
  }

  reopen(layer) {
    layer.link.close();
    layer.link = openSource(layer.source, layer.user);
    layer.look = null;
    this.bins = null;
    this.stale();
  }

  build(element) {
    const { labels } = this;
    this.toolbar = new Toolbar(labels, (action) => this.act(action, this.panes[0]));
    this.stage = make("div", { class: "ho-stage" });
    this.progress = make("div", { class: "ho-progress" });
    this.where = make("div", { class: "ho-where" });
    this.value = make("div", { class: "ho-value" });
    this.measures = make("div", { class: "ho-measures", "aria-live": "polite" });
    this.legends = new Legends(labels);
    this.notes = make("div", { class: "ho-notes" });
    this.histogram = new HistogramPanel(labels, (range) => this.setRange(range));
    this.curve = new CurvePanel(labels);
    this.help = helpDialog(labels);
    this.element = make("div", { class: "ho-view", role: "group", "aria-label": labels.viewer, "data-lm-suppress-shortcuts": "true" },
      this.toolbar.element, this.stage, this.progress, this.where, this.value, this.measures,
      this.legends.element, this.histogram.element, this.curve.element, this.notes, this.help);
    element.append(this.element);
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(this.element);
    this.sight = new IntersectionObserver(([entry]) => {
      this.onScreen = entry.isIntersecting;
      if (this.onScreen) this.pump();
    });
    this.sight.observe(this.element);
    this.element.addEventListener("fullscreenchange", () => this.layOut());
  }

  hear(model, event, call) {
    model.on(event, call);
    this.heard.push([model, event, call]);
  }

  listenToModels() {
    for (const name of VOXEL) this.hear(this.model, `change:${name}`, () => this.voxelMoved());
    this.hear(this.model, "change:crosshair", () => this.crosshairMoved());
    for (const name of ["plane", "convention", "compose", "zoom", "pan", "smooth", "montage", "panes", "height"]) {
      this.hear(this.model, `change:${name}`, () => this.layOut());
    }
    for (const name of ["time", "split", "show_crosshair", "histogram", "ruler", "region", "curve"]) {
      this.hear(this.model, `change:${name}`, () => this.stale());
    }
    this.hear(this.model, "change:preset", () => this.setRange(this.geometry.presets[this.get("preset")]));
    this.hear(this.model, "change:time", () => { this.bins = null; });
    this.hear(this.model, "change:outside", () => { this.layers[0].look = null; this.stale(); });
    for (const layer of this.layers) {
      this.hear(layer.model, "change", () => { layer.look = null; this.stale(); });
    }
    this.hear(this.layers[0].model, "comm_live_update", () => this.stale());
  }

  remove() {
    for (const [model, event, call] of this.heard) model.off(event, call);
    for (const layer of this.layers) layer.link.close();
    this.sizes.disconnect();
    this.sight.disconnect();
    cancelAnimationFrame(this.request);
    clearTimeout(this.probing);
    this.element.remove();
  }

  // ---- state ------------------------------------------------------------------------------

  get(name) {
    return this.model.get(name);
  }

  set(values) {
    this.model.set(values); // at once: half a move of the voxel would pull the crosshair astray
    this.model.save_changes();
  }

  voxel() {
    return VOXEL.map((name) => this.get(name));
  }

  setVoxel(ijk) {
    const shape = this.geometry.shape;
    this.set(Object.fromEntries(VOXEL.map((name, a) => [name, clamp(Math.round(ijk[a]), 0, shape[a] - 1)])));
  }

  // Voxel and crosshair say the same place; whichever moved takes the other along, and a place
  // that already lies in the voxel is left alone, so linked viewers do not push each other.
  agrees() {
    const near = nearestVoxel(this.geometry.inverse, this.get("crosshair"), this.geometry.shape);
    return this.voxel().every((n, a) => n === near[a]);
  }

  voxelMoved() {
    if (!this.agrees()) this.set({ crosshair: apply(this.geometry.affine, this.voxel()) });
    this.followAnchor();
    this.stale();
  }

  crosshairMoved() {
    if (!this.agrees()) this.setVoxel(nearestVoxel(this.geometry.inverse, this.get("crosshair"), this.geometry.shape));
    this.stale();
  }

  layout(plane) {
    return this.geometry.layouts[this.get("convention")][plane];
  }

  map(pane) {
    const layout = this.layout(pane.plane);
    return sectionMap(layout, this.geometry.shape, pane.index ?? this.voxel()[layout.axis]);
  }

  setRange(range) {
    this.layers[0].model.set("range", range);
    this.layers[0].model.save_changes();
  }

  // ---- layout -----------------------------------------------------------------------------

  // Which pictures: the viewer's own panes, a montage of slices, or base and layers side by side.
  wanted() {
    const current = PLANES[this.get("plane")];
    const panes = this.get("panes").map((plane) => ({ plane: plane || current, show: "all" }));
    if (this.get("montage")) {
      const count = this.geometry.shape[this.layout(current).axis], tiles = Math.min(TILES, count);
      return Array.from({ length: tiles }, (_, n) =>
        ({ plane: current, show: "all", index: Math.floor(((n + 0.5) * count) / tiles) }));
    }
    if (COMPOSE[this.get("compose")] !== "side by side") return panes;
    return panes.flatMap((pane) => [{ ...pane, show: "base" }, { ...pane, show: "layers" }]);
  }

  layOut() {
    const wanted = this.wanted();
    while (this.panes.length > wanted.length) this.panes.pop().element.remove();
    while (this.panes.length < wanted.length) {
      const pane = new Pane(this.labels);
      listen(pane, this);
      this.panes.push(pane);
      this.stage.append(pane.element);
    }
    const sizes = wanted.map((want, n) => {
      Object.assign(this.panes[n], { index: undefined }, want);
      const { horizontal, vertical, spacing } = this.layout(want.plane), { shape } = this.geometry;
      return { width: shape[horizontal] * spacing[1], height: shape[vertical] * spacing[0] };
    });
    const full = document.fullscreenElement === this.element;
    const width = (this.element.clientWidth || 640) - 2;
    const height = full ? window.innerHeight - 220 : this.get("height");
    const scale = fitPanes(sizes, width, this.get("montage") ? height / 2 : height, GAP);
    sizes.forEach((size, n) => {
      const frame = { width: Math.round(size.width * scale), height: Math.round(size.height * scale), scale };
      this.panes[n].layOut(frame, size, this.get("zoom"), this.get("pan"), this.get("smooth"));
    });
    const box = this.element.closest(".handson-viewer");
    if (box) box.dataset.plane = PLANES[this.get("plane")];
    this.stale();
  }

  // ---- drawing ----------------------------------------------------------------------------

  stale() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null;
      this.drawAll();
    });
  }

  pump() {
    for (const layer of this.layers) layer.link.pump();
  }

  drawAll() {
    for (const pane of this.panes) {
      const map = this.map(pane);
      this.paint(pane, map);
      this.drawOver(pane, map);
    }
    this.describe();
    this.pump();
  }

  look(layer) {
    layer.look ??= windowTable(layer.link.voxels.coding, { ...this.style(layer), marks: this.get("outside") }, this.colours(layer));
    return layer.look;
  }

  style({ model }) {
    const names = ["range", "threshold", "two_sided", "opacity", "invert", "outline"];
    const style = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    return { ...style, labels: model.get("label_names") !== null };
  }

  colours({ model }) {
    return colourMap(this.maps ??= bytesOf(this.get("maps")), model.get("colours"));
  }

  paint(pane, map) {
    const out = pane.pixels(map.width, map.height), [base, ...over] = this.layers;
    if (pane.show === "layers") out.fill(0xff000000);
    else paintBase(out, base.link.voxels, this.frame(base), map, this.look(base));
    if (pane.show !== "base") {
      const mask = composeMask(COMPOSE[this.get("compose")], this.get("split"), map.width, map.height);
      for (const layer of over) this.blend(out, layer, map, mask);
    }
    pane.flush();
  }

  frame(layer) {
    return Math.min(this.get("time"), layer.link.voxels.coding.frames - 1);
  }

  blend(out, layer, map, mask) {
    if (!layer.model.get("visible")) return;
    const voxels = layer.link.voxels, size = map.width * map.height;
    if (layer.values?.length !== size) layer.values = new Float32Array(size);
    const there = mapInto(map, this.geometry.affine, layer.model.get("inverse"));
    sampleSection(voxels, this.frame(layer), there, layer.model.get("interpolate"), layer.values);
    blendLayer(out, layer.values, map.width, map.height, this.style(layer), this.colours(layer), mask);
  }

  drawOver(pane, map) {
    const { geometry, labels } = this, layout = this.layout(pane.plane), ijk = this.voxel();
    const on = (points) => points && points.every((p) => Math.abs(p[layout.axis] - this.sliceOf(pane, layout)) < 0.5);
    const ruler = this.get("ruler").map((xyz) => apply(geometry.inverse, xyz));
    const region = this.get("region");
    pane.drawLetters(layout.letters, this.sideText(pane.plane), { caption: this.caption(pane, layout) });
    pane.drawMarks({
      map,
      crosshair: this.get("show_crosshair") && pane.index === undefined ? ijk : null,
      ruler: ruler.length === 2 && on(ruler) ? ruler : null,
      region: region.length === 2 && on(region) ? region : null,
      curtain: COMPOSE[this.get("compose")] === "curtain" ? this.get("split") : null,
      scale: {
        known: geometry.scale !== "none",
        none: labels.no_scale,
        text: (length) => fill(geometry.scale === "detector" ? labels.scale_detector : labels.scale_mm, { mm: length }),
      },
    });
    const here = this.layers[0].link.voxels;
    show(pane.loading, !here.complete && voxelValue(here, this.frame(this.layers[0]), pixelToVoxel(map, map.width >> 1, map.height >> 1)) === null);
  }

  sliceOf(pane, layout) {
    return pane.index ?? this.voxel()[layout.axis];
  }

  sideText(plane) {
    const { geometry, labels } = this;
    if (!geometry.placed) return labels.side_not_stated;
    return labels.conventions[this.get("convention")] + (geometry.oblique ? ` · ${fill(labels.oblique, { deg: geometry.oblique })}` : "");
  }

  caption(pane, layout) {
    if (pane.index !== undefined) return `${pane.index + 1}`;
    if (pane.show === "base") return this.layers[0].model.get("name");
    if (pane.show === "layers") return this.layers.slice(1).map((l) => l.model.get("name")).join(", ");
    return this.panes.length > 1 ? this.labels.planes[pane.plane] : "";
  }

  // ---- words ------------------------------------------------------------------------------

  phrase(plane, ijk) {
    const layout = this.layout(plane), middle = this.geometry.shape.map((n) => (n - 1) / 2);
    middle[layout.axis] = ijk[layout.axis];
    return slicePhrase(this.labels, this.geometry, plane, layout, ijk, apply(this.geometry.affine, middle)[WORLD_AXIS[plane]]);
  }

  valueAt(layer, ijk) {
    const { voxels } = layer.link, names = layer.model.get("label_names"), base = layer === this.layers[0];
    const there = base ? ijk
      : apply(layer.model.get("inverse"), apply(this.geometry.affine, ijk)).map((x) => Math.floor(x + 0.5));
    if (!inside(there, voxels.coding.shape)) return this.labels.outside_layer;
    const value = voxelValue(voxels, this.frame(layer), there);
    if (names !== null && typeof value === "number") return namedLabel(value, names);
    if (base && this.exact?.key === this.probeKey(ijk)) return this.exact.text;
    return formatValue(value, voxels.coding, layer.model.get("unit"), this.labels);
  }

  describe() {
    const { geometry, labels } = this, ijk = this.voxel(), [base, ...over] = this.layers;
    const spot = this.pointer ?? ijk;
    for (const pane of this.panes) {
      const at = ijk.slice();
      at[this.layout(pane.plane).axis] = this.sliceOf(pane, this.layout(pane.plane));
      pane.canvas.setAttribute("aria-label", fill(labels.canvas_label, {
        slice: this.phrase(pane.plane, at), value: this.valueAt(base, at), side: this.sideText(pane.plane),
      }));
    }
    this.where.textContent = [...new Set(this.panes.map((p) => p.plane))].map((p) => this.phrase(p, ijk)).join(" · ");
    const xyz = apply(geometry.affine, spot).map(mm);
    const words = { i: spot[0], j: spot[1], k: spot[2], x: xyz[0], y: xyz[1], z: xyz[2], value: this.valueAt(base, spot) };
    const readings = over.filter((l) => l.model.get("visible")).map((l) => `${l.model.get("name")} ${this.valueAt(l, spot)}`);
    this.value.textContent = [fill(geometry.placed ? labels.readout : labels.readout_unplaced, words), ...readings].join(" · ");
    this.measures.textContent = this.measured().join(" · ");
    this.notes.textContent = this.warnings().join(" ");
    const progress = Math.min(...this.layers.map((l) => l.link.voxels.progress));
    this.progress.style.width = `${Math.round(progress * 100)}%`;
    show(this.progress, progress < 1);
    this.toolbar.update({
      ...Object.fromEntries(["show_crosshair", "smooth", "outside", "histogram", "montage"].map((n) => [n, this.get(n)])),
      ruler: this.tool === "ruler", region: this.tool === "region",
    });
    this.legends.update(over.map((layer) => this.legendOf(layer)), this.outside());
    this.drawPanels();
    this.probe(spot);
  }

  legendOf(layer) {
    const { model, link } = layer;
    return {
      ...this.style(layer), name: model.get("name"), unit: model.get("unit"), names: model.get("label_names"),
      visible: model.get("visible"), map: this.colours(layer), whole: link.voxels.coding.whole,
    };
  }

  outside() {
    const { model, link } = this.layers[0];
    if (!this.get("outside") || link.voxels.coding.channels === 3) return null;
    return countOutside(link.voxels, this.frame(this.layers[0]), this.map(this.panes[0]), model.get("range"));
  }

  warnings() {
    const restarted = this.layers[0].model.comm_live === false ? [this.labels.no_kernel] : [];
    return [...restarted, ...this.geometry.notes, ...this.layers.flatMap((l) => l.source.get("coding").notes)];
  }

  unitOfLength() {
    return { mm: "mm", detector: this.labels.mm_detector, none: this.labels.pixels }[this.geometry.scale];
  }

  measured() {
    const { labels, geometry } = this, ruler = this.get("ruler"), region = this.get("region"), texts = [];
    if (ruler.length === 2) texts.push(fill(labels.ruler_text, { mm: mm(distance(...ruler)), unit: this.unitOfLength() }));
    if (region.length === 2) {
      const layer = this.layers[0], { coding } = layer.link.voxels;
      const values = coding.channels === 1 ? regionValues(layer.link.voxels, this.frame(layer), region) : null;
      if (!values) return [...texts, labels.loading];
      const s = statistics(values), plane = this.regionPlane(region);
      const size = voxelMeasure(geometry.affine, this.layout(plane));
      const places = digits(coding.slope) + 1;
      texts.push(fill(geometry.scale === "none" ? labels.region_text_unscaled : labels.region_text, {
        n: values.length, mean: s.mean.toFixed(places), sd: s.sd.toFixed(places), low: s.low.toFixed(places - 1),
        high: s.high.toFixed(places - 1), unit: layer.model.get("unit"),
        area: (values.length * size.area).toFixed(1), ml: ((values.length * size.volume) / 1000).toFixed(3),
      }));
    }
    return texts;
  }

  // The plane a region lies in: the one in which it is a single slice thick.
  regionPlane([low, high]) {
    const flat = PLANES.filter((p) => { const { axis } = this.layout(p); return low[axis] === high[axis]; });
    const current = PLANES[this.get("plane")];
    return flat.includes(current) || flat.length === 0 ? current : flat[0];
  }

  drawPanels() {
    const layer = this.layers[0], { voxels } = layer.link, { coding } = voxels;
    const wantsHistogram = this.get("histogram") && coding.channels === 1;
    show(this.histogram.element, wantsHistogram);
    const unit = layer.model.get("unit");
    if (wantsHistogram) {
      const limits = [coding.low, coding.high];
      if (!this.bins || this.bins.at !== voxels.count) {
        this.bins = { at: voxels.count, counts: histogram(voxels, this.frame(layer), limits, 160) };
      }
      this.histogram.update({ counts: this.bins.counts, limits, range: layer.model.get("range"), unit, format: short });
    }
    const wantsCurve = this.get("curve") && coding.frames > 1;
    show(this.curve.element, wantsCurve);
    if (!wantsCurve) return;
    const region = this.get("region"), ijk = this.voxel(), step = this.geometry.time_step;
    this.curve.update({
      point: timeCourse(voxels, [ijk, ijk]), mean: region.length === 2 ? timeCourse(voxels, region) : null,
      time: this.get("time"), seconds: step === null ? null : step * this.get("time"), format: short,
    });
  }

  // A coded value is a rounded one; once the hand rests, a live kernel is asked for the true one.
  probeKey(ijk) {
    return `${this.get("time")}:${ijk}`;
  }

  probe(ijk) {
    const { source, link } = this.layers[0], key = this.probeKey(ijk);
    if (link.voxels.coding.exact || source.comm_live !== true || this.exact?.key === key) return;
    clearTimeout(this.probing);
    this.probing = setTimeout(() => source.send({ kind: "probe", key, ijk, frame: this.get("time") }), PROBE_AFTER);
  }

  // ---- hands ------------------------------------------------------------------------------

  scroll(pane, steps) {
    const { axis } = this.layout(pane.plane), ijk = this.voxel();
    const to = clamp(ijk[axis] + steps, 0, this.geometry.shape[axis] - 1);
    if (to === ijk[axis]) return false;
    this.set({ [VOXEL[axis]]: to });
    return true;
  }

  zoomBy(factor) {
    this.set({ zoom: clamp(this.get("zoom") * factor, 1, 20) });
  }

  voxelUnder(pane, [x, y]) {
    const map = this.map(pane);
    const point = [clamp(Math.round(x), 0, map.width - 1), clamp(Math.round(y), 0, map.height - 1)];
    return pixelToVoxel(map, ...point);
  }

  hover(pane, point) {
    const map = point && this.map(pane);
    const within = point && point[0] > -0.5 && point[1] > -0.5 && point[0] < map.width - 0.5 && point[1] < map.height - 0.5;
    this.pointer = within ? this.voxelUnder(pane, point) : null;
    this.stale();
  }

  worldUnder(pane, point) {
    return apply(this.geometry.affine, pixelToVoxel(this.map(pane), ...point));
  }

  press(pane, point) {
    this.pressed = { voxel: this.voxelUnder(pane, point), world: this.worldUnder(pane, point) };
  }

  drag(pane, point, dx, dy, touch) {
    const compose = COMPOSE[this.get("compose")];
    if (this.tool === "ruler") this.set({ ruler: [this.pressed.world, this.worldUnder(pane, point)] });
    else if (this.tool === "region") this.set({ region: regionBox(this.pressed.voxel, this.voxelUnder(pane, point)) });
    else if (compose === "curtain") this.set({ split: clamp((point[0] + 0.5) / pane.canvas.width, 0, 1) });
    else if (this.get("zoom") > 1) this.panBy(dx, dy);
    else if (touch) this.touchScroll(pane, dy);
    else {
      const { model, link } = this.layers[0], { low, high } = link.voxels.coding;
      this.setRange(dragWindow(model.get("range"), dx, dy, [low, high]));
    }
  }

  // A finger moves a slice for every 8 pixels.
  touchScroll(pane, dy) {
    this.finger = (this.finger ?? 0) + dy;
    const steps = Math.trunc(this.finger / 8);
    if (steps) {
      this.finger -= steps * 8;
      this.scroll(pane, -steps);
    }
  }

  panBy(dx, dy) {
    const [x, y] = this.get("pan"), { scale } = this.panes[0].placed;
    this.set({ pan: [x + dx / scale, y + dy / scale] });
  }

  click(pane, point) {
    if (this.tool) return;
    const ijk = this.voxelUnder(pane, point);
    if (pane.index !== undefined) this.set({ montage: false });
    this.setVoxel(ijk);
  }

  release() {
    this.finger = 0;
  }

  // By keyboard a ruler or a region starts where the crosshair is and follows it.
  start(tool) {
    const same = this.tool === tool;
    this.tool = same ? null : tool;
    this.anchor = same ? null : this.voxel();
    if (!same) this.set({ show_crosshair: true });
    this.stale();
  }

  followAnchor() {
    if (!this.tool || !this.anchor) return;
    const ijk = this.voxel(), world = (p) => apply(this.geometry.affine, p);
    if (this.tool === "ruler") this.set({ ruler: [world(this.anchor), world(ijk)] });
    else this.set({ region: regionBox(this.anchor, ijk) });
  }

  // Move the crosshair one pixel in the picture.
  nudge(pane, x, y) {
    const { across, down } = this.map(pane);
    this.setVoxel(this.voxel().map((n, a) => n + x * across[a] + y * down[a]));
  }

  act(action, pane) {
    const flip = (name) => this.set({ [name]: !this.get(name) });
    const { axis } = this.layout(pane.plane), last = this.geometry.shape[axis];
    const { model, link } = this.layers[0], { low, high } = link.voxels.coding;
    const drag = (across, down) => this.setRange(dragWindow(model.get("range"), across, down, [low, high]));
    const time = (step) => this.set({ time: clamp(this.get("time") + step, 0, this.geometry.frames - 1) });
    const acts = {
      next: () => this.scroll(pane, 1), previous: () => this.scroll(pane, -1),
      next10: () => this.scroll(pane, 10), previous10: () => this.scroll(pane, -10),
      first: () => this.scroll(pane, -last), last: () => this.scroll(pane, last),
      left: () => this.nudge(pane, -1, 0), right: () => this.nudge(pane, 1, 0),
      up: () => this.nudge(pane, 0, -1), down: () => this.nudge(pane, 0, 1),
      wider: () => drag(20, 0), narrower: () => drag(-20, 0), brighter: () => drag(0, -10), darker: () => drag(0, 10),
      zoomIn: () => this.zoomBy(1.25), zoomOut: () => this.zoomBy(0.8),
      resetView: () => this.set({ zoom: 1, pan: [0, 0] }),
      panLeft: () => this.panBy(30, 0), panRight: () => this.panBy(-30, 0),
      panUp: () => this.panBy(0, 30), panDown: () => this.panBy(0, -30),
      later: () => time(1), earlier: () => time(-1),
      convention: () => this.set({ convention: 1 - this.get("convention") }),
      crosshair: () => flip("show_crosshair"), smooth: () => flip("smooth"), outside: () => flip("outside"),
      histogram: () => flip("histogram"), montage: () => flip("montage"),
      ruler: () => this.start("ruler"), region: () => this.start("region"),
      clear: () => { this.tool = this.anchor = null; this.set({ ruler: [], region: [] }); },
      fullScreen: () => (document.fullscreenElement ? document.exitFullscreen() : this.element.requestFullscreen()),
      help: () => this.help.showModal(),
    };
    acts[action]();
  }
}

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
