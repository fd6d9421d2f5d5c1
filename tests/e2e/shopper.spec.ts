/** What a shopper meets beside ranking: several tabs, no network, no cookies, no script, a narrow screen. */

import { addFrom, expect, ids, open, settled, shelf, test, tiles } from "./shop.ts";

test("two tabs keep one basket", async ({ page, context }) => {
  await open(page);
  const other = await context.newPage();
  await open(other);
  await addFrom(page, 0);
  await expect(other.getByRole("button", { name: "Basket, 1 item" })).toBeVisible();
  await settled(other);
  await addFrom(other, 2);
  await expect(page.getByRole("button", { name: "Basket, 2 items" })).toBeVisible();
  await page.getByRole("button", { name: "Basket, 2 items" }).click();
  await page.getByRole("button", { name: /^Remove / }).first().click();
  await expect(other.getByRole("button", { name: "Basket, 1 item" })).toBeVisible();
});

test("what is in the basket is on no shelf that recommends", async ({ page }) => {
  await open(page);
  const first = (await ids(page, "segment"))[0] ?? "";
  const added = page.waitForResponse((answer) => answer.url().includes("/v1/recommend/segment"));
  await tiles(page, "segment").first().getByRole("button").click();
  await added;
  await settled(page);
  await expect.poll(() => ids(page, "segment")).not.toContain(first);
  expect(await ids(page, "home")).not.toContain(first);
  expect(await ids(page, "segment")).toHaveLength(12);
});

test("what is done without a network is sent later", async ({ browser, baseURL }) => {
  // A page of its own, because the failed requests cause errors in the console, as they should.
  const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
  const page = await context.newPage();
  await open(page);
  const item = (await ids(page, "home"))[1] ?? "";
  await context.setOffline(true);
  await tiles(page, "home").nth(1).getByRole("button").click();
  await expect(page.locator("#toasts")).toContainText("sent later");
  const sent = page.waitForRequest((request) => request.url().endsWith("/v1/events") && (request.postData() ?? "").includes(`"${item}"`));
  await context.setOffline(false);
  expect((await (await sent).response())?.status()).toBe(202);
  await expect(shelf(page, "home")).toHaveAttribute("data-scope", "visitor");
  expect(await page.evaluate(() => localStorage.getItem("selvedge-outbox"))).toBeNull();
  await context.close();
});

test("an item that the shop does not have is not named by its number", async ({ browser }) => {
  const page = await browser.newPage();
  await page.goto("/?item=no-such-item-7");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not in the shop");
  await page.close();
});

test("a browser without cookies is told so", async ({ page, context }) => {
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setDocumentCookieDisabled", { disabled: true });
  await page.goto("/");
  await expect(page.locator("#cookies-note")).toBeVisible();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });
  test("the shop sends its reader to the page that needs none", async ({ page }) => {
    await page.goto("/");
    await expect(page).toHaveURL(/\/plain$/);
  });
});

for (const path of ["/", "/?q=a", "/browser/", "/plain"]) {
  for (const width of [320, 390, 1280]) {
    test(`${path} fits into ${width} pixels`, async ({ page }) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(path);
      if (path !== "/plain") await settled(page);
      await page.screenshot({ path: `test-results/pages/fit-${path.replace(/\W/g, "")}-${width}.png` });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    });
  }
}
