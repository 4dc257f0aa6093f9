// How voxels reach the page. The slab on show comes with the first state; the page then asks for
// what is missing, nearest to the shown slice first, a few chunks ahead. It asks, Python answers:
// so a kernel that is busy only answers later, a reloaded page asks again, a viewer scrolled out
// of sight asks for nothing, and two viewers of one volume hold its bytes once.
import { Voxels, chunkOrder } from "./voxels.js";

const SHARED = Symbol.for("handson.voxels"); // on the source's model, so it lives and dies with it
const AHEAD = 4;                             // chunks on their way at one time
const PATIENCE = [500, 1000, 2000, 4000, 8000, 16000]; // ms without an answer before asking again

export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new DataView(await new Response(stream).arrayBuffer());
}

// source: the model of a Source; user: { focus() -> {time, ijk}, visible(), arrived(),
// replaced(), answered(answer) }
export function openSource(source, user) {
  if (!(SHARED in source)) source.on("destroy", forget);
  const shared = (source[SHARED] ??= startSharing(source));
  shared.users.add(user);
  shared.pump();
  return {
    voxels: shared.voxels,
    pump: shared.pump,
    close() {
      shared.users.delete(user);
      if (shared.users.size === 0) {
        shared.stop();
        source[SHARED] = null; // the bytes go with the last view
      }
    },
  };
}

// Lab holds a closed model, and whoever listens to it, for as long as the page lives; the bytes need
// not stay. (A closure here would hold the voxels too.)
const HEAVY = ["slab", "maps", "_esm", "_css"];
export function forget(model) {
  for (const state of [model.attributes, model._previousAttributes]) {
    for (const name of HEAVY) if (state?.[name]) state[name] = null;
  }
}

function startSharing(source) {
  const coding = source.get("coding");
  const voxels = new Voxels(coding);
  const users = new Set(), asked = new Set(), page = String(Math.random());
  let timer = null, tries = 0;

  const slab = source.get("slab");
  if (slab?.byteLength) voxels.put(source.get("slab_chunk"), slab);

  function pump() {
    const user = [...users].find((u) => u.visible());
    if (!user || voxels.complete || source.comm_live === false) return;
    const room = AHEAD - asked.size;
    if (room <= 0) return;
    const { time, ijk } = user.focus();
    const wanted = chunkOrder(coding, Math.min(time, coding.n_volumes - 1), ijk[coding.order[0]])
      .filter((c) => !voxels.here[c] && !asked.has(c)).slice(0, room);
    if (wanted.length === 0) return;
    wanted.forEach((c) => asked.add(c));
    source.send({ kind: "want", page, chunks: wanted });
    wait();
  }

  function wait() {
    clearTimeout(timer);
    if (asked.size === 0) return;
    timer = setTimeout(() => {
      if (source.comm_live === false) return;
      source.send({ kind: "want", page, chunks: [...asked] });
      wait();
    }, PATIENCE[Math.min(tries++, PATIENCE.length - 1)]);
  }

  async function receive(content, buffers) {
    if (content.kind === "value") for (const user of users) user.answered(content);
    if (content.kind !== "chunk" || content.page !== page) return;
    asked.delete(content.chunk);
    tries = 0;
    wait();
    voxels.put(content.chunk, content.deflated ? await inflate(buffers[0]) : buffers[0]);
    for (const user of users) user.arrived();
    pump();
  }

  // The encoding was changed from Python (every value instead of windowed bytes): start again.
  function restart() {
    for (const user of [...users]) user.replaced();
  }

  source.on("msg:custom", receive);
  source.on("change:slab", restart);
  return {
    voxels, users, pump,
    stop() {
      clearTimeout(timer);
      source.off("msg:custom", receive);
      source.off("change:slab", restart);
    },
  };
}
