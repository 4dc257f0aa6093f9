// The words on the page: every one comes from labels.json, filled in here. Pure functions.
import { digits } from "./window.js";

// fill("slice {n} of {count}", {n: 3, count: 9})
export const fill = (template, values) =>
  template.replace(/\{(\w+)\}/g, (_, name) => (name in values ? values[name] : ""));

const minus = (text) => text.replace("-", "−");
export const mm = (x) => minus((Math.abs(x) < 0.05 ? 0 : x).toFixed(1));

// Four digits are enough beside a plot or a colour bar.
export const short = (x) => minus(String(Number(x.toPrecision(4))));

// A value with only the digits that its coding carries.
export function formatValue(value, coding, unit, labels) {
  if (value === null) return labels.loading;
  if (Array.isArray(value)) return `RGB ${value.join(", ")}`;
  if (Number.isNaN(value)) return "NaN";
  const text = minus(coding.whole ? String(Math.round(value)) : value.toFixed(digits(coding.slope)));
  return unit ? `${text} ${unit}` : text;
}

// "axial slice 95 of 189 (k = 94), z = 22.0 mm"
export function slicePhrase(labels, geometry, plane, layout, ijk, position) {
  const words = {
    plane: labels.planes[plane],
    n: ijk[layout.axis] + 1,
    count: geometry.shape[layout.axis],
    axis: "ijk"[layout.axis],
    index: ijk[layout.axis],
    world: { sagittal: "x", coronal: "y", axial: "z" }[plane],
    mm: mm(position),
  };
  return fill(geometry.placed ? labels.slice_placed : labels.slice_unplaced, words);
}

export function namedLabel(value, names) {
  const name = names?.[String(value)];
  return name === undefined ? String(value) : `${value} ${name}`;
}
