// One viewer on the page: state comes from the models, pixels from paint.js, words from readout.js,
// hands from hands.js. Any change only marks the view as stale; one animation frame draws what is
// true by then, and words follow when the hand rests. Pixels are painted again only where they changed: a
// pane keeps its picture while the crosshair moves within its slice. Of a section with more voxels than the
// screen has dots for, a draft is painted at first, and all of it when the hand rests.
import { liesIn, outlinePath, sliceOfAnnotation } from "./annotate.js";
import { Painted } from "./brush.js";
import { make, show } from "./dom.js";
import { apply, clamp, cross, dot, everyNth, fitScale, mapInto, nearestVoxel, pixelToVoxel, sectionMap, turn, unit, voxelToPixel } from "./geometry.js";
import { Hands } from "./hands.js";
import { keepKeys, listen } from "./input.js";
import { planeAxes, product, rotationAbout, rotationOf, tiltOf, turnedMap } from "./oblique.js";
import { blendLayer, blendPainted, composeMask, paintBase, paintValues } from "./paint.js";
import { Pane } from "./pane.js";
import { Place, VOXEL } from "./place.js";
import { Readout } from "./readout.js";
import { sampleSection, voxelValue } from "./sample.js";
import { flushOnRest, later } from "./sending.js";
import { SLABS, paintSlab } from "./slab.js";
import { savePicture } from "./snapshot.js";
import { fill, short } from "./text.js";
import { Toolbar, helpDialog, textDialog } from "./toolbar.js";
import { openSource } from "./transport.js";
import { colourMap, windowOf, windowTable } from "./window.js";

export const PLANES = ["axial", "coronal", "sagittal"];
export const COMPOSE = ["blend", "curtain", "checkerboard", "side by side"];
const ONE = 0, ONE_AND_TWO = 1, GRID = 2; // arrangements
const TILES = 12, WIDE_FROM = 820; // tiles of a montage; CSS pixels
const WORDS_AFTER = 40, WORDS_AT_LEAST = 150, FINE_AFTER = 120, SAID_FOR = 4000; // ms
const DRAFT_FROM = 2 ** 20; // pixels: a section of so many is painted in full when the hand rests

// Traits after which the pictures are laid out anew, their pixels painted anew, or only what lies over them.
const LAID_OUT = ["plane", "convention", "compose", "zoom", "pan", "smooth", "montage", "panes", "arrangement", "panel", "height", "tilt"];
const PAINTED = ["time", "split", "slab", "slab_mm"];
const DRAWN = ["show_crosshair", "annotations", "brush_radius", "percent", "events"];

export class View {
  // model: the canvas's; layers: [{ model, source }], the first is the base
  constructor({ model, layers, labels, element }) {
    this.model = model;
    this.labels = labels;
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
    this.play();
  }

  // ---- life -------------------------------------------------------------------------------

