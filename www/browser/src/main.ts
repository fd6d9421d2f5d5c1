/** The shop without a server: the packed `@selvedge/edge` ranks on this device, and no event is sent. */

import { Profile, ProfileStore, SelvedgeError, type Decision, type Engine, type EventKind, type Model } from "@selvedge/edge";
import { byId } from "../../site/src/dom.ts";
import { installDrawer } from "../../site/src/drawer.ts";
import { madeFor, reasonText } from "../../site/src/reasons.ts";
import { routeOf } from "../../site/src/route.ts";
import { Shelf } from "../../site/src/shelf.ts";
import { installThemeToggle } from "../../site/src/theme.ts";
import type { TileItem } from "../../site/src/tile.ts";
import { say } from "../../site/src/toast.ts";
import { categoryView, introView, missingView, productView } from "../../site/src/views.ts";
import { Label } from "./label.ts";
import { REFRESH_MS, models } from "./model.ts";

/** A browser's clock is coarse, so several decisions are timed together. */
const TIMED_RUNS = 20;

class BrowserShop {
  readonly #view = byId("view");
  readonly #home = this.#shelf("home", "For you", "feature", 15);
  readonly #segment = this.#shelf("segment", "Popular with shoppers like you", "row", 12);
  readonly #known = new Map<string, TileItem>();
  #model: Model | null = null;
  #label: Label | null = null;
  #store: ProfileStore | null = null;

  constructor() {
    this.#view.replaceChildren(introView("Every shelf is ranked on this device. Open or add something: the page weaves itself anew, and no request tells anyone."));
    byId("shelves").replaceChildren(this.#home.element, this.#segment.element);
    addEventListener("popstate", () => this.#enter());
  }

  async start(): Promise<void> {
    try {
      this.#model = await models.load();
    } catch (error) {
      for (const shelf of [this.#home, this.#segment]) shelf.failed(error instanceof Error ? error.message : String(error), () => location.reload());
      return;
    }
    const { engine } = this.#model;
    const store = new ProfileStore(engine);
    this.#store = store;
    this.#label = new Label((id) => this.#item(id)?.categories ?? null);
    // Another tab recorded or forgot something.
    store.subscribe(() => this.#rank());
    byId("forget").addEventListener("click", () => {
      store.forget();
      this.#rank();
      say("Forgotten: nothing is left in this browser’s storage.");
    });
    models.watch(REFRESH_MS, (model, before) => {
      this.#model = model;
      store.engine = model.engine;
      Object.assign(globalThis, { selvedge: { engine: model.engine, Profile } });
      this.#rank();
      before?.engine.free();
    });
    this.#rank();
    if (routeOf(location.search).view !== "home") this.#enter();
    // For the console, and for the test that compares this engine's answers with the edge's.
    Object.assign(globalThis, { selvedge: { engine, Profile } });
  }

  #shelf(slot: string, heading: string, layout: "feature" | "row" | "grid", places: number): Shelf {
    return new Shelf({
      slot,
      heading,
      layout,
      places,
      actions: {
        open: (item) => {
          this.#known.set(item.id, item);
          this.#go(`?item=${encodeURIComponent(item.id)}`);
          this.#did("click", item.id);
        },
        add: (item) => this.#did("add_to_cart", item.id),
      },
      // Impressions do not change the profile, and there is no server that collects them.
      seen: () => undefined,
    });
  }

  #did(type: EventKind, item: string): void {
    if (!this.#store) return;
    try {
      this.#store.record({ type, item });
    } catch (error) {
      if (!(error instanceof SelvedgeError)) throw error;
      say(error.message);
      return;
    }
    if (!this.#store.persists) say("This browser keeps nothing for this page: what you do counts until you close it.");
    this.#rank();
  }

  #rank(): void {
    if (!this.#model || !this.#store) return;
    const { engine } = this.#model;
    const { profile } = this.#store;
    const nowMs = Date.now();
    try {
      this.#rankWith(engine, profile, nowMs);
    } catch (error) {
      if (!(error instanceof SelvedgeError)) throw error;
      for (const shelf of [this.#home, this.#segment]) shelf.failed(error.message, () => this.#rank());
    }
  }

  #rankWith(engine: Engine, profile: Profile, nowMs: number): void {
    const ask = (): Decision => engine.recommend({ slot: "home", n: 15, nowMs }, profile);
    const started = performance.now();
    for (let run = 1; run < TIMED_RUNS; run += 1) ask();
    const home = ask();
    const decisionMs = (performance.now() - started) / TIMED_RUNS;
    this.#show(this.#home, home);
    this.#show(this.#segment, engine.recommend({ slot: "segment", n: 12, nowMs }, profile));
    if (this.#model) this.#label?.show(this.#model, home, decisionMs, TIMED_RUNS, profile.toBytes().length);
  }

  #show(shelf: Shelf, decision: Decision): void {
    for (const item of decision.items) this.#known.set(item.id, item);
    shelf.showItems(decision.items.map((item) => ({ item, reason: reasonText(item, decision) })), madeFor(decision));
    shelf.element.dataset["scope"] = decision.scope;
  }

  /** The catalogue's entry of an item: ranking a list of it alone returns it. */
  #item(id: string): TileItem | null {
    const known = this.#known.get(id);
    if (known || !this.#model || !this.#store) return known ?? null;
    const [item] = this.#model.engine.rank([id], 1, this.#store.profile, { consent: false }).items;
    if (item) this.#known.set(id, item);
    return item ?? null;
  }

  #go(href: string): void {
    history.pushState(null, "", new URL(href, location.href).search === "" ? location.pathname : href);
    this.#enter();
    scrollTo({ top: 0, behavior: "instant" });
    this.#view.querySelector<HTMLElement>("[tabindex='-1']")?.focus({ preventScroll: true });
  }

  #enter(): void {
    if (!this.#model || !this.#store) return;
    const { engine } = this.#model;
    const route = routeOf(location.search);
    const go = (href: string): void => this.#go(href === "/" ? location.pathname : href);
    try {
      if (route.view === "item") {
        const item = this.#item(route.item);
        if (item === null) {
          this.#view.replaceChildren(missingView(go));
          return;
        }
        const shelf = this.#shelf("similar", "Similar", "row", 12);
        this.#show(shelf, engine.similar(route.item, 12));
        this.#view.replaceChildren(productView(item, shelf, go, () => this.#did("add_to_cart", item.id)));
      } else if (route.view === "category") {
        const shelf = this.#shelf("department", "Ranked for you", "grid", 24);
        this.#show(shelf, engine.recommend({ slot: "department", n: 24, category: route.category }, this.#store.profile));
        this.#view.replaceChildren(categoryView(null, route.category, shelf, go));
      } else this.#view.replaceChildren(introView("Every shelf is ranked on this device. Open or add something: the page weaves itself anew, and no request tells anyone."));
    } catch (error) {
      if (!(error instanceof SelvedgeError)) throw error;
      say(error.message);
    }
  }
}

installThemeToggle();
installDrawer();
void new BrowserShop().start();
