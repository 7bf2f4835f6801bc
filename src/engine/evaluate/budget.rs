//! What a run may take: time, calls and money. Where one of them is used up, nothing more is asked,
//! and what is done stays.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// What a run may take; absent: as much as it needs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunLimits {
    /// How long it may go on. Calls in flight at that moment are given up.
    pub deadline: Option<Duration>,
    /// How many requests may be asked. Answers that are known count for nothing.
    pub max_calls: Option<u64>,
    /// What the answers may cost, in US dollars. Calls in flight when it is reached are finished.
    pub max_cost_usd: Option<f64>,
}

/// What a run has taken.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Taken {
    /// Requests that were asked.
    pub calls: u64,
    /// What the answers have cost, in US dollars; counted where that is limited.
    pub cost_usd: f64,
}

impl RunLimits {
    /// What is used up before a run begins: nothing can be asked any more.
    pub fn used_up(&self) -> Option<LimitReached> {
        if self.deadline == Some(Duration::ZERO) {
            Some(LimitReached::Time)
        } else {
            self.max_cost_usd
                .is_some_and(|left| left <= 0.0)
                .then_some(LimitReached::Cost)
        }
    }

    /// What is left for the next run.
    #[must_use]
    pub fn less(self, taken: Taken, time: Duration) -> Self {
        Self {
            deadline: self.deadline.map(|most| most.saturating_sub(time)),
            max_calls: self.max_calls.map(|most| most.saturating_sub(taken.calls)),
            max_cost_usd: self
                .max_cost_usd
                .map(|most| (most - taken.cost_usd).max(0.0)),
        }
    }
}

/// The limit that ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// The time is up.
    #[error("the time limit was reached")]
    Time,
    /// As many requests were asked as may be.
    #[error("the limit of calls was reached")]
    Calls,
    /// The money is spent.
    #[error("the cost limit was reached")]
    Cost,
    /// An answer came without what it cost: from here on the money cannot be counted.
    #[error("an answer did not say how many tokens it took, so that the cost limit cannot be kept")]
    UnknownCost,
}

/// Counts what a run takes.
pub(super) struct Budget {
    limits: RunLimits,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    taken: Taken,
    reached: Option<LimitReached>,
}

impl Budget {
    pub(super) fn new(limits: RunLimits) -> Self {
        Self {
            limits,
            spent: Mutex::default(),
        }
    }

    /// The limit that ended the run, if one did.
    pub(super) fn reached(&self) -> Option<LimitReached> {
        self.spent().reached
    }

    /// What the run has taken so far.
    pub(super) fn taken(&self) -> Taken {
        self.spent().taken
    }

    /// Takes one call. False: a limit was reached, and the call must not be made.
    pub(super) fn take_call(&self) -> bool {
        let mut spent = self.spent();
        if spent.reached.is_none()
            && self
                .limits
                .max_calls
                .is_some_and(|most| spent.taken.calls >= most)
        {
            spent.reached = Some(LimitReached::Calls);
        }
        spent.taken.calls += u64::from(spent.reached.is_none());
        spent.reached.is_none()
    }

    /// Pays for an answer; absent: it is not known what it cost.
    pub(super) fn pay(&self, cost_usd: Option<f64>) {
        let Some(most) = self.limits.max_cost_usd else {
            return;
        };
        let mut spent = self.spent();
        let reached = match cost_usd {
            None => Some(LimitReached::UnknownCost),
            Some(cost_usd) => {
                spent.taken.cost_usd += cost_usd;
                (spent.taken.cost_usd >= most).then_some(LimitReached::Cost)
            }
        };
        spent.reached = spent.reached.or(reached);
    }

    /// Waits until the time is up.
    pub(super) async fn time_is_up(&self) {
        match self.limits.deadline {
            Some(deadline) => tokio::time::sleep(deadline).await,
            None => std::future::pending().await,
        }
        let mut spent = self.spent();
        spent.reached = spent.reached.or(Some(LimitReached::Time));
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().expect("no holder of the lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_end_where_the_limit_says() {
        let budget = Budget::new(RunLimits {
            max_calls: Some(2),
            ..RunLimits::default()
        });
        let taken: Vec<bool> = (0..4).map(|_| budget.take_call()).collect();
        assert_eq!(taken, [true, true, false, false]);
        assert_eq!(budget.reached(), Some(LimitReached::Calls));
    }

    #[test]
    fn money_ends_calls_and_so_does_a_cost_that_is_not_known() {
        let limits = RunLimits {
            max_cost_usd: Some(0.5),
            ..RunLimits::default()
        };
        let budget = Budget::new(limits);
        budget.pay(Some(0.3));
        assert!(budget.take_call());
        budget.pay(Some(0.3));
        assert!(!budget.take_call());
        assert_eq!(budget.reached(), Some(LimitReached::Cost));
        let blind = Budget::new(limits);
        blind.pay(None);
        assert_eq!(blind.reached(), Some(LimitReached::UnknownCost));
    }

    #[test]
    fn what_one_run_takes_is_not_there_for_the_next() {
        let limits = RunLimits {
            deadline: Some(Duration::from_secs(10)),
            max_calls: Some(5),
            max_cost_usd: Some(0.5),
        };
        let budget = Budget::new(limits);
        assert!(budget.take_call() && budget.take_call());
        budget.pay(Some(0.2));
        let left = limits.less(budget.taken(), Duration::from_secs(4));
        assert_eq!(left.deadline, Some(Duration::from_secs(6)));
        assert_eq!(left.max_calls, Some(3));
        assert!(
            left.max_cost_usd
                .is_some_and(|left| (left - 0.3).abs() < 1e-9)
        );
        assert_eq!(left.used_up(), None);
        let late = left.less(budget.taken(), Duration::from_secs(7));
        assert_eq!(late.used_up(), Some(LimitReached::Time));
        budget.pay(Some(0.4));
        let spent = left.less(budget.taken(), Duration::ZERO);
        assert_eq!(spent.used_up(), Some(LimitReached::Cost));
    }

    #[test]
    fn without_limits_nothing_ends() {
        let budget = Budget::new(RunLimits::default());
        budget.pay(None);
        assert!((0..10_000).all(|_| budget.take_call()));
    }
}
