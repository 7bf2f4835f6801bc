//! A message on its way to one receiver: what was tried, what came of it, and when it is tried
//! again.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Webhook;
use crate::domain::id::LaneName;

/// The waits after each failed try. The schedule is that of the Standard Webhooks specification;
/// together with the first try they make ten tries in about three days.
const WAITS_SECONDS: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

const HOUR: i64 = 60 * 60;

/// The longest wait that a receiver may ask for.
const LONGEST_WISH: Duration = Duration::from_hours(24);

/// A message to one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delivery {
    /// The version of this shape.
    pub schema: u32,
    /// The message's id: the same on every try and for every receiver of the same move.
    pub message: String,
    /// What is told: `lane.promote`, or `webhook.test`.
    pub event: String,
    /// The lane that it is about.
    pub lane: LaneName,
    /// The number of the record that it is about; absent for a test.
    pub sequence: Option<u64>,
    /// When what is told happened.
    pub created_at: Timestamp,
    /// Who is told.
    pub webhook: Webhook,
    /// What is sent, byte for byte.
    pub body: String,
    /// What was tried, oldest first.
    pub attempts: Vec<Attempt>,
    /// How many tries failed since the message was put in line.
    pub failures: usize,
    /// How it stands.
    pub state: State,
}

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum State {
    /// It is tried from this time on.
    #[serde(rename_all = "camelCase")]
    Waiting {
        /// The time.
        next_try_at: Timestamp,
    },
    /// The receiver took it.
    Delivered,
    /// It is not tried again by itself.
    GivenUp,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum Answer {
    /// The receiver took the message.
    Taken {
        /// The HTTP status.
        status: u16,
    },
    /// The receiver wants no more messages.
    Gone,
    /// The receiver has too much to do.
    Busy {
        /// The HTTP status.
        status: u16,
        /// How long it asks to wait, in seconds.
        wait_seconds: Option<u64>,
    },
    /// The receiver did not take the message.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// There was no answer.
    Failed {
        /// Why. Never holds an address or a secret.
        reason: String,
    },
}

impl Answer {
    /// What an HTTP status means, and the wait that came with it.
    pub fn of_status(status: u16, wait: Option<Duration>) -> Self {
        match status {
            200..=299 => Self::Taken { status },
            410 => Self::Gone,
            429 | 502..=504 => Self::Busy {
                status,
                wait_seconds: wait.map(|wait| wait.min(LONGEST_WISH).as_secs()),
            },
            _ => Self::Refused { status },
        }
    }
}

impl Delivery {
    /// The version of the shape that this program writes.
    pub const SCHEMA: u32 = 1;

    /// How often a message is tried.
    pub const TRIES: usize = WAITS_SECONDS.len() + 1;

    /// Whether the message is to be tried now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Waiting { next_try_at } if next_try_at <= now)
    }

    /// Whether two messages go to one receiver.
    pub fn shares_receiver_with(&self, other: &Self) -> bool {
        self.lane == other.lane && self.webhook.url_env == other.webhook.url_env
    }

    /// Takes down what came of a try.
    pub fn tried(&mut self, at: Timestamp, answer: Answer) {
        self.state = match &answer {
            Answer::Taken { .. } => State::Delivered,
            _ if self.sequence.is_none() => State::GivenUp,
            // The receiver is disabled; what waits goes out when it is enabled again.
            Answer::Gone => State::Waiting { next_try_at: at },
            Answer::Busy { wait_seconds, .. } => self.later(at, wait_seconds.unwrap_or(0)),
            Answer::Refused { .. } | Answer::Failed { .. } => self.later(at, 0),
        };
        self.attempts.push(Attempt { at, answer });
    }

    /// When the message is tried again after one more failure at `at`, but not within `wish` seconds.
    fn later(&mut self, at: Timestamp, wish: u64) -> State {
        self.failures += 1;
        let Some(wait) = WAITS_SECONDS.get(self.failures - 1) else {
            return State::GivenUp;
        };
        let wait = SignedDuration::from_secs((*wait).max(i64::try_from(wish).unwrap_or(i64::MAX)));
        State::Waiting {
            next_try_at: at
                .saturating_add(wait)
                .expect("a duration without calendar units"),
        }
    }

    /// Puts the message back in line.
    pub fn send_again(&mut self, now: Timestamp) {
        self.failures = 0;
        self.state = State::Waiting { next_try_at: now };
    }
}

/// Why a receiver is sent nothing at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// It said that it wants no more messages.
    Disabled {
        /// When it said so.
        since: Timestamp,
    },
    /// It asked to wait.
    Busy {
        /// Until when.
        until: Timestamp,
    },
}

