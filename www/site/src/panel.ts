/** "Why this page": every fact about an answer, each as the headers and the decision give it. */

import type { Answer } from "./api.ts";
import { Cloth } from "./cloth.ts";
import { byId, count, h, milliseconds, paint } from "./dom.ts";
import { fact, historyLines, itemLines } from "./explain.ts";
import { SCOPES } from "./reasons.ts";

export type Section = "home" | "segment" | "department" | "similar" | "search";

const SECTIONS: Readonly<Record<Section, string>> = {
  home: "For you", segment: "Shoppers like you", department: "Department", similar: "Similar", search: "Search",
};

export class Panel {
  readonly #answers = new Map<Section, Answer>();
  readonly #cloth = new Cloth();
  #selected: Section = "home";

  constructor(private readonly categoriesOf: (id: string) => readonly string[]) {
    byId("why-cloth").append(this.#cloth.element);
    this.#cloth.weave([], categoriesOf);
  }

  set(section: Section, answer: Answer | null): void {
    if (answer === null) this.#answers.delete(section);
    else this.#answers.set(section, answer);
    if (!this.#answers.has(this.#selected)) this.#selected = "home";
    this.#render();
  }

  #select(section: Section): void {
    this.#selected = section;
    this.#render();
    byId("why-tabs").querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
  }

  #render(): void {
    const answer = this.#answers.get(this.#selected);
    const personal = this.#answers.get("home")?.decision;
    this.#cloth.weave(personal?.explanation.history ?? [], this.categoriesOf);
    byId("why-tabs").replaceChildren(
      ...(Object.keys(SECTIONS) as Section[])
        .filter((section) => this.#answers.has(section))
        .map((section) => h("button", { type: "button", "aria-pressed": String(section === this.#selected), onclick: () => this.#select(section) }, SECTIONS[section])),
    );
    if (answer === undefined) return;
    byId("why-facts").replaceChildren(...facts(answer));
    byId("why-timing").replaceChildren(...timing(answer));
    byId("why-history").replaceChildren(...historyLines(personal, this.categoriesOf));
    byId("why-items").replaceChildren(...itemLines(answer.decision));
  }
}

function facts({ decision, transport }: Answer): Node[] {
  const { explanation } = decision;
  const scope = SCOPES[decision.scope];
  const cache = transport.cache;
  const outcome = cache === null ? "not used" : { hit: "hit", miss: "miss", bypass: "bypassed", other: "unknown" }[cache.outcome];
  const cacheNote = cache?.outcome === "bypass" ? "a personal answer is never stored" : cache?.ttl != null ? `fresh for ${cache.ttl} s more` : cache?.stored ? "stored now for the next visitor" : null;
  const segment = decision.segment === null ? "none yet" : String(decision.segment);
  const segmentNote = decision.segment === null
    ? null
    : [
        explanation.segment_members !== null && `${count.format(explanation.segment_members)} shoppers`,
        explanation.segment_cosine !== null && `cosine ${explanation.segment_cosine.toFixed(3)}`,
        explanation.kept_segment && "kept, though another is a little closer",
      ].filter(Boolean).join(", ");
  return [
    ...fact("scope", "Made for", scope.label, scope.meaning),
    ...fact("segment", "Segment", segment, segmentNote),
    ...(decision.context === null ? [] : fact("context", "Time of day", decision.context)),
    ...fact("cache", "Cache", outcome, cacheNote),
    ...(cache?.key ? fact("cache-key", "Cache key", cache.key) : []),
    ...fact("model", "Model", decision.model),
    ...fact("candidates", "Looked at", `${count.format(explanation.candidates)} items`, explanation.excluded > 0 ? `${count.format(explanation.excluded)} left out` : null),
    ...(transport.fallback === null ? [] : fact("fallback", "Fallback", transport.fallback)),
  ];
}

function timing({ transport }: Answer): Node[] {
  const total = transport.timing.find(([name]) => name === "total")?.[1] ?? null;
  const stages = transport.timing.filter(([name]) => name !== "total");
  const bar = h("span", { class: "stages", "aria-hidden": "true" }, ...stages.map(([name, duration]) => {
    const part = h("i", { "data-stage": name });
    paint(part, { "--share": Math.max(duration, 0.001) });
    return part;
  }));
  return [
    h(
      "p",
      { class: "clock" },
      h("strong", { "data-fact": "edge-ms" }, total === null ? "–" : milliseconds(total)),
      h("span", { class: "how" }, "at the edge"),
      h("strong", { "data-fact": "fetch-ms" }, milliseconds(transport.fetchMs)),
      h("span", { class: "how" }, "there and back"),
    ),
    bar,
    h("p", { class: "how" }, stages.map(([name, duration]) => `${name} ${milliseconds(duration)}`).join(" · ")),
  ];
}
