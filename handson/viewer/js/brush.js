// A painted region: the voxels that a round brush went over.
//
// Here it is one bitmap for each slice k that has any, so a dab costs what the brush covers, however
// much is painted. On the model it is runs of voxel numbers i + columns * (j + rows * k),
// [first, length, first, length, ...], which stay short and mean the same to Python.
import { inside, turn } from "./geometry.js";
import { voxelStrides } from "./sample.js";

export class Painted {
  constructor(shape) {
    this.shape = shape;
    this.size = shape[0] * shape[1];
    this.slices = new Map(); // k -> { bits: Uint8Array(columns * rows), count, runs or null }
  }

  static fromRuns(runs, shape) {
    const painted = new Painted(shape), { size } = painted;
    for (let at = 0; at < runs.length; at += 2) {
      let [first, length] = [runs[at], runs[at + 1]];
      while (length > 0) {
        const k = Math.floor(first / size), start = first - k * size, here = Math.min(length, size - start);
        const slice = painted.slice(k);
        slice.bits.fill(1, start, start + here);
        slice.runs = null;
        first += here;
        length -= here;
      }
    }
    for (const slice of painted.slices.values()) slice.count = slice.bits.reduce((sum, bit) => sum + bit, 0);
    return painted;
  }

  slice(k) {
    let slice = this.slices.get(k);
    if (!slice) this.slices.set(k, (slice = { bits: new Uint8Array(this.size), count: 0, runs: [] }));
    return slice;
  }

  has([i, j, k]) {
    return this.slices.get(k)?.bits[i + this.shape[0] * j] === 1;
  }

  set([i, j, k], on) {
    const slice = this.slice(k), at = i + this.shape[0] * j;
    if (slice.bits[at] === Number(on)) return;
    slice.bits[at] = Number(on);
    slice.count += on ? 1 : -1;
    slice.runs = null;
  }

  get count() {
    let sum = 0;
    for (const { count } of this.slices.values()) sum += count;
    return sum;
  }

  // How many lie in one slice across an axis.
  countOf(axis, index) {
    if (axis === 2) return this.slices.get(index)?.count ?? 0;
    let sum = 0;
    this.each((i, j) => { if ((axis === 0 ? i : j) === index) sum += 1; });
    return sum;
  }

  each(call) {
    const [columns] = this.shape;
    for (const [k, { bits, count }] of this.slices) {
      if (!count) continue;
      for (let at = 0; at < bits.length; at++) if (bits[at]) call(at % columns, Math.floor(at / columns), k);
    }
  }

  toRuns() {
    const runs = [];
    for (const k of [...this.slices.keys()].sort((a, b) => a - b)) {
      const slice = this.slices.get(k);
      slice.runs ??= runsOf(slice.bits, k * this.size);
      const last = runs.length - 2;
      // A run may go on over the end of a slice.
      const joins = last >= 0 && slice.runs.length && runs[last] + runs[last + 1] === slice.runs[0];
      if (joins) runs[last + 1] += slice.runs[1];
      for (let at = joins ? 2 : 0; at < slice.runs.length; at++) runs.push(slice.runs[at]);
    }
    return runs;
  }
}

function runsOf(bits, offset) {
  const runs = [];
  for (let at = bits.indexOf(1); at >= 0;) {
    let end = bits.indexOf(0, at);
    if (end < 0) end = bits.length;
    runs.push(offset + at, end - at);
    at = bits.indexOf(1, end);
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
export function paintedValues(voxels, time, painted) {
  const { coding, data } = voxels, { strides, volume: size } = voxelStrides(coding), values = [];
  let missing = false;
  painted.each((i, j, k) => {
    const at = time * size + i * strides[0] + j * strides[1] + k * strides[2];
    if (!voxels.has(at)) missing = true;
    else values.push(data[at] === coding.nan ? NaN : data[at] * coding.slope + coding.inter);
  });
  return missing ? null : values;
}
