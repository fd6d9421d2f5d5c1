/**
 * Draws the visitor's history as a woven cloth: each history item is a band in the item's colour, as wide as its weight. Without
 * a history the cloth has no colour.
 */

import type { HistoryEntry } from "../../package/src/types.ts";
import { lookOf } from "./classify.ts";
import { h, paint } from "./dom.ts";
import { displayName } from "./naming.ts";

export class Cloth {
  readonly element = h("div", { class: "cloth", role: "img" });

  weave(history: readonly HistoryEntry[], categoriesOf: (id: string) => readonly string[] | null): void {
    const old = new Map([...this.element.children].map((band) => [(band as HTMLElement).dataset["item"], band as HTMLElement]));
    const bands = history.slice(0, 14).map((entry) => {
      const band = old.get(entry.item) ?? h("i", { "data-item": entry.item });
      paint(band, { "--hue": lookOf(entry.item, entry.title, categoriesOf(entry.item)).hue });
      // In the next frame, so that a new band grows from width 0.
      requestAnimationFrame(() => paint(band, { "--weight": Math.max(entry.weight, 0.04) }));
      return band;
    });
    this.element.replaceChildren(...bands);
    this.element.setAttribute(
      "aria-label",
      history.length === 0 ? "Undyed cloth: nothing is known about you" : `Cloth woven from ${history.map(({ title }) => displayName(title)).join(", ")}`,
    );
  }
}
