// Answers without the Wasm instance, for the requests during which it broke. A list gets an empty decision, which pages show as no
// recommendations; a write or a probe gets a 503 that asks to try again.

const HEADERS = { "cache-control": "no-store", "selvedge-fallback": "panic", "x-content-type-options": "nosniff" };

/**
 * @param {Request} request
 * @param {{ SELVEDGE_ALLOWED_ORIGINS?: unknown, SELVEDGE_API_PREFIX?: unknown }} env
 */
export function fallback(request, env) {
  const answer = withoutInstance(request, env.SELVEDGE_API_PREFIX);
  // Without these headers a page of an allowed origin could not even read that there was an error.
  const allowed = text(env.SELVEDGE_ALLOWED_ORIGINS).split(/[, \n]/).filter((origin) => /^https?:/.test(origin));
  const origin = request.headers.get("origin");
  if (allowed.length > 0) answer.headers.set("vary", "Origin");
  if (allowed.includes(origin)) {
    answer.headers.set("access-control-allow-origin", origin);
    answer.headers.set("access-control-allow-credentials", "true");
    answer.headers.set("access-control-expose-headers", "retry-after, selvedge-fallback");
  }
  return answer;
}

/**
 * @param {Request} request
 * @param {unknown} prefix
 */
function withoutInstance(request, prefix) {
  const { pathname } = new URL(request.url);
  const before = text(prefix).trim().replace(/\/$/, "");
  const path = pathname.startsWith(before) ? pathname.slice(before.length) : "";
  const slot = listSlot(path);
  if (slot !== null) return emptyDecision(slot);
  const isPage = !/^\/(v1(\/|$)|healthz$|readyz$)/.test(path);
  if (isPage && /^(GET|HEAD)$/.test(request.method)) {
    return new Response("<!doctype html><title>Interrupted</title><p>This page was interrupted. Load it again.", {
      status: 503,
      headers: { ...HEADERS, "content-type": "text/html", "retry-after": "1" },
    });
  }
  const detail = isPage
    ? "the Worker broke while it waited for the origin; it is not known whether the origin carried out the request"
    : "the Wasm instance broke during this request and was replaced; nothing was stored: send the request again";
  return new Response(
    JSON.stringify({ type: "https://selvedge.dev/problems/interrupted", title: "Interrupted", status: 503, detail, instance: pathname }),
    { status: 503, headers: { ...HEADERS, "content-type": "application/problem+json", ...(!isPage && { "retry-after": "1" }) } },
  );
}

/** A variable of the configuration; a table or a list there counts as not set, as for the Worker. */
function text(variable) {
  return typeof variable === "string" ? variable : "";
}

/** The slot of a path that answers with a list of items; null for other paths. */
function listSlot(pathname) {
  const [, version, resource, name] = pathname.split("/");
  if (version !== "v1") return null;
  switch (resource) {
    case "recommend":
      return safelyDecoded(name ?? "");
    case "similar":
    case "rank":
      return resource;
    default:
      return null;
  }
}

function safelyDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An empty decision (docs/http-api.md), the same that the core makes while there is no model. */
function emptyDecision(slot) {
  const decision = {
    id: "",
    slot,
    model: "",
    scope: "everyone",
    segment: null,
    context: null,
    items: [],
    unknown: [],
    explanation: {
      history: [],
      segment_members: null,
      segment_cosine: null,
      kept_segment: false,
      exact: true,
      candidates: 0,
      excluded: 0,
    },
  };
  return new Response(JSON.stringify(decision), {
    headers: {
      ...HEADERS,
      "content-type": "application/json",
      "cache-status": "selvedge; fwd=bypass; detail=panic",
    },
  });
}
