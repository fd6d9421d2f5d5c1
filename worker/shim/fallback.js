// Answers without the Wasm instance, for the one request under which it broke. What a visitor's page needs is answered by an
// empty list, which pages show as no recommendations; a write or a probe is told to come again.

const HEADERS = { "cache-control": "no-store", "selvedge-fallback": "panic", "x-content-type-options": "nosniff" };

/** @param {Request} request */
export function fallback(request) {
  const { pathname } = new URL(request.url);
  const slot = listSlot(pathname);
  if (slot !== null) return emptyDecision(slot);
  const isPage = !/^\/(v1\/|healthz$|readyz$)/.test(pathname);
  if (isPage && /^(GET|HEAD)$/.test(request.method)) {
    return new Response("<!doctype html><title>Interrupted</title><p>This page was interrupted. Load it again.", {
      status: 503,
      headers: { ...HEADERS, "content-type": "text/html", "retry-after": "1" },
    });
  }
  const detail = isPage
    ? "the Worker broke while the server behind was asked; whether that did what it was asked for is not known"
    : "the Wasm instance broke under this request and was replaced; nothing of it was kept: send it again";
  return new Response(
    JSON.stringify({ type: "https://selvedge.dev/problems/interrupted", title: "Interrupted", status: 503, detail, instance: pathname }),
    { status: 503, headers: { ...HEADERS, "content-type": "application/problem+json", ...(!isPage && { "retry-after": "1" }) } },
  );
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

/** The decision of docs/http-api.md with nothing in it, as the core makes it where there is no model. */
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
