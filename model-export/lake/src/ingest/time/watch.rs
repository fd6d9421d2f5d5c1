//! While a file is read: whether day and month are the other way round.

use jiff::civil::DateTime;

use super::TimeReader;
use super::sorted::{IN_DISORDER, IN_ORDER, Sorted, percent};
use crate::ingest::Cell;

/// Collects what the rows of a file say about the order of day and month.
#[derive(Clone, Debug)]
pub struct OrderWatch {
    format: String,
    other: Option<TimeReader>,
    /// Times that only the configured order reads.
    only_configured: u64,
    /// Times that only the other order reads, and the first of them.
    only_other: u64,
    example: Option<String>,
    configured_rows: Sorted,
    other_rows: Sorted,
}

/// What a watch has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherOrder {
    /// Times that the configured order cannot read are read by the other, and more of them than the other way round.
    Reads {
        /// How many.
        rows: u64,
        /// The first of them.
        example: String,
        /// The format that is configured.
        format: String,
        /// The format that reads them.
        other: String,
    },
    /// Both orders read everything, and the rows are in order under the other one only.
    Sorts {
        /// Of 100 pairs of rows, how many are in order as configured.
        configured_percent: u8,
        /// How many are under the other order.
        other_percent: u8,
        /// The format that is configured.
        format: String,
        /// The format under which the rows are in order.
        other: String,
    },
}

impl OrderWatch {
    /// A watch over the times of a reader.
    #[must_use]
    pub fn new(reader: &TimeReader) -> Self {
        Self {
            format: reader.text.clone(),
            other: reader.other_order(),
            only_configured: 0,
            only_other: 0,
            example: None,
            configured_rows: Sorted::default(),
            other_rows: Sorted::default(),
        }
    }

    /// A time that the configured order reads.
    pub(super) fn good(&mut self, local: DateTime) {
        if self.other.is_none() {
            return;
        }
        self.configured_rows.add(local);
        match exchanged(local) {
            Some(other) => self.other_rows.add(other),
            None => self.only_configured += 1,
        }
    }

    /// A cell that the configured order does not read.
    pub(super) fn bad(&mut self, cell: &Cell<'_>) {
        if let Some(other) = &self.other
            && other.find(cell).is_some()
        {
            self.only_other += 1;
            self.example.get_or_insert_with(|| cell.shown());
        }
    }

    /// What the rows say, if they speak for the other order.
    #[must_use]
    pub fn verdict(&self) -> Option<OtherOrder> {
        let other = self.other.as_ref()?.text.clone();
        let format = self.format.clone();
        if self.only_other > self.only_configured {
            return Some(OtherOrder::Reads {
                rows: self.only_other,
                example: self.example.clone().unwrap_or_default(),
                format,
                other,
            });
        }
        if self.only_configured > 0 {
            return None;
        }
        let (configured, sorted) = (self.configured_rows.share()?, self.other_rows.share()?);
        (sorted >= IN_ORDER && configured <= IN_DISORDER).then(|| OtherOrder::Sorts {
            configured_percent: percent(configured),
            other_percent: percent(sorted),
            format,
            other,
        })
    }
}

/// The time with day and month exchanged.
pub(super) fn exchanged(local: DateTime) -> Option<DateTime> {
    local.with().month(local.day()).day(local.month()).build().ok()
}