  openLayer({ model, source }) {
    const user = {
      focus: () => ({ time: this.get("time"), ijk: this.focusIn(model) }),
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
    this.toolbar = new Toolbar(labels, (action) => this.hands.pressButton(action, this.inHand()), (action) => this.isOffered(action));
    this.progress = make("div", { class: "ho-progress", role: "progressbar", "aria-label": labels.loading, "aria-valuemin": 0, "aria-valuemax": 100 });
    this.readout = new Readout(this);
    this.stage = make("div", { class: "ho-stage" }, this.readout.tabs.element);
    this.help = helpDialog(labels);
    this.text = textDialog(labels);
    // The pictures come first: the first Tab is on them. The style puts the tools above.
    this.element = make("div", { class: "ho-view", role: "group", "aria-label": labels.viewer },
      this.stage, this.toolbar.element, this.progress, ...this.readout.elements, this.help, this.text.element);
    element.append(this.element);
    this.letKeysGo = keepKeys(this.element);
    this.stopFlushing = flushOnRest(this.element);
    this.sizes = new ResizeObserver(() => this.layOut());
    this.sizes.observe(this.stage);
    this.sight = new IntersectionObserver((entries) => {
      this.onScreen = entries.at(-1).isIntersecting; // gone and back may come in one call
      if (this.onScreen) this.pump();
    });
    this.sight.observe(this.stage);
  }

  // What has no meaning for this volume has no button.
  isOffered(action) {
    const { channels, n_volumes } = this.base.link.voxels.coding, slices = Math.max(...this.geometry.shape) > 1 && Math.min(...this.geometry.shape) > 1;
    if (["window", "outside"].includes(action)) return channels === 1;
    if (action === "convention") return this.geometry.placed;
    if (action === "layout") return slices;
    if (action === "slab") return slices && channels === 1;
    if (action === "play") return slices || n_volumes > 1;
    return true;
  }

  hear(model, event, call) {
    model.on(event, call);
    this.heard.push([model, event, call]);
  }

  listenToModels() {
    const { model } = this;
    for (const name of VOXEL) this.hear(model, `change:${name}`, () => { this.place.voxelMoved(); this.stale(); });
    this.hear(model, "change:crosshair", () => { this.place.crosshairMoved(); this.stale(); });
    for (const name of LAID_OUT) this.hear(model, `change:${name}`, () => this.layOut());
    for (const name of PAINTED) this.hear(model, `change:${name}`, () => this.repaint());
    for (const name of DRAWN) this.hear(model, `change:${name}`, () => this.stale());
    this.hear(model, "change:painted", () => this.repaint());
    this.hear(model, "change:time", () => this.readout.forget());
    this.hear(model, "change:preset", () => this.choosePreset(this.get("preset")));
    this.hear(model, "change:outside", () => { this.base.look = null; this.repaint(); });
    for (const name of ["playing", "fps"]) this.hear(model, `change:${name}`, () => this.play());
    for (const layer of this.layers) {
      this.hear(layer.model, "change", () => { layer.look = null; this.repaint(); });
    }
    this.hear(this.base.model, "change:range", () => this.forgetPreset());
    this.hear(this.base.model, "comm_live_update", () => this.stale());
    this.hear(model, "msg:custom", (content) => this.answered(content));
  }

  remove() {
    for (const [model, event, call] of this.heard) model.off(event, call);
    for (const layer of this.layers) layer.link.close();
    this.letKeysGo();
    this.stopFlushing();
    this.readout.remove();
    this.sizes.disconnect();
    this.sight.disconnect();
    cancelAnimationFrame(this.request);
    for (const timer of [this.wordsTimer, this.fineTimer, this.saidTimer, this.playTimer]) clearTimeout(timer);
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
    later(this.model, () => this.model.save_changes());
  }

  setLayer({ model }, values) {
    model.set(values);
    later(model, () => model.save_changes());
  }

  setRange(range) {
    this.setLayer(this.base, { range });
  }

  choosePreset(n) {
    const range = this.geometry.presets[n];
    if (!range) return;
    this.setRange(range);
    if (this.get("preset") !== n) this.set({ preset: n });
  }

  // Another window than the preset's: the menu names none, so that any can be chosen again.
  forgetPreset() {
    const range = this.geometry.presets[this.get("preset")], now = this.base.model.get("range");
    if (range && range.some((x, n) => x !== now[n])) this.set({ preset: null });
  }

  // The painted voxels; read anew when the model's runs are others.
  painted() {
    const runs = this.get("painted");
    if (this.runs !== runs) {
      this.runs = runs;
      this.brushed = Painted.fromRuns(runs, this.geometry.shape);
    }
    return this.brushed;
  }

  keepPainted() {
    this.runs = this.brushed.toRuns();
    this.set({ painted: this.runs });
    this.stale();
  }

  layout(plane) {
    return this.geometry.layouts[this.get("convention")][plane];
  }

  // The slice a pane shows: the crosshair's, or a montage tile's own.
  sliceOf(pane) {
    return pane.index ?? this.place.voxel[this.layout(pane.plane).axis];
  }

  turned() {
    return this.get("tilt").some((degrees) => degrees !== 0) && this.base.link.voxels.coding.channels === 1;
  }

  map(pane) {
    const layout = this.layout(pane.plane);
    if (this.turned()) return turnedMap(layout, this.geometry, rotationOf(this.get("tilt")), this.place.world(this.place.voxel));
    return sectionMap(layout, this.geometry.shape, this.sliceOf(pane));
  }

  // { mode, axis, n slices, mm } while a slab is on, else null.
  slab(plane) {
    const mode = SLABS[this.get("slab")], { axis } = this.layout(plane), { shape } = this.geometry;
    if (mode === "off" || this.turned() || this.base.link.voxels.coding.channels === 3 || shape[axis] === 1) return null;
    const { area, volume } = this.voxelSize(plane), step = volume / area; // mm from slice to slice, along the normal
    const n = clamp(Math.round(this.get("slab_mm") / step), 1, shape[axis]);
    return { mode, axis, n, mm: n * step };
  }

  voxelSize(plane) {
    const { affine } = this.geometry, { axis, horizontal, vertical } = this.layout(plane);
    const column = (a) => [affine[a], affine[4 + a], affine[8 + a]], face = cross(column(horizontal), column(vertical));
    return { area: Math.hypot(...face), volume: Math.abs(dot(face, column(axis))) };
  }

  timeOf(layer) {
    return Math.min(this.get("time"), layer.link.voxels.coding.n_volumes - 1);
  }

  composition() {
    return COMPOSE[this.get("compose")];
  }

  // The pane that keys of the toolbar mean: the one used last.
  inHand() {
    return this.panes.find((pane) => pane === this.lastPane) ?? this.panes[0];
  }

  // Clicked, or reached by Tab: then the wheel is the viewer's.
  isMeant() {
    const box = this.element.closest(".handson-viewer") ?? this.element;
    return box.contains(document.activeElement) || document.fullscreenElement === box;
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
    let planes = this.get("panes").map((plane) => plane || current);
    if (this.get("arrangement") === ONE_AND_TWO) planes = [current, ...planes.filter((plane) => plane !== current)];
    const panes = planes.map((plane) => ({ plane, show: "all" }));
    if (this.composition() !== "side by side") return panes;
    return panes.flatMap((pane) => [{ ...pane, show: "base" }, { ...pane, show: "layers" }]);
  }

  // The tab of the fourth pane, or null when there is no fourth pane.
  panelOnShow() {
    if (this.get("montage")) return null;
    const offered = Object.keys(this.readout.tabs.panels), wanted = this.get("panel");
    if (offered.includes(wanted)) return wanted;
    return this.get("arrangement") === GRID && this.panes.length === 3 ? offered[0] : null;
  }

  layOut() {
    const wanted = this.wanted();
    while (this.panes.length > wanted.length) this.panes.pop().element.remove();
    while (this.panes.length < wanted.length) {
      const pane = new Pane(this.labels);
      listen(pane, this.hands);
      pane.canvas.addEventListener("focus", () => { this.lastPane = pane; });
      this.panes.push(pane);
      this.readout.tabs.element.before(pane.element);
    }
    wanted.forEach((want, n) => Object.assign(this.panes[n], { index: undefined }, want));
    this.arrange(wanted.length);
    this.placePictures();
    this.markBox();
    this.stale();
  }

  // What the style must know: the plane on show, and whether controls have room beside the pictures.
  markBox() {
    const box = this.element.closest(".handson-viewer");
    if (!box) return;
    if (this.box !== box) this.adopt(box);
    const facts = { plane: this.get("panes").length > 1 ? "all" : PLANES[this.get("plane")], wide: String(box.clientWidth > WIDE_FROM) };
    for (const [name, value] of Object.entries(facts)) if (box.dataset[name] !== value) box.dataset[name] = value;
    box.style.setProperty("--ho-height", `${this.get("height")}px`);
  }

  // The box around the canvas appears after it: its keys are ours as well.
  adopt(box) {
    this.box = box;
    this.letKeysGo();
    this.letKeysGo = keepKeys(box);
    this.sizes.observe(box);
  }

  // How many cells the stage has; the style draws them.
  arrange(count) {
    const panel = this.panelOnShow() !== null, { stage } = this, three = count === 3 && this.get("arrangement") === ONE_AND_TWO;
    const kind = this.get("montage") ? "montage" : three ? "three" : count === 1 ? "one" : count === 2 ? "two" : "grid";
    const cells = `${kind}${panel ? " panel" : ""}`;
    if (stage.dataset.cells !== cells) stage.dataset.cells = cells;
    show(this.readout.tabs.element, panel);
    stage.style.setProperty("--ho-height", `${this.get("height")}px`);
  }

  placePictures() {
    const { geometry } = this, middle = geometry.shape.map((n) => (n - 1) / 2), { inverse } = geometry;
    const focus = middle.map((x, a) => x + turn(inverse, this.get("pan"))[a]);
    const maps = this.panes.map((pane) => this.map(pane));
    const sizes = maps.map((map) => ({ width: map.width * map.spacing[1], height: map.height * map.spacing[0] }));
    const frames = this.panes.map(({ element }) => ({ width: element.clientWidth || 1, height: element.clientHeight || 1 }));
    const scale = fitScale(sizes, frames) * this.get("zoom");
    this.panes.forEach((pane, n) => {
      const centre = voxelToPixel(maps[n], focus).map((x, a) => (x + 0.5) * maps[n].spacing[1 - a]);
      pane.layOut(maps[n], frames[n], sizes[n], scale, centre, this.get("smooth"));
    });
  }

  // The point in the frames' middle stays inside the volume: the picture cannot be lost.
  insidePan(pan) {
    const { affine, inverse, shape } = this.geometry, middle = shape.map((n) => (n - 1) / 2);
    const held = turn(inverse, pan).map((x, a) => clamp(x, -0.5 - middle[a], middle[a] + 0.5));
    return turn(affine, held);
  }

  nextArrangement() {
    const montage = this.get("montage"), now = this.get("panes").length === 1 ? ONE : Math.max(1, this.get("arrangement"));
    if (montage) this.set({ montage: false, arrangement: ONE, panes: [null] });
    else if (now === GRID) this.set({ montage: true });
    else this.set({ arrangement: now + 1, panes: PLANES });
  }

  nextSlab() {
    this.set({ slab: (this.get("slab") + 1) % SLABS.length });
  }

  showPanel(name) {
    this.set({ panel: this.panelOnShow() === name && this.get("panel") === name ? "" : name });
  }

  goTo(id) {
    const annotation = this.get("annotations").find((a) => a.id === id);
    this.hands.selected = id;
    if (PLANES.includes(annotation.plane) && this.panes.length === 1) this.set({ plane: PLANES.indexOf(annotation.plane) });
    this.place.voxel = apply(this.geometry.inverse, annotation.points[0]);
    this.stale();
  }

  // A word that is soon gone.
  say(text) {
    this.said = text;
    clearTimeout(this.saidTimer);
    this.saidTimer = setTimeout(() => { this.said = ""; this.stale(); }, SAID_FOR);
    this.stale();
  }

  ask(call) {
    this.text.ask(call);
  }

  snapshot() {
    this.paintFine();
    savePicture(this.stage, `${PLANES[this.get("plane")]}-${this.sliceOf(this.panes[0])}.png`);
  }

  // ---- time and slices by themselves ----------------------------------------------------------

  // Slices, or volumes in time; not for a reader who asked for less motion.
  play() {
    clearTimeout(this.playTimer);
    if (!this.get("playing")) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.set({ playing: false });
      this.say(this.labels.no_motion);
      return;
    }
    this.playTimer = setTimeout(() => {
      const { n_volumes } = this.geometry, { axis } = this.layout(this.panes[0].plane);
      if (n_volumes > 1) this.set({ time: (this.get("time") + 1) % n_volumes });
      else this.set({ [VOXEL[axis]]: (this.place.voxel[axis] + 1) % this.geometry.shape[axis] });
      this.play();
    }, 1000 / this.get("fps"));
  }

