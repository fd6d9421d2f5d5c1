/** The basket, stored only on this device. Buying sends one `conversion` for each item and empties it. */

import { byId, h } from "./dom.ts";
import { itemTitle } from "./naming.ts";
import { swatch, type TileItem } from "./tile.ts";

const KEY = "selvedge-basket";

interface Line {
  readonly item: TileItem;
  count: number;
}

export class Basket {
  #lines: Line[] = read();
  readonly #dialog = byId<HTMLDialogElement>("basket");

  constructor(buy: (items: readonly TileItem[]) => void) {
    byId("basket-open").addEventListener("click", () => this.#dialog.showModal());
    byId("basket-buy").addEventListener("click", () => {
      const items = this.#lines.map(({ item }) => item);
      this.#lines = [];
      this.#changed();
      this.#dialog.close();
      if (items.length > 0) buy(items);
    });
    // A click on the backdrop has the dialog element itself as its target.
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    this.#render();
  }

  add({ id, title, categories, attributes }: TileItem): void {
    const line = this.#lines.find(({ item }) => item.id === id);
    if (line) line.count += 1;
    else this.#lines.push({ item: { id, title, categories, attributes }, count: 1 });
    this.#changed();
  }

  #changed(): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#lines));
    } catch {
      // If storage is full or forbidden, the basket lasts as long as the page.
    }
    this.#render();
  }

  #render(): void {
    const pieces = this.#lines.reduce((sum, { count }) => sum + count, 0);
    byId("basket-count").textContent = String(pieces);
    byId("basket-open").setAttribute("aria-label", `Basket, ${pieces} ${pieces === 1 ? "item" : "items"}`);
    byId<HTMLButtonElement>("basket-buy").disabled = pieces === 0;
    byId("basket-lines").replaceChildren(
      ...(pieces === 0
        ? [h("li", { class: "message" }, "Nothing in it yet. The + on a swatch puts one in.")]
        : this.#lines.map((line) =>
            h(
              "li",
              {},
              swatch(line.item),
              h("span", {}, itemTitle(line.item)),
              h("span", { class: "count" }, `× ${line.count}`),
              h("button", { type: "button", class: "quiet", "aria-label": `Remove ${itemTitle(line.item)}`, onclick: () => this.#remove(line) }, "Remove"),
            ),
          )),
    );
  }

  #remove(line: Line): void {
    this.#lines = this.#lines.filter((other) => other !== line);
    this.#changed();
    byId("basket-close").focus();
  }
}

function read(): Line[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? (stored as Line[]).filter((line) => typeof line?.item?.id === "string" && line.count > 0) : [];
  } catch {
    return [];
  }
}
