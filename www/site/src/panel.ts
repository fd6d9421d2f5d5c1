/** "Why this page": every fact about an answer, exactly as the headers and the decision say it. */

import type { Decision } from "../../package/src/types.ts";
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
  readonly #shared = new SharedCounts();
  #selected: Section = "home";

  constructor(private readonly categoriesOf: (id: string) => readonly string[] | null) {
    byId("why-cloth").append(this.#cloth.element);
    this.#cloth.weave([], categoriesOf);
  }

  set(section: Section, answer: Answer | null): void {
    if (answer === null) this.#answers.delete(section);
    else {
      this.#answers.set(section, answer);
      this.#shared.count(answer);
    }
    if (!this.#answers.has(this.#selected)) this.#selected = "home";
    this.#render();
  }

  /** Draws again, after the catalogue told more of the items. */
  redraw(): void {
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
    byId("why-facts").replaceChildren(...facts(answer), ...this.#shared.facts());
    byId("why-timing").replaceChildren(...timing(answer));
    byId("why-history").replaceChildren(...historyLines(personal, this.categoriesOf));
    byId("why-items").replaceChildren(...itemLines(answer.decision));
  }
}

/** Counts how many of this page's shared answers came from the cache. */
class SharedCounts {
  readonly #seen = new WeakSet<Answer>();
  #hits = 0;
  #misses = 0;

  count(answer: Answer): void {
    const outcome = answer.transport.cache?.outcome;
    if (this.#seen.has(answer) || (outcome !== "hit" && outcome !== "miss")) return;
    this.#seen.add(answer);
    if (outcome === "hit") this.#hits += 1;
    else this.#misses += 1;
  }

  facts(): Node[] {
    const all = this.#hits + this.#misses;
    if (all === 0) return [];
    return fact("hit-ratio", "Hit ratio so far", `${Math.round((100 * this.#hits) / all)} %`, `${count.format(this.#hits)} of ${count.format(all)} shared answers on this page`);
  }
}

/** The scopes from the finest to the coarsest, the answer's own in brackets. */
function ladder(scope: Decision["scope"]): string {
  const rungs: readonly [Decision["scope"], string][] = [["visitor", "visitor"], ["segment", "segment"], ["context", "time of day"], ["everyone", "everyone"]];
  return rungs.map(([rung, name]) => (rung === scope ? `[${name}]` : name)).join(" › ");
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
    ...fact("rung", "Scope", ladder(decision.scope)),
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
