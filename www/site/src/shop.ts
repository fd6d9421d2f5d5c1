/** The shop: the open view, the shelves below it, and what happens after each action of the visitor. */

import type { EventKind } from "../../package/src/types.ts";
import { ApiError, rank, recommend, similar, type Answer } from "./api.ts";
import { Basket } from "./basket.ts";
import { loadCatalogue, type Catalogue } from "./catalogue.ts";
import { Collector } from "./collector.ts";
import { byId, reducedMotion } from "./dom.ts";
import { departmentName, itemTitle } from "./naming.ts";
import { Panel, type Section } from "./panel.ts";
import { madeFor, reasonText } from "./reasons.ts";
import { hrefOf, routeOf, type Route } from "./route.ts";
import { Shelf, type ShelfOptions } from "./shelf.ts";
import type { TileActions, TileItem } from "./tile.ts";
import { say } from "./toast.ts";
import { categoryView, departmentNav, introView, missingView, productView } from "./views.ts";

/** How many items each list asks for. */
const PLACES = { home: 15, segment: 12, department: 24, similar: 12, search: 24 } as const;
/** Items asked for beyond the places of a shared list: those in the basket are left out of it here, because an answer for everyone cannot know them. */
const SPARE = 6;
/** Most search hits to rank. The engine takes at most 1,000 candidates, and nobody reads more hits than this. */
const SEARCH_CANDIDATES = 400;

export class Shop {
  readonly #view = byId("view");
  readonly #collector = new Collector((error) => this.#complain(error), () => void this.refresh());
  readonly #panel: Panel;
  readonly #basket: Basket;
  readonly #home: Shelf;
  readonly #segment: Shelf;
  #extra: { readonly section: Section; readonly shelf: Shelf; readonly load: () => Promise<void> } | null = null;
  #catalogue: Catalogue | null = null;
  #route: Route = { view: "home" };
  #opened: TileItem | null = null;
  /** Number of the newest refresh; answers of older ones are dropped. */
  #generation = 0;
  #transition: Promise<unknown> = Promise.resolve();
  /** The picture that turns into the product's; it loses its transition name when the page changes. */
  #morphing: HTMLElement | null = null;
  readonly #known = new Map<string, TileItem>();
  /** The decision that each slot shows. */
  readonly #decisions = new Map<string, string>();
  /** Whether the open view was drawn before the catalogue could tell its names. */
  #unnamed = false;

