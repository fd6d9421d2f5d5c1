/** Types of decisions and events, as documented in `docs/http-api.md`. The Worker and the browser share them. */

/** For whom an answer was made: one visitor, a segment, a daypart, or everyone. */
export type Scope = "visitor" | "segment" | "context" | "everyone";

/** What a visitor can do with an item, from weakest to strongest. */
export type EventKind = "impression" | "view" | "click" | "add_to_cart" | "conversion";

/** Why an item is in a slate. */
export type Reason =
  | { readonly kind: "because"; readonly item: string; readonly title: string; readonly share: number }
  | { readonly kind: "similar"; readonly item: string; readonly title: string }
  | { readonly kind: "segment" }
  | { readonly kind: "context" }
  | { readonly kind: "popular" };

/** One ranked item with its catalogue entry. */
export interface Item {
  readonly id: string;
  readonly title: string;
  /** Category names, root first. */
  readonly categories: readonly string[];
  readonly image: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly score: number;
  readonly reason: Reason;
}

/** One item of the profile's history, with its weight after decay. */
export interface HistoryEntry {
  readonly item: string;
  readonly title: string;
  readonly kind: EventKind;
  /** Sum of the weights of the visitor's events with it, after decay. */
  readonly weight: number;
}

/** The explanation of a decision. In a shared answer `history` is always empty. */
export interface Explanation {
  readonly history: readonly HistoryEntry[];
  readonly segment_members: number | null;
  /** Cosine between the visitor and the segment's centroid; only in personal answers. */
  readonly segment_cosine: number | null;
  readonly kept_segment: boolean;
  /** Always true: every search is exact. */
  readonly exact: boolean;
  readonly candidates: number;
  readonly excluded: number;
}

/** One answer: the items of a slot and their reasons. */
export interface Decision {
  /** The decision id; an event that followed from this decision names it in `decision`. Empty if nothing was decided. */
  readonly id: string;
  readonly slot: string;
  readonly model: string;
  readonly scope: Scope;
  readonly segment: number | null;
  readonly context: string | null;
  readonly items: readonly Item[];
  /** Candidates of a `rank` call that the model does not know, in the given order. */
  readonly unknown: readonly string[];
  readonly explanation: Explanation;
}

/** A category of the catalogue with its number of items; `parent` is an index into the list it is in. */
export interface Category {
  readonly name: string;
  readonly parent: number | null;
  readonly items: number;
}

/** An event as a page posts it to the edge, `POST /v1/events`. */
export interface SentEvent {
  readonly type: EventKind;
  readonly item: string;
  /** Unix milliseconds; by default now. At most 5 minutes ahead and 24 hours old. */
  readonly timestamp_ms?: number;
  readonly value?: number;
  readonly slot?: string;
  readonly position?: number;
  readonly id?: string;
  /** The `id` of the decision that the event followed from. */
  readonly decision?: string;
}

/** A collected event, schema version 1 of `docs/events.md`. */
export interface CollectedEvent {
  readonly schema_version: 1;
  readonly id: string;
  /** 32 hexadecimal digits; null without consent. */
  readonly user: string | null;
  /** Whether the request came with a profile cookie that the edge had sealed. Lines from before this field lack it. */
  readonly returning?: boolean;
  readonly item: string;
  readonly type: EventKind;
  readonly timestamp_ms: number;
  readonly value: number | null;
  readonly slot: string | null;
  readonly position: number | null;
  /** The visitor's segment after the event, under `model`. */
  readonly segment: number | null;
  /** The model that the edge held when the event arrived. */
  readonly model: string | null;
  /** The decision that the event followed from. */
  readonly decision: CollectedDecision | null;
  readonly context: Readonly<Record<string, unknown>>;
}

/** The decision that a collected event followed from. */
export interface CollectedDecision {
  /** Whether the edge itself made the id. If it is not sealed, a client may have made up everything in it. */
  readonly sealed: boolean;
  readonly model: string;
  readonly slot: string;
  readonly scope: Scope;
  /** The scope of the list that it began with. */
  readonly rung: Scope;
  readonly segment: number | null;
  readonly context: string | null;
  readonly key: string | null;
  readonly locale: string | null;
  readonly device: "d" | "m" | "t" | null;
  readonly n: number;
  readonly arms: readonly { readonly experiment: string; readonly arm: number }[];
  readonly overlay: number;
  readonly made_at_ms: number | null;
  readonly seed: number | null;
  /** The shown items; none if the id is not sealed. */
  readonly items: readonly CollectedItem[];
}

/** An item of a collected decision. */
export interface CollectedItem {
  /** Its id; null if the edge's model no longer knew it when the event arrived. */
  readonly item: string | null;
  /** Its item key, 16 hexadecimal digits. */
  readonly key: string;
  readonly position: number;
  /** The probability with which it was shown at this position. */
  readonly propensity: number;
}
