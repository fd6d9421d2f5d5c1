// What any Worker in front of a server costs: the answer is handed on as it is.

export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.SELVEDGE_ORIGIN + pathname + search, request);
  },
};
