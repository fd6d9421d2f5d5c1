/** The promise of the demo: the page changes with the visitor's actions, remembers them, and forgets them on request. */

import { addFrom, expect, fact, ids, open, reranked, shelf, test, tiles } from "./shop.ts";

test("a click changes the page, and a reload keeps it personal", async ({ page }) => {
  await open(page);
  const anonymous = await ids(page, "home");
  expect(anonymous.length).toBeGreaterThanOrEqual(9);
  await expect(shelf(page, "home")).not.toHaveAttribute("data-scope", "visitor");

  const opened = anonymous[3] ?? "";
  const { decision } = await reranked(page, () => tiles(page, "home").nth(3).getByRole("link").click());
  expect(decision.scope).toBe("visitor");
  expect(decision.explanation.history.map(({ item }) => item)).toEqual([opened]);
  expect(await ids(page, "home")).not.toEqual(anonymous);
  await expect(page).toHaveURL(new RegExp(`item=${opened}`));
  await expect(tiles(page, "similar").first()).toBeVisible();

  await open(page);
  await expect(shelf(page, "home")).toHaveAttribute("data-scope", "visitor");
  await expect(page.locator("#why-history [data-item]")).toHaveCount(1);
  await expect(page.locator(`#why-history [data-item="${opened}"]`)).toBeVisible();
  expect(await ids(page, "home")).not.toEqual(anonymous);
});

test("every act moves the page further, and the basket survives a reload", async ({ page }) => {
  await open(page);
  const first = await addFrom(page, 0);
  const second = await addFrom(page, 5);
  expect(second.decision.explanation.history).toHaveLength(2);
  expect(second.decision.items.map(({ id }) => id)).not.toEqual(first.decision.items.map(({ id }) => id));
  await expect(page.getByRole("button", { name: "Basket, 2 items" })).toBeVisible();
  await open(page);
  await expect(page.getByRole("button", { name: "Basket, 2 items" })).toBeVisible();
});

test("without cookies the visitor is anonymous again", async ({ page, context }) => {
  await open(page);
  await addFrom(page, 2);
  await expect(shelf(page, "home")).toHaveAttribute("data-scope", "visitor");
  await context.clearCookies();
  await open(page);
  await expect(shelf(page, "home")).not.toHaveAttribute("data-scope", "visitor");
  await expect(page.locator("#why-history [data-item]")).toHaveCount(0);
});

test("Forget me deletes the profile", async ({ page, context }) => {
  await open(page);
  await addFrom(page, 2);
  expect((await context.cookies()).map(({ name }) => name)).toContain("selvedge");
  const { decision } = await reranked(page, () => page.getByRole("button", { name: "Forget me" }).click());
  expect(decision.scope).not.toBe("visitor");
  expect((await context.cookies()).map(({ name }) => name)).not.toContain("selvedge");
  await expect(page.locator("#toasts")).toContainText("Forgotten");
});

test("with personalization off nothing is known and nothing is learned, until it is on again", async ({ page, context }) => {
  await open(page);
  await addFrom(page, 1);
  const off = await reranked(page, () => page.getByRole("button", { name: "Turn personalization off" }).click());
  expect(off.decision.scope).not.toBe("visitor");
  expect(off.decision.explanation.history).toEqual([]);

  const profile = (await context.cookies()).find(({ name }) => name === "selvedge")?.value;
  const still = await addFrom(page, 4);
  expect(still.decision.scope).not.toBe("visitor");
  expect(still.decision.explanation.history).toEqual([]);
  expect((await context.cookies()).find(({ name }) => name === "selvedge")?.value).toBe(profile);
  await expect(page.locator("#consent-note")).toContainText("Off");

  await reranked(page, () => page.getByRole("button", { name: "Turn personalization on" }).click());
  await expect(page.locator("#consent-note")).toBeEmpty();
  await expect(fact(page, "scope")).toBeVisible();
});

test("what was bought leaves the shelf", async ({ page }) => {
  await open(page);
  const bought = (await ids(page, "home"))[1] ?? "";
  await addFrom(page, 1);
  await page.getByRole("button", { name: "Basket, 1 item" }).click();
  const { decision } = await reranked(page, () => page.getByRole("button", { name: /^Buy/ }).click());
  expect(decision.explanation.history.map(({ kind }) => kind)).toContain("conversion");
  expect(decision.items.map(({ id }) => id)).not.toContain(bought);
  await expect(page.getByRole("button", { name: "Basket, 0 items" })).toBeVisible();
});

test("two acts in a row are both remembered", async ({ page }) => {
  await open(page);
  const [first = "", second = ""] = await ids(page, "home");
  // Both are sent without waiting; the second must not overwrite the cookie of the first.
  await page.evaluate(() => {
    for (const button of [...document.querySelectorAll<HTMLElement>("[data-slot=home] .add")].slice(0, 2)) button.click();
  });
  await expect(page.locator(`#why-history [data-item="${first}"]`)).toBeVisible();
  await expect(page.locator(`#why-history [data-item="${second}"]`)).toBeVisible();
});
