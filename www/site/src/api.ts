/** Calls the Worker's HTTP API (docs/http-api.md); returns answers with the diagnostics of their headers. */

import type { Decision, EventKind } from "../../package/src/types.ts";

/** The diagnostics in an answer's headers. */
export interface Transport {
  readonly url: string;
  readonly status: number;
  /** What the cache did; null if the resource does not use it. */
  readonly cache: CacheStatus | null;
  /** Milliseconds at the edge by stage, in the order given. */
  readonly timing: readonly (readonly [string, number])[];
  readonly fallback: string | null;
  /** Milliseconds of the round trip. */
  readonly fetchMs: number;
}

export interface CacheStatus {
  readonly raw: string;
  readonly outcome: "hit" | "miss" | "bypass" | "other";
  readonly key: string | null;
  readonly ttl: number | null;
  readonly stored: boolean;
}

export interface Answer {
  readonly decision: Decision;
  readonly transport: Transport;
}

export interface VisitorEvent {
  readonly type: EventKind;
  readonly item: string;
  readonly timestamp_ms: number;
  readonly slot?: string;
  readonly position?: number;
  /** The same id twice is the same event. */
  readonly id?: string;
  /** The `id` of the decision that showed the item. */
  readonly decision?: string;
}

export interface EventsAnswer {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly reason: string }[];
  readonly segment: number | null;
  /** Fields that the edge does not read, such as `events[0].timestamp`; absent if there are none. */
  readonly unread?: readonly string[];
}

/** An answer other than 2xx, with the detail of its problem document. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
    this.name = "ApiError";
  }
}

/**
 * What the API's URLs begin with: the Worker's variable `SELVEDGE_API_PREFIX`, behind scheme, host and port if the API lies on another host, which then
 * lists the page's origin in `SELVEDGE_ALLOWED_ORIGINS`. The page names it in `<meta name="selvedge-api">`; it is empty by default.
 */
const API = document.querySelector<HTMLMetaElement>('meta[name="selvedge-api"]')?.content.replace(/\/$/, "") ?? "";
/** To another host, browsers send cookies only where the page says so. */
const COOKIES = { credentials: "include" } as const;

export function recommend(slot: string, options: { n: number; category?: string; exclude?: readonly string[] }): Promise<Answer> {
  const query = new URLSearchParams({ n: String(options.n) });
  if (options.category) query.set("category", options.category);
  if (options.exclude?.length) query.set("exclude", options.exclude.slice(0, 100).join(","));
  return ask(`${API}/v1/recommend/${encodeURIComponent(slot)}?${query}`);
}

export function similar(item: string, n: number): Promise<Answer> {
  return ask(`${API}/v1/similar/${encodeURIComponent(item)}?n=${n}`);
}

export function rank(candidates: readonly string[], n: number): Promise<Answer> {
  return ask(`${API}/v1/rank`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ candidates, n }) });
}

export async function sendEvents(events: readonly VisitorEvent[]): Promise<EventsAnswer> {
  // With `keepalive`, the last batch is sent even while the page is being closed.
  const response = await fetch(`${API}/v1/events`, {
    ...COOKIES,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ events }),
    keepalive: true,
  });
  if (!response.ok) throw await problem(response);
  return (await response.json()) as EventsAnswer;
}

export async function forget(): Promise<void> {
  const response = await fetch(`${API}/v1/profile`, { ...COOKIES, method: "DELETE" });
  if (!response.ok) throw await problem(response);
}

async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const started = performance.now();
  const response = await fetch(url, { ...COOKIES, ...init });
  const fetchMs = performance.now() - started;
  if (!response.ok) throw await problem(response);
  const decision = (await response.json()) as Decision;
  const header = (name: string): string | null => response.headers.get(name);
  const cacheStatus = header("cache-status");
  return {
    decision,
    transport: {
      url,
      status: response.status,
      cache: cacheStatus === null ? null : parseCacheStatus(cacheStatus),
      timing: parseServerTiming(header("server-timing") ?? ""),
      fallback: header("selvedge-fallback"),
      fetchMs,
    },
  };
}

async function problem(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as { title?: string; detail?: string } | null;
  return new ApiError(response.status, body?.detail ?? body?.title ?? `${response.url} answered ${response.status}`);
}

/** Parses one member of a `Cache-Status` header (RFC 9211): `selvedge; hit; ttl=23; key="…"`. */
export function parseCacheStatus(raw: string): CacheStatus {
  const key = /;\s*key="((?:[^"\\]|\\.)*)"/.exec(raw)?.[1]?.replace(/\\(.)/g, "$1") ?? null;
  const parameters = raw.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(";").map((part) => part.trim());
  const value = (name: string): string | undefined => parameters.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  const forwarded = value("fwd");
  const outcome = parameters.includes("hit") ? "hit" : forwarded === "bypass" ? "bypass" : forwarded === undefined ? "other" : "miss";
  const ttl = value("ttl");
  return { raw, outcome, key, ttl: ttl === undefined ? null : Number(ttl), stored: parameters.includes("stored") };
}

/** Parses `plan;dur=0.1, total;dur=0.4` into pairs. */
export function parseServerTiming(raw: string): [string, number][] {
  return raw
    .split(",")
    .map((entry) => entry.split(";").map((part) => part.trim()))
    .flatMap(([name, ...rest]): [string, number][] => {
      const duration = rest.find((part) => part.startsWith("dur="))?.slice(4);
      return name && duration !== undefined && Number.isFinite(Number(duration)) ? [[name, Number(duration)]] : [];
    });
}
