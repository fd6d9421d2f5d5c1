// Opening without blocking, the loader of models/current.json, and the profile that several tabs share.

import assert from "node:assert/strict";
import { test } from "node:test";
import { edge, golden, snapshot } from "./support.mjs";

const { Engine, ModelLoader, Profile, ProfileStore, init } = edge;
await init();
const keys = [golden.public_key];
const engine = new Engine(snapshot, keys);

test("Engine.open computes no digest in the Wasm where WebCrypto can, and other work gets its turn", async () => {
  const { subtle } = crypto;
  const whole = subtle.digest.bind(subtle);
  let digests = 0;
  subtle.digest = (...given) => ((digests += 1), whole(...given));
  let turns = 0;
  const other = setInterval(() => (turns += 1));
  try {
    const opened = await Engine.open(snapshot, keys);
    assert.equal(opened.version, golden.model);
    assert.ok(digests > 5, `${digests} sections`);
    subtle.digest = () => Promise.reject(new Error("no"));
    assert.equal((await Engine.open(snapshot, keys)).version, golden.model);
    assert.ok(turns > 0);
  } finally {
    subtle.digest = whole;
    clearInterval(other);
  }
});

const MANIFEST = "https://example.org/models/current.json";

/** A site whose model can be changed; counts requests. */
function site() {
  const state = { key: "models/one.selvedge", bytes: snapshot, announced: snapshot.length, down: false, asked: [], hang: false };
  state.fetch = async (url, { signal } = {}) => {
    state.asked.push(new URL(url).pathname);
    if (state.down) throw new TypeError("no network");
    if (state.hang) await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    return url === MANIFEST ? Response.json({ key: state.key, bytes: state.announced }) : new Response(state.bytes);
  };
  return state;
}

function memory() {
  const kept = new Map();
  return { kept, get: async (name) => kept.get(name) ?? null, put: async (name, value) => void kept.set(name, value), delete: async (name) => void kept.delete(name) };
}

const loader = (site, cache = null) => new ModelLoader({ publicKeys: keys, manifest: MANIFEST, fetch: site.fetch, cache });
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("the loader opens what the manifest names, once for all who ask", async () => {
  const at = site();
  const models = loader(at);
  const [one, other] = await Promise.all([models.load(), models.load()]);
  assert.equal(one, other);
  assert.equal(one.engine.version, golden.model);
  assert.deepEqual(at.asked, ["/models/current.json", "/models/one.selvedge"]);
  assert.equal(await models.refresh(), null);
  at.key = "models/two.selvedge";
  const two = await models.refresh();
  assert.equal(two.key, "models/two.selvedge");
  assert.equal(models.model, two);
});

test("a kept snapshot saves the download, serves without a network, and a damaged one is fetched again", async () => {
  const at = site();
  const cache = memory();
  await loader(at, cache).load();
  await settled();
  assert.equal(cache.kept.size, 1);
  at.asked.length = 0;
  assert.equal((await loader(at, cache).load()).from, "cache");
  assert.deepEqual(at.asked, ["/models/current.json"]);
  at.down = true;
  assert.equal((await loader(at, cache).load()).from, "cache");
  at.down = false;
  const changed = snapshot.slice();
  changed[changed.length - 100] ^= 1;
  cache.kept.set(MANIFEST, { key: at.key, bytes: changed });
  assert.equal((await loader(at, cache).load()).from, "network");
  // A cache that fails is no cache.
  const broken = { get: () => Promise.reject(new Error("get")), put: () => Promise.reject(new Error("put")), delete: () => Promise.reject(new Error("delete")) };
  assert.equal((await loader(at, broken).load()).from, "network");
});

test("wrong manifests and wrong sizes are refused", async () => {
  for (const change of [{ key: "https://evil.example/x.selvedge" }, { key: "models/../x.selvedge" }, { key: "models/x.html" }, { key: 7 }, { announced: 0 }, { announced: 1.5 }, { announced: 2 ** 40 }, { announced: "9" }]) {
    await assert.rejects(loader(Object.assign(site(), change)).load(), { name: "SelvedgeError", code: "bad-manifest" }, JSON.stringify(change));
  }
  for (const off of [-1, 1]) await assert.rejects(loader(Object.assign(site(), { announced: snapshot.length + off })).load(), { name: "SelvedgeError", code: "fetch-failed" });
  await assert.rejects(loader(Object.assign(site(), { down: true })).load(), { name: "SelvedgeError", code: "fetch-failed" });
  await assert.rejects(loader(Object.assign(site(), { bytes: new Uint8Array(snapshot.length) })).load(), { name: "SelvedgeError", code: "bad-snapshot" });
});

