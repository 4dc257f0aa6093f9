// What hands mean: actions of keys and buttons, clicks and drags, become changes of the model.
import { between, disc, numberOf, toRuns } from "./brush.js";
import { clamp, pixelToVoxel } from "./geometry.js";
import { regionBox } from "./measure.js";
import { VOXEL } from "./place.js";
import { dragWindow } from "./window.js";

const MOST_ZOOM = 20, FINGER = 8; // a finger moves one slice for every 8 CSS pixels

export class Hands {
  constructor(view) {
    this.view = view;
    this.pointer = null; // voxel under the pointer
    this.tool = null;    // "ruler", "region", "brush", "eraser" or none
    this.anchor = null;  // voxel where a ruler or region begun by keyboard starts
    this.finger = 0;
  }

  tools() {
    return Object.fromEntries(["ruler", "region", "brush", "eraser"].map((tool) => [tool, this.tool === tool]));
  }

  // ---- places -----------------------------------------------------------------------------

  voxelUnder(pane, [x, y]) {
    const map = this.view.map(pane);
    return pixelToVoxel(map, clamp(Math.round(x), 0, map.width - 1), clamp(Math.round(y), 0, map.height - 1));
  }

  worldUnder(pane, point) {
    return this.view.place.world(pixelToVoxel(this.view.map(pane), ...point));
  }

  hover(pane, point) {
    const { width, height } = this.view.map(pane);
    const within = point && point[0] > -0.5 && point[1] > -0.5 && point[0] < width - 0.5 && point[1] < height - 0.5;
    this.pointer = within ? this.voxelUnder(pane, point) : null;
    this.view.stale();
  }

  // ---- mouse and touch ----------------------------------------------------------------------

  press(pane, point) {
    this.pressed = { voxel: this.voxelUnder(pane, point), world: this.worldUnder(pane, point) };
    this.lastDab = this.pressed.voxel;
    if (this.brushing()) this.dab(pane, this.pressed.voxel);
  }

  drag(pane, point, dx, dy, touch) {
    const { view } = this;
    if (this.tool === "ruler") view.set({ ruler: [this.pressed.world, this.worldUnder(pane, point)] });
    else if (this.tool === "region") view.set({ region: regionBox(this.pressed.voxel, this.voxelUnder(pane, point)) });
    else if (this.brushing()) this.dab(pane, this.voxelUnder(pane, point));
    else if (view.composition() === "curtain") view.set({ split: clamp((point[0] + 0.5) / pane.canvas.width, 0, 1) });
    else if (view.get("zoom") > 1) this.panBy(dx, dy);
    else if (touch) this.slide(pane, dy);
    else this.changeWindow(dx, dy);
  }

  brushing() {
    return this.tool === "brush" || this.tool === "eraser";
  }

  // Paint or rub out under the brush, from where it was last.
  dab(pane, voxel) {
    const { view } = this, { shape, affine } = view.geometry, painted = new Set(view.painted());
    for (const centre of between(this.lastDab, voxel)) {
      for (const ijk of disc(view.map(pane), affine, shape, centre, view.get("brush_radius"))) {
        if (this.tool === "brush") painted.add(numberOf(ijk, shape));
        else painted.delete(numberOf(ijk, shape));
      }
    }
    this.lastDab = voxel;
    view.set({ painted: toRuns(painted) });
  }

  changeBrush(factor) {
    this.view.set({ brush_radius: clamp(this.view.get("brush_radius") * factor, 0.05, 500) });
  }

  slide(pane, dy) {
    this.finger += dy;
    const steps = Math.trunc(this.finger / FINGER);
    if (!steps) return;
    this.finger -= steps * FINGER;
    this.scroll(pane, -steps);
  }

  click(pane, point) {
    if (this.tool) return;
    const ijk = this.voxelUnder(pane, point);
    if (pane.index !== undefined) this.view.set({ montage: false });
    this.view.place.voxel = ijk;
  }

  release() {
    this.finger = 0;
  }

  // ---- one change each ------------------------------------------------------------------------

