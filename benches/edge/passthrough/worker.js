// Passes the origin's answer through unchanged: the cost of any Worker in front of a server.

export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.SELVEDGE_ORIGIN + pathname + search, request);
  },
};
