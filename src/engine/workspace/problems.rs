//! What is wrong with a file: everything, up to a number that nobody reads to the end. A file that was
//! made to be wrong everywhere costs no more than one that is wrong in a few places.

use crate::domain::finding::{Finding, Findings, Place};

/// How many problems of one file are told one by one.
const MOST: usize = 100;

/// Collects the problems of one file.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Finding>,
    more: usize,
    first_of_more: Option<Place>,
}

impl Problems {
    /// Adds one, which is made only where it will be told.
    pub fn add(&mut self, problem: impl FnOnce() -> Finding) {
        if self.found.len() < MOST {
            self.found.push(problem());
            return;
        }
        if self.more == 0 {
            self.first_of_more = Some(problem().place);
        }
        self.more += 1;
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them; the last one says how many are not told.
    pub fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.found;
        if let Some(place) = self.first_of_more {
            let message = format!("{} more problems of this file are not listed", self.more);
            let finding = Finding::error("more-findings", place, message);
            findings.push(finding.with_help("correct those above, and look again"));
        }
        findings
    }

    /// A value that was read while the problems were collected, if there are none.
    pub fn unless_any<T>(self, value: T) -> Result<T, Findings> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(Findings(self.into_findings()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_wrong_everywhere_is_told_in_a_hundred_problems_and_a_count() {
        let mut problems = Problems::default();
        let mut made = 0;
        for number in 0..1_000 {
            problems.add(|| {
                made += 1;
                Finding::error("a", Place::file(number.to_string()), "wrong")
            });
        }
        let findings = problems.into_findings();
        assert_eq!((findings.len(), made), (MOST + 1, MOST + 1));
        let last = &findings[MOST];
        assert_eq!(
            last.message,
            "900 more problems of this file are not listed"
        );
        assert_eq!(last.place.path, "100");
    }
}
