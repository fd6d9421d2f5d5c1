// Requests in and answers out, each in one call: what one header costs is mostly the way between Wasm and JS.

/** What nearly every request is asked for, in the order of `KNOWN` in worker/src/request.rs. Others are read one by one. */
const HEADERS = ["cookie", "sec-gpc", "if-none-match", "selvedge-key"];

const encoder = new TextEncoder();

/**
 * Writes method, URL and the value of each of HEADERS as UTF-8, a line each, empty where there is none; none of them can hold the
 * end of a line. Character by character into the instance's own memory, without a string in between: V8 reads one that was just put
 * together far more slowly than its parts.
 *
 * @param {Uint8Array} into
 * @returns {number} how many bytes there are; what has no room in `into` is left out
 */
export function read(request, into) {
  const { headers } = request;
  let at = write(request.method, into, 0);
  into[at++] = END;
  at = write(request.url, into, at);
  for (const name of HEADERS) {
    into[at++] = END;
    const value = headers.get(name);
    if (value !== null) at = write(value, into, at);
  }
  return at;
}

const END = 10;

function write(text, into, at) {
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    if (code > 127) {
      for (const byte of encoder.encode(text.slice(place))) into[at++] = byte;
      return at;
    }
    into[at++] = code;
  }
  return at;
}

export function timeZone(request) {
  const zone = request.cf?.timezone;
  return typeof zone === "string" ? zone : undefined;
}

/**
 * Answers without a body, by status and lasting headers: to begin a response with one costs less than to make its headers, or to have
 * the runtime look into a dictionary for all that could be in it. One without a body belongs to no request.
 */
const made = new Map();
const MOST_MADE = 1000;

/** @param {string} lasting name and value of each header that many answers have alike, a line each */
function begun(status, lasting) {
  const key = `${status}\n${lasting}`;
  let response = made.get(key);
  if (response === undefined) {
    if (made.size === MOST_MADE) made.clear();
    response = new Response(null, { status });
    add(response.headers, lasting);
    made.set(key, response);
  }
  return response;
}

/**
 * @param {number} status
 * @param {string} lasting
 * @param {string} own name and value of the other headers, a line each
 * @param {Uint8Array | undefined} body
 */
export function respond(status, lasting, own, body) {
  return withOwn(new Response(body, begun(status, lasting)), own);
}

/**
 * An answer of status 200 that is sent many times.
 *
 * @param {Uint8Array} body
 */
export function prepare(lasting, own, body) {
  return { body, head: respond(200, lasting, own, null) };
}

/** Changes headers of a prepared answer. */
export function refresh({ head }, lines) {
  add(head.headers, lines);
}

/** @param {string | undefined} own headers of this response alone */
export function again({ body, head }, own) {
  return withOwn(new Response(body, head), own);
}

/** To look at a response's headers has the runtime make an object of them, so that is left out where nothing is to be set. */
function withOwn(response, own) {
  if (own) add(response.headers, own);
  return response;
}

function add(headers, lines) {
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) headers.set(parts[at], parts[at + 1]);
}
