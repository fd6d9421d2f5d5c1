/** The page without a script: the edge fills its lists, so it works with JavaScript turned off. */

import type { Page } from "@playwright/test";
import type { Decision } from "../../www/package/src/types.ts";
import { addFrom, expect, open, test } from "./shop.ts";

const links = (page: Page, slot: string) => page.locator(`[data-selvedge-slot="${slot}"] li a`);
const shown = (page: Page, slot: string): Promise<(string | null)[]> => links(page, slot).evaluateAll((found) => found.map((link) => new URL((link as HTMLAnchorElement).href).searchParams.get("item")));

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the lists are there, and are those of the API", async ({ page }) => {
    const response = await page.goto("/plain");
    expect(response?.headers()["cache-control"]).toBe("private, no-cache");
    for (const [slot, n] of [["home", 12], ["segment", 8]] as const) {
      const decision = (await (await page.request.get(`/v1/recommend/${slot}?n=${n}`)).json()) as Decision;
      expect(await shown(page, slot)).toEqual(decision.items.map(({ id }) => id));
      expect(await links(page, slot).allTextContents()).toEqual(decision.items.map(({ title }) => title));
    }
    await expect(page.getByText("when no model has been published yet")).toHaveCount(0);
  });
});

test("what is put into the basket in the shop decides what the page lists, for this visitor only", async ({ page, browser, baseURL }) => {
  await page.goto("/plain");
  const before = await shown(page, "home");
  await open(page);
  await addFrom(page, 3);
  await page.goto("/plain");
  const after = await shown(page, "home");
  expect(after).not.toEqual(before);
  const decision = (await (await page.request.get("/v1/recommend/home?n=12")).json()) as Decision;
  expect(decision.scope).toBe("visitor");
  expect(after).toEqual(decision.items.map(({ id }) => id));
  await expect(page.locator('[data-selvedge-slot="home"] .plain-reason').first()).toContainText(/^because of .+$/);

  const stranger = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  const other = await stranger.newPage();
  await other.goto("/plain");
  expect(await shown(other, "home")).toEqual(before);
  await stranger.close();
});

test("a click on the page names the decision of its list", async ({ page }) => {
  await page.goto("/plain");
  const decision = (await (await page.request.get("/v1/recommend/segment?n=8")).json()) as Decision;
  const link = links(page, "segment").first();
  expect(new URL(await link.evaluate((found) => (found as HTMLAnchorElement).href)).searchParams.get("decision")).toBe(decision.id);
  const sent = page.waitForRequest((request) => new URL(request.url()).pathname === "/v1/events" && (request.postData() ?? "").includes('"click"'));
  await link.click();
  const [event] = ((await sent).postDataJSON() as { events: { type: string; item: string; decision: string }[] }).events;
  expect(event).toMatchObject({ type: "click", item: decision.items[0]?.id, decision: decision.id });
  await expect(page).toHaveURL((url) => !url.searchParams.has("decision"));
});

for (const [device, width, height] of [["desktop", 1440, 900], ["phone", 390, 844]] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the page on a ${device}, ${colorScheme}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await open(page);
      await addFrom(page, 3);
      await page.goto("/plain");
      await expect(links(page, "home")).toHaveCount(12);
      await page.screenshot({ path: `test-results/pages/plain-${device}-${colorScheme}.png`, fullPage: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    });
  }
}
