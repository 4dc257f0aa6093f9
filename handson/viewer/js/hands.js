// What hands mean: actions of keys and buttons, clicks and drags, become changes of the model.
//
// Tools are modes: "window" until another is chosen. What a tool draws is data on the model; what it did can
// be undone, 20 steps of it.
import { AREAS, DRAWN_BY_HAND, gripNear, lineNear, nextId } from "./annotate.js";
import { between, disc } from "./brush.js";
import { clamp, difference, pixelToVoxel, turn, unit } from "./geometry.js";
import { VOXEL } from "./place.js";
import { dragWindow } from "./window.js";

const MOST_ZOOM = 40, FINGER = 8; // a finger moves one slice for every 8 CSS pixels
const STEPS = 20, REACH = 7;      // steps that can be undone; CSS pixels within which a hand finds a mark
const TOOLS = ["window", "pan", "zoom", ...DRAWN_BY_HAND, "brush", "eraser"];

export class Hands {
  constructor(view) {
    this.view = view;
    this.pointer = null;  // { pane, point } under a resting mouse: the voxel is asked for when it is needed
    this.tool = "window";
    this.selected = null; // id of an annotation
    this.draft = null;    // id of the annotation that the keyboard is drawing
    this.space = false;   // held down: the mouse moves the picture
    this.finger = 0;
    this.undone = [];
    this.done = [];
  }

  tools() {
    return Object.fromEntries(TOOLS.map((tool) => [tool, this.tool === tool]));
  }

  // ---- places -----------------------------------------------------------------------------

  voxelUnder(pane, [x, y]) {
    const map = this.view.map(pane);
    return pixelToVoxel(map, clamp(Math.round(x), 0, map.width - 1), clamp(Math.round(y), 0, map.height - 1));
  }

  worldUnder(pane, point) {
    return this.view.place.world(pixelToVoxel(this.view.map(pane), ...point));
  }

  within(pane, [x, y]) {
    const { width, height } = this.view.map(pane);
    return x > -0.5 && y > -0.5 && x < width - 0.5 && y < height - 0.5;
  }

  hover(pane, point) {
    this.pointer = point && this.within(pane, point) ? { pane, point } : null;
    this.view.stale();
  }

  // The voxel under a resting mouse, in the slice that is on show now; null when it is elsewhere.
  voxelAtPointer() {
    const { pointer, view } = this;
    if (!pointer || !view.panes.includes(pointer.pane) || !this.within(pointer.pane, pointer.point)) return null;
    return this.voxelUnder(pointer.pane, pointer.point);
  }

  // ---- mouse and touch ----------------------------------------------------------------------

  // event: pixel `point` of the picture, place `at` in the frame, `middle` mouse button
  press(pane, { point, at, middle, touch }) {
    const { view } = this;
    this.leaveDraft();
    this.pressed = { voxel: this.voxelUnder(pane, point), world: this.worldUnder(pane, point), at,
      range: [...view.base.model.get("range")], moves: middle || this.space ? "pan" : this.tool };
    const grip = this.drawing() || this.tool === "window" ? gripNear(view.annotationsIn(pane), (p) => view.inFrame(pane, p), at, touch ? 20 : REACH) : null;
    if (this.pressed.moves === "pan" || this.pressed.moves === "zoom") return;
    const line = this.tool === "window" && !grip ? view.crosshairEnd(pane, at, REACH) : null;
    if (grip && !this.middleOfAngle()) this.take(grip);
    else if (line) this.pressed.line = line;
    else if (this.brushing()) {
      this.remember();
      this.lastDab = this.pressed.voxel;
      this.dab(pane, this.pressed.voxel);
    } else if (this.drawing()) this.begin(pane);
  }

  take(grip) {
    this.remember();
    this.selected = grip.id;
    this.pressed.grip = grip;
  }

  drag(pane, { point, at, dx, dy, touch }) {
    const { view, pressed } = this;
    if (pressed.grip) this.moveGrip(pane, point);
    else if (pressed.line) view.turnBy(pressed.line, at, this);
    else if (pressed.moves === "pan") this.panBy(pane, dx, dy);
    else if (pressed.moves === "zoom") this.zoomBy(1.01 ** -dy, pane, pressed.at);
    else if (this.brushing()) this.dab(pane, this.voxelUnder(pane, point));
    else if (this.drawing()) return;
    else if (view.composition() === "curtain") view.set({ split: clamp((point[0] + 0.5) / pane.columns, 0, 1) });
    else if (touch) this.slide(pane, dy);
    else this.changeWindow(at[0] - pressed.at[0], at[1] - pressed.at[1], pressed.range);
  }

