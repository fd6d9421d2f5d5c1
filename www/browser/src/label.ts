/** "Why this page" for the engine on the device: the same lines as in the shop, and the number of requests as proof that nothing is sent. */

import type { Decision, Model } from "@selvedge/edge";
import { Cloth } from "../../site/src/cloth.ts";
import { byId, count, h, milliseconds } from "../../site/src/dom.ts";
import { fact, historyLines, itemLines } from "../../site/src/explain.ts";
import { SCOPES } from "../../site/src/reasons.ts";

export class Label {
  readonly #cloth = new Cloth();
  /** How often each address was requested since the page was ready, as counted by the browser. */
  readonly #requests = new Map<string, number>();

  constructor(private readonly categoriesOf: (id: string) => readonly string[] | null) {
    byId("why-cloth").append(this.#cloth.element);
    new PerformanceObserver((list) => {
      for (const { name } of list.getEntries()) {
        const path = new URL(name).pathname;
        this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
      }
      this.#showRequests();
    }).observe({ type: "resource" });
  }

  show(model: Model, decision: Decision, decisionMs: number, runs: number, profileBytes: number): void {
    const { engine, bytes, from, fetchMs, openMs } = model;
    const { explanation, scope, segment } = decision;
    this.#cloth.weave(explanation.history, this.categoriesOf);
    byId("why-history").replaceChildren(...historyLines(decision, this.categoriesOf));
    byId("why-items").replaceChildren(...itemLines(decision));
    byId("why-timing").replaceChildren(
      h("p", { class: "clock" }, h("strong", { "data-fact": "decision-ms" }, milliseconds(decisionMs)), h("span", { class: "how" }, `a decision, mean of ${runs}`)),
      h("p", { class: "how" }, `${from === "cache" ? "from this device’s store" : "download"} ${milliseconds(fetchMs)} · every check of the snapshot ${milliseconds(openMs)}`),
    );
    byId("why-facts").replaceChildren(
      ...fact("scope", "Made for", SCOPES[scope].label, SCOPES[scope].meaning),
      ...fact("segment", "Segment", segment === null ? "none yet" : String(segment), explanation.segment_members === null ? null : `${count.format(explanation.segment_members)} shoppers`),
      ...(decision.context === null ? [] : fact("context", "Time of day", decision.context)),
      ...fact("model", "Model", decision.model),
      ...fact("candidates", "Looked at", `${count.format(explanation.candidates)} of ${count.format(engine.itemCount)} items`),
      ...fact("snapshot", "Snapshot", `${(bytes / 2 ** 20).toFixed(1)} MiB`, "signature and digests checked here"),
      ...fact("profile", "Profile", `${profileBytes} bytes`, "in this browser’s storage"),
      ...fact("requests", "Requests", ""),
    );
    this.#showRequests();
  }

  #showRequests(): void {
    const value = document.querySelector<HTMLElement>("[data-fact=requests]");
    if (value) value.textContent = this.#requests.size === 0 ? "none since the page was ready" : [...this.#requests].map(([path, times]) => `${times} × ${path}`).join(", ");
  }
}
