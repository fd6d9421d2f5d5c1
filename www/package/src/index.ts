/** `@selvedge/edge`: recommendations on the visitor's own device. */

export { Engine, type RecommendRequest, type VisitorEvent, type When } from "./engine.js";
export { SelvedgeError, type SelvedgeErrorCode } from "./errors.js";
export { init, type WasmSource } from "./load.js";
export { ModelLoader, type CallOptions, type Model, type ModelLoaderOptions } from "./model-loader.js";
export type { AbortSignalLike, CompiledModule, FetchLike, ResponseLike, StorageLike, UrlLike } from "./platform.js";
export { Profile } from "./profile.js";
export { ProfileStore, type ProfileStoreOptions } from "./profile-store.js";
export { indexedDbCache, type CachedSnapshot, type SnapshotCache } from "./snapshot-cache.js";
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
