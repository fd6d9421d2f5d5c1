/** A shelf: one slot's items. An item keeps its element when the order changes, so that the move can be animated. */

import type { Answer } from "./api.ts";
import { h, reducedMotion } from "./dom.ts";
import { reasonText } from "./reasons.ts";
import { createTile, describeTile, type TileActions, type TileItem } from "./tile.ts";

export interface ShelfOptions {
  readonly slot: string;
  readonly heading: string;
  readonly layout: "feature" | "row" | "grid";
  readonly places: number;
  readonly level?: "h1" | "h2";
  readonly actions: TileActions;
  /** Called once for each item that comes into view. */
  readonly seen: (item: string, slot: string, position: number) => void;
}

/** What the marks on moving tiles mean. */
function legend(): HTMLElement {
  const part = (look: string, mark: string, meaning: string): HTMLElement => h("span", {}, h("span", { class: `mark ${look}` }, mark), ` ${meaning}`);
  return h("p", { class: "legend" }, part("up", "↑ 3", "three places up since your last act"), part("down", "↓ 3", "three down"), part("fresh", "new", "was not here before"));
}

const MOVE_MS = 620;
const EASE = "cubic-bezier(.2, .75, .2, 1)";

export class Shelf {
  readonly element: HTMLElement;
  readonly #options: ShelfOptions;
  readonly #list: HTMLUListElement;
  readonly #note: HTMLElement;
  readonly #observer: IntersectionObserver;
  readonly #reported = new Set<string>();

  constructor(options: ShelfOptions) {
    this.#options = options;
    const headingId = `shelf-${options.slot}`;
    this.#note = h("p", { class: "shelf-note", "aria-live": "polite" }, "\u00a0");
    this.#list = h("ul", { class: "tiles", role: "list" });
    this.element = h(
      "section",
      { class: `shelf shelf-${options.layout}`, "aria-labelledby": headingId, "data-slot": options.slot },
      h("div", { class: "shelf-head" }, h(options.level ?? "h2", { id: headingId }, options.heading), this.#note, options.layout === "feature" && legend()),
      this.#list,
    );
    this.#observer = new IntersectionObserver((entries) => this.#report(entries), { threshold: 0.6 });
    this.loading();
  }

  get slot(): string {
    return this.#options.slot;
  }

  /** Empty tiles at their final size, so that the layout does not shift when the answer arrives. */
  loading(): void {
    this.element.setAttribute("aria-busy", "true");
    if (this.#tiles().length > 0) return;
    this.#list.replaceChildren(...Array.from({ length: this.#options.places }, () => h("li", { class: "tile skeleton", "aria-hidden": "true" }, h("span", { class: "swatch" }), h("div", { class: "tile-text" }))));
  }

  failed(message: string, retry: () => void): void {
    this.element.removeAttribute("aria-busy");
    this.#list.querySelectorAll(".skeleton, .message").forEach((element) => element.remove());
    this.#list.prepend(
      h("li", { class: "message", role: "alert" }, h("strong", {}, "This shelf could not be loaded. "), message, " ", h("button", { type: "button", class: "quiet", onclick: retry }, "Try again")),
    );
  }

  empty(message: string): void {
    this.element.removeAttribute("aria-busy");
    this.#list.replaceChildren(h("li", { class: "message" }, message));
  }

  show({ decision }: Pick<Answer, "decision">, note: string): void {
    this.showItems(
      decision.items.map((item) => ({ item, reason: reasonText(item, decision) })),
      note,
    );
    this.element.dataset["scope"] = decision.scope;
  }

  showItems(entries: readonly { readonly item: TileItem; readonly reason: string }[], note: string): void {
    this.element.removeAttribute("aria-busy");
    this.#note.textContent = note;
    const before = new Map(this.#tiles().map((tile, position) => [tile.dataset["id"] ?? "", { tile, position, box: tile.getBoundingClientRect() }]));
    const focused = document.activeElement;

    const tiles = entries.map(({ item, reason }, position) => {
      const tile = before.get(item.id)?.tile ?? createTile(item, this.#options.slot, this.#options.actions);
      describeTile(tile, position, reason);
      return tile;
    });
    this.#list.replaceChildren(...tiles);
    // Moving an element removes its focus, so restore it for keyboard users, or else focus the head of the shelf.
    if (focused instanceof HTMLElement && focused !== document.activeElement && before.size > 0) this.#refocus(focused, before);
    for (const tile of tiles) this.#observer.observe(tile);
    if (before.size > 0) for (const [position, tile] of tiles.entries()) this.#animate(tile, position, before.get(tile.dataset["id"] ?? ""));
  }

  ids(): string[] {
    return this.#tiles().map((tile) => tile.dataset["id"] ?? "");
  }

  /** First-last-invert-play: animates each tile from its old position to its new one; new tiles are woven in. */
  #animate(tile: HTMLElement, position: number, from: { position: number; box: DOMRect } | undefined): void {
    tile.querySelector(".moved")?.remove();
    const rise = from === undefined ? null : from.position - position;
    if (rise !== 0) {
      const text = rise === null ? "new" : rise > 0 ? `↑ ${rise}` : `↓ ${-rise}`;
      const mark = h("span", { class: `moved ${rise === null ? "fresh" : rise > 0 ? "up" : "down"}`, "aria-hidden": "true" }, text);
      mark.addEventListener("animationend", () => mark.remove());
      tile.append(mark);
    }
    if (reducedMotion() || rise === 0) return;
    const timing: KeyframeAnimationOptions = { duration: MOVE_MS, easing: EASE, fill: "backwards", delay: Math.min(position, 8) * 18 };
    if (from === undefined) {
      tile.animate([{ opacity: 0, transform: "translateY(14px) scale(.94)" }, { opacity: 1, transform: "none" }], timing);
      return;
    }
    const now = tile.getBoundingClientRect();
    if (now.width === 0 || from.box.width === 0) return;
    const [dx, dy] = [from.box.left - now.left, from.box.top - now.top];
    const scale = from.box.width / now.width;
    tile.animate(
      [{ transform: `translate(${dx}px, ${dy}px) scale(${scale})`, transformOrigin: "0 0", zIndex: 1 }, { transform: "none", transformOrigin: "0 0", zIndex: 1 }],
      timing,
    );
  }

  #refocus(focused: HTMLElement, before: ReadonlyMap<string, { tile: HTMLElement }>): void {
    const wasInside = [...before.values()].some(({ tile }) => tile.contains(focused));
    if (!wasInside) return;
    const target = focused.isConnected ? focused : this.#list.querySelector<HTMLElement>(".tile-link");
    target?.focus({ preventScroll: true });
  }

  #report(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const id = (target as HTMLElement).dataset["id"];
      if (!isIntersecting || id === undefined || this.#reported.has(id)) continue;
      this.#reported.add(id);
      this.#options.seen(id, this.#options.slot, Number((target as HTMLElement).dataset["position"]));
    }
  }

  #tiles(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>(".tile[data-id]")];
  }
}
