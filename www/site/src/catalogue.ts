/** The demo's catalogue, for search and departments. */

interface CatalogueFile {
  readonly model: string;
  readonly dataset: string;
  readonly categories: readonly { readonly name: string; readonly parent: number | null; readonly items: number }[];
  /** id, title, category index, size, brand; sorted by popularity. */
  readonly items: readonly (readonly [string, string, number | null, string | null, string | null])[];
}

export interface Product {
  readonly id: string;
  readonly title: string;
  /** Root first. */
  readonly categories: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Category {
  readonly name: string;
  readonly items: number;
  readonly children: readonly Category[];
}

export class Catalogue {
  readonly dataset: string;
  readonly departments: readonly Category[];
  readonly #file: CatalogueFile;
  readonly #paths: readonly (readonly string[])[];
  #rows: Map<string, number> | null = null;
  #haystacks: string[] | null = null;

  constructor(file: CatalogueFile) {
    this.#file = file;
    this.dataset = file.dataset;
    this.#paths = file.categories.map((_, index) => pathOf(file, index));
    const children = (parent: number | null): Category[] =>
      file.categories
        .map((category, index) => ({ category, index }))
        .filter(({ category }) => category.parent === parent)
        .map(({ category, index }) => ({ name: category.name, items: category.items, children: children(index) }))
        .sort((a, b) => b.items - a.items);
    this.departments = children(null);
  }

  get size(): number {
    return this.#file.items.length;
  }

  product(id: string): Product | null {
    this.#rows ??= new Map(this.#file.items.map((item, row) => [item[0], row]));
    const row = this.#rows.get(id);
    return row === undefined ? null : this.#at(row);
  }

  /**
   * Items whose title or categories hold every word of the query, best match first, then by popularity. Accents and
   * case do not matter. A word matches at the start of a word, so that "ham" is not found in "shampoo".
   */
  search(query: string, limit: number): Product[] {
    const words = fold(query).split(" ").filter(Boolean);
    if (words.length === 0) return [];
    this.#haystacks ??= this.#file.items.map(([, title, category]) => ` ${fold(title)} | ${fold(this.#path(category).join(" "))}`);
    const inTitle: number[] = [];
    const inCategory: number[] = [];
    for (const [row, text] of this.#haystacks.entries()) {
      if (!words.every((word) => text.includes(` ${word}`))) continue;
      const title = text.slice(0, text.indexOf("|"));
      (words.every((word) => title.includes(` ${word}`)) ? inTitle : inCategory).push(row);
      if (inTitle.length >= limit) break;
    }
    return [...inTitle, ...inCategory].slice(0, limit).map((row) => this.#at(row));
  }

  #path(category: number | null): readonly string[] {
    return category === null ? [] : (this.#paths[category] ?? []);
  }

  #at(row: number): Product {
    const item = this.#file.items[row];
    if (item === undefined) throw new RangeError(`catalogue row ${row} of ${this.size}`);
    const [id, title, category, size, brand] = item;
    return { id, title, categories: this.#path(category), attributes: { ...(brand && { brand }), ...(size && { size }) } };
  }
}

/** Lower case, without accents, with everything else than letters and digits turned into single spaces. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

function pathOf(file: CatalogueFile, index: number): string[] {
  const path: string[] = [];
  // A chain of parents longer than the table means that the file has a cycle.
  for (let at: number | null = index; at !== null && path.length <= file.categories.length; at = file.categories[at]?.parent ?? null) {
    path.unshift(file.categories[at]?.name ?? "");
  }
  return path;
}

let loading: Promise<Catalogue> | null = null;

/** Fetches the catalogue once; after a failure the next call tries again. */
export function loadCatalogue(): Promise<Catalogue> {
  loading ??= fetch("/data/catalogue.json")
    .then(async (response) => {
      if (!response.ok) throw new Error(`/data/catalogue.json answered ${response.status}`);
      return new Catalogue((await response.json()) as CatalogueFile);
    })
    .catch((error: unknown) => {
      loading = null;
      throw error;
    });
  return loading;
}
