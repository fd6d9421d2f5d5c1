// A Worker with one fixed answer: it reads the headers that an answer depends on, sends the same headers and bytes as a cache hit, and
// decides nothing. Its difference from an empty Worker is the cost of HTTP.

const READ = ["cookie", "sec-gpc", "if-none-match", "selvedge-key"];
let body, init;
let read = 0;

export default {
  fetch(request, env) {
    body ??= new TextEncoder().encode(env.BODY);
    init ??= { headers: new Headers(JSON.parse(env.HEADERS)) };
    read += request.url.length + request.method.length;
    for (const name of READ) read += request.headers.get(name)?.length ?? 0;
    return new Response(body, init);
  },
};
