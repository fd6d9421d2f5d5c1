// Every fault leaves as a SelvedgeError with a code and the name of the field at fault: a table of cases over everything that the package
// exports, and random values in every place of every call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { edge, golden, snapshot } from "./support.mjs";

const { Engine, ModelLoader, Profile, ProfileStore, SelvedgeError, init } = edge;

const fault = (call) => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
};

test("before the Wasm is loaded, what needs it says so; then it loads", async () => {
  for (const call of [() => new Profile(), () => Profile.fromBytes(new Uint8Array()), () => new Engine(snapshot, [])]) assert.equal(fault(call)?.code, "not-loaded");
  await assert.rejects(Engine.open(snapshot, []), { name: "SelvedgeError", code: "not-loaded" });
  for (const [source, code] of [[null, "wrong-type"], [7, "wrong-type"], [{}, "wrong-type"], [new Uint8Array(9), "load-failed"], [new Response("no", { status: 404 }), "load-failed"], ["http://127.0.0.1:1/", "load-failed"]]) {
    await assert.rejects(init(source), { name: "SelvedgeError", code, field: "source" });
  }
  await init();
  await init(null);
});

const keys = [golden.public_key];
const now = golden.now_ms;
const slot = "home";
const freed = (make) => {
  const value = make();
  value.free();
  return value;
};
const damaged = snapshot.slice();
damaged[snapshot.length - 100] ^= 1;
const transferred = () => {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
};
const engine = () => new Engine(snapshot, keys);
const storage = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };

