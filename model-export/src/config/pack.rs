//! `[pack]`: the snapshot.

use std::path::{Path, PathBuf};

use selvedge::place::Locale;
use selvedge::snapshot::Release;
use serde::{Deserialize, Serialize};

use super::error::{ConfigError, range};

/// `[pack]`: the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PackConfig {
    /// The private key that signs; `selvedge keygen` makes one.
    pub signing_key: PathBuf,
    /// Where the snapshot is written; absent: `snapshot.selvedge` in the model's directory.
    pub output: Option<PathBuf>,
    /// Items in the ready-made list of a segment.
    pub slate_length: u32,
    /// The shop that the snapshot is for. An edge with `SELVEDGE_SHOP` loads no snapshot of another one.
    pub shop: Option<String>,
    /// The channel that the snapshot is for, such as `production`. An edge with `SELVEDGE_CHANNEL` loads no snapshot of another one.
    pub channel: Option<String>,
    /// What the data is called; pages and `inspect` show it.
    pub dataset: String,
    /// A visitor keeps a segment until another one's cosine is larger by more than this.
    pub hysteresis: f32,
    /// Known items in a visitor's history from which the answer is personal.
    pub min_history: u32,
    /// How factors are coded.
    pub codes: Codes,
    /// With `codes = "auto"`: the share of NDCG that a smaller coding has to keep.
    pub keep: f64,
    /// Primary languages, as `de`, that slots with `vary = ["locale"]` tell apart; visitors with another one share an answer.
    pub locales: Vec<String>,
    /// A larger snapshot is not written.
    pub max_bytes: Option<u64>,
    /// Leave out items whose `available_until` has passed. A visitor's history of them is then not known either.
    pub drop_expired: bool,
    /// Leave out items of these categories, by a name of any level in any case: what is sold and is no goods, such as coupons and petrol. A
    /// visitor's history of them is then not known either.
    pub leave_out: Vec<String>,
}

/// `pack.codes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codes {
    /// One byte per factor.
    Int8,
    /// Half a byte per factor.
    Int4,
    /// The smallest coding that `selvedge evaluate` found to keep enough.
    Auto,
}

impl Default for PackConfig {
    fn default() -> Self {
        Self {
            signing_key: PathBuf::from(".selvedge/signing.key"),
            output: None,
            slate_length: 100,
            shop: None,
            channel: None,
            dataset: "your own data".to_owned(),
            hysteresis: 0.05,
            min_history: 1,
            codes: Codes::Int8,
            keep: 0.995,
            locales: Vec::new(),
            max_bytes: None,
            drop_expired: false,
            leave_out: Vec::new(),
        }
    }
}

impl PackConfig {
    /// Items in the ready list of a segment.
    #[must_use]
    pub fn list_length(&self) -> usize {
        usize::try_from(self.slate_length).unwrap_or(usize::MAX)
    }

    /// Whether `leave_out` names one of an item's categories.
    #[must_use]
    pub fn leaves_out(&self, categories: &[String]) -> bool {
        let is_named = |name: &String| {
            categories
                .iter()
                .any(|category| category.to_lowercase() == name.to_lowercase())
        };
        self.leave_out.iter().any(is_named)
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        if !(1..=1000).contains(&self.slate_length) {
            return Err(ConfigError::value(
                path,
                "pack.slate_length",
                "1 to 1000",
                self.slate_length,
            ));
        }
        range(path, "pack.hysteresis", f64::from(self.hysteresis), 0.0..=2.0)?;
        range(path, "pack.keep", self.keep, 0.0..=1.0)?;
        for (name, value) in [("pack.shop", &self.shop), ("pack.channel", &self.channel)] {
            if let Some(found) = value.as_ref().filter(|value| !Release::is_name(value)) {
                let expected = "1 to 64 of a-z, 0-9, -, _ and .";
                return Err(ConfigError::value(path, name, expected, format!("{found:?}")));
            }
        }
        for (place, locale) in self.locales.iter().enumerate() {
            // A request's locale is its primary language in small letters: nothing else would ever be met.
            let language = Locale::first_of(locale);
            let is_one = language != Locale::default() && language.code() == locale;
            if !is_one || self.locales[..place].contains(locale) {
                let expected = "primary languages of two or three small letters, as \"de\", each once";
                return Err(ConfigError::value(
                    path,
                    "pack.locales",
                    expected,
                    format!("{locale:?}"),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PackConfig;

    #[test]
    fn a_category_of_any_level_and_case_is_left_out_and_a_part_of_a_name_is_not() {
        let config = PackConfig {
            leave_out: vec!["Fuel".to_owned(), "coupon/misc items".to_owned()],
            ..PackConfig::default()
        };
        let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(config.leaves_out(&path(&["FUEL", "Fuel"])));
        assert!(config.leaves_out(&path(&["Grocery", "Coupon/Misc Items"])));
        assert!(!config.leaves_out(&path(&["Grocery", "Fuel Logs"])));
        assert!(!config.leaves_out(&[]));
    }
}
