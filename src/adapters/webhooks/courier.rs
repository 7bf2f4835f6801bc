//! Sends what is due: receivers side by side, the messages of one receiver one after the other,
//! within a time limit.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::adapters::store::FileOutbox;
use crate::domain::webhook::delivery::{Answer, Delivery, Pause, pause};
use crate::domain::webhook::report::{Report, Told};
use crate::engine::ports::StoreError;

use super::sender::{Receiver, Surroundings};

/// The longest that one try may take; the specification asks for 15 to 30 s.
const ONE_TRY: Duration = Duration::from_secs(15);

/// Sends messages.
pub struct Courier<'a> {
    outbox: &'a FileOutbox,
    around: &'a Surroundings<'a>,
    deadline: Duration,
}

impl<'a> Courier<'a> {
    /// A courier who takes no longer than `deadline` in all.
    pub fn new(outbox: &'a FileOutbox, around: &'a Surroundings<'a>, deadline: Duration) -> Self {
        Self {
            outbox,
            around,
            deadline,
        }
    }

    /// Sends what is due.
    pub async fn send_due(&self) -> Result<Report, StoreError> {
        let now = self.around.clock.now();
        self.send(|delivery| delivery.is_due(now), false).await
    }

    /// Sends these messages now, also to receivers that want none.
    pub async fn send_these(&self, wanted: &[Delivery]) -> Result<Report, StoreError> {
        let is_wanted = |delivery: &Delivery| {
            let same = |one: &Delivery| {
                one.message == delivery.message && one.shares_receiver_with(delivery)
            };
            wanted.iter().any(same)
        };
        self.send(is_wanted, true).await
    }

    async fn send(
        &self,
        is_wanted: impl Fn(&Delivery) -> bool,
        on_request: bool,
    ) -> Result<Report, StoreError> {
        if !self.outbox.deliveries()?.iter().any(&is_wanted) {
            return Ok(Report::default());
        }
        // The messages are read under the lock: what another process has sent is not sent again.
        let Some(_lock) = self.outbox.lock()? else {
            return Ok(Report {
                busy: true,
                ..Report::default()
            });
        };
        let now = self.around.clock.now();
        let all = self.outbox.deliveries()?;
        let mut receivers: BTreeMap<_, (Vec<&Delivery>, Vec<Delivery>)> = BTreeMap::new();
        for delivery in &all {
            let key = (&delivery.lane, &delivery.webhook.url_env);
            let (known, wanted) = receivers.entry(key).or_default();
            known.push(delivery);
            if is_wanted(delivery) {
                let mut delivery = delivery.clone();
                if on_request {
                    delivery.send_again(now);
                }
                wanted.push(delivery);
            }
        }
        let until = Instant::now() + self.deadline;
        let rounds = receivers.into_values().filter_map(|(known, wanted)| {
            let first = wanted.first()?.clone();
            let pause = pause(&known, now).filter(|_| !on_request);
            Some(self.round(first, wanted, pause, until))
        });
        let rounds: Result<Vec<Vec<Told>>, StoreError> =
            join_all(rounds).await.into_iter().collect();
        Ok(Report {
            told: rounds?.into_iter().flatten().collect(),
            busy: false,
        })
    }

    /// Sends messages to one receiver, until one of them is not taken.
    async fn round(
        &self,
        first: Delivery,
        wanted: Vec<Delivery>,
        pause: Option<Pause>,
        until: Instant,
    ) -> Result<Vec<Told>, StoreError> {
        if let Some(pause) = pause {
            let delivery = Box::new(first);
            return Ok(vec![Told::Paused { delivery, pause }]);
        }
        let mut told = Vec::new();
        for mut delivery in wanted {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let receiver = match Receiver::of(&delivery.webhook, self.around) {
                Ok(receiver) => receiver,
                Err(why) => {
                    let delivery = Box::new(delivery);
                    told.push(Told::NotFromHere { delivery, why });
                    break;
                }
            };
            let (at, answer) = receiver
                .send(&delivery, self.around.clock, left.min(ONE_TRY))
                .await;
            let taken = matches!(answer, Answer::Taken { .. });
            delivery.tried(at, answer);
            self.outbox.keep(&delivery)?;
            told.push(Told::Tried {
                delivery: Box::new(delivery),
                origin: receiver.origin(),
            });
            if !taken {
                break;
            }
        }
        Ok(told)
    }
}