  // False at either end, so that the page may scroll on.
  scroll(pane, steps) {
    const { axis } = this.view.layout(pane.plane), now = this.view.place.voxel[axis];
    const to = clamp(now + steps, 0, this.view.geometry.shape[axis] - 1);
    if (to === now) return false;
    this.view.set({ [VOXEL[axis]]: to });
    return true;
  }

  // Move the crosshair one pixel in the picture.
  nudge(pane, x, y) {
    const { across, down } = this.view.map(pane), { place } = this.view;
    place.voxel = place.voxel.map((n, a) => n + x * across[a] + y * down[a]);
    if (!this.brushing()) return;
    this.lastDab = place.voxel;
    this.dab(pane, place.voxel);
  }

  changeWindow(across, down) {
    const { model, link } = this.view.base, { low, high, channels } = link.voxels.coding;
    if (channels === 1) this.view.setRange(dragWindow(model.get("range"), across, down, [low, high]));
  }

  zoomBy(factor) {
    this.view.set({ zoom: clamp(this.view.get("zoom") * factor, 1, MOST_ZOOM) });
  }

  panBy(dx, dy) {
    const [x, y] = this.view.get("pan"), { scale } = this.view.panes[0].placed;
    this.view.set({ pan: [x + dx / scale, y + dy / scale] });
  }

  changeTime(step) {
    this.view.set({ time: clamp(this.view.get("time") + step, 0, this.view.geometry.frames - 1) });
  }

  flip(name) {
    this.view.set({ [name]: !this.view.get(name) });
  }

  // A tool draws where the mouse drags; by keyboard it starts at the crosshair and follows it.
  start(tool) {
    const off = this.tool === tool;
    this.tool = off ? null : tool;
    this.anchor = off ? null : this.view.place.voxel;
    if (!off) this.view.set({ show_crosshair: true });
    this.view.stale();
  }

  followAnchor() {
    if (!this.anchor || this.brushing()) return;
    const { place } = this.view;
    if (this.tool === "ruler") this.view.set({ ruler: [place.world(this.anchor), place.world(place.voxel)] });
    else this.view.set({ region: regionBox(this.anchor, place.voxel) });
  }

  clear() {
    this.tool = this.anchor = null;
    this.view.set({ ruler: [], region: [], painted: [] });
    this.view.stale();
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.view.element.requestFullscreen();
  }

  // Actions of KEYS and of the buttons; the pane is the one that was in hand.
  act(action, pane) {
    const end = this.view.geometry.shape[this.view.layout(pane.plane).axis];
    const acts = {
      next: () => this.scroll(pane, 1), previous: () => this.scroll(pane, -1),
      next10: () => this.scroll(pane, 10), previous10: () => this.scroll(pane, -10),
      first: () => this.scroll(pane, -end), last: () => this.scroll(pane, end),
      left: () => this.nudge(pane, -1, 0), right: () => this.nudge(pane, 1, 0),
      up: () => this.nudge(pane, 0, -1), down: () => this.nudge(pane, 0, 1),
      wider: () => this.changeWindow(20, 0), narrower: () => this.changeWindow(-20, 0),
      brighter: () => this.changeWindow(0, -10), darker: () => this.changeWindow(0, 10),
      zoomIn: () => this.zoomBy(1.25), zoomOut: () => this.zoomBy(0.8),
      resetView: () => this.view.set({ zoom: 1, pan: [0, 0] }),
      panLeft: () => this.panBy(30, 0), panRight: () => this.panBy(-30, 0),
      panUp: () => this.panBy(0, 30), panDown: () => this.panBy(0, -30),
      later: () => this.changeTime(1), earlier: () => this.changeTime(-1),
      convention: () => this.view.set({ convention: 1 - this.view.get("convention") }),
      crosshair: () => this.flip("show_crosshair"), smooth: () => this.flip("smooth"),
      outside: () => this.flip("outside"), histogram: () => this.flip("histogram"), montage: () => this.flip("montage"),
      ruler: () => this.start("ruler"), region: () => this.start("region"),
      brush: () => this.start("brush"), eraser: () => this.start("eraser"),
      smaller: () => this.changeBrush(0.8), larger: () => this.changeBrush(1.25),
      clear: () => this.clear(), fullScreen: () => this.fullScreen(), help: () => this.view.help.showModal(),
    };
    acts[action]();
  }
}
