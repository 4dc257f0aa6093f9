// Values of one volume along a section, whatever its grid. Pure functions on typed arrays.
import { clamp, roundHalfUp } from "./geometry.js";

const TINY = 1e-6;
/** @typedef {{ data: any, nan: number, base: number, shape: number[], strides: number[] }} Grid */

// Elements to step for one voxel along i, j, k; `order` lists the axes from slow to fast.
export function voxelStrides(coding) {
  const strides = [0, 0, 0];
  let step = coding.channels;
  for (const axis of [...coding.order].reverse()) {
    strides[axis] = step;
    step *= coding.shape[axis];
  }
  return { strides, volume: step };
}

// The stretch [first, last) of a row's pixels that can lie inside the grid: origin + x * step is within
// (-0.5, n - 0.5) along every axis. One pixel too many at either end is possible, one too few is not.
export function rowInside(origin, step, shape, width) {
  let first = 0, last = width;
  for (let a = 0; a < 3; a++) {
    const low = -0.5 - origin[a], high = shape[a] - 0.5 - origin[a];
    if (Math.abs(step[a]) < 1e-12) {
      if (low >= 0 || high <= 0) return [0, 0];
      continue;
    }
    const [enter, leave] = step[a] > 0 ? [low / step[a], high / step[a]] : [high / step[a], low / step[a]];
    first = Math.max(first, Math.floor(enter));
    last = Math.min(last, Math.ceil(leave) + 1);
  }
  return [first, Math.max(first, last)];
}

// Real values on the pixels of a section; NaN outside the grid and where the data are NaN.
//   linear: the eight neighbours weighted by distance, clamped within the outermost half voxel
//   nearest: the voxel whose box holds the pixel's centre; labels are never mixed
export function sampleSection({ data, coding }, time, map, linear, out) {
  const { strides, volume: volumeSize } = voxelStrides(coding), { shape, slope, inter, nan } = coding;
  const { width, height, origin, across, down } = map;
  const sampleRow = linear ? mixRow : nearestRow;
  const grid = { data, nan, base: time * volumeSize, shape, strides };
  out.fill(NaN, 0, width * height);
  for (let y = 0; y < height; y++) {
    const row = origin.map((o, a) => o + y * down[a]);
    const [first, last] = rowInside(row, across, shape, width);
    const pixels = out.subarray(y * width, (y + 1) * width);
    sampleRow(grid, row, across, first, last, pixels);
    for (let x = first; x < last; x++) pixels[x] = pixels[x] * slope + inter;
  }
  return out;
}

// Codes into the pixels [first, last) of a row; what is NaN or outside is left as it is, NaN.
/** @param {Grid} grid @param {number[]} start @param {number[]} step */
function nearestRow({ data, nan, base, shape: [ni, nj, nk], strides: [si, sj, sk] }, [i0, j0, k0], [di, dj, dk], first, last, out) {
  for (let x = first; x < last; x++) {
    const i = roundHalfUp(i0 + x * di), j = roundHalfUp(j0 + x * dj), k = roundHalfUp(k0 + x * dk);
    if (i < 0 || j < 0 || k < 0 || i >= ni || j >= nj || k >= nk) continue;
    const code = data[base + i * si + j * sj + k * sk];
    if (code !== nan) out[x] = code;
  }
}

// Codes are mixed, not values: the slope is the same for all, so one multiplication does afterwards.
/** @param {Grid} grid @param {number[]} start @param {number[]} step */
function mixRow(grid, start, step, first, last, out) {
  const moving = [0, 1, 2].filter((a) => Math.abs(step[a]) > 1e-12);
  if (moving.length === 1) mixStraightRow(grid, start, step, moving[0], first, last, out);
  else mixTurnedRow(grid, start, step, first, last, out);
}