/** Function, case, call, code, field. */
const CASES = [
  ["Engine", "no argument", () => new Engine(), "missing", "snapshot"],
  ["Engine", "no keys", () => new Engine(snapshot), "missing", "publicKeys"],
  ["Engine", "text as snapshot", () => new Engine("x", keys), "wrong-type", "snapshot"],
  ["Engine", "a buffer that was transferred", () => new Engine(transferred(), keys), "wrong-type", "snapshot"],
  ["Engine", "one key, not in an array", () => new Engine(snapshot, keys[0]), "wrong-type", "publicKeys"],
  ["Engine", "a number among the keys", () => new Engine(snapshot, [keys[0], 7]), "wrong-type", "publicKeys[1]"],
  ["Engine", "a key that is none", () => new Engine(snapshot, ["00"]), "bad-value", "publicKeys"],
  ["Engine", "another key", () => new Engine(snapshot, [keys[0].replace(/^./, "0")]), null, null],
  ["Engine", "no bytes", () => new Engine(new Uint8Array(), keys), "bad-snapshot", "snapshot"],
  ["Engine", "a changed byte", () => new Engine(damaged, keys), "bad-snapshot", "snapshot"],
  ["Engine", "no trusted key", () => new Engine(snapshot, []), "bad-snapshot", "snapshot"],
  ["Profile", "an id of another length", () => new Profile(new Uint8Array(3)), "out-of-range", "visitorId"],
  ["Profile", "null as id", () => new Profile(null), "wrong-type", "visitorId"],
  ["Profile.fromBytes", "no argument", () => Profile.fromBytes(), "missing", "bytes"],
  ["Profile.fromBytes", "text", () => Profile.fromBytes("x"), "wrong-type", "bytes"],
  ["Profile.fromBytes", "other bytes", () => Profile.fromBytes(new Uint8Array(20)), "bad-profile", "bytes"],
  ["Profile.toBytes", "freed", () => freed(() => new Profile()).toBytes(), "freed", "profile"],
  ["Profile.events", "freed", () => freed(() => new Profile()).events, "freed", "profile"],
  ["Profile.free", "twice", () => freed(() => new Profile()).free(), "freed", "profile"],
  ["Profile.free", "without its object", () => Profile.prototype.free.call(undefined), "missing", "profile"],
  ["Engine.free", "twice", () => freed(engine).free(), "freed", "engine"],
  ["Engine.version", "freed", () => freed(engine).version, "freed", "engine"],
  ["Engine.itemCount", "freed", () => freed(engine).itemCount, "freed", "engine"],
  ["Engine.categories", "freed", () => freed(engine).categories(), "freed", "engine"],
  ["Engine.recommend", "freed", () => freed(engine).recommend({ slot }, new Profile()), "freed", "engine"],
  ["Engine.recommend", "without its object", () => Engine.prototype.recommend.call(undefined, { slot }, new Profile()), "wrong-type", "engine"],
  ["Engine.recommend", "no argument", () => engine().recommend(), "missing", "request"],
  ["Engine.recommend", "no profile", () => engine().recommend({ slot }), "missing", "profile"],
  ["Engine.recommend", "a profile that was freed", () => engine().recommend({ slot }, freed(() => new Profile())), "freed", "profile"],
  ["Engine.recommend", "something like a profile", () => engine().recommend({ slot }, {}), "wrong-type", "profile"],
  ["Engine.recommend", "an array", () => engine().recommend([slot], new Profile()), "wrong-type", "request"],
  ["Engine.recommend", "no slot", () => engine().recommend({}, new Profile()), "missing", "slot"],
  ["Engine.recommend", "a number as slot", () => engine().recommend({ slot: 1 }, new Profile()), "wrong-type", "slot"],
  ["Engine.recommend", "another slot", () => engine().recommend({ slot: "none" }, new Profile()), "not-found", "slot"],
  ["Engine.recommend", "n: 1.5", () => engine().recommend({ slot, n: 1.5 }, new Profile()), "out-of-range", "n"],
  ["Engine.recommend", "n: NaN", () => engine().recommend({ slot, n: Number.NaN }, new Profile()), "out-of-range", "n"],
  ["Engine.recommend", "n: 0", () => engine().recommend({ slot, n: 0 }, new Profile()), "out-of-range", "n"],
  ["Engine.recommend", "n: -1", () => engine().recommend({ slot, n: -1 }, new Profile()), "out-of-range", "n"],
  ["Engine.recommend", "n: 2 ** 32", () => engine().recommend({ slot, n: 2 ** 32 }, new Profile()), "out-of-range", "n"],
  ["Engine.recommend", "more than the slot has", () => engine().recommend({ slot, n: 9999 }, new Profile()), "out-of-range", "n"],
  ["Engine.recommend", 'n: "3"', () => engine().recommend({ slot, n: "3" }, new Profile()), "wrong-type", "n"],
  ["Engine.recommend", "n: null", () => engine().recommend({ slot, n: null }, new Profile()), "wrong-type", "n"],
  ["Engine.recommend", "another category", () => engine().recommend({ slot, category: "none" }, new Profile()), "not-found", "category"],
  ["Engine.recommend", "half a character", () => engine().recommend({ slot, category: "a\ud800" }, new Profile()), "bad-value", "category"],
  ["Engine.recommend", "text to exclude", () => engine().recommend({ slot, exclude: "1" }, new Profile()), "wrong-type", "exclude"],
  ["Engine.recommend", "a number to exclude", () => engine().recommend({ slot, exclude: ["1", 2] }, new Profile()), "wrong-type", "exclude[1]"],
  ["Engine.recommend", "a hole to exclude", () => engine().recommend({ slot, exclude: [, "1"] }, new Profile()), "missing", "exclude[0]"],
  ["Engine.recommend", "too many to exclude", () => engine().recommend({ slot, exclude: Array(101).fill("1") }, new Profile()), "out-of-range", "exclude"],
  ["Engine.recommend", "a field that nobody reads", () => engine().recommend({ slot, count: 3 }, new Profile()), "unknown-field", "count"],
  ["Engine.recommend", "a date as time", () => engine().recommend({ slot, nowMs: new Date() }, new Profile()), "wrong-type", "nowMs"],
  ["Engine.recommend", "a time before 1970", () => engine().recommend({ slot, nowMs: -1 }, new Profile()), "out-of-range", "nowMs"],
  ["Engine.recommend", "a local time that is none", () => engine().recommend({ slot, localMs: Number.POSITIVE_INFINITY }, new Profile()), "out-of-range", "localMs"],
  ["Engine.recommend", "consent as text", () => engine().recommend({ slot, consent: "off" }, new Profile()), "wrong-type", "consent"],
  ["Engine.recommend", "a field that throws", () => engine().recommend({ get slot() { throw new TypeError("mine"); } }, new Profile()), "internal", null],
  ["Engine.similar", "no argument", () => engine().similar(), "missing", "item"],
  ["Engine.similar", "another item", () => engine().similar("none", 3), "not-found", "item"],
  ["Engine.similar", "no n", () => engine().similar("item-1"), "missing", "n"],
  ["Engine.similar", "n: 1.5", () => engine().similar("item-1", 1.5), "out-of-range", "n"],
  ["Engine.similar", "n: 101", () => engine().similar("item-1", 101), "out-of-range", "n"],
  ["Engine.similar", "null as time", () => engine().similar("item-1", 1, null), "wrong-type", "nowMs"],
  ["Engine.rank", "no argument", () => engine().rank(), "missing", "candidates"],
  ["Engine.rank", "none", () => engine().rank([], 3, new Profile()), "out-of-range", "candidates"],
  ["Engine.rank", "too many", () => engine().rank(Array(1001).fill("1"), 3, new Profile()), "out-of-range", "candidates"],
  ["Engine.rank", "an object among them", () => engine().rank([{}], 3, new Profile()), "wrong-type", "candidates[0]"],
  ["Engine.rank", "n: 1.5", () => engine().rank(["1"], 1.5, new Profile()), "out-of-range", "n"],
  ["Engine.rank", "null as moment", () => engine().rank(["1"], 1, new Profile(), null), "wrong-type", "at"],
  ["Engine.record", "no argument", () => engine().record(), "missing", "profile"],
  ["Engine.record", "no events", () => engine().record(new Profile()), "missing", "events"],
  ["Engine.record", "text", () => engine().record(new Profile(), "click"), "wrong-type", "events"],
  ["Engine.record", "no item", () => engine().record(new Profile(), { type: "click" }), "missing", "item"],
  ["Engine.record", "the field of the HTTP API", () => engine().record(new Profile(), { type: "click", item: "1", timestamp_ms: now }), "unknown-field", "timestamp_ms"],
  ["Engine.record", "another type", () => engine().record(new Profile(), { type: "buy", item: "1" }), "bad-value", "type"],
  ["Engine.record", "an empty id", () => engine().record(new Profile(), { type: "click", item: "" }), "bad-value", "item"],
  ["Engine.record", "a control character", () => engine().record(new Profile(), { type: "click", item: "a\n" }), "bad-value", "item"],
  ["Engine.record", "too old", () => engine().record(new Profile(), { type: "click", item: "1", timestampMs: 0 }, now), "out-of-range", "timestampMs"],
  ["Engine.record", "NaN as value", () => engine().record(new Profile(), { type: "click", item: "1", value: Number.NaN }), "bad-value", "value"],
  ["Engine.record", "the second of two", () => engine().record(new Profile(), [{ type: "click", item: "1" }, { type: "buy", item: "2" }]), "bad-value", "events[1].type"],
  ["Engine.record", "null among them", () => engine().record(new Profile(), [null]), "wrong-type", "events[0]"],
  ["Engine.items", "no argument", () => engine().items(), "missing", "offset"],
  ["Engine.items", "a negative offset", () => engine().items(-1, 3), "out-of-range", "offset"],
  ["Engine.items", "count: 1.5", () => engine().items(0, 1.5), "out-of-range", "count"],
  ["ModelLoader", "no argument", () => new ModelLoader(), "missing", "options"],
  ["ModelLoader", "no keys", () => new ModelLoader({ manifest: "https://example.org/" }), "missing", "publicKeys"],
  ["ModelLoader", "an address without a page", () => new ModelLoader({ publicKeys: keys }), "bad-value", "manifest"],
  ["ModelLoader", "no function to fetch", () => new ModelLoader({ publicKeys: keys, manifest: "https://example.org/", fetch: 1 }), "wrong-type", "fetch"],
  ["ModelLoader", "a field that nobody reads", () => new ModelLoader({ publicKeys: keys, url: "x" }), "unknown-field", "url"],
  ["ModelLoader.watch", "too often", () => new ModelLoader({ publicKeys: keys, manifest: "https://example.org/" }).watch(10, () => undefined), "out-of-range", "everyMs"],
  ["ModelLoader.watch", "no argument", () => new ModelLoader({ publicKeys: keys, manifest: "https://example.org/" }).watch(), "missing", "everyMs"],
  ["ProfileStore", "no argument", () => new ProfileStore(), "missing", "engine"],
  ["ProfileStore", "a freed engine", () => new ProfileStore(freed(engine)), "wrong-type", "engine"],
  ["ProfileStore", "a number as name", () => new ProfileStore(engine(), { name: 7, storage }), "wrong-type", "name"],
  ["ProfileStore", "null as options", () => new ProfileStore(engine(), null), "wrong-type", "options"],
];

