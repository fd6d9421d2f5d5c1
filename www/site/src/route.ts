/** The open view, encoded in the URL's query, so that a static host needs no rewriting and each view has a link. */

export type Route =
  | { readonly view: "home" }
  | { readonly view: "item"; readonly item: string }
  | { readonly view: "category"; readonly category: string }
  | { readonly view: "search"; readonly query: string };

export function routeOf(search: string): Route {
  const query = new URLSearchParams(search);
  const item = query.get("item");
  if (item) return { view: "item", item };
  const words = query.get("q");
  if (words?.trim()) return { view: "search", query: words };
  const category = query.get("category");
  if (category) return { view: "category", category };
  return { view: "home" };
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case "home":
      return "/";
    case "item":
      return `?${new URLSearchParams({ item: route.item })}`;
    case "category":
      return `?${new URLSearchParams({ category: route.category })}`;
    case "search":
      return `?${new URLSearchParams({ q: route.query })}`;
  }
}
