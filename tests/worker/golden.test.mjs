// The golden decisions of tests/vectors, over HTTP in workerd: the item lists that the core gives natively.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { ROOT, json, profileCookie, publish, start } from "./harness.mjs";

const VECTORS = `${ROOT}tests/vectors/`;
const NAMES = readdirSync(VECTORS).filter((file) => file.endsWith(".selvedge")).map((file) => file.slice(0, -".selvedge".length));
const read = (file) => readFileSync(VECTORS + file);

/** The answer to a case's question, with the case's history sent first. */
async function answer(server, { history, consent, ask }) {
  const cookies = {};
  if (history.length > 0) {
    const now = Date.now();
    const events = history.map(({ type, item, age_ms }) => ({ type, item, timestamp_ms: now - age_ms }));
    const sent = await server.fetch("/v1/events", json({ events }));
    assert.equal((await sent.json()).accepted, events.length);
    cookies.selvedge = profileCookie(sent);
  }
  if (!consent) cookies["selvedge-consent"] = "off";
  const [kind, question] = Object.entries(ask)[0];
  if (kind === "rank") return server.fetch("/v1/rank", { ...json(question), cookies, headers: { "content-type": "application/json" } });
  const query = new URLSearchParams({ n: question.n });
  if (question.category) query.set("category", question.category);
  if (question.exclude?.length) query.set("exclude", question.exclude.join(","));
  const path = kind === "similar" ? `similar/${question.item}` : `recommend/${question.slot}`;
  return server.fetch(`/v1/${path}?${query}`, { cookies });
}

for (const name of NAMES) {
  describe(`${name} over HTTP`, () => {
    const golden = JSON.parse(read(`${name}.json`));
    let server;
    before(async () => {
      server = await start({ vars: { SELVEDGE_PUBLIC_KEYS: golden.public_key } });
      await publish(server.env, read(`${name}.selvedge`), `models/${name}.selvedge`);
    });
    after(() => server.close());

    for (const golden_case of golden.cases) {
      test(`golden decision: ${golden_case.name}`, async () => {
        const response = await answer(server, golden_case);
        assert.equal(response.status, 200, await response.clone().text());
        assert.equal(response.headers.get("selvedge-fallback"), null);
        const { expect } = golden_case;
        const decision = await response.json();
        assert.equal(decision.model, golden.model);
        assert.equal(decision.scope, expect.scope);
        // What is usual at this time of the week depends on the clock of the machine that runs the test.
        if (expect.scope === "context") return;
        assert.equal(decision.segment, expect.segment);
        assert.deepEqual(decision.items.map(({ id }) => id), expect.items);
        assert.deepEqual(decision.items.map(({ reason }) => (reason.kind === "because" ? reason.item : null)), expect.because);
        assert.deepEqual(decision.unknown, expect.unknown);
      });
    }
  });
}
