// Where a pixel of the picture is: picture <-> voxel <-> millimetres. Pure functions on plain arrays.
//
//            letters.top                  A layout (made by Python, the one place that decides
//         +---------------+ -> x          sides) names the array axis drawn across (horizontal),
//  .left  |   picture     |  .right       down (vertical) and through (axis), and whether the
//         +---------------+               index falls along it (flip_horizontal, flip_vertical).
//         v y letters.bottom              Nothing in the browser looks at an affine's signs.

// The section as an affine map: voxel(x, y) = origin + x * across + y * down.
export function sectionMap(layout, shape, index) {
  const { axis, horizontal: h, vertical: v } = layout;
  const origin = [0, 0, 0], across = [0, 0, 0], down = [0, 0, 0];
  origin[axis] = index;
  origin[h] = layout.flip_horizontal ? shape[h] - 1 : 0;
  origin[v] = layout.flip_vertical ? shape[v] - 1 : 0;
  across[h] = layout.flip_horizontal ? -1 : 1;
  down[v] = layout.flip_vertical ? -1 : 1;
  return { width: shape[h], height: shape[v], origin, across, down, spacing: layout.spacing };
}

// Every nth pixel of a section both ways: the one in the middle of n x n, or the one before it.
export function everyNth(map, n) {
  const middle = (n - 1) >> 1, count = (size) => Math.floor((size - 1 - middle) / n) + 1;
  return {
    ...map, width: count(map.width), height: count(map.height),
    origin: pixelToVoxel(map, middle, middle), across: map.across.map((x) => n * x), down: map.down.map((x) => n * x),
  };
}

export const pixelToVoxel = (map, x, y) =>
  map.origin.map((o, a) => o + x * map.across[a] + y * map.down[a]);

// The pixel of a voxel. Across and down are signed unit vectors, so the inverse is exact; a turned
// section (oblique.js) brings its own.
export function voxelToPixel(map, ijk) {
  const d = ijk.map((n, a) => n - map.origin[a]);
  if (map.back) return map.back.slice(0, 2).map((u) => dot(u, d));
  return [dot(map.across, d), dot(map.down, d)];
}

export const dot = (u, v) => u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
export const cross = (u, v) => [
  u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0],
];
export const unit = (v) => v.map((x) => x / Math.hypot(...v));
export const difference = (u, v) => u.map((x, a) => x - v[a]);

// An affine is 16 numbers, row by row. apply: points; turn: directions (no translation).
export const turn = (m, v) =>
  [0, 1, 2].map((r) => m[4 * r] * v[0] + m[4 * r + 1] * v[1] + m[4 * r + 2] * v[2]);
export const apply = (m, p) => turn(m, p).map((x, r) => x + m[4 * r + 3]);

// The same section seen from another grid: base voxel -> mm (affine) -> the layer's voxel (inverse).
export function mapInto(map, affine, inverse) {
  return {
    ...map,
    origin: apply(inverse, apply(affine, map.origin)),
    across: turn(inverse, turn(affine, map.across)),
    down: turn(inverse, turn(affine, map.down)),
  };
}

export const clamp = (x, low, high) => (x < low ? low : x > high ? high : x);
// Halves go up, as `round_half_up` in volume.py: a place this near to the edge between two voxels lies on it,
// whatever the rounding noise, and belongs to the higher index.
const EDGE = 1e-6;
export const roundHalfUp = (x) => Math.floor(x + 0.5 + EDGE);
export const nearestVoxel = (inverse, xyz, shape) =>
  apply(inverse, xyz).map((x, a) => clamp(roundHalfUp(x), 0, shape[a] - 1));
export const inside = (ijk, shape) => ijk.every((x, a) => x > -0.5 && x < shape[a] - 0.5);

export const distance = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);

// The longest bar of 1, 2 or 5 times a power of ten that is at most `most` CSS pixels long.
export function scaleBar(pixelsPerMm, most) {
  const limit = most / pixelsPerMm;
  const power = 10 ** Math.floor(Math.log10(limit));
  const mm = [5, 2, 1].map((n) => n * power).find((n) => n <= limit * (1 + 1e-9));
  return { mm, pixels: mm * pixelsPerMm };
}

// CSS pixels per mm so that every picture (sizes in mm) fits into its frame: one scale for all, so that
// a millimetre is as long in each.
export const fitScale = (sizes, frames) =>
  Math.min(...sizes.map((size, n) => Math.min(frames[n].width / size.width, frames[n].height / size.height)));

// Where the picture lies in its frame (CSS pixels): `centre`, a point of the picture in mm from its top
// left corner, lies in the frame's middle. Never beyond an edge, so that the picture cannot be lost.
export function placePicture(frame, size, scale, centre) {
  const [x, y] = [clamp(centre[0], 0, size.width), clamp(centre[1], 0, size.height)];
  return {
    width: size.width * scale, height: size.height * scale, scale,
    left: frame.width / 2 - x * scale, top: frame.height / 2 - y * scale,
  };
}
