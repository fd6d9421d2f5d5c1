/** One product as a swatch of cloth. There are no photographs, so weave, colour and drawing are derived from the item. */

import { dyeStrength, lookOf, type Look } from "./classify.ts";
import { h, paint } from "./dom.ts";
import { glyph } from "./glyphs.ts";
import { displayBrand, displaySize, itemTitle, type Named } from "./naming.ts";

/** The fields that a tile needs; both decisions and catalogue rows have them. */
export type TileItem = Named;

export function swatch(item: TileItem): HTMLElement {
  return swatchOf(lookOf(item.id, item.title, item.categories));
}

export function swatchOf(look: Look): HTMLElement {
  const element = h("span", { class: "swatch", "data-weave": look.weave, ...(look.glyph === null && { "data-unknown": true }) }, look.glyph !== null && glyph(look.glyph));
  paint(element, { "--hue": look.hue, "--dye": dyeStrength(look.hue) });
  return element;
}

/** "18 lb · Store brand" */
export function metaText(item: TileItem): string {
  return [displaySize(item.attributes["size"]), displayBrand(item.attributes["brand"])].filter(Boolean).join(" · ");
}

export const itemHref = (id: string): string => `?item=${encodeURIComponent(id)}`;

export interface TileActions {
  open(item: TileItem, tile: HTMLElement, slot: string, position: number): void;
  add(item: TileItem, slot: string, position: number): void;
}

/** A list entry; position and reason are set by `describeTile`, which also serves tiles that stay. */
export function createTile(item: TileItem, slot: string, actions: TileActions): HTMLLIElement {
  const title = itemTitle(item);
  const tile = h(
    "li",
    { class: "tile", "data-id": item.id },
    swatch(item),
    h(
      "div",
      { class: "tile-text" },
      h(
        "a",
        {
          class: "tile-link",
          href: itemHref(item.id),
          onclick: (event) => {
            const click = event as MouseEvent;
            // Leave clicks for a new tab or window to the browser; the page there sends its own view event.
            if (click.metaKey || click.ctrlKey || click.shiftKey || click.button !== 0) return;
            event.preventDefault();
            actions.open(item, tile, slot, positionOf(tile));
          },
        },
        title,
      ),
      h("span", { class: "tile-meta" }, metaText(item)),
      h("span", { class: "tile-reason" }),
    ),
    h(
      "button",
      {
        class: "add",
        type: "button",
        "aria-label": `Add ${title} to basket`,
        onclick: () => {
          tile.classList.add("added");
          setTimeout(() => tile.classList.remove("added"), 900);
          actions.add(item, slot, positionOf(tile));
        },
      },
      h("span", { "aria-hidden": "true" }, "+"),
    ),
  );
  return tile;
}

export function describeTile(tile: HTMLElement, position: number, reason: string): void {
  tile.dataset["position"] = String(position);
  const line = tile.querySelector(".tile-reason");
  if (line) line.textContent = reason;
}

const positionOf = (tile: HTMLElement): number => Number(tile.dataset["position"] ?? 0);
