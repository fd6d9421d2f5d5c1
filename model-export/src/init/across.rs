//! What files tell about each other: which items a catalogue knows, which file only repeats another, which two belong together.

use std::collections::{BTreeMap, HashSet};

use super::guess::{CatalogueGuess, Role};
use super::look::share;
use super::{Source, catalogue, guess, join, told};

/// The id of a catalogue is the column that the events name: of a product's and a variant's number, the one that was ordered.
pub fn meet_events(sources: &mut [Source]) {
    let items: Vec<BTreeMap<String, usize>> = sources
        .iter()
        .filter_map(|source| source.items().map(|column| column.values.clone()))
        .collect();
    for source in sources {
        let columns = &source.columns;
        let Role::Catalogue(guess) = &mut source.role else {
            continue;
        };
        let met = |column: usize| {
            items
                .iter()
                .map(|items| join::known_share(items, &columns[column].values))
                .fold(0.0, f64::max)
        };
        let now = met(guess.id);
        let best = (0..columns.len())
            .filter(|&index| columns[index].like_ids() && Some(index) != guess.title)
            .max_by(|a, b| met(*a).total_cmp(&met(*b)).then(b.cmp(a)));
        if let Some(best) = best.filter(|best| met(*best) > now + 0.3) {
            guess.id = best;
            guess.categories.retain(|column| *column != best);
            guess.attributes.retain(|column| *column != best);
        }
    }
}

/// Where no catalogue knows the items of the events, titles that stand beside the ids make one.
pub fn take_catalogues(sources: &mut [Source]) {
    let known: Vec<BTreeMap<String, usize>> = sources
        .iter()
        .filter_map(|source| match &source.role {
            Role::Catalogue(guess) => Some(source.columns[guess.id].values.clone()),
            _ => None,
        })
        .collect();
    for source in sources {
        let Some(guess) = source.events() else { continue };
        let (Some(item), Some(title)) = (&guess.item, guess.title) else {
            continue;
        };
        let item = item.column;
        let met = known
            .iter()
            .map(|ids| join::known_share(&source.columns[item].values, ids))
            .fold(0.0, f64::max);
        if met >= 0.5 || source.values_an_item(item, title) > 1.5 {
            continue;
        }
        let mut catalogue = CatalogueGuess {
            id: item,
            title: Some(title),
            categories: catalogue::categories_of(&source.columns, item),
            attributes: Vec::new(),
            image: catalogue::image_of(&source.columns, item),
            available_from: None,
            available_until: None,
        };
        catalogue
            .categories
            .retain(|&column| column != title && source.values_an_item(item, column) <= 1.2);
        let changing = source.values_an_item(item, title);
        source.catalogue = Some(catalogue);
        if let Some((id, titles)) = told::with_many_titles(&source.sample, item, title) {
            source
                .told
                .push(format!("{id:?} has {titles} titles: does it stand for one thing?"));
        }
        source
            .told
            .push("the titles beside the ids make a catalogue".to_owned());
        if changing > 1.02 {
            source
                .told
                .push("some ids have several titles: the last one holds".to_owned());
        }
    }
}

/// Says which items of the events the catalogues know.
pub fn tell_joins(sources: &mut [Source]) {
    let mut told: Vec<(usize, String)> = Vec::new();
    for (index, events) in sources.iter().enumerate() {
        let Some(items) = events.items() else { continue };
        for catalogue in sources.iter() {
            if let Role::Catalogue(guess) = &catalogue.role {
                let whole = catalogue.sample.whole;
                told.extend(
                    told::of_join(items, &catalogue.columns[guess.id], &catalogue.name(), whole)
                        .map(|text| (index, text)),
                );
            }
        }
    }
    for (index, text) in told {
        sources[index].told.push(text);
    }
}

/// Leaves out files whose rows lie in another file as well: the same orders, once raw and once cleaned.
pub fn leave_out_copies(sources: &mut [Source]) {
    let keys: Vec<Option<Vec<u64>>> = sources
        .iter()
        .map(|source| {
            let guess = source.events()?;
            let columns: Vec<usize> = [&guess.user, &guess.item, &guess.timestamp]
                .into_iter()
                .map(|taken| taken.as_ref().map(|taken| taken.column))
                .collect::<Option<_>>()?;
            Some(join::row_keys(&source.sample, &columns))
        })
        .collect();
    for index in 0..sources.len() {
        let Some(own) = &keys[index] else { continue };
        let holder = (0..sources.len()).find(|&other| {
            let Some(others) = &keys[other] else { return false };
            let same_kind = sources[index]
                .events()
                .map(|guess| (guess.kind, guess.event_type.is_some()))
                == sources[other]
                    .events()
                    .map(|guess| (guess.kind, guess.event_type.is_some()));
            let set: HashSet<u64> = others.iter().copied().collect();
            let inside = share(own.iter().filter(|key| set.contains(key)).count(), own.len());
            // Of two equal files the first stays.
            let smaller = own.len() < others.len() || (own.len() == others.len() && index > other);
            other != index
                && same_kind
                && smaller
                && inside >= 0.98
                && own.len() >= 2
                && !matches!(sources[other].role, Role::Unused(_))
        });
        if let Some(holder) = holder {
            let text = format!(
                "every row of it lies in {} too: the same events would count twice",
                sources[holder].name()
            );
            sources[index].role = Role::Unused(text);
            sources[index].catalogue = None;
            sources[index].gaps.clear();
            sources[index].told.clear();
        }
    }
}

/// Who and when in one file, which item in another, with the order in both: that is joined before it is read.
pub fn tell_split_orders(sources: &mut [Source]) {
    let lacking = |source: &Source, role: &str| source.gaps.iter().any(|gap| gap.role == role);
    let mut told = None;
    for (index, lines) in sources.iter().enumerate() {
        let order = lines.events().and_then(|guess| {
            guess.order.or(match guess.who {
                guess::Who::Order => guess.user.as_ref().map(|user| user.column),
                _ => None,
            })
        });
        let Some(order) = order.filter(|_| lacking(lines, "timestamp")) else {
            continue;
        };
        let ids = &lines.columns[order].values;
        for head in sources.iter() {
            let key = head.columns.iter().find(|column| {
                column.like_ids() && !column.values.is_empty() && join::known_share(ids, &column.values) > 0.5
            });
            let timed = head.columns.iter().any(|column| column.time.is_some());
            if let Some(key) = key.filter(|_| timed && head.file != lines.file) {
                told = Some((
                    index,
                    format!(
                        "{} says who and when, this file says which item: join them first by {:?} = {:?}, for instance in DuckDB: \
                         COPY (FROM '{}' JOIN '{}' ON \"{}\" = \"{}\") TO 'events.parquet'",
                        head.name(),
                        key.name,
                        lines.columns[order].name,
                        head.name(),
                        lines.name(),
                        key.name,
                        lines.columns[order].name
                    ),
                ));
            }
        }
    }
    if let Some((index, text)) = told {
        sources[index].told.push(text);
    }
}
