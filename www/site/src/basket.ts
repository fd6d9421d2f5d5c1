/** The basket, stored only on this device and the same in every tab. Buying sends one `conversion` for each item and empties it. */

import { byId, h } from "./dom.ts";
import { itemTitle } from "./naming.ts";
import { swatch, type TileItem } from "./tile.ts";

const KEY = "selvedge-basket";

interface Line {
  readonly item: TileItem;
  readonly count: number;
}

export class Basket {
  #lines: readonly Line[] = read() ?? [];
  readonly #dialog = byId<HTMLDialogElement>("basket");
  readonly #changed: () => void;

  /** `changed` is called when items came or went by another hand than `add` and `buy`: in this dialog, or in another tab. */
  constructor(buy: (items: readonly TileItem[]) => void, changed: () => void) {
    this.#changed = changed;
    byId("basket-open").addEventListener("click", () => this.#dialog.showModal());
    byId("basket-buy").addEventListener("click", () => {
      let items: readonly TileItem[] = [];
      this.#edit((lines) => {
        items = lines.map(({ item }) => item);
        return [];
      });
      this.#dialog.close();
      if (items.length > 0) buy(items);
    });
    // A click on the backdrop has the dialog element itself as its target.
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    addEventListener("storage", ({ key }) => {
      // Without a key, everything was deleted.
      if (key === KEY || key === null) this.#reload();
    });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#reload());
    this.#render();
  }

  /** Ids of what is in it. */
  ids(): string[] {
    return this.#lines.map(({ item }) => item.id);
  }

  add({ id, title, categories, attributes }: TileItem): void {
    this.#edit((lines) =>
      lines.some(({ item }) => item.id === id)
        ? lines.map((line) => (line.item.id === id ? { ...line, count: line.count + 1 } : line))
        : [...lines, { item: { id, title, categories, attributes }, count: 1 }],
    );
  }

  /** Changes what is stored now, not what this tab saw last: another tab may have changed it since. */
  #edit(change: (lines: readonly Line[]) => readonly Line[]): void {
    this.#lines = change(read() ?? this.#lines);
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#lines));
    } catch {
      // If storage is full or forbidden, the basket lasts as long as the page.
    }
    this.#render();
  }

  #reload(): void {
    const before = this.ids().join("\n");
    this.#lines = read() ?? this.#lines;
    this.#render();
    if (this.ids().join("\n") !== before) this.#changed();
  }

  #render(): void {
    const pieces = this.#lines.reduce((sum, { count }) => sum + count, 0);
    byId("basket-count").textContent = String(pieces);
    byId("basket-open").setAttribute("aria-label", `Basket, ${pieces} ${pieces === 1 ? "item" : "items"}`);
    byId<HTMLButtonElement>("basket-buy").disabled = pieces === 0;
    byId("basket-lines").replaceChildren(
      ...(pieces === 0
        ? [h("li", { class: "message" }, "Nothing in it yet. The + on a swatch puts one in.")]
        : this.#lines.map(({ item, count }) =>
            h(
              "li",
              {},
              swatch(item),
              h("span", {}, itemTitle(item)),
              h("span", { class: "count" }, `× ${count}`),
              h("button", { type: "button", class: "quiet", "aria-label": `Remove ${itemTitle(item)}`, onclick: () => this.#remove(item.id) }, "Remove"),
            ),
          )),
    );
  }

  #remove(id: string): void {
    this.#edit((lines) => lines.filter(({ item }) => item.id !== id));
    byId("basket-close").focus();
    this.#changed();
  }
}

/** What is stored; null if nothing can be read, because storage is forbidden or holds something else. */
function read(): Line[] | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isLine) : null;
  } catch {
    return null;
  }
}

function isLine(found: unknown): found is Line {
  const { item, count } = (found ?? {}) as { item?: Partial<TileItem> | null; count?: unknown };
  const hasCategories = item?.categories === null || Array.isArray(item?.categories);
  return typeof item?.id === "string" && typeof item.title === "string" && hasCategories && typeof item.attributes === "object" && item.attributes !== null && Number.isInteger(count) && (count as number) > 0;
}
