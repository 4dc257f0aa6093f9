// One picture on the page: a canvas of one pixel a voxel, stretched to millimetres by CSS, under lines and
// letters that stay crisp at any zoom. A draft of a large picture has fewer pixels on the same place. The frame is the cell it stands in; around the picture is black.
//
//   frame (clips)  +- plane --------- S --- colour bars -+
//                  |  slice   canvas  role=img, keyboard |
//                  R          svg     crosshair, marks   L
//                  |  W L                                |
//                  +- convention ---- I -------- 20 mm --+
import { draw, make, place, show } from "./dom.js";
import { clamp, placePicture, scaleBar } from "./geometry.js";

export const PLANE_COLOURS = { axial: "#7fd0ff", coronal: "#ffd24a", sagittal: "#8dff8d" };
const GAP = 16, FAR = 4000; // CSS pixels that a crosshair's lines leave free, and beyond any frame

export class Pane {
  constructor(labels) {
    this.canvas = make("canvas", { class: "ho-canvas", role: "img", tabindex: 0 });
    this.context = this.canvas.getContext("2d");
    this.lines = [0, 1].map(() => draw("path", { class: "ho-crosshair" }));
    this.drawn = draw("g", { class: "ho-annotations" });
    this.curtain = draw("line", { class: "ho-curtain" });
    this.bar = draw("path", { class: "ho-bar" });
    this.marks = draw("svg", { class: "ho-marks", "aria-hidden": "true" }, ...this.lines, this.curtain, this.drawn, this.bar);
    this.letters = Object.fromEntries(["left", "right", "top", "bottom"].map((side) =>
      [side, make("span", { class: `ho-letter ho-${side}` })]));
    this.square = make("span", { class: "ho-square", text: "■ " });
    this.name = make("b");
    this.position = make("span", { class: "ho-position" });
    this.caption = make("div", { class: "ho-over ho-caption" }, this.square, this.name, this.position);
    this.level = make("span", { class: "ho-level" });
    this.convention = make("span", { class: "ho-convention" });
    this.scaleText = make("span", { class: "ho-over ho-scale" });
    this.loading = make("span", { class: "ho-over ho-loading", text: labels.loading });
    this.hint = make("span", { class: "ho-over ho-hint", text: labels.wheel_hint });
    this.keys = make("div", { class: "ho-keys" });
    this.element = make("div", { class: "ho-frame" }, this.canvas, this.marks, ...Object.values(this.letters),
      this.caption, make("div", { class: "ho-over ho-corner" }, this.level, this.convention),
      this.scaleText, this.keys, this.loading, this.hint);
    this.element.setAttribute("aria-live", "off");
    show(this.hint, false);
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

  // map: the section on show; frame: {width, height} CSS pixels; size: (width, height) of the picture in mm;
  // centre: its point in the middle
  layOut(map, frame, size, scale, centre, smooth) {
    this.columns = map.width;
    this.rows = map.height;
    this.placed = placePicture(frame, size, scale, centre);
    for (const side of ["width", "height", "left", "top"]) this.canvas.style[side] = `${this.placed[side]}px`;
    this.canvas.classList.toggle("ho-smooth", smooth);
    this.element.classList.toggle("ho-small", frame.width < 170 || frame.height < 120);
    this.frame = frame;
    this.size = size;
  }

  // Middle of a picture pixel -> CSS pixels in the frame, and back to (fractional) pixels.
  toFrame([x, y]) {
    const { placed, columns, rows } = this;
    return [placed.left + ((x + 0.5) * placed.width) / columns, placed.top + ((y + 0.5) * placed.height) / rows];
  }

  fromFrame([x, y]) {
    const { placed, columns, rows } = this;
    return [((x - placed.left) / placed.width) * columns - 0.5, ((y - placed.top) / placed.height) * rows - 0.5];
  }

  // Voxels for each dot of the screen, at least 1: what a draft may leave out.
  voxelsADot() {
    const { placed, columns, rows } = this, dots = window.devicePixelRatio || 1;
    const ratio = Math.floor(Math.min(columns / placed.width, rows / placed.height) / dots);
    return clamp(ratio, 1, Math.min(columns, rows));
  }

  inFrame(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  drawWords({ letters, sides, plane, name, position, level }) {
    for (const [side, node] of Object.entries(this.letters)) {
      write(node, letters[side]);
      show(node, letters[side] !== "");
    }
    write(this.convention, sides);
    write(this.name, name);
    write(this.position, position);
    write(this.level, level);
    this.square.style.color = PLANE_COLOURS[plane] ?? "";
    show(this.square, Boolean(PLANE_COLOURS[plane]));
    show(this.caption, Boolean(name || position));
  }

  // What lies over the picture. crosshair: [{ at, direction, plane }] in frame pixels; annotations as
  // annotate.js draws them: [{ path, grips, label: { at, lines }, selected }]
  drawMarks({ crosshair, annotations, curtain, scale }) {
    this.lines.forEach((line, n) => {
      const one = crosshair?.[n];
      line.style.display = one ? "" : "none";
      if (!one) return;
      const { at: [x, y], direction: [dx, dy] } = one;
      const arm = (from, to) => `M${x + from * dx} ${y + from * dy}L${x + to * dx} ${y + to * dy}`;
      place(line, { d: arm(GAP, FAR) + arm(-GAP, -FAR), stroke: PLANE_COLOURS[one.plane] ?? "#8dff8d" });
    });
    const key = JSON.stringify(annotations);
    if (key !== this.annotationsKey) {
      this.annotationsKey = key;
      this.drawn.replaceChildren(...annotations.flatMap(shapes));
    }
    this.curtain.style.display = curtain === null ? "none" : "";
    if (curtain !== null) {
      const [x] = this.toFrame([curtain * this.columns - 0.5, 0]);
      place(this.curtain, { x1: x, x2: x, y1: 0, y2: this.frame.height });
    }
    this.drawScale(scale);
  }

  // scale: { known, text: (mm) => string }
  drawScale(scale) {
    write(this.scaleText, scale.none);
    this.bar.style.display = scale.known ? "" : "none";
    if (!scale.known) return;
    const { width, height } = this.frame;
    const bar = scaleBar(this.placed.scale, Math.min(90, width / 3));
    const right = width - 8, y = height - 8;
    place(this.bar, { d: `M${right - bar.pixels} ${y - 5}v5h${bar.pixels}v-5` });
    write(this.scaleText, scale.text(bar.mm));
  }
}

// A write costs a layout, so only what changed is written.
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function shapes({ path, grips, label, selected }) {
  const nodes = path ? [draw("path", { class: "ho-halo", d: path }), draw("path", { class: selected ? "ho-mark ho-selected" : "ho-mark", d: path })] : [];
  for (const [x, y] of grips) nodes.push(draw("circle", { class: "ho-grip", cx: x, cy: y, r: selected ? 4 : 2.5 }));
  if (label.lines.length) {
    const lines = label.lines.map((text, n) => draw("tspan", { x: label.at[0], dy: n ? 14 : 0, text }));
    nodes.push(draw("text", { class: selected ? "ho-mark-text ho-selected" : "ho-mark-text", x: label.at[0], y: label.at[1] }, ...lines));
  }
  return nodes;
}
