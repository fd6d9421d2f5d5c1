/** Lines of the label: the visitor's history, the reason for each item, and single facts. */

import type { Decision } from "../../package/src/types.ts";
import { h, paint, percent } from "./dom.ts";
import { itemTitle } from "./naming.ts";
import { KINDS, reasonText } from "./reasons.ts";
import { swatch } from "./tile.ts";

/** The history behind a decision, heaviest first, each with a bar in proportion to the heaviest weight. */
export function historyLines(decision: Decision | undefined, categoriesOf: (id: string) => readonly string[] | null): Node[] {
  const history = decision?.explanation.history ?? [];
  if (history.length === 0) return [h("li", { class: "message" }, "Nothing. Open or add something and watch the page.")];
  const heaviest = Math.max(...history.map(({ weight }) => weight));
  return history.map(({ item, title, kind, weight }) =>
    h(
      "li",
      { "data-item": item },
      swatch({ id: item, title, categories: categoriesOf(item), attributes: {} }),
      line(itemTitle({ id: item, title, categories: categoriesOf(item), attributes: {} }), `${KINDS[kind] ?? kind} · weight ${weight.toFixed(2)}`),
      bar(weight / heaviest),
    ),
  );
}

/** Every item of a decision with its reason and score. The share of one cause among several is shown; the only cause has all of it. */
export function itemLines(decision: Decision): Node[] {
  const causes = decision.explanation.history.length;
  return decision.items.map((item) => {
    const share = item.reason.kind === "because" && causes > 1 ? item.reason.share : null;
    const why = `${reasonText(item, decision)}${share === null ? "" : ` (${percent(share)})`} · score ${item.score.toFixed(3)}`;
    return h("li", { "data-item": item.id }, line(itemTitle(item), why), share === null ? null : bar(share));
  });
}

/** A term with its value; tests find it by `name`. */
export function fact(name: string, label: string, value: string, note: string | null = null): Node[] {
  return [h("dt", {}, label), h("dd", {}, h("span", { class: "value", "data-fact": name }, value), note ? h("span", { class: "how" }, note) : null)];
}

function line(what: string, how: string): HTMLElement {
  return h("span", { class: "line" }, h("span", { class: "what" }, what), h("span", { class: "how" }, how));
}

function bar(share: number): HTMLElement {
  const element = h("span", { class: "bar", "aria-hidden": "true" });
  paint(element, { "--share": share });
  return element;
}
