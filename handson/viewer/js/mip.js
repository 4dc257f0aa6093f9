// The greatest value along every line of sight, of the volume turned about the patient's long axis. The
// volume is sampled once on a small even grid (cells); a view is then one pass over it. Pure functions.
import { apply, roundHalfUp } from "./geometry.js";
import { voxelStrides } from "./sample.js";

const MOST = 128; // cells along the longest side: a view takes milliseconds without a graphics card
const WITHIN = [-0.25, 0.25]; // where a cell is sampled along each axis, in cells: the greatest of 8 places counts

// One volume as cells [y][x][z] of codes in RAS+, -Infinity where there is none.
export function cellsOf({ data, coding }, time, { affine, inverse, shape }) {
  const corners = Array.from({ length: 8 }, (_, n) => apply(affine, shape.map((size, a) => ((n >> a) & 1 ? size - 0.5 : -0.5))));
  const low = [0, 1, 2].map((a) => Math.min(...corners.map((c) => c[a])));
  const sides = low.map((least, a) => Math.max(...corners.map((c) => c[a])) - least);
  const mm = Math.max(...sides) / MOST, size = sides.map((side) => Math.max(1, Math.round(side / mm)));
  const { strides: [si, sj, sk], volume: volumeSize } = voxelStrides(coding), [nx, ny, nz] = size, [ni, nj, nk] = shape;
  const base = time * volumeSize, { nan } = coding;
  const codes = new Float32Array(nx * ny * nz).fill(-Infinity), step = [inverse[0] * mm, inverse[4] * mm, inverse[8] * mm];
  // Along x innermost: of most files that is along the bytes.
  for (const dz of WITHIN) for (const dy of WITHIN) for (const dx of WITHIN) {
    for (let z = 0; z < nz; z++) for (let y = 0; y < ny; y++) {
      const start = [low[0] + (0.5 + dx) * mm, low[1] + (y + 0.5 + dy) * mm, low[2] + (z + 0.5 + dz) * mm];
      let [i, j, k] = apply(inverse, start).map((v) => v + 0.5);
      for (let x = 0, q = y * nx * nz + z; x < nx; x++, q += nz, i += step[0], j += step[1], k += step[2]) {
        if (i < 0 || j < 0 || k < 0 || i >= ni || j >= nj || k >= nk) continue;
        const code = data[base + (i | 0) * si + (j | 0) * sj + (k | 0) * sk];
        if (code > codes[q] && code !== nan) codes[q] = code;
      }
    }
  }
  return { codes, size, mm };
}

// To the right of the picture, in RAS+: seen from the front at 0 degrees, from the patient's left at 90; from
// behind at 0 in the neurological convention.
export function rightOf(degrees, convention) {
  const turned = ((degrees + (convention === 1 ? 180 : 0)) * Math.PI) / 180;
  return [-Math.cos(turned), -Math.sin(turned), 0];
}

// The code below which nearly all of a view from the front lies: bone is seen, and one piece of metal does not darken it.
export function brightest(cells) {
  const codes = project(cells, [-1, 0]).picture.filter((code) => code !== -Infinity).sort();
  return codes[Math.floor(0.995 * (codes.length - 1))];
}

// The picture [row][column] of codes, its top superior; -Infinity beside the volume.
export function project({ codes, size: [nx, ny, nz] }, [rx, ry]) {
  const width = Math.ceil(Math.hypot(nx, ny)), height = nz, tall = new Float32Array(width * nz).fill(-Infinity);
  for (let y = 0, q = 0; y < ny; y++) for (let x = 0; x < nx; x++, q += nz) {
    const at = nz * roundHalfUp((x - (nx - 1) / 2) * rx + (y - (ny - 1) / 2) * ry + (width - 1) / 2);
    for (let z = 0; z < nz; z++) if (codes[q + z] > tall[at + z]) tall[at + z] = codes[q + z];
  }
  const picture = new Float32Array(width * height);
  for (let row = 0, p = 0; row < height; row++) {
    for (let column = 0; column < width; column++, p++) picture[p] = tall[column * nz + nz - 1 - row];
  }
  return { picture, width, height };
}
