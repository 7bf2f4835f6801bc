//! Messages to webhooks for machines. The shapes are frozen: what they mean is in their `schema`.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::id::LaneName;
use crate::domain::webhook::delivery::{Answer, Delivery, State};
use crate::domain::webhook::report::{Report, Told};

/// The messages that are kept: `pointsman/webhook-deliveries/v1`.
#[derive(Debug, Serialize)]
pub struct DeliveriesV1<'a> {
    schema: &'static str,
    deliveries: Vec<DeliveryV1<'a>>,
}

impl<'a> DeliveriesV1<'a> {
    /// Some messages, oldest first.
    pub fn new(deliveries: &'a [Delivery]) -> Self {
        Self {
            schema: "pointsman/webhook-deliveries/v1",
            deliveries: deliveries.iter().map(DeliveryV1::from).collect(),
        }
    }
}

/// What became of messages that were sent: `pointsman/webhook-report/v1`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportV1<'a> {
    schema: &'static str,
    /// Whether another process is sending, so that nothing was done here.
    busy: bool,
    deliveries: Vec<DeliveryV1<'a>>,
}

impl<'a> From<&'a Report> for ReportV1<'a> {
    fn from(report: &'a Report) -> Self {
        let deliveries = report.told.iter().map(|told| match told {
            Told::Tried { delivery, origin } => DeliveryV1 {
                origin: Some(origin),
                ..DeliveryV1::from(delivery.as_ref())
            },
            Told::Paused { delivery, pause } => DeliveryV1 {
                held_up: Some(pause.to_string()),
                ..DeliveryV1::from(delivery.as_ref())
            },
            Told::NotFromHere { delivery, why } => DeliveryV1 {
                held_up: Some(why.clone()),
                ..DeliveryV1::from(delivery.as_ref())
            },
        });
        Self {
            schema: "pointsman/webhook-report/v1",
            busy: report.busy,
            deliveries: deliveries.collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryV1<'a> {
    message: &'a str,
    event: &'a str,
    lane: &'a LaneName,
    sequence: Option<u64>,
    created_at: Timestamp,
    url_env: &'a str,
    state: &'static str,
    next_try_at: Option<Timestamp>,
    attempts: Vec<AttemptV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_up: Option<String>,
}

#[derive(Debug, Serialize)]
struct AttemptV1 {
    at: Timestamp,
    status: Option<u16>,
    result: String,
}

impl<'a> From<&'a Delivery> for DeliveryV1<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let (state, next_try_at) = match delivery.state {
            State::Waiting { next_try_at } => ("waiting", Some(next_try_at)),
            State::Delivered => ("delivered", None),
            State::GivenUp => ("given-up", None),
        };
        let attempts = delivery.attempts.iter().map(|attempt| AttemptV1 {
            at: attempt.at,
            status: status(&attempt.answer),
            result: attempt.answer.to_string(),
        });
        Self {
            message: &delivery.message,
            event: &delivery.event,
            lane: &delivery.lane,
            sequence: delivery.sequence,
            created_at: delivery.created_at,
            url_env: &delivery.webhook.url_env,
            state,
            next_try_at,
            attempts: attempts.collect(),
            origin: None,
            held_up: None,
        }
    }
}

fn status(answer: &Answer) -> Option<u16> {
    match answer {
        Answer::Taken { status } | Answer::Busy { status, .. } | Answer::Refused { status } => {
            Some(*status)
        }
        Answer::Gone => Some(410),
        Answer::Failed { .. } => None,
    }
}
