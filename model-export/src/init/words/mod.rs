//! The words by which exports name their columns, event types, states and rows that are no goods: English, German, French, Spanish, Italian,
//! Portuguese, Dutch and Polish, and the shop and tracking systems that people export from. Lower case, without accents, without separators.

pub mod columns;
pub mod events;
pub mod goods;
