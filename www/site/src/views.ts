/** The view above the shelves: a product, a department, or search results. */

import type { Catalogue, Category } from "./catalogue.ts";
import { departmentLook } from "./classify.ts";
import { count, h, paint } from "./dom.ts";
import { glyph } from "./glyphs.ts";
import { departmentName, displayName, itemTitle } from "./naming.ts";
import { hrefOf } from "./route.ts";
import type { Shelf } from "./shelf.ts";
import { metaText, swatch, type TileItem } from "./tile.ts";

export type Go = (href: string) => void;

/** A link inside the shop, followed without loading the page again. */
export function link(href: string, go: Go, attributes: Record<string, string>, ...children: (Node | string)[]): HTMLAnchorElement {
  return h(
    "a",
    {
      ...attributes,
      href,
      onclick: (event) => {
        const click = event as MouseEvent;
        if (click.metaKey || click.ctrlKey || click.shiftKey || click.button !== 0) return;
        event.preventDefault();
        go(href);
      },
    },
    ...children,
  );
}

export function introView(text: string): HTMLElement {
  return h(
    "header",
    { class: "intro" },
    h("h1", {}, "Woven ", h("em", {}, "as you shop")),
    h("p", {}, text),
  );
}

/** For an address of an item that the shop does not have, or no longer. */
export function missingView(go: Go): HTMLElement {
  return h(
    "header",
    { class: "intro", "data-view": "missing" },
    h("h1", { tabindex: "-1" }, "Not in the shop"),
    h("p", {}, "No item has this address, or it has none any more."),
    h("p", {}, link("/", go, { class: "quiet" }, "Back to the shop")),
  );
}

export function productView(item: TileItem, similar: Shelf, go: Go, add: () => void): HTMLElement {
  const picture = swatch(item);
  picture.classList.add("swatch-large");
  picture.style.setProperty("view-transition-name", "product");
  return h(
    "article",
    { class: "product", "aria-labelledby": "product-title" },
    picture,
    h(
      "div",
      { class: "product-text" },
      crumbs(item.categories ?? [], go),
      h("h1", { id: "product-title", tabindex: "-1" }, itemTitle(item)),
      h("p", { class: "product-meta" }, metaText(item) || "\u00a0"),
      h(
        "p",
        { class: "product-actions" },
        h("button", { type: "button", class: "primary", "data-action": "add", onclick: add }, "Add to basket"),
        link("/", go, { class: "quiet" }, "Back to the shop"),
      ),
      h("p", { class: "product-id" }, `Item ${item.id}`),
    ),
    similar.element,
  );
}

export function categoryView(catalogue: Catalogue | null, name: string, shelf: Shelf, go: Go): HTMLElement {
  const department = catalogue?.departments.find((candidate) => holds(candidate, name));
  const isRoot = department !== undefined && same(department.name, name);
  const narrower = (department?.children ?? []).slice(0, 16);
  const chips = narrower.map((category) =>
    link(hrefOf({ view: "category", category: category.name }), go, { class: "chip", ...(same(category.name, name) && { "aria-current": "page" }) }, displayName(category.name)),
  );
  shelf.element.prepend(
    h(
      "div",
      { class: "view-head" },
      department && !isRoot ? crumbs([department.name], go) : h("p", { class: "crumbs" }, "Department"),
      h("h1", { tabindex: "-1" }, isRoot || !department ? departmentName(name) : displayName(name)),
      h("nav", { class: "chips", "aria-label": "Narrower" }, ...chips),
    ),
  );
  return shelf.element;
}

export function departmentNav(catalogue: Catalogue, current: string | null, go: Go): Node[] {
  return catalogue.departments
    .filter(({ items }) => items > 0)
    .map((department) => {
      const look = departmentLook(department.name);
      const here = current !== null && holds(department, current);
      const chip = link(
        hrefOf({ view: "category", category: department.name }),
        go,
        { class: "department", title: `${count.format(department.items)} items`, ...(here && { "aria-current": "true" }) },
        glyph(look.glyph),
        h("span", {}, departmentName(department.name)),
      );
      paint(chip, { "--hue": look.hue });
      return h("li", {}, chip);
    });
}

function crumbs(categories: readonly string[], go: Go): HTMLElement {
  return h(
    "nav",
    { class: "crumbs", "aria-label": "Departments of this item" },
    ...categories.flatMap((name, depth) => [
      ...(depth > 0 ? [h("span", { "aria-hidden": "true" }, " / ")] : []),
      link(hrefOf({ view: "category", category: name }), go, {}, depth === 0 ? departmentName(name) : displayName(name)),
    ]),
  );
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const holds = (category: Category, name: string): boolean => same(category.name, name) || category.children.some((child) => holds(child, name));
