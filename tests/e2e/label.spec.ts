/** The label shows exactly what the headers and the decision say. */

import type { Page, Response } from "@playwright/test";
import type { Decision } from "../../www/package/src/types.ts";
import { addFrom, expect, fact, open, test } from "./shop.ts";

/** `shown`: how many of its items the page shows; those in the basket are left out of a list that is shared. */
async function expectTruth(page: Page, response: Response, shown?: number): Promise<void> {
  const headers = response.headers();
  const decision = (await response.json()) as Decision;
  await expect(fact(page, "model")).toHaveText(decision.model);
  const scope = { visitor: "Personal", segment: "Segment", context: "Time of day", everyone: "Everyone" }[decision.scope];
  await expect(fact(page, "scope")).toHaveText(scope);
  await expect(fact(page, "segment")).toHaveText(decision.segment === null ? "none yet" : String(decision.segment));

  const status = headers["cache-status"] ?? "";
  const key = /key="([^"]*)"/.exec(status)?.[1];
  const outcome = / hit\b/.test(status) ? "hit" : status.includes("fwd=bypass") ? "bypassed" : "miss";
  await expect(fact(page, "cache")).toHaveText(outcome);
  if (key === undefined) await expect(fact(page, "cache-key")).toHaveCount(0);
  else await expect(fact(page, "cache-key")).toHaveText(key);

  const total = Number(/total;dur=([\d.]+)/.exec(headers["server-timing"] ?? "")?.[1]);
  expect(total).toBeGreaterThanOrEqual(0);
  await expect(fact(page, "edge-ms")).toHaveText(total < 0.005 ? "< 1 ms" : `${total < 10 ? total.toFixed(2) : total.toFixed(0)} ms`);
  await expect(page.locator("#why-items [data-item]")).toHaveCount(shown ?? decision.items.length);
}

const answerOf = (page: Page, slot: string): Promise<Response> => page.waitForResponse((response) => response.url().includes(`/v1/recommend/${slot}`));

test("for a visitor without a history the answer is shared, and the label shows under which key", async ({ page }) => {
  const [response] = await Promise.all([answerOf(page, "home"), open(page)]);
  const decision = (await response.json()) as Decision;
  expect(decision.scope).not.toBe("visitor");
  expect(response.headers()["cache-status"]).toContain('key="');
  await expectTruth(page, response);

  // The second request is answered from the cache.
  const [again] = await Promise.all([answerOf(page, "home"), open(page)]);
  expect(again.headers()["cache-status"]).toMatch(/selvedge; hit/);
  await expectTruth(page, again);
});

test("the rung is that of the answer, the hit ratio counts what was shared, and the frontier is there to see", async ({ page }) => {
  await open(page);
  await open(page);
  // Everything that a new visitor sees is shared and was requested a moment ago.
  await expect(fact(page, "hit-ratio")).toHaveText("100 %");
  const { decision } = await addFrom(page, 0);
  expect(decision.scope).toBe("visitor");
  await expect(fact(page, "rung")).toHaveText("[visitor] › segment › time of day › everyone");
  await page.locator("#why-tabs").getByRole("button", { name: "Shoppers like you" }).click();
  await expect(fact(page, "rung")).toHaveText("visitor › [segment] › time of day › everyone");
  const plot = page.locator('img[src="/frontier.svg"]');
  await plot.scrollIntoViewIfNeeded();
  await expect.poll(() => plot.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
});

test("a personal answer is stored nowhere, and its history is on the label", async ({ page }) => {
  await open(page);
  const { response, decision } = await addFrom(page, 0);
  expect(response.headers()["cache-control"]).toBe("private, no-store");
  expect(response.headers()["cache-status"]).toContain("fwd=bypass");
  await expectTruth(page, response);
  for (const { item, weight } of decision.explanation.history) {
    await expect(page.locator(`#why-history [data-item="${item}"]`)).toContainText(weight.toFixed(2));
  }
});

test("the segment's slate carries no history, is shared, and its key names no visitor", async ({ page }) => {
  await open(page);
  const [response] = await Promise.all([answerOf(page, "segment"), addFrom(page, 0)]);
  const decision = (await response.json()) as Decision;
  expect(decision.scope).toBe("segment");
  expect(decision.explanation.history).toEqual([]);
  await page.locator("#why-tabs").getByRole("button", { name: "Shoppers like you" }).click();
  await expectTruth(page, response, 12);

  const [again] = await Promise.all([answerOf(page, "segment"), open(page)]);
  expect(again.headers()["cache-status"]).toMatch(/selvedge; hit/);
});
