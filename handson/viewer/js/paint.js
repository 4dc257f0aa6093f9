// Pixels: the base through its table, then each layer blended over it. Pure functions.
import { voxelStrides } from "./sample.js";
import { isShown, labelColours, pack, ramp } from "./window.js";

// Base section into `out` (Uint32 RGBA). Signed strides walk the voxels as they are stored, so
// nothing is copied to reorient. A voxel not here yet stays transparent: the page shows "loading".
export function paintBase(out, voxels, time, map, look) {
  const { coding, data } = voxels;
  const { strides, volume: volumeSize } = voxelStrides(coding);
  const step = (v) => v[0] * strides[0] + v[1] * strides[1] + v[2] * strides[2];
  const across = step(map.across), down = step(map.down);
  const start = time * volumeSize + step(map.origin);
  const { width, height } = map, { table, offset } = look;
  const rgb = coding.channels === 3;
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0, q = start + y * down; x < width; x++, q += across) {
      out[p++] = rgb ? pack(data[q], data[q + 1], data[q + 2], 255) : table[data[q] + offset];
    }
  }
  if (voxels.complete) return;
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0, q = start + y * down; x < width; x++, p++, q += across) {
      if (!voxels.has(q)) out[p] = 0;
    }
  }
}

// A turned section: values as sampled on it, through the same table; black outside the volume.
export function paintValues(out, values, coding, { table, offset }) {
  const { slope, inter } = coding;
  for (let p = 0; p < values.length; p++) {
    const v = values[p];
    out[p] = Number.isNaN(v) ? 0xff000000 : table[Math.round((v - inter) / slope) + offset];
  }
}

// What the brush painted, over everything: c = (mark * a + below * (255 - a)) / 255.
const PAINT = [255, 213, 74], PAINT_ALPHA = 115;
export function blendPainted(out, painted, map) {
  if (!painted.count) return;
  const bytes = new Uint8Array(out.buffer, out.byteOffset, out.length * 4), { width, height, origin, across, down } = map;
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (!painted.has(origin.map((o, a) => Math.round(o + x * across[a] + y * down[a])))) continue;
      for (let c = 0; c < 3; c++) bytes[4 * p + c] = (PAINT[c] * PAINT_ALPHA + bytes[4 * p + c] * (255 - PAINT_ALPHA) + 127) / 255;
    }
  }
}

// Where a layer is drawn when two pictures are compared: everywhere, left of the curtain's edge,
// or on every other of 8 x 8 squares.
export function composeMask(mode, split, width, height) {
  if (mode === "curtain") return (x) => x < split * width;
  if (mode === "checkerboard") {
    const size = Math.max(width, height) / 8;
    return (x, y) => (Math.floor(x / size) + Math.floor(y / size)) % 2 === 0;
  }
  return () => true;
}

// One layer over `out`: values as sampled on the section, NaN where there is none.
// c = (layer * a + below * (255 - a)) / 255, a = opacity in 0..255.
export function blendLayer(out, values, width, height, style, map, mask) {
  const bytes = new Uint8Array(out.buffer, out.byteOffset, out.length * 4);
  const a = Math.floor(style.opacity * 255 + 0.5), below = 255 - a, [low, high] = style.range;
  const mix = (at, colour) => { bytes[at] = (colour * a + bytes[at] * below + 127) / 255; }; // a byte takes the floor
  const shown = (v) => isShown(v, style.threshold, style.two_sided) && (!style.only || style.only.has(v));
  const labelColour = style.labels ? labelColours(map, style.palette) : null;
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      const v = values[p];
      if (!shown(v) || !mask(x, y)) continue;
      if (style.outline && !isEdge(values, x, y, width, height, style, shown)) continue;
      if (labelColour) {
        const rgb = labelColour(v);
        for (let c = 0; c < 3; c++) mix(4 * p + c, rgb[c]);
      } else {
        const at = ramp(v, low, high, style.sigmoid), q = style.invert ? 255 - at : at;
        for (let c = 0; c < 3; c++) mix(4 * p + c, map[3 * q + c]);
      }
      bytes[4 * p + 3] = 255;
    }
  }
}

// An edge pixel has a neighbour that is not drawn or, among labels, is another label.
function isEdge(values, x, y, width, height, style, shown) {
  const v = values[y * width + x];
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    const nx = x + dx, ny = y + dy;
    if (nx < 0 || ny < 0 || nx >= width || ny >= height) return true;
    const other = values[ny * width + nx];
    if (!shown(other) || (style.labels && other !== v)) return true;
  }
  return false;
}