  constructor() {
    this.#panel = new Panel((id) => this.#known.get(id)?.categories ?? this.#catalogue?.product(id)?.categories ?? null);
    this.#basket = new Basket((items) => void this.#buy(items), () => void this.refresh());
    this.#home = this.#shelf({ slot: "home", heading: "For you", layout: "feature", places: PLACES.home });
    this.#segment = this.#shelf({ slot: "segment", heading: "Popular with shoppers like you", layout: "row", places: PLACES.segment });
    byId("shelves").replaceChildren(this.#home.element, this.#segment.element);
    addEventListener("popstate", () => this.#enter(routeOf(location.search)));
    addEventListener("online", () => void this.refresh());
  }

  start(): void {
    const route = routeOf(location.search);
    // A link of server HTML (/plain) names the decision of its list. Nothing there can send the click, so it is sent here, once.
    const decision = new URLSearchParams(location.search).get("decision");
    if (decision && route.view === "item") {
      history.replaceState(null, "", hrefOf(route));
      this.#collector.send({ type: "click", item: route.item, timestamp_ms: Date.now(), decision }).catch((error: unknown) => this.#complain(error));
    }
    this.#enter(route, true);
    loadCatalogue().then((catalogue) => this.#useCatalogue(catalogue), (error: unknown) => this.#complain(error));
  }

  /** Requests everything on the page again. */
  async refresh(): Promise<void> {
    await this.#collector.settled();
    const generation = ++this.#generation;
    const extra = this.#extra;
    await Promise.all([
      this.#load(this.#home, "home", () => recommend("home", { n: PLACES.home, exclude: this.#basket.ids() }), generation),
      this.#load(this.#segment, "segment", () => this.#withoutBasket(recommend("segment", { n: PLACES.segment + SPARE }), PLACES.segment), generation),
      extra?.load(),
    ]);
  }

  async forget(): Promise<void> {
    await this.#collector.forget();
    await this.refresh();
  }

  /** Follows a link within the shop. */
  go(href: string): void {
    const url = new URL(href, location.href);
    history.pushState(null, "", url.pathname + url.search);
    this.#enter(routeOf(url.search));
  }

  /** Updates the URL while the visitor types, without a history entry for each letter. */
  search(query: string): void {
    const route: Route = query.trim() === "" ? { view: "home" } : { view: "search", query };
    const wasSearch = this.#route.view === "search";
    history[wasSearch ? "replaceState" : "pushState"](null, "", hrefOf(route));
    if (wasSearch && route.view === "search") {
      this.#route = route;
      void this.#extra?.load();
    } else this.#enter(route);
  }

  #shelf(options: Omit<ShelfOptions, "actions" | "seen">): Shelf {
    const actions: TileActions = {
      open: (item, tile, slot, position) => this.#open(item, tile, slot, position),
      add: (item, slot, position) => void this.#add(item, slot, position),
    };
    return new Shelf({
      ...options,
      actions,
      seen: (item, slot, position) => this.#collector.impression({ type: "impression", item, timestamp_ms: Date.now(), slot, position, ...this.#decisionOf(slot) }),
    });
  }

  /** The decision that a slot shows, for an event's fields; empty for shelves that no decision filled. */
  #decisionOf(slot: string): { readonly decision?: string } {
    const decision = this.#decisions.get(slot);
    return decision ? { decision } : {};
  }

  /** A list for everyone without what is already in this visitor's basket. */
  async #withoutBasket(asked: Promise<Answer>, places: number): Promise<Answer> {
    const answer = await asked;
    const inBasket = new Set(this.#basket.ids());
    const items = answer.decision.items.filter(({ id }) => !inBasket.has(id)).slice(0, places);
    return { ...answer, decision: { ...answer.decision, items } };
  }

  async #load(shelf: Shelf, section: Section, ask: () => Promise<Answer>, generation = this.#generation): Promise<void> {
    shelf.loading();
    try {
      const answer = await ask();
      await this.#transition;
      if (generation !== this.#generation) return;
      for (const item of answer.decision.items) this.#known.set(item.id, item);
      this.#decisions.set(shelf.slot, answer.decision.id);
      this.#panel.set(section, answer);
      if (answer.decision.items.length === 0) shelf.empty("Nothing to show here yet.");
      else shelf.show(answer, madeFor(answer.decision));
    } catch (error) {
      if (generation === this.#generation) shelf.failed(reasonOf(error), () => void this.#load(shelf, section, ask));
    }
  }

  #enter(route: Route, first = false): void {
    this.#route = route;
    const swap = (): void => {
      this.#morphing?.style.removeProperty("view-transition-name");
      this.#morphing = null;
      this.#render(route);
      if (!first && route.view !== "search") {
        scrollTo({ top: 0, behavior: "instant" });
        this.#view.querySelector<HTMLElement>("[tabindex='-1']")?.focus({ preventScroll: true });
      }
    };
    if (first || reducedMotion() || route.view === "search" || !document.startViewTransition) swap();
    else {
      const transition = document.startViewTransition(swap);
      // `ready` rejects if another transition replaces this one; that is not an error.
      transition.ready.catch(() => undefined);
      this.#transition = transition.finished.catch(() => undefined);
    }
    if (first) void this.refresh();
    else void this.#extra?.load();
  }

  #render(route: Route): void {
    const input = byId<HTMLInputElement>("search");
    if (route.view !== "search" || document.activeElement !== input) input.value = route.view === "search" ? route.query : "";
    for (const section of ["department", "similar", "search"] as const) this.#panel.set(section, null);
    this.#extra = null;
    this.#unnamed = false;
    this.#navigation();
    switch (route.view) {
      case "home":
        document.title = "Selvedge shop";
        this.#view.replaceChildren(introView("Every shelf is ranked at the network’s edge. Open or add something: the page weaves itself anew, and the label tells why."));
        break;
      case "item":
        this.#renderItem(route.item);
        break;
      case "category": {
        const shelf = this.#shelf({ slot: "department", heading: "Ranked for you", layout: "grid", places: PLACES.department });
        document.title = `${departmentName(route.category)} · Selvedge shop`;
        this.#unnamed = this.#catalogue === null;
        this.#extend("department", shelf, () => this.#withoutBasket(recommend("department", { n: PLACES.department + SPARE, category: route.category }), PLACES.department));
        this.#view.replaceChildren(categoryView(this.#catalogue, route.category, shelf, (href) => this.go(href)));
        break;
      }
      case "search": {
        const shelf = this.#shelf({ slot: "search", heading: "Search", layout: "grid", places: PLACES.department, level: "h1" });
        document.title = "Search · Selvedge shop";
        this.#extra = { section: "search", shelf, load: () => this.#find(shelf) };
        this.#view.replaceChildren(shelf.element);
      }
    }
  }

  #renderItem(id: string): void {
    const item = (this.#opened?.id === id ? this.#opened : null) ?? this.#known.get(id) ?? this.#catalogue?.product(id) ?? null;
    this.#unnamed = item === null && this.#catalogue === null;
    if (item === null && !this.#unnamed) {
      document.title = "Not in the shop · Selvedge shop";
      this.#view.replaceChildren(missingView((href) => this.go(href)));
      return;
    }
    const shown = item ?? { id, title: "…", categories: null, attributes: {} };
    const shelf = this.#shelf({ slot: "similar", heading: "Similar", layout: "row", places: PLACES.similar });
    document.title = `${itemTitle(shown)} · Selvedge shop`;
    this.#extend("similar", shelf, () => this.#withoutBasket(similar(id, PLACES.similar + SPARE), PLACES.similar));
    this.#view.replaceChildren(productView(shown, shelf, (href) => this.go(href), () => void this.#add(shown, "product", 0)));
  }