test("a caller that goes away ends the work only if it was the only one", async () => {
  const at = Object.assign(site(), { hang: true });
  const models = loader(at);
  const going = new AbortController();
  const gone = models.load({ signal: going.signal });
  const staying = new AbortController();
  const stays = models.load({ signal: staying.signal });
  let ended = false;
  stays.catch(() => undefined).finally(() => (ended = true));
  going.abort("enough");
  await assert.rejects(gone, { name: "SelvedgeError", code: "aborted", cause: "enough" });
  await settled();
  assert.equal(ended, false);
  staying.abort();
  await assert.rejects(stays, { code: "aborted" });
  at.hang = false;
  await settled();
  assert.equal((await models.load()).from, "network");
});

/** localStorage of one browser, shared by its tabs. */
function shared() {
  const kept = new Map();
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) };
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, 30));
const ids = engine.items(0, 40).items.map(({ id }) => id);
const items = (store) => engine.rank(ids, 40, store.profile).explanation.history.map(({ item }) => item).sort();

test("two tabs that record at once both end with everything, and so does the store", async () => {
  const storage = shared();
  const name = "two tabs";
  const [a, b] = [new ProfileStore(engine, { name, storage }), new ProfileStore(engine, { name, storage })];
  a.record({ type: "click", item: ids[1] });
  b.record({ type: "click", item: ids[2] });
  a.record([{ type: "click", item: ids[3] }, { type: "view", item: ids[4] }]);
  await quiet();
  const c = new ProfileStore(engine, { name, storage });
  for (const store of [a, b, c]) {
    assert.equal(store.profile.events, 4);
    assert.deepEqual(items(store), ids.slice(1, 5).sort());
    assert.equal(store.persists, true);
  }
  b.forget();
  await quiet();
  for (const store of [a, b, c]) assert.equal(store.profile.events, 0);
  assert.equal(storage.kept.size, 0);
  for (const store of [a, b, c]) store.close();
});

test("whatever the order of records and forgettings, all tabs agree and nothing counts twice", async () => {
  let seed = 7;
  const random = (count) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 8) % count;
  for (let round = 0; round < 12; round += 1) {
    const storage = shared();
    const name = `order ${round}`;
    const tabs = [0, 1].map(() => new ProfileStore(engine, { name, storage }));
    // What one profile alone would hold. It keeps one entry for the same act with the same item in one minute.
    let alone = new Profile();
    for (let step = 0; step < 25; step += 1) {
      const tab = tabs[random(tabs.length)];
      const what = random(12);
      if (what === 0 && tabs.length < 4) tabs.push(new ProfileStore(engine, { name, storage }));
      else if (what === 1) {
        await quiet();
        tab.forget();
        await quiet();
        alone = new Profile();
      } else {
        const event = { type: "click", item: ids[random(40)] };
        tab.record(event);
        engine.record(alone, event);
      }
      if (random(4) === 0) await settled();
    }
    await quiet();
    const [first, ...others] = tabs;
    assert.equal(first.profile.events, alone.events, `round ${round}`);
    for (const other of others) {
      assert.equal(other.profile.events, alone.events, `round ${round}`);
      assert.deepEqual(items(other), items(first));
    }
    const late = new ProfileStore(engine, { name, storage });
    assert.equal(late.profile.events, alone.events, `round ${round}, from the store`);
    for (const store of [...tabs, late]) store.close();
  }
});

test("forbidden and full storage, and what others left in it, are no fault", () => {
  const no = () => {
    throw new DOMException("no", "SecurityError");
  };
  for (const storage of [null, { getItem: no, setItem: no, removeItem: no }]) {
    const store = new ProfileStore(engine, { name: "none", storage });
    store.record({ type: "click", item: ids[1] });
    assert.equal(store.profile.events, 1);
    assert.equal(store.persists, false);
    store.forget();
    store.close();
  }
  for (const left of ["", "null", "7", "[]", "{", '{"version":1}', '{"version":1,"sinceMs":1,"batches":[],"profile":"!"}', '{"version":1,"sinceMs":1,"batches":[],"profile":"AAAA"}']) {
    const storage = shared();
    storage.setItem("left", left);
    const store = new ProfileStore(engine, { name: "left", storage });
    assert.equal(store.profile.events, 0, left);
    store.close();
  }
  assert.ok(new Profile());
});