  // ---- header -----------------------------------------------------------------------------

  // The elements of the slice on show are asked for when they are looked at.
  askForHeader() {
    const { voxel } = this.place, time = this.get("time"), asked = `${voxel} ${time}`;
    if (this.headerOf === asked || !this.geometry.has_header || this.model.comm_live === false) return;
    this.headerOf = asked;
    this.model.send?.({ kind: "header", ijk: voxel, time });
  }

  answered(content) {
    if (content.kind !== "header") return;
    this.header = content.rows;
    this.stale();
  }

  // ---- turning ----------------------------------------------------------------------------

  // An end of a crosshair line, its outer third, that is near a place in a pane's frame.
  crosshairEnd(pane, at, reach) {
    if (!this.get("show_crosshair") || this.panes.length < 3 || this.get("montage") || this.base.link.voxels.coding.channels === 3) return null;
    const lines = this.crosshairLines(pane, this.map(pane)), { width, height } = pane.frame;
    const hit = lines.find(({ at: [x, y], direction: [dx, dy] }) => {
      const [u, v] = [at[0] - x, at[1] - y], along = Math.abs(u * dx + v * dy), aside = Math.abs(u * dy - v * dx);
      return aside <= reach && along > Math.min(width, height) / 3;
    });
    if (!hit) return null;
    const axes = planeAxes(this.layout(pane.plane), this.geometry, rotationOf(this.get("tilt")));
    return { normal: axes.normal, centre: hit.at, from: Math.atan2(at[1] - hit.at[1], at[0] - hit.at[0]), tilt: rotationOf(this.get("tilt")) };
  }

