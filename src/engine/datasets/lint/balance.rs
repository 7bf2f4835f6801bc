//! Labels that are too rare: a model may get all of them wrong and still look good.

use std::collections::BTreeMap;

use crate::domain::dataset::{Dataset, Row};
use crate::domain::finding::{Finding, Place};

/// The most answers that are labels; with more of them, answers are texts.
const MOST_LABELS: usize = 30;

/// The least rows that labels are counted in.
const FEWEST_ROWS: u64 = 20;

/// A label is rare below this part of its even share.
const RARE: f64 = 0.2;

/// How often each answer is wanted.
#[derive(Default)]
pub(super) struct Balance {
    labels: BTreeMap<String, u64>,
    rows: u64,
    texts: bool,
}

impl Balance {
    pub(super) fn see(&mut self, row: &Row) {
        let Some(expected) = row.expected.as_ref().filter(|_| row.gates()) else {
            return;
        };
        let label = expected.as_str().filter(|text| text.len() <= 64);
        let Some(label) = label.filter(|_| !self.texts) else {
            self.texts = true;
            return;
        };
        self.rows += 1;
        *self.labels.entry(label.to_owned()).or_default() += 1;
        if self.labels.len() > MOST_LABELS {
            self.texts = true;
            self.labels.clear();
        }
    }

    pub(super) fn finish(self, dataset: &Dataset) -> Option<Finding> {
        if self.texts || self.rows < FEWEST_ROWS || self.labels.len() < 2 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "rows are fewer than 2^52")]
        let floor = RARE * self.rows as f64 / self.labels.len() as f64;
        #[expect(clippy::cast_precision_loss, reason = "rows are fewer than 2^52")]
        let rare = self
            .labels
            .iter()
            .filter(|(_, count)| (**count as f64) < floor);
        let rare: Vec<String> = rare
            .map(|(label, count)| format!("`{label}` ({count})"))
            .collect();
        if rare.is_empty() {
            return None;
        }
        let message = format!(
            "of {} rows with {} labels few want {}",
            self.rows,
            self.labels.len(),
            rare.join(", ")
        );
        let place = Place::file(&dataset.rows_path);
        Some(
            Finding::warning("rare-label", place, message)
                .with_help("add rows: a model may fail all of these and still look good"),
        )
    }
}
