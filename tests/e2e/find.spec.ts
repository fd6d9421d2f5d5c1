/** Finding things: search with personal order, departments, and the whole shop by keyboard. */

import type { Page } from "@playwright/test";
import type { Decision } from "../../www/package/src/types.ts";
import { addFrom, expect, ids, open, reranked, settled, shelf, test, tiles } from "./shop.ts";

/** A word that finds several items, so that their order can be tested: the first long word of a popular title. */
async function popularWord(page: Page): Promise<string> {
  const catalogue = (await (await page.request.get("/data/catalogue.json")).json()) as { items: [string, string][] };
  const words = catalogue.items.slice(0, 200).map(([, title]) => /[A-Za-z]{5,}/.exec(title)?.[0].toLowerCase() ?? "");
  const hits = (word: string): number => catalogue.items.filter(([, title]) => ` ${title.toLowerCase()}`.includes(` ${word}`)).length;
  const word = words.find((candidate) => candidate !== "" && hits(candidate) >= 12);
  if (word === undefined) throw new Error("the catalogue has no word that finds twelve items");
  return word;
}

async function search(page: Page, words: string): Promise<Decision> {
  const [response] = await Promise.all([page.waitForResponse((answer) => answer.url().endsWith("/v1/rank")), page.getByRole("searchbox").fill(words)]);
  const decision = (await response.json()) as Decision;
  await expect.poll(() => ids(page, "search")).toEqual(decision.items.map(({ id }) => id).slice(0, 24));
  return decision;
}

test("search is ranked for the visitor, and accents and case do not matter", async ({ page }) => {
  await open(page);
  const word = await popularWord(page);
  const anonymous = await search(page, word);
  expect(anonymous.scope).not.toBe("visitor");
  const found = anonymous.items.map(({ id }) => id);
  expect(found.length).toBeGreaterThanOrEqual(12);

  await reranked(page, () => tiles(page, "search").nth(found.length - 1).getByRole("button", { name: /^Add / }).click());
  await open(page);
  const personal = await search(page, word.toUpperCase().replace(/A/g, "Á").replace(/E/g, "È").replace(/O/g, "Ö"));
  expect(personal.scope).toBe("visitor");
  expect(personal.items.map(({ id }) => id)).not.toEqual(found);
  expect(personal.items.map(({ id }) => id)).toContain(found[found.length - 1]);
});

test("a search that finds nothing says so, and an empty one leads back", async ({ page }) => {
  await open(page);
  await page.getByRole("searchbox").fill("qqqqzzzz");
  await expect(shelf(page, "search")).toContainText("Nothing is called");
  await page.getByRole("searchbox").fill("");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Woven as you shop");
});

test("a department shows only its own items, and narrower ones", async ({ page }) => {
  await open(page);
  const department = page.locator("#departments a").first();
  const [response] = await Promise.all([page.waitForResponse((answer) => answer.url().includes("/v1/recommend/department")), department.click()]);
  const decision = (await response.json()) as Decision;
  const asked = new URL(response.url()).searchParams.get("category")?.toLowerCase();
  expect(decision.items.length).toBeGreaterThan(0);
  for (const item of decision.items) expect(item.categories.map((name) => name.toLowerCase())).toContain(asked);
  await expect(department).toHaveAttribute("aria-current", "true");
  await settled(page);
  await page.locator(".view-head .chip").first().click();
  await settled(page);
  expect((await ids(page, "department")).length).toBeGreaterThan(0);
});

test("an item has its own address, and Back leads back", async ({ page }) => {
  await open(page);
  const [, second = ""] = await ids(page, "home");
  await open(page, `/?item=${second}`);
  await expect(page.locator("#product-title")).not.toHaveText("…");
  expect(await ids(page, "similar")).not.toContain(second);
  await page.getByRole("link", { name: "Back to the shop" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Woven as you shop");
  await page.goBack();
  await expect(page.locator("#product-title")).toBeVisible();
});

test("the shop can be used by keyboard alone", async ({ page }) => {
  await open(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the shop" })).toBeFocused();
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();

  const link = tiles(page, "home").nth(1).getByRole("link");
  await link.focus();
  await page.keyboard.press("Tab");
  const add = tiles(page, "home").nth(1).getByRole("button");
  await expect(add).toBeFocused();
  expect(await add.evaluate((element) => getComputedStyle(element).outlineStyle)).not.toBe("none");
  await reranked(page, () => page.keyboard.press("Enter"));
  // The tile may have moved or gone, but the focus is still in its shelf.
  expect(await shelf(page, "home").evaluate((element) => element.contains(document.activeElement))).toBe(true);

  await tiles(page, "home").first().getByRole("link").focus();
  await reranked(page, () => page.keyboard.press("Enter"));
  await expect(page.locator("#product-title")).toBeFocused();

  await page.getByRole("button", { name: /^Basket/ }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Basket" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Basket" })).toBeHidden();
  await expect(page.getByRole("button", { name: /^Basket/ })).toBeFocused();
});

test("on a phone the label is a drawer that Escape closes", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  await addFrom(page, 0);
  await expect(page.locator("#why")).toBeHidden();
  const toggle = page.getByRole("button", { name: "Why this page" });
  await toggle.click();
  await expect(page.getByRole("complementary", { name: "Why this page" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Close" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator("#why")).toBeHidden();
  await expect(toggle).toBeFocused();
});

test("when the edge cannot be reached the shelf says so and can be tried again", async ({ browser }) => {
  // A page of its own, because the failed request causes an error in the console, as it should.
  const page = await browser.newPage();
  await page.route("**/v1/recommend/home**", (route) => route.abort());
  await page.goto("/");
  const alert = shelf(page, "home").getByRole("alert");
  await expect(alert).toContainText("could not be loaded");
  await page.unroute("**/v1/recommend/home**");
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(tiles(page, "home").first()).toBeVisible();
  await expect(alert).toHaveCount(0);
  await page.close();
});
