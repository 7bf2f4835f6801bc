//! Exit codes: part of the interface, never renumbered.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success, or a gate passed.
    Success = 0,
    /// A gate failed, there are findings, or there are differences and they were asked for.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The evaluation shows neither that the gate holds nor that it does not.
    Inconclusive = 3,
    /// The evaluations do not test the same thing.
    NotComparable = 4,
    /// A budget or a time limit was reached.
    BudgetReached = 5,
    /// Nothing was evaluated.
    NothingEvaluated = 6,
    /// The lane's policy refuses.
    Refused = 7,
    /// The lane moved in the meantime.
    LostRace = 8,
    /// A provider or the network failed.
    Provider = 9,
    /// A bug in pointsman.
    Bug = 70,
    /// Interrupted; what was finished is kept.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