// The voxel below a place along one axis, and the share of the one above; null outside the grid.
// Rounding noise of the two affines must not open a second neighbour of weight 1e-16.
function neighbours(place, count) {
  if (!(place > -0.5 && place < count - 0.5)) return null;
  const at = clamp(place, 0, count - 1), below = Math.floor(at + TINY);
  return [below, at - below < TINY ? 0 : at - below];
}

// A row along the axis `m` of the grid: the places on the other two are the same for all its pixels, and
// a pair of voxels serves all pixels between them.
/** @param {Grid} grid @param {number[]} start @param {number[]} step */
function mixStraightRow({ data, nan, base, shape, strides }, start, step, m, first, last, out) {
  const [u, v] = [0, 1, 2].filter((a) => a !== m);
  const atU = neighbours(start[u], shape[u]), atV = neighbours(start[v], shape[v]);
  if (!atU || !atV) return;
  const [fu, fv] = [atU[1], atV[1]], su = fu ? strides[u] : 0, sv = fv ? strides[v] : 0;
  const q = base + atU[0] * strides[u] + atV[0] * strides[v], sm = strides[m], end = shape[m] - 1;
  let pair = -1, low = NaN, high = NaN;
  for (let x = first; x < last; x++) {
    const place = start[m] + x * step[m];
    if (!(place > -0.5 && place < end + 0.5)) continue;
    const at = clamp(place, 0, end), a = Math.floor(at + TINY), f = at - a < TINY ? 0 : at - a;
    if (a !== pair) {
      pair = a;
      low = mixSheet(data, nan, q + a * sm, su, sv, fu, fv);
      high = a < end ? mixSheet(data, nan, q + (a + 1) * sm, su, sv, fu, fv) : NaN;
    }
    out[x] = f ? low + (high - low) * f : low;
  }
}

/** @param {Grid} grid @param {number[]} start @param {number[]} step */
function mixTurnedRow({ data, nan, base, shape: [ni, nj, nk], strides: [si, sj, sk] }, [i0, j0, k0], [di, dj, dk], first, last, out) {
  for (let x = first; x < last; x++) {
    const i = i0 + x * di, j = j0 + x * dj, k = k0 + x * dk;
    if (!(i > -0.5 && j > -0.5 && k > -0.5 && i < ni - 0.5 && j < nj - 0.5 && k < nk - 0.5)) continue;
    const ci = clamp(i, 0, ni - 1), cj = clamp(j, 0, nj - 1), ck = clamp(k, 0, nk - 1);
    const a = Math.floor(ci + TINY), b = Math.floor(cj + TINY), c = Math.floor(ck + TINY);
    const fi = ci - a < TINY ? 0 : ci - a, fj = cj - b < TINY ? 0 : cj - b, fk = ck - c < TINY ? 0 : ck - c;
    const q = base + a * si + b * sj + c * sk, qi = fi ? si : 0, qj = fj ? sj : 0;
    const near = mixSheet(data, nan, q, qi, qj, fi, fj);
    out[x] = fk ? near + (mixSheet(data, nan, q + sk, qi, qj, fi, fj) - near) * fk : near;
  }
}

function mixSheet(data, nan, q, qi, qj, fi, fj) {
  const v00 = data[q], v10 = data[q + qi], v01 = data[q + qj], v11 = data[q + qi + qj];
  if (v00 === nan || v10 === nan || v01 === nan || v11 === nan) return NaN;
  const low = v00 + (v10 - v00) * fi;
  return low + (v01 + (v11 - v01) * fi - low) * fj;
}

// One voxel: a number, [r, g, b], or null while it is not here yet.
export function voxelValue(voxels, time, ijk) {
  const { coding, data } = voxels;
  const { strides, volume: volumeSize } = voxelStrides(coding);
  const at = time * volumeSize + ijk[0] * strides[0] + ijk[1] * strides[1] + ijk[2] * strides[2];
  if (!voxels.has(at)) return null;
  if (coding.channels === 3) return [data[at], data[at + 1], data[at + 2]];
  return data[at] === coding.nan ? NaN : data[at] * coding.slope + coding.inter;
}
