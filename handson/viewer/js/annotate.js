// What is drawn on a slice and measured there: ruler, angle, regions, arrow, text. Pure functions.
//
// An annotation is plain data: { id, kind, plane, points: [[x, y, z], ...] in RAS+ mm, text }. It belongs to
// the slice its points lie in and never moves with the picture. `points` are
//   ruler, arrow: two ends (an arrow points to the second)      angle: arm, corner, arm
//   region: two opposite voxels, both inside                    ellipse: opposite corners of its box
//   freehand: the corners of a closed outline                   text: one place
import { apply, clamp, difference, distance, dot, roundHalfUp } from "./geometry.js";
import { voxelStrides } from "./sample.js";

export const AREAS = ["region", "ellipse", "freehand"];
export const DRAWN_BY_HAND = ["ruler", "angle", ...AREAS, "arrow", "text"];

export const nextId = (annotations) => 1 + Math.max(0, ...annotations.map((a) => a.id));

// The slice of an annotation along the plane's axis, or null when it does not lie in one slice.
export function sliceOfAnnotation(annotation, geometry, axis) {
  const along = annotation.points.map((p) => apply(geometry.inverse, p)[axis]);
  const slice = Math.round(along.reduce((a, b) => a + b, 0) / along.length);
  return along.every((n) => Math.abs(n - slice) < 0.5) ? slice : null;
}

// Does it lie in this slice of this plane? A box over several slices is seen in each of them.
export function liesIn(annotation, geometry, plane, axis, slice) {
  if (annotation.plane && annotation.plane !== plane) return false;
  const along = annotation.points.map((p) => apply(geometry.inverse, p)[axis]);
  if (annotation.kind === "region") return slice > Math.min(...along) - 0.5 && slice < Math.max(...along) + 0.5;
  return along.every((n) => Math.abs(n - slice) < 0.5);
}

export function angleOf([p, corner, q]) {
  const [u, v] = [difference(p, corner), difference(q, corner)];
  return (Math.acos(clamp(dot(u, v) / (Math.hypot(...u) * Math.hypot(...v)), -1, 1)) * 180) / Math.PI;
}

export const lengthOf = ([p, q]) => distance(p, q);

// Is (u, v) inside a closed outline? Even-odd rule, as matplotlib's Path and SVG's fill-rule say.
export function insideOutline(corners, u, v) {
  let within = false;
  for (let n = 0, m = corners.length - 1; n < corners.length; m = n++) {
    const [un, vn] = corners[n], [um, vm] = corners[m];
    if (vn > v !== vm > v && u < ((um - un) * (v - vn)) / (vm - vn) + un) within = !within;
  }
  return within;
}

// Voxels whose centres lie in a region, an ellipse or an outline, [[i, j, k], ...].
export function voxelsInside(annotation, geometry, layout) {
  const { shape } = geometry, { axis, horizontal: h, vertical: v } = layout;
  const points = annotation.points.map((p) => apply(geometry.inverse, p));
  const box = annotation.kind === "region";
  // Both corners of a region are voxels of it; the others have voxels whose centres are within.
  const [low, high] = [Math.min, Math.max].map((f, end) => [0, 1, 2].map((a) => {
    const edge = f(...points.map((p) => p[a]));
    return clamp(box || a === axis ? roundHalfUp(edge) : end ? Math.floor(edge + 1e-9) : Math.ceil(edge - 1e-9), 0, shape[a] - 1);
  }));
  if (!box) low[axis] = high[axis] = clamp(sliceOfAnnotation(annotation, geometry, axis) ?? low[axis], 0, shape[axis] - 1);
  const within = insideTest(annotation.kind, points, h, v), found = [];
  for (let k = low[2]; k <= high[2]; k++) {
    for (let j = low[1]; j <= high[1]; j++) {
      for (let i = low[0]; i <= high[0]; i++) {
        const ijk = [i, j, k];
        if (within(ijk[h], ijk[v])) found.push(ijk);
      }
    }
  }
  return found;
}

function insideTest(kind, points, h, v) {
  if (kind === "freehand") return (x, y) => insideOutline(points.map((p) => [p[h], p[v]]), x, y);
  if (kind !== "ellipse") return () => true;
  const [p, q] = points, centre = [(p[h] + q[h]) / 2, (p[v] + q[v]) / 2];
  const radii = [Math.abs(p[h] - q[h]) / 2, Math.abs(p[v] - q[v]) / 2];
  if (!radii[0] || !radii[1]) return () => false;
  return (x, y) => ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 <= 1 + 1e-9;
}

// Their values of one volume; null while some are not here yet.
export function valuesAt(voxels, time, places) {
  const { coding, data } = voxels, { strides, volume: size } = voxelStrides(coding), values = [];
  for (const [i, j, k] of places) {
    const at = time * size + i * strides[0] + j * strides[1] + k * strides[2];
    if (!voxels.has(at)) return null;
    values.push(data[at] === coding.nan ? NaN : data[at] * coding.slope + coding.inter);
  }
  return values;
}

// Outline on the picture, in CSS pixels, as an SVG path; at: point in mm -> [x, y].
export function outlinePath(annotation, at, corner) {
  const points = annotation.points.map(at), { kind } = annotation;
  const line = (list) => `M${list.map((p) => p.map((x) => x.toFixed(1)).join(" ")).join("L")}`;
  if (kind === "region") {
    const [a, b] = corner(annotation.points);
    return `M${a[0]} ${a[1]}H${b[0]}V${b[1]}H${a[0]}Z`;
  }
  if (kind === "ellipse") {
    const [a, b] = points, rx = Math.abs(a[0] - b[0]) / 2, ry = Math.abs(a[1] - b[1]) / 2;
    const x = Math.min(a[0], b[0]), y = (a[1] + b[1]) / 2;
    return `M${x} ${y}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0Z`;
  }
  if (kind === "freehand") return `${line(points)}Z`;
  if (kind === "arrow" && points.length === 2) return line(points) + arrowHead(...points);
  return points.length > 1 ? line(points) : "";
}

function arrowHead([x, y], [tx, ty]) {
  const direction = Math.atan2(ty - y, tx - x), size = 9;
  const barb = (turned) => [tx - size * Math.cos(direction + turned), ty - size * Math.sin(direction + turned)].map((n) => n.toFixed(1)).join(" ");
  return `M${barb(0.45)}L${tx.toFixed(1)} ${ty.toFixed(1)}L${barb(-0.45)}`;
}

// Which grip, point n of an annotation, lies within `reach` CSS pixels of a place? The last drawn first.
export function gripNear(annotations, at, place, reach) {
  for (const annotation of [...annotations].reverse()) {
    if (annotation.kind === "freehand") continue;
    const n = annotation.points.findIndex((p) => Math.hypot(...difference(at(p), place)) <= reach);
    if (n >= 0) return { id: annotation.id, n };
  }
  return null;
}

// The annotation whose line passes within `reach` of a place, or null.
export function lineNear(annotations, path, place, reach) {
  const apart = (p, a, b) => {
    const d = difference(b, a), t = clamp(((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (d[0] ** 2 + d[1] ** 2 || 1), 0, 1);
    return Math.hypot(p[0] - a[0] - t * d[0], p[1] - a[1] - t * d[1]);
  };
  return [...annotations].reverse().find((annotation) => {
    const points = path(annotation);
    if (points.length === 1) return Math.hypot(...difference(points[0], place)) <= 2 * reach;
    return points.some((p, n) => n > 0 && apart(place, points[n - 1], p) <= reach);
  }) ?? null;
}
