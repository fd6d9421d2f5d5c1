/** Chooses the drawing of an item: by the most specific word in its title or categories, else by its department. */

import { GLYPHS, type GlyphName } from "./glyphs.ts";
import { hash } from "./dom.ts";

/** Read from top to bottom: what an item is comes before what it is made of ("ice cream" before "cream"). */
const WORDS: readonly (readonly [RegExp, GlyphName])[] = [
  [/(?<!hot )\bdogs?\b|\b(cats?|pet|litter|bird seed)\b/, "paw"],
  [/\b(baby|infant|diaper)/, "baby"],
  [/ice cream|sherb|novelt|popsicle|frozen yog/, "icecream"],
  [/pizza/, "pizza"],
  [/popcorn/, "popcorn"],
  [/\b(coffee|cocoa|espresso|cappuccino)/, "coffee"],
  [/\bteas?\b/, "coffee"],
  [/greeting|gift|wrap\/party|party|christmas|halloween|easter|valentine|toys?\b|seasonal/, "gift"],
  [/magazine|\bbooks?\b|newspaper|cards?\b/, "book"],
  [/stationery|school|pens?\b|pencil/, "pencil"],
  [/batter(y|ies)/, "battery"],
  [/bulb|electric|hardware/, "bulb"],
  [/candle|air care|air freshener|incense/, "candle"],
  [/laundry|fabric|detergent|bleach|softener/, "laundry"],
  [/bath tiss|facial tiss|napkin|paper towel|toilet|paper housewares|tissue/, "roll"],
  [/clean|dishwash|insecticide|disinfect|polish|cleang/, "spray"],
  [/broom|mop|plastic housewares|houseware|bags?\/trsh|trash|wraps?\/bags|\bfd wraps|foil|sponge/, "broom"],
  [/kitchen|cookware|bakeware|glassware|utensil/, "plate"],
  [/makeup|cosmetic|lipstick|nail|fragrance|mascara/, "lipstick"],
  [/shav(ing|e)|razor/, "razor"],
  [/oral|tooth|dental|mouthwash/, "brush"],
  [/vitamin|analgesic|cold and flu|antacid|allergy|sinus|first aid|diet(ary)? aid|medic|pharma|laxative|eye and ear|foot care/, "pill"],
  [/shampoo|hair|soap|lotion|deodorant|hand\/body|feminine|sun ?tan|skin/, "pump"],
  [/fuel|gasoline|automotive|motor|charcoal/, "fuel"],
  [/coupon|ticket|travel|lottery|postal|photo|film/, "ticket"],
  [/garden|potting|bulb mix/, "plant"],
  [/\b(flower|floral|bouquet|roses?|balloon|plant)/, "flower"],
  [/shrimp|prawn|lobster|crab|shellfish/, "shrimp"],
  [/fish|seafood|salmon|tuna|tilapia|cod\b/, "fish"],
  [/chicken|poultry|turkey|wings|drumstick/, "drumstick"],
  [/sausage|hot ?dog|frank|brat|dinner sau/, "sausage"],
  [/\bham\b|bacon|lunch ?meat|deli meat|smoked meat|bologna/, "ham"],
  [/soup|broth|canned|\bchili\b|beans - can/, "can"],
  [/cereal|oatmeal|granola|brkfst|hot cer/, "bowl"],
  [/donut|doughnut/, "donut"],
  [/\bcakes?\b|muffin|cupcake|brownie|sweet goods|breakfast sweets|pastry/, "cupcake"],
  [/cookie|cracker|biscuit|cones/, "cookie"],
  [/\bpies?\b|pie\/|cobbler|dessert/, "pie"],
  [/candy|gum\b|candies|licorice/, "candy"],
  [/choc(?!olate milk)/, "chocolate"],
  [/nuts?\b|almond|peanut(?! b)|pecan|trail mix/, "nut"],
  [/chips?\b|snack|pretzel|corn puffs|tortilla/, "chips"],
  [/pasta sauce|sauce|salsa|gravy|jell|jam|preserve|honey|syrup|molasses|peanut b|pnt btr|pickle|relish|olives?\b|condiment|mayo|ketchup|mustard|drsng|dressing|dip/, "jar"],
  [/pasta|noodle|spaghetti|macaroni|dinner mx|dinner mix|lasagna/, "pasta"],
  [/flour|sugar|rice\b|baking|mixes|dry bn|dry bean|potting/, "sack"],
  [/spice|season|extract|salt\b|pepper black/, "shaker"],
  [/hamburger bun|hot dog bun|buns?\b|rolls?\b|bagel/, "bun"],
  [/bread|dough|loaf|toast/, "bread"],
  [/eggs?\b/, "egg"],
  [/cheese/, "cheese"],
  [/yogurt|pudding|sour cream|cottage|gelatin|\bdips?\b|by-products/, "cup"],
  [/butter|margarine/, "butter"],
  [/milk|dairy|creamer|cream\b/, "milk"],
  [/soft drink|cola|energy|\bcan car\b/, "soda"],
  [/beer|ales?\b|malt/, "mug"],
  [/wine|spirits|liquor|champagne|cocktail/, "glass"],
  [/juice|jce|lemonade|cider/, "juice"],
  [/\bwater\b|isotonic|drink|\boil\b|shortening|vinegar|beverage/, "bottle"],
  [/beef|pork|steak|roast|lamb|veal|\bmeat|primal|lean\b|ribs?\b/, "steak"],
  [/banana/, "banana"],
  [/grapes?\b|raisin/, "grapes"],
  [/berr(y|ies)/, "berry"],
  [/orange|lemon|lime\b|citrus|grapefruit|tangerine|clementine|pineapple|mango|tropical/, "citrus"],
  [/onion|garlic|shallot/, "onion"],
  [/potato/, "potato"],
  [/carrot|parsnip|radish|root/, "carrot"],
  [/tomato/, "tomato"],
  [/pepper/, "pepper"],
  [/broccoli|cauliflower|mushroom/, "broccoli"],
  [/salad|lettuce|spinach|cabbage|greens/, "salad"],
  [/apple|pear|peach|plum|nectarine|cherr|melon|cantaloupe|fruit|stone/, "apple"],
  [/cucumber|celery|squash|corn\b|beans?\b|vegetable|veg\b|herb|asparagus|avocado|organic/, "leaf"],
  [/froz|frzn|refrgrat|\bice\b/, "snow"],
];