  turnBy({ normal, centre, from, tilt }, at) {
    const degrees = ((Math.atan2(at[1] - centre[1], at[0] - centre[0]) - from) * 180) / Math.PI;
    this.setTilt(product(rotationAbout(normal, degrees), tilt));
  }

  // By keyboard: the other planes turn about the normal of the pane in hand.
  tiltAbout(pane, degrees) {
    if (this.base.link.voxels.coding.channels === 3) return;
    const rotation = rotationOf(this.get("tilt"));
    this.setTilt(product(rotationAbout(planeAxes(this.layout(pane.plane), this.geometry, rotation).normal, degrees), rotation));
  }

  setTilt(rotation) {
    this.set({ tilt: tiltOf(rotation).map((degrees) => Math.round(degrees * 100) / 100 || 0) });
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
    if (this.turned()) this.placePictures(); // the section's size follows the crosshair
    for (const pane of this.panes) {
      const map = this.map(pane);
      this.paint(pane, map);
      this.drawOver(pane, map);
    }
    this.pump();
    this.wordsLater();
  }

  // Words when the hand has rested for a moment, or after a while when it does not rest.
  wordsLater() {
    const now = performance.now();
    clearTimeout(this.wordsTimer);
    if (now - (this.wordsAt ?? 0) > WORDS_AT_LEAST) this.writeWords();
    else this.wordsTimer = setTimeout(() => this.writeWords(), WORDS_AFTER);
  }

