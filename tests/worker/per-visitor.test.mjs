// Shared lists that are changed for one visitor behind the cache: `unbought` leaves out what the visitor bought, `ordered` is in
// the visitor's own order. Whoever is shown such a list is shown it alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fallbacks, json, planted, profileCookie } from "./harness.mjs";
import { inFront } from "./origin.mjs";

const model = planted();
const { origin, server } = await inFront(model);

const status = (response) => response.headers.get("cache-status");
const key = (response) => /key="([^"]*)"/.exec(status(response))?.[1];
const ids = ({ items }) => items.map(({ id }) => id);

/** The cookies of a visitor after these events, such as `click tea-00`. */
async function visitorOf(...events) {
  const sent = events.map((event) => event.split(" ")).map(([type, item]) => ({ type, item }));
  return { selvedge: profileCookie(await server.fetch("/v1/events", json({ events: sent }))) };
}

async function list(slot, options) {
  const response = await server.fetch(`/v1/recommend/${slot}`, options);
  assert.equal(response.status, 200);
  assert.deepEqual(fallbacks(response), []);
  return { response, decision: await response.json() };
}

/** That an answer is this visitor's, and nobody can keep it or learn a key for it. */
async function assertAlone(slot, cookies, { response, decision }) {
  assert.equal(decision.scope, "visitor");
  assert.equal(response.headers.get("cache-control"), "private, no-store");
  assert.equal(status(response), "selvedge; fwd=bypass; detail=visitor");
  for (const name of ["etag", "age", "selvedge-key", "surrogate-control"]) assert.equal(response.headers.get(name), null, name);
  const asked = await server.fetch(`/v1/key/${slot}`, { cookies });
  assert.equal(asked.headers.get("selvedge-key"), null);
  assert.equal(asked.headers.get("selvedge-scope"), "visitor");
}

test("who bought what a list shows gets it without that, alone; all others share it, before and after", async () => {
  const fan = await visitorOf("click tea-00", "click tea-02");
  const shared = await list("unbought", { cookies: fan });
  assert.equal(shared.decision.scope, "segment");
  const shown = ids(shared.decision);

  const buyer = await visitorOf("click tea-00", "click tea-02", `conversion ${shown[2]}`);
  for (let turn = 0; turn < 2; turn += 1) {
    const own = await list("unbought", { cookies: buyer });
    await assertAlone("unbought", buyer, own);
    assert.equal(own.decision.segment, shared.decision.segment);
    assert.deepEqual(ids(own.decision).slice(0, 7), shown.filter((id) => id !== shown[2]), "the rest stands as it stood");
    assert.equal(own.decision.items.length, 8, "and is filled up");
  }

  const another = await list("unbought", { cookies: await visitorOf("click tea-00", "click tea-02") });
  assert.match(status(another.response), /^selvedge; hit;/);
  assert.equal(key(another.response), key(shared.response));
  assert.deepEqual(another.decision, shared.decision);
});

test("who bought something else shares the list, under its key", async () => {
  const fan = await list("unbought", { cookies: await visitorOf("click toy-00", "click toy-02") });
  const elsewhere = await visitorOf("conversion book-00", "click toy-00", "click toy-02", "click toy-04", "click toy-06");
  const same = await list("unbought", { cookies: elsewhere });
  assert.equal(key(same.response), key(fan.response));
  assert.deepEqual(same.decision, fan.decision);
  const asked = await server.fetch("/v1/key/unbought", { cookies: elsewhere });
  assert.equal(asked.headers.get("selvedge-key"), key(fan.response));
});

test("a list in the visitor's order holds what the segment is shown, and each visitor has an order of its own", async () => {
  const everything = "ordered?n=12";
  const orders = new Map();
  for (const favourites of [["tool-00", "tool-05"], ["tool-03", "tool-08"], ["tool-10", "tool-01"]]) {
    const cookies = await visitorOf(...favourites.map((item) => `click ${item}`));
    const own = await list(everything, { cookies });
    await assertAlone("ordered", cookies, own);
    orders.set(favourites.join(), ids(own.decision));
  }
  const [first, ...others] = orders.values();
  assert.equal(new Set([first, ...others].map((order) => order.join())).size, 3, "three visitors, three orders");
  assert.ok(first.every((id) => id.startsWith("tool-")));
  assert.ok(key((await list(everything)).response), "a stranger has nothing to be ordered by, and shares");
});

test("forty visitors at once, each of whom gets the own list and no other", async () => {
  const visitors = await Promise.all(
    Array.from({ length: 40 }, async (_, turn) => {
      const department = ["tea", "tool", "toy", "book"][turn % 4];
      const item = `${department}-${String(turn % 10).padStart(2, "0")}`;
      const cookies = await visitorOf(`click ${department}-11`, `conversion ${item}`);
      return { cookies, item, alone: ids((await list("unbought", { cookies })).decision) };
    }),
  );
  await Promise.all(
    visitors.map(async ({ cookies, item, alone }) => {
      const { decision } = await list("unbought", { cookies });
      assert.deepEqual(ids(decision), alone);
      assert.ok(!ids(decision).includes(item));
    }),
  );
});

test("without consent the lists are those of a stranger, and shared", async () => {
  const cookies = await visitorOf("click tea-00", "conversion tea-02");
  for (const slot of ["unbought", "ordered"]) {
    assert.equal((await list(slot, { cookies })).decision.scope, "visitor");
    const stranger = await list(slot);
    const objections = [{ cookies, headers: { "sec-gpc": "1" } }, { cookies: { ...cookies, "selvedge-consent": "off" } }];
    for (const objection of objections) {
      const { response, decision } = await list(slot, objection);
      assert.deepEqual(decision, stranger.decision);
      assert.equal(key(response), key(stranger.response));
    }
  }
});

test("a client cannot have a list changed by anything but its sealed profile", async () => {
  for (const slot of ["unbought", "ordered"]) {
    const stranger = await list(slot);
    for (const query of ["per_visitor=rerank", "done=tea-00", "rerank=1", "bought=tea-00"]) {
      const { response, decision } = await list(`${slot}?${query}`);
      assert.deepEqual(decision, stranger.decision, query);
      assert.equal(key(response), key(stranger.response), query);
    }
    const forged = await server.fetch(`/v1/recommend/${slot}`, { cookies: { selvedge: "eyJib3VnaHQiOlsidGVhLTAwIl19" } });
    assert.deepEqual(fallbacks(forged), ["bad-cookie"]);
    assert.deepEqual(await forged.json(), stranger.decision);
  }
});

test("a page's slot shows what the API answers", async () => {
  const slots = ["unbought", "ordered"].map((slot) => `<ul data-selvedge-slot="${slot}" data-n="5"><template><li>{{id}}</li></template></ul>`);
  origin.page("/shop", `<!doctype html><title>Shop</title>${slots.join("")}`);
  const cookies = await visitorOf("click book-00", "click book-03", "conversion book-01");
  const page = await (await server.fetch("/shop", { cookies })).text();
  const shown = [...page.matchAll(/<ul[^>]*>(.*?)<\/ul>/gs)].map(([, inner]) => [...inner.replace(/<template>.*?<\/template>/s, "").matchAll(/<li>([^<]*)/g)].map(([, id]) => id));
  for (const [at, slot] of ["unbought", "ordered"].entries()) {
    const { decision } = await list(`${slot}?n=5`, { cookies });
    assert.deepEqual(shown[at], ids(decision), slot);
    assert.ok(!shown[at].includes("book-01"), slot);
  }
  assert.equal(shown[0].length, 5);
});