  release() {
    this.finger = 0;
    const { pressed } = this;
    if (this.brushing() && pressed) this.keepPainting();
    if (pressed?.begun && !pressed.travelled) this.dropEmpty(pressed.begun);
    else if (pressed?.begun && this.tool === "freehand") this.simplify(pressed.begun);
    else if (pressed?.begun && this.tool === "arrow") this.askText(pressed.begun);
    this.pressed = null;
  }

  click(pane, point, at) {
    const { view } = this;
    if (this.tool !== "window" || this.pressed?.grip) return;
    const hit = lineNear(view.annotationsIn(pane), (a) => view.outline(pane, a), at, REACH);
    this.selected = hit?.id ?? null;
    if (hit || !this.within(pane, point)) { view.stale(); return; }
    const ijk = this.voxelUnder(pane, point);
    if (pane.index !== undefined) view.set({ montage: false });
    view.place.voxel = ijk;
  }

  slide(pane, dy) {
    this.finger += dy;
    const steps = Math.trunc(this.finger / FINGER);
    if (!steps) return;
    this.finger -= steps * FINGER;
    this.scroll(pane, -steps);
  }

  // ---- drawing --------------------------------------------------------------------------------

  brushing() {
    return this.tool === "brush" || this.tool === "eraser";
  }

  drawing() {
    return DRAWN_BY_HAND.includes(this.tool);
  }

  annotations() {
    return this.view.get("annotations");
  }

  change(id, values) {
    this.view.set({ annotations: this.annotations().map((a) => (a.id === id ? { ...a, ...values } : a)) });
  }

  // A mark of the tool at the place where the hand went down; an angle goes on with its second arm.
  begin(pane) {
    const { view, pressed, tool } = this;
    const open = this.middleOfAngle();
    this.remember();
    if (open) {
      this.change(open.id, { points: [...open.points, pressed.world] });
      pressed.grip = { id: open.id, n: 2 };
      pressed.begun = open.id;
      pressed.travelled = true;
      return;
    }
    const at = this.placeOf(tool, pressed);
    const id = this.add({ kind: tool, plane: pane.plane, points: tool === "text" || tool === "freehand" ? [at] : [at, at] });
    pressed.begun = id;
    pressed.grip = { id, n: tool === "text" || tool === "freehand" ? 0 : 1 };
    if (tool === "text") {
      pressed.travelled = true;
      this.askText(id);
    }
    view.stale();
  }

  // Regions are of whole voxels; all else goes between them.
  placeOf(kind, { voxel, world }) {
    return kind === "region" ? this.view.place.world(voxel) : world;
  }

  add(annotation) {
    const id = nextId(this.annotations());
    this.selected = id;
    this.view.set({ annotations: [...this.annotations(), { text: "", ...annotation, id }] });
    return id;
  }

  moveGrip(pane, point) {
    const { id, n } = this.pressed.grip, annotation = this.annotations().find((a) => a.id === id);
    if (!annotation) return;
    this.pressed.travelled = true;
    const at = this.placeOf(annotation.kind, { voxel: this.voxelUnder(pane, point), world: this.worldUnder(pane, point) });
    if (annotation.kind === "freehand") this.change(id, { points: [...annotation.points, at] });
    else this.change(id, { points: annotation.points.map((p, m) => (m === n ? at : p)) });
  }

  middleOfAngle() {
    const open = this.annotations().find((a) => a.id === this.selected);
    return this.tool === "angle" && open?.kind === "angle" && open.points.length === 2 ? open : null;
  }

  // A click draws nothing: a mark of no size is taken back.
  dropEmpty(id) {
    this.view.set({ annotations: this.annotations().filter((a) => a.id !== id) });
    this.done.pop();
    this.selected = null;
  }

  // The keyboard draws no further; what has no size yet is taken back.
  leaveDraft() {
    const draft = this.annotations().find((a) => a.id === this.draft);
    if (draft && draft.points.length > 1 && draft.points.every((p) => p.every((x, a) => x === draft.points[0][a]))) this.dropEmpty(draft.id);
    this.draft = null;
  }

  // A freehand outline keeps the corners that are at least half a pixel of the picture apart.
  simplify(id) {
    const annotation = this.annotations().find((a) => a.id === id), kept = [];
    const step = 0.5 * Math.min(...this.view.geometry.layouts[0][annotation.plane].spacing);
    for (const p of annotation.points) if (!kept.length || Math.hypot(...difference(p, kept.at(-1))) >= step) kept.push(p);
    if (kept.length < 3) this.dropEmpty(id);
    else this.change(id, { points: kept });
  }