  writeWords() {
    this.wordsAt = performance.now();
    this.readout.update();
    this.drawProgress();
    this.toolbar.update({ ...this.hands.tools(), slab: this.get("slab") > 0, ...Object.fromEntries(
      ["show_crosshair", "smooth", "outside", "playing"].map((name) => [name, this.get(name)])) });
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
    this.maps = this.maps ?? bytesOf(this.get("maps"));
    return colourMap(this.maps, model.get("cmap_index"));
  }

  look(layer) {
    const style = { ...this.style(layer), marks: this.get("outside") };
    layer.look ??= windowTable(layer.link.voxels.coding, style, this.colours(layer));
    return layer.look;
  }

  // What a pane shows is all in its key; the finer of two pictures of it stays.
  paint(pane, section) {
    const key = String([pane.show, this.composition(), section.origin, section.across, section.down]);
    const step = this.fine || section.width * section.height < DRAFT_FROM ? 1 : pane.voxelsADot();
    if (pane.painted === key && pane.step <= step) return;
    Object.assign(pane, { painted: key, step });
    if (step > 1) this.fineLater();
    const map = step > 1 ? everyNth(section, step) : section, out = pane.pixels(map.width, map.height);
    if (pane.show === "layers") out.fill(0xff000000);
    else this.paintVolume(out, pane, map);
    if (pane.show !== "base") {
      const mask = composeMask(this.composition(), this.get("split"), map.width, map.height);
      for (const layer of this.over) this.blend(out, layer, map, mask);
    }
    if (!this.turned()) blendPainted(out, this.painted(), map);
    pane.flush();
  }

