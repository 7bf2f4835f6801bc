//! What happens while the engine works, for whoever reports it: the terminal, a file, a test.

use crate::domain::run::CaseResult;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// A run is about to start.
    RunStarted {
        /// Cases in all.
        cases: u64,
        /// Cases that an earlier, interrupted part of the run finished.
        already_done: u64,
    },
    /// A case is finished, answered or not.
    CaseFinished(&'a CaseResult),
    /// The run is over.
    RunFinished,
}

/// Listens to events. It must not block for long.
pub trait Listener {
    /// Takes one event.
    fn on_event(&mut self, event: &Event<'_>);
}

/// A listener that hears nothing.
pub struct Silent;

impl Listener for Silent {
    fn on_event(&mut self, _event: &Event<'_>) {}
}
