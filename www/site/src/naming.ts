/** Names for people. Shop data is often typed in capitals and cut to a till's width; ids and queries keep it as it is. */

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

/** A department's name as a shopper would say it. */
export function departmentName(raw: string): string {
  return DEPARTMENTS[raw.toLowerCase()] ?? displayName(raw);
}

/** Sentence case and whole words for names typed in capitals; any other name is left as its owner wrote it. */
export function displayName(raw: string): string {
  if (!SHOUTING.test(raw)) return raw;
  const words = raw
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/\s*\/\s*/g, ", ")
    .replace(/\s*&\s*/g, " & ")
    .replace(/[a-z]+/g, (word) => ABBREVIATIONS[word] ?? word)
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "18 LB" reads as a shelf label, not as a shout; a till's padding and inner codes go. */
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