  fineLater() {
    clearTimeout(this.fineTimer);
    this.fineTimer = setTimeout(() => this.paintFine(), FINE_AFTER);
  }

  paintFine() {
    this.fine = true;
    for (const pane of this.panes) this.paint(pane, this.map(pane));
    this.fine = false;
  }

  paintVolume(out, pane, map) {
    const { base } = this, { voxels } = base.link, slab = this.slab(pane.plane);
    if (slab) paintSlab(out, voxels, this.timeOf(base), map, this.look(base), slab);
    else if (!this.turned()) paintBase(out, voxels, this.timeOf(base), map, this.look(base));
    else paintValues(out, sampleSection(voxels, this.timeOf(base), map, true, this.buffer(base, map)), voxels.coding, this.look(base));
  }

  buffer(layer, { width, height }) {
    if (layer.values?.length !== width * height) layer.values = new Float32Array(width * height);
    return layer.values;
  }

  blend(out, layer, map, mask) {
    if (!layer.model.get("visible")) return;
    const there = mapInto(map, this.geometry.affine, layer.model.get("inverse")), values = this.buffer(layer, map);
    sampleSection(layer.link.voxels, this.timeOf(layer), there, layer.model.get("interpolate"), values);
    blendLayer(out, values, map.width, map.height, this.style(layer), this.colours(layer), mask);
  }

  drawOver(pane, map) {
    const { geometry, labels } = this, letters = map.letters ?? this.layout(pane.plane).letters;
    const { coding } = this.base.link.voxels, first = pane === this.panes[0];
    const [centre, width] = windowOf(this.base.model.get("range"), this.base.model.get("window_function") === "LINEAR").map(short);
    pane.drawWords({
      letters: geometry.placed ? letters : this.layout(pane.plane).letters,
      sides: this.sides(map), plane: this.panes.length > 1 && !this.get("montage") ? pane.plane : "",
      name: this.caption(pane), position: this.readout.caption(pane),
      level: first && coding.channels === 1 ? fill(labels.level, { centre, width }) : "",
    });
    pane.drawMarks({
      crosshair: this.get("show_crosshair") && pane.index === undefined ? this.crosshairLines(pane, map) : null,
      annotations: this.annotationsIn(pane).map((annotation) => this.markOf(pane, map, annotation)),
      curtain: this.composition() === "curtain" ? this.get("split") : null,
      scale: {
        known: geometry.scale !== "none",
        none: labels.no_scale,
        text: (mm) => fill(geometry.scale === "detector" ? labels.scale_detector : labels.scale_mm, { mm }),
      },
    });
    show(pane.loading, this.isMissing(map));
  }

  // Where the other two planes cut this one, in the frame: the line and the plane it stands for.
  crosshairLines(pane, map) {
    const at = pane.toFrame(voxelToPixel(map, this.place.voxel)), rotation = rotationOf(this.get("tilt"));
    const axesOf = (plane) => planeAxes(this.layout(plane), this.geometry, rotation), here = axesOf(pane.plane);
    return PLANES.filter((plane) => plane !== pane.plane).map((plane) => {
      const line = cross(here.normal, axesOf(plane).normal), direction = [dot(line, here.right), dot(line, here.down)];
      return { at, direction: Math.hypot(...direction) > 1e-6 ? unit([...direction, 0]).slice(0, 2) : [1, 0], plane };
    });
  }

