// Thick slabs: the greatest, mean or least value through several slices. Pure functions.
import { clamp } from "./geometry.js";
import { voxelStrides } from "./sample.js";

export const SLABS = ["off", "max", "mean", "min"];

// The slices of a slab around one: n of them, or fewer at the ends of the stack.
export function slabSlices(index, n, count) {
  const first = index - Math.floor((n - 1) / 2);
  return [clamp(first, 0, count - 1), clamp(first + n - 1, 0, count - 1)];
}

// One function for each mode, over `n` codes that lie `step` apart from `q`; NaN's code where all are NaN.
const THROUGH = {
  max(data, q, step, n, nan) {
    let best = -Infinity;
    for (let s = 0; s < n; s++, q += step) { const code = data[q]; if (code !== nan && code > best) best = code; }
    return best === -Infinity ? nan : best;
  },
  min(data, q, step, n, nan) {
    let best = Infinity;
    for (let s = 0; s < n; s++, q += step) { const code = data[q]; if (code !== nan && code < best) best = code; }
    return best === Infinity ? nan : best;
  },
  mean(data, q, step, n, nan) {
    let sum = 0, of = 0;
    for (let s = 0; s < n; s++, q += step) { const code = data[q]; if (code !== nan) { sum += code; of += 1; } }
    return of ? sum / of : nan;
  },
};

// The loop through the slab is the inner one: by slices, the planes across memory would take three times as long.
export function paintSlab(out, voxels, time, map, look, { mode, axis, n }) {
  const { coding, data } = voxels, { strides, volume: volumeSize } = voxelStrides(coding);
  const step = (v) => v[0] * strides[0] + v[1] * strides[1] + v[2] * strides[2];
  const [first, last] = slabSlices(map.origin[axis], n, coding.shape[axis]), origin = [...map.origin];
  origin[axis] = first;
  const across = step(map.across), down = step(map.down), start = time * volumeSize + step(origin);
  const through = THROUGH[mode], { table, offset } = look, count = last - first + 1, between = strides[axis];
  for (let y = 0, p = 0; y < map.height; y++) {
    for (let x = 0, q = start + y * down; x < map.width; x++, q += across) {
      out[p++] = table[Math.round(through(data, q, between, count, coding.nan)) + offset];
    }
  }
  if (voxels.complete) return;
  for (let y = 0, p = 0; y < map.height; y++) {
    for (let x = 0, q = start + y * down; x < map.width; x++, p++, q += across) {
      if (!voxels.has(q) || !voxels.has(q + (count - 1) * between)) out[p] = 0;
    }
  }
}

// The value of a slab at one voxel; null while some of it is not here.
export function slabAt(voxels, time, ijk, { mode, axis, n }) {
  const { coding, data } = voxels, { strides, volume: volumeSize } = voxelStrides(coding);
  const [first, last] = slabSlices(ijk[axis], n, coding.shape[axis]), from = [...ijk];
  from[axis] = first;
  const at = time * volumeSize + from.reduce((sum, x, a) => sum + x * strides[a], 0);
  for (let s = 0; s <= last - first; s++) if (!voxels.has(at + s * strides[axis])) return null;
  const code = THROUGH[mode](data, at, strides[axis], last - first + 1, coding.nan);
  return code === coding.nan ? NaN : code * coding.slope + coding.inter;
}
