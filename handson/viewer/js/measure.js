// Numbers from voxels: histogram, region of interest, time course. Pure functions.
import { sampleSection, voxelStrides } from "./sample.js";

// Mean, sample standard deviation (n - 1), least and greatest of the finite values.
export function statistics(values) {
  let n = 0, mean = 0, squares = 0, low = Infinity, high = -Infinity;
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    n += 1;
    const d = v - mean;
    mean += d / n; // Welford: no loss of digits on values far from zero
    squares += d * (v - mean);
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return { n, mean: n ? mean : NaN, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : NaN, low, high };
}

// mm2 of one voxel's face on the section and mm3 of a voxel, from the affine's columns, so that
// both are right for tilted grids too.
export function voxelMeasure(affine, layout) {
  const column = (a) => [affine[a], affine[4 + a], affine[8 + a]];
  const cross = (u, v) => [
    u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0],
  ];
  const face = cross(column(layout.horizontal), column(layout.vertical));
  const through = column(layout.axis);
  const volume = face[0] * through[0] + face[1] * through[1] + face[2] * through[2];
  return { area: Math.hypot(...face), volume: Math.abs(volume) };
}

// How many pixels of a section lie below the window, above it, or are NaN.
export function countOutside(voxels, time, map, [low, high]) {
  const values = sampleSection(voxels, time, map, false, new Float32Array(map.width * map.height));
  const count = { below: 0, above: 0, nan: 0, of: values.length };
  for (const v of values) {
    if (Number.isNaN(v)) count.nan += 1;
    else if (v < low) count.below += 1;
    else if (v > high) count.above += 1;
  }
  return count;
}

// What `value` (time -> number) says of every volume.
export const timeCourse = (voxels, value) =>
  Array.from({ length: voxels.coding.n_volumes }, (_, time) => value(time));

// Counts in equal bins over [low, high] of up to about `most` voxels that are here, evenly spread.
export function histogram(voxels, time, [low, high], bins, most = 200000) {
  const { coding, data } = voxels, counts = new Uint32Array(bins);
  const size = voxelStrides(coding).volume, start = time * size;
  const stride = Math.max(1, Math.floor(size / most)) | 1; // odd: not in step with the rows
  for (let at = start; at < start + size; at += stride) {
    if (!voxels.has(at) || data[at] === coding.nan) continue;
    const v = data[at] * coding.slope + coding.inter;
    const bin = Math.floor(((v - low) / (high - low || 1)) * bins);
    if (bin >= 0 && bin <= bins) counts[Math.min(bin, bins - 1)] += 1;
  }
  return counts;
}
