/** `@selvedge/edge`: recommendations on the visitor's own device. */

export { Engine, type RecommendRequest, type VisitorEvent, type When } from "./engine.js";
export { SelvedgeError } from "./errors.js";
export { init, type WasmSource } from "./load.js";
export { Profile } from "./profile.js";
export type {
  Category,
  CollectedDecision,
  CollectedEvent,
  CollectedItem,
  Decision,
  EventKind,
  Explanation,
  HistoryEntry,
  Item,
  Reason,
  Scope,
  SentEvent,
} from "./types.js";
