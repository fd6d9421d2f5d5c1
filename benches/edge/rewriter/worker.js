// The runtime's own HTMLRewriter fills the same slot with fixed text: the cost of its tokenizer alone.

const ITEMS = Array.from({ length: 8 }, (_, place) => `<a href="/item/${place}">Item number ${place} of the list</a>`).join("");

export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const response = await fetch(env.SELVEDGE_ORIGIN + pathname + search, request);
    return new HTMLRewriter()
      .on("[data-selvedge-slot]", { element: (element) => element.setInnerContent(ITEMS, { html: true }) })
      .transform(response);
  },
};