for (const [name, what, call, code, field] of CASES) {
  test(`${name}: ${what}`, () => {
    const error = fault(call);
    assert.ok(error instanceof SelvedgeError, `expected a SelvedgeError, found ${error}`);
    if (code === null) return;
    assert.deepEqual({ code: error.code, field: error.field }, { code, field }, error.message);
    assert.ok(error.message.length > 10);
  });
}

test("faults of what is asynchronous are rejections", async () => {
  for (const [call, code, field] of [
    [() => Engine.open(), "missing", "snapshot"],
    [() => Engine.open(snapshot, keys, null), "wrong-type", "options"],
    [() => Engine.open(snapshot, keys, { signal: 1 }), "wrong-type", "signal"],
    [() => Engine.open(damaged, keys), "bad-snapshot", "snapshot"],
    [() => Engine.open(snapshot, keys, { signal: AbortSignal.abort("why") }), "aborted", null],
  ]) await assert.rejects(call(), (error) => error instanceof SelvedgeError && error.code === code && error.field === field);
});

test("the table has a case of every function that the package exports", () => {
  const tried = new Set(CASES.map(([name]) => name));
  // Tried by tests of their own: they take nothing that could be wrong, or are asynchronous.
  const elsewhere = ["SelvedgeError", "init", "indexedDbCache", "ModelLoader.load", "ModelLoader.refresh", "ModelLoader.model", "ProfileStore.record", "ProfileStore.profile", "ProfileStore.persists", "ProfileStore.forget", "ProfileStore.subscribe", "ProfileStore.close"];
  const all = Object.entries(edge).flatMap(([name, value]) => [name, ...(value.prototype ? Object.getOwnPropertyNames(value.prototype).filter((member) => member !== "constructor").map((member) => `${name}.${member}`) : [])]);
  assert.deepEqual(all.filter((name) => !tried.has(name) && !elsewhere.includes(name)), []);
});

