// One picture on the page: a canvas of one pixel a voxel, stretched to millimetres by CSS, under
// lines and letters that stay crisp at any zoom.
//
//   frame (clips)  +--------------- S ---------------+
//                  |  canvas  role=img, keyboard     |
//                  R  svg     crosshair ruler region L
//                  |          scale bar              |
//                  +- convention ---- I ---- 20 mm --+
import { draw, make, place, show } from "./dom.js";
import { placePicture, scaleBar, voxelToPixel } from "./geometry.js";

export class Pane {
  constructor(labels) {
    this.canvas = make("canvas", { class: "ho-canvas", role: "img", tabindex: 0 });
    this.context = this.canvas.getContext("2d");
    this.lines = ["horizontal", "vertical"].map(() => draw("line", { class: "ho-crosshair" }));
    this.ruler = draw("line", { class: "ho-ruler" });
    this.region = draw("rect", { class: "ho-region" });
    this.brushed = draw("path", { class: "ho-painted" });
    this.curtain = draw("line", { class: "ho-curtain" });
    this.bar = draw("path", { class: "ho-bar" });
    this.marks = draw("svg", { class: "ho-marks", "aria-hidden": "true" },
      this.brushed, ...this.lines, this.ruler, this.region, this.curtain, this.bar);
    this.letters = Object.fromEntries(["left", "right", "top", "bottom"].map((side) =>
      [side, make("span", { class: `ho-letter ho-${side}` })]));
    this.convention = make("span", { class: "ho-convention" });
    this.scaleText = make("span", { class: "ho-scale" });
    this.caption = make("span", { class: "ho-caption" });
    this.loading = make("span", { class: "ho-loading", text: labels.loading });
    this.element = make("div", { class: "ho-frame" }, this.canvas, this.marks,
      ...Object.values(this.letters), this.convention, this.scaleText, this.caption, this.loading);
  }

  // The bitmap to paint into, of the section's size.
  pixels(width, height) {
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    return this.words;
  }

  flush() {
    this.context.putImageData(this.image, 0, 0);
  }

  // frame: {width, height, scale} CSS pixels; mm: (width, height) of the picture
  layOut(frame, size, zoom, pan, smooth) {
    this.element.style.width = `${frame.width}px`;
    this.element.style.height = `${frame.height}px`;
    this.placed = placePicture(frame, size, zoom, pan);
    for (const side of ["width", "height", "left", "top"]) {
      this.canvas.style[side] = `${this.placed[side]}px`;
    }
    this.canvas.classList.toggle("ho-smooth", smooth);
    this.element.classList.toggle("ho-small", frame.width < 200);
    this.frame = frame;
  }

  // Middle of a picture pixel -> CSS pixels in the frame, and back to (fractional) pixels.
  toFrame([x, y]) {
    const { placed, canvas } = this;
    return [placed.left + ((x + 0.5) * placed.width) / canvas.width,
            placed.top + ((y + 0.5) * placed.height) / canvas.height];
  }

  fromEvent(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.canvas.width - 0.5,
            ((event.clientY - box.top) / box.height) * this.canvas.height - 0.5];
  }

  drawLetters(letters, sides, caption) {
    for (const [name, node] of Object.entries(this.letters)) {
      node.textContent = letters[name];
      show(node, letters[name] !== "");
    }
    this.convention.textContent = sides;
    this.caption.textContent = caption;
    show(this.caption, caption !== "");
  }

  // What lies over the picture; map is the section's, so all of it moves with zoom and pan.
  drawMarks({ map, crosshair, ruler, region, painted, curtain, scale }) {
    const { width, height } = this.frame;
    const [horizontal, vertical] = this.lines;
    if (crosshair) {
      const [x, y] = this.toFrame(voxelToPixel(map, crosshair));
      place(horizontal, { x1: 0, x2: width, y1: y, y2: y });
      place(vertical, { x1: x, x2: x, y1: 0, y2: height });
    }
    toggle(crosshair, horizontal, vertical);
    if (ruler) {
      const [p, q] = ruler.map((ijk) => this.toFrame(voxelToPixel(map, ijk)));
      place(this.ruler, { x1: p[0], y1: p[1], x2: q[0], y2: q[1] });
    }
    toggle(ruler, this.ruler);
    if (region) {
      const corners = region.map((ijk) => voxelToPixel(map, ijk));
      const [low, high] = [Math.min, Math.max].map((f) =>
        [0, 1].map((n) => f(corners[0][n], corners[1][n])));
      const [x, y] = this.toFrame([low[0] - 0.5, low[1] - 0.5]);
      const [right, bottom] = this.toFrame([high[0] + 0.5, high[1] + 0.5]);
      place(this.region, { x, y, width: right - x, height: bottom - y });
    }
    toggle(region, this.region);
    if (painted) {
      const [x, y] = this.toFrame([0, 0]), [right, bottom] = this.toFrame([1, 1]);
      place(this.brushed, { d: painted, transform: `translate(${x} ${y}) scale(${right - x} ${bottom - y})` });
    }
    toggle(painted, this.brushed);
    if (curtain !== null) {
      const [x] = this.toFrame([curtain * map.width - 0.5, 0]);
      place(this.curtain, { x1: x, x2: x, y1: 0, y2: height });
    }
    toggle(curtain !== null, this.curtain);
    this.drawScale(scale);
  }

  // scale: { known, text: (mm) => string }
  drawScale(scale) {
    this.scaleText.textContent = scale.none;
    toggle(scale.known, this.bar);
    if (!scale.known) return;
    const { width, height } = this.frame;
    const bar = scaleBar(this.placed.scale, Math.min(90, width / 3));
    const right = width - 8, y = height - 8;
    place(this.bar, { d: `M${right - bar.pixels} ${y - 5}v5h${bar.pixels}v-5` });
    this.scaleText.textContent = scale.text(bar.mm);
  }
}

function toggle(visible, ...nodes) {
  for (const node of nodes) node.style.display = visible ? "" : "none";
}
