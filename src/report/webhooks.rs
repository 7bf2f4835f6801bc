//! Messages to webhooks, for people. Addresses are shown up to their host.

use crate::domain::untrusted::Untrusted;
use crate::domain::webhook::delivery::{Attempt, Delivery, Pause, State};
use crate::domain::webhook::report::Told;

use super::release::seconds;
use super::table::TextTable;

/// What a receiver was told, in one line; what was not told is a complaint.
pub fn success(told: &Told) -> Option<String> {
    match told {
        Told::Tried { delivery, origin } if delivery.state == State::Delivered => Some(format!(
            "told {} ({origin}): {}",
            delivery.webhook.url_env,
            subject(delivery)
        )),
        _ => None,
    }
}

/// What a receiver was not told and why, in one line; nothing where it was told.
pub fn complaint(told: &Told) -> Option<String> {
    let (delivery, at, why) = match told {
        Told::Tried { delivery, .. } if delivery.state == State::Delivered => return None,
        Told::Tried { delivery, origin } => {
            let answer = delivery
                .attempts
                .last()
                .map(|attempt| attempt.answer.to_string());
            let at = format!(" ({origin})");
            (delivery, at, answer.unwrap_or_default())
        }
        Told::Paused { delivery, pause } => (delivery, String::new(), pause.to_string()),
        Told::NotFromHere { delivery, why } => (delivery, String::new(), why.clone()),
    };
    Some(format!(
        "webhook {}{at} was not told {}: {}; {}",
        delivery.webhook.url_env,
        subject(delivery),
        // A certificate's names, which an error repeats, are whatever its owner wrote into it.
        Untrusted(&why),
        next(delivery, told)
    ))
}

/// What is told.
fn subject(delivery: &Delivery) -> String {
    match delivery.sequence {
        Some(sequence) => format!("of {} #{sequence}", delivery.lane),
        None => format!("of a test of {}", delivery.lane),
    }
}

/// What happens next with a message that was not delivered.
fn next(delivery: &Delivery, told: &Told) -> String {
    let test = format!("`pointsman webhook test {}`", delivery.lane);
    if let Told::NotFromHere { .. } = told {
        return "put that right and run `pointsman webhook deliver`".to_owned();
    }
    if let Told::Paused { pause, .. } = told {
        return match pause {
            Pause::Disabled { .. } => format!("after a {test} that it takes, it is told"),
            Pause::Busy { .. } => {
                "the next move or `pointsman webhook deliver` after that tells it".to_owned()
            }
        };
    }
    let last = delivery.attempts.last().map(|attempt| attempt.at);
    match delivery.state {
        State::Waiting { next_try_at } if Some(next_try_at) > last => format!(
            "the next move or `pointsman webhook deliver` tries again from {} on",
            seconds(next_try_at)
        ),
        State::Waiting { .. } => format!("after a {test} that it takes, it is told"),
        State::GivenUp if delivery.sequence.is_none() => "a test is tried once".to_owned(),
        State::GivenUp | State::Delivered => format!(
            "it is tried again by `pointsman webhook redeliver {}` only",
            delivery.message
        ),
    }
}

/// The messages that are kept, one a line.
pub fn deliveries(deliveries: &[Delivery]) -> String {
    let mut table = TextTable::new(&[
        "MESSAGE", "WHEN", "LANE", "SEQ", "EVENT", "TO", "TRIES", "STATE",
    ]);
    for delivery in deliveries {
        let sequence = delivery.sequence.map(|sequence| format!("#{sequence}"));
        table.row([
            short(&delivery.message).to_owned(),
            seconds(delivery.created_at),
            delivery.lane.to_string(),
            sequence.unwrap_or_default(),
            delivery.event.clone(),
            delivery.webhook.url_env.clone(),
            delivery.attempts.len().to_string(),
            state(delivery),
        ]);
    }
    table.render()
}

fn state(delivery: &Delivery) -> String {
    let last = delivery.attempts.last();
    let why = last.map(|Attempt { answer, .. }| format!(": {answer}"));
    let why = why.unwrap_or_default();
    match delivery.state {
        State::Delivered => "delivered".to_owned(),
        State::GivenUp => format!("given up{why}"),
        State::Waiting { next_try_at } => format!("from {}{why}", seconds(next_try_at)),
    }
}

/// The start of a message's id: enough for people, and for commands.
fn short(message: &str) -> &str {
    message.get(..14).unwrap_or(message)
}
