//! What a search compared, and what it came to.

use super::pairs::Compared;

/// What a comparison says of the later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// It is worse.
    Worse,
    /// It is not worse.
    NoWorse,
    /// All rows leave it open.
    Undecided,
    /// It cannot be tested.
    Untested,
}

impl Call {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::NoWorse => "no-worse",
            Self::Undecided => "open",
            Self::Untested => "untested",
        }
    }
}

/// One comparison of two versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The earlier version.
    pub before: usize,
    /// The version that is called.
    pub version: usize,
    /// What the rows show; absent: no row has a verdict of both.
    pub compared: Option<Compared>,
    /// Rows that were looked at, of either version, and how many of them have no verdict.
    pub looked_at: [RowCount; 2],
    /// The level of the look that decided, or of the last one.
    pub level: f64,
    /// What that says.
    pub call: Call,
    /// Why a version cannot be tested, and which of the two.
    pub problem: Option<(usize, String)>,
    /// How many rows like these, or clusters of rows, would decide what they leave open; absent: they
    /// leave nothing open, or it takes more than anybody has.
    pub needs: Option<u64>,
}

/// How many rows of a version were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCount {
    /// In all.
    pub all: u64,
    /// Without a verdict, because an answer is not known.
    pub missing: u64,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Bisection {
    /// What came of it.
    pub outcome: Outcome,
    /// Its comparisons, in their order: the ends first.
    pub steps: Vec<Step>,
    /// The loss that made versions worse; absent: the search did not come to that.
    pub margin: Option<f64>,
    /// Later versions that are better than earlier ones: the evaluator does not only get worse.
    pub recoveries: Vec<Step>,
}

impl Bisection {
    /// The comparison that named a version: with the one before it.
    pub fn naming(&self, version: usize) -> Option<&Step> {
        let mut steps = self.steps.iter().rev();
        steps.find(|step| step.version == version && step.before + 1 == version)
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// This version is worse than the one before it.
    Found(usize),
    /// The bad end is not worse than the good one.
    NotWorse,
    /// Any of these versions, from the first to the last, may be the one.
    Open([usize; 2]),
}