  // ---- annotations --------------------------------------------------------------------------

  annotationsIn(pane) {
    if (this.turned()) return [];
    const { axis } = this.layout(pane.plane), slice = this.sliceOf(pane);
    return this.get("annotations").filter((a) => liesIn(a, this.geometry, pane.plane, axis, slice));
  }

  sliceOfMark(annotation) {
    return sliceOfAnnotation(annotation, this.geometry, this.layout(annotation.plane || PLANES[this.get("plane")]).axis);
  }

  // A place in the patient, in CSS pixels of a pane's frame.
  inFrame(pane, xyz) {
    return pane.toFrame(voxelToPixel(this.map(pane), apply(this.geometry.inverse, xyz)));
  }

  // The lines of an annotation, as points in the frame: where a hand can find it.
  outline(pane, annotation) {
    const points = annotation.points.map((p) => this.inFrame(pane, p)), { kind } = annotation;
    if (kind === "region" || kind === "ellipse") {
      const [a, b] = points;
      return [a, [b[0], a[1]], b, [a[0], b[1]], a];
    }
    return kind === "freehand" ? [...points, points[0]] : points;
  }

  markOf(pane, map, annotation) {
    const pixel = (p) => voxelToPixel(map, apply(this.geometry.inverse, p)), at = (p) => pane.toFrame(pixel(p));
    // A region's line runs around its voxels, not through their middles.
    const corner = (points) => {
      const [a, b] = points.map(pixel);
      return [Math.min, Math.max].map((f, end) => pane.toFrame([0, 1].map((n) => f(a[n], b[n]) + (end ? 0.5 : -0.5))));
    };
    const points = annotation.points.map(at), right = points.reduce((most, p) => (p[0] > most[0] ? p : most));
    const { width, height } = pane.frame, lines = this.readout.shortText(annotation);
    const room = Math.max(...lines.map((line) => line.length), 0) * 6.5;
    return {
      path: outlinePath(annotation, at, corner), selected: annotation.id === this.hands.selected,
      grips: annotation.kind === "freehand" ? [] : points.map((p) => p.map((x) => Math.round(x * 10) / 10)),
      label: { at: [clamp(right[0] + 8, 2, Math.max(2, width - room)), clamp(right[1] + 4, 12, height - 8)].map(Math.round), lines },
    };
  }

  // The middle of the picture stands for the slice: it is what comes in one piece.
  isMissing(map) {
    const middle = pixelToVoxel(map, map.width >> 1, map.height >> 1).map((n, a) => clamp(Math.round(n), 0, this.geometry.shape[a] - 1));
    return voxelValue(this.base.link.voxels, this.timeOf(this.base), middle) === null;
  }

  drawProgress() {
    const progress = Math.min(...this.layers.map((layer) => layer.link.voxels.progress));
    const percent = Math.floor(progress * 100);
    if (percent === this.percent) return;
    this.percent = percent;
    this.progress.style.width = `${percent}%`;
    this.progress.setAttribute("aria-valuenow", percent);
    show(this.progress, progress < 1);
  }

  // The convention in force, and how far the picture is from the patient's axes or from the slices.
  sides(map) {
    const { geometry, labels } = this;
    const turned = map?.turned ? [fill(labels.turned, { deg: map.turned.toFixed(1) })] : [];
    if (!geometry.placed) return [geometry.unplaced, ...turned].join(" · ");
    if (geometry.warning) turned.push(geometry.warning);
    const oblique = geometry.oblique ? [fill(labels.oblique, { deg: geometry.oblique })] : [];
    return [labels.conventions[this.get("convention")], ...oblique, ...turned].join(" · ");
  }

  caption(pane) {
    if (pane.index !== undefined) return `${pane.index + 1}`;
    if (pane.show === "base") return this.base.model.get("name");
    if (pane.show === "layers") return this.over.map((layer) => layer.model.get("name")).join(", ");
    return this.geometry.placed || this.panes.length > 1 ? this.labels.planes[pane.plane] : "";
  }
}

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