const DEPARTMENTS: readonly (readonly [RegExp, GlyphName])[] = [
  [/produce/, "leaf"], [/meat/, "steak"], [/seafood/, "fish"], [/deli|chef|restaurant/, "plate"], [/pastry|bakery/, "bun"],
  [/nutrition|natural/, "leaf"], [/drug|general/, "pump"], [/cosmetic/, "lipstick"], [/floral/, "flower"], [/garden/, "plant"],
  [/spirits|wine/, "glass"], [/salad/, "salad"], [/grocery/, "can"], [/fuel|auto/, "fuel"], [/coupon|travel|photo|postal|misc/, "ticket"],
];

export interface Look {
  /** The drawing; null for an item of which only a part is known, because a guess from a part would be another picture later. */
  readonly glyph: GlyphName | null;
  /** Degrees of OKLCH: the hue of the drawing, shifted a little by the item's id so that neighbours differ. */
  readonly hue: number;
  readonly weave: "plain" | "twill" | "basket" | "herringbone";
}

const WEAVES = ["plain", "twill", "basket", "herringbone"] as const;
const known = new Map<string, Look>();

/** The look of a tile; it depends only on the item, so the same item always looks the same. Without categories, the cloth is undyed. */
export function lookOf(id: string, title: string, categories: readonly string[] | null): Look {
  if (categories === null) return { glyph: null, hue: 84, weave: WEAVES[(hash(id) >>> 8) % WEAVES.length] ?? "plain" };
  const cached = known.get(id);
  if (cached) return cached;
  const name = nameGlyph(title, categories);
  const bits = hash(id);
  const look: Look = {
    glyph: name,
    hue: (GLYPHS[name].hue + (bits % 21) - 10 + 360) % 360,
    weave: WEAVES[(bits >>> 8) % WEAVES.length] ?? "plain",
  };
  known.set(id, look);
  return look;
}

export function departmentLook(name: string): Look & { readonly glyph: GlyphName } {
  const lower = name.toLowerCase();
  const glyph = DEPARTMENTS.find(([word]) => word.test(lower))?.[1] ?? nameGlyph(name, []);
  return { glyph, hue: GLYPHS[glyph].hue, weave: "twill" };
}

function nameGlyph(title: string, categories: readonly string[]): GlyphName {
  // Most specific text first: the title, then the categories from the leaf to the root.
  for (const text of [title, ...[...categories].reverse()]) {
    const lower = text.toLowerCase();
    const hit = WORDS.find(([word]) => word.test(lower));
    if (hit) return hit[1];
  }
  const root = (categories[0] ?? "").toLowerCase();
  return DEPARTMENTS.find(([word]) => word.test(root))?.[1] ?? "basket";
}

/** A factor for the chroma at a hue. Yellow is stronger, because at the lightness of a swatch a weak yellow looks like sand. */
export function dyeStrength(hue: number): number {
  const away = Math.abs(hue - 95);
  return away < 40 ? 1 + 0.85 * (1 - away / 40) : 1;
}