impl fmt::Display for Pause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled { since } => write!(
                formatter,
                "the receiver has wanted no more messages since {since}"
            ),
            Self::Busy { until } => {
                write!(formatter, "the receiver asked to wait until {until}")
            }
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { status } => write!(formatter, "taken with status {status}"),
            Self::Gone => formatter.write_str("the receiver wants no more messages (status 410)"),
            Self::Busy { status, .. } => {
                write!(
                    formatter,
                    "the receiver has too much to do (status {status})"
                )
            }
            Self::Refused {
                status: status @ 300..=399,
            } => write!(
                formatter,
                "the receiver sends on to another address (status {status}), which is not followed"
            ),
            Self::Refused { status } => {
                write!(formatter, "the receiver refused it with status {status}")
            }
            Self::Failed { reason } => formatter.write_str(reason),
        }
    }
}

/// Why the receiver of `deliveries`, which are all to one, is sent nothing now, if so: its latest
/// answer counts.
pub fn pause(deliveries: &[&Delivery], now: Timestamp) -> Option<Pause> {
    let attempts = deliveries.iter().flat_map(|delivery| &delivery.attempts);
    let latest = attempts.max_by_key(|attempt| attempt.at)?;
    match latest.answer {
        Answer::Gone => Some(Pause::Disabled { since: latest.at }),
        Answer::Busy {
            wait_seconds: Some(seconds),
            ..
        } => {
            let wish = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
            let until = latest.at.saturating_add(wish);
            let until = until.expect("a duration without calendar units");
            (until > now).then_some(Pause::Busy { until })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::webhook::WebhookFormat;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn delivery() -> Delivery {
        Delivery {
            schema: Delivery::SCHEMA,
            message: "msg_1".to_owned(),
            event: "lane.promote".to_owned(),
            lane: LaneName::new("production").unwrap(),
            sequence: Some(1),
            created_at: at(0),
            webhook: Webhook {
                url_env: "URL".to_owned(),
                format: WebhookFormat::Standard {
                    secret_env: vec!["SECRET".to_owned()],
                },
                events: Vec::new(),
            },
            body: "{}".to_owned(),
            attempts: Vec::new(),
            failures: 0,
            state: State::Waiting { next_try_at: at(0) },
        }
    }

    fn refused() -> Answer {
        Answer::of_status(500, None)
    }

    #[test]
    fn a_message_is_tried_ten_times_with_growing_waits() {
        let mut delivery = delivery();
        let mut waits = Vec::new();
        let mut now = 0;
        while let State::Waiting { next_try_at } = delivery.state {
            waits.push(next_try_at.as_second() - now);
            now = next_try_at.as_second();
            assert!(delivery.is_due(at(now)) && !delivery.is_due(at(now - 1)));
            delivery.tried(at(now), refused());
        }
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| hours * 3600);
        assert_eq!(waits, [&[0, 5, 300, 1800][..], &hours].concat());
        assert_eq!(waits.len(), Delivery::TRIES);
        assert_eq!(delivery.state, State::GivenUp);
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_wait_but_not_for_ever() {
        let busy = |seconds| Answer::of_status(429, Some(Duration::from_secs(seconds)));
        for (wish, wait) in [(1, 5), (60, 60), (1_000_000, 86_400)] {
            let mut delivery = delivery();
            delivery.tried(at(0), busy(wish));
            assert_eq!(
                delivery.state,
                State::Waiting {
                    next_try_at: at(wait)
                }
            );
        }
        let mut delivery = delivery();
        delivery.tried(at(0), busy(60));
        let until = Pause::Busy { until: at(60) };
        assert_eq!(pause(&[&delivery], at(59)), Some(until));
        assert_eq!(pause(&[&delivery], at(60)), None);
    }

    #[test]
    fn a_receiver_that_is_gone_is_left_alone_until_it_takes_a_message_again() {
        let mut gone = delivery();
        gone.tried(at(10), Answer::of_status(410, None));
        let since = Pause::Disabled { since: at(10) };
        assert_eq!(pause(&[&gone], at(1_000)), Some(since));
        let mut test = delivery();
        test.sequence = None;
        test.tried(at(20), Answer::of_status(204, None));
        assert_eq!(pause(&[&gone, &test], at(1_000)), None);
        assert!(gone.is_due(at(1_000)), "what waited goes out");
    }

    #[test]
    fn a_test_is_tried_once() {
        let mut test = delivery();
        test.sequence = None;
        test.tried(at(0), refused());
        assert_eq!(test.state, State::GivenUp);
    }

    #[test]
    fn only_a_success_is_a_success() {
        for (status, taken) in [
            (200, true),
            (204, true),
            (302, false),
            (404, false),
            (500, false),
        ] {
            let answer = Answer::of_status(status, None);
            assert_eq!(matches!(answer, Answer::Taken { .. }), taken, "{status}");
        }
    }

    #[test]
    fn what_is_sent_again_starts_from_the_beginning() {
        let mut delivery = delivery();
        delivery.tried(at(0), refused());
        delivery.send_again(at(7));
        assert!(delivery.is_due(at(7)));
        delivery.tried(at(7), refused());
        assert_eq!(
            delivery.state,
            State::Waiting {
                next_try_at: at(12)
            }
        );
        assert_eq!(delivery.attempts.len(), 2, "the log keeps every try");
    }
}
