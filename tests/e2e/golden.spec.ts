/** The golden decisions of tests/vectors in this browser: item lists and score bits as natively. */

import { readFileSync, readdirSync } from "node:fs";
import type { Engine, Profile } from "../../www/package/src/index.ts";
import type { EventKind } from "../../www/package/src/types.ts";
import { expect, open, test } from "./shop.ts";

interface Golden {
  readonly public_key: string;
  readonly model: string;
  readonly now_ms: number;
  readonly cases: readonly {
    readonly name: string;
    readonly history: readonly { readonly type: EventKind; readonly item: string; readonly age_ms: number }[];
    readonly consent: boolean;
    readonly ask: {
      readonly recommend?: { readonly slot: string; readonly n: number; readonly category: string | null; readonly exclude: readonly string[] };
      readonly similar?: { readonly item: string; readonly n: number };
      readonly rank?: { readonly candidates: readonly string[]; readonly n: number };
    };
    readonly expect: {
      readonly scope: string;
      readonly segment: number | null;
      readonly context: string | null;
      readonly items: readonly string[];
      readonly score_bits: readonly number[];
      readonly unknown: readonly string[];
    };
  }[];
}

interface OnPage {
  selvedge: { engine: Engine; Profile: typeof Profile };
}

const vector = (name: string): URL => new URL(`../vectors/${name}`, import.meta.url);
const NAMES = readdirSync(vector("")).filter((file) => file.endsWith(".selvedge")).map((file) => file.slice(0, -".selvedge".length));

for (const name of NAMES) test(`decisions of ${name} are the same in Chromium`, async ({ page }) => {
  const golden = JSON.parse(readFileSync(vector(`${name}.json`), "utf8")) as Golden;
  const snapshot = readFileSync(vector(`${name}.selvedge`)).toString("base64");
  await open(page, "/browser/");
  const answers = await page.evaluate(
    ({ golden, snapshot }) => {
      const page = (globalThis as unknown as OnPage).selvedge;
      const Engine = page.engine.constructor as new (snapshot: Uint8Array, publicKeys: string[]) => Engine;
      const bytes = Uint8Array.from(atob(snapshot), (letter) => letter.charCodeAt(0));
      const engine = new Engine(bytes, [golden.public_key]);
      const nowMs = golden.now_ms;
      return golden.cases.map(({ history, consent, ask }) => {
        const profile = new page.Profile(new Uint8Array(16));
        engine.record(profile, history.map(({ type, item, age_ms }) => ({ type, item, timestampMs: nowMs - age_ms })), nowMs);
        const when = { nowMs, localMs: nowMs, consent };
        const { recommend, similar, rank } = ask;
        const decision = recommend
          ? engine.recommend({ slot: recommend.slot, n: recommend.n, exclude: recommend.exclude, ...(recommend.category !== null && { category: recommend.category }), ...when }, profile)
          : similar
            ? engine.similar(similar.item, similar.n, nowMs)
            : engine.rank(rank?.candidates ?? [], rank?.n ?? 0, profile, when);
        return {
          model: engine.version,
          scope: decision.scope as string,
          segment: decision.segment,
          context: decision.context,
          items: decision.items.map(({ id }) => id),
          score_bits: [...new Uint32Array(new Float32Array(decision.items.map(({ score }) => score)).buffer)],
          unknown: [...decision.unknown],
        };
      });
    },
    { golden, snapshot },
  );
  expect(answers).toHaveLength(golden.cases.length);
  for (const [index, { name, expect: expected }] of golden.cases.entries()) {
    const { model, ...answer } = answers[index] ?? { model: "none" };
    const { scope, segment, context, items, score_bits, unknown } = expected;
    expect(model).toBe(golden.model);
    expect(answer, name).toEqual({ scope, segment, context, items, score_bits, unknown });
  }
});
