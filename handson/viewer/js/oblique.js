// Planes turned about the crosshair. Pure functions.
//
// A tilt is three angles in degrees about the patient's x, y and z, one after the other: R = Rz Ry Rx. It turns
// the normals of all three planes; each picture stays as upright as its plane allows, so turning about a
// plane's own normal turns the other two only.
import { apply, cross, dot, sectionMap, turn, unit } from "./geometry.js";

const LETTER_FROM = Math.sin((3 * Math.PI) / 180); // as handson.sides
const radians = (degrees) => (degrees * Math.PI) / 180;

// A 3 x 3 rotation as 9 numbers, row by row.
export const rotate = (r, v) => [0, 1, 2].map((n) => r[3 * n] * v[0] + r[3 * n + 1] * v[1] + r[3 * n + 2] * v[2]);
export const product = (a, b) => Array.from({ length: 9 }, (_, n) => {
  const row = 3 * Math.floor(n / 3), column = n % 3;
  return a[row] * b[column] + a[row + 1] * b[3 + column] + a[row + 2] * b[6 + column];
});

// Rodrigues: by an angle about an axis, right-handed.
export function rotationAbout(axis, degrees) {
  const [x, y, z] = unit(axis), c = Math.cos(radians(degrees)), s = Math.sin(radians(degrees)), d = 1 - c;
  return [c + x * x * d, x * y * d - z * s, x * z * d + y * s,
          y * x * d + z * s, c + y * y * d, y * z * d - x * s,
          z * x * d - y * s, z * y * d + x * s, c + z * z * d];
}

export const rotationOf = ([x, y, z]) =>
  product(rotationAbout([0, 0, 1], z), product(rotationAbout([0, 1, 0], y), rotationAbout([1, 0, 0], x)));

export function tiltOf(r) {
  const degrees = (x) => (x * 180) / Math.PI || 0;
  return [Math.atan2(r[7], r[8]), Math.asin(Math.max(-1, Math.min(1, -r[6]))), Math.atan2(r[3], r[0])].map(degrees);
}

// Letters of the patient for a direction, PS3.3 C.7.6.1.1.1, largest part first: the mirror of sides.direction_letters.
export function directionLetters(direction) {
  const u = unit(direction);
  return [0, 1, 2].sort((a, b) => Math.abs(u[b]) - Math.abs(u[a])).filter((a) => Math.abs(u[a]) >= LETTER_FROM)
    .map((a) => (u[a] > 0 ? "RAS" : "LPI")[a]).join("");
}

// Right, down and normal of a plane in the patient, unit vectors in RAS+.
export function planeAxes(layout, geometry, rotation) {
  const map = sectionMap(layout, geometry.shape, 0), { affine } = geometry;
  const right = unit(turn(affine, map.across)), below = turn(affine, map.down), normal0 = unit(cross(right, below));
  const normal = rotate(rotation, normal0), upright = cross(normal0, right);
  const part = dot(upright, normal), rest = upright.map((x, a) => x - part * normal[a]);
  // Turned so far that down has become the normal: right decides.
  const down = Math.hypot(...rest) > 0.05 ? unit(rest) : unit(cross(normal, rotate(rotation, right)));
  return { right: cross(down, normal), down, normal, turned: (Math.acos(Math.min(1, Math.abs(dot(normal, normal0)))) * 180) / Math.PI };
}

// The section of a turned plane through a place: the part of it that lies in the volume's box.
export function turnedMap(layout, geometry, rotation, centre) {
  const { affine, inverse, shape } = geometry, axes = planeAxes(layout, geometry, rotation), { right, down, normal } = axes;
  const columns = [0, 1, 2].map((a) => [affine[a], affine[4 + a], affine[8 + a]]);
  const mm = Math.min(...columns.map((c) => Math.hypot(...c)));
  const corners = Array.from({ length: 8 }, (_, n) =>
    apply(affine, shape.map((size, a) => ((n >> a) & 1 ? size - 0.5 : -0.5))).map((x, a) => x - centre[a]));
  const [left, top] = [right, down].map((u) => Math.min(...corners.map((c) => dot(c, u))));
  const [width, height] = [[right, left], [down, top]].map(([u, low]) =>
    Math.max(1, Math.ceil((Math.max(...corners.map((c) => dot(c, u))) - low) / mm - 1e-6)));
  const start = centre.map((x, a) => x + (left + mm / 2) * right[a] + (top + mm / 2) * down[a]);
  const back = [right, down, normal].map((u, n) => columns.map((c) => dot(c, u) / (n < 2 ? mm : 1)));
  const scaled = (u) => turn(inverse, u.map((x) => x * mm));
  const toward = { left: right.map((x) => -x), right, top: down.map((x) => -x), bottom: down };
  return {
    normal, turned: axes.turned, width, height, origin: apply(inverse, start), across: scaled(right), down: scaled(down), back, spacing: [mm, mm],
    letters: Object.fromEntries(Object.entries(toward).map(([side, u]) => [side, directionLetters(u)])),
  };
}
