//! What the generated shop sells.

use super::{below, shuffle};
use selvedge_models::random::SplitMix64;

/// Department, category, and what is in it.
pub const CATEGORIES: [(&str, &str, [&str; 5]); 24] = [
    (
        "Bakery",
        "Bread",
        ["Sourdough Loaf", "Rye Loaf", "Baguette", "Spelt Rolls", "Ciabatta"],
    ),
    (
        "Bakery",
        "Cakes",
        ["Carrot Cake", "Cheesecake", "Apple Tart", "Brownies", "Lemon Slices"],
    ),
    (
        "Bakery",
        "Breakfast Pastry",
        ["Croissants", "Cinnamon Buns", "Scones", "Danish", "Bagels"],
    ),
    (
        "Produce",
        "Fruit",
        ["Apples", "Pears", "Bananas", "Plums", "Clementines"],
    ),
    (
        "Produce",
        "Vegetables",
        ["Carrots", "Fennel", "Kale", "Sweet Potatoes", "Beetroot"],
    ),
    ("Produce", "Herbs", ["Basil", "Coriander", "Mint", "Rosemary", "Chives"]),
    ("Dairy", "Cheese", ["Cheddar", "Gouda", "Brie", "Feta", "Goat Cheese"]),
    (
        "Dairy",
        "Yoghurt",
        ["Greek Yoghurt", "Skyr", "Berry Yoghurt", "Kefir", "Vanilla Quark"],
    ),
    (
        "Dairy",
        "Milk & Butter",
        ["Whole Milk", "Oat Milk", "Salted Butter", "Buttermilk", "Cream"],
    ),
    (
        "Pantry",
        "Pasta",
        ["Spaghetti", "Penne", "Orecchiette", "Lasagne Sheets", "Gnocchi"],
    ),
    (
        "Pantry",
        "Rice & Grains",
        ["Basmati Rice", "Couscous", "Quinoa", "Bulgur", "Polenta"],
    ),
    (
        "Pantry",
        "Spices",
        ["Smoked Paprika", "Cumin", "Curry Powder", "Sumac", "Black Pepper"],
    ),
    (
        "Pantry",
        "Tins & Jars",
        ["Chickpeas", "Plum Tomatoes", "Olives", "Artichokes", "Pesto"],
    ),
    (
        "Drinks",
        "Coffee",
        [
            "Espresso Beans",
            "Filter Coffee",
            "Decaf Beans",
            "Cold Brew",
            "Coffee Pods",
        ],
    ),
    (
        "Drinks",
        "Tea",
        ["Earl Grey", "Sencha", "Rooibos", "Peppermint Tea", "Chai"],
    ),
    (
        "Drinks",
        "Juice",
        [
            "Apple Juice",
            "Orange Juice",
            "Ginger Shot",
            "Carrot Juice",
            "Elderflower",
        ],
    ),
    (
        "Sweets",
        "Chocolate",
        ["Dark Chocolate", "Milk Chocolate", "Pralines", "Nougat", "Cocoa Nibs"],
    ),
    (
        "Sweets",
        "Ice Cream",
        [
            "Vanilla Ice Cream",
            "Mango Sorbet",
            "Pistachio Ice",
            "Fudge Tub",
            "Choc Ices",
        ],
    ),
    (
        "Sweets",
        "Biscuits",
        ["Shortbread", "Oat Cookies", "Amaretti", "Ginger Snaps", "Wafers"],
    ),
    (
        "Home",
        "Cleaning",
        [
            "Dish Soap",
            "Glass Cleaner",
            "Sponges",
            "Laundry Powder",
            "Scouring Cream",
        ],
    ),
    (
        "Home",
        "Candles",
        [
            "Beeswax Candle",
            "Tea Lights",
            "Cedar Candle",
            "Lavender Candle",
            "Tapers",
        ],
    ),
    (
        "Pets",
        "Cat",
        [
            "Cat Crunchies",
            "Tuna Pouches",
            "Catnip Mouse",
            "Cat Litter",
            "Kitten Milk",
        ],
    ),
    (
        "Pets",
        "Dog",
        [
            "Dog Biscuits",
            "Lamb Kibble",
            "Chew Rope",
            "Puppy Pouches",
            "Dental Sticks",
        ],
    ),
    (
        "Fish & Meat",
        "Fish",
        ["Smoked Salmon", "Cod Fillet", "Sardines", "Prawns", "Mussels"],
    ),
];

const BRANDS: [&str; 8] = [
    "Alder & Co",
    "Brookside",
    "Fallow Field",
    "Hearth",
    "Millrace",
    "Northing",
    "Old Orchard",
    "Tidewater",
];
const SIZES: [&str; 4] = ["Small", "Regular", "Large", "Family"];

/// One generated item.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its id in the files.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Index of its category.
    pub category: usize,
    /// Maker.
    pub brand: &'static str,
    /// Size of the package.
    pub size: &'static str,
    /// In euros.
    pub price: f64,
}

impl Item {
    /// The top category.
    #[must_use]
    pub fn department(&self) -> &'static str {
        CATEGORIES[self.category].0
    }

    /// The category below.
    #[must_use]
    pub fn category_name(&self) -> &'static str {
        CATEGORIES[self.category].1
    }
}

/// The catalogue, by category.
pub struct Shop {
    pub items: Vec<Item>,
    /// Items of each category, the popular ones first.
    shelves: Vec<Vec<u32>>,
    /// Sums of the weights of the ranks so far, for the longest shelf.
    weights: Vec<f64>,
}

impl Shop {
    pub fn generate(seed: u64, count: u32) -> Self {
        let mut items = Vec::new();
        let mut shelves = vec![Vec::new(); CATEGORIES.len()];
        let mut random = SplitMix64::new(seed, 0);
        for number in 0..count {
            let category = number as usize % CATEGORIES.len();
            let place = number as usize / CATEGORIES.len();
            let (kinds, brands) = (CATEGORIES[category].2, BRANDS.len());
            // Kind, brand and size count up like digits, so that titles repeat as late as possible.
            let kind = kinds[place % kinds.len()];
            let brand = BRANDS[(place / kinds.len() + category) % brands];
            let size = SIZES[(place / kinds.len() / brands) % SIZES.len()];
            let cents = 99 + below(&mut random, 2_000);
            items.push(Item {
                id: format!("i{number:05}"),
                title: if size == "Regular" {
                    format!("{brand} {kind}")
                } else {
                    format!("{brand} {kind}, {size}")
                },
                category,
                brand,
                size,
                price: f64::from(cents) / 100.0,
            });
            shelves[category].push(number);
        }
        for shelf in &mut shelves {
            shuffle(&mut random, shelf);
        }
        let longest = shelves.iter().map(Vec::len).max().unwrap_or(0);
        let weights = (0..u32::try_from(longest).unwrap_or(u32::MAX))
            .scan(0.0, |sum, rank| {
                *sum += 1.0 / (f64::from(rank) + 3.0);
                Some(*sum)
            })
            .collect();
        Self {
            items,
            shelves,
            weights,
        }
    }

    /// An item of a category; the first on the shelf is picked most, as `1 / (rank + 3)`.
    pub fn pick(&self, random: &mut SplitMix64, category: usize) -> u32 {
        let shelf = &self.shelves[category];
        let weights = &self.weights[..shelf.len()];
        let drawn = random.uniform() * weights.last().copied().unwrap_or(0.0);
        let rank = weights.partition_point(|sum| *sum < drawn);
        // Rounding may lead past the end.
        shelf.get(rank).or(shelf.last()).copied().unwrap_or(0)
    }
}