  askText(id) {
    this.view.ask((text) => {
      if (text) this.change(id, { text });
      else if (this.annotations().find((a) => a.id === id)?.kind === "text") this.dropEmpty(id);
    });
  }

  // Paint or rub out under the brush, from where it was last. Python hears when the hand rests.
  dab(pane, voxel) {
    const { view } = this, { shape, affine } = view.geometry, painted = view.painted();
    for (const centre of between(this.lastDab, voxel)) {
      for (const ijk of disc(view.map(pane), affine, shape, centre, view.get("brush_radius"))) painted.set(ijk, this.tool === "brush");
    }
    this.lastDab = voxel;
    view.repaint();
  }

  keepPainting() {
    this.view.keepPainted();
  }

  changeBrush(factor) {
    this.view.set({ brush_radius: clamp(this.view.get("brush_radius") * factor, 0.05, 500) });
  }

  // ---- undo -----------------------------------------------------------------------------------

  now() {
    return { annotations: this.annotations(), painted: this.view.get("painted") };
  }

  remember() {
    this.done.push(this.now());
    if (this.done.length > STEPS) this.done.shift();
    this.undone = [];
  }

  step(from, to) {
    if (!from.length) return;
    to.push(this.now());
    this.draft = this.selected = null;
    this.view.set(from.pop());
  }

  remove(id) {
    if (id === null || !this.annotations().some((a) => a.id === id)) return;
    this.remember();
    this.draft = this.selected = null;
    this.view.set({ annotations: this.annotations().filter((a) => a.id !== id) });
  }

  clear() {
    if (!this.annotations().length && !this.view.get("painted").length) return;
    this.remember();
    this.draft = this.selected = null;
    this.view.set({ annotations: [], painted: [] });
  }