  #extend(section: Section, shelf: Shelf, ask: () => Promise<Answer>): void {
    this.#extra = { section, shelf, load: () => this.#load(shelf, section, ask) };
  }

  /** Shows the local hits at once by popularity, and then the same hits ranked for this visitor. */
  async #find(shelf: Shelf): Promise<void> {
    const query = this.#route.view === "search" ? this.#route.query : "";
    try {
      const catalogue = await loadCatalogue();
      const hits = catalogue.search(query, SEARCH_CANDIDATES);
      if (!this.#searching(query)) return;
      if (hits.length === 0) {
        this.#panel.set("search", null);
        shelf.empty(`Nothing is called “${query.trim()}”. Try a shorter word.`);
        return;
      }
      if (shelf.ids().length === 0) shelf.showItems(hits.slice(0, PLACES.search).map((item) => ({ item, reason: "Found by name" })), `${hits.length} found`);
      await this.#collector.settled();
      const answer = await rank(hits.map(({ id }) => id), PLACES.search);
      if (!this.#searching(query)) return;
      this.#panel.set("search", answer);
      const unknown = answer.decision.unknown.flatMap((id) => catalogue.product(id) ?? []);
      const found = hits.length < SEARCH_CANDIDATES ? `${hits.length}` : `more than ${SEARCH_CANDIDATES}`;
      shelf.showItems(
        [
          ...answer.decision.items.map((item) => ({ item, reason: reasonText(item, answer.decision) })),
          ...unknown.map((item) => ({ item, reason: "New: nobody bought it yet" })),
        ].slice(0, PLACES.search),
        `${found} found for “${query.trim()}”, in ${answer.decision.scope === "visitor" ? "your" : "everyone’s"} order`,
      );
    } catch (error) {
      if (this.#searching(query)) shelf.failed(reasonOf(error), () => void this.#find(shelf));
    }
  }

  #searching(query: string): boolean {
    return this.#route.view === "search" && this.#route.query === query;
  }

  #open(item: TileItem, tile: HTMLElement, slot: string, position: number): void {
    this.#opened = item;
    // Two pictures with the same transition name would not move, so the open product loses it first.
    this.#view.querySelector<HTMLElement>(".swatch-large")?.style.removeProperty("view-transition-name");
    this.#morphing = tile.querySelector<HTMLElement>(".swatch");
    this.#morphing?.style.setProperty("view-transition-name", "product");
    this.go(hrefOf({ view: "item", item: item.id }));
    void this.#did("click", item, slot, position);
  }

  async #add(item: TileItem, slot: string, position: number): Promise<void> {
    this.#basket.add(item);
    await this.#did("add_to_cart", item, slot, position);
  }

  async #buy(items: readonly TileItem[]): Promise<void> {
    const sent = items.map((item) => this.#collector.send({ type: "conversion", item: item.id, timestamp_ms: Date.now(), slot: "basket" }));
    say("Bought, as far as a demo goes. What you bought leaves the shelves.");
    await Promise.all(sent).then((all) => all.some(({ waits }) => waits) && say(WAITS), (error: unknown) => this.#complain(error));
    await this.refresh();
  }

  async #did(type: EventKind, item: TileItem, slot: string, position: number): Promise<void> {
    try {
      const answer = await this.#collector.send({ type, item: item.id, timestamp_ms: Date.now(), slot, position, ...this.#decisionOf(slot) });
      if (answer.rejected !== null) say(`The edge did not take this event: ${answer.rejected}`);
      if (answer.waits) {
        say(WAITS);
        // No list can be had either; those on the page stay.
        return;
      }
    } catch (error) {
      this.#complain(error);
    }
    await this.refresh();
  }

  #useCatalogue(catalogue: Catalogue): void {
    this.#catalogue = catalogue;
    document.documentElement.dataset["dataset"] = catalogue.dataset;
    byId("dataset").textContent = datasetText(catalogue.dataset);
    if (this.#unnamed) {
      this.#render(this.#route);
      void this.#extra?.load();
    } else this.#navigation();
    this.#panel.redraw();
  }

  #navigation(): void {
    const name = this.#route.view === "category" ? this.#route.category : null;
    if (this.#catalogue) byId("departments").replaceChildren(...departmentNav(this.#catalogue, name, (href) => this.go(href)));
  }

  #complain(error: unknown): void {
    say(`${reasonOf(error)}`);
  }
}

const WAITS = "The edge cannot be reached. What you did is kept on this device and sent later.";

function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (!navigator.onLine) return "You are offline.";
  return error instanceof TypeError ? "The shop could not be reached." : error instanceof Error ? error.message : String(error);
}

function datasetText(dataset: string): string {
  return /journey/i.test(dataset)
    ? "Data: The Complete Journey, by 84.51°, simulated from real shopping, for education and exploration."
    : `Data: generated demo data (${dataset}); no real shopper is in it.`;
}
