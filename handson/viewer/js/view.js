// One viewer on the page: state comes from the models, pixels from paint.js, words from readout.js,
// hands from hands.js. Any change only marks the view as stale; one animation frame draws what is
// true by then. Pixels are painted again only where they changed: a pane keeps its picture while
// the crosshair moves within its slice.
import { fromRuns, paintedPath } from "./brush.js";
import { make, show } from "./dom.js";
import { apply, fitPanes, mapInto, nearestVoxel, pixelToVoxel, sectionMap } from "./geometry.js";
import { Hands } from "./hands.js";
import { listen } from "./input.js";
import { blendLayer, composeMask, paintBase } from "./paint.js";
import { Pane } from "./pane.js";
import { Place, VOXEL } from "./place.js";
import { Readout } from "./readout.js";
import { sampleSection, voxelValue } from "./sample.js";
import { fill } from "./text.js";
import { Toolbar, helpDialog } from "./toolbar.js";
import { openSource } from "./transport.js";
import { colourMap, windowTable } from "./window.js";

export const PLANES = ["axial", "coronal", "sagittal"];
export const COMPOSE = ["blend", "curtain", "checkerboard", "side by side"];
const GAP = 8, TILES = 12;
const FULL_SCREEN_REST = 220; // CSS pixels that words and buttons take of a full screen

// Traits after which the pictures are laid out anew, their pixels painted anew, or only what lies over them.
const LAID_OUT = ["plane", "convention", "compose", "zoom", "pan", "smooth", "montage", "panes", "height"];
const PAINTED = ["time", "split"];
const DRAWN = ["show_crosshair", "histogram", "ruler", "region", "painted", "brush_radius", "curve", "percent", "events"];

export class View {
  // model: the canvas's; layers: [{ model, source }], the first is the base
  constructor({ model, layers, labels, element }) {
    Object.assign(this, { model, labels });
    this.geometry = model.get("geometry");
    this.place = new Place(model, this.geometry, (values) => this.set(values));
    this.panes = [];
    this.heard = [];
    this.onScreen = true;
    this.layers = layers.map((layer) => this.openLayer(layer));
    this.hands = new Hands(this);
    this.build(element);
    this.listenToModels();
    this.place.crosshairMoved(); // a linked viewer may have moved it while this one had no view
    this.layOut();
  }

  // ---- life -------------------------------------------------------------------------------

  openLayer({ model, source }) {
    const user = {
      focus: () => ({ frame: this.get("time"), ijk: this.focusIn(model) }),
      visible: () => this.onScreen,
      arrived: () => this.repaint(),
      replaced: () => this.reopen(layer),
      answered: (answer) => this.readout.answered(answer),
    };
    const layer = { model, source, user, look: null, values: null };
    layer.link = openSource(source, user);
    return layer;
  }

  get base() {
    return this.layers[0];
  }

  // The painted voxels; read anew when the model's runs are others.
  painted() {
    const runs = this.get("painted");
    if (this.runs !== runs) [this.runs, this.brushed] = [runs, fromRuns(runs)];
    return this.brushed;
  }

  get over() {
    return this.layers.slice(1);
  }

  // The crosshair on the layer's own grid: where its chunks matter most.
  focusIn(layerModel) {
    return nearestVoxel(layerModel.get("inverse"), this.place.world(this.place.voxel), layerModel.get("shape"));
  }

  reopen(layer) {
    layer.link.close();
    layer.link = openSource(layer.source, layer.user);
    layer.look = null;
    this.readout.forget();
    this.repaint();
  }

