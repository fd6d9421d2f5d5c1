// Calls a running demo once: `node smoke.mjs http://127.0.0.1:8787`. Exits with 1 at the first wrong answer.

import assert from "node:assert/strict";

const origin = process.argv[2];
/** @type {Map<string, string>} */
const jar = new Map();

async function request(path, init = {}) {
  const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
  const headers = { ...init.headers, ...(cookie && { cookie }) };
  const response = await fetch(origin + path, { ...init, headers, signal: AbortSignal.timeout(120_000) });
  for (const line of response.headers.getSetCookie()) {
    const [name, value] = line.split(";")[0].split("=");
    if (/max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, value);
  }
  const type = response.headers.get("content-type") ?? "";
  const body = type.includes("json") ? await response.json() : await response.text();
  return { status: response.status, headers: response.headers, body };
}

async function expectStatus(status, path, init) {
  const answer = await request(path, init);
  assert.equal(answer.status, status, `${init?.method ?? "GET"} ${path}: expected ${status}, found ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

const ids = ({ body }) => body.items.map((item) => item.id);
const say = (text) => console.log(`ok  ${text}`);

assert.equal((await expectStatus(200, "/healthz")).body.status, "ok");
say("/healthz");

const ready = await expectStatus(200, "/readyz");
assert.equal(ready.body.ready, true);
say(`/readyz: model ${ready.body.model}`);

const page = await expectStatus(200, "/");
assert.match(page.body, /<html/i);
say("/ is the shop");

const before = await expectStatus(200, "/v1/recommend/home?n=12");
assert.equal(before.body.items.length, 12, "twelve items for a stranger");
assert.notEqual(before.body.scope, "visitor", "a stranger's list is shared");
assert.equal(before.headers.get("selvedge-fallback"), null, "no fall-back took part");
say(`a stranger sees ${before.body.items.length} items, scope ${before.body.scope}`);

const clicked = before.body.items.slice(-3).map((item) => item.id);
const events = clicked.map((item) => ({ type: "click", item, slot: "home" }));
const posted = await expectStatus(202, "/v1/events", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ events }),
});
assert.equal(posted.body.accepted, events.length);
const profiles = () => [...jar.keys()].filter((name) => /^(__Host-)?selvedge(-\d+)?$/.test(name));
assert.equal(profiles().length, 1, "the events set a profile cookie");
say(`${events.length} clicks accepted`);

const after = await expectStatus(200, "/v1/recommend/home?n=12");
assert.equal(after.body.scope, "visitor", "the list is now this visitor's own");
assert.notDeepEqual(ids(after), ids(before), "the clicks changed the list");
assert.match(after.headers.get("cache-control") ?? "", /private/, "a personal list is never shared");
say("the page changed");

await expectStatus(204, "/v1/profile", { method: "DELETE" });
assert.deepEqual(profiles(), [], "the cookie is expired");
const forgotten = await expectStatus(200, "/v1/recommend/home?n=12");
// A new visitor's list depends on the daypart, which may have changed since the first list.
const stranger = await expectStatus(200, "/v1/recommend/home?n=12");
const shown = [before, stranger].map((answer) => ids(answer).join());
assert.ok(shown.includes(ids(forgotten).join()), "a deleted profile is a stranger again");
say("the profile is forgotten");