  // One step back: what the keyboard draws, the tool, what is selected. Nothing is wiped.
  escape() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.tool !== "window") this.choose("window");
    else this.selected = null;
    this.leaveDraft();
    this.view.stale();
  }

  // ---- one change each ------------------------------------------------------------------------

  // False at either end.
  scroll(pane, steps) {
    const { axis } = this.view.layout(pane.plane), now = this.view.place.voxel[axis];
    const to = clamp(now + steps, 0, this.view.geometry.shape[axis] - 1);
    this.leaveDraft();
    if (to === now) return false;
    this.view.set({ [VOXEL[axis]]: to });
    return true;
  }

  // Move the crosshair one pixel in the picture; what the keyboard draws follows it.
  nudge(pane, x, y) {
    const { across, down } = this.view.map(pane), { place } = this.view;
    place.voxel = place.voxel.map((n, a) => n + x * across[a] + y * down[a]);
    if (this.brushing()) {
      this.remember();
      this.lastDab = place.voxel;
      this.dab(pane, place.voxel);
      this.keepPainting();
    } else if (this.draft !== null) {
      const annotation = this.annotations().find((a) => a.id === this.draft);
      if (annotation) this.change(this.draft, { points: [...annotation.points.slice(0, -1), place.world(place.voxel)] });
    }
  }

  changeWindow(across, down, from = this.view.base.model.get("range")) {
    const { link } = this.view.base, { coding } = link.voxels;
    if (coding.channels === 1) this.view.setRange(dragWindow(from, across, down, coding));
  }

  // About a place in the frame, which stays where it is; about the middle without one.
  zoomBy(factor, pane, at) {
    const { view } = this, zoom = view.get("zoom"), to = clamp(zoom * factor, 1, MOST_ZOOM);
    if (!pane || !at) { view.set({ zoom: to }); return; }
    const fixed = this.worldUnder(pane, pane.fromFrame(at));
    const middle = this.worldUnder(pane, pane.fromFrame([pane.frame.width / 2, pane.frame.height / 2]));
    const moved = difference(fixed, middle).map((x) => x * (1 - zoom / to));
    view.set({ zoom: to, pan: view.insidePan(view.get("pan").map((x, a) => x + moved[a])) });
  }

  panBy(pane, dx, dy) {
    const { view } = this, map = view.map(pane), { affine } = view.geometry, { scale } = pane.placed;
    const right = unit(turn(affine, map.across)), down = unit(turn(affine, map.down));
    view.set({ pan: view.insidePan(view.get("pan").map((x, a) => x - (right[a] * dx + down[a] * dy) / scale)) });
  }

  changeTime(step) {
    this.view.set({ time: clamp(this.view.get("time") + step, 0, this.view.geometry.n_volumes - 1) });
  }

  flip(name) {
    this.view.set({ [name]: !this.view.get(name) });
  }

  // A double click: the window and the place it began with.
  reset() {
    this.view.set({ zoom: 1, pan: [0, 0, 0], tilt: [0, 0, 0] });
    const [first] = this.view.geometry.presets;
    if (first) this.view.choosePreset(0);
  }

  // A tool draws where the mouse drags; by keyboard it starts at the crosshair and follows it.
  choose(tool) {
    const off = this.tool === tool || tool === "window";
    this.tool = off ? "window" : tool;
    this.leaveDraft();
    if (this.view.turned() && (AREAS.includes(this.tool) || this.brushing())) {
      this.tool = "window";
      this.view.say(this.view.labels.not_oblique);
    }
    this.view.stale();
  }

  // By the tool's key: at once where the crosshair is.
  start(tool, pane) {
    this.choose(tool);
    if (this.tool !== tool || tool === "freehand") return;
    const { place } = this.view;
    this.view.set({ show_crosshair: true });
    if (this.brushing()) return;
    const at = place.world(place.voxel);
    this.remember();
    this.draft = this.add({ kind: tool, plane: pane.plane, points: tool === "text" ? [at] : [at, at] });
    if (tool === "text" || tool === "arrow") this.askText(this.draft);
  }

  // An angle by keyboard: the next arm begins where the crosshair is now.
  nextPoint() {
    const annotation = this.annotations().find((a) => a.id === this.draft);
    if (annotation?.kind === "angle" && annotation.points.length === 2) {
      this.change(this.draft, { points: [...annotation.points, annotation.points.at(-1)] });
    } else this.draft = null;
    this.view.stale();
  }

  fullScreen() {
    const box = this.view.element.closest(".handson-viewer") ?? this.view.element;
    if (document.fullscreenElement) document.exitFullscreen();
    else box.requestFullscreen().catch(() => this.view.say(this.view.labels.no_full_screen));
  }

  // Actions of KEYS; the pane is the one that was in hand.
  act(action, pane) {
    const { view } = this, end = view.geometry.shape[view.layout(pane.plane).axis];
    const acts = {
      next: () => this.scroll(pane, 1), previous: () => this.scroll(pane, -1),
      next10: () => this.scroll(pane, 10), previous10: () => this.scroll(pane, -10),
      first: () => this.scroll(pane, -end), last: () => this.scroll(pane, end),
      left: () => this.nudge(pane, -1, 0), right: () => this.nudge(pane, 1, 0),
      up: () => this.nudge(pane, 0, -1), down: () => this.nudge(pane, 0, 1), nextPoint: () => this.nextPoint(),
      wider: () => this.changeWindow(20, 0), narrower: () => this.changeWindow(-20, 0),
      brighter: () => this.changeWindow(0, -10), darker: () => this.changeWindow(0, 10), resetAll: () => this.reset(),
      zoomIn: () => this.zoomBy(1.25), zoomOut: () => this.zoomBy(0.8),
      resetView: () => view.set({ zoom: 1, pan: [0, 0, 0], tilt: [0, 0, 0] }),
      panLeft: () => this.panBy(pane, 30, 0), panRight: () => this.panBy(pane, -30, 0),
      panUp: () => this.panBy(pane, 0, 30), panDown: () => this.panBy(pane, 0, -30),
      later: () => this.changeTime(1), earlier: () => this.changeTime(-1),
      convention: () => view.set({ convention: 1 - view.get("convention") }),
      crosshair: () => this.flip("show_crosshair"), smooth: () => this.flip("smooth"), outside: () => this.flip("outside"),
      histogram: () => view.showPanel("histogram"), header: () => view.showPanel("header"), montage: () => this.flip("montage"),
      window: () => this.choose("window"), pan: () => this.choose("pan"), zoom: () => this.choose("zoom"),
      brush: () => this.start("brush", pane), eraser: () => this.start("eraser", pane),
      smaller: () => this.changeBrush(0.8), larger: () => this.changeBrush(1.25),
      layout: () => view.nextArrangement(), slab: () => view.nextSlab(), play: () => this.flip("playing"),
      tiltLeft: () => view.tiltAbout(pane, -1), tiltRight: () => view.tiltAbout(pane, 1),
      undo: () => this.step(this.done, this.undone), redo: () => this.step(this.undone, this.done),
      remove: () => this.remove(this.selected), clear: () => this.clear(), escape: () => this.escape(),
      save: () => view.snapshot(), fullScreen: () => this.fullScreen(), help: () => view.help.showModal(),
    };
    for (const tool of DRAWN_BY_HAND) acts[tool] = () => this.start(tool, pane);
    acts[action]();
  }

  // A button of the toolbar only takes the tool up: the mouse draws.
  pressButton(action, pane) {
    if (TOOLS.includes(action)) this.choose(action);
    else this.act(action, pane);
  }
}
