//! What a user lets an evaluation take: time, calls and money.

use std::time::Duration;

use crate::domain::period::Period;
use crate::engine::evaluate::budget::RunLimits;

/// What an evaluation may take.
#[derive(Debug, clap::Args)]
pub struct LimitArgs {
    /// Stop after this time, for example `90s` or `10m`
    #[arg(long, value_name = "TIME")]
    deadline: Option<Period>,
    /// Ask models at most this often; answers that are known do not count
    #[arg(long, value_name = "N")]
    max_calls: Option<u64>,
    /// Stop when the answers have cost this many US dollars
    #[arg(long, value_name = "USD", value_parser = amount)]
    max_cost: Option<f64>,
}

impl From<&LimitArgs> for RunLimits {
    fn from(args: &LimitArgs) -> Self {
        let seconds = args
            .deadline
            .map(|deadline| deadline.seconds.unsigned_abs());
        Self {
            deadline: seconds.map(Duration::from_secs),
            max_calls: args.max_calls,
            max_cost_usd: args.max_cost,
        }
    }
}

fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(amount) if amount.is_finite() && amount >= 0.0 => Ok(amount),
        _ => Err("an amount is a number of US dollars: `1.50`".to_owned()),
    }
}
