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
  return { width: shape[h], height: shape[v], origin, across, down };
}

export const pixelToVoxel = (map, x, y) =>
  map.origin.map((o, a) => o + x * map.across[a] + y * map.down[a]);

// Exact inverse of pixelToVoxel: across and down are signed unit vectors.
export function voxelToPixel(map, ijk) {
  const d = ijk.map((n, a) => n - map.origin[a]);
  const dot = (u) => u[0] * d[0] + u[1] * d[1] + u[2] * d[2];
  return [dot(map.across), dot(map.down)];
}

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

// Place the picture in its frame (CSS pixels): zoom about the middle, moved by pan (in mm).
export function placePicture(frame, size, zoom, pan) {
  const scale = frame.scale * zoom;
  const width = size.width * scale, height = size.height * scale;
  return {
    width, height, scale,
    left: (frame.width - width) / 2 + pan[0] * scale,
    top: (frame.height - height) / 2 + pan[1] * scale,
  };
}

const WORTH = 1.4; // a further row costs the reader a scroll: it must enlarge by this much

// CSS pixels per mm so that panes (sizes in mm) fit in one row or, if they get larger, in more.
//   +---+ +--+ +--+        +---+ +--+
//   | 1 | |2 | |3 |   or   | 1 | |2 |
//   +---+ +--+ +--+        +---+ +--+   each row at most `height` high
//                          |3 |
export function fitPanes(sizes, width, height, gap) {
  const rowScale = (row) => Math.min(
    (width - gap * (row.length - 1)) / row.reduce((sum, s) => sum + s.width, 0),
    height / Math.max(...row.map((s) => s.height)),
  );
  let best = 0;
  for (let columns = sizes.length; columns > 0; columns--) {
    const rows = [];
    for (let n = 0; n < sizes.length; n += columns) rows.push(sizes.slice(n, n + columns));
    const scale = Math.min(...rows.map(rowScale));
    if (scale > best * WORTH) best = scale;
  }
  return best;
}
