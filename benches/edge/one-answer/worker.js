// A Worker that knows one answer by heart: it reads the headers that an answer depends on and sends the same headers and bytes as a
// cache hit, and decides nothing. What is between it and an empty Worker is HTTP.

const READ = ["cookie", "sec-gpc", "accept-language", "sec-ch-ua-mobile", "user-agent", "if-none-match", "selvedge-key"];
let body, headers;
let read = 0;

export default {
  fetch(request, env) {
    body ??= new TextEncoder().encode(env.BODY);
    headers ??= new Headers(JSON.parse(env.HEADERS));
    for (const name of READ) read += request.headers.get(name)?.length ?? 0;
    const response = new Response(body, { headers });
    // What is another in every answer.
    response.headers.set("age", String(read % 60));
    response.headers.set("cache-status", env.CACHE_STATUS);
    response.headers.set("server-timing", env.SERVER_TIMING);
    return response;
  },
};
