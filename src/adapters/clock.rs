//! The clock: the system's, or one that stands still for reproducible runs.

use jiff::Timestamp;

use crate::engine::ports::Clock;

/// The system's clock, in whole milliseconds.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that asks the system for the time"
        )]
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond())
            .expect("a time that was read a moment ago is in range")
    }
}

/// A clock that always shows the same time.
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