  build(element) {
    const { labels } = this;
    this.toolbar = new Toolbar(labels, (action) => this.hands.act(action, this.panes[0]));
    this.stage = make("div", { class: "ho-stage" });
    this.progress = make("div", { class: "ho-progress", role: "progressbar", "aria-label": labels.loading, "aria-valuemin": 0, "aria-valuemax": 100 });
    this.readout = new Readout(this);
    this.help = helpDialog(labels);
    this.element = make("div", { class: "ho-view", role: "group", "aria-label": labels.viewer, "data-lm-suppress-shortcuts": "true" },
      this.toolbar.element, this.stage, this.progress, ...this.readout.elements, this.help);
    element.append(this.element);
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(this.element);
    this.sight = new IntersectionObserver((entries) => {
      this.onScreen = entries.at(-1).isIntersecting; // gone and back may come in one call
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
    const { model } = this;
    for (const name of VOXEL) {
      this.hear(model, `change:${name}`, () => {
        this.place.voxelMoved();
        this.hands.followAnchor();
        this.stale();
      });
    }
    this.hear(model, "change:crosshair", () => { this.place.crosshairMoved(); this.stale(); });
    for (const name of LAID_OUT) this.hear(model, `change:${name}`, () => this.layOut());
    for (const name of PAINTED) this.hear(model, `change:${name}`, () => this.repaint());
    for (const name of DRAWN) this.hear(model, `change:${name}`, () => this.stale());
    this.hear(model, "change:time", () => this.readout.forget());
    this.hear(model, "change:preset", () => this.setRange(this.geometry.presets[this.get("preset")]));
    this.hear(model, "change:outside", () => { this.base.look = null; this.repaint(); });
    for (const layer of this.layers) {
      this.hear(layer.model, "change", () => { layer.look = null; this.repaint(); });
    }
    this.hear(this.base.model, "comm_live_update", () => this.stale());
  }

  remove() {
    for (const [model, event, call] of this.heard) model.off(event, call);
    for (const layer of this.layers) layer.link.close();
    this.readout.remove();
    this.sizes.disconnect();
    this.sight.disconnect();
    cancelAnimationFrame(this.request);
    this.element.remove();
    this.layers = this.panes = []; // the page may hold a view for long; its tables need not stay
  }

  // ---- state ------------------------------------------------------------------------------

  get(name) {
    return this.model.get(name);
  }

  // All at once: half a move of the voxel would pull the crosshair astray.
  set(values) {
    this.model.set(values);
    this.model.save_changes();
  }

  setRange(range) {
    this.base.model.set("range", range);
    this.base.model.save_changes();
  }

  layout(plane) {
    return this.geometry.layouts[this.get("convention")][plane];
  }

  // The slice a pane shows: the crosshair's, or a montage tile's own.
  sliceOf(pane) {
    return pane.index ?? this.place.voxel[this.layout(pane.plane).axis];
  }

  map(pane) {
    return sectionMap(this.layout(pane.plane), this.geometry.shape, this.sliceOf(pane));
  }

  frame(layer) {
    return Math.min(this.get("time"), layer.link.voxels.coding.frames - 1);
  }

  composition() {
    return COMPOSE[this.get("compose")];
  }

  // ---- layout -----------------------------------------------------------------------------

  // Which pictures: the viewer's own panes, a montage of slices, or base and layers side by side.
  wanted() {
    const current = PLANES[this.get("plane")];
    if (this.get("montage")) {
      const count = this.geometry.shape[this.layout(current).axis], tiles = Math.min(TILES, count);
      return Array.from({ length: tiles }, (_, n) =>
        ({ plane: current, show: "all", index: Math.floor(((n + 0.5) * count) / tiles) }));
    }
    const panes = this.get("panes").map((plane) => ({ plane: plane || current, show: "all" }));
    if (this.composition() !== "side by side") return panes;
    return panes.flatMap((pane) => [{ ...pane, show: "base" }, { ...pane, show: "layers" }]);
  }

  layOut() {
    const wanted = this.wanted();
    while (this.panes.length > wanted.length) this.panes.pop().element.remove();
    while (this.panes.length < wanted.length) {
      const pane = new Pane(this.labels);
      listen(pane, this.hands);
      this.panes.push(pane);
      this.stage.append(pane.element);
    }
    const sizes = wanted.map((want, n) => {
      Object.assign(this.panes[n], { index: undefined }, want);
      const { horizontal, vertical, spacing } = this.layout(want.plane), { shape } = this.geometry;
      return { width: shape[horizontal] * spacing[1], height: shape[vertical] * spacing[0] };
    });
    const scale = this.scaleFor(sizes);
    sizes.forEach((size, n) => {
      const frame = { width: Math.round(size.width * scale), height: Math.round(size.height * scale), scale };
      this.panes[n].layOut(frame, size, this.get("zoom"), this.get("pan"), this.get("smooth"));
    });
    const box = this.element.closest(".handson-viewer");
    if (box) box.dataset.plane = PLANES[this.get("plane")];
    this.repaint();
  }

  scaleFor(sizes) {
    const full = document.fullscreenElement === this.element;
    const height = full ? window.innerHeight - FULL_SCREEN_REST : this.get("height");
    const width = (this.element.clientWidth || 640) - 2;
    return fitPanes(sizes, width, this.get("montage") ? height / 2 : height, GAP);
  }

  // ---- drawing ----------------------------------------------------------------------------

  stale() {
    this.request ??= requestAnimationFrame(() => {
      this.request = null;
      this.drawAll();
    });
  }

  // The pixels themselves changed, in all panes.
  repaint() {
    for (const pane of this.panes) pane.painted = null;
    this.stale();
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
    this.readout.update();
    this.drawProgress();
    this.toolbar.update({ ...this.hands.tools(), ...Object.fromEntries(
      ["show_crosshair", "smooth", "outside", "histogram", "montage"].map((name) => [name, this.get(name)])) });
    this.pump();
  }

  style({ model }) {
    const names = ["range", "threshold", "two_sided", "opacity", "invert", "outline"];
    const style = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const labels = model.get("label_names") !== null || this.isLabelMap(model), only = model.get("label_shown");
    const sigmoid = model.get("window_function") === "SIGMOID";
    return { ...style, labels, sigmoid, palette: model.get("label_colours"), only: labels && only ? new Set(only) : null };
  }

  // The last of the colour maps is that of labels.
  isLabelMap(model) {
    return model.get("cmap_index") === this.get("maps").byteLength / 768 - 1;
  }

  colours({ model }) {
    return colourMap(this.maps ??= bytesOf(this.get("maps")), model.get("cmap_index"));
  }

  look(layer) {
    const style = { ...this.style(layer), marks: this.get("outside") };
    layer.look ??= windowTable(layer.link.voxels.coding, style, this.colours(layer));
    return layer.look;
  }

  paint(pane, map) {
    if (pane.painted === this.sliceOf(pane)) return;
    pane.painted = this.sliceOf(pane);
    const out = pane.pixels(map.width, map.height), { base } = this;
    if (pane.show === "layers") out.fill(0xff000000);
    else paintBase(out, base.link.voxels, this.frame(base), map, this.look(base));
    if (pane.show !== "base") {
      const mask = composeMask(this.composition(), this.get("split"), map.width, map.height);
      for (const layer of this.over) this.blend(out, layer, map, mask);
    }
    pane.flush();
  }

  blend(out, layer, map, mask) {
    if (!layer.model.get("visible")) return;
    const size = map.width * map.height;
    if (layer.values?.length !== size) layer.values = new Float32Array(size);
    const there = mapInto(map, this.geometry.affine, layer.model.get("inverse"));
    sampleSection(layer.link.voxels, this.frame(layer), there, layer.model.get("interpolate"), layer.values);
    blendLayer(out, layer.values, map.width, map.height, this.style(layer), this.colours(layer), mask);
  }

  drawOver(pane, map) {
    const { geometry, labels } = this, layout = this.layout(pane.plane), slice = this.sliceOf(pane);
    const here = (points) => points.length === 2 && points.every((p) => Math.abs(p[layout.axis] - slice) < 0.5);
    const ruler = this.get("ruler").map((xyz) => apply(geometry.inverse, xyz)), region = this.get("region");
    pane.drawLetters(layout.letters, this.sides(), this.caption(pane));
    pane.drawMarks({
      map,
      crosshair: this.get("show_crosshair") && pane.index === undefined ? this.place.voxel : null,
      ruler: here(ruler) ? ruler : null,
      region: here(region) ? region : null,
      painted: paintedPath(map, geometry.shape, layout.axis, slice, this.painted()),
      curtain: this.composition() === "curtain" ? this.get("split") : null,
      scale: {
        known: geometry.scale !== "none",
        none: labels.no_scale,
        text: (mm) => fill(geometry.scale === "detector" ? labels.scale_detector : labels.scale_mm, { mm }),
      },
    });
    show(pane.loading, this.isMissing(map));
  }

  // The middle of the picture stands for the slice: it is what comes in one piece.
  isMissing(map) {
    const middle = pixelToVoxel(map, map.width >> 1, map.height >> 1);
    return voxelValue(this.base.link.voxels, this.frame(this.base), middle) === null;
  }

  drawProgress() {
    const progress = Math.min(...this.layers.map((layer) => layer.link.voxels.progress));
    const percent = Math.floor(progress * 100);
    this.progress.style.width = `${percent}%`;
    this.progress.setAttribute("aria-valuenow", percent);
    show(this.progress, progress < 1);
  }

  // The convention in force, and how far the slices are from the patient's axes.
  sides() {
    const { geometry, labels } = this;
    if (!geometry.placed) return geometry.unplaced;
    const convention = labels.conventions[this.get("convention")];
    const oblique = geometry.oblique ? fill(labels.oblique, { deg: geometry.oblique }) : "";
    return [convention, oblique, geometry.warning].filter(Boolean).join(" · ");
  }

  caption(pane) {
    if (pane.index !== undefined) return `${pane.index + 1}`;
    if (pane.show === "base") return this.base.model.get("name");
    if (pane.show === "layers") return this.over.map((layer) => layer.model.get("name")).join(", ");
    return this.panes.length > 1 ? this.labels.planes[pane.plane] : "";
  }
}

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
