/** What the engine decides, exactly as `docs/http-api.md` gives it. The Worker and the browser share these shapes. */

/** Who an answer was made for: one visitor, a segment, a time of day, or everyone. */
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

/** One ranked item with its part of the catalogue. */
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

/** One item that the profile remembers, with its weight after decay. */
export interface HistoryEntry {
  readonly item: string;
  readonly title: string;
  readonly kind: EventKind;
  /** Sum of the weights of what was done with it, after decay. */
  readonly weight: number;
}

/** What led to a decision. In a shared answer `history` is always empty. */
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

/** One answer: the items of a slot and why they are there. */
export interface Decision {
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
