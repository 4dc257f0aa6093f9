// Values of one volume along a section, whatever its grid. Pure functions on typed arrays.

// Elements to step for one voxel along i, j, k; `order` lists the axes from slow to fast.
export function voxelStrides(coding) {
  const strides = [0, 0, 0];
  let step = coding.channels;
  for (const axis of [...coding.order].reverse()) {
    strides[axis] = step;
    step *= coding.shape[axis];
  }
  return { strides, frame: step };
}

// Real values on the pixels of a section; NaN outside the grid and where the data are NaN.
//   linear: the eight neighbours weighted by distance, clamped within the outermost half voxel
//   nearest: the voxel whose box holds the pixel's centre; labels are never mixed
export function sampleSection({ data, coding }, frame, map, linear, out) {
  const { strides: [si, sj, sk], frame: frameSize } = voxelStrides(coding);
  const [ni, nj, nk] = coding.shape, { slope, inter, nan } = coding;
  const { width, height, origin, across, down } = map;
  const base = frame * frameSize, tiny = 1e-6;
  const value = (code) => (code === nan ? NaN : code * slope + inter);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      const i = origin[0] + x * across[0] + y * down[0];
      const j = origin[1] + x * across[1] + y * down[1];
      const k = origin[2] + x * across[2] + y * down[2];
      if (!(i > -0.5 && j > -0.5 && k > -0.5 && i < ni - 0.5 && j < nj - 0.5 && k < nk - 0.5)) {
        out[p] = NaN;
        continue;
      }
      if (!linear) {
        const a = Math.floor(i + 0.5), b = Math.floor(j + 0.5), c = Math.floor(k + 0.5);
        out[p] = value(data[base + a * si + b * sj + c * sk]);
        continue;
      }
      const ci = i < 0 ? 0 : i > ni - 1 ? ni - 1 : i;
      const cj = j < 0 ? 0 : j > nj - 1 ? nj - 1 : j;
      const ck = k < 0 ? 0 : k > nk - 1 ? nk - 1 : k;
      // Rounding noise of the two affines must not open a second neighbour of weight 1e-16.
      const a = Math.floor(ci + tiny), b = Math.floor(cj + tiny), c = Math.floor(ck + tiny);
      let fi = ci - a, fj = cj - b, fk = ck - c;
      if (fi < tiny) fi = 0;
      if (fj < tiny) fj = 0;
      if (fk < tiny) fk = 0;
      const q = base + a * si + b * sj + c * sk;
      const qi = fi ? si : 0, qj = fj ? sj : 0, qk = fk ? sk : 0;
      const line = (at) => value(data[at]) * (1 - fi) + value(data[at + qi]) * fi;
      const sheet = (at) => line(at) * (1 - fj) + line(at + qj) * fj;
      out[p] = fk ? sheet(q) * (1 - fk) + sheet(q + qk) * fk : fj ? sheet(q) : line(q);
    }
  }
  return out;
}

// One voxel: a number, [r, g, b], or null while it is not here yet.
export function voxelValue(voxels, frame, ijk) {
  const { coding, data } = voxels;
  const { strides, frame: frameSize } = voxelStrides(coding);
  const at = frame * frameSize + ijk[0] * strides[0] + ijk[1] * strides[1] + ijk[2] * strides[2];
  if (!voxels.has(at)) return null;
  if (coding.channels === 3) return [data[at], data[at + 1], data[at + 2]];
  return data[at] === coding.nan ? NaN : data[at] * coding.slope + coding.inter;
}
