// Grey levels and colours: a value -> position 0..255 on a colour map -> RGBA. Pure functions.
//
//   255 |        ______     A window is the range (low, high) drawn as a ramp: low is the last
//       |       /           value that is black, high the first that is white. DICOM's LINEAR
//     0 |______/            window of whole numbers, centre c and width w, is the ramp from
//          low  high        c - w/2 to c + w/2 - 1 (PS3.3 C.11.2.1.2.1).

export const MARKS = { below: [0, 90, 255], above: [255, 140, 0], nan: [190, 0, 190] };
export const NAN_COLOUR = [0, 0, 0];

// sigmoid: DICOM's third function (PS3.3 C.11.2.1.3.1), whose centre and width are those of the range.
export function ramp(value, low, high, sigmoid = false) {
  if (sigmoid && high > low) {
    return Math.floor(255 / (1 + Math.exp((-4 * (value - (low + high) / 2)) / (high - low))) + 0.5);
  }
  if (value <= low) return 0;
  if (value >= high) return 255;
  return Math.floor(((value - low) / (high - low)) * 255 + 0.5);
}

// Labels repeat the colours of their map; 0 is the map's first colour, and usually hidden.
export const labelPosition = (value) => {
  const whole = Math.floor(value);
  return whole === 0 ? 0 : 1 + ((((whole - 1) % 255) + 255) % 255);
};

// label value -> [r, g, b]: its own of the palette {value: [r, g, b]}, else one of the map. What was looked
// up is kept: a picture has many pixels and few labels.
export function labelColours(map, palette = {}) {
  const known = new Map(Object.entries(palette).map(([value, rgb]) => [Number(value), rgb]));
  return (value) => {
    let rgb = known.get(value);
    if (!rgb) {
      const q = labelPosition(value);
      known.set(value, rgb = [map[3 * q], map[3 * q + 1], map[3 * q + 2]]);
    }
    return rgb;
  };
}

// Four bytes as one little-endian word, as an ImageData seen through a Uint32Array holds them.
export const pack = (r, g, b, a) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

// A colour map, 256 x 3 bytes, cut out of the bytes of all of them.
export const colourMap = (maps, index) => maps.subarray(768 * index, 768 * (index + 1));

// code -> RGBA for every code there is, so that drawing is one look-up a pixel.
export function windowTable(coding, style, map) {
  const size = coding.dtype === "uint8" ? 256 : 65536;
  const offset = coding.dtype === "int16" ? 32768 : 0;
  const table = new Uint32Array(size);
  const [low, high] = style.range;
  for (let entry = 0; entry < size; entry++) {
    const code = entry - offset;
    if (code === coding.nan) {
      table[entry] = pack(...(style.marks ? MARKS.nan : NAN_COLOUR), 255);
      continue;
    }
    const value = code * coding.slope + coding.inter;
    if (style.marks && value < low) table[entry] = pack(...MARKS.below, 255);
    else if (style.marks && value > high) table[entry] = pack(...MARKS.above, 255);
    else {
      let q = style.labels ? labelPosition(value) : ramp(value, low, high, style.sigmoid);
      if (style.invert) q = 255 - q;
      table[entry] = pack(map[3 * q], map[3 * q + 1], map[3 * q + 2], 255);
    }
  }
  return { table, offset };
}

// Is this value of a layer drawn? NaN, and what lies outside the layer's grid, never is.
export function isShown(value, threshold, twoSided) {
  const size = twoSided ? Math.abs(value) : value;
  return size >= threshold[0] && size <= threshold[1];
}

// Dragging on the picture, as on a workstation: across changes the width, down lowers the centre. `from` is the
// range where the hand went down, across and down the CSS pixels since: the narrower the window, the finer
// the hand. Whole numbers stay whole.
export function dragWindow(from, across, down, { whole, low, high }) {
  const width = from[1] - from[0], least = whole ? 1 : (high - low || 1) / 1e5;
  const wider = Math.max(width * 2 ** (across / 150), least), centre = (from[0] + from[1]) / 2 + (down * Math.max(width, least)) / 300;
  const ends = [centre - wider / 2, centre + wider / 2];
  return whole ? [Math.round(ends[0]), Math.max(Math.round(ends[0]) + 1, Math.round(ends[1]))] : ends;
}

// (centre, width) of a range as DICOM's LINEAR has it for whole numbers, LINEAR_EXACT for others.
export function windowOf([low, high], whole) {
  const width = high - low + (whole ? 1 : 0);
  return [low + width / 2, width];
}

// Decimal places that a step of this size carries: 1 -> 0, 0.05 -> 2.
export const digits = (step) => Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
