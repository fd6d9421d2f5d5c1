// Reads a request and makes a response in one call each, because the cost of a header is mostly the call between Wasm and JS.

/** Headers that nearly every request is asked for, in the order of `KNOWN` in worker/src/request.rs. Others are read one by one. */
const HEADERS = ["cookie", "sec-gpc", "if-none-match", "selvedge-key"];

const encoder = new TextEncoder();

/**
 * Writes method, URL and the value of each of HEADERS as UTF-8 into the instance's memory, one line each, empty if the header is
 * missing; none of them can contain a line end. It writes character by character and does not join them to one string first, because
 * V8 reads a newly joined string far more slowly than its parts.
 *
 * @param {Uint8Array} into
 * @returns {number} the number of bytes; bytes that do not fit into `into` are not written
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

/** The names of all headers of a request, one line each. */
export function headerNames(request) {
  return [...request.headers.keys()].join("\n");
}

/** The value of each `Set-Cookie` of a response, one line each. */
export function setCookies(response) {
  return response.headers.getSetCookie().join("\n");
}

export function timeZone(request) {
  const zone = request.cf?.timezone;
  return typeof zone === "string" ? zone : undefined;
}

/**
 * Responses without a body, by status and lasting headers, from which other responses are made. That costs less than making headers
 * anew, or having the runtime read every possible field of an options object. A response without a body is not bound to a request, so
 * other requests may use it.
 */
const made = new Map();
const MOST_MADE = 1000;

/** @param {string} lasting name and value of the headers that many answers share, one line each */
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
 * @param {string} own name and value of the other headers, one line each
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

/** Reading `response.headers` makes the runtime create an object, so it is not read if there is nothing to set. */
function withOwn(response, own) {
  if (own) add(response.headers, own);
  return response;
}

function add(headers, lines) {
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) {
    // Each cookie has a line of its own; of all other headers there is one.
    if (parts[at] === "set-cookie") headers.append(parts[at], parts[at + 1]);
    else headers.set(parts[at], parts[at + 1]);
  }
}
