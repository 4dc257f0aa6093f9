// A painted region: the voxels that a round brush went over. Pure functions.
//
// Here it is a Set of numbers i + columns * (j + rows * k); on the model it is runs of them,
// [first, length, first, length, ...], which stay short and mean the same to Python.
import { inside, turn, voxelToPixel } from "./geometry.js";
import { voxelStrides } from "./sample.js";

export const numberOf = ([i, j, k], [columns, rows]) => i + columns * (j + rows * k);
export const voxelOf = (n, [columns, rows]) =>
  [n % columns, Math.floor(n / columns) % rows, Math.floor(n / (columns * rows))];

export function fromRuns(runs) {
  const painted = new Set();
  for (let at = 0; at < runs.length; at += 2) {
    for (let n = 0; n < runs[at + 1]; n++) painted.add(runs[at] + n);
  }
  return painted;
}

export function toRuns(painted) {
  const runs = [];
  for (const n of Float64Array.from(painted).sort()) {
    if (runs.length && runs.at(-2) + runs.at(-1) === n) runs[runs.length - 1] += 1;
    else runs.push(n, 1);
  }
  return runs;
}

// Voxels of a section whose centres are at most `radius` mm from one voxel's: itself at least.
export function disc(map, affine, shape, centre, radius) {
  const u = turn(affine, map.across), v = turn(affine, map.down);
  const reach = [u, v].map((step) => Math.ceil(radius / Math.hypot(...step)) + 1);
  const voxels = [];
  for (let y = -reach[1]; y <= reach[1]; y++) {
    for (let x = -reach[0]; x <= reach[0]; x++) {
      const ijk = centre.map((n, a) => n + x * map.across[a] + y * map.down[a]);
      const away = Math.hypot(...u.map((n, a) => x * n + y * v[a]));
      if (away <= radius + 1e-9 && inside(ijk, shape)) voxels.push(ijk);
    }
  }
  return voxels;
}

// The voxels on the straight way from one to another, so that a fast hand leaves no gaps.
export function between(from, to) {
  const steps = Math.max(1, ...to.map((n, a) => Math.abs(n - from[a])));
  return Array.from({ length: steps + 1 }, (_, s) => from.map((n, a) => Math.round(n + ((to[a] - n) * s) / steps)));
}

// Values in the base; null while some of them are not here yet.
export function paintedValues(voxels, frame, shape, painted) {
  const { coding, data } = voxels, { strides, frame: size } = voxelStrides(coding), values = [];
  for (const n of painted) {
    const at = voxelOf(n, shape).reduce((sum, x, a) => sum + x * strides[a], frame * size);
    if (!voxels.has(at)) return null;
    values.push(data[at] === coding.nan ? NaN : data[at] * coding.slope + coding.inter);
  }
  return values;
}

// What is painted in one section, as an SVG path of whole pixels in the section's own units.
export function paintedPath(map, shape, axis, slice, painted) {
  const squares = [];
  for (const n of painted) {
    const ijk = voxelOf(n, shape);
    if (ijk[axis] !== slice) continue;
    const [x, y] = voxelToPixel(map, ijk);
    squares.push(`M${x - 0.5} ${y - 0.5}h1v1h-1z`);
  }
  return squares.join("");
}
