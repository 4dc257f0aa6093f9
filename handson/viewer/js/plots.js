// Two small plots as SVG paths: the histogram with the window as its ramp, and the time course.

// "M0 40 L1 38 ..." through finite points of `values`, in a box of width x height; gaps stay gaps.
// across: where each value stands, evenly by default
/** @param {number[]} values @param {number[]} ends */
export function linePath(values, [low, high], width, height, across = null) {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let path = "", pen = "M";
  values.forEach((v, n) => {
    if (!Number.isFinite(v)) { pen = "M"; return; }
    const y = height - ((v - low) / (high - low || 1)) * height;
    path += `${pen}${(across ? across[n] : n * step).toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  });
  return path;
}

// Bars as one closed path. The tallest bin, often the air, may be cut off: the second sets the height.
export function barPath(counts, width, height) {
  const top = Math.max(1, [...counts].sort((a, b) => b - a)[1] ?? 1), step = width / counts.length;
  let path = `M0 ${height}`;
  counts.forEach((n, bin) => {
    const y = (height - (Math.min(n, top) / top) * height).toFixed(1);
    path += `L${(bin * step).toFixed(1)} ${y}L${((bin + 1) * step).toFixed(1)} ${y}`;
  });
  return `${path}L${width} ${height}Z`;
}

// The window over the histogram: black up to `low`, rising, white from `high` on.
/** @param {number[]} ends @param {number[]} reach */
export function rampPath([low, high], [least, most], width, height) {
  const x = (v) => (((v - least) / (most - least || 1)) * width).toFixed(1);
  return `M${x(Math.min(least, low))} ${height}L${x(low)} ${height}L${x(high)} 0L${x(Math.max(most, high))} 0`;
}

// How far each value is from the mean of the finite ones, in percent of it; as display/courses.py.
export function percentChange(values) {
  const finite = values.filter(Number.isFinite);
  const mean = finite.reduce((a, b) => a + b, 0) / finite.length;
  return values.map((v) => (mean ? (100 * (v - mean)) / mean : NaN));
}

// Round numbers between two ends, at most `most`: steps of 1, 2 or 5 times a power of ten.
export function ticks(low, high, most = 6) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(span / most));
  const step = [1, 2, 5, 10, 20].map((n) => n * power).find((n) => n * (most - 1) >= span * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
}
