/** Actions on the page that the tests share. Every test also fails on an error in the browser's console. */

import { expect, test as base, type Locator, type Page, type Response } from "@playwright/test";
import type { Decision } from "../../www/package/src/types.ts";

export { expect };

export const test = base.extend({
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    await use(page);
    expect(errors, "errors in the browser's console").toEqual([]);
  },
});

export const shelf = (page: Page, slot: string): Locator => page.locator(`.shelf[data-slot="${slot}"]`);
export const tiles = (page: Page, slot: string): Locator => shelf(page, slot).locator(".tile[data-id]");
export const fact = (page: Page, name: string): Locator => page.locator(`[data-fact="${name}"]`);

/** Opens a page of the shop and waits until every shelf has its answer. */
export async function open(page: Page, path = "/"): Promise<void> {
  await page.goto(path);
  await settled(page);
}

export async function settled(page: Page): Promise<void> {
  await expect(page.locator(".shelf[aria-busy]")).toHaveCount(0);
  await expect(tiles(page, "home").first()).toBeAttached();
}

export async function ids(page: Page, slot: string): Promise<string[]> {
  return tiles(page, slot).evaluateAll((elements) => elements.map((element) => (element as HTMLElement).dataset["id"] ?? ""));
}

export interface Reranked {
  readonly response: Response;
  readonly decision: Decision;
}

/** Does something that makes the shelves rank again; returns the answer that the first shelf then shows. */
export async function reranked(page: Page, action: () => Promise<unknown>): Promise<Reranked> {
  const [response] = await Promise.all([page.waitForResponse((answer) => answer.url().includes("/v1/recommend/home")), action()]);
  const decision = (await response.json()) as Decision;
  await settled(page);
  await expect.poll(() => ids(page, "home")).toEqual(decision.items.map(({ id }) => id));
  return { response, decision };
}

/** Puts the item at a position of the first shelf into the basket. */
export function addFrom(page: Page, place: number): Promise<Reranked> {
  return reranked(page, () => tiles(page, "home").nth(place).getByRole("button", { name: /^Add / }).click());
}
