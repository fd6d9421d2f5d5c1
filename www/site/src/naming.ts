/** Readable names. Shop data is often in capitals and shortened for tills; only the display changes, ids and queries keep the original. */

const DEPARTMENTS: Readonly<Record<string, string>> = {
  "drug gm": "Drugstore & home", "meat-pckgd": "Packaged meat", "seafood-pckgd": "Packaged seafood", "pastry": "Bakery",
  "nutrition": "Natural foods", "chef shoppe": "Chef’s counter", "gm merch exp": "General goods", "cntrl/store sup": "Store supplies",
};

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  frzn: "frozen", frz: "frozen", refrgratd: "chilled", refrig: "chilled", pnt: "peanut", btr: "butter", veg: "vegetable", dsh: "dish",
  sald: "salad", drsng: "dressing", sndwch: "sandwich", sprd: "spread", brkfst: "breakfast", whlsm: "wholesome", bn: "beans",
  wtr: "water", flvrd: "flavoured", jce: "juice", conc: "concentrate", drnks: "drinks", drnk: "drink", mx: "mix", mxs: "mixes", pwdr: "powder",
  crystl: "crystal", bkd: "baked", fd: "food", trsh: "trash", bg: "bags", cleang: "cleaning", pkld: "pickled", shlf: "shelf", dnr: "dinner",
  tiss: "tissue", hbc: "care", pckgd: "packaged", choc: "chocolate", bkng: "baking", sply: "supplies", misc: "other", prod: "products",
  sherbts: "sherbet", supppplies: "supplies", suppplies: "supplies", sweetners: "sweeteners", mixs: "mixes", br: "bread", iws: "sliced", carb: "carbonated",
};

const SHOUTING = /^[^a-z]*[A-Z][^a-z]*$/;

/** A readable name of a department. */
export function departmentName(raw: string): string {
  return DEPARTMENTS[raw.toLowerCase()] ?? displayName(raw);
}

/** Expands a till's abbreviations, and turns names in capitals into sentence case. */
export function displayName(raw: string): string {
  const calm = SHOUTING.test(raw) ? sentence(raw.toLowerCase()) : raw;
  return calm
    .replace(/\s*\/\s*/g, ", ")
    .replace(/\s*&\s*/g, " & ")
    .replace(/\s+/g, " ")
    .replace(/[A-Za-z]+/g, (word) => {
      const whole = ABBREVIATIONS[word.toLowerCase()];
      return whole === undefined ? word : /^[A-Z]/.test(word) ? sentence(whole) : whole;
    })
    .trim();
}

/** What naming an item needs. */
export interface Named {
  readonly id: string;
  readonly title: string;
  /** Root first; null while only the id or the title is known. */
  readonly categories: readonly string[] | null;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An item's title without the size, if the size is shown beside it anyway. An item without a title of its own, which then is its id, is named after its category. */
export function itemTitle({ id, title, categories, attributes }: Named): string {
  if (title === id || title.trim() === "") {
    const category = categories?.at(-1);
    return category === undefined ? "Something without a name" : `Something from ${departmentName(category)}`;
  }
  const size = attributes["size"];
  const bare = size !== undefined && title.endsWith(` ${size}`) ? title.slice(0, -size.length - 1) : title;
  return displayName(bare || title);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Turns "18 LB" into lower case and removes a till's padding and internal codes. */
export function displaySize(raw: string | undefined): string {
  if (!raw) return "";
  return raw.replace(/\([^)]*\)/g, "").replace(/^[A-Z]\s{2,}/, "").replace(/\s+/g, " ").trim().toLowerCase();
}

export function displayBrand(raw: string | undefined): string {
  const name = (raw ?? "").toLowerCase();
  if (name === "private") return "Store brand";
  if (name === "national") return "Brand name";
  return raw ?? "";
}