test("whatever is passed, a call answers or throws a SelvedgeError", () => {
  let seed = 1;
  const random = (count) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % count;
  const odd = [undefined, null, true, 0, -1, 1.5, Number.NaN, 2 ** 53, 1n, "", "home", "\ud800", "item-1", Symbol("s"), [], [1], [[]], {}, { slot: "home" }, () => 1, new Date(), new Uint8Array(16), new Map(), Object.create(null), new Proxy({}, {}), snapshot, keys];
  const any = () => odd[random(odd.length)];
  const one = engine();
  const profile = new Profile();
  const calls = [
    (a, b) => new Engine(a, b), (a) => new Profile(a), (a) => Profile.fromBytes(a), (a, b) => one.recommend(a, b), (a) => one.recommend({ slot: "home", n: a }, profile), (a) => one.recommend({ slot: "home", exclude: a }, profile),
    (a, b, c) => one.similar(a, b, c), (a) => one.rank(["item-1"], a, profile), (a, b, c) => one.rank(a, b, profile, c), (a, b) => one.record(profile, a, b), (a) => one.record(profile, { type: a, item: "x" }), (a, b) => one.record(profile, { type: "click", item: a, value: b }), (a, b) => one.items(a, b),
  ];
  for (let round = 0; round < 3000; round += 1) {
    const call = calls[random(calls.length)];
    const given = [any(), any(), any()];
    const error = fault(() => call(...given));
    assert.ok(error === null || error instanceof SelvedgeError, `${call} with ${given.map((value) => typeof value)}: ${error}`);
    if (error) assert.notEqual(error.code, "internal", `${call}: ${error.message}`);
  }
  assert.equal(one.recommend({ slot: "home", n: 3 }, profile).items.length, 3);
});
