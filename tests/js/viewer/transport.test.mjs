import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import { deflateSync } from "node:zlib";
import { openSource } from "../../../handson/viewer/js/transport.js";

const CODING = { dtype: "uint8", shape: [2, 2, 8], n_volumes: 1, channels: 1, order: [2, 1, 0], chunk: 4 };

// A source's model as the page sees it, with a Python that answers when told to.
class Source {
  constructor() {
    this.state = { coding: CODING, slab: new DataView(new Uint8Array(4).fill(9).buffer), slab_chunk: 4 };
    this.comm_live = true;
    this.asked = [];
    this.calls = {};
  }
  get(name) { return this.state[name]; }
  on(event, call) { (this.calls[event] ??= new Set()).add(call); }
  off(event, call) { this.calls[event].delete(call); }
  send(content) {
    this.page = content.page;
    this.asked.push(...content.chunks);
  }
  answer(chunk) {
    for (const call of this.calls["msg:custom"]) call({ kind: "chunk", page: this.page, chunk }, [new DataView(new Uint8Array(4).fill(chunk).buffer)]);
  }
}

const settled = () => new Promise(setImmediate);

// Links are closed after each test: an open one would wait for its answers.
const links = [];
function open(source, user) {
  const link = openSource(source, user);
  links.push(link);
  return link;
}
afterEach(() => links.splice(0).forEach((link) => link.close()));

function user(overrides = {}) {
  return { arrivals: 0, focus: () => ({ time: 0, ijk: [0, 0, 4] }), visible: () => true, arrived() { this.arrivals += 1; }, ...overrides };
}

test("the slab on show is there before any message", () => {
  const source = new Source(), { voxels } = open(source, user());
  assert.equal(voxels.data[16], 9);
  assert.ok(voxels.has(16) && !voxels.has(0));
});

test("the rest is asked for nearest first, a few at a time, each once", async () => {
  const source = new Source(), me = user();
  const { voxels } = open(source, me);
  assert.deepEqual(source.asked, [3, 5, 2, 6]);
  for (const chunk of [5, 3]) source.answer(chunk);
  await settled();
  assert.deepEqual(source.asked.slice(4), [1, 7]);
  while (!voxels.complete) {
    source.answer(source.asked.find((c) => !voxels.here[c]));
    await settled();
  }
  assert.deepEqual([...source.asked].sort(), [0, 1, 2, 3, 5, 6, 7]);
  assert.equal(me.arrivals, 7);
  assert.equal(voxels.data[4 * 7], 7);
});

test("what is late is asked for again, with growing patience", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const source = new Source();
  open(source, user());
  t.mock.timers.tick(499);
  assert.equal(source.asked.length, 4);
  t.mock.timers.tick(1);
  assert.deepEqual(source.asked.slice(4), [3, 5, 2, 6]);
  for (const wait of [1000, 2000, 4000, 8000, 16000, 15999]) t.mock.timers.tick(wait);
  assert.equal(source.asked.length, 4 * 7); // seven times in half a minute, then every 16 s
});

test("a closed model keeps no bytes", () => {
  const source = new Source();
  source.attributes = source.state;
  open(source, user());
  for (const call of source.calls.destroy) call(source);
  assert.equal(source.get("slab"), null);
});

test("a viewer out of sight asks for nothing, and goes on when it is back", () => {
  let seen = false;
  const source = new Source(), link = open(source, user({ visible: () => seen }));
  assert.deepEqual(source.asked, []);
  seen = true;
  link.pump();
  assert.equal(source.asked.length, 4);
});

test("a deflated chunk is the same chunk", async () => {
  const source = new Source(), { voxels } = open(source, user());
  const packed = deflateSync(new Uint8Array([1, 2, 3, 4]));
  const [receive] = source.calls["msg:custom"];
  await receive({ kind: "chunk", page: source.page, chunk: 0, deflated: true }, [new DataView(packed.buffer, packed.byteOffset, packed.length)]);
  assert.deepEqual([...voxels.data.slice(0, 4)], [1, 2, 3, 4]);
});

test("an exact value goes to those who asked", () => {
  const source = new Source(), heard = [];
  open(source, user({ answered: (answer) => heard.push(answer.text) }));
  for (const call of source.calls["msg:custom"]) call({ kind: "value", key: "0:1,2,3", text: "0.5" }, []);
  assert.deepEqual(heard, ["0.5"]);
});

test("nothing is asked of a kernel that is gone", () => {
  const source = new Source();
  source.comm_live = false;
  open(source, user());
  assert.deepEqual(source.asked, []);
});

test("two viewers of one volume hold its bytes once; the last to leave frees them", () => {
  const source = new Source(), first = open(source, user()), second = open(source, user());
  assert.equal(first.voxels, second.voxels);
  assert.equal(source.asked.length, 4);
  first.close();
  assert.equal(open(source, user()).voxels, second.voxels);
  const third = new Source(), only = open(third, user());
  only.close();
  assert.equal(third.calls["msg:custom"].size, 0);
  assert.notEqual(open(third, user()).voxels, only.voxels);
});
