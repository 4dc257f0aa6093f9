// The voxels of one volume in the page: one typed array, filled chunk by chunk in any order.

const ARRAYS = { uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array };

export class Voxels {
  constructor(coding) {
    this.coding = coding;
    this.size = coding.channels * coding.shape.reduce((a, b) => a * b, 1) * coding.n_volumes;
    this.data = new ARRAYS[coding.dtype](this.size);
    this.here = new Uint8Array(Math.ceil(this.size / coding.chunk));
    this.count = 0;
  }

  get complete() {
    return this.count === this.here.length;
  }

  get progress() {
    return this.count / this.here.length;
  }

  has(at) {
    return this.here[Math.floor(at / this.coding.chunk)] === 1;
  }

  // bytes: a DataView, as widget messages carry them; its offset need not be aligned.
  put(chunk, bytes) {
    const target = new Uint8Array(this.data.buffer, chunk * this.coding.chunk * this.data.BYTES_PER_ELEMENT);
    target.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.count += 1 - this.here[chunk];
    this.here[chunk] = 1;
  }
}

// Chunks in the order in which they will be looked at: this volume outwards from the slice on show,
// then the other volumes, nearest in time first.
export function chunkOrder(coding, time, slice) {
  const [slow] = coding.order;
  const plane = coding.channels * coding.shape.reduce((a, b) => a * b, 1) / coding.shape[slow];
  const volumeSize = plane * coding.shape[slow];
  const total = Math.ceil((volumeSize * coding.n_volumes) / coding.chunk);
  const rank = (chunk) => {
    const middle = Math.min((chunk + 0.5) * coding.chunk, volumeSize * coding.n_volumes - 1);
    const t = Math.floor(middle / volumeSize);
    const inVolume = Math.abs((middle - t * volumeSize) / plane - (slice + 0.5)) / coding.shape[slow];
    return Math.abs(t - time) * 2 + inVolume;
  };
  return Array.from({ length: total }, (_, c) => c).sort((a, b) => rank(a) - rank(b) || a - b);
}
