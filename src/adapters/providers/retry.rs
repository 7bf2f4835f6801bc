//! When a call is tried again, and after what wait.

use std::time::Duration;

use crate::domain::digest::Digest;

/// The wait before the second try; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(400);

/// The longest wait between two tries, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How one try of a call failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What happened.
    pub(super) message: String,
    /// Whether another try may succeed.
    pub(super) another_try: bool,
    /// Whether the server says that it is asked too often.
    pub(super) too_much: bool,
    /// How long the server asks to wait.
    pub(super) wish: Option<Duration>,
}

impl Failure {
    /// A failure that may pass.
    pub(super) fn passing(message: impl Into<String>) -> Self {
        Self {
            another_try: true,
            ..Self::lasting(message)
        }
    }

    /// A failure that another try would meet again.
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            another_try: false,
            too_much: false,
            wish: None,
        }
    }

    /// A response that is no success, and what it said.
    pub(super) fn of_status(status: u16, said: &str, wish: Option<Duration>) -> Self {
        let colon = if said.is_empty() { "" } else { ": " };
        Self {
            message: format!("the server answered with status {status}{colon}{said}"),
            another_try: is_worth_another_try(status),
            too_much: matches!(status, 429 | OVERLOADED),
            wish,
        }
    }
}

/// What Anthropic's servers say when they have too much to do.
const OVERLOADED: u16 = 529;

/// Whether another try may succeed after this HTTP status.
fn is_worth_another_try(status: u16) -> bool {
    matches!(status, 408 | 409 | 429 | 500..=599)
}

/// How long to wait after a failed try, from 1. The server's wish comes first; without one the wait
/// doubles and is spread by the request's digest, so that calls which failed together do not come
/// back together, and yet the same run waits the same.
pub(super) fn wait(attempt: u32, request: &Digest, wish: Option<Duration>) -> Duration {
    let wait = wish.unwrap_or_else(|| {
        let doubled = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(10));
        doubled.mul_f64(spread(attempt, request))
    });
    wait.min(LONGEST_WAIT)
}

/// A factor from 0.5 to 1.
fn spread(attempt: u32, request: &Digest) -> f64 {
    let seed = Digest::of(format!("{request}/{attempt}").as_bytes()).to_string();
    let part = u8::from_str_radix(&seed[..2], 16).unwrap_or(0);
    0.5 + f64::from(part) / 510.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_are_spread_and_end_at_the_limit() {
        let one = Digest::of(b"one");
        let waits: Vec<Duration> = (1..=12).map(|attempt| wait(attempt, &one, None)).collect();
        for (index, wait) in waits.iter().enumerate() {
            let full = FIRST_WAIT
                .saturating_mul(1 << index.min(10))
                .min(LONGEST_WAIT);
            assert!(*wait <= full && *wait >= full / 2, "{waits:?}");
        }
        assert_eq!(wait(3, &one, None), wait(3, &one, None));
        assert_ne!(wait(3, &one, None), wait(3, &Digest::of(b"two"), None));
        let wish = Some(Duration::from_hours(1));
        assert_eq!(wait(1, &one, wish), LONGEST_WAIT);
    }
}
